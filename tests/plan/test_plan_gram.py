"""Products of a matrix with itself: which are recognised, with which numbers, and what is known of signs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import evaluate

import einderiv as ed
from einderiv.ir import Dim, Input, Node, add, apply, axiswise, einsum, nonnegative, reduce, scale
from einderiv.plan import Contract, plan
from einderiv.plan.gram import squared
from einderiv.run import run

N, A, K = Dim("N"), Dim("A"), Dim("K")
X, P, v, y = Input("X", (N, A)), Input("P", (N, K)), Input("v", (N,)), Input("y", (N, K))
SIZES = {N: 30, A: 20, K: 9}
S = apply("sigmoid", v)


def arrays_of(sizes: dict[Dim, int]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    return {node.name: rng.normal(size=tuple(sizes[dim] for dim in node.axes)) for node in (X, P, v, y)}


def products(made) -> list[str]:
    return [step.what for step in made.steps if isinstance(step.operation, Contract)]


def test_a_weight_that_is_not_negative_goes_into_both_factors():
    (found,) = squared([einsum([(X, "na"), (S, "n"), (X, "nb")], "ab")], SIZES)
    half = einsum([(X, "na"), (apply("sqrt", S), "n")], "na")
    assert found is einsum([(half, "na"), (half, "nb")], "ab")


def test_a_square_among_the_weights_needs_no_root():
    (found,) = squared([einsum([(X, "na"), (v, "n"), (v, "n"), (X, "nb")], "ab")], SIZES)
    half = einsum([(X, "na"), (v, "n")], "na")
    assert found is einsum([(half, "na"), (half, "nb")], "ab")


@pytest.mark.parametrize(
    "node",
    [
        einsum([(X, "na"), (v, "n"), (X, "nb")], "ab"),
        einsum([(X, "na"), (P, "nk"), (X, "nb")], "akb"),
        einsum([(X, "na"), (S, "n"), (X, "na")], "a"),
        einsum([(X, "na"), (X, "nb"), (X, "nc"), (S, "n")], "abc"),
    ],
    ids=["a weight of either sign", "another factor on an axis", "without a second axis", "three of them"],
)
def test_other_small_products_stay(node):
    assert squared([node], SIZES) == [node]


@pytest.mark.parametrize(("rows", "symmetric"), [(127, False), (128, True), (300, True)])
def test_a_large_product_with_a_weight_of_either_sign_is_half_computed(rows, symmetric):
    sizes = {N: 40, A: rows, K: 2}
    node = einsum([(X, "na"), (v, "n"), (X, "nb")], "ba")
    made = plan([node], sizes)
    assert products(made)[-1].endswith("symmetric") == symmetric
    arrays = arrays_of(sizes)
    (found,) = run(made, arrays)
    np.testing.assert_allclose(found, (arrays["X"].T * arrays["v"]) @ arrays["X"], rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("weights", [(0.5, 2.0, 0.0), (0.5, -2.0, 0.0), (0.5, np.nan, 1.0), (np.inf, 1.0, 1.0)])
def test_weights_that_turn_out_to_have_one_sign_or_two_give_the_same_product(weights):
    sizes = {N: 3, A: 200, K: 2}
    arrays = {**arrays_of(sizes), "v": np.array(weights)}
    (found,) = run(plan([einsum([(X, "na"), (v, "n"), (X, "nb")], "ab")], sizes), arrays)
    np.testing.assert_allclose(found, (arrays["X"].T * arrays["v"]) @ arrays["X"], rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(found, found.T)


def test_both_axes_of_a_matrix_of_products_are_exchanged():
    sizes = {N: 50, A: 30, K: 10}
    node = einsum([(X, "na"), (P, "nk"), (y, "nl"), (P, "nj"), (X, "nb")], "kabj")
    made, arrays = plan([node], sizes), arrays_of(sizes)
    assert products(made)[-1].endswith("symmetric")
    (found,) = run(made, arrays)
    np.testing.assert_allclose(found, evaluate(node, arrays, sizes), rtol=1e-10, atol=1e-10)


def test_the_hessian_of_logistic_regression_is_one_product_with_itself():
    X, w, y = np.random.default_rng(1).normal(size=(60, 20)), np.full(20, 0.1), np.ones(60)
    H = ed.hessian("L = sum_i log(1 + exp(-y_i (X_ij w_j)))", wrt="w")
    last = H.plan(X=X, w=w, y=y).steps[-1]
    assert last.operands[0] == last.operands[1]
    s = 1 / (1 + np.exp(-(X @ w)))
    np.testing.assert_allclose(H(X=X, w=w, y=y), (X.T * (s * (1 - s))) @ X, rtol=1e-12, atol=1e-13)


def test_weights_of_zero_and_infinity_are_what_they_were():
    node = einsum([(X, "na"), (apply("exp", v), "n"), (X, "nb")], "ab")
    arrays = {"X": np.abs(arrays_of(SIZES)["X"]) + 1, "v": np.where(np.arange(30) < 15, -np.inf, 0.0)}
    (found,) = run(plan([node], SIZES), arrays)
    np.testing.assert_allclose(found, arrays["X"][15:].T @ arrays["X"][15:], rtol=1e-13)
    arrays["v"] = np.where(np.arange(30) < 1, np.inf, 0.0)
    assert np.isinf(run(plan([node], SIZES), arrays)[0]).all()


ABOVE = (
    apply("exp", v),
    apply("abs", v),
    einsum([(v, "n"), (v, "n")], "n"),
    einsum([(P, "nk"), (P, "nk")], "n"),
    axiswise("softmax", P, 1),
    apply("relu", v),
    apply("tanh", apply("sigmoid", v)),
    apply("greater", v, apply("exp", v)),
    apply("where", v, S, apply("cosh", v)),
    reduce("norm", P, [1]),
    reduce("max", apply("square", P), [1]),
    add([S, scale(apply("softplus", v), 2.0)]),
    apply("sech_squared", v),
)
EITHER = (
    v,
    scale(S, -1.0),
    add([S, scale(apply("exp", v), -1.0)]),
    einsum([(v, "n"), (S, "n")], "n"),
    apply("tanh", v),
    apply("expm1", v),
    axiswise("logsoftmax", P, 1),
    apply("where", S, v, S),
    apply("max", v, scale(S, -1.0)),
    einsum([(v, "n"), (v, "n"), (v, "n")], "n"),
)


@pytest.mark.parametrize("node", ABOVE)
def test_what_is_never_negative_is_known(node):
    assert nonnegative(node)
    assert (evaluate(node, arrays_of(SIZES), SIZES) >= 0).all()


@pytest.mark.parametrize("node", EITHER)
def test_nothing_is_claimed_of_what_can_be_negative(node):
    assert not nonnegative(node)
    assert (evaluate(node, arrays_of(SIZES), SIZES) < 0).any()


@st.composite
def squares(draw: st.DrawFn) -> tuple[list[Node], dict[Dim, int]]:
    """Products of X, P and weights with themselves, in any order of axes."""
    weights = draw(st.lists(st.sampled_from([(v, "n"), (S, "n"), (P, "nm"), (apply("exp", v), "n")]), max_size=3))
    left, right = draw(st.sampled_from([("a", "b"), ("ak", "bj"), ("k", "j")]))
    both = [(X, f"n{side}") if side in "ab" else (P, f"n{side}") for side in left + right]
    output = "".join(draw(st.permutations(left + right)))
    inner = einsum([both[0], *weights[:1]], both[0][1])
    factors = [(inner, both[0][1]), *both[1:], *weights[1:]] if draw(st.booleans()) else [*both, *weights]
    roots = [einsum(factors, output, draw(st.sampled_from([1.0, -0.5])))]
    return [*roots, *draw(st.lists(st.just(inner), max_size=1))], draw(
        st.sampled_from([{N: 5, A: 16, K: 4}, {N: 3, A: 130, K: 2}, {N: 0, A: 20, K: 3}, {N: 2, A: 1, K: 1}])
    )


@settings(max_examples=120)
@given(squares())
def test_products_with_themselves_keep_their_values(case):
    roots, sizes = case
    arrays = arrays_of(sizes)
    for root, found in zip(roots, run(plan(roots, sizes), arrays), strict=True):
        np.testing.assert_allclose(found, evaluate(root, arrays, sizes), rtol=1e-9, atol=1e-9)
