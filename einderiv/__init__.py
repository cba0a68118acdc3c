"""Derivatives of tensor expressions in index notation.

>>> import einderiv as ed
>>> print(ed.jacobian("a_i = W_ij x_j + b_i", wrt="b"))  # doctest: +ELLIPSIS
W ∈ ...
"""

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
    from einderiv.factored import FactoredTensor

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
    "Program",
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


def __getattr__(name: str) -> Any:
    """`FactoredTensor`, imported when it is asked for: only `f.factored(…)` makes one."""
    if name == "FactoredTensor":
        return import_module("einderiv.factored").FactoredTensor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
