"""A linear layer a = W x + b: its Jacobian is a delta times x, and the chain rule never makes it dense."""

from pathlib import Path

import numpy as np

import einderiv as ed

net = ed.load(Path(__file__).with_suffix(".ein"))
for query in ("∂a_i/∂W_jk", "∂E/∂W_kl", "∂E/∂x_l", "∂E/∂b_k"):
    print(f"{query} is")
    print(ed.derivative(net, query), end="\n\n")

H, D = 3, 4
rng = np.random.default_rng(0)
W, x, b, upstream = rng.normal(size=(H, D)), rng.normal(size=D), rng.normal(size=H), rng.normal(size=H)
values = ed.evaluate(net, W=W, x=x, b=b, dE_da=upstream)
for name, value in values.items():
    print(f"{name} has shape {value.shape}")
print("chain rule and direct answer agree:", np.array_equal(values["G"], values["∂E/∂W_kl"]))
