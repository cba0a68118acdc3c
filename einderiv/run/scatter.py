"""Writing into NumPy arrays: slice by slice at lines of labels, by `np.add.at` on a flat array at positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from einderiv.plan import WRITTEN, At, Line, Write, looped
from einderiv.run.access import Grid
from einderiv.run.layout import Array, laid_out

Kernel = Callable[..., Array]

SLICES = 4096  # more than so many slices are written as single elements


def writing(write: Write, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Kernel:
    """The function of what is written, of the array to write into, and of the positions that a step is."""
    empty = 0 in shape or 0 in write.lengths
    loop = looped(write.places, write.lengths, shape)
    lines = not any(isinstance(place, At) for place in write.places)
    if empty:
        add: Kernel = lambda out, *operands: None  # noqa: E731
    elif lines and prod(write.lengths[label] for label in loop) <= SLICES:
        add = _by_slices(write, shape, loop, dtype)
    else:
        add = _by_elements(write, shape)

    def written(*operands: Array) -> Array:
        out = np.ascontiguousarray(operands[1], dtype) if write.onto else np.zeros(shape, dtype)
        add(out, *operands)
        return out

    return written


def _scaled(source: Array, coefficient: float) -> Array:
    """A number times a part of the source: never all of it, which would take as much memory again."""
    return source if coefficient == 1.0 else coefficient * source


def _strides(shape: Sequence[int]) -> list[int]:
    """How many elements of a C-contiguous array lie between neighbours along each axis."""
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


# ------------------------------------------------------------------- slices


def _by_slices(write: Write, shape: tuple[int, ...], loop: tuple[int, ...], dtype: np.dtype[Any]) -> Kernel:
    """For each choice of the labels `loop` one slice of the source added to one slice of the array."""
    steps = [0] * len(write.lengths)
    for place, stride in zip(write.places, _strides(shape), strict=True):
        line = Line((1,), (place,), 0) if isinstance(place, int) else place
        if isinstance(line, Line):
            for c, label in zip(line.coefficients, line.labels, strict=True):
                steps[label] += c * stride
    inner = sorted((label for label in range(len(steps)) if label not in loop), key=lambda label: -abs(steps[label]))
    arrange = laid_out(write.source, [*loop, *inner], whole=True)
    slices = list(_slices(write, shape, loop, inner))
    strides = tuple(steps[label] * dtype.itemsize for label in inner)
    have = [label in write.source for label in (*loop, *inner)]

    def add(out: Array, source: Array, *_: Array) -> None:
        source = np.asarray(source)
        source = source if arrange is None else arrange(source)
        for key, lengths, start in slices:
            view = np.ndarray(lengths, dtype, out, start * dtype.itemsize, strides)
            part = source[tuple(cut if there else _whole(cut) for cut, there in zip(key, have, strict=True))]
            view += _scaled(part, write.coefficient)

    return add


def _whole(cut: int | slice) -> int | slice:
    """What to take of an axis of length 1."""
    return 0 if isinstance(cut, int) else slice(None)


def _slices(
    write: Write, shape: tuple[int, ...], loop: Sequence[int], inner: Sequence[int]
) -> Iterator[tuple[tuple[int | slice, ...], tuple[int, ...], int]]:
    """What to take of the source, the lengths of it, and the element at which it begins in the array."""
    strides = _strides(shape)
    for chosen in product(*(range(write.lengths[label]) for label in loop)):
        values = dict(zip(loop, chosen, strict=True))
        ranges = {label: (0, write.lengths[label]) for label in inner}
        start, inside = 0, True
        for place, size, stride in zip(write.places, shape, strides, strict=True):
            if isinstance(place, int):
                start += stride * values.get(place, 0)
            if not isinstance(place, Line):
                continue
            pairs = list(zip(place.coefficients, place.labels, strict=True))
            first = place.constant + sum(c * values[label] for c, label in pairs if label in values)
            free = [(c, label) for c, label in pairs if label not in values]
            start += first * stride
            if len(free) == 1:
                ((c, label),) = free
                low, high = _within(first, c, size)
                ranges[label] = max(ranges[label][0], low), min(ranges[label][1], high)
            elif not free:
                inside = inside and 0 <= first < size
        if not inside or any(low >= high for low, high in ranges.values()):
            continue
        for place, stride in zip(write.places, strides, strict=True):
            line = Line((1,), (place,), 0) if isinstance(place, int) else place
            if isinstance(line, Line):
                pairs = list(zip(line.coefficients, line.labels, strict=True))
                start += stride * sum(c * ranges[label][0] for c, label in pairs if label in ranges)
        key: tuple[int | slice, ...] = (*chosen, *(slice(*ranges[label]) for label in inner))
        yield key, tuple(ranges[label][1] - ranges[label][0] for label in inner), start


def _within(first: int, c: int, size: int) -> tuple[int, int]:
    """The k, from the first to one past the last, for which first + c k is from 0 to size - 1."""
    if c > 0:
        return -(first // c), (size - 1 - first) // c + 1
    return -((size - 1 - first) // -c), first // -c + 1


# ----------------------------------------------------------------- elements


def _by_elements(write: Write, shape: tuple[int, ...]) -> Kernel:
    """Rows of the source added at the positions that arrays hold; equal positions add up."""
    grid = Grid(write.places, write.lengths, lines=True)
    rest = [place for axis in grid.rest if isinstance(place := write.places[axis], int)]
    strides = _strides(shape)
    arrange = laid_out(write.source, [*grid.labels, *rest], whole=True)
    full = (*grid.shape, *(write.lengths[label] for label in rest))
    row = np.zeros(1, np.intp)
    for axis in grid.rest:
        row = np.add.outer(row, np.arange(shape[axis]) * strides[axis])
    row = row.reshape(-1)
    plain = {place for place in write.places if isinstance(place, int)}
    add = _assign if set(grid.labels) <= plain else _accumulate

    def scatter(out: Array, source: Array, *others: Array) -> None:
        operands = (source, *others)
        source = np.asarray(source)
        source = np.broadcast_to(source if arrange is None else arrange(source), full).reshape(-1, len(row))
        positions, missing = grid.positions(operands, [shape[axis] for axis in grid.axes])
        start = np.zeros(grid.shape, np.intp)
        for axis, position in zip(grid.axes, positions, strict=True):
            start += position * strides[axis]
        start = start.reshape(-1)
        if missing is not None:
            kept = ~missing.reshape(-1)
            start, source = start[kept], source[kept]
        flat, rows = out.reshape(-1), max(1, WRITTEN // max(1, len(row)))
        for place in range(0, len(start), rows):  # so that the positions of elements take little memory
            here = slice(place, place + rows)
            part = _scaled(source[here].astype(out.dtype, copy=False), write.coefficient)
            add(flat, start[here, None] + row, part)

    return scatter


def _assign(out: Array, positions: Array, source: Array) -> None:
    """No element is met twice."""
    out[positions] += source


def _accumulate(out: Array, positions: Array, source: Array) -> None:
    """`np.add.at` is quick on flat arrays."""
    np.add.at(out, positions.reshape(-1), source.reshape(-1))
