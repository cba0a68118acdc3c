"""A derivative as its dense cores and deltas, never multiplied out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import opt_einsum
from numpy.typing import ArrayLike, NDArray

from einderiv.errors import EinShapeError
from einderiv.guards import Wanted, limit_of, too_large

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Term:
    """`coefficient` times the product of `factors`, each an array with the result axis of each of its axes.

    Axis a is tied to axis `ties[a]`, the first of its class: the term is zero unless tied axes agree.
    """

    coefficient: float
    ties: tuple[int, ...]
    factors: tuple[tuple[Array, tuple[int, ...]], ...]


class FactoredTensor:
    """A derivative held as a sum of products of small arrays and deltas.

    >>> import numpy as np, einderiv as ed
    >>> J = ed.jacobian("a_i = W_ij x_j", wrt="W").factored(W=np.ones((1000, 1000)), x=np.ones(1000))
    >>> J.shape, J.nbytes
    ((1000, 1000, 1000), 8000)

    The first `rows` axes are those of what is differentiated, the others those of what it is differentiated by; seen
    as a matrix, the first count its rows and the others its columns.
    """

    def __init__(self, terms: Sequence[Term], shape: tuple[int, ...], rows: int, dtype: np.dtype[Any]) -> None:
        self.terms = tuple(terms)
        self.shape = shape
        self.rows = rows
        self.dtype = dtype

    @property
    def nbytes(self) -> int:
        """The bytes that the arrays take; an array that is a factor twice counts once."""
        return sum({id(array): array.nbytes for term in self.terms for array, _ in term.factors}.values())

    def __repr__(self) -> str:
        dense = prod(self.shape) * self.dtype.itemsize
        return f"FactoredTensor of shape {self.shape}: {self.nbytes} bytes instead of {dense}"

    def to_dense(self, memory_limit: float | None = None) -> Array:
        """The array of shape `shape`.

        Raises `EinMemoryError` where it would take more than `memory_limit` bytes, unless said half of what is free.
        """
        wanted = Wanted("the dense array", self.shape, self.dtype.itemsize)
        limit = limit_of(memory_limit, wanted.nbytes)
        if wanted.nbytes > limit:
            raise too_large(wanted, limit, memory_limit is not None)
        total = np.zeros(self.shape, self.dtype)
        for term in self.terms:
            _lay(total, term.ties, term.coefficient, term.factors)
        return total

    def matvec(self, vector: ArrayLike) -> Array:
        """Σ over the column axes of this times `vector`, which has these axes, or is them flattened.

        The result has the row axes, or is flattened as `vector` is.
        """
        given = np.asarray(vector, self.dtype)
        columns = self.shape[self.rows :]
        if given.shape != columns and given.shape != (prod(columns),):
            raise EinShapeError("E0503", f"the vector has shape {given.shape}; the columns have shape {columns}")
        total = np.zeros(self.shape[: self.rows], self.dtype)
        direction = given.reshape(columns)
        for term in self.terms:
            factors = [*term.factors, (direction, term.ties[self.rows :])]
            _lay(total, term.ties[: self.rows], term.coefficient, factors)
        return total if given.shape == columns else total.reshape(-1)

    def diagonal(self) -> Array:
        """The entries where the column indices are the row indices, with the row axes."""
        row, column = self.shape[: self.rows], self.shape[self.rows :]
        if row != column:
            raise EinShapeError(
                "E0503", f"a diagonal needs equal rows and columns; these have shapes {row} and {column}"
            )
        total = np.zeros(row, self.dtype)
        for term in self.terms:
            first = list(range(self.rows))
            for axis, label in enumerate(term.ties):
                old, new = sorted((first[axis % self.rows], first[label % self.rows]), reverse=True)
                first = [new if known == old else known for known in first]
            factors = [(array, tuple(first[axis % self.rows] for axis in axes)) for array, axes in term.factors]
            _lay(total, first, term.coefficient, factors)
        return total


def _lay(
    total: Array,
    ties: Sequence[int],
    coefficient: float,
    factors: Sequence[tuple[Array, tuple[int, ...]]],
) -> None:
    """Add `coefficient` times the product of `factors` to the places of `total` where tied axes agree.

    A label of the factors that is not an axis is summed; an axis that no factor has repeats the value.
    """
    firsts = [axis for axis, first in enumerate(ties) if axis == first]
    strides = [sum(total.strides[axis] for axis, first in enumerate(ties) if first == label) for label in firsts]
    places = np.lib.stride_tricks.as_strided(total, [total.shape[axis] for axis in firsts], strides)
    met = {label for _, labels in factors for label in labels}
    kept = [axis for axis in firsts if axis in met]
    value = opt_einsum.contract(*(part for factor in factors for part in factor), kept) if factors else np.ones(())
    places += coefficient * np.reshape(value, [total.shape[axis] if axis in met else 1 for axis in firsts])
