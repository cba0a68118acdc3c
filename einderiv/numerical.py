"""Derivatives against numerical ones, on random arrays of several sizes.

A derivative of order n is compared with the slope of the one of order n - 1, which is compared itself, down to values.
The slope is taken by the complex step, exact to rounding; where a function is not known at complex points, by
differences of real values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from einderiv import complex_step, requests, samples
from einderiv.errors import EinError, EinValueError
from einderiv.function import Function
from einderiv.ir import Derivative, Dim, Input, Node, topological
from einderiv.plan import plan
from einderiv.program import Program
from einderiv.readable import Asked
from einderiv.run import prepare

Array = NDArray[np.float64]
Point = Mapping[str, Array]
Sizes = Mapping[Dim, int]

LENGTHS = (1, 2, 3)
COMPLEX, DIFFERENCES = "complex step", "differences"
TOLERANCES = {COMPLEX: 1e-10, DIFFERENCES: 1e-6}
DIRECTIONS = 48  # a derivative by more elements than this is compared along as many random directions
NOISE = 1e-4  # a derivative that vanishes is rounding, and counts as this part of the largest number on the way
STEPS = (3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4)
WEIGHTS = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}  # of f(x + k h) - f(x - k h), which is of order eight


@dataclass(frozen=True, slots=True)
class Finding:
    """A derivative with its largest error, relative to its largest element.

    `slopes` counts the numbers compared.  Without a `method` no data were found at which everything is finite.
    """

    title: str
    error: float
    method: str
    slopes: int

    def within(self, tolerance: float | None = None) -> bool:
        """Whether the error is below the tolerance, or that of the method."""
        return bool(self.method) and self.error <= (TOLERANCES[self.method] if tolerance is None else tolerance)


@dataclass(frozen=True, slots=True)
class _Case:
    """A derivative, and the one of one order less with the tensor by which it is differentiated last."""

    title: str
    node: Derivative
    lower: Node
    leaf: Input
    place: int
    function: Function

    def turned(self, array: Array) -> Array:
        """The derivative with the axes of the tensor that is taken last at the end, and these flat."""
        below = self.node.below
        start = len(self.node.top.axes) + sum(len(leaf.axes) for leaf in below[: self.place])
        axes = range(start, start + len(self.leaf.axes))
        others = [axis for axis in range(array.ndim) if axis not in axes]
        sizes = [array.shape[axis] for axis in others]
        return array.transpose([*others, *axes]).reshape(*sizes, -1)


def findings(program: Program, seed: int = 0, lengths: Sequence[int] = LENGTHS, order: int = 1) -> Iterator[Finding]:
    """Every derivative of a program against the numerical one.

    Derivatives are those that the text asks for or uses, and the last equation's by each of its inputs up to `order`.
    """
    sizes = [samples.sizes(program, length) for length in lengths]
    for case in _cases(program, order):
        compared = [_compared(program, case, each, np.random.default_rng(seed)) for each in sizes]
        if any(found is None for found in compared):
            yield Finding(case.title, np.inf, "", 0)
            continue
        known = [found for found in compared if found is not None]
        methods = {method for _, method, _ in known}
        yield Finding(
            case.title,
            max(error for error, _, _ in known),
            DIFFERENCES if DIFFERENCES in methods else COMPLEX,
            sum(count for _, _, count in known),
        )


def _cases(program: Program, order: int) -> Iterator[_Case]:
    """What is compared: the derivatives of the text and of the last equation, and those that these are slopes of."""
    roots = [query.node for query in program.checked.queries.values()]
    roots += [definition.node for definition in program.checked.definitions.values()]
    wanted = [node for node in topological(roots) if isinstance(node, Derivative)]
    last = requests.last_equation(program)
    try:
        leaves = requests.leaves(program, last, None)
    except EinError:  # it has no inputs to differentiate by
        leaves = []
    below: list[tuple[Input, ...]] = [()]
    for _ in range(order):
        below = [(*some, leaf) for some in below for leaf in leaves[leaves.index(some[-1]) if some else 0 :]]
        wanted += [Derivative(requests.tensor(program, last), some) for some in below]
    pending, seen = list(dict.fromkeys(wanted)), set(wanted)
    titles: dict[str, int] = {}
    while pending:
        node = pending.pop(0)
        depths = [program.resolver.depth(leaf) for leaf in node.below]
        place = min(range(len(depths)), key=lambda each: (depths[each], each))
        inner = (*node.below[:place], *node.below[place + 1 :])
        lower = Derivative(node.top, inner) if inner else node.top
        if isinstance(lower, Derivative) and lower not in seen:
            seen.add(lower)
            pending.append(lower)
        title = _title(node)
        titles[title] = titles.get(title, 0) + 1
        yield _Case(
            title if titles[title] == 1 else f"{title} ({titles[title]})",
            node, lower, node.below[place], place, _function(program, node),
        )  # fmt: skip


def _title(node: Derivative) -> str:
    top = node.top.name if isinstance(node.top, Input) else "(…)"
    return f"{requests.partial(len(node.below))}{top}/" + "".join(f"∂{leaf.name}" for leaf in node.below)


def _function(program: Program, node: Derivative) -> Function:
    """The derivative as a user calls it."""
    letters = requests.lettering(program).several(node.axes)
    value = program.resolver.inline(node)
    asked = Asked("derivative", _title(node), letters, value, len(letters) - len(node.below[-1].axes))
    return Function(program, [asked], lambda values: values[0])


def _compared(program: Program, case: _Case, sizes: Sizes, rng: np.random.Generator) -> tuple[float, str, int] | None:
    """The error at the first data where all is finite, the method, and how many numbers were compared."""
    lower = program.resolver.inline(case.lower, kept=case.leaf)
    for arrays in samples.arrays(program, sizes, rng):
        try:
            exact = np.asarray(case.function(arrays))
            point = _with_leaf(program, case.leaf, arrays, sizes)
        except EinValueError:  # a singular matrix, a position outside of its axis
            continue
        if not np.isfinite(exact).all():
            continue
        directions = _directions(case.leaf, sizes, rng)
        found = _slopes(lower, case.leaf, point, sizes, directions)
        if found is None:
            continue
        size, numerical, method = found
        flat = directions.reshape(len(directions), -1)
        expected = np.moveaxis(case.turned(exact) @ flat.T, -1, 0)
        if not expected.size:
            return 0.0, method, 0
        scale = max(float(np.max(np.abs(exact))), float(np.max(np.abs(numerical))), NOISE * size) or 1.0
        return float(np.max(np.abs(expected - numerical))) / scale, method, expected.size
    return None


def _with_leaf(program: Program, leaf: Input, arrays: Point, sizes: Sizes) -> dict[str, Array]:
    """The arrays, and the value of the tensor to move if an equation defines it."""
    if leaf.name in arrays:
        return dict(arrays)
    return {**arrays, leaf.name: _evaluated(program.resolver.inline(leaf), sizes)(arrays)}


def _directions(leaf: Input, sizes: Sizes, rng: np.random.Generator) -> Array:
    """Each element alone, or random directions where these would be many; symmetric ones for a symmetric tensor."""
    shape = tuple(sizes[dim] for dim in leaf.axes)
    count = int(np.prod(shape))
    flat = np.eye(count) if count <= DIRECTIONS else rng.normal(size=(DIRECTIONS, count))
    found: Array = flat.reshape(-1, *shape)
    return (found + np.swapaxes(found, -1, -2)) / 2 if leaf.symmetric else found


def _slopes(node: Node, leaf: Input, point: Point, sizes: Sizes, directions: Array) -> tuple[float, Array, str] | None:
    """The largest number on the way, the slopes and how they were found; None where the value or one is not finite."""
    try:
        size, slopes = complex_step.slopes(node, leaf, point, sizes, directions)
    except complex_step.OutsideDomain:
        return None
    except (complex_step.NotContinued, np.linalg.LinAlgError):
        size, slopes = np.nan, np.full(1, np.nan)
    if np.isfinite(slopes).all():
        return size, slopes, COMPLEX
    try:
        size, slopes = _differences(_evaluated(node, sizes), leaf, point, directions)
    except EinValueError:
        return None
    return (size, slopes, DIFFERENCES) if np.isfinite(slopes).all() else None


def _evaluated(node: Node, sizes: Sizes) -> Callable[[Point], Array]:
    """A node as a function of arrays."""
    runner = prepare(plan([node], sizes), "numpy", "float64")
    return lambda arrays: np.asarray(runner(arrays)[0])


def _differences(
    function: Callable[[Point], Array], leaf: Input, point: Point, directions: Array
) -> tuple[float, Array]:
    """The largest element of the value, and its slopes by central differences of order eight.

    Of all steps, for each slope, the one whose result differs least from that of the step before.
    """
    centre = point[leaf.name]
    found = []
    with np.errstate(all="ignore"):
        value = function(point)
        for step in STEPS:
            slopes = np.zeros((len(directions), *value.shape))
            for row, direction in enumerate(directions):
                for k, weight in WEIGHTS.items():
                    ahead, behind = (function({**point, leaf.name: centre + s * k * step * direction}) for s in (1, -1))
                    slopes[row] += weight / step * (ahead - behind)
            found.append(slopes)
        changes = np.stack([np.abs(b - a) for a, b in pairwise(found)])
    best = np.argmin(np.where(np.isnan(changes), np.inf, changes), axis=0)
    return float(np.max(np.abs(value), initial=0.0)), np.take_along_axis(np.stack(found[1:]), best[None], 0)[0]
