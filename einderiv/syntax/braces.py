"""Rules for subscripts that stand where they cannot, and for what cannot stand in braces."""

from __future__ import annotations

import re

from einderiv.errors import EinError
from einderiv.syntax.faults import fault
from einderiv.syntax.stops import Stop

_WITHIN_SUBSCRIPT = frozenset({"SUBSCRIPT", "SUBSCRIPT_OPEN", "RBRACE", "WORD", "COMMA", "POSITION"})
_COMPARING = frozenset({"COMPARE", "EQUAL", "IN"})


def misplaced_subscript(stop: Stop) -> EinError | None:
    """`(a + b)_i`, `(A^-1)_ij`, `x_i_j`."""
    if stop.kind not in ("SUBSCRIPT", "SUBSCRIPT_OPEN"):
        return None
    if stop.before in ("SUBSCRIPT", "RBRACE"):
        return _two_subscripts(stop)
    inner = stop.tokens[max(stop.at - 6, 0) : stop.at]
    helps = ["name the inner part: `t_i = ...`, then `t_i`"]
    if [token.type for token in inner] == ["LPAR", "NAME", "CARET", "MINUS", "NUMBER", "RPAR"] and inner[4] == "1":
        helps = [f"an inverse with indices is `inv({inner[1]}){stop.subscript_of(stop.at - 1)}`"]
    return fault(
        "E0133", "only tensors and linear algebra such as `inv(A)_ij` take a subscript", stop.span, "", helps=helps,
    )  # fmt: skip


def _two_subscripts(stop: Stop) -> EinError:
    """`x_i_j`, and `W_ijx_j`, in which a blank is missing."""
    first = next(place for place in range(stop.at - 1, -1, -1) if stop.tokens[place].type not in _WITHIN_SUBSCRIPT)
    name, one = stop.slice(first, first), stop.slice(first + 1, stop.at - 1).strip("_{}")
    other = stop.subscript_of(stop.at - 1).strip("_{}")
    joined = f"{one}{other}" if f"{one}{other}".isalpha() else f"{{{one},{other}}}"
    helps = [f"write them as one: `{name}_{joined}`"]
    if len(one) > 1 and one.isalpha():
        helps.insert(0, f"part two tensors by a blank: `{name}_{one[:-1]} {one[-1]}_{other}`")
    return fault("E0121", "this tensor has two subscripts", stop.span, "", helps=helps)


def parted_by_a_comma(stop: Stop) -> EinError | None:
    """`W_i,j x_j`."""
    following = stop.tokens[stop.at + 1 : stop.at + 2]
    glued = bool(following) and re.fullmatch(r"[^\W_]+", following[0]) is not None
    if stop.kind != "COMMA" or stop.before != "SUBSCRIPT" or stop.opener() not in ("", "LPAR") or not glued:
        return None
    name, before = stop.tokens[stop.at - 2], stop.tokens[stop.at - 1][1:]
    plain = f"{before}{following[0]}".isalpha() and len(following[0]) == 1
    written = f"{before}{following[0]}" if plain else f"{{{before},{following[0]}}}"
    return fault("E0121", "a subscript with a comma needs braces", stop.span, "", helps=[f"write `{name}_{written}`"])


def braces(stop: Stop) -> EinError | None:
    """`x^{2}`, `{a + b}`, `x_{}`, `W_{i}{j}`, and what cannot stand in a subscript."""
    if stop.kind == "LBRACE":
        return _outside(stop)
    if stop.opener() != "SUBSCRIPT_OPEN" or stop.kind in ("SUBSCRIPT", "SUBSCRIPT_OPEN"):
        return None
    if stop.kind == "RBRACE" and stop.before == "SUBSCRIPT_OPEN":
        return fault("E0121", "this subscript is empty", stop.span, "", helps=["name the indices: `x_{i}`"])
    if stop.kind == "TIMES":
        return fault("E0121", "a multiple of an index is glued", stop.span, "", helps=["write `x_{2i}`"])
    helps = ["items are indices `i`, positions `0`, sums `2i+k`, and integer tensors `y_n`"]
    shown = "this" if stop.token is None else f"`{stop.token}`"
    return fault("E0121", f"{shown} cannot stand in a subscript", stop.span, "", helps=_condition(stop) or helps)


def _outside(stop: Stop) -> EinError:
    """`x_i^{p + 1}`, `W_{i}{j}`, `{a + b}`."""
    inside = stop.slice(stop.at + 1, stop.closing(stop.at) - 1) if stop.closing(stop.at) > stop.at + 1 else ""
    helps = ["group with round brackets: `( )`"]
    if stop.before == "CARET":
        plain = inside.replace(" ", "")
        power = plain if re.fullmatch(r"-?\w+", plain) else f"({inside or 'p + 1'})"
        helps = [f"write `{_base(stop)}^{power}`"]
        helps += ["an inverse with indices is `inv(A)_ij`"] if plain == "-1" else []
    elif stop.before == "RBRACE" and inside:
        helps = [f"a subscript has one pair of braces: write `_{{i,{inside}}}`"]
    return fault("E0118", "braces are for subscripts and shapes only", stop.span, "", helps=helps)


def _base(stop: Stop) -> str:
    """The tensor before the `^` that is before the brace."""
    if stop.at < 2 or stop.tokens[stop.at - 2].type == "RPAR":
        return "(...)"
    found = re.search(r"[^\W_]+(?:_(?:\{[^{}]*\}|[^\W_]+))?\Z", stop.slice(max(stop.at - 8, 0), stop.at - 2)[-60:])
    return found[0] if found else "x"


def _condition(stop: Stop) -> list[str]:
    """`1_{x_i > 0}`, `δ_{i=j}`, `Σ_{i<j}`: what is written for a condition under a sign."""
    if stop.kind not in _COMPARING or not stop.frame[0]:
        return []
    owner, last = stop.tokens[stop.frame[0] - 1], stop.closing(stop.frame[0])
    written = stop.slice(stop.frame[0] + 1, last - 1)
    sides = re.fullmatch(r"([^\W_]+) ?(?:==?|[<>≤≥≠]|[<>!]=) ?([^\W_]+)", written)
    if owner.type == "SUM":
        if stop.kind == "IN" or sides is None:
            return [f"an index runs over its whole axis: write `{owner}_{stop.tokens[stop.at - 1]} ...`"]
        return [f"sum over both, of what a condition leaves: `{owner}_{{{sides[1]},{sides[2]}}} [{written}] ...`"]
    if owner.type == "DELTA" and sides is not None:
        return [f"write `{owner}_{sides[1]}{sides[2]}`, or `[{sides[1]} == {sides[2]}]`"]
    return [f"write `[{written}]`, which is 1 where it holds, else 0"] if stop.kind == "COMPARE" else []
