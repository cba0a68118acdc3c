"""Which structure a square factored matrix has, so that it can be inverted in parts.

A position is a row axis together with the column axis of the same place.  A term is *diagonal* at a position whose two
axes it ties: there it is a δ, perhaps with an array on it.  Terms that are all diagonal at some positions are a block
for each value of these.  A term whose row and column axes are joined by few axes has low rank.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import inf, prod

from einderiv.factored.terms import Classes, Matrix, Term

LARGEST = 1 << 30  # bytes of an array that is made to invert


@dataclass(frozen=True, slots=True)
class Blocks:
    """Terms that are diagonal at `free` (no array there) and at `batch` positions: for each of these one block."""

    terms: tuple[Term, ...]
    free: tuple[int, ...]
    batch: tuple[int, ...]
    rest: tuple[int, ...]

    def work(self, shape: Sequence[int]) -> float:
        """Multiplications to invert all blocks."""
        count, side = self.sizes(shape)
        return inf if count * side**2 * 8 > LARGEST else float(count * side**3)

    def sizes(self, shape: Sequence[int]) -> tuple[int, int]:
        """How many blocks there are, and how many rows each has."""
        return prod(shape[p] for p in self.batch), prod(shape[p] for p in self.rest)

    def told(self, shape: Sequence[int], letters: Sequence[str]) -> str:
        """The structure in words."""
        count, side = self.sizes(shape)
        deltas = " ".join(f"δ_{letters[p]}{letters[p + len(letters) // 2]}" for p in self.free)
        if not self.rest:
            return "diagonal" if self.batch else "a multiple of the identity"
        if self.batch:
            return f"block diagonal, {count} blocks of {side} × {side}"
        return f"Kronecker product {deltas} ⊗ dense {side} × {side}" if deltas else f"dense {side} × {side}"


@dataclass(frozen=True, slots=True)
class Kronecker:
    """One term that is a product of parts which share no position."""

    parts: tuple[Blocks, ...]
    coefficient: float

    def work(self, shape: Sequence[int]) -> float:
        """Multiplications to invert every part."""
        return sum(part.work(shape) for part in self.parts)

    def told(self, shape: Sequence[int], letters: Sequence[str]) -> str:
        """The structure in words."""
        return "Kronecker product: " + " ⊗ ".join(part.told(shape, letters) for part in self.parts)


@dataclass(frozen=True, slots=True)
class LowRank:
    """Blocks plus terms of low rank, one at a time by the formula of Sherman, Morrison and Woodbury."""

    blocks: Blocks
    others: tuple[Term, ...]

    def work(self, shape: Sequence[int]) -> float:
        """Multiplications to invert the blocks and, for each other term, a matrix as large as its rank."""
        total = self.blocks.work(shape)
        for term in self.others:
            diagonal = self.shared(term, len(shape))
            simple, full = 1, 1
            for rows, columns, _ in components(term, len(shape), diagonal):
                size = prod(shape[axis] for axis in rows)
                if len(rows) == 1 and rows == columns and rows[0] in diagonal:
                    simple *= size
                elif rows and columns:
                    full *= size
            if simple * full**2 * 8 > LARGEST:
                return inf
            total += simple * full**3 + prod(shape)
        return total

    def told(self, shape: Sequence[int], letters: Sequence[str]) -> str:
        """The structure in words."""
        ranks = [
            prod(
                shape[axis]
                for rows, columns, _ in components(term, len(shape), self.shared(term, len(shape)))
                if columns
                for axis in rows
            )
            for term in self.others
        ]
        return f"{self.blocks.told(shape, letters)} plus {' plus '.join(f'rank {rank}' for rank in ranks)}"

    def shared(self, term: Term, rows: int) -> set[int]:
        """The positions at which both the blocks and another term are diagonal."""
        return diagonals(term, rows).intersection(self.blocks.free + self.blocks.batch)


@dataclass(frozen=True, slots=True)
class General:
    """None of these."""

    def told(self, shape: Sequence[int], letters: Sequence[str]) -> str:
        """The structure in words."""
        return "general, by conjugate gradients"


Structure = Blocks | Kronecker | LowRank | General


def structures(matrix: Matrix) -> list[Structure]:
    """The structures that a square matrix has, the one that takes the least work to invert first."""
    shape = matrix.row_shape
    found: list[Blocks | Kronecker | LowRank] = []
    common = set(range(matrix.rows)).intersection(*(diagonals(term, matrix.rows) for term in matrix.terms))
    found.append(blocks(matrix.terms, common, matrix.rows))
    if len(matrix.terms) == 1 and (parts := _kronecker(matrix.terms[0], matrix.rows)) is not None:
        found.append(parts)
    for positions in {frozenset(diagonals(term, matrix.rows)) for term in matrix.terms}:
        inside = tuple(term for term in matrix.terms if positions <= diagonals(term, matrix.rows))
        others = tuple(term for term in matrix.terms if not positions <= diagonals(term, matrix.rows))
        if 0 < len(others) <= 4:
            found.append(LowRank(blocks(inside, positions, matrix.rows), others))
    ordered = sorted((one for one in found if one.work(shape) < inf), key=lambda one: one.work(shape))
    return [*ordered] or [General()]


def diagonals(term: Term, rows: int) -> set[int]:
    """The positions whose two axes the term ties."""
    return {p for p in range(rows) if term.ties[p] == term.ties[p + rows]}


def blocks(terms: Sequence[Term], positions: set[int] | frozenset[int], rows: int) -> Blocks:
    """The terms as blocks; they are diagonal at these positions."""
    occupied: set[int] = set()
    for term in terms:
        met = {axis for factor in term.factors for axis in factor.axes}
        for p in positions:
            alone = [axis for axis, first in enumerate(term.ties) if first == term.ties[p]] == [p, p + rows]
            if term.ties[p] in met or not alone:
                occupied.add(p)
    free, batch = sorted(positions - occupied), sorted(occupied)
    rest = [p for p in range(rows) if p not in positions]
    return Blocks(tuple(terms), tuple(free), tuple(batch), tuple(rest))


Component = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


def components(term: Term, rows: int, given: Collection[int] = ()) -> list[Component]:
    """The parts of a term that share no axis: the positions of its rows, those of its columns, and which factors.

    At `given` positions the term is diagonal; to share these does not count: for each n, A_ni and A_nk are apart.
    """
    known = {term.ties[p] for p in given}
    classes = Classes(len(term.ties))
    for axis, first in enumerate(term.ties):
        classes.tie(axis, first)
    for factor in term.factors:
        free = [axis for axis in factor.axes if axis not in known] or factor.axes
        for axis in free:
            classes.tie(axis, free[0])
    found = []
    for first in dict.fromkeys(classes.all()):
        axes = [axis for axis in range(len(term.ties)) if classes.of(axis) == first]
        members = [
            place
            for place, factor in enumerate(term.factors)
            if classes.of(next((axis for axis in factor.axes if axis not in known), factor.axes[0])) == first
        ]
        row = tuple(axis for axis in axes if axis < rows)
        found.append((row, tuple(axis - rows for axis in axes if axis >= rows), tuple(members)))
    return found


def _kronecker(term: Term, rows: int) -> Kronecker | None:
    """The parts of one term, if each has the same positions in its rows and its columns."""
    parts = []
    for row, column, members in components(term, rows):
        if row != column:
            return None
        part = Term(1.0, term.ties, tuple(term.factors[place] for place in members))
        kept = blocks([part], diagonals(term, rows) & set(row), rows)
        rest = tuple(p for p in kept.rest if p in row)
        parts.append(Blocks(kept.terms, kept.free, kept.batch, rest))
    return Kronecker(tuple(parts), term.coefficient) if len(parts) > 1 else None
