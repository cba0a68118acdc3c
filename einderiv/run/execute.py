"""Plans on arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from einderiv.errors import EinInputError, EinShapeError
from einderiv.plan import Plan
from einderiv.run.arrays import FLOAT64, accept
from einderiv.run.generic import generic
from einderiv.run.line import straight_line

Array = Any
Prepared = Callable[[Mapping[str, Array]], list[Array]]

INT64 = np.dtype(np.int64)
USUAL = ("numpy", "float64")


def run(plan: Plan, arrays: Mapping[str, object]) -> list[Array]:
    """The results of `plan` for these arrays, each a new array.

    `arrays` has one entry for each `Input` of the plan, by name; others are ignored.
    """
    return _caller(plan)(arrays)


def prepare(plan: Plan, library: str = "numpy", dtype: str = "float64") -> Prepared:
    """`plan` as a function of arrays that are known to be of this library and dtype and to have the plan's shapes."""
    return straight_line(plan, dtype) if library == "numpy" else generic(plan, library, dtype)


@lru_cache(maxsize=256)
def _caller(plan: Plan) -> Callable[[Mapping[str, object]], list[Array]]:
    """`plan` as a function of any arrays; what it needs for a library and a dtype is made at the first such call."""
    shapes, indices = tuple(plan.inputs.items()), plan.indices
    lines: dict[tuple[str, str], Prepared] = {}

    def usual(arrays: Mapping[str, object]) -> list[Array]:
        """The call with float64 arrays of NumPy, whose checks must cost next to nothing."""
        for name, shape in shapes:
            array = arrays.get(name)
            if type(array) is not np.ndarray or array.shape != shape:
                return other(arrays)
            if array.dtype is not FLOAT64 and not (name in indices and array.dtype is INT64):
                return other(arrays)
        line = lines.get(USUAL) or lines.setdefault(USUAL, prepare(plan))
        return line(arrays)

    def other(arrays: Mapping[str, object]) -> list[Array]:
        accepted = accept(_wanted(arrays, shapes), indices)
        for name, shape in shapes:
            if accepted.arrays[name].shape != shape:
                raise _misshapen(name, shape, tuple(accepted.arrays[name].shape))
        key = accepted.library, accepted.dtype
        line = lines.get(key) or lines.setdefault(key, prepare(plan, *key))
        return line(accepted.arrays)

    return usual


def _wanted(arrays: Mapping[str, object], shapes: Sequence[tuple[str, tuple[int, ...]]]) -> dict[str, object]:
    """The arrays that a plan loads."""
    missing = [name for name, _ in shapes if name not in arrays]
    if missing:
        raise EinInputError("E0501", f"missing input `{missing[0]}`")
    return {name: arrays[name] for name, _ in shapes}


def _misshapen(name: str, wanted: tuple[int, ...], shape: tuple[int, ...]) -> EinShapeError:
    return EinShapeError("E0503", f"`{name}` needs the shape {wanted} but the array has the shape {shape}")
