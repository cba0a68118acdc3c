"""Every elementwise function with two derivatives, and what is recognised, against 50 digits of mpmath.

An error is relative to the exact value.  For the functions of `BACKWARD`, which pass through zero or amplify the
rounding of their argument, it is relative to |x f′(x)| where that is larger: how far the value moves with x.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import scipy.special

import einderiv as ed
from einderiv.diff import jacobians
from einderiv.ir import FUNCTIONS, Dim, Input, Node, apply, einsum
from einderiv.plan import plan
from einderiv.run import prepare
from einderiv.run.library import library
from einderiv.simplify import simplify

mpmath.mp.dps = 50
mpf = mpmath.mpf
N = Dim("N")
x = Input("x", (N,))
RNG = np.random.default_rng(17)


def spread(low: float, high: float, count: int = 300) -> np.ndarray:
    """Points of all magnitudes from `low` to `high`, with both signs."""
    sizes = 10 ** RNG.uniform(np.log10(low), np.log10(high), count)
    return np.concatenate([sizes, -sizes, [0.0]])


LINE = np.concatenate([RNG.normal(size=400) * 3, spread(1e-300, 1e-3)])  # ordinary and very small numbers
WIDE = np.concatenate([LINE, spread(1.0, 700.0)])
POSITIVE = np.concatenate([RNG.uniform(0.01, 5, 400), 10 ** RNG.uniform(-100, 100, 600)])
UNIT = np.concatenate([RNG.uniform(-0.99, 0.99, 400), 1 - 10 ** RNG.uniform(-12, -1, 300), spread(1e-100, 1e-3)])


def sigmoid(t: mpf) -> mpf:
    return 1 / (1 + mpmath.exp(-t))


def elu(t: mpf) -> mpf:
    return t if t > 0 else mpmath.expm1(t)


Exact = Callable[[mpf], mpf]
CASES: dict[str, tuple[tuple[Exact, Exact, Exact], np.ndarray]] = {}


def case(name: str, value: Exact, slope: Exact, curvature: Exact, points: np.ndarray) -> None:
    CASES[name] = (value, slope, curvature), points


FOUR_ULPS = 4 * 2.0**-52
ELEMENTARY = frozenset(
    "exp expm1 log log1p sqrt reciprocal square sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh".split()
)
BACKWARD = {"xlogx", "silu", "gelu", "erfc", "lgamma", "digamma"}
exp, log, sqrt, sech = mpmath.exp, mpmath.log, mpmath.sqrt, mpmath.sech
bell = lambda t: 2 / sqrt(mpmath.pi) * exp(-t * t)  # noqa: E731
phi = lambda t: mpmath.npdf(t)  # noqa: E731
case("exp", exp, exp, exp, WIDE)
case("expm1", mpmath.expm1, exp, exp, WIDE)
case("log", log, lambda t: 1 / t, lambda t: -1 / t**2, POSITIVE)
case("log1p", mpmath.log1p, lambda t: 1 / (1 + t), lambda t: -1 / (1 + t) ** 2, np.concatenate([POSITIVE, UNIT]))
case("xlogx", lambda t: t * log(t), lambda t: log(t) + 1, lambda t: 1 / t, POSITIVE)
case("sqrt", sqrt, lambda t: 1 / (2 * sqrt(t)), lambda t: -1 / (4 * t * sqrt(t)), POSITIVE)
case("reciprocal", lambda t: 1 / t, lambda t: -1 / t**2, lambda t: 2 / t**3, POSITIVE)
case("square", lambda t: t * t, lambda t: 2 * t, lambda t: mpf(2), POSITIVE)
case("sin", mpmath.sin, mpmath.cos, lambda t: -mpmath.sin(t), WIDE)
case("cos", mpmath.cos, lambda t: -mpmath.sin(t), lambda t: -mpmath.cos(t), WIDE)
case("tan", mpmath.tan, lambda t: mpmath.sec(t) ** 2, lambda t: 2 * mpmath.tan(t) * mpmath.sec(t) ** 2, LINE)
case("asin", mpmath.asin, lambda t: 1 / sqrt(1 - t * t), lambda t: t / sqrt(1 - t * t) ** 3, UNIT)
case("acos", mpmath.acos, lambda t: -1 / sqrt(1 - t * t), lambda t: -t / sqrt(1 - t * t) ** 3, UNIT)
case(
    "atan",
    mpmath.atan,
    lambda t: 1 / (1 + t * t),
    lambda t: -2 * t / (1 + t * t) ** 2,
    np.concatenate([LINE, spread(1, 1e70)]),
)
case("sinh", mpmath.sinh, mpmath.cosh, mpmath.sinh, WIDE)
case("cosh", mpmath.cosh, mpmath.sinh, mpmath.cosh, WIDE)
case(
    "tanh",
    mpmath.tanh,
    lambda t: sech(t) ** 2,
    lambda t: -2 * mpmath.tanh(t) * sech(t) ** 2,
    np.concatenate([LINE, spread(1, 340)]),
)
case(
    "asinh",
    mpmath.asinh,
    lambda t: 1 / sqrt(1 + t * t),
    lambda t: -t / sqrt(1 + t * t) ** 3,
    np.concatenate([LINE, spread(1, 1e100)]),
)
case(
    "acosh",
    mpmath.acosh,
    lambda t: 1 / sqrt(t * t - 1),
    lambda t: -t / sqrt(t * t - 1) ** 3,
    np.concatenate([1 + RNG.uniform(0, 5, 300), 1 + 10 ** RNG.uniform(-12, 0, 300), 10 ** RNG.uniform(0, 100, 300)]),
)
case("atanh", mpmath.atanh, lambda t: 1 / (1 - t * t), lambda t: 2 * t / (1 - t * t) ** 2, UNIT)
case(
    "sigmoid",
    sigmoid,
    lambda t: sigmoid(t) * sigmoid(-t),
    lambda t: -sigmoid(t) * sigmoid(-t) * mpmath.tanh(t / 2),
    WIDE,
)
case("logsigmoid", lambda t: -mpmath.log1p(exp(-t)), lambda t: sigmoid(-t), lambda t: -sigmoid(t) * sigmoid(-t), WIDE)
case("softplus", lambda t: mpmath.log1p(exp(t)), sigmoid, lambda t: sigmoid(t) * sigmoid(-t), WIDE)
case("elu", elu, lambda t: mpf(1) if t > 0 else exp(t), lambda t: mpf(0) if t > 0 else exp(t), WIDE[WIDE != 0])
case(
    "silu",
    lambda t: t * sigmoid(t),
    lambda t: sigmoid(t) + t * sigmoid(t) * sigmoid(-t),
    lambda t: sigmoid(t) * sigmoid(-t) * (2 - t * mpmath.tanh(t / 2)),
    WIDE,
)
case(
    "gelu",
    lambda t: t * mpmath.ncdf(t),
    lambda t: mpmath.ncdf(t) + t * phi(t),
    lambda t: phi(t) * (2 - t * t),
    np.concatenate([LINE, RNG.uniform(-37, 37, 400)]),
)
case("erf", mpmath.erf, bell, lambda t: -2 * t * bell(t), np.concatenate([LINE, RNG.uniform(-26, 26, 400)]))
case(
    "erfc",
    mpmath.erfc,
    lambda t: -bell(t),
    lambda t: 2 * t * bell(t),
    np.concatenate([LINE, RNG.uniform(-26, 26, 400)]),
)
case(
    "lgamma",
    mpmath.loggamma,
    mpmath.digamma,
    lambda t: mpmath.polygamma(1, t),
    np.concatenate([RNG.uniform(0.01, 30, 200), 10 ** RNG.uniform(-100, 8, 100)]),
)
case(
    "digamma",
    mpmath.digamma,
    lambda t: mpmath.polygamma(1, t),
    lambda t: mpmath.polygamma(2, t),
    np.concatenate([RNG.uniform(0.01, 30, 200), 10 ** RNG.uniform(-60, 8, 100)]),
)


def derivatives(function: str) -> list[Node]:
    """f(x) and, element by element, two derivatives."""
    found = [apply(function, x)]
    for _ in range(2):
        found.append(jacobians(einsum([(found[-1], "i")], ""), [x])[x])
    return simplify(found)


@pytest.mark.parametrize("name", CASES)
def test_a_function_and_two_derivatives_keep_their_digits(name: str) -> None:
    exact, points = CASES[name]
    found = prepare(plan(derivatives(name), {N: len(points)}))({"x": points})
    limit = FOUR_ULPS if name in ELEMENTARY else 1e-14
    for order, values in enumerate(found):
        for point, value in zip(points, values, strict=True):
            t = mpf(float(point))
            wanted = exact[order](t)
            if not 1e-290 < abs(wanted) < 1e305:
                assert wanted != 0 or value == 0, (order, point)
                continue
            scale = abs(wanted)
            if name in BACKWARD:
                scale = max(scale, abs(t * (exact[order + 1](t) if order < 2 else mpmath.diff(exact[2], t))))
            assert abs(mpf(float(value)) - wanted) <= limit * scale, (order, point, value)


INTERNAL = {"inverse_or_zero", "one_minus_square", "root_of_one_plus_square", "sech_squared", "logistic_density"}
INTERNAL |= {"gaussian", "polygamma"}
STEPS = {"abs", "sign", "floor", "ceil", "round", "relu"}


def test_every_function_of_one_argument_is_measured() -> None:
    assert {name for name, row in FUNCTIONS.items() if row.arity == 1} <= CASES.keys() | INTERNAL | STEPS


@pytest.mark.parametrize("name", sorted(STEPS))
def test_steps_are_exact(name: str) -> None:
    points = np.concatenate([WIDE, np.arange(-3, 3.5, 0.5)])
    value, slope, curvature = prepare(plan(derivatives(name), {N: len(points)}))({"x": points})
    values = {"abs": np.abs, "sign": np.sign, "relu": lambda t: np.maximum(t, 0)}
    np.testing.assert_array_equal(value, values.get(name, getattr(np, name, None))(points))
    slopes = {"abs": np.sign(points), "relu": points > 0}
    np.testing.assert_array_equal(slope, slopes.get(name, np.zeros(points.shape)))
    np.testing.assert_array_equal(curvature, np.zeros(points.shape))


def test_the_columns_of_the_table_fit_together() -> None:
    columns = {"x": [0.3, 0.7], "a": [0.4, 0.8], "b": [0.6, 0.8], "c": [0.0, 1.0], "p": [1.5, -2.0], "n": [1.0, 2.0]}
    arrays = {letter: np.array(column) for letter, column in columns.items()}
    library_of_numpy = library("numpy")
    for name, row in FUNCTIONS.items():
        letters = row.arguments.split()
        assert len(letters) == row.arity and row.domain, name
        assert all(letter in row.latex.format(**{letter: letter for letter in letters}) for letter in letters), name
        points = [arrays[letter] + (1.0 if name == "acosh" else 0.0) for letter in letters]
        source = row.source.format(**{letter: f"points[{place}]" for place, letter in enumerate(letters)})
        made = eval(source, {"np": np, "special": scipy.special, "points": points})
        np.testing.assert_allclose(made, row.value(library_of_numpy, *points), rtol=1e-14, err_msg=name)


# ----------------------------------------------------- what is recognised, at extremes


def relative(found: np.ndarray, wanted: list[mpf]) -> float:
    """The largest relative error; what is smaller than any number must be 0 or nearly so."""
    worst = 0.0
    for value, exact in zip(np.ravel(found), wanted, strict=True):
        error = abs(mpf(float(value)) - exact)
        worst = max(worst, float(error / abs(exact)) if abs(exact) > 1e-290 else float(error > 1e-290))
    return worst


@pytest.mark.parametrize("arrangement", ["spread", "one huge"])
def test_exponentials_of_many_entries(arrangement: str) -> None:
    a = np.random.default_rng(4).uniform(-1e4, 1e4, 10_000)
    if arrangement == "one huge":
        a[17] = 1e300
    exact = [mpf(float(t)) for t in a]
    top = max(exact)
    with mpmath.workdps(400):
        total = mpmath.fsum(mpmath.exp(t - top) for t in exact)
        lse = top + mpmath.log(total)
    program = "l = log(sum_c exp(a_c))\ns_k = exp(a_k) / sum_c exp(a_c)\nq_k = log(exp(a_k) / sum_c exp(a_c))"
    found = ed.evaluate(program, a=a)
    assert relative(found["l"], [lse]) <= 1e-14
    assert relative(found["s"], [mpmath.exp(t - top) / total for t in exact]) <= 1e-14
    logarithms = [t - lse if t != top else -mpmath.log(total) for t in exact]
    assert relative(found["q"], logarithms) <= 1e-14
    gradient = ed.grad("l = log(sum_c exp(a_c))", wrt="a")(a=a)
    assert relative(gradient, [mpmath.exp(t - top) / total for t in exact]) <= 1e-14


MAGNITUDES = 10.0 ** np.arange(-300, 301, 20)
FORMULAS: dict[str, tuple[Exact, np.ndarray]] = {
    "log(1 + exp(x_i))": (lambda t: mpmath.log1p(exp(t)) if t < 1e4 else t, np.r_[MAGNITUDES, -MAGNITUDES]),
    "log(exp(x_i) + 1)": (lambda t: mpmath.log1p(exp(t)) if t < 1e4 else t, np.r_[MAGNITUDES, -MAGNITUDES]),
    "1 / (1 + exp(-x_i))": (lambda t: sigmoid(t) if abs(t) < 1e4 else mpf(t > 0), np.r_[MAGNITUDES, -MAGNITUDES]),
    "log(1 + x_i)": (mpmath.log1p, MAGNITUDES),
    "exp(x_i) - 1": (mpmath.expm1, np.r_[MAGNITUDES[MAGNITUDES < 700], -MAGNITUDES]),
    "tanh(x_i)": (lambda t: mpmath.tanh(t) if abs(t) < 1e4 else mpmath.sign(t), np.r_[MAGNITUDES, -MAGNITUDES]),
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_at_all_magnitudes(formula: str) -> None:
    value, points = FORMULAS[formula]
    found = ed.function(f"y_i = {formula}")(x=points)
    assert relative(found, [value(mpf(float(t))) for t in points]) <= 1e-14
