"""A slow evaluator of graphs that shares nothing with `plan` and `run`: every delta is a dense identity matrix."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import scipy.special

from einderiv.ir import (
    FUNCTIONS,
    Add,
    Affine,
    Algebra,
    Axiswise,
    Constant,
    Derivative,
    Dim,
    Einsum,
    Input,
    LeviCivita,
    Map,
    Node,
    Position,
    Reduce,
    Selection,
    Size,
    Spread,
    Zero,
    topological,
)

Array = np.ndarray[Any, Any]


class _NumPy:
    """NumPy with the functions that only SciPy has."""

    lgamma = staticmethod(scipy.special.gammaln)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name) if hasattr(np, name) else getattr(scipy.special, name)


def evaluate(root: Node, arrays: Mapping[str, Array], sizes: Mapping[Dim, int]) -> Array:
    """The value of `root`."""
    values: dict[Node, Array] = {}
    lengths = {**sizes}
    for node in topological([root]):
        for dim in node.axes:
            lengths.setdefault(dim, dim.size or 0)
        values[node] = np.asarray(_value(node, values, arrays, lengths))
    return values[root]


def _value(node: Node, values: Mapping[Node, Array], arrays: Mapping[str, Array], sizes: Mapping[Dim, int]) -> Any:
    shape = tuple(sizes[dim] for dim in node.axes)
    match node:
        case Input(name=name):
            return arrays[name]
        case Constant(value=value):
            return float(value)
        case Size(dim=dim):
            return float(sizes[dim])
        case Zero():
            return np.zeros(shape)
        case Position(dim=dim):
            return np.arange(sizes[dim], dtype=float)
        case LeviCivita(count=count):
            return _permutation_symbol(count)
        case Spread(core=core, placing=placing, ties=ties, coefficient=coefficient):
            operands: list[Any] = [values[core], list(placing)]
            for axis, first in enumerate(ties):
                operands += [np.ones(shape[axis]), [axis]]
                operands += [np.eye(shape[axis]), [first, axis]] if first != axis else []
            return coefficient * np.einsum(*operands, list(range(len(shape))))
        case Einsum(operands=factors, subscripts=subscripts, output=output):
            pairs = zip(factors, subscripts, strict=True)
            return np.einsum(*(x for f, labels in pairs for x in (values[f], list(labels))), list(output))
        case Add(terms=terms):
            return sum(values[term] for term in terms)
        case Map(function=function, arguments=arguments):
            return np.asarray(FUNCTIONS[function].value(_NumPy(), *(values[x] for x in arguments)), float)
        case Reduce(function=function, argument=argument, count=count):
            return _reduced(function, values[argument], tuple(range(-count, 0)))
        case Axiswise(function=function, argument=argument):
            return _along(function, values[argument])
        case Affine(coefficients=coefficients, constant=constant):
            places = np.indices(shape)
            return constant + sum((c * place for c, place in zip(coefficients, places, strict=True)), np.zeros(shape))
        case Selection(index=index, dim=dim):
            return (np.asarray(values[index])[..., None] == np.arange(sizes[dim])).astype(float)
        case Algebra(function=function, arguments=arguments):
            return _algebra(function, *(values[argument] for argument in arguments))
        case Derivative() | _:
            raise TypeError(f"{node!r} has no value")


def _reduced(function: str, x: Array, axes: tuple[int, ...]) -> Array:
    match function:
        case "max":
            return x.max(axes)
        case "min":
            return x.min(axes)
        case "prod":
            return x.prod(axes)
        case "norm":
            return np.sqrt((x * x).sum(axes))
        case _:
            flat = x.reshape(*x.shape[: x.ndim - len(axes)], prod(x.shape[x.ndim - len(axes) :]))
            return scipy.special.logsumexp(flat, -1)  # over several axes of a constant row SciPy 1.17 fails


def _along(function: str, x: Array) -> Array:
    match function:
        case "softmax":
            return scipy.special.softmax(x, -1)
        case "logsoftmax":
            return scipy.special.log_softmax(x, -1)
        case "cumsum":
            return np.cumsum(x, -1)
        case "cumsum_reverse":
            return np.cumsum(x[..., ::-1], -1)[..., ::-1]
        case _:
            return np.stack([np.delete(x, k, -1).prod(-1) for k in range(x.shape[-1])], -1)


def _algebra(function: str, a: Array, *others: Array) -> Array:
    match function:
        case "inv":
            return np.linalg.inv(a)
        case "det":
            return np.linalg.det(a)
        case "logdet":
            return np.linalg.slogdet(a)[1]
        case "cholesky":
            return np.linalg.cholesky((a + np.swapaxes(a, -1, -2)) / 2)
        case _:
            (b,) = others
            batch = a.ndim - 2
            columns = b.reshape(*b.shape[: batch + 1], -1)
            return np.linalg.solve(a, columns).reshape(b.shape)


def _permutation_symbol(count: int) -> Array:
    symbol = np.zeros((count,) * count)
    for place in np.ndindex(symbol.shape):
        if len(set(place)) == count:
            symbol[place] = np.linalg.det(np.eye(count)[list(place)])
    return symbol


def differences(root: Node, leaf: Input, arrays: Mapping[str, Array], sizes: Mapping[Dim, int]) -> Array:
    """∂root/∂leaf by central differences of order four, with the axes of root, then of leaf."""
    centre, step = arrays[leaf.name], 1e-3
    columns = []
    for place in np.ndindex(*centre.shape):
        total: Any = 0.0
        for factor, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
            moved = centre.copy()
            moved[place] += factor * step
            total = total + weight * evaluate(root, {**arrays, leaf.name: moved}, sizes)
        columns.append(total / (12 * step))
    return np.stack(columns, -1).reshape(*columns[0].shape, *centre.shape)
