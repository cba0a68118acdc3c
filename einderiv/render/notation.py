"""Equations as they are written: the tree between a graph and its text or LaTeX.

Here letters exist: the letters of a `Tensor` are those of its axes.  A `Product` says which letters it sums by the
convention and a `Sum` which it sums by name, so that nobody has to work it out again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from einderiv.ir import Dim

Letters = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Offset:
    """`i+k`, `2i+1`, `0`: a position computed from indices, in a subscript along an axis of size `dim`."""

    terms: tuple[tuple[int, str], ...]
    constant: int
    dim: Dim


@dataclass(frozen=True, slots=True)
class Tensor:
    """`W_ij`, `x`, or `∂E/∂a_i`; an item may be a position, `x_{i+k}`, or a tensor of integers, `F_{n,y_n}`."""

    name: str
    items: tuple[Item, ...]

    @property
    def letters(self) -> Letters:
        """The letters of all items, as often as they stand there."""
        return tuple(letter for item in self.items for letter in _letters(item))

    @property
    def plain(self) -> bool:
        """Whether nothing but letters stands on the axes."""
        return all(isinstance(item, str) for item in self.items)


Item = str | Offset | Tensor


def _letters(item: Item) -> Letters:
    match item:
        case str():
            return (item,)
        case Offset(terms=terms):
            return tuple(letter for _, letter in terms)
        case Tensor():
            return item.letters


@dataclass(frozen=True, slots=True)
class Solution:
    """`inv(A)_ij`, `det(A)`, `solve(A, b)_i`: linear algebra on tensors by their names."""

    function: str
    arguments: tuple[str, ...]
    items: tuple[Item, ...]

    @property
    def letters(self) -> Letters:
        """The letters of all items, as often as they stand there."""
        return tuple(letter for item in self.items for letter in _letters(item))


@dataclass(frozen=True, slots=True)
class Symbol:
    """`kind` is `δ` (`δ_ij`), `ε` (`ε_ijk`) or `1` (`1_k`)."""

    kind: str
    letters: Letters


@dataclass(frozen=True, slots=True)
class Place:
    """An index as its position from 0; only in comparisons."""

    letter: str


@dataclass(frozen=True, slots=True)
class Product:
    """`coefficient` times `factors`, divided by each of `divisors`; `summed` by the convention.

    Only the last factor may be a `Sum` without brackets.  A divisor that is a `Product` is written in brackets.
    """

    coefficient: float
    factors: tuple[Written, ...]
    divisors: tuple[Written, ...] = ()
    summed: Letters = ()


@dataclass(frozen=True, slots=True)
class Sum:
    """`sum_{j,k} body`."""

    letters: Letters
    body: Written


@dataclass(frozen=True, slots=True)
class Terms:
    """A sum of terms."""

    terms: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class Power:
    """`base^exponent`."""

    base: Written
    exponent: Written


@dataclass(frozen=True, slots=True)
class Call:
    """`exp(x_i)`; `where(c, a, b)`, whose first argument is a `Relation`."""

    function: str
    arguments: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class Reduction:
    """`max_c(body)`; with `stays` a function along an axis, whose letter stays open: `softmax_k(body)`."""

    function: str
    letters: Letters
    body: Written
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """`[left operator right]`: 1 where it holds, else 0."""

    operator: str
    left: Written
    right: Written


@dataclass(frozen=True, slots=True)
class Partial:
    """A derivative that is still to be taken, `∂(W_ij x_j)/∂W_kl`; only in derivations and in a user's own text."""

    top: Written
    below: tuple[Tensor, ...]


Written = (
    Number | Tensor | Solution | Symbol | Place | Product | Sum | Terms | Power | Call | Reduction | Relation | Partial
)


@dataclass(frozen=True, slots=True)
class Equation:
    """`name_letters = body`, with a comment on the line above."""

    name: str
    letters: Letters
    body: Written
    comment: str = ""


def parts(written: Written) -> tuple[Written, ...]:
    """What `written` is made of, in order."""
    match written:
        case Product(factors=factors, divisors=divisors):
            return (*factors, *divisors)
        case Sum(body=body) | Reduction(body=body):
            return (body,)
        case Terms(terms=terms):
            return terms
        case Power(base=base, exponent=exponent):
            return (base, exponent)
        case Call(arguments=arguments):
            return arguments
        case Relation(left=left, right=right):
            return (left, right)
        case Partial(top=top, below=below):
            return (top, *below)
        case Tensor(items=items) | Solution(items=items):
            return tuple(item for item in items if isinstance(item, Tensor))
        case Number() | Symbol() | Place():
            return ()


def walk(written: Written) -> Iterator[Written]:
    """`written` and everything in it."""
    stack = [written]
    while stack:
        piece = stack.pop()
        yield piece
        stack.extend(reversed(parts(piece)))
