"""Elementwise arithmetic on nodes, so that a slope in the table of functions reads as its formula."""

from __future__ import annotations

from einderiv.ir.applied import apply
from einderiv.ir.build import add, einsum, lay, number, scale
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

    def choose(self, a: Elements | float, b: Elements | float) -> Elements:
        """a where this is not 0, else b."""
        return Elements(apply("where", self.node, self._same(a), self._same(b)))

    @property
    def number(self) -> float | None:
        """The value where it is the same number everywhere, else None."""
        return number(self.node)
