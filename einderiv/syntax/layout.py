"""Text → the same text laid out: the blanks of `spacing`, aligned remarks, no needless braces.

>>> print(laid_out("a_{i}=W_{i j}x_j # a layer"), end="")
a_i = W_ij x_j  # a layer

What is kept: every remark, every line end inside a statement, one blank line where there are several, and the spelling
of each word, so `d(L)/d(x)` stays as it is, as do `in`, `*` and `**`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from lark import Token

from einderiv.syntax.parsing import parse
from einderiv.syntax.reading import BYTES, without_mark
from einderiv.syntax.spacing import Spacing
from einderiv.syntax.tokens import CLOSERS, span_of
from einderiv.syntax.vocabulary import normalise
from einderiv.syntax.words import COMMENT_OR_END, declared_words, words

INDENT = 4
_LETTER = re.compile(r"[^\W\d_]\Z")
_ONE_INDEX = re.compile(r"[^\W\d_][0-9'′]*\Z")


def laid_out(text: str, name: str = "<text>", limit: float = BYTES) -> str:
    """The text of a program, of at most `limit` bytes, laid out.  Raises the errors of a text that cannot be read."""
    parse(text, name, limit=limit)
    text = without_mark(text)
    statements = _plain_words(text)
    found = str(_rows(text, statements))
    if _meaning(_plain_words(found)) != _meaning(statements):
        raise RuntimeError(f"the layout would change what {name} says")
    return found


def _plain_words(text: str) -> list[list[Token]]:
    """The words of each statement, without needless braces."""
    statements = list(words(text))
    declared = declared_words(statements)
    return [_unbraced(tokens, text, declared) for tokens in statements]


def _meaning(statements: list[list[Token]]) -> list[list[tuple[str, str]]]:
    """What the parser gets to see, apart from how subscripts and brackets are written."""
    return [
        [("LPAR" if token.type == "OPEN" else token.type, str(token)) for token in _with_commas(tokens)]
        for tokens in statements
    ]


def _with_commas(tokens: list[Token]) -> Iterator[Token]:
    """The tokens with a comma wherever a blank parts two items of a subscript."""
    spacing = Spacing()
    for token in tokens:
        if spacing.step(token) == ",":
            yield Token("COMMA", ",")
        yield token


# --------------------------------------------------------------------- braces


def _unbraced(tokens: list[Token], text: str, declared: frozenset[str]) -> list[Token]:
    """The tokens of a statement with `_ij` for `_{i j}` where it means the same."""
    found: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        end = _closing(tokens, place) if token.type == "SUBSCRIPT_OPEN" else None
        plain = _plain(tokens[place + 1 : end], declared) if end is not None else ""
        if end is not None and plain and not _broken(text, tokens[place : end + 1]):
            span = span_of(tokens[end])
            token = Token("SUBSCRIPT", "_" + plain, span_of(token).start, end_pos=span.end)
            place = end
        found.append(token)
        place += 1
    return found


def _closing(tokens: list[Token], opener: int) -> int | None:
    """The brace that closes a subscript without brackets inside."""
    for place in range(opener + 1, len(tokens)):
        if tokens[place].type == "RBRACE":
            return place
        if tokens[place].type not in ("WORD", "COMMA"):
            return None
    return None


def _plain(items: Iterable[Token], declared: frozenset[str]) -> str:
    """The letters of a subscript that needs no braces: one word, or several letters without digits or primes."""
    found = [item for item in items if item.type == "WORD"]
    joined = "".join(found)
    letters = len(found) == 1 or all(_LETTER.match(item) for item in found)
    known = normalise(joined) in declared or any(normalise(item) in declared for item in found if len(item) > 1)
    return joined if letters and (not known or _ONE_INDEX.match(joined)) else ""


def _broken(text: str, tokens: list[Token]) -> bool:
    """Whether a line ends within these tokens."""
    piece = text[span_of(tokens[0]).start : span_of(tokens[-1]).end]
    return COMMENT_OR_END.search(piece) is not None


# ----------------------------------------------------------------------- rows


@dataclass(slots=True)
class _Row:
    """A line of the result; both texts are empty in a blank line."""

    code: str = ""
    remark: str = ""


class _Rows:
    """The lines of the result, as far as they are known."""

    def __init__(self) -> None:
        self._rows: list[_Row] = []
        self._open: _Row | None = None

    def code(self, word: str, lead: str, indent: int) -> None:
        """Add a word to the line, after what parts it from the one before; at the start of a line after `indent`."""
        if self._open is not None:
            self._open.code += lead + word
            return
        if lead == ",":
            next(row for row in reversed(self._rows) if row.code).code += lead
        self._open = _Row(" " * indent + word)
        self._rows.append(self._open)

    def gap(self, text: str, indent: int) -> None:
        """Add the remarks and line ends between two words; a remark on a line of its own after `indent`."""
        for match in COMMENT_OR_END.finditer(text):
            if match[0].startswith("#"):
                remark = match[0].rstrip()
                if self._open is not None:
                    self._open.remark = remark
                else:
                    self._open = _Row("", " " * indent + remark)
                    self._rows.append(self._open)
            elif self._open is not None:
                self._open = None
            elif self._rows and self._rows[-1] != _Row():
                self._rows.append(_Row())

    def __str__(self) -> str:
        rows = self._rows
        while rows and rows[-1] == _Row():
            rows.pop()
        lines: list[str] = []
        for together, run in groupby(rows, lambda row: bool(row.code and row.remark)):
            pending = list(run)
            width = max(len(row.code) for row in pending) + 2 if together else 0
            lines += [row.code.ljust(width) + row.remark if row.remark else row.code for row in pending]
        return "".join(f"{line}\n" for line in lines)


def _rows(text: str, statements: list[list[Token]]) -> _Rows:
    rows, end = _Rows(), 0
    for tokens in statements:
        spacing = Spacing()
        for place, token in enumerate(tokens):
            inside = INDENT * max(spacing.depth, 1) if place else 0
            rows.gap(text[end : span_of(token).start], inside)
            closed = _closed_at(text, tokens, place)
            indent = INDENT * (spacing.depth - closed) if closed else inside
            rows.code(str(token), spacing.step(token), indent)
            end = span_of(token).end
    rows.gap(text[end:], 0)
    return rows


def _closed_at(text: str, tokens: list[Token], place: int) -> int:
    """How many closing brackets stand from `place` on, on one line."""
    end = place
    while (
        end < len(tokens)
        and tokens[end].type in CLOSERS
        and (end == place or not _broken(text, tokens[end - 1 : end + 1]))
    ):
        end += 1
    return end - place
