"""The builders of products and sums: they keep expressions in the normal form of `ir.nodes`.

A builder applies only what makes the result smaller: a zero or a number that folds, a delta that a sum absorbs, a scale
or a transposition that moves outward.  What needs use counts or costs is a pass of `einderiv.simplify`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

from einderiv.ir.canonical import contraction, symmetries
from einderiv.ir.nodes import ONE, Add, Affine, Constant, Dim, Node, Position, Selection, Size, Spread, Zero

Operand = tuple[Node, Sequence[Hashable]]
_Factor = tuple[Node, Sequence[Hashable]]  # dense: no number, nothing laid out


def constant(value: float) -> Node:
    """A number."""
    return Constant(float(value)) if value else Zero(())


def ones(axes: Sequence[Dim]) -> Node:
    """1 everywhere."""
    free = tuple(range(len(axes)))
    return _spread(ONE, (), free, 1.0, tuple(axes))


def identity(dim: Dim) -> Node:
    """δ: 1 where its two indices agree, else 0."""
    return Spread(ONE, (), (0, 0), 1.0, (dim, dim))


def select(index: Node, dim: Dim, *, strict: bool) -> Node:
    """[p == index] with p, of size `dim`, as the last axis; δ where the index is another position of the same size."""
    if isinstance(index, Position):
        index = Affine((1,), 0, index.axes)
    if isinstance(index, Affine) and (index.coefficients, index.constant, index.shape) == ((1,), 0, (dim,)):
        return identity(dim)
    return Selection(index, dim, strict)


def scale(node: Node, coefficient: float) -> Node:
    """`coefficient` times `node`."""
    if coefficient == 1.0:
        return node
    free = tuple(range(len(node.axes)))
    return lay(node, free, free, coefficient, node.axes)


def number(node: Node) -> float | None:
    """The value of a node that is the same number everywhere, else None."""
    match node:
        case Constant(value=value):
            return value
        case Zero():
            return 0.0
        case Spread(core=Constant(), tied=False, coefficient=coefficient):
            return coefficient
        case _:
            return None


# ------------------------------------------------------------------ products


def einsum(
    operands: Sequence[Operand],
    output: Sequence[Hashable],
    coefficient: float = 1.0,
    dims: Mapping[Any, Dim] | None = None,
) -> Node:
    """The product of `operands`, one label an axis, summed over the labels that are not in `output`.

    A label of `output` that no operand has repeats the value along an axis of the size `dims` gives.  Deltas, repeated
    and transposed axes and scales of the operands move into the result: Σ_i E_i δ_ik x_l is E_k x_l.
    """
    sizes: dict[Hashable, Dim] = dict(dims) if dims else {}
    for node, labels in operands:
        sizes.update(zip(labels, node.axes, strict=True))
    for place, (node, _) in enumerate(operands):
        if isinstance(node, Add) and node.tied:
            return _distributed(operands, place, output, coefficient, sizes)
    shape = tuple([sizes[label] for label in output])
    joined = _Classes()
    factors: list[_Factor] = []
    for node, labels in operands:
        match node:
            case Zero():
                return Zero(shape)
            case Constant(value=value):
                coefficient *= value
            case Spread(core=core, placing=placing, ties=ties):
                coefficient *= node.coefficient
                if node.tied:
                    for label, first in zip(labels, ties, strict=True):
                        joined.join(label, labels[first])
                if core is not ONE:
                    factors.append((core, [labels[axis] for axis in placing]))
            case _:
                factors.append((node, labels))
    met = dict.fromkeys([label for _, labels in operands for label in labels])
    return _laid_out(factors, joined, output, met, coefficient, sizes, shape)


def _laid_out(
    factors: list[_Factor],
    joined: _Classes,
    output: Sequence[Hashable],
    met: Collection[Hashable],
    coefficient: float,
    sizes: Mapping[Hashable, Dim],
    shape: tuple[Dim, ...],
) -> Node:
    """The product of dense `factors` over label classes: each class of output labels is its first axis."""
    settled: Collection[Hashable] = ()
    if any([isinstance(node, Selection) for node, _ in factors]):
        factors, settled = _selected(factors, joined, output)
    root = joined.roots([*output, *met])
    rank = len(output)
    place: dict[Hashable, int] = {}
    for axis, label in enumerate(output):
        place.setdefault(root[label], axis)
    ties = tuple([place[root[label]] for label in output])
    named = {root[label] for _, labels in factors for label in labels}
    for label in met:
        own = root[label]
        if own not in place and own not in settled:
            place[own] = rank + len(place)
            if own not in named:
                size = sizes[label].size
                coefficient *= size if size is not None else 1.0
                factors += [] if size is not None else [(Size(sizes[label]), [])]
    if not coefficient:
        return Zero(shape)
    if not factors:
        return _spread(ONE, (), ties, coefficient, shape)
    placed = [(node, tuple([place[root[label]] for label in labels])) for node, labels in factors]
    reach = {axis for _, axes in placed for axis in axes}
    kept = sorted([axis for axis in reach if axis < rank])
    if len(placed) == 1 and len(kept) == len(reach):
        return _spread(*placed[0], ties, coefficient, shape)
    core, placing = contraction(placed, kept)
    return _spread(core, placing, ties, coefficient, shape)


def _selected(
    factors: list[_Factor], joined: _Classes, output: Sequence[Hashable]
) -> tuple[list[_Factor], set[Hashable]]:
    """`factors` without selections that say nothing more, and the label classes that are summed by this.

    [p == t_n] [q == t_n] is [p == t_n] δ_pq, and Σ_p [p == t_n] is 1 where t_n is a position for certain.
    """
    found: dict[tuple[Node, tuple[Hashable, ...]], Hashable] = {}
    kept: list[_Factor] = []
    for node, labels in factors:
        if isinstance(node, Selection):
            key = (node, tuple(joined.find(label) for label in labels[:-1]))
            if key in found:
                joined.join(labels[-1], found[key])
                continue
            found[key] = labels[-1]
        kept.append((node, labels))
    needed = Counter(joined.find(label) for _, labels in kept for label in labels)
    needed.update(joined.find(label) for label in output)
    settled = {
        joined.find(labels[-1])
        for node, labels in kept
        if isinstance(node, Selection) and node.strict and needed[joined.find(labels[-1])] == 1
    }
    return [(node, labels) for node, labels in kept if not settled.intersection(map(joined.find, labels[-1:]))], settled


class _Classes:
    """Labels that a delta makes equal (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def find(self, label: Hashable) -> Hashable:
        while (parent := self._parent.get(label, label)) != label:
            label = parent
        return label

    def roots(self, labels: Collection[Hashable]) -> dict[Hashable, Hashable]:
        """The class of each label."""
        found = dict(zip(labels, labels, strict=True))
        return {label: self.find(label) for label in found} if self._parent else found

    def join(self, one: Hashable, other: Hashable) -> None:
        root, top = self.find(one), self.find(other)
        if root != top:
            self._parent[root] = top


def _distributed(
    operands: Sequence[Operand],
    place: int,
    output: Sequence[Hashable],
    coefficient: float,
    sizes: Mapping[Hashable, Dim],
) -> Node:
    """A product with a sum that has deltas: (δ_ij + A_ij) x_j = x_i + A_ij x_j, so that no delta is inside.

    Two such sums are first multiplied with each other, whose product again has few patterns of deltas; so a long
    product of them does not have 2ⁿ terms.
    """
    tied = [position for position, (node, _) in enumerate(operands) if isinstance(node, Add) and node.tied]
    if len(tied) > 2:
        pair = [operands[position] for position in tied[:2]]
        rest = [operand for position, operand in enumerate(operands) if position not in tied[:2]]
        elsewhere = {label for _, labels in rest for label in labels} | set(output)
        kept = [label for label in dict.fromkeys((*pair[0][1], *pair[1][1])) if label in elsewhere]
        return einsum([(einsum(pair, kept), kept), *rest], output, coefficient, sizes)
    node, labels = operands[place]
    terms = node.terms if isinstance(node, Add) else ()
    others = list(operands)
    products = []
    for term in terms:
        others[place] = (term, labels)
        products.append(einsum(others, output, coefficient, sizes))
    return add(products)


def _spread(
    core: Node, placing: tuple[int, ...], ties: tuple[int, ...], coefficient: float, shape: tuple[Dim, ...]
) -> Node:
    """A `Spread`, or the core itself where there is nothing around it."""
    if core is ONE and not shape:
        return constant(coefficient)
    if len(placing) > 1 and len(orders := symmetries(core)) > 1:
        placing = min(tuple(placing[axis] for axis in order) for order in orders)
    if coefficient == 1.0 and placing == ties == tuple(range(len(shape))):
        return core
    return Spread(core, placing, ties, coefficient, shape)


def lay(core: Node, placing: Sequence[int], ties: Sequence[int], coefficient: float, shape: Sequence[Dim]) -> Node:
    """What `Spread` says, for any core."""
    match core:
        case Zero() | Constant() | Add(tied=True) | Spread(tied=True):
            pass
        case _ if coefficient and tuple(ties) == tuple(range(len(shape))):
            if isinstance(core, Spread):  # of a spread without ties only the axes move
                placing, coefficient = [placing[axis] for axis in core.placing], coefficient * core.coefficient
                core = core.core
            return _spread(core, tuple(placing), tuple(ties), coefficient, tuple(shape))
        case _:
            pass
    deltas: list[Operand] = [(identity(shape[axis]), (first, axis)) for axis, first in enumerate(ties) if first != axis]
    axes = range(len(shape))
    return einsum([(core, placing), *deltas], axes, coefficient, dict(enumerate(shape)))


# ---------------------------------------------------------------------- sums


def add(terms: Sequence[Node], axes: Sequence[Dim] = ()) -> Node:
    """The sum of `terms`, all with equal axes; of none, zeros with `axes`.

    Equal terms are collected, terms with the same deltas put together: δ_ik x_l + δ_ik y_l = δ_ik (x_l + y_l).
    """
    axes = terms[0].axes if terms else tuple(axes)
    amounts: dict[Node, float] = {}
    for term in terms:
        for part in term.terms if isinstance(term, Add) and term.tied else (term,):
            coefficient, body = _scaled(part)
            amounts[body] = amounts.get(body, 0.0) + coefficient
    groups: dict[tuple[int, ...], list[tuple[float, Node]]] = {}
    free = tuple(range(len(axes)))
    for body, amount in amounts.items():
        if amount:
            ties = body.ties if isinstance(body, Spread) else free
            groups.setdefault(ties, []).append((amount, body))
    sums = [_tied_sum(ties, group, tuple(axes)) for ties, group in groups.items()]
    sums = [term for term in sums if not isinstance(term, Zero)]
    if not sums:
        return Zero(tuple(axes))
    return sums[0] if len(sums) == 1 else Add(tuple(sorted(sums, key=lambda term: term.order)))


def _scaled(node: Node) -> tuple[float, Node]:
    """`node` as a number times a body without one."""
    match node:
        case Zero():
            return 0.0, node
        case Constant(value=value):
            return value, ONE
        case Spread(coefficient=coefficient) if coefficient != 1.0:
            return coefficient, _spread(node.core, node.placing, node.ties, 1.0, node.shape)
        case _:
            return 1.0, node


def _tied_sum(ties: tuple[int, ...], group: list[tuple[float, Node]], axes: tuple[Dim, ...]) -> Node:
    """The sum of terms with the same ties, the deltas outside."""
    if len(group) == 1:
        return scale(group[0][1], group[0][0])
    firsts = [axis for axis, first in enumerate(ties) if first == axis]
    if len(firsts) == len(axes):
        return _dense_sum(group, axes)
    dense = [(amount, restricted(body, firsts)) for amount, body in group]
    return lay(_dense_sum(dense, tuple(axes[axis] for axis in firsts)), firsts, ties, 1.0, axes)


def restricted(node: Node, kept: Sequence[int]) -> Node:
    """`node` without the axes along which it only repeats or that are tied to a kept one."""
    match node:
        case Zero(shape=shape):
            return Zero(tuple(shape[axis] for axis in kept))
        case Spread(core=core, placing=placing, coefficient=coefficient, shape=shape):
            place = {axis: position for position, axis in enumerate(kept)}
            free = tuple(range(len(kept)))
            return _spread(
                core, tuple(place[axis] for axis in placing), free, coefficient, tuple(shape[a] for a in kept)
            )
        case _:
            return node


def used_axes(node: Node) -> set[int]:
    """The axes along which a node may vary."""
    match node:
        case Zero():
            return set()
        case Spread(placing=placing, tied=False):
            return set(placing)
        case _:
            return set(range(len(node.axes)))


def _dense_sum(group: list[tuple[float, Node]], axes: tuple[Dim, ...]) -> Node:
    """Σ amount · body without ties; unused axes, a common order of axes and a common number go outside."""
    if len(group) == 1:
        return scale(group[0][1], group[0][0])
    used = sorted(set().union(*(used_axes(body) for _, body in group)))
    if len(used) < len(axes):
        inner = _dense_sum([(amount, restricted(body, used)) for amount, body in group], tuple(axes[a] for a in used))
        return einsum([(inner, used)], range(len(axes)), dims=dict(enumerate(axes)))
    orders = {body.placing if isinstance(body, Spread) else () for _, body in group}
    order = orders.pop()
    if not orders and sorted(order) == used and order:
        cores = [(amount, body.core) for amount, body in group if isinstance(body, Spread)]
        inner = _dense_sum(cores, tuple(axes[axis] for axis in order))
        return einsum([(inner, order)], range(len(axes)))
    common = _common([amount for amount, _ in group])
    terms = [scale(body, amount / common) for amount, body in group]
    return scale(Add(tuple(sorted(terms, key=lambda term: term.order))), common)


def _common(amounts: list[float]) -> float:
    """The number that a sum's terms share: c of c x + c y, and 2 of 2 x - 2 y."""
    if len(set(amounts)) == 1:
        return amounts[0]
    sizes = {abs(amount) for amount in amounts}
    return sizes.pop() if len(sizes) == 1 else 1.0
