"""What a run takes: no array that it can do without, and none that somebody else can see."""

from __future__ import annotations

import platform
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

import einderiv as ed

FAULTS = """
import resource
import numpy as np
import einderiv as ed

n = {n}
function = ed.hvp("h_nm = tanh(X_nd W_dm)\\nA_nk = h_nm V_mk\\nL = A_nk^2", wrt=["W", "V"])
shapes = dict(W=(784, 512), V=(512, 10), X=(n, 784), dW=(784, 512), dV=(512, 10))
arrays = {{name: np.ones(shape) for name, shape in shapes.items()}}
for _ in range(4):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    function(**arrays)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators keep memory by rules of their own")
@pytest.mark.parametrize("n", [40, 256, 600])
def test_a_call_like_the_one_before_gets_no_new_pages_from_the_system(n):
    found = subprocess.run([sys.executable, "-c", FAULTS.format(n=n)], capture_output=True, text=True, check=True)
    assert int(found.stdout) < 20


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


@pytest.mark.parametrize("n", [3, 40])
@pytest.mark.parametrize(
    "text", ["2 A_ij + 3 δ_ij b_j", "-A_ji + δ_ij b_i", "A_ij - 2 A_ji - δ_ij", "3 A_ij + A_ji + 2 B_ij"]
)
def test_sums_of_scaled_turned_and_diagonal_terms(text, n):
    A, B = np.random.default_rng(1).standard_normal((2, n, n))
    b = np.arange(n) + 1.0
    result = ed.function(f"C_ij = {text}\nD_i = B_ij b_j", of="C")(A=A, B=B, b=b)
    wanted = {
        "2 A_ij + 3 δ_ij b_j": 2 * A + 3 * np.diag(b),
        "-A_ji + δ_ij b_i": -A.T + np.diag(b),
        "A_ij - 2 A_ji - δ_ij": A - 2 * A.T - np.eye(n),
        "3 A_ij + A_ji + 2 B_ij": 3 * A + A.T + 2 * B,
    }
    np.testing.assert_allclose(result, wanted[text], rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("n", [1, 30, 3000])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_sums_over_an_axis_in_every_layout(n, dtype):
    x = np.random.default_rng(2).standard_normal((n, 7)).astype(dtype)
    function = ed.function("r_i = sum_j x_ij\nc_j = sum_i x_ij\ns = sum_ij x_ij", of=["r", "c", "s"])
    for given in (x, np.asfortranarray(x), np.repeat(x, 2, 1)[:, ::2], x[::-1][::-1]):
        found = function(x=given)
        exact = x.astype(float)
        for name, wanted in {"r": exact.sum(1), "c": exact.sum(0), "s": exact.sum()}.items():
            scale = np.abs(exact).sum()
            assert found[name].dtype == dtype
            np.testing.assert_allclose(found[name], wanted, atol=8 * np.finfo(dtype).eps * scale, rtol=0)
