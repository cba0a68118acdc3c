"""The terms of a sum taken apart into factors, and what two of them have in common."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from einderiv.ir.nodes import ONE, Dim, Einsum, Node, Spread

Factor = tuple[Node, tuple[int, ...]]
Rest = list[tuple[Node, tuple[Hashable, ...]]]  # what a term has besides the factors that it shares


@dataclass(frozen=True, slots=True)
class Summand:
    """A term of a sum: a number times factors; axis k of the sum is label k, what is summed has labels below 0."""

    coefficient: float
    factors: tuple[Factor, ...]

    @property
    def dims(self) -> dict[int, Dim]:
        """The size of each label."""
        return {label: dim for node, labels in self.factors for label, dim in zip(labels, node.axes, strict=True)}

    @property
    def summed(self) -> bool:
        """Whether a label is summed."""
        return any(label < 0 for _, labels in self.factors for label in labels)


def summand(node: Node) -> Summand:
    """A term of a sum without deltas, taken apart."""
    coefficient = node.coefficient if isinstance(node, Spread) else 1.0
    core, placing = (node.core, node.placing) if isinstance(node, Spread) else (node, tuple(range(len(node.axes))))
    if not isinstance(core, Einsum):
        return Summand(coefficient, () if core is ONE else ((core, placing),))
    place = dict(zip(core.output, placing, strict=True))
    factors = zip(core.operands, core.subscripts, strict=True)
    return Summand(
        coefficient, tuple((node, tuple(place.get(label, -1 - label) for label in labels)) for node, labels in factors)
    )


def shared_factors(first: Summand, other: Summand) -> dict[int, int]:
    """The places of factors of one term that another has too, its summed labels under other names, with the places."""
    pairs: dict[int, int] = {}
    names: dict[int, int] = {}
    for place, (node, labels) in enumerate(first.factors):
        for position, (another, around) in enumerate(other.factors):
            if another is node and position not in pairs.values():
                wider = _corresponding(labels, around, names)
                if wider is not None:
                    pairs[place], names = position, wider
                    break
    return pairs


def _corresponding(labels: Sequence[int], others: Sequence[int], names: Mapping[int, int]) -> dict[int, int] | None:
    """`names`, the labels of one term in another, with those of two factors; None where they cannot be the same."""
    wider = dict(names)
    for one, other in zip(labels, others, strict=True):
        if one >= 0 or other >= 0:
            if one != other:
                return None
        elif wider.setdefault(one, other) != other:
            return None
    return wider if len(set(wider.values())) == len(wider) else None


def rest_of(first: Summand, other: Summand, pairs: Mapping[int, int]) -> Rest:
    """What a term has besides the factors that it shares with the first, in whose labels it is given."""
    names: dict[int, Hashable] = {
        theirs: ours
        for place, position in pairs.items()
        for ours, theirs in zip(first.factors[place][1], other.factors[position][1], strict=True)
    }
    taken = set(pairs.values())
    return [
        (node, tuple(names.get(label, label if label >= 0 else ("own", label)) for label in labels))
        for place, (node, labels) in enumerate(other.factors)
        if place not in taken
    ]
