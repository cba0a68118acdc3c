"""Derivatives that are zero by their kind, and those that do not exist."""

from __future__ import annotations

import numpy as np
import pytest

import einderiv as ed
from einderiv.check import check
from einderiv.diff.modes import in_forward_order, in_reverse_order, jacobians
from einderiv.diff.rules import pull, push
from einderiv.ir import Derivative, Dim, Input, Zero, select
from einderiv.syntax import parse

N, K = Dim("N"), Dim("K")


def test_what_is_selected_by_a_position_does_not_change_with_it() -> None:
    node = select(Input("y", (N,)), K, strict=True)
    g = Input("g", (Dim("M"), N, K))
    assert pull(node, 0, g, 1) is Zero((Dim("M"), N))
    t = Input("t", (Dim("M"), N))
    assert push(node, 0, t, 1) is Zero((Dim("M"), N, K))


@pytest.mark.parametrize("rule", [pull, push])
def test_a_derivative_that_is_not_yet_taken_has_no_rule(rule: object) -> None:
    x = Input("x", (N,))
    node = Derivative(Input("a", ()), (x,))
    with pytest.raises(ed.EinTypeError, match="Derivative has no derivative") as refused:
        rule(node, 0, Input("g", (N,)), 0)
    assert refused.value.code == "E0404"


@pytest.mark.parametrize("call", [ed.jvp, ed.vjp, ed.jacobian], ids=lambda call: call.__name__)
def test_the_way_to_a_jump_is_shown(call: object) -> None:
    text = "z_nk = X_nd W_dk\nb_n = argmax_k(z_nk)\nc_n = 2 b_n\ny_n = c_n + 1"
    with pytest.raises(ed.EinTypeError) as refused:
        call(text, of="y", wrt="W")
    assert refused.value.code == "E0404"
    assert "y → c → b → z → W" in str(refused.value)
    assert "on the path from y to W" in str(refused.value)


def test_a_way_to_a_jump_is_shown_where_another_one_has_none() -> None:
    with pytest.raises(ed.EinTypeError) as refused:
        ed.grad("p_n = argmax_c(A_nc)\nL = A_nc A_nc p_n")
    assert "L → p → A" in str(refused.value)
    assert "on the path from L to A" in str(refused.value)


def test_a_jump_beside_the_way_is_no_hindrance() -> None:
    text = "b = argmax_k(q_k)\ny_n = x_n^2\nz_n = y_n b"
    J = ed.jacobian(text, of="y", wrt="x")
    np.testing.assert_array_equal(J(x=np.array([1.0, 3.0])), np.diag([2.0, 6.0]))


def test_a_derivative_by_a_symmetric_matrix_is_symmetric_in_every_mode() -> None:
    text = "S ∈ R^{N×N} symmetric\nf_i = S_ij x_j y_i"
    S, x, y = np.eye(3), np.arange(3.0), np.array([1.0, 4.0, 9.0])
    J = ed.jacobian(text, of="f", wrt="S")(S=S, x=x, y=y)
    np.testing.assert_array_equal(J, J.transpose(0, 2, 1))
    T = np.arange(9.0).reshape(3, 3)
    T = T + T.T
    along = ed.jvp(text, of="f", wrt="S")(S=S, x=x, y=y, dS=T)
    np.testing.assert_allclose(along, (T @ x) * y)
    np.testing.assert_allclose(np.einsum("ijk,jk->i", J, T), along)
    back = ed.vjp(text, of="f", wrt="S")(S=S, x=x, y=y, df=np.ones(3))
    np.testing.assert_allclose(back, (np.outer(y, x) + np.outer(x, y)) / 2)


def test_running_sums_are_differentiated_along_their_own_axis() -> None:
    text, x, g = "y_nk = cumsum_k(x_nk)", np.arange(6.0).reshape(2, 3), np.array([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]])
    np.testing.assert_array_equal(ed.jvp(text, of="y", wrt="x")(x=x, dx=g), np.cumsum(g, 1))
    np.testing.assert_array_equal(ed.vjp(text, of="y", wrt="x")(x=x, dy=g), np.cumsum(g[:, ::-1], 1)[:, ::-1])


def test_a_direction_behind_a_solution_needs_no_inverse() -> None:
    text = "y_i = solve(A, b)_i"
    for take in (ed.jvp, ed.vjp):
        for wrt in ("A", "b"):
            written = str(take(text, of="y", wrt=wrt))
            assert "inv(" not in written
            assert "solve(" in written
    assert "inv(" in str(ed.jacobian(text, of="y", wrt="b"))


def test_a_symmetric_matrix_has_one_size_whatever_is_said_of_one_axis() -> None:
    text = "S ∈ R^{3×3} symmetric\nx ∈ R^N\nf = S_ij x_i z_j"
    x, z = np.arange(3.0), np.array([1.0, 4.0, 9.0])
    slope = ed.grad(text, of="f", wrt="S")(S=np.eye(3), x=x, z=z)
    np.testing.assert_array_equal(slope, (np.outer(x, z) + np.outer(z, x)) / 2)


def test_the_jacobian_of_a_running_sum_is_a_triangle_of_ones() -> None:
    A = np.arange(6.0).reshape(2, 3)
    J = ed.jacobian("y_nk = cumsum_k(A_nk)", wrt="A")(A=A)
    np.testing.assert_array_equal(J, np.einsum("nm,kc->nkmc", np.eye(2), np.tril(np.ones((3, 3)))))
    J = ed.jacobian("y_kn = cumsum_k(A_kn)", wrt="A")(A=A)
    np.testing.assert_array_equal(J, np.einsum("kc,nm->kncm", np.tril(np.ones((2, 2))), np.eye(3)))
    J = ed.jacobian("y_k = cumsum_k(a_k)", wrt="a")(a=np.arange(3.0))
    np.testing.assert_array_equal(J, np.tril(np.ones((3, 3))))


@pytest.mark.parametrize(("text", "leaf", "order"), [
    ("y_ij = exp(c x_i) u_j", "c", in_forward_order),
    ("y_ik = tanh(A_ij x_j) u_k", "x", in_forward_order),
    ("y_ik = tanh(A_ij x_j) u_k", "A", in_reverse_order),
])  # fmt: skip
def test_by_what_has_fewer_axes_a_jacobian_is_taken_forwards(text: str, leaf: str, order: object) -> None:
    program = check(parse(text))
    top, by = program.definitions["y"].node, program.inputs[leaf].node
    assert in_forward_order(top, by) is not in_reverse_order(top, by)
    assert jacobians(top, [by])[by] is order(top, by)


def test_a_product_with_a_direction_may_be_taken_by_what_an_equation_defines() -> None:
    x, da = np.array([1.0, 2.0, -3.0]), np.array([0.5, -1.0, 2.0])
    f = ed.jvp("a_i = x_i^2\nL = a_i a_i", of="L", wrt="a")
    np.testing.assert_allclose(f(x=x, da=da), 2 * np.sum(x**2 * da), rtol=1e-15)
    both = ed.jvp("a_i = x_i^2\nL = a_i a_i w", of="L", wrt=["a", "w"])
    np.testing.assert_allclose(both(x=x, w=3.0, da=da, dw=2.0), 6 * np.sum(x**2 * da) + 2 * np.sum(x**4), rtol=1e-15)


def test_a_cholesky_factor_in_two_batches_is_that_of_each_matrix() -> None:
    rng = np.random.default_rng(5)
    root, w = rng.normal(size=(2, 3, 4, 4)), rng.normal(size=(2, 3, 4, 4))
    A = root @ root.swapaxes(-1, -2) + 4 * np.eye(4)
    g = ed.grad("L = cholesky(A)_abij w_abij", wrt="A")(A=A, w=w)
    for place in np.ndindex(2, 3):
        alone = ed.grad("L = cholesky(A)_ij w_ij", wrt="A")(A=A[place], w=w[place])
        np.testing.assert_allclose(g[place], alone, rtol=1e-12)
        v = rng.normal(size=(4, 4))
        factors = [np.linalg.cholesky(A[place] + sign * 1e-5 * (v + v.T)) for sign in (1, -1)]
        slope = np.sum((factors[0] - factors[1]) * w[place]) / 2e-5
        np.testing.assert_allclose(np.sum(alone * (v + v.T)), slope, rtol=1e-7)
