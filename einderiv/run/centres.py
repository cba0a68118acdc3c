"""Slopes of softmax: p_i (g_i - Σ_q p_q g_q), in which g loses its mean under the probabilities p.

Where one p is nearly 1, its g and the mean agree in nearly all digits, and what is left of them has lost as many: for
1 - p = 1e-12 four digits are right.  The difference is exact, though, for the mean that was found.  So what is left has
its own mean, tiny, taken away once more, and all digits are right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from einderiv.plan import Combine, Contract, Plan, Scan, Step, Term
from einderiv.run.combine import combination
from einderiv.run.contract import contraction
from einderiv.run.layout import Array

Move = Callable[[list[Array]], None]


@dataclass(frozen=True, slots=True)
class Centre:
    """The slots of the probabilities, of what loses its mean, and of the mean."""

    probabilities: int
    values: int
    mean: int


def centres(plan: Plan, rows: Collection[int]) -> dict[int, Centre]:
    """The sums g - Σ_q p_q g_q, by their slots; p is a softmax, and nothing else reads the mean.

    What runs together with other steps, the slots `rows`, is none.
    """
    readers = Counter(operand for step in plan.steps for operand in step.operands)
    readers.update(plan.outputs)
    found = {}
    for step in plan.steps:
        if isinstance(step.operation, Combine) and len(step.operands) == 2 and step.result not in rows:
            for values, mean in (step.operands, step.operands[::-1]):
                contract = plan.steps[mean]
                if readers[mean] == 1 and mean not in rows and _takes_away(step, step.operation, values, contract):
                    probabilities = next((slot for slot in contract.operands if slot != values), values)
                    if _is_mean(contract, probabilities, plan) and plan.last_use[probabilities] > step.result:
                        found[step.result] = Centre(probabilities, values, mean)
    return found


def _takes_away(step: Step, combine: Combine, values: int, mean: Step) -> bool:
    """Whether a sum is `values`, its axes in order, less a product that has these as an operand."""
    if step.operands[0] == step.operands[1] or values not in mean.operands:
        return False
    own, other = (combine.terms[step.operands.index(slot)] for slot in (values, mean.result))
    axes = tuple(range(len(step.shape)))
    return own == Term(1.0, axes, axes) and other.coefficient == -1.0 and not combine.tied


def _is_mean(step: Step, probabilities: int, plan: Plan) -> bool:
    """Whether a step is the sum of products with a softmax along the axis along which that is 1."""
    contract = step.operation
    if not isinstance(contract, Contract) or plan.steps[probabilities].operation != Scan("softmax"):
        return False
    labels = contract.subscripts[step.operands.index(probabilities)]
    summed = {label for each in contract.subscripts for label in each} - {*contract.output}
    return len(contract.subscripts) == 2 and summed == {labels[-1]} and {*labels[:-1]} <= {*contract.output}


def centred(step: Step, centre: Centre, plan: Plan, dtype: np.dtype[Any], spare: bool) -> Move:
    """What fills the slot of such a sum; in the place of the values if they are spare."""
    mean = plan.steps[centre.mean]
    assert isinstance(step.operation, Combine)
    assert isinstance(mean.operation, Contract)
    shapes = [plan.steps[slot].shape for slot in step.operands]
    place, first = step.operands.index(centre.values), mean.operands.index(centre.probabilities) == 0
    spares = [each == place for each in range(2)]
    take = combination(step.operation, shapes, step.shape, dtype, spares if spare else [False, False])
    again = combination(step.operation, shapes, step.shape, dtype, spares)
    average = contraction(mean.operation, [plan.steps[slot].shape for slot in mean.operands], dtype)
    p, g, m, result = centre.probabilities, centre.values, centre.mean, step.result

    def run(values: list[Array]) -> None:
        left = take(values[g], values[m]) if place == 0 else take(values[m], values[g])
        values[m] = None  # as large as the next mean
        rest = average(values[p], left) if first else average(left, values[p])
        values[result] = again(left, rest) if place == 0 else again(rest, left)

    return run
