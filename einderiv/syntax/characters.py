"""Characters that are not of the language, each with what to type instead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from lark import Token

from einderiv.errors import EinSyntaxError, Span
from einderiv.syntax.faults import fault
from einderiv.syntax.lexing import INVISIBLE
from einderiv.syntax.tokens import span_of

_CYRILLIC = dict(zip("аесорхуіјѕһԁԛԝАВЕКМНОРСТХІЈЅУ", "aecopxyijshdqwABEKMHOPCTXIJSY", strict=True))
_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo", strict=True))
LOOK_ALIKES = _CYRILLIC | _GREEK
_INSTEAD = {
    "÷": "write `/`",
    "√": "write `sqrt(...)`",
    "–": "write `-`",
    "—": "write `-`",
    "⊗": "an outer product is `a_i b_j`",
    "∇": "write `∂L/∂W_ij`",
    "⊤": "a transpose is the order of the indices: `W_ji`",
    "≔": "write `=`",
    "≈": "write `=`",
    "~": "write `=`",
    "∞": "write a number",
    "⋯": "write the terms out",
    "…": "write the terms out",
    "∏": "write `prod_i(...)`",
    ";": "write each statement on a line of its own",
    '"': "there are no strings and no includes; a program is one text",
    "'": "only index letters have primes: `x_i'`",
    "@": "a matrix product is `A_ik B_kj`",
    ".": "names have no dots; numbers have a digit on both sides of the point: `0.5`, `1.0`",
    "%": "a remark starts with `#`",
    "!": 'write `!=` for "is not"',
    "&": "multiply Iverson brackets: `[i < j] [j < k]`",
    "|": "write `abs(x_i)`, or `norm_i(x_i)` for the length of a vector",
    "?": "write `where(x_i > 0, a_i, b_i)`",
    "\\": "write `δ`, `∂`, `Σ`, or `delta`, `d(...)`, `sum`",
}
_PRODUCT = "to multiply, write the factors next to each other: `W_ij x_j`"


def invisible(text: str) -> Iterator[EinSyntaxError]:
    """An error for each control character of a text, wherever it stands."""
    if text.isprintable():
        return
    for match in INVISIBLE.finditer(text):
        character = match[0]
        point = f"U+{ord(character):04X}"
        name = unicodedata.name(character, "")
        yield fault(
            "E0104", f"invisible control character {point}{f' ({name})' if name else ''} in the source",
            Span(match.start(), match.end()), "shown escaped",
            notes=["it can make the file read differently from what is executed"], helps=["delete it"],
        )  # fmt: skip


def look_alike(tokens: list[Token]) -> EinSyntaxError | None:
    """A Greek letter, inside a name, that looks like a Latin one."""
    for token in tokens:
        if not token.isascii():
            for position, character in enumerate(token):
                if character in _GREEK and token.type != "UNEXPECTED":
                    start = span_of(token).start + position
                    return _mistaken(character, Span(start, start + 1))
    return None


def unexpected(token: Token, text: str) -> EinSyntaxError:
    """The error for a character that starts no word of the language."""
    character, span = str(token), span_of(token)
    if character in LOOK_ALIKES:
        return _mistaken(character, span)
    if character == "_":
        return _underscore(span, text)
    if character.isdecimal() and character.isascii():
        return _position(span, text)
    plain = unicodedata.normalize("NFKC", character)
    if plain != character and len(plain) == 1 and plain.isalnum():
        return _styled(character, plain, span)
    if character == "." and re.compile(r"\.T\b").match(text, span.start):
        return transpose(Span(span.start, span.end + 1), ".T")
    if character == "." and text[span.end : span.end + 1] in ("*", "/"):
        sign = text[span.end]
        help_text = f"every product of the same index is elementwise: write `x_i {sign} z_i`"
        return fault("E0101", f"unexpected character `{character}`", span, "", helps=[help_text])
    help_text = _INSTEAD.get(character, _PRODUCT)
    if character not in _INSTEAD and plain != character and plain.isprintable() and plain.strip():
        help_text = f"write `{plain.replace('⁄', '/')}`"
    elif character.isalpha() and character not in _INSTEAD:
        help_text = "names are of Latin or Greek letters and digits"
    return fault("E0101", f"unexpected character `{character}`", span, "", helps=[help_text])


def _mistaken(character: str, span: Span) -> EinSyntaxError:
    latin = LOOK_ALIKES[character]
    name = unicodedata.name(character)
    return fault(
        "E0102", f"`{character}` is {name} (U+{ord(character):04X}), not the Latin letter `{latin}`", span, "",
        notes=["they look the same but would be two different tensors"],
        helps=[f"type a Latin `{latin}`; Greek letters that do not look Latin (β δ θ λ Σ Ω ...) are allowed"],
    )  # fmt: skip


def _styled(character: str, plain: str, span: Span) -> EinSyntaxError:
    """ᵢ, ᵀ, fullwidth and mathematical letters and digits."""
    if "SUBSCRIPT" in unicodedata.name(character, ""):
        written = f"_{{{plain}}}" if plain.isdigit() else f"_{plain}"
        return fault("E0121", f"`{character}` is a character, not a subscript", span, "", helps=[f"write `{written}`"])
    if plain in "Tt" and unicodedata.name(character, "").startswith("MODIFIER"):
        return transpose(span, str(character))
    return fault("E0101", f"unexpected character `{character}`", span, "", helps=[f"type a plain `{plain}`"])


def transpose(span: Span, written: str, swapped: str = "W_ji", form: Sequence[str] = ()) -> EinSyntaxError:
    """The error for `W^T`; `swapped` is the tensor with its indices in the other order, `form` x A y of xᵀAy."""
    name, _, indices = swapped.partition("_")
    if form:
        chain, left = _chain(form)
        help_text = f"write `{' '.join(chain)}`" if not left else ""
        return fault(
            "E0115", f"`{written}` is matrix notation; in index notation a transpose is the index order", span, "",
            notes=["each tensor names its indices; one that stands twice is summed"] if not left else
                  [f"with indices this reads `{' '.join([*chain, *left])}`: after `{' '.join(chain)}` nothing is left "
                   f"to contract `{left[0]}` with, so the shapes cannot agree"],
            helps=[help_text] if help_text else
                  [f"linear layer: `a_i = {name}_ji x_j + b_i`", f"quadratic form: `q = x_i {name}_ij x_j + b`"],
        )  # fmt: skip
    return fault(
        "E0115", f"`{written}` is matrix notation; in index notation a transpose is the index order", span, "",
        helps=[
            f"swap the indices: `{swapped}` is the transpose of `{name}_{indices[::-1]}`",
            f"linear layer: `a_i = {name}_ji x_j + b_i`",
            f"quadratic form: `q = x_i {name}_ij x_j + b`",
        ],
    )  # fmt: skip


def _chain(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The product of names, the first transposed, with indices, and what is left when nothing more is open.

    A capital letter starts the name of a matrix, another one that of a vector.
    """
    first, letters = names[0], iter("jklmn")
    used = next(letters) if first[0].isupper() else "i"
    chain = [f"{first}_ji" if first[0].isupper() else f"{first}_i"]
    for place, name in enumerate(names[1:], 1):
        if not name[0].isupper():
            rest = [f"{each}_kl" if each[0].isupper() else f"{each}_k" for each in names[place + 1 :]]
            return [*chain, f"{name}_{used}"], rest
        following = next(letters)
        chain.append(f"{name}_{used}{following}")
        used = following
    return chain, []


def _underscore(span: Span, text: str) -> EinSyntaxError:
    before = text[span.start - 1 : span.start]
    digits = re.compile(r"[0-9][^\W_]*").match(text, span.end)
    start = span.start
    while start > 0 and text[start - 1].isalnum():
        start -= 1
    name = text[start : span.start]
    if digits and name.isdecimal():
        return fault(
            "E0122", "digits are not grouped with `_`", Span(start, digits.end()), "",
            helps=[f"write `{name}{digits[0]}`"],
        )  # fmt: skip
    if digits and (before.isalnum() or before == ")"):
        return fault(
            "E0121", "a position is written in braces", Span(span.start, digits.end()), "",
            helps=[f"write `{name}_{{{digits[0]}}}`"],
        )  # fmt: skip
    if before.isspace() and re.compile(r"[^\W_]|\{").match(text, span.end):
        return fault(
            "E0101", "a name cannot start with `_`", span, "",
            helps=["a subscript is glued to its tensor: `x_i`; a name starts with a letter"],
        )  # fmt: skip
    if before == "}":
        return fault(
            "E0133", "a subscript stands right after the name of a tensor", span, "",
            helps=["an inverse with indices is `inv(A)_ij`"],
        )  # fmt: skip
    if before and before in "_":
        return fault("E0121", "a subscript has one `_`", span, "", helps=["write `x_i`"])
    if before and (before.isalnum() or before == ")"):
        return fault("E0121", "nothing follows this `_`", span, "", helps=[f"write `{name}_i`, or remove the `_`"])
    return fault("E0101", "a name cannot start with `_`", span, "", helps=["start it with a letter"])


def _position(span: Span, text: str) -> EinSyntaxError:
    """`{2 i}`: a number, a blank and a letter."""
    match = re.compile(r"([0-9]+)\s+(\w+)").match(text, span.start)
    if match is None:
        return fault("E0101", f"unexpected character `{text[span.start]}`", span, "", helps=["remove it"])
    number, letters = match.groups()
    return fault(
        "E0121", f"`{number} {letters}` can be read in two ways", Span(match.start(), match.end()), "",
        helps=[f"for a multiple write `{number}{letters}`", f"for two items write `{number},{letters}`"],
    )  # fmt: skip
