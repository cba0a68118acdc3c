"""The rules of the LaTeX grammar → text of the language, with brackets where a piece binds weaker than its place."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lark import Token, Transformer, v_args

from einderiv.conversion.reading import ambiguous, not_expressible, span_of, syntax_error
from einderiv.errors import Span

TERMS, TERM, FACTOR, PRIMARY = range(4)
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text, how strongly it binds, and where it came from.

    `bare` is a function without brackets, `several` a bracket with commas, which only
    functions take, and `inline` a derivative on one line.
    """

    text: str
    level: int
    span: Span
    bare: bool = False
    several: bool = False
    inline: bool = False
    number: bool = False

    def at(self, level: int) -> str:
        """The text as a part of what binds as strongly as `level`."""
        return self.text if self.level >= level else f"({self.text})"


@dataclass(frozen=True, slots=True)
class Factors:
    """A product from left to right: each factor with the sign before it, a blank, `*` or `/`."""

    pieces: tuple[tuple[str, Text], ...]


@dataclass(frozen=True, slots=True)
class Several:
    """The arguments in a bracket."""

    pieces: tuple[Text, ...]


def _over(first: Span, last: Span) -> Span:
    return Span(first.start, last.end)


@v_args(inline=True)
class Builder(Transformer[Token, Any]):
    """Rules of the grammar → text."""

    def expression(self, *pieces: Token | Text) -> Text:
        """`-a + b`"""
        terms = [piece for piece in pieces if isinstance(piece, Text)]
        signed = isinstance(pieces[0], Token)
        if len(terms) == 1 and not (signed and str(pieces[0]) == "-"):
            return terms[0]
        text = " ".join(piece.at(TERM) if isinstance(piece, Text) else str(piece) for piece in pieces)
        text = text.removeprefix("+ ")
        text = "-" + text.removeprefix("- ") if text.startswith("- ") else text
        return Text(text, TERMS, _over(terms[0].span, terms[-1].span), number=terms[0].number and len(terms) == 1)

    # ---------------------------------------------------------------------------- products

    def product(self, first: Text) -> Factors:
        """One factor."""
        _one(first)
        return Factors(((" ", first),))

    def beside(self, before: Factors, factor: Text) -> Factors:
        """`a b`"""
        last = before.pieces[-1][1]
        if last.bare:
            raise ambiguous(
                "a function without brackets takes one factor, or all that follow", last.span,
                ["put what it takes in brackets"],
            )  # fmt: skip
        _one(factor)
        return Factors((*before.pieces, (" ", factor)))

    def times(self, before: Factors, _: Token, factor: Text) -> Factors:
        r"""`a \cdot b`"""
        _one(factor)
        last = before.pieces[-1]
        if last[1].number and factor.number and factor.text.startswith("1e"):  # 1.5 · 10³⁰ is one number
            span = _over(last[1].span, factor.span)
            whole = Text(last[1].text + factor.text[1:], PRIMARY, span, number=True)
            return Factors((*before.pieces[:-1], (last[0], whole)))
        return Factors((*before.pieces, ("*", factor)))

    def over(self, before: Factors, sign: Token, factor: Text) -> Factors:
        """`a / b`"""
        _one(factor)
        return Factors((*before.pieces, ("/", factor)))

    def minus(self, sign: Token, factor: Text) -> Text:
        """`-a`, as a factor."""
        return Text(f"-{factor.at(FACTOR)}", TERM, _over(span_of(sign), factor.span))

    def term(self, first: Factors | Text, *rest: Token | Text) -> Text:
        """A product, and perhaps the sum that ends it."""
        pieces = list(first.pieces) if isinstance(first, Factors) else []
        last = rest[-1] if rest else first
        total = last if isinstance(last, Text) else None
        if total is not None and not pieces:
            return total
        divided = False
        for (_, one), (sign, two) in pairwise(pieces):
            divided = divided or sign == "/"
            if divided and sign == " ":
                raise ambiguous(
                    "a product after a division", _over(one.span, two.span),
                    ["write a fraction: `\\frac{a}{b} c`", "or `\\frac{a}{b c}`"],
                )  # fmt: skip
        joined = self._joined(pieces, total)
        end = total.span if total is not None else pieces[-1][1].span
        if len(pieces) == 1 and total is None:
            return pieces[0][1]
        return Text(joined, TERM, _over(pieces[0][1].span, end))

    def _joined(self, pieces: list[tuple[str, Text]], total: Text | None) -> str:
        divided = any(sign == "/" for sign, _ in pieces)
        text = ""
        for place, (sign, factor) in enumerate(pieces):
            shown = factor.at(FACTOR)
            between = "" if not place else f" {sign} " if sign == "/" or divided else " "
            text += between + shown
        return text + (f"{' * ' if divided else ' '}{total.text}" if total is not None else "")

    def total(self, head: Token, body: Text) -> Text:
        r"""`\sum_i a_i`"""
        return Text(f"{head} {body.at(TERM)}", TERM, _over(span_of(head), body.span))

    def fraction(self, head: Token, *pieces: Token | Text) -> Text:
        r"""`\frac{a}{b}`"""
        above, below = (piece for piece in pieces if isinstance(piece, Text))
        divisor = below.at(FACTOR) if below.text[:1].isdigit() or below.level == PRIMARY else f"({below.text})"
        top = above.text if above.level == TERM and " sum" not in f" {above.text}" else above.at(FACTOR)
        return Text(f"{top} / {divisor}", TERM, _over(span_of(head), below.span))

    def root(self, head: Token, _: Token, body: Text, right: Token) -> Text:
        r"""`\sqrt{a}`"""
        return Text(f"sqrt({body.text})", PRIMARY, _over(span_of(head), span_of(right)))

    def power(self, base: Text, _: Token, left: Token, exponent: Text, right: Token) -> Text:
        """`a^{2}`"""
        span = _over(base.span, span_of(right))
        _one(base)
        if base.bare or base.inline:
            raise ambiguous(
                "a power behind what has no brackets", base.span,
                ["put the argument of a function in brackets, or write a derivative as a fraction"],
            )  # fmt: skip
        whole = exponent.text.removeprefix("-").isdecimal()
        if base.text == "10" and whole and len(exponent.text) < 5:
            return Text(f"1e{exponent.text}", PRIMARY, span, number=True)
        if base.text == "e" and not exponent.number:
            return Text(f"exp({exponent.text})", PRIMARY, span)
        shown = exponent.text if whole else exponent.at(PRIMARY)
        return Text(f"{base.at(PRIMARY)}^{shown}", FACTOR, span)

    # ----------------------------------------------------------------------------- factors

    def number(self, text: Token) -> Text:
        """`0.5`"""
        return Text(str(text), PRIMARY, span_of(text), number=True)

    def tensor(self, name: Token, subscript: Token | None = None) -> Text:
        """`W_{ij}`"""
        return Text(str(name) + str(subscript or ""), PRIMARY, _over(span_of(name), span_of(subscript or name)))

    def inverse(self, name: Token, mark: Token, subscript: Token | None = None) -> Text:
        """`A^{-1}_{ij}`; without indices it is one over a scalar, or part of `(A^{-1} b)_i`."""
        span = _over(span_of(name), span_of(subscript or mark))
        if subscript is None:
            return Text(f"{name}^-1", FACTOR, span)
        return Text(f"inv({name}){subscript}", PRIMARY, span)

    def arguments(self, *pieces: Token | Text) -> Several:
        """`a, b`"""
        return Several(tuple(piece for piece in pieces if isinstance(piece, Text)))

    def bracket(self, left: Token, inside: Several, right: Token) -> Text:
        """`(a)`"""
        span = _over(span_of(left), span_of(right))
        text = ", ".join(piece.text for piece in inside.pieces)
        return Text(f"({text})", PRIMARY, span, several=len(inside.pieces) > 1)

    def indexed(self, left: Token, inside: Several, right: Token, subscript: Token) -> Text:
        """`(A^{-1})_{ij}` and `(A^{-1} b)_i`."""
        names = inside.pieces[0].text.split(" ") if len(inside.pieces) == 1 else []
        if names and names[0].endswith("^-1") and all(each.isalnum() for each in (names[0][:-3], *names[1:])):
            call = f"inv({names[0][:-3]})" if len(names) == 1 else f"solve({names[0][:-3]}, {names[1]})"
            if len(names) < 3:
                return Text(f"{call}{subscript}", PRIMARY, _over(span_of(left), span_of(subscript)))
        raise not_expressible(
            "indices behind a bracket", _over(span_of(left), span_of(subscript)),
            notes=["indices stand on names, and on the inverse of a matrix"],
            helps=["put the indices on the names inside", "or give the bracket a name on a line of its own"],
        )  # fmt: skip

    def group(self, left: Token, body: Text, right: Token) -> Text:
        """`{a}`"""
        return body

    def iverson(self, left: Token, body: Text, right: Token) -> Text:
        r"""`[i \leq j]`"""
        return Text(f"[{body.text}]", PRIMARY, _over(span_of(left), span_of(right)))

    def relation(self, one: Text, sign: Token, two: Text) -> Text:
        """`a < b`"""
        shown = "==" if sign == "=" else str(sign)
        return Text(f"{one.text} {shown} {two.text}", TERMS, _over(one.span, two.span))

    def absolute(self, left: Token, body: Text, right: Token) -> Text:
        """`|a|`"""
        return Text(f"abs({body.text})", PRIMARY, _over(span_of(left), span_of(right)))

    def norm(self, left: Token, body: Text, right: Token, subscript: Token | None = None) -> Text:
        r"""`\|v_i\|_i`"""
        if subscript is None or subscript == "_{2}":
            raise ambiguous(
                "a norm beside indices that does not say over which", _over(span_of(left), span_of(right)),
                ["write the sum: `\\sum_i x_i^2`", "or the index: `\\|x_i\\|_i`"],
            )  # fmt: skip
        return Text(f"norm{subscript}({body.text})", PRIMARY, _over(span_of(left), span_of(subscript)))

    def call(self, name: Token, *rest: Token | Text) -> Text:
        r"""`\exp(a)`, `\operatorname{softmax}_k(a)`, `\prod_i (a)`"""
        subscript = rest[0] if isinstance(rest[0], Token) else ""
        argument = next(each for each in rest if isinstance(each, Text))
        span = _over(span_of(name), argument.span)
        inside = argument.text[1:-1] if _bracketed(argument.text) else argument.text
        determinant = inside if name == "log" and inside.startswith("abs(det(") and inside.endswith("))") else ""
        if determinant and _bracketed(determinant[3:]):
            return Text(f"logdet({determinant[8:-2]})", PRIMARY, span)
        bare = "(" not in argument.text
        return Text(f"{name}{subscript}({inside})", PRIMARY, span, bare)

    def powered(self, name: Token, *rest: Token | Text) -> Text:
        r"""`\tanh^{2}(a)`"""
        exponent = next(str(each) for each in rest if isinstance(each, Token) and each.type == "NUMBER")
        subscript = rest[0] if isinstance(rest[0], Token) and rest[0].type == "SUBSCRIPT" else None
        found = self.call(name, *((subscript,) if subscript else ()), rest[-1])
        return Text(f"{found.text}^{exponent}", FACTOR, found.span, found.bare)

    def algebra(self, name: Token, *rest: Token | Text) -> Text:
        r"""`\det(A)`, `\operatorname{cholesky}(A)_{ij}`"""
        tensor = next(each for each in rest if isinstance(each, Text))
        last = rest[-1]
        subscript = str(last) if isinstance(last, Token) and last.type == "SUBSCRIPT" else ""
        end = span_of(last) if isinstance(last, Token) else tensor.span
        return Text(f"{name}({tensor.text}){subscript}", PRIMARY, _over(span_of(name), end))

    # ------------------------------------------------------------------------- derivatives

    def order(self, sign: Token, *rest: Token) -> tuple[str, Span]:
        r"""`\partial^{2}`"""
        number = next((str(each) for each in rest if each.type == "NUMBER"), "")
        if number and number not in "23456789":
            raise syntax_error("a derivative has an order from 1 to 9", span_of(sign))
        return number.translate(_SUPERSCRIPTS), span_of(sign)

    def top_bracket(self, left: Token, body: Text, right: Token) -> Text:
        """`(a)`, above a derivative."""
        return Text(f"({body.text})", PRIMARY, _over(span_of(left), span_of(right)))

    def below(self, sign: Token, tensor: Text, *rest: Token) -> Text:
        r"""`\partial x^{2}`"""
        number = next((str(each) for each in rest if each.type == "NUMBER"), "")
        return Text(f"∂{tensor.text}{number.translate(_SUPERSCRIPTS)}", FACTOR, _over(span_of(sign), tensor.span))

    def derivative(self, *pieces: Any) -> Text:
        r"""`\frac{\partial a}{\partial b}`"""
        (order, _), top, *below = (piece for piece in pieces if not isinstance(piece, Token))
        span = _over(span_of(pieces[0]), span_of(pieces[-1]))
        return Text(f"∂{order}{top.text}/" + "".join(each.text for each in below), FACTOR, span)

    def operator(self, *pieces: Any) -> Text:
        r"""`\frac{\partial}{\partial b} (a)`"""
        (order, _), *below, body = (piece for piece in pieces if not isinstance(piece, Token))
        span = _over(span_of(pieces[0]), span_of(pieces[-1]))
        return Text(f"∂{order}({body.text})/" + "".join(each.text for each in below), FACTOR, span)

    def inline(self, order: tuple[str, Span], top: Text, _: Token, sign: Token, tensor: Text) -> Text:
        r"""`\partial a / \partial b`"""
        span = _over(order[1], tensor.span)
        return Text(f"∂{order[0]}{top.text}/∂{tensor.text}", FACTOR, span, inline=True)


def _one(factor: Text) -> None:
    """Refuse a bracket with commas outside a function."""
    if factor.several:
        raise syntax_error("a comma in a bracket of no function", factor.span)


def _bracketed(text: str) -> bool:
    """Whether the first bracket closes at the end."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(text) - 1 and text[:1] == "("
    return False
