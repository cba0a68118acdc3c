"""A factored matrix for SciPy, which is imported only here and only when asked for."""

from __future__ import annotations

from importlib import import_module
from math import prod
from types import ModuleType
from typing import Any

import numpy as np

from einderiv.errors import EinTypeError
from einderiv.factored.products import apply, transposed
from einderiv.factored.terms import Array, Matrix, Term


def linear_operator(matrix: Matrix) -> Any:
    """A `scipy.sparse.linalg.LinearOperator`."""
    turned = transposed(matrix)

    def forward(vector: Array) -> Array:
        return apply(matrix, np.asarray(vector, matrix.dtype).reshape(matrix.column_shape)).reshape(-1)

    def backward(vector: Array) -> Array:
        return apply(turned, np.asarray(vector, matrix.dtype).reshape(matrix.row_shape)).reshape(-1)

    shape = prod(matrix.row_shape), prod(matrix.column_shape)
    module = _scipy("scipy.sparse.linalg")
    return module.LinearOperator(shape, matvec=forward, rmatvec=backward, dtype=matrix.dtype)


def sparse_array(matrix: Matrix) -> Any:
    """A `scipy.sparse.csr_array` of the entries on the diagonals that the deltas leave.

    Raises `EinTypeError` if these are more than half of all entries.
    """
    shape = prod(matrix.row_shape), prod(matrix.column_shape)
    entries = sum(_entries(term, matrix) for term in matrix.terms)
    if entries > prod(shape) / 2 and prod(shape) > 1:
        raise EinTypeError(
            "E0803",
            f"this tensor is not sparse: {entries:,} of {prod(shape):,} entries may differ from zero",
            helps=["`.to_dense()` gives it as an array, `.as_linear_operator()` as a product with vectors"],
        )
    total = _scipy("scipy.sparse").csr_array(shape, dtype=matrix.dtype)
    for term in matrix.terms:
        row, column, values = _coordinates(term, matrix)
        total = total + _scipy("scipy.sparse").coo_array((values, (row, column)), shape=shape).tocsr()
    return total


def _entries(term: Term, matrix: Matrix) -> int:
    return prod(matrix.shape[axis] for axis in set(term.ties))


def _coordinates(term: Term, matrix: Matrix) -> tuple[Array, Array, Array]:
    """The row, the column and the value of each entry where the ties of a term agree."""
    firsts = sorted(set(term.ties))
    lengths = [matrix.shape[first] for first in firsts]
    values = np.full(lengths, term.coefficient, matrix.dtype)
    for factor in term.factors:
        order = np.argsort(factor.axes)
        met = set(factor.axes)
        values *= factor.array.transpose(order).reshape([matrix.shape[a] if a in met else 1 for a in firsts])
    places = np.ix_(*(np.arange(length) for length in lengths))
    where = dict(zip(firsts, places, strict=True))
    sides = []
    for axes in (range(matrix.rows), range(matrix.rows, len(matrix.shape))):
        flat: Any = np.zeros((), np.int64)
        for axis in axes:
            flat = flat * matrix.shape[axis] + where[term.ties[axis]]
        sides.append(np.broadcast_to(flat, lengths).reshape(-1))
    return sides[0], sides[1], values.reshape(-1)


def _scipy(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError:
        raise EinTypeError("E0513", "this needs SciPy", helps=["install it: `pip install scipy`"]) from None
