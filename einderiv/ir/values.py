"""The elementwise functions that no array library has in a form that keeps all digits, in any library `np`."""

from __future__ import annotations

from typing import Any

Array = Any


def inverse_or_zero(np: Any, x: Array) -> Array:
    """1 / x, and 0 at 0."""
    return np.where(x == 0, x, 1 / np.where(x == 0, 1 + x, x))


def root_of_one_plus_square(np: Any, x: Array) -> Array:
    """√(1 + x²), also where x² leaves the range of the numbers."""
    return np.hypot(np.ones_like(x), x)


def sech_squared(np: Any, x: Array) -> Array:
    """1 / cosh(x)² = 4 e / (1 + e)² with e = exp(-2 |x|), which keeps the digits that 1 - tanh(x)² cancels."""
    e = np.exp(-2 * np.abs(x))
    return 4 * e / ((1 + e) * (1 + e))


def sigmoid(np: Any, x: Array) -> Array:
    """1 / (1 + exp(-x)), with the exponential of a negative number alone."""
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1 + 0 * e) / (1 + e)


def logistic_density(np: Any, x: Array) -> Array:
    """sigmoid(x) sigmoid(-x) = e / (1 + e)² with e = exp(-|x|)."""
    e = np.exp(-np.abs(x))
    return e / ((1 + e) * (1 + e))


def softplus(np: Any, x: Array) -> Array:
    """log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))."""
    return np.clip(x, 0, None) + np.log1p(np.exp(-np.abs(x)))


def logsigmoid(np: Any, x: Array) -> Array:
    """log sigmoid(x) = min(x, 0) - log(1 + exp(-|x|))."""
    return np.clip(x, None, 0) - np.log1p(np.exp(-np.abs(x)))


def elu(np: Any, x: Array) -> Array:
    """x for x > 0, else exp(x) - 1."""
    return np.where(x > 0, x, np.expm1(np.clip(x, None, 0)))


def gaussian(np: Any, x: Array) -> Array:
    """exp(-x²) = exp(-h²) exp((h - x) (h + x)) with h near x and few digits, so that h² is exact."""
    x = np.clip(x, -40, 40)
    h = np.round(x * 16) / 16
    return np.exp(-h * h) * np.exp((h - x) * (h + x))


def xlogx(np: Any, x: Array) -> Array:
    """x log(x), and 0 at 0."""
    return x * np.log(np.where(x == 0, np.ones_like(x), x))
