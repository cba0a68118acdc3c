"""A Gaussian process: length scales, signal and noise found by gradient ascent on the log marginal likelihood."""

from pathlib import Path

import numpy as np

import einderiv as ed

net = ed.load(Path(__file__).with_suffix(".ein"))
names = ["l", "s", "r"]
print(ed.grad(net, of="L", wrt="r"))

rng = np.random.default_rng(0)
X = rng.uniform(-3, 3, size=(80, 2))
y = np.sin(2 * X[:, 0]) + 0.1 * rng.normal(size=80)  # the second feature says nothing
found = {"l": np.zeros(2), "s": np.zeros(()), "r": np.zeros(())}  # as logarithms, which may have any sign
likelihood = ed.value_and_grad(net, of="L", wrt=names)
for step in range(1, 201):
    value, slope = likelihood(X=X, y=y, **{name: np.exp(found[name]) for name in names})
    for name in names:
        found[name] = found[name] + 0.01 * np.clip(np.exp(found[name]) * slope[name], -10, 10)
    if step % 50 == 0:
        print(f"step {step}: log marginal likelihood {value:.2f}")
first, second = np.exp(found["l"])
print(f"length scales {first:.2f} and {second:.2f}: only the first feature matters: {bool(second > 3 * first)}")
print(f"noise {np.exp(found['r']):.2f} (0.10 was added), signal {np.exp(found['s']):.2f}")
