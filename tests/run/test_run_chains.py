"""Chains of elementwise steps on long arrays: values, layouts, types, threads and memory."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.special import expit

import einderiv as ed

SHAPE = (700, 300)
RNG = np.random.default_rng(3)
X, Y = RNG.standard_normal(SHAPE), RNG.standard_normal(SHAPE)
CASES = {
    "softplus": (
        "L = sum_ij y_ij log(1 + exp(x_ij))",
        lambda x, y: (y * np.logaddexp(0, x)).sum(),
        lambda x, y: y * expit(x),
    ),
    "logistic": (
        "L = sum_ij (log(1 + exp(x_ij)) - y_ij x_ij)",
        lambda x, y: (np.logaddexp(0, x) - y * x).sum(),
        lambda x, y: expit(x) - y,
    ),
    "squares": (
        "p_ij = tanh(x_ij) / 2 + 3\nL = (p_ij - y_ij)^2",
        lambda x, y: ((np.tanh(x) / 2 + 3 - y) ** 2).sum(),
        lambda x, y: (np.tanh(x) / 2 + 3 - y) / np.cosh(x) ** 2,
    ),
    "where": (
        "L = sum_ij where(x_ij > y_ij, exp(x_ij), -2 y_ij x_ij)",
        lambda x, y: np.where(x > y, np.exp(x), -2 * y * x).sum(),
        lambda x, y: np.where(x > y, np.exp(x), -2 * y),
    ),
    "four terms": (
        "L = sum_ij (2 x_ij - y_ij + 3 x_ij^2 + x_ij y_ij + 5)",
        lambda x, y: (2 * x - y + 3 * x**2 + x * y + 5).sum(),
        lambda x, y: 2 + 6 * x + y,
    ),
}
LAYOUTS = {
    "rows": lambda x: x.copy(),
    "columns": np.asfortranarray,
    "a part": lambda x: np.pad(x, 3)[3:-3, 3:-3],
    "backwards": lambda x: np.ascontiguousarray(x[::-1])[::-1],
}


def chained(function, **shapes):
    return function.plan(**shapes).chains


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("one", LAYOUTS)
@pytest.mark.parametrize("other", ["rows", "columns"])
def test_value_and_gradient_in_every_layout(case, one, other):
    text, value, slope = CASES[case]
    x, y = LAYOUTS[one](X), LAYOUTS[other](Y)
    x.flags.writeable = y.flags.writeable = False
    function = ed.value_and_grad(text, wrt="x")
    assert chained(function, x=SHAPE, y=SHAPE)
    found, gradient = function(x=x, y=y)
    np.testing.assert_allclose(found, value(X, Y), rtol=1e-12)
    np.testing.assert_allclose(gradient, slope(X, Y), rtol=1e-12, atol=1e-14)
    assert gradient.flags.writeable and not any(np.shares_memory(gradient, each) for each in (x, y))
    assert np.array_equal(x, X) and np.array_equal(y, Y)


def test_rows_longer_than_a_block_and_more_axes():
    function = ed.value_and_grad("L = sum_ijk log(1 + exp(x_ijk)) y_ijk", wrt=["x", "y"])
    for shape in [(1, 2, 150_001), (150_001, 1, 2), (3, 70_000, 1)]:
        x, y = RNG.standard_normal(shape), np.asfortranarray(RNG.standard_normal(shape))
        assert chained(function, x=shape, y=shape)
        value, gradient = function(x=x, y=y)
        np.testing.assert_allclose(value, (np.logaddexp(0, x) * y).sum(), rtol=1e-11)
        np.testing.assert_allclose(gradient["x"], expit(x) * y, rtol=1e-13)
        np.testing.assert_allclose(gradient["y"], np.logaddexp(0, x), rtol=1e-13)
        assert not np.shares_memory(gradient["x"], gradient["y"])


def test_float32_stays_float32():
    function = ed.value_and_grad("L = sum_i log(1 + exp(x_i))", wrt="x")
    x = (8 * RNG.standard_normal(200_000)).astype(np.float32)
    x[:3] = -100, 100, 0
    value, gradient = function(x=x)
    assert value.dtype == gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, expit(x.astype(float)), rtol=1e-6, atol=1e-37)
    np.testing.assert_allclose(value, np.logaddexp(0, x.astype(float)).sum(), rtol=1e-6)


def test_huge_numbers_infinities_and_nan_go_through_where_they_are():
    function = ed.function("s_i = log(1 + exp(x_i))\ng_i = 1 / (1 + exp(-x_i))", of=["s", "g"])
    x = RNG.standard_normal(300_000)
    places = [5, 100_000, 100_001, 299_998, 299_999]
    x[places] = [1e300, np.inf, -np.inf, np.nan, -800]
    assert chained(function, x=x.shape)
    found = function(x=x)
    plain = np.delete(np.arange(len(x)), places)
    np.testing.assert_allclose(found["s"][plain], np.logaddexp(0, x[plain]), rtol=1e-13)
    np.testing.assert_allclose(found["g"], expit(x), rtol=1e-13)
    np.testing.assert_array_equal(found["s"][places], [1e300, np.inf, 0, np.nan, 0])
    np.testing.assert_array_equal(found["g"][places[:4]], [1, 1, 0, np.nan])


def test_threads_do_not_meet():
    function = ed.value_and_grad(CASES["logistic"][0], wrt="x")

    def call(seed):
        rng = np.random.default_rng(seed)
        x, y = rng.standard_normal((2, *SHAPE))
        value, gradient = function(x=x, y=y)
        np.testing.assert_allclose(value, CASES["logistic"][1](x, y), rtol=1e-12)
        np.testing.assert_allclose(gradient, CASES["logistic"][2](x, y), rtol=1e-12, atol=1e-14)
        return gradient

    with ThreadPoolExecutor(16) as pool:
        gradients = list(pool.map(call, range(32)))
    assert not any(np.shares_memory(gradients[0], other) for other in gradients[1:])


@pytest.mark.parametrize("case", CASES)
def test_nothing_whole_but_the_results_is_made_and_the_plan_says_so(case):
    function = ed.value_and_grad(CASES[case][0], wrt="x")
    shape = (1_000_000, 2)
    x, y = RNG.standard_normal(shape), RNG.standard_normal(shape)
    function(x=x, y=y)
    tracemalloc.start()
    function(x=x, y=y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    predicted = function.plan(x=x, y=y).peak_bytes
    assert x.nbytes <= peak <= predicted < 3 * x.nbytes


def test_short_arrays_are_not_cut():
    assert not chained(ed.value_and_grad(CASES["softplus"][0], wrt="x"), x=(100, 100))
