"""Derivatives against differences of values, on random arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from einderiv import check, requests
from einderiv.errors import EinError
from einderiv.ir import Algebra, Derivative, Dim, Input, Node, Selection, topological
from einderiv.plan import plan
from einderiv.program import Program
from einderiv.readable import dims_of
from einderiv.run import prepare

Array = NDArray[np.float64]

STEPS = (1e-3, 1e-5)  # the smaller one where the larger reaches over a kink
LENGTHS = (3, 2, 4, 5)


@dataclass(frozen=True, slots=True)
class Finding:
    """A derivative, and its largest difference from the numerical one, relative to the largest value."""

    title: str
    error: float


def discrepancies(program: Program, seed: int = 0) -> Iterator[Finding]:
    """Every derivative of a program against central differences of order four, on random arrays.

    Derivatives are those the text asks for or uses; the last equation is also taken by each of its inputs.
    A derivative of order n is compared with differences of the one of order n - 1.  The numerical error is about 1e-10.
    """
    sizes = _sizes(program)
    for title, derivative in _derivatives(program).items():
        arrays = _arrays(program, sizes, np.random.default_rng(seed), lambda rng, shape: rng.normal(size=shape))
        error = _error(program, derivative, arrays, sizes)
        if not np.isfinite(error):
            arrays = _arrays(program, sizes, np.random.default_rng(seed), lambda rng, shape: rng.uniform(0.5, 2, shape))
            error = _error(program, derivative, arrays, sizes)
        yield Finding(title, error)


def _derivatives(program: Program) -> dict[str, Derivative]:
    """What is to be compared, by its name in print."""
    found: dict[str, Derivative] = {}
    roots = [query.node for query in program.checked.queries.values()]
    roots += [definition.node for definition in program.checked.definitions.values()]
    last = requests.last_equation(program)
    wanted = [node for node in topological(roots) if isinstance(node, Derivative)]
    try:
        leaves = requests.leaves(program, last, None)
    except EinError:
        leaves = []
    wanted += [Derivative(requests.tensor(program, last), (leaf,)) for leaf in leaves]
    for node in wanted:
        top = node.top.name if isinstance(node.top, Input) else "(…)"
        order = requests.partial(len(node.below))
        found[f"{order}{top}/" + "".join(f"∂{leaf.name}" for leaf in node.below)] = node
    return found


def _sizes(program: Program) -> dict[Dim, int]:
    """Different small lengths for different sizes, so that no two axes are confused; longer ones where windows move."""
    checked = program.checked
    nodes = [*program.values.values(), *(query.node for query in checked.queries.values())]
    nodes += [argument.node for argument in checked.inputs.values()]
    wide = {read.dim for read in checked.reads} - {dim for read in checked.reads for dim in read.dims}
    inputs = [dim for argument in checked.inputs.values() for dim in argument.node.axes if dim.size is None]
    lengths: dict[Dim, int] = {}
    for place, dim in enumerate(dict.fromkeys(inputs)):
        lengths[dim] = (LENGTHS[place] if place < len(LENGTHS) else 2 + place % 4) + (8 if dim in wide else 0)
    shapes = {
        name: tuple(lengths.get(dim, dim.size or 0) for dim in argument.node.axes)
        for name, argument in checked.inputs.items()
    }
    found = {**lengths, **check.solve_sizes(checked, shapes, ())}
    rest = [dim for dim in dict.fromkeys(dims_of(nodes)) if dim not in found]
    return found | {dim: 2 + place % 4 if dim.size is None else dim.size for place, dim in enumerate(rest)}


def _arrays(
    program: Program,
    sizes: Mapping[Dim, int],
    rng: np.random.Generator,
    draw: Callable[[np.random.Generator, tuple[int, ...]], Array],
) -> dict[str, Array]:
    """A random array for every input: positions where positions are meant, positive definite where A⁻¹ is."""
    nodes = topological([definition.node for definition in program.checked.definitions.values()])
    choices = {
        node.index.name: sizes[node.dim]
        for node in nodes
        if isinstance(node, Selection) and isinstance(node.index, Input)
    }
    matrices = {
        node.arguments[0].name for node in nodes if isinstance(node, Algebra) and isinstance(node.arguments[0], Input)
    }
    arrays = {}
    for name, argument in program.checked.inputs.items():
        shape = tuple(sizes[dim] for dim in argument.node.axes)
        array = np.asarray(draw(rng, shape))
        if name in choices:
            array = rng.integers(0, choices[name], shape).astype(float)
        elif name in matrices:
            array = array @ np.swapaxes(array, -1, -2) + np.eye(shape[-1])
        elif argument.symmetric:
            array = array + array.T
        arrays[name] = array
    return arrays


def _error(program: Program, node: Derivative, arrays: Mapping[str, Array], sizes: Mapping[Dim, int]) -> float:
    """The largest difference, relative to 1 and to the largest value."""
    below, depth = node.below, program.resolver.depth
    place = min(range(len(below)), key=lambda each: (depth(below[each]), each))  # the one that is taken last
    outer, inner = below[place], (*below[:place], *below[place + 1 :])
    lower = Derivative(node.top, inner) if inner else node.top
    exact = _evaluated(program.resolver.inline(node), sizes)(arrays)
    point = {**arrays}
    if outer.name not in point:
        point[outer.name] = _evaluated(program.resolver.inline(outer), sizes)(arrays)
    value = _evaluated(program.resolver.inline(lower, kept=outer), sizes)
    with np.errstate(all="ignore"):
        numerical = [_differences(value, point, outer.name, step) for step in STEPS]
    start = len(node.top.axes) + sum(len(leaf.axes) for leaf in below[:place])
    count = len(outer.axes)
    rest = exact.ndim - count
    order = [*range(start), *range(rest, rest + count), *range(start, rest)]
    if not exact.size:
        return 0.0
    if outer.symmetric:
        numerical = [(found + np.swapaxes(found, -1, -2)) / 2 for found in numerical]
    apart = [float(np.max(np.abs(exact - found.transpose(order)))) for found in numerical]
    return min(apart) / max(1.0, float(np.max(np.abs(exact))))


def _evaluated(node: Node, sizes: Mapping[Dim, int]) -> Callable[[Mapping[str, Array]], Array]:
    """A node as a function of arrays."""
    runner = prepare(plan([node], sizes), "numpy", "float64")
    return lambda arrays: np.asarray(runner(arrays)[0])


def _differences(
    value: Callable[[Mapping[str, Array]], Array], point: Mapping[str, Array], name: str, step: float
) -> Array:
    """∂value/∂name by (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, with the axes of the value first."""
    centre = point[name]
    columns = []
    for place in np.ndindex(*centre.shape):
        total = np.zeros(())
        for factor, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
            moved = centre.copy()
            moved[place] += factor * step
            total = total + weight * value({**point, name: moved})
        columns.append(total / (12 * step))
    shape = columns[0].shape if columns else ()
    return np.stack(columns, -1).reshape((*shape, *centre.shape)) if columns else np.zeros((*shape, *centre.shape))
