"""Tokens, and what is said about them in several places: where one stands, and which kinds are brackets."""

from __future__ import annotations

from typing import Self

from einderiv.errors import Span

OPENERS = {"LPAR": "RPAR", "OPEN": "RPAR", "LBRACKET": "RBRACKET", "LBRACE": "RBRACE", "SUBSCRIPT_OPEN": "RBRACE"}
CLOSERS = frozenset(OPENERS.values())


class Token(str):
    """The characters of a token, with its kind (a terminal of the grammar) and the place where it stands."""

    __slots__ = ("end_pos", "start_pos", "type")
    type: str
    start_pos: int
    end_pos: int

    def __new__(cls, kind: str, text: str, start: int = 0, end: int = 0) -> Self:
        """The characters `start` to `end` of a text, which are `text`, as a token of this kind."""
        token = super().__new__(cls, text)
        token.type, token.start_pos, token.end_pos = kind, start, end
        return token


def span_of(token: Token) -> Span:
    """Where a token stands."""
    return Span(token.start_pos, token.end_pos)
