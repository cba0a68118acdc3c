"""A plan as a straight line of NumPy calls: everything that sizes and dtype decide is decided once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from math import prod
from typing import Any

import numpy as np

from einderiv.plan import (
    EXPONENTIALS,
    Apply,
    Cholesky,
    Combine,
    Contract,
    Count,
    Factorise,
    Fill,
    Fold,
    Load,
    Locate,
    Match,
    Pad,
    Permutation,
    Plan,
    Read,
    Real,
    Scan,
    Solve,
    Step,
    Sweep,
    View,
    Write,
    shared_work,
)
from einderiv.run.access import locating, matching, padding, reading
from einderiv.run.algebra import cholesky, factorising, solving
from einderiv.run.axes import FOLDS, SCANS
from einderiv.run.centres import centred, centres
from einderiv.run.chains import chain
from einderiv.run.combine import combination
from einderiv.run.contract import contraction
from einderiv.run.elements import CALM, elementwise
from einderiv.run.exponentials import exponentials
from einderiv.run.layout import LARGE, Array, laid_out
from einderiv.run.library import library
from einderiv.run.quotients import borrowed, divisor, quotient, quotients
from einderiv.run.scatter import writing
from einderiv.run.sweeps import sweeping
from einderiv.run.transposes import LARGE as LARGE_SUM
from einderiv.run.transposes import with_transpose

Kernel = Callable[..., Array]
Move = Callable[[list[Array]], None]
Call = tuple[Kernel, int, int, int, tuple[int, ...]]  # of one or two slots, the second -1 for one, both for a `Move`

KEPT = 31 << 20  # bytes of an array that the allocator of Linux may still learn from


def straight_line(plan: Plan, dtype: str) -> Callable[[Mapping[str, Array]], list[Array]]:
    """The function from input arrays, by name, to the results of `plan`."""
    kind = np.dtype(dtype)
    loads = [(step.result, step.operation.name) for step in plan.steps if isinstance(step.operation, Load)]
    template = _template(plan, kind)
    calls = _calls(plan, kind)
    scalars = [place for place, slot in enumerate(plan.outputs) if _is_number(plan.steps[slot])]
    outputs = plan.outputs
    quiet = any(_may_warn(step) for step in plan.steps)
    _let_the_allocator_keep(plan.peak_bytes)

    def execute(arrays: Mapping[str, Array]) -> list[Array]:
        values = template.copy()
        for slot, name in loads:
            values[slot] = arrays[name]
        for kernel, result, a, b, dead in calls:
            if b >= 0:
                values[result] = kernel(values[a], values[b])
            elif a >= 0:
                values[result] = kernel(values[a])
            else:
                kernel(values)
            if dead:
                for slot in dead:
                    values[slot] = None
        results = [values[slot] for slot in outputs]
        for place in scalars:  # NumPy makes numbers of arrays without axes
            results[place] = np.asarray(results[place], kind)
        return results

    def silent(arrays: Mapping[str, Array]) -> list[Array]:
        with np.errstate(all="ignore"):
            return execute(arrays)

    return silent if quiet else execute


def _template(plan: Plan, dtype: np.dtype[Any]) -> list[Array]:
    """What the slots hold before a run: constants, and functions of them."""
    template: list[Array] = [None] * len(plan.steps)
    for step in plan.steps:
        if isinstance(step.operation, Fill | Count | Permutation):
            template[step.result] = constant(step, dtype)
        elif _known(step, plan):
            kernel = _kernel(step, [()] * len(step.operands), dtype)
            with np.errstate(all="ignore"):
                template[step.result] = dtype.type(kernel(*(template[slot] for slot in step.operands)))
    return template


def _is_number(step: Step) -> bool:
    """Whether a result has no axes, and is no position."""
    return not step.shape and not isinstance(step.operation, Locate)


def _calls(plan: Plan, dtype: np.dtype[Any]) -> list[Call]:
    """What is called, in order: a kernel for a step, or one for several that run together."""
    calls: list[Call] = []
    dying, spares = _dying(plan), _spare_slots(plan)
    chains = {first: plan.steps[first:stop] for first, stop in plan.chains}
    divided = quotients(plan, spares)
    spares -= borrowed(plan, divided)
    sweeps = {sweep.first: sweep for sweep in plan.sweeps}
    rows = [*plan.chains, *((sweep.first, sweep.stop) for sweep in plan.sweeps)]
    in_rows = {slot for first, stop in rows for slot in range(first, stop)}
    means = centres(plan, in_rows)
    together = {group[0]: group for group in shared_work(plan.steps) if in_rows.isdisjoint(group)}
    done = {slot for group in together.values() for slot in group[1:]} | in_rows
    for step in plan.steps:
        slot = step.result
        dead = tuple(dying.get(slot, ()))
        if isinstance(step.operation, Load | Fill | Count | Permutation) or _known(step, plan):
            continue
        if slot in chains:
            every = {operand: plan.steps[operand].shape for each in chains[slot] for operand in each.operands}
            calls.append(_move(chain(chains[slot], len(plan.steps), every, dtype, divided), dead))
        elif slot in sweeps:
            calls.append(_move(_sweep(sweeps[slot], plan, dtype), dead))
        elif slot in together:
            group = [plan.steps[member] for member in together[slot]]
            calls.append(_move(_several(group, plan.steps[step.operands[0]].shape, dtype), dead))
        elif slot in means:
            spare = means[slot].values in spares and plan.last_use[means[slot].values] == slot
            calls.append(_move(centred(step, means[slot], plan, dtype, spare), dead))
        elif slot not in done:
            calls.append(_alone(step, plan, spares, dtype, dead, divided))
        elif dead:
            calls.append(_move(_nothing, dead))
    return calls


def _alone(
    step: Step,
    plan: Plan,
    spares: Collection[int],
    dtype: np.dtype[Any],
    dead: tuple[int, ...],
    divided: Mapping[int, int],
) -> Call:
    """The call of a step that runs by itself.

    `spares` are the slots that their last reader may write over, `divided` the factors of quotients by their products.
    """
    if isinstance(step.operation, Combine) and _twice(step, plan, spares):
        add = with_transpose(step.operation)
        if add is not None:
            return add, step.result, step.operands[0], -1, dead
    spare = [
        operand in spares and plan.last_use[operand] == step.result and step.operands.count(operand) == 1
        for operand in step.operands
    ]
    if step.result in divided and isinstance(step.operation, Contract):
        return _call(quotient(step.operation, step.operands.index(divided[step.result]), spare), step, dead)
    if step.result in divided.values():
        return _call(divisor(step, spare[0]), step, dead)
    return _call(_kernel(step, [plan.steps[operand].shape for operand in step.operands], dtype, spare), step, dead)


def _sweep(sweep: Sweep, plan: Plan, dtype: np.dtype[Any]) -> Move:
    """The steps of a sweep, as straight lines for its blocks."""
    each = straight_line(sweep.each, dtype.name)
    rest = each if sweep.rest is None else straight_line(sweep.rest, dtype.name)
    return sweeping(sweep, [plan.steps[slot].shape for slot, _ in sweep.results], each, rest, dtype)


def _known(step: Step, plan: Plan) -> bool:
    """Whether a step is an elementwise function of numbers of the plan's own, so that it is the same in each run."""
    numbers = all(isinstance(plan.steps[slot].operation, Fill) for slot in step.operands)
    return isinstance(step.operation, Apply) and numbers and not step.shape


def _let_the_allocator_keep(count: int) -> None:
    """See to it that the memory of a run is not given back to the system after each run, only to be asked for again.

    The allocator of Linux does so as soon as more than 128 kB are free, unless it has met a large array; then it keeps
    twice as much, here twice what a run takes and never more than 62 MB.  An array as large as all of a run is needed:
    of a run with one result, the memory is free at once when that goes.  Pages that the system hands out anew cost
    more than what is computed with them.
    """
    with suppress(MemoryError):
        np.empty(min(count, KEPT), np.uint8)


def _may_warn(step: Step) -> bool:
    """Whether NumPy may warn in a step; to keep it quiet takes as long as a small product."""
    match step.operation:
        case Apply(function=name):
            return name not in CALM
        case Fold() | Scan() | Solve() | Cholesky() | Locate():
            return True
        case _:
            return False


def constant(step: Step, dtype: np.dtype[Any]) -> Array:
    """What a step without operands holds."""
    match step.operation:
        case Fill(value=value):
            return dtype.type(value)
        case Count(coefficients=coefficients, constant=first):
            positions = np.full((1,) * len(step.shape), first)
            for axis, c in enumerate(coefficients):
                shape = [-1 if place == axis else 1 for place in range(len(step.shape))]
                positions = positions + c * np.arange(step.shape[axis]).reshape(shape)
            return np.asarray(positions).astype(dtype)
        case _:
            return _permutations(len(step.shape), dtype)


def _permutations(count: int, dtype: np.dtype[Any]) -> Array:
    """ε: row by row, each choice of i adds one exchange for every larger index chosen before."""
    symbol = np.zeros((count,) * count, dtype)
    pending: list[tuple[tuple[int, ...], int]] = [((), 1)]
    while pending:
        chosen, sign = pending.pop()
        if len(chosen) == count:
            symbol[chosen] = sign
        for index in range(count):
            if index not in chosen:
                exchanges = sum(other > index for other in chosen)
                pending.append(((*chosen, index), -sign if exchanges % 2 else sign))
    return symbol


def _spare_slots(plan: Plan) -> set[int]:
    """The slots that the last step to read them may write over: large temporaries of which no view was taken."""
    viewed = {slot for step in plan.steps if not step.bytes for slot in step.operands}
    made = (step for step in plan.steps if not isinstance(step.operation, Fill | Count | Permutation))
    return {step.result for step in made if step.shape and step.bytes >= LARGE and step.result not in viewed}


def _twice(step: Step, plan: Plan, spares: Collection[int]) -> bool:
    """Whether a step has one large operand twice, which nothing needs any more."""
    first, *others = step.operands
    dying = first in spares and plan.last_use[first] == step.result
    return others == [first] and dying and step.bytes >= LARGE_SUM and step.bytes == plan.steps[first].bytes


def _kernel(step: Step, shapes: Sequence[tuple[int, ...]], dtype: np.dtype[Any], spare: Sequence[bool] = ()) -> Kernel:
    """The function of its operands that a step is."""
    match step.operation:
        case Contract() as contract:
            return contraction(contract, shapes, dtype, spare)
        case View(placing=placing):
            return laid_out(placing, range(len(step.shape)), whole=True) or (lambda x: x)
        case Combine() as combine:
            return combination(combine, shapes, step.shape, dtype, spare)
        case Apply(function=name):
            places = (place for place, free in enumerate(spare) if free and shapes[place] == step.shape)
            return elementwise(name, dtype, step.shape, next(places, None))
        case Fold(function=name):
            return _fold(name, step.shape, shapes[0][len(step.shape) :], dtype)
        case Scan(function=name):
            return _scan(name, step.shape, dtype)
        case Real():
            return lambda x: np.array(x, dtype)
        case Pad() as pad:
            return padding(pad, step.shape, dtype)
        case Read() as read:
            return reading(read, shapes[0])
        case Write() as write:
            return writing(write, step.shape, dtype)
        case Match() as match:
            return matching(match, dtype)
        case Locate() as locate:
            return locating(locate)
        case Factorise() as factorise:
            return factorising(factorise)
        case Solve() as solve:
            return solving(solve, dtype)
        case Cholesky() as factor:
            return cholesky(factor, dtype)
        case _:
            raise TypeError(f"{step.what} has no operands")


def _fold(name: str, kept: tuple[int, ...], last: tuple[int, ...], dtype: np.dtype[Any]) -> Kernel:
    """A reduction over the last axes, of these lengths."""
    if name in EXPONENTIALS:
        return _exponential(name, kept, last, dtype)
    return _folded(partial(FOLDS[name], library("numpy")), kept, last)


def _scan(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Kernel:
    """A function along the last axis."""
    if 0 in shape:
        return lambda x: np.zeros(shape, dtype)
    if name in EXPONENTIALS:
        return _exponential(name, shape[:-1], shape[-1:], dtype)
    return partial(SCANS[name], library("numpy"))


def _folded(function: Kernel, shape: tuple[int, ...], folded: tuple[int, ...]) -> Kernel:
    """A reduction of several axes as one of a single axis."""
    if len(folded) == 1:
        return function
    merged = (*shape, prod(folded))
    return lambda x: function(x.reshape(merged))


def _exponential(name: str, kept: tuple[int, ...], last: tuple[int, ...], dtype: np.dtype[Any]) -> Kernel:
    """One function of the exponentials of an array, along its `last` axes."""
    values = exponentials([name], (*kept, prod(last)), dtype)
    return _folded(lambda x: values(x)[0], kept, last)


def _several(steps: Sequence[Step], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Move:
    """Steps that are functions of the exponentials of one array, along its last axis."""
    names = [step.operation.function for step in steps if isinstance(step.operation, Scan | Fold)]
    values_of, (operand, *_), results = exponentials(names, shape, dtype), steps[0].operands, [s.result for s in steps]

    def several(values: list[Array]) -> None:
        for slot, array in zip(results, values_of(values[operand]), strict=True):
            values[slot] = array

    return several


def _call(kernel: Kernel, step: Step, dead: tuple[int, ...]) -> Call:
    """A kernel with its slots, and the slots of what nobody needs after it."""
    result, operands = step.result, step.operands
    if len(operands) == 1:
        return kernel, result, operands[0], -1, dead
    if len(operands) == 2:
        return kernel, result, operands[0], operands[1], dead

    def many(values: list[Array]) -> None:
        values[result] = kernel(*[values[slot] for slot in operands])

    return _move(many, dead)


def _move(move: Move, dead: tuple[int, ...]) -> Call:
    """What takes all values and fills its own slots."""
    return move, -1, -1, -1, dead


def _nothing(values: list[Array]) -> None:
    """All is done."""


def _dying(plan: Plan) -> dict[int, list[int]]:
    """For each step the large temporaries, and the views of them, that no later step needs."""
    dying: dict[int, list[int]] = {}
    for step in plan.steps:
        last = plan.last_use[step.result]
        constant = isinstance(step.operation, Load | Fill | Count | Permutation)
        if not constant and last < len(plan.steps) and (step.bytes >= LARGE or not step.bytes):
            dying.setdefault(last, []).append(step.result)
    return dying
