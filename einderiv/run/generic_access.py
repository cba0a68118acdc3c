"""Reading, writing and linear algebra in any array library, by index arrays, with nothing written in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, prod
from typing import Any

import numpy as np

from einderiv.errors import EinTypeError, EinValueError
from einderiv.plan import (
    Access,
    At,
    Cholesky,
    Factorise,
    Line,
    Linear,
    Locate,
    Match,
    Pad,
    Place,
    Read,
    Solve,
    Write,
)
from einderiv.run.access import misplaced
from einderiv.run.algebra import indefinite, singular
from einderiv.run.library import Library

Array = Any


def accessed(
    operation: Access, operands: list[Array], shape: tuple[int, ...], where: tuple[Library, str, Array]
) -> Array:
    """The result of a step that reads, writes, or computes positions."""
    xp, dtype, like = where
    if xp.name == "dask" and not isinstance(operation, Pad):
        raise EinTypeError("E0504", "gathers and affine indices do not run on Dask arrays", helps=["pass NumPy arrays"])
    match operation:
        case Pad(margins=margins):
            return _padded(operands[0], margins, xp, like, dtype)
        case Read() as read:
            return _read(read, operands, xp, like)
        case Write() as write:
            return _written(write, operands, shape, where)
        case Match() as match:
            return _matched(match, operands, xp, like, dtype)
        case Locate() as locate:
            return _located(locate, operands[0], xp)


def _zeros(shape: Sequence[int], xp: Library, like: Array, dtype: str) -> Array:
    return xp.cast(xp.made(np.zeros(shape, np.float32), like), dtype)


def _padded(x: Array, margins: Sequence[tuple[int, int]], xp: Library, like: Array, dtype: str) -> Array:
    """Zeros joined on both sides, axis by axis."""
    for axis, sides in enumerate(margins):
        parts = [x]
        for side, count in enumerate(sides):
            if count:
                shape = [count if place == axis else length for place, length in enumerate(x.shape)]
                zeros = _zeros(shape, xp, like, dtype)
                parts.insert(0 if side == 0 else len(parts), zeros)
        if len(parts) > 1:
            order = [*(place for place in range(len(margins)) if place != axis), axis]
            joined = xp.join([xp.transpose(part, order) for part in parts])
            x = xp.transpose(joined, [order.index(place) for place in range(len(margins))])
    return x


def _positions(
    place: Place, operands: Sequence[Array], labels: Sequence[int], lengths: Sequence[int], xp: Library, like: Array
) -> Array:
    """The positions of a place as an array with the axes `labels`, of length 1 where it does not depend on one."""
    if isinstance(place, At):
        wanted = [label for label in labels if label in place.labels]
        array = xp.transpose(operands[place.operand], [place.labels.index(label) for label in wanted])
        return array.reshape([lengths[label] if label in wanted else 1 for label in labels])
    line = Line((1,), (place,), 0) if isinstance(place, int) else place
    total = np.full((1,) * len(labels), line.constant)
    for c, label in zip(line.coefficients, line.labels, strict=True):
        total = total + c * np.arange(lengths[label]).reshape([-1 if other == label else 1 for other in labels])
    return xp.made(total, like)


def _outside(place: Place, position: Array, size: int) -> Array | None:
    """Where a position is none; None if it always is one."""
    if isinstance(place, Line):
        return (position < 0) | (position >= size)
    return position < 0 if isinstance(place, At) and place.loose else None


def _read(read: Read, operands: list[Array], xp: Library, like: Array) -> Array:
    x = operands[0]
    shape = tuple(read.lengths[label] for label in read.output)
    if 0 in shape or 0 in x.shape:
        return _zeros(shape, xp, like, str(x.dtype).removeprefix("torch."))
    found, missing = [], None
    for place, size in zip(read.places, x.shape, strict=True):
        position = _positions(place, operands, read.output, read.lengths, xp, like)
        outside = _outside(place, position, size) if isinstance(place, At) else None
        if outside is not None:
            position = xp.where(outside, 0, position)
            missing = outside if missing is None else missing | outside
        found.append(position)
    if not shape:
        values = x[tuple(position.reshape(()) for position in found)] if found else x
    else:
        values = xp.broadcast_to(x[tuple(found)], shape) if found else xp.broadcast_to(x, shape)
    return values if missing is None else xp.where(missing, 0.0, values)


def _written(write: Write, operands: list[Array], shape: tuple[int, ...], where: tuple[Library, str, Array]) -> Array:
    """Elements added to a flat array; those outside are added to one more element at its end."""
    xp, dtype, like = where
    labels = tuple(range(len(write.lengths)))
    base = operands[1] if write.onto else _zeros(shape, xp, like, dtype)
    if 0 in shape or 0 in write.lengths:
        return base
    source = xp.cast(write.coefficient * operands[0], dtype)
    order = sorted(range(len(write.source)), key=lambda axis: write.source[axis])
    source = xp.transpose(source, order)
    source = source.reshape([write.lengths[label] if label in write.source else 1 for label in labels])
    flat, missing = xp.made(np.zeros((1,) * len(labels), np.int64), like), None
    for axis, (place, size) in enumerate(zip(write.places, shape, strict=True)):
        position = _positions(place, operands, labels, write.lengths, xp, like)
        outside = _outside(place, position, size)
        missing = outside if missing is None else missing if outside is None else missing | outside
        flat = flat + position * prod(shape[axis + 1 :])
    if missing is not None:
        flat = xp.where(missing, prod(shape), flat)
    flat = xp.broadcast_to(flat, write.lengths).reshape(-1)
    source = xp.broadcast_to(source, write.lengths).reshape(-1)
    longer = xp.join([base.reshape(-1), _zeros((1,), xp, like, dtype)])
    return xp.added_at(longer, flat, source)[:-1].reshape(shape)


def _matched(match: Match, operands: list[Array], xp: Library, like: Array, dtype: str) -> Array:
    shape = tuple(match.lengths[label] for label in match.output)
    left = _positions(match.left, operands, match.output, match.lengths, xp, like)
    same = (left >= 0) & (left < match.size)
    if match.right is not None:
        same = same & (left == _positions(match.right, operands, match.output, match.lengths, xp, like))
    return xp.cast(xp.broadcast_to(same, shape), dtype)


def _located(locate: Locate, x: Array, xp: Library) -> Array:
    """Positions; while JAX traces a function values are not known, and out of range ones are not refused."""
    inside = (x >= 0) & (x < locate.size) & (x == xp.floor(x) if "float" in str(x.dtype) else True)
    if locate.strict and not xp.traced(x) and not bool(inside.all()):
        values, where = np.asarray(xp.plain(x)), np.asarray(xp.plain(inside))
        raise misplaced(locate, values, where)
    found = xp.where(inside, x, -1) if not locate.strict else x
    return xp.cast(found, "int64" if xp.name == "torch" else str(xp.result_type(int)))


def linear(operation: Linear, operands: list[Any], xp: Library) -> Any:
    """Linear algebra by the library's own functions, each of which factorises anew."""
    match operation:
        case Factorise(name=name):
            return operands[0], name
        case Cholesky(name=name):
            half = 0.5 * (operands[0] + xp.swapaxes(operands[0], -1, -2))
            return _tried(xp, xp.linalg.cholesky, indefinite(name), half)
        case Solve(function=function, turned=turned):
            matrix, name = operands[0]
            return _solved(function, xp.swapaxes(matrix, -1, -2) if turned else matrix, name, operands[1:], xp)


def _solved(function: str, matrix: Array, name: str, others: list[Array], xp: Library) -> Array:
    if function == "det":
        return xp.linalg.det(matrix)
    if function == "logdet":
        found = xp.linalg.slogdet(matrix)[1]
        if not xp.traced(found) and bool((found == -inf).any()):
            raise singular(name)
        return found
    if function == "inv":
        return _tried(xp, xp.linalg.inv, singular(name), matrix)
    (right,) = others
    batch = matrix.ndim - 2
    columns = right.reshape(*right.shape[: batch + 1], prod(right.shape[batch + 1 :]))
    return _tried(xp, xp.linalg.solve, singular(name), matrix, columns).reshape(right.shape)


def _tried(xp: Library, function: Callable[..., Array], refusal: EinValueError, *operands: Array) -> Array:
    """A function of matrices that fails, or (in JAX) gives no numbers, where they are singular or indefinite."""
    try:
        found = function(*operands)
    except (np.linalg.LinAlgError, RuntimeError) as error:
        if xp.name == "torch" and not isinstance(error, xp.linalg.LinAlgError):
            raise
        raise refusal from None
    known = xp.name == "jax" and not xp.traced(found)
    if known and not bool(xp.isfinite(found).all()) and all(bool(xp.isfinite(x).all()) for x in operands):
        raise refusal
    return found
