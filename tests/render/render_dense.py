"""A slow, dense reading of graphs in NumPy: what the renderer's texts are checked against."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from einderiv import ir
from einderiv.ir import Dim, Node

Array = np.ndarray[Any, Any]


def value(roots: Sequence[Node], arrays: Mapping[str, Array], sizes: Mapping[Dim, int]) -> list[Array]:
    """The values of `roots`, with `arrays` for the inputs by name."""
    done: dict[Node, Array] = {}
    for node in _order(roots):
        done[node] = _one(node, done, arrays, lambda dim: dim.size if dim.size is not None else sizes[dim])
        shape = tuple(dim.size if dim.size is not None else sizes[dim] for dim in node.axes)
        assert np.shape(done[node]) == shape, (node, np.shape(done[node]), shape)
    return [done[root] for root in roots]


def _order(roots: Sequence[Node]) -> list[Node]:
    """Children first; a derivative is one that is given, so what it is made of has no value."""
    given = {node for node in ir.topological(roots) if isinstance(node, ir.Derivative)}
    return ir.topological(roots, stop=given)


def _one(node: Node, done: Mapping[Node, Array], arrays: Mapping[str, Array], size: Any) -> Array:
    shape = tuple(size(dim) for dim in node.axes)
    match node:
        case ir.Input(name=name):
            return np.asarray(arrays[name], float)
        case ir.Derivative(top=ir.Input(name=top), below=(ir.Input(name=below),)):
            return np.asarray(arrays[f"∂{top}/∂{below}"], float)
        case ir.Constant(value=number):
            return np.array(number)
        case ir.Size(dim=dim):
            return np.array(float(size(dim)))
        case ir.Zero():
            return np.zeros(shape)
        case ir.Position():
            return np.arange(float(shape[0]))
        case ir.LeviCivita():
            out = np.zeros(shape)
            for places in itertools.permutations(range(shape[0])):
                out[places] = np.linalg.det(np.eye(shape[0])[list(places)])
            return out
        case ir.Map(function=function, arguments=arguments):
            return _function(function)(*(done[argument] for argument in arguments))
        case ir.Reduce(function=function, argument=argument, count=count):
            axes = tuple(range(len(argument.axes) - count, len(argument.axes)))
            return _reduced(function, done[argument], axes)
        case ir.Axiswise(function=function, argument=argument):
            return _along(function, done[argument])
        case ir.Einsum(operands=operands, subscripts=subscripts, output=output):
            pairs = zip(operands, subscripts, strict=True)
            return np.asarray(np.einsum(*(part for o, s in pairs for part in (done[o], list(s))), list(output)))
        case ir.Add(terms=terms):
            return np.asarray(sum(done[term] for term in terms))
        case ir.Spread(core=core, placing=placing, ties=ties, coefficient=coefficient):
            parts: list[Any] = [done[core], list(placing)]
            for axis, first in enumerate(ties):
                parts += [np.eye(shape[axis]), [axis, first]] if axis != first else [np.ones(shape[axis]), [axis]]
            return np.asarray(coefficient * np.einsum(*parts, list(range(len(shape)))))
    raise TypeError(node)


def _function(name: str) -> Any:
    from scipy import special

    special_names = {"erf": special.erf, "sigmoid": special.expit, "softplus": lambda x: np.logaddexp(0, x)}
    others = {
        "reciprocal": lambda x: 1 / x, "relu": lambda x: np.maximum(x, 0), "max": np.maximum, "min": np.minimum,
        "pow": np.power, "atan2": np.arctan2, "where": lambda c, a, b: np.where(c != 0, a, b),
        "less": np.less, "less_equal": np.less_equal, "equal": np.equal, "not_equal": np.not_equal,
        "greater": np.greater, "greater_equal": np.greater_equal,
        "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
        "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    }  # fmt: skip
    function = special_names.get(name) or others.get(name) or getattr(np, name)
    return lambda *arguments: np.asarray(function(*arguments), float)


def _reduced(function: str, array: Array, axes: tuple[int, ...]) -> Array:
    match function:
        case "logsumexp":
            return np.asarray(np.log(np.sum(np.exp(array), axis=axes)))
        case "norm":
            return np.asarray(np.sqrt(np.sum(array**2, axis=axes)))
        case _:
            return np.asarray(getattr(np, function)(array, axis=axes))


def _along(function: str, array: Array) -> Array:
    match function:
        case "softmax":
            return np.asarray(np.exp(array) / np.exp(array).sum(-1, keepdims=True))
        case "logsoftmax":
            return np.asarray(array - np.log(np.exp(array).sum(-1, keepdims=True)))
        case "cumsum":
            return np.cumsum(array, -1)
        case "cumsum_reverse":
            return np.flip(np.cumsum(np.flip(array, -1), -1), -1)
        case "cofactor":
            columns = [np.prod(np.delete(array, k, -1), -1) for k in range(array.shape[-1])]
            return np.stack(columns, -1)
    raise ValueError(function)
