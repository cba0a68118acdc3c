"""Programs as users write them: gradients and Hessians against PyTorch, and as text that reads back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import einderiv as ed

Shapes = dict[str, tuple[int, ...]]
Loss = Callable[..., torch.Tensor]


@dataclass(frozen=True)
class Case:
    """A program with a scalar last equation, and the same scalar in PyTorch."""

    text: str
    loss: Loss
    shapes: Shapes
    wrt: tuple[str, ...]
    positive: tuple[str, ...] = ()

    def arrays(self, seed: int) -> dict[str, np.ndarray]:
        """Random inputs."""
        rng = np.random.default_rng(seed)
        drawn = {name: np.asarray(rng.normal(size=shape)) for name, shape in self.shapes.items()}
        return {name: np.abs(array) + 0.5 if name in self.positive else array for name, array in drawn.items()}


def gru(h: torch.Tensor, x: torch.Tensor, y: torch.Tensor, **w: torch.Tensor) -> torch.Tensor:
    z, r = torch.sigmoid(w["Uz"] @ x + w["Vz"] @ h), torch.sigmoid(w["Ur"] @ x + w["Vr"] @ h)
    n = torch.tanh(w["Un"] @ x + w["Vn"] @ (r * h))
    return (((1 - z) * n + z * h - y) ** 2).sum()


def energy(m: torch.Tensor, v: torch.Tensor, q: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    distance = torch.sqrt(((q[:, None] - q[None]) ** 2).sum(-1) + s)
    return (m * (v * v).sum(1)).sum() / 2 - (m[:, None] * m / distance).sum() / 2


def soft_means(X: torch.Tensor, C: torch.Tensor, β: torch.Tensor) -> torch.Tensor:
    D = ((X[:, None] - C) ** 2).sum(-1)
    return (torch.softmax(-β * D, 1) * D).sum()


def mixture(X: torch.Tensor, μ: torch.Tensor, s: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    D = ((X[:, None] - μ) ** 2).sum(-1)
    return -torch.logsumexp(torch.log_softmax(w, 0) - D / (2 * s) - torch.log(s), 1).sum()


def spring(x: torch.Tensor, k: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
    return (k * (torch.linalg.vector_norm(x[1:] - x[:-1], dim=1) - length) ** 2).sum() / 2


def transducer(x: torch.Tensor, W: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    return (F.gelu(x @ W) * g).sum()


CASES: dict[str, Case] = {
    "GRU cell": Case(
        """z_i = sigmoid(Uz_ij x_j + Vz_ij h_j)
        r_i = sigmoid(Ur_ij x_j + Vr_ij h_j)
        q_i = r_i h_i
        n_i = tanh(Un_ij x_j + Vn_ij q_j)
        o_i = (1 - z_i) n_i + z_i h_i
        L = sum_i (o_i - y_i)^2""",
        gru,
        {"h": (4,), "x": (3,), "y": (4,)} | {f"U{g}": (4, 3) for g in "zrn"} | {f"V{g}": (4, 4) for g in "zrn"},
        ("Uz", "Vr", "Vn", "h"),
    ),
    "Rosenbrock": Case(
        "f = (1 - x)^2 + 100 * (y - x^2)^2",
        lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        {"x": (), "y": ()},
        ("x", "y"),
    ),
    "soft k-means": Case(
        "D_nk = sum_d (X_nd - C_kd)^2\nr_nk = softmax_k(-β D_nk)\nL = r_nk D_nk",
        soft_means,
        {"X": (6, 2), "C": (3, 2), "β": ()},
        ("C", "β", "X"),
    ),
    "Gaussian mixture": Case(
        """D_nk = sum_d (X_nd - μ_kd)^2
        L = -sum_n logsumexp_k(logsoftmax_k(w_k) - D_nk / (2 s_k) - log(s_k))""",
        mixture,
        {"X": (6, 2), "μ": (3, 2), "s": (3,), "w": (3,)},
        ("μ", "s", "w"),
        ("s",),
    ),
    "bodies": Case(
        """r_abi = q_ai - q_bi
        d_ab = sqrt(r_abi r_abi + s)
        E = m_a v_ai v_ai / 2 - m_a m_b / d_ab / 2""",
        energy,
        {"m": (4,), "v": (4, 3), "q": (4, 3), "s": ()},
        ("q", "v", "m"),
        ("m", "s"),
    ),
    "principal components": Case(
        "Z_nk = X_nd W_dk\nR_nd = X_nd - Z_nk W_dk\nL = R_nd R_nd",
        lambda X, W: ((X - X @ W @ W.T) ** 2).sum(),
        {"X": (7, 4), "W": (4, 2)},
        ("W", "X"),
    ),
    "Huber": Case(
        "r_n = X_nd w_d - y_n\nL = sum_n where(abs(r_n) <= c, r_n^2 / 2, c (abs(r_n) - c / 2))",
        lambda X, w, y, c: F.huber_loss(X @ w, y, reduction="sum", delta=c.item()),
        {"X": (9, 3), "w": (3,), "y": (9,), "c": ()},
        ("w", "X"),
        ("c",),
    ),
    "cosine": Case(
        "s = a_i b_i / (norm_j(a_j) norm_k(b_k))",
        lambda a, b: F.cosine_similarity(a, b, dim=0),
        {"a": (5,), "b": (5,)},
        ("a", "b"),
    ),
    "running sum": Case(
        "c_t = cumsum_t(x_t)\nL = w_t exp(-c_t)",
        lambda x, w: (w * torch.exp(-torch.cumsum(x, 0))).sum(),
        {"x": (5,), "w": (5,)},
        ("x", "w"),
    ),
    "layer norm": Case(
        """m_n = mean_d(X_nd)
        v_n = mean_d((X_nd - m_n)^2)
        L = T_nd g_d (X_nd - m_n) / sqrt(v_n + 1e-5)""",
        lambda X, g, T: (T * F.layer_norm(X, g.shape, g, None, 1e-5)).sum(),
        {"X": (4, 6), "g": (6,), "T": (4, 6)},
        ("X", "g"),
    ),
    "attention": Case(
        """P_ij = softmax_j(X_id Q_da K_ea X_je)
        L = T_iv P_ij X_jd V_dv""",
        lambda X, Q, K, V, T: (T * (torch.softmax(X @ Q @ K.T @ X.T, 1) @ X @ V)).sum(),
        {"X": (5, 4), "Q": (4, 3), "K": (4, 3), "V": (4, 2), "T": (5, 2)},
        ("X", "Q", "V"),
    ),
    "own function": Case(
        "def gelu(z) = z (1 + erf(z / sqrt(2))) / 2\nL = g_h gelu(x_d W_dh)",
        transducer,
        {"x": (3,), "W": (3, 4), "g": (4,)},
        ("x", "W"),
    ),
    "Poisson regression": Case(
        "η_n = X_nd w_d\nL = sum_n (exp(η_n) - y_n η_n)",
        lambda X, w, y: (torch.exp(X @ w) - y * (X @ w)).sum(),
        {"X": (8, 3), "w": (3,), "y": (8,)},
        ("w", "X"),
    ),
    "Kullback-Leibler": Case(
        "p_i = softmax_i(a_i)\nL = p_i (logsoftmax_i(a_i) - logsoftmax_i(b_i))",
        lambda a, b: F.kl_div(torch.log_softmax(b, 0), torch.log_softmax(a, 0), reduction="sum", log_target=True),
        {"a": (4,), "b": (4,)},
        ("a", "b"),
    ),
    "triple product": Case(
        "v = ε_ijk a_i b_j c_k\nL = v^2",
        lambda a, b, c: torch.linalg.det(torch.stack([a, b, c])) ** 2,
        {"a": (3,), "b": (3,), "c": (3,)},
        ("a", "b"),
    ),
    "power": Case(
        "L = sum_i x_i^p + y^2 x_i x_i",
        lambda x, p, y: (x**p).sum() + y**2 * (x * x).sum(),
        {"x": (4,), "p": (), "y": ()},
        ("x", "p", "y"),
        ("x",),
    ),
    "squared distance by products": Case(
        "D_nm = sum_d X_nd^2 - 2 X_nd Y_md + sum_d Y_md^2\nL = sum_{n,m} exp(-D_nm)",
        lambda X, Y: torch.exp(-((X[:, None] - Y) ** 2).sum(-1)).sum(),
        {"X": (3, 2), "Y": (4, 2)},
        ("X", "Y"),
    ),
    "product with zeros": Case(
        "p_i = prod_j(x_ij [x_ij > 0])\nL = a_i p_i",
        lambda x, a: (torch.relu(x).prod(1) * a).sum(),
        {"x": (3, 3), "a": (3,)},
        ("x", "a"),
    ),
}

each = pytest.mark.parametrize("name", CASES)


def close(left: object, right: object, tolerance: float) -> None:
    right = np.asarray(right)
    np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance * np.max(np.abs(right), initial=1.0))


def by_one_argument(case: Case, tensors: dict[str, torch.Tensor], first: str, second: str) -> torch.Tensor:
    """∂²L/∂first∂second by PyTorch, in reverse mode twice."""

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return case.loss(**(tensors | {second: y} | {first: x if first != second else x + y - y.detach()}))

    slope = torch.autograd.functional.jacobian
    x, y = tensors[first], tensors[second]
    return slope(lambda b: slope(partial(_swapped, loss, b), x, create_graph=True), y)


def _swapped(loss: Loss, y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return loss(x, y)


@each
def test_values_and_gradients_are_those_of_torch(name: str) -> None:
    case = CASES[name]
    for seed in (1, 2):
        arrays = case.arrays(seed)
        tensors = {key: torch.tensor(array, requires_grad=key in case.wrt) for key, array in arrays.items()}
        loss = case.loss(**tensors)
        value, gradient = ed.value_and_grad(case.text, wrt=case.wrt)(arrays)
        close(value, loss.detach(), 1e-12)
        for key, expected in zip(case.wrt, torch.autograd.grad(loss, [tensors[key] for key in case.wrt]), strict=True):
            close(gradient[key], expected, 1e-11)


@each
def test_hessians_are_those_of_torch(name: str) -> None:
    case = CASES[name]
    arrays = case.arrays(3)
    tensors = {key: torch.tensor(array) for key, array in arrays.items()}
    H = ed.hessian(case.text, wrt=case.wrt)(arrays)
    for first in case.wrt:
        for second in case.wrt:
            expected = by_one_argument(case, tensors, first, second).numpy()
            rank = arrays[first].ndim
            close(H[first][second], expected, 1e-9)
            assert H[first][second].shape == arrays[first].shape + expected.shape[rank:]


@each
def test_hessians_read_back_from_their_text(name: str) -> None:
    case = CASES[name]
    arrays = case.arrays(4)
    H = ed.hessian(case.text, wrt=case.wrt)
    values = H(arrays)
    program = ed.parse(str(H))
    found = ed.evaluate(program, {key: array for key, array in arrays.items() if key in program.inputs})
    for first in case.wrt:
        for second in case.wrt:
            close(found[f"d2{H.program.outputs[-1]}d{first}d{second}"], values[first][second], 1e-11)
