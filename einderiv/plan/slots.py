"""The steps so far, and where in them each node is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from einderiv.errors import EinShapeError
from einderiv.ir import Dim, Node, Selection, Spread
from einderiv.plan.access import At, Write
from einderiv.plan.costs import costs
from einderiv.plan.steps import Combine, Fill, Load, Operation, Step, Term, View, shared


class Sizes(dict[Dim, int]):
    """The given sizes, and those that the program itself fixes."""

    def __missing__(self, dim: Dim) -> int:
        if dim.size is None:
            raise EinShapeError("E0304", f"nothing gives the size `{dim.name}`")
        return dim.size


@dataclass(frozen=True, slots=True)
class Writing:
    """A write that is not a step yet: what needs the array makes it one, and a sum adds it in place."""

    operation: Write
    operands: tuple[int, ...]
    shape: tuple[int, ...]


class Slots:
    """The steps so far, and for each node the slot that holds it with the axis of the node that each slot axis is."""

    def __init__(self, sizes: Mapping[Dim, int], itemsize: int) -> None:
        self.steps: list[Step] = []
        self.sizes = Sizes(sizes)
        self._itemsize = itemsize
        self.held: dict[Node, tuple[int, tuple[int, ...]]] = {}
        self.instead: dict[Node, Node] = {}
        self.writings: dict[Node, Writing] = {}
        self._made: dict[Writing, int] = {}
        self._views: dict[tuple[int, Operation, tuple[int, ...]], int] = {}

    def emit(self, operation: Operation, slots: tuple[int, ...], shape: tuple[int, ...]) -> int:
        """Append a step with its costs; the slot it fills."""
        self.steps.append(priced(operation, slots, shape, self.steps, self._itemsize))
        return len(self.steps) - 1

    def once(self, slot: int, operation: Operation, shape: tuple[int, ...]) -> int:
        """The slot of an operation on one slot, emitted the first time."""
        key = (slot, operation, shape)
        if key not in self._views:
            self._views[key] = self.emit(operation, () if isinstance(operation, Fill) else (slot,), shape)
        return self._views[key]

    def hold(self, node: Node, slot: int, placing: tuple[int, ...] | None = None) -> None:
        """Remember where a node is; `placing` has the axis of the node that each axis of the slot is."""
        if placing is None:
            placing = tuple(range(len(self.steps[slot].shape)))
        self.held[node] = slot, placing

    def shape(self, node: Node) -> tuple[int, ...]:
        """The lengths of the axes of a node."""
        return tuple([self.sizes[dim] for dim in node.axes])

    def laid(self, node: Node) -> tuple[int, tuple[int, ...], float]:
        """The slot under a node, the axis of the node on which each of its axes lies, and the number before it."""
        node = self.instead.get(node, node)
        if isinstance(node, Spread):
            slot, inner, _ = self.laid(node.core)
            return slot, tuple(node.placing[axis] for axis in inner), node.coefficient
        if node not in self.held and (writing := self.writing(node)):
            self.hold(node, self.written(writing))
        slot, placing = self.held[node]
        return slot, placing, 1.0

    def view(self, node: Node) -> int:
        """A slot with the axes of the node in their order, of length 1 where it only repeats; numbers have no axes."""
        if isinstance(node, Spread) and node.tied:
            return self.full(node)
        slot, placing, coefficient = self.laid(node)
        free = tuple(range(len(node.axes)))
        shape = placed(self.steps[slot].shape, placing, len(free))
        if coefficient != 1.0 and isinstance(number := self.steps[slot].operation, Fill):
            return self.once(slot, Fill(number.value * coefficient), ())
        if coefficient != 1.0:
            return self.once(slot, Combine((Term(coefficient, placing, free),)), shape)
        if placing == free or not placing:
            return slot
        return self.once(slot, View(placing), shape)

    def full(self, node: Node) -> int:
        """A slot with all of the node's elements, its axes in order."""
        if isinstance(node, Spread) and node.tied:
            if node not in self.held:
                self.hold(node, self.combined((node,), self.shape(node)))
            return self.held[node][0]
        if node not in self.held and (writing := self.writing(node)):
            return self.written(writing)
        slot, placing, coefficient = self.laid(node)
        shape, free = self.shape(node), tuple(range(len(node.axes)))
        if coefficient == 1.0 and placed(self.steps[slot].shape, placing, len(free)) == shape:
            if placing == free:
                return slot
            if shape:
                return self.once(slot, View(placing), shape)
        return self.once(slot, Combine((Term(coefficient, placing, free),)), shape)

    def whole(self, node: Node) -> tuple[int, tuple[int, ...]]:
        """A slot with all of the node's elements, its axes in any order."""
        slot, placing, coefficient = self.laid(node)
        shape = self.shape(node)
        if coefficient == 1.0 and tuple(shape[axis] for axis in placing) == self.steps[slot].shape:
            if len(placing) == len(set(placing)) == len(shape):
                return slot, placing
        return self.full(node), tuple(range(len(shape)))

    def combined(self, terms: Sequence[Node], shape: tuple[int, ...] | None) -> int:
        """The sum of `terms` as one step, in as many axes as they use unless a `shape` is given."""
        rank = len(terms[0].axes)
        laid, slots, reach = [], [], []
        for node in terms:
            ties = node.ties if isinstance(node, Spread) else tuple(range(rank))
            slot, placing, coefficient = self.laid(node)
            laid.append(Term(coefficient, placing, ties))
            slots.append(slot)
            reach.append(placed(self.steps[slot].shape, placing, rank))
        return self.emit(Combine(tuple(laid)), tuple(slots), broadcast(reach) if shape is None else shape)

    def writing(self, node: Node) -> Writing | None:
        """What writes `node`, if it is a selection, a product written at one, or one of these transposed or scaled."""
        node = self.instead.get(node, node)
        core = node.core if isinstance(node, Spread) else node
        if isinstance(core, Selection) and core not in self.writings:
            self.writings[core] = self.selection(core)
        found = self.writings.get(core)
        if found is None or not isinstance(node, Spread):
            return found
        if node.tied or sorted(node.placing) != list(range(len(node.shape))):
            return None
        order = [node.placing.index(axis) for axis in range(len(node.shape))]
        places, shape = tuple(found.operation.places[k] for k in order), tuple(found.shape[k] for k in order)
        operation = replace(found.operation, places=places, coefficient=found.operation.coefficient * node.coefficient)
        return Writing(operation, found.operands, shape)

    def selection(self, node: Selection) -> Writing:
        """What writes a selection as an array."""
        raise NotImplementedError

    def written(self, writing: Writing) -> int:
        """The slot of what a writing makes, emitted the first time."""
        if writing not in self._made:
            self._made[writing] = self.emit(writing.operation, writing.operands, writing.shape)
        return self._made[writing]

    def added(self, writing: Writing, base: int) -> int:
        """The slot of `base`, which nothing else needs, with what a writing makes added."""
        source, *indices = writing.operands
        places = tuple(
            replace(place, operand=place.operand + 1) if isinstance(place, At) else place
            for place in writing.operation.places
        )
        operation = replace(writing.operation, places=places, onto=True)
        return self.emit(operation, (source, base, *indices), writing.shape)

    def summed(self, terms: Sequence[Node], shape: tuple[int, ...] | None, whole: tuple[int, ...]) -> int:
        """The sum of `terms` as `combined` makes it, with written terms added in place to the others."""
        pairs = [(term, self.writing(term)) for term in terms]
        writings = [writing for _, writing in pairs if writing is not None]
        others = [term for term, writing in pairs if writing is None]
        if not writings:
            return self.combined(terms, shape)
        if others:
            slot = self.combined(others, whole)
        else:
            first, *writings = writings
            slot = self.emit(first.operation, first.operands, first.shape)
        for writing in writings:
            slot = self.added(writing, slot)
        return slot


def priced(
    operation: Operation, operands: tuple[int, ...], shape: tuple[int, ...], steps: Sequence[Step], itemsize: int
) -> Step:
    """The step that comes after these, with its costs."""
    elements = prod(shape)
    flops, workspace = costs(operation, [steps[slot] for slot in operands], elements)
    unowned = isinstance(operation, Load) or shared(operation) is not None
    taken = 0 if unowned else elements * itemsize
    return Step(operation, operands, len(steps), shape, flops, taken, workspace * itemsize)


def placed(lengths: Sequence[int], placing: Sequence[int], rank: int) -> tuple[int, ...]:
    """The shape of an operand laid out over `rank` axes, of length 1 where it repeats; a number has no axes."""
    if not placing:
        return ()
    shape = [1] * rank
    for length, axis in zip(lengths, placing, strict=True):
        shape[axis] = length
    return tuple(shape)


def broadcast(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape of an elementwise function of operands with these shapes, each full or without axes."""
    full = [shape for shape in shapes if shape]
    return tuple(next((length for length in lengths if length != 1), 1) for lengths in zip(*full, strict=True))
