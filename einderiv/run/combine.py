"""Sums of laid out NumPy arrays: what `Combine` is.

A sum with deltas is zeros (untouched pages cost nothing) and one write through a diagonal view for each pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from einderiv.plan import Combine
from einderiv.run.layout import Arrange, Array, diagonal_view, laid_out, leading

Kernel = Callable[..., Array]


@dataclass(frozen=True, slots=True)
class _Part:
    """One term: which operand, its view, the number before it, the shape of the view, the array to write the sum to.

    `spare` says that nothing needs the operand any more and that it has the shape of the sum.
    """

    place: int
    view: Arrange | None
    coefficient: float
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
        part = _Part(place, laid_out(term.placing, firsts), float(term.coefficient), seen, free)
        if term.tied:
            tied.append((term.ties, part))
        else:
            dense.append(part)
    if not tied:
        plain = [part.view is None and part.coefficient == 1.0 and not part.spare for part in dense]
        if plain == [True, True] and np.broadcast_shapes(dense[0].shape, dense[1].shape) == shape:
            return np.add
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

    def total(*arrays: Array) -> Array:
        result = start(arrays)
        if not full:
            result = np.array(np.broadcast_to(result, shape))
        for part, add in steps:
            result = add(result, part.of(arrays))
        return result

    if not rest and full:
        return lambda *arrays: start(arrays)
    return total


def _two(one: _Part, two: _Part) -> Kernel:
    """The sum c a + d b, in the place of a or b where one is spare."""
    c, d = one.coefficient, two.coefficient
    if one.spare or two.spare:
        return _in_place(one, two)
    if c == 1.0 and d == 1.0:
        return lambda arrays: np.add(one.of(arrays), two.of(arrays))
    if c == 1.0 and d == -1.0:
        return lambda arrays: np.subtract(one.of(arrays), two.of(arrays))
    if c == 1.0:
        return lambda arrays: np.add(one.of(arrays), d * two.of(arrays))
    return lambda arrays: np.add(c * one.of(arrays), d * two.of(arrays))


def _in_place(one: _Part, two: _Part) -> Kernel:
    """The sum c a + d b in the place of the one that is spare."""
    c, d = one.coefficient, two.coefficient

    def total(arrays: Sequence[Array]) -> Array:
        a, b = one.of(arrays), two.of(arrays)
        out = a if one.spare else b
        if c != 1.0:
            a = np.multiply(a, c, out=a if one.spare else None)
        if d == -1.0:
            return np.subtract(a, b, out=out)
        if d != 1.0:
            b = np.multiply(b, d, out=b if two.spare else None)
        return np.add(a, b, out=out)

    return total


def _accumulate(part: _Part) -> Kernel:
    """The sum x + c · y, in place where x is an array."""
    c = part.coefficient
    function = {1.0: np.add, -1.0: np.subtract}.get(c)

    def add(x: Array, y: Array) -> Array:
        y = y if function is not None else c * y
        out = x if isinstance(x, np.ndarray) else None
        return (function or np.add)(x, y, out=out)

    return add


def _copy(part: _Part, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Kernel:
    """One array, scaled and repeated, as a new one."""
    c = part.coefficient
    if part.shape == shape:
        if c == 1.0 and part.spare and part.view is None:
            return lambda *arrays: arrays[part.place]
        if c == 1.0:
            return lambda *arrays: np.array(part.of(arrays), dtype)
        if part.spare:
            return lambda *arrays: np.multiply(part.of(arrays), c, out=part.of(arrays))
        return lambda *arrays: c * part.of(arrays)

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
