"""Tokens whose kind depends on their neighbours: words of the language, and which ∂ belongs to which.

`sum` in `sum_i x_i` becomes SUM, `exp` in `exp(x)` FUNCTION, and a word that stands where it means nothing RESERVED.
"""

from __future__ import annotations

import re

from lark import Token

from einderiv.syntax.tokens import CLOSERS, OPENERS
from einderiv.syntax.vocabulary import (
    AXIS_FUNCTIONS,
    CONSTANTS,
    FUNCTIONS,
    KEYWORDS,
    LINEAR_ALGEBRA,
    REDUCTIONS,
    RESERVED,
    SUM_WORDS,
    SYMBOLS,
    normalise,
)

DIGITS = {character: value for value, character in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
_TOP_CALL = re.compile(r"d[2-9]?\Z")
_GOES_ON = frozenset({"NAME", "SUBSCRIPT", "RESERVED", "FUNCTION", "UNEXPECTED"})


def mark(tokens: list[Token], text: str) -> None:
    """Give the tokens of a statement their final kinds."""
    if tokens[0] == "index" and not (len(tokens) > 1 and tokens[1].type in ("EQUAL", "SUBSCRIPT", "SUBSCRIPT_OPEN")):
        tokens[0].type = "INDEX"
        return
    _mark_words(tokens, text)
    _mark_derivatives(tokens)


def _mark_words(tokens: list[Token], text: str) -> None:
    in_sizes = False
    previous = ""
    for token in tokens:
        if token.type == "NAME" and not in_sizes:
            if previous == "IN" and token == "R":
                token.type = "REALS"
            else:
                end = int(token.end_pos or 0)
                token.type = _kind(normalise(token), text[end : end + 1])
        elif token.type == "LBRACE":
            in_sizes = True
        elif token.type == "RBRACE":
            in_sizes = False
        previous = token.type


def _kind(name: str, following: str) -> str:
    """The kind of a name, by the character that is glued to it."""
    if following == "(":
        return _kind_of_call(name)
    if name not in RESERVED:
        return "NAME"
    if following == "_":
        return _kind_with_subscript(name)
    if name in CONSTANTS:
        return "PI"
    return name.upper() if name in KEYWORDS and name != "index" else "RESERVED"


def _kind_of_call(name: str) -> str:
    if name == "where":
        return "WHERE"
    if name in LINEAR_ALGEBRA:
        return "ALGEBRA"
    if _TOP_CALL.match(name):
        return "TOPCALL"
    return "RESERVED" if name in RESERVED and name not in FUNCTIONS else "FUNCTION"


def _kind_with_subscript(name: str) -> str:
    if name in SUM_WORDS:
        return "SUM"
    if name in REDUCTIONS or name in AXIS_FUNCTIONS:
        return "REDUCTION"
    if name in SYMBOLS:
        return "DELTA" if SYMBOLS[name] == "δ" else "EPSILON"
    return "RESERVED"


def order(token: Token) -> int:
    """The order that a ∂ or a `d(` says: 2 for `∂²` and `d2`."""
    last = token[-1]
    return DIGITS[last] if last in DIGITS else int(last) if last.isdecimal() else 1


def _mark_derivatives(tokens: list[Token]) -> None:
    """An n-th order top owns the next n ∂ after its slash."""
    stack: list[tuple[int, bool]] = []
    owed, below = 0, False  # how many ∂ are still to come, and whether the slash is behind us
    for token in tokens:
        kind = token.type
        if kind in ("TOP", "TOPCALL"):
            if owed > 0 and below:
                token.type = "BELOW" if kind == "TOP" else "BELOWCALL"
                owed -= 1
            else:
                owed, below = order(token), False
        elif kind == "SLASH":
            if owed > 0 and not below:
                token.type, below = "OVER", True
            else:
                owed = 0
        elif kind in OPENERS:
            stack.append((owed, below))
            owed = 0
        elif kind in CLOSERS:
            owed, below = stack.pop() if stack else (0, False)
        elif kind == "SUPERSCRIPT" and below and token in DIGITS:
            owed -= DIGITS[token] - 1
        elif kind not in _GOES_ON:
            owed = 0
