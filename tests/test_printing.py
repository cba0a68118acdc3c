"""What functions print: golden texts, and text that reads back to the same numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import einderiv as ed

QUADRATIC = "f = x_i A_ij x_j"
SOFTMAX = "A_nk = X_nd W_dk + b_k\nL = -y_nk logsoftmax_k(A_nk)"
RESIDUAL = "R_ij = T_ij - U_ik V_jk\nL = R_ij R_ij"

GOLDEN: dict[str, tuple[ed.Function, str]] = {
    "linear layer": (
        ed.jacobian("a_i = W_ij x_j + b_i", wrt="W"),
        "W ∈ R^{I×J}\nindex i, k: I\n# ∂a_i/∂W_kj\ndadW_ikj = δ_ik x_j",
    ),
    "quadratic form": (ed.hessian(QUADRATIC, wrt="x"), "# ∂²f/∂x_i∂x_j\nd2fdxdx_ij = A_ij + A_ji"),
    "given": (
        ed.grad("given ∂E/∂a_i\na_i = W_ij x_j", of="E", wrt="W"),
        "given ∂E/∂a_i\n# ∂E/∂W_ij\ndEdW_ij = ∂E/∂a_i x_j",
    ),
    "softmax": (
        ed.grad(SOFTMAX, wrt="b"),
        "A_nk = X_nd W_dk + b_k\n# ∂L/∂b_k\ndLdb_k = sum_n (softmax_k(A_nk) sum_i y_ni - y_nk)",
    ),
    "a variance": (ed.grad("L = x_i x_i / (2 s^2)", wrt="s"), "# ∂L/∂s\ndLds = -x_i x_i / s^3"),
    "a power of a power": (
        ed.hessian("L = sum_i x_i^2 / s_i^2", wrt="s"),
        "# ∂²L/∂s_i∂s_j\nd2Ldsds_ij = 6 δ_ij x_i^2 / s_i^4",
    ),
    "a third": (ed.jacobian("y_i = 1 / (3 x_i^2)"), "# ∂y_i/∂x_j\ndydx_ij = -2 δ_ij / (3 x_i^3)"),
    "product": (ed.jvp("y_i = x_i^2", wrt="x"), "# Σ ∂y/∂x dx\njvpy_i = 2 dx_i x_i"),
    "one tangent for all directions": (
        ed.hvp("h_m = tanh(W_dm x_d + b_m)\nL = (h_m - y_m)^2", wrt=["W", "b"]),
        "t_m = W_dm x_d + b_m\nu_m = 1 / cosh(t_m)^2\nh_m = tanh(t_m)\n"
        "v_m = u_m (dW_dm x_d + db_m) (u_m - 2 h_m (h_m - y_m))\n"
        "# Σ ∂²L/∂W∂W dW + Σ ∂²L/∂W∂b db\nhvpW_dm = 2 x_d v_m\n"
        "# Σ ∂²L/∂b∂W dW + Σ ∂²L/∂b∂b db\nhvpb_m = 2 v_m",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_derivative_is_printed_as_a_person_writes_it(name: str) -> None:
    function, text = GOLDEN[name]
    assert str(function) == text


def test_a_number_before_a_power_below_does_not_square_it_again() -> None:
    """s / (s²)² would be 0 / 0 here."""
    s = 1e-90
    assert ed.grad("L = x_i x_i / (2 s^2)", wrt="s")(x=np.array([s, s]), s=s) == pytest.approx(-2.0 / s, rel=1e-14)


def test_the_repr_says_what_a_function_is() -> None:
    assert repr(ed.function(QUADRATIC)) == "<einderiv.Function f>"
    assert repr(ed.grad(SOFTMAX, wrt=["W", "b"])) == "<einderiv.Function ∂L/∂W_dk, ∂L/∂b_k>"
    assert repr(ed.hvp(QUADRATIC, wrt="x")) == "<einderiv.Function Σ ∂²f/∂x∂x dx>"


def test_a_derivative_whose_name_is_taken_gets_another() -> None:
    function = ed.grad("L = x_i dLdx_i", wrt="x")
    assert str(function).splitlines()[-1] == "dLdx2_i = dLdx_i"


def test_einsum_steps_are_the_contractions() -> None:
    steps = [str(step) for step in ed.grad("L = (W_ij x_j - y_i)^2", wrt="W").einsum]
    assert any('einsum("' in step and step.startswith("dLdW = ") for step in steps)
    (only,) = ed.jacobian("a_i = W_ij x_j", wrt="W").einsum
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(np.einsum(only.subscripts, np.eye(3), x), np.einsum("ik,j->ikj", np.eye(3), x))


ASKS: dict[str, Callable[[], ed.Function]] = {
    "value": lambda: ed.function(SOFTMAX, of=["A", "L"]),
    "gradient": lambda: ed.grad(SOFTMAX, wrt=["W", "b", "X"]),
    "value and gradient": lambda: ed.value_and_grad(SOFTMAX, wrt="W"),
    "jacobian": lambda: ed.jacobian(SOFTMAX, of="A", wrt=["W", "b"]),
    "hessian": lambda: ed.hessian(SOFTMAX, wrt=["W", "b"]),
    "jvp": lambda: ed.jvp(SOFTMAX, of="A", wrt=["W", "X"]),
    "vjp": lambda: ed.vjp(SOFTMAX, of="A", wrt=["W", "X"]),
    "hvp": lambda: ed.hvp(SOFTMAX, wrt=["W", "b"]),
    "factorisation": lambda: ed.hessian(RESIDUAL, wrt=["U", "V"]),
    "product of entries": lambda: ed.hessian("p_i = prod_j(x_ij)\nL = a_i p_i", wrt="x"),
    "running sum": lambda: ed.grad("c_t = cumsum_t(x_t)\nL = w_t exp(-c_t)", wrt=["x", "w"]),
    "normalised": lambda: ed.hessian("m = mean_i(x_i)\nL = sum_i (x_i - m)^2 / (1 + norm_k(x_k))", wrt="x"),
    "choice": lambda: ed.hessian("L = sum_i where(abs(x_i) <= 1, x_i^2 / 2, abs(x_i) - 0.5)", wrt="x"),
    "third order": lambda: ed.derivative("f = exp(x_i A_ij y_j)", "∂³f/∂x_k∂A_pq∂y_m"),
    "scalars": lambda: ed.hessian("f = (1 - x)^2 + 100 * (y - x^2)^2", wrt=["x", "y"]),
}


def flat(result: object) -> list[np.ndarray]:
    """The arrays of a result, in order."""
    if isinstance(result, dict):
        return [array for part in result.values() for array in flat(part)]
    if isinstance(result, tuple):
        return [array for part in result for array in flat(part)]
    return [np.asarray(result)]


def arrays_for(function: ed.Function, sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """Random arrays for the inputs of a function's program and for its vectors."""
    rng = np.random.default_rng(0)
    arguments = function._checked.inputs.values()
    return {
        argument.name: rng.normal(size=[sizes.setdefault(dim.name, 2 + len(sizes)) for dim in argument.node.axes])
        for argument in arguments
    }


@pytest.mark.parametrize("name", ASKS)
def test_a_printed_function_reads_back_to_the_same_numbers(name: str) -> None:
    function = ASKS[name]()
    arrays = arrays_for(function, {})
    expected = flat(function(arrays))
    again = ed.parse(str(function))
    values = ed.evaluate(again, {key: array for key, array in arrays.items() if key in again.inputs})
    found = [values[asked.name] for asked in function._asked]
    assert len(found) == len(expected)
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-11, atol=1e-12)
    assert str(ed.parse(str(function))) == str(function)
