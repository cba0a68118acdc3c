"""From nodes to steps: one pass over the graph, children first, every node once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

from einderiv.errors import EinShapeError, EinValueError
from einderiv.ir import (
    Add,
    Axiswise,
    Constant,
    Dim,
    Einsum,
    Input,
    LeviCivita,
    Map,
    Node,
    Position,
    Reduce,
    Size,
    Spread,
    Zero,
    topological,
)
from einderiv.plan.pairs import pairwise
from einderiv.plan.steps import (
    Apply,
    Combine,
    Contract,
    Count,
    Fill,
    Fold,
    Load,
    Operation,
    Permutation,
    Plan,
    Scan,
    Step,
    Term,
    View,
)

ONE_PASS = frozenset("exp log sqrt abs sign reciprocal sin cos tan sinh cosh tanh log1p expm1 relu max min".split())
NEEDS_A_VALUE = frozenset({"max", "min", "logsumexp"})  # reductions that have no value over an empty axis


def plan(outputs: Sequence[Node], sizes: Mapping[Dim, int], itemsize: int = 8) -> Plan:
    """The steps that compute `outputs` together, for axes of these sizes and elements of `itemsize` bytes.

    Equal nodes, and equal partial products, are computed once.
    """
    lowering = _Lowering(sizes, itemsize)
    for node in topological(outputs):
        lowering.lower(node)
    results = lowering.results(outputs)
    return Plan(*_needed(lowering.steps, results), itemsize)


class _Lowering:
    """The steps so far, and for each node the slot that holds it with the axis of the node that each slot axis is."""

    def __init__(self, sizes: Mapping[Dim, int], itemsize: int) -> None:
        self.steps: list[Step] = []
        self._sizes = _Sizes(sizes)
        self._itemsize = itemsize
        self._held: dict[Node, tuple[int, tuple[int, ...]]] = {}
        self._views: dict[tuple[int, Operation, tuple[int, ...]], int] = {}

    def lower(self, node: Node) -> None:
        """Emit what computes `node`; a `Spread` waits for its consumers, who mostly need no array of it."""
        if node in self._held:
            return
        match node:
            case Input(name=name):
                self._hold(node, self._emit(Load(name), (), self._shape(node)))
            case Constant(value=value):
                self._hold(node, self._emit(Fill(value), (), ()))
            case Size(dim=dim):
                self._hold(node, self._emit(Fill(float(self._sizes[dim])), (), ()))
            case Zero():
                self._hold(node, self._emit(Fill(0.0), (), ()), ())
            case Position():
                self._hold(node, self._emit(Count(), (), self._shape(node)))
            case LeviCivita():
                self._hold(node, self._emit(Permutation(), (), self._shape(node)))
            case Einsum():
                self._contraction(node)
            case Add(terms=terms):
                self._hold(node, self._combined(terms, self._shape(node) if node.tied else None))
            case Spread():
                pass
            case Map(function=function, arguments=arguments):
                slots = tuple(self._view(argument) for argument in arguments)
                shape = _broadcast([self.steps[slot].shape for slot in slots])
                self._hold(node, self._emit(Apply(function), slots, shape))
            case Reduce(function=function, argument=argument, count=count):
                self._check_values(function, argument.axes[-count:], argument)
                self._hold(node, self._emit(Fold(function, count), (self._full(argument),), self._shape(node)))
            case Axiswise(function=function, argument=argument):
                self._hold(node, self._emit(Scan(function), (self._full(argument),), self._shape(node)))
            case _:
                raise TypeError(f"no step computes a {type(node).__name__}; derivatives are taken before planning")

    def results(self, outputs: Sequence[Node]) -> tuple[int, ...]:
        """The slot of each output: a whole array that nobody else has."""
        slots: list[int] = []
        for node in outputs:
            slot = self._full(node)
            step = self.steps[slot]
            fresh = not isinstance(step.operation, Load | Fill | Count | Permutation | View)
            if slot in slots or not fresh or (isinstance(step.operation, Contract) and step.operation.views):
                free = tuple(range(len(node.axes)))
                slot = self._emit(Combine((Term(1.0, free, free),)), (slot,), step.shape)
            slots.append(slot)
        return tuple(slots)

    def _contraction(self, node: Einsum) -> None:
        """A product of one or two operands is a step; one of more is split."""
        products = pairwise(node, self._sizes) if _splits(node) else [node]
        for product in products:
            core = product.core if isinstance(product, Spread) else product
            if core not in self._held and isinstance(core, Einsum):
                self._product(core)
        if products[-1] is not node:
            slot, placing, _ = self._laid(products[-1])
            self._hold(node, slot, placing)

    def _product(self, node: Einsum) -> None:
        slots, subscripts = [], []
        number: dict[int, int] = {}
        for operand, labels in zip(node.operands, node.subscripts, strict=True):
            slot, placing = self._whole(operand)
            names = tuple(number.setdefault(labels[axis], len(number)) for axis in placing)
            slots.append(slot)
            subscripts.append(names)
        operation = Contract(tuple(subscripts), tuple(number[label] for label in node.output))
        self._hold(node, self._emit(operation, tuple(slots), self._shape(node)))

    def _combined(self, terms: Sequence[Node], shape: tuple[int, ...] | None) -> int:
        """The sum of `terms` as one step, in as many axes as they use unless a `shape` is given."""
        rank = len(terms[0].axes)
        laid, slots, reach = [], [], []
        for node in terms:
            ties = node.ties if isinstance(node, Spread) else tuple(range(rank))
            slot, placing, coefficient = self._laid(node)
            laid.append(Term(coefficient, placing, ties))
            slots.append(slot)
            reach.append(_placed(self.steps[slot].shape, placing, rank))
        return self._emit(Combine(tuple(laid)), tuple(slots), _broadcast(reach) if shape is None else shape)

    def _laid(self, node: Node) -> tuple[int, tuple[int, ...], float]:
        """The slot under a node, the axis of the node on which each of its axes lies, and the number before it."""
        if isinstance(node, Spread):
            slot, inner = self._held[node.core]
            return slot, tuple(node.placing[axis] for axis in inner), node.coefficient
        slot, placing = self._held[node]
        return slot, placing, 1.0

    def _view(self, node: Node) -> int:
        """A slot with the axes of the node in their order, of length 1 where it only repeats; numbers have no axes."""
        if isinstance(node, Spread) and node.tied:
            return self._full(node)
        slot, placing, coefficient = self._laid(node)
        free = tuple(range(len(node.axes)))
        shape = _placed(self.steps[slot].shape, placing, len(free))
        if coefficient != 1.0 and isinstance(number := self.steps[slot].operation, Fill):
            return self._once(slot, Fill(number.value * coefficient), ())
        if coefficient != 1.0:
            return self._once(slot, Combine((Term(coefficient, placing, free),)), shape)
        if placing == free or not placing:
            return slot
        return self._once(slot, View(placing), shape)

    def _full(self, node: Node) -> int:
        """A slot with all of the node's elements, its axes in order."""
        if isinstance(node, Spread) and node.tied:
            if node not in self._held:
                self._hold(node, self._combined((node,), self._shape(node)))
            return self._held[node][0]
        slot, placing, coefficient = self._laid(node)
        shape, free = self._shape(node), tuple(range(len(node.axes)))
        if coefficient == 1.0 and _placed(self.steps[slot].shape, placing, len(free)) == shape:
            if placing == free:
                return slot
            if shape:
                return self._once(slot, View(placing), shape)
        return self._once(slot, Combine((Term(coefficient, placing, free),)), shape)

    def _whole(self, node: Node) -> tuple[int, tuple[int, ...]]:
        """A slot with all of the node's elements, its axes in any order."""
        slot, placing, coefficient = self._laid(node)
        shape = self._shape(node)
        if coefficient == 1.0 and tuple(shape[axis] for axis in placing) == self.steps[slot].shape:
            if len(placing) == len(set(placing)) == len(shape):
                return slot, placing
        return self._full(node), tuple(range(len(shape)))

    def _once(self, slot: int, operation: Operation, shape: tuple[int, ...]) -> int:
        """The slot of an operation on one slot, emitted the first time."""
        key = (slot, operation, shape)
        if key not in self._views:
            self._views[key] = self._emit(operation, () if isinstance(operation, Fill) else (slot,), shape)
        return self._views[key]

    def _hold(self, node: Node, slot: int, placing: tuple[int, ...] | None = None) -> None:
        if placing is None:
            placing = tuple(range(len(self.steps[slot].shape)))
        self._held[node] = slot, placing

    def _shape(self, node: Node) -> tuple[int, ...]:
        return tuple(self._sizes[dim] for dim in node.axes)

    def _emit(self, operation: Operation, slots: tuple[int, ...], shape: tuple[int, ...]) -> int:
        """Append a step with its costs."""
        elements = prod(shape)
        operands = [self.steps[slot].shape for slot in slots]
        flops, workspace = _costs(operation, operands, elements)
        unowned = isinstance(operation, Load | View) or (isinstance(operation, Contract) and operation.views)
        taken = 0 if unowned else elements * self._itemsize
        step = Step(operation, slots, len(self.steps), shape, flops, taken, workspace * self._itemsize)
        self.steps.append(step)
        return step.result

    def _check_values(self, function: str, axes: Sequence[Dim], node: Node) -> None:
        empty = [dim.name for dim in axes if not self._sizes[dim]]
        if empty and function in NEEDS_A_VALUE:
            origin = f"from `{node.name}`, " if isinstance(node, Input) else ""
            raise EinValueError(
                "E0507",
                f"`{function}` over an empty axis: `{empty[0]}` has size 0 ({origin}shape {self._shape(node)})",
                notes=["a sum over nothing is 0, but nothing has no largest and no smallest value"],
            )


def _needed(steps: Sequence[Step], results: Sequence[int]) -> tuple[tuple[Step, ...], tuple[int, ...]]:
    """The steps that lead to a result, numbered anew."""
    wanted = set(results)
    for step in reversed(steps):
        if step.result in wanted:
            wanted.update(step.operands)
    number = {slot: place for place, slot in enumerate(sorted(wanted))}
    kept = tuple(
        replace(step, operands=tuple(number[slot] for slot in step.operands), result=number[step.result])
        for step in steps
        if step.result in wanted
    )
    return kept, tuple(number[slot] for slot in results)


class _Sizes(dict[Dim, int]):
    """The given sizes, and those that the program itself fixes."""

    def __missing__(self, dim: Dim) -> int:
        if dim.size is None:
            raise EinShapeError("E0304", f"nothing gives the size `{dim.name}`")
        return dim.size


def _splits(node: Einsum) -> bool:
    """Whether a contraction has more than two operands, or two of which one has a summed label alone."""
    if len(node.operands) != 2:
        return len(node.operands) > 2
    left, right = map(set, node.subscripts)
    return not (left ^ right) <= set(node.output)


def _placed(lengths: Sequence[int], placing: Sequence[int], rank: int) -> tuple[int, ...]:
    """The shape of an operand laid out over `rank` axes, of length 1 where it repeats; a number has no axes."""
    if not placing:
        return ()
    shape = [1] * rank
    for length, axis in zip(lengths, placing, strict=True):
        shape[axis] = length
    return tuple(shape)


def _broadcast(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape of an elementwise function of operands with these shapes, each full or without axes."""
    full = [shape for shape in shapes if shape]
    return tuple(next((length for length in lengths if length != 1), 1) for lengths in zip(*full, strict=True))


def _costs(operation: Operation, operands: Sequence[tuple[int, ...]], elements: int) -> tuple[int, int]:
    """The floating-point operations of a step, and the elements of memory it needs besides its result."""
    read = sum(prod(shape) for shape in operands)
    match operation:
        case Contract(subscripts=subscripts):
            lengths = {
                label: length
                for labels, shape in zip(subscripts, operands, strict=True)
                for label, length in zip(labels, shape, strict=True)
            }
            products = prod(lengths.values())
            if len(subscripts) == 1:
                return (products if operation.summed else 0), 0
            return (2 * products, read) if operation.summed else (products, 0)
        case Combine(terms=terms):
            scales = sum(term.coefficient != 1.0 for term in terms)
            return (len(terms) - 1 + scales) * elements, elements if len(terms) > 1 else 0
        case Apply(function=function):
            return elements, 0 if function in ONE_PASS else 3 * elements
        case Fold(function=function, count=count):
            copies = 2 if function in ("logsumexp", "norm") else 0
            return read, (copies + (count > 1)) * read
        case Scan():
            return 3 * elements, 2 * elements
        case _:
            return 0, 0
