"""Factorisations of a matrix (P5), and of a tensor as CP and Tucker (P13)."""

from __future__ import annotations

from typing import Any

import numpy as np

import einderiv as ed
from benchmarks.contest import Array, Contest, Problem, by_hand, factored, normal, ours, size, theirs

MATRIX = "R_ij = T_ij - U_ik V_jk\nL = R_ij R_ij"
CP = "R_ijk = T_ijk - A_ir B_jr C_kr\nL = R_ijk^2"
CORE = "R_ijk = T_ijk - G_abc A_ia B_jb C_kc\nL = R_ijk^2"


def matrix(n: int, k: int) -> Contest:
    arrays = normal(T=(n, n), U=(n, k), V=(n, k))
    hessian = ed.hessian(MATRIX, wrt="U")
    large = {name: "needs 40 GB" for name in ("JAX", "PyTorch", "torch.compile", "autograd")} if n > 500 else {}
    return Contest(
        {
            "einderiv": ours(hessian, arrays),
            "einderiv factored": factored(hessian, arrays),
            "NumPy": by_hand(matrix_by_hand, arrays),
            **theirs("hessian", lambda np, T, U, V: ((T - U @ V.T) ** 2).sum(), arrays, ["U"], large),
        },
        large,
    )


def matrix_by_hand(T: Array, U: Array, V: Array) -> Array:
    """δ_ij 2 (V'V)_kl"""
    n, k = U.shape
    H = np.zeros((n, k, n, k))
    np.einsum("ikil->ikl", H)[...] = 2 * (V.T @ V)
    return H


def cp_loss(math: Any, T: Any, A: Any, B: Any, C: Any) -> Any:
    return ((T - math.einsum("ir,jr,kr->ijk", A, B, C)) ** 2).sum()


def cp(n: int, r: int) -> Contest:
    arrays = normal(T=(n, n, n), A=(n, r), B=(n, r), C=(n, r))
    return Contest(
        {
            "einderiv": ours(ed.grad(CP, wrt="A"), arrays),
            "NumPy": by_hand(cp_by_hand, arrays),
            **theirs("gradient", cp_loss, arrays, ["A"]),
        }
    )


def cp_by_hand(T: Array, A: Array, B: Array, C: Array) -> Array:
    """2 A (B'B ∘ C'C) - 2 T (B ⊙ C)"""
    n, r = A.shape
    K = (B[:, None] * C).reshape(-1, r)
    G: Array = 2 * (A @ ((B.T @ B) * (C.T @ C)) - T.reshape(n, -1) @ K)
    return G


def cp_hessian(n: int, r: int) -> Contest:
    arrays = normal(T=(n, n, n), A=(n, r), B=(n, r), C=(n, r))
    hessian = ed.hessian(CP, wrt="A")
    return Contest(
        {
            "einderiv": ours(hessian, arrays),
            "einderiv factored": factored(hessian, arrays),
            "NumPy": by_hand(cp_hessian_by_hand, arrays),
            **theirs("hessian", cp_loss, arrays, ["A"]),
        }
    )


def cp_hessian_by_hand(T: Array, A: Array, B: Array, C: Array) -> Array:
    """δ_ij 2 (B'B ∘ C'C)_rs"""
    n, r = A.shape
    H = np.zeros((n, r, n, r))
    np.einsum("iris->irs", H)[...] = 2 * (B.T @ B) * (C.T @ C)
    return H


def tucker_loss(math: Any, T: Any, G: Any, A: Any, B: Any, C: Any) -> Any:
    inner = math.einsum("abc,kc->abk", G, C)
    return ((T - math.einsum("ia,ajk->ijk", A, math.einsum("abk,jb->ajk", inner, B))) ** 2).sum()


def tucker(n: int, r: int) -> Contest:
    arrays = normal(T=(n, n, n), G=(r, r, r), A=(n, r), B=(n, r), C=(n, r))
    return Contest(
        {
            "einderiv": ours(ed.grad(CORE, wrt="A"), arrays),
            "NumPy": by_hand(tucker_by_hand, arrays),
            **theirs("gradient", tucker_loss, arrays, ["A"]),
        }
    )


def tucker_by_hand(T: Array, G: Array, A: Array, B: Array, C: Array) -> Array:
    """2 A (G B'B C'C G') - 2 (T B C) G'"""
    r = len(G)
    flat = np.ascontiguousarray(G).reshape(r, -1)
    inner = np.matmul(np.matmul(B.T @ B, G), C.T @ C).reshape(r, -1)
    seen = np.matmul(B.T, T @ C).reshape(len(T), -1)
    g: Array = 2 * (A @ (inner @ flat.T) - seen @ flat.T)
    return g


FACTORISATION = Problem(
    "P5",
    "‖T - U Vᵀ‖², Hessian by U, T is n × n",
    [size(0.1, n=10, k=5), size(0.002, n=100, k=5), size(0.001, n=200, k=5), size(n=1000, k=5)],
    {"n": 4, "k": 2},
    matrix,
)
CANDECOMP = Problem("P13a", "CP ‖T - A B C‖², gradient by A", [size(0.3, n=200, r=20)], {"n": 4, "r": 2}, cp)
CANDECOMP_HESSIAN = Problem("P13b", "its Hessian by A", [size(0.001, n=40, r=20)], {"n": 4, "r": 2}, cp_hessian)
TUCKER = Problem("P13c", "Tucker, gradient by A", [size(0.3, n=200, r=20)], {"n": 4, "r": 2}, tucker)
