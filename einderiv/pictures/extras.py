"""What only pictures need, imported when one is drawn."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from einderiv.errors import EinTypeError


def extra(module: str) -> ModuleType:
    """A module of the extra `pictures`."""
    try:
        return import_module(module)
    except ImportError:
        raise EinTypeError(
            "E0531",
            f"this picture needs {module.partition('.')[0]}, which is not installed",
            helps=['install the extra `pictures`: `pip install "einderiv[pictures]"`'],
        ) from None
