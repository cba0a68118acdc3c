"""Values of graphs at complex points, for derivatives by the complex step: f'(x) = Im f(x + i h) / h.

Nothing is subtracted, so h may be 1e-30 and the derivative is exact to rounding.  Each function is written here as it
is continued from the real line: |x| as √(x²) with the sign of the real part, comparisons of real parts alone.  Nothing
is shared with `diff`, `simplify`, `plan` and `run`: every delta is a dense identity matrix.

Formulas: W. Squire, G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review, 1998;
J. Martins, P. Sturdza, J. Alonso, "The complex-step derivative approximation", ACM TOMS 29, 2003.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einderiv.ir import (
    Add,
    Affine,
    Algebra,
    Axiswise,
    Constant,
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
    dependents,
    topological,
)

STEP = 1e-30

Array = NDArray[Any]
Values = dict[Node, Array]


class NotContinued(Exception):
    """A function that is not known at complex points; its name is the message."""


class OutsideDomain(Exception):
    """The value is not real and finite: the logarithm of a negative number, a division by zero."""


def slopes(
    root: Node, leaf: Input, arrays: Mapping[str, Array], sizes: Mapping[Dim, int], directions: Array
) -> tuple[float, Array]:
    """The largest number met on the way to `root`, and Σ ∂root/∂leaf D for each direction D, with the axes of `leaf`.

    Raises `NotContinued` for functions that have no form here, `OutsideDomain` where the value is not real, and
    `LinAlgError` for singular matrices.
    """
    order = topological([root])
    moving = dependents([root], [leaf])
    values: Values = {}
    with np.errstate(all="ignore"):
        for node in order:
            values[node] = value(node, values, arrays, sizes)
        if not np.allclose(np.imag(values[root]), 0) or not np.isfinite(values[root]).all():
            raise OutsideDomain
        found = []
        for direction in directions:
            stepped = {**values, leaf: arrays[leaf.name] + 1j * STEP * direction}
            for node in order:
                if node in moving and node is not leaf:
                    stepped[node] = value(node, stepped, arrays, sizes)
            found.append(np.imag(stepped[root]) / STEP)
    largest = max(float(np.max(np.abs(each), initial=0.0, where=np.isfinite(each))) for each in values.values())
    return largest, np.stack(found)


def value(node: Node, values: Values, arrays: Mapping[str, Array], sizes: Mapping[Dim, int]) -> Array:
    """The value of a node whose children are in `values`."""
    shape = tuple(sizes[dim] for dim in node.axes)
    match node:
        case Input(name=name):
            found: Any = arrays[name]
        case Constant(value=number):
            found = number
        case Size(dim=dim):
            found = sizes[dim]
        case Position():
            found = np.arange(*shape)
        case Affine(coefficients=coefficients, constant=constant):
            found = constant + sum(c * place for c, place in zip(coefficients, np.indices(shape), strict=True))
        case LeviCivita(count=count):
            found = _permutation_symbol(count)
        case Selection(index=index):
            found = np.real(values[index])[..., None] == np.arange(shape[-1])
        case Spread(core=core, placing=placing, ties=ties, coefficient=coefficient):
            found = coefficient * _laid_out(values[core], placing, ties, shape)
        case Einsum(operands=operands, subscripts=subscripts, output=output):
            pairs = zip(operands, subscripts, strict=True)
            found = np.einsum(*(x for operand, labels in pairs for x in (values[operand], labels)), output)
        case Add(terms=terms):
            found = sum(values[term] for term in terms)
        case Map(function=function, arguments=arguments):
            found = _continued(function)(*(values[argument] for argument in arguments))
        case Reduce(function=function, argument=argument, count=count):
            rows = values[argument].reshape(*shape, -1)
            found = REDUCTIONS[function](rows)
        case Axiswise(function=function, argument=argument):
            found = ALONG[function](values[argument])
        case Algebra(function=function, arguments=arguments):
            found = ALGEBRA[function](*(values[argument] for argument in arguments))
        case _:
            found = np.zeros(shape)
    return np.asarray(found, dtype=complex)


def _laid_out(core: Array, placing: tuple[int, ...], ties: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """A core over more axes: an identity matrix for each tie, ones for each axis that repeats it."""
    operands: list[Any] = [core, placing]
    for axis, first in enumerate(ties):
        operands += [np.eye(shape[axis]), (first, axis)] if first != axis else [np.ones(shape[axis]), (axis,)]
    found: Array = np.einsum(*operands, range(len(shape)))
    return found


def _permutation_symbol(count: int) -> Array:
    symbol = np.zeros((count,) * count)
    for place in np.ndindex(symbol.shape):
        symbol[place] = np.linalg.det(np.eye(count)[list(place)])
    return np.round(symbol)


# -------------------------------------------------------- elementwise functions


def _continued(function: str) -> Callable[..., Array]:
    """A function of elements at complex points."""
    if function in SPECIAL:
        try:
            found: Callable[..., Array] = getattr(import_module("scipy.special"), SPECIAL[function])
        except ImportError:
            raise NotContinued(function) from None
        return found
    if function not in FUNCTIONS:
        raise NotContinued(function)
    return FUNCTIONS[function]


def _compared(compare: Callable[[Array, Array], Array]) -> Callable[..., Array]:
    """A comparison of real parts: a complex step does not move it."""
    return lambda a, b: np.asarray(compare(np.real(a), np.real(b)))


def _larger(a: Array, b: Array) -> Array:
    """The one with the larger real part."""
    return np.where(np.real(a) >= np.real(b), a, b)


def _smaller(a: Array, b: Array) -> Array:
    """The one with the smaller real part."""
    return np.where(np.real(a) <= np.real(b), a, b)


def _angle(a: Array, b: Array) -> Array:
    """Atan2 by half the angle: 2 atan(a / (r + b)), or 2 atan((r - b) / a) where b < 0, with r = √(a² + b²)."""
    r = np.sqrt(a * a + b * b)
    half = np.where(np.real(b) < 0, (r - b) / a, a / (r + b))
    return np.asarray(2 * np.arctan(half))


def _stepwise(function: Callable[[Array], Array]) -> Callable[..., Array]:
    """A function that is constant between its jumps."""
    return lambda z: function(np.real(z))


SPECIAL = {"erf": "erf", "erfc": "erfc", "digamma": "digamma"}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sqrt": np.sqrt,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "atan2": _angle, "pow": np.power,
    "xlogx": lambda z: z * np.log(z),
    "reciprocal": lambda z: 1 / z,
    "inverse_or_zero": lambda z: np.where(z == 0, 0, 1 / z),
    "one_minus_square": lambda z: 1 - z * z,
    "root_of_one_plus_square": lambda z: np.sqrt(1 + z * z),
    "sech_squared": lambda z: 1 / np.cosh(z) ** 2,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "logistic_density": lambda z: 1 / (2 + np.exp(z) + np.exp(-z)),
    "logsigmoid": lambda z: -np.log(1 + np.exp(-z)),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "gelu": lambda z: z * _continued("erfc")(-np.sqrt(0.5) * z) / 2,
    "gaussian": lambda z: np.exp(-z * z),
    "relu": lambda z: _larger(z, np.zeros(())),
    "elu": lambda z: np.where(np.real(z) > 0, z, np.exp(z) - 1),
    "abs": lambda z: np.where(np.real(z) < 0, -z, z),
    "max": _larger, "min": _smaller,
    "clip": lambda z, a, b: _smaller(_larger(z, a), b),
    "where": lambda c, a, b: np.where(np.real(c) != 0, a, b),
    "sign": _stepwise(np.sign), "floor": _stepwise(np.floor), "ceil": _stepwise(np.ceil), "round": _stepwise(np.round),
    "less": _compared(np.less), "less_equal": _compared(np.less_equal),
    "greater": _compared(np.greater), "greater_equal": _compared(np.greater_equal),
    "equal": _compared(np.equal), "not_equal": _compared(np.not_equal),
}  # fmt: skip


# ------------------------------------------------------------------ whole axes


def _largest(z: Array) -> Array:
    """The element of each row with the largest real part."""
    found: Array = np.take_along_axis(z, np.argmax(np.real(z), -1)[..., None], -1)[..., 0]
    return found


def _logsumexp(z: Array) -> Array:
    m = np.max(np.real(z), axis=-1)
    return np.asarray(np.log(np.sum(np.exp(z - m[..., None]), axis=-1)) + m)


REDUCTIONS: Mapping[str, Callable[[Array], Any]] = {
    "max": _largest,
    "min": lambda z: -_largest(-z),
    "argmax": lambda z: np.argmax(np.real(z), -1),
    "argmin": lambda z: np.argmin(np.real(z), -1),
    "prod": lambda z: np.prod(z, axis=-1),
    "logsumexp": _logsumexp,
    "norm": lambda z: np.sqrt(np.sum(z * z, axis=-1)),
}

ALONG: Mapping[str, Callable[[Array], Any]] = {
    "softmax": lambda z: np.exp(z - _logsumexp(z)[..., None]),
    "logsoftmax": lambda z: z - _logsumexp(z)[..., None],
    "cumsum": lambda z: np.cumsum(z, axis=-1),
    "cumsum_reverse": lambda z: np.cumsum(z[..., ::-1], axis=-1)[..., ::-1],
    "cofactor": lambda z: np.stack([np.prod(np.delete(z, k, -1), axis=-1) for k in range(z.shape[-1])], -1),
}


# -------------------------------------------------------------- linear algebra


def _cholesky(A: Array) -> Array:
    """The lower L with L Lᵀ the symmetric part of A, row by row and without a conjugate."""
    A = (A + np.swapaxes(A, -1, -2)) / 2
    L = np.zeros_like(A)
    for i, j in zip(*np.tril_indices(A.shape[-1]), strict=True):
        rest = A[..., i, j] - np.sum(L[..., i, :j] * L[..., j, :j], axis=-1)
        L[..., i, j] = np.sqrt(rest) if i == j else rest / L[..., j, j]
    return L


def _solve(A: Array, b: Array) -> Array:
    columns = b.reshape(*A.shape[:-1], -1)
    return np.linalg.solve(A, columns).reshape(b.shape)


ALGEBRA: Mapping[str, Callable[..., Any]] = {
    "inv": np.linalg.inv,
    "det": np.linalg.det,
    "logdet": lambda A: np.log(np.linalg.det(A) ** 2) / 2,
    "cholesky": _cholesky,
    "solve": _solve,
}
