"""softmax, logsoftmax and logsumexp of one array: alone and together, in every layout, at the edges, in memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import scipy.special

from einderiv.ir import Dim, Input, axiswise, reduce
from einderiv.plan import plan, shared_work
from einderiv.run import prepare
from einderiv.run.exponentials import exponentials

N, K = Dim("N"), Dim("K")
X = Input("X", (N, K))
NODES = [axiswise("softmax", X, 1), axiswise("logsoftmax", X, 1), reduce("logsumexp", X, [1])]
NAMES = ["softmax", "logsoftmax", "logsumexp"]
LAYOUTS = {
    "rows": lambda x: x,
    "columns": np.asfortranarray,
    "every other": lambda x: np.repeat(np.repeat(x, 2, 0), 2, 1)[::2, ::2],
    "backwards": lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
}


def expected(x):
    x = x.astype(np.float64)
    sums = scipy.special.logsumexp(x, axis=-1)
    return [scipy.special.softmax(x, axis=-1), scipy.special.log_softmax(x, axis=-1), sums]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (8, 3), (3, 1), (1, 5), (700, 7), (2, 40_000), (90_000, 2)])
def test_values_are_those_of_scipy(shape, dtype, layout):
    x = (4 * np.random.default_rng(0).standard_normal(shape)).astype(dtype)
    given = LAYOUTS[layout](x)
    given.flags.writeable = False
    made = plan(NODES, dict(zip((N, K), shape, strict=True)), itemsize=x.itemsize)
    assert len(shared_work(made.steps)) == 1
    results = prepare(made, "numpy", str(x.dtype))({"X": given})
    for place, (result, wanted) in enumerate(zip(results, expected(x), strict=True)):
        assert result.dtype == dtype
        np.testing.assert_allclose(result, wanted, rtol=40 * np.finfo(dtype).eps, atol=40 * np.finfo(dtype).eps)
        assert not any(np.shares_memory(result, other) for other in [given, *results[:place]])


@pytest.mark.parametrize("names", [NAMES, NAMES[::-1], NAMES[:1], NAMES[1:2], NAMES[2:]])
@pytest.mark.parametrize("rows", [1, 40_000])
def test_rows_with_infinities_do_not_disturb_the_others(names, rows):
    inf, nan = np.inf, np.nan
    x = np.array([[1000, 0], [inf, 0], [-inf, 0], [-inf, -inf], [nan, 1], [0, -45]])
    wanted = {
        "softmax": [[1, 0], [1, 0], [0, 1], [nan, nan], [nan, nan], [1, np.exp(-45)]],
        "logsoftmax": [[0, -1000], [0, -inf], [-inf, 0], [nan, nan], [nan, nan], [-np.exp(-45), -45]],
        "logsumexp": [1000, inf, 0, -inf, nan, np.exp(-45)],
    }
    tall = np.tile(x, (rows, 1))
    with np.errstate(all="ignore"):
        found = exponentials(names, tall.shape, tall.dtype)(tall)
    for name, values in zip(names, found, strict=True):
        for part in (values[: len(x)], values[-len(x) :]):
            np.testing.assert_allclose(part, wanted[name], rtol=1e-14, err_msg=name)


def test_an_array_of_four_axes_is_cut_where_memory_is_far_apart():
    x = np.random.default_rng(1).standard_normal((3, 5, 64, 96))
    for given in (x, x.transpose(1, 3, 0, 2), np.broadcast_to(x[:1, :, :1], (20, 5, 20, 96))):
        for name, values in zip(NAMES, exponentials(NAMES, given.shape, given.dtype)(given), strict=True):
            wanted = dict(zip(NAMES, expected(given), strict=True))[name]
            np.testing.assert_allclose(values, wanted, rtol=1e-13, atol=1e-14)


def test_one_long_row():
    x = np.random.default_rng(2).standard_normal(5000)
    for name, value, wanted in zip(NAMES, exponentials(NAMES, x.shape, x.dtype)(x), expected(x), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-13, err_msg=name)


def test_a_long_array_needs_little_more_than_its_results():
    made = plan(NODES, {N: 200_000, K: 10})
    line = prepare(made)
    x = np.zeros((200_000, 10))
    tracemalloc.start()
    line({"X": x})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    results = 8 * (2 * x.size + len(x))
    assert results < peak < results + 4_000_000
    assert peak <= made.peak_bytes
