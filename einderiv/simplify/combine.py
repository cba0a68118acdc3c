"""Passes that need use counts: what only one reader has can move into that reader.

Each leaves fewer nodes or fewer operations than it finds, so repeating them ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from itertools import chain, count

from einderiv.ir import Add, Einsum, Node, Selection, Spread, add, einsum, lay, rebuild, topological

Part = tuple[Node, tuple[int, ...]]  # a factor of a product, and the axes of the product that its own are


def merge_sums(roots: Sequence[Node]) -> list[Node]:
    """a + (b + c) = a + b + c, where nothing else reads the inner sum, transposed or not.  One node less each time."""
    order = topological(roots)
    uses = use_counts(roots, order)
    made: dict[Node, Node] = {}
    for node in order:
        parts = [made[child] for child in node.parts]
        if isinstance(node, Add):
            flat: list[Node] = []
            for child, part in zip(node.parts, parts, strict=True):
                flat.extend(_terms(part) if uses[child] == 1 == uses[core_of(child)] else (part,))
            parts = flat
            same = len(parts) == len(node.terms) and all(a is b for a, b in zip(parts, node.terms, strict=True))
            made[node] = node if same else add(parts, node.axes)
        else:
            made[node] = rebuild(node, parts)
    return [made[root] for root in roots]


def core_of(node: Node) -> Node:
    """What is laid out, if a node lays something out; else the node."""
    return node.core if isinstance(node, Spread) else node


def _terms(node: Node) -> Sequence[Node]:
    """The terms of a sum, which may be transposed or have its sign changed; another node is one term."""
    match node:
        case Add(terms=terms):
            return terms
        case Spread(core=Add(terms=terms), placing=placing, ties=ties, coefficient=coefficient, shape=shape):
            if abs(coefficient) == 1.0 and sorted(placing) == list(ties) == list(range(len(shape))):
                return [lay(term, placing, ties, coefficient, shape) for term in terms]
    return (node,)


def fuse_products(roots: Sequence[Node]) -> list[Node]:
    """(A_ij B_jk) C_kl = A_ij B_jk C_kl, where nothing else reads the inner product; the planner orders the whole.

    An inner sum over one operand (Σ_c y_nc) stays: it is cheaper done first.  So does a product that writes to selected
    positions (Σ_ik g_i w_k [p == i + k]): on its own it is one array, inside its reader windows of windows.  One node
    less each time.
    """
    order = topological(roots)
    uses = use_counts(roots, order)
    read = [child for node in order if isinstance(node, Einsum) for child in node.operands if uses[child] == 1]
    inner = {child for child in read if isinstance(child, Einsum) and len(child.operands) > 1 and not _writes(child)}
    made: dict[Node, Node] = {}
    for node in order:
        if node in inner:
            continue
        if isinstance(node, Einsum) and not inner.isdisjoint(node.operands):
            made[node] = einsum(_taken_apart(node, inner, made), node.output)
        else:
            made[node] = rebuild(node, [made[child] for child in node.parts])
    return [made[root] for root in roots]


def met_selections(roots: Sequence[Node]) -> list[Node]:
    """Σ_k c_n [k == y_n] = c_n where y_n is a position for certain, however many read the product.  One sum less."""
    order = topological(roots)
    if not any([isinstance(node, Selection) for node in order]):
        return list(roots)
    made: dict[Node, Node] = {}
    for node in order:
        if isinstance(node, Einsum) and (met := _met(node)):
            made[node] = einsum(_taken_apart(node, met, made), node.output)
        else:
            made[node] = rebuild(node, [made[child] for child in node.parts])
    return [made[root] for root in roots]


def _met(product: Einsum) -> set[Node]:
    """The operands that are products with a selection, along an axis that has its index and is summed alone."""
    needed = Counter([*product.output, *(label for labels in product.subscripts for label in labels)])
    found: set[Node] = set()
    for operand, labels in zip(product.operands, product.subscripts, strict=True):
        if isinstance(operand, Einsum):
            inside = Counter(own for subscripts in operand.subscripts for own in subscripts)
            axes = zip(operand.output, labels, strict=True)
            alone = {own for own, label in axes if needed[label] == inside[own] == 1}
            factors = zip(operand.operands, operand.subscripts, strict=True)
            if any(isinstance(node, Selection) and node.strict and own[-1] in alone for node, own in factors):
                found.add(operand)
    return found


def use_counts(roots: Sequence[Node], order: Sequence[Node]) -> Counter[Node]:
    """How often each node of the `order` below `roots` is read: by others, and as a root."""
    return Counter(chain(roots, chain.from_iterable([node.parts for node in order])))


def _writes(product: Einsum) -> bool:
    """Whether an axis of the result is one along which a selection selects."""
    factors = zip(product.operands, product.subscripts, strict=True)
    return any(isinstance(operand, Selection) and labels[-1] in product.output for operand, labels in factors)


def _taken_apart(
    product: Einsum, inner: Collection[Node], made: Mapping[Node, Node]
) -> list[tuple[Node, Sequence[Hashable]]]:
    """The operands of a product, those of its `inner` products in their place, however deep: each is visited once."""
    operands: list[tuple[Node, Sequence[Hashable]]] = []
    stack: list[tuple[Node, Sequence[Hashable]]] = [*zip(product.operands, product.subscripts, strict=True)]
    stack.reverse()
    visits = count()
    while stack:
        node, labels = stack.pop()
        if isinstance(node, Einsum) and node in inner:
            place = next(visits)
            outer: dict[int, Hashable] = dict(zip(node.output, labels, strict=True))
            for operand, sub in reversed(list(zip(node.operands, node.subscripts, strict=True))):
                stack.append((operand, [outer.get(label, (place, label)) for label in sub]))
        else:
            operands.append((made[node], labels))
    return operands


def outer_products(roots: Sequence[Node]) -> list[Node]:
    """A product read twice, less the factors that share no index with others: these go to the readers.

    x_i A_cd B_dj, where another reads it too, is x_i M_cj with M_cj = A_cd B_dj, an axis less; what reads it multiplies
    with x_i last, or not at all where that is a common factor.  Each time a product has fewer factors, so this ends.
    """
    order = topological(roots)
    outer = [node for node in order if isinstance(node, Einsum) and _outer_parts(node)]
    if not outer:
        return list(roots)
    uses = use_counts(roots, order)
    shared = {node for node in outer if uses[node] > 1}
    apart: dict[Node, list[Part]] = {}
    made: dict[Node, Node] = {}
    for node in order:
        if isinstance(node, Einsum) and not apart.keys().isdisjoint(node.operands):
            found = einsum(_opened(node, apart, made), node.output)
        else:
            found = rebuild(node, [made[child] for child in node.parts])
        if node in shared and isinstance(found, Einsum) and (parts := _outer_parts(found)):
            apart[node] = parts
            found = einsum(parts, range(len(node.axes)))
        made[node] = found
    return [made[root] for root in roots]


def _outer_parts(product: Einsum) -> list[Part]:
    """The factors of an outer product, each a product whose factors share indices; none if nothing is gained by it."""
    if len(product.operands) < 3:
        return []
    groups: list[tuple[list[int], set[int]]] = []
    for position, labels in enumerate(product.subscripts):
        members, reach = [position], set(labels)
        for group in [group for group in groups if group[1] & reach]:
            groups.remove(group)
            members, reach = group[0] + members, group[1] | reach
        groups.append((members, reach))
    if len(groups) < 2 or all(len(members) == 1 for members, _ in groups):
        return []
    axis = {label: place for place, label in enumerate(product.output)}
    parts: list[Part] = []
    for members, reach in groups:
        kept = sorted(reach & axis.keys(), key=axis.__getitem__)
        factors = [(product.operands[position], product.subscripts[position]) for position in sorted(members)]
        parts.append((einsum(factors, kept), tuple(axis[label] for label in kept)))
    return parts


def _opened(
    product: Einsum, apart: Mapping[Node, Sequence[Part]], made: Mapping[Node, Node]
) -> list[tuple[Node, Sequence[int]]]:
    """The operands of a product, the factors of outer products in their place."""
    operands: list[tuple[Node, Sequence[int]]] = []
    for operand, labels in zip(product.operands, product.subscripts, strict=True):
        if operand in apart:
            operands += [(part, [labels[axis] for axis in axes]) for part, axes in apart[operand]]
        else:
            operands.append((made[operand], labels))
    return operands
