"""Rules of the grammar → pieces of the tree: one method for each rule, with the rule's name.

The parser calls them while it reads, so nothing here recurses.
"""

# ruff: noqa: D102  # each method is described at the rule of its name in the grammar

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from lark import Token, Transformer

from einderiv.errors import EinNameError, EinSyntaxError, Label, Span
from einderiv.syntax import tree
from einderiv.syntax.faults import fault, name_fault
from einderiv.syntax.marking import DIGITS, order
from einderiv.syntax.printing import sketch
from einderiv.syntax.subscripts import SubscriptBuilder, spanned
from einderiv.syntax.tokens import span_of
from einderiv.syntax.vocabulary import (
    CONSTANTS,
    KEYWORDS,
    REDEFINABLE,
    REDUCTIONS,
    RESERVED,
    SCALAR_ALGEBRA,
    SUM_WORDS,
    SYMBOLS,
    normalise,
)

PI = 3.141592653589793


@dataclass(frozen=True, slots=True)
class Sizes:
    """The exponent of a shape."""

    sizes: tuple[tree.SizeName, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Below:
    """One ∂ below the slash: a tensor, as often as its superscript says."""

    tensors: tuple[tree.Tensor, ...]
    span: Span


Piece = Token | tree.Expression | tree.Subscript | tree.Statement | Sizes | Below
T = TypeVar("T")

_KINDS = (
    ("word of the language", KEYWORDS),
    ("built-in operator", REDUCTIONS | SUM_WORDS),
    ("built-in constant", CONSTANTS),
    ("built-in tensor", frozenset(SYMBOLS)),
)
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_COMPARISONS = {"≤": "<=", "≥": ">=", "≠": "!="}


def _only(children: Sequence[object], kind: type[T]) -> list[T]:
    return [child for child in children if isinstance(child, kind)]


def _expressions(children: Sequence[Piece]) -> list[tree.Expression]:
    return [cast(tree.Expression, child) for child in children if not isinstance(child, Token)]


class Builder(Transformer[Token, tree.Statement], SubscriptBuilder):
    """What each rule of the grammar makes of its parts."""

    # ------------------------------------------------------------------------------------------ statements

    def start(self, children: list[tree.Statement]) -> tree.Statement:
        return children[0]

    def equation(self, children: list[Piece]) -> tree.Equation:
        head, _, body = children
        tensor = cast(tree.Tensor, head)
        check_head(tensor)
        expression = cast(tree.Expression, body)
        return tree.Equation(tensor.name, tensor.subscript, expression, tensor.span, spanned(children))

    def query(self, children: list[tree.Derivative]) -> tree.Query:
        return tree.Query(children[0], children[0].span)

    def shape(self, children: list[Piece]) -> tree.ShapeDeclaration:
        name, last = cast(Token, children[0]), children[-1]
        sizes = next((child.sizes for child in children if isinstance(child, Sizes)), ())
        symmetric = isinstance(last, Token) and last.type == "SYMMETRIC"
        if symmetric and (len(sizes) != 2 or sizes[0].value != sizes[1].value):
            size = sizes[0].value if sizes else "N"
            raise fault(
                "E0135", "only a square matrix is symmetric", span_of(cast(Token, last)), "",
                helps=[f"write `{name} ∈ R^{{{size}×{size}}} symmetric`"],
            )  # fmt: skip
        return tree.ShapeDeclaration(normalise(name), sizes, symmetric, span_of(name), spanned(children))

    def sizes(self, children: list[Token]) -> Sizes:
        return Sizes(tuple(_size(token) for token in children if token.type in ("NAME", "NUMBER")), spanned(children))

    def ranges(self, children: list[Token]) -> tree.IndexDeclaration:
        size = _size(children[-1]) if children[-2].type == "COLON" else None
        named = children[1:-2] if size else children[1:]
        words = tuple(
            tree.Word(normalise(token), True, span_of(token)) for token in named if token.type in ("NAME", "PRIMED")
        )
        return tree.IndexDeclaration(words, size, spanned(children))

    def given(self, children: list[Token | tree.Derivative]) -> tree.Given:
        return tree.Given(cast(tree.Derivative, children[1]), spanned(children))

    def definition(self, children: list[Piece]) -> tree.FunctionDefinition:
        _, name, *rest = children
        parameters = [token for token in _only(rest, Token) if token.type == "NAME"]
        function = cast(Token, name)
        if normalise(function) in RESERVED - REDEFINABLE:
            raise reserved(function)
        names = tuple(normalise(token) for token in parameters)
        for position, token in enumerate(parameters):
            if names[position] in names[:position]:
                raise fault(
                    "E0135", f"the parameter `{token}` stands twice", span_of(token), "",
                    helps=["give each parameter its own name"],
                )  # fmt: skip
        body = cast(tree.Expression, rest[-1])
        return tree.FunctionDefinition(normalise(function), names, body, span_of(function), spanned(children))

    # ----------------------------------------------------------------------------------------- expressions

    def expression(self, children: list[Piece]) -> tree.Expression:
        terms: list[tuple[int, tree.Expression]] = []
        sign = 1
        for child in children:
            if isinstance(child, Token):
                sign = -1 if child.type == "MINUS" else 1
            else:
                terms.append(_signed(sign, cast(tree.Expression, child)))
                sign = 1
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        return tree.Sum(tuple(terms), spanned(children))

    def negative(self, children: list[Piece]) -> tree.Expression:
        return tree.Sum((_signed(-1, cast(tree.Expression, children[1])),), spanned(children))

    minus = negative
    opposite = negative

    def term(self, children: list[Piece]) -> tree.Expression:
        if len(children) == 1:
            return cast(tree.Expression, children[0])
        factors: list[tuple[tree.Expression, bool]] = []
        divides = False
        for child in children:
            if isinstance(child, Token):
                divides = child.type == "SLASH"
            else:
                factors.append((cast(tree.Expression, child), divides))
                divides = False
        return tree.Product(tuple(factors), spanned(children))

    def total(self, children: list[Piece]) -> tree.Reduction:
        head, indices, body = children
        subscript = cast(tree.Subscript, indices)
        self.check_bound("sum", subscript)
        head_span = Span(span_of(cast(Token, head)).start, subscript.span.end)
        return tree.Reduction("sum", subscript, cast(tree.Expression, body), head_span, spanned(children))

    share = total

    def factor(self, children: list[Piece]) -> tree.Expression:
        if len(children) == 1:
            return cast(tree.Expression, children[0])
        base, exponent = _expressions(children)
        return tree.Power(base, exponent, spanned(children))

    # --------------------------------------------------------------------------------------------- factors

    def number(self, children: list[Token]) -> tree.Number:
        token = children[0]
        if normalise(token) in CONSTANTS:
            return tree.Number(PI, span_of(token))
        value = float(token)
        if value == float("inf"):
            raise _too_large(token)
        if value == 0 and re.match(r"[0.]*[1-9]", token):
            raise _too_small(token)
        return tree.Number(value, span_of(token))

    def tensor(self, children: list[Piece]) -> tree.Tensor:
        name = cast(Token, children[0])
        subscript = cast(tree.Subscript, children[1]) if len(children) > 1 else None
        return tree.Tensor(normalise(name), subscript, spanned(children))

    position = tensor

    def symbol(self, children: list[Piece]) -> tree.Symbol:
        name = cast(Token, children[0])
        kind = SYMBOLS.get(normalise(name), "1")
        return tree.Symbol(kind, cast(tree.Subscript, children[1]), spanned(children))

    def bracket(self, children: list[Piece]) -> tree.Bracket:
        return tree.Bracket(cast(tree.Expression, children[1]), spanned(children))

    def iverson(self, children: list[Piece]) -> tree.Iverson:
        return tree.Iverson(cast(tree.Comparison, children[1]), spanned(children))

    def comparison(self, children: list[Piece]) -> tree.Comparison:
        left, operator, right = children
        sign = str(operator)
        return tree.Comparison(
            _COMPARISONS.get(sign, sign), cast(tree.Expression, left), cast(tree.Expression, right), spanned(children)
        )

    def call(self, children: list[Piece]) -> tree.Call:
        name = cast(Token, children[0])
        arguments = tuple(_expressions(children))
        return tree.Call(normalise(name), arguments, None, span_of(name), spanned(children))

    choice = call

    def algebra(self, children: list[Piece]) -> tree.Call:
        name = cast(Token, children[0])
        last = children[-1]
        subscript = last if isinstance(last, tree.Subscript) else None
        arguments = tuple(
            tree.Tensor(normalise(token), None, span_of(token))
            for token in _only(children[1:], Token)
            if token.type == "NAME"
        )
        span = spanned(children)
        written = f"{name}({', '.join(argument.name for argument in arguments)})"
        if name not in SCALAR_ALGEBRA and subscript is None:
            indices = "i" if name == "solve" else "ij"
            raise fault(
                "E0125", f"`{name}` needs the indices of its result", span, "", helps=[f"write `{written}_{indices}`"]
            )
        return tree.Call(str(name), arguments, subscript, span_of(name), span)

    def reduction(self, children: list[Piece]) -> tree.Reduction:
        name, indices, _, body, _ = children
        subscript = cast(tree.Subscript, indices)
        function = normalise(cast(Token, name))
        self.check_bound(function, subscript)
        head_span = Span(span_of(cast(Token, name)).start, subscript.span.end)
        return tree.Reduction(function, subscript, cast(tree.Expression, body), head_span, spanned(children))

    # ----------------------------------------------------------------------------------------- derivatives

    def derivative(self, children: list[Piece]) -> tree.Derivative:
        head, second = cast(Token, children[0]), children[1]
        top: tree.Tensor | tree.Bracket
        if isinstance(second, tree.Tensor | tree.Bracket):
            top = second
        else:
            body = cast(tree.Expression, children[2])
            bare = isinstance(body, tree.Tensor)
            top = cast(tree.Tensor, body) if bare else tree.Bracket(body, spanned(children[1:4]))
        below = [tensor for part in _only(children, Below) for tensor in part.tensors]
        if order(head) != len(below):
            raise _wrong_order(head, top, below, spanned(children))
        return tree.Derivative(top, tuple(below), spanned(children))

    def below(self, children: list[Piece]) -> Below:
        head, tensor = cast(Token, children[0]), cast(tree.Tensor, children[1])
        if order(head) != 1:
            raise fault(
                "E0130", "below the slash each ∂ has order one", span_of(head), "",
                helps=[f"write `∂{tensor.name}∂{tensor.name}`, a ∂ for each"],
            )  # fmt: skip
        if len(children) == 2:
            return Below((tensor,), spanned(children))
        times = cast(Token, children[2])
        if times not in DIGITS or DIGITS[times] < 2 or tensor.subscript is not None:
            written = f"∂{tensor.name}_i∂{tensor.name}_j" if tensor.subscript else f"∂{tensor.name}∂{tensor.name}"
            raise fault(
                "E0130", f"`{times}` below a derivative is for a scalar", span_of(times), "",
                helps=[f"write out each ∂, as in `{written}`"],
            )  # fmt: skip
        return Below((tensor,) * DIGITS[times], spanned(children))

    def belowcall(self, children: list[Piece]) -> Below:
        return Below((cast(tree.Tensor, children[2]),), spanned(children))


# ------------------------------------------------------------------------------------------------ conditions


def _signed(sign: int, expression: tree.Expression) -> tuple[int, tree.Expression]:
    """A term with its sign; the sign of `-x` joins the one before it."""
    if isinstance(expression, tree.Sum) and len(expression.terms) == 1:
        inner, body = expression.terms[0]
        return sign * inner, body
    return sign, expression


def _size(token: Token) -> tree.SizeName:
    if token.type == "NAME":
        return tree.SizeName(normalise(token), span_of(token))
    if not token.isdecimal() or len(token) > 15:
        raise fault(
            "E0135", f"`{token}` is not a size", span_of(token), "",
            helps=["write a name such as `N`, or a whole number"],
        )  # fmt: skip
    return tree.SizeName(int(token), span_of(token))


def check_head(head: tree.Tensor) -> None:
    """The left side of an equation has plain indices only."""
    for item in head.subscript.items if head.subscript else ():
        if not isinstance(item, tree.Word):
            raise fault(
                "E0136", "the left side of an equation takes plain indices only", item.span, "",
                helps=[f"write `{head.name}_i = ...`, and compute the position on the right"],
            )  # fmt: skip


def reserved(token: Token, subscript: str = "") -> EinNameError:
    """The error for a word of the language as the name of something else, written with this subscript."""
    name = normalise(token)
    kind = next((kind for kind, words in _KINDS if name in words), "built-in function")
    other = "s" if name in ("sum", "Σ") else f"{name}1" if name.isascii() else f"{name}x"
    return name_fault(
        "E0212", f"`{token}` is a {kind} and cannot be redefined", span_of(token), "",
        notes=["built-ins: sum, exp, log, tanh, ..., delta"], helps=[f"use another name, e.g. `{other}{subscript}`"],
    )  # fmt: skip


def _too_large(token: Token) -> EinSyntaxError:
    shown = token if len(token) <= 40 else f"{token[:20]}...{token[-5:]}"
    return fault(
        "E0105", f"number `{shown}` is too large for float64", span_of(token), "would become inf",
        notes=["the largest float64 is about 1.8e308"], helps=["scale it, or pass the value as an input"],
    )  # fmt: skip


def _too_small(token: Token) -> EinSyntaxError:
    shown = token if len(token) <= 40 else f"{token[:20]}...{token[-5:]}"
    return fault(
        "E0105", f"number `{shown}` is too small for float64", span_of(token), "would become 0",
        notes=["the smallest float64 above 0 is about 4.9e-324"],
        helps=["scale it, or write `0`"],
    )  # fmt: skip


def _superscript(number: int) -> str:
    return "" if number == 1 else "".join(SUPERSCRIPTS[int(digit)] for digit in str(number))


def _wrong_order(head: Token, top: tree.Tensor | tree.Bracket, below: list[tree.Tensor], span: Span) -> EinSyntaxError:
    said, counted = order(head), len(below)
    call = head.type == "TOPCALL"
    sign = ("d" if counted == 1 else f"d{counted}") if call else "∂" + _superscript(counted)
    names = [sketch(tensor) for tensor in below]
    name = "..." if isinstance(top, tree.Bracket) else sketch(top)
    above = f"{sign}({name})" if call or isinstance(top, tree.Bracket) else sign + name
    written = "".join(f"d({each})" if call else f"∂{each}" for each in names)
    return fault(
        "E0130", f"this derivative has order {said} on top but {counted} below", span_of(head), f"order {said}",
        Label(Span(below[0].span.start, span.end), f"order {counted}"),
        helps=[f"write `{above}/{written}`, or name {said} below"],
    )  # fmt: skip
