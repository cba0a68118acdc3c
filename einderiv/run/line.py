"""A plan as a straight line of NumPy calls: everything that sizes and dtype decide is decided once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from einderiv.ir import FUNCTIONS
from einderiv.plan import (
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
    View,
    Write,
)
from einderiv.run.access import locating, matching, padding, reading
from einderiv.run.algebra import cholesky, factorising, solving
from einderiv.run.axes import FOLDS, SCANS
from einderiv.run.combine import combination
from einderiv.run.contract import contraction, overwriting
from einderiv.run.layout import Array, laid_out
from einderiv.run.library import library
from einderiv.run.scatter import writing
from einderiv.run.transposes import LARGE as LARGE_SUM
from einderiv.run.transposes import with_transpose

Kernel = Callable[..., Array]
Move = Callable[[list[Array]], None]

LARGE = 1 << 12  # bytes from which a temporary is let go as soon as nothing needs it

QUICK: Mapping[str, Kernel] = {  # what is one call of NumPy
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sign": np.sign,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "log1p": np.log1p,
    "expm1": np.expm1,
    "max": np.maximum,
    "min": np.minimum,
    "reciprocal": np.reciprocal,
    "relu": lambda x: np.maximum(x, 0.0),
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.round,
}
IN_PLACE = {name: function for name, function in QUICK.items() if isinstance(function, np.ufunc)}
TRUTHS = frozenset({"less", "less_equal", "equal", "not_equal", "greater", "greater_equal"})
CALM = TRUTHS | frozenset(
    "abs sign floor ceil round tanh sech_squared atan max min clip relu sigmoid logistic_density logsigmoid softplus "
    "elu gaussian where".split()
)  # what never warns


def straight_line(plan: Plan, dtype: str) -> Callable[[Mapping[str, Array]], list[Array]]:
    """The function from input arrays, by name, to the results of `plan`."""
    kind = np.dtype(dtype)
    constants: list[tuple[int, Array]] = []
    loads: list[tuple[int, str]] = []
    moves: list[Move] = []
    dying, spares = _dying(plan), _spare_slots(plan)
    for step in plan.steps:
        shapes = [plan.steps[slot].shape for slot in step.operands]
        match step.operation:
            case Load(name=name):
                loads.append((step.result, name))
            case Fill() | Count() | Permutation():
                constants.append((step.result, constant(step, kind)))
            case Combine() as combine if _twice(step, plan, spares) and (add := with_transpose(combine)):
                moves.append(_bound(add, step.operands[:1], step.result))
            case _:
                spare = [
                    slot in spares and plan.last_use[slot] == step.result and step.operands.count(slot) == 1
                    for slot in step.operands
                ]
                kernel = _kernel(step, shapes, kind, spare)
                moves.append(_bound(kernel, step.operands, step.result))
        if step.result in dying:
            moves.append(_freed(dying[step.result]))
    template: list[Array] = [None] * len(plan.steps)
    for slot, array in constants:
        template[slot] = array
    scalars = any(not plan.steps[slot].shape for slot in plan.outputs)
    outputs = plan.outputs
    quiet = any(_may_warn(step) for step in plan.steps)

    def execute(arrays: Mapping[str, Array]) -> list[Array]:
        values = template.copy()
        for slot, name in loads:
            values[slot] = arrays[name]
        for move in moves:
            move(values)
        if scalars:  # NumPy makes numbers of arrays without axes
            return [np.asarray(values[slot], kind) for slot in outputs]
        return [values[slot] for slot in outputs]

    def silent(arrays: Mapping[str, Array]) -> list[Array]:
        with np.errstate(all="ignore"):
            return execute(arrays)

    return silent if quiet else execute


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
            return contraction(contract, shapes, spare)
        case View(placing=placing):
            return laid_out(placing, range(len(step.shape)), whole=True) or (lambda x: x)
        case Combine() as combine:
            return combination(combine, shapes, step.shape, dtype, spare)
        case Apply(function=name):
            if name in IN_PLACE and shapes[0] == step.shape and spare[0]:
                return overwriting(IN_PLACE[name])
            return elementwise(name, dtype)
        case Fold(function=name, count=count):
            rank = len(step.shape)
            return _folded(partial(FOLDS[name], library("numpy")), step.shape, shapes[0][rank:] if count else ())
        case Scan(function=name):
            if 0 in step.shape:
                return lambda x: np.zeros(step.shape, dtype)
            return partial(SCANS[name], library("numpy"))
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


def elementwise(name: str, dtype: np.dtype[Any]) -> Kernel:
    """An elementwise function of NumPy arrays; truth is 1 and 0."""
    if name in QUICK:
        return QUICK[name]
    value = partial(FUNCTIONS[name].value, library("numpy"))
    if name in TRUTHS:
        return lambda a, b: value(a, b).astype(dtype)
    return value


def _folded(function: Kernel, shape: tuple[int, ...], folded: tuple[int, ...]) -> Kernel:
    """A reduction of several axes as one of a single axis."""
    if len(folded) == 1:
        return function
    merged = (*shape, prod(folded))
    return lambda x: function(x.reshape(merged))


def _bound(kernel: Kernel, operands: tuple[int, ...], result: int) -> Move:
    """A kernel with its slots."""
    if len(operands) == 1:
        (a,) = operands

        def one(values: list[Array]) -> None:
            values[result] = kernel(values[a])

        return one
    if len(operands) == 2:
        a, b = operands

        def two(values: list[Array]) -> None:
            values[result] = kernel(values[a], values[b])

        return two

    def many(values: list[Array]) -> None:
        values[result] = kernel(*[values[slot] for slot in operands])

    return many


def _dying(plan: Plan) -> dict[int, list[int]]:
    """For each step the large temporaries, and the views of them, that no later step needs."""
    dying: dict[int, list[int]] = {}
    for step in plan.steps:
        last = plan.last_use[step.result]
        constant = isinstance(step.operation, Load | Fill | Count | Permutation)
        if not constant and last < len(plan.steps) and (step.bytes >= LARGE or not step.bytes):
            dying.setdefault(last, []).append(step.result)
    return dying


def _freed(slots: list[int]) -> Move:
    def free(values: list[Array]) -> None:
        for slot in slots:
            values[slot] = None

    return free
