"""Derivatives with a hundred digits, by differences: slow, and right where two libraries differ in the last digits."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np

from generator.arrays import Sample
from generator.evaluation import evaluate
from generator.libraries import Library
from generator.oracles import symmetric

DIGITS = 100
STEP = mpmath.mpf(10) ** -30


class Exact(Library):
    """NumPy's arrays of mpmath's numbers."""

    def call(self, function: str, *x: Any) -> Any:
        own = getattr(self, f"_{function}", None)
        if own is not None and function not in ELEMENTWISE:
            return own(*x)
        return np.frompyfunc(ELEMENTWISE[function], len(x), 1)(*x)

    def polygamma(self, order: int, x: Any) -> Any:
        return np.frompyfunc(lambda each: mpmath.polygamma(order, each), 1, 1)(x)

    def number(self, value: Any) -> Any:
        return exact(mpmath.pi if np.ndim(value) == 0 and value == np.pi else value)

    def broadcast(self, x: Any, shape: Any) -> Any:
        return np.broadcast_to(np.asarray(x, dtype=object), tuple(shape))

    def sum(self, x: Any, axes: tuple[int, ...]) -> Any:
        return np.asarray(np.sum(x, axis=axes), dtype=object)

    def at(self, x: Any, places: Any) -> Any:
        return np.asarray(x, dtype=object)[tuple(places)]

    def reduce(self, function: str, x: Any) -> Any:
        match function:
            case "norm":
                return self.call("sqrt", self.sum(x * x, (-1,)))
            case "logsumexp":
                return self.call("log", self.sum(self.call("exp", x), (-1,)))
            case _:
                return super().reduce(function, x)

    def along(self, function: str, x: Any) -> Any:
        if function == "cumsum" or not x.shape[-1]:
            return super().along(function, x)
        total = self.sum(self.call("exp", x), (-1,))[..., None]
        return self.call("exp", x) / total if function == "softmax" else x - self.call("log", total)

    def algebra(self, function: str, A: Any, *others: Any) -> Any:
        if function == "cholesky":
            return self.cholesky((A + np.swapaxes(A, -1, -2)) / 2)
        matrix = mpmath.matrix(A.tolist())
        match function:
            case "inv":
                return np.array((matrix**-1).tolist(), dtype=object).reshape(A.shape)
            case "solve":
                [b] = others
                columns = np.array((matrix**-1).tolist(), dtype=object).reshape(A.shape)
                return columns @ b
            case _:
                found = mpmath.det(matrix)
                return exact(found if function == "det" else mpmath.log(abs(found)))

    def cholesky(self, A: Any) -> Any:
        L = np.array((mpmath.cholesky(mpmath.matrix(A.tolist()))).tolist(), dtype=object)
        return L.reshape(A.shape)


ELEMENTWISE: dict[str, Any] = {
    **{name: getattr(mpmath, name) for name in "exp expm1 log log1p sqrt sin cos tan sinh cosh tanh".split()},
    **{name: getattr(mpmath, name) for name in "asin acos atan asinh acosh atanh atan2 erf erfc sign".split()},
    **{name: getattr(mpmath, name) for name in "floor ceil digamma".split()},
    "abs": abs,
    "round": lambda x: mpmath.mpf(round(float(x))),
    "lgamma": mpmath.loggamma,
    "pow": lambda x, p: mpmath.power(x, p),
    "relu": lambda x: x if x > 0 else 0 * x,
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "logsigmoid": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "gelu": lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
}


def exact(value: Any) -> Any:
    """An array of mpmath's numbers."""
    return np.frompyfunc(mpmath.mpf, 1, 1)(np.asarray(value, dtype=object)) + np.zeros((), dtype=object)


def derivative(sample: Sample, names: list[str]) -> np.ndarray:
    """The derivative of the last equation by one input, or by two: its axes, then those of each."""
    with mpmath.workdps(DIGITS):
        arrays = {name: exact(array) if name in sample.wrt else array for name, array in sample.arrays.items()}
        found = np.asarray(_by(sample, arrays, names), dtype=float)
    return symmetric(sample, {" ".join(names): found})[" ".join(names)]


def _by(sample: Sample, arrays: dict[str, Any], names: list[str]) -> Any:
    if not names:
        return np.asarray(evaluate(sample.program, arrays, Exact())[sample.of], dtype=object)
    *earlier, name = names
    start = _by(sample, arrays, earlier)
    shape = sample.arrays[name].shape
    columns = []
    for place in np.ndindex(shape):
        moved = np.array(arrays[name], dtype=object).reshape(shape)
        moved[place] = moved[place] + STEP
        columns.append((_by(sample, arrays | {name: moved}, earlier) - start) / STEP)
    count = math.prod(shape)
    found = np.empty((*start.shape, count), dtype=object)
    for number, column in enumerate(columns):
        found[..., number] = column
    return found.reshape((*start.shape, *shape))
