"""Array libraries: how each spells what NumPy calls `erf`, `transpose`, `flip`, and which dtype its arrays have.

A library is imported only when an array of it arrives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from einderiv.errors import EinTypeError

Array = Any

MODULES = {"numpy": "numpy", "jax": "jax.numpy", "torch": "torch", "dask": "dask.array", "cupy": "cupy"}
ROOTS = {"numpy": "numpy", "jax": "jax", "jaxlib": "jax", "torch": "torch", "dask": "dask", "cupy": "cupy"}
SPECIAL = {"numpy": "scipy.special", "jax": "jax.scipy.special", "torch": "torch", "cupy": "cupyx.scipy.special"}
SPELLINGS = {"erf": "erf", "erfc": "erfc", "lgamma": "gammaln", "digamma": "digamma", "polygamma": "polygamma"}


class Library:
    """The namespace of a library: its own functions, and `erf` and others where it has none.  Pass it for NumPy."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.module: ModuleType = import_module(MODULES[name])

    def __getattr__(self, name: str) -> Any:
        return self._special(name) if name in SPELLINGS else getattr(self.module, name)

    def _special(self, name: str) -> Callable[..., Array]:
        """A function that NumPy lacks, imported when it is first used."""
        match self.name:
            case "numpy":
                return numpy_special(name)
            case "dask":
                return lambda *arguments: self.module.map_blocks(
                    numpy_special(name), *arguments, dtype=arguments[-1].dtype
                )
            case "torch" if name == "polygamma":
                return self._torch_polygamma
            case "jax" if name == "polygamma":
                polygamma = special(SPECIAL["jax"], name)
                return lambda n, x: polygamma(n.astype(int), x)
            case "torch":
                found: Callable[..., Array] = getattr(self.module, name)
                return found
            case _:
                return special(SPECIAL[self.name], SPELLINGS[name])

    def _torch_polygamma(self, n: Array, x: Array) -> Array:
        """The derivative of order n of digamma; PyTorch takes one order at a time."""
        first, *orders = sorted({int(order) for order in n.flatten().tolist()})
        value = self.module.polygamma(first, x)
        for order in orders:
            value = self.module.where(n == order, self.module.polygamma(order, x), value)
        return value

    def dtype(self, name: str) -> Any:
        """The library's own dtype of a name."""
        if self.name == "torch":
            return getattr(self.module, name)
        return self.module.dtype(name) if self.name == "jax" else np.dtype(name)

    def made(self, array: np.ndarray[Any, Any], like: Array | None) -> Array:
        """A NumPy array as one of this library, on the device of `like`."""
        match self.name:
            case "numpy":
                return array
            case "torch":
                return self.module.as_tensor(array.copy(), device=None if like is None else like.device)
            case "dask":
                return self.module.from_array(array)
            case _:
                return self.module.asarray(array)

    def cast(self, array: Array, dtype: str) -> Array:
        """`array` with elements of another dtype; itself if they have it."""
        if self.name == "torch":
            return array.to(self.dtype(dtype))
        return array if str(array.dtype) == dtype else array.astype(dtype)

    def transpose(self, array: Array, axes: Sequence[int]) -> Array:
        """The axes in another order."""
        return array.permute(tuple(axes)) if self.name == "torch" else array.transpose(tuple(axes))

    def reverse(self, array: Array) -> Array:
        """The last axis backwards."""
        return self.module.flip(array, (-1,)) if self.name == "torch" else self.module.flip(array, -1)

    def join(self, arrays: Sequence[Array]) -> Array:
        """Arrays one after the other along the last axis."""
        return self.module.cat(list(arrays), -1) if self.name == "torch" else self.module.concatenate(arrays, -1)

    def largest(self, array: Array, *, keep: bool) -> Array:
        """The maximum along the last axis."""
        if self.name == "torch":
            return self.module.amax(array, -1, keepdim=keep)
        return self.module.max(array, axis=-1, keepdims=keep)

    def smallest(self, array: Array) -> Array:
        """The minimum along the last axis."""
        return self.module.amin(array, -1) if self.name == "torch" else self.module.min(array, axis=-1)

    def first_largest(self, array: Array) -> Array:
        """The first position of the maximum along the last axis."""
        return self.module.argmax(array, -1)

    def total(self, array: Array, *, keep: bool) -> Array:
        """The sum along the last axis."""
        if self.name == "torch":
            return self.module.sum(array, -1, keepdim=keep)
        return self.module.sum(array, axis=-1, keepdims=keep)

    def product(self, array: Array) -> Array:
        """The product along the last axis."""
        return self.module.prod(array, -1)

    def running(self, array: Array, *, product: bool = False) -> Array:
        """The sums, or products, of the first 1, 2, … elements of the last axis."""
        return self.module.cumprod(array, -1) if product else self.module.cumsum(array, -1)

    def added_at(self, array: Array, positions: Array, values: Array) -> Array:
        """A flat array with values added at positions; equal positions add up."""
        if self.name == "torch":
            return array.index_add(0, positions, values)
        if self.name == "jax":
            return array.at[positions].add(values)
        found = array.copy()
        self.module.add.at(found, positions, values)
        return found

    def plain(self, array: Array) -> Array:
        """An array that NumPy can read."""
        return array.detach().cpu() if self.name == "torch" else array

    def traced(self, array: Array) -> bool:
        """Whether the values are not known yet, as in a function that JAX compiles."""
        return self.name == "jax" and isinstance(array, import_module("jax").core.Tracer)

    def copy(self, array: Array) -> Array:
        """An array of its own; arrays that cannot be written to need none."""
        if self.name == "torch":
            return array.clone()
        return array if self.name in ("jax", "dask") else array.copy()


@lru_cache(maxsize=8)
def library(name: str) -> Library:
    """The library of a name, imported the first time."""
    return Library(name)


def _lgamma(x: float) -> float:
    """log |Γ(x)|, infinite at the poles 0, -1, -2, …"""
    return math.lgamma(x) if x > 0 or x != math.floor(x) else math.inf


STANDARD: Mapping[str, Callable[[float], float]] = {"erf": math.erf, "erfc": math.erfc, "lgamma": _lgamma}


@lru_cache(maxsize=8)
def numpy_special(name: str) -> Callable[..., Array]:
    """A function on NumPy arrays: SciPy's where it is installed, else the standard library's on each element."""
    try:
        return special(SPECIAL["numpy"], SPELLINGS[name])
    except ImportError:
        if name not in STANDARD:
            raise EinTypeError(
                "E0513",
                f"`{name}` needs SciPy, which is not installed",
                helps=["install it with `pip install scipy`; the slopes of `lgamma` are `digamma` and its derivatives"],
            ) from None
    slow = np.vectorize(STANDARD[name], otypes=[np.float64])
    return lambda x: slow(x).astype(x.dtype)


def special(module: str, name: str) -> Callable[..., Array]:
    """A function of a module, with the dtype of its last argument."""
    found = getattr(import_module(module), name)

    def value(*arguments: Array) -> Array:
        made = found(*arguments)
        return made if made.dtype == arguments[-1].dtype else made.astype(arguments[-1].dtype)

    return value
