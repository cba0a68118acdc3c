"""Common factors of the terms of a sum, on its axes and under a Σ.

Each rule leaves fewer products than it finds, so repeating them ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from itertools import permutations

from einderiv.ir import (
    Add,
    Dim,
    Factor,
    Node,
    Rest,
    Summand,
    add,
    children,
    einsum,
    rebuild,
    rest_of,
    rewrite,
    shared_factors,
    summand,
    topological,
)
from einderiv.simplify.combine import core_of, use_counts

AXES = 3  # up to this many, a sum is looked for in every order of its axes


def common_factors(roots: Sequence[Node]) -> list[Node]:
    """a_i b_ij + a_i c_ij = a_i (b_ij + c_ij), for factors that are not summed.  One product less for each term."""
    return rewrite(roots, _factored)


def _factored(node: Node) -> Node:
    if not isinstance(node, Add) or node.tied:
        return node
    terms = [summand(term) for term in node.terms]
    common = Counter(_outer(terms[0]))
    for term in terms[1:]:
        common &= Counter(_outer(term))
    if not common:
        return node
    axes = tuple(range(len(node.axes)))
    dims = dict(enumerate(node.axes))
    rests = []
    for term in terms:
        own = Counter(term.factors) - common
        rests.append(einsum(list(own.elements()), axes, term.coefficient, dims))
    inner = add(rests, node.axes)
    return einsum([*common.elements(), (inner, axes)], axes)


def _outer(term: Summand) -> list[Factor]:
    """The factors of a term that lie on its axes alone."""
    return [(node, labels) for node, labels in term.factors if all(label >= 0 for label in labels)]


def summed_factors(roots: Sequence[Node]) -> list[Node]:
    """Σ_n X_nd a_nm + Σ_n X_nd b_nm = Σ_n X_nd (a_nm + b_nm), where nothing else reads the two products.

    Only where it takes less work whatever the sizes: what is added has no more axes than a factor of it.  So does
    Σ_n a_nm + Σ_n b_nm = Σ_n (a_nm + b_nm) where something else reads this sum.  One contraction less for each term.
    """
    order = topological(roots)
    sums = {node for node in order if isinstance(node, Add)}
    if all(node.tied for node in sums):
        return list(roots)
    uses = use_counts(roots, order)
    made: dict[Node, Node] = {}
    for node in order:
        found = rebuild(node, [made[child] for child in node.parts])
        if isinstance(node, Add) and isinstance(found, Add) and not found.tied:
            shared = {made[child] for child in node.terms if not uses[child] == 1 == uses[core_of(child)]}
            found = _grouped(found, shared, sums)
        made[node] = found
    return [made[root] for root in roots]


def _grouped(node: Add, shared: Collection[Node], sums: Collection[Node]) -> Node:
    """A sum in which terms that have a product in common are one."""
    apart = {term: summand(term) for term in node.terms if term not in shared}
    apart = {term: parts for term, parts in apart.items() if parts.summed}
    kept = [term for term in node.terms if term not in apart]
    while apart:
        term, first = apart.popitem()
        found = _group(first, apart, node.axes) or _sum_of_sums(first, apart, node.axes, sums)
        if found is None:
            kept.append(term)
            continue
        product, members = found
        kept.append(product)
        apart = {term: parts for term, parts in apart.items() if term not in members}
    return node if len(kept) == len(node.terms) else add(kept, node.axes)


def _group(first: Summand, others: Mapping[Node, Summand], axes: Sequence[Dim]) -> tuple[Node, set[Node]] | None:
    """The product of what most terms share with the first by a sum of what they do not, and which terms these are."""
    nodes = {node for node, _ in first.factors}
    near = {term: parts for term, parts in others.items() if any(node in nodes for node, _ in parts.factors)}
    pairs = {term: shared_factors(first, parts) for term, parts in near.items()}
    found = []
    for shared in {frozenset(matched) for matched in pairs.values()}:
        if any(label < 0 for place in shared for label in first.factors[place][1]):
            members = [term for term, matched in pairs.items() if shared <= matched.keys()]
            found.append((-len(members), -len(shared), sorted(shared), members))
    for _, _, places, members in sorted(found, key=lambda choice: choice[:3]):
        common = [first.factors[place] for place in places]
        rests = [rest_of(first, first, {place: place for place in places})]
        for term in members:
            rests.append(rest_of(first, near[term], {place: pairs[term][place] for place in places}))
        amounts = [first.coefficient, *(near[term].coefficient for term in members)]
        product = _together(common, rests, amounts, axes)
        if product is not None:
            return product, set(members)
    return None


def _together(
    common: Sequence[Factor], rests: Sequence[Rest], amounts: Sequence[float], axes: Sequence[Dim]
) -> Node | None:
    """The product of `common` by the sum of `rests`; None where that sum could take more work than it saves."""
    dims: dict[Hashable, Dim] = dict(enumerate(axes))
    for node, labels in common:
        dims.update(zip(labels, node.axes, strict=True))
    reaches = [[[label for label in labels if label in dims] for _, labels in rest] for rest in rests]
    output = sorted({label for rest in reaches for labels in rest for label in labels}, key=str)
    if not any(set(output) <= set(labels) for rest in reaches for labels in rest):
        return None
    for rest in rests:
        alone = Counter(label for _, labels in rest for label in set(labels) if label not in dims)
        if any(count > 1 for count in alone.values()):
            return None
    terms = [einsum(rest, output, amount, dims) for rest, amount in zip(rests, amounts, strict=True)]
    inner = add(terms, [dims[label] for label in output])
    return einsum([*common, (inner, output)], range(len(axes)), dims=dims)


def _sum_of_sums(
    first: Summand, others: Mapping[Node, Summand], axes: Sequence[Dim], sums: Collection[Node]
) -> tuple[Node, set[Node]] | None:
    """Terms that are sums of one operand each, as one sum of an `Add` that is there already."""
    if len(first.factors) != 1:
        return None
    dims = first.dims
    here: dict[Node, Summand] = {}
    for term, parts in others.items():
        if len(parts.factors) == 1 and (renamed := _renamed(parts, dims)) is not None:
            here[term] = renamed
    if not here or len(dims) > AXES:
        return None
    for order in permutations(dims):
        terms = [einsum(list(parts.factors), order, parts.coefficient, dims) for parts in (first, *here.values())]
        inner = _factored(add(terms))
        if any(part in sums for part in (core_of(inner), *children(core_of(inner)))):
            return einsum([(inner, order)], range(len(axes)), dims={**dict(enumerate(axes)), **dims}), set(here)
    return None


def _renamed(term: Summand, dims: Mapping[int, Dim]) -> Summand | None:
    """A term of one factor with its summed labels called as in another one; None where they do not fit."""
    ((node, labels),) = term.factors
    own, wanted = ([label for label in dict.fromkeys(found) if label < 0] for found in (labels, dims))
    if len(own) != len(wanted) or {*labels} - {*own} != {*dims} - {*wanted}:
        return None
    names = dict(zip(own, wanted, strict=True))
    if any(term.dims[label] != dims[name] for label, name in names.items()):
        return None
    return Summand(term.coefficient, ((node, tuple(names.get(label, label) for label in labels)),))
