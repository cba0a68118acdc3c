"""Softmax regression: the same derivatives from one-hot labels and from class labels."""

from pathlib import Path

import numpy as np

import einderiv as ed

HERE = Path(__file__).parent
one_hot = ed.load(HERE / "softmax_regression.ein")
labels = ed.load(HERE / "softmax_labels.ein")
for query in ("∂L/∂W_dk", "∂L/∂b_k", "∂²L/∂b_k∂b_c"):
    print(f"{query} is, with one-hot labels,")
    print(ed.derivative(one_hot, query))
    print("and with class labels")
    print(ed.derivative(labels, query), end="\n\n")

N, D, K = 6, 4, 3
rng = np.random.default_rng(0)
data = {"X": rng.normal(size=(N, D)), "W": rng.normal(size=(D, K)), "b": rng.normal(size=K)}
y = rng.integers(K, size=N)
first = ed.evaluate(one_hot, Y=np.eye(K)[y], **data)
second = ed.evaluate(labels, y=y, **data)
for name in ("L", "∂L/∂W_dk", "∂L/∂b_k", "∂²L/∂W_dk∂W_ec", "∂²L/∂b_k∂b_c"):
    print(f"{name} has shape {np.shape(first[name])}, the same from both: {np.allclose(first[name], second[name])}")
