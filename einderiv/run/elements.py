"""Elementwise functions of NumPy arrays: what `ir.values` says, in few passes and in one array where that is possible.

Each is `f(x, out)`, where `out` may be None, for a new array, or an array that takes the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np

from einderiv.ir import FUNCTIONS
from einderiv.run.layout import Array
from einderiv.run.library import library

Kernel = Callable[..., Array]
Element = Callable[[Array, Array | None], Array]

UFUNCS: Mapping[str, np.ufunc] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.absolute,
    "sign": np.sign,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "log1p": np.log1p,
    "expm1": np.expm1,
    "max": np.maximum,
    "min": np.minimum,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
}
TRUTHS = frozenset({"less", "less_equal", "equal", "not_equal", "greater", "greater_equal"})
CALM = TRUTHS | frozenset(
    "abs sign floor ceil round tanh atan max min clip relu sigmoid logsigmoid softplus elu gaussian where".split()
)  # what never warns


@lru_cache(maxsize=8)
def largest_exponent(dtype: np.dtype[Any]) -> float:
    """A number up to which exp does not overflow, and from which log(1 + exp(x)) is x."""
    return float(np.floor(np.log(np.finfo(dtype).max)))


def sigmoid(top: float, x: Array, out: Array | None) -> Array:
    """e / (1 + e) with e = exp(x), which keeps its digits; e is kept from becoming infinite."""
    e = np.minimum(x, top, out=out)
    np.exp(e, out=e)
    return np.divide(e, e + 1.0, out=e)


def softplus(top: float, x: Array, out: Array | None) -> Array:
    """log(1 + e) with e = exp(x), and x where e would become infinite."""
    e = np.minimum(x, top)
    np.exp(e, out=e)
    np.log1p(e, out=e)
    return np.maximum(e, x, out=e if out is None else out)


def logsigmoid(top: float, x: Array, out: Array | None) -> Array:
    """-log(1 + exp(-x)), and x where the exponential would become infinite."""
    e = np.maximum(x, -top)
    np.negative(e, out=e)
    np.exp(e, out=e)
    np.log1p(e, out=e)
    np.negative(e, out=e)
    return np.minimum(e, x, out=e if out is None else out)


def sech_squared(x: Array, out: Array | None) -> Array:
    """(1 / cosh(x))², 0 where cosh is infinite."""
    c = np.cosh(x, out=out)
    np.divide(1.0, c, out=c)
    return np.multiply(c, c, out=c)


def logistic_density(x: Array, out: Array | None) -> Array:
    """(½ / cosh(½ x))²"""
    c = np.multiply(x, 0.5, out=out)
    np.cosh(c, out=c)
    np.divide(0.5, c, out=c)
    return np.multiply(c, c, out=c)


def one_minus_square(x: Array, out: Array | None) -> Array:
    """(1 - x) (1 + x)"""
    return np.multiply(1.0 - x, 1.0 + x, out=out)


CAPPED: Mapping[str, Callable[[float, Array, Array | None], Array]] = {
    "sigmoid": sigmoid,
    "softplus": softplus,
    "logsigmoid": logsigmoid,
}
PLAIN: Mapping[str, Element] = {
    "sech_squared": sech_squared,
    "logistic_density": logistic_density,
    "one_minus_square": one_minus_square,
}


def element(name: str, dtype: np.dtype[Any]) -> Element | None:
    """The function of one array and of where its result goes, where there is one."""
    if name in CAPPED:
        return partial(CAPPED[name], largest_exponent(dtype))
    if name == "relu":
        zero = np.zeros((), dtype)  # an array, which NumPy takes quicker than a number of Python's
        return lambda x, out: np.maximum(x, zero, out=out)
    if name == "reciprocal":
        one = np.ones((), dtype)  # NumPy divides twice as fast as it takes the reciprocal
        return lambda x, out: np.divide(one, x, out=out)
    return PLAIN.get(name)


def elementwise(name: str, dtype: np.dtype[Any], shape: tuple[int, ...], spare: int | None = None) -> Kernel:
    """An elementwise function of arrays, its result of this shape, in the place of operand `spare` if there is one.

    Truth is 1 and 0.
    """
    if name == "relu" and spare is None:
        zero = np.zeros((), dtype)
        return lambda x: np.maximum(x, zero)
    if name == "reciprocal" and spare is None:
        one = np.ones((), dtype)
        return lambda x: np.divide(one, x)
    if name in UFUNCS:
        return UFUNCS[name] if spare is None else overwriting(UFUNCS[name], spare)
    known = element(name, dtype) if shape else None  # NumPy makes numbers, which nothing is written to, of no axes
    if known is not None:
        return (lambda x: known(x, None)) if spare is None else (lambda x: known(x, x))
    if name in TRUTHS:
        compare: np.ufunc = getattr(np, name)
        return lambda a, b: compare(a, b).astype(dtype)
    return partial(FUNCTIONS[name].value, library("numpy"))


def overwriting(function: np.ufunc, place: int = 0) -> Kernel:
    """`function` with its result in the place of an argument; of one argument NumPy takes a place behind it quicker."""
    if function.nin == 1:
        return lambda a: function(a, a)
    return (lambda a, b: function(a, b, out=b)) if place else (lambda a, b: function(a, b, out=a))
