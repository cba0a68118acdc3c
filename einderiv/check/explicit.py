"""The explicit tree: an expression in which every sum is written out and every index is a variable.

`W_ij x_j` in an equation for `a_i` is `Term(1, (W(i, j), x(j)), summed=(j,))`: nothing about the summation rule is left
to decide.  An `Index` is a variable, and two of them are the same only if they are one object, so the two `i` of
`(a_i b_i) (c_i d_i)` are different indices that share a letter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from einderiv.errors import Span


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """An index variable: its letter, and where it is bound."""

    letter: str
    span: Span


@dataclass(frozen=True, slots=True)
class Literal:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the body of a function that the text defines."""

    name: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A tensor with an index for each axis; `spans` are the letters as written."""

    name: str
    indices: tuple[Index, ...]
    spans: tuple[Span, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Algebraic:
    """Linear algebra on whole tensors, with an index for each axis of the result.

    `matrix` has `batch` axes in front of its two; `solve` has `right`, the tensor on the right side.
    """

    function: str
    matrix: str
    right: str
    batch: int
    indices: tuple[Index, ...]
    spans: tuple[Span, ...]
    span: Span

    @property
    def name(self) -> str:
        """The call without its indices."""
        return f"{self.function}({self.matrix}{', ' if self.right else ''}{self.right})"


@dataclass(frozen=True, slots=True)
class Shifted:
    """A position computed from indices, `2i+k+1`; without terms a fixed one."""

    terms: tuple[tuple[int, Index], ...]
    constant: int
    span: Span


@dataclass(frozen=True, slots=True)
class Reading:
    """A tensor at positions: some of its indices stand here alone, and each is what `positions` says.

    `F_{n,y_n}` is F with indices n and k, where k is the value of `y_n`.
    """

    tensor: Reference | Algebraic
    positions: tuple[tuple[Index, Explicit], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """δ_ij, ε_ijk or 1_nk: `kind` is `δ`, `ε` or `1`."""

    kind: str
    indices: tuple[Index, ...]
    spans: tuple[Span, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Place:
    """An index as a number: its position from 0."""

    index: Index
    span: Span


@dataclass(frozen=True, slots=True)
class Elementwise:
    """A function of each element; the arguments are broadcast over each other's indices."""

    function: str
    arguments: tuple[Explicit, ...]


@dataclass(frozen=True, slots=True)
class OwnCall:
    """A function that the text defines."""

    function: str
    arguments: tuple[Explicit, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """`coefficient` times the product of factors, each with its integer power, summed over `summed`."""

    coefficient: float
    factors: tuple[tuple[Explicit, int], ...]
    summed: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of terms, each broadcast over the indices of the others."""

    terms: tuple[Explicit, ...]


@dataclass(frozen=True, slots=True)
class Reduced:
    """`max`, `min`, `prod`, `mean`, `logsumexp` or `norm` over `indices`."""

    function: str
    body: Explicit
    indices: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Along:
    """`softmax`, `logsoftmax` or `cumsum` along `indices`, which stay."""

    function: str
    body: Explicit
    indices: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Differentiated:
    """The derivative of `top` by each of `below`."""

    top: Explicit
    below: tuple[Reference, ...]


Explicit = (
    Literal
    | Parameter
    | Reference
    | Algebraic
    | Shifted
    | Reading
    | Known
    | Place
    | Elementwise
    | OwnCall
    | Term
    | Total
    | Reduced
    | Along
    | Differentiated
)


def parts(expression: Explicit) -> tuple[Explicit, ...]:
    """The expressions directly inside."""
    match expression:
        case Elementwise(arguments=arguments) | OwnCall(arguments=arguments):
            return arguments
        case Term(factors=factors):
            return tuple(factor for factor, _ in factors)
        case Total(terms=terms):
            return terms
        case Reduced(body=body) | Along(body=body):
            return (body,)
        case Differentiated(top=top, below=below):
            return (top, *below)
        case Reading(tensor=tensor, positions=positions):
            return (tensor, *(position for _, position in positions))
        case Literal() | Parameter() | Reference() | Algebraic() | Shifted() | Known() | Place():
            return ()


def bound_indices(body: Explicit) -> Iterator[Index]:
    """The variables that are summed or bound in an expression, in order."""
    pending = [body]
    while pending:
        current = pending.pop()
        match current:
            case Term(summed=indices) | Reduced(indices=indices) | Along(indices=indices):
                yield from indices
            case _:
                pass
        pending.extend(reversed(parts(current)))


@dataclass(frozen=True, slots=True)
class ExplicitEquation:
    """An equation or a query: its axes in order, its body, and the letters of axes that nothing in the body has."""

    axes: tuple[Index, ...]
    body: Explicit
    absent: frozenset[str] = frozenset()
