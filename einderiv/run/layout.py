"""Views of NumPy arrays, prepared once: axes in another order, diagonals, axes of length 1, axes merged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

Array = Any
Arrange = Callable[[Array], Array]

LARGE = 1 << 12  # bytes from which a temporary is written over, or let go, as soon as nothing needs it
COPIED = 1 << 12  # elements from which it pays to choose the order in which a matrix is copied


def laid_out(labels: Sequence[int], target: Sequence[int], *, whole: bool = False) -> Arrange | None:
    """The view of an array with axes `labels` that has the axes `target`, of length 1 where the array has none.

    A label that stands twice takes the diagonal.  Unless the `whole` view is wanted, leading axes of length 1 are left
    out, since broadcasting puts them back.  None means that the array is that view already.
    """
    diagonal = _diagonal(labels)
    distinct = list(dict.fromkeys(labels))
    wanted = [label for label in target if label in distinct]
    order = tuple(distinct.index(label) for label in wanted)
    first = 0 if whole else leading(labels, target)
    index = tuple(slice(None) if label in distinct else None for label in target[first:])
    moves: list[Arrange] = []
    if diagonal is not None:
        moves.append(diagonal)
    if order != tuple(range(len(order))):
        moves.append(lambda x: x.transpose(order))
    if None in index:
        moves.append(lambda x: x[index])
    return chain(moves)


def leading(labels: Sequence[int], target: Sequence[int]) -> int:
    """How many axes of `target` stand before the first that is in `labels`."""
    return next((axis for axis, label in enumerate(target) if label in labels), len(target))


def _diagonal(labels: Sequence[int]) -> Arrange | None:
    """The view in which every label stands once, in order of first use."""
    if len(set(labels)) == len(labels):
        return None
    number = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    names = [number[label] for label in labels]
    axes = list(range(len(number)))
    return lambda x: np.einsum(x, names, axes)


def grouped(labels: Sequence[int], groups: Sequence[Sequence[int]], sizes: dict[int, int]) -> Arrange | None:
    """An array with axes `labels` as one with an axis for each group of labels; a copy only where strides forbid it."""
    order = [label for group in groups for label in group]
    shape = tuple(prod(sizes[label] for label in group) for group in groups)
    moves: list[Arrange] = []
    diagonal = _diagonal(labels)
    if diagonal is not None:
        moves.append(diagonal)
    distinct = list(dict.fromkeys(labels))
    if len(groups) == 2 and distinct == [*groups[1], *groups[0]] and distinct != order:
        flipped = shape[::-1]
        if len(distinct) > 2:
            moves.append(lambda x: x.reshape(flipped))
        moves.append(turned)
        return chain(moves)
    if len(groups) == 2 and all(groups) and len(distinct) > 2 and distinct != order and prod(shape) >= COPIED:
        first, second = ([distinct.index(label) for label in group] for group in groups)
        moves.append(_compact(tuple(first), tuple(second), shape))
        return chain(moves)
    if distinct != order:
        axes = tuple(distinct.index(label) for label in order)
        moves.append(lambda x: x.transpose(axes))
    if any(len(group) != 1 for group in groups):
        moves.append(lambda x: x.reshape(shape))
    return chain(moves)


def _compact(first: tuple[int, ...], second: tuple[int, ...], shape: tuple[int, ...]) -> Arrange:
    """The axes merged into two, copied (if they must be) with those last that lie close together in memory."""
    flipped = shape[::-1]

    def view(x: Array) -> Array:
        one, two = (abs(x.strides[axis]) for axis in (first[-1], second[-1]))
        if one < two or (one == two and x.shape[first[-1]] > x.shape[second[-1]]):
            return x.transpose(second + first).reshape(flipped).T
        return x.transpose(first + second).reshape(shape)

    return view


def chain(moves: Sequence[Arrange]) -> Arrange | None:
    """One view after the other; None for none."""
    match moves:
        case []:
            return None
        case [one]:
            return one
        case [one, two]:
            return lambda x: two(one(x))
        case [one, two, *rest]:
            return chain([lambda x: two(one(x)), *rest])
    return None


def pair(
    function: Callable[..., Array], left: Arrange | None, right: Arrange | None, after: Arrange | None = None
) -> Callable[..., Array]:
    """`function` of two arrays, each first seen as its view, and a view of the result."""
    if after is not None:
        first, second, last = left or same, right or same, after
        return lambda a, b: last(function(first(a), second(b)))
    if left is None:
        if right is None:
            return function
        if right is turned:  # written out: a call of Python's takes a tenth of a small product
            return lambda a, b: function(a, b.T)
        return lambda a, b: function(a, right(b))
    if right is None:
        return (lambda a, b: function(a.T, b)) if left is turned else (lambda a, b: function(left(a), b))
    return lambda a, b: function(left(a), right(b))


def same(x: Array) -> Array:
    """x"""
    return x


def turned(x: Array) -> Array:
    """xᵀ"""
    return x.T


def diagonal_view(shape: Sequence[int], ties: Sequence[int], dtype: np.dtype[Any]) -> Arrange:
    """The view of a C-contiguous array of this shape on which tied axes agree; it has the first axis of each class."""
    strides, step = [0] * len(shape), dtype.itemsize
    for axis in reversed(range(len(shape))):
        strides[axis] = step
        step *= shape[axis]
    firsts = [axis for axis, first in enumerate(ties) if first == axis]
    lengths = tuple(shape[axis] for axis in firsts)
    steps = tuple(sum(strides[axis] for axis, tie in enumerate(ties) if tie == first) for first in firsts)
    return lambda x: np.ndarray(lengths, dtype, x, 0, steps)


def blocks(shape: Sequence[int], order: Sequence[int], most: int) -> Iterator[tuple[slice, ...]]:
    """Parts of at most so many elements that make up an array, cut along the axes in this order, others left whole."""
    pending = [tuple(slice(0, length) for length in shape)]
    while pending:
        index = pending.pop()
        lengths = [part.stop - part.start for part in index]
        cut = next((axis for axis in order if lengths[axis] > 1), None)
        if cut is None or prod(lengths) <= most:
            yield index
            continue
        step = max(1, most * lengths[cut] // prod(lengths))
        first, last = index[cut].start, index[cut].stop
        parts = [slice(start, min(start + step, last)) for start in range(first, last, step)]
        pending += [(*index[:cut], part, *index[cut + 1 :]) for part in reversed(parts)]
