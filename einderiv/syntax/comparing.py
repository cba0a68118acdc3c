"""Which words of a statement stand in a comparison, where a bare index letter is its position."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token

from einderiv.syntax.tokens import CLOSERS, OPENERS


def compared(tokens: Sequence[Token]) -> frozenset[int]:
    """The places of the words in a comparison: in `[…]`, and in the first argument of `where`.

    Of `y = where(i == j, x, 0)` these are the bracket and `i == j`.
    """
    found: set[int] = set()
    inside = False  # a comparison
    stack: list[tuple[bool, bool]] = []  # what held outside of each bracket, and whether it is that of `where`
    for place, token in enumerate(tokens):
        kind = token.type
        if kind in OPENERS:
            chosen = kind == "OPEN" and place > 0 and tokens[place - 1].type == "WHERE"
            stack.append((inside, chosen))
            inside = inside or chosen or kind == "LBRACKET"
        elif kind in CLOSERS and stack:
            inside = stack.pop()[0]
        elif kind == "COMMA" and stack and stack[-1][1]:
            inside = stack[-1][0]
        if inside:
            found.add(place)
    return frozenset(found)
