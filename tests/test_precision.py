"""Float32, axes without elements or with one, and NaN, over all golden derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from corpus import Record, draw, records

import einderiv as ed
from einderiv import samples
from einderiv.check import solve_sizes

ALL = pytest.mark.parametrize("record", records(), ids=lambda record: record.name)


def functions(record: Record) -> list[ed.Function]:
    """The value, and its derivative by each tensor."""
    program = ed.parse(record.program)
    found = [ed.function(program, of=record.of)]
    found += [ed.jacobian(program, of=record.of, wrt=wrt, allow_unused=True) for wrt in record.wrt]
    for name in program.inputs:
        if name not in record.wrt and not record.arrays[name].draw.startswith("int"):
            found.append(ed.jacobian(program, of=record.of, wrt=name, allow_unused=True))
    return found


def taken(record: Record, seed: int) -> dict[str, np.ndarray]:
    """The arrays of a record that its program takes."""
    names = set(ed.parse(record.program).inputs)
    return {name: array for name, array in draw(record, seed).items() if name in names}


@ALL
def test_float32_stays_float32_and_is_right_to_four_digits(record: Record) -> None:
    wide = taken(record, 1)
    narrow = {name: array.astype(np.float32) if array.dtype == float else array for name, array in wide.items()}
    wide = {name: array.astype(float) if array.dtype == np.float32 else array for name, array in narrow.items()}
    for function in functions(record):
        found, exact = np.asarray(function(**narrow)), np.asarray(function(**wide))
        assert found.dtype == np.float32
        scale = np.max(np.abs(exact), initial=1e-3)
        assert np.max(np.abs(found - exact), initial=0.0) <= 1e-4 * scale


@ALL
def test_one_wide_array_makes_the_result_wide(record: Record) -> None:
    arrays = taken(record, 1)
    floats = [name for name, array in arrays.items() if array.dtype == float]
    mixed = {name: array.astype(np.float32) if name in floats[1:] else array for name, array in arrays.items()}
    assert np.asarray(ed.function(record.program, of=record.of)(**mixed)).dtype == float


@ALL
def test_axes_without_elements_give_sums_of_nothing_or_a_refusal(record: Record) -> None:
    program = ed.parse(record.program)
    sizes = samples.sizes(program, 2)
    for gone in [dim for dim in sizes if dim.size is None]:
        lengths = {**sizes, gone: 0}
        rng = np.random.default_rng(0)
        arrays = {
            name: rng.uniform(0.5, 1.5, [lengths[dim] for dim in argument.node.axes])
            for name, argument in program.checked.inputs.items()
        }
        for name, array in arrays.items():
            if name in record.arrays and record.arrays[name].draw.startswith("int"):
                arrays[name] = np.zeros(array.shape, int)
        for function in functions(record):
            try:
                found = np.asarray(function(**arrays))
            except ed.EinError:
                continue
            shapes = {name: array.shape for name, array in arrays.items()}
            axes = function._asked[0].node.axes
            known = solve_sizes(program.checked, shapes, axes)
            assert found.shape == tuple(known[dim] for dim in axes)


@ALL
def test_nan_reaches_every_result_that_depends_on_it(record: Record) -> None:
    arrays = taken(record, 2)
    for name, array in arrays.items():
        if array.dtype != float or record.arrays[name].draw == "spd" or not array.size:
            continue
        place = tuple(size // 2 for size in array.shape)
        poisoned, moved = array.copy(), array.copy()
        poisoned[place] = np.nan
        moved[place] *= 1 + 1e-3
        for function in functions(record):
            try:
                found = np.asarray(function(**{**arrays, name: poisoned}))
                change = np.asarray(function(**{**arrays, name: moved})) - np.asarray(function(**arrays))
            except ed.EinError:
                continue
            scale = np.max(np.abs(np.asarray(function(**arrays))), initial=1e-300)
            assert np.isnan(found[np.abs(change) > 1e-9 * scale]).all()


def test_integers_that_are_not_needed_do_not_widen_a_result() -> None:
    g = ed.grad("a_i = u_i + (y_{t_i})^0\nL = a_i u_i", wrt="u")
    arrays = {"u": np.ones(3, np.float32), "y": np.ones(2, np.float32), "t": np.array([0, 1, 0])}
    assert g(arrays).dtype == np.float32
