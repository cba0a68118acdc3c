"""A plan on the arrays of any library that has `einsum` and the functions of NumPy.

Nothing is written in place, so that JAX can trace it and PyTorch can differentiate it: a delta is a choice between the
value and zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    Permutation,
    Plan,
    Real,
    Scan,
    Solve,
    Step,
    Term,
    View,
    last_uses,
)
from einderiv.plan import einsum_string as subscripts_of
from einderiv.run.axes import FOLDS, SCANS
from einderiv.run.centres import Centre, centres, is_first, of_rest
from einderiv.run.elements import TRUTHS
from einderiv.run.generic_access import accessed, linear
from einderiv.run.library import Library, library
from einderiv.run.line import constant

Array = Any


def generic(plan: Plan, name: str, dtype: str) -> Callable[[Mapping[str, Array]], list[Array]]:
    """The function from input arrays of a library, by name, to the results of `plan`."""
    np_like = library(name)
    means = centres(plan, ())
    dying: dict[int, list[int]] = {}
    for slot, last in enumerate(last_uses(plan.steps, plan.outputs, ())):  # no chain holds its operands to its end here
        dying.setdefault(last, []).append(slot)

    def execute(arrays: Mapping[str, Array]) -> list[Array]:
        like = next(iter(arrays.values()), None)
        values: list[Array] = []
        for step in plan.steps:
            operands = [values[slot] for slot in step.operands]
            values.append(_value(step, operands, arrays, (np_like, dtype, like)))
            if step.result in means:
                _centre(step, means[step.result], plan, values, (np_like, dtype, like))
            del operands  # else those of a step would be held while the next one runs
            for slot in dying.get(step.result, ()):  # also what only a view of it kept
                values[slot] = None
        return [values[slot] for slot in plan.outputs]

    return execute


def _value(step: Step, operands: list[Array], arrays: Mapping[str, Array], where: tuple[Library, str, Array]) -> Array:
    """The result of one step."""
    xp, dtype, like = where
    match step.operation:
        case Load(name=name):
            return arrays[name]
        case Fill() | Count() | Permutation():
            return xp.cast(xp.made(np.asarray(constant(step, np.dtype(np.float64))), like), dtype)
        case Contract() as contract:
            return _contracted(contract, operands, xp)
        case View(placing=placing):
            return _laid_out(operands[0], placing, tuple(range(len(step.shape))), xp)
        case Combine(terms=terms):
            return _combined(terms, operands, step.shape, where)
        case Apply(function=name):
            value = FUNCTIONS[name].value(xp, *operands)
            return xp.cast(value, dtype) if name in TRUTHS else value
        case Fold(function=name, count=count):
            x = operands[0]
            folded = x.reshape(*step.shape, _product(x.shape[len(step.shape) :])) if count > 1 else x
            return FOLDS[name](xp, folded)
        case Scan(function=name):
            return operands[0] * 0 if 0 in step.shape else SCANS[name](xp, operands[0])
        case Real():
            return xp.cast(operands[0], dtype)
        case Factorise() | Solve() | Cholesky() as algebra:
            return linear(algebra, operands, xp)
        case access:
            return accessed(access, operands, step.shape, where)


def _product(lengths: tuple[int, ...]) -> int:
    product = 1
    for length in lengths:
        product *= length
    return product


def _contracted(contract: Contract, operands: list[Array], xp: Library) -> Array:
    """One contraction, in letters that `einsum` knows."""
    return xp.einsum(subscripts_of(contract.subscripts, contract.output), *operands)


def _laid_out(array: Array, placing: tuple[int, ...], target: tuple[int, ...], xp: Library) -> Array:
    """The array with the axes `target`, of length 1 where it has none; an axis that stands twice is a diagonal."""
    distinct = list(dict.fromkeys(placing))
    wanted = [axis for axis in target if axis in distinct]
    if len(distinct) < len(placing):
        array = xp.einsum(subscripts_of([placing], wanted), array)
    else:
        array = xp.transpose(array, [distinct.index(axis) for axis in wanted])
    return array[tuple(slice(None) if axis in distinct else None for axis in target)]


def _combined(
    terms: tuple[Term, ...], operands: list[Array], shape: tuple[int, ...], where: tuple[Library, str, Array]
) -> Array:
    """The sum of laid out arrays, a new array of this shape."""
    xp, dtype, like = where
    total: Array = None
    for term, operand in zip(terms, operands, strict=True):
        part = _laid_out(operand, term.placing, tuple(range(len(shape))), xp)
        if term.coefficient != 1.0:
            part = term.coefficient * part
        for axis, first in enumerate(term.ties):
            if first != axis:
                part = xp.where(_agree(axis, first, shape, xp, like), part, 0.0)
        total = part if total is None else total + part
    if tuple(total.shape) != shape:
        total = xp.broadcast_to(total, shape)
    return xp.copy(xp.cast(total, dtype))


def _centre(step: Step, centre: Centre, plan: Plan, values: list[Array], where: tuple[Library, str, Array]) -> None:
    """Take the mean that a sum still has away from it; see `einderiv.run.centres`."""
    mean, combine = of_rest(step, centre, plan)
    left, probabilities = values[step.result], values[centre.probabilities]
    rest = _contracted(mean, [probabilities, left] if is_first(centre, plan) else [left, probabilities], where[0])
    parts = [left, rest] if step.operands.index(centre.values) == 0 else [rest, left]
    values[step.result] = _combined(combine.terms, parts, step.shape, where)


def _agree(axis: int, first: int, shape: tuple[int, ...], xp: Library, like: Array) -> Array:
    """Where two axes have the same position: a matrix of truths, laid out over them."""
    lengths = [length if place in (axis, first) else 1 for place, length in enumerate(shape)]
    return xp.made(np.eye(shape[axis], dtype=bool).reshape(lengths), like)
