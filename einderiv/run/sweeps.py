"""Sweeps on NumPy arrays: the steps of one block after the other, with views of what is cut into blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from einderiv.plan import Sweep
from einderiv.run.layout import Array

Move = Callable[[list[Array]], None]
Line = Callable[[Mapping[str, Array]], list[Array]]


def sweeping(sweep: Sweep, shapes: Sequence[tuple[int, ...]], each: Line, rest: Line, dtype: np.dtype[Any]) -> Move:
    """What runs a sweep whose results have these shapes; `each` computes those of a block, `rest` of a shorter one."""
    starts = range(0, sweep.length, sweep.block)
    sources = [(str(place), slot, axis) for place, (slot, axis) in enumerate(sweep.sources)]
    whole = [(name, slot) for name, slot, axis in sources if axis is None]
    cut = [(name, slot, (slice(None),) * axis) for name, slot, axis in sources if axis is not None]
    before = [None if axis is None else (slice(None),) * axis for _, axis in sweep.results]

    def run(values: list[Array]) -> None:
        arrays = {name: values[slot] for name, slot in whole}
        results = [
            np.zeros(shape, dtype) if axes is None else np.empty(shape, dtype)
            for shape, axes in zip(shapes, before, strict=True)
        ]
        for start in starts:
            part = slice(start, min(start + sweep.block, sweep.length))
            for name, slot, leading in cut:
                arrays[name] = values[slot][(*leading, part)]
            made = (each if part.stop - start == sweep.block else rest)(arrays)
            for place, (result, axes) in enumerate(zip(results, before, strict=True)):
                if axes is None:
                    np.add(result, made[place], out=result)
                else:
                    result[(*axes, part)] = made[place]
            del made  # before the next block needs room
        for (slot, _), result in zip(sweep.results, results, strict=True):
            values[slot] = result

    return run
