"""Common factors of a sum are taken out where that is less work at the sizes of a call, and only there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import einderiv as ed
from einderiv.ir import Node
from einderiv.plan import Contract, Plan, factors

rng = np.random.default_rng(0)
CHAIN = "Z_ip = A_ij B_jk C_kl D_lm E_mn F_np + G_in F_np"


def arrays(letters: str, *shape: int) -> dict[str, np.ndarray]:
    return {letter: rng.normal(size=shape) for letter in letters}


def products(plan: Plan) -> int:
    return sum(isinstance(step.operation, Contract) and len(step.operands) == 2 for step in plan.steps)


def chained(matrices: Sequence[np.ndarray]) -> np.ndarray:
    return np.linalg.multi_dot(list(matrices))


def test_a_matrix_after_a_long_product_and_after_another_matrix_is_multiplied_once() -> None:
    values = arrays("ABCDEFG", 20, 20)
    f = ed.function(CHAIN)
    expected = (chained([values[name] for name in "ABCDE"]) + values["G"]) @ values["F"]
    np.testing.assert_allclose(f(values), expected, rtol=1e-10, atol=1e-8)
    assert products(f.plan(values)) == 5
    assert f.plan(values).flops == 5 * 2 * 20**3 + 20**2


def test_before_a_narrow_matrix_the_terms_stay_apart() -> None:
    values = arrays("ABCDEG", 20, 20) | arrays("F", 20, 1)
    f = ed.function(CHAIN)
    expected = (chained([values[name] for name in "ABCDE"]) + values["G"]) @ values["F"]
    np.testing.assert_allclose(f(values), expected, rtol=1e-10, atol=1e-8)
    assert f.plan(values).flops == 6 * 2 * 20**2 + 20


def test_a_factor_on_the_right_is_found_whatever_its_letters() -> None:
    values = arrays("ABCF", 20, 20)
    f = ed.function("Z_il = C_ik A_kj F_jl + B_ir F_rl")
    np.testing.assert_allclose(f(values), (values["C"] @ values["A"] + values["B"]) @ values["F"], rtol=1e-10)
    assert products(f.plan(values)) == 2


def test_a_factor_inside_a_bracket_of_another_term_is_found() -> None:
    values = arrays("abcdxy", 30, 40)
    f = ed.function("z_ij = u_ij (a_ij b_ij + c_ij d_ij) + u_ij x_ij y_ij")
    u = rng.normal(size=(30, 40))
    inner = values["a"] * values["b"] + values["c"] * values["d"] + values["x"] * values["y"]
    np.testing.assert_allclose(f(values, u=u), u * inner, rtol=1e-12)
    assert products(f.plan(values, u=u)) == 4


def test_terms_with_different_numbers_share_a_factor() -> None:
    values = arrays("ABF", 20, 20) | arrays("C", 20, 20)
    f = ed.function("Z_ij = 3 A_ik B_kl F_lj - 2 C_ik F_kj")
    expected = (3 * values["A"] @ values["B"] - 2 * values["C"]) @ values["F"]
    np.testing.assert_allclose(f(values), expected, rtol=1e-10, atol=1e-10)
    assert products(f.plan(values)) == 2


def test_a_product_that_is_asked_for_as_well_is_not_taken_apart() -> None:
    values = arrays("ABFG", 20, 20)
    f = ed.function("P_ij = A_ik F_kj\nZ_ij = P_ij + B_ik G_kl F_lj", of=["P", "Z"])
    results = f(values)
    np.testing.assert_allclose(results["P"], values["A"] @ values["F"], rtol=1e-12)
    expected = (values["A"] + values["B"] @ values["G"]) @ values["F"]
    np.testing.assert_allclose(results["Z"], expected, rtol=1e-10, atol=1e-10)
    assert products(f.plan(values)) == 3


def test_the_hessian_of_a_perceptron_times_a_vector_passes_fewer_times_over_its_layer() -> None:
    text = "h_nm = tanh(X_nd W_dm + b_m)\nA_nk = h_nm V_mk + c_k\nL = -y_nk logsoftmax_k(A_nk)"
    N, D, M, K = 40, 80, 60, 5
    shapes = {"X": (N, D), "W": (D, M), "b": (M,), "V": (M, K), "c": (K,), "y": (N, K)}
    f = ed.hvp(text, wrt=["W", "b", "V", "c"])
    wrt = {f"d{name}": shapes[name] for name in "WbVc"}
    plan = f.plan(shapes | wrt)
    large = [step for step in plan.steps if step.shape in ((N, M), (M, N))]
    assert len(large) <= 18  # of which five are made by products of matrices


def test_two_terms_that_become_a_third_one_count_twice() -> None:
    """t (c - u) + t c - t u, which was t (c - u): two equal terms were kept as one."""
    values = arrays("tcu", 7)
    f = ed.function("y_i = t_i (c_i - u_i) + t_i c_i - v_i (x_i + z_i) - t_i u_i")
    values |= arrays("vxz", 7)
    t, c, u, v, x, z = (values[name] for name in "tcuvxz")
    np.testing.assert_allclose(f(values), 2 * t * (c - u) - v * (x + z), rtol=1e-13)
    B = np.linspace(-2, 2, 9)
    found = ed.hessian("L = floor(asinh(B_i)) (sin(B_i) - atan(B_i)) B_i", of="L", wrt="B")(B=B)
    w = 1 / (1 + B * B)
    expected = np.floor(np.arcsinh(B)) * (2 * (np.cos(B) - w) + B * (2 * B * w * w - np.sin(B)))
    np.testing.assert_allclose(np.diagonal(found), expected, rtol=1e-12, atol=1e-14)


def test_sums_inside_of_terms_are_gathered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anew for each pair of terms, the comparisons double with every level: more than 20,000 here."""
    compared = 0
    together = factors._Gathering._together

    def counted(self: factors._Gathering, *arguments: Any) -> tuple[int, Node] | None:
        nonlocal compared
        compared += 1
        assert compared < 2000
        return together(self, *arguments)

    monkeypatch.setattr(factors._Gathering, "_together", counted)
    text = (
        "Y_mi = (y_m^2 softmax_m(x_{1,m}) / cosh(y_m)) W_mi^3 W_mi\nL = sum_mi 0.5 Y_mi^2\n"
        "last = d_ie d_jf ∂²L/∂x_ie∂x_jf"
    )
    assert ed.derivative(text, "∂last/∂x_kg").plan(x=(2, 3), y=(3,), d=(2, 3), W=(3, 2)).flops > 0
