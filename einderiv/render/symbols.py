r"""The symbols of the notation in LaTeX: names, index letters, numbers, functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from math import pi

from einderiv.render.notation import Item, Offset, Tensor
from einderiv.render.write import fraction, offset
from einderiv.render.write import number as plain_number

GREEK: Mapping[str, str] = {
    letter: "\\" + word
    for letter, word in zip(
        "αβγδεζηθικλμνξπρστυφχψωςΓΔΘΛΞΠΣΥΦΨΩ",
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon varphi chi"
        " psi omega varsigma Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split(),
        strict=True,
    )
} | dict(zip("οΑΒΕΖΗΙΚΜΝΟΡΤΧ", "oABEZHIKMNOPTX", strict=True))

ACCENTS: Mapping[str, str] = {
    "\u0300": "grave",
    "\u0301": "acute",
    "\u0302": "hat",
    "\u0303": "tilde",
    "\u0304": "bar",
    "\u0306": "breve",
    "\u0307": "dot",
    "\u0308": "ddot",
    "\u030c": "check",
}

FUNCTIONS: Mapping[str, str] = {
    word: "\\" + word for word in "exp log sin cos tan sinh cosh tanh max min det".split()
} | {"asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan"}

POWERED = frozenset("sin cos tan sinh cosh tanh".split())  # with an exponent in the middle, as in tanh²(x)

RELATIONS: Mapping[str, str] = {"<": "<", "<=": r"\leq", "==": "=", "!=": r"\neq", ">": ">", ">=": r"\geq"}

_SHORT = re.compile(r"([^\W\d_])([0-9]*)('*)\Z")
_RUN = re.compile(r"[A-Za-z0-9]+|.")
_EXPONENT = re.compile(r"([^e]*)e(-?)0*([1-9]\d*)\Z")


def _character(character: str) -> str:
    """A letter that is no plain Latin one; an accent stands over its letter."""
    if character in GREEK:
        return GREEK[character]
    apart = unicodedata.normalize("NFD", character)
    base, mark = apart[0], apart[1:]
    if mark in ACCENTS and base.isascii():
        return rf"\{ACCENTS[mark]}{{{base}}}"
    return rf"\text{{{character}}}"


def name(found: str) -> str:
    r"""A tensor's name: `W`, `{W2}`, `\theta`, `\mathrm{hidden}`."""
    if short := _SHORT.match(found):
        letter = short[1] if short[1].isascii() else _character(short[1])
        return f"{{{letter}{found[1:]}}}" if found[1:] else letter
    return "{" + _word(found) + "}"


def _word(found: str) -> str:
    """A name of several letters, upright."""
    pieces = _RUN.findall(found)
    return "".join(rf"\mathrm{{{piece}}}" if piece.isascii() else f"{{{_character(piece)}}}" for piece in pieces)


def letter(index: str) -> str:
    r"""An index letter: `i`, `i_{2}'`, `\mu`, `\mathrm{batch}`."""
    if short := _SHORT.match(index):
        first = short[1] if short[1].isascii() else _character(short[1])
        return first + (f"_{{{short[2]}}}" if short[2] else "") + short[3]
    return _word(index)


def subscript(items: Sequence[Item]) -> str:
    r"""`_{ij}`, `_{\mathrm{batch},k}`, `_{2i+1,y_{n}}`, or nothing."""
    if not items:
        return ""
    letters = [item for item in items if isinstance(item, str)]
    if len(letters) < len(items):
        return f"_{{{','.join(map(_item, items))}}}"
    between = " " if all(map(_SHORT.match, letters)) else ","
    text = between.join(map(letter, letters))
    if all(each.isascii() and len(each) == 1 for each in letters):
        text = text.replace(" ", "")
    return f"_{{{text}}}"


def _item(item: Item) -> str:
    match item:
        case str():
            return letter(item)
        case Tensor(name=found, items=items):
            return name(found) + subscript(items)
        case Offset(terms=terms, constant=constant):
            text = offset(tuple((factor, letter(index)) for factor, index in terms), constant)
            return text.removesuffix("+0")  # that only `.ein` text needs


def number(value: float) -> str:
    r"""A number: `2`, `0.001`, `1.5 \cdot 10^{-7}`, `\infty`."""
    if value != value:
        return r"\mathrm{nan}"
    if abs(value) == float("inf"):
        return r"\infty" if value > 0 else r"-\infty"
    if abs(value) == pi:
        return r"\pi" if value > 0 else r"-\pi"
    text = plain_number(value)
    if (found := _EXPONENT.match(text)) is None:
        return text
    power = f"10^{{{found[2]}{found[3]}}}"
    return {"1": power, "-1": f"-{power}"}.get(found[1].removesuffix(".0"), rf"{found[1]} \cdot {power}")


def fraction_of(value: float) -> tuple[float, float]:
    """Numerator and denominator of a number that is a small fraction; else itself and 1."""
    above, below = fraction(value)
    if below == 1.0 and value == value and abs(value) < 100 and value != int(value):
        below = next((float(n) for n in (2, 4, 8) if value * n == int(value * n) and abs(value * n) < 10), 1.0)
        above = value * below
    return above, below


def rational(value: float) -> str:
    r"""A number, a small fraction as such: `\frac{1}{2}`."""
    above, below = fraction_of(value)
    if below == 1.0:
        return number(value)
    return ("-" if above < 0 else "") + rf"\frac{{{number(abs(above))}}}{{{number(below)}}}"
