"""Residuals multiplied out: where, with which numbers, and where not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import evaluate

import einderiv as ed
from einderiv.ir import Dim, Input, Node, add, einsum, scale, topological
from einderiv.plan import plan
from einderiv.plan.expand import expanded
from einderiv.run import run

CP = "R_ijk = T_ijk - A_ir B_jr C_kr\nL = R_ijk^2"
TUCKER = "R_ijk = T_ijk - G_abc A_ia B_jb C_kc\nL = R_ijk^2"
CP_SHAPES = {"T": (9, 8, 7), "A": (9, 2), "B": (8, 2), "C": (7, 2)}
TUCKER_SHAPES = {**CP_SHAPES, "G": (2, 2, 2)}
EINSUMS = {CP: "ir,jr,kr->ijk", TUCKER: "ia,jb,kc,abc->ijk"}


def arrays_of(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def complex_step(text: str, arrays: dict[str, np.ndarray], wrt: str) -> np.ndarray:
    """∂‖T - …‖²/∂wrt by steps of 10⁻³⁰ i, which lose no digits."""
    gradient = np.empty_like(arrays[wrt])
    for place in np.ndindex(gradient.shape):
        moved = {name: array.astype(complex) for name, array in arrays.items()}
        moved[wrt][place] += 1e-30j
        model = np.einsum(EINSUMS[text], *(moved[name] for name in ("A", "B", "C", "G") if name in moved))
        gradient[place] = ((moved["T"] - model) ** 2).sum().imag / 1e-30
    return gradient


@pytest.mark.parametrize(("text", "shapes"), [(CP, CP_SHAPES), (TUCKER, TUCKER_SHAPES)], ids=["CP", "Tucker"])
@pytest.mark.parametrize("wrt", ["A", "B", "C"])
def test_the_gradient_of_a_factorisation_makes_no_array_as_large_as_the_tensor(text, shapes, wrt):
    gradient, arrays = ed.grad(text, wrt=wrt), arrays_of(shapes)
    assert all(step.shape != (9, 8, 7) for step in gradient.plan(**arrays).steps if step.bytes)
    np.testing.assert_allclose(gradient(**arrays), complex_step(text, arrays, wrt), rtol=1e-11, atol=1e-11)


def test_the_printed_gradient_keeps_its_residual():
    assert str(ed.grad(CP, wrt="A")).splitlines()[-1] == "dLdA_ir = -2 R_ijk B_jr C_kr"


def test_a_residual_that_is_needed_anyway_is_made_once():
    both = ed.value_and_grad(CP, wrt="A").plan(**CP_SHAPES)
    assert sum(step.shape == (9, 8, 7) and bool(step.bytes) for step in both.steps) == 2  # A B C, and T - A B C
    asked = ed.function(CP + "\nG_ir = ∂L/∂A_ir", of=["R", "G"]).plan(**CP_SHAPES)
    assert sum(step.shape == (9, 8, 7) and bool(step.bytes) for step in asked.steps) == 2


def test_a_sum_of_squares_keeps_the_digits_that_its_expansion_would_lose():
    arrays = arrays_of(CP_SHAPES)
    noise = 1e-9 * np.random.default_rng(8).normal(size=(9, 8, 7))
    arrays["T"] = np.einsum("ir,jr,kr->ijk", arrays["A"], arrays["B"], arrays["C"]) + noise
    np.testing.assert_allclose(ed.function(CP, of="L")(**arrays), (noise**2).sum(), rtol=1e-5)


def test_a_gradient_at_a_perfect_fit_is_zero_to_rounding():
    arrays = arrays_of(CP_SHAPES)
    arrays["T"] = np.einsum("ir,jr,kr->ijk", arrays["A"], arrays["B"], arrays["C"])
    size = np.einsum("ijk,jr,kr->ir", *(np.abs(arrays[name]) for name in "TBC"))
    assert (np.abs(ed.grad(CP, wrt="A")(**arrays)) < 1e-14 * size).all()


@pytest.mark.parametrize(
    "text",
    [
        "R_n = y_n - X_nd w_d\nG_d = R_n X_nd",  # the residual is smaller than X
        "R_nd = X_nd - m_d\nG_d = R_nd y_n",  # a difference of given numbers
        "R_ij = T_ij - U_ik V_jk\nG_ik = tanh(R_ij) V_jk",
        "R_ij = T_ij - U_ik V_jk\nG_il = R_ij R_lj",
    ],
    ids=["smaller than its factors", "without a product", "inside a function", "squared"],
)
def test_residuals_that_cost_little_or_would_cancel_are_made(text):
    function = ed.function(text, of="G")
    shapes = {"y": (60,), "X": (60, 5), "w": (5,), "m": (5,), "T": (60, 50), "U": (60, 3), "V": (50, 3)}
    (node,) = function._nodes
    sizes = function._sizes({name: shapes[name] for name in function.program.inputs}, [node])
    assert expanded([node], sizes) == [node]


I, J, K, R = (Dim(name) for name in "IJKR")
T, A, B, M = Input("T", (I, J)), Input("A", (I, R)), Input("B", (J, R)), Input("M", (J, K))


@st.composite
def products(draw: st.DrawFn) -> tuple[list[Node], dict[Dim, int]]:
    """Products of a residual with matrices, which may share it or have it twice."""
    amounts = st.sampled_from([1.0, -1.0, 0.5])
    low = einsum([(A, "ir"), (B, "jr")], draw(st.sampled_from(["ij", "ji"])), draw(amounts))
    axes = "ij" if low.axes == (I, J) else "ji"
    terms = [low, einsum([(T, "ij")], axes, draw(amounts)), *draw(st.lists(st.just(scale(low, 2.0)), max_size=1))]
    if draw(st.booleans()):
        terms.append(einsum([(Input("b", (J,)), "j")], axes, dims={"i": I, "j": J}))
    residual = add(terms)
    readers = [
        einsum([(residual, axes), (B, "jr")], "ir"),
        einsum([(residual, axes), (A, "ir"), (B, "jr")], "r"),
        einsum([(residual, axes), (M, "jk")], "ki", 3.0),
        einsum([(residual, axes), (residual, axes)], ""),
        einsum([(residual, axes)], "j"),
    ]
    sizes = {dim: draw(st.sampled_from([0, 1, 2, 5, 30])) for dim in (I, J, K)}
    return draw(st.lists(st.sampled_from(readers), min_size=1, max_size=3, unique=True)), {**sizes, R: 2}


@settings(max_examples=150)
@given(products())
def test_multiplying_out_changes_no_value(case):
    roots, sizes = case
    leaves = [node for node in topological(roots) if isinstance(node, Input)]
    arrays = arrays_of({node.name: tuple(sizes[dim] for dim in node.axes) for node in leaves})
    for root, found in zip(roots, run(plan(roots, sizes), arrays), strict=True):
        np.testing.assert_allclose(found, evaluate(root, arrays, sizes), rtol=1e-10, atol=1e-10)
