"""Products of matrices and vectors: a layer by its weights (P1, P2), a chain in a bad order (P10), V U by V (P11)."""

from __future__ import annotations

from typing import Any

import numpy as np

import einderiv as ed
from benchmarks.contest import Array, Contest, Problem, by_hand, factored, normal, ours, size, theirs


def layer(H: int, D: int) -> Contest:
    arrays = normal(W=(H, D), x=(D,), b=(H,))
    jacobian = ed.jacobian("a_i = W_ij x_j + b_i", wrt="W")
    return Contest(
        {
            "einderiv": ours(jacobian, arrays),
            "einderiv factored": factored(jacobian, arrays),
            "NumPy": by_hand(layer_by_hand, arrays),
            **theirs("jacobian", lambda np, W, x, b: W @ x + b, arrays, ["W"]),
        }
    )


def layer_by_hand(W: Array, x: Array, b: Array) -> Array:
    """δ_ik x_l"""
    H, D = W.shape
    J = np.zeros((H, H, D))
    J.reshape(H * H, D)[:: H + 1] = x
    return J


def outer(H: int, D: int) -> Contest:
    text = "given ∂E/∂a_i\na_i = W_ij x_j"
    arrays = normal(W=(H, D), x=(D,), g=(H,))
    passed = {"W": arrays["W"], "x": arrays["x"], "dE_da": arrays["g"]}
    hand = outer_by_hand if H * D < 10_000 else large_outer_by_hand
    return Contest(
        {
            "einderiv": ours(ed.grad(text, of="E", wrt="W"), passed),
            "NumPy": by_hand(hand, arrays),
            **theirs("gradient", lambda np, W, x, g: g @ (W @ x), arrays, ["W"]),
        }
    )


def outer_by_hand(W: Array, x: Array, g: Array) -> Array:
    """g_i x_j"""
    return g[:, None] * x


def large_outer_by_hand(W: Array, x: Array, g: Array) -> Array:
    """g_i x_j, which `dot` does with two threads"""
    G: Array = np.dot(g[:, None], x[None])
    return G


def chain(n: int) -> Contest:
    arrays = normal(w=(n,), A=(n, n), B=(n, n), C=(n, n), D=(n, n), v=(n,))
    return Contest(
        {
            "einderiv": ours(ed.grad("u = w_i A_ij B_jk C_kl D_lm v_m", wrt="B"), arrays),
            "NumPy": by_hand(lambda w, A, B, C, D, v: np.dot((w @ A)[:, None], (C @ (D @ v))[None]), arrays),
            **theirs("gradient", chain_as_written, arrays, ["B"]),
        }
    )


def chain_as_written(math: Any, w: Any, A: Any, B: Any, C: Any, D: Any, v: Any) -> Any:
    return w @ (((A @ B) @ C) @ D) @ v


def product(n: int) -> Contest:
    arrays = normal(V=(n, n), U=(n, n))
    jacobian = ed.jacobian("W_ij = V_ik U_kj", wrt="V")
    return Contest(
        {
            "einderiv": ours(jacobian, arrays),
            "einderiv factored": factored(jacobian, arrays),
            "NumPy": by_hand(product_by_hand, arrays),
            **theirs("jacobian", lambda np, V, U: V @ U, arrays, ["V"]),
        }
    )


def product_by_hand(V: Array, U: Array) -> Array:
    """δ_ia U_bj"""
    n, k, m = len(V), len(U), U.shape[1]
    J = np.zeros((n, m, n, k))
    np.einsum("ijik->ijk", J)[...] = U.T
    return J


LAYER = Problem(
    "P1",
    "a_i = W_ij x_j + b_i, ∂a/∂W dense",
    [size(0.5, H=4, D=4), size(0.6, H=64, D=64), size(0.25, H=256, D=256)],
    {"H": 3, "D": 4},
    layer,
)
OUTER = Problem(
    "P2",
    "∂E/∂W from a given ∂E/∂a_i",
    [size(0.5, H=4, D=4), size(1.1, H=1000, D=1000)],
    {"H": 3, "D": 4},
    outer,
)
CHAIN = Problem("P10", "u = w A B C D v in a bad order, gradient by B", [size(0.03, n=1000)], {"n": 4}, chain)
PRODUCT = Problem("P11", "W_ij = V_ik U_kj, ∂W/∂V dense", [size(0.1, n=40)], {"n": 4}, product)
