"""Passes that need use counts: what only one reader has can move into that reader.

Each leaves fewer nodes or fewer operations than it finds, so repeating them ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from einderiv.ir import Add, Einsum, Node, Spread, add, children, einsum, rebuild, rewrite, topological

Factor = tuple[Node, tuple[int, ...]]


def merge_sums(roots: Sequence[Node]) -> list[Node]:
    """a + (b + c) = a + b + c, where nothing else reads the inner sum.  One node less each time."""
    uses = _uses(roots)
    made: dict[Node, Node] = {}
    for node in topological(roots):
        parts = [made[child] for child in children(node)]
        if isinstance(node, Add):
            flat: list[Node] = []
            for child, part in zip(children(node), parts, strict=True):
                flat.extend(part.terms if isinstance(part, Add) and uses[child] == 1 else (part,))
            parts = flat
            same = len(parts) == len(node.terms) and all(a is b for a, b in zip(parts, node.terms, strict=True))
            made[node] = node if same else add(parts, node.axes)
        else:
            made[node] = rebuild(node, parts)
    return [made[root] for root in roots]


def fuse_products(roots: Sequence[Node]) -> list[Node]:
    """(A_ij B_jk) C_kl = A_ij B_jk C_kl, where nothing else reads the inner product; the planner orders the whole.

    An inner sum over one operand (Σ_c y_nc) stays: it is cheaper done first.  One node less each time.
    """
    uses = _uses(roots)
    made: dict[Node, Node] = {}
    for node in topological(roots):
        parts = [made[child] for child in children(node)]
        if isinstance(node, Einsum):
            single = [uses[child] == 1 for child in node.operands]
            made[node] = _fused(node, parts, single)
        else:
            made[node] = rebuild(node, parts)
    return [made[root] for root in roots]


def _uses(roots: Sequence[Node]) -> Counter[Node]:
    """How often each node is read: by others, and as a root."""
    uses = Counter(roots)
    for node in topological(roots):
        uses.update(children(node))
    return uses


def _fused(node: Einsum, parts: Sequence[Node], single: Sequence[bool]) -> Node:
    """`node` over `parts`, products among them that only it reads taken apart."""
    operands: list[tuple[Node, Sequence[Hashable]]] = []
    for place, (part, labels) in enumerate(zip(parts, node.subscripts, strict=True)):
        if single[place] and isinstance(part, Einsum) and len(part.operands) > 1:
            outer: dict[int, Hashable] = dict(zip(part.output, labels, strict=True))
            for inner, sub in zip(part.operands, part.subscripts, strict=True):
                operands.append((inner, [outer.get(label, (place, label)) for label in sub]))
        else:
            operands.append((part, labels))
    if len(operands) == len(node.operands) and all(a is b for (a, _), b in zip(operands, node.operands, strict=True)):
        return node
    return einsum(operands, node.output)


def common_factors(roots: Sequence[Node]) -> list[Node]:
    """a_i b_ij + a_i c_ij = a_i (b_ij + c_ij), for factors that are not summed.  One product less for each term."""
    return rewrite(roots, _factored)


def _factored(node: Node) -> Node:
    if not isinstance(node, Add) or node.tied:
        return node
    apart = [_factors(term) for term in node.terms]
    common = Counter(apart[0][0])
    for factors, _ in apart[1:]:
        common &= Counter(factors)
    if not common:
        return node
    axes = tuple(range(len(node.axes)))
    dims = dict(enumerate(node.axes))
    rests = []
    for (factors, others), term in zip(apart, node.terms, strict=True):
        own = Counter(factors) - common
        coefficient = term.coefficient if isinstance(term, Spread) else 1.0
        rests.append(einsum([*own.elements(), *others], axes, coefficient, dims))
    inner = add(rests, node.axes)
    return einsum([*common.elements(), (inner, axes)], axes)


def _factors(term: Node) -> tuple[list[Factor], list[tuple[Node, list[Hashable]]]]:
    """The factors of a term that lie on its axes alone, and those with a summed label."""
    axes = tuple(range(len(term.axes)))
    core, placing = (term.core, term.placing) if isinstance(term, Spread) else (term, axes)
    if not isinstance(core, Einsum):
        return ([(core, placing)] if core.axes or not isinstance(term, Spread) else []), []
    place: dict[int, Hashable] = dict(zip(core.output, placing, strict=True))
    outer: list[Factor] = []
    summed: list[tuple[Node, list[Hashable]]] = []
    for operand, labels in zip(core.operands, core.subscripts, strict=True):
        if all(label in place for label in labels):
            outer.append((operand, tuple(placing[core.output.index(label)] for label in labels)))
        else:
            summed.append((operand, [place.get(label, ("summed", label)) for label in labels]))
    return outer, summed
