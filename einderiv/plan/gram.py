"""Products of a matrix with itself: Σ_n w_n S_na S_nb is symmetric, and half of it is computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from math import prod

from einderiv.ir import Dim, Einsum, Node, Spread, apply, einsum, lay, nonnegative, rewrite, symmetries, topological
from einderiv.plan.pairs import price

Factor = tuple[Node, tuple[int, ...]]
Pairs = tuple[tuple[int, int], ...]
ROWS = 16  # of the matrix, from which a product with itself is looked for
MIRRORED = 128  # rows from which one of two different factors is made block by block


def squared(outputs: Sequence[Node], sizes: Mapping[Dim, int]) -> list[Node]:
    """Σ_n w_n S_na S_nb = Σ_n Z_na Z_nb with Z_na = √w_n S_na for w ≥ 0; else Σ_n Z_na (sign(w_n) Z_nb) with √|w_n|.

    The second is the first for arrays in which no w is negative, which is seen when it is computed.
    Where S is a product it is made once, if that takes no more work than the best order.  The result is a product of
    two operands, which this leaves, so it ends.
    """

    def rule(node: Node) -> Node:
        if not isinstance(node, Einsum) or len(node.output) < 2 or not _repeats(node):
            return node
        core = _core(opened := _opened(node))
        if not isinstance(core, Einsum) or len(core.operands) < 3 or len(set(core.operands)) == len(core.operands):
            return node
        found = _squared(core, price(node, sizes), sizes)
        if found is core or not isinstance(opened, Spread):
            return node if found is core else found
        return lay(found, opened.placing, opened.ties, opened.coefficient, opened.shape)

    if not any(isinstance(node, Einsum) and len(node.output) > 1 and _repeats(node) for node in topological(outputs)):
        return list(outputs)
    return rewrite(outputs, rule)


def _repeats(product: Einsum) -> bool:
    """Whether an operand stands twice, perhaps within another that is a product."""
    found = list(product.operands)
    for operand in product.operands:
        found += operand.operands if isinstance(operand, Einsum) else ()
    return len(set(found)) < len(found)


def _opened(node: Einsum) -> Node:
    """A product with the factors of its operands that are products entry by entry, once each factor is summed alone."""
    factors: list[tuple[Node, Sequence[int]]] = []
    for operand, labels in zip(node.operands, node.subscripts, strict=True):
        if isinstance(operand, Einsum) and len(operand.operands) > 1 and _entrywise(operand):
            outer = dict(zip(operand.output, labels, strict=True))
            for part, around in zip(operand.operands, operand.subscripts, strict=True):
                kept = [label for label in dict.fromkeys(around) if label in outer]
                factors.append((einsum([(part, around)], kept), [outer[label] for label in kept]))
        else:
            factors.append((operand, labels))
    return node if len(factors) == len(node.operands) else einsum(factors, node.output)


def _entrywise(product: Einsum) -> bool:
    """Whether no label is summed over two factors."""
    uses = Counter(label for labels in product.subscripts for label in set(labels))
    return all(uses[label] == 1 or label in product.output for label in uses)


def _squared(node: Einsum, most: int, sizes: Mapping[Dim, int]) -> Node:
    """A product as that of two factors which a swap of its axes exchanges, if that is not more than `most` work."""
    for order in symmetries(node):
        swap = {node.output[axis]: node.output[other] for axis, other in enumerate(order)}
        if swap and all(one != other and swap[other] == one for one, other in swap.items()):
            halves = _halves(node, swap)
            found = halves and _product(node, *halves, swap, sizes)
            if found and found[1] <= most:
                return found[0]
    return node


def _halves(node: Einsum, swap: Mapping[int, int]) -> tuple[list[Factor], list[Factor]] | None:
    """The factors of S_na, those of S_nb being the same with labels swapped, and those of w_n."""
    counts = Counter(zip(node.operands, node.subscripts, strict=True))
    half: list[Factor] = []
    weight: list[Factor] = []
    side: set[int] = set()
    while counts:
        operand, labels = next(iter(counts))
        count = counts.pop((operand, labels))
        turned = tuple(swap.get(label, label) for label in labels)
        if turned == labels:
            weight += [(operand, labels)] * count
            continue
        chosen = next((each for each in (labels, turned) if not {swap.get(x) for x in each} & {*side, *each}), None)
        if chosen is None or counts.pop((operand, turned), 0) != count:
            return None
        side.update(label for label in chosen if label in swap)
        half += [(operand, chosen)] * count
    return half, weight


def _product(
    node: Einsum, half: list[Factor], weight: list[Factor], swap: Mapping[int, int], sizes: Mapping[Dim, int]
) -> tuple[Node, int] | None:
    """The product of the two factors, and how much work it is; None where it would not be less."""
    dims = node.dims
    labels = list(dict.fromkeys(label for _, around in half for label in around))
    rows = prod(sizes[dims[label]] for label in labels if label in swap)
    twice, once = _in_pairs(weight, labels)
    reach = [label for label in labels if any(label in around for _, around in once)]
    rest = einsum(once, reach)
    if rows < ROWS or (rows < MIRRORED and not nonnegative(rest)):
        return None
    above = nonnegative(rest)
    if once:
        twice.append((apply("sqrt", rest if above else apply("abs", rest)), tuple(reach)))
    square = einsum([*half, *twice], labels)
    other = einsum([(square, labels), (apply("sign", rest), reach)], labels) if once and not above else square
    work = prod(sizes[dims[label]] for label in labels) * rows
    work += sum(price(part, sizes) for part in {_core(square), _core(other)} if part not in node.operands)
    turned = [swap.get(label, label) for label in labels]
    return einsum([(square, labels), (other, turned)], node.output), work


def _in_pairs(weight: Sequence[Factor], labels: Collection[int]) -> tuple[list[Factor], list[Factor]]:
    """One of each two equal factors on these labels, and the factors that are left alone."""
    counts = Counter(weight)
    inside = {factor for factor in counts if set(factor[1]) <= set(labels)}
    twice = [factor for factor, count in counts.items() if factor in inside for _ in range(count // 2)]
    once = [f for f, count in counts.items() for _ in range(count % 2 if f in inside else count)]
    return twice, once


def mirrored(node: Einsum, sizes: Mapping[Dim, int]) -> Pairs:
    """The labels under whose exchange Σ_n Z_na (w_n Z_nb) stays the same, if it is that and large; else none."""
    if len(node.operands) != 2 or node.operands[0] is node.operands[1]:
        return ()
    factors = list(zip(node.operands, node.subscripts, strict=True))
    for (single, labels), (product, around) in (factors, factors[::-1]):
        if isinstance(product, Einsum) and single in product.operands and len(product.dims) == len(product.output):
            pairs = _exchanged(node, labels, product, around, product.operands.index(single))
            if pairs and prod(sizes[node.dims[one]] for one, _ in pairs) >= MIRRORED:
                return pairs if single is node.operands[0] else tuple((other, one) for one, other in pairs)
    return ()


def _exchanged(node: Einsum, labels: Sequence[int], product: Einsum, around: Sequence[int], place: int) -> Pairs:
    """The labels of S_na and of the S_nb in the other factor, in pairs, if w has none of them and the output all."""
    outer = dict(zip(product.output, around, strict=True))
    inner = [[outer[label] for label in own] for own in product.subscripts]
    pairs = tuple((one, other) for one, other in zip(labels, inner[place], strict=True) if one != other)
    ends = [label for pair in pairs for label in pair]
    weight = {label for position, own in enumerate(inner) if position != place for label in own}
    fits = len(set(ends)) == len(ends) and set(ends) == set(node.output) and not weight & set(ends)
    return pairs if fits else ()


def _core(node: Node) -> Node:
    return node.core if isinstance(node, Spread) else node
