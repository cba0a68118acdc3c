"""A convolutional network on handwritten digits, trained by the gradients that einderiv derives from the equations."""

from pathlib import Path

import numpy as np

import einderiv as ed
from einderiv.progress import steps

HERE = Path(__file__).parent
RATE, BATCH, EPOCHS = 1e-2, 64, 8
net = ed.load(HERE / "convolution.ein")
names = ["K", "a", "G", "b", "W", "c"]
print(ed.grad(net, of="L", wrt="K"))

data = np.load(HERE / "digits.npz")
X, y = data["images"].reshape(-1, 8, 8) / 16, data["labels"].astype(int)
rng = np.random.default_rng(0)
order = rng.permutation(len(y))
train, test = order[:1347], order[1347:]
shapes = {"K": (8, 3, 3), "a": (8,), "G": (16, 8, 3, 3), "b": (16,), "W": (10, 16, 4, 4), "c": (10,)}
weights = {name: rng.normal(size=shape) / np.sqrt(np.prod(shape[1:])) for name, shape in shapes.items()}
mean = {name: np.zeros(shape) for name, shape in shapes.items()}  # Adam's moments
square = {name: np.zeros(shape) for name, shape in shapes.items()}
loss_and_gradient = ed.value_and_grad(net, of="L", wrt=names)
step = 0
for epoch in steps(range(1, EPOCHS + 1), "training"):
    total = 0.0
    for batch in np.split(rng.permutation(train), range(BATCH, len(train), BATCH)):
        loss, slope = loss_and_gradient(X=X[batch], y=y[batch], **weights)
        total, step = total + loss, step + 1
        for name in names:
            mean[name] += 0.1 * (slope[name] / len(batch) - mean[name])
            square[name] += 0.01 * ((slope[name] / len(batch)) ** 2 - square[name])
            corrected = mean[name] / (1 - 0.9**step), square[name] / (1 - 0.99**step)
            weights[name] = weights[name] - RATE * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
    print(f"epoch {epoch}: loss {total / len(train):.4f} per image")
scores = ed.function(net, of="S")(X=X[test], **weights)
print(f"test accuracy: {np.mean(scores.argmax(axis=1) == y[test]):.1%} of {len(test)} images")
