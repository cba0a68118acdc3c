"""Einsum strings: they run in NumPy as printed, and give the values of the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from render_dense import value
from render_graphs import FIXED, SIZES, Grower

from einderiv import ir
from einderiv.ir import Dim, Input
from einderiv.render import Context, Contraction, Output, einsum_steps

H, J = Dim("I"), Dim("J")
W, x = Input("W", (H, J)), Input("x", (J,))


def test_deltas_and_ones_are_operands() -> None:
    node = ir.einsum([(ir.identity(H), "ik"), (x, "l")], "iklm", -2.0, {"m": J})
    (step,) = einsum_steps([Output("D", node, ("i", "k", "l", "m"))], Context())
    assert str(step) == 'D = -2 * einsum("ik,l,m->iklm", δ, x, 1)'


def test_functions_stand_between_contractions() -> None:
    a = ir.einsum([(W, "ij"), (x, "j")], "i")
    h = ir.apply("tanh", a)
    steps = einsum_steps([Output("L", ir.einsum([(h, "i"), (h, "i")], ""))], Context(definitions={"a": (a, ("i",))}))
    assert [str(step) for step in steps] == [
        'a = einsum("ij,j->i", W, x)',
        "t_i = tanh(a_i)",
        'L = einsum("i,i->", t, t)',
    ]


def run(step: Contraction, arrays: dict[str, Any], output: tuple[int, ...]) -> Any:
    """The step in `numpy.einsum`, with δ and 1 of the sizes that the other operands and the result say."""
    inputs, result = step.subscripts.split("->")
    groups = inputs.split(",")
    sizes = dict(zip(result, output, strict=True))
    for name, group in zip(step.operands, groups, strict=True):
        if name not in ("δ", "1"):
            sizes.update(zip(group, np.shape(arrays[name]), strict=True))
    made = [
        np.eye(sizes[group[0]]) if name == "δ" else np.ones(sizes[group]) if name == "1" else arrays[name]
        for name, group in zip(step.operands, groups, strict=True)
    ]
    return step.coefficient * np.einsum(step.subscripts, *made)


@pytest.mark.parametrize("seed", range(150))
def test_contractions_of_inputs_give_the_value(seed: int) -> None:
    grower = Grower(seed)
    rng = np.random.default_rng(seed)
    arrays = {leaf.name: rng.normal(size=[SIZES.get(dim, 3) for dim in leaf.axes]) for leaf in grower.inputs}
    for node in (grower.product() for _ in range(4)):
        if node is None or any(isinstance(part, ir.Size) for part in ir.topological([node])):
            continue
        steps = einsum_steps([Output("out", node)], Context())
        if len(steps) == 1 and isinstance(steps[0], Contraction):
            shape = tuple(SIZES.get(dim, FIXED.size or 0) for dim in node.axes)
            (wanted,) = value([node], arrays, SIZES)
            np.testing.assert_allclose(run(steps[0], arrays, shape), wanted, rtol=1e-9, atol=1e-12)
