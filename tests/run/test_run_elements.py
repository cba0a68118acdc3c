"""Elementwise functions on arrays of NumPy: in place, at the edges of the numbers, in every floating-point type."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from einderiv.run.elements import elementwise, largest_exponent

EXACT = {
    "sigmoid": lambda t: 1 / (1 + mpmath.exp(-t)),
    "softplus": lambda t: mpmath.log(1 + mpmath.exp(t)),
    "logsigmoid": lambda t: -mpmath.log(1 + mpmath.exp(-t)),
    "sech_squared": lambda t: mpmath.sech(t) ** 2,
    "logistic_density": lambda t: 1 / (2 + mpmath.exp(t) + mpmath.exp(-t)),
}
EDGES = {
    "sigmoid": [0.0, 0.0, 0.5, 1.0, 1.0],
    "softplus": [0.0, 0.0, np.log(2.0), 1e300, np.inf],
    "logsigmoid": [-np.inf, -1e300, -np.log(2.0), 0.0, 0.0],
    "sech_squared": [0.0, 0.0, 1.0, 0.0, 0.0],
    "logistic_density": [0.0, 0.0, 0.25, 0.0, 0.0],
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_values_are_those_of_fifty_digits_in_every_type(name, dtype):
    top = largest_exponent(np.dtype(dtype))
    ends = [top - 1, top, top + 1]
    points = np.concatenate([np.linspace(-top / 2, top / 2, 401), ends, np.negative(ends)]).astype(dtype)
    with np.errstate(all="ignore"):
        found = elementwise(name, np.dtype(dtype), points.shape)(points)
    assert found.dtype == dtype
    limits = np.finfo(dtype)
    with mpmath.workdps(400):
        for point, value in zip(points, found, strict=True):
            wanted = EXACT[name](mpmath.mpf(float(point)))
            if abs(wanted) > 16 * limits.tiny:
                assert abs(mpmath.mpf(float(value)) - wanted) <= 8 * limits.eps * abs(wanted), point


@pytest.mark.parametrize("name", EDGES)
def test_infinities_have_their_limits_and_nan_stays(name):
    points = np.array([-np.inf, -1e300, 0.0, 1e300, np.inf, np.nan])
    with np.errstate(all="ignore"):
        found = elementwise(name, points.dtype, points.shape)(points)
    np.testing.assert_allclose(found, [*EDGES[name], np.nan], rtol=1e-15)


@pytest.mark.parametrize("name", [*EXACT, "relu", "one_minus_square", "tanh", "exp"])
def test_a_function_in_place_gives_the_same_and_else_leaves_its_argument_alone(name):
    points = np.linspace(-3, 3, 24).reshape(4, 6)
    argument = points.copy()
    argument.flags.writeable = False
    expected = elementwise(name, points.dtype, points.shape)(argument)
    assert not np.shares_memory(expected, argument) and np.array_equal(argument, points)
    own = points.copy()
    found = elementwise(name, points.dtype, points.shape, 0)(own)
    assert np.shares_memory(found, own)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["max", "min", "atan2"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_function_of_two_takes_the_place_of_either(name, place):
    one, two = np.array([1.0, -2.0, 3.0]), np.array([0.5, 4.0, -1.0])
    expected = elementwise(name, one.dtype, one.shape)(one, two)
    pair = [one.copy(), two.copy()]
    found = elementwise(name, one.dtype, one.shape, place)(*pair)
    np.testing.assert_array_equal(found, expected)
    assert np.shares_memory(found, pair[place])
    np.testing.assert_array_equal(pair[1 - place], (one, two)[1 - place])
