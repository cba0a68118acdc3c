"""Regressions: softmax (P3), its Hessian (P4), logistic (P6), and log(1 + exp(x)) on its own (P15)."""

from __future__ import annotations

from typing import Any

import numpy as np

import einderiv as ed
from benchmarks.contest import Array, Contest, Problem, by_hand, normal, one_hot, ours, size, theirs

SOFTMAX_TEXT = "A_nk = X_nd W_dk + b_k\nL = -y_nk logsoftmax_k(A_nk)"


def softmax_arrays(N: int, D: int, K: int) -> dict[str, Array]:
    arrays = normal(X=(N, D), W=(D, K), b=(K,))
    arrays["W"] *= D**-0.5
    return {**arrays, "y": one_hot(N, K)}


def softmax_loss(math: Any, X: Any, W: Any, b: Any, y: Any) -> Any:
    return -(y * math.logsoftmax(X @ W + b)).sum()


def softmax(N: int, D: int, K: int) -> Contest:
    arrays = softmax_arrays(N, D, K)
    return Contest(
        {
            "einderiv": ours(ed.value_and_grad(SOFTMAX_TEXT, wrt=["W", "b"]), arrays),
            "NumPy": by_hand(softmax_by_hand, arrays),
            **theirs("value_and_gradient", softmax_loss, arrays, ["W", "b"]),
        }
    )


def softmax_by_hand(X: Array, W: Array, b: Array, y: Array) -> tuple[Array, ...]:
    """A - logsumexp(A), and X'(P - y), in one array"""
    A = X @ W
    A += b
    A -= A.max(1, keepdims=True)
    P = np.exp(A)
    total = P.sum(1, keepdims=True)
    A -= np.log(total)
    value = -np.vdot(y, A)
    P /= total
    P -= y
    return np.asarray(value), X.T @ P, P.sum(0)


def softmax_hessian(N: int, D: int, K: int) -> Contest:
    arrays = softmax_arrays(N, D, K)
    return Contest(
        {
            "einderiv": ours(ed.hessian(SOFTMAX_TEXT, wrt="W"), arrays),
            "NumPy": by_hand(softmax_hessian_by_hand, arrays),
            **theirs("hessian", softmax_loss, arrays, ["W"]),
        }
    )


def softmax_hessian_by_hand(X: Array, W: Array, b: Array, y: Array) -> Array:
    """Σ_n X_nd X_ne (P_nk δ_kc - P_nk P_nc), the product with both as one symmetric matrix"""
    (N, D), K = X.shape, len(b)
    A = X @ W + b
    P = np.exp(A - A.max(1, keepdims=True))
    P /= P.sum(1, keepdims=True)
    Q = (X[:, :, None] * P[:, None, :]).reshape(N, D * K)
    H: Array = (Q.T @ Q).reshape(D, K, D, K)
    np.negative(H, out=H)
    for k in range(K):
        Z = X * np.sqrt(P[:, k, None])
        H[:, k, :, k] += Z.T @ Z
    return H


def logistic(n: int) -> Contest:
    arrays = normal(X=(2 * n, n), w=(n,))
    arrays["w"] *= n**-0.5
    arrays["y"] = np.sign(np.random.default_rng(2).normal(size=2 * n))
    return Contest(
        {
            "einderiv": ours(ed.hessian("L = sum_i log(1 + exp(-y_i (X_ij w_j)))", wrt="w"), arrays),
            "NumPy": by_hand(logistic_by_hand, arrays),
            **theirs("hessian", lambda np, X, w, y: np.log1p(np.exp(-y * (X @ w))).sum(), arrays, ["w"]),
        }
    )


def logistic_by_hand(X: Array, w: Array, y: Array) -> Array:
    """X' diag(s (1 - s)) X as a symmetric product"""
    s = 1 / (1 + np.exp(-(X @ w)))
    Z: Array = X * np.sqrt(s * (1 - s))[:, None]
    return Z.T @ Z


def softplus(n: int) -> Contest:
    text = "y_i = log(1 + exp(x_i))\nS = sum_i y_i\nG_i = ∂S/∂x_i"
    arrays = normal(x=(n,))

    def hand(x: Array) -> tuple[Array, Array]:
        e = np.exp(x)
        y = np.log1p(e)
        e /= 1 + e
        return y, e

    def summed(math: Any, x: Any) -> Any:
        y = math.log1p(math.exp(x))
        return y.sum()

    both = theirs("value_and_gradient", summed, arrays, ["x"])
    return Contest(
        {
            "einderiv": ours(ed.function(text, of=["S", "G"]), arrays),
            "NumPy": by_hand(lambda x: (lambda pair: (np.asarray(pair[0].sum()), pair[1]))(hand(x)), arrays),
            **both,
        }
    )


SOFTMAX = Problem(
    "P3",
    "softmax regression, value and gradients",
    [size(0.8, N=10_000, D=784, K=10), size(0.8, N=200_000, D=50, K=10)],
    {"N": 6, "D": 4, "K": 3},
    softmax,
)
SOFTMAX_HESSIAN = Problem(
    "P4",
    "its Hessian by the weights",
    [size(0.15, N=5000, D=50, K=10)],
    {"N": 6, "D": 4, "K": 3},
    softmax_hessian,
)
LOGISTIC = Problem(
    "P6",
    "logistic regression, Hessian, X is 2n × n",
    [size(0.3, n=10), size(0.75, n=200), size(0.4, n=1000)],
    {"n": 3},
    logistic,
)
SOFTPLUS = Problem("P15", "Σ log(1 + exp(x)) and its gradient", [size(0.5, n=10_000_000)], {"n": 7}, softplus)
