"""Steps that share work, side by side: softmax, logsoftmax and logsumexp of one array take one exponential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from einderiv.plan.steps import Fold, Scan, Step

EXPONENTIALS = frozenset({"softmax", "logsoftmax", "logsumexp"})


def side_by_side(steps: Sequence[Step]) -> list[Step]:
    """The steps, each function of the exponentials of an array right behind the first of the same array."""
    behind: dict[int, list[Step]] = {}
    first: dict[int, Step] = {}
    for step in steps:
        if _exponential(step):
            operand = step.operands[0]
            if operand in first:
                behind.setdefault(first[operand].result, []).append(step)
            first.setdefault(operand, step)
    moved = {step.result for later in behind.values() for step in later}
    ordered: list[Step] = []
    for step in steps:
        if step.result not in moved:
            ordered += _together([step, *behind.get(step.result, [])])
    return ordered


def _together(steps: Sequence[Step]) -> list[Step]:
    """The steps that are done at once, whose workspace is there beside all of their results."""
    *others, last = steps
    return [*others, replace(last, workspace=max(step.workspace for step in steps))] if others else [last]


def shared_work(steps: Sequence[Step]) -> list[tuple[int, ...]]:
    """The slots of neighbours that are functions of the exponentials of one array, two or more each."""
    groups: list[tuple[int, ...]] = []
    for one, two in pairwise(steps):
        if not (_exponential(one) and _exponential(two) and one.operands == two.operands):
            continue
        if groups and groups[-1][-1] == one.result:
            groups[-1] = (*groups[-1], two.result)
        else:
            groups.append((one.result, two.result))
    return groups


def _exponential(step: Step) -> bool:
    """Whether a step is a function of the exponentials of an array along its last axis."""
    match step.operation:
        case Scan(function=name) | Fold(function=name, count=1):
            return name in EXPONENTIALS and 0 not in step.shape
        case _:
            return False
