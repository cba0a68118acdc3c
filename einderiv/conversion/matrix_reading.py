"""Text → statements of matrix notation."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from lark import Token, Transformer, v_args

from einderiv.conversion.matrix_tree import (
    Binary,
    Call,
    Matrix,
    Name,
    Number,
    Power,
    Statement,
    Terms,
    Transposed,
    parts,
)
from einderiv.conversion.reading import (
    DEPTH,
    ambiguous,
    check_depth,
    not_expressible,
    parsed,
    span_of,
    syntax_error,
    token,
    too_deep,
)
from einderiv.conversion.vocabulary import KNOWN
from einderiv.errors import Span

LETTER = "A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵµ"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_KINDS = {
    "BLANK": r"[ \t\u00a0]+|\\\r?\n|\.\.\.\s*\n",
    "COMMENT": r"[#%][^\r\n]*",
    "LINE_END": r"\r\n?|\n|;",
    "TRANSPOSE": r"\.?['′’]|ᵀ|⊤|\.(?:T|mT)\b|\^\s*(?:T\b|⊤|\{\s*(?:T|\\top|\\intercal)\s*\})",
    "INVERSE": r"⁻¹|\^\s*(?:-\s*1(?![\d.])|\(\s*-\s*1\s*\)|\{\s*-\s*1\s*\})",
    "SUPERSCRIPT": r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+",
    "NUMBER": r"(?:\d+(?:\.\d+|\.(?![*/^'\w]))?|\.\d+)(?:[eE][+-]?\d+)?",
    "NAME": rf"(?:(?:np|numpy|jnp|torch|jax|scipy|math)\.(?:[a-z]+\.)*)?[{LETTER}][{LETTER}0-9_]*",
    "DOT_POWER": r"\.\^|\*\*",
    "DOT_TIMES": r"\.\*|[⊙∘]",
    "DOT_SLASH": r"\./",
    "POWER": r"\^",
    "TIMES": r"[*·⋅]",
    "AT": "@",
    "SLASH": "/",
    "BACKSLASH": r"\\",
    "PLUS": r"\+",
    "MINUS": "[-−]",
    "EQUAL": r":?=",
    "COMMA": ",",
    "LPAR": r"\(",
    "RPAR": r"\)",
    "NORM": r"\|\||‖",
    "UNEXPECTED": r"[\s\S]",
}
_TOKENS = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items()))
_CAPITAL = re.compile(r"[^\W\d_a-zα-ω][0-9_]*\Z")
_WHY = {
    "×": ("`×` is no product of index notation", "write `*`, or `ε_ijk a_j b_k` for a cross product"),
    "⊗": ("`⊗` makes four axes from two, or merges them", "write `A_ij B_kl` for the product with four axes"),
    "[": ("matrices with their entries written out have no counterpart", "give it a name, and pass it as an array"),
    ":": ("slices have no counterpart", "give the slice a name, and pass it as an array"),
    "<": ("comparisons have no matrix notation here", "write `[x_i < 0]` in the program"),
    ">": ("comparisons have no matrix notation here", "write `[x_i > 0]` in the program"),
}


def statements(text: str) -> list[Statement]:
    """The statements of a text, at least one."""
    found: list[Statement] = []
    for tokens, end in _cut(_tokens(text)):
        _drop_parameters(tokens)
        check_depth(tokens, frozenset({"LPAR", "NORM_OPEN"}), frozenset({"RPAR", "NORM_CLOSE"}))
        found.append(parsed("matrix.lark", Builder, tokens, end))
        _check_nesting(found[-1].value)
    if not found:
        raise syntax_error("there is no formula", Span(0, 1), helps=["write e.g. `x' * A * x`"])
    return found


def _drop_parameters(tokens: list[Token]) -> None:
    """`f(x, y) = …` defines f: what it depends on is seen anyway."""
    kinds = [each.type for each in tokens]
    end = kinds.index("EQUAL") if "EQUAL" in kinds else 0
    inside = kinds[2 : end - 1]
    names, commas = inside[::2], inside[1::2]
    if end >= 4 and kinds[0] in ("CALL", "NAME") and kinds[1] == "LPAR" and kinds[end - 1] == "RPAR":
        if set(names) == {"NAME"} and set(commas) <= {"COMMA"} and tokens[0] not in KNOWN:
            tokens[:end] = [token("NAME", str(tokens[0]), span_of(tokens[0]).start)]


def _check_nesting(whole: Matrix) -> None:
    """Refuse what is nested too deep without brackets: `x'^2'^2'`, or a product of hundreds of factors."""
    todo = [(whole, 0)]
    while todo:
        piece, depth = todo.pop()
        if depth > DEPTH:
            raise too_deep(piece.span)
        todo += [(part, depth + 1) for part in parts(piece)]


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    normed = False
    for match in _TOKENS.finditer(text):
        kind, word = match.lastgroup or "", match[0]
        if kind in ("BLANK", "COMMENT"):
            continue
        if kind == "UNEXPECTED":
            raise _unexpected(word, Span(match.start(), match.end()))
        if kind == "NORM":
            kind, normed = ("NORM_CLOSE", False) if normed else ("NORM_OPEN", True)
        if kind == "NAME" and text[match.end() : match.end() + 1] == "(":
            last = word.rpartition(".")[2]
            kind = "CALL" if last in KNOWN or not _CAPITAL.match(last) else "NAME"
        found.append(token(kind, word, match.start()))
    return found


def _unexpected(word: str, span: Span) -> Exception:
    if word in _WHY:
        fact, fix = _WHY[word]
        return not_expressible(fact, span, helps=[fix])
    return syntax_error(f"`{word}` is not of matrix notation", span)


def _cut(tokens: list[Token]) -> list[tuple[list[Token], int]]:
    """The tokens of each statement, and where it ends; a line end inside brackets or after an operator ends none."""
    found: list[tuple[list[Token], int]] = []
    own: list[Token] = []
    depth = 0
    for each in tokens:
        depth += (each.type in ("LPAR", "NORM_OPEN")) - (each.type in ("RPAR", "NORM_CLOSE"))
        if each.type != "LINE_END":
            own.append(each)
        elif own and (each == ";" or (depth <= 0 and own[-1].type not in _OPEN_ENDED)):
            found.append((own, span_of(each).start))
            own, depth = [], 0
    if own:
        found.append((own, span_of(own[-1]).end))
    return found


_OPEN_ENDED = frozenset("PLUS MINUS TIMES AT DOT_TIMES SLASH DOT_SLASH BACKSLASH POWER DOT_POWER EQUAL COMMA".split())


def _joined(first: Span, last: Span) -> Span:
    return Span(first.start, last.end)


@v_args(inline=True)
class Builder(Transformer[Token, Any]):
    """Rules of the grammar → the tree."""

    def assignment(self, name: Token, _: Token, value: Matrix) -> Statement:
        """`f = x' x`"""
        return Statement(str(name), value, _joined(span_of(name), value.span))

    def value(self, value: Matrix) -> Statement:
        """`x' x`"""
        return Statement("", value, value.span)

    def expression(self, *pieces: Token | Matrix) -> Matrix:
        """`-a + b`"""
        terms: list[tuple[int, Matrix]] = []
        sign, start = 1, None
        for piece in pieces:
            if isinstance(piece, Token):
                sign = -1 if piece.type == "MINUS" else 1
                start = start or span_of(piece)
            else:
                terms.append((sign, piece))
                start = start or piece.span
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        return Terms(tuple(terms), _joined(start or Span(0, 0), terms[-1][1].span))

    def binary(self, left: Matrix, operator: Token, right: Matrix) -> Matrix:
        """`A * B`"""
        names = {"TIMES": "*", "AT": "@", "DOT_TIMES": ".*", "SLASH": "/", "DOT_SLASH": "./", "BACKSLASH": "\\"}
        return Binary(names[operator.type], left, right, _joined(left.span, right.span))

    def juxtaposed(self, left: Matrix, right: Matrix) -> Matrix:
        """`A B`"""
        return Binary(" ", left, right, _joined(left.span, right.span))

    def minus(self, sign: Token, value: Matrix) -> Matrix:
        """`-a`, as a factor or an exponent."""
        if isinstance(value, Number):
            return Number(-value.value, _joined(span_of(sign), value.span))
        return Terms(((-1, value),), _joined(span_of(sign), value.span))

    def transposed(self, base: Matrix, mark: Token) -> Matrix:
        """`A'`; twice is nothing."""
        span = _joined(base.span, span_of(mark))
        return replace(base.base, span=span) if isinstance(base, Transposed) else Transposed(base, span)

    def inverse(self, base: Matrix, mark: Token) -> Matrix:
        """`A^-1`"""
        return self._power(base, Number(-1.0, span_of(mark)), False)

    def superscript(self, base: Matrix, mark: Token) -> Matrix:
        """`x²`"""
        return self._power(base, Number(float(mark.translate(_SUPERSCRIPTS)[:300]), span_of(mark)), False)

    def power(self, base: Matrix, operator: Token, exponent: Matrix) -> Matrix:
        """`x^2`, `x.^2`"""
        return self._power(base, exponent, operator.type == "DOT_POWER")

    def _power(self, base: Matrix, exponent: Matrix, dotted: bool) -> Matrix:
        if isinstance(base, Power) and not base.bracketed:
            raise ambiguous(
                "a power of a power without brackets", _joined(base.span, exponent.span),
                ["write `(a^b)^c`, as MATLAB reads it", "or `a^(b^c)`, as Python does"],
            )  # fmt: skip
        return Power(base, exponent, dotted, False, _joined(base.span, exponent.span))

    def number(self, text: Token) -> Matrix:
        """`0.5`"""
        value = float(text)
        if value == float("inf"):
            raise syntax_error(f"the number {text} is too large", span_of(text))
        return Number(value, span_of(text))

    def name(self, text: Token) -> Matrix:
        """`W`"""
        return Name(str(text), span_of(text))

    def bracket(self, left: Token, body: Matrix, right: Token) -> Matrix:
        """`(body)`"""
        span = _joined(span_of(left), span_of(right))
        return replace(body, span=span, bracketed=True) if isinstance(body, Power) else replace(body, span=span)

    def norm(self, left: Token, body: Matrix, right: Token) -> Matrix:
        """`||x||`"""
        return Call("norm", (body,), (), span_of(left), _joined(span_of(left), span_of(right)))

    def call(self, name: Token, _: Token, *rest: Any) -> Matrix:
        """`tr(A)`"""
        given = [each for each in rest if not isinstance(each, Token)]
        plain = tuple(each for each in given if not isinstance(each, tuple))
        span = _joined(span_of(name), span_of(rest[-1]))
        return Call(str(name), plain, tuple(each for each in given if isinstance(each, tuple)), span_of(name), span)

    def keyword(self, name: Token, _: Token, value: Matrix) -> tuple[str, Matrix]:
        """`axis=0`"""
        return str(name), value
