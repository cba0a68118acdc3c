"""Each named identity: what it makes of a formula, that the numbers are the same, and that it ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import evaluate

from einderiv.diff import jacobians
from einderiv.ir import (
    Dim,
    Einsum,
    Input,
    Map,
    Node,
    Reduce,
    add,
    apply,
    axiswise,
    einsum,
    ones,
    reduce,
    scale,
    topological,
)
from einderiv.simplify import recognise, simplify
from einderiv.simplify.combine import common_factors, fuse_products, merge_sums

I, J = Dim("I"), Dim("J")
SIZES = {I: 3, J: 4}
A, x, y, z = Input("A", (I, J)), Input("x", (J,)), Input("y", (J,)), Input("z", (J,))
ARRAYS = {
    name: np.random.default_rng(3).normal(size=shape) for name, shape in [("A", (3, 4)), ("x", 4), ("y", 4), ("z", 4)]
}
EXP = apply("exp", A)
TOTAL = einsum([(EXP, "ij")], "i")
ONE_J = ones((J,))

RECOGNISED: dict[str, tuple[Node, Node]] = {
    "log sum exp": (apply("log", TOTAL), reduce("logsumexp", A, [1])),
    "log of the sum over all": (apply("log", einsum([(EXP, "ij")], "")), reduce("logsumexp", A, [0, 1])),
    "softmax": (einsum([(EXP, "ij"), (apply("reciprocal", TOTAL), "i")], "ij"), axiswise("softmax", A, 1)),
    "softmax along the first axis": (
        einsum([(EXP, "ij"), (apply("reciprocal", einsum([(EXP, "ij")], "j")), "j")], "ij"),
        axiswise("softmax", A, 0),
    ),
    "log softmax": (apply("log", axiswise("softmax", A, 1)), axiswise("logsoftmax", A, 1)),
    "exp log softmax": (apply("exp", axiswise("logsoftmax", A, 1)), axiswise("softmax", A, 1)),
    "log exp": (apply("log", EXP), A),
    "softplus": (apply("log", add([ONE_J, apply("exp", x)])), apply("softplus", x)),
    "softplus by log1p": (apply("log1p", apply("exp", x)), apply("softplus", x)),
    "sigmoid": (apply("reciprocal", add([ONE_J, apply("exp", scale(x, -1.0))])), apply("sigmoid", x)),
    "sigmoid with exp above": (
        einsum([(apply("exp", x), "j"), (apply("reciprocal", add([ONE_J, apply("exp", x)])), "j")], "j"),
        apply("sigmoid", x),
    ),
    "log sigmoid": (apply("log", apply("sigmoid", x)), scale(apply("softplus", scale(x, -1.0)), -1.0)),
    "norm": (apply("sqrt", einsum([(x, "j"), (x, "j")], "")), reduce("norm", x, [0])),
    "norm of rows": (apply("sqrt", einsum([(A, "ij"), (A, "ij")], "i")), reduce("norm", A, [1])),
}


@pytest.mark.parametrize("name", RECOGNISED)
def test_a_formula_is_recognised(name: str):
    written, stable = RECOGNISED[name]
    assert recognise([written]) == [stable]
    assert recognise([stable]) == [stable]
    np.testing.assert_allclose(evaluate(written, ARRAYS, SIZES), evaluate(stable, ARRAYS, SIZES), rtol=1e-12)


@pytest.mark.parametrize(
    "node",
    [
        apply("log", einsum([(EXP, "ij"), (A, "ij")], "i")),
        apply("log", einsum([(apply("exp", Input("M", (I, I))), "ii")], "")),
        apply("sqrt", einsum([(x, "j"), (y, "j")], "")),
        apply("sqrt", einsum([(x, "j"), (x, "j")], "j")),
        einsum([(EXP, "ij"), (apply("reciprocal", einsum([(apply("exp", x), "j")], "")), "")], "ij"),
        apply("log", add([scale(ONE_J, 2.0), apply("exp", x)])),
    ],
)
def test_what_only_looks_alike_stays(node: Node):
    assert recognise([node]) == [node]


def test_nested_sums_with_one_reader_are_merged():
    inner = add([y, z])
    assert merge_sums([add([x, inner])]) == [add([x, y, z])]
    shared = [add([x, inner]), inner]
    assert merge_sums(shared) == shared


def test_nested_products_with_one_reader_are_fused():
    inner = einsum([(A, "ij"), (x, "j")], "i")
    outer = einsum([(inner, "i"), (A, "ik")], "k")
    (fused,) = fuse_products([outer])
    assert fused is einsum([(A, "ij"), (x, "j"), (A, "ik")], "k")
    assert fuse_products([outer, inner]) == [outer, inner]


def test_a_sum_over_one_factor_is_not_fused():
    outer = einsum([(einsum([(A, "ij")], "i"), "i"), (A, "ik")], "ik")
    assert fuse_products([outer]) == [outer]


def test_common_factors_go_outside():
    one, other = (einsum([(x, "j"), (A, "ij"), (v, "i")], "j") for v in (Input("v", (I,)), Input("w", (I,))))
    (node,) = common_factors([add([one, other])])
    assert isinstance(node, Einsum) and x in node.operands
    (plain,) = common_factors([add([x, einsum([(x, "j"), (y, "j")], "j")])])
    assert plain is einsum([(x, "j"), (add([ONE_J, y]), "j")], "j")


def test_the_slope_of_log_sum_exp_is_softmax():
    (loss,) = recognise([apply("log", TOTAL)])
    (slope,) = simplify([jacobians(einsum([(loss, "i")], ""), [A])[A]])
    assert slope is axiswise("softmax", A, 1)


def test_the_hessian_of_a_quadratic_form_has_no_x():
    B = Input("B", (J, J))
    form = einsum([(x, "i"), (B, "ij"), (x, "j")], "")
    (hessian,) = simplify([jacobians(jacobians(form, [x])[x], [x])[x]])
    assert hessian is add([B, einsum([(B, "ij")], "ji")])


@st.composite
def vectors(draw: st.DrawFn) -> Node:
    """A vector made of x, y, z by sums, products and functions."""
    nodes: list[Node] = [x, y, z, ONE_J]
    for _ in range(draw(st.integers(1, 8))):
        one, other = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
        match draw(st.integers(0, 5)):
            case 0:
                nodes.append(add([one, other]))
            case 1:
                nodes.append(einsum([(one, "j"), (other, "j")], "j"))
            case 2:
                nodes.append(apply("tanh", one))
            case 3:
                nodes.append(einsum([(one, "i"), (other, "j"), (einsum([(A, "kj"), (A, "ki")], "ij"), "ij")], "i"))
            case 4:
                nodes.append(scale(one, draw(st.sampled_from([-1.0, 0.5, 2.0]))))
            case 5:
                nodes.append(add([one, scale(other, -1.0)]))
    return nodes[-1]


@given(st.lists(vectors(), min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_simplifying_keeps_values_and_ends(nodes: list[Node]):
    found = simplify(nodes)
    assert simplify(found) == found
    for before, after in zip(nodes, found, strict=True):
        expected = evaluate(before, ARRAYS, SIZES)
        size = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(evaluate(after, ARRAYS, SIZES), expected, rtol=0, atol=1e-10 * size)
    kinds = (Map, Reduce)
    assert sum(isinstance(n, kinds) for n in topological(found)) <= sum(
        isinstance(n, kinds) for n in topological(nodes)
    )


def test_only_one_exp_of_several_goes_into_a_softmax():
    twice = einsum([(EXP, "ij"), (EXP, "ij"), (apply("reciprocal", TOTAL), "i")], "ij")
    (node,) = recognise([twice])
    assert node is einsum([(axiswise("softmax", A, 1), "ij"), (EXP, "ij")], "ij")
    np.testing.assert_allclose(evaluate(node, ARRAYS, SIZES), evaluate(twice, ARRAYS, SIZES), rtol=1e-12)
