"""The order of the axes in which products lie, so that what reads them is not turned."""

from __future__ import annotations

import numpy as np
import pytest

import einderiv as ed
from einderiv.plan import Apply, Combine, Plan, Scan

ATTENTION = """given ∂E/∂O_bhid
S_bhij = 0.5 Q_bhid K_bhjd
P_bhij = softmax_j(S_bhij)
O_bhid = P_bhij V_bhjd"""
PERCEPTRON = "h_nm = tanh(X_nd W_dm + b_m)\nA_nk = h_nm V_mk + c_k\nL = -y_nk logsoftmax_k(A_nk)"
SHAPES = {"X": (9, 8), "W": (8, 7), "b": (7,), "V": (7, 6), "c": (6,), "y": (9, 6)}


def turned(plan: Plan) -> list[str]:
    """The sums of whole arrays of which one has its axes in another order, and functions of views."""
    found = []
    for step in plan.steps:
        match step.operation:
            case Combine(terms=terms):
                whole = [list(term.placing) for term in terms if len(term.placing) == len(step.shape)]
                if any(placing != sorted(placing) for placing in whole):
                    found.append(step.what)
            case Apply() | Scan():
                if any(not plan.steps[slot].bytes for slot in step.operands):
                    found.append(step.what)
    return found


def test_a_layer_is_added_to_its_bias_as_it_lies():
    assert turned(ed.value_and_grad(PERCEPTRON, wrt=["W", "b", "V", "c"]).plan(SHAPES)) == []


@pytest.mark.parametrize("shape", [(1, 1, 4, 4), (2, 3, 40, 8)])
def test_softmax_of_attention_runs_along_neighbouring_numbers(shape):
    plan = ed.grad(ATTENTION, of="E", wrt=["Q", "K", "V"]).plan(Q=shape, K=shape, V=shape, dE_dO=shape)
    assert turned(plan) == []


def test_the_slope_of_softmax_stays_a_product_with_a_difference():
    shape = (2, 2, 64, 16)
    plan = ed.grad(ATTENTION, of="E", wrt=["Q", "K", "V"]).plan(Q=shape, K=shape, V=shape, dE_dO=shape)
    made = [step for step in plan.steps if step.shape == (2, 2, 64, 64)]
    assert len(made) == 6  # Q Kᵀ, scaled, softmax, G Vᵀ, less its mean, times softmax


def test_who_reads_a_sum_decides_how_its_products_lie():
    f = ed.function("B_ij = tanh(A_ij)\nC_ji = S_jk T_ki + U_jk T_ki\nD_ij = B_ij C_ji")
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=(5, 5)) for name in "ASTU"}
    wanted = np.tanh(arrays["A"]) * ((arrays["S"] + arrays["U"]) @ arrays["T"]).T
    np.testing.assert_allclose(f(**arrays), wanted, rtol=1e-13)
