"""What depends on fixed inputs alone costs nothing in a call; here expressions are arranged so that more of it does."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from math import prod

from einderiv.ir import (
    Add,
    Dim,
    Einsum,
    Input,
    Node,
    Selection,
    Spread,
    add,
    children,
    einsum,
    rewrite,
    topological,
    used_axes,
)
from einderiv.plan.expand import GAIN, Readers, linear, multiplied_out, readers_in, taken_apart, term_products
from einderiv.plan.pairs import price

CALLS = 1000  # among which the work is divided that is done once


def arranged(outputs: Sequence[Node], sizes: Mapping[Dim, int], fixed: Collection[str]) -> list[Node]:
    """X_nd (X_ne w_e - y_n) = (X_nd X_ne) w_e - X_nd y_n for fixed X and y, where a call then takes less work.

    Residuals are multiplied out, products and sums of fixed factors and terms made first.  What is kept for it never
    holds more numbers than what it is made of.
    """
    free = _Free(outputs, fixed)
    for residual in [node for node in topological(outputs) if isinstance(node, Add) and _open(node, free)]:
        readers = readers_in(topological(outputs))
        if residual in readers:
            products = _worthwhile(residual, readers, residual in outputs, sizes, free)
            if products:
                outputs = multiplied_out(outputs, dict.fromkeys(products, residual), readers)

    def rule(node: Node) -> Node:
        match node:
            case Einsum():
                return grouped(node, sizes, free)[0]
            case Add(tied=False):
                return _sums_apart(node, sizes, free)
            case _:
                return node

    return rewrite(outputs, rule)


class _Free:
    """Whether a node depends on fixed inputs alone, or on none."""

    def __init__(self, outputs: Sequence[Node], fixed: Collection[str]) -> None:
        self._fixed = fixed
        self._known: dict[Node, bool] = {}
        for node in topological(outputs):
            self(node)

    def __call__(self, node: Node) -> bool:
        if node not in self._known:
            own = node.name in self._fixed if isinstance(node, Input) else True
            self._known[node] = own and all(self(child) for child in children(node))
        return self._known[node]


def _open(residual: Add, free: _Free) -> bool:
    """Whether a sum changes, and has the rounding of a product that is summed in it, so that it may be taken apart."""
    return not (residual.tied or free(residual)) and any(
        isinstance(core := _core(term), Einsum) and len(core.dims) > len(core.output) for term in residual.terms
    )


def _worthwhile(residual: Add, readers: Readers, asked: bool, sizes: Mapping[Dim, int], free: _Free) -> list[Einsum]:
    """The products that are linear in a residual, if with its terms they take less work in a call; else none."""
    reading = readers[residual]
    products = [reader for reader in reading if isinstance(reader, Einsum) and linear(reader, residual)]
    products = [each for each in products if any(free(operand) for operand in each.operands)]
    made = sum(_work(product, sizes, free) for product in products)
    if len(products) == len(reading) and not asked:
        made += _count(residual, sizes) * len(residual.terms)
        made += sum(_work(core, sizes, free) for term in residual.terms if (core := taken_apart(term, readers)))
    apart = 0.0
    for product in products:
        terms = term_products(product, residual, readers)
        apart += _count(product, sizes) * len(terms)
        apart += sum(_work(_core(term), sizes, free) for term in terms)
    return products if apart < GAIN * made else []


def _work(node: Node, sizes: Mapping[Dim, int], free: _Free) -> float:
    """The operations of a product in one call, its fixed factors put together."""
    if free(node):
        return price(node, sizes) / CALLS
    return grouped(node, sizes, free)[1] if isinstance(node, Einsum) else 0.0


def grouped(node: Einsum, sizes: Mapping[Dim, int], free: _Free) -> tuple[Node, float]:
    """A product with some fixed factors multiplied first, where this takes less work in a call; and its work.

    Two groups of factors are put together at a time, so this ends.
    """
    least: float = price(node, sizes)
    found: Node = node
    if free(node) or any(isinstance(operand, Selection) for operand in node.operands):
        return node, least
    groups: list[tuple[int, ...]] = [(place,) for place, operand in enumerate(node.operands) if free(operand)]
    while True:
        choice = None
        for one, other in combinations(groups, 2):
            merged = [group for group in groups if group not in (one, other)] + [tuple(sorted((*one, *other)))]
            made, work = _apart(node, merged, sizes)
            if work < least:
                least, found, choice = work, made, merged
        if choice is None:
            return found, least
        groups = choice


def _apart(node: Einsum, groups: Sequence[Sequence[int]], sizes: Mapping[Dim, int]) -> tuple[Node, float]:
    """A product of products of some of its factors, and its work in one call; infinite if these hold too much."""
    factors = list(zip(node.operands, node.subscripts, strict=True))
    taken = {place for group in groups for place in group}
    rest = [factor for place, factor in enumerate(factors) if place not in taken]
    inner, work = [], 0.0
    for group in groups:
        own = [factors[place] for place in group]
        others = rest + [factor for place, factor in enumerate(factors) if place in taken and place not in group]
        outside = {label for _, labels in others for label in labels} | {*node.output}
        kept = [label for label in dict.fromkeys(label for _, labels in own for label in labels) if label in outside]
        product = own[0][0] if len(own) == 1 else einsum(own, kept)
        if len(own) > 1:
            held = sum(_count(operand, sizes) for operand in {operand for operand, _ in own})
            work += float("inf") if _count(product, sizes) > held else price(_core(product), sizes) / CALLS
        inner.append((product, kept if len(own) > 1 else own[0][1]))
    made = einsum([*inner, *rest], node.output, dims=node.dims)
    return made, work + price(_core(made), sizes)


def _sums_apart(node: Add, sizes: Mapping[Dim, int], free: _Free) -> Node:
    """a + b + x = (a + b) + x for fixed a and b, unless a + b has more numbers than each."""
    kept = [term for term in node.terms if free(term)]
    if len(kept) < 2 or len(kept) == len(node.terms):
        return node
    axes = set().union(*(used_axes(term) for term in kept))
    whole = prod(sizes[node.axes[axis]] for axis in axes)
    if whole > max(_count(_core(term), sizes) for term in kept):
        return node
    return add([add(kept), *(term for term in node.terms if not free(term))])


def _core(node: Node) -> Node:
    return node.core if isinstance(node, Spread) else node


def _count(node: Node, sizes: Mapping[Dim, int]) -> int:
    """How many numbers a node has."""
    return prod(sizes[dim] for dim in _core(node).axes)
