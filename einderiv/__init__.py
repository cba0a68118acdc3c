"""Derivatives of tensor expressions in index notation.

>>> import einderiv as ed
>>> print(ed.jacobian("a_i = W_ij x_j + b_i", wrt="b"))  # doctest: +ELLIPSIS
W ∈ ...
"""

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
from einderiv.convert import convert
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
from einderiv.factored import FactoredTensor
from einderiv.function import Function
from einderiv.program import Program

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
