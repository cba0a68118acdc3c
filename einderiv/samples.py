"""Random arrays for a program: of sizes that fit, inside the domains of its functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from einderiv import check
from einderiv.errors import EinShapeError
from einderiv.ir import Algebra, Dim, Input, Node, Selection, topological
from einderiv.program import Program
from einderiv.readable import dims_of

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]

ATTEMPTS = 60
REACH = 24  # how much longer an axis may be made so that every fixed position lies inside
WINDOW = 8  # how much longer an axis is that a window moves along


def _definite(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Symmetric, positive definite, and far from singular."""
    array = rng.normal(size=shape)
    found: Array = array @ np.swapaxes(array, -1, -2) + np.eye(shape[-1])
    return found


DRAWS: tuple[Draw, ...] = (
    lambda rng, shape: rng.normal(size=shape),
    lambda rng, shape: rng.uniform(0.5, 2.0, shape),
    lambda rng, shape: rng.uniform(0.1, 0.9, shape),
    lambda rng, shape: rng.uniform(1.1, 3.0, shape),
    lambda rng, shape: rng.integers(0, 3, shape).astype(float),
)


def sizes(program: Program, length: int) -> dict[Dim, int]:
    """Every size of a program: all `length` where that is 1, else four different ones from it on, in turn.

    Axes grow, and others shrink, where a position would else lie outside.  Raises `EinShapeError` if none fits.
    """
    for most in (length + 3, *range(min(length + 2, 4), 0, -1)):
        for more in range(REACH):
            try:
                return _sizes(program, length, most, more)
            except EinShapeError as error:
                refusal = error
    raise refusal


def _sizes(program: Program, length: int, most: int, more: int) -> dict[Dim, int]:
    checked = program.checked
    nodes = [*program.values.values(), *(query.node for query in checked.queries.values())]
    nodes += [argument.node for argument in checked.inputs.values()]
    wide = {read.dim for read in checked.reads} - {dim for read in checked.reads for dim in read.dims}
    inputs = [dim for argument in checked.inputs.values() for dim in argument.node.axes if dim.size is None]
    lengths = {dim: min(_length(length, place), most) for place, dim in enumerate(dict.fromkeys(inputs))}
    lengths = {dim: size + (WINDOW + more if dim in wide else 0) for dim, size in lengths.items()}
    shapes = {
        name: tuple(lengths.get(dim, dim.size or 0) for dim in argument.node.axes)
        for name, argument in checked.inputs.items()
    }
    found = {**lengths, **check.solve_sizes(checked, shapes, ())}
    rest = [dim for dim in dict.fromkeys(dims_of(nodes)) if dim not in found]
    return found | {dim: _length(length, place) if dim.size is None else dim.size for place, dim in enumerate(rest)}


def _length(length: int, place: int) -> int:
    """The length of the size at a place: odd ones fall where even ones rise, so that each axis is once the longer."""
    if length < 2:
        return length
    return length + (place % 4 if length % 2 == 0 else 3 - place % 4)


def arrays(program: Program, lengths: Mapping[Dim, int], rng: np.random.Generator) -> Iterator[dict[str, Array]]:
    """Arrays for all inputs, drawn again and again until the caller has found some that suit.

    Integers where positions are meant, positive definite where A⁻¹ is; for each of the others the first draws are of
    one distribution for all, later ones of another for each.
    """
    nodes = topological([*program.values.values(), *(query.node for query in program.checked.queries.values())])
    positions = _positions(nodes, lengths)
    matrices = {
        node.arguments[0].name for node in nodes if isinstance(node, Algebra) and isinstance(node.arguments[0], Input)
    }
    for attempt in range(ATTEMPTS):
        found = {}
        for name, argument in program.checked.inputs.items():
            shape = tuple(lengths[dim] for dim in argument.node.axes)
            if name in positions:
                found[name] = rng.integers(0, max(positions[name], 1), shape).astype(float)
                continue
            square = argument.node.symmetric or (len(shape) > 1 and argument.node.axes[-1] == argument.node.axes[-2])
            draw = DRAWS[attempt] if attempt < len(DRAWS) else DRAWS[rng.integers(len(DRAWS))]
            if name in matrices or (square and attempt >= len(DRAWS) and rng.random() < 0.5):
                draw = _definite
            array = np.asarray(draw(rng, shape), dtype=float)
            found[name] = (array + array.T) / 2 if argument.node.symmetric else array
        yield found


def _positions(nodes: list[Node], lengths: Mapping[Dim, int]) -> dict[str, int]:
    """The inputs that are positions, each with the size of the smallest axis that it is a position on."""
    found: dict[str, int] = {}
    for node in nodes:
        if isinstance(node, Selection):
            for leaf in topological([node.index]):
                if isinstance(leaf, Input):
                    found[leaf.name] = min(lengths[node.dim], found.get(leaf.name, lengths[node.dim]))
    return found
