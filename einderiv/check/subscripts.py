"""Subscripts → index letters: `W_ij` has two, `X_{batch,k}` has two where `batch` is a declared index."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeGuard

from einderiv import syntax as tree
from einderiv.errors import EinError, EinIndexError, EinTypeError, Label, Source, Span
from einderiv.syntax import LINEAR_ALGEBRA, normalise

_LETTER = re.compile(r"[^\W\d_]\d*['′]*")


@dataclass(frozen=True, slots=True)
class Letter:
    """An index where it stands."""

    name: str
    span: Span


class Subscripts:
    """Splits words into letters; `declared` are the names of the `index` lines."""

    def __init__(self, source: Source, declared: Collection[str]) -> None:
        self.source = source
        self.declared = frozenset(declared)
        self._split: dict[int, tuple[tree.Subscript, tuple[Letter, ...]]] = {}

    def letters(self, subscript: tree.Subscript | None) -> tuple[Letter, ...]:
        """The letters of a subscript of plain indices, one an axis."""
        if subscript is None:
            return ()
        known = self._split.get(id(subscript))
        if known is None:
            known = subscript, tuple(letter for item in subscript.items for letter in self._item(item))
            self._split[id(subscript)] = known
        return known[1]

    def _item(self, item: tree.Word | tree.Affine | tree.Gather) -> Iterator[Letter]:
        if not isinstance(item, tree.Word):
            raise not_available(item, self.source)
        return self.word(item)

    def word(self, word: tree.Word) -> Iterator[Letter]:
        """The letters of one item."""
        name = normalise(word.text)
        if word.braced and name in self.declared:
            yield Letter(name, word.span)
            return
        for match in _LETTER.finditer(word.text):
            start = word.span.start + match.start()
            yield Letter(normalise(match.group()), Span(start, start + len(match.group())))


def not_available(piece: tree.Affine | tree.Gather | tree.Call, source: Source) -> EinError:
    """The refusal of what the language has and this version does not: the one place where it will be added."""
    kind: type[EinError] = EinIndexError
    match piece:
        case tree.Call(function=function, name_span=span):
            kind, what = EinTypeError, f"linear algebra (`{function}`)"
        case tree.Gather(name=name, span=span):
            what = f"a gather: reading a position from `{name}`"
        case tree.Affine(terms=(), span=span):
            what = "a fixed position in a subscript"
        case tree.Affine(span=span):
            what = "an affine index"
    written = source.text[piece.span.start : piece.span.end]
    return kind(
        "E0190",
        f"{what} is not available in this version",
        source=source,
        labels=[Label(span, f"`{written}`" if written != source.text[span.start : span.end] else "")],
        notes=["gathers, positions, affine indices and linear algebra come with a later release"],
    )


# ------------------------------------------------------------------ the walk


def inside(expression: tree.Expression) -> tuple[tree.Expression, ...]:
    """The expressions directly inside of one; of a derivative, the bracket on top."""
    match expression:
        case tree.Bracket(body=body) | tree.Reduction(body=body):
            return (body,)
        case tree.Sum(terms=terms):
            return tuple(term for _, term in terms)
        case tree.Product(factors=factors):
            return tuple(factor for factor, _ in factors)
        case tree.Power(base=base, exponent=exponent):
            return (base, exponent)
        case tree.Comparison(left=left, right=right):
            return (left, right)
        case tree.Iverson(comparison=comparison):
            return (comparison,)
        case tree.Call(arguments=arguments):
            return arguments
        case tree.Derivative(top=tree.Bracket() as top):
            return (top,)
        case tree.Derivative() | tree.Number() | tree.Tensor() | tree.Symbol():
            return ()


def walk(expression: tree.Expression) -> Iterator[tuple[tree.Expression, bool]]:
    """All expressions in one, in the order of the text, and whether each stands in a comparison."""
    pending = [(expression, False)]
    while pending:
        current, compared = pending.pop()
        yield current, compared
        compared = compared or isinstance(current, tree.Comparison)
        pending.extend((part, compared) for part in reversed(inside(current)))


def subscripts_of(expression: tree.Expression) -> Iterator[tree.Subscript]:
    """The subscripts that directly belong to an expression."""
    match expression:
        case tree.Tensor(subscript=subscript) if subscript is not None:
            yield subscript
        case tree.Symbol(subscript=subscript):
            yield subscript
        case tree.Reduction(indices=indices):
            yield indices
        case tree.Derivative(top=top, below=below):
            for tensor in (top, *below):
                if isinstance(tensor, tree.Tensor) and tensor.subscript is not None:
                    yield tensor.subscript
        case _:
            return


def is_algebra(expression: tree.Expression) -> TypeGuard[tree.Call]:
    """Whether this is a call of linear algebra."""
    return isinstance(expression, tree.Call) and expression.function in LINEAR_ALGEBRA


def letters_of(expression: tree.Expression, subscripts: Subscripts) -> frozenset[str]:
    """Every letter that stands in a subscript within the expression."""
    return frozenset(
        letter.name
        for part, _ in walk(expression)
        for subscript in subscripts_of(part)
        for letter in subscripts.letters(subscript)
    )
