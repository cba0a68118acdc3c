"""Newton's method for matrix factorisation: a Hessian of 80 GB is a block of k × k numbers and a δ."""

import tracemalloc
from pathlib import Path

import numpy as np

import einderiv as ed

net = ed.load(Path(__file__).with_suffix(".ein"))
blocks = {name: (ed.grad(net, wrt=name), ed.hessian(net, wrt=name)) for name in "UV"}


def newton_step(arrays, name):
    """The parameter after a step: the loss is quadratic in each of the two, so this is its minimum."""
    gradient, hessian = blocks[name]
    return arrays[name] - hessian.factored(arrays).solve(gradient(arrays))


def problem(n, k):
    """A T of rank k and a first guess."""
    rng = np.random.default_rng(0)
    T = rng.normal(size=(n, k)) @ rng.normal(size=(k, n))
    return {"T": T, "U": rng.normal(size=(n, k)), "V": rng.normal(size=(n, k))}


small = problem(12, 3)
gradient, hessian = (f(small) for f in blocks["U"])
dense = small["U"] - np.linalg.solve(hessian.reshape(36, 36), gradient.reshape(36)).reshape(12, 3)
print("equal to the dense solve:", np.allclose(newton_step(small, "U"), dense, rtol=1e-10, atol=1e-10))

arrays = problem(5000, 20)
print(blocks["U"][1].factored(arrays))
tracemalloc.start()
for name in "UVUV":
    arrays[name] = newton_step(arrays, name)
print("megabytes at most:", round(tracemalloc.get_traced_memory()[1] / 1e6))
error = np.linalg.norm(arrays["T"][:50] - arrays["U"][:50] @ arrays["V"].T) / np.linalg.norm(arrays["T"][:50])
print("relative error:", f"{error:.0e}")
