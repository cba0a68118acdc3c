"""The derivatives of linear algebra, each by what it is made of: A⁻¹, a factorisation, the result itself.

In each formula g is the cotangent of the result and t the tangent of an argument; batch axes and the axes in front are
left out.  (M. B. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation",
2008; for cholesky I. Murray, "Differentiation of the Cholesky decomposition", 2016.)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from einderiv.ir import Algebra, Dim, Node, Position, add, algebra, apply, einsum, scale

Labels = list[Hashable]
Factor = tuple[Node, Labels]


class _Letters:
    """Labels for a node of linear algebra: those in front, the batch, then named ones."""

    def __init__(self, node: Algebra, lead: int) -> None:
        matrix = node.arguments[0]
        self.front: Labels = [("front", axis) for axis in range(lead)]
        self.batch: Labels = [("batch", axis) for axis in range(len(matrix.axes) - 2)]
        self.columns: Labels = [("column", axis) for axis in range(len(node.axes) - len(self.batch) - 1)]

    def on(self, node: Node, letters: str) -> Factor:
        """`node` with its batch axes and these."""
        return node, [*self.batch, *letters]

    def led(self, node: Node, letters: str) -> Factor:
        """`node` with the axes in front, its batch axes and these."""
        return node, [*self.front, *self.batch, *letters]


def pull_algebra(node: Algebra, part: int, g: Node, lead: int) -> Node:
    """The cotangent `g` of `node` pulled back to its argument number `part`."""
    letters = _Letters(node, lead)
    if node.function == "solve":
        return _solve_pull(node, part, g, letters)
    return _PULL[node.function](node, node.arguments[0], g, letters)


def push_algebra(node: Algebra, part: int, t: Node, lead: int) -> Node:
    """What the tangent `t` of argument number `part` adds to the tangent of `node`."""
    letters = _Letters(node, lead)
    if node.function == "solve":
        return _solve_push(node, part, t, letters)
    return _PUSH[node.function](node, node.arguments[0], t, letters)


def _inv_pull(node: Algebra, matrix: Node, g: Node, at: _Letters) -> Node:
    """-A⁻ᵀ g A⁻ᵀ."""
    factors = [at.on(node, "ki"), at.led(g, "kl"), at.on(node, "jl")]
    return einsum(factors, [*at.front, *at.batch, *"ij"], -1.0)


def _inv_push(node: Algebra, matrix: Node, t: Node, at: _Letters) -> Node:
    """-A⁻¹ t A⁻¹."""
    factors = [at.on(node, "ki"), at.led(t, "ij"), at.on(node, "jl")]
    return einsum(factors, [*at.front, *at.batch, *"kl"], -1.0)


def _det_pull(node: Algebra, matrix: Node, g: Node, at: _Letters) -> Node:
    """g det(A) A⁻ᵀ."""
    factors = [at.led(g, ""), at.on(node, ""), at.on(algebra("inv", matrix), "ji")]
    return einsum(factors, [*at.front, *at.batch, *"ij"])


def _det_push(node: Algebra, matrix: Node, t: Node, at: _Letters) -> Node:
    """det(A) tr(A⁻¹ t)."""
    factors = [at.on(node, ""), at.on(algebra("inv", matrix), "ji"), at.led(t, "ij")]
    return einsum(factors, [*at.front, *at.batch])


def _logdet_pull(node: Algebra, matrix: Node, g: Node, at: _Letters) -> Node:
    """g A⁻ᵀ."""
    factors = [at.led(g, ""), at.on(algebra("inv", matrix), "ji")]
    return einsum(factors, [*at.front, *at.batch, *"ij"])


def _logdet_push(node: Algebra, matrix: Node, t: Node, at: _Letters) -> Node:
    """tr(A⁻¹ t)."""
    factors = [at.on(algebra("inv", matrix), "ji"), at.led(t, "ij")]
    return einsum(factors, [*at.front, *at.batch])


def _half(dim: Dim) -> Node:
    """[k > l] + ½ [k = l]: takes the lower triangle and half the diagonal."""
    sizes: dict[Hashable, Dim] = {"k": dim, "l": dim}
    k, l = (einsum([(Position(dim), letter)], "kl", dims=sizes) for letter in "kl")  # noqa: E741 (an index)
    return add([apply("greater", k, l), scale(apply("equal", k, l), 0.5)])


def _cholesky_pull(node: Algebra, matrix: Node, g: Node, at: _Letters) -> Node:
    """½ (S + Sᵀ) with S = L⁻ᵀ Φ(Lᵀ g) L⁻¹, Φ the lower triangle with half the diagonal."""
    inverse = algebra("inv", node)
    inner = einsum([at.on(node, "mk"), at.led(g, "ml"), (_half(matrix.axes[-1]), [*"kl"])], [*at.led(g, "kl")[1]])
    found = [at.on(inverse, "ki"), at.led(inner, "kl"), at.on(inverse, "lj")]
    halves = [einsum(found, [*at.front, *at.batch, *order], 0.5) for order in ("ij", "ji")]
    return add(halves)


def _cholesky_push(node: Algebra, matrix: Node, t: Node, at: _Letters) -> Node:
    """L Φ(L⁻¹ t L⁻ᵀ), with the symmetric part of t."""
    inverse = algebra("inv", node)
    symmetric = add([einsum([at.led(t, "ij")], [*at.front, *at.batch, *order], 0.5) for order in ("ij", "ji")])
    inner = [at.on(inverse, "ki"), at.led(symmetric, "ij"), at.on(inverse, "lj"), (_half(matrix.axes[-1]), [*"kl"])]
    return einsum([at.on(node, "mk"), (einsum(inner, at.led(t, "kl")[1]), at.led(t, "kl")[1])], at.led(t, "ml")[1])


def _solve_pull(node: Algebra, part: int, g: Node, at: _Letters) -> Node:
    """B: h = A⁻ᵀ g.  A: -h Xᵀ."""
    matrix = node.arguments[0]
    turned = einsum([at.on(matrix, "ij")], [*at.batch, *"ji"])
    h = _solved(turned, g, at)
    if part == 1:
        return h
    factors = [(h, [*at.front, *at.batch, "i", *at.columns]), (node, [*at.batch, "j", *at.columns])]
    return einsum(factors, [*at.front, *at.batch, *"ij"], -1.0)


def _solve_push(node: Algebra, part: int, t: Node, at: _Letters) -> Node:
    """B: A⁻¹ t.  A: -A⁻¹ t X."""
    matrix = node.arguments[0]
    if part == 1:
        return _solved(matrix, t, at)
    moved = einsum(
        [at.led(t, "ij"), (node, [*at.batch, "j", *at.columns])], [*at.front, *at.batch, "i", *at.columns], -1.0
    )
    return _solved(matrix, moved, at)


def _solved(matrix: Node, right: Node, at: _Letters) -> Node:
    """A⁻¹ times `right`, whose rows are behind the axes in front and the batch.

    The axes in front become columns of one `solve`; with a delta among them the inverse is what is asked for.
    """
    rows: Labels = [*at.front, *at.batch, "i", *at.columns]
    found: Labels = [*at.front, *at.batch, "j", *at.columns]
    if right.tied:
        return einsum([at.on(algebra("inv", matrix), "ji"), (right, rows)], found)
    arranged = einsum([(right, rows)], [*at.batch, "i", *at.front, *at.columns])
    return einsum([(algebra("solve", matrix, arranged), [*at.batch, "j", *at.front, *at.columns])], found)


AlgebraRule = Callable[[Algebra, Node, Node, _Letters], Node]

_PULL: dict[str, AlgebraRule] = {
    "inv": _inv_pull,
    "det": _det_pull,
    "logdet": _logdet_pull,
    "cholesky": _cholesky_pull,
}

_PUSH: dict[str, AlgebraRule] = {
    "inv": _inv_push,
    "det": _det_push,
    "logdet": _logdet_push,
    "cholesky": _cholesky_push,
}
