"""The pictures of which the DOT text is kept in `tests/golden/pictures`, each by its name there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

import einderiv as ed

ROOT = Path(__file__).resolve().parent.parent
FACTORISATION = "R_ij = T_ij - U_ik V_jk\nL = R_ij R_ij"


def example(name: str) -> ed.Program:
    """One of the examples."""
    return ed.load(ROOT / "examples" / f"{name}.ein")


def softmax_gradient() -> ed.Function:
    """The gradient of softmax regression, which the README shows."""
    return ed.grad(example("softmax_regression"), of="L", wrt=["W", "b"])


def small_hessian() -> ed.FactoredTensor:
    """A Hessian that is one small matrix behind a δ."""
    arrays = {"T": np.ones((6, 4)), "U": np.ones((6, 2)), "V": np.ones((4, 2))}
    return ed.hessian(FACTORISATION, of="L", wrt="U").factored(arrays)


def with_a_dot() -> ed.FactoredTensor:
    """A derivative in which three lines meet: x_i stands in a term with j."""
    return ed.jacobian("z_ij = y_j x_i^2 + x_i^3", wrt="x").factored(x=np.ones(4), y=np.ones(5))


CASES: dict[str, Callable[[], ed.Picture]] = {
    "linear_layer": lambda: example("linear_layer").graph(),
    "quadratic_form": lambda: example("quadratic_form").graph(),
    "softmax_regression": lambda: example("softmax_regression").graph(),
    "attention": lambda: example("attention").graph(),
    "softmax_gradient": lambda: softmax_gradient().graph().turned(),
    "jacobian": lambda: ed.jacobian("a_i = W_ij x_j + b_i", wrt="W").graph(W=(3, 4)),
    "chain_plan": lambda: ed.function("D_il = A_ij B_jk C_kl").graph(plan=True, A=(10, 100), B=(100, 5), C=(5, 50)),
    "softmax_plan": lambda: softmax_gradient().graph(plan=True, X=(1000, 50), W=(50, 10), Y=(1000, 10), b=(10,)),
    "factored_hessian": lambda: (small_hessian() + 0.1 * small_hessian().identity).graph(),
    "factored_dot": lambda: with_a_dot().graph(),
}
