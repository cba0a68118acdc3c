"""Functions of a whole axis: reductions and what runs along an axis, in any array library.

`exponentials` has those of exponentials for NumPy.  Here each shifts by the maximum before it exponentiates, so that
nothing overflows.  An infinite maximum is not subtracted from itself: logsumexp(-∞, -∞) = -∞, logsumexp(∞, 0) = ∞,
softmax(∞, 0) = (1, 0).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from einderiv.run.library import Library

Array = Any


def _finite(np: Library, m: Array) -> Array:
    """m, or 0 where it is infinite or no number."""
    return np.where(np.isfinite(m), m, 0.0)


def _shifted(np: Library, x: Array) -> Array:
    """x_k - max_c x_c, with ∞ - ∞ = 0."""
    m = np.largest(x, keep=True)
    return np.where(x == inf, 0.0, x - m)


def logsumexp(np: Library, x: Array) -> Array:
    """Log-sum-exp: log Σ_c exp(x_c) = m + log Σ_c exp(x_c - m)"""
    m = _finite(np, np.largest(x, keep=True))
    return (np.log(np.total(np.exp(x - m), keep=True)) + m)[..., 0]


def norm(np: Library, x: Array) -> Array:
    """√ Σ_c x_c², in NumPy also where the squares leave the range of the numbers: m √ Σ_c (x_c / m)²"""
    n = np.sqrt(np.total(x * x, keep=False))
    if np.name != "numpy" or x.size == 0 or ((n > 1e-18) & (n < inf)).all():
        return n
    m = np.largest(np.abs(x), keep=True)
    m = np.where((m > 0) & (m < inf), m, 1.0)
    scaled = x / m
    return np.sqrt(np.total(scaled * scaled, keep=False)) * m[..., 0]


def softmax(np: Library, x: Array) -> Array:
    """exp(x_k) / Σ_c exp(x_c)"""
    e = np.exp(_shifted(np, x))
    return e / np.total(e, keep=True)


def logsoftmax(np: Library, x: Array) -> Array:
    """x_k - log Σ_c exp(x_c)"""
    s = _shifted(np, x)
    return s - np.log(np.total(np.exp(s), keep=True))


def cumsum_reverse(np: Library, x: Array) -> Array:
    """Σ_{j ≥ k} x_j"""
    return np.reverse(np.running(np.reverse(x)))


def cofactor(np: Library, x: Array) -> Array:
    """Π_{c ≠ k} x_c = (Π_{c < k} x_c) (Π_{c > k} x_c), which needs no division"""
    one = np.ones_like(x[..., :1])
    before = np.join([one, np.running(x[..., :-1], product=True)])
    after = np.join([np.reverse(np.running(np.reverse(x[..., 1:]), product=True)), one])
    return before * after


def str_dtype(array: Array) -> str:
    """`float32`, whatever the library."""
    return str(array.dtype).removeprefix("torch.")


FOLDS: Mapping[str, Callable[[Library, Array], Array]] = {
    "max": lambda np, x: np.largest(x, keep=False),
    "min": lambda np, x: np.smallest(x),
    "argmax": lambda np, x: np.cast(np.first_largest(x), str_dtype(x)),
    "argmin": lambda np, x: np.cast(np.first_largest(-x), str_dtype(x)),
    "prod": lambda np, x: np.product(x),
    "logsumexp": logsumexp,
    "norm": norm,
}

SCANS: Mapping[str, Callable[[Library, Array], Array]] = {
    "softmax": softmax,
    "logsoftmax": logsoftmax,
    "cumsum": lambda np, x: np.running(x),
    "cumsum_reverse": cumsum_reverse,
    "cofactor": cofactor,
}
