"""Derivatives as cores and deltas: the numbers of the dense result, without its memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

import einderiv as ed

FACTORISATION = "R_ij = T_ij - U_ik V_jk\nL = R_ij R_ij"
SOFTMAX = "A_nk = X_nd W_dk + b_k\nL = -y_nk logsoftmax_k(A_nk)"
RELU = "h_i = relu(W_ij x_j)\nz_k = V_ki h_i\nL = sum_k exp(z_k)"
NEURONS = "L = sum_{n,m} exp(X_nd W_dm)"

SIZES: dict[str, dict[str, tuple[int, ...]]] = {
    FACTORISATION: {"T": (6, 5), "U": (6, 2), "V": (5, 2)},
    SOFTMAX: {"X": (7, 4), "W": (4, 3), "b": (3,), "y": (7, 3)},
    RELU: {"W": (5, 4), "x": (4,), "V": (3, 5)},
    NEURONS: {"X": (7, 4), "W": (4, 3)},
}


def draw(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> dict[str, Any]:
    """Random arrays of these shapes."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def given(text: str) -> dict[str, Any]:
    """Random inputs of a program above."""
    return draw(SIZES[text])


CASES: dict[str, tuple[ed.Function, dict[str, Any]]] = {
    "layer by weights": (ed.jacobian("a_i = W_ij x_j", wrt="W"), draw({"W": (3, 4), "x": (4,)})),
    "layer by input": (ed.jacobian("a_i = W_ij x_j", wrt="x"), draw({"W": (3, 4), "x": (4,)})),
    "batch": (ed.jacobian(SOFTMAX, of="A", wrt="W"), given(SOFTMAX)),
    "identity": (ed.jacobian("a_i = x_i", wrt="x"), draw({"x": (4,)})),
    "transpose": (ed.jacobian("a_ji = W_ij", wrt="W"), draw({"W": (3, 4)})),
    "trace": (ed.jacobian("t = W_ii", wrt="W"), draw({"W": (3, 3)})),
    "tied": (ed.derivative("f = sum_i x_i^4", "∂³f/∂x_i∂x_j∂x_k"), draw({"x": (4,)})),
    "tied rows": (ed.jacobian("D_ij = δ_ij x_i", wrt="x"), draw({"x": (4,)})),
    "repeated": (ed.jacobian("a_ij = x_i 1_j\nindex j: 3", wrt="x"), draw({"x": (4,)})),
    "gradient": (ed.grad(SOFTMAX, wrt="W"), given(SOFTMAX)),
    "value": (ed.function(SOFTMAX), given(SOFTMAX)),
    "scalar by scalar": (ed.grad("y = x^3", wrt="x"), {"x": 2.0}),
    "constant": (ed.hessian("y = x^2", wrt="x"), {"x": 2.0}),
    "zero": (ed.hessian("y = x_i z_i", wrt="x"), draw({"x": (3,), "z": (3,)})),
    "norm": (ed.hessian("y = norm_i(x_i)", wrt="x"), draw({"x": (5,)})),
    "product of entries": (ed.hessian("y = prod_i(x_i)", wrt="x"), draw({"x": (4,)})),
    "factorisation UU": (ed.hessian(FACTORISATION, wrt="U"), given(FACTORISATION)),
    "factorisation UV": (ed.derivative(FACTORISATION, "∂²L/∂U_ij∂V_kl"), given(FACTORISATION)),
    "softmax regression": (ed.hessian(SOFTMAX, wrt="W"), given(SOFTMAX)),
    "ReLU first layer": (ed.hessian(RELU, wrt="W"), given(RELU)),
    "neurons": (ed.hessian(NEURONS, wrt="W"), given(NEURONS)),
}

each = pytest.mark.parametrize("name", CASES)


def close(left: object, right: object) -> None:
    np.testing.assert_allclose(left, right, rtol=1e-11, atol=1e-11)


@each
def test_the_dense_form_is_what_the_call_gives(name: str) -> None:
    function, arrays = CASES[name]
    dense = function(arrays)
    factored = function.factored(arrays)
    assert factored.shape == np.shape(dense)
    assert factored.dtype == np.float64
    close(factored.to_dense(), dense)


@each
def test_matvec_is_the_product_with_the_dense_matrix(name: str) -> None:
    function, arrays = CASES[name]
    dense, factored = function(arrays), function.factored(arrays)
    columns = factored.shape[factored.rows :]
    v = np.random.default_rng(1).normal(size=columns)
    expected = np.tensordot(dense, v, len(columns))
    close(factored.matvec(v), expected)
    close(factored.matvec(v.reshape(-1)), expected if v.ndim == 1 else expected.reshape(-1))


@each
def test_the_diagonal_is_that_of_the_dense_matrix(name: str) -> None:
    function, arrays = CASES[name]
    dense, factored = np.asarray(function(arrays)), function.factored(arrays)
    row, column = factored.shape[: factored.rows], factored.shape[factored.rows :]
    if row == column:
        size = int(np.prod(row))
        close(factored.diagonal(), dense.reshape(size, size).diagonal().reshape(row))
    else:
        with pytest.raises(ed.EinShapeError, match="equal rows and columns"):
            factored.diagonal()


def test_rows_are_what_is_differentiated_and_columns_the_last_tensor() -> None:
    expected = {"layer by weights": 1, "gradient": 0, "tied": 2, "value": 0}
    for name, rows in expected.items():
        function, arrays = CASES[name]
        assert function.factored(arrays).rows == rows


def test_a_vector_of_another_shape_is_refused() -> None:
    function, arrays = CASES["softmax regression"]
    factored = function.factored(arrays)
    for shape in ((3, 4), (11,), (), (4, 3, 1)):
        with pytest.raises(ed.EinShapeError, match="the columns have shape") as caught:
            factored.matvec(np.ones(shape))
        assert isinstance(caught.value, ValueError)


def test_several_results_have_no_factored_form() -> None:
    with pytest.raises(ed.EinTypeError, match="one result"):
        ed.grad(SOFTMAX, wrt=["W", "b"]).factored(given(SOFTMAX))


def test_float32_and_other_libraries_are_taken() -> None:
    J = ed.jacobian("a_i = W_ij x_j", wrt="W")
    x = np.arange(4, dtype=np.float32)
    single = J.factored(W=np.ones((3, 4), np.float32), x=x)
    assert single.dtype == single.to_dense().dtype == single.matvec(np.ones((3, 4))).dtype == np.float32
    assert single.nbytes == 16
    tensors = J.factored(W=torch.ones(3, 4), x=torch.tensor(x, requires_grad=True))
    np.testing.assert_array_equal(tensors.to_dense(), single.to_dense())


def test_the_repr_tells_both_sizes() -> None:
    J = ed.jacobian("a_i = W_ij x_j", wrt="W").factored(W=np.ones((10, 20)), x=np.ones(20))
    assert repr(J) == "<FactoredTensor [i | k j], 10 by 10 × 20: δ_ik · x_j: 0.16 kB instead of 16 kB>"


# ---------------------------------------------------------------------- memory


@contextmanager
def peak(limit: float) -> Iterator[None]:
    """Fails if more than `limit` bytes are allocated at once inside."""
    tracemalloc.start()
    try:
        start = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        yield
        grown = tracemalloc.get_traced_memory()[1] - start
    finally:
        tracemalloc.stop()
    assert grown < limit, f"{grown:,} bytes"


def test_the_hessian_of_a_factorisation_takes_under_a_megabyte() -> None:
    n, k = 2000, 5
    arrays = draw({"T": (n, n), "U": (n, k), "V": (n, k)})
    hessian = ed.hessian(FACTORISATION, wrt="U")
    hessian.factored(given(FACTORISATION))
    with peak(1e6):
        H = hessian.factored(arrays)
    assert H.shape == (n, k, n, k)
    assert H.nbytes <= 25 * 8
    with peak(1e6):
        v = np.ones((n, k))
        product, diagonal = H.matvec(v), H.diagonal()
    M = 2 * arrays["V"].T @ arrays["V"]
    close(product, v @ M)
    close(diagonal, np.broadcast_to(M.diagonal(), (n, k)))


def test_the_gradient_by_large_weights_is_never_cubic() -> None:
    size = 2000
    arrays = draw({"x": (size,), "W": (size, size), "∂E/∂a": (size,)})
    g = ed.grad("given ∂E/∂a_i\na_i = W_ij x_j", of="E", wrt="W")
    chain = ed.function("given ∂E/∂a_i\na_i = W_ij x_j\nG_kl = ∂E/∂a_i ∂a_i/∂W_kl")
    for function in (g, chain):
        with peak(2.5 * size * size * 8):
            G = function(arrays)
        close(G, np.outer(arrays["∂E/∂a"], arrays["x"]))
    with peak(1e6):
        J = ed.jacobian("a_i = W_ij x_j", wrt="W").factored(W=arrays["W"], x=arrays["x"])
    assert (J.shape, J.nbytes) == ((size, size, size), size * 8)
    close(J.matvec(arrays["W"]), arrays["W"] @ arrays["x"])


def test_the_hessian_of_a_first_layer_has_rank_structure() -> None:
    arrays = draw({"W": (40, 30), "x": (30,), "V": (20, 40)})
    arrays["V"] *= 0.1
    H = ed.hessian(RELU, wrt="W").factored(arrays)
    assert H.shape == (40, 30, 40, 30)
    assert H.nbytes <= 8 * (40 * 40 + 4 * 30 + 40), "a matrix for the layer, and x twice"
    a = arrays["W"] @ arrays["x"]
    S = arrays["V"] * (a > 0)
    M = S.T @ (np.exp(arrays["V"] @ np.maximum(a, 0))[:, None] * S)
    close(H.matvec(arrays["W"]), np.outer(M @ a, arrays["x"]))


def test_the_hessian_of_separate_neurons_is_a_block_for_each() -> None:
    arrays = draw({"X": (50, 20), "W": (20, 30)})
    arrays["W"] *= 0.1
    H = ed.hessian(NEURONS, wrt="W").factored(arrays)
    assert H.shape == (20, 30, 20, 30)
    assert H.nbytes <= 8 * (20 * 20 * 30)
    X, p = arrays["X"], np.exp(arrays["X"] @ arrays["W"])
    close(H.matvec(arrays["W"]), X.T @ (p * (X @ arrays["W"])))
    close(H.diagonal(), (X**2).T @ p)


def test_many_deltas_of_a_large_identity_cost_nothing() -> None:
    with peak(1e6):
        J = ed.jacobian("B_ij = 3 A_ij", wrt="A").factored(A=np.broadcast_to(1.0, (10_000, 10_000)))
    assert J.shape == (10_000,) * 4
    assert J.nbytes <= 8
