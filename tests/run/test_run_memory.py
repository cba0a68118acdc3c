"""What a run takes: no array that it can do without, and none that somebody else can see."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import einderiv as ed


def traced(function, arrays):
    """The result of a call, and the most bytes that it held at once."""
    function(**arrays)
    tracemalloc.start()
    result = function(**arrays)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return result, peak


@pytest.mark.parametrize("axes", ["ij", "ji"])
def test_an_outer_product_is_made_once_in_the_order_asked_for(axes):
    left, right = np.arange(300.0), np.arange(400.0)
    result, peak = traced(ed.function(f"y_{axes} = a_i b_j"), {"a": left, "b": right})
    assert np.array_equal(result, np.outer(left, right) if axes == "ij" else np.outer(right, left))
    assert result.flags.c_contiguous and peak < 1.1 * result.nbytes


def test_a_gradient_of_a_layer_is_made_once():
    W, x, g = np.ones((300, 400)), np.arange(400.0), np.arange(300.0)
    function = ed.grad("given ∂E/∂a_i\na_i = W_ij x_j", of="E", wrt="W")
    result, peak = traced(function, {"W": W, "x": x, "dE_da": g})
    assert np.array_equal(result, np.outer(g, x)) and peak < 1.1 * result.nbytes


def test_a_hessian_of_rank_one_blocks_is_made_once():
    function = ed.hessian("h_j = W_ij x_i\nL = sum_j (h_j)^4 / 12", wrt="W")
    W, x = np.random.default_rng(0).standard_normal((2, 20, 20))[0], np.arange(20.0)
    result, peak = traced(function, {"W": W, "x": x})
    wanted = np.einsum("i,k,jl,j->ijkl", x, x, np.eye(20), (x @ W) ** 2)
    np.testing.assert_allclose(result, wanted, rtol=1e-12, atol=1e-9)
    assert peak < 1.3 * result.nbytes
