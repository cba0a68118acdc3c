"""Matrices as the rule for their entries: A B has the entry Σ_j A_ij B_jk at (i, k)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from einderiv.check import explicit as e
from einderiv.conversion.sizes import ONE
from einderiv.errors import Span

NOWHERE = Span(0, 0)
At = e.Index | None
Entry = Callable[[At, At], e.Explicit]


@dataclass(frozen=True, slots=True)
class Value:
    """A matrix of `rows` × `columns`; `entry(i, k)` is what stands there, None for an index of size 1.

    A vector is a column.  A `flat` one has no orientation, as arrays of NumPy with one axis.  `number` is its value if
    it is made of numbers alone, and `name` its name if it has one.  `diagonal` is the rule for the entries of a
    matrix that has no others.
    """

    rows: int
    columns: int
    entry: Entry
    flat: bool = False
    number: float | None = None
    name: str = ""
    diagonal: Callable[[At], e.Explicit] | None = None

    @property
    def scalar(self) -> bool:
        """Whether it is a single number."""
        return self.rows == ONE == self.columns

    @property
    def vector(self) -> bool:
        """Whether it is a row or a column."""
        return (self.rows == ONE) != (self.columns == ONE)

    @property
    def length(self) -> int:
        """The size of a vector."""
        return self.columns if self.rows == ONE else self.rows

    def at(self, row: At, column: At) -> e.Explicit:
        """The entry, whichever indices are there."""
        return self.entry(None if self.rows == ONE else row, None if self.columns == ONE else column)

    def along(self, index: At) -> e.Explicit:
        """The entry of a vector."""
        return self.entry(None, index) if self.rows == ONE else self.entry(index, None)


def constant(value: float) -> Value:
    """A number."""
    return Value(ONE, ONE, lambda _i, _k: e.Literal(value), number=value)


def named(name: str, rows: int, columns: int, flat: bool = False) -> Value:
    """A tensor of the program."""

    def entry(row: At, column: At) -> e.Explicit:
        indices = tuple(each for each in (row, column) if each is not None)
        return e.Reference(name, indices, (NOWHERE,) * len(indices), NOWHERE)

    return Value(rows, columns, entry, flat, name=name)


def known(kind: str, indices: Sequence[e.Index]) -> e.Explicit:
    """δ_ij, 1_i."""
    return e.Known(kind, tuple(indices), (NOWHERE,) * len(indices), NOWHERE)


def algebraic(function: str, matrix: str, right: str, indices: Sequence[e.Index]) -> e.Explicit:
    """`inv(A)_ij`, `solve(A, b)_i`."""
    return e.Algebraic(function, matrix, right, 0, tuple(indices), (NOWHERE,) * len(indices), NOWHERE)


def product(
    factors: Sequence[tuple[e.Explicit, int]], summed: Sequence[e.Index] = (), coefficient: float = 1.0
) -> e.Explicit:
    """A product with its sum; products in it are taken apart, for every index is its own."""
    flat: list[tuple[e.Explicit, int]] = []
    bound = list(summed)
    for factor, power in factors:
        if isinstance(factor, e.Literal) and (power > 0 or factor.value != 0.0):
            coefficient *= factor.value**power
        elif isinstance(factor, e.Term) and power == 1:
            coefficient *= factor.coefficient
            flat += factor.factors
            bound += factor.summed
        else:
            flat.append((factor, power))
    if not flat and not bound:
        return e.Literal(coefficient)
    if coefficient == 1.0 and not bound and len(flat) == 1 and flat[0][1] == 1:
        return flat[0][0]
    return e.Term(coefficient, tuple(flat), tuple(bound))


def total(terms: Sequence[tuple[int, e.Explicit]]) -> e.Explicit:
    """Terms with their signs; sums in it are taken apart."""
    found: list[e.Explicit] = []
    for sign, term in terms:
        if isinstance(term, e.Total):
            found += term.terms if sign > 0 else [product([(each, 1)], coefficient=-1.0) for each in term.terms]
        else:
            found.append(term if sign > 0 else product([(term, 1)], coefficient=-1.0))
    return found[0] if len(found) == 1 else e.Total(tuple(found))


def raised(base: e.Explicit, exponent: float) -> e.Explicit:
    """A power with a number for its exponent."""
    if exponent == 1.0:
        return base
    if isinstance(base, e.Literal) and (base.value > 0 or exponent == int(exponent) > 0) and abs(exponent) < 64:
        return e.Literal(base.value**exponent)
    if exponent == int(exponent) and exponent != 0 and abs(exponent) < 1e6:
        return e.Term(1.0, ((base, int(exponent)),), ())
    return e.Elementwise("pow", (base, e.Literal(exponent)))
