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
