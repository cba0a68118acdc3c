"""Newton's method for a Poisson GLM of 500 neurons: the Hessian is a block for each neuron, solved on its own."""

import tracemalloc
from pathlib import Path

import numpy as np

import einderiv as ed

net = ed.load(Path(__file__).with_suffix(".ein"))
gradient, hessian = ed.grad(net, of="L", wrt="W"), ed.hessian(net, of="L", wrt="W")


def newton_step(arrays):
    """The weights after a step."""
    return arrays["W"] - hessian.factored(arrays).solve(gradient(arrays))


def problem(samples, features, neurons):
    """Counts drawn from random weights."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(samples, features)) / features**0.5
    truth = 0.5 * rng.normal(size=(features, neurons))
    return {"X": X, "y": rng.poisson(np.exp(X @ truth)).astype(float), "W": np.zeros((features, neurons))}


small = problem(50, 4, 3)
G, H = gradient(small).reshape(12), hessian(small).reshape(12, 12)
dense = small["W"] - np.linalg.solve(H, G).reshape(4, 3)
print("equal to the dense solve:", np.allclose(newton_step(small), dense, rtol=1e-10, atol=1e-10))

arrays = problem(1000, 30, 500)
print(hessian.factored(arrays))
tracemalloc.start()
for step in range(1, 7):
    arrays["W"] = newton_step(arrays)
    print(f"step {step}: largest slope {abs(gradient(arrays)).max():.0e}")
print("megabytes at most:", round(tracemalloc.get_traced_memory()[1] / 1e6))
