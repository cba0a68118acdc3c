r"""LaTeX without indices, `\mathbf{W}^\top \mathbf{x} + \mathbf{b}`, read as matrix notation."""

from __future__ import annotations

import re
from collections.abc import Mapping

from einderiv.conversion import matrix_programs
from einderiv.conversion.declared import Declared
from einderiv.conversion.latex_names import GREEK, accented
from einderiv.conversion.reading import not_expressible
from einderiv.conversion.vocabulary import KNOWN
from einderiv.errors import EinError, EinShapeError, Label, Span

_PIECE = re.compile(
    r"(?P<transposed>\^\s*(?:\{\s*)?(?:\\top|\\intercal|\\mathsf\s*\{?T\}?|\\mathrm\s*\{T\}|T(?![A-Za-z]))(?:\s*\})?)"
    r"|(?P<styled>\\(?:mathbf|boldsymbol|bm|mathrm|mathcal|mathit|text|vec)\s*\{\s*(?P<inside>\\?[A-Za-z0-9]+)\s*\})"
    r"|(?P<function>\\operatorname\s*\{(?P<word>[A-Za-z]+)\})"
    r"|(?P<accent>\\(?P<mark>hat|bar|tilde|dot|widehat|widetilde)\s*\{(?:\\[a-z]+\{)?(?P<base>[A-Za-z])\}?\})"
    r"|(?P<small>\\[dt]?frac\s*(?P<above>\d)\s*(?P<below>\d))"
    r"|(?P<fraction>\\[dt]?frac)(?![A-Za-z])|(?P<root>\\sqrt)(?![A-Za-z])"
    r"|(?P<norm>(?:\\(?:left|right)\s*)?(?:\\[lr]?Vert(?![A-Za-z])|\\\|)(?:_\{2\}|_2)?)"
    r"|(?P<side>\\(?:left|right|[bB]ig+[lr]?)(?![A-Za-z])\s*\.?)"
    r"|(?P<space>\\[,;:! ]|\\q?quad(?![A-Za-z])|~|[&$])|(?P<row>\\\\)"
    r"|(?P<command>\\[A-Za-z]+|\\.)|(?P<letter>[A-Za-z])|(?P<other>[\s\S])"
)
_COMMANDS = {
    r"\cdot": "*", r"\odot": ".*", r"\circ": ".*", r"\exp": "exp", r"\log": "log", r"\ln": "log", r"\sin": "sin",
    r"\cos": "cos", r"\tan": "tan", r"\tanh": "tanh", r"\sinh": "sinh", r"\cosh": "cosh", r"\det": "det",
    r"\max": "max", r"\min": "min", r"\{": "(", r"\}": ")",
}  # fmt: skip


def lines_of(text: str, declared: Mapping[str, Declared]) -> list[str]:
    """The lines of the program; errors point into the LaTeX."""
    pieces, places = _translated(text)
    plain = "".join(pieces)
    try:
        return matrix_programs.lines_of(plain, declared)
    except EinError as error:
        labels = [Label(_place(label.span, places, len(text)), label.text) for label in error.labels]
        kind = EinShapeError if isinstance(error, EinShapeError) else type(error)
        notes = [*error.notes, f"read as `{' '.join(plain.split())}`"]
        helps = [_tight(each) for each in error.helps]
        message, notes = _tight(error.message), [_tight(each) for each in notes]
        raise kind(error.code, message, labels=labels, helps=helps, notes=notes) from None


def _tight(text: str) -> str:
    """A text without the blanks that the translation left."""
    return re.sub(r"\s+", " ", text).replace(" '", "'").replace("( ", "(").replace(" )", ")")


def _place(span: Span, places: list[tuple[int, int]], end: int) -> Span:
    """Where a piece of the matrix notation came from."""
    start = places[span.start][0] if span.start < len(places) else end
    last = places[min(span.end, len(places)) - 1][1] if places else end
    return Span(start, max(last, start + 1))


def _translated(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The text in matrix notation, and for each of its characters where it came from."""
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    braces = _Braces()
    calling = False  # whether a function waits for its bracket, which is glued to it
    for found in _PIECE.finditer(text):
        new = braces.piece(found)
        if calling and not new.strip():
            continue
        calling = new in KNOWN
        pieces.append(new)
        places += [found.span()] * len(new)
    return pieces, places


class _Braces:
    """Braces as brackets: those of a fraction have its sign between them."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._waiting: list[str] = []  # what the next opening braces are for

    def piece(self, found: re.Match[str]) -> str:
        """One piece of LaTeX in matrix notation."""
        kind, word = found.lastgroup or "", found[0]
        match {"inside": "styled", "word": "function", "base": "accent", "below": "small"}.get(kind, kind):
            case "accent":
                return accented(found["base"], found["mark"]) + " "
            case "small":
                return f"({found['above']}/{found['below']})"
            case "transposed":
                return "' "
            case "styled":
                return _name(found["inside"], found)
            case "function":
                return found["word"]
            case "fraction":
                self._waiting[:0] = ["above", "below"]
                return "("
            case "root":
                self._waiting[:0] = ["root"]
                return "sqrt"
            case "norm":
                return " || "
            case "row":
                return ";"
            case "side" | "space":
                return " "
            case "letter":
                return f"{word} "
            case "command":
                return _command(word, found)
            case _ if word == "{":
                self._open.append(self._waiting.pop(0) if self._waiting else "")
                return "("
            case _ if word == "}":
                return {"above": ") / ", "below": "))"}.get(self._open.pop() if self._open else "", ")")
            case _:
                return word


def _command(word: str, found: re.Match[str]) -> str:
    if word in _COMMANDS:
        return _COMMANDS[word]
    if word in GREEK:
        return f"{GREEK[word]} "
    raise not_expressible(
        f"`{word}` has no counterpart in matrix notation", Span(*found.span()),
        helps=["write the formula with indices: `a_i = \\sum_j W_{ij} x_j`"],
    )  # fmt: skip


def _name(inside: str, found: re.Match[str]) -> str:
    """A letter in bold, a function in upright letters, or the vector of ones."""
    if inside.startswith("\\"):
        return _command(inside, found)
    if inside in KNOWN:
        return inside
    return "vector(1) " if inside == "1" else f"{inside} "
