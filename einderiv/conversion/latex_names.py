"""Letters, functions and subscripts of LaTeX as the language spells them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING

from einderiv.conversion.reading import not_expressible, syntax_error
from einderiv.errors import Span
from einderiv.syntax import AXIS_FUNCTIONS, LINEAR_ALGEBRA
from einderiv.syntax import FUNCTIONS as ELEMENTWISE

if TYPE_CHECKING:
    from einderiv.conversion.latex_tokens import Found

GREEK: Mapping[str, str] = {
    "\\" + word: letter
    for word, letter in zip(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
        "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega varepsilon vartheta varphi varrho varsigma "
        "varpi varkappa ell".split(),
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩεθφρςπκl",
        strict=True,
    )
}

ACCENTS: Mapping[str, str] = {
    "grave": "\u0300", "acute": "\u0301", "hat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "breve": "\u0306",
    "dot": "\u0307", "ddot": "\u0308", "check": "\u030c", "widehat": "\u0302", "widetilde": "\u0303",
    "overline": "\u0304", "vec": "",
}  # fmt: skip

STYLES = frozenset(
    "\\" + word for word in "mathrm text mathbf boldsymbol bm mathit mathcal mathsf textrm mathtt textbf textit".split()
)

FUNCTIONS: Mapping[str, str] = {
    **{name: name for name in (*ELEMENTWISE, *AXIS_FUNCTIONS, *LINEAR_ALGEBRA)},
    **{name: name for name in ("max", "min", "mean", "prod", "logsumexp", "norm", "argmax", "argmin")},
    "ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "sgn": "sign", "logdet": "logdet",
    "relu": "relu", "ReLU": "relu",
}  # fmt: skip

_ATOM = re.compile(
    r"(?P<blank>[\s~]+|\\[,;:! ])|(?P<comma>,)|(?P<sign>[-+−])|(?P<number>[0-9]+)|(?P<prime>'|\^\s*\{?(?:\\prime)+\}?)"
    r"|\\(?:mathrm|text|operatorname|mathit)\{(?P<word>[A-Za-z][A-Za-z0-9]*)\}|(?P<greek>\\[A-Za-z]+)"
    r"|(?P<letter>[^\W\d_])|(?P<below>_\s*(?:\{(?P<inner>(?:[^{}]|\{[^{}]*\})*)\}|(?P<one>[^\W_])))|(?P<brace>[{}])"
)


def accented(letter: str, accent: str) -> str:
    r"""`\hat{y}` is `ŷ`, and `\hat{x}`, which is no one character, `xhat`.

    >>> accented("y", "hat"), accented("x", "hat")
    ('ŷ', 'xhat')
    """
    mark = ACCENTS[accent]
    whole = unicodedata.normalize("NFC", letter[:1] + mark)
    if len(whole) == 1:
        return whole + letter[1:]
    return letter + accent.removeprefix("wide").replace("overline", "bar")


def subscript_of(inside: str, start: int, found: Found) -> str:
    r"""The subscript of the language for what stands behind `_`.

    `ij` → `_ij`, `i,j` → `_ij`, `2i+1,k` → `_{2i+1,k}`, `n,y_{n}` → `_{n,y_n}`, `\mathrm{batch},k` → `_{batch,k}`
    """
    items = _items(inside, start, found)
    if not items:
        raise syntax_error("an empty subscript", Span(start, start + 1))
    for item in items:
        if re.fullmatch(r"[^\W\d_]{2,}[0-9]*", item):
            found.long[item] = None
    if all(re.fullmatch(r"[^\W\d_][0-9]*'*", item) for item in items):
        return "_" + "".join(items)
    return "_{" + ",".join(items) + "}"


def _items(inside: str, start: int, found: Found) -> list[str]:
    """The items: letters each, words and sums of positions each as a whole."""
    items: list[str] = []
    place, begins = 0, True  # whether the next letter begins an item
    while place < len(inside):
        atom = _ATOM.match(inside, place)
        at = Span(start + place, start + place + 1)
        if atom is None:
            raise _unreadable(inside, place, at)
        kind, text = atom.lastgroup, atom[0]
        kind = "below" if kind in ("inner", "one") else kind
        place = atom.end()
        match kind:
            case "brace" | "blank":
                continue
            case "comma":
                begins = True
                continue
            case "sign":
                text = "-" if text == "−" else text
                if not items or begins:
                    raise not_expressible("a position that begins with a sign", at, helps=["write `3-i`, not `-i+3`"])
                items[-1] += text
            case "prime":
                if not items:
                    raise syntax_error("a prime without a letter", at)
                items[-1] += "'" * (text.count("prime") or 1)
            case "below":
                if not items:
                    raise syntax_error("a subscript without a letter", at)
                items[-1] += _below(atom["inner"] or atom["one"], start + atom.start(), found)
            case _:
                word = _spelt(atom, at)
                if items and not begins and (items[-1][-1] in "+-" or _counts(items[-1])):
                    items[-1] += word
                else:
                    items.append(word)
        begins = False
    return items


def _counts(item: str) -> bool:
    """Whether a letter behind `item` is multiplied by its last number: `2`, `i+2`, but not `i2`."""
    return bool(re.search(r"(?:\A|[-+])[0-9]+\Z", item))


def _spelt(atom: re.Match[str], at: Span) -> str:
    if atom["greek"]:
        if atom["greek"] not in GREEK:
            raise syntax_error(f"`{atom['greek']}` is no index", at)
        return GREEK[atom["greek"]]
    return atom["word"] or atom["letter"] or atom["number"]


def _below(inner: str, start: int, found: Found) -> str:
    """`i_{2}` is a letter with a number; `y_{n}` a tensor of integers that is looked up."""
    return inner if inner.isdecimal() else subscript_of(inner, start, found)


def _unreadable(inside: str, place: int, at: Span) -> Exception:
    if inside[place : place + 1] in "=<>|:":
        return not_expressible(
            f"`{inside[place]}` in a subscript", at,
            helps=["a sum goes over the whole size of its index; for a part use a mask: `[i \\neq j]`"],
        )  # fmt: skip
    return syntax_error(f"`{inside[place]}` is no index", at)
