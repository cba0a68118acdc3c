"""Quotients: a product with 1 / x, or with 1 / cosh(x)², divides by x, or by cosh(x)², and so needs fewer passes.

The step of such a factor makes what is divided by, and the step of the product divides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from einderiv.plan import Apply, Contract, Load, Plan, Step
from einderiv.run.layout import LARGE, Array, laid_out, pair

BELOW = ("reciprocal", "sech_squared")
Kernel = Callable[..., Array]


def quotients(plan: Plan, spares: Collection[int]) -> dict[int, int]:
    """The factor that becomes what is divided by, for each product that is run as a quotient, by their slots.

    Nothing else reads the factor, which has an element for each of the product; both are in one row of steps or none.
    """
    readers = Counter(operand for step in plan.steps for operand in step.operands)
    readers.update(plan.outputs)
    spans = [*plan.chains, *((sweep.first, sweep.stop) for sweep in plan.sweeps)]
    rows = {slot: first for first, stop in spans for slot in range(first, stop)}
    found = {}
    for step in plan.steps:
        contract = step.operation
        if not isinstance(contract, Contract) or len(contract.subscripts) != 2 or contract.summed:
            continue
        for operand, labels in zip(step.operands, contract.subscripts, strict=True):
            near = rows.get(operand) == rows.get(step.result)
            if near and readers[operand] == 1 and sorted(labels) == sorted(contract.output):
                factor = plan.steps[operand]
                if function_of(factor) in BELOW and (step.result in rows or _stays(factor, plan, spares)):
                    found[step.result] = operand
                    break
    return found


def function_of(step: Step) -> str:
    """The name of the function that a step applies to an array; else nothing."""
    return step.operation.function if isinstance(step.operation, Apply) and step.shape else ""


def _stays(factor: Step, plan: Plan, spares: Collection[int]) -> bool:
    """Whether an argument can take the place of its reciprocal: no step writes over it, and it is not needed longer."""
    if function_of(factor) != "reciprocal":
        return True
    argument = plan.steps[factor.operands[0]]
    if argument.result in spares:
        return plan.last_use[argument.result] == factor.result
    return isinstance(argument.operation, Load) or 0 < argument.bytes < LARGE


def borrowed(plan: Plan, divided: Mapping[int, int]) -> set[int]:
    """The factors in whose place are arrays of the caller, which nothing may write over."""
    reciprocals = {slot for slot in divided.values() if function_of(plan.steps[slot]) == "reciprocal"}
    return {slot for slot in reciprocals if isinstance(plan.steps[plan.steps[slot].operands[0]].operation, Load)}


def divisor(step: Step, spare: bool) -> Kernel:
    """What makes what is divided by of the argument of a factor, in its place if it is spare."""
    if function_of(step) == "reciprocal":
        return lambda x: x
    return (lambda x: cosh_squared(x, x)) if spare else cosh_squared


def cosh_squared(x: Array, out: Array | None = None) -> Array:
    """cosh(x)², infinite where that leaves the range of the numbers."""
    c = np.cosh(x, out=out)
    return np.multiply(c, c, out=c)


def quotient(contract: Contract, place: int, spare: Sequence[bool]) -> Kernel:
    """What divides one of two arrays by the one at `place`, its result in the place of one that is spare."""
    whole = [sorted(labels) == sorted(contract.output) for labels in contract.subscripts]
    into = next((each for each in (1 - place, place) if spare[each] and whole[each]), None)
    left, right = (laid_out(labels, contract.output) for labels in contract.subscripts)
    return pair(_dividing(place, into), left, right)


def _dividing(place: int, into: int | None) -> Kernel:
    """a / b or, if what is divided by is at place 0, b / a; `into` says which array takes the result."""
    match place, into:
        case 0, None:
            return lambda a, b: np.divide(b, a)
        case 0, 0:
            return lambda a, b: np.divide(b, a, a)
        case 0, 1:
            return lambda a, b: np.divide(b, a, b)
        case 1, 0:
            return lambda a, b: np.divide(a, b, a)
        case 1, 1:
            return lambda a, b: np.divide(a, b, b)
        case _:
            return np.divide
