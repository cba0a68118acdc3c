"""The grammar file, read once: its parser, and its terminals as patterns for the lexer.

>>> parser().parse(tokens)   # one statement's tokens, named as in the grammar → a `Statement`
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from os.path import dirname, join
from pkgutil import get_data
from threading import Lock

from lark import Lark, Token
from lark.lexer import Lexer

from einderiv.syntax.building import Builder

_FILE = "einderiv.lark"
_ONLY_IN_SUBSCRIPTS = frozenset({"WORD", "GATHERED", "COEFFICIENT", "POSITION"})
_NEVER_IN_SUBSCRIPTS = frozenset({"NAME", "PRIMED", "NUMBER", "ONES"})
_PIECES = frozenset({"LETTER", "DIGIT", "PRIME"})
_lock = Lock()


class _Ready(Lexer):
    """Hands tokens on to the parser that were made before, a statement at a time."""

    def __init__(self, configuration: object) -> None:
        del configuration

    def lex(self, tokens: list[Token]) -> Iterator[Token]:  # type: ignore[override]  # lark's interface for lists
        return iter(tokens)


def grammar_text() -> str:
    """The text of the grammar: inside the package once installed, beside it in a checkout."""
    try:
        found = get_data("einderiv", f"grammar/{_FILE}") or b""
    except OSError:  # in a checkout it lies beside the package
        with open(join(dirname(__file__), "..", "..", "grammar", _FILE), "rb") as file:
            found = file.read()
    return found.decode("utf-8")


@cache
def _load() -> Lark:
    return Lark(grammar_text(), parser="lalr", lexer=_Ready, transformer=Builder())


def parser() -> Lark:
    """The parser of one statement, built at the first call, in whichever thread that is."""
    with _lock:
        return _load()


@cache
def patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What the next token is, outside and inside the braces of a subscript; `UNEXPECTED` is any other character."""
    terminals = sorted(parser().terminals, key=lambda terminal: (-terminal.priority, terminal.name))
    return (
        _one_of({t.name: t.pattern.to_regexp() for t in terminals if t.name not in _ONLY_IN_SUBSCRIPTS}),
        _one_of({t.name: t.pattern.to_regexp() for t in terminals if t.name not in _NEVER_IN_SUBSCRIPTS}),
    )


def _one_of(terminals: dict[str, str]) -> re.Pattern[str]:
    kinds = [f"(?P<{name}>{pattern})" for name, pattern in terminals.items() if name not in _PIECES]
    return re.compile("|".join([*kinds, r"(?P<UNEXPECTED>[\s\S])"]))
