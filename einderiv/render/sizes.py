"""Which letters of an equation get their size from nothing in it, and so need an `index` line.

A tensor and ε size their letters; δ_ij gives both the size of one; ones and positions size nothing.  Each binder makes
a letter a new index.
"""

from __future__ import annotations

from collections.abc import Mapping

from einderiv.render.notation import (
    Equation,
    Product,
    Reduction,
    Sum,
    Symbol,
    Tensor,
    Written,
    parts,
)


class _Indices:
    """The indices of one equation as classes of equal size (union-find); 0 is what has a size."""

    def __init__(self) -> None:
        self._parent: list[int] = [0]
        self.letters: list[str] = [""]

    def new(self, letter: str) -> int:
        self._parent.append(len(self._parent))
        self.letters.append(letter)
        return len(self._parent) - 1

    def find(self, index: int) -> int:
        while self._parent[index] != index:
            index = self._parent[index]
        return index

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.find(one), self.find(other)))
        self._parent[high] = low


def unsized(equation: Equation) -> list[str]:
    """The letters of `equation` that only an `index` line gives a size."""
    indices = _Indices()
    around = {letter: indices.new(letter) for letter in equation.letters}
    _visit(equation.body, around, indices)
    return list(dict.fromkeys(letter for index, letter in enumerate(indices.letters) if indices.find(index)))


def _visit(written: Written, around: Mapping[str, int], indices: _Indices) -> None:
    match written:
        case Tensor(letters=letters) | Symbol(kind="ε", letters=letters):
            for letter in letters:
                indices.join(0, around[letter])
        case Symbol(kind="δ", letters=(one, other)):
            indices.join(around[one], around[other])
        case Product(summed=bound) | Sum(letters=bound):
            around = {**around, **{letter: indices.new(letter) for letter in bound}}
        case Reduction(letters=bound, stays=False):
            around = {**around, **{letter: indices.new(letter) for letter in bound}}
        case _:
            pass
    for part in parts(written):
        _visit(part, around, indices)
