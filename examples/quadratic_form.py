"""The quadratic form xᵀ W x + b, its derivatives, and what happens to one whose shapes do not fit."""

from pathlib import Path

import numpy as np

import einderiv as ed

HERE = Path(__file__).parent
net = ed.load(HERE / "quadratic_form.ein")
for query in ("∂f/∂x_k", "∂f/∂W_kl", "∂²f/∂x_k∂x_l"):
    print(f"{query} is")
    print(ed.derivative(net, query), end="\n\n")

W = np.array([[1.0, 2.0], [3.0, 4.0]])
values = ed.evaluate(net, x=np.array([1.0, -1.0]), W=W, b=0.5)
print("f =", values["f"])
print("second derivative is W + Wᵀ:", np.array_equal(values["∂²f/∂x_k∂x_l"], W + W.T))

try:
    ed.load(HERE / "quadratic_form_wrong.ein")
except ed.EinShapeError as error:
    print(f"\nrefused:\n{error}")
