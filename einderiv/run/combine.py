"""Sums of laid out NumPy arrays: what `Combine` is.

A sum with deltas is zeros (untouched pages cost nothing) and one write through a diagonal view for each pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from einderiv.plan import Combine
from einderiv.run.layout import Arrange, Array, diagonal_view, laid_out, leading, pair, same

Kernel = Callable[..., Array]


@dataclass(frozen=True, slots=True)
class _Part:
    """One term: which operand, its view, the number before it, that as an array, and the shape of the view.

    NumPy multiplies by an array without axes quicker than by a number of Python's.  `spare` says that nothing needs the
    operand any more and that it has the shape of the sum.
    """

    place: int
    view: Arrange | None
    coefficient: float
    number: Array
    shape: tuple[int, ...]
    spare: bool

    def of(self, arrays: Sequence[Array]) -> Array:
        """The operand as it stands in the sum, without the number."""
        array = arrays[self.place]
        return array if self.view is None else self.view(array)


def combination(
    combine: Combine,
    shapes: Sequence[tuple[int, ...]],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    spare: Sequence[bool] = (),
) -> Kernel:
    """The function of the operands' arrays that a step is.

    Its result is a new array, or a sum in the place of an operand that is `spare`, which nothing needs any more.
    """
    spare = spare or [False] * len(shapes)
    dense: list[_Part] = []
    tied: list[tuple[tuple[int, ...], _Part]] = []
    for place, (term, operand) in enumerate(zip(combine.terms, shapes, strict=True)):
        firsts = [axis for axis, first in enumerate(term.ties) if first == axis]
        reached = dict(zip(term.placing, operand, strict=True))
        seen = tuple(reached.get(axis, 1) for axis in firsts[leading(term.placing, firsts) :])
        free = spare[place] and seen == shape
        c = float(term.coefficient)
        part = _Part(place, laid_out(term.placing, firsts), c, np.asarray(dtype.type(c)), seen, free)
        if term.tied:
            tied.append((term.ties, part))
        else:
            dense.append(part)
    if not tied:
        if len(dense) == 2 and np.broadcast_shapes(dense[0].shape, dense[1].shape) == shape:
            return _two(*dense)
        if len(dense) == 1 and dense[0].shape == shape and dense[0].coefficient != 1.0:
            return _scaled(dense[0], shape)
        return _sum(dense, shape, dtype)
    if 0 in shape:
        return lambda *arrays: np.zeros(shape, dtype)
    return _with_diagonals(_sum(dense, shape, dtype) if dense else None, tied, shape, dtype)


def _sum(parts: list[_Part], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Kernel:
    """Σ coefficient · part."""
    if len(parts) == 1:
        return _copy(parts[0], shape, dtype)
    parts = sorted(parts, key=lambda part: part.coefficient != 1.0)  # a part that needs no scaling comes first
    first, second, *rest = parts
    start = _two(first, second)
    steps = [(part, _accumulate(part)) for part in rest]
    full = np.broadcast_shapes(first.shape, second.shape) == shape
    one, two = first.place, second.place

    def total(*arrays: Array) -> Array:
        result = start(arrays[one], arrays[two])
        if not full:
            result = np.array(np.broadcast_to(result, shape))
        for part, add in steps:
            result = add(result, part.of(arrays))
        return result

    return total


def _two(one: _Part, two: _Part) -> Kernel:
    """The sum c a + d b as a function of the two arrays, in the place of one that is spare."""
    c, d = one.coefficient, two.coefficient
    if one.spare or two.spare:
        return _in_place(one, two)
    if d == -1.0 and c == 1.0:
        return pair(np.subtract, one.view, two.view)
    if c == -1.0 and d == 1.0:
        return pair(lambda a, b: np.subtract(b, a), one.view, two.view)
    if c == d == 1.0:
        return pair(np.add, one.view, two.view)
    return pair(_weighted(one, two), one.view, two.view)


def _weighted(one: _Part, two: _Part) -> Kernel:
    """The sum c a + d b of views."""
    c, d = one.number, two.number
    if one.coefficient == 1.0:
        return lambda a, b: np.add(a, np.multiply(b, d))
    if two.coefficient == 1.0:
        return lambda a, b: np.add(np.multiply(a, c), b)
    return lambda a, b: np.add(np.multiply(a, c), np.multiply(b, d))


def _in_place(one: _Part, two: _Part) -> Kernel:
    """The sum c a + d b in the place of the one that is spare."""
    c, d = one.coefficient, two.coefficient
    left, right = one.view or same, two.view or same

    def total(a: Array, b: Array) -> Array:
        a, b = left(a), right(b)
        out = a if one.spare else b
        if c != 1.0:
            a = np.multiply(a, one.number, out=a if one.spare else None)
        if d == -1.0:
            return np.subtract(a, b, out=out)
        if d != 1.0:
            b = np.multiply(b, two.number, out=b if two.spare else None)
        return np.add(a, b, out=out)

    return total


def _accumulate(part: _Part) -> Kernel:
    """The sum x + c · y, in place where x is an array."""
    c, number = part.coefficient, part.number
    function = {1.0: np.add, -1.0: np.subtract}.get(c)

    def add(x: Array, y: Array) -> Array:
        y = y if function is not None else np.multiply(y, number)
        out = x if isinstance(x, np.ndarray) else None
        return (function or np.add)(x, y, out=out)

    return add


def _scaled(part: _Part, shape: tuple[int, ...]) -> Kernel:
    """A number times the only operand."""
    c, number, view = part.coefficient, part.number, part.view
    if not shape:
        return lambda x: c * x
    if part.spare:
        return lambda x: np.multiply(seen := view(x) if view else x, number, out=seen)
    if view is None:
        return lambda x: np.multiply(x, number)
    return lambda x: np.multiply(view(x), number)


def _copy(part: _Part, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Kernel:
    """One array, scaled and repeated, as a new one."""
    c = part.coefficient
    if part.shape == shape:
        if c == 1.0 and part.spare and part.view is None:
            return lambda *arrays: arrays[part.place]
        if c == 1.0:
            return lambda *arrays: np.array(part.of(arrays), dtype)
        return lambda *arrays: np.multiply(part.of(arrays), part.number)

    def repeated(*arrays: Array) -> Array:
        result = np.empty(shape, dtype)
        if c == 1.0:
            result[...] = part.of(arrays)
        else:
            np.multiply(part.of(arrays), c, out=result)
        return result

    return repeated


def _with_diagonals(
    dense: Kernel | None, tied: list[tuple[tuple[int, ...], _Part]], shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Kernel:
    """The dense part, or zeros, and each tied part added on its diagonal."""
    writes = [(diagonal_view(shape, ties, dtype), part, part.coefficient) for ties, part in tied]
    labels = [(list(ties), sorted(set(ties))) for ties, _ in tied]

    def added(*arrays: Array) -> Array:
        result = np.zeros(shape, dtype) if dense is None else dense(*arrays)
        for (diagonal, part, c), (ties, firsts) in zip(writes, labels, strict=True):
            view = diagonal(result) if result.flags.c_contiguous else np.einsum(result, ties, firsts)
            if c == -1.0:
                view -= part.of(arrays)
            else:
                view += part.of(arrays) if c == 1.0 else c * part.of(arrays)
        return result

    def written(*arrays: Array) -> Array:
        result = np.zeros(shape, dtype)
        view = only(result)
        if c == 1.0:
            view[...] = one.of(arrays)
        else:
            np.multiply(one.of(arrays), c, out=view)
        return result

    if dense is None and len(writes) == 1:
        only, one, c = writes[0]
        return written
    return added
