"""Which axis of which input each axis of a step is."""

from __future__ import annotations

import numpy as np

import einderiv as ed
from einderiv.plan import Plan, origins


def shown(plan: Plan) -> dict[str, str]:
    """What a plan does, with the axes of inputs that the axes of each step are."""
    return {
        step.what: " ".join("-" if axis is None else f"{axis[0]}{axis[1]}" for axis in origin.axes)
        for step, origin in zip(plan.steps, origins(plan), strict=True)
    }


def test_axes_are_followed_through_products_and_functions() -> None:
    plan = ed.function("y_ik = exp(A_ij B_jk)").plan(A=(2, 3), B=(3, 4))
    assert shown(plan) == {"A": "A0 A1", "B": "B0 B1", "ij,jk->ik   #0 #1": "A0 B1", "exp   #2": "A0 B1"}


def test_axes_are_followed_through_sums_reads_and_writes() -> None:
    made = shown(ed.function("y_ij = tanh(x_i + z_j)").plan(x=(4,), z=(5,)))
    assert made["#0[i] + #1[j]"] == "x0 z0"
    reads = shown(ed.function("y_nd = exp(E_{t_n,d})").plan(E=(5, 3), t=(7,)))
    assert "t0 E1" in reads.values()
    windows = shown(ed.function("y_ik = exp(x_{i+k})\nw ∈ R^K\nindex k: K").plan(x=(9,), w=(3,)))
    assert "- -" in windows.values()
    writes = ed.grad("L = sum_{n,d} exp(E_{t_n,d})", wrt="E").plan(E=(5, 3), t=(7,))
    assert [shown(writes)[step.what] for step in writes.steps if step.what.startswith("write")] == ["- E1"]


def test_axes_are_followed_through_diagonals_and_what_is_added_in_place() -> None:
    assert shown(ed.function("y_i = exp(A_ii)").plan(A=(3, 3)))["view ii->i   #0"] == "A0"
    added = shown(ed.function("y_nk = [k == t_n] + F_nk").plan(t=(7,), F=(7, 3)))
    assert added["#4 with #2 at i, #3[i] added"] == "t0 F1"
    written = shown(ed.function("y_nk = exp([k == t_n]) x_k").plan(t=(7,), x=(3,)))
    assert written["write #2 at i, #3[i]"] == "t0 -"


def test_what_is_kept_is_made_of_what_is_fixed() -> None:
    slope = ed.grad("L = (X_nd w_d - y_n)^2", wrt="w").fix(X=np.ones((9, 2)), y=np.ones(9))
    plan = slope.plan(w=(2,))
    made = [origin for step, origin in zip(plan.steps, origins(plan), strict=True) if "kept" in step.what]
    assert [origin.inputs for origin in made] == [("X",), ("X", "y")]
    assert made[0].axes == (("X", 1), ("X", 1))
