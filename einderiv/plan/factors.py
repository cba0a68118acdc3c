"""Common factors of a sum taken out where that is less work at the sizes of a call."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from itertools import combinations
from math import prod

from einderiv.ir import (
    Add,
    Dim,
    Einsum,
    Node,
    Spread,
    Summand,
    add,
    children,
    einsum,
    rebuild,
    rest_of,
    shared_factors,
    summand,
    topological,
)
from einderiv.plan.pairs import price

TERMS = 16  # of a sum, up to which every two are compared


def gathered(outputs: Sequence[Node], sizes: Mapping[Dim, int]) -> list[Node]:
    """(A B C D E) F + G F = (A B C D E + G) F, and u x + u y = u (x + y), where this takes less work at these sizes.

    Only terms that nothing else reads; each step leaves a sum with one term less and products with fewer factors, so
    this ends.
    """
    order = topological(outputs)
    if not any(isinstance(node, Add) and _may_share(node) for node in order):
        return list(outputs)
    uses = _uses(order, outputs)
    made: dict[Node, Node] = {}
    known = set(order)
    for node in order:
        found = rebuild(node, [made[child] for child in node.parts])
        if isinstance(found, Add) and _may_share(found):
            alone = [term for term in found.terms if uses.get(term, 1) == 1 and uses.get(_core(term), 1) == 1]
            found = _Gathering(sizes, known).gather(found, alone, uses)
        made[node] = found
        if found is not node:
            uses[found] = uses.get(found, 0) + uses[node]
            if (core := _core(found)) is not found:
                uses[core] = uses.get(core, 0) + 1
    return [made[output] for output in outputs]


def _uses(order: Sequence[Node], outputs: Sequence[Node]) -> dict[Node, int]:
    """How many nodes and results have each node as a part."""
    uses = dict.fromkeys(order, 0)
    for node in order:
        for child in children(node):
            uses[child] += 1
    for node in outputs:
        uses[node] += 1
    return uses


def _may_share(node: Add) -> bool:
    """Whether two terms are made of a node that is the same."""
    if node.tied or len(node.terms) > TERMS:
        return False
    parts = [part for term in node.terms if isinstance(core := _core(term), Einsum) for part in {*core.operands}]
    return len(set(parts)) < len(parts)


class _Gathering:
    """A sum with common factors taken out; `known` has the nodes that are computed anyhow.

    Terms share the sums inside of them, which are gathered once: each time anew would double the work at every level.
    """

    def __init__(self, sizes: Mapping[Dim, int], known: set[Node]) -> None:
        self._sizes = sizes
        self._known = known
        self._inside: dict[tuple[Node, frozenset[Node]], Node] = {}

    def gather(self, node: Add, alone: Collection[Node], uses: Mapping[Node, int]) -> Node:
        """A sum in which two terms after the other, of those in `alone`, become one as long as it is less work."""
        terms = {term: summand(term) for term in node.terms if term in alone}
        others = [term for term in node.terms if term not in terms]
        tried: dict[tuple[Node, Node], tuple[int, Node] | None] = {}
        while True:
            for one, other in combinations(terms, 2):
                if (one, other) not in tried:
                    tried[one, other] = self._together(terms[one], terms[other], node.axes, uses)
            gains = {pair: made for pair in combinations(terms, 2) if (made := tried[pair]) is not None}
            if not gains:
                break
            one, other = max(gains, key=lambda pair: gains[pair][0])
            product = gains[one, other][1]
            del terms[one], terms[other]
            while product in terms:  # t (c - u) beside t c - t u
                del terms[product]
                product = add([product, product])
            terms[product] = summand(product)
        if len(terms) + len(others) == len(node.terms):
            return node
        return add([*others, *terms], node.axes)

    def _together(
        self, one: Summand, other: Summand, axes: Sequence[Dim], uses: Mapping[Node, int]
    ) -> tuple[int, Node] | None:
        """By how much work less two terms are one, and this; None where they have no factor, or it is not less."""
        pairs = shared_factors(one, other)
        choices = [pairs] if len(pairs) < 2 else [pairs, *({place: pairs[place]} for place in pairs)]
        found: tuple[int, Node] | None = None
        for chosen in choices if pairs else []:
            made, opened = self._product(one, other, chosen, axes, uses)
            before = sum(self._work(_term(each, axes)) for each in (one, other)) + prod(self._sizes[a] for a in axes)
            gain = before + opened - self._new_work(made)
            if gain > 0 and (found is None or gain > found[0]):
                found = gain, made
        return found

    def _product(
        self, one: Summand, other: Summand, pairs: Mapping[int, int], axes: Sequence[Dim], uses: Mapping[Node, int]
    ) -> tuple[Node, int]:
        """What two terms share, times the sum of the rests; and the additions in rests that are sums themselves."""
        common = [one.factors[place] for place in pairs]
        rests = [rest_of(one, one, {place: place for place in pairs}), rest_of(one, other, pairs)]
        dims: dict[Hashable, Dim] = dict(enumerate(axes))
        for node, labels in common:
            dims.update(zip(labels, node.axes, strict=True))
        output = sorted({x for rest in rests for _, labels in rest for x in labels if x in dims}, key=str)
        inner, opened = [], 0
        for rest, amount in zip(rests, (one.coefficient, other.coefficient), strict=True):
            sum_ = rest[0][0] if len(rest) == 1 else None
            if isinstance(sum_, Add) and uses.get(sum_, 1) == 1 and set(rest[0][1]) == {*output}:
                inner += [einsum([(term, rest[0][1])], output, amount, dims) for term in sum_.terms]
                opened += (len(sum_.terms) - 1) * self._count(sum_)
            else:
                inner.append(einsum(rest, output, amount, dims))
        total = add(inner, [dims[label] for label in output])
        core = _core(total)
        if isinstance(core, Add) and _may_share(core):
            alone = [t for t in core.terms if uses.get(t, 1) == 1 and uses.get(_core(t), 1) == 1]
            key = core, frozenset(alone)
            if key not in self._inside:
                self._inside[key] = self.gather(core, alone, uses)
            gathered_core = self._inside[key]
            if gathered_core is not core:
                total = rebuild(total, [gathered_core]) if isinstance(total, Spread) else gathered_core
        return einsum([*common, (total, output)], range(len(axes)), dims=dims), opened

    def _new_work(self, node: Node) -> int:
        """The work of what is not computed anyhow."""
        return sum(self._work(part) for part in topological([node], stop=self._known) if part not in self._known)

    def _work(self, node: Node) -> int:
        """The work of one node, from its parts."""
        if isinstance(node, Add):
            return (len(node.terms) - 1) * self._count(node)
        return price(node, self._sizes)

    def _count(self, node: Node) -> int:
        return prod(self._sizes[dim] for dim in node.axes)


def _term(term: Summand, axes: Sequence[Dim]) -> Node:
    """The product that a term is, without the number before it."""
    return _core(einsum(term.factors, range(len(axes)), dims=dict(enumerate(axes))))


def _core(node: Node) -> Node:
    return node.core if isinstance(node, Spread) else node
