"""Linear algebra on NumPy arrays: one LU factorisation of a matrix for all that is asked of it.

The factorisation is LAPACK's, through SciPy where it is installed; else `numpy.linalg` factorises anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from einderiv.errors import EinValueError
from einderiv.plan import Cholesky, Factorise, Solve
from einderiv.run.layout import Array

Kernel = Callable[..., Any]


def factorising(step: Factorise) -> Kernel:
    """The function of a matrix, or a batch of them, that factorises it."""
    return lambda matrix: _Factors(matrix, step.name)


def solving(step: Solve, dtype: np.dtype[Any]) -> Kernel:
    """The function of a factorisation, and of a right side, that a step is."""
    match step.function:
        case "solve":
            return lambda factors, right: factors.solve(right, step.turned).astype(dtype, copy=False)
        case "inv":
            return lambda factors: factors.inverse(step.turned).astype(dtype, copy=False)
        case "det":
            return lambda factors: np.asarray(factors.determinant()).astype(dtype)
        case _:
            return lambda factors: np.asarray(factors.log_determinant()).astype(dtype)


def cholesky(step: Cholesky, dtype: np.dtype[Any]) -> Kernel:
    """The lower triangle L with L Lᵀ the symmetric part of a matrix."""

    def factor(matrix: Array) -> Array:
        part = _precise(0.5 * (matrix + np.swapaxes(matrix, -1, -2)))
        try:
            return np.linalg.cholesky(part).astype(dtype, copy=False)
        except np.linalg.LinAlgError:
            return _one_by_one(part, step.name).astype(dtype, copy=False)

    return factor


def _one_by_one(batch: Array, name: str) -> Array:
    """The factors of a batch; the first matrix that has none is named, one with nan or infinity has nan."""
    found = np.full_like(batch, np.nan)
    for place in np.ndindex(batch.shape[:-2]):
        if not np.isfinite(batch[place]).all():
            continue
        try:
            found[place] = np.linalg.cholesky(batch[place])
        except np.linalg.LinAlgError:
            raise indefinite(name, place) from None
    return found


def indefinite(name: str, place: tuple[int, ...] = ()) -> EinValueError:
    """The refusal of `cholesky`."""
    return _refused(
        name,
        f"{_entry(name, place)} is not positive definite, so it has no Cholesky factor",
        "an eigenvalue of its symmetric part is zero or negative, or zero up to rounding",
        "a covariance needs at least as many samples as it has rows; or",
    )


def singular(name: str, place: tuple[int, ...] = ()) -> EinValueError:
    """The refusal of `inv`, `solve` and `logdet`."""
    return _refused(
        name,
        f"{_entry(name, place)} is singular",
        "in floating point: a pivot of its factorisation is zero up to rounding",
        "leave out rows that are sums of multiples of others; or",
    )


def _refused(name: str, message: str, note: str, advice: str) -> EinValueError:
    helps = [f"{advice} add a small multiple of the identity, such as `1e-6 δ_ij`"]
    error = EinValueError("E0511", message, notes=[note], helps=helps)
    error.tensor = name.split("`")[1] if "`" in name else ""
    return error


def _entry(name: str, place: tuple[int, ...]) -> str:
    """The name of a matrix, and which one of a batch."""
    if not place:
        return name
    which = ", ".join(map(str, place))
    return f"`{name[1:-1]}[{which}]`" if name.startswith("`") and name.endswith("`") else f"{name} [{which}]"


def _precise(matrix: Array) -> Array:
    """A type that LAPACK has."""
    return matrix.astype(np.float32) if matrix.dtype == np.float16 else np.asarray(matrix)


@lru_cache(maxsize=4)
def _lapack(kind: str) -> tuple[Kernel, Kernel] | None:
    """LU and its solution from SciPy, if it is installed."""
    try:
        found = import_module("scipy.linalg").get_lapack_funcs(("getrf", "getrs"), dtype=np.dtype(kind))
    except ImportError:
        return None
    return found[0], found[1]


class _Factors:
    """A matrix or a batch of them, factorised once; without SciPy, the matrices themselves."""

    def __init__(self, matrix: Array, name: str) -> None:
        self._matrix = _precise(matrix)
        self._name = name
        self._size = matrix.shape[-1]
        self._batch = matrix.shape[:-2]
        self._lapack = _lapack(self._matrix.dtype.char) if self._size else None
        self._lu: dict[tuple[int, ...], tuple[Array, Array]] = {}
        if self._lapack is not None:
            for place in np.ndindex(self._batch):
                lu, pivots, _ = self._lapack[0](self._matrix[place])
                self._lu[place] = lu, pivots

    def _checked(self) -> None:
        """Refuse a matrix with a pivot that is zero, or nothing but rounding compared with its column."""
        for place, (lu, _) in self._lu.items():
            pivots = np.abs(np.diagonal(lu))
            scale = np.abs(self._matrix[place]).max(axis=0)
            if (pivots <= self._size * np.finfo(lu.dtype).eps * scale).any():
                raise singular(self._name, place)

    def _numpy(self, function: Kernel, *others: Array) -> Array:
        """A function of `numpy.linalg`; the first singular matrix is named."""
        try:
            found: Array = function(*others)
        except np.linalg.LinAlgError:
            for place in np.ndindex(self._batch):
                if np.linalg.slogdet(self._matrix[place])[0] == 0:
                    raise singular(self._name, place) from None
            raise singular(self._name) from None
        return found

    def solve(self, right: Array, turned: bool) -> Array:
        """X with A X = B, or with Aᵀ X = B."""
        if not right.size:
            return np.zeros(right.shape, self._matrix.dtype)
        columns = _precise(right).reshape(*self._batch, self._size, -1)
        if self._lapack is None:
            matrix = np.swapaxes(self._matrix, -1, -2) if turned else self._matrix
            return self._numpy(np.linalg.solve, matrix, columns).reshape(right.shape)
        self._checked()
        found = np.empty(columns.shape, self._matrix.dtype)
        for place, (lu, pivots) in self._lu.items():
            found[place] = self._lapack[1](lu, pivots, columns[place], trans=int(turned))[0]
        return found.reshape(right.shape)

    def inverse(self, turned: bool) -> Array:
        """A⁻¹, or its transpose."""
        if self._lapack is None:
            found = self._numpy(np.linalg.inv, self._matrix)
            return np.ascontiguousarray(np.swapaxes(found, -1, -2)) if turned else found
        unit = np.broadcast_to(np.eye(self._size, dtype=self._matrix.dtype), self._matrix.shape)
        return self.solve(unit, turned)

    def _diagonals(self) -> Iterator[tuple[tuple[int, ...], Array, int]]:
        """The pivots of each matrix, and how many rows were exchanged."""
        for place, (lu, pivots) in self._lu.items():
            yield place, np.diagonal(lu), int(np.count_nonzero(pivots != np.arange(self._size)))

    def determinant(self) -> Array:
        """The product of the pivots; of a singular matrix 0."""
        if self._lapack is None:
            return np.linalg.det(self._matrix) if self._size else np.ones(self._batch)
        found = np.empty(self._batch, self._matrix.dtype)
        for place, pivots, exchanges in self._diagonals():
            found[place] = np.prod(pivots) * (-1) ** exchanges
        return found

    def log_determinant(self) -> Array:
        """log |det A| as a sum of logarithms, which does not overflow."""
        if self._lapack is None:
            sign, found = np.linalg.slogdet(self._matrix) if self._size else (np.ones(()), np.zeros(self._batch))
            if not np.all(sign):
                places = np.argwhere(np.asarray(sign) == 0)
                raise singular(self._name, tuple(places[0].tolist()))
            return np.asarray(found)
        self._checked()
        found = np.empty(self._batch, self._matrix.dtype)
        for place, pivots, _ in self._diagonals():
            found[place] = np.log(np.abs(pivots)).sum()
        return found
