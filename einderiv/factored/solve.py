"""The inverse of a factored matrix as a factored matrix, and conjugate gradients for those that have none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from math import prod

import numpy as np

from einderiv.errors import EinValueError
from einderiv.factored.products import apply, compose, diagonal, plus, relaid, times
from einderiv.factored.structure import Blocks, General, Kronecker, LowRank, Structure, components, structures
from einderiv.factored.terms import Array, Classes, Factor, Matrix, Term, identity, labelled, lay

PRECISION = 1e-13  # of the right-hand side, to which conjugate gradients go


def inverse(matrix: Matrix) -> tuple[Structure, Matrix | None]:
    """The structure of a square matrix, and its inverse through it; None if there is none that helps.

    A sum whose first part has no inverse may have one: then the next structure is taken.
    """
    *some, last = structures(matrix)
    for found in some:
        try:
            return found, _inverse(matrix, found)
        except EinValueError:
            continue
    return last, _inverse(matrix, last)


def _inverse(matrix: Matrix, found: Structure) -> Matrix | None:
    match found:
        case Blocks():
            return _of_blocks(matrix, found)
        case Kronecker(parts=parts, coefficient=coefficient):
            terms = [_of_blocks(matrix, part).terms[0] for part in parts]
            factors = tuple(factor for term in terms for factor in term.factors)
            number = prod(term.coefficient for term in terms) / coefficient
            return replace(matrix, terms=(Term(number, _ties_of_all(terms, matrix.rows), factors),))
        case LowRank(blocks=parts, others=others):
            known = _of_blocks(matrix, parts)
            for term in others:
                known = _updated(known, term, matrix, found.shared(term, matrix.rows))
            return known
        case General():
            return None


def _ties_of_all(terms: list[Term], rows: int) -> tuple[int, ...]:
    classes = Classes(2 * rows)
    for term in terms:
        for axis, first in enumerate(term.ties):
            classes.tie(axis, first)
    return classes.all()


def _of_blocks(matrix: Matrix, found: Blocks) -> Matrix:
    """M⁻¹ for each block M, and again a δ at every other position."""
    rows, shape = matrix.rows, matrix.row_shape
    count, side = len(found.batch), len(found.rest)
    places = [-1] * (2 * rows)
    for place, p in enumerate(found.batch):
        places[p] = places[p + rows] = place
    for place, p in enumerate(found.rest):
        places[p], places[p + rows] = count + place, count + side + place
    lengths = [shape[p] for p in (*found.batch, *found.rest, *found.rest)]
    total = np.zeros(lengths, matrix.dtype)
    for term in found.terms:
        laid = relaid(term, places, len(lengths))
        lay(total, laid.ties, laid.coefficient, labelled(laid))
    axes = (*found.batch, *found.rest, *(p + rows for p in found.rest))
    tied = {*found.batch, *found.free}
    ties = tuple(axis - rows if axis - rows in tied else axis for axis in range(2 * rows))
    inverted = _inverted(total, *found.sizes(shape))
    if not axes:
        return replace(matrix, terms=(Term(float(inverted), ties),))
    return replace(matrix, terms=(Term(1.0, ties, (Factor(inverted, axes),)),))


def _inverted(blocks: Array, count: int, side: int) -> Array:
    """The inverse of each of `count` blocks."""
    try:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            found = 1 / blocks if side == 1 else np.linalg.inv(blocks.reshape(count, side, side))
    except np.linalg.LinAlgError:
        raise _singular() from None
    if not np.isfinite(found).all():
        raise _singular()
    return np.asarray(found).reshape(blocks.shape)


def _singular() -> EinValueError:
    return EinValueError(
        "E0801",
        "this tensor, seen as a matrix, is singular, or so close to it that no digit of a solution is right",
        helps=["add a multiple of the identity: `(H + 1e-6 * H.identity).solve(b)`"],
    )


def _updated(known: Matrix, term: Term, matrix: Matrix, given: Collection[int]) -> Matrix:
    """(D + U W)⁻¹ = D⁻¹ - D⁻¹ U (1 + W D⁻¹ U)⁻¹ W D⁻¹, where U W is the term and D⁻¹ is known.

    Between U and W stand the row axes that the term joins with column axes.
    """
    U, W = _split(term, matrix, given)
    before, after = compose(known, U), compose(W, known)
    small = plus(identity(U.column_shape, matrix.dtype), compose(after, U))
    middle = inverse(small)[1]
    if middle is None:
        raise _singular()
    return plus(known, times(compose(compose(before, middle), after), -1.0))


def _split(term: Term, matrix: Matrix, given: Collection[int]) -> tuple[Matrix, Matrix]:
    """A term as U W: U has its parts on rows alone and a δ for each other row axis, W has the rest."""
    rows = matrix.rows
    alone = [part for part in components(term, rows, given) if not part[1]]
    place = {axis: number for number, axis in enumerate(a for a in range(rows) if not any(a in p[0] for p in alone))}
    own = {number for part in alone for number in part[2]}
    rank = [matrix.shape[axis] for axis in place]

    left = Classes(rows + len(place))
    for axis, number in place.items():
        left.tie(axis, rows + number)
    for axis in set(range(rows)) - set(place):
        left.tie(axis, term.ties[axis])
    U = Term(1.0, left.all(), tuple(factor for number, factor in enumerate(term.factors) if number in own))

    places = [place.get(axis, -1) for axis in range(rows)] + [len(place) + axis for axis in range(rows)]
    rest = Term(term.coefficient, term.ties, tuple(f for number, f in enumerate(term.factors) if number not in own))
    W = relaid(rest, places, len(place) + rows)
    return (
        Matrix((U,), (*matrix.row_shape, *rank), rows, matrix.dtype),
        Matrix((W,), (*rank, *matrix.column_shape), len(rank), matrix.dtype),
    )


def refined(matrix: Matrix, inverted: Matrix, b: Array) -> Array:
    """x = A⁻¹ b, and once more for what is left over: x + A⁻¹ (b - A x)."""
    x = apply(inverted, b)
    left = b - apply(matrix, x)
    if not np.linalg.norm(left) <= np.finfo(matrix.dtype).eps ** 0.25 * np.linalg.norm(b):
        raise _singular()
    x += apply(inverted, left)
    return x


def conjugate_gradients(matrix: Matrix, b: Array) -> Array:
    """The x of A x = b for symmetric positive definite A, each residual scaled by the diagonal of A."""
    scale = diagonal(matrix)
    if not (scale > 0).all():
        raise _indefinite()
    x, r = np.zeros_like(b), b.copy()
    z = r / scale
    p, rz, target = z.copy(), np.vdot(r, z), PRECISION * np.linalg.norm(b)
    for step in range(10 * b.size + 100):
        if np.linalg.norm(r) <= target:
            break
        if not step:
            _check_symmetric(matrix, p)
        q = apply(matrix, p)
        curvature = np.vdot(p, q)
        if not curvature > 0:
            raise _indefinite()
        alpha = rz / curvature
        x += alpha * p
        r -= alpha * q
        z = r / scale
        before, rz = rz, np.vdot(r, z)
        p = z + (rz / before) * p
    else:
        raise EinValueError("E0802", f"conjugate gradients did not converge in {10 * b.size + 100} steps")
    return x


def _check_symmetric(matrix: Matrix, p: Array) -> None:
    """u'Ap = p'Au for one other u."""
    u = np.cos(np.arange(p.size)).reshape(p.shape).astype(p.dtype)
    one, other = np.vdot(u, apply(matrix, p)), np.vdot(p, apply(matrix, u))
    if abs(one - other) > 1e-5 * (abs(one) + abs(other)) + 1e-300:
        raise _indefinite()


def _indefinite() -> EinValueError:
    return EinValueError(
        "E0802",
        "conjugate gradients need a symmetric positive definite matrix, and this one is not",
        helps=["add a multiple of the identity, `H + 1e-3 * H.identity`, or solve with `H.to_dense()`"],
    )
