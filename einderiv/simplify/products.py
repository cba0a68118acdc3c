"""Two factors of a product that make one: the frame of the rules for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from einderiv.ir import Einsum, Node, einsum

Factor = tuple[Node, tuple[int, ...]]
Join = Callable[[Factor, Factor], Sequence[Factor] | None]


def paired(node: Node, join: Join) -> Node:
    """A product with the first two factors, in either order, for which `join` has something better."""
    if not isinstance(node, Einsum) or len(node.operands) < 2:
        return node
    factors = list(zip(node.operands, node.subscripts, strict=True))
    for place, one in enumerate(factors):
        for other, another in enumerate(factors):
            if place != other and (found := join(one, another)) is not None:
                rest = [factor for position, factor in enumerate(factors) if position not in (place, other)]
                return einsum([*found, *rest], node.output)
    return node


def square(node: Node) -> Node | None:
    """x for x x, element by element, else None."""
    match node:
        case Einsum((x, y), (labels, others), output) if x is y and labels == others == output:
            return x
        case _:
            return None
