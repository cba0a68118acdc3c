"""Products with selections as steps: reads, writes, comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import prod

from einderiv.errors import EinValueError
from einderiv.ir import Add, Affine, Dim, Einsum, Input, Node, Selection, Spread, topological
from einderiv.plan.access import At, Line, Locate, Match, Pad, Place, Read, Write, labels_of, looped
from einderiv.plan.select import Factor, Labels, Pick, parted, plain
from einderiv.plan.slots import Slots, Writing
from einderiv.plan.steps import Fill, View


def index_inputs(nodes: Iterable[Node]) -> frozenset[str]:
    """The names of the inputs that hold positions, which are integers whatever the other arrays are."""
    found: set[str] = set()
    pending = [node.index for node in topological(nodes) if isinstance(node, Selection)]
    while pending:
        match pending.pop():
            case Input(name=name):
                found.add(name)
            case Spread(core=core):
                pending.append(core)
            case Add(terms=parts) | Einsum(operands=parts):
                pending += [part for part in parts if not isinstance(part, Selection)]
            case _:
                pass
    return frozenset(found)


class Structure:
    """The selections of a plan: where their positions are, and the steps that read and write there."""

    def __init__(self, slots: Slots, names: Mapping[Node, str]) -> None:
        self.raw: dict[Node, int] = {}
        self._slots = slots
        self._names = names
        self._located: dict[tuple[int, int, bool], int] = {}

    def name(self, node: Node) -> str:
        """What a user calls a tensor; nothing if it has no name."""
        return self._names.get(node) or (node.name if isinstance(node, Input) else "")

    def read(self, node: Einsum) -> None:
        """A `Read`, held as `node`."""
        ((operand, labels),), picks = parted(node)
        slot, labels, axes = self._distinct(operand, labels)
        numbers = _Numbers(node, self._slots.sizes)
        operands = [slot]
        selected = {pick.label: pick for pick in picks}
        for label in labels:
            numbers.of(selected[label].index if label in selected else [label])
        places: list[Place] = []
        margins = []
        for axis, label in zip(axes, labels, strict=True):
            pick = selected.get(label)
            place: Place = (
                numbers.of([label])[0] if pick is None else self._place(pick, numbers, operands, (operand, axis))
            )
            before, after = (0, 0) if pick is None else self._outside(place, numbers, pick, operand, axis)
            if isinstance(place, Line):
                place = replace(place, constant=place.constant + before)
            places.append(place)
            margins.append((before, after))
        if any(before or after for before, after in margins):
            shape = zip(self._slots.steps[slot].shape, margins, strict=True)
            padded = tuple(length + before + after for length, (before, after) in shape)
            operands[0] = self._slots.once(slot, Pad(tuple(margins)), padded)
        output = tuple(dict.fromkeys(label for place in places for label in labels_of(place)))
        operation = Read(tuple(places), output, numbers.lengths)
        slot = self._slots.emit(operation, tuple(operands), tuple(numbers.lengths[label] for label in output))
        order = [numbers.of([label])[0] for label in node.output]
        self._slots.hold(node, slot, tuple(order.index(label) for label in output))

    def _distinct(self, operand: Node, labels: Labels) -> tuple[int, Labels, Labels]:
        """The slot of an operand with its diagonals taken, the label and the axis that each axis of the slot is."""
        slot, placing = self._slots.whole(operand)
        own = tuple(labels[axis] for axis in placing)
        distinct = tuple(dict.fromkeys(own))
        if len(distinct) < len(own):
            lengths = dict(zip(own, self._slots.steps[slot].shape, strict=True))
            view = View(tuple(distinct.index(label) for label in own))
            slot = self._slots.once(slot, view, tuple(lengths[label] for label in distinct))
        return slot, distinct, tuple(placing[own.index(label)] for label in distinct)

    def match(self, node: Einsum) -> None:
        """A `Match`, held as `node`."""
        _, picks = parted(node)
        first, *others = picks
        numbers = _Numbers(node, self._slots.sizes)
        output = numbers.of(node.output)
        operands: list[int] = []
        left = self._place(first, numbers, operands)
        right = self._place(others[0], numbers, operands) if others else None
        operation = Match(left, right, output, numbers.lengths, self._slots.sizes[first.node.dim])
        self._slots.hold(node, self._slots.emit(operation, tuple(operands), self._slots.shape(node)))

    def write(self, node: Einsum) -> Writing:
        """What writes `node`."""
        dense, picks = parted(node)
        return self._writing(dense[0] if dense else None, picks, node.output, _Numbers(node, self._slots.sizes))

    def selection(self, node: Selection) -> Writing:
        """What writes a selection as an array: ones."""
        axes = tuple(range(len(node.axes)))
        pick = plain(Pick(node, axes[:-1], axes[-1]))
        return self._writing(None, [pick], axes, _Numbers(node, self._slots.sizes))

    def _writing(self, source: Factor | None, picks: Sequence[Pick], output: Labels, numbers: _Numbers) -> Writing:
        operands: list[int] = []
        labels: tuple[int, ...] = ()
        if source is None:
            operands.append(self._slots.emit(Fill(1.0), (), ()))
        else:
            slot, own, _ = self._distinct(*source)
            operands, labels = [slot], numbers.of(own)
        selected = {pick.label: pick for pick in picks}
        places: list[Place] = []
        for label in output:
            pick = selected.get(label)
            place = numbers.of([label])[0] if pick is None else self._place(pick, numbers, operands)
            places.append(place)
            if pick is not None:
                self._outside(place, numbers, pick)
        shape = tuple(numbers.sizes[numbers.dims[label]] for label in output)
        return Writing(Write(tuple(places), labels, numbers.lengths, 1.0, False), tuple(operands), shape)

    def arranged(self, node: Einsum) -> tuple[Einsum, tuple[int, ...]] | None:
        """The product that a write needs, and the order of its axes in which the slices to be written are compact."""
        dense, picks = parted(node)
        if not dense or not all(pick.affine for pick in picks):
            return None
        (operand, labels), numbers = dense[0], _Numbers(node, self._slots.sizes)
        if not isinstance(operand, Einsum) or len(set(labels)) < len(labels):
            return None
        places = self._writing_places(picks, node.output, numbers)
        shape = self._slots.shape(node)
        loop = looped(places, numbers.lengths, shape)

        loops = {labels[axis] for axis in range(len(labels)) if numbers.of([labels[axis]])[0] in loop}
        free = [axis for axis in range(len(labels)) if labels[axis] not in loops]
        natural = _natural(operand, free, self._slots)
        return operand, (*(axis for axis in range(len(labels)) if axis not in free), *natural)

    def _writing_places(self, picks: Sequence[Pick], output: Labels, numbers: _Numbers) -> list[Place]:
        lines = {pick.label: self._place(pick, numbers, []) for pick in picks}
        return [lines[label] if label in lines else numbers.of([label])[0] for label in output]

    def _place(
        self, pick: Pick, numbers: _Numbers, operands: list[int], read: tuple[Node | None, int] = (None, 0)
    ) -> Line | At:
        """Where a selection reads or writes; an index that is an array becomes an operand."""
        index = pick.node.index
        labels = numbers.of(pick.index)
        if isinstance(index, Affine):
            return Line(index.coefficients, labels, index.constant)
        slot, placing = self._positions(pick, self._where(pick, *read))
        operands.append(slot)
        return At(len(operands) - 1, tuple(labels[axis] for axis in placing), not pick.node.strict)

    def _positions(self, pick: Pick, where: str) -> tuple[int, tuple[int, ...]]:
        """The slot of an index as checked positions, and the axis of the index that each of its axes is."""
        index, size = pick.node.index, self._slots.sizes[pick.node.dim]
        core, placing = index, tuple(range(len(index.axes)))
        if isinstance(index, Spread) and index.coefficient == 1.0 and sorted(index.placing) == list(index.ties):
            core, placing = index.core, index.placing
        if core in self.raw:
            slot = self.raw[core]
        else:
            slot, placing = self._slots.whole(index)
            core = index
        key = slot, size, pick.node.strict
        if key not in self._located:
            operation = Locate(self.name(core), where, size, pick.node.strict)
            self._located[key] = self._slots.emit(operation, (slot,), self._slots.steps[slot].shape)
        return self._located[key], placing

    def _where(self, pick: Pick, operand: Node | None = None, axis: int = 0) -> str:
        """What positions are of."""
        name = "" if operand is None else self.name(operand)
        return f"axis {axis} of `{name}`" if name else f"the index `{pick.node.dim}`"

    def _outside(
        self, place: Place, numbers: _Numbers, pick: Pick, operand: Node | None = None, axis: int = 0
    ) -> tuple[int, int]:
        """By how much positions lie before and behind the axis, if they are known now; refused if they must not."""
        lengths, size = numbers.lengths, self._slots.sizes[pick.node.dim]
        if not isinstance(place, Line) or any(not lengths[label] for label in place.labels):
            return 0, 0
        low, high = place.reach(lengths)
        if pick.node.strict and (low < 0 or high >= size):
            raise EinValueError(
                "E0510",
                f"position {low if low < 0 else high} is read, but {self._where(pick, operand, axis)} has "
                f"{size} {'entry' if size == 1 else 'entries'}",
            )
        return max(0, -low), max(0, high + 1 - size)


def _natural(product: Einsum, axes: Sequence[int], slots: Slots) -> list[int]:
    """Some axes of a product in the order that the operands have them, those of the largest operand last."""
    place: dict[int, tuple[int, int]] = {}
    for operand, labels in zip(product.operands, product.subscripts, strict=True):
        size = prod(slots.shape(operand))
        for position, label in enumerate(labels):
            place[label] = max(place.get(label, (0, 0)), (size, position))
    return sorted(axes, key=lambda axis: place[product.output[axis]])


class _Numbers:
    """The labels of a product numbered anew: 0, 1, 2, … in order of use."""

    def __init__(self, node: Einsum | Selection, sizes: Mapping[Dim, int]) -> None:
        self.sizes = sizes
        self.dims = node.dims if isinstance(node, Einsum) else dict(enumerate(node.axes))
        self._number: dict[int, int] = {}

    def of(self, labels: Iterable[int]) -> tuple[int, ...]:
        """The numbers of labels."""
        return tuple(self._number.setdefault(label, len(self._number)) for label in labels)

    @property
    def lengths(self) -> tuple[int, ...]:
        """How many values each number has."""
        return tuple(self.sizes[self.dims[label]] for label in self._number)
