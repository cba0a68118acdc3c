"""What may have been meant by a product or a sum that does not fit: small changes of its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from einderiv.conversion.matrix_tree import Binary, Call, Matrix, Name, Terms, parts
from einderiv.errors import Span

FACTORS = 6  # of a product, beyond which no other order is tried

_TRANSPOSED = re.compile(r"(?:\.?['′’]|ᵀ|⊤|\.T|\^T|\^\{T\})\Z")
_SIGNS = {"*": "*", "@": "@", " ": " "}


def rewritings(whole: Matrix, text: str) -> Iterator[str]:
    """Texts with a change in `whole`, the smallest changes first."""
    seen = {text}
    for start, end, new in _changes(whole, text):
        found = text[:start] + new + text[end:]
        if found not in seen:
            seen.add(found)
            yield found


def _changes(whole: Matrix, text: str) -> Iterator[tuple[int, int, str]]:
    factors = _factors(whole)
    if len(factors) > 1:
        span = Span(factors[0].span.start, factors[-1].span.end)
        own = [text[factor.span.start : factor.span.end] for factor in factors]
        between = [text[one.span.end : two.span.start] for one, two in pairwise(factors)]
        if len(factors) <= FACTORS:
            yield from ((span.start, span.end, _joined(new, between)) for new in _arranged(own, factors, text))
        if isinstance(whole, Binary) and whole.operator in ("*", " "):
            yield whole.left.span.end, whole.right.span.start, " .* "
    for piece in _sides(whole):
        yield piece.span.start, piece.span.end, turned(text[piece.span.start : piece.span.end], text)


def _factors(whole: Matrix) -> list[Matrix]:
    """The factors of a product from left to right."""
    found: list[Matrix] = []
    piece = whole
    while isinstance(piece, Binary) and piece.operator in _SIGNS:
        found.append(piece.right)
        piece = piece.left
    return [piece, *reversed(found)]


def _sides(whole: Matrix) -> Sequence[Matrix]:
    """The terms of a sum, or the arguments of a function."""
    return parts(whole) if isinstance(whole, Terms | Call | Binary) else ()


def _arranged(own: list[str], factors: Sequence[Matrix], text: str) -> Iterator[list[str]]:
    """The factors with two names exchanged, without one, with one transposed, or with two exchanged."""
    named = dict.fromkeys(name for factor in factors for name in _names(factor))
    for place, one in enumerate(named):
        for two in list(named)[place + 1 :]:
            yield [_exchanged(each, one, two) for each in own]
    for place in reversed(range(len(own) if len(own) > 2 else 0)):
        yield own[:place] + own[place + 1 :]
    for place in range(len(own)):
        yield [turned(each, text) if place == at else each for at, each in enumerate(own)]
    for place in range(len(own) - 1):
        yield [*own[:place], own[place + 1], own[place], *own[place + 2 :]]


def _names(piece: Matrix) -> Iterator[str]:
    if isinstance(piece, Name):
        yield piece.text
    for part in parts(piece):
        yield from _names(part)


def _exchanged(text: str, one: str, two: str) -> str:
    """`W^T x` with W for x and x for W."""
    pattern = rf"(?<![\w.])(?:{re.escape(one)}|{re.escape(two)})(?![\w(])"
    return re.sub(pattern, lambda found: two if found[0] == one else one, text)


def turned(piece: str, text: str) -> str:
    """The text of a piece transposed, with the sign that the whole text uses."""
    if _TRANSPOSED.search(piece):
        return _TRANSPOSED.sub("", piece)
    sign = next((sign for sign in ("^T", ".T", "ᵀ", "⊤") if sign in text), ".T" if "@" in text else "'")
    return piece + sign if re.fullmatch(r"\w+|\(.*\)", piece) else f"({piece}){sign}"


def _joined(factors: list[str], between: Sequence[str]) -> str:
    pieces = [factors[0]]
    for place, factor in enumerate(factors[1:]):
        pieces += [between[min(place, len(between) - 1)], factor]
    return "".join(pieces)
