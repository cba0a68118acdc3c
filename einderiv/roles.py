"""The part that each piece of a text plays, for colours and editors; also of texts that cannot be parsed.

>>> [(piece.role.value, piece.of("a_i = 2 b_i")) for piece in pieces("a_i = 2 b_i") if piece.role is not Role.BLANK]
[('name', 'a'), ('punctuation', '_'), ('index', 'i'), ('operator', '='), ('number', '2'), ('name', 'b'), ('punctuation', '_'), ('index', 'i')]
"""  # noqa: E501  # the output of the example is one line

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from lark import Token

from einderiv import syntax


class Role(Enum):
    """What a piece of text is."""

    NAME = "name"  # of a tensor
    INDEX = "index"
    SIZE = "size"
    FUNCTION = "function"  # of the language
    OWN = "own function"
    SYMBOL = "symbol"  # δ, ε, ones and π
    NUMBER = "number"
    KEYWORD = "keyword"
    DERIVATIVE = "derivative"  # ∂, d( and the slash between
    OPERATOR = "operator"
    PUNCTUATION = "punctuation"
    REMARK = "remark"
    BLANK = "blank"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Piece:
    """The characters `start` to `end` (exclusive) of a text, and the role that they play."""

    start: int
    end: int
    role: Role

    def of(self, text: str) -> str:
        """What stands there."""
        return text[self.start : self.end]


_ROLES = {
    Role.INDEX: "PRIMED WORD",
    Role.NAME: "NAME GATHERED",
    Role.FUNCTION: "WHERE ALGEBRA REDUCTION SUM",
    Role.SYMBOL: "DELTA EPSILON ONES PI",
    Role.NUMBER: "NUMBER POSITION COEFFICIENT",
    Role.KEYWORD: "INDEX GIVEN DEF SYMMETRIC REALS",
    Role.DERIVATIVE: "TOP BELOW TOPCALL BELOWCALL OVER SUPERSCRIPT",
    Role.OPERATOR: "PLUS MINUS TIMES SLASH CARET EQUAL COMPARE CROSS",
    Role.PUNCTUATION: "COMMA COLON LPAR OPEN RPAR LBRACKET RBRACKET LBRACE RBRACE SUBSCRIPT_OPEN",
    Role.WRONG: "UNEXPECTED RESERVED",
}
_ROLE_OF = {kind: role for role, kinds in _ROLES.items() for kind in kinds.split()}
_GAP = re.compile(r"(?P<REMARK>#[^\r\n]*)|(?P<BLANK>\s+)|(?P<WRONG>[^\s#]+)")


def pieces(text: str) -> Iterator[Piece]:
    """The pieces of a text, which cover all of it."""
    end = 0
    for tokens in syntax.words(text):
        for token, role in roles(tokens):
            start = int(token.start_pos or 0)
            yield from _gap(text, end, start)
            end = int(token.end_pos or 0)
            if token.type == "SUBSCRIPT":
                yield Piece(start, start + 1, Role.PUNCTUATION)
                start += 1
            yield Piece(start, end, role)
    yield from _gap(text, end, len(text))


def roles(tokens: Sequence[Token]) -> Iterator[tuple[Token, Role]]:
    """The words of a statement with their roles; a subscript's is that of its letters."""
    first = tokens[0].type
    in_sizes = False
    for place, token in enumerate(tokens):
        kind = token.type
        in_sizes = in_sizes or (kind == "COLON" if first == "INDEX" else kind == "IN" and place == 1)
        if kind == "SUBSCRIPT":
            role = Role.INDEX
        elif kind == "FUNCTION":
            role = Role.FUNCTION if syntax.normalise(token) in syntax.FUNCTIONS else Role.OWN
        elif kind == "IN":
            role = Role.KEYWORD if token == "in" else Role.OPERATOR
        elif kind == "NAME" and in_sizes:
            role = Role.SIZE
        elif kind == "NAME" and first == "INDEX":
            role = Role.INDEX
        else:
            role = _ROLE_OF[kind]
        yield token, role


def _gap(text: str, start: int, end: int) -> Iterator[Piece]:
    """What stands between two words: blanks, remarks, and what no statement could take."""
    for match in _GAP.finditer(text, start, end):
        yield Piece(match.start(), match.end(), Role[match.lastgroup or "BLANK"])
