"""Each named identity: what it makes of a formula, that the numbers are the same, and that it ends."""

import math

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
    Node,
    Size,
    Zero,
    add,
    algebra,
    apply,
    axiswise,
    einsum,
    identity,
    ones,
    reduce,
    scale,
    select,
    topological,
)
from einderiv.simplify import recognise, simplify
from einderiv.simplify.combine import fuse_products, merge_sums
from einderiv.simplify.masks import guard_products
from einderiv.simplify.sums import common_factors

I, J = Dim("I"), Dim("J")
SIZES = {I: 3, J: 4}
A, x, y, z = Input("A", (I, J)), Input("x", (J,)), Input("y", (J,)), Input("z", (J,))
ARRAYS = {
    name: np.random.default_rng(3).normal(size=shape) for name, shape in [("A", (3, 4)), ("x", 4), ("y", 4), ("z", 4)]
}
ARRAYS["t"] = np.array([3, 0, 2])
EXP = apply("exp", A)
TOTAL = einsum([(EXP, "ij")], "i")
ONE_J = ones((J,))
NORMS = reduce("norm", A, [1])
SQUARE = apply("square", x)
P = apply("cosh", x)
POSITIVE = apply("greater", x, Zero((J,)))
GATHER = select(Input("t", (I,)), J, strict=True)

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
    "norm with a number": (
        apply("sqrt", einsum([(A, "ij"), (A, "ij")], "i", 4.0)),
        scale(reduce("norm", A, [1]), 2.0),
    ),
    "norm of a product": (
        apply("sqrt", einsum([(A, "ij"), (A, "ij"), (x, "j"), (x, "j")], "i")),
        reduce("norm", einsum([(A, "ij"), (x, "j")], "ij"), [1]),
    ),
    "root of a mean of squares": (
        apply("sqrt", einsum([(apply("square", x), "j"), (apply("reciprocal", Size(J)), "")], "")),
        einsum([(reduce("norm", x, [0]), ""), (apply("sqrt", apply("reciprocal", Size(J))), "")], ""),
    ),
    "square of a norm": (
        einsum([(NORMS, "i"), (NORMS, "i")], "i"),
        einsum([(A, "ij"), (A, "ij")], "i"),
    ),
    "root of a square": (apply("sqrt", apply("square", x)), apply("abs", x)),
    "log sum exp with a number": (
        apply("log", scale(TOTAL, 3.0)),
        add([reduce("logsumexp", A, [1]), scale(ones((I,)), math.log(3.0))]),
    ),
    "log mean exp": (
        apply("log", einsum([(EXP, "ij"), (apply("reciprocal", Size(J)), "")], "i")),
        add(
            [
                reduce("logsumexp", A, [1]),
                einsum([(apply("log", apply("reciprocal", Size(J))), "")], "i", dims={"i": I}),
            ]
        ),
    ),
    "softmax over two axes": (
        einsum([(EXP, "ij"), (apply("reciprocal", einsum([(EXP, "ij")], "")), "")], "ij"),
        apply("exp", add([A, einsum([(reduce("logsumexp", A, [0, 1]), "")], "ij", -1.0, {"i": I, "j": J})])),
    ),
    "log of a gathered softmax": (
        apply("log", einsum([(axiswise("softmax", A, 1), "ij"), (GATHER, "ij")], "i")),
        einsum([(axiswise("logsoftmax", A, 1), "ij"), (GATHER, "ij")], "i"),
    ),
    "softplus with numbers": (
        apply("log", add([scale(ONE_J, 2.0), scale(apply("exp", x), 2.0)])),
        add([apply("softplus", x), scale(ONE_J, math.log(2.0))]),
    ),
    "softplus with a number before exp": (
        apply("log", add([ONE_J, scale(apply("exp", x), 3.0)])),
        apply("softplus", add([x, scale(ONE_J, math.log(3.0))])),
    ),
    "log of a root": (apply("log", apply("sqrt", apply("exp", x))), scale(x, 0.5)),
    "log of a reciprocal": (apply("log", apply("reciprocal", TOTAL)), scale(reduce("logsumexp", A, [1]), -1.0)),
    "log1p": (apply("log", add([ONE_J, SQUARE])), apply("log1p", SQUARE)),
    "log1p of expm1": (apply("log1p", apply("expm1", x)), x),
    "expm1": (add([apply("exp", x), scale(ONE_J, -1.0)]), apply("expm1", x)),
    "expm1 among others": (
        add([y, scale(apply("exp", x), 2.0), scale(ONE_J, -2.0)]),
        add([y, scale(apply("expm1", x), 2.0)]),
    ),
    "one minus sigmoid": (
        add([scale(ONE_J, 2.0), scale(apply("sigmoid", x), -2.0)]),
        scale(apply("sigmoid", scale(x, -1.0)), 2.0),
    ),
    "one minus tanh squared": (
        add([ONE_J, scale(apply("square", apply("tanh", x)), -1.0)]),
        apply("sech_squared", x),
    ),
    "one over cosh squared": (apply("square", apply("reciprocal", apply("cosh", x))), apply("sech_squared", x)),
    "one plus erf": (add([ONE_J, apply("erf", x)]), apply("erfc", scale(x, -1.0))),
    "one minus erf": (add([ONE_J, scale(apply("erf", x), -1.0)]), apply("erfc", x)),
    "sigmoid of both signs": (
        einsum([(apply("sigmoid", x), "j"), (apply("sigmoid", scale(x, -1.0)), "j")], "j"),
        apply("logistic_density", x),
    ),
    "an even function": (apply("logistic_density", scale(x, -2.0)), apply("logistic_density", scale(x, 2.0))),
    "exp of minus a square": (apply("exp", scale(SQUARE, -1.0)), apply("gaussian", x)),
    "root of one minus a square": (
        apply("sqrt", add([ONE_J, scale(apply("square", apply("sin", x)), -1.0)])),
        apply("sqrt", apply("one_minus_square", apply("sin", x))),
    ),
    "one over one minus a square": (
        apply("reciprocal", add([ONE_J, scale(apply("square", apply("sin", x)), -1.0)])),
        apply("reciprocal", apply("one_minus_square", apply("sin", x))),
    ),
    "one over one plus a square": (
        apply("reciprocal", add([ONE_J, SQUARE])),
        apply("reciprocal", add([ONE_J, SQUARE])),
    ),
    "a cosh below a line, squared, of two arguments": (
        einsum([(apply("reciprocal", apply("cosh", x)), "j"), (apply("reciprocal", apply("cosh", y)), "j")], "j"),
        einsum([(apply("reciprocal", apply("cosh", x)), "j"), (apply("reciprocal", apply("cosh", y)), "j")], "j"),
    ),
    "root of one plus a square": (apply("sqrt", add([ONE_J, SQUARE])), apply("root_of_one_plus_square", x)),
    "x log x": (einsum([(P, "j"), (apply("log", P), "j")], "j"), apply("xlogx", P)),
    "x log of a multiple": (
        einsum([(P, "j"), (apply("log", scale(P, 4.0)), "j")], "j"),
        scale(apply("xlogx", scale(P, 4.0)), 0.25),
    ),
    "x times log x and more": (
        einsum([(P, "j"), (add([apply("log", P), y]), "j")], "j"),
        add([apply("xlogx", P), einsum([(P, "j"), (y, "j")], "j")]),
    ),
    "a condition twice": (apply("not_equal", POSITIVE, Zero((J,))), POSITIVE),
    "a condition turned round": (apply("equal", POSITIVE, Zero((J,))), apply("less_equal", x, Zero((J,)))),
    "a choice in a choice": (
        apply("where", POSITIVE, apply("where", POSITIVE, x, y), z),
        apply("where", POSITIVE, x, z),
    ),
    "a choice in the rest of a choice": (
        apply("where", POSITIVE, x, apply("where", POSITIVE, y, z)),
        apply("where", POSITIVE, x, z),
    ),
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
        apply("sqrt", einsum([(x, "i"), (x, "i"), (y, "j"), (y, "j")], "")),
        apply("log", scale(TOTAL, -1.0)),
        apply(
            "log", einsum([(axiswise("softmax", A, 1), "ij"), (select(Input("t", (I,)), J, strict=False), "ij")], "i")
        ),
        add([ONE_J, apply("sigmoid", x)]),
        add([scale(ONE_J, 2.0), scale(apply("sigmoid", x), -1.0)]),
        einsum([(x, "j"), (apply("log", y), "j")], "j"),
        apply("where", POSITIVE, x, y),
        einsum([(EXP, "ij"), (apply("reciprocal", einsum([(apply("exp", x), "j")], "")), "")], "ij"),
        apply("log", add([scale(ONE_J, 2.0), apply("exp", x)])),
    ],
)
def test_what_only_looks_alike_stays(node: Node):
    assert recognise([node]) == [node]


def masked(*factors: Node, condition: Node = POSITIVE) -> Node:
    return einsum([(condition, "j"), *((factor, "j") for factor in factors)], "j")


def chosen(node: Node, condition: Node = POSITIVE) -> Node:
    return apply("where", condition, node, Zero(node.axes))


SHARE = add([apply("greater", x, y), scale(apply("equal", x, y), 0.5)])
POLE = apply("reciprocal", x)


@pytest.mark.parametrize(
    ("written", "guarded"),
    [
        (masked(POLE), chosen(POLE)),
        (masked(POLE, y), einsum([(chosen(POLE), "j"), (y, "j")], "j")),
        (masked(POLE, apply("exp", x)), einsum([(chosen(POLE), "j"), (chosen(apply("exp", x)), "j")], "j")),
        (masked(POLE, condition=SHARE), einsum([(SHARE, "j"), (chosen(POLE, SHARE), "j")], "j")),
        (einsum([(chosen(y), "j"), (POLE, "j")], "j"), einsum([(chosen(y), "j"), (chosen(POLE), "j")], "j")),
        (masked(chosen(POLE)), chosen(POLE)),
        (masked(POSITIVE), POSITIVE),
        (
            einsum([(POSITIVE, "j"), (EXP, "ij")], "i"),
            einsum([(apply("where", einsum([(POSITIVE, "j")], "ij", dims={"i": I}), EXP, Zero((I, J))), "ij")], "i"),
        ),
        (masked(y), masked(y)),
        (masked(apply("tanh", x)), masked(apply("tanh", x))),
        (einsum([(POSITIVE, "j"), (apply("exp", Input("v", (I,))), "i")], "ij"),) * 2,
    ],
)
def test_a_condition_keeps_infinite_factors_away(written: Node, guarded: Node):
    assert guard_products([written]) == [guarded]
    assert guard_products([guarded]) == [guarded]


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


def bounded(node: Node) -> Node:
    """Between ½ and 1½."""
    return add([ONE_J, scale(apply("sin", node), 0.5)])


def exponential(node: Node) -> Node:
    return apply("exp", apply("sin", node))


FORMS = (
    lambda node: apply("log", bounded(node)),
    lambda node: apply("log", exponential(node)),
    lambda node: apply("log", add([ONE_J, exponential(node)])),
    lambda node: apply("reciprocal", add([ONE_J, exponential(node)])),
    lambda node: apply("reciprocal", exponential(node)),
    lambda node: apply("sqrt", apply("square", node)),
    lambda node: apply("square", apply("reciprocal", apply("cosh", apply("sin", node)))),
    lambda node: add([ONE_J, scale(apply("sigmoid", node), -1.0)]),
    lambda node: add([exponential(node), scale(ONE_J, -1.0)]),
    lambda node: einsum([(exponential(node), "j"), (apply("log", exponential(node)), "j")], "j"),
    lambda node: einsum([(bounded(node), "j"), (apply("log", bounded(node)), "j")], "j"),
    lambda node: einsum(
        [(exponential(node), "j"), (apply("reciprocal", einsum([(exponential(node), "j")], "")), "")], "j"
    ),
    lambda node: add([ONE_J, scale(apply("square", apply("tanh", node)), -1.0)]),
    lambda node: apply("exp", scale(apply("square", apply("sin", node)), -1.0)),
)


@st.composite
def vectors(draw: st.DrawFn) -> Node:
    """A vector made of x, y, z by sums, products and functions."""
    nodes: list[Node] = [x, y, z, ONE_J]
    for _ in range(draw(st.integers(1, 8))):
        one, other = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
        match draw(st.integers(0, 9)):
            case 6:
                nodes.append(draw(st.sampled_from(FORMS))(one))
            case 7:
                nodes.append(apply("where", apply("greater", one, other), draw(st.sampled_from(FORMS))(one), other))
            case 8:
                nodes.append(einsum([(apply("less", one, other), "j"), (draw(st.sampled_from(FORMS))(one), "j")], "j"))
            case 9:
                nodes.append(einsum([(one, "j"), (draw(st.sampled_from(FORMS))(one), "j")], "j"))
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
        size = max(1.0, *(float(np.abs(evaluate(part, ARRAYS, SIZES)).max()) for part in topological([before])))
        np.testing.assert_allclose(evaluate(after, ARRAYS, SIZES), expected, rtol=0, atol=1e-10 * size)


def test_only_one_exp_of_several_goes_into_a_softmax():
    twice = einsum([(EXP, "ij"), (EXP, "ij"), (apply("reciprocal", TOTAL), "i")], "ij")
    (node,) = recognise([twice])
    assert node is einsum([(axiswise("softmax", A, 1), "ij"), (EXP, "ij")], "ij")
    np.testing.assert_allclose(evaluate(node, ARRAYS, SIZES), evaluate(twice, ARRAYS, SIZES), rtol=1e-12)


def test_an_inverse_times_its_matrix_is_a_delta():
    M, B = Input("M", (I, I)), Input("B", (J, I, I))
    inverse, inverses = algebra("inv", M), algebra("inv", B)
    for labels in (("ij", "jk", "ik"), ("ij", "ki", "kj")):
        assert recognise([einsum([(inverse, labels[0]), (M, labels[1])], labels[2])]) == [identity(I)]
    v = Input("v", (I,))
    assert recognise([einsum([(inverse, "ij"), (M, "jk"), (v, "k")], "i")]) == [v]
    assert recognise([einsum([(inverses, "bij"), (B, "bjk"), (v, "k")], "bi")]) == [
        einsum([(v, "i")], "bi", dims={"b": J})
    ]
    transposed = einsum([(inverse, "ij"), (M, "kj")], "ik")
    assert recognise([transposed]) == [transposed]
    kept = einsum([(inverse, "ij"), (M, "jk"), (v, "j")], "ik")
    assert recognise([kept]) == [kept]
