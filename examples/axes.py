"""New axes, copies along an axis, and transposed axes, all by where the letters stand."""

from pathlib import Path

import numpy as np

import einderiv as ed

net = ed.load(Path(__file__).with_suffix(".ein"))
A = np.arange(24.0).reshape(2, 3, 4)
values = ed.evaluate(net, A=A)
for name in ("thin", "wide", "turned"):
    print(f"{name} has shape {values[name].shape}")
print("thin is A[:, None, :, None, :]:", np.array_equal(values["thin"], A[:, None, :, None, :]))
print("turned is A.transpose(1, 2, 0):", np.array_equal(values["turned"], A.transpose(1, 2, 0)))
print(ed.derivative(net, "∂turned_nqm/∂A_abc"))
