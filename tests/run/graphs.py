"""A slow, dense evaluator of nodes, with explicit identity matrices, and random nodes to compare on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st

from einderiv import ir
from einderiv.ir import Dim, Node

I, J, K = (Dim(name) for name in "IJK")
DIMS = (I, J, K)


def dense(node: Node, sizes: Mapping[Dim, int], arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """The value of a node by its definition."""
    seen: dict[Node, np.ndarray] = {}
    with np.errstate(all="ignore"):
        for part in ir.topological([node]):
            seen[part] = _dense(part, [seen[child] for child in ir.children(part)], sizes, arrays)
    return seen[node]


def _dense(node, parts, sizes, arrays):
    shape = tuple(sizes.get(dim, dim.size) for dim in node.axes)
    match node:
        case ir.Input(name=name):
            return np.asarray(arrays[name], float)
        case ir.Constant(value=value):
            return np.array(value)
        case ir.Size(dim=dim):
            return np.array(float(sizes[dim]))
        case ir.Zero():
            return np.zeros(shape)
        case ir.Position():
            return np.arange(shape[0], dtype=float)
        case ir.Spread():
            operands = [parts[0], list(node.placing)]
            for axis, first in enumerate(node.ties):
                if first != axis:
                    operands += [np.eye(shape[axis]), [first, axis]]
            for axis, length in enumerate(shape):
                operands += [np.ones(length), [axis]]
            return node.coefficient * np.einsum(*operands, list(range(len(shape))))
        case ir.Einsum():
            operands = [x for pair in zip(parts, map(list, node.subscripts), strict=True) for x in pair]
            return np.einsum(*operands, list(node.output))
        case ir.Add():
            return np.sum(np.stack(parts), axis=0)
        case ir.Map(function=name):
            if name == "where":
                return np.where(parts[0] != 0, parts[1], parts[2])
            names = {"max": np.maximum, "tanh": np.tanh, "exp": np.exp, "sin": np.sin, "less": np.less}
            return names[name](*parts).astype(float)
        case ir.Reduce(function=name, count=count):
            axes = tuple(range(parts[0].ndim - count, parts[0].ndim))
            if name == "logsumexp":
                return np.log(np.exp(parts[0]).sum(axes))
            if name == "norm":
                return np.sqrt((parts[0] ** 2).sum(axes))
            return getattr(np, name)(parts[0], axis=axes)
        case ir.Axiswise(function=name):
            return AXISWISE[name](parts[0])
    raise TypeError(type(node))


def _cofactor(x):
    rows = [np.prod(np.delete(x, k, -1), axis=-1) for k in range(x.shape[-1])]
    return np.stack(rows, -1) if rows else x


AXISWISE = {
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "logsoftmax": lambda x: x - np.log(np.exp(x).sum(-1, keepdims=True)),
    "cumsum": lambda x: np.cumsum(x, -1),
    "cumsum_reverse": lambda x: np.cumsum(x[..., ::-1], -1)[..., ::-1],
    "cofactor": _cofactor,
}


@st.composite
def nodes(draw: st.DrawFn, steps: int = 6) -> list[Node]:
    """Nodes built by random calls of the builders: any of them may be asked for."""
    pool: list[Node] = [
        ir.Input("x", (I,)),
        ir.Input("A", (I, J)),
        ir.Input("B", (J, K)),
        ir.Input("S", (I, I)),
        ir.Input("T", (I, J, K)),
        ir.Input("c", ()),
        ir.Position(J),
        ir.identity(I),
        ir.constant(-1.5),
    ]
    for _ in range(draw(st.integers(1, steps))):
        pool.append(draw(st.sampled_from([_product, _sum, _function, _axes]))(draw, pool))
    chosen = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=3))
    return [*chosen, pool[-1]]


def _product(draw, pool):
    operands = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=4))
    dims, labelled = {}, []
    for node in operands:
        labels = []
        for dim in node.axes:
            label = (dim.name, draw(st.integers(0, 2)))
            dims[label] = dim
            labels.append(label)
        labelled.append((node, labels))
    repeated = draw(st.lists(st.sampled_from([("I", 7), ("J", 7)]), max_size=1))
    dims |= {label: Dim(label[0]) for label in repeated}
    output = draw(st.lists(st.sampled_from(sorted(dims)), unique=True, max_size=4)) if dims else []
    return ir.einsum(labelled, output, draw(st.sampled_from([1.0, 1.0, -1.0, 0.5])), dims)


def _like(draw, pool, axes):
    """A node of the pool laid out over `axes`, in any way that fits."""
    node = draw(st.sampled_from(pool))
    labels = []
    for place, dim in enumerate(node.axes):
        fitting = [axis for axis, other in enumerate(axes) if other == dim]
        labels.append(draw(st.sampled_from(fitting)) if fitting else ("own", place))
    return ir.einsum([(node, labels)], range(len(axes)), draw(st.sampled_from([1.0, -1.0, 2.0])), dict(enumerate(axes)))


def _sum(draw, pool):
    axes = draw(st.lists(st.sampled_from(DIMS), max_size=3))
    return ir.add([_like(draw, pool, axes) for _ in range(draw(st.integers(1, 4)))], axes)


def _bounded(node):
    return ir.apply("sin", node)


def _function(draw, pool):
    axes = draw(st.lists(st.sampled_from(DIMS), max_size=3))
    name, arity = draw(st.sampled_from([("tanh", 1), ("sin", 1), ("max", 2), ("less", 2), ("where", 3)]))
    return ir.apply(name, *(_bounded(_like(draw, pool, axes)) for _ in range(arity)))


def _axes(draw, pool):
    node = draw(st.sampled_from([node for node in pool if node.axes]))
    if draw(st.booleans()):
        axis = draw(st.integers(0, len(node.axes) - 1))
        return ir.axiswise(draw(st.sampled_from(sorted(AXISWISE))), _bounded(node), axis)
    axes = draw(st.sets(st.integers(0, len(node.axes) - 1), min_size=1))
    return ir.reduce(draw(st.sampled_from(["max", "min", "prod", "logsumexp", "norm"])), _bounded(node), axes)
