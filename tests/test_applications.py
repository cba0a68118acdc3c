"""What users of other tools write every day, against PyTorch: materials, processes, attention, convolution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.autograd.functional import hessian as torch_hessian

import einderiv as ed

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
RNG = np.random.default_rng(5)


def tensors(arrays: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {
        name: torch.tensor(np.asarray(array), dtype=torch.float64, requires_grad=True) for name, array in arrays.items()
    }


def close(found: object, expected: object, tolerance: float = 1e-9) -> None:
    wanted = expected.detach().numpy() if isinstance(expected, torch.Tensor) else np.asarray(expected)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * max(1.0, float(np.abs(wanted).max())))


@pytest.mark.parametrize("energy", ["svk", "nh"])
def test_the_tangents_of_elasticity(energy: str) -> None:
    λ, μ = 1.7, 0.6
    F = np.eye(3) + 0.2 * RNG.normal(size=(3, 3))

    def by_torch(f: torch.Tensor) -> torch.Tensor:
        if energy == "svk":
            strain = (f.T @ f - torch.eye(3, dtype=torch.float64)) / 2
            return λ * torch.trace(strain) ** 2 / 2 + μ * (strain * strain).sum()
        volume = torch.det(f)
        return μ * ((f * f).sum() - 3) / 2 - μ * torch.log(volume) + λ * torch.log(volume) ** 2 / 2

    net = ed.load(EXAMPLES / "elasticity.ein")
    at = torch.tensor(F, requires_grad=True)
    close(ed.grad(net, of=energy, wrt="F")(F=F, λ=λ, μ=μ), torch.autograd.grad(by_torch(at), at)[0])
    close(ed.hessian(net, of=energy, wrt="F")(F=F, λ=λ, μ=μ), torch_hessian(by_torch, at))


def test_the_gradient_of_a_gaussian_process_in_all_hyperparameters() -> None:
    X, y = RNG.normal(size=(30, 3)), RNG.normal(size=30)
    arrays = {"l": RNG.uniform(0.5, 2, 3), "s": np.array(1.3), "r": np.array(0.4)}
    net = ed.load(EXAMPLES / "gaussian_process.ein")
    value, slopes = ed.value_and_grad(net, of="L", wrt=["l", "s", "r"])(X=X, y=y, **arrays)
    at = tensors(arrays)
    scaled = torch.tensor(X)[:, None] - torch.tensor(X)[None]
    smooth = at["s"] ** 2 * torch.exp(-((scaled / at["l"]) ** 2).sum(-1) / 2)
    kernel = smooth + at["r"] ** 2 * torch.eye(30, dtype=torch.float64)
    target = torch.tensor(y)
    expected = -target @ torch.linalg.solve(kernel, target) / 2 - torch.logdet(kernel) / 2 - 15 * np.log(2 * np.pi)
    close(value, expected)
    for name, slope in zip(at, torch.autograd.grad(expected, list(at.values())), strict=True):
        close(slopes[name], slope)


def test_causal_attention() -> None:
    arrays = {name: RNG.normal(size=(2, 3, 12, 8)) for name in "QKV"}
    upstream = RNG.normal(size=(2, 3, 12, 8))
    values = ed.evaluate(ed.load(EXAMPLES / "attention.ein"), **arrays, dE_dO=upstream)
    at = tensors(arrays)
    output = torch.nn.functional.scaled_dot_product_attention(at["Q"], at["K"], at["V"], is_causal=True)
    close(values["O"], output)
    slopes = torch.autograd.grad(output, list(at.values()), torch.tensor(upstream))
    for query, slope in zip(["∂E/∂Q_bhid", "∂E/∂K_bhjd", "∂E/∂V_bhjd"], slopes, strict=True):
        close(values[query], slope)


def test_a_convolutional_network() -> None:
    shapes = {"K": (8, 3, 3), "a": (8,), "G": (16, 8, 3, 3), "b": (16,), "W": (10, 16, 4, 4), "c": (10,)}
    arrays = {name: RNG.normal(size=shape) / 3 for name, shape in shapes.items()}
    X, y = RNG.normal(size=(20, 8, 8)), RNG.integers(0, 10, 20)
    net = ed.load(EXAMPLES / "digits" / "convolution.ein")
    value, slopes = ed.value_and_grad(net, of="L", wrt=list(shapes))(X=X, y=y, **arrays)
    at = tensors(arrays)
    hidden = torch.relu(torch.conv2d(torch.tensor(X)[:, None], at["K"][:, None], at["a"]))
    hidden = torch.relu(torch.conv2d(hidden, at["G"], at["b"]))
    scores = torch.einsum("nfij,kfij->nk", hidden, at["W"]) + at["c"]
    loss = torch.nn.functional.cross_entropy(scores, torch.tensor(y), reduction="sum")
    close(value, loss)
    for name, slope in zip(shapes, torch.autograd.grad(loss, list(at.values())), strict=True):
        close(slopes[name], slope)


def test_the_laplacian_and_its_adjoint() -> None:
    u = RNG.normal(size=(7, 9))
    values = ed.evaluate(ed.load(EXAMPLES / "laplacian.ein"), u=u)
    at = torch.tensor(u, requires_grad=True)
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=torch.float64)
    output = torch.conv2d(at[None, None], kernel[None, None])[0, 0]
    close(values["y"], output)
    close(values["∂E/∂u_pq"], torch.autograd.grad((output**2).sum() / 2, at)[0])


def test_an_embedding_and_its_gradient() -> None:
    E, tokens, g = RNG.normal(size=(50, 6)), RNG.integers(0, 50, 40), RNG.normal(size=(40, 6))
    text = "y_nd = E_{t_n,d}\nL = sum_{n,d} tanh(y_nd) g_nd"
    at = torch.tensor(E, requires_grad=True)
    expected = (torch.tanh(at[torch.tensor(tokens)]) * torch.tensor(g)).sum()
    close(ed.grad(text, wrt="E")(E=E, t=tokens, g=g), torch.autograd.grad(expected, at)[0])
    close(ed.jacobian(text, of="y", wrt="E")(E=E, t=tokens, g=g).sum((2, 3)), np.ones((40, 6)))


def test_second_derivatives_of_a_convolution() -> None:
    x, w = RNG.normal(size=12), RNG.normal(size=3)
    text = "y_i = tanh(x_{2i+k} w_k)\nL = y_i y_i"

    def by_torch(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return (torch.tanh(torch.conv1d(x[None, None], w[None, None], stride=2)) ** 2).sum()

    blocks = torch_hessian(by_torch, (torch.tensor(x), torch.tensor(w)))
    found = ed.hessian(text, of="L", wrt=["x", "w"])(x=x, w=w)
    for row, name in enumerate("xw"):
        for column, other in enumerate("xw"):
            close(found[name][other], blocks[row][column])
