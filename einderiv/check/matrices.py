"""Linear algebra: how many axes its tensors have, and which of them have one size.

`inv(A)_ij` and `cholesky(A)_ij` have A's axes, `det(A)` and `logdet(A)` those without the last two; axes in front of
the last two are a batch.  `solve(A, B)` is the X with A X = B, and has the axes of B: A's batch, the rows, and any
columns.  From `solve(A, b)_ij` alone A is a matrix and b has columns; axes that A has more elsewhere are a batch.
"""

from __future__ import annotations

from einderiv import syntax as tree
from einderiv.check.explicit import Algebraic
from einderiv.check.program import Axis
from einderiv.errors import EinIndexError, Label, Source
from einderiv.syntax import SCALAR_ALGEBRA


def result_rank(call: tree.Call, count: int, source: Source) -> int:
    """How many axes the last tensor of a call has whose result has `count`; refuses too few."""
    scalar = call.function in SCALAR_ALGEBRA
    least = 0 if scalar else 1 if call.function == "solve" else 2
    if count < least:
        span = call.subscript.span if call.subscript is not None else call.span
        written = source.text[call.span.start : span.start]
        indices = "i" if call.function == "solve" else "ij"
        raise EinIndexError(
            "E0223", f"`{written}` has {_counted(least)} or more, but {_counted(count)} here", source=source,
            labels=[Label(span)], helps=[f"write `{written}_{indices}`"],
        )  # fmt: skip
    return count + 2 if scalar else count


def solved_rank(call: tree.Call, count: int, known: int | None, source: Source) -> int:
    """How many axes A has in `solve(A, b)` with `count` indices, if it has `known` elsewhere."""
    rank = 2 if known is None else known
    if rank < 2 or count < rank - 1:
        matrix = call.arguments[0]
        name = source.text[matrix.span.start : matrix.span.end]
        fact = f"`{name}` has {_counted(rank)} elsewhere"
        if rank < 2:
            message = f"`solve` needs a matrix, but {fact}"
            helps = ["a matrix has two indices, and more in front for a batch"]
        else:
            message = f"{fact}, so the result of `solve` has {_counted(rank - 1)} or more, but {_counted(count)} here"
            batch = "".join([*"bcdefgh", *(f"b{number}" for number in range(2, rank))][: rank - 2])
            helps = [f"write `{source.text[call.span.start : call.arguments[1].span.end]})_{batch}i`"]
        raise EinIndexError("E0223", message, source=source, labels=[Label(call.span)], helps=helps)
    return rank


def result_axes(algebra: Algebraic) -> list[Axis]:
    """The axis that each axis of the result has its size from."""
    return [Axis(algebra.right or algebra.matrix, number) for number in range(len(algebra.indices))]


def equal_axes(algebra: Algebraic) -> list[tuple[Axis, Axis]]:
    """The axes that have one size: the last two of A, and in `solve` A's others with those of the right side."""
    batch, matrix = algebra.batch, algebra.matrix
    pairs = [(Axis(matrix, batch), Axis(matrix, batch + 1))]
    if algebra.right:
        pairs += [(Axis(matrix, number), Axis(algebra.right, number)) for number in range(batch + 1)]
    return pairs


def _counted(count: int) -> str:
    return f"{count or 'no'} {'index' if count == 1 else 'indices'}"
