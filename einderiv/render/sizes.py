"""Which letters of an equation get their size from nothing in it, and so need an `index` line.

A tensor and ε size their letters; δ_ij gives both the size of one; ones and positions size nothing.  Each binder makes
a letter a new index.  An index that only stands in offsets, `x_{i+k}`, is as long as these let it be: this is its size
where all offsets stand here that limit it in the source program.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from einderiv.ir import Affine, Dim, Node, Selection
from einderiv.lettering import Letters
from einderiv.render.notation import (
    Equation,
    Offset,
    Product,
    Reduction,
    Solution,
    Sum,
    Symbol,
    Tensor,
    Written,
    parts,
    walk,
)


@dataclass(frozen=True, slots=True)
class Read:
    """An axis of size `dim`, number `axis` of `tensor`, read at Σ `coefficients[k]` i_k + `constant`, i_k in `dims`."""

    dim: Dim
    coefficients: tuple[int, ...]
    dims: tuple[Dim, ...]
    constant: int
    tensor: str = ""
    axis: int = 0


Limit = tuple[Dim, int, frozenset[tuple[Dim, bool, int]]]
"""What a read says of sizes: the axis, the constant, and how often an index of each size goes up or down."""


def limit(dim: Dim, constant: int, terms: Iterable[tuple[int, Dim]]) -> Limit:
    """The limit of a read with `terms`: x_{i+j} with indices of one size is limited like x_{2i}."""
    totals: dict[tuple[Dim, bool], int] = {}
    for factor, size in terms:
        totals[size, factor > 0] = totals.get((size, factor > 0), 0) + factor
    return dim, constant, frozenset((size, up, total) for (size, up), total in totals.items())


def limit_of(read: Read) -> Limit:
    """What a read of the source program says of sizes."""
    return limit(read.dim, read.constant, zip(read.coefficients, read.dims, strict=True))


def reads_in(nodes: Iterable[Node]) -> Iterator[Read]:
    """The reads of strict selections."""
    for node in nodes:
        match node:
            case Selection(index=Affine() as index, dim=dim, strict=True):
                yield Read(dim, index.coefficients, index.shape, index.constant)
            case _:
                pass


Limits = Mapping[Dim, frozenset[Limit]]
"""The sizes that no array has, and what limits each."""


def limits(reads: Iterable[Read], arrays: Collection[Dim]) -> Limits:
    """The limits of the sizes that no array has."""
    found: dict[Dim, set[Limit]] = {}
    for read in reads:
        for dim in read.dims:
            if dim.size is None and dim not in arrays:
                found.setdefault(dim, set()).add(limit_of(read))
    return {dim: frozenset(group) for dim, group in found.items()}


def offsets(equation: Equation) -> Iterator[Offset]:
    """The offsets in subscripts."""
    for piece in walk(equation.body):
        if isinstance(piece, Tensor):
            yield from (item for item in piece.items if isinstance(item, Offset))


def said(offset: Offset, letters: Letters) -> Limit:
    """What an offset says of sizes."""
    return limit(offset.dim, offset.constant, ((factor, letters.dim(letter)) for factor, letter in offset.terms))


class _Indices:
    """The indices of one equation as classes of equal size (union-find); 0 is what has a size."""

    def __init__(self, letters: Letters) -> None:
        self.known = letters
        self._parent: list[int] = [0]
        self.letters: list[str] = [""]
        self._limits: list[set[Limit]] = [set()]

    def new(self, letter: str) -> int:
        self._parent.append(len(self._parent))
        self.letters.append(letter)
        self._limits.append(set())
        return len(self._parent) - 1

    def find(self, index: int) -> int:
        while self._parent[index] != index:
            index = self._parent[index]
        return index

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.find(one), self.find(other)))
        self._parent[high] = low

    def read(self, offset: Offset, around: Mapping[str, int]) -> None:
        for _, letter in offset.terms:
            self._limits[around[letter]].add(said(offset, self.known))

    def limits(self, index: int) -> set[Limit]:
        """What the offsets of an index and of those equal to it say."""
        root = self.find(index)
        return {each for other, group in enumerate(self._limits) if self.find(other) == root for each in group}


def unsized(equation: Equation, letters: Letters, limits: Limits) -> list[str]:
    """The letters of `equation` that only an `index` line gives a size."""
    indices = _Indices(letters)
    around = {letter: indices.new(letter) for letter in equation.letters}
    _visit(equation.body, around, indices)
    found = [index for index in range(len(indices.letters)) if indices.find(index)]
    wanted = {index: limits.get(letters.dim(indices.letters[index])) for index in found}
    return list(
        dict.fromkeys(
            indices.letters[index]
            for index, group in wanted.items()
            if group is None or not group <= indices.limits(index)
        )
    )


def _visit(written: Written, around: Mapping[str, int], indices: _Indices) -> None:
    match written:
        case Tensor(items=items):
            for item in items:
                if isinstance(item, Offset):
                    indices.read(item, around)
                elif isinstance(item, str):
                    indices.join(0, around[item])
        case Symbol(kind="ε", letters=letters) | Solution(letters=letters):
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
