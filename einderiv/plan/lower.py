"""From nodes to steps: one pass over the graph, children first, every node once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einderiv.errors import EinValueError
from einderiv.ir import (
    Add,
    Affine,
    Algebra,
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
    Selection,
    Size,
    Spread,
    Zero,
    children,
    topological,
)
from einderiv.plan.chains import chained
from einderiv.plan.expand import expanded
from einderiv.plan.factors import gathered
from einderiv.plan.gram import mirrored, squared
from einderiv.plan.linear import lower_algebra
from einderiv.plan.neighbours import side_by_side
from einderiv.plan.pairs import pairwise
from einderiv.plan.readers import small_readers_first
from einderiv.plan.scales import scaled_early
from einderiv.plan.select import diagonal, kind, simpler
from einderiv.plan.slots import Sizes, Slots, Writing, broadcast
from einderiv.plan.steps import (
    Apply,
    Combine,
    Contract,
    Count,
    Fill,
    Fold,
    Load,
    Permutation,
    Plan,
    Real,
    Scan,
    Step,
    Term,
    shared,
)
from einderiv.plan.structure import Structure, index_inputs
from einderiv.plan.sweeps import swept

NEEDS_A_VALUE = frozenset(
    {"max", "min", "argmax", "argmin", "logsumexp"}
)  # reductions that have no value over an empty axis


def plan(
    outputs: Sequence[Node], sizes: Mapping[Dim, int], itemsize: int = 8, names: Mapping[Node, str] | None = None
) -> Plan:
    """The steps that compute `outputs` together, for axes of these sizes and elements of `itemsize` bytes.

    Equal nodes, and equal partial products, are computed once.  `names` has what messages call nodes that are tensors
    of the user's; inputs have their own.
    """
    found = finished(*lowered(outputs, sizes, itemsize, names), itemsize)
    others = gathered(outputs, Sizes(sizes))
    if others == [*outputs]:
        return found
    fewer = finished(*lowered(others, sizes, itemsize, names), itemsize)
    return fewer if fewer.flops < found.flops else found


def lowered(
    outputs: Sequence[Node], sizes: Mapping[Dim, int], itemsize: int, names: Mapping[Node, str] | None
) -> tuple[Sequence[Step], tuple[int, ...]]:
    """Steps that compute `outputs`, as they come, some perhaps for nothing; and the slots of the results."""
    sizes = Sizes(sizes)
    outputs = scaled_early(rewritten(outputs, sizes), sizes)
    lowering = _Lowering(outputs, sizes, itemsize, names or {})
    asked = set(outputs)
    lowering.arrange(outputs)
    for node in topological(outputs):
        lowering.lower(node)
        if node in asked and lowering.writing(node):
            lowering.full(node)  # now, so that what it is made of can go
    return lowering.steps, lowering.results(outputs)


def finished(steps: Sequence[Step], results: Sequence[int], itemsize: int) -> Plan:
    """The plan of the steps that lead to results."""
    kept, slots, sweeps = swept(*_needed(steps, results), itemsize, finished)
    kept, slots, sweeps, chains = chained(kept, slots, sweeps, itemsize)
    return Plan(kept, slots, itemsize, chains, sweeps)


def rewritten(outputs: Sequence[Node], sizes: Mapping[Dim, int]) -> list[Node]:
    """Equal nodes that take less work at these sizes: residuals multiplied out, symmetric products as squares."""
    return squared(expanded(outputs, sizes), sizes)


class _Lowering(Slots):
    """The steps of one node after the other."""

    def __init__(
        self, outputs: Sequence[Node], sizes: Mapping[Dim, int], itemsize: int, names: Mapping[Node, str]
    ) -> None:
        super().__init__(sizes, itemsize)
        self._indices = index_inputs(outputs)
        self._structure = Structure(self, names)
        self._layout: dict[Node, tuple[int, ...]] = {}

    def arrange(self, outputs: Sequence[Node]) -> None:
        """Ask for the axes of products in the order in which results, sums and functions read them.

        So no result is turned, and what is read together lies alike in memory.  The memory of a sum, or of a function,
        lies as that of its operands does.
        """
        for node in outputs:
            self._ask(node, range(len(node.axes)))
        for node in reversed(topological(outputs)):
            order = self._layout.get(node, range(len(node.axes)))
            if isinstance(node, Einsum):
                self._ask_operands(node)
            elif not isinstance(node, Spread):
                for child in children(node):
                    kept = len(child.axes) == len(order) and isinstance(node, Add | Map)
                    self._ask(child, order if kept else range(len(child.axes)))

    def _ask_operands(self, node: Einsum) -> None:
        """Ask for the operands that a product multiplies element by element as it lies itself."""
        full = [
            (operand, labels)
            for operand, labels in zip(node.operands, node.subscripts, strict=True)
            if sorted(labels) == sorted(node.output)
        ]
        if node not in self._layout:  # nobody minds: as an operand lies that is no product
            made = (_laid_labels(*factor) for factor in full if not isinstance(factor[0], Einsum | Add))
            order = next(made, node.output)
            self._layout[node] = tuple(node.output.index(label) for label in order)
        wanted = [node.output[axis] for axis in self._layout[node]]
        for operand, labels in full:
            self._ask(operand, [labels.index(label) for label in wanted])

    def _ask(self, node: Node, order: Sequence[int]) -> None:
        """Ask for a node with its axes in this order, unless somebody has asked for another one."""
        if not isinstance(node, Spread):
            self._layout.setdefault(node, tuple(order))
        elif not node.tied and len({*node.placing}) == len(node.placing):
            place = {axis: place for place, axis in enumerate(order)}
            core = sorted(range(len(node.placing)), key=lambda axis: place[node.placing[axis]])
            self._layout.setdefault(node.core, tuple(core))

    def lower(self, node: Node) -> None:
        """Emit what computes `node`; what is structure waits for its consumers, who mostly need no array of it."""
        if node in self.held or node in self.writings:
            return
        match node:
            case Input() | Constant() | Size() | Zero() | Position() | Affine() | LeviCivita():
                self._leaf(node)
            case Einsum():
                self._contraction(node)
            case Add(terms=terms):
                whole = self.shape(node)
                self.hold(node, self.summed(terms, whole if node.tied else None, whole))
            case Spread():
                self._diagonal(node)
            case Selection():
                pass
            case Algebra():
                lower_algebra(node, self, self._structure)
            case Map(function="reciprocal", arguments=(Size(dim=dim),)) if not self.sizes[dim]:
                raise _empty("mean", dim, "")
            case Map(function="max", arguments=(Constant(value=one), Constant(value=other))):  # see `scales`
                self.hold(node, self.emit(Fill(max(one, other)), (), ()))
            case Map(function=function, arguments=arguments):
                slots = tuple(self.view(argument) for argument in arguments)
                shape = broadcast([self.steps[slot].shape for slot in slots])
                self.hold(node, self.emit(Apply(function), slots, shape))
            case Reduce(function=function, argument=argument, count=count):
                self._check_values(function, argument.axes[-count:], argument)
                self.hold(node, self.emit(Fold(function, count), (self.full(argument),), self.shape(node)))
            case Axiswise(function=function, argument=argument):
                self.hold(node, self.emit(Scan(function), (self.full(argument),), self.shape(node)))
            case _:
                raise TypeError(f"no step computes a {type(node).__name__}; derivatives are taken before planning")

    def _leaf(self, node: Node) -> None:
        """A node without parts."""
        match node:
            case Input(name=name):
                slot = self.emit(Load(name, name in self._indices), (), self.shape(node))
                if name in self._indices:
                    self._structure.raw[node] = slot
                    slot = self.emit(Real(), (slot,), self.shape(node))
                self.hold(node, slot)
            case Constant(value=value):
                self.hold(node, self.emit(Fill(value), (), ()))
            case Size(dim=dim):
                self.hold(node, self.emit(Fill(float(self.sizes[dim])), (), ()))
            case Zero():
                self.hold(node, self.emit(Fill(0.0), (), ()), ())
            case Position():
                self.hold(node, self.emit(Count(), (), self.shape(node)))
            case Affine(coefficients=coefficients, constant=constant):
                self.hold(node, self.emit(Count(coefficients, constant), (), self.shape(node)))
            case LeviCivita():
                self.hold(node, self.emit(Permutation(), (), self.shape(node)))

    def results(self, outputs: Sequence[Node]) -> tuple[int, ...]:
        """The slot of each output: a whole array that nobody else has."""
        slots: list[int] = []
        for node in outputs:
            slot = self.full(node)
            step = self.steps[slot]
            fresh = not isinstance(step.operation, Load | Fill | Count | Permutation)
            if slot in slots or not fresh or shared(step.operation) == 0:
                free = tuple(range(len(node.axes)))
                slot = self.emit(Combine((Term(1.0, free, free),)), (slot,), step.shape)
            slots.append(slot)
        return tuple(slots)

    def _diagonal(self, node: Spread) -> None:
        found = diagonal(node)
        if found is not node:
            self.instead[node] = found
            for part in topological([found], stop=self.held):
                self.lower(part)

    def selection(self, node: Selection) -> Writing:
        """What writes a selection as an array."""
        return self._structure.selection(node)

    def _contraction(self, node: Einsum) -> None:
        """A product of one or two operands is a step; one of more, or with selections, is split."""
        match kind(node):
            case "read":
                self._structure.read(node)
            case "match":
                self._structure.match(node)
            case "write":
                self.writings[node] = self._structure.write(node)
            case "mixed":
                self._mixed(node)
            case _:
                self._dense(node)

    def _mixed(self, node: Einsum) -> None:
        """A product with selections, by way of an equal one that is simpler."""
        found = simpler(node, self.sizes)
        core = found.core if isinstance(found, Spread) else found
        if isinstance(core, Einsum) and kind(core) == "write" and (order := self._structure.arranged(core)):
            self._layout.setdefault(*order)
        self._equal(node, found)

    def _equal(self, node: Node, found: Node) -> None:
        """Emit what computes `found`, and hold it as `node`."""
        for part in topological([found], stop=self.held):
            self.lower(part)
        if writing := self.writing(found):
            self.writings[node] = writing
            return
        tied = isinstance(found, Spread) and (found.tied or found.coefficient != 1.0)
        if tied:
            self.hold(node, self.full(found))
        else:
            slot, placing, _ = self.laid(found)
            self.hold(node, slot, placing)

    def _dense(self, node: Einsum) -> None:
        products = pairwise(node, self.sizes) if _splits(node) else [node]
        last = products[-1]
        if node in self._layout and last is not node:
            self._move_layout(node, last)
        cores = [product.core if isinstance(product, Spread) else product for product in products]
        for core in reversed(cores):
            if isinstance(core, Einsum):
                self._ask_operands(core)
        for core in cores:
            if core not in self.held and isinstance(core, Einsum):
                self._product(core)
        if last is not node:
            slot, placing, _ = self.laid(last)
            self.hold(node, slot, placing)

    def _move_layout(self, node: Einsum, last: Node) -> None:
        """The order wanted of a product's axes as one of the step that makes it."""
        order = self._layout[node]
        if not isinstance(last, Spread):
            self._layout[last] = order
        elif _moves(last) and len(last.placing) == len(order):
            self._layout[last.core] = tuple(last.placing.index(axis) for axis in order)

    def _product(self, node: Einsum) -> None:
        slots, subscripts = [], []
        number: dict[int, int] = {}
        for operand, labels in zip(node.operands, node.subscripts, strict=True):
            slot, placing = self.whole(operand)
            names = tuple(number.setdefault(labels[axis], len(number)) for axis in placing)
            slots.append(slot)
            subscripts.append(names)
        order = self._layout.get(node, tuple(range(len(node.output))))
        mirror = tuple((number[one], number[other]) for one, other in mirrored(node, self.sizes))
        operation = Contract(tuple(subscripts), tuple(number[node.output[axis]] for axis in order), mirror)
        shape = self.shape(node)
        self.hold(node, self.emit(operation, tuple(slots), tuple(shape[axis] for axis in order)), order)

    def _check_values(self, function: str, axes: Sequence[Dim], node: Node) -> None:
        empty = [dim for dim in axes if not self.sizes[dim]]
        if empty and function in NEEDS_A_VALUE:
            origin = f"from `{node.name}`, " if isinstance(node, Input) else ""
            raise _empty(function, empty[0], f" ({origin}shape {self.shape(node)})")


def _empty(function: str, dim: Dim, origin: str) -> EinValueError:
    """The error for a reduction of nothing."""
    return EinValueError(
        "E0507",
        f"`{function}` over an empty axis: `{dim.name}` has size 0{origin}",
        notes=["a sum over nothing is 0, but nothing has no largest, no smallest and no mean value"],
        helps=[f"pass arrays in which `{dim.name}` is at least 1"],
    )


def _needed(steps: Sequence[Step], results: Sequence[int]) -> tuple[tuple[Step, ...], tuple[int, ...]]:
    """The steps that lead to a result, those that share work side by side, small readers of a large array first."""
    wanted = set(results)
    for step in reversed(steps):
        if step.result in wanted:
            wanted.update(step.operands)
    ordered = side_by_side(small_readers_first([step for step in steps if step.result in wanted]))
    number = {step.result: place for place, step in enumerate(ordered)}
    return tuple([_moved(step, number) for step in ordered]), tuple(number[slot] for slot in results)


def _moved(step: Step, number: Mapping[int, int]) -> Step:
    """A step with its slots at other places."""
    operands = tuple([number[slot] for slot in step.operands])
    return Step(step.operation, operands, number[step.result], step.shape, step.flops, step.bytes, step.workspace)


def _laid_labels(operand: Node, labels: Sequence[int]) -> Sequence[int]:
    """The labels of an operand in the order in which the array lies that it is, or is a view of."""
    return [labels[axis] for axis in operand.placing] if isinstance(operand, Spread) else labels


def _moves(node: Spread) -> bool:
    """Whether a spread has all axes of its core, perhaps in another order and with a number before it."""
    return not node.tied and sorted(node.placing) == list(range(len(node.axes)))


def _splits(node: Einsum) -> bool:
    """Whether a contraction has more than two operands, or two of which one has a summed label alone."""
    if len(node.operands) != 2:
        return len(node.operands) > 2
    left, right = map(set, node.subscripts)
    return not (left ^ right) <= set(node.output)
