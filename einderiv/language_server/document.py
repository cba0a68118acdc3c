"""A text in an editor: its words and names at once, its program and errors when they are asked for."""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from lark import Token

from einderiv import syntax
from einderiv.errors import EinError, EinWarning, Span, Told
from einderiv.language_server.occurrences import Entity, Occurrence, occurrences, span_of
from einderiv.language_server.positions import Positions
from einderiv.program import Program


@dataclass(frozen=True, slots=True)
class TextEdit:
    """What stands at `span` becomes `new`."""

    span: Span
    new: str


def edited(text: str, edits: Sequence[TextEdit]) -> str:
    """A text after edits that do not overlap."""
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.new + text[edit.span.end :]
    return text


def checked(text: str, name: str) -> tuple[Program | None, list[Told]]:
    """The program of a text, if it has one, and all errors and warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", EinWarning)
        program, told = None, list[Told]()
        try:
            program = Program(text, name)
        except EinError as error:
            told = [error.told, *(other.told for other in error.others)]
    return program, told + [each.message.told for each in caught if isinstance(each.message, EinWarning)]


class Document:
    """One version of a text.

    >>> Document("a_i = W_ij x_k").told[0].code
    'E0203'
    """

    def __init__(
        self, text: str, name: str = "<text>", encoding: str = "utf-16", before: Document | None = None
    ) -> None:
        self.name = name
        self.encoding = encoding
        self.positions = Positions(text, encoding)
        self.text = text.removeprefix("\ufeff")
        self._earlier = before.known if before is not None else None

    @cached_property
    def statements(self) -> list[list[Token]]:
        """The words of each statement."""
        return list(syntax.words(self.text))

    @cached_property
    def occurrences(self) -> list[Occurrence]:
        """Where each name stands."""
        return occurrences(self.statements, self.text)

    @cached_property
    def _checked(self) -> tuple[Program | None, list[Told]]:
        return checked(self.text, self.name)

    @property
    def told(self) -> list[Told]:
        """The errors and warnings."""
        return self._checked[1]

    @property
    def program(self) -> Program | None:
        """The program; where the text has errors, that of the last version without any."""
        return self._checked[0] or self._earlier

    @property
    def known(self) -> Program | None:
        """The program as far as it is known without checking this version."""
        return self.program if "_checked" in self.__dict__ else self._earlier

    # --------------------------------------------------------------- places

    def occurrence_at(self, offset: int) -> Occurrence | None:
        """The name at a place, or just before it."""
        around = [each for each in self.occurrences if each.span.start <= offset <= each.span.end]
        return around[-1] if around and around[-1].span.start <= offset else None

    def of(self, entity: Entity) -> list[Occurrence]:
        """All places of an entity."""
        return [each for each in self.occurrences if each.entity == entity]

    def statement_at(self, offset: int) -> int | None:
        """The statement that a place is in, or behind on the same line."""
        starts = [span_of(tokens[0]).start for tokens in self.statements]
        number = bisect_right(starts, offset) - 1
        if number < 0:
            return None
        end = span_of(self.statements[number][-1]).end
        between = self.text[end:offset] if offset > end else ""
        return None if "\n" in between or "\r" in between else number

    def span_of_statement(self, number: int) -> Span:
        """From the first word of a statement to its last."""
        tokens = self.statements[number]
        return Span(span_of(tokens[0]).start, span_of(tokens[-1]).end)

    def word(self, span: Span) -> str:
        """What stands there."""
        return self.text[span.start : span.end]
