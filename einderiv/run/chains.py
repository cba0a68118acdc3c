"""Chains of elementwise steps on NumPy arrays, block by block, in arrays of one block that take turns.

sigmoid and softplus of one array share its exponential.  All that a run needs is made by the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import prod
from operator import methodcaller
from typing import Any

import numpy as np

from einderiv.plan import BLOCK, Apply, Combine, Contract, Step
from einderiv.run.elements import UFUNCS, element, elementwise, largest_exponent
from einderiv.run.layout import Array, blocks
from einderiv.run.quotients import cosh_squared, function_of

Move = Callable[[list[Array]], None]


@dataclass(frozen=True, slots=True)
class _Call:
    """`function` of registers, its result in another; of what has elements, with where it goes as last argument."""

    function: Callable[..., Array]
    reads: tuple[int, ...]
    result: int
    fills: bool


@dataclass(slots=True)
class _Program:
    """The calls for one block.  A slot has the register of its number; those after them hold what is in between.

    `standing` has the slot that stands in the place of another, with nothing computed.
    """

    count: int
    calls: list[_Call] = field(default_factory=list)
    standing: dict[int, int] = field(default_factory=dict)
    _known: dict[tuple[str, tuple[int, ...]], int] = field(default_factory=dict)

    def put(self, function: Callable[..., Array], reads: Sequence[int], result: int | None = None) -> int:
        """The register of an array that a function fills."""
        if result is None:
            result, self.count = self.count, self.count + 1
        self.calls.append(_Call(function, tuple(reads), result, fills=True))
        return result

    def number(self, function: Callable[..., Array], reads: Sequence[int], result: int | None = None) -> int:
        """The register of a number for each block."""
        if result is None:
            result, self.count = self.count, self.count + 1
        self.calls.append(_Call(function, tuple(reads), result, fills=False))
        return result

    def once(self, name: str, make: Callable[[], int], *reads: int) -> int:
        """The register of what several steps need, computed for the first of them."""
        if (name, reads) not in self._known:
            self._known[name, reads] = make()
        return self._known[name, reads]


def chain(
    steps: Sequence[Step],
    slots: int,
    shapes: Mapping[int, tuple[int, ...]],
    dtype: np.dtype[Any],
    divided: Mapping[int, int],
) -> Move:
    """What runs the steps of a chain in a plan of so many slots, of whose operands these are the shapes.

    `divided` has the factors of quotients by the slots of their products.
    """
    shape = next(step.shape for step in steps if step.shape)
    made = {step.result for step in steps}
    program = _compiled(steps, slots, dtype, divided)
    sums = [step.result for step in steps if not step.shape]
    whole = [step.result for step in steps if step.shape and step.bytes]
    given = [slot for slot in dict.fromkeys(slot for step in steps for slot in step.operands) if slot not in made]
    arrays = [slot for slot in given if shapes[slot]]
    numbers = [slot for slot in given if not shapes[slot]]
    buffers, calls = _with_buffers(program, {*whole, *sums})

    def run(values: list[Array]) -> None:
        sources, results, restore = _flat([values[slot] for slot in arrays], len(whole), shape, dtype)
        room = [np.empty(min(BLOCK, prod(shape)), dtype) for _ in range(buffers)]
        parts: list[list[Array]] = [[] for _ in sums]
        registers: list[Array] = [None] * program.count
        for slot in numbers:
            registers[slot] = values[slot]
        for index, lengths in _indices(sources, results):
            for slot, source in zip(arrays, sources, strict=True):
                registers[slot] = source[index]
            targets = {slot: result[index] for slot, result in zip(whole, results, strict=True)}
            places = [each[: prod(lengths)].reshape(lengths) for each in room]
            for call, buffer in calls:
                operands = [registers[read] for read in call.reads]
                if call.fills:
                    operands.append(targets[call.result] if buffer < 0 else places[buffer])
                registers[call.result] = call.function(*operands)
            for part, slot in zip(parts, sums, strict=True):
                part.append(registers[slot])
        for slot, part in zip(sums, parts, strict=True):
            values[slot] = np.add.reduce(np.array(part, dtype))
        for slot, result in zip(whole, results, strict=True):
            values[slot] = restore(result)

    return run


def _flat(
    given: list[Array], count: int, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> tuple[list[Array], list[Array], Callable[[Array], Array]]:
    """The operands and as many new arrays, with one axis where all lie alike in memory, and how to undo that."""
    for order in ("C", "F"):
        if all(array.flags[f"{order}_CONTIGUOUS"] for array in given):
            new = [np.empty(prod(shape), dtype) for _ in range(count)]
            return (
                [array.reshape(-1, order=order) for array in given],
                new,
                methodcaller("reshape", shape, order=order),
            )
    return given, [np.empty(shape, dtype) for _ in range(count)], lambda array: array


def _indices(sources: Sequence[Array], results: Sequence[Array]) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """What to take of the arrays for each block, and the lengths of that."""
    like = [*results, *sources][0]
    order = sorted(range(like.ndim), key=lambda axis: -abs(like.strides[axis]))
    for index in blocks(like.shape, order, BLOCK):
        yield index, tuple(part.stop - part.start for part in index)


def _with_buffers(program: _Program, kept: set[int]) -> tuple[int, list[tuple[_Call, int]]]:
    """How many arrays of a block are needed, and for each call the one that it fills; -1 for a result of the chain."""
    last = {read: place for place, call in enumerate(program.calls) for read in call.reads}
    free: list[int] = []
    home: dict[int, int] = {}
    count = 0
    calls: list[tuple[_Call, int]] = []
    for place, call in enumerate(program.calls):
        if call.fills and call.result not in kept:
            if call.result not in home:
                if not free:
                    free.append(count)
                    count += 1
                home[call.result] = free.pop()
            calls.append((call, home[call.result]))
        else:
            calls.append((call, -1))
        done = [read for read in dict.fromkeys((*call.reads, call.result)) if last.get(read, place) <= place]
        free += [home.pop(read) for read in done if read in home]
    return count, calls


# -------------------------------------------------------------------- steps


def _compiled(steps: Sequence[Step], slots: int, dtype: np.dtype[Any], divided: Mapping[int, int]) -> _Program:
    """The calls of all steps."""
    program = _Program(slots)
    for step in steps:
        if not _compile_quotient(step, program, divided):
            _compile(step, program, dtype)
    return program


def _compile_quotient(step: Step, program: _Program, divided: Mapping[int, int]) -> bool:
    """The calls of a factor that becomes what is divided by, or of the product that divides, if a step is one."""
    if step.result in divided.values():
        if function_of(step) != "reciprocal":
            program.put(cosh_squared, step.operands, step.result)
        else:
            program.standing[step.result] = step.operands[0]
    elif step.result in divided:
        below = divided[step.result]
        [above] = [operand for operand in step.operands if operand != below]
        program.put(np.divide, (above, program.standing.get(below, below)), step.result)
    else:
        return False
    return True


def _compile(step: Step, program: _Program, dtype: np.dtype[Any]) -> None:
    """The calls of one step."""
    match step.operation:
        case Apply(function="sigmoid" | "softplus" as name):
            top = largest_exponent(dtype)
            (x,) = step.operands
            largest = program.once("largest", lambda: program.number(_largest, (x,)), x)
            e = program.once("exp", lambda: program.put(partial(_capped, top), (x, largest)), x)
            if name == "sigmoid":
                more = program.once("1 + exp", lambda: program.put(_one_more, (e,)), x)
                program.put(np.divide, (e, more), step.result)
            else:
                program.put(partial(_softplus, top), (e, x, largest), step.result)
        case Apply(function=name):
            program.put(_element(name, dtype, step.shape), step.operands, step.result)
        case Combine(terms=terms):
            _combine([term.coefficient for term in terms], step, program)
        case Contract(output=()):
            program.number(np.vdot if len(step.operands) == 2 else _total, step.operands, step.result)
        case _:
            program.put(np.multiply, step.operands, step.result)


def _combine(coefficients: Sequence[float], step: Step, program: _Program) -> None:
    """A sum of scaled operands, the unscaled ones first."""
    pairs = sorted(zip(coefficients, step.operands, strict=True), key=lambda pair: pair[0] != 1.0)
    (c, total), *rest = pairs
    if not rest:
        program.put(partial(_scaled, c), (total,), step.result)
        return
    if c != 1.0:
        total = program.put(partial(_scaled, c), (total,))
    for place, (c, operand) in enumerate(rest):
        if c not in (1.0, -1.0):
            operand = program.put(partial(_scaled, c), (operand,))
        function = np.subtract if c == -1.0 else np.add
        total = program.put(function, (total, operand), step.result if place == len(rest) - 1 else None)


def _element(name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Callable[..., Array]:
    """An elementwise function whose last argument is where the result goes."""
    if name in UFUNCS:
        function = UFUNCS[name]
        return lambda *arguments: function(*arguments[:-1], out=arguments[-1])
    known, value = element(name, dtype), elementwise(name, dtype, shape)
    if known is not None:
        return known

    def copied(*arguments: Array) -> Array:
        arguments[-1][...] = value(*arguments[:-1])
        return arguments[-1]

    return copied


def _scaled(c: float, x: Array, out: Array) -> Array:
    return np.multiply(x, c, out=out)


def _one_more(x: Array, out: Array) -> Array:
    return np.add(x, 1.0, out=out)


def _total(x: Array) -> Array:
    return np.add.reduce(x, axis=None)


def _largest(x: Array) -> Array:
    return np.maximum.reduce(x, axis=None)


def _capped(top: float, x: Array, largest: float, out: Array) -> Array:
    """exp(x), or exp(top) where that is less; where no x is large the second pass is spared."""
    if largest < top:
        return np.exp(x, out=out)
    np.minimum(x, top, out=out)
    return np.exp(out, out=out)


def _softplus(top: float, e: Array, x: Array, largest: float, out: Array) -> Array:
    """log(1 + e) with e = exp(x), and x where e is kept from becoming infinite."""
    np.log1p(e, out=out)
    return out if largest < top else np.maximum(out, x, out=out)
