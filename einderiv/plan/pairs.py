"""A product of many operands as products of two, each a node of its own.

The partial products are nodes in normal form, so that equal ones are one object: in `A_ij B_jk B_lk A_zl` the two
halves are transposes of each other, and the plan makes one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from einderiv.ir import Dim, Einsum, Node, Spread, einsum
from einderiv.plan.order import contraction_order

Factor = tuple[Node, tuple[int, ...]]


def pairwise(node: Einsum, sizes: Mapping[Dim, int]) -> list[Node]:
    """The partial products that lead to `node`, in order; the last is equal to `node`.

    A label that one operand alone has, and that is summed, is summed first: Σ_ij A_ij x_j is (Σ_i A_ij) x_j.
    """
    products: list[Node] = []
    factors: list[Factor] = []
    uses = _uses([labels for labels in node.subscripts], node.output)
    for operand, labels in zip(node.operands, node.subscripts, strict=True):
        kept = tuple(dict.fromkeys(label for label in labels if uses[label] > 1))
        if set(kept) == set(labels):
            factors.append((operand, labels))
        else:
            factors.append((einsum([(operand, labels)], kept), kept))
            products.append(factors[-1][0])
    if len(factors) > 1:
        products += _paired(factors, node, {label: sizes[dim] for label, dim in node.dims.items()})
    return products


def _paired(factors: list[Factor], node: Einsum, lengths: Mapping[int, int]) -> list[Node]:
    """The products of two of a contraction without labels of one operand alone."""
    products = []
    uses = _uses([labels for _, labels in factors], node.output)
    for one, other in contraction_order([labels for _, labels in factors], node.output, lengths):
        right, left = factors.pop(other), factors.pop(one)
        for label in {*left[1], *right[1]}:
            uses[label] -= (label in left[1]) + (label in right[1])
        if factors:
            kept = tuple(label for label in dict.fromkeys(left[1] + right[1]) if uses[label])
        else:
            kept = node.output
        product = einsum([left, right], kept)
        for label in kept:
            uses[label] += 1
        factors.append((product, kept))
        products.append(product)
    return products


def price(node: Node, sizes: Mapping[Dim, int]) -> int:
    """The floating-point operations of a product, in the best order; of another node, 0."""
    if not isinstance(node, Einsum):
        return 0
    total = 0
    for product in pairwise(node, sizes) if len(node.operands) > 2 else [node]:
        core = product.core if isinstance(product, Spread) else product
        if isinstance(core, Einsum):
            dims = core.dims
            summed = len(dims) > len(core.output) and len(core.operands) > 1
            total += prod(sizes[dim] for dim in dims.values()) * (2 if summed else 1)
    return total


def _uses(subscripts: Sequence[Sequence[int]], output: Sequence[int]) -> dict[int, int]:
    """How many operands, and the output, have each label."""
    uses = dict.fromkeys(output, 1)
    for labels in subscripts:
        for label in set(labels):
            uses[label] = uses.get(label, 0) + 1
    return uses
