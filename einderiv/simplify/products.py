"""Two factors of a product that make one: the frame of the rules for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from einderiv.ir import Add, Einsum, Map, Node, Reduce, einsum

Factor = tuple[Node, tuple[int, ...]]
Join = Callable[[Factor, Factor], Sequence[Factor] | None]


def paired(node: Node, function: str, join: Join) -> Node:
    """A product with the first two factors, in either order, for which `join` has something better.

    One of the two has to be this function of something, or a sum, so that not all pairs of a long product are tried.
    """
    if not isinstance(node, Einsum) or len(node.operands) < 2:
        return node
    wanted = [place for place, operand in enumerate(node.operands) if _may_be(operand, function)]
    if not wanted:
        return node
    factors = list(zip(node.operands, node.subscripts, strict=True))
    for place, one in enumerate(factors):
        for other in range(len(factors)) if place in wanted else wanted:
            if place != other and (found := join(one, factors[other])) is not None:
                rest = [factor for position, factor in enumerate(factors) if position not in (place, other)]
                return einsum([*found, *rest], node.output)
    return node


def _may_be(node: Node, function: str) -> bool:
    if isinstance(node, Map) or isinstance(node, Reduce):  # which makes no union of the two each time
        return node.function == function
    return isinstance(node, Add)


def square(node: Node) -> Node | None:
    """x for x x, element by element, else None."""
    match node:
        case Einsum((x, y), (labels, others), output) if x is y and labels == others == output:
            return x
        case _:
            return None
