"""The elementwise functions, one row each: the value on arrays, and the slope for each argument.

A slope is written as on paper, with the function's own value `y` and its arguments: tanh′ = 1 - y².  Values take the
namespace of the arrays (`numpy`, `jax.numpy`, `torch`) first.  The conventions at kinks: abs′(0) = 0, relu′(0) = 0, and
max shares equally between equal arguments.

Formulas: M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 1964, chapters 4 and 7.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from einderiv.ir.applied import apply
from einderiv.ir.build import add, einsum, lay, scale
from einderiv.ir.nodes import ONE, Node, Zero


class Elements:
    """A node under elementwise arithmetic, so that a slope reads as its formula."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def _same(self, other: Elements | float) -> Node:
        if isinstance(other, Elements):
            return other.node
        axes = self.node.axes
        return lay(ONE, (), range(len(axes)), float(other), axes) if other else Zero(axes)

    def __add__(self, other: Elements | float) -> Elements:
        return Elements(add([self.node, self._same(other)]))

    def __sub__(self, other: Elements | float) -> Elements:
        return Elements(add([self.node, scale(self._same(other), -1.0)]))

    def __mul__(self, other: Elements | float) -> Elements:
        axes = range(len(self.node.axes))
        return Elements(einsum([(self.node, axes), (self._same(other), axes)], axes))

    def __truediv__(self, other: Elements) -> Elements:
        return self * other("reciprocal")

    def __neg__(self) -> Elements:
        return Elements(scale(self.node, -1.0))

    def __rsub__(self, other: float) -> Elements:
        return -self + other

    def __rtruediv__(self, other: float) -> Elements:
        return self("reciprocal") * other

    __radd__ = __add__
    __rmul__ = __mul__

    def __call__(self, function: str, *others: Elements | float) -> Elements:
        """`x("exp")` is exp(x); `x("greater", 0.0)` is [x > 0]."""
        return Elements(apply(function, self.node, *(self._same(other) for other in others)))


Slope = Callable[..., Elements]


@dataclass(frozen=True, slots=True)
class Function:
    """An elementwise function: its `value` and, for each argument, its slope (None where it is zero everywhere).

    `value(np, *arrays)` may return booleans, which count as 1 and 0.  A slope is called with y and the arguments.
    """

    name: str
    value: Callable[..., Any]
    slopes: tuple[Slope | None, ...]

    @property
    def arity(self) -> int:
        """How many arguments the function takes."""
        return len(self.slopes)


def _sigmoid(np: Any, x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1 + 0 * e) / (1 + e)


_ROWS = (
    Function("exp", lambda np, x: np.exp(x), (lambda y, x: y,)),
    Function("log", lambda np, x: np.log(x), (lambda y, x: 1 / x,)),
    Function("sqrt", lambda np, x: np.sqrt(x), (lambda y, x: 0.5 / y,)),
    Function("abs", lambda np, x: np.abs(x), (lambda y, x: x("sign"),)),
    Function("sign", lambda np, x: np.sign(x), (None,)),
    Function("reciprocal", lambda np, x: 1 / x, (lambda y, x: -(y * y),)),
    Function(
        "inverse_or_zero",
        lambda np, x: np.where(x == 0, x, 1 / np.where(x == 0, 1 + x, x)),
        (lambda y, x: -(y * y),),
    ),
    Function("sin", lambda np, x: np.sin(x), (lambda y, x: x("cos"),)),
    Function("cos", lambda np, x: np.cos(x), (lambda y, x: -x("sin"),)),
    Function("tan", lambda np, x: np.tan(x), (lambda y, x: 1 + y * y,)),
    Function("sinh", lambda np, x: np.sinh(x), (lambda y, x: x("cosh"),)),
    Function("cosh", lambda np, x: np.cosh(x), (lambda y, x: x("sinh"),)),
    Function("tanh", lambda np, x: np.tanh(x), (lambda y, x: 1 - y * y,)),
    Function("asin", lambda np, x: np.arcsin(x), (lambda y, x: 1 / (1 - x * x)("sqrt"),)),
    Function("acos", lambda np, x: np.arccos(x), (lambda y, x: -(1 / (1 - x * x)("sqrt")),)),
    Function("atan", lambda np, x: np.arctan(x), (lambda y, x: 1 / (1 + x * x),)),
    Function("asinh", lambda np, x: np.arcsinh(x), (lambda y, x: 1 / (1 + x * x)("sqrt"),)),
    Function("acosh", lambda np, x: np.arccosh(x), (lambda y, x: 1 / (x * x - 1)("sqrt"),)),
    Function("atanh", lambda np, x: np.arctanh(x), (lambda y, x: 1 / (1 - x * x),)),
    Function("sigmoid", _sigmoid, (lambda y, x: y * (1 - y),)),
    Function(
        "softplus", lambda np, x: np.clip(x, 0, None) + np.log1p(np.exp(-np.abs(x))), (lambda y, x: x("sigmoid"),)
    ),
    Function("relu", lambda np, x: np.clip(x, 0, None), (lambda y, x: x("greater", 0.0),)),
    Function("erf", lambda np, x: np.erf(x), (lambda y, x: 2 / math.sqrt(math.pi) * (-(x * x))("exp"),)),
    Function("log1p", lambda np, x: np.log1p(x), (lambda y, x: 1 / (1 + x),)),
    Function("expm1", lambda np, x: np.expm1(x), (lambda y, x: 1 + y,)),
    Function(
        "max",
        lambda np, a, b: np.maximum(a, b),
        (
            lambda y, a, b: a("greater", b) + 0.5 * a("equal", b),
            lambda y, a, b: b("greater", a) + 0.5 * a("equal", b),
        ),
    ),
    Function(
        "min",
        lambda np, a, b: np.minimum(a, b),
        (
            lambda y, a, b: a("less", b) + 0.5 * a("equal", b),
            lambda y, a, b: b("less", a) + 0.5 * a("equal", b),
        ),
    ),
    Function(
        "atan2",
        lambda np, a, b: np.arctan2(a, b),
        (lambda y, a, b: b / (a * a + b * b), lambda y, a, b: -a / (a * a + b * b)),
    ),
    Function(
        "pow",
        lambda np, a, p: a**p,
        (
            lambda y, a, p: p * a("pow", p - 1),
            lambda y, a, p: y * Elements(apply("where", a("equal", 0.0).node, (a * 0 + 1).node, a.node))("log"),
        ),
    ),
    Function(
        "where",
        lambda np, c, a, b: np.where(c != 0, a, b),
        (None, lambda y, c, a, b: c("not_equal", 0.0), lambda y, c, a, b: c("equal", 0.0)),
    ),
    Function("less", lambda np, a, b: a < b, (None, None)),
    Function("less_equal", lambda np, a, b: a <= b, (None, None)),
    Function("equal", lambda np, a, b: a == b, (None, None)),
    Function("not_equal", lambda np, a, b: a != b, (None, None)),
    Function("greater", lambda np, a, b: a > b, (None, None)),
    Function("greater_equal", lambda np, a, b: a >= b, (None, None)),
)

FUNCTIONS: Mapping[str, Function] = {row.name: row for row in _ROWS}
