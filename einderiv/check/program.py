"""What checking makes of a text: definitions, inputs and queries as graphs, sizes as symbols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from einderiv.errors import Source, Span
from einderiv.ir import Dim, Input, Node

if TYPE_CHECKING:
    from einderiv.check.lower import OwnFunction
    from einderiv.check.names import Names


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a tensor stands: its span and the index letters of its axes, in order.

    An axis with no letter of its own, as in `x_{i+k}`, `F_{n,y_n}` or `det(A)`, is among those `without`, and has a
    letter that the text does not use.
    """

    span: Span
    letters: tuple[str, ...]
    without: frozenset[int] = frozenset()


class Axis(NamedTuple):
    """Axis `number` of a tensor."""

    tensor: str
    number: int

    def __str__(self) -> str:
        return f"axis {self.number} of `{self.tensor}`"


@dataclass(frozen=True, slots=True)
class Read:
    """An axis that is read at computed positions: Σ `coefficients[k]` i_k + `constant` must lie inside it.

    The axis has the size `dim`, and `letters[k]` runs over `dims[k]` values.  A size that no array fixes is as large as
    its reads allow.  `text` is the tensor as written at `span`, which is None in another text.
    """

    dim: Dim
    coefficients: tuple[int, ...]
    dims: tuple[Dim, ...]
    constant: int
    axis: Axis
    letters: tuple[str, ...]
    text: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class Argument:
    """A tensor that the caller passes.

    `name` is the key (`W`, or `∂E/∂a` for a given derivative) and the name of `node`; `keyword` is what it is called as
    a keyword argument (`W`, `dE_da`).  `uses` are the places where it stands, the first one first.
    """

    name: str
    keyword: str
    node: Input
    uses: tuple[Use, ...]
    declared: Span | None


@dataclass(frozen=True, slots=True)
class Reduction:
    """A reduction where it stands: `function` over indices, each of the size that `dims` has of its letter.

    The span is that of `max_c` in `max_c(A_nc)`.
    """

    function: str
    dims: Mapping[str, Dim]
    source: Source
    span: Span

    @property
    def written(self) -> str:
        """`max_c`, as the text has it."""
        return self.source.text[self.span.start : self.span.end]


@dataclass(frozen=True, slots=True)
class Definition:
    """An equation: `node` has the axes `letters` of its left side; other tensors occur in it as `Input` leaves."""

    name: str
    letters: tuple[str, ...]
    node: Node
    use: Use
    reductions: tuple[Reduction, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """An asked-for derivative, named by its canonical text (`∂L/∂W_dk`), with the axes `letters`.

    `reads` are those of a query in a text of its own; the others are in the program's.  `reductions` stand in what is
    differentiated, where that is a bracket.
    """

    name: str
    letters: tuple[str, ...]
    node: Node
    span: Span
    reads: tuple[Read, ...] = ()
    reductions: tuple[Reduction, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What a query in another text needs: the names, each tensor's axes, each declared size, the text's functions.

    `taken` are the names of all sizes.
    """

    names: Names
    axes: Mapping[str, tuple[Dim, ...]]
    sizes: Mapping[str, Dim]
    functions: Mapping[str, OwnFunction]
    taken: frozenset[str]


@dataclass(frozen=True, slots=True)
class Program:
    """A checked text.

    Every reference to a tensor is an `Input` leaf with that tensor's name and axes, whether the caller passes it or an
    equation defines it; derivatives are `Derivative` nodes.  `einderiv.diff` puts definitions in place of leaves.

    `definitions` are in the order of the text.  `order` has them such that each comes after those it needs.  For a
    quantity E that is known only by `given ∂E/∂a_i`, `givens["E"]` is Σ_i (∂E/∂a)_i a_i, the scalar with just those
    derivatives.  `outputs` are the names of equations and queries in the order of the text.  `reads` are the axes read
    at computed positions, from which `solve_sizes` finds the sizes that no array fixes.
    """

    source: Source
    definitions: Mapping[str, Definition]
    order: tuple[str, ...]
    inputs: Mapping[str, Argument]
    givens: Mapping[str, Node]
    queries: Mapping[str, Query]
    outputs: tuple[str, ...]
    reads: tuple[Read, ...]
    context: Context
