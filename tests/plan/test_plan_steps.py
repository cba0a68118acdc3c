"""What a plan holds: shared products, orders, costs, the printed table."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import einderiv as ed
from einderiv import ir
from einderiv.errors import EinShapeError, EinValueError
from einderiv.ir import Dim, Input, add, apply, axiswise, einsum, identity, reduce
from einderiv.plan import Combine, Contract, View, contraction_order, plan

H, D, N, K = Dim("H"), Dim("D"), Dim("N"), Dim("K")
W, x, b = Input("W", (H, D)), Input("x", (D,)), Input("b", (H,))
SIZES = {H: 4, D: 3, N: 5, K: 2}


def products(made):
    return [str(step.operation) for step in made.steps if isinstance(step.operation, Contract)]


def test_a_plan_prints_as_a_table():
    a = add([einsum([(W, "ij"), (x, "j")], "i"), b])
    delta = einsum([(identity(H), "ik"), (x, "l")], "ikl", 2.0)
    assert str(plan([apply("tanh", a), delta], SIZES)) == (
        "step  what             shape      FLOPs  memory\n"
        "────  ───────────────  ─────────  ─────  ──────\n"
        "#0    b                4\n"
        "#1    W                4 × 3\n"
        "#2    x                3\n"
        "#3    ij,j->i   #1 #2  4             24    32 B\n"
        "#4    #0 + #3          4              4    32 B\n"
        "#5*   tanh   #4        4              4    32 B\n"
        "#6*   2 #2[k] δij      4 × 4 × 3     48   384 B\n"
        "80 FLOPs, at most 416 B at once; * marks a result"
    )


def test_a_product_and_its_transpose_are_one_step():
    A, B = Input("A", (N, N)), Input("B", (N, N))
    node = einsum([(A, "ij"), (B, "jk"), (B, "lk"), (A, "zl")], "iz")
    assert len(products(plan([node], SIZES))) == 2


def test_equal_products_of_two_outputs_are_one_step():
    A, B, C = (Input(name, (N, N)) for name in "ABC")
    one = einsum([(A, "ij"), (B, "jk"), (C, "kl")], "il")
    two = einsum([(A, "ij"), (B, "jk")], "ki")
    assert len(products(plan([one, two, einsum([(one, "ij"), (one, "ij")], "")], SIZES))) == 3


@pytest.mark.parametrize(("sizes", "first"), [((100, 2, 90, 3), ("B", "C")), ((3, 90, 2, 100), ("A", "B"))])
def test_sizes_choose_the_order_of_a_chain(sizes, first):
    dims = [Dim(f"N{k}") for k in range(4)]
    A, B, C = (Input(name, (dims[k], dims[k + 1])) for k, name in enumerate("ABC"))
    made = plan([einsum([(A, "ij"), (B, "jk"), (C, "kl")], "il")], dict(zip(dims, sizes, strict=True)))
    step = next(step for step in made.steps if isinstance(step.operation, Contract))
    assert {made.steps[slot].what for slot in step.operands} == set(first)


def test_a_label_of_one_operand_is_summed_first():
    made = plan([einsum([(W, "ij"), (x, "j")], "")], SIZES)
    assert products(made) == ["ij->j", "i,i->"]
    assert made.flops == 12 + 6


def test_a_delta_is_no_step_of_its_own():
    made = plan([add([identity(H), einsum([(b, "i")], "ij", 1.0, {"j": H})])], {H: 1000})
    assert [type(step.operation).__name__ for step in made.steps] == ["Fill", "Load", "Combine"]
    assert made.peak_bytes == 8 + 2 * 8_000_000


def test_a_repeated_axis_is_not_stored_before_it_must_be():
    repeated = einsum([(x, "d")], "nd", 1.0, {"n": N})
    X = Input("X", (N, D))
    made = plan([apply("max", X, einsum([(repeated, "nd")], "nd", 2.0))], {N: 1000, D: 3})
    assert [step.shape for step in made.steps if isinstance(step.operation, Combine)] == [(1, 3)]


def test_order_does_not_mind_many_labels():
    operands = [(k, k + 1, 100 + k) for k in range(60)]
    output = tuple(range(100, 160))
    pairs = contraction_order(operands, output, dict.fromkeys({x for labels in operands for x in labels}, 2))
    assert len(pairs) == 59
    assert contraction_order([(0, 1), (1, 2), (2,)], (0,), {0: 9, 1: 9, 2: 9}) == ((1, 2), (0, 1))


@pytest.mark.parametrize("count", [2, 3, 5, 6, 12, 13, 25, 31, 120])
def test_every_length_of_chain_has_an_order_linear_in_the_vector(count):
    operands = [*((k, k + 1) for k in range(count - 1)), (count - 1,)]
    sizes = dict.fromkeys(range(count), 10)
    remaining = list(operands)
    for one, other in contraction_order(operands, (0,), sizes):
        right, left = remaining.pop(other), remaining.pop(one)
        made = tuple(sorted(set(left) ^ set(right)))
        assert len(set(left) | set(right)) == 2
        remaining.append(made)
    assert remaining == [(0,)]


def test_scalars_and_parts_without_a_common_label_have_an_order():
    for count in (3, 5, 8, 20):
        operands = [(), (0,), (1, 2)] + [()] * (count - 3)
        assert len(contraction_order(operands, (0, 1, 2), {0: 2, 1: 3, 2: 4})) == count - 1


def test_a_deep_graph_grows_linearly():
    node: ir.Node = b
    for layer in range(2000):
        node = apply("tanh", einsum([(Input(f"V{layer}", (H, H)), "ij"), (node, "j")], "i"))
    assert len(plan([node], SIZES).steps) == 6001


def test_an_empty_axis_has_no_largest_value():
    with pytest.raises(EinValueError, match="`max` over an empty axis: `D` has size 0") as caught:
        plan([reduce("max", W, [1])], {H: 4, D: 0})
    assert caught.value.code == "E0507"
    assert plan([reduce("prod", W, [1]), axiswise("softmax", W, 1)], {H: 4, D: 0}).outputs


def test_a_size_that_nothing_gives_is_told():
    with pytest.raises(EinShapeError, match="nothing gives the size `D`"):
        plan([W], {H: 4})


def test_the_table_does_not_depend_on_the_hash_seed():
    code = """
from einderiv.ir import *
from einderiv.plan import plan
d = [Dim(f"N{k}") for k in range(9)]
ops = [(Input(f"A{k}", (d[k], d[k + 1])), (k, k + 1)) for k in range(8)] + [(Input("v", (d[4],)), (4,))]
more = ops[::2] * 2
sizes = {dim: 2 + (7 * k) % 5 for k, dim in enumerate(d)}
print(plan([einsum(ops, (0, 8)), einsum(ops[2:7], (2,)), einsum(more, (0, 5))], sizes))
"""
    room = Path(sys.modules["einderiv"].__file__).resolve().parent.parent
    tables = set()
    for seed in ("0", "1", "77"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.environ.get("PYTHONPATH", str(room))}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        tables.add(done.stdout)
    assert len(tables) == 1


@pytest.mark.parametrize("coefficient", [1.0, -0.5])
def test_a_product_that_is_a_result_is_made_in_the_order_of_the_result(coefficient):
    A, B = Input("A", (H, D)), Input("B", (D, N))
    for node in (
        einsum([(W, "ij"), (x, "j"), (b, "k")], "ki", coefficient),
        einsum([(A, "ij"), (B, "jk")], "ki", coefficient),
        einsum([(x, "j"), (b, "i")], "ij", coefficient),
        einsum([(x, "j"), (A, "il"), (b, "i")], "lij", coefficient),
    ):
        made = plan([node], SIZES)
        last = made.steps[made.outputs[0]]
        turned = [step.what for step in made.steps if step.what.startswith("view") or "[" in step.what]
        assert not turned and last.shape == tuple(SIZES[dim] for dim in node.axes)


def test_operands_with_equal_labels_do_not_mislead_the_order():
    """V_mk u_nm F_nk G_nk w_n: V times F G w is a product of matrices, u times that one entry by entry."""
    m, k, n = range(3)
    operands, sizes = [{m, k}, {n}, {n, m}, {n, k}, {n, k}], {m: 512, k: 10, n: 256}
    for one, other in contraction_order([tuple(sorted(labels)) for labels in operands], (m, n), sizes):
        right, left = operands.pop(other), operands.pop(one)
        operands.append((left | right) & set().union({m, n}, *operands))
        assert len(operands[-1]) < 3


def test_a_product_of_several_is_made_with_the_axes_of_the_result():
    X, v = Input("X", (N, D)), Input("v", (N,))
    made = plan([einsum([(X, "nd"), (v, "n"), (X, "ne")], "de")], SIZES)
    assert isinstance(made.steps[made.outputs[0]].operation, Contract)
    assert not any(isinstance(step.operation, View | Combine) for step in made.steps)


def test_a_diagonal_of_a_product_that_is_repeated_over_another_axis_is_laid_out():
    u, w = np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0, 3.0])
    g = ed.grad("K_ik = exp(u_k) w_i\nL = sum_{l,j} K_ll v_lj", wrt="v")(u=u, w=w, v=np.ones((3, 2)))
    np.testing.assert_allclose(g, np.repeat((np.exp(u) * w)[:, None], 2, axis=1))
