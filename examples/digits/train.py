"""Softmax regression on handwritten digits, trained by the gradients that einderiv derives from `softmax.ein`."""

from pathlib import Path

import numpy as np

import einderiv as ed
from einderiv.progress import steps

HERE = Path(__file__).parent
STEPS, RATE, MOMENTUM = 200, 0.5, 0.9

net = ed.load(HERE / "softmax.ein")
g = ed.grad(net, of="L", wrt=["W", "b"])
print((HERE / "softmax.ein").read_text(encoding="utf-8"))
print("The gradient of L by W and b:\n")
print(g)
print("\nIts contractions:\n")
for contraction in g.einsum:
    print(contraction)

data = np.load(HERE / "digits.npz")
X, y = data["images"] / 16, data["labels"].astype(int)
order = np.random.default_rng(0).permutation(len(y))
train, test = order[:1347], order[1347:]

loss_and_gradient = ed.value_and_grad(net, of="L", wrt=["W", "b"])
weights = {"W": np.zeros((64, 10)), "b": np.zeros(10)}
speed = {"W": np.zeros((64, 10)), "b": np.zeros(10)}
print("\nTraining:\n")
for step in steps(range(1, STEPS + 1), "training"):
    loss, slope = loss_and_gradient(X=X[train], y=y[train], **weights)
    for name in weights:
        speed[name] = MOMENTUM * speed[name] - RATE * slope[name] / len(train)
        weights[name] = weights[name] + speed[name]
    if step % 50 == 0:
        print(f"step {step}: loss {loss / len(train):.4f} per image")

scores = ed.function(net, of="A")(X=X[test], **weights)
print(f"\ntest accuracy: {np.mean(scores.argmax(axis=1) == y[test]):.1%} of {len(test)} images")
