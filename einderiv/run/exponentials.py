"""softmax, logsoftmax and logsumexp of NumPy arrays, those of one array together: one maximum, one exponential.

Each shifts by the maximum m, so that nothing overflows: softmax = e / Σ e, logsoftmax = s - log Σ e and logsumexp =
m + log Σ e with s = x - m and e = exp(s).  log Σ e is log1p of the sum without the largest, which is 1.
An infinite maximum is not subtracted from itself: logsumexp(-∞, -∞) = -∞, logsumexp(∞, 0) = ∞, softmax(∞, 0) = (1, 0).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, prod
from typing import Any

import numpy as np

from einderiv.run.layout import Array, blocks

Kernel = Callable[[Array], list[Array]]

FEW = 2048  # elements up to which the number of calls counts, not that of passes
SHORT = 1 << 10  # elements of a row that BLAS sums
BLOCK = 1 << 16  # elements that are worked on together, so that they stay in the cache


def exponentials(names: Sequence[str], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Kernel:
    """The function from an array of this shape to its values of several functions along the last axis."""
    if prod(shape) <= FEW:
        return _few(names, shape, dtype)
    if len(shape) == 1:
        return lambda x: [found[0] for found in _many(names, x[None])]
    return lambda x: _many(names, x)


def _few(names: Sequence[str], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Kernel:
    """The functions of all rows at once, in few calls."""
    length, rows = shape[-1], prod(shape[:-1])
    flat, folded, flatten = (rows, length), shape[:-1], len(shape) != 2
    starts = np.arange(rows) * length
    ones, zeros = np.ones(length, dtype), np.zeros(rows, dtype)

    def values(x: Array) -> list[Array]:
        x = x.reshape(flat)
        place = x.argmax(1)
        place += starts
        m = x.reshape(-1)[place]
        s = x - m[:, None]
        e = np.exp(s, order="C")  # so that it can be written to as if it had one axis
        total = e.dot(ones)
        edge = total.dot(zeros) != 0
        if edge:
            s[x == inf] = 0.0
            np.exp(s, out=e)
            total = e.dot(ones)
        found = {"softmax": e / total[:, None]} if "softmax" in names else {}
        if len(found) < len(names):
            e.reshape(-1)[place] = 0.0
            logarithm = e.dot(ones)
            np.log1p(logarithm, out=logarithm)
            if "logsumexp" in names:
                found["logsumexp"] = _above(m, logarithm, edge).reshape(folded)
            if "logsoftmax" in names:
                found["logsoftmax"] = np.subtract(s, logarithm[:, None], out=s)
        return [found[name].reshape(shape) if flatten and name != "logsumexp" else found[name] for name in names]

    return values


def _many(names: Sequence[str], x: Array) -> list[Array]:
    """The functions of one block of rows after the other."""
    found = {
        name: np.empty(x.shape[:-1], x.dtype) if name == "logsumexp" else np.empty_like(x, subok=False)
        for name in names
    }
    order = sorted(range(x.ndim - 1), key=lambda axis: -abs(x.strides[axis]))
    for index in blocks(x.shape, order, BLOCK):
        block = x[index]
        m = _largest(block)
        s = block - m
        e = np.exp(s)
        total = _total(e)
        edge = not np.isfinite(total).all()
        if edge:
            s[block == inf] = 0.0
            np.exp(s, out=e)
            total = _total(e)
        if "softmax" in found:
            np.divide(e, total, out=found["softmax"][index])
        if "logsoftmax" in found or "logsumexp" in found:
            logarithm = _logarithm(total, e)
            if "logsoftmax" in found:
                np.subtract(s, logarithm, out=found["logsoftmax"][index])
            if "logsumexp" in found:
                found["logsumexp"][index[:-1]] = _above(m, logarithm, edge)[..., 0]
    return [found[name] for name in names]


def _largest(x: Array) -> Array:
    """The largest of each row; to read it at its position is quicker than NumPy's own for short rows."""
    if not x.flags.c_contiguous:
        return np.maximum.reduce(x, axis=-1, keepdims=True)
    place = x.argmax(-1).reshape(-1)
    place += np.arange(0, x.size, x.shape[-1])
    return x.reshape(-1)[place].reshape(*x.shape[:-1], 1)


def _total(e: Array) -> Array:
    """The sum of each row; short ones by BLAS, long ones in pairs, which keeps more digits."""
    if e.shape[-1] > SHORT or not e.flags.c_contiguous:
        return np.add.reduce(e, axis=-1, keepdims=True)
    return e.dot(np.ones(e.shape[-1], e.dtype))[..., None]


def _logarithm(total: Array, e: Array) -> Array:
    """log Σ_c e_c, the largest being 1: by log1p of the others where they are small."""
    logarithm = np.log(total)
    rows = np.nonzero(total[..., 0] < 1.5)
    if len(rows[0]):
        others = e[rows]
        others[np.arange(len(others)), others.argmax(1)] = 0.0
        logarithm[..., 0][rows] = np.log1p(np.add.reduce(others, axis=1))
    return logarithm


def _above(m: Array, logarithm: Array, edge: bool) -> Array:
    """The largest plus the logarithm, also where all are -∞."""
    total = m + logarithm
    if edge:
        total[m == -inf] = -inf
    return total
