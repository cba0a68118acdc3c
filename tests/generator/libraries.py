"""The functions of the language in each library; what all share is written with NumPy's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import mul
from types import ModuleType
from typing import Any

import numpy as np
import scipy.special

OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    "==": lambda x, y: x == y,
    "!=": lambda x, y: x != y,
    ">=": lambda x, y: x >= y,
    ">": lambda x, y: x > y,
}


class Library:
    """NumPy in real numbers; other libraries replace what differs.  `special` has erf, erfc, gammaln and psi."""

    np: Any = np
    special: Any = scipy.special

    def call(self, function: str, *x: Any) -> Any:
        """An elementwise function."""
        own = getattr(self, f"_{function}", None)
        if own is not None:
            return own(*x)
        inverse = function in ("asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2")
        return getattr(self.np, "arc" + function[1:] if inverse else function)(*x)

    # ------------------------------------------------------------ elementwise

    def _abs(self, x: Any) -> Any:
        return self.np.abs(x)

    def _max(self, x: Any, y: Any) -> Any:
        return self.np.maximum(x, y)

    def _min(self, x: Any, y: Any) -> Any:
        return self.np.minimum(x, y)

    def _clip(self, x: Any, low: Any, high: Any) -> Any:
        return self._min(self._max(x, low), high)

    def _pow(self, x: Any, p: Any) -> Any:
        return x**p

    def _square(self, x: Any) -> Any:
        return x * x

    def _relu(self, x: Any) -> Any:
        return self._max(x, 0 * x)

    def _elu(self, x: Any) -> Any:
        return self._max(x, 0 * x) + self.np.expm1(self._min(x, 0 * x))

    def _sigmoid(self, x: Any) -> Any:
        return 1 / (1 + self.np.exp(-x))

    def _softplus(self, x: Any) -> Any:
        return self._max(x, 0 * x) + self.np.log1p(self.np.exp(-self._abs(x)))

    def _logsigmoid(self, x: Any) -> Any:
        return -self._softplus(-x)

    def _silu(self, x: Any) -> Any:
        return x * self._sigmoid(x)

    def _gelu(self, x: Any) -> Any:
        return 0.5 * x * self._erfc(-np.sqrt(0.5) * x)

    def _erf(self, x: Any) -> Any:
        return self.special.erf(x)

    def _erfc(self, x: Any) -> Any:
        return self.special.erfc(x)

    def _lgamma(self, x: Any) -> Any:
        return self.special.gammaln(x)

    def _digamma(self, x: Any) -> Any:
        return self.special.psi(x)

    def polygamma(self, order: int, x: Any) -> Any:
        """The derivative of digamma of an order."""
        return self.special.polygamma(order, x)

    def compare(self, operator: str, x: Any, y: Any) -> Any:
        """1 where it holds, else 0."""
        return OPERATORS[operator](x, y) * 1.0

    def choose(self, operator: str, x: Any, y: Any, then: Any, otherwise: Any) -> Any:
        """One value where the comparison holds, else the other."""
        return self.np.where(OPERATORS[operator](x, y), then, otherwise)

    def compared(self, x: Any, y: Any) -> Any:
        """Told of the two sides of a comparison; gives back one of them."""
        return x + 0 * y

    def whole_power(self, x: Any, exponent: int) -> Any:
        """x to a whole number, by products: right for negative x in complex numbers too."""
        found = reduce(mul, [x] * abs(exponent), 1 + 0 * x)
        return self.inverse(found) if exponent < 0 else found

    def inverse(self, x: Any) -> Any:
        """The reciprocal."""
        return 1 / x

    # ---------------------------------------------------------------- arrays

    def seen(self, array: Any) -> None:
        """Told of every value."""

    def number(self, value: Any) -> Any:
        """A constant array."""
        return np.asarray(value, dtype=float)

    def transpose(self, x: Any, order: Sequence[int]) -> Any:
        """The axes in another order."""
        return self.np.transpose(x, tuple(order))

    def reshape(self, x: Any, shape: Sequence[int]) -> Any:
        """The same elements in another shape."""
        return self.np.reshape(x, tuple(shape))

    def broadcast(self, x: Any, shape: Sequence[int]) -> Any:
        """Repeated to a shape."""
        return x + np.zeros(tuple(shape))

    def at(self, x: Any, places: Sequence[np.ndarray]) -> Any:
        """The elements at these positions."""
        return x[tuple(places)]

    def sum(self, x: Any, axes: tuple[int, ...]) -> Any:
        """The sum over some axes."""
        return self.np.sum(x, axis=axes)

    def top(self, x: Any) -> Any:
        """The largest along the last axis, which stays with length 1."""
        return self.np.max(x, axis=-1, keepdims=True)

    def bottom(self, x: Any) -> Any:
        """The smallest along the last axis, which stays."""
        return self.np.min(x, axis=-1, keepdims=True)

    def reduce(self, function: str, x: Any) -> Any:
        """A reduction over the last axis."""
        count = x.shape[-1]
        match function:
            case "max":
                return self.top(x)[..., 0]
            case "min":
                return self.bottom(x)[..., 0]
            case "mean":
                return self.sum(x, (-1,)) / count
            case "prod":
                return reduce(mul, [x[..., k] for k in range(count)], self.number(np.ones(tuple(x.shape[:-1]))))
            case "norm":
                return self.np.sqrt(self.sum(x * x, (-1,)))
            case "logsumexp":
                top = self.top(x)
                return self.np.log(self.sum(self.np.exp(x - top), (-1,))) + top[..., 0]
        raise NotImplementedError(function)

    def along(self, function: str, x: Any) -> Any:
        """A function along the last axis."""
        if function == "cumsum":
            return self.sum(x[..., None, :] * self.number(np.tri(x.shape[-1])), (-1,))
        if not x.shape[-1]:
            return x
        shifted = x - self.top(x)
        total = self.sum(self.np.exp(shifted), (-1,))[..., None]
        return self.np.exp(shifted) / total if function == "softmax" else shifted - self.np.log(total)

    def algebra(self, function: str, A: Any, *others: Any) -> Any:
        """A function of matrices, the last two axes of their arrays."""
        linalg = self.np.linalg
        match function:
            case "inv":
                return linalg.inv(A)
            case "det":
                return linalg.det(A)
            case "logdet":
                return self.np.log(linalg.det(A) ** 2) / 2
            case "solve":
                [b] = others
                return linalg.solve(A, b[..., None])[..., 0] if b.ndim < A.ndim else linalg.solve(A, b)
            case "cholesky":
                return self.cholesky((A + self.np.swapaxes(A, -1, -2)) / 2)
        raise NotImplementedError(function)

    def cholesky(self, A: Any) -> Any:
        """The lower L with L Lᵀ = A, element by element."""
        size = A.shape[-1]
        L: list[list[Any]] = [[0 * A[..., i, j] for j in range(size)] for i in range(size)]
        for i, j in zip(*np.tril_indices(size), strict=True):
            rest = A[..., i, j] - sum(L[i][k] * L[j][k] for k in range(j))
            L[i][j] = self.np.sqrt(rest) if i == j else rest / L[j][j]
        return self.np.stack([self.np.stack(row, -1) for row in L], -2) if size else A


class Steps(Library):
    """NumPy in complex numbers: what is compared are the real parts, so that a complex step does not move a branch."""

    def call(self, function: str, *x: Any) -> Any:
        if function in ("floor", "ceil", "round", "sign"):
            return getattr(np, function)(*(np.real(each) for each in x))
        return super().call(function, *x)

    def number(self, value: Any) -> Any:
        return np.asarray(value, dtype=complex)

    def _abs(self, x: Any) -> Any:
        return np.where(np.real(x) < 0, -x, x)

    def _max(self, x: Any, y: Any) -> Any:
        return np.where(np.real(x) < np.real(y), y, x)

    def _min(self, x: Any, y: Any) -> Any:
        return np.where(np.real(x) < np.real(y), x, y)

    def _atan2(self, y: Any, x: Any) -> Any:
        half = np.arctan(y / (np.sqrt(x * x + y * y) + np.abs(np.real(x)) * 0 + self._abs(x)))
        return np.where(np.real(x) >= 0, 2 * half, np.where(np.real(y) >= 0, np.pi, -np.pi) - 2 * half)

    def _lgamma(self, x: Any) -> Any:
        return scipy.special.loggamma(x)

    def polygamma(self, order: int, x: Any) -> Any:
        raise NotImplementedError("SciPy has no polygamma of complex numbers")

    def compare(self, operator: str, x: Any, y: Any) -> Any:
        return OPERATORS[operator](np.real(x), np.real(y)) * 1.0

    def choose(self, operator: str, x: Any, y: Any, then: Any, otherwise: Any) -> Any:
        return np.where(OPERATORS[operator](np.real(x), np.real(y)), then, otherwise)

    def top(self, x: Any) -> Any:
        return np.take_along_axis(x, np.argmax(np.real(x), axis=-1)[..., None], -1)

    def bottom(self, x: Any) -> Any:
        return np.take_along_axis(x, np.argmin(np.real(x), axis=-1)[..., None], -1)


def autograd_library() -> Library:
    """autograd's NumPy."""
    import autograd.numpy
    import autograd.scipy.special

    class Autograd(Library):
        np = autograd.numpy
        special = autograd.scipy.special

        def choose(self, operator: str, x: Any, y: Any, then: Any, otherwise: Any) -> Any:
            """The slope of autograd's `where` does not undo a broadcast."""
            shape = np.broadcast_shapes(*(np.shape(each) for each in (x, y, then, otherwise)))
            return super().choose(operator, x, y, self.broadcast(then, shape), self.broadcast(otherwise, shape))

    return Autograd()


def jax_library() -> Library:
    """JAX's NumPy, in double precision where `jax_enable_x64` is set."""
    import jax.numpy
    import jax.scipy.special

    class Jax(Library):
        np = jax.numpy

        def _digamma(self, x: Any) -> Any:
            return jax.scipy.special.digamma(x)

        def number(self, value: Any) -> Any:
            return jax.numpy.asarray(value, dtype=float)

        def cholesky(self, A: Any) -> Any:
            return jax.numpy.linalg.cholesky(A)

    found = Jax()
    found.special = jax.scipy.special
    return found


def torch_library() -> Library:
    """PyTorch in double precision."""
    import torch

    return _torch(torch)


def _torch(torch: ModuleType) -> Library:
    class Torch(Library):
        np = torch
        special = torch.special

        def polygamma(self, order: int, x: Any) -> Any:
            return torch.special.polygamma(order, x)

        def compare(self, operator: str, x: Any, y: Any) -> Any:
            return OPERATORS[operator](x, y).to(torch.float64)

        def number(self, value: Any) -> Any:
            return torch.as_tensor(np.array(value, dtype=float))

        def transpose(self, x: Any, order: Sequence[int]) -> Any:
            return x.permute(tuple(order))

        def reshape(self, x: Any, shape: Sequence[int]) -> Any:
            return x.reshape(tuple(shape))

        def broadcast(self, x: Any, shape: Sequence[int]) -> Any:
            return x.expand(tuple(shape))

        def at(self, x: Any, places: Sequence[np.ndarray]) -> Any:
            return x[tuple(torch.as_tensor(np.array(place)) for place in places)]

        def sum(self, x: Any, axes: tuple[int, ...]) -> Any:
            return torch.sum(x, dim=axes)

        def top(self, x: Any) -> Any:
            return torch.amax(x, dim=-1, keepdim=True)

        def bottom(self, x: Any) -> Any:
            return torch.amin(x, dim=-1, keepdim=True)

        def cholesky(self, A: Any) -> Any:
            return torch.linalg.cholesky(A)

    return Torch()
