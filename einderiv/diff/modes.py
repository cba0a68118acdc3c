"""Reverse and forward mode over a whole graph."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from einderiv.diff.rules import pull, push
from einderiv.ir import Input, Node, Zero, add, children, dependents, einsum, identity, topological


def seed(node: Node) -> Node:
    """∂y/∂y: a delta for each axis, with the axes of y twice."""
    count = len(node.axes)
    deltas = [(identity(dim), (axis, count + axis)) for axis, dim in enumerate(node.axes)]
    return einsum(deltas, range(2 * count))


def symmetrised(leaf: Input, node: Node) -> Node:
    """A derivative by `leaf`, whose axes are the last ones; by a symmetric matrix it is ½ (G + Gᵀ).

    Of all G with df = Σ_ij G_ij dS_ij for symmetric dS this is the symmetric one, however f was written.
    """
    if not leaf.symmetric:
        return node
    *front, i, j = range(len(node.axes))
    return add([einsum([(node, [*front, i, j])], order, 0.5) for order in ([*front, i, j], [*front, j, i])])


def pullbacks(top: Node, leaves: Collection[Input], cotangent: Node) -> dict[Input, Node]:
    """Reverse mode: `cotangent`, of axes (…, top's), pulled back to every leaf, with axes (…, leaf's)."""
    lead = len(cotangent.axes) - len(top.axes)
    relevant = dependents([top], leaves)
    parts: dict[Node, list[Node]] = {top: [cotangent]}
    for node in reversed(topological([top], stop=leaves)):
        if node not in relevant or node not in parts:
            continue
        g = add(parts[node])
        parts[node] = [g]
        if node in leaves or isinstance(g, Zero):
            continue
        for part, child in enumerate(children(node)):
            if child in relevant:
                parts.setdefault(child, []).append(pull(node, part, g, lead))
    front = cotangent.axes[:lead]
    found = {leaf: add(parts.get(leaf, []) if leaf in relevant else [], front + leaf.axes) for leaf in leaves}
    return {leaf: symmetrised(leaf, node) for leaf, node in found.items()}


def tangent(top: Node, tangents: Mapping[Input, Node], lead: int) -> Node:
    """Forward mode: the tangent of `top`, each leaf having a tangent with `lead` axes in front of its own."""
    relevant = dependents([top], tangents)
    front = next(iter(tangents.values())).axes[:lead]
    made: dict[Node, Node] = {leaf: t for leaf, t in tangents.items()}
    for node in topological([top], stop=tangents):
        if node in relevant and node not in made:
            parts = [
                push(node, part, made[child], lead) for part, child in enumerate(children(node)) if child in relevant
            ]
            made[node] = add(parts, front + node.axes)
    return made.get(top, Zero(front + top.axes))


def jacobians(top: Node, leaves: Collection[Input]) -> dict[Input, Node]:
    """∂top/∂leaf for every leaf, with axes (top's, leaf's).

    Reverse mode, or forward mode for a leaf with fewer axes than `top`.
    """
    rank = len(top.axes)
    few = [leaf for leaf in leaves if len(leaf.axes) < rank]
    found = pullbacks(top, [leaf for leaf in leaves if leaf not in few], seed(top)) if len(few) < len(leaves) else {}
    found |= {leaf: in_forward_order(top, leaf) for leaf in few}
    return {leaf: found[leaf] for leaf in leaves}


def in_forward_order(top: Node, leaf: Input) -> Node:
    """∂top/∂leaf in forward mode."""
    rank, count = len(top.axes), len(leaf.axes)
    forward = tangent(top, {leaf: symmetrised(leaf, seed(leaf))}, count)
    labels = range(rank + count)
    return einsum([(forward, [*labels[rank:], *labels[:rank]])], labels)


def in_reverse_order(top: Node, leaf: Input) -> Node:
    """∂top/∂leaf in reverse mode."""
    return pullbacks(top, [leaf], seed(top))[leaf]


def in_usual_order(top: Node, leaf: Input) -> Node:
    """∂top/∂leaf as `jacobians` takes it."""
    return jacobians(top, [leaf])[leaf]


ORDERS: Mapping[str, Callable[[Node, Input], Node]] = {"forward": in_forward_order, "reverse": in_reverse_order}
