"""Functions of a whole axis: reductions and what runs along an axis, in any array library.

Each shifts by the maximum before it exponentiates, so that nothing overflows.  An infinite maximum is not subtracted
from itself: logsumexp(-∞, -∞) = -∞, logsumexp(∞, 0) = ∞, softmax(∞, 0) = (1, 0).
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


def _shifted_anew(np: Library, x: Array) -> Array:
    """The same as a new NumPy array, with a second pass only where an infinity needs it."""
    m = np.largest(x, keep=True)
    s = x - m
    if not np.isfinite(m).all():
        s[x == inf] = 0.0
    return s


def _log_of_total(np: Library, e: Array) -> Array:
    """log Σ_c e_c, the largest being 1, where nobody needs e any more: in NumPy by log1p where the rest is small."""
    total = np.total(e, keep=True)
    small = (total >= 1) & (total < 1.5)
    if np.name != "numpy" or not small.any():
        return np.log(total)
    np.put_along_axis(e, np.argmax(e, -1)[..., None], 0.0, -1)
    return np.where(small, np.log1p(np.total(e, keep=True)), np.log(total))


def logsumexp(np: Library, x: Array) -> Array:
    """Log-sum-exp: log Σ_c exp(x_c) = m + log Σ_c exp(x_c - m)"""
    m = _finite(np, np.largest(x, keep=True))
    return (_log_of_total(np, np.exp(x - m)) + m)[..., 0]


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
    if np.name == "numpy":
        e = _shifted_anew(np, x)
        np.exp(e, out=e)
        e /= np.total(e, keep=True)
        return e
    e = np.exp(_shifted(np, x))
    return e / np.total(e, keep=True)


def logsoftmax(np: Library, x: Array) -> Array:
    """x_k - log Σ_c exp(x_c)"""
    s = _shifted_anew(np, x) if np.name == "numpy" else _shifted(np, x)
    return s - _log_of_total(np, np.exp(s))


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
