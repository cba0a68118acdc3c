"""Groups of LaTeX: where braces close, and what of them is a name."""

from __future__ import annotations

import re

from einderiv.conversion.latex_names import ACCENTS, GREEK, accented
from einderiv.conversion.reading import DEPTH, syntax_error, too_deep
from einderiv.errors import Span


def closing(text: str, start: int, end: int) -> int:
    """Where the brace that opens at `start` is closed."""
    depth = 0
    for place in range(start, end):
        if text[place] in "{}" and text[place - 1 : place] != "\\":
            depth += 1 if text[place] == "{" else -1
            if depth == 0:
                return place
    raise syntax_error("this `{` is never closed", Span(start, start + 1))


def check_braces(text: str, start: int, end: int) -> None:
    """Refuse braces and brackets that nest too deep."""
    depth = 0
    for place in range(start, end):
        depth += (text[place] in "{(") - (text[place] in "})")
        if depth > DEPTH:
            raise too_deep(Span(place, place + 1))


def spelled_in(inside: str) -> str:
    r"""`\mathrm{hidden}{\beta}2` as a name is spelt; nothing if it is no name."""
    found = ""
    rest = inside.replace(" ", "")
    while rest:
        match = re.match(
            r"([A-Za-z0-9]+)|\\(?:mathrm|text|mathbf|mathit|boldsymbol|bm|mathcal)\{([^\W_]+)\}|(\\[A-Za-z]+)|[{}]|"
            r"([^\W\d_])", rest,
        )  # fmt: skip
        if match is None or (match[3] and match[3] not in GREEK and match[3][1:] not in ACCENTS):
            return ""
        if match[3] and match[3][1:] in ACCENTS:
            letter = re.match(r"\{([A-Za-z])\}", rest[match.end() :])
            if letter is None:
                return ""
            found += accented(letter[1], match[3][1:])
            rest = rest[match.end() + letter.end() :]
            continue
        found += match[1] or match[2] or GREEK.get(match[3] or "", "") or match[4] or ""
        rest = rest[match.end() :]
    return found
