"""A number before several results: where it is multiplied in, and that the values stay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import evaluate

import einderiv as ed
from einderiv.ir import Dim, Input, Node, apply, einsum, scale
from einderiv.plan import Combine, plan
from einderiv.run import run

N, M = Dim("N"), Dim("M")
A, B, C = Input("A", (M, N)), Input("B", (M, N)), Input("C", (N, N))
x, y = Input("x", (N,)), Input("y", (N,))
SIZES = {N: 6, M: 15}
ARRAYS = {
    node.name: np.random.default_rng(2).normal(size=tuple(SIZES[dim] for dim in node.axes)) for node in (A, B, C, x, y)
}
SHARED = einsum([(C, "ij"), (apply("tanh", x), "j")], "i")
TIMES_A, TIMES_B = einsum([(A, "mi"), (SHARED, "i")], "m"), einsum([(B, "mi"), (SHARED, "i")], "m")


def scales(made) -> int:
    """How many steps multiply with a number."""
    return sum(isinstance(step.operation, Combine) for step in made.steps)


def test_one_number_before_all_gradients_is_multiplied_in_once():
    lines = [
        f"h{k}_n{b} = tanh(h{k - 1}_n{a} W{k}_{a}{b})" for k, a, b in [(1, "i", "j"), (2, "j", "i"), (3, "i", "j")]
    ]
    text = "\n".join(lines).replace("h0", "x") + "\nL = h3_nj^2"
    gradient = ed.grad(text, wrt=["W1", "W2", "W3"])
    rng = np.random.default_rng(3)
    arrays = {"x": rng.normal(size=(4, 5)), **{f"W{k}": rng.normal(size=(5, 5)) for k in (1, 2, 3)}}
    assert scales(gradient.plan(**arrays)) == 0
    found = gradient(**arrays)
    for name in ("W1", "W2", "W3"):
        for place in [(0, 0), (3, 1)]:
            moved = {key: array.astype(complex) for key, array in arrays.items()}
            moved[name][place] += 1e-30j
            h = moved["x"]
            for k in (1, 2, 3):
                h = np.tanh(h @ moved[f"W{k}"])
            assert found[name][place] == pytest.approx((h * h).sum().imag / 1e-30, rel=1e-12)


@pytest.mark.parametrize(
    ("roots", "kept"),
    [
        ([scale(TIMES_A, 2.0), scale(TIMES_B, 2.0)], 0),
        ([scale(TIMES_A, 2.0), scale(TIMES_B, 2.0), SHARED], 2),
        ([scale(TIMES_A, 2.0), scale(TIMES_B, 3.0)], 2),
        ([scale(TIMES_A, 2.0), TIMES_A], 1),
        ([scale(TIMES_A, 2.0), scale(einsum([(B, "mi"), (C, "ij"), (apply("tanh", x), "j")], "m"), 2.0)], 2),
        ([scale(einsum([(SHARED, "i"), (SHARED, "j")], "ij"), 2.0)], 1),
    ],
    ids=[
        "shared",
        "which is a result too",
        "different numbers",
        "with the result itself",
        "whose factors another has",
        "twice in one",
    ],
)
def test_a_number_moves_only_where_all_that_is_between_wants_it(roots: list[Node], kept: int):
    made = plan(roots, SIZES)
    assert scales(made) == kept
    for root, found in zip(roots, run(made, ARRAYS), strict=True):
        np.testing.assert_allclose(found, evaluate(root, ARRAYS, SIZES), rtol=1e-12, atol=1e-12)


@settings(max_examples=200)
@given(st.data())
def test_moving_numbers_changes_no_value(data: st.DataObject):
    vectors: list[Node] = [x, y]
    for _ in range(data.draw(st.integers(1, 5))):
        picked = st.sampled_from(vectors)
        one, other = data.draw(picked), data.draw(picked)
        products = [
            einsum([(C, "ij"), (one, "j")], "i"),
            einsum([(one, "i"), (other, "i")], "i"),
            einsum([(C, "ji"), (one, "j"), (other, "i")], "i"),
            apply("tanh", one),
        ]
        vectors.append(data.draw(st.sampled_from(products)))
    roots = []
    for _ in range(data.draw(st.integers(1, 4))):
        vector = data.draw(st.sampled_from(vectors))
        readers = [vector, einsum([(A, "mi"), (vector, "i")], "m"), einsum([(x, "i"), (vector, "k")], "ki")]
        roots.append(scale(data.draw(st.sampled_from(readers)), data.draw(st.sampled_from([1.0, 2.0, -1.5]))))
    for root, found in zip(roots, run(plan(roots, SIZES), ARRAYS), strict=True):
        np.testing.assert_allclose(found, evaluate(root, ARRAYS, SIZES), rtol=1e-9, atol=1e-12)
