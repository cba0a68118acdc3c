"""z = x + y: its derivative is the identity, so a gradient passes through it as it is."""

from pathlib import Path

import numpy as np

import einderiv as ed

net = ed.load(Path(__file__).with_suffix(".ein"))
print(ed.derivative(net, "∂z_i/∂x_j"))
print(ed.derivative(net, "∂E/∂x_j"))
values = ed.evaluate(net, x=np.array([1.0, 2.0]), y=np.array([3.0, 4.0]), dE_dz=np.array([10.0, 20.0]))
for name, value in values.items():
    print(f"{name} = {value.tolist()}")
