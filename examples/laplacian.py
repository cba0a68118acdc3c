"""A stencil: the 5-point Laplacian as one equation, its Jacobian as shifts, its adjoint as a gradient."""

from pathlib import Path

import numpy as np

import einderiv as ed

net = ed.load(Path(__file__).with_suffix(".ein"))
for query in ("∂y_ij/∂u_pq", "∂E/∂u_pq"):
    print(f"{query} is")
    print(ed.derivative(net, query), end="\n\n")

u = np.fromfunction(lambda i, j: i**2 + 3 * j**2, (6, 7))
values = ed.evaluate(net, u=u)
print("the Laplacian of i² + 3j² is 8 everywhere:", np.allclose(values["y"], 8))
J = values["∂y_ij/∂u_pq"]
print("J has shape", J.shape)
print("the gradient of E is Jᵀ y:", np.allclose(values["∂E/∂u_pq"], np.tensordot(values["y"], J)))
