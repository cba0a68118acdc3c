"""Reading NumPy arrays at positions, and comparing positions.

At lines of labels an array is read as a strided view; at positions in an array by `take`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from einderiv.errors import EinValueError
from einderiv.plan import At, Line, Locate, Match, Pad, Place, Read, labels_of
from einderiv.run.layout import Array, laid_out

Kernel = Callable[..., Array]


def reading(read: Read, shape: tuple[int, ...]) -> Kernel:
    """The function of the array, whose shape is `shape`, and of the positions that a step is."""
    result = tuple(read.lengths[label] for label in read.output)
    if 0 in result or 0 in shape:
        return lambda x, *others: np.zeros(result, x.dtype)
    if not any(isinstance(place, At) for place in read.places):
        return _strided(read, result)
    places = [(axis, place) for axis, place in enumerate(read.places) if isinstance(place, At)]
    axis, place = places[0]
    others = [label for label in read.places if isinstance(label, int)]
    if len(places) > 1 or set(place.labels) & set(others):
        return _indexed(read)
    labels = [*others[:axis], *place.labels, *others[axis:]]
    arrange = laid_out(labels, read.output)
    before = tuple(slice(None) for _ in others[:axis])

    def take(x: Array, index: Array) -> Array:
        missing = index < 0 if place.loose else None
        if missing is not None and missing.any():
            found = np.asarray(x.take(np.where(missing, 0, index), axis=axis))
            found[(*before, missing)] = 0.0
        else:
            found = x.take(index, axis=axis)
        return found if arrange is None else arrange(found)

    return take


def _strided(read: Read, result: tuple[int, ...]) -> Kernel:
    """A view of the array."""
    places = read.places
    slices = _slices(places, read)

    def window(x: Array) -> Array:
        start, steps = 0, dict.fromkeys(read.output, 0)
        for place, stride in zip(places, x.strides, strict=True):
            if isinstance(place, int):
                steps[place] += stride
            elif isinstance(place, Line):
                start += place.constant * stride
                for c, label in zip(place.coefficients, place.labels, strict=True):
                    steps[label] += c * stride
        first = x[tuple(slice(place.constant, None) if isinstance(place, Line) else slice(None) for place in places)]
        return as_strided(first, result, [steps[label] for label in read.output], writeable=False)

    return slices or window


def _slices(places: Sequence[Place], read: Read) -> Kernel | None:
    """The view as plain slices, which is quicker to make, where every line has at most one label, and that alone."""
    labels = [label for place in places for label in labels_of(place)]
    if len(set(labels)) < len(labels) or any(len(labels_of(place)) > 1 for place in places):
        return None
    cut: list[slice | int] = []
    for place in places:
        if not isinstance(place, Line):
            cut.append(slice(None))
        elif not place.labels:
            cut.append(place.constant)
        else:
            ((c,), (label,)) = place.coefficients, place.labels
            stop = place.constant + c * (read.lengths[label] - 1) + (1 if c > 0 else -1)
            cut.append(slice(place.constant, None if stop < 0 else stop, c))
    key = tuple(cut)
    arrange = laid_out(labels, read.output)
    return (lambda x: x[key]) if arrange is None else (lambda x: arrange(x[key]))


def _indexed(read: Read) -> Kernel:
    """Advanced indexing with several arrays, or along a label that the array and the positions share."""
    grid = Grid(read.places, read.lengths)
    order = [*grid.axes, *grid.rest]
    labels = [*grid.labels, *(place for place in read.places if isinstance(place, int) and place not in grid.labels)]
    arrange = laid_out(labels, read.output)

    def index(x: Array, *others: Array) -> Array:
        positions, missing = grid.positions((x, *others))
        found = np.asarray(x.transpose(order)[positions])
        if missing is not None:
            found[np.broadcast_to(missing, found.shape[: missing.ndim])] = 0.0
        return found if arrange is None else arrange(found)

    return index


class Grid:
    """The axes whose places are arrays of positions, or share a label with one, over the labels of all of these."""

    def __init__(self, places: Sequence[Place], lengths: Sequence[int], *, lines: bool = False) -> None:
        arrays = [place for place in places if isinstance(place, At) or (lines and isinstance(place, Line))]
        self.labels = tuple(dict.fromkeys(label for place in arrays for label in place.labels))
        self.axes = [axis for axis, place in enumerate(places) if not isinstance(place, int) or place in self.labels]
        self.rest = [axis for axis in range(len(places)) if axis not in self.axes]
        self._lengths = lengths
        self._places = [places[axis] for axis in self.axes]
        self.shape = tuple(lengths[label] for label in self.labels)

    def positions(self, operands: Sequence[Array], sizes: Sequence[int] = ()) -> tuple[tuple[Array, ...], Array | None]:
        """The positions along each of `axes`, broadcast, and where one of them is none (there they are 0)."""
        found, missing = [], None
        for number, place in enumerate(self._places):
            position = spread(place, operands, self.labels, self._lengths)
            outside = None
            if isinstance(place, At) and place.loose:
                outside = position < 0
            elif isinstance(place, Line) and sizes:
                outside = (position < 0) | (position >= sizes[number])
            if outside is not None and outside.any():
                position = np.where(outside, 0, position)
                missing = outside if missing is None else missing | outside
            found.append(position)
        if missing is not None:
            missing = np.broadcast_to(missing, self.shape)
        return tuple(found), missing


def spread(place: Place, operands: Sequence[Array], labels: Sequence[int], lengths: Sequence[int]) -> Array:
    """The positions of a place as an array with the axes `labels`, of length 1 where it does not depend on one."""
    if isinstance(place, At):
        arrange = laid_out(place.labels, labels, whole=True)
        return operands[place.operand] if arrange is None else arrange(operands[place.operand])
    line = Line((1,), (place,), 0) if isinstance(place, int) else place
    total = np.full((1,) * len(labels), line.constant)
    for c, label in zip(line.coefficients, line.labels, strict=True):
        shape = [lengths[label] if other == label else 1 for other in labels]
        total = total + c * np.arange(lengths[label]).reshape(shape)
    return total


def padding(pad: Pad, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Kernel:
    """An array with zeros around it."""
    inner = tuple(slice(before, length - after) for (before, after), length in zip(pad.margins, shape, strict=True))

    def padded(x: Array) -> Array:
        found = np.zeros(shape, dtype)
        found[inner] = x
        return found

    return padded


def matching(match: Match, dtype: np.dtype[Any]) -> Kernel:
    """Where two places are the same position, or where one is a position."""
    shape = tuple(match.lengths[label] for label in match.output)

    def compare(*operands: Array) -> Array:
        left = spread(match.left, operands, match.output, match.lengths)
        same = (left >= 0) & (left < match.size)
        if match.right is not None:
            same = same & (left == spread(match.right, operands, match.output, match.lengths))
        return np.array(np.broadcast_to(same, shape), dtype)

    return compare


def locating(locate: Locate) -> Kernel:
    """Integers from 0 to size - 1, or -1 for none."""

    def located(x: Array) -> Array:
        x = np.asarray(x)
        if x.dtype.kind in "iu":
            inside = (x >= 0) & (x < locate.size)
        else:
            inside = (x >= 0) & (x < locate.size) & (x == np.floor(x))
        if inside.all():
            return x.astype(np.intp)
        if locate.strict:
            raise misplaced(locate, x, inside)
        return np.where(inside, x, -1).astype(np.intp)

    return located


def misplaced(locate: Locate, x: Array, inside: Array) -> EinValueError:
    """The first value that is no position is named."""
    place = np.unravel_index(int(np.argmin(inside)), x.shape)
    value = x[place].item()
    name = f"`{locate.name}`" if locate.name else "the index"
    if locate.name and place:
        name = f"`{locate.name}[{', '.join(map(str, place))}]`"
    if locate.size == 0:
        entries = "no entries"
    else:
        entries = f"{locate.size} {'entries' if locate.size > 1 else 'entry'} (0 to {locate.size - 1})"
    count = x.size - int(np.count_nonzero(inside))
    notes = [f"{count} of its {x.size} values are no positions"] if count > 1 else []
    help_text = f"pass integers from 0 to {locate.size - 1}" if locate.size else "pass a longer array to read from"
    if locate.name and value == locate.size and x.min() >= 1:
        help_text += f"; where yours count from 1, pass `{locate.name} - 1`"
    error = EinValueError(
        "E0510", f"{name} is {value:.15g}, but {locate.where} has {entries}", notes=notes, helps=[help_text]
    )
    error.tensor = locate.name
    return error
