"""Derivatives against PyTorch and JAX in float64, at the sizes at which people work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import einderiv as ed

Arrays = dict[str, np.ndarray]
TOLERANCE = 1e-10


@pytest.fixture
def x64() -> Iterator[None]:
    """JAX in double precision, for one test."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def draw(seed: int = 0, **shapes: tuple[int, ...]) -> Arrays:
    """Normal random arrays."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def close(left: Any, right: Any) -> None:
    """Equal relative to the largest entry."""
    right = np.asarray(right)
    np.testing.assert_allclose(left, right, rtol=TOLERANCE, atol=TOLERANCE * np.max(np.abs(right), initial=1e-3))


def gradients(loss: Callable[..., torch.Tensor], arrays: Arrays, names: list[str]) -> Arrays:
    """The gradients by PyTorch."""
    tensors = {name: torch.tensor(array, requires_grad=name in names) for name, array in arrays.items()}
    found = torch.autograd.grad(loss(**tensors), [tensors[name] for name in names])
    return {name: gradient.numpy() for name, gradient in zip(names, found, strict=True)}


def softmax_data() -> Arrays:
    arrays = draw(X=(300, 64), W=(64, 10), b=(10,))
    arrays["W"] *= 0.1
    arrays["y"] = np.eye(10)[np.random.default_rng(1).integers(10, size=300)]
    return arrays


SOFTMAX = "A_nk = X_nd W_dk + b_k\nF_nk = A_nk - log(sum_c exp(A_nc))\nL = -y_nk F_nk"
ATTENTION = """
Q_ia = X_id Wq_da
K_ja = X_jd Wk_da
V_jv = X_jd Wv_dv
P_ij = softmax_j(Q_ia K_ja / 4)
L = T_iv P_ij V_jv
"""
NORM = """
m_n = mean_d(X_nd)
v_n = mean_d((X_nd - m_n)^2)
Y_nd = g_d (X_nd - m_n) / sqrt(v_n + 1e-5) + b_d
L = T_nd Y_nd
"""
CP = "R_ijk = T_ijk - A_ir B_jr C_kr\nL = R_ijk R_ijk"


def attention(X: torch.Tensor, Wq: torch.Tensor, Wk: torch.Tensor, Wv: torch.Tensor, T: torch.Tensor) -> torch.Tensor:
    return (T * torch.nn.functional.scaled_dot_product_attention(X @ Wq, X @ Wk, X @ Wv)).sum()


def layer_norm(X: torch.Tensor, g: torch.Tensor, b: torch.Tensor, T: torch.Tensor) -> torch.Tensor:
    return (T * torch.nn.functional.layer_norm(X, g.shape, g, b, 1e-5)).sum()


def perceptron(act: Callable[[torch.Tensor], torch.Tensor]) -> Callable[..., torch.Tensor]:
    def loss(X: torch.Tensor, y: torch.Tensor, **layers: torch.Tensor) -> torch.Tensor:
        h = act(act(X @ layers["U"] + layers["a"]) @ layers["V"] + layers["b"])
        return ((h @ layers["w"] - y) ** 2).mean()

    return loss


def perceptron_text(act: str) -> str:
    return (
        f"H_nh = {act}(X_nd U_dh + a_h)\nG_nj = {act}(H_nh V_hj + b_j)\n"
        "L = mean_n((G_nj w_j - y_n)^2)"
    )  # fmt: skip


LAYERS = {"X": (200, 30), "U": (30, 50), "a": (50,), "V": (50, 40), "b": (40,), "w": (40,), "y": (200,)}
GRADIENTS: dict[str, tuple[str, Callable[..., torch.Tensor], Arrays, list[str]]] = {
    "softmax regression": (
        SOFTMAX,
        lambda X, W, b, y: torch.nn.functional.cross_entropy(X @ W + b, y, reduction="sum"),
        softmax_data(),
        ["W", "b", "X"],
    ),
    "tanh network": (perceptron_text("tanh"), perceptron(torch.tanh), draw(**LAYERS), ["U", "a", "V", "b", "w"]),
    "ReLU network": (perceptron_text("relu"), perceptron(torch.relu), draw(**LAYERS), ["U", "a", "V", "b", "w"]),
    "attention": (
        ATTENTION,
        attention,
        draw(X=(50, 32), Wq=(32, 16), Wk=(32, 16), Wv=(32, 24), T=(50, 24)),
        ["X", "Wq", "Wk", "Wv"],
    ),
    "layer norm": (NORM, layer_norm, draw(X=(64, 128), g=(128,), b=(128,), T=(64, 128)), ["X", "g", "b"]),
    "CP decomposition": (
        CP,
        lambda T, A, B, C: ((T - torch.einsum("ir,jr,kr->ijk", A, B, C)) ** 2).sum(),
        draw(T=(20, 25, 30), A=(20, 6), B=(25, 6), C=(30, 6)),
        ["A", "B", "C"],
    ),
    "Gaussian": (
        "r_ni = X_ni - μ_i\nL = r_ni Λ_ij r_nj / 2",
        lambda X, μ, Λ: torch.einsum("ni,ij,nj", X - μ, Λ, X - μ) / 2,
        draw(X=(100, 12), μ=(12,), Λ=(12, 12)),
        ["X", "μ", "Λ"],
    ),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_values_and_gradients_are_those_of_torch(name: str) -> None:
    text, loss, arrays, names = GRADIENTS[name]
    value, found = ed.value_and_grad(text, of="L", wrt=names)(arrays)
    close(value, loss(**{key: torch.tensor(array) for key, array in arrays.items()}))
    for key, expected in gradients(loss, arrays, names).items():
        close(found[key], expected)


@pytest.mark.parametrize("name", GRADIENTS)
def test_the_printed_gradient_has_the_same_numbers(name: str) -> None:
    text, loss, arrays, names = GRADIENTS[name]
    program = ed.parse(str(ed.grad(text, of="L", wrt=names)))
    found = ed.evaluate(program, {key: array for key, array in arrays.items() if key in program.inputs})
    for key, expected in gradients(loss, arrays, names).items():
        close(found[f"dLd{key}"], expected)


def test_the_hessian_of_softmax_regression_is_that_of_jax(x64: None) -> None:
    arrays = softmax_data()
    X, y = arrays["X"], arrays["y"]

    def loss(W: jax.Array, b: jax.Array) -> jax.Array:
        return -(y * jax.nn.log_softmax(X @ W + b)).sum()

    expected = jax.hessian(loss, argnums=(0, 1))(arrays["W"], arrays["b"])
    found = ed.hessian(SOFTMAX, of="L", wrt=["W", "b"])(arrays)
    for i, row in enumerate("Wb"):
        for j, column in enumerate("Wb"):
            close(found[row][column], expected[i][j])


def test_the_hessian_of_logistic_regression_is_that_of_jax(x64: None) -> None:
    arrays = draw(X=(500, 40), w=(40,))
    arrays["w"] *= 0.2
    arrays["t"] = (np.random.default_rng(2).random(500) < 0.5) * 1.0
    text = "z_n = X_nd w_d\nL = sum_n (softplus(z_n) - t_n z_n)"

    def loss(w: jax.Array) -> jax.Array:
        z = arrays["X"] @ w
        return (jnp.logaddexp(z, 0) - arrays["t"] * z).sum()

    close(ed.grad(text, wrt="w")(arrays), jax.grad(loss)(arrays["w"]))
    H = ed.hessian(text, wrt="w")
    close(H(arrays), jax.hessian(loss)(arrays["w"]))
    v = np.ones(40)
    close(ed.hvp(text, wrt="w")(arrays, dw=v), jax.jvp(jax.grad(loss), (arrays["w"],), (v,))[1])
    close(H.factored(arrays).matvec(v), jax.hessian(loss)(arrays["w"]) @ v)


def test_the_hessian_of_a_matrix_factorisation_is_that_of_jax(x64: None) -> None:
    arrays = draw(T=(60, 60), U=(60, 5), V=(60, 5))

    def loss(U: jax.Array, V: jax.Array) -> jax.Array:
        return ((arrays["T"] - U @ V.T) ** 2).sum()

    found = ed.hessian("R_ij = T_ij - U_ik V_jk\nL = R_ij R_ij", wrt=["U", "V"])(arrays)
    expected = jax.hessian(loss, argnums=(0, 1))(arrays["U"], arrays["V"])
    for i, row in enumerate("UV"):
        for j, column in enumerate("UV"):
            close(found[row][column], expected[i][j])


def test_the_hessian_of_a_network_is_that_of_jax(x64: None) -> None:
    sizes = {"X": (30, 6), "U": (6, 8), "a": (8,), "V": (8, 5), "b": (5,), "w": (5,), "y": (30,)}
    arrays, names = draw(**sizes), ["U", "a", "V", "b", "w"]

    def loss(*layers: jax.Array) -> jax.Array:
        U, a, V, b, w = layers
        return ((jnp.tanh(jnp.tanh(arrays["X"] @ U + a) @ V + b) @ w - arrays["y"]) ** 2).mean()

    found = ed.hessian(perceptron_text("tanh"), wrt=names)(arrays)
    expected = jax.hessian(loss, argnums=tuple(range(5)))(*(arrays[name] for name in names))
    for i, row in enumerate(names):
        for j, column in enumerate(names):
            close(found[row][column], expected[i][j])


def test_jacobians_and_products_of_attention_are_those_of_jax(x64: None) -> None:
    arrays = draw(X=(10, 8), Wq=(8, 16), Wk=(8, 16), Wv=(8, 6), dX=(10, 8), dO=(10, 6))
    text = ATTENTION.replace("L = T_iv P_ij V_jv", "O_iv = P_ij V_jv")

    def out(X: jax.Array) -> jax.Array:
        return jax.nn.softmax((X @ arrays["Wq"]) @ (X @ arrays["Wk"]).T / 4) @ (X @ arrays["Wv"])

    given = {name: array for name, array in arrays.items() if not name.startswith("d")}
    close(ed.jacobian(text, of="O", wrt="X")(given), jax.jacobian(out)(arrays["X"]))
    close(ed.jvp(text, of="O", wrt="X")(given, dX=arrays["dX"]), jax.jvp(out, (arrays["X"],), (arrays["dX"],))[1])
    close(ed.vjp(text, of="O", wrt="X")(given, dO=arrays["dO"]), jax.vjp(out, arrays["X"])[1](arrays["dO"])[0])


def test_products_with_several_directions_are_those_of_jax(x64: None) -> None:
    rng = np.random.default_rng(4)
    text = "h_nm = tanh(X_nd W_dm + b_m)\nA_nk = h_nm V_mk + c_k\nL = -y_nk logsoftmax_k(A_nk)"
    shapes = {"W": (30, 40), "b": (40,), "V": (40, 7), "c": (7,)}
    weights = {name: rng.normal(size=shape) / 5 for name, shape in shapes.items()}
    directions = {f"d{name}": rng.normal(size=shape) for name, shape in shapes.items()}
    data = {"X": rng.normal(size=(50, 30)), "y": np.eye(7)[rng.integers(7, size=50)]}

    def loss(W: jax.Array, b: jax.Array, V: jax.Array, c: jax.Array) -> jax.Array:
        return -(data["y"] * jax.nn.log_softmax(jnp.tanh(data["X"] @ W + b) @ V + c)).sum()

    at, along = tuple(weights.values()), tuple(directions.values())
    value = ed.jvp(text, wrt=[*weights])(weights | directions | data)
    close(value, jax.jvp(loss, at, along)[1])
    f = ed.hvp(text, wrt=[*weights])
    products = f(weights | directions | data)
    expected = jax.jvp(jax.grad(loss, argnums=(0, 1, 2, 3)), at, along)[1]
    for found, wanted in zip(products.values(), expected, strict=True):
        close(found, wanted)
    apart = [
        f(weights | data | {each: (each == name) * directions[each] for each in directions}) for name in directions
    ]
    for name, found in products.items():
        close(found, sum(part[name] for part in apart))
