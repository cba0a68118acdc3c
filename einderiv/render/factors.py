"""The factors of a product as its text has them: powers, divisors, and selections in subscripts.

Σ_p [p == t_n] E_pd is `E_{t_n,d}`, and Σ_p [p == i + k] x_p is `x_{i+k}`: where the selection is strict, and p is
summed and stands otherwise in tensors only.  Other selections are brackets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from einderiv.ir import Affine, Dim, Einsum, Input, Map, Node, Selection, Spread

Item = TypeVar("Item")
UPSTREAM = "∂"  # what the name of an upstream derivative starts with; its subscript has letters only


@dataclass(frozen=True, slots=True)
class Lookup:
    """The position `index`, with the axes `labels`, along an axis of size `dim`: `i+k` of `x_{i+k}`."""

    index: Node
    labels: tuple[Hashable, ...]
    dim: Dim


@dataclass(frozen=True, slots=True)
class Factor:
    """An operand of a product with a label or a lookup for each axis, `count` times; `below` as a divisor."""

    node: Node
    items: tuple[Hashable | Lookup, ...]
    count: int = 1
    below: bool = False

    @property
    def looks_up(self) -> bool:
        """Whether an axis is read at a position."""
        return any(isinstance(item, Lookup) for item in self.items)

    @property
    def labels(self) -> tuple[Hashable, ...]:
        """The labels of all items, as often as they stand there."""
        return tuple(label for item in self.items for label in _labels(item))


def _labels(item: Hashable | Lookup) -> tuple[Hashable, ...]:
    return item.labels if isinstance(item, Lookup) else (item,)


def factors(node: Einsum, named: Container[Node]) -> list[Factor]:
    """The operands of a product as its text has them: equal ones as a power, reciprocals as divisors.

    A power counts once, so the letters of a square must be kept or stand in another factor too: `R_ij R_ij` is summed.
    """
    counts: dict[tuple[Node, tuple[Hashable | Lookup, ...]], int] = {}
    lookups = _lookups(node, named)
    for operand, labels in zip(node.operands, node.subscripts, strict=True):
        if not (isinstance(operand, Selection) and operand not in named and _consumed(operand, labels, lookups)):
            base, own, power = _base(operand, labels, named)
            items: tuple[Hashable | Lookup, ...] = tuple(lookups.get(label, label) for label in own)
            counts[base, items] = counts.get((base, items), 0) + power
    found = []
    standing = Counter(label for _, items in counts for label in {label for item in items for label in _labels(item)})
    standing.update(node.output)
    for (operand, items), count in counts.items():
        together = count > 2 or all(standing[label] > 1 for label in Factor(operand, items).labels)
        below = isinstance(operand, Map) and operand.function == "reciprocal" and operand not in named
        part = operand.arguments[0] if isinstance(operand, Map) and below else operand
        found += [Factor(part, items, count if together else 1, below)] * (1 if together else count)
    return found


def _base(operand: Node, labels: Sequence[int], named: Container[Node]) -> tuple[Node, Sequence[int], int]:
    """What an operand is a power of, element by element, with its labels and the power: x, 4 of the x² in x² x²."""
    power = 1
    while isinstance(operand, Einsum) and operand not in named:
        base, axes = operand.operands[0], operand.subscripts[0]
        if set(operand.operands) != {base} or set(operand.subscripts) != {axes} or set(axes) != set(operand.output):
            break
        outer = dict(zip(operand.output, labels, strict=True))
        power *= len(operand.operands)
        operand, labels = base, [outer[axis] for axis in axes]
    return operand, labels, power


def _consumed(selection: Selection, labels: Sequence[int], lookups: Mapping[int, Lookup]) -> bool:
    """Whether a selection stands in subscripts."""
    place = lookups.get(labels[-1])
    return place is not None and place == _lookup(selection, labels)


def _lookups(node: Einsum, named: Container[Node]) -> dict[int, Lookup]:
    """The summed labels that stand in tensors and in one strict selection, with what they are there."""
    found: dict[int, Lookup] = {}
    pairs = list(zip(node.operands, node.subscripts, strict=True))
    for selection, labels in pairs:
        if not isinstance(selection, Selection) or selection in named or not selection.strict:
            continue
        label = labels[-1]
        if label in node.output or label in found or len(set(labels)) < len(labels):
            continue
        place = _lookup(selection, labels)
        others = [(x, group) for x, group in pairs if label in group and not (x is selection and group == labels)]
        if _is_position(place.index, named) and others:
            trial = {**found, label: place}
            if all(is_tensor(x, named) and group.count(label) == 1 and _apart(group, trial) for x, group in others):
                found = trial
    return found


def _lookup(selection: Selection, labels: Sequence[int]) -> Lookup:
    """What the last label of a selection is by the others; a transposed tensor of integers by its own axes."""
    index, around = selection.index, tuple(labels[:-1])
    if isinstance(index, Spread) and is_transposition(index):
        return Lookup(index.core, tuple(around[axis] for axis in index.placing), selection.dim)
    return Lookup(index, around, selection.dim)


def _is_position(index: Node, named: Container[Node]) -> bool:
    """Whether `index` can stand in a subscript: a bare name there would be a letter."""
    return isinstance(index, Affine) or (bool(index.axes) and is_tensor(index, named))


def is_tensor(node: Node, named: Container[Node]) -> bool:
    """Whether `node` is printed as a name whose subscript may have more than letters."""
    if isinstance(node, Input):
        return not node.name.startswith(UPSTREAM)
    return node in named and not isinstance(node, Selection)


def _apart(group: Iterable[int], lookups: Mapping[int, Lookup]) -> bool:
    """Whether the letters of offsets stand nowhere else in a tensor, where each would be an offset too."""
    items = [lookups.get(label, label) for label in group]
    offsets = [item for item in items if isinstance(item, Lookup) and isinstance(item.index, Affine)]
    moved = {label for item in offsets for label in item.labels}
    return moved.isdisjoint(label for item in items if item not in offsets for label in _labels(item))


def is_transposition(node: Spread) -> bool:
    """Whether a spread changes only the order of its core's axes."""
    return node.coefficient == 1.0 and not node.tied and sorted(node.placing) == list(range(len(node.shape)))
