"""Formulas that look like logsumexp, softmax or a gather of a softmax and are none."""

from __future__ import annotations

import numpy as np

import einderiv as ed

RNG = np.random.default_rng(4)
A = RNG.normal(size=(3, 4))


def test_a_difference_of_exponentials_is_no_logsumexp() -> None:
    a, b = RNG.uniform(1, 2, 3), RNG.uniform(-1, 0, 3)
    f = ed.function("y = log(sum_i (exp(a_i) - exp(b_i)))")
    np.testing.assert_allclose(f(a=a, b=b), np.log(np.sum(np.exp(a) - np.exp(b))), rtol=1e-14)
    g = ed.grad("y = log(sum_i (exp(a_i) - exp(b_i)))", wrt="b")
    np.testing.assert_allclose(g(a=a, b=b), -np.exp(b) / np.sum(np.exp(a) - np.exp(b)), rtol=1e-14)


def test_an_exponential_over_the_sum_of_another_row_is_no_softmax() -> None:
    f = ed.function("y_nmk = exp(a_nk) / (sum_c exp(a_mc))")
    e = np.exp(A)
    np.testing.assert_allclose(f(a=A), e[:, None, :] / e.sum(1)[None, :, None], rtol=1e-14)
    J = ed.jacobian("y_nmk = exp(a_nk) / (sum_c exp(a_mc))", wrt="a")(a=A)
    p = e / e.sum(1, keepdims=True)
    expected = np.einsum("nmk,np,kq->nmkpq", f(a=A), np.eye(3), np.eye(4))
    expected = expected - np.einsum("nmk,mp,mq->nmkpq", f(a=A), np.eye(3), p)
    np.testing.assert_allclose(J, expected, rtol=1e-12, atol=1e-14)


def test_the_logarithm_of_a_sum_over_a_gathered_row_is_taken_after_the_sum() -> None:
    y = np.array([2, 0, 1, 1])
    P = np.exp(A)
    f = ed.function("z_n = log(sum_k P_{y_n,k})")
    np.testing.assert_allclose(f(P=P, y=y), np.log(P[y].sum(1)), rtol=1e-14)
    g = ed.function("z_n = log(sum_k exp(A_{y_n,k}) w_k)")
    w = np.array([1.0, 2.0, 0.5, 1.0])
    np.testing.assert_allclose(g(A=A, y=y, w=w), np.log(np.exp(A)[y] @ w), rtol=1e-14)


def test_a_comparison_of_a_comparison_with_another_number_than_0_stays() -> None:
    x = np.array([-1.0, 0.0, 2.0])
    for text, expected in {
        "y_i = [[x_i > 0] == 1]": x > 0,
        "y_i = [[x_i > 0] == 0]": x <= 0,
        "y_i = [[x_i > 0] != 1]": x <= 0,
        "y_i = [[x_i > 0] != 0]": x > 0,
        "y_i = [exp(x_i) == 0]": x > 9,
        "y_i = [exp(x_i) != 0]": x < 9,
    }.items():
        np.testing.assert_array_equal(ed.function(text)(x=x), expected, err_msg=text)
    assert "==" not in str(ed.function("y_i = [[x_i > 0] == 0]"))


def test_one_minus_an_exponential_is_no_sigmoid() -> None:
    x = np.array([0.3, -1.0, 2.0])
    for factor in (-1, -2, 2):
        f = ed.function(f"y_i = 1 / (1 + ({factor}) exp(x_i))")
        np.testing.assert_allclose(f(x=x), 1 / (1 + factor * np.exp(x)), rtol=1e-14)
        assert ("sigmoid" in str(f)) == (factor > 0)


def test_a_mean_over_a_condition_needs_no_choice() -> None:
    x, z = np.array([-1.0, 0.5, 2.0]), np.ones(4)
    f = ed.function("index k: K\ny_n = [x_n > 0] (z_k z_k) / (1_k 1_k)")
    np.testing.assert_array_equal(f(x=x, z=z), x > 0)
    assert "where" not in str(f)
    assert "where" not in str(ed.function("index k: K\ny = [x > 0] (z_k z_k) / (1_k 1_k)"))


def test_a_softmax_that_two_indices_look_up_has_a_stable_logarithm() -> None:
    y = np.array([[2, 0, 1], [1, 1, 3]])
    f = ed.function("P_mk = softmax_k(A_mk)\nz_nm = log(P_{m,y_nm})", of="z")
    wide = A * 1000
    expected = (wide - wide.max(1, keepdims=True))[np.arange(3), y]
    np.testing.assert_allclose(f(A=wide, y=y), expected, rtol=1e-12)


def test_a_positive_number_comes_out_of_the_logarithm_of_a_sum_of_exponentials() -> None:
    x = np.array([1000.0, 1.0])
    for number in (0.5, 2.0):
        np.testing.assert_allclose(ed.function(f"y = log({number} sum_i exp(x_i))")(x=x), 1000 + np.log(number))


def test_the_inverse_of_a_transpose_is_the_transpose_of_the_inverse() -> None:
    assert str(ed.jacobian("x_i = solve(A, b)_i", wrt="A")).endswith("dxdA_ijp = -inv(A)_ij x_p")
    M = RNG.normal(size=(2, 3, 3)) + 3 * np.eye(3)
    f = ed.function("T_nij = A_nji\nY_nij = inv(T)_nij")
    assert "inv(A)" in str(f)
    np.testing.assert_allclose(f(A=M), np.linalg.inv(M.transpose(0, 2, 1)), rtol=1e-12)
    scaled = ed.function("T_ij = 2 A_ji\nY_ij = inv(T)_ij")
    np.testing.assert_allclose(scaled(A=M[0]), np.linalg.inv(2 * M[0].T), rtol=1e-12)
    moved = ed.function("T_inj = A_nji\nY_inj = inv(T)_inj", of="Y")  # not the two axes of each matrix
    np.testing.assert_allclose(moved(A=M[:, :2, :2]), np.linalg.inv(M[:, :2, :2].transpose(2, 0, 1)), rtol=1e-12)


def test_the_root_of_a_product_of_two_counts_is_no_root() -> None:
    f = ed.function("index i, j: N\ny = sqrt((1_i 1_i) (1_j 1_j)) sum_i x_i", of="y")
    assert "sqrt" not in str(f)
    assert f(x=np.ones(3)) == 9


def test_one_minus_a_diagonal_of_sigmoids_is_one_beside_the_diagonal() -> None:
    x = np.array([0.0, 1.0])
    expected = [[0.5, 1.0], [1.0, 1 - 1 / (1 + np.exp(-1.0))]]
    np.testing.assert_allclose(ed.evaluate("y_ij = 1 - δ_ij sigmoid(x_i)", x=x)["y"], expected, rtol=1e-14)


def test_a_condition_that_excludes_infinite_values_of_a_part_leaves_zeros() -> None:
    x, u, A = np.array([0.0, 1.0, 2.0]), np.ones(2), np.ones((3, 2))
    y = ed.evaluate("y_ij = [x_i > 0] (log(x_i) + log(u_j))", x=x, u=u)["y"]
    np.testing.assert_array_equal(y, np.repeat([[0.0], [0.0], [np.log(2.0)]], 2, axis=1))
    y = ed.evaluate("y_i = [x_i > 0] prod_k(1 / (x_i A_ik))", x=x, A=A)["y"]
    np.testing.assert_array_equal(y, [0.0, 1.0, 0.25])
    text = "A_bij = B_bij / x_b\ny_bij = [x_b > 0] inv(A)_bij"
    y = ed.evaluate(text, x=x, B=np.array([np.eye(2)] * 3))["y"]
    np.testing.assert_array_equal(y, x[:, None, None] * np.eye(2))


def test_a_row_looked_up_at_two_places_at_once_has_the_logarithm_of_zero() -> None:
    text = "P_k = softmax_k(A_k)\nD_jk = δ_jk P_k\nz_n = log(D_{a_n,b_n})"
    with np.errstate(divide="ignore"):
        z = ed.evaluate(text, A=np.zeros(2), a=np.array([0, 1]), b=np.array([1, 1]))["z"]
    np.testing.assert_allclose(z, [-np.inf, np.log(0.5)])


def test_a_product_with_a_sigmoid_of_something_else_stays_one() -> None:
    x, z = np.array([0.3, -1.0, 2.0]), np.array([1.5, 0.2, -0.7])
    sigmoid, slope = 1 / (1 + np.exp(-z)), np.exp(-z) / (1 + np.exp(-z)) ** 2
    found = ed.grad("y_i = exp(x_i) sigmoid(z_i)\nL = y_i v_i")(x=x, z=z, v=np.ones(3))
    np.testing.assert_allclose(found["x"], np.exp(x) * sigmoid, rtol=1e-14)
    np.testing.assert_allclose(found["z"], np.exp(x) * slope, rtol=1e-14)
    J = ed.function("y_ij = exp(x_i) sigmoid(-x_j)\nz_ij = sigmoid(x_i) sigmoid(-x_j)", of=["y", "z"])(x=x)
    tail = 1 / (1 + np.exp(x))
    np.testing.assert_allclose(J["y"], np.outer(np.exp(x), tail), rtol=1e-14)
    np.testing.assert_allclose(J["z"], np.outer(1 - tail, tail), rtol=1e-14)


def test_a_matrix_and_its_transpose_share_what_they_are_multiplied_by() -> None:
    assert str(ed.grad("q = x_i A_ij x_j", wrt="x")).endswith("dqdx_i = x_j (A_ji + A_ij)")
