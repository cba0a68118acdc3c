"""Residuals that are never made: a product with T - A B as products with its terms, where that is less work."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from math import prod

from einderiv.ir import Add, Dim, Einsum, Node, Selection, Spread, add, children, einsum, rebuild, topological
from einderiv.plan.pairs import price

Readers = Mapping[Node, Sequence[Node]]
GAIN = 0.9  # of the work, at which a residual is multiplied out


def expanded(outputs: Sequence[Node], sizes: Mapping[Dim, int]) -> list[Node]:
    """(T_ij - A_ir B_jr) B_js = T_ij B_js - A_ir (B_jr B_js), where this takes less work at these sizes.

    Only in products that are linear in the residual, as gradients are; a square, Σ_ij R_ij R_ij, stays one, since its
    terms would cancel.  And only where a term A B holds fewer numbers than the residual: its own rounding is then that
    of a sum of products, which the expansion has as well.  Each residual goes at most once, so this ends.
    """
    order = topological(outputs)
    residuals = [node for node in order if isinstance(node, Add) and _residual(node, sizes)]
    if not residuals:
        return list(outputs)
    readers = readers_in(order)
    chosen: dict[Node, Add] = {}
    for residual in residuals:
        reading = readers[residual]
        if residual not in outputs and chosen.keys().isdisjoint(reading) and _gains(residual, readers, sizes):
            chosen.update((reader, residual) for reader in reading)
    return multiplied_out(outputs, chosen, readers)


def readers_in(order: Sequence[Node]) -> dict[Node, list[Node]]:
    """For each node those that it is a part of, among these; once for each time that it is."""
    readers: dict[Node, list[Node]] = {node: [] for node in order}
    for node in order:
        for child in children(node):
            readers[child].append(node)
    return readers


def multiplied_out(outputs: Sequence[Node], chosen: Mapping[Node, Add], readers: Readers) -> list[Node]:
    """`outputs` with each chosen product, which has a sum once, as the sum of the products with its terms."""
    made: dict[Node, Node] = {}
    for node in readers:
        found = node
        if isinstance(node, Einsum) and node in chosen:
            found = add(term_products(node, chosen[node], readers), node.axes)
            for part in topological([found], stop=made):
                made.setdefault(part, _rebuilt(part, made))
        made[node] = made[found] if found is not node else _rebuilt(node, made)
    return [made[output] for output in outputs]


def _rebuilt(node: Node, made: Mapping[Node, Node]) -> Node:
    return rebuild(node, [made[child] for child in node.parts])


def _residual(node: Add, sizes: Mapping[Dim, int]) -> bool:
    """Whether a term is a product that holds fewer numbers than the sum."""
    if node.tied:
        return False
    whole = prod(sizes[dim] for dim in node.axes)
    cores = [term.core if isinstance(term, Spread) else term for term in node.terms]
    return any(
        isinstance(core, Einsum)
        and len(core.dims) > len(core.output)
        and sum(prod(sizes[dim] for dim in operand.axes) for operand in core.operands) < whole
        for core in cores
    )


def _gains(residual: Add, readers: Readers, sizes: Mapping[Dim, int]) -> bool:
    """Whether all that reads a residual is a product with it, and these take less work multiplied out."""
    products = [reader for reader in readers[residual] if isinstance(reader, Einsum) and linear(reader, residual)]
    if not products or len(products) < len(readers[residual]):
        return False
    made = prod(sizes[dim] for dim in residual.axes) * len(residual.terms)
    made += sum(price(core, sizes) for term in residual.terms if (core := taken_apart(term, readers)))
    made += sum(price(product, sizes) for product in products)
    apart = 0
    for product in products:
        terms = term_products(product, residual, readers)
        apart += prod(sizes[dim] for dim in product.axes) * len(terms)
        apart += sum(price(term.core if isinstance(term, Spread) else term, sizes) for term in terms)
    return apart < GAIN * made


def linear(product: Einsum, residual: Node) -> bool:
    """Whether a product has a residual once, and no selection, which is not multiplied but read."""
    once = sum(operand is residual for operand in product.operands) == 1
    return once and not any(isinstance(operand, Selection) for operand in product.operands)


def _own_product(term: Node, readers: Readers) -> Einsum | None:
    """The product that is a term, if only the sum reads it."""
    core = term.core if isinstance(term, Spread) else term
    alone = len(readers[term]) == 1 == len(readers[core])
    return core if alone and isinstance(core, Einsum) else None


def term_products(product: Einsum, residual: Add, readers: Readers) -> list[Node]:
    """The products that a product with a residual is the sum of, each with the factors of one term in its place."""
    place = product.operands.index(residual)
    axes = product.subscripts[place]
    others = [
        (operand, labels)
        for position, (operand, labels) in enumerate(zip(product.operands, product.subscripts, strict=True))
        if position != place
    ]
    return [
        einsum([*others, *_factors(term, axes, readers)], product.output, _amount(term, readers), product.dims)
        for term in residual.terms
    ]


def _amount(term: Node, readers: Readers) -> float:
    """The number before a term that is taken apart."""
    return term.coefficient if isinstance(term, Spread) and taken_apart(term, readers) else 1.0


def taken_apart(term: Node, readers: Readers) -> Einsum | None:
    """The product that is taken apart: a term read once whose axes the product has all of."""
    core = _own_product(term, readers)
    return core if core is not None and len(core.output) == len(term.axes) else None


def _factors(term: Node, axes: Sequence[int], readers: Readers) -> list[tuple[Node, Sequence[Hashable]]]:
    """A term of a residual as factors, where the axes of the residual have these labels."""
    core = taken_apart(term, readers)
    if core is None:
        return [(term, axes)]
    placing = term.placing if isinstance(term, Spread) else range(len(axes))
    outer = {label: axes[axis] for label, axis in zip(core.output, placing, strict=True)}
    return [
        (operand, [outer.get(label, ("inner", label)) for label in labels])
        for operand, labels in zip(core.operands, core.subscripts, strict=True)
    ]
