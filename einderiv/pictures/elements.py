"""What a picture is made of, and how each kind of thing looks.

Kinds differ in shape, in their border, and in how light they are, so that a picture can be read in grey; the hues are
those of Okabe and Ito, which colour-blind readers tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Shape(Enum):
    """The outlines, each by the name that Graphviz has for it."""

    BOX = "box"
    ROUNDED = "rounded"
    ELLIPSE = "ellipse"
    HEXAGON = "hexagon"
    PLAIN = "plain"
    DOT = "point"


@dataclass(frozen=True, slots=True)
class Look:
    """An outline, its colours, and how many points wide its border is."""

    shape: Shape
    fill: str = "#ffffff"
    border: str = "#333333"
    width: float = 1.0
    size: float = 12.0


class Kind(Enum):
    """What a vertex stands for; the value is its look."""

    INPUT = Look(Shape.BOX, "#d6ebf8", "#0072b2", 1.4)
    TENSOR = Look(Shape.ROUNDED, "#f2f2f2", "#555555")
    OUTPUT = Look(Shape.ROUNDED, "#fbeeb3", "#8a6d00", 2.4)
    GIVEN = Look(Shape.HEXAGON, "#d6ebf8", "#0072b2", 1.4)
    DERIVATIVE = Look(Shape.HEXAGON, "#f9d9c2", "#b34700", 1.8)
    OPERATION = Look(Shape.ELLIPSE, "#ffffff", "#777777", 1.0, 11.0)
    SYMBOL = Look(Shape.PLAIN)
    STRESSED = Look(Shape.ELLIPSE, "#e8864f", "#7a2e00", 3.0, 11.0)
    LEG = Look(Shape.PLAIN, size=13.0)
    DELTA = Look(Shape.DOT, "#333333")

    @property
    def look(self) -> Look:
        """How it is drawn."""
        return self.value


@dataclass(frozen=True, slots=True)
class Vertex:
    """A thing with a `label` of one line or more; vertices are told apart by their place in a picture."""

    label: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Edge:
    """From vertex number `tail` to vertex number `head`; `dashed` for what is no flow of numbers."""

    tail: int
    head: int
    label: str = ""
    dashed: bool = False
    arrow: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Vertices in a frame with a title."""

    title: str
    vertices: tuple[int, ...]
