"""The builder's methods for subscripts."""

# ruff: noqa: D102  # each method is described at the rule of its name in the grammar

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from lark import Token

from einderiv.errors import Span
from einderiv.syntax import tree
from einderiv.syntax.faults import fault
from einderiv.syntax.tokens import span_of
from einderiv.syntax.vocabulary import normalise

Item = tree.Word | tree.Affine | tree.Gather
_DIGITS = 15


def spanned(children: Sequence[object]) -> Span:
    """From the first child, a token or a piece of the tree, to the last."""
    return Span(_span(children[0]).start, _span(children[-1]).end)


def _span(child: object) -> Span:
    if isinstance(child, Token):
        return span_of(child)
    span: Span = getattr(child, "span")  # noqa: B009  # every piece of the tree has one
    return span


class SubscriptBuilder:
    """What the rules of subscripts make of their parts."""

    def subscript(self, children: list[Token | Item]) -> tree.Subscript:
        first = children[0]
        if isinstance(first, Token) and first.type == "SUBSCRIPT":
            span = span_of(first)
            word = tree.Word(normalise(first[1:]), False, Span(span.start + 1, span.end))
            return tree.Subscript((word,), span)
        items = tuple(child for child in children if not isinstance(child, Token))
        return tree.Subscript(items, spanned(children))

    def item(self, children: list[Token | tree.Affine | tree.Subscript]) -> Item:
        first = children[0]
        if isinstance(first, Token) and first.type == "GATHERED":
            return tree.Gather(normalise(first), cast(tree.Subscript, children[1]), spanned(children))
        if len(children) == 1 and isinstance(first, Token) and first.type == "WORD":
            return _word(first)
        return _nonnegative(self._affine(children))

    def turned(self, children: list[Token | tree.Affine]) -> tree.Affine:
        return _nonnegative(self._affine(children))

    @staticmethod
    def _affine(children: Sequence[object]) -> tree.Affine:
        terms: list[tuple[int, tree.Word]] = []
        constant, sign = 0, 1
        for child in children:
            if isinstance(child, tree.Affine):
                terms += [(sign * factor, word) for factor, word in child.terms]
            elif isinstance(child, Token) and child.type == "WORD":
                terms.append((sign, _word(child)))
            elif isinstance(child, Token) and child.type == "POSITION":
                constant += sign * _whole(child)
            sign = -1 if isinstance(child, Token) and child.type == "MINUS" else 1
        return tree.Affine(tuple(terms), constant, spanned(children))

    def multiple(self, children: list[Token]) -> tree.Affine:
        factor, word = children
        return tree.Affine(((_whole(factor), _word(word)),), 0, spanned(children))

    @staticmethod
    def check_bound(function: str, subscript: tree.Subscript) -> None:
        """What a reduction or an axis function names is indices."""
        for item in subscript.items:
            if not isinstance(item, tree.Word):
                raise fault(
                    "E0121", f"`{function}` names indices, not positions", item.span, "",
                    helps=[f"write `{function}_i`, and compute the position in its body"],
                )  # fmt: skip


def _word(token: Token) -> tree.Word:
    return tree.Word(normalise(token), True, span_of(token))


def _whole(token: Token) -> int:
    if len(token) > _DIGITS:
        raise fault("E0105", "this position is too large", span_of(token), "", helps=[f"use at most {_DIGITS} digits"])
    return int(token)


def _nonnegative(affine: tree.Affine) -> tree.Affine:
    """Refuse `{-1}`."""
    if not affine.terms and affine.constant < 0:
        raise fault(
            "E0128", "positions count from 0 and cannot be negative", affine.span, "",
            helps=["name the size, `index i: N`, and count from 0; `x_{0}` is the first"],
        )  # fmt: skip
    return affine
