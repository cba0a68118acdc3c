"""What a factored matrix is multiplied with, and parts of it, none of which makes it dense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from einderiv.factored.terms import Array, Classes, Factor, Matrix, Term, labelled, lay, merged, tidied


def dense(matrix: Matrix) -> Array:
    """All entries, in the shape of the matrix."""
    total = np.zeros(matrix.shape, matrix.dtype)
    for term in matrix.terms:
        lay(total, term.ties, term.coefficient, labelled(term))
    return total


def apply(matrix: Matrix, vector: Array) -> Array:
    """Σ over the column axes of the matrix times `vector`, which has these axes."""
    total = np.zeros(matrix.row_shape, matrix.dtype)
    for term in matrix.terms:
        factors = [*labelled(term), (vector, term.ties[matrix.rows :])]
        lay(total, term.ties[: matrix.rows], term.coefficient, factors)
    return total


def transposed(matrix: Matrix) -> Matrix:
    """Rows as columns and columns as rows."""
    count, rows = len(matrix.shape), matrix.rows
    turned = [(axis - rows) % count if count else 0 for axis in range(count)]
    shape = matrix.column_shape + matrix.row_shape
    terms = []
    for term in matrix.terms:
        classes = Classes(count)
        for axis, first in enumerate(term.ties):
            classes.tie(turned[axis], turned[first])
        factors = (replace(f, axes=tuple(classes.of(turned[axis]) for axis in f.axes)) for f in term.factors)
        terms.append(Term(term.coefficient, classes.all(), tuple(factors)))
    return Matrix(tuple(terms), shape, count - rows, matrix.dtype)


def compose(one: Matrix, other: Matrix) -> Matrix:
    """The product of two matrices; the columns of the first have the axes of the rows of the second."""
    terms = [_composed(left, right, one, other) for left in one.terms for right in other.terms]
    shape = one.row_shape + other.column_shape
    return Matrix(merged(terms), shape, one.rows, np.result_type(one.dtype, other.dtype))


def _composed(left: Term, right: Term, one: Matrix, other: Matrix) -> Term:
    """One term times one term: the axes are the first's, and behind them the second's columns."""
    rows, inner = one.rows, other.rows
    shape = one.shape + other.column_shape
    classes = Classes(len(shape))
    for axis, first in enumerate(left.ties):
        classes.tie(axis, first)
    for axis, first in enumerate(right.ties):
        classes.tie(rows + axis, rows + first)
    outer = [*range(rows), *range(rows + inner, len(shape))]
    number: dict[int, int] = {}
    ties = [number.setdefault(classes.of(axis), place) for place, axis in enumerate(outer)]
    summed = {first for axis in range(rows, rows + inner) if (first := classes.of(axis)) not in number}
    names = {first: number.get(first, len(outer) + first) for first in classes.all()}
    factors = [(f.array, tuple(names[classes.of(axis)] for axis in f.axes)) for f in left.factors]
    factors += [(f.array, tuple(names[classes.of(rows + axis)] for axis in f.axes)) for f in right.factors]
    met = {label for _, labels in factors for label in labels}
    repeats = prod(shape[first] for first in summed if names[first] not in met)
    return tidied(left.coefficient * right.coefficient * repeats, ties, factors, number.values())


def plus(one: Matrix, other: Matrix) -> Matrix:
    """The sum of two matrices of the same axes."""
    dtype = np.result_type(one.dtype, other.dtype)
    return Matrix(merged(one.terms + other.terms), one.shape, one.rows, dtype)


def times(matrix: Matrix, number: float) -> Matrix:
    """Each term scaled."""
    terms = (replace(term, coefficient=term.coefficient * number) for term in matrix.terms if number)
    return replace(matrix, terms=tuple(terms))


def diagonal(matrix: Matrix) -> Array:
    """The entries of a square matrix where the column indices are the row indices, with the row axes."""
    total = np.zeros(matrix.row_shape, matrix.dtype)
    for term in matrix.terms:
        classes = _on_the_diagonal(term, matrix.rows)
        factors = [(f.array, tuple(classes.of(axis % matrix.rows) for axis in f.axes)) for f in term.factors]
        lay(total, classes.all(), term.coefficient, factors)
    return total


def trace(matrix: Matrix) -> float:
    """The sum of the diagonal of a square matrix, which is not made."""
    total = 0.0
    for term in matrix.terms:
        classes = _on_the_diagonal(term, matrix.rows)
        factors = [(f.array, tuple(classes.of(axis % matrix.rows) for axis in f.axes)) for f in term.factors]
        met = {label for _, labels in factors for label in labels}
        repeats = prod(matrix.shape[first] for first in set(classes.all()) - met)
        total += tidied(term.coefficient * repeats, (), factors, ()).coefficient
    return total


def _on_the_diagonal(term: Term, rows: int) -> Classes:
    """The row axes, those tied that the term or being on the diagonal ties."""
    classes = Classes(rows)
    for axis, first in enumerate(term.ties):
        classes.tie(axis % rows, first % rows)
    return classes


def block(matrix: Matrix, fixed: Sequence[int | None]) -> Array:
    """The entries at fixed indices, with the axes that are not fixed (None)."""
    free = [axis for axis, index in enumerate(fixed) if index is None]
    total = np.zeros([matrix.shape[axis] for axis in free], matrix.dtype)
    for term in matrix.terms:
        _add_block(total, term, matrix, fixed, free)
    return total


def _add_block(total: Array, term: Term, matrix: Matrix, fixed: Sequence[int | None], free: Sequence[int]) -> None:
    chosen: dict[int, int] = {}
    for first, index in zip(term.ties, fixed, strict=True):
        if index is not None and chosen.setdefault(first, index) != index:
            return
    number: dict[int, int] = {}
    ties = [number.setdefault(term.ties[axis], place) for place, axis in enumerate(free)]
    factors = []
    for factor in term.factors:
        where = tuple(chosen.get(axis, slice(None)) for axis in factor.axes)
        factors.append((factor.array[where], tuple(number[axis] for axis in factor.axes if axis not in chosen)))
    for first in chosen.keys() & number.keys():  # tied to a fixed axis: one entry of it is not zero
        one = np.zeros(matrix.shape[first], matrix.dtype)
        one[chosen[first]] = 1.0
        factors.append((one, (number[first],)))
    lay(total, ties, term.coefficient, factors)


def relaid(term: Term, places: Sequence[int], count: int) -> Term:
    """The term on `count` other axes: axis a is now axis `places[a]`, several of them perhaps one, or none (-1)."""
    classes = Classes(count)
    for axis, first in enumerate(term.ties):
        if places[axis] >= 0:
            classes.tie(places[axis], places[first])
    factors = (Factor(f.array, tuple(classes.of(places[axis]) for axis in f.axes), f.name) for f in term.factors)
    return Term(term.coefficient, classes.all(), tuple(factors))
