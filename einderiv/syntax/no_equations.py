"""Rules for lines that should be equations: their sign is missing, doubled or another one."""

from __future__ import annotations

import re

from einderiv.errors import EinError, Label, Span
from einderiv.syntax.faults import fault
from einderiv.syntax.foreign import converting, is_einsum, line_of, operator
from einderiv.syntax.stops import STARTS_FACTOR, Stop
from einderiv.syntax.tokens import span_of

_DERIVATIVES = frozenset({"grad", "gradient", "jacobian", "hessian", "derivative", "diff"})
_FOREIGN = frozenset(
    "input inputs output outputs param import from for while if let var const return print include".split()
)
_NAMES = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
_ASSIGNMENT = re.compile(r"\s*(:=|==|<-|\+=|[-−]=|\*\*=|\*=|/=|->|→|=:|:(?! *[Rℝ]\b)(?=[^=]*$))", re.MULTILINE)
_SIZES = re.compile(r"[ \t]*[(\[]?((?:[0-9]++|[A-Z])(?: *[x×,] *(?:[0-9]++|[A-Z]))*+),?[)\]]?[ \t]*(?:[#\r\n]|\Z)")


def assignment(stop: Stop) -> EinError | None:
    """`a_i := …`, `a_i == …`, `a_i <- …`, `a_i += …`."""
    head = stop.head_end()
    if not head or stop.at < head or head > len(stop.tokens):
        return None
    match = _ASSIGNMENT.match(stop.text, span_of(stop.tokens[head - 1]).end)
    if match is None or (match[1] == "->" and is_einsum(line_of(stop.text, match.start()))):
        return None
    helps = [f"replace `{match[1]}` with `=`"]
    if match[1] == ":":
        sizes = _SIZES.match(stop.text, match.end())
        shape = "×".join(re.findall(r"[^\W_x]+", sizes[1])) if sizes else ""
        declared = f"`{stop.tokens[0]} ∈ R^{{{shape}}}`" if shape and head == 1 else "e.g. `W ∈ R^{H×D}`"
        helps.insert(0 if sizes else 1, f"to declare a shape write {declared}")
    return fault(
        "E0114", f"definitions are written with `=`, not `{match[1]}`", Span(*match.span(1)), "", helps=helps,
    )  # fmt: skip


def missing_equals(stop: Stop) -> EinError | None:
    """`a_i W_ij x_j`, or an expression alone on its line."""
    head = stop.head_end()
    if any(token.type in ("EQUAL", "IN") for token in stop.tokens) or stop.at < head:
        return None
    line = line_of(stop.text, stop.span.start)
    if is_einsum(line):
        return _einsum(stop, line)
    if stop.at == 0 and stop.kind in STARTS_FACTOR:
        whole = Span(span_of(stop.tokens[0]).start, span_of(stop.tokens[-1]).end)
        helps = [f"give it a name: `y = {stop.slice(0, len(stop.tokens) - 1)}`"]
        if stop.token in _DERIVATIVES:
            helps = ["a derivative is written `∂L/∂x_i`, or `d(L)/d(x_i)`"]
        return fault("E0113", "this line has no `=`", whole, "", helps=helps)
    if not head:
        return None
    whole = Span(span_of(stop.tokens[0]).start, span_of(stop.tokens[head - 1]).end)
    left, last = stop.slice(0, head - 1), len(stop.tokens) - 1
    if str(stop.tokens[0]) in _DERIVATIVES:
        helps = ["a derivative is written `∂L/∂x_i`, or `d(L)/d(x_i)`"]
        return fault("E0113", "this line has no `=`", whole, "", helps=helps)
    if stop.at == head and stop.kind in STARTS_FACTOR:
        return fault(
            "E0113", "this equation has no `=`", stop.span, "expected `=` before this", Label(whole),
            helps=[f"write `{left} = {stop.slice(head, last)}`"],
        )  # fmt: skip
    helps = operator(stop.text, whole.start) or [f"give it a name: `y = {stop.slice(0, last)}`"]
    leibniz = re.fullmatch(r"d(\w+(?:_\{[^{}]*\})?) ?/ ?d(\w+(?:_\{[^{}]*\})?)", stop.slice(0, last))
    if leibniz:
        helps = [f"a derivative is written `d({leibniz[1]})/d({leibniz[2]})` or `∂{leibniz[1]}/∂{leibniz[2]}`"]
    return fault("E0113", "this line has no `=`", whole, "", helps=helps)


def _einsum(stop: Stop, line: str) -> EinError:
    """`ij,j->i` alone on a line."""
    operands, _, result = line.partition("#")[0].replace(" ", "").partition("->")
    pairs = zip(_NAMES, operands.split(","), strict=False)
    named = [f"{name}_{letters}" if letters else name for name, letters in pairs]
    whole = Span(span_of(stop.tokens[0]).start, span_of(stop.tokens[-1]).end)
    written = f"y{'_' if result else ''}{result} = {' '.join(named)}"
    return fault(
        "E0113", "an einsum string is no equation: its tensors have no names", whole, "",
        helps=[f"name them: `{written}`", converting(line, "einsum strings")],
    )  # fmt: skip


def foreign_word(stop: Stop) -> EinError | None:
    """`input W_ij`, `import numpy`, `let a = 3`."""
    first = stop.tokens[0]
    if stop.at != 1 or first not in _FOREIGN or stop.kind != "NAME":
        return None
    helps = ["write the equation alone: `a_i = W_ij x_j`"]
    if first in ("input", "inputs", "param"):
        helps = ["every tensor that no equation defines is an input", "its shape may be declared: `W ∈ R^{H×D}`"]
    return fault("E0118", f"`{first}` is no word of the language", span_of(first), "", helps=helps)


def single_equals(stop: Stop) -> EinError | None:
    """`[i = j]`, `a = b = c`."""
    if stop.kind != "EQUAL":
        return None
    if stop.opener() == "LBRACKET":
        end = stop.span.end
        if stop.text[end : end + 1] in ("<", ">"):
            sign = stop.text[end]
            span = Span(stop.span.start, end + 1)
            return fault("E0127", f"there is no comparison `={sign}`", span, "", helps=[f"write `{sign}=`"])
        return fault("E0127", "a comparison is written `==`", stop.span, "", helps=["replace `=` with `==`"])
    first = next((place for place in range(stop.at) if stop.tokens[place].type == "EQUAL"), None)
    if first is None:
        return None
    label = Label(span_of(stop.tokens[first]), "the first one")
    helps = ["write two equations, each on a line of its own"]
    return fault("E0134", "this equation has a second `=`", stop.span, "", label, helps=helps)


def query_with_more(stop: Stop) -> EinError | None:
    """`∂L/∂x + 1` alone on a line."""
    if stop.tokens[0].type not in ("TOP", "TOPCALL") or stop.opener() or "EQUAL" in stop.kinds():
        return None
    if stop.at < 4 or not {"BELOW", "BELOWCALL"} & {token.type for token in stop.tokens[: stop.at]}:
        return None
    written = stop.slice(0, len(stop.tokens) - 1)
    more = sum(token.type in ("TOP", "TOPCALL") for token in stop.tokens[stop.at :])
    higher = _of_order(written, more + 1)
    slashes = {"SLASH", "OVER"} & {token.type for token in stop.tokens[stop.at :]}
    if higher and stop.kind in ("TOP", "TOPCALL") and not slashes:
        return fault(
            "E0130", f"this derivative has order 1 on top but {more + 1} below", stop.span, "one ∂ too many",
            helps=[f"write its order on top: `{higher}`"],
        )  # fmt: skip
    return fault(
        "E0113", "only a single derivative can stand alone on its line", stop.span, "",
        helps=[f"give the whole a name: `G = {written}`"],
    )  # fmt: skip


def _of_order(written: str, order: int) -> str:
    """`∂L/∂x_i∂x_j` with its order on top; nothing where one is there, or for more than nine."""
    if order > 9 or not re.match(r"∂[^\W\d]|d\(", written):
        return ""
    return f"∂{'⁰¹²³⁴⁵⁶⁷⁸⁹'[order]}{written[1:]}" if written[0] == "∂" else f"d{order}{written[1:]}"
