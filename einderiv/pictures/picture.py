"""A picture as its user holds it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from einderiv.errors import EinTypeError
from einderiv.pictures import dot, paint
from einderiv.pictures.elements import Edge, Group, Kind, Vertex

FORMATS = ("svg", "png", "pdf", "dot")  # that `save` writes, by the suffix of the file


class Picture:
    """Vertices and edges, to be looked at.

    >>> import einderiv as ed
    >>> picture = ed.parse("a_i = W_ij x_j").graph()
    >>> picture
    <einderiv.Picture of 4 vertices and 3 edges>
    >>> print(picture)
    W_ij —I×J→ contract j
    x_j —J→ contract j
    contract j —I→ a_i

    `sideways` has it run from left to right instead of downwards.  Graphviz draws it where its program `dot` is
    installed, and matplotlib elsewhere; both come with `pip install "einderiv[pictures]"`, but for `dot` itself.
    The same picture gives the same bytes.
    """

    def __init__(
        self, vertices: Sequence[Vertex], edges: Sequence[Edge], groups: Sequence[Group] = (), sideways: bool = False
    ) -> None:
        self.vertices = tuple(vertices)
        self.edges = tuple(edges)
        self.groups = tuple(groups)
        self.sideways = sideways

    def __repr__(self) -> str:
        return f"<einderiv.Picture of {len(self.vertices)} vertices and {len(self.edges)} edges>"

    def __str__(self) -> str:
        """The edges, one a line, and the vertices that have none."""
        names = [_in_a_line(vertex) for vertex in self.vertices]
        lines = [
            f"{names[edge.tail]} —{edge.label}{'→' if edge.arrow else '—'} {names[edge.head]}" for edge in self.edges
        ]
        met = {end for edge in self.edges for end in (edge.tail, edge.head)}
        return "\n".join([*lines, *(name for number, name in enumerate(names) if number not in met)])

    def turned(self) -> Picture:
        """The same picture from left to right instead of downwards, or the other way round."""
        return Picture(self.vertices, self.edges, self.groups, not self.sideways)

    @property
    def dot(self) -> str:
        """The text that Graphviz reads."""
        return dot.text(self.vertices, self.edges, self.groups, self.sideways)

    def svg(self) -> str:
        """The picture as SVG."""
        return self.drawn("svg").decode("utf-8")

    def png(self, dpi: int = 150) -> bytes:
        """The picture as PNG with `dpi` dots an inch."""
        return self.drawn("png", dpi)

    def pdf(self) -> bytes:
        """The picture as PDF."""
        return self.drawn("pdf")

    def drawn(self, form: str, dpi: int = 150) -> bytes:
        """The bytes of a file in one of the `FORMATS`.

        Raises `EinTypeError` for another format, and where what draws is not installed.
        """
        if form not in FORMATS:
            raise EinTypeError(
                "E0532", f"there are no pictures of the format `{form}`", helps=[f"take one of {', '.join(FORMATS)}"]
            )
        if form == "dot":
            return self.dot.encode("utf-8")
        done = dot.drawn(self.dot, form, dpi) if find_spec("graphviz") else None
        return (
            done if done is not None else paint.drawn(self.vertices, self.edges, self.groups, self.sideways, form, dpi)
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a file whose format is its suffix, `.svg`, `.png`, `.pdf` or `.dot`, and return its path."""
        file = Path(path)
        file.write_bytes(self.drawn(file.suffix.lower().removeprefix(".")))
        return file

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        """The drawing and the text; the text alone where nothing draws."""
        svg = self._repr_svg_()
        return {"text/plain": str(self)} | ({"image/svg+xml": svg} if svg else {})

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg()
        except EinTypeError:  # nothing that draws is installed
            return None


def _in_a_line(vertex: Vertex) -> str:
    return "•" if vertex.kind is Kind.DELTA else vertex.label.replace("\n", ", ")
