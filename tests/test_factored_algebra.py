"""Factored tensors as matrices: sums, products, parts, and solving through each structure, against dense arrays."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import einderiv as ed
from einderiv.factored import FactoredTensor

FACTORISATION = "R_ij = T_ij - U_ik V_jk\nL = R_ij R_ij"
NEURONS = "L = sum_{n,m} exp(X_nd W_dm)"
RELU = "h_i = relu(W_ij x_j)\nz_k = V_ki h_i\nL = sum_k exp(z_k)"
CROSS_ENTROPY = "L = logsumexp_i(x_i)"
CROSS_ENTROPIES = "L = sum_n logsumexp_i(x_ni)"
BILINEAR = "L = A_ij x_jk B_kl x_il"


def draw(seed: int = 0, /, **shapes: tuple[int, ...]) -> dict[str, Any]:
    """Random arrays of these shapes, small enough for exp."""
    rng = np.random.default_rng(seed)
    return {name: 0.5 * rng.normal(size=shape) for name, shape in shapes.items()}


def hessian(text: str, wrt: str, **shapes: tuple[int, ...]) -> FactoredTensor:
    """The factored Hessian of the last equation at random inputs."""
    return ed.hessian(text, wrt=wrt).factored(draw(**shapes))


def matrix(tensor: FactoredTensor) -> np.ndarray[Any, Any]:
    """The dense matrix."""
    rows, columns = prod(tensor.shape[: tensor.rows]), prod(tensor.shape[tensor.rows :])
    return tensor.to_dense().reshape(rows, columns)


def close(left: object, right: object) -> None:
    np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-10)


factorisation = hessian(FACTORISATION, "U", T=(6, 7), U=(6, 2), V=(7, 2))
neurons = hessian(NEURONS, "W", X=(9, 4), W=(4, 3))
first_layer = hessian(RELU, "W", W=(5, 4), x=(4,), V=(3, 5))
softmax = hessian(CROSS_ENTROPY, "x", x=(6,))
softmaxes = hessian(CROSS_ENTROPIES, "x", x=(3, 4))
powers = hessian("L = sum_i exp(x_i)", "x", x=(5,))
squares = hessian("L = 3 x_i x_i", "x", x=(5,))
quadratic = hessian("L = exp(x_i A_ij x_j)", "x", x=(5,), A=(5, 5))
bilinear = hessian(BILINEAR, "x", A=(3, 3), x=(3, 4), B=(4, 4))
product = ed.derivative("L = A_ij x_jk B_kl y_il", "∂²L/∂x_jk∂y_il").factored(
    draw(A=(4, 4), B=(3, 3), x=(4, 3), y=(4, 3))
)
scalar = ed.hessian("L = x^4", wrt="x").factored(x=0.7)
identity_like = 0.3 * softmax.identity

SOLVED: dict[str, tuple[FactoredTensor, str]] = {
    "factorisation": (factorisation, "Kronecker product δ_il ⊗ dense 2 × 2"),
    "damped factorisation": (factorisation + 0.5 * factorisation.identity, "Kronecker product δ_il ⊗ dense 2 × 2"),
    "neurons": (neurons, "block diagonal, 3 blocks of 4 × 4"),
    "damped neurons": (neurons + neurons.identity, "block diagonal, 3 blocks of 4 × 4"),
    "first layer": (first_layer + 0.1 * first_layer.identity, "a multiple of the identity plus rank 5"),
    "two first layers": (
        first_layer + first_layer / 2 + first_layer.identity,
        "a multiple of the identity plus rank 5",
    ),
    "softmax": (softmax + identity_like, "diagonal plus rank 1"),
    "softmaxes": (softmaxes + softmaxes.identity, "diagonal plus rank 3"),
    "exp": (powers, "diagonal"),
    "squares": (squares, "a multiple of the identity"),
    "quadratic": (quadratic, "dense 5 × 5"),
    "product": (product, "Kronecker product: dense 4 × 4 ⊗ dense 3 × 3"),
    "transposed": (product.T, "Kronecker product: dense 4 × 4 ⊗ dense 3 × 3"),
    "scalar": (scalar, "a multiple of the identity"),
}
ALL = {name: tensor for name, (tensor, _) in SOLVED.items()} | {
    "bilinear": bilinear,
    "jacobian": ed.jacobian("a_i = W_ij x_j", wrt="W").factored(draw(W=(3, 4), x=(4,))),
    "gradient": ed.grad("L = x_i x_i", wrt="x").factored(draw(x=(4,))),
    "tied": ed.derivative("f = sum_i x_i^4", "∂³f/∂x_i∂x_j∂x_k").factored(draw(x=(4,))),
    "turned": ed.jacobian("a_ji = W_ij", wrt="W").factored(draw(W=(3, 4))),
}
each = pytest.mark.parametrize("tensor", ALL.values(), ids=ALL)


@pytest.mark.parametrize("name", SOLVED)
def test_to_solve_is_the_dense_solve(name: str) -> None:
    tensor, structure = SOLVED[name]
    assert tensor.structure == structure
    dense = matrix(tensor)
    b = np.random.default_rng(3).normal(size=tensor.shape[: tensor.rows])
    x = tensor.solve(b)
    assert x.shape == b.shape
    close(x.reshape(-1), np.linalg.solve(dense, b.reshape(-1)))
    close(tensor.solve(b.reshape(-1)), x.reshape(-1) if b.ndim else x.reshape(1))
    close(matrix(tensor.inverse()), np.linalg.inv(dense))
    assert tensor.structure == structure


@each
def test_transposes_products_and_sums_are_those_of_matrices(tensor: FactoredTensor) -> None:
    dense = matrix(tensor)
    close(matrix(tensor.T), dense.T)
    close(matrix(tensor.T.T), dense)
    close(matrix(tensor @ tensor.T), dense @ dense.T)
    close(matrix(2 * tensor - tensor / 4), 1.75 * dense)
    close(matrix(np.float64(3) * tensor + (-tensor)), 2 * dense)
    v = np.random.default_rng(1).normal(size=len(dense))
    close(tensor.rmatvec(v).reshape(-1), v @ dense)
    close(tensor.T @ v.reshape(tensor.shape[: tensor.rows]), (v @ dense).reshape(tensor.shape[tensor.rows :]))


@each
def test_blocks_are_those_of_the_dense_array(tensor: FactoredTensor) -> None:
    dense = tensor.to_dense()
    for first in range(2):
        for last in range(2):
            if len(tensor.shape) >= 2:
                close(tensor.block(first, ..., last), dense[first, ..., last])
    if tensor.shape:
        close(tensor.block(-1), dense[-1])
        close(tensor.block(**{tensor.axes[0]: 1}), dense[1])
        close(tensor.block(*(1,) * len(tensor.shape)), dense[(1,) * len(tensor.shape)])
    close(tensor.block(), dense)


def test_the_trace_is_the_sum_of_the_diagonal() -> None:
    for tensor, _ in SOLVED.values():
        close(tensor.trace(), matrix(tensor).trace())


def test_the_trace_of_a_large_identity_needs_no_diagonal() -> None:
    J = ed.jacobian("B_ij = 3 A_ij", wrt="A").factored(A=np.broadcast_to(1.0, (100_000, 100_000)))
    assert J.trace() == 3e10
    assert (J + J).trace() == 6e10


def test_conjugate_gradients_solve_what_has_no_structure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("einderiv.factored.structure.LARGEST", 1000)
    arrays = draw(A=(6, 6), B=(5, 5), C=(6, 6), D=(5, 5), X=(6, 5))
    text = "L = sum_{a,k} (A_ai X_ij B_kj)^2 + sum_{a,k} (C_ai X_ij D_kj)^2 + X_ij X_ij"
    H = ed.hessian(text, wrt="X").factored(arrays)
    assert H.structure == "general, by conjugate gradients"
    b = np.random.default_rng(0).normal(size=(6, 5))
    close(H.solve(b).reshape(-1), np.linalg.solve(matrix(H), b.reshape(-1)))
    with pytest.raises(ed.EinValueError, match="symmetric positive definite"):
        (-H).solve(b)
    with pytest.raises(ed.EinTypeError, match="no small parts"):
        H.inverse()


def test_a_singular_part_of_a_sum_is_no_obstacle() -> None:
    x, y = np.array([1.0, 2.0, 0.0]), np.array([0.0, 1.0, 2.0])
    H = ed.hessian("L = sum_i x_i^3 + (y_i x_i)^2", wrt="x").factored(x=x, y=y)
    close(H.solve(y), np.linalg.solve(6 * np.diag(x) + 2 * np.outer(y, y), y))


def test_what_has_no_inverse_says_so() -> None:
    for singular in (softmax, first_layer, 0.0 * softmax, ed.hessian("L = x_i^3", wrt="x").factored(x=np.zeros(3))):
        with pytest.raises(ed.EinValueError, match="singular") as caught:
            singular.solve(np.ones(singular.shape[: singular.rows]))
        assert isinstance(caught.value, ValueError)


def test_what_cannot_be_is_refused() -> None:
    J = ALL["jacobian"]
    for wrong in (
        lambda: J.solve(np.ones(3)),
        J.trace,
        lambda: J.identity,
        J.inverse,
        lambda: softmax.solve(np.ones(5)),
    ):
        with pytest.raises(ed.EinShapeError, match="shape"):
            wrong()
    for several in (lambda: softmax + 0.1, lambda: 0.1 + softmax, lambda: softmax - 0.1):
        with pytest.raises(ed.EinTypeError, match=r"do not add up(.|\n)*H\.identity"):
            several()
    with pytest.raises(ed.EinShapeError, match="shapes of a sum"):
        softmax + powers
    with pytest.raises(ed.EinShapeError, match="the rows of the second"):
        softmax @ powers
    with pytest.raises(ed.EinIndexError, match="indices 0 to 5"):
        softmax.block(6)
    with pytest.raises(ed.EinIndexError, match="there is no axis `z`"):
        softmax.block(z=0)


def test_the_repr_shows_the_structure() -> None:
    assert repr(factorisation) == (
        "<FactoredTensor [i k | l m], 6 × 2 by 6 × 2: 2 δ_il · A_km: 32 B instead of 1.15 kB; "
        "Kronecker product δ_il ⊗ dense 2 × 2>"
    )
    assert repr(softmax + identity_like).endswith("; diagonal plus rank 1>")
    assert repr(softmax + identity_like).count("δ") == 2


def test_float32_stays() -> None:
    single = {name: array.astype(np.float32) for name, array in draw(x=(6,)).items()}
    H = ed.hessian(CROSS_ENTROPY, wrt="x").factored(single)
    H = H + H.identity
    assert H.solve(np.ones(6)).dtype == (H @ H).dtype == H.inverse().dtype == H.block(0).dtype == np.float32


# ----------------------------------------------------------------------- SciPy


@each
def test_a_linear_operator_is_the_matrix(tensor: FactoredTensor) -> None:
    operator, dense = tensor.as_linear_operator(), matrix(tensor)
    assert operator.shape == dense.shape
    close(operator @ np.ones(dense.shape[1]), dense.sum(1))
    close(operator.T @ np.ones(dense.shape[0]), dense.sum(0))
    close(operator @ np.eye(dense.shape[1]), dense)


def test_tensors_with_deltas_are_sparse_arrays() -> None:
    for tensor in (factorisation, neurons, powers, squares, ALL["jacobian"], ALL["tied"], ALL["turned"]):
        sparse = tensor.to_scipy_sparse()
        assert scipy.sparse.issparse(sparse)
        close(sparse.toarray(), matrix(tensor))
    with pytest.raises(ed.EinTypeError, match="not sparse"):
        softmax.to_scipy_sparse()


# ---------------------------------------------------------------------- memory


@contextmanager
def peak(limit: float) -> Iterator[None]:
    """Fails if more than `limit` bytes are allocated at once inside."""
    tracemalloc.start()
    try:
        yield
        grown = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert grown < limit, f"{grown:,} bytes"


def large(text: str, wrt: str, **shapes: tuple[int, ...]) -> FactoredTensor:
    """The Hessian at small inputs, so that no exp is large."""
    arrays = {name: 0.2 * array for name, array in draw(**shapes).items()}
    return ed.hessian(text, wrt=wrt).factored(arrays)


LARGE = {
    "factorisation": (lambda: large(FACTORISATION, "U", T=(3000, 40), U=(3000, 20), V=(40, 20)), 6e6),
    "neurons": (lambda: large(NEURONS, "W", X=(40, 20), W=(20, 500)), 8e6),
    "first layer": (lambda: large(RELU, "W", W=(300, 200), x=(200,), V=(20, 300)), 12e6),
    "softmax": (lambda: large(CROSS_ENTROPY, "x", x=(100_000,)), 12e6),
    "softmaxes": (lambda: large(CROSS_ENTROPIES, "x", x=(300, 1000)), 30e6),
}


@pytest.mark.parametrize("name", LARGE)
def test_to_solve_takes_as_much_memory_as_the_parts(name: str) -> None:
    make, limit = LARGE[name]
    H = make()
    damped = H + 0.1 * H.identity
    b = np.random.default_rng(0).normal(size=H.shape[: H.rows])
    damped.solve(b)
    damped = H + 0.2 * H.identity
    with peak(limit):
        x = damped.solve(b)
    left = damped.matvec(x) - b
    assert np.linalg.norm(left) < 1e-9 * np.linalg.norm(b)
