"""A factored tensor as a person reads it: `δ_ik · A_jl: 0.2 kB instead of 18 MB`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, count
from math import prod

from einderiv.factored.terms import Matrix, Term

SHOWN = 6  # terms of a sum that are printed


def formula(matrix: Matrix, letters: Sequence[str]) -> str:
    """`2 δ_ik · A_jl + 0.1 δ_ik δ_jl`; arrays without a name of their own are A, B, C, …"""
    if not matrix.terms:
        return "0"
    names = names_of(matrix)
    parts = [_product(term, names, letters) for term in matrix.terms[:SHOWN]]
    more = [f"{len(matrix.terms) - SHOWN} more terms"] if len(matrix.terms) > SHOWN else []
    return " + ".join([*parts, *more]).replace("+ -", "- ")


def names_of(matrix: Matrix) -> dict[int, str]:
    """What each array is called: the user's name, else A, B, C, …"""
    names: dict[int, str] = {}
    taken = {factor.name for term in matrix.terms for factor in term.factors}
    fresh = (name for name in _names() if name not in taken)
    for term in matrix.terms:
        for factor in term.factors:
            if id(factor.array) not in names:
                names[id(factor.array)] = factor.name or next(fresh)
    return names


def size(count: int) -> str:
    """`0.2 kB`"""
    units = ["B", "kB", "MB", "GB", "TB", "PB"]
    value = float(count)
    while units[1:] and value >= 100 and (value >= 1000 or units[0] == "B"):
        value, units = value / 1000, units[1:]
    return f"{value:.3g} {units[0]}"


def dense_bytes(matrix: Matrix) -> int:
    """What the dense array takes."""
    return prod(matrix.shape) * matrix.dtype.itemsize


def subscripted(name: str, letters: Sequence[str]) -> str:
    """`A_jl`, with braces where a letter is a word."""
    if not letters:
        return name
    plain = all(len(letter) == 1 for letter in letters)
    return f"{name}_{''.join(letters)}" if plain else f"{name}_{{{','.join(letters)}}}"


def _names() -> Iterator[str]:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return chain(letters, (f"A{number}" for number in count(1)))


def _product(term: Term, names: dict[int, str], letters: Sequence[str]) -> str:
    deltas = [
        subscripted("δ", (letters[first], letters[axis])) for axis, first in enumerate(term.ties) if first != axis
    ]
    arrays = [subscripted(names[id(f.array)], [letters[axis] for axis in f.axes]) for f in term.factors]
    body = " · ".join([" ".join(deltas), *arrays] if deltas else arrays)
    number = f"{term.coefficient:.4g}"
    if not body:
        return number
    return body if number == "1" else f"-{body}" if number == "-1" else f"{number} {body}"
