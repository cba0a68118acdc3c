"""W = V U by V: a tensor of four axes that is one matrix and one delta."""

from pathlib import Path

import numpy as np

import einderiv as ed

net = ed.load(Path(__file__).with_suffix(".ein"))
J = ed.jacobian(net, of="W", wrt="V")
print(J)
for step in J.einsum:
    print(step)

H, N, D = 30, 5, 40
rng = np.random.default_rng(0)
V, U = rng.normal(size=(H, N)), rng.normal(size=(N, D))
factored = J.factored(V=V, U=U)
dense = factored.to_dense()
print(f"shape {dense.shape}: {dense.nbytes} bytes dense, {factored.nbytes} bytes factored")
