"""Derivatives of tensor expressions in index notation.

>>> import einderiv as ed
>>> print(ed.jacobian("a_i = W_ij x_j + b_i", wrt="b"))  # doctest: +ELLIPSIS
W ∈ ...
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from einderiv.api import (
    derivative,
    evaluate,
    function,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    load,
    parse,
    value_and_grad,
    vjp,
)
from einderiv.errors import (
    EinError,
    EinIndexError,
    EinInputError,
    EinLimitError,
    EinMemoryError,
    EinNameError,
    EinShapeError,
    EinSyntaxError,
    EinTypeError,
    EinValueError,
    EinWarning,
)
from einderiv.function import Function
from einderiv.program import Program

if TYPE_CHECKING:
    from einderiv.conversion import convert
    from einderiv.factored import FactoredTensor
    from einderiv.pictures import Picture

__version__ = "0.1.0"

__all__ = [
    "EinError",
    "EinIndexError",
    "EinInputError",
    "EinLimitError",
    "EinMemoryError",
    "EinNameError",
    "EinShapeError",
    "EinSyntaxError",
    "EinTypeError",
    "EinValueError",
    "EinWarning",
    "FactoredTensor",
    "Function",
    "Picture",
    "Program",
    "convert",
    "derivative",
    "evaluate",
    "function",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "load",
    "parse",
    "value_and_grad",
    "vjp",
]


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext einderiv` calls: the magics `%%ein` and `%ein`."""
    from einderiv.notebook import load  # here, since only notebooks have IPython

    load(shell)


LATER = {"FactoredTensor": "einderiv.factored", "Picture": "einderiv.pictures", "convert": "einderiv.conversion"}


def __getattr__(name: str) -> Any:
    """What few programs need, imported when it is asked for."""
    if name not in LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(LATER[name]), name)
