"""A picture as text for Graphviz, and what its program `dot` makes of that."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence

from einderiv.pictures.elements import Edge, Group, Kind, Shape, Vertex
from einderiv.pictures.extras import extra

MANY = 100  # vertices from which on Graphviz places them roughly: finding the best places takes it minutes
ROUGH = {"nslimit": "0.5", "nslimit1": "0.5", "mclimit": "0.1", "splines": "line"}
PATIENCE = 30  # seconds
FONT = "Helvetica,Arial,sans-serif"


def text(vertices: Sequence[Vertex], edges: Sequence[Edge], groups: Sequence[Group], sideways: bool) -> str:
    """The DOT text; what stands in labels is never read as DOT."""
    graphviz = extra("graphviz")
    spaces = {"rankdir": "LR" if sideways else "TB", "nodesep": "0.3", "ranksep": "0.35", "fontname": FONT}
    graph = graphviz.Digraph(
        graph_attr=spaces | (ROUGH if len(vertices) > MANY else {}),
        node_attr={"fontname": FONT, "margin": "0.11,0.06", "height": "0.3", "width": "0.3"},
        edge_attr={"fontname": FONT, "fontsize": "10", "color": "#555555", "arrowsize": "0.7"},
    )

    def escape(label: str) -> str:
        """A label that is shown as it is, without Graphviz's escapes and entities."""
        return str(graphviz.escape(label.replace("&", "&amp;")))

    framed = {number for group in groups for number in group.vertices}
    for place, group in reversed(list(enumerate(groups))):  # Graphviz stacks frames upwards
        with graph.subgraph(name=f"cluster{place}") as part:
            part.attr(label=escape(group.title), color="#bbbbbb", style="rounded")
            for number in group.vertices:
                part.node(f"v{number}", **_vertex(vertices[number], escape))
            for ends in _ends(group, vertices, edges):
                with part.subgraph() as rank:
                    rank.attr(rank="same")
                    for number in ends:
                        rank.node(f"v{number}")
    for number, vertex in enumerate(vertices):
        if number not in framed:
            graph.node(f"v{number}", **_vertex(vertex, escape))
    for edge in edges:
        look = {"style": "dashed"} if edge.dashed else {}
        look |= {} if edge.arrow else {"dir": "none"}
        # blanks around a label keep it off the line
        label = {"label": escape(f" {edge.label} ")} if edge.label else {}
        graph.edge(f"v{edge.tail}", f"v{edge.head}", **label, **look)
    source: str = graph.source
    return source


def _ends(group: Group, vertices: Sequence[Vertex], edges: Sequence[Edge]) -> list[list[int]]:
    """The open legs of a frame, those on the left and those on the right."""
    heads = {edge.head for edge in edges}
    legs = [number for number in group.vertices if vertices[number].kind is Kind.LEG]
    return [[number for number in legs if (number in heads) == right] for right in (False, True)]


def _vertex(vertex: Vertex, escape: Callable[[str], str]) -> dict[str, str]:
    look = vertex.kind.look
    if look.shape is Shape.DOT:
        return {"label": "", "shape": "point", "width": "0.09", "height": "0.09", "color": look.fill}
    label = {"label": escape(vertex.label), "fontsize": f"{look.size:g}"}
    if look.shape is Shape.PLAIN:
        return {**label, "shape": "plaintext", "margin": "0.04"}
    rounded = look.shape is Shape.ROUNDED
    shape = {"shape": "box" if rounded else look.shape.value, "style": "rounded,filled" if rounded else "filled"}
    close = {Shape.HEXAGON: {"margin": "0.02,0"}, Shape.ELLIPSE: {"margin": "0.03,0.02"}}.get(look.shape, {})
    return {**label, **shape, "fillcolor": look.fill, "color": look.border, "penwidth": f"{look.width:g}", **close}


def drawn(source: str, form: str, dpi: int) -> bytes | None:
    """What `dot` draws; None where it is not installed, has no such format, or takes too long.

    The date that a PDF holds is fixed, so that the same picture is the same file.
    """
    if not shutil.which("dot"):
        return None
    command = ["dot", f"-T{form}", *([f"-Gdpi={dpi}"] if form == "png" else [])]
    try:
        done = subprocess.run(command, input=source.encode("utf-8"), capture_output=True, check=True, timeout=PATIENCE)
    except subprocess.SubprocessError:
        return None
    return _DATE.sub(_without_digits, done.stdout) if form == "pdf" else done.stdout


_DATE = re.compile(rb"/CreationDate \(D:[^)]*\)")


def _without_digits(found: re.Match[bytes]) -> bytes:
    """A date as long as the one found, since a PDF counts its bytes."""
    return re.sub(rb"[0-9]", b"1", found[0])
