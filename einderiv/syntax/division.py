"""The rule for a product after a division, which people read in two ways."""

from __future__ import annotations

from einderiv.errors import EinError, Label
from einderiv.syntax.faults import fault
from einderiv.syntax.stops import STARTS_FACTOR, Stop
from einderiv.syntax.tokens import OPENERS, span_of

_ENDS_FACTOR = frozenset({
    "NAME", "PRIMED", "NUMBER", "SUBSCRIPT", "RPAR", "RBRACKET", "RBRACE", "PI", "SUPERSCRIPT",
})  # fmt: skip
SPLITS_TERMS = frozenset({"PLUS", "MINUS", "COMMA", "COMPARE", "EQUAL", *("LPAR", "OPEN", "LBRACKET")})


def ambiguous_division(stop: Stop) -> EinError | None:
    """`a / b c`, `1/2 x`."""
    if stop.kind not in STARTS_FACTOR or stop.before not in _ENDS_FACTOR:
        return None
    kinds = stop.kinds()
    starts = (place for place, kind in enumerate(kinds) if kind in SPLITS_TERMS and _binary(kinds, place))
    start = max(starts, default=-1)
    slashes = [place for place, kind in enumerate(kinds) if kind == "SLASH" and place > start]
    if not slashes or start + 1 >= slashes[-1]:
        return None
    slash = stop.frame[slashes[-1]]
    left = stop.slice(stop.frame[start + 1], slash - 1)
    divisor = stop.slice(slash + 1, stop.at - 1)
    rest = stop.rest(stop.at)
    return fault(
        "E0119", f"`{left} / {divisor} {rest}` can be read in two ways", stop.span, "is this divided too?",
        Label(span_of(stop.tokens[slash]), "the division"),
        helps=_fraction_first(stop, slash) or
              [f"write `({left} / {divisor}) {rest}`", f"or `{left} / ({divisor} {rest})`"],
    )  # fmt: skip


def _fraction_first(stop: Stop, slash: int) -> list[str]:
    """`1/2 * x_i y_i` is `x_i y_i / 2`."""
    after = [token.type for token in stop.tokens[slash + 1 : slash + 3]]
    if slash == 0 or stop.tokens[slash - 1].type != "NUMBER" or after[:1] != ["NUMBER"]:
        return []
    above, below = stop.tokens[slash - 1], stop.tokens[slash + 1]
    rest = stop.rest(slash + 2 + (after[1:] == ["TIMES"]))
    if stop.tokens[slash - 2].type not in ("EQUAL", "PLUS", "MINUS", "LPAR", "OPEN") or "/" in rest:
        return []
    product = rest if above == "1" else f"{above} {rest}"
    before = [token.type for token in stop.tokens[max(slash - 3, 0) : slash - 1]]
    product = f"-{product}" if before[-1:] == ["MINUS"] and before[0] in ("EQUAL", "LPAR", "OPEN") else product
    return [f"write `{product} / {below}`", f"or divide by all of it: `{above} / ({below} {rest})`"]


def _binary(kinds: list[str], place: int) -> bool:
    """Whether a term starts after this: not after the signs of `a * -b` and `x^-2`, nor inside a closed bracket."""
    if kinds[place] in OPENERS:
        return place == 0
    prefixed = place > 0 and kinds[place - 1] in ("TIMES", "SLASH", "CARET", "MINUS")
    return kinds[place] not in ("PLUS", "MINUS") or not prefixed
