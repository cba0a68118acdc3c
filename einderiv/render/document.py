r"""Programs as LaTeX: the equations of a derivation one by one, and a whole document of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from einderiv.render.context import Context, Output
from einderiv.render.latex import Ratio, Style, bracketed, fraction, sides
from einderiv.render.program import program
from einderiv.render.symbols import name, subscript

Sides = tuple[str, str]

_TENSOR = r"([^\W\d_⁰¹²³⁴-⁹][^\W_⁰¹²³⁴-⁹]*)(?:_\{([^}]*)\}|_([^\W⁰¹²³⁴-⁹]+(?:'|[^\W_⁰¹²³⁴-⁹])*))?"
_RATIO = re.compile(rf"∂[²³⁴-⁹]?{_TENSOR}/((?:∂{_TENSOR}[²³⁴-⁹]?)+)\Z")
_BELOW = re.compile(rf"∂{_TENSOR}([²³⁴-⁹]?)")
_LETTER = re.compile(r"[^\W\d_]\d*'*")
_ORDERS = "  ²³⁴⁵⁶⁷⁸⁹"


def formulas(
    outputs: Sequence[Output], context: Context, sums: bool = False, known: Mapping[str, str] | None = None
) -> list[Sides]:
    r"""The two sides of each equation that `program_text` would write; a derivative stands as a fraction on the left.

    With `sums` each sum of the convention is written as \sum.  `known` are left sides, by names of outputs.
    """
    _, equations = program(outputs, context)
    ratios = {output.name: ratio for output in outputs if (ratio := ratio_of_title(output.comment)) is not None}
    titles = {output.name: output.comment for output in outputs}
    style = Style(sums, ratios)
    lefts = {
        each.name: _left(titles.get(each.name, ""), each.letters, ratios.get(each.name)) for each in equations
    } | dict(known or {})
    return [sides(each, style, lefts[each.name]) for each in equations]


def _left(title: str, letters: tuple[str, ...], ratio: Ratio | None) -> str:
    r"""What stands on the left for a title that the letters alone do not give: a trace, or a sum `Σ ∂a/∂W dW`."""
    if title.startswith("Σ"):
        return bracketed(" + ".join(map(_contracted, title.split(" + ")))) + subscript(letters)
    if ratio is None or ratio.top[1] + sum(count for _, count in ratio.below) == len(letters):
        return ""
    return title_latex(title)


def _contracted(text: str) -> str:
    r"""`Σ ∂a/∂W dW` as `\sum \frac{\partial a}{\partial W} \, dW`."""
    words = [title_latex(word) if "/" in word else name(word) for word in text.split()[1:]]
    return r"\sum " + r" \, ".join(words)


def ratio_of_title(title: str) -> Ratio | None:
    """`∂L/∂W_dk` taken apart; None for what is not one derivative of a name."""
    found = _taken_apart(title)
    if found is None:
        return None
    (top, letters), below = found
    return Ratio((top, len(letters)), tuple((each, len(group)) for each, group in below))


def title_latex(title: str) -> str:
    """A derivative as it is written."""
    found = _taken_apart(title)
    if found is None:
        return name("".join(each for each in title if each.isalnum()) or "f")
    (top, letters), below = found
    return fraction(name(top) + subscript(letters), [name(each) + subscript(group) for each, group in below])


def _taken_apart(title: str) -> tuple[tuple[str, tuple[str, ...]], list[tuple[str, tuple[str, ...]]]] | None:
    found = _RATIO.match(title)
    if found is None:
        return None
    below: list[tuple[str, tuple[str, ...]]] = []
    for each in _BELOW.finditer(found[4]):
        below += [(each[1], _letters(each[2], each[3]))] * (_ORDERS.index(each[4]) if each[4] else 1)
    return (found[1], _letters(found[2], found[3])), below


def _letters(long: str | None, short: str | None) -> tuple[str, ...]:
    if long:
        return tuple(part.strip() for part in long.split(","))
    return tuple(_LETTER.findall(short or ""))


def document(pairs: Sequence[Sides], title: str = "") -> str:
    """A LaTeX file of its own with the equations one below the other."""
    rows = " \\\\\n".join(f"  {left} &= {right}" if right else f"  & {left}" for left, right in pairs)
    head = "\\documentclass{article}\n\\usepackage{amsmath,amssymb}\n\\allowdisplaybreaks\n\\begin{document}\n"
    shown = f"\\noindent {title}\n" if title else ""
    return f"{head}{shown}\\begin{{align*}}\n{rows}\n\\end{{align*}}\n\\end{{document}}\n"


def lines(pairs: Sequence[Sides]) -> str:
    """The equations, one a line."""
    return "\n".join(f"{left} = {right}" if right else left for left, right in pairs)


def mimebundle(text: str, pairs: Sequence[Sides]) -> Mapping[str, str]:
    """What a notebook shows: formulas, and the text where these are too many.

    As Markdown each formula is a paragraph; as LaTeX notebooks set them one behind the other.
    """
    if not pairs or len(pairs) > MANY:
        return {"text/plain": text}
    return {"text/plain": text, "text/markdown": displayed(pairs), "text/latex": displayed(pairs)}


MANY = 100  # formulas that a notebook still draws


def displayed(pairs: Sequence[Sides]) -> str:
    """The equations between dollars, as notebooks want them."""
    return "\n\n".join(rf"$\displaystyle {line}$" for line in lines(pairs).split("\n"))
