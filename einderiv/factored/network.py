"""A factored tensor as a picture: its arrays, joined where they share an axis, with the open legs on two sides."""

from __future__ import annotations

from collections.abc import Sequence

from einderiv.factored.show import SHOWN, names_of, subscripted
from einderiv.factored.terms import Matrix, Term
from einderiv.pictures import Edge, Group, Kind, Picture, Vertex


def network(matrix: Matrix, letters: Sequence[str]) -> Picture:
    """Each term in a frame: rows on the left, columns on the right, a δ as a dot or as a line alone."""
    drawing = _Drawing(matrix, letters)
    for term in matrix.terms[:SHOWN]:
        drawing.add(term)
    if len(matrix.terms) > SHOWN:
        drawing.more(len(matrix.terms) - SHOWN)
    return Picture(drawing.vertices, drawing.edges, drawing.groups, sideways=True)


class _Drawing:
    """Collects vertices, edges and frames."""

    def __init__(self, matrix: Matrix, letters: Sequence[str]) -> None:
        self.vertices: list[Vertex] = []
        self.edges: list[Edge] = []
        self.groups: list[Group] = []
        self._matrix = matrix
        self._letters = letters
        self._names = names_of(matrix)

    def add(self, term: Term) -> None:
        """One product."""
        start = len(self.vertices)
        legs = [self._vertex(letter, Kind.LEG) for letter in self._letters]
        arrays = [
            self._vertex(
                subscripted(self._names[id(factor.array)], [self._letters[axis] for axis in factor.axes]), Kind.INPUT
            )
            for factor in term.factors
        ]
        for first in dict.fromkeys(term.ties):
            tied = [axis for axis, other in enumerate(term.ties) if other == first]
            met = [
                array for array, each in zip(arrays, term.factors, strict=True) for axis in each.axes if axis == first
            ]
            self._join(tied, [legs[axis] for axis in tied], met)
        if not legs and not arrays:
            self._vertex(f"{term.coefficient:.4g}", Kind.SYMBOL)
        sign = "" if start == 0 and term.coefficient > 0 else "− " if term.coefficient < 0 else "+ "
        number = "" if abs(term.coefficient) == 1 else f"{abs(term.coefficient):.4g} ×"
        self.groups.append(Group((sign + number).strip(), tuple(range(start, len(self.vertices)))))

    def more(self, count: int) -> None:
        """What is left out, in words."""
        self.groups.append(Group("+", (self._vertex(f"{count} more terms", Kind.SYMBOL),)))

    def _vertex(self, label: str, kind: Kind) -> int:
        self.vertices.append(Vertex(label, kind))
        return len(self.vertices) - 1

    def _join(self, axes: Sequence[int], legs: Sequence[int], arrays: Sequence[int]) -> None:
        """One index: its legs, and the arrays that have it; a dot where more than two meet, or fewer."""
        rows = self._matrix.rows
        size = str(self._matrix.shape[axes[0]])
        left = [leg for axis, leg in zip(axes, legs, strict=True) if axis < rows]
        right = [leg for axis, leg in zip(axes, legs, strict=True) if axis >= rows]
        if len(legs) + len(arrays) == 2 and (arrays or (left and right)):
            ends = [*left, *arrays, *right] if len(left) < 2 else left
            self._line(ends[0], ends[1], size if arrays else f"δ {size}")
            return
        dot = self._vertex("δ" if len(legs) > 1 else "1", Kind.DELTA)
        for leg in left:
            self._line(leg, dot, size)
        for leg in right:
            self._line(dot, leg, size)
        for array in arrays:
            self._line(*((dot, array) if left else (array, dot)), size)

    def _line(self, tail: int, head: int, label: str) -> None:
        self.edges.append(Edge(tail, head, label, arrow=False))
