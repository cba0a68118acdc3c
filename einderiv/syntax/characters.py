"""Characters that are not of the language, each with what to type instead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from lark import Token

from einderiv.errors import EinSyntaxError, Span
from einderiv.syntax.faults import fault
from einderiv.syntax.foreign import converting, line_of, of_at, of_backslash, of_dot, of_einsum
from einderiv.syntax.lexing import INVISIBLE
from einderiv.syntax.tokens import span_of
from einderiv.syntax.transposing import transpose, with_sign

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
    "→": "write `=`",
    "←": "write `=`",
    "≈": "write `=`",
    "~": "write `=`",
    "∞": "write a number",
    "⋯": "write the terms out",
    "…": "write the terms out",
    "∏": "write `prod_i(...)`",
    ";": "write each statement on a line of its own",
    '"': "there are no strings and no includes; a program is one text",
    "'": "only index letters have primes: `x_i'`",
    "%": "a remark starts with `#`",
    "!": 'write `!=` for "is not", and `exp(lgamma(n + 1))` for n factorial',
    "“": "there are no strings; a program is one text",
    "”": "there are no strings; a program is one text",
    "„": "there are no strings; a program is one text",
    "«": "there are no strings; a program is one text",
    "&": "multiply Iverson brackets: `[i < j] [j < k]`",
    "‖": "write `norm_i(x_i)` for the length of a vector",
    "∥": "write `norm_i(x_i)` for the length of a vector",
    "𝟙": "write a condition alone, `[x_i > 0]`, and ones `1_i`",
    "∙": "write `*`, or a blank",
    "•": "write `*`, or a blank",
    "|": "write `abs(x_i)`, or `norm_i(x_i)` for the length of a vector",
    "?": "write `where(x_i > 0, a_i, b_i)`",
}
_BY_PLACE = {"\\": of_backslash, ".": of_dot, "@": of_at}
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
            notes=["it can make the file read differently from what is executed"],
            helps=["delete it; `einderiv fmt --fix` removes control characters"],
        )  # fmt: skip


def without_invisible(text: str) -> str:
    """The text without its control characters; tabs and line ends stay."""
    return INVISIBLE.sub("", text)


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
    if plain != character and len(plain) == 1 and plain.isalnum() and character not in _INSTEAD:
        return _styled(character, plain, span, text)
    if character == "." and re.compile(r"\.T\b").match(text, span.start):
        hint = converting(line_of(text, span.start), "matrix notation")
        return transpose(Span(span.start, span.end + 1), ".T", hint=hint)
    if character == "." and text[span.end : span.end + 1] in ("*", "/"):
        sign = text[span.end]
        help_text = f"every product of the same index is elementwise: write `x_i {sign} z_i`"
        return fault("E0101", f"unexpected character `{character}`", span, "", helps=[help_text])
    if character in _BY_PLACE:
        helps = _BY_PLACE[character](text, span.start)
        return fault("E0101", f"unexpected character `{character}`", span, "", helps=helps)
    line = line_of(text, span.start)
    if character in "\"'" and re.search(r"\beinsum *\(", line):
        return fault("E0101", "an einsum string is not of this notation", span, "", helps=of_einsum(line))
    if character == "$" and line.strip()[:1] == "$":
        helps = ["leave out the `$` of LaTeX", "`einderiv convert` translates LaTeX"]
        return fault("E0101", "unexpected character `$`", span, "", helps=helps)
    if character == "%" and line.partition("%")[0].strip():
        helps = [_INSTEAD["%"], "what is left of a division by 2 is `x_i - 2 floor(x_i / 2)`"]
        return fault("E0101", "unexpected character `%`", span, "", helps=helps)
    help_text = _INSTEAD.get(character, _PRODUCT)
    if character not in _INSTEAD and plain != character and plain.isprintable() and plain.strip():
        help_text = f"write `{plain.replace('⁄', '/')}`"
    elif (character.isalpha() or unicodedata.category(character) == "So") and character not in _INSTEAD:
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


def _styled(character: str, plain: str, span: Span, text: str) -> EinSyntaxError:
    """ᵢ, ᵀ, fullwidth and mathematical letters and digits."""
    if _is_small(character):
        end = span.end
        while end < len(text) and _is_small(text[end]):
            end += 1
        shown, name = text[span.start : end], re.search(r"[^\W_]*\Z", text[max(span.start - 40, 0) : span.start])
        plain = unicodedata.normalize("NFKC", shown)
        written = f"_{plain}" if plain.isalpha() else f"_{{{','.join(plain)}}}"
        fact = "is a character" if len(shown) == 1 else "are characters"
        return fault(
            "E0121", f"`{shown}` {fact}, not a subscript", Span(span.start, end), "",
            helps=[f"write `{name[0] if name else ''}{written}`"],
        )  # fmt: skip
    if plain in "Tt" and unicodedata.name(character, "").startswith("MODIFIER"):
        return with_sign(span, text) or transpose(
            span, character, hint=converting(line_of(text, span.start), "matrix notation")
        )
    return fault("E0101", f"unexpected character `{character}`", span, "", helps=[f"type a plain `{plain}`"])


def _is_small(character: str) -> bool:
    return "SUBSCRIPT" in unicodedata.name(character, "")


def _underscore(span: Span, text: str) -> EinSyntaxError:
    """The error for a `_` that starts no subscript."""
    before = text[span.start - 1 : span.start]
    start = span.start
    while start > 0 and text[start - 1].isalnum():
        start -= 1
    name = text[start : span.start]
    if text[span.end : span.end + 1] in LOOK_ALIKES and before.isalnum():
        return _mistaken(text[span.end], Span(span.end, span.end + 1))
    digits = re.compile(r"[0-9][^\W_]*").match(text, span.end)
    if digits and (before.isalnum() or before == ")"):
        return _number_below(span, text, name, digits[0])
    if before.isspace() and re.compile(r"[^\W_]|\{").match(text, span.end):
        return fault(
            "E0101", "a name cannot start with `_`", span, "",
            helps=["a subscript is glued to its tensor: `x_i`; a name starts with a letter"],
        )  # fmt: skip
    if before in ("}", "'", "′") and (signed := with_sign(span, text)) is not None:
        return signed
    if before == "}":
        return fault(
            "E0133", "a subscript stands right after the name of a tensor", span, "", helps=["write `x_i^2`"]
        )
    if before == "∂":
        return fault("E0101", "a derivative names what it is taken by below a slash", span, "",
                     helps=["write `∂L/∂x_i`"])  # fmt: skip
    if before and before in "_":
        return fault("E0121", "a subscript has one `_`", span, "", helps=["write `x_i`"])
    if before and (before.isalnum() or before == ")"):
        return fault("E0121", "nothing follows this `_`", span, "", helps=[f"write `{name}_i`, or remove the `_`"])
    return fault("E0101", "a name cannot start with `_`", span, "", helps=["start it with a letter"])


def _number_below(span: Span, text: str, name: str, digits: str) -> EinSyntaxError:
    """`x_0`, `x_i_2`, `1_000`, `log_2(x)`: what stands before the `_` is `name`, or a bracket."""
    start, below = span.start - len(name), Span(span.start, span.end + len(digits))
    whole = Span(start, below.end)
    if text[start - 1 : start] == "_" and name[-1:].isalpha():
        tensor = re.search(r"[^\W_]+_[^\W_]+\Z", text[max(start - 40, 0) : span.start])
        first = tensor[0] if tensor else f"x_{name}"
        return fault(
            "E0121", "this tensor has two subscripts", below, "",
            helps=[f"write them as one: `{first.replace('_', '_{')},{digits}}}`",
                   f"for a power write `{first}^{digits}`"],
        )  # fmt: skip
    if name.isdecimal():
        return fault("E0122", "digits are not grouped with `_`", whole, "", helps=[f"write `{name}{digits}`"])
    if name == "log" and text[below.end : below.end + 1] == "(":
        return fault(
            "E0133", "`log` is the natural logarithm and takes no subscript", whole, "",
            helps=[f"write `log(x_i) / log({digits})`"],
        )  # fmt: skip
    return fault("E0121", "a position is written in braces", below, "", helps=[f"write `{name}_{{{digits}}}`"])


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
