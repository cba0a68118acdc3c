"""The surface tree: what the text says, before any rule of the language is applied.

Every piece knows its `span` in the source, for messages.  Brackets are kept (`Bracket`), because they are a scope.
Index letters are not yet split: `W_ij` holds one `Word("ij")`, since whether `{batch}` is one index or five depends on
the `index` lines of the whole file.  The pieces are named tuples: two dozen data classes take longer to define than a
program to be read.
"""

from __future__ import annotations

from typing import NamedTuple

from einderiv.errors import Source, Span

# ---------------------------------------------------------------- subscripts


class Word(NamedTuple):
    """An item of letters: `ij` in `W_ij`, `batch` in `X_{batch,k}`.

    `braced` items that as a whole are a declared index name are that index; in all others each letter, with trailing
    digits or primes, is one.
    """

    text: str
    braced: bool
    span: Span


class Affine(NamedTuple):
    """A position computed from indices: `{i+k}`, `{2i+1}`, `{3-i}`, `{i+0}`; without terms a fixed position `{0}`."""

    terms: tuple[tuple[int, Word], ...]
    constant: int
    span: Span


class Gather(NamedTuple):
    """A position read from a tensor of integers: `y_n` in `F_{n,y_n}`."""

    name: str
    subscript: Subscript
    span: Span


class Subscript(NamedTuple):
    """The items behind `_`, as written."""

    items: tuple[Word | Affine | Gather, ...]
    span: Span


# --------------------------------------------------------------- expressions


class Number(NamedTuple):
    """`2`, `0.5`, `1e-3`, and the constants `pi` and `π`."""

    value: float
    span: Span


class Tensor(NamedTuple):
    """`W_ij`, or a bare name: a scalar, or in a comparison the position of an index."""

    name: str
    subscript: Subscript | None
    span: Span


class Symbol(NamedTuple):
    """A tensor the language knows: `kind` is `δ` (`δ_ij`), `ε` (`ε_ijk`) or `1` (`1_nk`)."""

    kind: str
    subscript: Subscript
    span: Span


class Bracket(NamedTuple):
    """`(body)`: a scope of its own."""

    body: Expression
    span: Span


class Sum(NamedTuple):
    """Terms with their signs: `-a + b` is `((-1, a), (1, b))`; also a single negated term."""

    terms: tuple[tuple[int, Expression], ...]
    span: Span


class Product(NamedTuple):
    """Factors; a true second entry marks a divisor: `a / b * c` is `((a, False), (b, True), (c, False))`."""

    factors: tuple[tuple[Expression, bool], ...]
    span: Span


class Power(NamedTuple):
    """`base ^ exponent`."""

    base: Expression
    exponent: Expression
    span: Span


class Comparison(NamedTuple):
    """`left operator right`, the operator one of `< <= == != >= >`; stands in an Iverson bracket or in `where`."""

    operator: str
    left: Expression
    right: Expression
    span: Span


class Iverson(NamedTuple):
    """`[comparison]`: 1 where it holds, else 0."""

    comparison: Comparison
    span: Span


class Call(NamedTuple):
    """`exp(x_i)`, `max(a, b)`, `where(x_i > 0, a, b)`, a function defined by `def`, or linear algebra `inv(A)_ij`.

    Only linear algebra has a `subscript`.
    """

    function: str
    arguments: tuple[Expression, ...]
    subscript: Subscript | None
    name_span: Span
    span: Span


class Reduction(NamedTuple):
    """`sum_c term`, `max_c(…)`, `softmax_k(…)`: `function`, the indices it binds or names, and its body.

    `Σ` arrives as `sum`.  The body of `sum` is the rest of its term; `head_span` covers `sum_c`.
    """

    function: str
    indices: Subscript
    body: Expression
    head_span: Span
    span: Span


class Derivative(NamedTuple):
    """`∂a_i/∂W_kl`, `d2(L)/d(W_ij)d(W_kl)`; `∂²L/∂x²` arrives with x twice in `below`."""

    top: Tensor | Bracket
    below: tuple[Tensor, ...]
    span: Span


Expression = (
    Number | Tensor | Symbol | Bracket | Sum | Product | Power | Comparison | Iverson | Call | Reduction | Derivative
)

# ---------------------------------------------------------------- statements


class SizeName(NamedTuple):
    """A size: a name (`N`) or a number (`10`)."""

    value: str | int
    span: Span


class IndexDeclaration(NamedTuple):
    """`index i, j: H`, or without a size `index batch, feature`."""

    words: tuple[Word, ...]
    size: SizeName | None
    span: Span


class ShapeDeclaration(NamedTuple):
    """`W ∈ R^{H×D}`; `c ∈ R` has no sizes."""

    name: str
    sizes: tuple[SizeName, ...]
    symmetric: bool
    name_span: Span
    span: Span


class Given(NamedTuple):
    """`given ∂E/∂a_i`."""

    derivative: Derivative
    span: Span


class Equation(NamedTuple):
    """`a_i = W_ij x_j + b_i`."""

    name: str
    subscript: Subscript | None
    body: Expression
    head_span: Span
    span: Span


class Query(NamedTuple):
    """A derivative alone on its line: an output named by what it says."""

    derivative: Derivative
    span: Span


class FunctionDefinition(NamedTuple):
    """`def gelu(z) = z (1 + erf(z / sqrt(2))) / 2`."""

    name: str
    parameters: tuple[str, ...]
    body: Expression
    name_span: Span
    span: Span


Statement = IndexDeclaration | ShapeDeclaration | Given | Equation | Query | FunctionDefinition


class Tree(NamedTuple):
    """A whole text: its statements in order."""

    statements: tuple[Statement, ...]
    source: Source
