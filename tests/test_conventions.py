"""The table of docs/conventions.md, row by row: value and gradient through the public functions."""

from __future__ import annotations

import re
from pathlib import Path

import mpmath
import numpy as np
import pytest

import einderiv as ed

INF, NAN = np.inf, np.nan
Array = np.ndarray
Arrays = dict[str, object]

# program (of a scalar L), arrays, by what, value, gradient
ROWS: dict[str, tuple[str, Arrays, str, object, object]] = {
    "abs at 0": ("L = sum_i abs(x_i)", {"x": [0.0, -2.0]}, "x", 2, [0, -1]),
    "relu at 0": ("L = sum_i relu(x_i)", {"x": [0.0, 2.0]}, "x", 2, [0, 1]),
    "max with a number": ("L = sum_i max(x_i, 0)", {"x": [0.0, 2.0]}, "x", 2, [0.5, 1]),
    "min of equals": ("L = sum_i min(x_i, y_i)", {"x": [1.0, 2.0], "y": [1.0, 0.0]}, "x", 1, [0.5, 0]),
    "max over equals": ("L = max_c(x_c)", {"x": [1.0, 1.0, 0.0]}, "x", 1, [0.5, 0.5, 0]),
    "clip": ("L = sum_i clip(x_i, 0, 1)", {"x": [0.0, 0.5, 1.0, 2.0, -1.0]}, "x", 2.5, [0.5, 1, 0.5, 0, 0]),
    "clip by its border": ("L = sum_i clip(x_i, a, 1)", {"x": [0.0, -1.0], "a": 0.0}, "a", 0, 1.5),
    "floor": ("L = sum_i floor(x_i)", {"x": [0.0, 1.5]}, "x", 1, [0, 0]),
    "ceil": ("L = sum_i ceil(x_i)", {"x": [0.0, 1.5]}, "x", 2, [0, 0]),
    "round": ("L = sum_i round(x_i)", {"x": [0.5, 1.5]}, "x", 2, [0, 0]),
    "elu at 0": ("L = sum_i elu(x_i)", {"x": [0.0, 1e4, -1e4]}, "x", 9999, [1, 1, 0]),
    "sqrt at 0": ("L = sqrt(x)", {"x": 0.0}, "x", 0, INF),
    "root of squares at 0": ("L = sqrt(x_i x_i)", {"x": [0.0, 0.0]}, "x", 0, [0, 0]),
    "root of a mean of squares at 0": ("L = sqrt(mean_i(x_i^2))", {"x": [0.0, 0.0]}, "x", 0, [0, 0]),
    "norm at 0": ("L = norm_i(x_i)", {"x": [0.0, 0.0]}, "x", 0, [0, 0]),
    "norm squared": ("L = norm_i(x_i)^2", {"x": [0.0, 3.0]}, "x", 9, [0, 6]),
    "root of a square": ("L = sum_i sqrt(x_i^2)", {"x": [0.0, -3.0]}, "x", 3, [0, -1]),
    "x^0": ("L = sum_i x_i^0", {"x": [0.0, 2.0]}, "x", 2, [0, 0]),
    "x^p at 0": ("L = sum_i x_i^p_i", {"x": [0.0] * 4, "p": [0.0, 0.5, 1.0, 2.0]}, "x", 1, [0, INF, 1, 0]),
    "x^p at 0, by p": ("L = sum_i x_i^p_i", {"x": [0.0] * 3, "p": [0.5, 1.0, 2.0]}, "p", 0, [0, 0, 0]),
    "softplus": ("L = sum_i log(1 + exp(x_i))", {"x": [1e3, -1e3, 0.0]}, "x", 1000 + np.log(2), [1, 0, 0.5]),
    "softplus turned round": ("L = log(exp(x) + 1)", {"x": 1e3}, "x", 1000, 1),
    "sigmoid": ("L = sum_i 1 / (1 + exp(-x_i))", {"x": [-800.0, 800.0]}, "x", 1, [0, 0]),
    "logsumexp": ("L = log(sum_c exp(a_c))", {"a": [1000.0, 0.0]}, "a", 1000, [1, 0]),
    "logsoftmax": (
        "q_k = log(exp(a_k) / sum_c exp(a_c))\nL = q_{1}", {"a": [1000.0, 0.0]}, "a", -1000, [-1, 1],
    ),
    "where": ("L = sum_i where(x_i > 0, log(x_i), 0)", {"x": [0.0, 1.0]}, "x", 0, [0, 1]),
    "where around an overflow": (
        "L = sum_i where(x_i < 0, exp(x_i) - 1, x_i)", {"x": [1e4, -1e4, 0.0]}, "x", 9999, [1, 0, 1],
    ),
    "a bracket times log": ("L = sum_i [x_i > 1] log(x_i - 1)", {"x": [1.5, 2.0]}, "x", np.log(0.5), [2, 1]),
    "x log x": ("L = sum_i x_i log(x_i)", {"x": [0.0, 1.0]}, "x", 0, [-INF, 1]),
    "x^2 log x": ("L = sum_i x_i^2 log(x_i)", {"x": [0.0, 1.0]}, "x", 0, [0, 1]),
    "prod with a zero": ("L = prod_c(x_c)", {"x": [2.0, 0.0, 3.0]}, "x", 0, [0, 6, 0]),
    "prod with two zeros": ("L = prod_c(x_c)", {"x": [0.0, 0.0, 3.0]}, "x", 0, [0, 0, 0]),
    "logsumexp of -inf": ("L = logsumexp_c(a_c)", {"a": [-INF, -INF]}, "a", -INF, [NAN, NAN]),
    "logsumexp with inf": ("L = logsumexp_c(a_c)", {"a": [INF, 0.0]}, "a", INF, [1, 0]),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_value_and_gradient_are_as_promised(row: str) -> None:
    program, arrays, wrt, value, gradient = ROWS[row]
    found, slope = ed.value_and_grad(program, of="L", wrt=wrt, allow_unused=True)(arrays)
    np.testing.assert_allclose(found, value, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(slope, gradient, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(
        ed.grad(program, of="L", wrt=wrt, allow_unused=True)(arrays), gradient, rtol=1e-14, atol=1e-14
    )


def test_the_documents_have_the_rows() -> None:
    text = (Path(__file__).parents[1] / "docs" / "conventions.md").read_text(encoding="utf-8")
    cases = [line for line in text.splitlines() if re.match(r"\| `", line)]
    assert len(cases) >= 20


@pytest.mark.parametrize("function", ["argmax", "argmin"])
def test_a_position_has_no_derivative(function: str) -> None:
    with pytest.raises(ed.EinTypeError, match=f"`{function}` has no derivative"):
        ed.grad(f"k = {function}_c(a_c)\nL = k x_i x_i", of="L", wrt="a")
    np.testing.assert_allclose(ed.grad(f"k = {function}_c(a_c)\nL = k x", of="L", wrt="x")(a=[1.0, 2.0, 0.0], x=1.0),
                               1 if function == "argmax" else 2)  # fmt: skip


# --------------------------------------------------- right at ±1e4 and at 0, to second order

mpmath.mp.dps = 50
mpf = mpmath.mpf
POINTS = [0.0, 1e4, -1e4, 1.0, -0.5]


def softplus(t: mpf) -> mpf:
    return mpmath.log1p(mpmath.exp(t))


def sigmoid(t: mpf) -> mpf:
    return 1 / (1 + mpmath.exp(-t))


def bump(t: mpf) -> mpf:
    return sigmoid(t) * sigmoid(-t)


def bend(t: mpf) -> mpf:
    return bump(t) * (sigmoid(-t) - sigmoid(t))


def zero(t: mpf) -> mpf:
    return mpf(0)


# formula of x_i: value, slope, curvature, points
FORMULAS = {
    "log(1 + exp(x_i))": (softplus, sigmoid, bump, POINTS),
    "log(exp(x_i) + 1)": (softplus, sigmoid, bump, POINTS),
    "log(2 + 2 exp(x_i))": (lambda t: mpmath.log(2) + softplus(t), sigmoid, bump, POINTS),
    "1 / (1 + exp(-x_i))": (sigmoid, bump, bend, POINTS),
    "exp(x_i) / (1 + exp(x_i))": (sigmoid, bump, bend, POINTS),
    "1 - 1 / (1 + exp(-x_i))": (lambda t: sigmoid(-t), lambda t: -bump(t), lambda t: -bend(t), POINTS),
    "3 - 3 sigmoid(x_i)": (lambda t: 3 * sigmoid(-t), lambda t: -3 * bump(t), lambda t: -3 * bend(t), POINTS),
    "log(1 / (1 + exp(-x_i)))": (lambda t: -softplus(-t), lambda t: sigmoid(-t), lambda t: -bump(t), POINTS),
    "log(1 - sigmoid(x_i))": (lambda t: -softplus(t), lambda t: -sigmoid(t), lambda t: -bump(t), POINTS),
    "log(sqrt(exp(x_i)))": (lambda t: t / 2, lambda t: mpf(0.5), zero, POINTS),
    "1 - tanh(x_i)^2": (
        lambda t: mpmath.sech(t) ** 2,
        lambda t: -2 * mpmath.tanh(t) * mpmath.sech(t) ** 2,
        lambda t: mpmath.sech(t) ** 2 * (4 - 6 * mpmath.sech(t) ** 2),
        POINTS,
    ),
    "exp(x_i) - 1": (mpmath.expm1, mpmath.exp, mpmath.exp, [0.0, -1e4, 1e-20, 1.0]),
    "log(1 + x_i)": (
        mpmath.log1p, lambda t: 1 / (1 + t), lambda t: -1 / (1 + t) ** 2, [0.0, 1e4, 1e-20, -0.5],
    ),
    "x_i log(x_i)": (
        lambda t: t * mpmath.log(t), lambda t: mpmath.log(t) + 1, lambda t: 1 / t, [1e4, 1e-4, 1.0],
    ),
    "2 x_i log(2 x_i)": (
        lambda t: 2 * t * mpmath.log(2 * t), lambda t: 2 * mpmath.log(2 * t) + 2, lambda t: 2 / t, [1e4, 1e-4, 1.0],
    ),
    "where(x_i > 0, log(x_i), x_i)": (
        lambda t: mpmath.log(t) if t > 0 else t,
        lambda t: 1 / t if t > 0 else mpf(1),
        lambda t: -1 / t**2 if t > 0 else mpf(0),
        POINTS,
    ),
    "where(x_i < 0, 1 / (1 - x_i), sqrt(x_i + 1))": (
        lambda t: 1 / (1 - t) if t < 0 else mpmath.sqrt(t + 1),
        lambda t: 1 / (1 - t) ** 2 if t < 0 else 1 / (2 * mpmath.sqrt(t + 1)),
        lambda t: 2 / (1 - t) ** 3 if t < 0 else -1 / (4 * mpmath.sqrt(t + 1) ** 3),
        POINTS,
    ),
    "where(x_i < 1, exp(x_i), 0)": (*[lambda t: mpmath.exp(t) if t < 1 else mpf(0)] * 3, POINTS),
    "[x_i != 0] tanh(x_i) / (1 + x_i^2)": (
        lambda t: mpmath.tanh(t) / (1 + t * t),
        lambda t: mpmath.diff(lambda s: mpmath.tanh(s) / (1 + s * s), t) if t else mpf(0),
        lambda t: mpmath.diff(lambda s: mpmath.tanh(s) / (1 + s * s), t, 2) if t else mpf(0),
        [0.0, 1.0, -0.5],
    ),
    "logsigmoid(x_i)": (lambda t: -softplus(-t), lambda t: sigmoid(-t), lambda t: -bump(t), POINTS),
    "silu(x_i)": (
        lambda t: t * sigmoid(t), lambda t: sigmoid(t) + t * bump(t), lambda t: 2 * bump(t) + t * bend(t), POINTS,
    ),
    "gelu(x_i)": (
        lambda t: t * mpmath.ncdf(t),
        lambda t: mpmath.ncdf(t) + t * mpmath.npdf(t),
        lambda t: mpmath.npdf(t) * (2 - t * t),
        POINTS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_are_right_to_second_order(formula: str) -> None:
    *exact, points = FORMULAS[formula]
    program = f"L = sum_i ({formula})"
    x = np.array(points)
    found = [
        ed.function(f"y_i = {formula}")(x=x),
        ed.grad(program, wrt="x")(x=x),
        np.diag(ed.hessian(program, wrt="x")(x=x)),
    ]
    for values, function in zip(found, exact, strict=True):
        for point, value in zip(points, values, strict=True):
            wanted = function(mpf(point))
            assert abs(mpf(float(value)) - wanted) <= 1e-14 * abs(wanted) + 1e-290, (point, value, wanted)


AXES = {  # the same over one axis or several, in other orders and with numbers in front; a = (n, c)
    "L = sum_n log(sum_c exp(A_nc))": ("rows", 1.0),
    "L = sum_c log(sum_n exp(A_nc))": ("columns", 1.0),
    "L = log(sum_{n,c} exp(A_nc))": ("all", 1.0),
    "L = sum_n 2 log(3 sum_c exp(A_nc))": ("rows", 2.0),
    "L = sum_n log(mean_c(exp(A_nc)))": ("rows", 1.0),
}


@pytest.mark.parametrize("program", AXES)
def test_logsumexp_over_any_axes(program: str) -> None:
    along, factor = AXES[program]
    A = np.array([[1e4, 0.0, -1e4], [3.0, 3.0 + 1e-9, 0.0]])
    axis = {"rows": 1, "columns": 0, "all": None}[along]
    top = A.max(axis, keepdims=True)
    softmax = np.exp(A - top) / np.exp(A - top).sum(axis, keepdims=True)
    np.testing.assert_allclose(ed.grad(program, wrt="A")(A=A), factor * softmax, rtol=1e-14)
    assert np.isfinite(ed.hessian(program, wrt="A")(A=A)).all() and np.isfinite(ed.function(program)(A=A))


@pytest.mark.parametrize(
    "program",
    [
        "S_nk = exp(A_nk) / sum_c exp(A_nc)\nL = S_nk Y_nk",
        "S_nk = exp(A_nk - m_n) / sum_c exp(A_nc - m_n)\nm_n = max_c(A_nc)\nL = S_nk Y_nk",
        "L = sum_n Y_nk exp(A_nk) / sum_c exp(A_nc)",
    ],
)
def test_softmax_at_extremes(program: str) -> None:
    A = np.array([[1e4, 0.0, -1e4], [0.5, 0.25, 0.0]])
    Y = np.arange(6.0).reshape(2, 3)
    s = np.exp(A - A.max(1, keepdims=True))
    s /= s.sum(1, keepdims=True)
    expected = s * (Y - (s * Y).sum(1, keepdims=True))
    np.testing.assert_allclose(ed.grad(program, of="L", wrt="A")(A=A, Y=Y), expected, rtol=1e-13, atol=1e-14)
    assert np.isfinite(ed.hessian(program, of="L", wrt="A")(A=A, Y=Y)).all()


def test_the_likelihood_of_labels() -> None:
    program = "P_nk = exp(A_nk) / sum_c exp(A_nc)\nL = -sum_n log(P_{n,y_n})"
    arrays = {"A": np.array([[1e4, 0.0], [0.0, 1e4]]), "y": np.array([0, 0])}
    assert float(ed.function(program, of="L")(arrays)) == 1e4
    np.testing.assert_allclose(ed.grad(program, of="L", wrt="A")(arrays), [[0, 0], [-1, 1]])


def test_the_norm_to_second_order() -> None:
    hessian = ed.hessian("L = sqrt(x_i x_i)", wrt="x")
    np.testing.assert_array_equal(hessian(x=np.zeros(2)), np.zeros((2, 2)))
    np.testing.assert_allclose(hessian(x=[3e4, 4e4]), np.array([[16, -12], [-12, 9]]) / 125e4, rtol=1e-14)


def test_the_logarithm_of_a_determinant_does_not_overflow() -> None:
    A = 1e4 * np.eye(100)
    for formula in ("log(det(A))", "2 log(sqrt(det(A)))", "-log(1 / det(A))"):
        program = f"A ∈ R^{{D×D}}\nL = {formula}"
        np.testing.assert_allclose(ed.function(program)(A=A), 100 * np.log(1e4), rtol=1e-14)
        np.testing.assert_allclose(ed.grad(program, wrt="A")(A=A), 1e-4 * np.eye(100), rtol=1e-14)


# ------------------------------------------------------------------ products with zeros


def cofactors(x: Array) -> tuple[Array, Array]:
    """Gradient and Hessian of the product of a vector, by multiplying the others."""
    count = len(x)
    gradient = np.array([np.prod(np.delete(x, k)) for k in range(count)])
    hessian = np.array([[0.0 if k == c else np.prod(np.delete(x, [k, c])) for c in range(count)] for k in range(count)])
    return gradient, hessian


@pytest.mark.parametrize("zeros", [[], [1], [0, 2], [0, 1, 2]])
def test_a_product_with_zeros(zeros: list[int]) -> None:
    x = np.array([2.0, -3.0, 0.5, 4.0])
    x[zeros] = 0
    gradient, hessian = cofactors(x)
    np.testing.assert_allclose(ed.grad("L = prod_c(x_c)", wrt="x")(x=x), gradient, rtol=1e-14)
    np.testing.assert_allclose(ed.hessian("L = prod_c(x_c)", wrt="x")(x=x), hessian, rtol=1e-14)


def test_products_of_rows_with_zeros() -> None:
    X = np.array([[2.0, 0.0, 3.0], [0.0, 5.0, 0.0], [1.0, 2.0, 3.0]])
    program, w = "p_n = prod_c(X_nc)\nL = w_n p_n", np.array([1.0, 2.0, -1.0])
    parts = [cofactors(row) for row in X]
    gradient = np.array([weight * part[0] for weight, part in zip(w, parts, strict=True)])
    np.testing.assert_allclose(ed.grad(program, of="L", wrt="X")(X=X, w=w), gradient, rtol=1e-14)
    hessian = np.zeros((3, 3, 3, 3))
    for n, (weight, part) in enumerate(zip(w, parts, strict=True)):
        hessian[n, :, n, :] = weight * part[1]
    np.testing.assert_allclose(ed.hessian(program, of="L", wrt="X")(X=X, w=w), hessian, rtol=1e-14)
