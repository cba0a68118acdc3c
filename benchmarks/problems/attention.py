"""Attention, the gradients by queries, keys and values (P9)."""

from __future__ import annotations

from typing import Any

import numpy as np

import einderiv as ed
from benchmarks.contest import Array, Contest, Problem, by_hand, normal, ours, size, theirs


def attention(B: int, h: int, n: int, d: int) -> Contest:
    scale = d**-0.5
    text = f"""given ∂E/∂O_bhid
        S_bhij = {scale!r} Q_bhid K_bhjd
        P_bhij = softmax_j(S_bhij)
        O_bhid = P_bhij V_bhjd"""
    arrays = normal(Q=(B, h, n, d), K=(B, h, n, d), V=(B, h, n, d), G=(B, h, n, d))
    passed = {**{name: arrays[name] for name in "QKV"}, "dE_dO": arrays["G"]}

    def loss(math: Any, Q: Any, K: Any, V: Any, G: Any) -> Any:
        P = math.softmax(math.einsum("bhid,bhjd->bhij", Q, K) * scale)
        return (G * math.einsum("bhij,bhjd->bhid", P, V)).sum()

    slow = {"autograd": "`numpy.einsum` without BLAS takes over 100 times as long"} if n > 100 else {}
    return Contest(
        {
            "einderiv": ours(ed.grad(text, of="E", wrt=["Q", "K", "V"]), passed),
            "NumPy": by_hand(lambda *operands: attention_by_hand(scale, *operands), arrays),
            **theirs("gradient", loss, arrays, ["Q", "K", "V"], slow),
        },
        slow,
    )


def attention_by_hand(scale: float, Q: Array, K: Array, V: Array, G: Array) -> list[Array]:
    """Softmax and its slope in place, batches by `matmul`"""
    P = np.matmul(Q, K.swapaxes(2, 3))
    P *= scale
    P -= P.max(-1, keepdims=True)
    np.exp(P, out=P)
    P /= P.sum(-1, keepdims=True)
    dV = np.matmul(P.swapaxes(2, 3), G)
    dP = np.matmul(G, V.swapaxes(2, 3))
    dP -= np.einsum("bhij,bhij->bhi", dP, P)[..., None]
    dP *= P
    dP *= scale
    return [np.matmul(dP, K), np.matmul(dP.swapaxes(2, 3), Q), dV]


ATTENTION = Problem(
    "P9",
    "attention, ∂Q, ∂K, ∂V",
    [size(0.8, B=4, h=8, n=256, d=64), size(0.9, B=1, h=1, n=4, d=4)],
    {"B": 2, "h": 2, "n": 3, "d": 2},
    attention,
)
