"""Networks: deep ReLU (P7, P7g), a tanh perceptron (P8), its Hessian times a vector (P12), many tanh layers (P14)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import einderiv as ed
from benchmarks.contest import Array, Contest, Problem, by_hand, factored, normal, one_hot, ours, size, theirs

LAYERS = 10
PERCEPTRON_TEXT = "h_nm = tanh(X_nd W_dm + b_m)\nA_nk = h_nm V_mk + c_k\nL = -y_nk logsoftmax_k(A_nk)"


def letters(count: int) -> list[str]:
    """Index letters for the layers, two in turn."""
    return [f"{'ij'[layer % 2]}" for layer in range(count + 1)]


def deep_text(layers: int, batch: str = "") -> str:
    """`h1_j = relu(W1_ij h0_i)` and so on, and the cross-entropy of the last."""
    lines, names = [], letters(layers)
    for layer, (one, other) in enumerate(pairwise(names), 1):
        before = "x" if layer == 1 else f"h{layer - 1}"
        lines.append(f"h{layer}_{batch}{other} = relu({before}_{batch}{one} W{layer}_{one}{other})")
    last = f"{batch}{names[-1]}"
    return "\n".join([*lines, f"L = -y_{last} logsoftmax_{names[-1]}(h{layers}_{last})"])


def deep_arrays(n: int, batch: int = 0) -> dict[str, Array]:
    weights = normal(**{f"W{layer}": (n, n) for layer in range(1, LAYERS + 1)})
    scaled = {name: weight * (2 / n) ** 0.5 for name, weight in weights.items()}
    y = one_hot(max(batch, 1), n)
    return {**scaled, "x": normal(x=(batch, n) if batch else (n,))["x"], "y": y if batch else y[0]}


def deep_loss(math: Any, *operands: Any) -> Any:
    *weights, x, y = operands
    for W in weights:
        x = math.relu(x @ W)
    return -(y * math.logsoftmax(x)).sum()


def deep(n: int) -> Contest:
    arrays = deep_arrays(n)
    hessian = ed.hessian(deep_text(LAYERS), wrt="W1")
    large = {"autograd": "one backward pass for each of 10⁴ entries"} if n > 50 else {}
    return Contest(
        {
            "einderiv": ours(hessian, arrays),
            "einderiv factored": factored(hessian, arrays),
            "NumPy": by_hand(deep_by_hand, arrays),
            **theirs("hessian", deep_loss, arrays, ["W1"], large),
        },
        large,
    )


def deep_by_hand(*operands: Array) -> Array:
    """x_i x_k (S (diag p - p p') S')_jl, S the product of the later layers where they are active"""
    *weights, x, _ = operands
    h = x @ weights[0]
    S: Array = np.diag((h > 0).astype(float))
    h = np.maximum(h, 0)
    for W in weights[1:]:
        h = h @ W
        S = (S @ W) * (h > 0)
        h = np.maximum(h, 0)
    p = np.exp(h - h.max())
    p /= p.sum()
    M = (S * p) @ S.T - np.outer(S @ p, S @ p)
    H: Array = np.multiply(np.multiply.outer(x, M)[:, :, None, :], x[None, None, :, None])
    return H


def deep_gradients(n: int, batch: int) -> Contest:
    arrays = deep_arrays(n, batch)
    wrt = [f"W{layer}" for layer in range(1, LAYERS + 1)]
    return Contest(
        {
            "einderiv": ours(ed.grad(deep_text(LAYERS, "n"), wrt=wrt), arrays),
            "NumPy": by_hand(deep_gradients_by_hand, arrays),
            **theirs("gradient", deep_loss, arrays, wrt),
        }
    )


def deep_gradients_by_hand(*operands: Array) -> list[Array]:
    """Forward, keeping each layer, and back"""
    *weights, x, y = operands
    kept = [x]
    for W in weights:
        x = x @ W
        kept.append(np.maximum(x, 0, out=x))
    g = np.exp(x - x.max(1, keepdims=True))
    g *= y.sum(1, keepdims=True) / g.sum(1, keepdims=True)
    g -= y
    found = []
    for W, before, after in zip(weights[::-1], kept[-2::-1], kept[:0:-1], strict=True):
        g *= after > 0
        found.append(before.T @ g)
        g = g @ W.T
    return found[::-1]


def perceptron_arrays(N: int, D: int, M: int, K: int) -> dict[str, Array]:
    arrays = normal(W=(D, M), b=(M,), V=(M, K), c=(K,), X=(N, D))
    arrays["W"] *= D**-0.5
    arrays["V"] *= M**-0.5
    return {**arrays, "y": one_hot(N, K)}


def perceptron_loss(math: Any, W: Any, b: Any, V: Any, c: Any, X: Any, y: Any, *directions: Any) -> Any:
    return -(y * math.logsoftmax(math.tanh(X @ W + b) @ V + c)).sum()


def perceptron(N: int, D: int, M: int, K: int) -> Contest:
    arrays = perceptron_arrays(N, D, M, K)
    wrt = ["W", "b", "V", "c"]
    return Contest(
        {
            "einderiv": ours(ed.value_and_grad(PERCEPTRON_TEXT, wrt=wrt), arrays),
            "NumPy": by_hand(perceptron_by_hand, arrays),
            **theirs("value_and_gradient", perceptron_loss, arrays, wrt),
        }
    )


def perceptron_by_hand(W: Array, b: Array, V: Array, c: Array, X: Array, y: Array) -> list[Array]:
    """The value, and back through both layers in place"""
    h = X @ W
    h += b
    np.tanh(h, out=h)
    A = h @ V
    A += c
    A -= A.max(1, keepdims=True)
    P = np.exp(A)
    total = P.sum(1, keepdims=True)
    A -= np.log(total)
    value = np.asarray(-np.vdot(y, A))
    P /= total
    P -= y
    g = P @ V.T
    dV, dc = h.T @ P, P.sum(0)
    h *= h
    np.subtract(1, h, out=h)
    g *= h
    return [value, X.T @ g, g.sum(0), dV, dc]


def perceptron_hvp(N: int, D: int, M: int, K: int) -> Contest:
    arrays = perceptron_arrays(N, D, M, K)
    arrays |= normal(5, dW=(D, M), db=(M,), dV=(M, K), dc=(K,))
    wrt = ["W", "b", "V", "c"]
    return Contest(
        {
            "einderiv": ours(ed.hvp(PERCEPTRON_TEXT, wrt=wrt), arrays),
            "NumPy": by_hand(perceptron_hvp_by_hand, arrays),
            **theirs("hvp", perceptron_loss, arrays, wrt),
        }
    )


def perceptron_hvp_by_hand(
    W: Array, b: Array, V: Array, c: Array, X: Array, y: Array, dW: Array, db: Array, dV: Array, dc: Array
) -> list[Array]:
    """The derivative of the gradients along the directions"""
    h = np.tanh(X @ W + b)
    slope = 1 - h * h
    dh = slope * (X @ dW + db)
    A = h @ V + c
    P = np.exp(A - A.max(1, keepdims=True))
    P /= P.sum(1, keepdims=True)
    dA = dh @ V + h @ dV + dc
    dP = P * (dA - (P * dA).sum(1, keepdims=True))
    P -= y
    back = P @ V.T
    dg = slope * (dP @ V.T + P @ dV.T) - 2 * h * dh * back
    return [X.T @ dg, dg.sum(0), dh.T @ P + h.T @ dP, dP.sum(0)]


def tanh_text(layers: int) -> str:
    """`h1_nj = tanh(h0_ni W1_ij)` and so on, and the sum of squares of the last."""
    lines, names = [], letters(layers)
    for layer, (one, other) in enumerate(pairwise(names), 1):
        before = "x" if layer == 1 else f"h{layer - 1}"
        lines.append(f"h{layer}_n{other} = tanh({before}_n{one} W{layer}_{one}{other})")
    return "\n".join([*lines, f"L = h{layers}_n{names[-1]}^2"])


def tanh_layers(L: int, width: int, batch: int) -> Contest:
    wrt = [f"W{layer}" for layer in range(1, L + 1)]
    arrays = normal(**dict.fromkeys(wrt, (width, width)), x=(batch, width))
    for name in wrt:
        arrays[name] *= 1.2 * width**-0.5
    return Contest(
        {
            "einderiv": ours(ed.grad(tanh_text(L), wrt=wrt), arrays),
            "NumPy": by_hand(tanh_layers_by_hand, arrays),
            **theirs("gradient", tanh_loss, arrays, wrt),
        }
    )


def tanh_loss(math: Any, *operands: Any) -> Any:
    *weights, x = operands
    for W in weights:
        x = math.tanh(x @ W)
    return (x * x).sum()


def tanh_layers_by_hand(*operands: Array) -> list[Array]:
    """Forward, keeping each layer, and back"""
    *weights, x = operands
    kept = [x]
    for W in weights:
        x = x @ W
        kept.append(np.tanh(x, out=x))
    g, found = 2 * x, []
    for W, before, after in zip(weights[::-1], kept[-2::-1], kept[:0:-1], strict=True):
        g *= 1 - after * after
        found.append(before.T @ g)
        g = g @ W.T
    return found[::-1]


DEEP = Problem(
    "P7",
    "ten ReLU layers and cross-entropy, one sample, Hessian by W₁",
    [size(0.7, n=10), size(0.4, n=50), size(0.3, n=100)],
    {"n": 4},
    deep,
)
DEEP_GRADIENTS = Problem(
    "P7g",
    "the same net in batches, all gradients",
    [size(0.95, n=512, batch=128)],
    {"n": 4, "batch": 3},
    deep_gradients,
)
SHAPES = [size(0.7, N=256, D=784, M=512, K=10), size(0.4, N=8, D=6, M=5, K=3)]
PERCEPTRON = Problem(
    "P8", "tanh perceptron, value and all gradients", SHAPES, {"N": 4, "D": 3, "M": 5, "K": 2}, perceptron
)
PERCEPTRON_HVP = Problem(
    "P12",
    "its Hessian times a vector",
    [size(0.8, N=256, D=784, M=512, K=10)],
    {"N": 4, "D": 3, "M": 5, "K": 2},
    perceptron_hvp,
)
TANH_LAYERS = Problem(
    "P14",
    "L tanh layers, all gradients",
    [size(0.9, L=L, width=32, batch=32) for L in (10, 50, 100, 200)],
    {"L": 3, "width": 4, "batch": 2},
    tanh_layers,
)
