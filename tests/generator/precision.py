"""Single precision, axes with one element or none, and NaN: checks of a value and its gradient, each of a sample.

A check returns False where a sample does not have what it is about, and raises `Mismatch` where it fails.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from reference import evaluate as by_definition

import einderiv as ed
from einderiv.ir.nodes import Node
from generator.arrays import Arrays, Sample
from generator.checking import IllConditioned, Mismatch, close
from generator.relations import grad

_COMPARES = re.compile(r"\bwhere\(|[<>≤≥≠]|==|!=")
DIGITS = 1e-4  # the relative error that single precision may have
FEW = 1e-2  # and where a gradient cancels


def single(sample: Sample) -> bool:
    """Float32 in gives float32 out, with four digits of what float64 gives for the same numbers, or two: False."""
    arrays = dict(sample.arrays) | {name: sample.arrays[name].astype(np.float32) for name in sample.wrt}
    wide = dict(arrays) | {name: arrays[name].astype(float) for name in sample.wrt}
    moved = dict(wide) | {name: np.nextafter(arrays[name], np.float32(9e9)).astype(float) for name in sample.wrt}
    found, exact, other = (grad(sample.text, each, sample.wrt) for each in (arrays, wide, moved))
    for name in sample.wrt:
        if found[name].dtype != np.float32:
            raise Mismatch(f"∂L/∂{name} of float32 arrays has the type {found[name].dtype}")
        scale = np.max(np.abs(exact[name]), initial=1e-3)
        apart = np.max(np.abs(found[name] - exact[name]), initial=0.0)
        if not apart <= DIGITS * scale:
            if not np.max(np.abs(other[name] - exact[name]), initial=0.0) <= DIGITS / 100 * scale:
                raise IllConditioned(name)  # one unit in the last place of float32 moves the exact result as far
            if not apart <= FEW * scale:
                raise Mismatch(f"∂L/∂{name} of float32 arrays is wrong by {apart / scale:.2g}")
            return False  # a cancellation in the gradient itself, as in that of a softmax near 1
    return True


def short_axes(sample: Sample) -> bool:
    """With each axis in turn of no element, and of one, the value and the gradient are those of the definition."""
    program = ed.parse(sample.text)
    function = ed.value_and_grad(program, of=sample.of, wrt=sample.wrt, allow_unused=True)
    inputs = {name: program.checked.inputs[name].node for name in sample.arrays}
    dims = {dim for node in inputs.values() for dim in node.axes if dim.size is None}
    done = False
    for dim in sorted(dims, key=lambda each: each.name):
        for length in (1,) if "atan2(" in sample.text else (0, 1):  # atan2 jumps at (0, 0), by the sign of a zero
            arrays = {name: _cut(sample.arrays[name], node.axes, dim, length) for name, node in inputs.items()}
            done = _as_defined(function, arrays, sample.wrt, length) or done
    return done


def _cut(array: np.ndarray, axes: Any, dim: object, length: int) -> np.ndarray:
    """The array with so many elements along an axis; positions stay inside where one is left."""
    for place, axis in enumerate(axes):
        if axis == dim:
            array = array.take(range(min(length, array.shape[place])), axis=place)
    return np.zeros_like(array) if array.dtype.kind == "i" else array


def _as_defined(function: ed.Function, arrays: Arrays, wrt: list[str], length: int) -> bool:
    """Whether these arrays fit; if so, the results are those of the definition."""
    try:
        value, gradient = function(arrays)
    except ed.EinError:
        return False  # a maximum of nothing, a position outside, a size that is fixed elsewhere
    sizes = function._sizes({name: array.shape for name, array in arrays.items()}, function._nodes)
    results = [value, *(gradient[name] for name in wrt)]
    for title, result, asked in zip(["L", *wrt], results, function._asked, strict=True):
        shape = tuple(sizes[dim] for dim in asked.node.axes)
        if result.shape != shape:
            raise Mismatch(f"{title} has the shape {result.shape}, not {shape}")
        try:
            with np.errstate(all="ignore"):
                expected = by_definition(asked.node, arrays, sizes)
        except ValueError:  # the definition by NumPy has no maximum of nothing, which a softmax takes
            continue
        if not np.isfinite(result).all() and length == 0:
            return False  # 0 · ∞ with the sum of nothing for 0, which the conventions leave
        if np.isfinite(expected).all():
            try:
                close(result, expected, title, scale=float(np.max(np.abs(expected), initial=1.0)))
            except Mismatch:
                if length == 0 and _divides_by_zero(asked.node, arrays, sizes):
                    return False  # by the sum of nothing, whose sign the conventions leave
                raise
    return True


def _divides_by_zero(node: Node, arrays: Arrays, sizes: Any) -> bool:
    """Whether the definition has 1 / ±0 in it: what stands behind it may be finite, and another for either sign."""
    try:
        with np.errstate(all="ignore", divide="raise"):
            by_definition(node, arrays, sizes)
    except FloatingPointError:
        return True
    return False


def poisoned(sample: Sample) -> bool:
    """NaN in an element of an input reaches the value, if that element moves it; comparisons with NaN are false."""
    if _COMPARES.search(sample.text):
        return False
    function = ed.function(sample.text, of=sample.of)
    before = float(function(sample.arrays))
    done = False
    for name in sample.wrt:
        array = sample.arrays[name]
        if not array.size:
            continue
        place = tuple(size // 2 for size in array.shape)
        moved, spoilt = array.copy(), array.copy()
        moved[place] *= 1 + 1e-3
        spoilt[place] = np.nan
        if abs(float(function(sample.arrays | {name: moved})) - before) > 1e-9 * max(abs(before), 1e-300):
            done = True
            if np.isfinite(after := float(function(sample.arrays | {name: spoilt}))):
                raise Mismatch(f"NaN in {name} gives {after}")
    return done
