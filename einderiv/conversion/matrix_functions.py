"""The functions of matrix notation as values: one row of `FUNCTIONS` each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from einderiv.check import explicit as e
from einderiv.conversion import entries
from einderiv.conversion.entries import At, Value, product
from einderiv.conversion.matrices import Function, Work, as_flat, transposed
from einderiv.conversion.matrix_tree import Call, Matrix, Name, Number
from einderiv.conversion.reading import ambiguous, not_expressible
from einderiv.conversion.sizes import ONE
from einderiv.conversion.vocabulary import ALONG, BINARY, DETERMINANTS, ELEMENTWISE, NORMS, TOTALS


def arguments(work: Work, call: Call, *counts: int) -> list[Value]:
    """The values of the arguments, of which there are as many as one of `counts`."""
    if call.keywords:
        name, value = call.keywords[0]
        raise not_expressible(f"`{name}=` has no counterpart here", value.span, helps=["leave it out"])
    if len(call.arguments) not in counts:
        wanted = " or ".join(map(str, counts))
        raise not_expressible(
            f"`{call.function}` takes {wanted} arguments, and has {len(call.arguments)}", call.span,
            helps=[f"give it {wanted}"],
        )  # fmt: skip
    return [work.value(argument) for argument in call.arguments]


def _mapped(function: str, value: Value) -> Value:
    def entry(row: At, column: At) -> e.Explicit:
        return e.Elementwise(function, (value.at(row, column),))

    return Value(value.rows, value.columns, entry, value.flat)


def _elementwise(work: Work, call: Call) -> Value:
    """exp(A)_ij = exp(A_ij)"""
    (value,) = arguments(work, call, 1)
    return _mapped(ELEMENTWISE[call.function.rpartition(".")[2]], value)


def _square(work: Work, call: Call) -> Value:
    (value,) = arguments(work, call, 1)
    return work.raised(call, (call.arguments[0], value), (call.arguments[0], entries.constant(2.0)))


def _binary(work: Work, call: Call) -> Value:
    """max(A, B)_ij = max(A_ij, B_ij)"""
    left, right = arguments(work, call, 2)
    function = {**TOTALS, **BINARY}[call.function.rpartition(".")[2]]
    if function == "pow":
        return work.raised(call, (call.arguments[0], left), (call.arguments[1], right))
    shape, a, b = work.broadcast(call, (call.arguments[0], left), (call.arguments[1], right), False)

    def entry(row: At, column: At) -> e.Explicit:
        return e.Elementwise(function, (a.at(row, column), b.at(row, column)))

    return Value(shape.rows, shape.columns, entry, shape.flat)


def _axis(work: Work, call: Call) -> int | None:
    """0 for the axis of the rows, 1 for that of the columns; None where none is given."""
    given = [value for name, value in call.keywords if name in ("axis", "dim")] or list(call.arguments[1:2])
    if not given:
        return None
    number = work.value(given[0]).number
    counted = number if number is None or work.numpy or call.keywords else number - 1
    if counted not in (0, 1, -1, -2) or len(call.keywords) > 1:
        raise not_expressible("an axis is 0 or 1, in MATLAB 1 or 2", given[0].span, helps=["leave it out for a total"])
    return int(counted) % 2


def _reduced(work: Work, function: str, value: Value, axis: int | None) -> Value:
    """A reduction of all entries, or along an axis."""
    rows, columns = axis in (0, None) and value.rows != ONE, axis in (1, None) and value.columns != ONE

    def entry(row: At, column: At) -> e.Explicit:
        row = work.index(value.rows) if rows else row
        column = work.index(value.columns) if columns else column
        bound = [index for index, yes in ((row, rows), (column, columns)) if yes and index is not None]
        body = value.at(row, column)
        if function == "sum" or not bound:
            return product([(body, 1)], bound)
        return e.Reduced(function, body, tuple(bound))

    found = Value(ONE if rows else value.rows, ONE if columns else value.columns, entry)
    return as_flat(found) if work.numpy or value.flat else found


def _total(work: Work, call: Call) -> Value:
    """`sum(x)`, `sum(A, axis=0)`, `max(x)`; of a whole matrix where the notation says so."""
    word = call.function.rpartition(".")[2]
    if word in ("max", "min") and len(call.arguments) == 2:
        return _binary(work, call)
    axis = _axis(work, call)
    if not 1 <= len(call.arguments) <= 2:
        return arguments(work, call, 1, 2)[0]
    inner = call.arguments[0]
    nested = isinstance(inner, Call) and inner.function == call.function and len(inner.arguments) == 1
    if nested and isinstance(inner, Call) and not inner.keywords and axis is None:
        return _reduced(work, TOTALS[word], work.value(inner.arguments[0]), None)
    value = work.value(inner)
    if axis is None and not (value.scalar or value.vector or work.numpy):
        text = work.source(inner)
        raise ambiguous(
            f"`{call.function}` of a matrix is one number for some and a row for MATLAB", call.span,
            [f"for one number write `{call.function}({call.function}({text}))`",
             f"for a row write `{call.function}({text}, 1)`, for a column `{call.function}({text}, 2)`"],
        )  # fmt: skip
    if value.flat:
        axis = None
    return _reduced(work, TOTALS[word], value, axis)


def _along(work: Work, call: Call) -> Value:
    """softmax along a vector, or along an axis of a matrix."""
    function = ALONG[call.function.rpartition(".")[2]]
    axis = _axis(work, call)
    if not 1 <= len(call.arguments) <= 2:
        return arguments(work, call, 1, 2)[0]
    value = work.value(call.arguments[0])
    if value.scalar or (axis is None and not value.vector):
        raise ambiguous(
            f"`{call.function}` of {work.shape(value)} needs an axis", call.span,
            [f"write `{call.function}(…, axis=0)` for one along each column",
             f"or `{call.function}(…, axis=1)` for one along each row"],
        )  # fmt: skip
    over_rows = value.columns == ONE if value.vector else axis == 0

    def entry(row: At, column: At) -> e.Explicit:
        index = row if over_rows else column
        return e.Along(function, value.at(row, column), (index,) if index is not None else ())

    return Value(value.rows, value.columns, entry, value.flat)


def _norm(work: Work, call: Call) -> Value:
    """√(Σ x_i²), or Σ |x_i|"""
    values = arguments(work, call, 1, 2)
    word, order = call.function.rpartition(".")[2], values[1].number if len(values) > 1 else None
    if len(values) > 1 and (order not in (1.0, 2.0) or word != "norm"):
        raise not_expressible("a norm of this order is not known", call.arguments[1].span, helps=["known are 1 and 2"])
    if word == "norm1" or order == 1:
        if not (values[0].vector or values[0].scalar):
            raise _no_norm(work, call, values[0])
        return work.total_of(_mapped("abs", values[0]))
    if not work.sums_squares(call, values[0]):
        raise _no_norm(work, call, values[0])
    squares = work.total_of(values[0], 2)
    return Value(ONE, ONE, lambda _i, _k: e.Elementwise("sqrt", (squares.entry(None, None),)))


def _no_norm(work: Work, call: Call, value: Value) -> Exception:
    text = work.source(call.arguments[0])
    return not_expressible(
        f"`{work.source(call)}` is a norm of singular values, for a matrix of {work.shape(value)}", call.span,
        helps=[f"for the root of the sum of squares write `normF({text})`"],
    )  # fmt: skip


def _trace(work: Work, call: Call) -> Value:
    """tr A = Σ_i A_ii"""
    (value,) = arguments(work, call, 1)
    work.square(call.arguments[0], value, "a trace")
    if value.scalar:
        return value

    def entry(_row: At, _column: At) -> e.Explicit:
        index = work.index(value.rows)
        return product([(value.entry(index, index), 1)], [index])

    return Value(ONE, ONE, entry)


def _diagonal(work: Work, call: Call) -> Value:
    """diag(x)_ik = δ_ik x_i, and of a matrix A_ii"""
    (value,) = arguments(work, call, 1)
    if value.scalar:
        return value
    if not value.vector:
        work.square(call.arguments[0], value, "a diagonal")
        return Value(value.rows, ONE, lambda row, _column: value.entry(row, row), work.numpy)

    def entry(row: At, column: At) -> e.Explicit:
        if row is None or column is None or row is column:
            return value.along(row)
        return product([(entries.known("δ", (row, column)), 1), (value.along(row), 1)])

    return Value(value.length, value.length, entry, diagonal=value.along)


def _inverse(work: Work, call: Call) -> Value:
    (value,) = arguments(work, call, 1)
    return work.inverse(call.arguments[0], value)


def _transpose(work: Work, call: Call) -> Value:
    (value,) = arguments(work, call, 1)
    return transposed(value)


def _determinant(work: Work, call: Call) -> Value:
    (value,) = arguments(work, call, 1)
    if value.scalar:
        return value if call.function.endswith(".det") or call.function == "det" else _mapped("log", value)
    work.square(call.arguments[0], value, "a determinant")
    name, function = work.bare(value), DETERMINANTS[call.function.rpartition(".")[2]]
    return Value(ONE, ONE, lambda _i, _k: entries.algebraic(function, name, "", ()))


def _solve(work: Work, call: Call) -> Value:
    left, right = arguments(work, call, 2)
    return work.solved(call, (call.arguments[0], left), (call.arguments[1], right))


def _matmul(work: Work, call: Call) -> Value:
    left, right = arguments(work, call, 2)
    return work.matmul(call, (call.arguments[0], left), (call.arguments[1], right))


def _multiply(work: Work, call: Call) -> Value:
    left, right = arguments(work, call, 2)
    return work.elementwise(call, (call.arguments[0], left), (call.arguments[1], right), 1)


def _dot(work: Work, call: Call) -> Value:
    """Σ_i x_i y_i; with a matrix the product, as in NumPy."""
    left, right = arguments(work, call, 2)
    if not (left.vector and right.vector):
        return _matmul(work, call)
    if not work.sizes.same(left.length, right.length):
        sides = [(call.arguments[0], left), (call.arguments[1], right)]
        raise work.misfit(f"`{call.function}` needs vectors of one length", call, sides)

    def entry(_row: At, _column: At) -> e.Explicit:
        index = work.index(left.length)
        return product([(left.along(index), 1), (right.along(index), 1)], [index])

    return Value(ONE, ONE, entry)


def _outer(work: Work, call: Call) -> Value:
    """x_i y_k"""
    left, right = arguments(work, call, 2)
    for piece, value in zip(call.arguments, (left, right), strict=True):
        if not value.vector:
            raise work.misfit("`outer` needs vectors", call, [(piece, value)])
    return Value(
        left.length, right.length, lambda row, column: product([(left.along(row), 1), (right.along(column), 1)])
    )


def _filled(number: float | None) -> Function:
    """`vector(1)`, `ones(3)`, `zeros(N, D)`: the same number everywhere."""

    def make(work: Work, call: Call) -> Value:
        word = call.function.rpartition(".")[2]
        if number is None:
            (value,) = arguments(work, call, 1)
            if not value.scalar:
                raise not_expressible(f"`{word}` repeats a number", call.span, helps=[f"write `{word}(1)`"])
            sizes = [work.sizes.new() for _ in range(1 if word == "vector" else 2)]
        else:
            value = entries.constant(number)
            sizes = [_size(work, each) for each in call.arguments]
        if not 1 <= len(sizes) <= 2:
            raise not_expressible(f"`{word}` has one or two sizes", call.span, helps=[f"write `{word}(3, 4)`"])
        rows, columns = (*sizes, ONE)[:2]
        flat = work.numpy and len(sizes) == 1
        return Value(rows, columns, lambda _row, _column: value.entry(None, None), flat)

    return make


def _size(work: Work, piece: Matrix) -> int:
    """A size that is written: a number, or the name of one."""
    if isinstance(piece, Number) and piece.value == int(piece.value) >= 1:
        return work.sizes.new(int(piece.value))
    if isinstance(piece, Name) and piece.text.isalnum():
        return work.sizes.new(piece.text)
    raise not_expressible("a size is a number or a name", piece.span, helps=["write `eye(3)` or `eye(N)`"])


def _identity(work: Work, call: Call) -> Value:
    if len(call.arguments) > 1:
        raise not_expressible("an identity has one size", call.span, helps=["write `eye(N)`"])
    return work.identity(_size(work, call.arguments[0]) if call.arguments else work.sizes.new())


def _refused(why: str, fix: str) -> Function:
    def refuse(_work: Work, call: Call) -> Value:
        raise not_expressible(f"`{call.function}` {why}", call.name_span, helps=[fix])

    return refuse


def _table(words: Sequence[str] | Mapping[str, str] | frozenset[str], function: Function) -> dict[str, Function]:
    return dict.fromkeys(words, function)


FUNCTIONS: Mapping[str, Callable[[Work, Call], Value]] = (
    _table(ELEMENTWISE, _elementwise) | _table(BINARY, _binary) | _table(TOTALS, _total) | _table(ALONG, _along)
    | _table(NORMS, _norm) | _table(DETERMINANTS, _determinant)
    | {
        "square": _square, "inv": _inverse, "transpose": _transpose, "tr": _trace, "trace": _trace, "diag": _diagonal,
        "eye": _identity, "identity": _identity, "vector": _filled(None), "matrix": _filled(None),
        "ones": _filled(1.0), "zeros": _filled(0.0), "dot": _dot, "inner": _dot, "vdot": _dot, "outer": _outer,
        "matmul": _matmul, "multiply": _multiply, "solve": _solve,
        "pinv": _refused("has no counterpart", "for full column rank write `inv(A' * A) * A'`"),
        "kron": _refused("merges two axes into one", "write `A_ij B_kl`, with four axes, in index notation"),
        "expm": _refused("is a function of the whole matrix", "`exp(A)` is the exponential of each component"),
    }
)  # fmt: skip
"""What each function makes of its arguments."""
