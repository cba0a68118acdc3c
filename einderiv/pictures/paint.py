"""A picture drawn by matplotlib, where Graphviz is not installed."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from einderiv.pictures.elements import Edge, Group, Kind, Look, Shape, Vertex
from einderiv.pictures.extras import extra
from einderiv.pictures.layout import Layout, side_by_side

SMALL = 9.5  # the size of edge labels
PAD = {Shape.BOX: (7, 5), Shape.ROUNDED: (8, 5), Shape.ELLIPSE: (11, 6), Shape.HEXAGON: (13, 5), Shape.PLAIN: (3, 3)}
DOT = 6.0  # the diameter of a delta
MARGIN = 10.0
LINE = "#555555"
PAPER = {"boxstyle": "square,pad=0.12", "facecolor": "white", "edgecolor": "none"}  # behind the labels of edges
SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "einderiv", "font.family": "DejaVu Sans", "path.simplify": False}
METADATA = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}, "pdf": {"CreationDate": None}}


def drawn(
    vertices: Sequence[Vertex], edges: Sequence[Edge], groups: Sequence[Group], sideways: bool, form: str, dpi: int
) -> bytes:
    """The bytes of an SVG, PNG or PDF; each has the size of what is in it."""
    matplotlib = extra("matplotlib")
    with matplotlib.rc_context(SETTINGS):
        canvas = _Canvas(sideways)
        boxes = [_box(canvas, vertex) for vertex in vertices]
        labels = [canvas.extent(edge.label, SMALL) if edge.label else (1.0, 1.0) for edge in edges]
        swapped = [box[::-1] for box in boxes] if sideways else boxes
        spread = [(high + 6.0, wide + 6.0) for wide, high in labels] if sideways else [(w + 6.0, h) for w, h in labels]
        parts = [group.vertices for group in groups] or [tuple(range(len(vertices)))]
        ends = {number for number, vertex in enumerate(vertices) if vertex.kind is Kind.LEG}
        plan = side_by_side(parts, swapped, edges, spread, ends)
        canvas.paint(vertices, edges, groups, plan, boxes)
        file = BytesIO()
        canvas.figure.savefig(file, format=form, dpi=dpi, metadata=METADATA[form])
        return file.getvalue()


def _box(canvas: _Canvas, vertex: Vertex) -> tuple[float, float]:
    look = vertex.kind.look
    if look.shape is Shape.DOT:
        return DOT, DOT
    (wide, high), (across, along) = canvas.extent(vertex.label, look.size), PAD[look.shape]
    stretch = 1.15 if look.shape is Shape.ELLIPSE else 1.0  # its corners are cut off
    return stretch * wide + 2 * across, stretch * high + 2 * along


class _Canvas:
    """A figure of which one unit is one point, the second one counted downwards."""

    def __init__(self, sideways: bool) -> None:
        self._sideways = sideways
        self._extents: dict[tuple[str, float], tuple[float, float]] = {}
        self._patches: Any = extra("matplotlib.patches")
        self._path: Any = extra("matplotlib.path").Path
        self._text: Any = extra("matplotlib.textpath").TextPath
        self.figure: Any = extra("matplotlib.figure").Figure(facecolor="white")
        self._axes = self.figure.add_axes((0, 0, 1, 1))
        self._axes.axis("off")

    def extent(self, text: str, size: float) -> tuple[float, float]:
        """How wide and high a text is."""
        if (text, size) not in self._extents:
            lines = text.split("\n")
            widths = [self._text((0, 0), line, size=size).vertices[:, 0].max() for line in lines if line.strip()]
            self._extents[text, size] = float(max(widths, default=0.0)), 1.25 * size * len(lines)
        return self._extents[text, size]

    def paint(
        self,
        vertices: Sequence[Vertex],
        edges: Sequence[Edge],
        groups: Sequence[Group],
        plan: Layout,
        boxes: Sequence[tuple[float, float]],
    ) -> None:
        """Draw all, and cut the figure to it."""
        places = [self._at(point) for point in plan.vertices]
        limits = [
            (x + side * wide / 2, y + side * high / 2)
            for (x, y), (wide, high) in zip(places, boxes, strict=True)
            for side in (-1, 1)
        ]
        for edge, line, label in zip(edges, plan.lines, plan.labels, strict=True):
            self._edge(edge, line, boxes)
            limits += [self._at(point) for point in line]
            if edge.label:
                x, y = self._at(label)
                wide, _ = self.extent(edge.label, SMALL)
                limits += [(x - wide / 2, y), (x + wide / 2, y)]
                self._write(x, y, edge.label, SMALL, "#333333", bbox=PAPER)
        for vertex, place, box in zip(vertices, places, boxes, strict=True):
            self._vertex(vertex, place, box)
        for group in groups:
            limits += self._frame(group, [(places[number], boxes[number]) for number in group.vertices])
        self._cut(limits)

    def _cut(self, limits: Sequence[tuple[float, float]]) -> None:
        left, right = (pick(x for x, _ in limits) if limits else 0.0 for pick in (min, max))
        top, bottom = (pick(y for _, y in limits) if limits else 0.0 for pick in (min, max))
        left, right, top, bottom = left - MARGIN, right + MARGIN, top - MARGIN, bottom + MARGIN
        self._axes.set_xlim(left, right)
        self._axes.set_ylim(bottom, top)
        self.figure.set_size_inches((right - left) / 72, (bottom - top) / 72)

    def _at(self, point: tuple[float, float]) -> tuple[float, float]:
        return point[::-1] if self._sideways else point

    def _write(self, x: float, y: float, text: str, size: float, colour: str = "black", **more: Any) -> None:
        self._axes.text(
            x, y, text, size=size, color=colour, ha="center", va="center_baseline", parse_math=False, **more
        )

    def _vertex(self, vertex: Vertex, place: tuple[float, float], box: tuple[float, float]) -> None:
        look = vertex.kind.look
        patch = self._outline(look, place, box)
        if patch is not None:
            patch.set(facecolor=look.fill, edgecolor=look.border, linewidth=look.width, zorder=2)
            self._axes.add_patch(patch)
        if look.shape is not Shape.DOT:
            (x, y), lines = place, vertex.label.split("\n")
            for number, line in enumerate(lines):
                self._write(x, y + 1.25 * look.size * (number - (len(lines) - 1) / 2), line, look.size)

    def _outline(self, look: Look, place: tuple[float, float], box: tuple[float, float]) -> Any:
        (x, y), (wide, high) = place, box
        corner = x - wide / 2, y - high / 2
        match look.shape:
            case Shape.BOX:
                return self._patches.Rectangle(corner, wide, high)
            case Shape.ROUNDED:
                return self._patches.FancyBboxPatch(corner, wide, high, boxstyle="round,pad=0,rounding_size=6")
            case Shape.ELLIPSE | Shape.DOT:
                return self._patches.Ellipse(place, wide, high)
            case Shape.HEXAGON:
                middle, point = wide / 2, wide / 2 - min(high / 2, 10.0)
                across = [(-middle, 0), (-point, -1), (point, -1), (middle, 0), (point, 1), (-point, 1)]
                return self._patches.Polygon([(x + along, y + side * high / 2) for along, side in across])
            case Shape.PLAIN:
                return None

    def _edge(self, edge: Edge, line: Sequence[tuple[float, float]], boxes: Sequence[tuple[float, float]]) -> None:
        """A smooth line that leaves and meets its ends at a right angle to the layers."""
        side = 0 if self._sideways else 1
        points = list(line)
        points[0] = points[0][0], points[0][1] + boxes[edge.tail][side] / 2
        tip = points[-1][0], points[-1][1] - boxes[edge.head][side] / 2
        points[-1] = (tip[0], tip[1] - 5) if edge.arrow else tip
        path, codes = _smooth(points), [self._path.MOVETO] + [self._path.CURVE4] * (3 * len(points) - 3)
        curve = self._path([self._at(point) for point in path], codes)
        style = "dashed" if edge.dashed else "solid"
        self._axes.add_patch(self._patches.PathPatch(curve, fill=False, edgecolor=LINE, linestyle=style, zorder=1))
        if edge.arrow:
            head = [tip, (tip[0] - 2.8, tip[1] - 6.5), (tip[0] + 2.8, tip[1] - 6.5)]
            self._axes.add_patch(self._patches.Polygon([self._at(point) for point in head], facecolor=LINE, zorder=1))

    def _frame(
        self, group: Group, parts: Sequence[tuple[tuple[float, float], tuple[float, float]]]
    ) -> list[tuple[float, float]]:
        """A frame around the vertices of a group with its title on it; the corners of the two."""
        left, right = min(x - w / 2 for (x, _), (w, _) in parts) - 9, max(x + w / 2 for (x, _), (w, _) in parts) + 9
        top, bottom = min(y - h / 2 for (_, y), (_, h) in parts) - 24, max(y + h / 2 for (_, y), (_, h) in parts) + 9
        shape = self._patches.FancyBboxPatch(
            (left, top), right - left, bottom - top, boxstyle="round,pad=0,rounding_size=6"
        )
        shape.set(fill=False, edgecolor="#bbbbbb", zorder=0)
        self._axes.add_patch(shape)
        self._write((left + right) / 2, top + 11, group.title, 11.0)
        wide, _ = self.extent(group.title, 11.0)
        middle = (left + right) / 2
        return [(min(left, middle - wide / 2), top), (max(right, middle + wide / 2), bottom)]


def _smooth(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The corners of Bézier curves through points: at right angles to the layers at the ends, straight on between."""
    slopes = [(0.0, points[1][1] - points[0][1])]
    slopes += [((x2 - x) / 2, (y2 - y) / 2) for (x, y), (x2, y2) in zip(points, points[2:], strict=False)]
    slopes.append((0.0, points[-1][1] - points[-2][1]))
    path = [points[0]]
    for (x, y), (x2, y2), (u, v), (u2, v2) in zip(points, points[1:], slopes, slopes[1:], strict=False):
        path += [(x + u / 3, y + v / 3), (x2 - u2 / 3, y2 - v2 / 3), (x2, y2)]
    return path
