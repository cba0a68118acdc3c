"""Products with 1 / x and 1 / cosh(x)² that run as quotients: values, what may be written over, what is none."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import einderiv as ed
from einderiv.run.line import _spare_slots
from einderiv.run.quotients import quotients

RNG = np.random.default_rng(5)
SHAPES = [(3, 4), (40, 50), (700, 300)]  # small, with temporaries that are written over, and in blocks


def divided(text: str, *shape: int) -> int:
    """How many products of a plan are run as quotients."""
    f = ed.function(text)
    plan = f.plan(**{argument.name: shape for argument in f._arguments()})
    return len(quotients(plan, _spare_slots(plan)))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_quotient_is_rounded_once(shape, dtype):
    a, b = RNG.normal(size=(2, *shape)).astype(dtype)
    found = ed.function("y_ij = a_ij / b_ij")(a=a, b=b)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, a / b)
    np.testing.assert_array_equal(ed.function("y_ji = b_ij / a_ij")(a=a, b=b), (b / a).T)
    np.testing.assert_array_equal(ed.function("y_ij = (1 / b_ij) exp(a_ij)")(a=a, b=b), np.exp(a) / b)
    np.testing.assert_array_equal(ed.function("y_ij = (a_ij b_ij) / (b_ij + 2)")(a=a, b=b), a * b / (b + dtype(2)))


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_divided_by_is_there_for_others_and_stays_the_callers(shape):
    a, b = RNG.normal(size=(2, *shape))
    kept = a.copy(), b.copy()
    for array in (a, b):
        array.flags.writeable = False
    e, f = np.exp(b), np.cosh(a)
    later = ed.function("e_ij = exp(b_ij)\ny_ij = cosh(a_ij) / e_ij + e_ij")(a=a, b=b)
    np.testing.assert_allclose(later, f / e + e, rtol=1e-14)
    twice = ed.function("e_ij = exp(b_ij)\ny_ij = cosh(a_ij) / e_ij + 1 / e_ij")(a=a, b=b)
    np.testing.assert_allclose(twice, f / e + 1 / e, rtol=1e-14)
    np.testing.assert_array_equal(ed.function("y_ij = cosh(a_ij) / b_ij")(a=a, b=b), f / b)
    np.testing.assert_allclose(ed.function("y_ij = (1 / a_ij) (1 / b_ij)")(a=a, b=b), 1 / a / b, rtol=1e-14)
    np.testing.assert_array_equal(a, kept[0])
    np.testing.assert_array_equal(b, kept[1])


@pytest.mark.parametrize("shape", SHAPES)
def test_the_slope_of_tanh_keeps_its_digits(shape):
    x, g = RNG.uniform(-30, 30, size=shape), RNG.normal(size=shape)
    found = ed.grad("L = g_ij tanh(x_ij)", wrt="x")(x=x, g=g)
    with mpmath.workdps(40):
        wanted = [float(mpmath.mpf(b) / mpmath.cosh(mpmath.mpf(a)) ** 2) for a, b in zip(x[0], g[0], strict=True)]
    np.testing.assert_allclose(found[0], wanted, rtol=1e-14)


def test_where_a_cosh_is_infinite_the_slope_is_0():
    x = np.array([800.0, -800.0, 0.0, 400.0])
    np.testing.assert_array_equal(ed.grad("L = g_i tanh(x_i)", wrt="x")(x=x, g=np.full(4, 3.0)), [0.0, 0.0, 3.0, 0.0])


def test_zeros_infinities_and_nan_are_those_of_a_division():
    a = np.array([1.0, -1.0, 0.0, np.inf, np.nan, 1e-310, 1e308])
    b = np.array([0.0, np.inf, 0.0, np.inf, 1.0, 1e-310, 1e-308])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(ed.function("y_i = a_i / b_i")(a=a, b=b), a / b)


def test_what_is_run_as_a_quotient():
    assert divided("y_ij = a_ij / b_ij", 40, 50) == 1
    assert divided("y_ij = a_ij tanh(b_ij) / (b_ij + 2)", 40, 50) == 1
    assert divided("y_ij = a_ij / b_ij + exp(1 / b_ij)", 40, 50) == 0  # the reciprocal has another reader
    assert divided("y_ij = a_ij / (sum_k exp(b_ik))", 40, 40) == 0  # a row of reciprocals is less than a matrix
    longer = "e_ij = exp(b_ij)\nq_ij = sin(a_ij) / e_ij\ny_ij = q_ij cos(q_ij) + e_ij"
    assert divided(longer, 40, 50) == 0  # the exponential is written over before it would be divided by
    assert divided("y_i = a_ij / b_ij", 40, 50) == 0  # a product that is summed


@pytest.mark.parametrize("text", ["y_ij = a_ij / b_ji", "y_ij = tanh(a_ij) / cosh(b_ij)^2", "y_ij = a_ik b_kj / b_ij"])
def test_the_source_divides_too(text):
    a, b = RNG.normal(size=(2, 30, 30))
    f, space = ed.function(text), {}
    source = f.source("numpy")
    exec(source, space)
    assert " / " in source or " /= " in source or "np.divide(" in source
    assert "1.0 / " not in source
    np.testing.assert_array_equal(space["evaluate"](a, b), f(a=a, b=b))
