"""Pieces of matrix notation as values: products, sums and powers, each with its sizes checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

from einderiv.check import explicit as e
from einderiv.conversion import entries
from einderiv.conversion.declared import Declared
from einderiv.conversion.entries import At, Value, product
from einderiv.conversion.matrix_tree import Binary, Call, Matrix, Name, Number, Power, Terms, Transposed
from einderiv.conversion.naming import Names
from einderiv.conversion.reading import not_expressible
from einderiv.conversion.sizes import ONE, Sizes
from einderiv.conversion.vocabulary import NORMS
from einderiv.errors import EinInputError, EinShapeError, Label

Function = Callable[["Work", Call], Value]


class Misfit(EinShapeError):
    """Sizes that do not fit, with what did not: the pieces on both sides."""

    def __init__(self, message: str, whole: Matrix, labels: Sequence[Label], notes: Sequence[str]) -> None:
        super().__init__("E0902", message, labels=labels, notes=notes)
        self.whole = whole


class Work:
    """What is known while statements are read: names, sizes, and the equations that they need on the way.

    `kinds` says of each name whether it is a `matrix`, a `vector` or a `scalar`.  With `strict` only numbers may be
    added to what has components.  `numpy` reads `*` as NumPy does.
    """

    def __init__(
        self, text: str, kinds: Mapping[str, str], declared: Mapping[str, Declared], strict: bool, numpy: bool,
        functions: Mapping[str, Function],
    ) -> None:  # fmt: skip
        self.text, self.kinds, self.declared = text, kinds, declared
        self.strict, self.numpy, self.functions = strict, numpy, functions
        self.sizes = Sizes()
        self.names = Names()
        self.size_of: dict[e.Index, int] = {}
        self.inputs: dict[str, Value] = {}
        self.defined: dict[str, Value] = {}
        self.equations: list[tuple[str, Value]] = []
        self.remarks: dict[str, None] = {}

    # ------------------------------------------------------------------ indices and names

    def index(self, size: int) -> e.Index:
        """A new index."""
        index = e.Index("i", entries.NOWHERE)
        self.size_of[index] = size
        return index

    def reserve(self, names: Sequence[str]) -> None:
        """Give the names of the text theirs before others are made."""
        self.sizes.avoided |= {self.names[name] for name in names}

    def source(self, piece: Matrix) -> str:
        """The text of a piece."""
        return " ".join(self.text[piece.span.start : piece.span.end].split())

    def bare(self, value: Value) -> str:
        """A name for a value, on a line of its own unless it has one."""
        if value.name:
            return value.name
        name = self.names.free(["M", "P", "Q", "M"])
        self.equations.append((name, value))
        return name

    def shape(self, value: Value) -> str:
        """Rows and columns as a reader sees them."""
        if value.scalar:
            return "a scalar"
        if value.flat:
            return f"a vector of {self.sizes.show(value.rows)}"
        return f"{self.sizes.show(value.rows)}×{self.sizes.show(value.columns)}"

    def misfit(self, what: str, whole: Matrix, sides: Sequence[tuple[Matrix, Value]]) -> Misfit:
        """The error for pieces that do not fit together, by `what` they would need; a note has every name so far."""
        told = [f"`{name}` is {self.shape(value)}" for name, value in self.inputs.items() if not value.scalar]
        how = "sizes are rows×columns; a capital letter is a matrix and a lower-case one a column unless declared"
        are = " and ".join(f"`{self.source(piece)}` is {self.shape(value)}" for piece, value in sides)
        labels = [Label(piece.span, self.shape(value)) for piece, value in reversed(sides)]
        return Misfit(f"{are}: {what}", whole, labels, [", ".join(told), how] if told else [])

    def square(self, piece: Matrix, value: Value, what: str) -> None:
        """Rows and columns of `value` are the same size."""
        if not self.sizes.same(value.rows, value.columns):
            raise self.misfit(f"{what} needs as many rows as columns", piece, [(piece, value)])

    # ------------------------------------------------------------------------------ pieces

    def value(self, piece: Matrix) -> Value:
        """The value of a piece."""
        match piece:
            case Number(value=number):
                return entries.constant(number)
            case Name():
                return self._name(piece)
            case Terms():
                return self._terms(piece)
            case Binary():
                return self._binary(piece)
            case Power():
                return self._power(piece)
            case Transposed(base=base):
                value = self.value(base)
                if self.strict and value.scalar and value.name:
                    raise self.misfit("only a vector or a matrix has a transpose", piece, [(base, value)])
                return transposed(value)
            case Call():
                return self._call(piece)

    def _name(self, piece: Name) -> Value:
        text = piece.text
        if text in self.defined:
            return self.defined[text]
        if text in self.inputs:
            return self.inputs[text]
        if text not in self.declared:
            if text in ("pi", "π"):
                return entries.constant(math.pi)
            if text in ("I", "eye"):
                self.remarks[f"# {text} is the identity"] = None
                return self.identity(self.sizes.new())
        rows, columns = self._sizes(piece)
        flat = self.numpy and (rows == ONE) != (columns == ONE)
        found = entries.named(self.names[text], rows, columns, flat)
        self.inputs[text] = found
        return found

    def _sizes(self, piece: Name) -> tuple[int, int]:
        """The rows and columns of a name."""
        declared = self.declared.get(piece.text)
        if declared is None:
            kind = self.kinds[piece.text]
            rank = {"scalar": 0, "vector": 1, "matrix": 2}[kind]
            declared = Declared((None,) * rank)
        if len(declared.sizes) > 2:
            raise EinInputError(
                "E0905", f"`{piece.text}` has {len(declared.sizes)} axes, and a matrix two", labels=[Label(piece.span)],
                helps=["write tensors in index notation, or as an einsum string"],
            )  # fmt: skip
        sizes = [self.sizes.new(size) for size in declared.sizes]
        if declared.symmetric:
            self.sizes.same(sizes[0], sizes[1])
        rows, columns = (*sizes, ONE, ONE)[:2]
        return rows, columns

    def identity(self, size: int) -> Value:
        """δ_ik"""

        def entry(row: At, column: At) -> e.Explicit:
            if row is None or column is None or row is column:
                return e.Literal(1.0)
            return entries.known("δ", (row, column))

        return Value(size, size, entry, diagonal=lambda _index: e.Literal(1.0))

    def _terms(self, piece: Terms) -> Value:
        sign, before = piece.terms[0]
        shape = self.value(before)
        found = [(sign, shape)]
        turned = 0  # before this no term is without orientation
        for sign, term in piece.terms[1:]:
            new = self.value(term)
            shape, one, two = self.broadcast(piece, (before, shape), (term, new), True)
            if one.rows == ONE:  # what had no orientation stands along the columns of a matrix
                found[turned:] = [(s, as_row(v) if v.flat else v) for s, v in found[turned:]]
                turned = len(found)
            found.append((sign, two))
            before = term
        terms = tuple(found)
        plain = all(v.number is not None for _, v in terms)
        number = sum(s * (v.number or 0.0) for s, v in terms) if plain else None

        def entry(row: At, column: At) -> e.Explicit:
            return entries.total([(s, v.at(row, column)) for s, v in terms])

        return Value(shape.rows, shape.columns, entry, shape.flat, number)

    def broadcast(
        self, whole: Matrix, left: tuple[Matrix, Value], right: tuple[Matrix, Value], added: bool
    ) -> tuple[Value, Value, Value]:
        """The shape of two values side by side, entry by entry, and both as they stand there.

        A number goes with every entry, a vector with every row or column of a matrix, and a remark says so.
        """
        a, b = left[1], right[1]
        if a.scalar or b.scalar:
            small, large = (left, right) if a.scalar else (right, left)
            if not large[1].scalar and small[1].number is None and added:
                self._stretch(whole, small[0], left, right, "is added to every component")
            return large[1], a, b
        if a.flat and not b.flat and ONE not in (b.rows, b.columns):
            a = as_row(a)
        elif b.flat and not a.flat and ONE not in (a.rows, a.columns):
            b = as_row(b)
        wide = [v for v in (a, b) if not v.vector]
        fits = all(ONE in pair or self.sizes.same(*pair) for pair in ((a.rows, b.rows), (a.columns, b.columns)))
        if not fits or (not wide and (a.rows == ONE) != (b.rows == ONE)):
            raise self.misfit(
                "a sum needs equal sizes" if added else "this product needs equal sizes", whole, [left, right]
            )
        if len(wide) == 1:
            vector = left if wide[0] is b else right
            line = "row" if (a if wide[0] is b else b).rows == ONE else "column"
            verb = f"is added to every {line}" if added else f"goes with every {line}"
            self._stretch(whole, vector[0], left, right, verb)
        return wide[0] if wide else a, a, b

    def _stretch(
        self, whole: Matrix, small: Matrix, left: tuple[Matrix, Value], right: tuple[Matrix, Value], verb: str
    ) -> None:
        """Broadcasting, which is refused at first and said where it is done."""
        if self.strict:
            raise self.misfit("sizes that only fit by broadcasting", whole, [left, right])
        self.remarks[f"# {self.source(small)} {verb}"] = None

    def _binary(self, piece: Binary) -> Value:
        left, right = self.value(piece.left), self.value(piece.right)
        sides = (piece.left, left), (piece.right, right)
        match piece.operator:
            case "/" if right.scalar or self.numpy:
                return self.elementwise(piece, *sides, -1)
            case "/":
                raise not_expressible(
                    f"`/` with {self.shape(right)} on the right has no one meaning", piece.right.span,
                    helps=["for each component write `./`", "for the inverse of a matrix write `* inv(…)`"],
                )  # fmt: skip
            case "./":
                return self.elementwise(piece, *sides, -1)
            case ".*":
                return self.elementwise(piece, *sides, 1)
            case "\\":
                return self.solved(piece, *sides)
            case "*" if self.numpy:
                return self.elementwise(piece, *sides, 1)
            case _:
                return self.matmul(piece, *sides)

    def elementwise(self, piece: Matrix, left: tuple[Matrix, Value], right: tuple[Matrix, Value], power: int) -> Value:
        """The products, or with power −1 the quotients, of entries."""
        shape, a, b = self.broadcast(piece, left, right, False)
        numbers = (a.number, b.number)
        number = None
        if numbers[0] is not None and numbers[1] is not None and (power > 0 or numbers[1] != 0.0):
            number = numbers[0] * numbers[1] ** power

        def entry(row: At, column: At) -> e.Explicit:
            return product([(a.at(row, column), 1), (b.at(row, column), power)])

        return Value(shape.rows, shape.columns, entry, shape.flat, number)

    def matmul(self, piece: Matrix, left: tuple[Matrix, Value], right: tuple[Matrix, Value]) -> Value:
        """(A B)_ik = Σ_j A_ij B_jk; a scalar goes with every entry."""
        (one, a), (two, b) = left, right
        if a.scalar or b.scalar:
            return self.elementwise(piece, left, right, 1)
        flat = a.flat or b.flat
        a = as_row(a) if a.flat else a
        if not self.sizes.same(a.columns, b.rows):
            what = "a product needs as many columns on the left as rows on the right"
            raise self.misfit(what, piece, [(one, a), (two, b)])

        def entry(row: At, column: At) -> e.Explicit:
            if a.diagonal is not None:
                return product([(a.diagonal(row), 1), (b.at(row, column), 1)])
            if b.diagonal is not None:
                return product([(a.at(row, column), 1), (b.diagonal(column), 1)])
            inner = None if a.columns == ONE else self.index(a.columns)
            factors = [(a.at(row, inner), 1), (b.at(inner, column), 1)]
            return product(factors, () if inner is None else (inner,))

        found = Value(a.rows, b.columns, entry)
        return as_flat(found) if flat else found

    def solved(self, piece: Matrix, left: tuple[Matrix, Value], right: tuple[Matrix, Value]) -> Value:
        """A⁻¹ B, or A⁻¹ b."""
        (one, a), b = left, right[1]
        if a.scalar:
            return self.elementwise(piece, right, left, -1)
        self.square(one, a, "`\\`")
        if not self.sizes.same(a.rows, b.rows):
            raise self.misfit("`\\` needs as many rows on both sides", piece, [left, right])
        names = self.bare(a), self.bare(b)

        def entry(row: At, column: At) -> e.Explicit:
            return entries.algebraic("solve", *names, [each for each in (row, column) if each is not None])

        return Value(b.rows, b.columns, entry, b.flat)

    # ------------------------------------------------------------------------------ powers

    def _power(self, piece: Power) -> Value:
        exponent = self.value(piece.exponent)
        if isinstance(piece.base, Call) and exponent.number == 2 and self._norm(piece.base):
            argument = self.value(piece.base.arguments[0])
            if self.sums_squares(piece.base, argument):
                return self.total_of(argument, 2)
        base = self.value(piece.base)
        if base.scalar or piece.dotted:
            return self.raised(piece, (piece.base, base), (piece.exponent, exponent))
        if base.vector or exponent.number is None or exponent.number not in (-1.0, *range(1, 9)):
            helps = [f"for each component write `{self.source(piece.base)}.^{self.source(piece.exponent)}`"]
            if base.vector:
                text = self.source(piece.base)
                helps.append(f"for the sum of squares write `{text}' * {text}` or `norm2({text})^2`")
            raise not_expressible(
                f"`^` with {self.shape(base)} is no power", piece.span,
                notes=["a square matrix has the powers -1 and 1 to 8"], helps=helps,
            )  # fmt: skip
        self.square(piece.base, base, "a power")
        if exponent.number == -1:
            return self.inverse(piece.base, base)
        found = base
        for _ in range(int(exponent.number) - 1):
            found = self.matmul(piece, (piece.base, found), (piece.base, base))
        return found

    def _norm(self, piece: Call) -> bool:
        return piece.function.rpartition(".")[2] in NORMS and len(piece.arguments) == 1 and not piece.keywords

    def sums_squares(self, piece: Call, argument: Value) -> bool:
        """Whether this norm is the root of the sum of the squares of all entries."""
        word = piece.function.rpartition(".")[2]
        return word != "norm1" and (word not in ("norm", "norm2") or self.numpy or argument.vector or argument.scalar)

    def total_of(self, value: Value, power: int = 1) -> Value:
        """The sum of all entries, or of their squares."""

        def entry(_row: At, _column: At) -> e.Explicit:
            indices = [None if size == ONE else self.index(size) for size in (value.rows, value.columns)]
            body = value.at(*indices)
            return product([(body, power)], [index for index in indices if index is not None])

        return Value(ONE, ONE, entry)

    def raised(self, piece: Matrix, base: tuple[Matrix, Value], exponent: tuple[Matrix, Value]) -> Value:
        """Each component to a power."""
        shape, a, b = self.broadcast(piece, base, exponent, False)

        def entry(row: At, column: At) -> e.Explicit:
            if b.number is not None:
                return entries.raised(a.at(row, column), b.number)
            return e.Elementwise("pow", (a.at(row, column), b.at(row, column)))

        return Value(shape.rows, shape.columns, entry, shape.flat)

    def inverse(self, piece: Matrix, value: Value) -> Value:
        """A⁻¹"""
        if value.scalar:
            return Value(ONE, ONE, lambda _i, _k: product([(value.entry(None, None), -1)]))
        self.square(piece, value, "an inverse")
        name = self.bare(value)

        def entry(row: At, column: At) -> e.Explicit:
            return entries.algebraic("inv", name, "", [each for each in (row, column) if each is not None])

        return Value(value.rows, value.rows, entry)

    def _call(self, piece: Call) -> Value:
        word = piece.function.rpartition(".")[2]
        if word not in self.functions:
            near = get_close_matches(word, self.functions, 1)
            raise not_expressible(
                f"there is no function `{piece.function}`", piece.name_span,
                helps=[*(f"write `{each}`" for each in near),
                       f"a product with a bracket has a sign between: `{piece.function} * (…)`"],
            )  # fmt: skip
        return self.functions[word](self, piece)


def transposed(value: Value) -> Value:
    """The entry at (k, i); what has no orientation stays."""
    if value.flat or value.scalar:
        return value
    return Value(value.columns, value.rows, lambda row, column: value.entry(column, row))


def as_row(value: Value) -> Value:
    """A vector without orientation as a row."""
    return Value(ONE, value.rows, lambda _row, column: value.entry(column, None))


def as_flat(value: Value) -> Value:
    """A row or a column as a vector without orientation; a matrix or a scalar stays."""
    if not value.vector:
        return value
    return Value(value.length, ONE, lambda row, _column: value.along(row), True)
