"""A derivative without its deltas multiplied out: the dense cores, and how they lie in the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from einderiv.ir import ONE, Add, Dim, Einsum, Node, Spread, Zero, einsum

Placing = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """`coefficient` times the product of `factors`, each a dense node with the result axis of each of its axes.

    Axis a of the result is tied to axis `ties[a]`: the piece is zero unless tied axes agree, as in `ir.Spread`.  So
    δ_ik x_l is `Piece(1.0, (0, 0, 2), ((x, (2,)),))`.  Without factors it is the coefficient on the diagonals.
    """

    coefficient: float
    ties: tuple[int, ...]
    factors: tuple[tuple[Node, Placing], ...]


def cores(node: Node, sizes: Mapping[Dim, int]) -> list[Piece]:
    """The pieces whose sum is `node`; plan their factors to compute them.

    A product whose parts share no summed index stays in parts where that holds fewer numbers: M_pr x_q x_s is M, x, x.
    """
    pieces = []
    for term in node.terms if isinstance(node, Add) and node.tied else (node,):
        match term:
            case Zero():
                continue
            case Spread(core=core, placing=placing, ties=ties, coefficient=coefficient):
                parts = [] if core is ONE else _components(core, placing, sizes)
            case _:
                ties, coefficient = tuple(range(len(term.axes))), 1.0
                parts = _components(term, ties, sizes)
        pieces.append(Piece(coefficient, ties, tuple(parts)))
    return pieces


def _components(core: Node, placing: Placing, sizes: Mapping[Dim, int]) -> list[tuple[Node, Placing]]:
    """The parts of a product that no summed label joins, merged again where the product is no larger than its parts."""
    if not isinstance(core, Einsum):
        return [(core, placing)]
    axis = dict(zip(core.output, placing, strict=True))
    groups: list[tuple[list[int], set[int]]] = []
    for position, labels in enumerate(core.subscripts):
        merged, summed = [position], {label for label in labels if label not in axis}
        for group in [group for group in groups if group[1] & summed]:
            groups.remove(group)
            merged, summed = group[0] + merged, group[1] | summed
        groups.append((merged, summed))
    lengths = {label: sizes.get(dim, dim.size or 1) for label, dim in core.dims.items()}
    members = _merged([sorted(positions) for positions, _ in groups], core, lengths)
    if len(members) == 1:
        return [(core, placing)]
    return [_part(core, positions, axis) for positions in members]


def _merged(groups: list[list[int]], core: Einsum, lengths: Mapping[int, int]) -> list[list[int]]:
    """Groups of operands, two of them made one as long as their product holds no more numbers than they do."""

    def reach(positions: Sequence[int]) -> set[int]:
        return {label for position in positions for label in core.subscripts[position] if label in core.output}

    def held(positions: Sequence[int]) -> int:
        return prod(lengths[label] for label in reach(positions))

    groups = sorted(groups)
    place = 0
    while place < len(groups):
        one = groups[place]
        for other in groups[place + 1 :]:
            if held(one + other) <= held(one) + held(other):
                groups.remove(other)
                groups[place] = sorted(one + other)
                place = -1
                break
        place += 1
    return groups


def _part(core: Einsum, positions: Sequence[int], axis: Mapping[int, int]) -> tuple[Node, Placing]:
    """The product of some operands of a core, and the result axes of its axes."""
    factors = [(core.operands[position], core.subscripts[position]) for position in positions]
    output = list(dict.fromkeys(label for _, labels in factors for label in labels if label in axis))
    product = einsum(factors, output)
    if isinstance(product, Spread) and not product.tied and product.coefficient == 1.0:
        return product.core, tuple(axis[output[place]] for place in product.placing)
    return product, tuple(axis[label] for label in output)
