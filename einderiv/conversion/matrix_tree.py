"""Matrix notation as a tree, in which every piece knows its place."""

from __future__ import annotations

from dataclasses import dataclass

from einderiv.errors import Span


@dataclass(frozen=True, slots=True)
class Number:
    """`2`, `0.5`."""

    value: float
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A matrix, a vector or a scalar."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms with their signs."""

    terms: tuple[tuple[int, Matrix], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    r"""`left operator right`, the operator one of `* @ .* / ./ \`, or a blank for factors side by side."""

    operator: str
    left: Matrix
    right: Matrix
    span: Span


@dataclass(frozen=True, slots=True)
class Power:
    """`base ^ exponent`; `dotted` is elementwise, `bracketed` stands in brackets."""

    base: Matrix
    exponent: Matrix
    dotted: bool
    bracketed: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Transposed:
    """`base'`."""

    base: Matrix
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`, with `axis=0` among the keywords."""

    function: str
    arguments: tuple[Matrix, ...]
    keywords: tuple[tuple[str, Matrix], ...]
    name_span: Span
    span: Span


Matrix = Number | Name | Terms | Binary | Power | Transposed | Call


@dataclass(frozen=True, slots=True)
class Statement:
    """`name = value`; the name is empty where the text gives none."""

    name: str
    value: Matrix
    span: Span


def parts(piece: Matrix) -> tuple[Matrix, ...]:
    """What a piece is made of, in the order of the text."""
    match piece:
        case Number() | Name():
            return ()
        case Terms(terms=terms):
            return tuple(term for _, term in terms)
        case Binary(left=left, right=right):
            return (left, right)
        case Power(base=base, exponent=exponent):
            return (base, exponent)
        case Transposed(base=base):
            return (base,)
        case Call(arguments=arguments, keywords=keywords):
            return (*arguments, *(value for _, value in keywords))


def names(piece: Matrix) -> list[str]:
    """The names in a piece, each once, in the order of the text."""
    found: dict[str, None] = {}
    todo = [piece]
    while todo:
        each = todo.pop()
        if isinstance(each, Name):
            found.setdefault(each.text)
        todo += reversed(parts(each))
    return list(found)
