"""Array libraries: how each spells what NumPy calls `erf`, `transpose`, `flip`, and which dtype its arrays have.

A library is imported only when an array of it arrives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

Array = Any

MODULES = {"numpy": "numpy", "jax": "jax.numpy", "torch": "torch", "dask": "dask.array", "cupy": "cupy"}
ROOTS = {"numpy": "numpy", "jax": "jax", "jaxlib": "jax", "torch": "torch", "dask": "dask", "cupy": "cupy"}
ERF = {"jax": "jax.scipy.special", "torch": "torch", "cupy": "cupyx.scipy.special"}


class Library:
    """The namespace of a library: its own functions, and `erf` where it has none.  Pass it where NumPy would be."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.module: ModuleType = import_module(MODULES[name])
        self.erf: Callable[[Array], Array] = self._erf()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)

    def _erf(self) -> Callable[[Array], Array]:
        if self.name in ERF:
            found: Callable[[Array], Array] = import_module(ERF[self.name]).erf
            return found
        return numpy_erf() if self.name == "numpy" else lambda x: x.map_blocks(numpy_erf(), dtype=x.dtype)

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

    def copy(self, array: Array) -> Array:
        """An array of its own; arrays that cannot be written to need none."""
        if self.name == "torch":
            return array.clone()
        return array if self.name in ("jax", "dask") else array.copy()


@lru_cache(maxsize=8)
def library(name: str) -> Library:
    """The library of a name, imported the first time."""
    return Library(name)


@lru_cache(maxsize=1)
def numpy_erf() -> Callable[[Array], Array]:
    """The error function on NumPy arrays: SciPy's where it is installed, else the standard library's on each."""
    try:
        found: Callable[[Array], Array] = import_module("scipy.special").erf
    except ImportError:
        slow = np.vectorize(math.erf, otypes=[np.float64])
        return lambda x: slow(x).astype(x.dtype)
    return found
