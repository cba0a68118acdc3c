"""Where a name is defined and used, and what a text consists of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from einderiv.errors import Span
from einderiv.language_server.document import Document
from einderiv.language_server.occurrences import Occurrence, span_of


def definition(document: Document, offset: int) -> Span | None:
    """The equation, declaration or line that defines what stands at a place; else where it stands first."""
    found = document.occurrence_at(offset)
    if found is None:
        return None
    return max(document.of(found.entity), key=lambda each: (each.weight, -each.span.start)).span


def references(document: Document, offset: int) -> list[Occurrence]:
    """Every place of what stands at a place."""
    found = document.occurrence_at(offset)
    return document.of(found.entity) if found is not None else []


class Kind(Enum):
    """What a statement is."""

    EQUATION = "equation"
    QUERY = "query"
    SHAPE = "shape"
    RANGES = "ranges"
    GIVEN = "given"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A statement in the outline: what it defines, all of it, and the words that say what."""

    name: str
    kind: Kind
    span: Span
    head: Span


def symbols(document: Document) -> Iterator[Symbol]:
    """The statements, in order; those that cannot be read as far as their head says what they are."""
    for number, tokens in enumerate(document.statements):
        span = document.span_of_statement(number)
        kinds = [token.type for token in tokens]
        end = span_of(tokens[-1])
        kind = Kind.EQUATION
        match kinds[0]:
            case "INDEX":
                kind = Kind.RANGES
            case "GIVEN":
                kind = Kind.GIVEN
            case "DEF":
                kind = Kind.FUNCTION
                end = span_of(tokens[kinds.index("EQUAL") - 1] if "EQUAL" in kinds[1:] else tokens[-1])
            case "TOP" | "TOPCALL":
                kind = Kind.QUERY
            case "NAME" if "IN" in kinds[1:2]:
                kind = Kind.SHAPE
            case "NAME" if "EQUAL" in kinds[1:]:
                end = span_of(tokens[kinds.index("EQUAL") - 1])
            case _:
                continue
        head = Span(span.start, end.end)
        yield Symbol(" ".join(document.word(head).split()), kind, span, head)
