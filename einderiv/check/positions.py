"""Positions computed from indices: what an expression is as Σ c i + constant with whole c."""

from __future__ import annotations

from einderiv.check.explicit import Explicit, Index, Literal, Place, Term, Total

_EXACT = 2.0**53
Form = tuple[dict[Index, int], int]
"""The factor of each index, and the constant."""


def affine(expression: Explicit) -> Form | None:
    """`2 i + k + 1` as the factors of its indices and its constant, if it is of that form.

    >>> affine(Literal(2.0))
    ({}, 2)
    """
    match expression:
        case Literal(value=value):
            return ({}, int(value)) if _whole(value) else None
        case Place(index=index):
            return {index: 1}, 0
        case Total(terms=terms):
            return _sum([affine(term) for term in terms])
        case Term(coefficient=factor, factors=((inner, 1),), summed=()) if _whole(factor):
            form = affine(inner)
            return None if form is None else _times(int(factor), form)
        case _:
            return None


def _whole(value: float) -> bool:
    return abs(value) <= _EXACT and value == int(value)


def _times(factor: int, form: Form) -> Form:
    return {index: factor * each for index, each in form[0].items() if factor}, factor * form[1]


def _sum(forms: list[Form | None]) -> Form | None:
    factors: dict[Index, int] = {}
    constant = 0
    for form in forms:
        if form is None:
            return None
        for index, factor in form[0].items():
            factors[index] = factors.get(index, 0) + factor
        constant += form[1]
    return {index: factor for index, factor in factors.items() if factor}, constant
