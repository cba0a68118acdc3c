"""A plan in two: what fixed inputs alone decide is computed once, the rest in each call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import count
from math import prod

from einderiv.ir import Dim, Node
from einderiv.plan.access import Write
from einderiv.plan.amounts import memory
from einderiv.plan.factors import gathered
from einderiv.plan.free import CALLS, arranged
from einderiv.plan.lower import finished, lowered
from einderiv.plan.slots import Sizes
from einderiv.plan.steps import Combine, Count, Fill, Load, Permutation, Plan, Step, Term

LEAVES = Fill | Count | Permutation


@dataclass(frozen=True, eq=False, slots=True)
class HoistedPlan(Plan):
    """The steps of each call; `once` has those before, whose results are the inputs `kept` of these."""

    once: Plan | None = None
    kept: tuple[str, ...] = ()

    @property
    def kept_bytes(self) -> int:
        """What is kept between calls takes, without the fixed inputs themselves."""
        once = self.once
        if once is None:
            return 0
        return sum(step.bytes for step in once.steps if once.last_use[step.result] == len(once.steps))

    def __str__(self) -> str:
        """The table of what is done once, if anything is, and that of each call."""
        each = super(HoistedPlan, self).__str__()
        if self.once is None or not self.kept:
            return each
        once = str(self.once).replace("; * marks a result", f"; * marks what is kept, {memory(self.kept_bytes)}")
        return f"once, from what is fixed:\n{once}\n\nin each call:\n{each}"


def hoisted(
    outputs: Sequence[Node],
    sizes: Mapping[Dim, int],
    fixed: Collection[str],
    itemsize: int = 8,
    names: Mapping[Node, str] | None = None,
) -> HoistedPlan:
    """The steps that compute `outputs` in each call, for inputs of which those called `fixed` stay the same."""
    sizes = Sizes(sizes)
    found = _hoisted(arranged(outputs, sizes, fixed), sizes, fixed, itemsize, names)
    others = gathered(outputs, sizes)
    if others == [*outputs]:
        return found
    fewer = _hoisted(arranged(others, sizes, fixed), sizes, fixed, itemsize, names)
    return fewer if _work(fewer) < _work(found) else found


def _work(plan: HoistedPlan) -> float:
    """The operations of a call, with its share of those before."""
    return plan.flops + (plan.once.flops / CALLS if plan.once is not None else 0)


def _hoisted(
    outputs: Sequence[Node],
    sizes: Mapping[Dim, int],
    fixed: Collection[str],
    itemsize: int,
    names: Mapping[Node, str] | None,
) -> HoistedPlan:
    """The plan of expressions as they stand."""
    steps, results = lowered(outputs, sizes, itemsize, names)
    before, after, results = _split(steps, results, fixed, itemsize)
    read = dict.fromkeys(slot for step in after for slot in step.operands if slot in before)
    kept = tuple(slot for slot in read if not isinstance(before[slot].operation, Load | LEAVES))
    once = finished([*before.values()], kept, itemsize)
    names_of = {slot: f"kept #{number}" for slot, number in zip(kept, once.outputs, strict=True)}
    loads = [_load(before[slot], names_of[slot]) if slot in names_of else before[slot] for slot in read]
    each = finished([*loads, *after], results, itemsize)
    parts = {part.name: getattr(each, part.name) for part in fields(each) if part.init}
    return HoistedPlan(**parts, once=once, kept=tuple(names_of.values()))


def _split(
    steps: Sequence[Step], results: Sequence[int], fixed: Collection[str], itemsize: int
) -> tuple[dict[int, Step], list[Step], tuple[int, ...]]:
    """The steps before the calls, by slot, those in each call, and the slots of the results.

    Nothing that is kept is written into or given away: there a copy of it is.
    """
    free: dict[int, Step] = {}
    after: list[Step] = []
    numbers = count(len(steps))

    def copied(slot: int) -> int:
        after.append(_copy(free[slot], next(numbers), itemsize))
        return after[-1].result

    for step in steps:
        if _is_free(step, fixed, free):
            free[step.result] = step
            continue
        if isinstance(step.operation, Write) and step.operation.onto and step.operands[1] in free:
            source, base, *indices = step.operands
            step = replace(step, operands=(source, copied(base), *indices))
        after.append(step)
    results = tuple(copied(slot) if slot in free else slot for slot in results)
    return free, after, results


def _is_free(step: Step, fixed: Collection[str], free: Collection[int]) -> bool:
    """Whether a step comes out the same in each call."""
    if isinstance(step.operation, Load):
        return step.operation.name in fixed
    return all(slot in free for slot in step.operands)


def _copy(step: Step, slot: int, itemsize: int) -> Step:
    axes = tuple(range(len(step.shape)))
    return Step(Combine((Term(1.0, axes, axes),)), (step.result,), slot, step.shape, 0, prod(step.shape) * itemsize, 0)


def _load(step: Step, name: str) -> Step:
    """What is kept, as an input of each call; its name is no tensor's, since it has a blank."""
    return Step(Load(name), (), step.result, step.shape, 0, 0, 0)
