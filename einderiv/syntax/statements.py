"""Tokens → statements: where one ends, whether its brackets match, and how deep it is nested."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lark import Token

from einderiv.errors import EinSyntaxError, Label, Source, Span
from einderiv.syntax.faults import fault
from einderiv.syntax.lexing import Lexer
from einderiv.syntax.tokens import CLOSERS, OPENERS, span_of
from einderiv.syntax.vocabulary import SUM_WORDS

DEPTH = 200
CONTINUING = frozenset({"PLUS", "MINUS", "TIMES", "SLASH", "CARET", "EQUAL", "COMMA", "IN", "COMPARE", "CROSS"})
_ENDS_OPERAND = frozenset({
    "NAME", "PRIMED", "NUMBER", "ONES", "SUBSCRIPT", "RPAR", "RBRACKET", "RBRACE", "WORD", "POSITION", "SUPERSCRIPT",
    "SUM", "REALS", "UNEXPECTED",
})  # fmt: skip
_SEPARATING = frozenset({"EQUAL", "COMMA", "COMPARE", "COLON"})
_NAME = r"[^\W\d_][^\W_]*"
_LEFT_SIDE = rf"{_NAME}(?:_(?:\{{[^{{}}=\r\n]*\}}|[^\W\d_][^\W_'′]*['′\w]*))?[ \t]*"
_NEXT_STATEMENT = re.compile(rf"[ \t]*(?:{_LEFT_SIDE}(?::?=(?!=)|∈|in[ \t])|(?:index|given|def)[ \t])")
_NEXT_EQUATION = re.compile(r"(?:\r\n?|\n)(?=" + _NEXT_STATEMENT.pattern + ")")


@dataclass(slots=True)
class RawStatement:
    """The tokens of a statement, and what is wrong with its brackets."""

    tokens: list[Token] = field(default_factory=list)
    fault: EinSyntaxError | None = None


class _Nesting:
    """How deep the place in the text is: brackets, prefix signs, powers on powers, sums in sums."""

    def __init__(self) -> None:
        self.brackets: list[tuple[Token, int, int, int]] = []
        self._base = self._sums = self._run = 0

    def depth(self) -> int:
        return self._base + self._sums + self._run

    def open(self, token: Token) -> None:
        self.brackets.append((token, self._base, self._sums, self._run))
        self._base, self._sums, self._run = self.depth() + 1, 0, 0

    def close(self) -> Token:
        token, self._base, self._sums, self._run = self.brackets.pop()
        return token

    def step(self, token: Token, after: str) -> None:
        """Count a token that is no bracket, the kind of the one before being `after`."""
        kind = token.type
        if kind == "CARET":
            self._run += 1
        elif kind in ("PLUS", "MINUS"):
            if after in _ENDS_OPERAND:
                self._sums = self._run = 0
            else:
                self._run += 1
        elif kind in _SEPARATING:
            self._sums = self._run = 0
        elif kind in ("TIMES", "SLASH") or after in _ENDS_OPERAND:
            self._run = 0
        if (kind == "SUM" or (kind == "NAME" and token in SUM_WORDS)) and after != "SLASH":
            self._sums += 1


class Splitter:
    """Cuts a text into statements."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._text = source.text
        self._lexer = Lexer(source.text)
        self._reset()

    def _reset(self) -> None:
        self._raw = RawStatement()
        self._nesting = _Nesting()
        self._after = ""

    def statements(self) -> Iterator[RawStatement]:
        """The statements in order; empty lines are none."""
        for token in self._lexer.tokens():
            if token.type == "LINE_END":
                if self._raw.tokens and self._ends(span_of(token).end):
                    yield self._finished(span_of(token).end)
                continue
            self._take(token)
            if self._nesting.depth() > DEPTH:
                yield self._too_deep(token)
        if self._raw.tokens:
            yield self._finished(len(self._text))

    def _take(self, token: Token) -> None:
        kind = token.type
        if kind in OPENERS:
            self._nesting.open(token)
        elif kind in CLOSERS:
            self._close(token)
        else:
            if kind == "NAME" and token == "in" and len(self._raw.tokens) == 1 and self._raw.tokens[0] != "index":
                kind = token.type = "IN"
            self._nesting.step(token, self._after)
        self._after = kind
        self._raw.tokens.append(token)

    def _close(self, token: Token) -> None:
        if not self._nesting.brackets:
            wanted = {"RPAR": "(", "RBRACKET": "[", "RBRACE": "{"}[token.type]
            self._refuse(
                fault("E0111", f"this `{token}` has no matching `{wanted}`", span_of(token), helps=["remove it"])
            )
            return
        opener = self._nesting.close()
        if OPENERS[opener.type] != token.type:
            sign = opener[-1]
            close = {"(": ")", "[": "]", "{": "}"}[sign]
            place = Span(span_of(opener).end - 1, span_of(opener).end)
            self._refuse(fault(
                "E0111", f"this `{token}` has no matching opening bracket: a `{sign}` is open here", span_of(token), "",
                Label(place, "opened here"), helps=[f"write `{close}` instead of `{token}`"],
            ))  # fmt: skip

    def _refuse(self, error: EinSyntaxError) -> None:
        if self._raw.fault is None:
            self._raw.fault = error

    def _ends(self, position: int) -> bool:
        """Whether the statement ends at the line end before `position`."""
        goes_on = self._nesting.brackets or self._raw.tokens[-1].type in CONTINUING
        return not goes_on or _NEXT_STATEMENT.match(self._text, position) is not None

    def _finished(self, position: int) -> RawStatement:
        raw, brackets = self._raw, self._nesting.brackets
        if brackets and raw.fault is None:
            raw.fault = _never_closed(self._source, raw.tokens, brackets[-1][0])
        if brackets:
            self._lexer.restart(position)
        self._reset()
        return raw

    def _too_deep(self, token: Token) -> RawStatement:
        """Refuse the statement, and go on at the next line that looks like one."""
        raw = self._raw
        raw.fault = fault(
            "E0116", f"expression is nested more than {DEPTH} levels deep",
            Span(span_of(token).start, span_of(token).start + 1), f"level {DEPTH + 1} starts here",
            helps=["name the inner parts: `t = ...` on a line of its own"],
        )  # fmt: skip
        following = _NEXT_EQUATION.search(self._text, span_of(token).end)
        self._lexer.restart(following.end() if following else len(self._text))
        self._reset()
        return raw


def _never_closed(source: Source, tokens: list[Token], opener: Token) -> EinSyntaxError:
    """The innermost bracket that stays open, with the text that closes it."""
    text = source.text
    sign = opener[-1]
    close = {"(": ")", "[": "]", "{": "}"}[sign]
    place = span_of(opener).end - 1
    end = span_of(tokens[-1]).end
    start = place
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_{}'"):
        start -= 1
    written = text[start:end]
    line = source.place(end)[0]
    helps = [f"add `{close}` at the end"]
    if "\n" not in written and "\r" not in written and len(written) <= 80:
        helps = [f"add `{close}` at the end: `{written}{close}`"]
    return fault(
        "E0110", f"this `{sign}` is never closed", Span(place, place + 1), "opened here",
        notes=[f"the statement ends at the end of line {line}"], helps=helps,
    )  # fmt: skip
