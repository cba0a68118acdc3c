"""Derivatives of tensor expressions in index notation.

>>> import einderiv as ed
>>> print(ed.jacobian("a_i = W_ij x_j + b_i", wrt="b"))  # doctest: +ELLIPSIS
W ∈ ...
"""

from __future__ import annotations

from typing import Any

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
from einderiv.pictures import Picture
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
