"""Sweeps: steps along an axis that they share, block by block, so that what passes between them stays in the cache.

Softmax regression reads its samples twice, for X_nd W_dk and for X_nd G_nk.  A sweep along n does both for some samples
while they are at hand, and what only its steps need is never a whole array.  A result without n is a sum over blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from math import prod

from einderiv.plan.chains import chainable
from einderiv.plan.shared_axes import Axes, joined, part, runs_along
from einderiv.plan.slots import priced
from einderiv.plan.steps import Contract, Fill, Load, Plan, Step, Sweep, last_uses, peak, shared

CACHE = 1 << 22  # bytes of one block: a part of the cache that usual processors share between cores
LARGE = 1 << 20  # bytes of an array from which a sweep can be worth it
SMALL = 1_000_000  # multiplications of a product up to which OpenBLAS leaves the operands as they lie
LINE = 64  # bytes of a line of the cache
CALL = 20_000  # bytes that move from memory in the time of one call
TRIED = 4  # axes for which a sweep is looked for, those of the most elements
WORTH = 0.04  # bytes for each operation of products that a sweep saves at least, as blocks slow large products down
LEFT = 0.7  # of the traffic with memory, at most, that a sweep leaves

Slots = tuple[int, ...]
Finish = Callable[[Sequence[Step], Slots, int], Plan]


@dataclass(frozen=True, slots=True)
class _Row:
    """Steps that can be one sweep: its `members`, what they read from outside, and what outside reads of them."""

    axes: Axes
    length: int
    members: Slots
    sources: Slots
    results: Slots
    block: int
    saved: int
    fits: bool


def swept(
    steps: tuple[Step, ...], outputs: Slots, itemsize: int, finish: Finish
) -> tuple[tuple[Step, ...], Slots, tuple[Sweep, ...]]:
    """The steps, those of each sweep side by side; the results; and the sweeps.

    `finish` makes the plan of one block, in which there may be sweeps along another axis.  Where sweeping would take
    more memory all is as before.
    """
    if max((prod(step.shape) for step in steps), default=0) * itemsize < LARGE:
        return steps, outputs, ()
    now, results, sweeps, start = steps, outputs, list[Sweep](), 0
    while (found := _first(now, results, start, itemsize, finish)) is not None:
        now, results, sweep = found
        sweeps.append(sweep)
        start = sweep.stop
    before = peak(steps, last_uses(steps, outputs, ()))
    after = peak(now, last_uses(now, results, [(sweep.first, sweep.stop) for sweep in sweeps]))
    return (now, results, tuple(sweeps)) if after <= before else (steps, outputs, ())


def _first(
    steps: tuple[Step, ...], outputs: Slots, start: int, itemsize: int, finish: Finish
) -> tuple[tuple[Step, ...], Slots, Sweep] | None:
    """The steps with the best sweep among those from `start` on."""
    sizes = [prod(step.shape) for step in steps]
    heavy = sorted(joined(steps), key=lambda axes: -sum(sizes[slot] for slot in axes))[:TRIED]
    rows = [_row(steps, outputs, start, axes, itemsize) for axes in heavy]
    for row in sorted((row for row in rows if row is not None), key=lambda row: -row.saved):
        each = _of_block(row, steps, row.block, itemsize, finish)
        if row.fits or each.sweeps:
            rest = row.length % row.block
            last = _of_block(row, steps, rest, itemsize, finish) if rest else None
            return _side_by_side(row, steps, outputs, start, each, last)
    return None


# -------------------------------------------------------------------- which steps


def _row(steps: Sequence[Step], outputs: Slots, start: int, axes: Axes, itemsize: int) -> _Row | None:
    """The steps from `start` on that can run along an axis together, if memory has less to do then."""
    members = _members(steps, start, axes, CACHE // itemsize // 3)
    if len(members) < 2 or all(chainable(steps, steps[slot]) for slot in members):
        return None
    inside = {*members}
    sources = tuple(dict.fromkeys(read for slot in members for read in steps[slot].operands if read not in inside))
    outside = {read for step in steps if step.result not in inside for read in step.operands} | {*outputs}
    results = tuple(slot for slot in members if slot in outside)
    size = {slot: _bytes(steps[slot], itemsize) for slot in (*sources, *members)}
    length = next(steps[slot].shape[axis] for slot, axis in axes.items())
    along = sum(size[slot] for slot in size if slot in axes and not _is_view(steps[slot], inside))
    block = _length([steps[slot] for slot in members], length, along)

    def moved(slot: int) -> int:
        """The bytes that move for all blocks of what is cut, in whole lines of the cache."""
        run = prod(steps[slot].shape[axes[slot] + 1 :]) * block * itemsize
        return size[slot] * max(1, LINE // max(run, 1))

    made = [slot for slot in members if not _is_view(steps[slot], inside)]
    now = sum(size[slot] + sum(size[read] for read in steps[slot].operands) for slot in made)
    then = sum(moved(slot) for slot in sources if slot in axes) + 2 * sum(
        moved(slot) for slot in results if slot in axes
    )
    again = sum(size[slot] for slot in sources if slot not in axes)
    again += 3 * sum(size[slot] for slot in results if slot not in axes)
    again = again * min(again, CACHE) // CACHE  # what is small stays in the cache
    then += -(-length // block) * (again + CALL * len(members))
    products = sum(step.flops for slot in members if isinstance((step := steps[slot]).operation, Contract))
    if block == length or then > LEFT * now or now - then < WORTH * products:
        return None
    return _Row(axes, length, members, sources, results, block, now - then, along * block <= 2 * CACHE * length)


def _length(members: Sequence[Step], length: int, along: int) -> int:
    """How long a block is: it fits into the cache, and its products are small where that leaves enough for a call."""
    block = max(1, CACHE * length // max(along, 1))
    products = max((step.flops // 2 for step in members if isinstance(step.operation, Contract)), default=0)
    small = SMALL * length // max(products, 1)
    if small * along >= 3 * CALL * len(members) * length:
        block = min(block, small)
    return -(-length // -(-length // block))


def _bytes(step: Step, itemsize: int) -> int:
    """What the result of a step takes, as an array of its own."""
    return 0 if isinstance(step.operation, Fill) else prod(step.shape) * itemsize


def _is_view(step: Step, inside: Set[int]) -> bool:
    """Whether a step of these makes no array of its own."""
    return step.result in inside and shared(step.operation) is not None


def _members(steps: Sequence[Step], start: int, axes: Axes, most: int) -> Slots:
    """The steps that run along an axis, of which none waits for a step between them that does not, or for a sum.

    What writes into an array (its operand 1) is among them if that one is made by them; a sum over the axis if it has
    at `most` so many elements, which each block adds to.
    """
    members: list[int] = []
    inside: set[int] = set()
    waiting: set[int] = set()
    for step in steps[start:]:
        if waiting.intersection(step.operands):
            waiting.add(step.result)
        elif runs_along(step, steps, axes) and _may_join(step, inside, axes, most):
            members.append(step.result)
            (inside if step.result in axes else waiting).add(step.result)
        elif inside.intersection(step.operands):
            waiting.add(step.result)
    return tuple(members)


def _may_join(step: Step, inside: Set[int], axes: Axes, most: int) -> bool:
    owned = shared(step.operation) != 1 or step.operands[1] in inside
    return owned and (step.result in axes or prod(step.shape) <= most)


# -------------------------------------------------------------------- how they run


def _of_block(row: _Row, steps: Sequence[Step], length: int, itemsize: int, finish: Finish) -> Plan:
    """The plan of a block of this length; its inputs are the sources, by their place among these."""
    made: list[Step] = []
    number: dict[int, int] = {}

    def shape(slot: int) -> tuple[int, ...]:
        axis = row.axes.get(slot)
        return tuple(length if place == axis else size for place, size in enumerate(steps[slot].shape))

    for place, slot in enumerate(row.sources):
        operation = steps[slot].operation
        if not isinstance(operation, Fill):
            operation = Load(str(place), isinstance(operation, Load) and operation.index)
        number[slot] = len(made)
        made.append(Step(operation, (), len(made), shape(slot), 0, 0, 0))
    for slot in row.members:
        number[slot] = len(made)
        operands = tuple(number[read] for read in steps[slot].operands)
        made.append(priced(part(steps[slot], row.axes, length), operands, shape(slot), made, itemsize))
    return finish(made, tuple(number[slot] for slot in row.results), itemsize)


def _side_by_side(
    row: _Row, steps: Sequence[Step], outputs: Slots, start: int, each: Plan, rest: Plan | None
) -> tuple[tuple[Step, ...], Slots, Sweep]:
    """The steps, those of a sweep side by side behind what they need, and the sweep."""
    waiting = {*row.members}
    for step in steps:
        if waiting.intersection(step.operands):
            waiting.add(step.result)
    early = [slot for slot in range(row.members[-1]) if slot < start or slot not in waiting]
    done = {*early, *row.members}
    late = [step.result for step in steps if step.result not in done]
    number = {slot: place for place, slot in enumerate([*early, *row.members, *late])}
    size = {slot: prod(steps[slot].shape) * each.itemsize if slot in row.results else 0 for slot in row.members}
    ordered = tuple(
        replace(
            steps[slot],
            operands=tuple(number[read] for read in steps[slot].operands),
            result=number[slot],
            bytes=size[slot] if slot in size else steps[slot].bytes,
            workspace=0 if slot in size else steps[slot].workspace,
        )
        for slot in number
    )
    first, stop = len(early), len(early) + len(row.members)
    cut = [slot for slot in row.sources if row.axes.get(slot, 0)]  # no blocks of memory: a copy of each may be made
    copies = sum(prod(steps[slot].shape) for slot in cut) * each.itemsize * row.block // row.length
    ordered = (
        *ordered[: stop - 1],
        replace(ordered[stop - 1], workspace=each.peak_bytes + copies),
        *ordered[stop:],
    )
    sweep = Sweep(
        first,
        stop,
        tuple((number[slot], row.axes.get(slot)) for slot in row.sources),
        tuple((number[slot], row.axes.get(slot)) for slot in row.results),
        row.length,
        row.block,
        each,
        rest,
    )
    return ordered, tuple(number[slot] for slot in outputs), sweep
