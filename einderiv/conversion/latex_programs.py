r"""LaTeX → the lines of a program: equations in index notation, or formulas of matrices.

A row of `align`, or a line, is a statement.  What einderiv writes as LaTeX converts back: shapes
`W \in \mathbb{R}^{N}`, ranges `i = 0,\, \ldots,\, 2`, upstream derivatives, functions, and derivatives on the left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lark import Token

from einderiv.conversion import latex_matrices
from einderiv.conversion.declared import Declared, check_used
from einderiv.conversion.einsums import shape_lines
from einderiv.conversion.latex_names import subscript_of
from einderiv.conversion.latex_sizes import indexed, size_lines
from einderiv.conversion.latex_texts import Builder, Text
from einderiv.conversion.latex_tokens import Found, Reader
from einderiv.conversion.reading import ambiguous, check_depth, not_expressible, parsed, span_of, syntax_error
from einderiv.errors import Span

_OUTSIDE = re.compile(
    r"\\documentclass(?:(?!\\documentclass).)*?\\begin\{document\}|\\end\{document\}.*|\\(?:begin|end)\{(?:align|equation|gather|split|multline|"
    r"eqnarray|aligned|displaymath|math)\*?\}|\\\[|\\\]|\\\(|\\\)|\\noindent[^\n]*|\\label\{[^{}]*\}|\\(?:notag|nonumber)\b"
    r"|(?<!\\)%[^\n]*",
    re.DOTALL,
)
_BREAK = re.compile(r"\\\\(?:\s*+\[[^\]\\]*+\])?|\n(?:[^\S\n]*+\n)*+")
_CONTINUES = re.compile(r"(?:[\s&]|\\q?quad(?![A-Za-z])|\\[,;:! ])*(?:[-+=*/]|\\(?:cdot|odot|leq?|geq?)(?![A-Za-z]))")
_UNFINISHED = re.compile(r"(?:[-+=*/,(]|\\cdot|\\left\s*+.)[\s&]*+\Z")
_SHAPE = re.compile(  # what follows the name
    r"\\in\s*+(?:\\mathbb\{R\}|\\mathbb\s+R|\\R\b|ℝ)\s*+(?:\^\s*+(?:\{(?P<sizes>[^{}]*+)\}|(?P<one>\w)))?\s*+\Z"
)
_RANGE = re.compile(  # what follows the letters
    r"=\s*+(?P<first>[01])\s*+,(?:\\,|\s)*+\\l?dots\s*+,(?:\\,|\s)*+(?P<last>[A-Za-z0-9]++)\s*+(?P<less>-\s*+1)?\s*+\Z"
)
_GIVEN = re.compile(r"\\(?:mathrm|text)\{\s*+given\s*+\}\s*+\Z")
_UPSTREAM = re.compile(r"∂(?P<top>[^\W\d_][^\W_]*)/∂(?P<below>[^\W\d_][^\W_]*)(?:_\{[^}]*\}|_[^\W_]+)?")
_NAME = re.compile(r"[^\W\d_][^\W_]*")
_PARAMETERS = re.compile(  # `L(θ) = …` defines L: what it depends on is seen anyway
    r"(?P<head>\s*(?:[A-Za-z]|\\(?!operatorname)[A-Za-z]+(?:\{[A-Za-z]+\})?))\s*(?:\\left\s*)?\([^()=]*\)(?=[\s&]*=)"
)
_NORM = re.compile(r"(?:\\\||\\r?Vert)\s*_(?:\{2\}|2)")
_INDEXED = re.compile(r"_|\\sum|\\partial|\\prod")
_MATRICES = re.compile(
    r"\\top|\\intercal|\^\s*\{?\s*T\b|\\mathbf|\\boldsymbol|\\bm\b|\\[lr]?Vert|\\\||\^\{-1\}|\\operatorname\{tr\}"
)


def lines_of(text: str, declared: Mapping[str, Declared]) -> list[str]:
    """The lines of the program."""
    plain = _OUTSIDE.sub(lambda found: " " * len(found[0]), text)
    if not _INDEXED.search(_NORM.sub("", plain)) and not re.search(r"\\in\b", plain) and _MATRICES.search(plain):
        return latex_matrices.lines_of(plain, declared)
    if re.search(r"\\begin\b", plain):
        start = plain.index(r"\begin")
        raise not_expressible(
            "an environment that holds no equations", Span(start, start + 6),
            helps=["write `where(…)` or a mask `[i \\leq j]` for cases, and name matrices"],
        )  # fmt: skip
    found = Found()
    lines: list[str] = []
    for start, end in _statements(plain):
        lines += _statement(plain, start, end, found, lines)
    if not lines:
        raise syntax_error("there is no formula", Span(0, max(len(text), 1)), helps=["write e.g. `a_i = W_{ij} x_j`"])
    used = dict.fromkeys(name for line in lines for name in _NAME.findall(line) if name in declared)
    check_used(declared, used)
    shapes = shape_lines(list(declared), declared)
    return [*found.names.remarks(), *shapes, *_index_lines(found, lines), *_upstream(lines), *lines]


def _upstream(lines: list[str]) -> list[str]:
    """`given ∂E/∂a_i` for each derivative that an equation uses of what is defined nowhere."""
    defined = {re.split(r"[_ (]", line.removeprefix("def "))[0] for line in lines if " = " in line}
    stated = " ".join(line for line in lines if line.startswith("given "))
    found: dict[str, str] = {}
    for line in lines:
        for use in _UPSTREAM.finditer(line.partition(" = ")[2]):
            if use["top"] not in defined and f"∂{use['top']}/∂{use['below']}" not in stated:
                found.setdefault(f"{use['top']}/{use['below']}", f"given {use[0]}")
    return list(found.values())


def _index_lines(found: Found, lines: list[str]) -> Iterator[str]:
    stated = {letter for line in lines if line.startswith("index ") for letter in re.findall(r"[^\W_]+'*", line)}
    long = [name for name in found.long if name not in found.ranges and name not in stated]
    if long:
        yield f"index {', '.join(long)}"
    for letter, (size, _) in found.ranges.items():
        if letter not in stated:
            yield f"index {letter}: {size}"


def _statements(text: str) -> Iterator[tuple[int, int]]:
    """Where the statements start and end; rows that go on with a sign, and lines inside brackets, belong together."""
    aligned = r"\\" in text
    start = 0
    for found in _BREAK.finditer(text):
        before = text[start : found.start()]
        if found[0][0] == "\n" and (aligned or before.count("{") > before.count("}")):
            continue
        if before.strip(" \t&\n$"):
            depth = len(re.findall(r"\\left\b", before)) - len(re.findall(r"\\right\b", before))
            if _CONTINUES.match(text, found.end()) or _UNFINISHED.search(before) or depth > 0:
                continue
            yield start, found.start()
        start = found.end()
    if text[start:].strip(" \t&\n$"):
        yield start, len(text)


def _statement(text: str, start: int, end: int, found: Found, before: list[str]) -> list[str]:
    """One statement: a shape, a range, an upstream derivative, a function, an equation or a derivative to be taken."""
    while end > start and (text[end - 1].isspace() or text[end - 1] in ",.;&"):
        end -= 1
    if parameters := _PARAMETERS.match(text, start, end):
        head, last = parameters.end("head"), parameters.end()
        text = text[:head] + " " * (last - head) + text[last:]
    piece = text[start:end].replace("&", " ").replace("$", " ")
    if shape := _SHAPE.search(piece):
        return [_shape(shape, start, found)]
    if ranged := _RANGE.search(piece):
        return [_range(ranged, start, found)]
    if given := _GIVEN.search(piece):
        return [f"given {_formula(_tokens(text, start, start + given.start(), found), end).text}"]
    tokens = _tokens(text, start, end, found)
    equals = _equals(tokens)
    if not equals:
        alone = _formula(tokens, end).text
        return [alone if alone.startswith("∂") else f"{found.names.free(['f', 'g', 'h', 'f'])} = {alone}"]
    if len(equals) > 1:
        raise ambiguous(
            "a chain of equations", span_of(tokens[equals[1]]),
            ["write the last side alone: `a = c`", "or each on a line of its own"],
        )  # fmt: skip
    left, right = tokens[: equals[0]], tokens[equals[0] + 1 :]
    body = _formula(right, end).text
    sizes = size_lines(left, right, before) if left and left[0].type == "DERIVATIVE" else []
    return [*sizes, f"{_left(left, found)} = {body}"]


def _tokens(text: str, start: int, end: int, found: Found) -> list[Token]:
    tokens = Reader(text, start, end, found).read()
    openers = frozenset({"LPAR", "LBRACE", "LBRACKET", "BAR_OPEN", "NORM_OPEN"})
    check_depth(tokens, openers, frozenset({"RPAR", "RBRACE", "RBRACKET", "BAR_CLOSE", "NORM_CLOSE"}))
    return tokens


def _formula(tokens: list[Token], end: int) -> Text:
    result: Text = parsed("latex.lark", Builder, tokens, end)
    return result


def _equals(tokens: list[Token]) -> list[int]:
    """The equals signs outside brackets."""
    depth, found = 0, []
    for place, each in enumerate(tokens):
        depth += each.type in ("LPAR", "LBRACE", "LBRACKET")
        depth -= each.type in ("RPAR", "RBRACE", "RBRACKET")
        if each.type == "EQUAL" and depth == 0:
            found.append(place)
    return found


def _left(tokens: list[Token], found: Found) -> str:
    """The left side: a name with its indices, a function with its parameters, or a derivative by its name."""
    kinds = [each.type for each in tokens]
    if kinds in (["NAME"], ["NAME", "SUBSCRIPT"]):
        return "".join(tokens)
    if kinds[:2] == ["FUNCTION", "LPAR"] and kinds[-1:] == ["RPAR"]:
        return f"def {tokens[0]}({', '.join(each for each in tokens[2:-1] if each.type == 'NAME')})"
    if kinds[:1] == ["DERIVATIVE"] and "LPAR" not in kinds:
        return _derivative(tokens, found)
    span = Span(span_of(tokens[0]).start, span_of(tokens[-1]).end) if tokens else Span(0, 1)
    raise not_expressible(
        "the left side is no name with indices", span, helps=["write an equation that defines a name: `a_i = …`"]
    )


def _derivative(tokens: list[Token], found: Found) -> str:
    r"""`\frac{\partial a_i}{\partial W_{kl}} = …` defines `dadW_ikl`; an index that stands twice is summed."""
    names = [name for name, _ in indexed(tokens)]
    order = next((str(each) for each in tokens if each.type == "NUMBER"), "")
    below = names[1:] * (int(order[:1]) if len(names) == 2 and order.isdecimal() else 1)
    name = found.names.free([f"d{order}{names[0]}" + "".join(f"d{each}" for each in below)])
    every = [letter for _, letters in indexed(tokens) for letter in letters]
    letters = [letter for letter in every if every.count(letter) == 1]
    if any("{" in each for each in tokens if each.type == "SUBSCRIPT") and letters:
        return name + "_{" + ",".join(letters) + "}"
    return name + ("_" + "".join(letters) if letters else "")


def _shape(shape: re.Match[str], start: int, found: Found) -> str:
    r"""`W \in \mathbb{R}^{H \times D}`, or `K = K^\top \in \mathbb{R}^{N \times N}` of a symmetric matrix"""
    name, equal, transpose = (part.strip() for part in shape.string[: shape.start()].partition("="))
    tokens = _tokens(name, 0, len(name), found)
    sizes = [each.strip() for each in re.split(r"\\times|×|,", shape["sizes"] or shape["one"] or "") if each.strip()]
    plain = [re.sub(r"[{}\s]|\\mathrm|\\text", "", size) for size in sizes]
    named = [each.type for each in tokens] == ["NAME"] and (not equal or _transposes(transpose, name))
    if not named or not all(re.fullmatch(r"[^\W_]+", size) for size in plain):
        helps = ["write `W \\in \\mathbb{R}^{H \\times D}`"]
        raise syntax_error("this is no shape", Span(start, start + shape.end()), helps=helps)
    return f"{tokens[0]} ∈ R" + ("^{" + "×".join(plain) + "}" if plain else "") + (" symmetric" if equal else "")


def _transposes(text: str, name: str) -> bool:
    r"""Whether a text is `K^\top`, `K^{T}` or another transpose of a name."""
    own, _, power = text.partition("^")
    return own.strip() == name and power.strip("{ }") in {r"\top", r"\intercal", "T", r"\mathsf{T", r"\mathrm{T"}


def _range(ranged: re.Match[str], start: int, found: Found) -> str:
    """`i, j = 0, …, N - 1`"""
    letters = [each.strip() for each in ranged.string[: ranged.start()].replace("\\,", " ").split(",")]
    own = [subscript_of(letter, start, found)[1:].strip("{}") for letter in letters]
    first, last = int(ranged["first"]), ranged["last"]
    if last.isdecimal():
        return f"index {', '.join(own)}: {int(last[:18]) + 1 - first - bool(ranged['less'])}"
    if bool(ranged["less"]) == bool(first):
        raise not_expressible(
            "a range of another length than a size", Span(start, start + ranged.end()),
            helps=["write `i = 0, \\ldots, N - 1` or `i = 1, \\ldots, N`"],
        )  # fmt: skip
    return f"index {', '.join(own)}: {last}"
