"""Slopes of softmax where one probability is nearly 1: all digits, in rows, batches, blocks and both types."""

from __future__ import annotations

import numpy as np
import pytest
from slopes import of_softmax as slope

import einderiv as ed

RNG = np.random.default_rng(11)
ROWS = "p_ni = softmax_i(z_ni)\nL = g_ni p_ni"


@pytest.mark.parametrize("scale", [1.0, 10.0, 40.0, 200.0])
@pytest.mark.parametrize("shape", [(3, 4), (30, 50), (1000, 300)])
def test_the_slope_keeps_its_digits_where_one_probability_is_nearly_one(shape, scale):
    z, g = RNG.normal(size=shape) * scale, RNG.normal(size=shape)
    found = ed.grad(ROWS, wrt="z")(z=z, g=g)
    for n in (0, 1, 2):
        np.testing.assert_allclose(found[n], slope(z[n], g[n]), rtol=1e-10, atol=1e-300)
    scales = np.abs(found).max(1)
    assert (np.abs(found.sum(1)) <= 1e-15 * shape[1] * scales).all()  # the probabilities always sum to one


def test_a_temperature_has_a_slope_where_all_but_one_have_vanished():
    h, t = np.array([30.4, 8.9, -70.0]), np.array([1.0, 0.3, -2.0])
    f = ed.grad("L = h_i softmax_i(b t_i)", wrt="b")
    for b in (1.0, 20.0, 60.0, 400.0):
        assert f(h=h, t=t, b=b) == pytest.approx(np.dot(t, slope(b * t, h)), rel=1e-13)


def test_single_precision_keeps_its_own_digits():
    z, g = (RNG.normal(size=(2, 30, 50)) * [[[8.0]], [[1.0]]]).astype(np.float32)
    found = ed.grad(ROWS, wrt="z")(z=z, g=g)
    assert found.dtype == np.float32
    for n in range(3):
        expected = np.array(slope(z[n], g[n]))
        np.testing.assert_allclose(found[n], expected, rtol=2e-5, atol=1e-30)


def test_attention_in_blocks_keeps_them_too():
    Q, K, V, G = RNG.normal(size=(4, 2, 3, 256, 64)) * np.array([6.0, 1.0, 1.0, 1.0]).reshape(4, 1, 1, 1, 1)
    net = "given ∂E/∂O_bhid\nS_bhij = Q_bhid K_bhjd\nP_bhij = softmax_j(S_bhij)\nO_bhid = P_bhij V_bhjd"
    f = ed.grad(net, of="E", wrt="S")
    found = f(Q=Q, K=K, V=V, dE_dO=G)
    S, g = Q[0, 0] @ K[0, 0].T, G[0, 0] @ V[0, 0].T
    for i in (0, 100, 255):
        np.testing.assert_allclose(found[0, 0, i], slope(S[i], g[i]), rtol=1e-8, atol=1e-200)


def test_the_inputs_stay_and_what_others_read_is_kept():
    z, g = RNG.normal(size=(2, 40, 50))
    kept = z.copy(), g.copy()
    for array in (z, g):
        array.flags.writeable = False
    net = "p_ni = softmax_i(z_ni)\nv_ni = exp(g_ni)\nL = v_ni p_ni + sum_n (sum_i v_ni p_ni)^2"
    found = ed.value_and_grad(net, wrt=["z", "g"])(z=z, g=g)
    v, p = np.exp(g), np.exp(z) / np.exp(z).sum(1, keepdims=True)
    mean = (v * p).sum(1, keepdims=True)
    np.testing.assert_allclose(found[1]["z"], (1 + 2 * mean) * p * (v - mean), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(found[1]["g"], (1 + 2 * mean) * p * v, rtol=1e-12)
    np.testing.assert_array_equal(z, kept[0])
    np.testing.assert_array_equal(g, kept[1])


def test_a_row_with_an_infinite_value_has_no_slope():
    z, g = np.zeros((2, 3)), np.array([[1.0, np.inf, 0.0], [1.0, 2.0, 3.0]])
    found = ed.grad(ROWS, wrt="z")(z=z, g=g)
    assert np.isnan(found[0]).any()
    np.testing.assert_allclose(found[1], [-1 / 3, 0, 1 / 3], atol=1e-16)


def test_the_source_keeps_them_too():
    space = {}
    Q, K, V, G = RNG.normal(size=(4, 2, 3, 6, 4)) * np.array([30.0, 1.0, 1.0, 1.0]).reshape(4, 1, 1, 1, 1)
    net = "given ∂E/∂O_bhid\nS_bhij = Q_bhid K_bhjd\nP_bhij = softmax_j(S_bhij)\nO_bhid = P_bhij V_bhjd"
    f = ed.grad(net, of="E", wrt="S")
    exec(f.source("numpy"), space)
    arrays = dict(Q=Q, K=K, V=V, dE_dO=G)
    found = space["evaluate"](*(arrays[argument.keyword] for argument in f._arguments()))
    S, g = Q @ K.swapaxes(2, 3), G @ V.swapaxes(2, 3)
    np.testing.assert_allclose(found[1, 2, 3], slope(S[1, 2, 3], g[1, 2, 3]), rtol=1e-8, atol=1e-200)
    np.testing.assert_allclose(found, f(arrays), rtol=1e-8, atol=1e-200)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_softmax_along_another_axis_than_the_last_keeps_them(dtype):
    z, g = (RNG.normal(size=(2, 40, 5)) * [[[20.0 if dtype is np.float64 else 6.0]], [[1.0]]]).astype(dtype)
    found = ed.grad("p_in = softmax_i(z_in)\nL = g_in p_in", wrt="z")(z=z, g=g)
    assert found.dtype == dtype
    rtol, atol = (1e-10, 1e-300) if dtype is np.float64 else (2e-5, 1e-30)
    for n in range(5):
        np.testing.assert_allclose(found[:, n], slope(z[:, n], g[:, n]), rtol=rtol, atol=atol)
    z, g = RNG.normal(size=(2, 3, 20, 4)) * [[[[30.0]]], [[[1.0]]]]
    kept = z.copy(), g.copy()
    found = ed.grad("p_bin = softmax_i(z_bin)\nL = g_bin p_bin", wrt="z")(z=z, g=g)
    for b, n in np.ndindex(3, 4):
        np.testing.assert_allclose(found[b, :, n], slope(z[b, :, n], g[b, :, n]), rtol=1e-10, atol=1e-300)
    np.testing.assert_array_equal(z, kept[0])
    np.testing.assert_array_equal(g, kept[1])


def test_a_mean_that_others_read_is_taken_away_twice_all_the_same():
    z, g = RNG.normal(size=(2, 12)) * [[40.0], [1.0]]
    value, found = ed.value_and_grad("p_i = softmax_i(z_i)\nL = g_i p_i", wrt="z")(z=z, g=g)
    np.testing.assert_allclose(found, slope(z, g), rtol=1e-12, atol=1e-300)
    p = np.exp(z - z.max())
    np.testing.assert_allclose(value, p @ g / p.sum(), rtol=1e-14)
    squared = ed.grad("p_i = softmax_i(z_i)\nL = (sum_i g_i p_i)^2", wrt="z")(z=z, g=g)
    np.testing.assert_allclose(squared, 2 * value * np.array(slope(z, g)), rtol=1e-12, atol=1e-300)
