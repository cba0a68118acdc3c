"""Reductions and functions along an axis, at the edges of the number range too."""

from __future__ import annotations

import numpy as np
import pytest

from einderiv.ir import Dim, Input, LeviCivita, Size, axiswise, einsum, reduce
from einderiv.plan import plan
from einderiv.run import run

N, K = Dim("N"), Dim("K")
inf, nan = np.inf, np.nan


def value(node, X):
    X = np.asarray(X, float)
    return run(plan([node], {N: X.shape[0], K: X.shape[-1]}), {"X": X})[0].tolist()


def along(name, row):
    return value(axiswise(name, Input("X", (K,)), 0), row)


def over(name, row):
    return value(reduce(name, Input("X", (K,)), [0]), row)


@pytest.mark.parametrize(
    ("row", "expected"),
    [([1000, 0], 1000), ([-inf, -inf], -inf), ([inf, 0], inf), ([-1e4], -1e4), ([nan, 0], nan), ([1e300], 1e300)],
)
def test_logsumexp_neither_overflows_nor_underflows(row, expected):
    np.testing.assert_equal(over("logsumexp", row), expected)


@pytest.mark.parametrize(
    ("row", "expected"),
    [([1000, 0], [1, 0]), ([inf, 0], [1, 0]), ([-inf, 0], [0, 1]), ([-inf, -inf], [nan, nan]), ([nan, 1], [nan, nan])],
)
def test_softmax_at_infinity(row, expected):
    np.testing.assert_equal(along("softmax", row), expected)


def test_logsoftmax_keeps_small_probabilities():
    assert along("logsoftmax", [1000, 0]) == [0, -1000]
    assert along("logsoftmax", [inf, 0]) == [0, -inf]


@pytest.mark.parametrize(("row", "expected"), [([3e200, 4e200], 5e200), ([3e-200, 4e-200], 5e-200), ([0, 0], 0)])
def test_norm_does_not_leave_the_range(row, expected):
    assert over("norm", row) == pytest.approx(expected, rel=1e-15)


def test_norm_of_infinity_is_infinite():
    assert over("norm", [inf, 1]) == inf and np.isnan(over("norm", [nan, 1]))


@pytest.mark.parametrize(
    ("row", "expected"), [([2, 3, 5], [15, 10, 6]), ([2, 0, 5], [0, 10, 0]), ([0, 0, 5], [0, 0, 0]), ([7], [1])]
)
def test_cofactors_are_right_with_zeros(row, expected):
    assert along("cofactor", row) == expected


def test_sums_from_both_ends():
    assert along("cumsum", [1, 2, 3]) == [1, 3, 6]
    assert along("cumsum_reverse", [1, 2, 3]) == [6, 5, 3]


def test_reductions_over_nothing():
    X = np.zeros((2, 0))
    assert value(reduce("prod", Input("X", (N, K)), [1]), X) == [1, 1]
    assert value(reduce("norm", Input("X", (N, K)), [1]), X) == [0, 0]
    assert value(einsum([(Input("X", (N, K)), "nk")], "n"), X) == [0, 0]
    assert value(axiswise("softmax", Input("X", (N, K)), 1), X) == [[], []]


def test_a_reduction_of_an_inner_axis():
    X = np.random.default_rng(0).standard_normal((3, 4))
    assert value(reduce("max", Input("X", (N, K)), [0]), X) == X.max(0).tolist()
    assert value(reduce("max", Input("X", (N, K)), [0, 1]), X) == X.max()


def test_the_permutation_symbol_gives_the_cross_product():
    three = Dim("3", 3)
    a, b = Input("a", (three,)), Input("b", (three,))
    node = einsum([(LeviCivita(three, 3), "ijk"), (a, "j"), (b, "k")], "i")
    u, v = np.array([1.0, 2, 3]), np.array([4.0, 7, -1])
    np.testing.assert_allclose(run(plan([node], {}), {"a": u, "b": v})[0], np.cross(u, v))
    assert run(plan([LeviCivita(Dim("2", 2), 2)], {}), {})[0].tolist() == [[0, 1], [-1, 0]]


def test_a_size_is_a_number():
    assert run(plan([Size(N)], {N: 7}), {})[0] == 7.0


@pytest.mark.parametrize("order", ["bhij", "bhji", "jbhi"])
@pytest.mark.parametrize("sizes", [(1, 1, 3, 4, 2), (1, 2, 3, 4, 2), (1, 1, 1, 4, 1), (1, 1, 3, 1, 2), (1, 1, 1, 1, 1)])
def test_stacks_of_one_matrix_are_matrices(sizes, order):
    dims = dict(zip("bhidj", (Dim(letter.upper()) for letter in "bhidj"), strict=True))
    lengths = dict(zip(dims.values(), sizes, strict=True))
    Q, K = (Input(name, tuple(dims[letter] for letter in axes)) for name, axes in (("Q", "bhid"), ("K", "bhjd")))
    rng = np.random.default_rng(0)
    arrays = {each.name: rng.standard_normal([lengths[dim] for dim in each.axes]) for each in (Q, K)}
    arrays["K"] = np.asfortranarray(arrays["K"])
    (result,) = run(plan([einsum([(Q, "bhid"), (K, "bhjd")], order)], lengths), arrays)
    np.testing.assert_allclose(
        result, np.einsum(f"bhid,bhjd->{order}", arrays["Q"], arrays["K"]), rtol=1e-14, atol=1e-15
    )
    assert not any(np.shares_memory(result, array) for array in arrays.values())
