"""A number before several results, multiplied into a part that all of them are made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import prod

from einderiv.ir import Dim, Einsum, Node, Spread, apply, children, constant, einsum, lay, substitute, topological
from einderiv.plan.gram import mirrored

Readers = Mapping[Node, Sequence[Node]]


def scaled_early(outputs: Sequence[Node], sizes: Mapping[Dim, int]) -> list[Node]:
    """2 (A g) and 2 (B C g) are A h and B C h with h = 2 g, where h is smaller than the results together.

    So the factor 2 of a sum of squares is multiplied into the first cotangent instead of into each gradient.  Only
    where nothing else reads g or what is between.
    """
    found = list(outputs)
    for number in dict.fromkeys(node.coefficient for node in outputs if isinstance(node, Spread) and _movable(node)):
        order = topological(found)
        readers: dict[Node, list[Node]] = {node: [] for node in order}
        for node in order:
            for child in children(node):
                readers[child].append(node)
        instead = _moved(found, order, readers, number, sizes)
        found = [instead.get(node, node) for node in found]
    return found


def _movable(node: Spread) -> bool:
    """Whether a result is a number times a product."""
    return not node.tied and node.coefficient != 1.0 and isinstance(node.core, Einsum)


def _moved(
    outputs: Sequence[Node], order: Sequence[Node], readers: Readers, number: float, sizes: Mapping[Dim, int]
) -> dict[Node, Node]:
    """The results that a number stands before, made of products that have it already, if that is less work."""
    results = {
        node: node.core
        for node in outputs
        if isinstance(node, Spread) and _movable(node) and node.coefficient == number and outputs.count(node) == 1
    }
    results = {
        node: core
        for node, core in results.items()
        if not readers[node] and len(readers[core]) == 1 and core not in outputs
    }
    ends: list[Einsum] = []
    while results:
        ends, through = _ends(order, readers, set(results.values()), outputs)
        kept = {node: core for node, core in results.items() if core in through}
        if len(kept) == len(results):
            break
        results = kept
    places = {end: _smallest(end, sizes) for end in ends}
    before = sum(_size(node, sizes) for node in results)
    after = sum(_size(end.operands[place], sizes) for end, place in places.items())
    if 2 * after > before or any(mirrored(end, sizes) or _within(end, readers) for end in ends):
        return {}
    cores = substitute(results.values(), {end: _scaled(end, place, number) for end, place in places.items()})
    return {
        node: lay(core, node.placing, node.ties, 1.0, node.shape) for node, core in zip(results, cores, strict=True)
    }


def _ends(
    order: Sequence[Node], readers: Readers, cores: Collection[Node], outputs: Sequence[Node]
) -> tuple[list[Einsum], set[Node]]:
    """The products into which a number goes instead of `cores`, and the products that it goes through."""
    reached, through = set(cores), set[Node]()
    for node in reversed(order):
        reading = readers[node]
        if node in reached or not isinstance(node, Einsum) or node in outputs or not reading:
            continue
        if len(set(reading)) == len(reading) and all(other in reached and other not in through for other in reading):
            reached.add(node)
            through.update(reading)
    return [node for node in order if isinstance(node, Einsum) and node in reached - through], through


def _within(product: Einsum, readers: Readers) -> bool:
    """Whether another product has all the operands of this one, which may then be a step towards it."""
    others = set.intersection(*(set(readers[operand]) for operand in product.operands))
    return any(isinstance(other, Einsum) for other in others - {product})


def _scaled(product: Einsum, place: int, number: float) -> Node:
    """`number` times a product, in one operand."""
    factors = [*zip(product.operands, product.subscripts, strict=True)]
    operand, labels = factors[place]
    axes = range(len(operand.axes))
    factors[place] = einsum([(operand, axes), (_staying(number), ())], axes), labels
    return einsum(factors, product.output)


def _staying(number: float) -> Node:
    """`number` as an operand that stays where it is put.

    The builders collect constants in front of a product, which is the place that this number comes from.  They do not
    look for constants behind functions, and the larger of `number` and `number` is `number`; that is what a plan has.
    """
    return apply("max", constant(number), constant(number))


def _smallest(product: Einsum, sizes: Mapping[Dim, int]) -> int:
    """The place of the operand with the fewest elements."""
    return min(range(len(product.operands)), key=lambda place: _size(product.operands[place], sizes))


def _size(node: Node, sizes: Mapping[Dim, int]) -> int:
    return prod(sizes[dim] for dim in node.axes)
