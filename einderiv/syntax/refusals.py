"""What would be read, or read badly, but is refused: by looking at neighbouring tokens before the parser does."""

from __future__ import annotations

from lark import Token

from einderiv.errors import EinTypeError, Label, Span
from einderiv.syntax.comparing import compared
from einderiv.syntax.exponents import SUBSCRIPTS, indices_of, number_with_subscript, raised
from einderiv.syntax.faults import fault
from einderiv.syntax.foreign import converting, line_of
from einderiv.syntax.marking import DIGITS
from einderiv.syntax.statements import CONTINUING
from einderiv.syntax.tokens import span_of

_NO_SLOPE = {"argmax": "softmax", "argmin": "softmax", "sort": "cumsum", "median": "mean"}
_NUMBERS = frozenset({"NUMBER", "REALS"})


def refuse(tokens: list[Token], text: str) -> None:
    """Raise the first refusal of a statement, if there is one."""
    primed = any(token.type == "PRIMED" for token in tokens) and tokens[0].type != "INDEX"
    positions = compared(tokens) if primed else frozenset()
    indices = indices_of(tokens) if any(token.type == "CARET" for token in tokens) else frozenset()
    for place, token in enumerate(tokens):
        kind = token.type
        if kind == "SUPERSCRIPT":
            _superscript(tokens, place)
        elif kind == "CARET":
            raised(tokens, place, text, indices)
        elif kind in _NUMBERS and place + 1 < len(tokens) and tokens[place + 1].type in SUBSCRIPTS:
            raise number_with_subscript(tokens, place, text)
        elif kind == "NAME" and token in _NO_SLOPE and place + 2 < len(tokens):
            _without_slope(tokens, place, text)
        elif kind == "PRIMED" and primed:
            _primed(token, text, place in positions)
    last = tokens[-1]
    if last.type in CONTINUING or last.type == "OVER":
        raise fault(
            "E0112", f"nothing follows this `{last}`", span_of(last), "expected a tensor, a number or `(` after it",
            helps=[_continuation(last)],
        )  # fmt: skip


def _continuation(last: Token) -> str:
    examples = {
        "PLUS": "+ b_i",
        "MINUS": "- b_i",
        "EQUAL": "= W_ij x_j",
        "IN": f"{last} R^{{H×D}}",
        "CARET": "^2",
        "OVER": "/∂x_i",
    }
    if last.type == "COMMA":
        return "remove the `,`, or name what comes next"
    if last.type in ("PLUS", "MINUS"):
        return f"remove the `{last}`, or add the missing term, e.g. `{examples[last.type]}`"
    return f"remove the `{last}`, or add what is missing, e.g. `{examples.get(last.type, f'{last} b_i')}`"


def _superscript(tokens: list[Token], place: int) -> None:
    """`x²`, but not the one of `∂x²`."""
    token = tokens[place]
    if place >= 2 and tokens[place - 1].type == "NAME" and tokens[place - 2].type == "BELOW":
        return
    start = place - 1
    if start >= 0 and tokens[start].type in ("SUBSCRIPT", "RBRACE"):
        while start > 0 and tokens[start].type != "NAME":
            start -= 1
        if start >= 1 and tokens[start - 1].type == "BELOW":
            return
    digits = "".join(str(DIGITS[sign]) if sign in DIGITS else {"⁺": "", "⁻": "-"}.get(sign, "n") for sign in token)
    kinds = [each.type for each in tokens[max(start, 0) : place]]
    shown = "".join(map(str, tokens[max(start, 0) : place])) if kinds and kinds[0] in ("NAME", "NUMBER") else "x"
    if kinds == ["RESERVED"]:
        shown = f"{tokens[start]}(x)"
    raise fault("E0120", f"a power is not written `{token}`", span_of(token), "", helps=[f"write `{shown}^{digits}`"])


def _without_slope(tokens: list[Token], place: int, text: str) -> None:
    """`argmax_c(A_nc)`, which would else be a tensor times a bracket."""
    token, subscript = tokens[place : place + 2]
    if subscript.type != "SUBSCRIPT" or text[span_of(subscript).end : span_of(subscript).end + 1] != "(":
        return
    instead = f"{_NO_SLOPE[token]}{subscript}(...)"
    raise EinTypeError(
        "E0404", f"`{token}` has no derivative, and einderiv does not have it",
        labels=[Label(Span(span_of(token).start, span_of(subscript).end), "not smooth")],
        helps=[f"use a smooth function instead, e.g. `{instead}`, or compute it outside and pass it as an input",
               f"for a tensor of this name put a blank: `{token}{subscript} (...)`"],
    )  # fmt: skip


def _primed(token: Token, text: str, is_compared: bool) -> None:
    """`x'`, unless it is compared: there it may be the position of an index."""
    following = text[span_of(token).end : span_of(token).end + 1]
    if is_compared and following not in ("_", "("):
        return
    plain = token.replace("'", "").replace("′", "")
    helps = [f"use another name, e.g. `{plain}2`"]
    if following != "_":
        helps.append("a transpose is the order of the indices: `W_ji`")
        helps += [converting(line_of(text, span_of(token).start), "matrix notation")] if token != text.strip() else []
    raise fault("E0101", f"the name `{token}` has a prime; only index letters have", span_of(token), "", helps=helps)
