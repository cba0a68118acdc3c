"""Slopes of softmax: p_i (g_i - Σ_q p_q g_q), in which g loses its mean under the probabilities p.

Where one p is nearly 1, its g and the mean agree in nearly all digits, and what is left of them has lost as many: for
1 - p = 1e-12 four digits are right.  The difference is exact, though, for the mean that was found.  So what is left has
its own mean, tiny, taken away once more, and all digits are right.
"""

from __future__ import annotations

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
    """The sums g - Σ_q p_q g_q, by their slots; p is a softmax.

    What runs together with other steps, the slots `rows`, is none.
    """
    found = {}
    for step in plan.steps:
        if isinstance(step.operation, Combine) and len(step.operands) == 2 and step.result not in rows:
            for values, mean in (step.operands, step.operands[::-1]):
                contract = plan.steps[mean]
                if mean not in rows and _takes_away(step, step.operation, values, contract):
                    probabilities = next((slot for slot in contract.operands if slot != values), values)
                    if _is_mean(contract, probabilities, plan) and plan.last_use[probabilities] > step.result:
                        found[step.result] = Centre(probabilities, values, mean)
    return found


def _takes_away(step: Step, combine: Combine, values: int, mean: Step) -> bool:
    """Whether a sum is `values`, its axes in any order, less a product that has these as an operand."""
    if step.operands[0] == step.operands[1] or values not in mean.operands:
        return False
    own, other = (combine.terms[step.operands.index(slot)] for slot in (values, mean.result))
    axes = tuple(range(len(step.shape)))
    whole = own.coefficient == 1.0 and tuple(sorted(own.placing)) == axes
    return whole and other.coefficient == -1.0 and not combine.tied


def _is_mean(step: Step, probabilities: int, plan: Plan) -> bool:
    """Whether a step is the sum of products with a softmax along the axis along which that is 1."""
    contract = step.operation
    if not isinstance(contract, Contract) or plan.steps[probabilities].operation != Scan("softmax"):
        return False
    labels = contract.subscripts[step.operands.index(probabilities)]
    summed = {label for each in contract.subscripts for label in each} - {*contract.output}
    return len(contract.subscripts) == 2 and summed == {labels[-1]} and {*labels[:-1]} <= {*contract.output}


def is_first(centre: Centre, plan: Plan) -> bool:
    """Whether the probabilities are the first operand of the mean."""
    return plan.steps[centre.mean].operands.index(centre.probabilities) == 0


def of_rest(step: Step, centre: Centre, plan: Plan) -> tuple[Contract, Combine]:
    """The mean of what is left, which has the axes of the sum, and how that is taken away."""
    mean, combine = plan.steps[centre.mean].operation, step.operation
    assert isinstance(mean, Contract)
    assert isinstance(combine, Combine)
    place, own = step.operands.index(centre.values), int(is_first(centre, plan))
    placing, labels = combine.terms[place].placing, mean.subscripts[own]
    axes = tuple(range(len(placing)))
    several = [*mean.subscripts]
    several[own] = tuple(labels[placing.index(axis)] for axis in axes)
    number = {label: count for count, label in enumerate(dict.fromkeys(label for each in several for label in each))}
    subscripts = tuple(tuple(number[label] for label in each) for each in several)
    terms = [*combine.terms]
    terms[place] = Term(1.0, axes, axes)
    return Contract(subscripts, tuple(number[label] for label in mean.output)), Combine(tuple(terms))


def centred(step: Step, centre: Centre, plan: Plan, dtype: np.dtype[Any], spare: bool) -> Move:
    """What fills the slot of such a sum; in the place of the values if they are spare."""
    assert isinstance(step.operation, Combine)
    mean, combine = of_rest(step, centre, plan)
    shapes = [plan.steps[slot].shape for slot in step.operands]
    probable = plan.steps[centre.probabilities].shape
    place, first = step.operands.index(centre.values), is_first(centre, plan)
    spares = [each == place for each in range(2)]
    take = combination(step.operation, shapes, step.shape, dtype, spares if spare else [False, False])
    left = [step.shape if each else shapes[1 - place] for each in spares]
    again = combination(combine, left, step.shape, dtype, spares)
    average = contraction(mean, [probable, step.shape] if first else [step.shape, probable], dtype)
    p, g, m, result = centre.probabilities, centre.values, centre.mean, step.result
    last = plan.last_use[m] == result and m not in plan.outputs

    def run(values: list[Array]) -> None:
        found = take(values[g], values[m]) if place == 0 else take(values[m], values[g])
        if last:
            values[m] = None  # as large as the next mean
        rest = average(values[p], found) if first else average(found, values[p])
        values[result] = again(found, rest) if place == 0 else again(rest, found)

    return run
