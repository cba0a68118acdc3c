"""Random products with selections: gathers, affine indices, masks, repeated and chained ones."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from einderiv import ir
from einderiv.ir import Affine, Dim, Input, Node, select

N, M, P, Q = (Dim(name) for name in "NMPQ")
DIMS = {"N": N, "M": M, "P": P, "Q": Q}
POSITIONS = {"t": (N,), "u": (M,), "v": (N, M), "w": (P,), "s": ()}
REALS = {"x": (P,), "y": (N,), "X": (P, Q), "Y": (N, P), "Z": (N, Q, M), "R": (P, P), "c": ()}


@st.composite
def lines(draw: st.DrawFn) -> Affine:
    """A line of one or two positions, often beyond the axis, or a fixed position."""
    dims = draw(st.lists(st.sampled_from(list(DIMS.values())), max_size=2))
    coefficients = tuple(draw(st.sampled_from([1, 1, 2, -1, 3, 0])) for _ in dims)
    return Affine(coefficients, draw(st.integers(-2, 4)), tuple(dims))


@st.composite
def picks(draw: st.DrawFn) -> Node:
    """A selection that need not be strict."""
    dim = draw(st.sampled_from([P, Q, N]))
    if draw(st.booleans()):
        return select(draw(lines()), dim, strict=False)
    name = draw(st.sampled_from(sorted(POSITIONS)))
    index: Node = Input(name, POSITIONS[name])
    if draw(st.integers(0, 4)) == 0:
        index = ir.add(
            [index, ir.einsum([(ir.constant(1.0), ())], range(len(index.axes)), 1.0, dict(enumerate(index.axes)))]
        )
    return select(index, dim, strict=False)


def _labels(draw, node, dims):
    labels = []
    for dim in node.axes:
        label = (dim.name, draw(st.integers(0, 1)))
        dims[label] = dim
        labels.append(label)
    return labels


@st.composite
def products(draw: st.DrawFn) -> Node:
    """A product of one to three selections with up to three tensors."""
    chosen = draw(st.lists(picks(), min_size=1, max_size=3))
    names = draw(st.lists(st.sampled_from(sorted(REALS)), max_size=3))
    dims: dict[tuple[str, int], Dim] = {}
    operands = [(node, _labels(draw, node, dims)) for node in [*chosen, *(Input(n, REALS[n]) for n in names)]]
    output = draw(st.lists(st.sampled_from(sorted(dims)), unique=True, max_size=4)) if dims else []
    return ir.einsum(operands, output, draw(st.sampled_from([1.0, -2.0])), dims)


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    """Products, sums of them, and functions of them."""
    nodes = draw(st.lists(products(), min_size=1, max_size=3))
    for node in list(nodes):
        same = [other for other in nodes if other.axes == node.axes]
        others = [select(Affine((1,), 0, (P,)), Q, strict=False)] if node.axes == (P, Q) else []
        nodes.append(ir.add([node, *(ir.scale(other, -0.5) for other in [*same, *others])], node.axes))
        nodes.append(ir.apply("tanh", nodes[-1]))
        if node.axes:
            nodes.append(ir.einsum([(node, range(len(node.axes)))], tuple(reversed(range(len(node.axes)))), -1.0))
            nodes.append(ir.einsum([(node, range(len(node.axes))), (nodes[-2], range(len(node.axes)))], [0]))
    return nodes


def arrays_for(sizes: dict[Dim, int], seed: int, *, inside: bool = False) -> dict[str, np.ndarray]:
    """Values for all inputs; positions are sometimes none."""
    rng = np.random.default_rng(seed)
    low, high = (0, min(sizes.values())) if inside else (-2, 6)
    found = {name: rng.standard_normal([sizes[dim] for dim in axes]) for name, axes in REALS.items()}
    for name, axes in POSITIONS.items():
        found[name] = rng.integers(low, max(high, low + 1), [sizes[dim] for dim in axes])
    return found
