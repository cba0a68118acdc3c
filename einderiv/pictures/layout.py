"""Where things stand in a layered drawing, from their sizes alone.

A vertex is in the layer after the last of those that point to it.  An edge takes a place in every layer between its
ends, and its label the place in the middle, so that no edge or label lies on anything else.  In each layer the places
are sorted by the mean of their neighbours and then moved towards it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import fmean

from einderiv.pictures.elements import Edge

SWEEPS = 12
GAP = 14.0  # points between two places in a layer
BETWEEN = 13.0  # points between two layers
APART = 48.0  # points between two parts that are laid out by themselves

Extent = tuple[float, float]


@dataclass(slots=True)
class Spot:
    """A vertex, or the place of an edge in a layer: its extent along and across the layer, and its middle."""

    along: float
    across: float
    before: list[Spot] = field(default_factory=list)
    after: list[Spot] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Layout:
    """The middle of each vertex, of each edge's label, and the points through which each edge goes."""

    vertices: list[tuple[float, float]]
    labels: list[tuple[float, float]]
    lines: list[list[tuple[float, float]]]


def layered(
    vertices: Sequence[Extent], edges: Sequence[Edge], labels: Sequence[Extent], ends: Collection[int] = ()
) -> Layout:
    """The layout of vertices and labels with these extents along and across a layer.

    Vertices among `ends` are in the first layer if nothing points to them, and else in the last one.
    """
    depth = _depths(len(vertices), edges, ends)
    spots = [Spot(*extent) for extent in vertices]
    layers: list[list[Spot]] = [[] for _ in range(max(depth, default=0) + 1)]
    for number, spot in enumerate(spots):
        layers[depth[number]].append(spot)
    chains = []
    for edge, extent in zip(edges, labels, strict=True):
        first, last = depth[edge.tail], depth[edge.head]
        middle = (first + last) // 2
        chain = [Spot(*(extent if layer == middle else (1.0, 0.0))) for layer in range(first + 1, last)]
        for layer, spot in enumerate(chain, first + 1):
            layers[layer].append(spot)
        line = [spots[edge.tail], *chain, spots[edge.head]]
        for one, other in pairwise(line):
            one.after.append(other)
            other.before.append(one)
        chains.append((line, middle - first))
    _arrange(layers)
    _stack(layers)
    return Layout(
        [(spot.x, spot.y) for spot in spots],
        [(line[place].x, line[place].y) for line, place in chains],
        [[(spot.x, spot.y) for spot in line] for line, _ in chains],
    )


def side_by_side(
    parts: Sequence[Sequence[int]],
    vertices: Sequence[Extent],
    edges: Sequence[Edge],
    labels: Sequence[Extent],
    ends: Collection[int] = (),
) -> Layout:
    """The layouts of several sets of vertices, between which no edge runs, one after the other along the layers."""
    middles = [(0.0, 0.0)] * len(vertices)
    tags = [(0.0, 0.0)] * len(edges)
    lines: list[list[Extent]] = [[] for _ in edges]
    start = 0.0
    for part in parts:
        place = {number: order for order, number in enumerate(part)}
        inner = [number for number, edge in enumerate(edges) if edge.tail in place]
        own = [
            replace(edges[number], tail=place[edges[number].tail], head=place[edges[number].head]) for number in inner
        ]
        outer = {place[number] for number in ends if number in place}
        found = layered([vertices[number] for number in part], own, [labels[number] for number in inner], outer)
        for number, (x, y) in zip(part, found.vertices, strict=True):
            middles[number] = x + start, y
        for number, (x, y), line in zip(inner, found.labels, found.lines, strict=True):
            tags[number] = x + start, y
            lines[number] = [(each + start, level) for each, level in line]
        start = max((middles[number][0] + vertices[number][0] / 2 for number in part), default=start) + APART
    return Layout(middles, tags, lines)


def _depths(count: int, edges: Sequence[Edge], ends: Collection[int]) -> list[int]:
    """The layer of each vertex, an even number: as early as it can be, and what nothing points to as late."""
    depth = [0] * count
    for _ in range(count):
        moved = False
        for edge in edges:
            if depth[edge.head] < depth[edge.tail] + 2:
                depth[edge.head], moved = depth[edge.tail] + 2, True
        if not moved:
            break
    heads = {edge.head for edge in edges}
    for number in range(count):
        after = [depth[edge.head] for edge in edges if edge.tail == number]
        if number in ends:
            depth[number] = max(depth) if number in heads else 0
        elif number not in heads and after:
            depth[number] = min(after) - 2
    return depth


def _arrange(layers: Sequence[list[Spot]]) -> None:
    """Sort each layer and give its spots their places along it."""
    for layer in layers:
        _pack(layer)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            wish = {id(spot): _mean(spot.before if down else spot.after, spot.x) for spot in layer}
            layer.sort(key=lambda spot: wish[id(spot)])
            _pack(layer)
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            _settle(layer, [_mean([*spot.before, *spot.after], spot.x) for spot in layer])
    least = min((spot.x - spot.along / 2 for layer in layers for spot in layer), default=0.0)
    for layer in layers:
        for spot in layer:
            spot.x -= least


def _mean(neighbours: Sequence[Spot], otherwise: float) -> float:
    return fmean(spot.x for spot in neighbours) if neighbours else otherwise


def _pack(layer: Sequence[Spot]) -> None:
    """One beside the other around 0."""
    place = -sum(spot.along + GAP for spot in layer) / 2
    for spot in layer:
        spot.x = place + (spot.along + GAP) / 2
        place += spot.along + GAP


def _settle(layer: Sequence[Spot], wishes: Sequence[float]) -> None:
    """As near to the wishes as the order and the gaps let them: the mean of pushing right and of pushing left."""
    right: list[float] = []
    for number, (spot, wish) in enumerate(zip(layer, wishes, strict=True)):
        least = right[-1] + _apart(layer[number - 1], spot) if right else wish
        right.append(max(wish, least))
    left: list[float] = []
    for number in range(len(layer) - 1, -1, -1):
        most = left[-1] - _apart(layer[number], layer[number + 1]) if left else wishes[number]
        left.append(min(wishes[number], most))
    for spot, one, other in zip(layer, right, reversed(left), strict=True):
        spot.x = (one + other) / 2


def _apart(one: Spot, other: Spot) -> float:
    return (one.along + other.along) / 2 + GAP


def _stack(layers: Sequence[Sequence[Spot]]) -> None:
    """One layer below the other."""
    place = 0.0
    for layer in layers:
        height = max((spot.across for spot in layer), default=0.0)
        for spot in layer:
            spot.y = place + height / 2
        place += height + BETWEEN
