"""The grammar, and the table that is made of it: the parser, and the terminals as patterns for the lexer.

>>> parser().parse(tokens)   # one statement's tokens, named as in the grammar → a `Statement`
"""

from __future__ import annotations

import re
from functools import cache
from os.path import dirname, join
from pkgutil import get_data
from threading import Lock

from einderiv.syntax.automaton import Automaton
from einderiv.syntax.building import Builder

_ONLY_IN_SUBSCRIPTS = frozenset({"WORD", "GATHERED", "COEFFICIENT", "POSITION"})
_NEVER_IN_SUBSCRIPTS = frozenset({"NAME", "PRIMED", "NUMBER", "ONES"})
_PIECES = frozenset({"LETTER", "DIGIT", "PRIME"})
_lock = Lock()


def grammar_text() -> str:
    """The text of the grammar."""
    return _text("einderiv.lark")


def _text(name: str) -> str:
    """A file of the folder `grammar`: inside the package once installed, beside it in a checkout."""
    try:
        found = get_data("einderiv", f"grammar/{name}") or b""
    except OSError:  # in a checkout it lies beside the package
        with open(join(dirname(__file__), "..", "..", "grammar", name), "rb") as file:
            found = file.read()
    return found.decode("utf-8")


@cache
def _table() -> tuple[str, ...]:
    return tuple(_text("einderiv.table").splitlines())


@cache
def _load() -> Automaton:
    return Automaton(_table(), Builder())


def parser() -> Automaton:
    """The parser of one statement, read at the first call, in whichever thread that is."""
    with _lock:
        return _load()


@cache
def patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What the next token is, outside and inside the braces of a subscript; `UNEXPECTED` is any other character."""
    lines = (line.split(" ", 2) for line in _table() if line.startswith("token "))
    terminals = {name: pattern for _, name, pattern in lines}
    return (
        _one_of({name: pattern for name, pattern in terminals.items() if name not in _ONLY_IN_SUBSCRIPTS}),
        _one_of({name: pattern for name, pattern in terminals.items() if name not in _NEVER_IN_SUBSCRIPTS}),
    )


def _one_of(terminals: dict[str, str]) -> re.Pattern[str]:
    kinds = [f"(?P<{name}>{pattern})" for name, pattern in terminals.items() if name not in _PIECES]
    return re.compile("|".join([*kinds, r"(?P<UNEXPECTED>[\s\S])"]))
