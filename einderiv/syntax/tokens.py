"""What is said about tokens in several places: where one stands, and which kinds are brackets."""

from __future__ import annotations

from lark import Token

from einderiv.errors import Span

OPENERS = {"LPAR": "RPAR", "OPEN": "RPAR", "LBRACKET": "RBRACKET", "LBRACE": "RBRACE", "SUBSCRIPT_OPEN": "RBRACE"}
CLOSERS = frozenset(OPENERS.values())


def span_of(token: Token) -> Span:
    """Where a token stands."""
    return Span(int(token.start_pos or 0), int(token.end_pos or 0))
