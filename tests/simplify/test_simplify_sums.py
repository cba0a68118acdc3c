"""Factors that the terms of a sum have in common: what they become, that the numbers stay, and that it ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import evaluate

import einderiv as ed
from einderiv.ir import Dim, Input, Node, add, apply, einsum, scale, select
from einderiv.simplify import simplify
from einderiv.simplify.combine import merge_sums, met_selections, outer_products
from einderiv.simplify.sums import summed_factors

N, D, M, K = Dim("N"), Dim("D"), Dim("M"), Dim("K")
SIZES = {N: 4, D: 3, M: 2}
X, Y = Input("X", (N, D)), Input("Y", (N, D))
F, G, H = (Input(name, (N, M)) for name in "FGH")
B, C, w = Input("B", (M, K)), Input("C", (K, D)), Input("w", (D,))
V, u, A = Input("V", (M, N)), Input("u", (N,)), Input("A", (N, N))
ARRAYS = {
    node.name: np.random.default_rng(5).normal(size=tuple(SIZES[dim] for dim in node.axes))
    for node in (X, Y, F, G, H, V, u, A)
}


def times(*factors: tuple[Node, str], coefficient: float = 1.0, output: str = "dm") -> Node:
    return einsum(list(factors), output, coefficient, {"n": N, "d": D, "m": M})


X_F, X_G = times((X, "nd"), (F, "nm")), times((X, "nd"), (G, "nm"))

FACTORED = {
    "a product": (add([X_F, X_G]), times((X, "nd"), (add([F, G]), "nm"))),
    "a transposed operand": (
        add([X_F, times((X, "nd"), (V, "mn"))]),
        times((X, "nd"), (add([F, einsum([(V, "mn")], "nm")]), "nm")),
    ),
    "numbers": (
        add([X_F, scale(X_G, -2.0)]),
        times((X, "nd"), (add([F, scale(G, -2.0)]), "nm")),
    ),
    "two common factors": (
        add([times((X, "nd"), (u, "n"), (F, "nm")), times((X, "nd"), (u, "n"), (G, "nm"))]),
        times((X, "nd"), (u, "n"), (add([F, G]), "nm")),
    ),
    "a narrower term": (
        add([times((X, "nd"), (u, "n")), X_F]),
        times((X, "nd"), (add([einsum([(u, "n")], "nm", dims={"m": M}), F]), "nm")),
    ),
    "some of the terms": (
        add([X_F, X_G, times((Y, "nd"), (H, "nm"))]),
        einsum(
            [
                (
                    add([times((X, "nd"), (add([F, G]), "nm"), output="md"), times((Y, "nd"), (H, "nm"), output="md")]),
                    "md",
                )
            ],
            "dm",
        ),
    ),
}


@pytest.mark.parametrize("case", FACTORED)
def test_a_factor_under_a_sum_goes_outside(case: str):
    written, factored = FACTORED[case]
    assert summed_factors([written]) == [factored]
    assert summed_factors([factored]) == [factored]
    np.testing.assert_allclose(evaluate(written, ARRAYS, SIZES), evaluate(factored, ARRAYS, SIZES), rtol=1e-12)


@pytest.mark.parametrize(
    "roots",
    [
        [add([X_F, X_G]), X_F],
        [add([X_F, times((X, "nd"), (A, "nk"), (F, "km"))])],
        [add([times((X, "nd"), (V, "mk"), (F, "km")), times((X, "nd"), (H, "nm"))])],
        [add([times((u, "n"), (X, "nd")), times((u, "n"), (F, "nm"))])],
        [add([times((u, "n"), (X, "nd"), output="n"), times((u, "n"), (F, "nm"), output="n")])],
    ],
    ids=["which another reads", "at another place", "where sizes decide", "of terms with other axes", "under no sum"],
)
def test_products_stay_where_a_sum_of_factors_could_take_more_work(roots: list[Node]):
    assert summed_factors(roots) == roots


def test_sums_of_terms_are_the_sum_of_a_sum_that_is_there():
    total = add([F, G])
    apart = add([einsum([(F, "nm")], "m"), einsum([(G, "nm")], "m")])
    assert summed_factors([apart]) == [apart]
    assert summed_factors([apart, total]) == [einsum([(total, "nm")], "m"), total]
    turned = einsum([(total, "nm")], "mn")
    assert summed_factors([apart, turned])[0] is einsum([(total, "nm")], "m")


def test_sums_over_two_of_three_axes_are_the_sum_of_a_sum_that_is_there():
    wide = [Input(name, (N, D, M)) for name in "TU"]
    apart = add([einsum([(node, "ndm")], "m") for node in wide])
    assert summed_factors([apart, add(wide)])[0] is einsum([(add(wide), "ndm")], "m")


def test_sums_over_other_dimensions_stay_apart():
    apart = add([einsum([(F, "nm")], "m"), einsum([(B, "mk")], "m")])
    assert summed_factors([apart, add([F, G])])[0] is apart
    wide = Input("T", (M, N, D)), Input("U", (M, N, K))
    apart = add([einsum([(node, "mnd")], "m") for node in wide])
    assert summed_factors([apart, add([F, G])])[0] is apart


def test_a_transposed_sum_with_one_reader_is_merged():
    inner = einsum([(add([F, G]), "nm")], "mn")
    assert merge_sums([add([V, inner])]) == [add([V, einsum([(F, "nm")], "mn"), einsum([(G, "nm")], "mn")])]
    twice = scale(add([F, scale(G, 3.0)]), 2.0)
    assert merge_sums([add([H, twice])]) == [add([H, twice])]


def test_a_hessian_times_a_vector_multiplies_with_the_data_once():
    text = "h_nm = tanh(X_nd W_dm + b_m)\nA_nk = h_nm V_mk + c_k\nL = -y_nk logsoftmax_k(A_nk)"
    wide = {"X": (50, 70), "W": (70, 40), "b": (40,), "V": (40, 3), "c": (3,), "y": (50, 3)}
    directions = {f"d{name}": wide[name] for name in ("W", "b", "V", "c")}
    plan = ed.hvp(text, wrt=["W", "b", "V", "c"]).plan({**wide, **directions})
    assert sum(step.flops == 2 * 50 * 70 * 40 for step in plan.steps) == 3  # X W, X dW, and Xᵀ times all the rest


@st.composite
def sums(draw: st.DrawFn) -> list[Node]:
    """Sums of products of few operands, some of them with several readers."""
    matrices = [
        (X, "nd"),
        (Y, "nd"),
        (F, "nm"),
        (G, "nm"),
        (V, "mn"),
        (u, "n"),
        (A, "nk"),
        (F, "km"),
        (V, "mk"),
        (X, "kd"),
    ]
    terms = []
    for _ in range(draw(st.integers(2, 6))):
        factors = draw(st.lists(st.sampled_from(matrices), min_size=1, max_size=4))
        amount = draw(st.sampled_from([1.0, -1.0, 2.0]))
        terms.append(einsum(factors, "dm", amount, {"n": N, "d": D, "m": M}))
    return [add(terms), *draw(st.lists(st.sampled_from(terms), max_size=2))]


@settings(max_examples=150)
@given(sums())
def test_common_factors_change_no_value_and_end(roots: list[Node]):
    found = summed_factors(roots)
    for root, made in zip(roots, found, strict=True):
        np.testing.assert_allclose(evaluate(made, ARRAYS, SIZES), evaluate(root, ARRAYS, SIZES), rtol=1e-9, atol=1e-9)
    done = simplify(roots)
    assert simplify(done) == done


def test_a_factor_without_a_common_index_goes_to_what_reads_an_outer_product():
    shared = einsum([(u, "n"), (B, "mk"), (C, "kd")], "mdn")
    matrix = einsum([(B, "mk"), (C, "kd")], "md")
    readers = [einsum([(shared, "mdn"), (w, "d")], "mn"), einsum([(shared, "mdn"), (A, "nk")], "mdk")]
    assert outer_products(readers) == [
        einsum([(matrix, "md"), (u, "n"), (w, "d")], "mn"),
        einsum([(matrix, "md"), (u, "n"), (A, "nk")], "mdk"),
    ]
    assert outer_products(readers[:1]) == readers[:1]
    assert outer_products(outer_products(readers)) == outer_products(readers)


def test_an_outer_product_of_two_tensors_stays():
    shared = einsum([(u, "n"), (w, "d")], "nd")
    readers = [einsum([(shared, "nd"), (X, "nd")], "n"), apply("tanh", shared)]
    assert outer_products(readers) == readers


def test_the_second_derivative_of_a_deep_network_multiplies_with_its_input_last():
    text = "h_j = relu(W1_ij x_i)\ng_k = relu(W2_jk h_j)\nL = -y_k logsoftmax_k(g_k)"
    plan = ed.hessian(text, wrt="W1").plan(W1=(7, 6), W2=(6, 5), x=(7,), y=(5,))
    assert sum(len(step.shape) == 3 for step in plan.steps) <= 1  # on the way to the result, which has four axes


@settings(max_examples=60)
@given(st.permutations("mdn"), st.permutations("mdn"), st.booleans())
def test_outer_products_change_no_value(order: list[str], other: list[str], twice: bool):
    factors = [(u, "n"), (B, "mk"), (C, "kd"), *([(u, "q")] if twice else [])]
    shared = einsum(factors, order)
    mapped = add([apply("tanh", shared), scale(shared, 2.0), einsum([(shared, order), (w, "d"), (u, "n")], order)])
    roots = [mapped, einsum([(shared, order), (w, "d")], [label for label in other if label != "d"])]
    sizes = {**SIZES, K: 2}
    arrays = ARRAYS | {"B": np.ones((2, 2)) / 3, "C": np.arange(6.0).reshape(2, 3), "w": np.arange(3.0)}
    for root, made in zip(roots, simplify(roots), strict=True):
        np.testing.assert_allclose(evaluate(made, arrays, sizes), evaluate(root, arrays, sizes), rtol=1e-10)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("-mean_n(F_{n,y_n})", "(softmax_k(A_nk) - [k == y_n]) / (sum_i 1_i)"),
        ("-w_n F_{n,y_n}", "w_n (softmax_k(A_nk) - [k == y_n])"),
        ("-c F_{n,y_n}", "c (softmax_k(A_nk) - [k == y_n])"),
    ],
)
def test_the_gradient_of_a_weighted_cross_entropy_is_probabilities_less_labels(loss: str, expected: str) -> None:
    g = ed.grad(f"F_nk = logsoftmax_k(A_nk)\nL = {loss}", of="L", wrt="A")
    assert str(g).rstrip().splitlines()[-1] == f"dLdA_nk = {expected}"


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_gradient_of_a_weighted_cross_entropy_is_that_of_pytorch(reduction: str) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(11)
    scores, labels, weights = rng.normal(size=(300, 40)), rng.integers(40, size=300), rng.uniform(size=300)
    factor = "(w_n / (sum_m w_m))" if reduction == "mean" else "w_n"
    found = ed.grad(f"F_nk = logsoftmax_k(A_nk)\nL = -{factor} F_{{n,y_n}}", of="L", wrt="A")
    A = torch.tensor(scores, requires_grad=True)
    losses = torch.nn.functional.cross_entropy(A, torch.tensor(labels), reduction="none") * torch.tensor(weights)
    (losses.sum() / (weights.sum() if reduction == "mean" else 1.0)).backward()
    np.testing.assert_allclose(found(A=scores, y=labels, w=weights), A.grad.numpy(), rtol=1e-12, atol=1e-15)


def selected(strict: bool, order: str = "nd") -> Node:
    """u_n [d == t_n]"""
    return einsum([(u, "n"), (select(Input("t", (N,)), D, strict=strict), "nd")], order)


@pytest.mark.parametrize("order", ["nd", "dn"])
def test_a_selection_that_is_summed_alone_is_one_however_many_read_it(order: str) -> None:
    shared = selected(True, order)
    readers = [einsum([(shared, order), (F, "nm")], "m"), apply("tanh", shared)]
    assert met_selections(readers) == [einsum([(u, "n"), (F, "nm")], "m"), readers[1]]
    assert met_selections(met_selections(readers)) == met_selections(readers)
    arrays = ARRAYS | {"t": np.array([2, 0, 0, 1])}
    for root, made in zip(readers, met_selections(readers), strict=True):
        np.testing.assert_allclose(evaluate(made, arrays, SIZES), evaluate(root, arrays, SIZES), rtol=1e-14)


def test_a_selection_stays_where_its_index_may_be_none_or_is_read() -> None:
    for reader in (
        einsum([(selected(False), "nd")], "n"),  # t_n may lie outside
        einsum([(selected(True), "nd"), (w, "d")], "n"),
        einsum([(selected(True), "nd")], "d"),
    ):
        assert met_selections([reader]) == [reader]


@pytest.mark.parametrize(("text", "shapes"), [
    ("index n: N\ny_m = sum_{n,k} A_nkm + sum_{n,l} B_nlm", {"A": (2, 3, 2), "B": (2, 4, 2)}),
    ("y_m = sum_n A_nm + sum_{n,l} B_nlm", {"A": (2, 2), "B": (2, 4, 2)}),
])  # fmt: skip
def test_sums_over_other_indices_stay_two_sums(text: str, shapes: dict[str, tuple[int, ...]]) -> None:
    arrays = {name: np.arange(float(np.prod(shape))).reshape(shape) for name, shape in shapes.items()}
    expected = sum(array.reshape(-1, 2).sum(axis=0) for array in arrays.values())
    np.testing.assert_array_equal(ed.evaluate(text, arrays)["y"], expected)
