"""The factored derivative as its user holds it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import prod
from numbers import Real
from types import EllipsisType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from einderiv.errors import EinIndexError, EinShapeError, EinTypeError
from einderiv.factored import exports, products, show
from einderiv.factored.network import network
from einderiv.factored.solve import conjugate_gradients, inverse, refined
from einderiv.factored.structure import Structure, structures
from einderiv.factored.terms import Array, Matrix, Term, identity
from einderiv.guards import DENSE, Wanted, limit_of, too_large
from einderiv.pictures import Picture


class FactoredTensor:
    r"""A derivative held as a sum of products of small arrays and deltas.

    >>> import numpy as np, einderiv as ed
    >>> f = "R_ij = T_ij - U_ik V_jk\nL = R_ij R_ij"
    >>> arrays = {"T": np.ones((300, 40)), "U": np.ones((300, 5)), "V": np.eye(40, 5)}
    >>> H = ed.hessian(f, of="L", wrt="U").factored(arrays)
    >>> H.shape, H.nbytes
    ((300, 5, 300, 5), 200)
    >>> H.structure
    'Kronecker product δ_il ⊗ dense 5 × 5'
    >>> x = H.solve(np.ones((300, 5)))
    >>> x.shape
    (300, 5)

    The first `rows` axes are those of what is differentiated, the others those of what it is differentiated by; seen
    as a matrix, the first count its rows and the others its columns.  Nothing makes it dense but `to_dense`.
    """

    __array_ufunc__ = None  # NumPy leaves `2.0 * H` to us

    def __init__(
        self,
        terms: Sequence[Term],
        shape: tuple[int, ...],
        rows: int,
        dtype: np.dtype[Any],
        letters: Sequence[str] = (),
    ) -> None:
        self._matrix = Matrix(tuple(terms), tuple(shape), rows, np.dtype(dtype))
        self.axes: tuple[str, ...] = tuple(letters) or tuple(f"i{place}" for place in range(len(shape)))

    @property
    def terms(self) -> tuple[Term, ...]:
        """The products whose sum this is."""
        return self._matrix.terms

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the dense array."""
        return self._matrix.shape

    @property
    def rows(self) -> int:
        """How many axes are rows."""
        return self._matrix.rows

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self._matrix.dtype

    @property
    def nbytes(self) -> int:
        """The bytes that the arrays take; an array that is a factor twice counts once."""
        return sum(array.nbytes for array in self._matrix.arrays.values())

    def __repr__(self) -> str:
        rows, columns = (" ".join(part) for part in (self.axes[: self.rows], self.axes[self.rows :]))
        sides = [" × ".join(map(str, part)) for part in (self._matrix.row_shape, self._matrix.column_shape)]
        sizes = f"{show.size(self.nbytes)} instead of {show.size(show.dense_bytes(self._matrix))}"
        tail = f"; {self.structure}" if self._matrix.square and self.rows else ""
        formula = show.formula(self._matrix, self.axes)
        return f"<FactoredTensor [{rows} | {columns}], {' by '.join(filter(None, sides))}: {formula}: {sizes}{tail}>"

    def graph(self) -> Picture:
        """The tensor network as a picture: arrays, deltas as dots and lines, rows on the left, columns on the right."""
        return network(self._matrix, self.axes)

    # ---------------------------------------------------------------- parts

    def to_dense(self, memory_limit: float | None = None) -> Array:
        """The array of shape `shape`.

        Raises `EinMemoryError` where it would take more than `memory_limit` bytes, unless said half of what is free.
        """
        wanted = Wanted(DENSE, self.shape, self.dtype.itemsize)
        limit = limit_of(memory_limit, wanted.nbytes)
        if wanted.nbytes > limit:
            raise too_large(wanted, limit, memory_limit is not None)
        return products.dense(self._matrix)

    @property
    def T(self) -> FactoredTensor:
        """Columns as rows and rows as columns."""
        letters = self.axes[self.rows :] + self.axes[: self.rows]
        return self._like(products.transposed(self._matrix), letters)

    def diagonal(self) -> Array:
        """The entries where the column indices are the row indices, with the row axes."""
        self._need_square("a diagonal needs")
        return products.diagonal(self._matrix)

    def trace(self) -> float:
        """The sum of the diagonal."""
        self._need_square("a trace needs")
        return products.trace(self._matrix)

    def block(self, *indices: int | slice | EllipsisType | None, **named: int) -> Array:
        """The entries at fixed indices, dense, with the axes that stay: `H.block(3, ..., 3)` or `H.block(i=0, k=0)`.

        An index is a number, or `:` as `slice(None)`, or None for an axis that stays; axes at the end may be left out.
        """
        return products.block(self._matrix, self._fixed(indices, named))

    @property
    def identity(self) -> FactoredTensor:
        """δ_ik δ_jl … with these axes, so that `H + 0.1 * H.identity` is H + 0.1 I."""
        self._need_square("an identity needs")
        return self._like(identity(self._matrix.row_shape, self.dtype))

    # ------------------------------------------------------------- products

    def matvec(self, vector: ArrayLike) -> Array:
        """Σ over the column axes of this times `vector`, which has these axes, or is them flattened.

        The result has the row axes, or is flattened as `vector` is.
        """
        return _applied(self._matrix, vector, "columns")

    def rmatvec(self, vector: ArrayLike) -> Array:
        """Σ over the row axes of `vector` times this: `self.T.matvec(vector)`."""
        return _applied(products.transposed(self._matrix), vector, "rows")

    def __matmul__(self, other: object) -> Any:
        """The product with a vector as `matvec`, or with a factored tensor whose rows have the axes of our columns."""
        if not isinstance(other, FactoredTensor):
            return self.matvec(np.asarray(other))
        if self._matrix.column_shape != other._matrix.row_shape:
            ours, theirs = self._matrix.column_shape, other._matrix.row_shape
            raise EinShapeError("E0503", f"the columns have shape {ours}, the rows of the second {theirs}")
        rest = [letter if letter not in self.axes[: self.rows] else f"{letter}'" for letter in other.axes[other.rows :]]
        return self._like(products.compose(self._matrix, other._matrix), self.axes[: self.rows] + tuple(rest))

    def __mul__(self, number: object) -> FactoredTensor:
        if not isinstance(number, Real):
            return NotImplemented
        return self._like(products.times(self._matrix, float(number)))

    __rmul__ = __mul__

    def __truediv__(self, number: object) -> FactoredTensor:
        return self * (1.0 / number) if isinstance(number, Real | float) else NotImplemented

    def __neg__(self) -> FactoredTensor:
        return self * -1.0

    def __add__(self, other: object) -> FactoredTensor:
        """The sum of two; a number is refused, since NumPy would add it to every entry."""
        if isinstance(other, Real):
            raise EinTypeError(
                "E0804",
                "a number and a factored tensor do not add up",
                helps=[f"for a multiple of the identity write `+ {other} * H.identity`"],
            )
        if not isinstance(other, FactoredTensor):
            return NotImplemented
        if (self.shape, self.rows) != (other.shape, other.rows):
            raise EinShapeError("E0503", f"the shapes of a sum differ: {self.shape} and {other.shape}")
        return self._like(products.plus(self._matrix, other._matrix))

    __radd__ = __add__

    def __sub__(self, other: object) -> FactoredTensor:
        return self + (-other if isinstance(other, FactoredTensor | Real) else other)

    # ---------------------------------------------------------------- solve

    def solve(self, b: ArrayLike) -> Array:
        """The x of `self.matvec(x) == b`, through `structure`; b has the row axes, or is them flattened.

        What the structure allows is inverted once and kept: one small block for a Kronecker product with a δ, a batch
        of blocks, a matrix as large as the rank for blocks plus low rank.  Without structure, conjugate gradients,
        which need a symmetric positive definite tensor.  Raises `EinValueError` for one without an inverse.
        """
        self._need_square("to solve needs")
        given = np.asarray(b, self.dtype)
        right = _reshaped(given, self._matrix.row_shape, "rows")
        known = self._inverse[1]
        x = conjugate_gradients(self._matrix, right) if known is None else refined(self._matrix, known, right)
        return x.reshape(given.shape)

    def inverse(self) -> FactoredTensor:
        """The inverse as a factored tensor, for those whose structure has one."""
        self._need_square("an inverse needs")
        known = self._inverse[1]
        if known is None:
            raise EinTypeError("E0805", "the inverse of this tensor has no small parts", helps=["use `.solve(b)`"])
        return self._like(known)

    @property
    def structure(self) -> str:
        """What `solve` makes use of: `Kronecker product δ_ik ⊗ dense 5 × 5`, `diagonal plus rank 1`, …"""
        if not self._matrix.square:
            return "not square"
        return self._structures[0].told(self._matrix.row_shape, self.axes)

    @cached_property
    def _structures(self) -> list[Structure]:
        from_inverse = self.__dict__.get("_inverse")
        return [from_inverse[0]] if from_inverse else structures(self._matrix)

    @cached_property
    def _inverse(self) -> tuple[Structure, Matrix | None]:
        found = inverse(self._matrix)
        self.__dict__["_structures"] = [found[0]]
        return found

    # ---------------------------------------------------------------- SciPy

    def as_linear_operator(self) -> Any:
        """A `scipy.sparse.linalg.LinearOperator` on flattened vectors."""
        return exports.linear_operator(self._matrix)

    def to_scipy_sparse(self) -> Any:
        """A `scipy.sparse.csr_array` with the flattened axes; raises `EinTypeError` if it would be mostly full."""
        return exports.sparse_array(self._matrix)

    # ---------------------------------------------------------------- inside

    def _like(self, matrix: Matrix, letters: Sequence[str] | None = None) -> FactoredTensor:
        axes = self.axes if letters is None else letters
        return FactoredTensor(matrix.terms, matrix.shape, matrix.rows, matrix.dtype, axes)

    def _need_square(self, what: str) -> None:
        row, column = self._matrix.row_shape, self._matrix.column_shape
        if row != column:
            raise EinShapeError("E0503", f"{what} equal rows and columns; these have shapes {row} and {column}")

    def _fixed(self, indices: Sequence[object], named: dict[str, int]) -> list[int | None]:
        """The index of each axis, None for those that stay."""
        places = list(indices)
        if Ellipsis in places:
            gap = places.index(Ellipsis)
            places[gap : gap + 1] = [None] * (len(self.shape) - len(places) + 1)
        if len(places) > len(self.shape):
            raise EinIndexError("E0806", f"{len(places)} indices for the {len(self.shape)} axes {' '.join(self.axes)}")
        places += [None] * (len(self.shape) - len(places))
        for letter, index in named.items():
            if letter not in self.axes:
                raise EinIndexError("E0806", f"there is no axis `{letter}`; the axes are {' '.join(self.axes)}")
            places[self.axes.index(letter)] = index
        return [self._one(axis, index) for axis, index in enumerate(places)]

    def _one(self, axis: int, index: object) -> int | None:
        if index is None or index == slice(None):
            return None
        length = self.shape[axis]
        if not isinstance(index, int | np.integer) or not -length <= index < length:
            raise EinIndexError("E0806", f"axis `{self.axes[axis]}` has indices 0 to {length - 1}, not {index!r}")
        return int(index) % length


def _applied(matrix: Matrix, vector: ArrayLike, side: str) -> Array:
    given = np.asarray(vector, matrix.dtype)
    total = products.apply(matrix, _reshaped(given, matrix.column_shape, side))
    return total if given.shape == matrix.column_shape else total.reshape(-1)


def _reshaped(given: Array, shape: tuple[int, ...], side: str) -> Array:
    """A vector, perhaps flattened, with its axes."""
    if given.shape != shape and given.shape != (prod(shape),):
        raise EinShapeError(
            "E0503", f"the vector has shape {given.shape}; the {side} have shape {shape}",
            helps=[f"pass an array of shape {shape}"],
        )  # fmt: skip
    return given.reshape(shape)
