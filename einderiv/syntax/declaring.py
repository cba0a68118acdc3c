"""Rules for lines that declare something, and for arrays that stand in the text."""

from __future__ import annotations

import re

from einderiv.errors import EinError, Span
from einderiv.syntax.faults import fault
from einderiv.syntax.stops import Stop
from einderiv.syntax.tokens import span_of

_SHAPE = re.compile(r"[ \t]*(∈|in\b|:)[ \t]*[Rℝ][ \t]*\^?[ \t]*[({\[]?([\w×*, ]{1,60})[)}\]]?[ \t]*(?:[#\r\n]|\Z)")


def declaration(stop: Stop) -> EinError | None:
    """Malformed `index` and `∈` lines."""
    first = stop.tokens[0].type
    if first == "INDEX":
        if stop.kind in ("NAME", "PRIMED") and stop.before in ("NAME", "PRIMED"):
            helps = [f"put a comma: `{stop.slice(stop.at - 1, stop.at - 1)}, {stop.token}`"]
            return fault("E0135", "index names are parted by commas", stop.span, "", helps=helps)
        helps = ["write `index i, j: H`, `index k: 10` or `index batch, feature`"]
        if stop.kind == "EQUAL" and stop.before in ("NAME", "PRIMED") and stop.rest(stop.at + 1):
            helps = [f"write `{stop.slice(0, stop.at - 1)}: {stop.rest(stop.at + 1)}`"]
        return fault("E0135", "this `index` line is not complete", stop.span, "", helps=helps)
    if (len(stop.tokens) > 1 and "IN" in (token.type for token in stop.tokens[:2])) or "REALS" in stop.kinds():
        helps = _written(stop) or ["write `W ∈ R^{H×D}`, `W in R^{H,D}`, `x ∈ R^D` or `c ∈ R`"]
        return fault("E0135", "this is not a shape", stop.span, "", helps=helps)
    if stop.kind == "COLON" and stop.at == stop.head_end() == 1:
        name = stop.tokens[0]
        helps = _written(stop) or [f"write `{name} ∈ R^{{H×D}}`, or `{name} in R^{{H,D}}`"]
        return fault("E0135", "a shape is declared with `∈` or `in`", stop.span, "", helps=helps)
    if any(token.type == "IN" for token in stop.tokens[: stop.at + 1]) and stop.head_end() > 1:
        helps = [f"declare the name alone: `{stop.tokens[0]} ∈ R^{{H×D}}`"]
        return fault("E0135", "a shape is declared for a name without indices", stop.span, "", helps=helps)
    if first in ("GIVEN", "DEF"):
        helps = ["write `given ∂E/∂a_i`" if first == "GIVEN" else "write `def f(z) = ...`"]
        return fault("E0135", f"this `{stop.tokens[0]}` line is not complete", stop.span, "", helps=helps)
    return None


def _written(stop: Stop) -> list[str]:
    """`W in R^{3,4}` for `W in R^3x4`, `W ∈ R^{3×4}` for `W ∈ R^(3, 4)`, both for `W : R^{3×4}`, or nothing."""
    match = _SHAPE.match(stop.text, span_of(stop.tokens[0]).end)
    sizes = re.findall(r"[0-9]++|[^\W\d_x]\w*", match[2]) if match else []
    if match is None or not sizes or re.sub(r"[\s×x*,]", "", match[2]) != "".join(sizes):
        return []
    shapes = [f"{{{sign.join(sizes)}}}" if len(sizes) > 1 else sizes[0] for sign in "×,"]
    signed, plain = f"`{stop.tokens[0]} ∈ R^{shapes[0]}`", f"`{stop.tokens[0]} in R^{shapes[1]}`"
    return [f"write {signed}, or {plain}" if match[1] == ":" else f"write {plain if match[1] == 'in' else signed}"]


def array(stop: Stop) -> EinError | None:
    """`x = [1, 2, 3]`, `W = [[1, 2], [3, 4]]`."""
    kinds = [token.type for token in stop.tokens]
    head = stop.head_end()
    if not head or kinds[head : head + 2] != ["EQUAL", "LBRACKET"] or stop.at <= head or "COMPARE" in kinds:
        return None
    last = stop.closing(head + 1)
    if "COMMA" not in kinds[head:last]:
        return None
    lengths = [stop.slice(head + 1, last).count(sign) for sign in "[,"]
    shape = f"R^{lengths[1] + 1}" if lengths[0] == 1 else "R^{H×D}"
    name, span = stop.tokens[0], Span(span_of(stop.tokens[head + 1]).start, span_of(stop.tokens[last]).end)
    return fault(
        "E0127", "square brackets hold a comparison, and a text has no arrays", span, "",
        helps=[f"pass the array when the program is run, `{name}=np.array(...)`; its shape may be declared: "
               f"`{name} ∈ {shape}`"],
    )  # fmt: skip
