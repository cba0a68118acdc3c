"""What stands above a tensor and is no power: `W^T`, `A^-1_ij`, `a^i`, `x^2_i`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from lark import Token

from einderiv.errors import EinSyntaxError, Span
from einderiv.syntax.faults import fault
from einderiv.syntax.foreign import converting, line_of
from einderiv.syntax.tokens import span_of
from einderiv.syntax.transposing import transpose
from einderiv.syntax.vocabulary import normalise

SUBSCRIPTS = frozenset({"SUBSCRIPT", "SUBSCRIPT_OPEN"})
_NUMBER = re.compile(r"^[ \t]*+([^\W_]++)[ \t]*+(?:=|∈|in\b)", re.MULTILINE)
_INDEX = re.compile(r"[^\W\d_][0-9]*'*\Z")


def raised(tokens: Sequence[Token], place: int, text: str, indices: Collection[str]) -> None:
    """Raise the refusal of what follows the `^` at a place of a statement with these indices, if there is one."""
    _transposed(tokens, place, text)
    _inverted(tokens, place, text)
    _upper_index(tokens, place, text, indices)


def _transposed(tokens: Sequence[Token], place: int, text: str) -> None:
    """`W^T`, `W^{T}` and `W^T_ij`; in `x_i^T_i`, though, T is a tensor."""
    braced = [token.type for token in tokens[place + 1 : place + 4]] == ["LBRACE", "NAME", "RBRACE"]
    following = tokens[place + 2 if braced else place + 1 : place + 3][:1]
    if following != ["T"] or tokens[place - 2 : place - 1] in (["∈"], ["in"]):
        return  # a size may be called T: `x ∈ R^T`
    last = place + 3 if braced else place + 1
    base, subscript = tokens[place - 1] if place else None, subscript_at(tokens, last + 1, text)
    if subscript and (base is None or base.type != "NAME"):
        return
    swapped = ""
    if base is not None and base.type == "NAME":
        swapped = f"{base}_{subscript[:0:-1]}" if len(subscript) == 3 else f"{base}_ji"
    elif base is not None and base.type == "SUBSCRIPT" and len(base) == 3:
        swapped = f"{tokens[place - 2]}_{base[:0:-1]}"
    span = Span(span_of(tokens[place]).start, span_of(tokens[last]).end)
    form = [] if braced else _matrix_form(tokens, place)
    kinds = [token.type for token in tokens]
    alone = kinds[:2] == ["NAME", "EQUAL"] and place == 3 and not {"PLUS", "MINUS", "SLASH"} & set(kinds[place:])
    hint = converting(line_of(text, span.start), "matrix notation") if not set(kinds) & SUBSCRIPTS else ""
    written = text[span.start : span.end]
    known = bool(subscript or (swapped and base is not None and base.type == "SUBSCRIPT"))
    raise transpose(span, written, swapped or "W_ji", form, str(tokens[0]) if alone else "", hint, known)


def _matrix_form(tokens: Sequence[Token], place: int) -> list[str]:
    """The bare names of `x^T A x`, or nothing."""
    before = tokens[place - 1 : place]
    names = [*before, *(token for token in tokens[place + 2 : place + 7] if token.type != "TIMES")]
    ends = next((at for at, token in enumerate(names) if token.type not in ("NAME", "PRIMED")), len(names))
    found = [str(token) for token in names[:ends]]
    subscripted = ends < len(names) and names[ends].type in SUBSCRIPTS
    return found if len(found) in (2, 3) and not subscripted else []


def _inverted(tokens: Sequence[Token], place: int, text: str) -> None:
    """`A^-1_ij`, which would be A to the power of minus ones."""
    if not place or [token.type for token in tokens[place + 1 : place + 3]] != ["MINUS", "ONES"]:
        return
    name, subscript = tokens[place - 1], subscript_at(tokens, place + 3, text)
    if name.type == "NAME":
        start = span_of(tokens[place + 3]).start
        raise fault(
            "E0133", "a subscript stands right after the name of a tensor", Span(start, start + len(subscript)), "",
            helps=[f"an inverse with indices is `inv({name}){subscript}`",
                   f"one over each element is `1 / {name}{subscript}`"],
        )  # fmt: skip


def _upper_index(tokens: Sequence[Token], place: int, text: str, indices: Collection[str]) -> None:
    """`a^i = …`, and `x^j` where j is one of the `indices` of the statement and has no line of its own."""
    following = tokens[place + 1 : place + 2]
    if not place or not following or following[0].type != "NAME" or not _INDEX.match(following[0]):
        return
    name, own = tokens[place - 1], ""
    [index], subscript = following, subscript_at(tokens, place + 2, text)
    if name.type == "SUBSCRIPT" and place > 1 and not subscript:
        name, own = tokens[place - 2], name[1:]
    if name.type != "NAME":
        return
    left = place == 1 and any(token.type == "EQUAL" for token in tokens)
    if left or (not subscript and normalise(index) in indices and normalise(index) not in _numbers(text)):
        pieces = [piece for piece in (own, str(index), subscript[1:].strip("{}")) if piece]
        below = f"_{''.join(pieces)}" if all(piece.isalpha() for piece in pieces) else f"_{{{','.join(pieces)}}}"
        span = Span(span_of(tokens[place]).start, span_of(index).end)
        raise fault(
            "E0121", f"`^{index}` has an index above, where powers stand", span, "",
            helps=[f"all indices stand below: write `{name}{below}`",
                   *([] if left else [f"for a power by a number declare it, `{index} ∈ R`, or give it another name"])],
        )  # fmt: skip


@lru_cache(maxsize=1)
def _numbers(text: str) -> frozenset[str]:
    """The names without indices that a text defines or declares."""
    return frozenset(normalise(name) for name in _NUMBER.findall(text))


def indices_of(tokens: Sequence[Token]) -> set[str]:
    """The letters in the subscripts of a statement."""
    found: set[str] = set()
    for token in tokens:
        if token.type == "SUBSCRIPT":
            found.update(re.findall(r"[^\W\d_][0-9]*'*", normalise(token[1:])))
        elif token.type == "WORD":
            found.add(normalise(token))
    return found


def number_with_subscript(tokens: Sequence[Token], place: int, text: str) -> EinSyntaxError:
    """The error for `2_i`, and for the `2_i` of `x^2_i`."""
    token, subscript = tokens[place], subscript_at(tokens, place + 1, text) or "_n"
    span = Span(span_of(token).start, span_of(token).end + len(subscript))
    caret = place - 2 if place > 1 and tokens[place - 1].type == "MINUS" else place - 1
    helps = [f"only ones have: write `{token} 1{subscript}`"]
    if caret > 0 and tokens[caret].type == "CARET":
        power, base = text[span_of(tokens[caret]).start : span_of(token).end], tokens[caret - 1]
        helps = [f"leave it out: `{power}`"]
        if base.type == "NAME":
            helps = [f"a subscript stands right after its tensor: `{base}{subscript}{power}`"]
            if power == "^2" and len(subscript) == 3:
                helps.append(f"a matrix times itself is `{base}_ik {base}_kj`")
    return fault("E0122", f"the number `{token}` has a subscript", span, "", helps=helps)


def subscript_at(tokens: Sequence[Token], place: int, text: str) -> str:
    """The text of the subscript that begins at a token, glued to what is before; nothing where there is none."""
    if not 0 < place < len(tokens) or tokens[place].type not in SUBSCRIPTS:
        return ""
    end = place
    while tokens[place].type == "SUBSCRIPT_OPEN" and end + 1 < len(tokens) and tokens[end].type != "RBRACE":
        end += 1
    return text[span_of(tokens[place]).start : span_of(tokens[end]).end]
