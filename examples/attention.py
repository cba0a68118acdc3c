"""Causal attention and its gradients by queries, keys and values, from the gradient of what follows it."""

from pathlib import Path

import numpy as np

import einderiv as ed

net = ed.load(Path(__file__).with_suffix(".ein"))
print(ed.derivative(net, "∂E/∂Q_bhid"))

rng = np.random.default_rng(0)
Q, K, V, upstream = (rng.normal(size=(2, 4, 16, 8)) for _ in range(4))
values = ed.evaluate(net, Q=Q, K=K, V=V, dE_dO=upstream)
for letter, query in (("Q", "∂E/∂Q_bhid"), ("K", "∂E/∂K_bhjd"), ("V", "∂E/∂V_bhjd")):
    print(f"∂E/∂{letter} has shape {values[query].shape}")
later = np.triu_indices(16, 1)
print("no weight on later positions:", not values["P"][:, :, *later].any())
print(
    "the last position's values reach only the last output:",
    np.allclose(values["∂E/∂V_bhjd"][:, :, -1], values["P"][:, :, -1, -1, None] * upstream[:, :, -1]),
)
