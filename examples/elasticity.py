"""Hyperelastic materials: stress and tangent of St. Venant-Kirchhoff and neo-Hooke, derived from their energies."""

from pathlib import Path

import numpy as np

import einderiv as ed

net = ed.load(Path(__file__).with_suffix(".ein"))
for query in ("∂svk/∂F_ij", "∂nh/∂F_ij", "∂²nh/∂F_ij∂F_kl"):
    print(f"{query} is")
    print(ed.derivative(net, query), end="\n\n")

F = np.eye(3) + 0.1 * np.random.default_rng(0).normal(size=(3, 3))
values = ed.evaluate(net, F=F, λ=1.5, μ=0.8)
rest = ed.evaluate(net, F=np.eye(3), λ=1.5, μ=0.8)
for energy in ("svk", "nh"):
    tangent = values[f"∂²{energy}/∂F_ij∂F_kl"]
    at_rest = rest[f"∂²{energy}/∂F_ij∂F_kl"]
    δ = np.eye(3)
    hooke = 1.5 * np.einsum("ij,kl->ijkl", δ, δ) + 0.8 * (
        np.einsum("ik,jl->ijkl", δ, δ) + np.einsum("il,jk->ijkl", δ, δ)
    )
    print(f"{energy}: no stress at rest: {np.allclose(rest[f'∂{energy}/∂F_ij'], 0, atol=1e-12)}")
    print(f"{energy}: the tangent at rest is Hooke's law: {np.allclose(at_rest, hooke)}")
    print(f"{energy}: the tangent has major symmetry: {np.allclose(tangent, tangent.transpose(2, 3, 0, 1))}")
