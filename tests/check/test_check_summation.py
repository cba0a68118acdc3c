"""The summation rule, sentence by sentence: what is summed, what is kept, what is refused and with which fix."""

import re

import numpy as np
import pytest
from reference import evaluate

from einderiv.check import check, solve_sizes
from einderiv.errors import EinError, EinIndexError, Source
from einderiv.syntax import parse

VECTORS, MATRICES, SCALARS = "atuvxyz", "ABCGMPQVWXY", "cp"
PRELUDE = "".join(f"{name} ∈ R^N\n" for name in VECTORS) + "".join(f"{name} ∈ R^{{N×N}}\n" for name in MATRICES)


def node(equation):
    """What an equation is, with all sizes equal so that only its sums tell it from another."""
    program = check(parse(PRELUDE + equation, "m.ein"))
    return program.definitions[program.outputs[-1]].node


SAME = [
    # 1. In a tensor, an index that appears once is open; one that appears twice and is not wanted is summed there.
    ("s = M_ii", "s = δ_ij M_ij"),
    ("s_i = M_ii", "s_i = sum_j δ_ij M_ij"),
    ("s = sum_i M_ii", "s = M_kk"),
    # 2. An index open in two or more factors and not wanted is summed over the whole product.
    ("s_i = W_ij x_j", "s_k = sum_l W_kl x_l"),
    ("s_i = W_ij * x_j", "s_i = W_ij x_j"),
    ("s_i = W_ij · x_j ∘ y_j ⊙ 2", "s_i = 2 sum_j W_ij x_j y_j"),
    ("s_ijk = A_ir B_jr C_kr", "s_ijk = sum_r (A_ir B_jr C_kr)"),
    ("s_i = x_i y_i", "s_j = y_j x_j"),
    ("s = x_i / y_i", "s = sum_i x_i / y_i"),
    ("s = x_i / y_i^2", "s = sum_i x_i y_i^-2"),
    ("s = -x_i y_i", "s = -1 sum_i x_i y_i"),
    # In a term of the equation itself, a literal integer power ≥ 2 counts as that many factors.
    ("s = (W_ij x_j - y_i)^2", "s = (W_ij x_j - y_i) (W_ik x_k - y_i)"),
    ("s = x_i^2", "s = x_i x_i"),
    ("s = x_i^3", "s = x_i x_i x_i"),
    ("s = x_i^4", "s = sum_i (x_i^4)"),
    ("s = x_i**2", "s = sum_i x_i^2"),
    ("s_i = x_i^2", "s_i = x_i x_i"),
    ("s = tanh(x_i)^2", "s = sum_i tanh(x_i) tanh(x_i)"),
    # Inside brackets and arguments, and in a divisor, a power counts once.
    ("s_k = v_j (1 - t_j^2) W_jk", "s_k = sum_j v_j (1 - t_j t_j) W_jk"),
    ("s = (x_i^2) y_i", "s = sum_i (x_i x_i) y_i"),
    ("s = y_i exp(x_i^2)", "s = sum_i y_i exp(x_i x_i)"),
    ("s = exp(M_ii^2)", "s = exp((M_ii) (M_kk))"),
    # 3. In a bracket, an index is open if it is open in any of its terms; then every term keeps it.
    ("G_dc = X_nd (t_n P_nc - Y_nc)", "G_dc = sum_n X_nd (t_n P_nc - Y_nc)"),
    ("s = y_i (M_ii + x_i)", "s = sum_i y_i (M_ii + x_i)"),
    ("s = y_i (u_i v_i - x_i)", "s = sum_i (u_i v_i - x_i) y_i"),
    ("s = B_ai (A_aj x_j + y_a) v_i", "s = sum_{a,i} B_ai v_i (sum_j (A_aj x_j) + y_a)"),
    # Each bracket sums its own i.
    ("f = (B_ai x_i + u_a) C_ac (G_ci x_i + v_c)", "f = (B_ai x_i + u_a) C_ac (G_ck x_k + v_c)"),
    ("s = (a_i t_i) (u_i v_i)", "s = (a_i t_i) (u_k v_k)"),
    # Keeping reaches into the term's product and a `sum` prefix, not into brackets within.
    ("s = y_i (x_i + u_i v_i)", "s = sum_i y_i (x_i + u_i v_i)"),
    ("s = y_i (x_i + (u_k v_k))", "s = y_i (x_i + sum_k (u_k v_k))"),
    ("s = y_j (x_j + sum_i W_ij x_i v_j)", "s = sum_j y_j (x_j + sum_i (W_ij x_i v_j))"),
    ("s_i = tanh(W_ij x_j)", "s_k = tanh(sum_l W_kl x_l)"),
    # Arguments of one function are terms of one bracket.
    ("s = y_i max(u_i v_i, x_i)", "s = sum_i y_i max(u_i v_i, x_i)"),
    ("s = max(u_i v_i, 0)", "s = max(sum_i u_i v_i, 0)"),
    ("s_i = where(x_i > 0, u_i v_i, y_j z_j)", "s_k = where(x_k > 0, u_k v_k, sum_l y_l z_l)"),
    ("s = y_i [x_i > u_i v_i]", "s = sum_i y_i [x_i > u_i v_i]"),
    # 4. A term that lacks an index its surroundings keep is broadcast over it.
    ("A2_nk = A_nk + y_k", "A2_nk = A_nk + 1_n y_k"),
    ("s_i = x_i + 1", "s_i = x_i + 1_i"),
    ("s = y_i (x_i + c)", "s = y_i (x_i + c 1_i)"),
    # A reduction also wants the indices it names; an axis function too, and its index stays open.
    ("s = sum_i x_i y_i", "s = x_i y_i"),
    ("s = sum_{i,j} W_ij", "s = sum_ij W_ij"),
    ("s = Σ_i exp(x_i)", "s = sum_i exp(x_i)"),
    ("s = sum_i (x_i)^2", "s = sum_i (x_i^2)"),
    ("s_n = max_c(A_nc + y_c)", "s_k = max_l(A_kl + y_l)"),
    ("s = y_k softmax_k(x_k)", "s = sum_k y_k softmax_k(x_k)"),
    ("s_n = mean_c(A_nc)", "s_k = mean_l(A_kl)"),
    # Own functions: in the body every index of the arguments is wanted.
    ("def f(z) = z z\ns_i = f(x_i)", "s_i = x_i^2"),
    ("def f(z, w) = z (1 + w)\ns = sum_ij exp(f(x_i, W_ij))", "s = sum_ij exp(x_i (1 + W_ij))"),
    ("def f(z) = c z\ndef g(z) = f(f(z))\ns = y_i g(x_i)", "s = sum_i y_i (c (c x_i))"),
    # Deltas: what a sum ties disappears.
    ("s_k = δ_ik x_i", "s_k = x_k"),
    ("index i, k: N\ns_ik = δ_ik", "index i, k: N\ns_ik = [i == k]"),
    ("s_il = δ_ik A_kl", "s_il = A_il"),
    # A derivative follows the rule of a tensor.
    ("V2_i = W_ij x_j\ns = ∂V2_i/∂x_i", "V2_i = W_ij x_j\ns = δ_ik ∂V2_i/∂x_k"),
    ("V2_i = W_ij x_j\ns_k = y_i ∂V2_i/∂x_k", "V2_i = W_ij x_j\ns_l = sum_i y_i ∂V2_i/∂x_l"),
]


@pytest.mark.parametrize(("text", "written_out"), SAME)
def test_the_convention_is_the_sum_written_out(text, written_out):
    assert node(text) is node(written_out)


@pytest.mark.parametrize("written_out", ["s_k = sum_i T_iik", "s_k = δ_ij T_ijk"])
def test_two_of_three_indices_may_be_summed(written_out):
    shape = "T ∈ R^{N×N×N}\n"
    assert node(shape + "s_k = T_iik") is node(shape + written_out)


DIFFERENT = [
    ("s = (M_ii)^2", "s = sum_i M_ii^2"),
    ("s = (a_i t_i) (u_i v_i)", "s = a_i t_i u_i v_i"),
    ("s_i = exp(x_i) y_i", "s_i = exp(x_i y_i)"),
    ("s = exp(x_i y_i)", "s = sum_i exp(x_i y_i)"),
    ("s_i = W_ij x_j", "s_i = W_ji x_j"),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_looks_alike_may_differ(one, other):
    assert node(one) is not node(other)


x, y, z, u, v = np.random.default_rng(0).normal(size=(5, 4))
W, A, B = np.random.default_rng(1).normal(size=(3, 4, 4))
VALUES = [
    ("s = (x_i y_i) (u_i v_i)", (x @ y) * (u @ v)),
    ("s = x_i y_i u_i v_i", np.sum(x * y * u * v)),
    ("s = y_i (u_i v_i - x_i)", np.sum(y * (u * v - x))),
    ("s = (W_ij x_j - y_i)^2", np.sum((W @ x - y) ** 2)),
    ("s = (M_ii)^2", np.trace(A) ** 2),
    ("s = sum_i M_ii^2", np.sum(np.diag(A) ** 2)),
    ("s_i = M_ii x_i", np.diag(A) * x),
    ("s = x_i / y_i", np.sum(x / y)),
    ("s = 1 / sum_i exp(x_i)", 1 / np.exp(x).sum()),
    ("s = -x_i y_i / 2 / c", -(x @ y) / 2 / 1.5),
    ("s_i = x_i / y_i * u_i", x / y * u),
    ("s_i = x_i^-2", x**-2.0),
    ("s_i = -x_i^2", -(x**2)),
    ("s_i = 2^x_i", 2**x),
    ("s_i = x_i^2^2", x**4),
    ("s_i = exp(x_i)^c", np.exp(x) ** 1.5),
    ("s_ij = softmax_j(W_ij + x_i y_j)", np.exp(W + np.outer(x, y)) / np.exp(W + np.outer(x, y)).sum(1, keepdims=True)),
    ("s_ij = softmax_j(δ_ij x_j)", np.exp(np.diag(x)) / np.exp(np.diag(x)).sum(1, keepdims=True)),
    ("s_ij = softmax_{i,j}(W_ij)", np.exp(W) / np.exp(W).sum()),
    ("s_ij = logsoftmax_{i,j}(W_ij)", W - np.log(np.exp(W).sum())),
    ("s_ij = cumsum_i(W_ij)", np.cumsum(W, 0)),
    ("s = max_{i,j}(W_ij)", W.max()),
    ("s_i = min_j(W_ij x_j)", (W * x).min(1)),
    ("s_j = prod_i(W_ij)", W.prod(0)),
    ("s = mean_{i,j}(W_ij)", W.mean()),
    ("s = logsumexp_i(x_i)", np.log(np.exp(x).sum())),
    ("s_i = norm_j(W_ij)", np.sqrt((W**2).sum(1))),
    ("s_i = max(max(x_i, y_i), 0)", np.maximum(np.maximum(x, y), 0)),
    ("s_ij = [i <= j]", np.triu(np.ones((4, 4)))),
    ("s_ij = x_i [i == j + 1]", x[:, None] * np.eye(4, k=-1)),
    ("s_i = where(x_i >= y_i, x_i, -1)", np.where(x >= y, x, -1)),
    ("s_i = [x_i != y_i]", np.ones(4)),
    ("s_i = δ_ij W_jk x_k", W @ x),
    ("s = δ_ii", 4.0),
    ("s_ij = 3 1_ij", np.full((4, 4), 3.0)),
    ("s_i = pi x_i", np.pi * x),
    ("s_ij = x_j", np.tile(x, (4, 1))),
]


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_values_are_those_of_numpy(text, expected):
    program = check(parse("index i, j: N\n" + PRELUDE + text, "m.ein"))
    arrays = {"x": x, "y": y, "z": z, "u": u, "v": v, "W": W, "M": A, "c": np.array(1.5)}
    shapes = {name: array.shape for name, array in arrays.items() if name in program.inputs}
    sizes = solve_sizes(program, shapes, [])
    np.testing.assert_allclose(evaluate(program.definitions["s"].node, arrays, sizes), expected)


def test_a_cross_product_is_written_with_levi_civita():
    program = check(parse("c_i = ε_ijk a_j b_k", "m.ein"))
    a, b = np.random.default_rng(2).normal(size=(2, 3))
    np.testing.assert_allclose(evaluate(program.definitions["c"].node, {"a": a, "b": b}, {}), np.cross(a, b))


# -------------------------------------------------------------------- refusals

REFUSED = [
    # text, code, line:column, fixes: whole equations that the hints lead to
    ("L = exp(x_i)", "E0203", "1:11", ["sum_i exp(x_i)"]),
    ("a_i = W_ij x_k + b_i", "E0203", "1:10", ["W_ij x_j", "sum_{j,k} W_ij x_k"]),
    ("L = (x_i)", "E0203", "1:8", ["sum_i (x_i)"]),
    ("L = ((x_i)^2)", "E0203", "1:9", ["sum_i ((x_i)^2)"]),
    ("L = softmax_k(x_k)", "E0203", "1:13", ["sum_k softmax_k(x_k)"]),
    ("L = 1 / y_i^2", "E0203", "1:11", ["sum_i 1 / y_i^2"]),
    ("a_i = W_ij x_j + b_k", "E0205", "1:18", ["b_i"]),
    ("D_ii = W_ij x_j", "E0204", "1:4", ["D_ik = δ_ik W_ij x_j", "d_i = D_ii"]),
    ("y_i = x_j tanh(W_ij z_j)", "E0209", "1:16", ["sum_j x_j tanh(W_ij z_j)", "sum_j x_j tanh(W_ik z_k)"]),
    ("G_dc = X_nd (t_n P_nc)", "E0209", "1:14", ["sum_n X_nd (t_n P_nc)", "sum_n X_nd (t_k P_kc)"]),
    ("L = x_i y_i sum_i z_i", "E0209", "1:13", ["sum_i x_i y_i z_i", "x_i y_i sum_k z_k"]),
    ("L = M_ii x_i y_i", "E0209", "1:5", ["sum_i M_ii x_i y_i", "M_kk x_i y_i"]),
    ("L = M_ii tanh(x_i y_i)", "E0209", "1:5", ["sum_i M_ii tanh(x_i y_i)", "M_kk tanh(x_i y_i)"]),
    ("L = M_ii x_i", "E0209", "1:5", ["sum_i M_ii x_i", "sum_i M_kk x_i"]),
    ("s_k = (W_ii M_ji) A_ji y_k", "E0209", "1:8", ["sum_i W_ii M_ji"]),
    ("L = (x_i sum_j y_i W_ij z_j) v_i", "E0209", "1:16", []),
    ("L = M_ii^2", "E0209", "1:5", ["sum_i M_ii^2", "(M_ii)^2"]),
    ("L = y_k (x_k - log(sum_k exp(x_k)))", "E0209", "1:20", ["y_k (x_k - log(sum_c exp(x_c)))"]),
    ("L = (x_k - log(sum_k exp(x_k)))^2", "E0209", "1:16", ["(x_k - log(sum_c exp(x_c)))^2"]),
    ("L = y_i (x_i + tanh(u_i v_i))", "E0209", "1:21", ["sum_i y_i (x_i + tanh(u_i v_i))"]),
    ("p_nk = exp(A_nk) / sum_k exp(A_nk)", "E0207", "1:20", ["sum_c exp(A_nc)"]),
    ("L = sum_i exp(x_i sum_i y_i)", "E0207", "1:19", ["sum_k y_k"]),
    ("L = y_k (x_k + sum_k z_k)", "E0207", "1:16", ["sum_c z_c"]),
    ("p_k = max_k(A_nk) y_n", "E0207", "1:7", ["max_c(A_nc)"]),
    ("L = sum_c A_nk", "E0208", "1:5", ["sum_{n,k} A_nk"]),
    ("L = max_c(y_n)", "E0208", "1:5", ["max_n(y_n)"]),
    ("y_i = softmax_k(x_i)", "E0208", "1:7", ["softmax_i(x_i)"]),
    ("L = sum_{i,i} x_i", "E0204", "1:12", []),
    ("y_ij = x_i", "E0202", "1:4", ["y_i = ...", "index j: 5"]),
    ("a_ik = W_ij x_j + b_i", "E0202", "1:4", ["a_i = ...", "index k: 5"]),
    ("y_i = x_i 1_n", "E0203", "1:13", []),
    ("y_n = 1_n", "E0202", "1:3", ["index n: 5"]),
    ("y = 1_n 1_n", "E0202", "1:5", ["index n: 5"]),
    ("s_ij = [i <= j]", "E0202", "1:3", ["index i: 5"]),
    ("y_k = ∂(A_ij x_i x_j)/∂x_i", "E0215", "1:26", []),
    ("L = δ_ijk x_i y_j z_k", "E0218", "1:5", []),
]


@pytest.mark.parametrize(("text", "code", "place", "fixes"), REFUSED)
def test_what_is_left_is_refused_with_its_fix(text, code, place, fixes):
    with pytest.raises(EinIndexError) as caught:
        check(parse(text, "m.ein"))
    error = caught.value
    assert (error.code, f"{error.line}:{error.column}") == (code, place)
    helps = "\n".join(error.helps)
    assert [fix for fix in fixes if f"`{fix}`" not in helps] == []


BOTH_READINGS = [case for case in REFUSED if case[1] == "E0209" and not case[0].endswith(("A_ji y_k", ") v_i"))]


@pytest.mark.parametrize(("text", "code", "place", "fixes"), BOTH_READINGS)
def test_each_reading_that_a_hint_offers_is_accepted(text, code, place, fixes):
    left = text.partition("=")[0]
    with pytest.raises(EinIndexError) as caught:
        check(parse(text, "m.ein"))
    readings = [re.search("`(.*)`", each).group(1) for each in caught.value.helps]
    assert readings
    programs = [check(parse(f"{left}= {reading}", "m.ein")) for reading in readings]
    nodes = [program.definitions[program.outputs[0]].node for program in programs]
    assert len(set(nodes)) == len(nodes)


def test_a_refusal_reads_well():
    with pytest.raises(EinError) as caught:
        check(parse("y_i = x_j tanh(W_ij z_j)", "m.ein"))
    assert (
        str(caught.value)
        == """\
error[E0209]: index `j` is summed inside `W_ij z_j` and also stands outside of it
 --> m.ein:1:16
  |
1 | y_i = x_j tanh(W_ij z_j)
  |         -      ^^^^^^^^ summed inside `W_ij z_j`
  |         - `j` also stands here
  |
  = note: this has two meanings, so it is not guessed
  = help: for one sum over everything write `sum_j x_j tanh(W_ij z_j)`
  = help: for a sum of its own write `sum_j x_j tanh(W_ik z_k)`"""
    )


def test_the_same_letter_in_two_sums_is_two_indices():
    program = check(parse("L = a_i b_i + c_i d_i", "m.ein"))
    assert program.inputs["a"].node.axes == program.inputs["b"].node.axes
    assert program.inputs["a"].node.axes != program.inputs["c"].node.axes


def test_deep_and_long_expressions_are_read():
    for text in [
        "L = " + "exp(" * 199 + "x" + ")" * 199,
        "L = " + "^".join(["x"] * 199),
        "L = " + "∂(" * 195 + "x" + ")/∂x" * 195,
        "L = " + "(x_i + " * 98 + "1" + ")" * 98 + " y_i",
        "L = " + " + ".join(f"a{k}_i b{k}_i" for k in range(3000)),
    ]:
        assert "L" in check(parse(text, "m.ein")).definitions


def test_source_is_kept():
    assert check(parse("y = x", "m.ein")).source == Source("y = x", "m.ein")
