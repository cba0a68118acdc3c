"""What every notation is read with: its grammar file, its tokens, and how a text that does not fit is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from threading import Lock
from typing import Any, cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedToken, VisitError
from lark.lexer import Lexer

from einderiv.errors import EinError, EinSyntaxError, Label, Span

DEPTH = 100  # of brackets; a bracket here can become two in the language, which takes 200
LENGTH = 100_000  # characters of a text in another notation

_lock = Lock()


class _Ready(Lexer):
    """Hands tokens on to the parser that were made before."""

    def __init__(self, configuration: object) -> None:
        del configuration

    def lex(self, tokens: list[Token]) -> Iterator[Token]:  # type: ignore[override]  # lark's interface for lists
        return iter(tokens)


@lru_cache(maxsize=2)
def _grammar(file: str, builder: type[Transformer[Token, Any]]) -> Lark:
    text = (files("einderiv") / "conversion" / file).read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer=_Ready, transformer=builder(), maybe_placeholders=False)


def parsed(file: str, builder: type[Transformer[Token, Any]], tokens: list[Token], end: int) -> Any:
    """What the grammar in `file` and its `builder` make of tokens; `end` is where a caret stands behind the last."""
    with _lock:
        parser = _grammar(file, builder)
    try:
        return parser.parse(cast(str, tokens))
    except UnexpectedToken as problem:
        at = next((token for token in tokens if token is problem.token), None)
        found: EinError = unreadable(at, tokens, end)
    except VisitError as problem:
        if not isinstance(problem.orig_exc, EinError):
            raise
        found = problem.orig_exc
    raise found


def unreadable(at: Token | None, tokens: Sequence[Token], end: int) -> EinError:
    """The error for a token that cannot stand where it does, or for an end that comes too early."""
    if at is None:
        before = f" after `{tokens[-1]}`" if tokens else ""
        return syntax_error(f"something is missing{before}", Span(end, end + 1), "the text ends here")
    before = next((str(one) for one, two in pairwise(tokens) if two is at), "")
    where = f"after `{before}`" if before else "at the start"
    return syntax_error(f"`{at}` cannot stand {where}", span_of(at))


def syntax_error(message: str, span: Span, remark: str = "", helps: Sequence[str] = ()) -> EinSyntaxError:
    """The error for what is not of the notation."""
    return EinSyntaxError("E0901", message, labels=[Label(span, remark)], helps=helps)


def not_expressible(
    what: str, span: Span, why: str = "", helps: Sequence[str] = (), notes: Sequence[str] = ()
) -> EinSyntaxError:
    """The error for what the notation has and index notation as it is here has not."""
    return EinSyntaxError("E0904", what, labels=[Label(span, why)], helps=helps, notes=notes)


def ambiguous(what: str, span: Span, helps: Sequence[str], remark: str = "") -> EinSyntaxError:
    """The error for what is read in two ways; `helps` has both."""
    return EinSyntaxError("E0906", what, labels=[Label(span, remark)], helps=helps)


def span_of(token: Token) -> Span:
    """Where a token stands."""
    return Span(token.start_pos or 0, token.end_pos or 0)


def token(kind: str, text: str, start: int, end: int | None = None) -> Token:
    """A token at a place in the text."""
    return Token(kind, text, start_pos=start, end_pos=start + len(text) if end is None else end)


def too_deep(span: Span) -> EinSyntaxError:
    """The error for nesting beyond what the language takes."""
    return EinSyntaxError(
        "E0116", "the formula is nested too deep", labels=[Label(span)],
        notes=[f"brackets nest up to {DEPTH} levels, and with products and functions in each up to fewer"],
        helps=["give the inner part a name, on a line of its own"],
    )  # fmt: skip


def check_depth(tokens: Sequence[Token], openers: frozenset[str], closers: frozenset[str]) -> None:
    """Refuse brackets that nest too deep, or do not match."""
    opened: list[Token] = []
    for each in tokens:
        if each.type in openers:
            opened.append(each)
            if len(opened) > DEPTH:
                raise too_deep(span_of(each))
        elif each.type in closers:
            if not opened:
                raise syntax_error(f"`{each}` closes nothing", span_of(each))
            opened.pop()
    if opened:
        raise syntax_error(f"this `{opened[-1]}` is never closed", span_of(opened[-1]))
