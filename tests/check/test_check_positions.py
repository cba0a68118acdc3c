"""Gathers, positions computed from indices, brackets that compare positions, linear algebra, declared symmetry."""

import numpy as np
import pytest
from reference import evaluate

from einderiv.check import check, query, solve_sizes
from einderiv.errors import EinError
from einderiv.ir import (
    Affine,
    Algebra,
    Derivative,
    Dim,
    Input,
    Map,
    Selection,
    add,
    algebra,
    apply,
    einsum,
    identity,
    reduce,
    scale,
    select,
    topological,
)
from einderiv.syntax import parse

I, J, K, N, M, P, P2, Q, D, B = (Dim(name) for name in "I J K N M P P2 Q D B".split())
TWO, THREE, SIX = Dim("2", 2), Dim("3", 3), Dim("6", 6)


def read(text):
    return check(parse(text, "m.ein"))


def node(text):
    return read(text).definitions[text.rpartition("\n")[2].partition(" ")[0].partition("_")[0]].node


def refusal(text):
    with pytest.raises(EinError) as caught:
        read(text)
    return caught.value


# ---------------------------------------------------------------------- nodes

F, Y = Input("F", (N, P)), Input("y", (N,))
PICKED = einsum([(F, "nk"), (select(Y, P, strict=True), "nk")], "n")
X, W = Input("x", (P,)), Input("w", (K,))


def shifted(index, dim=P):
    return select(index, dim, strict=True)


NODES = [
    ("a_n = F_{n,y_n}", PICKED),
    ("L = -F_{n,y_n}", scale(einsum([(PICKED, "n")], ""), -1.0)),
    ("L = F_{n,y_n} w_n F_{n,y_n}", einsum([(PICKED, "n"), (Input("w", (N,)), "n"), (PICKED, "n")], "")),
    ("L = F_{n,y_n}^2", einsum([(PICKED, "n"), (PICKED, "n")], "")),
    ("L = exp(F_{n,y_n})", apply("exp", einsum([(PICKED, "n")], ""))),
    ("L = sum_n exp(F_{n,y_n})", einsum([(apply("exp", PICKED), "n")], "")),
    ("L = 1 / F_{n,y_n}", einsum([(apply("reciprocal", PICKED), "n")], "")),
    (
        "z_nd = E_{t_n,d}",
        einsum([(Input("E", (P, D)), "kd"), (shifted(Input("t", (N,))), "nk")], "nd"),
    ),
    (
        "a_i = F_{i,y_{t_i}}",
        einsum(
            [
                (Input("F", (I, P)), "ik"),
                (shifted(einsum([(Input("y", (P2,)), "q"), (shifted(Input("t", (I,)), P2), "iq")], "i")), "ik"),
            ],
            "i",
        ),
    ),
    (
        "y_i = x_{i+k} w_k",
        einsum(
            [(einsum([(X, "p"), (shifted(Affine((1, 1), 0, (I, K))), "ikp")], "ik"), "ik"), (W, "k")],
            "i",
        ),
    ),
    ("y_i = x_{2i+1}", einsum([(X, "p"), (shifted(Affine((2,), 1, (I,))), "ip")], "i")),
    ("y_i = x_{3-i}", einsum([(X, "p"), (shifted(Affine((-1,), 3, (I,))), "ip")], "i")),
    ("y_i = x_{i+0}", einsum([(X, "p"), (shifted(Affine((1,), 0, (I,))), "ip")], "i")),
    ("index j: 2\nf_ij = x_{4i+j}", einsum([(X, "p"), (shifted(Affine((4, 1), 0, (I, TWO))), "ijp")], "ij")),
    ("y = x_{0}", einsum([(X, "p"), (shifted(Affine((), 0, ())), "p")], "")),
    ("W ∈ R^{I×P}\ny_i = W_{i,1}", einsum([(Input("W", (I, P)), "ip"), (shifted(Affine((), 1, ())), "p")], "i")),
    (
        "y_i = x_{i+1} - x_i",
        add(
            [
                einsum([(X, "p"), (shifted(Affine((1,), 1, (I,))), "ip")], "i"),
                scale(einsum([(X, "p"), (shifted(Affine((1,), 0, (I,))), "ip")], "i"), -1.0),
            ]
        ),
    ),
    (
        "y_i = W_{i,i+1}",
        einsum(
            [
                (Input("W", (P, P2)), "pq"),
                (shifted(Affine((1,), 0, (I,))), "ip"),
                (shifted(Affine((1,), 1, (I,)), P2), "iq"),
            ],
            "i",
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), NODES)
def test_a_tensor_at_a_position_is_a_product_with_a_selection(text, expected):
    assert node(text) is expected


def test_an_index_that_another_tensor_has_whole_is_still_a_position_where_it_is_computed_with():
    program = read("y_i = x_{i+1} - x_i z_i")
    assert program.inputs["z"].node.axes == program.definitions["y"].node.axes == (I,)
    assert program.inputs["x"].node.axes == (P,)


def test_a_gather_may_read_what_an_equation_defines():
    program = read("A_nk = X_nd W_dk\nr_n = A_{n,c_n}\nc_n = round(z_n)")
    assert program.order == ("A", "c", "r")
    assert list(program.inputs) == ["X", "W", "z"]


def test_each_axis_of_an_input_has_a_letter_of_its_own():
    program = read("a_p = F_{p,y_p} x_{0} + det(A)")
    uses = {name: argument.uses[0] for name, argument in program.inputs.items()}
    assert uses["F"].letters == ("p", "q") and uses["F"].without == {1}
    assert uses["x"].letters == ("r",)
    assert uses["A"].letters == ("s", "t") and uses["A"].without == {0, 1}


# ------------------------------------------------------------------- brackets

H = "index k: 3\nindex p: 6\nindex i: 2\n"
BRACKETS = [
    ("H_nk = [k == y_n]", einsum([(select(Y, THREE, strict=False), "nk")], "nk")),
    ("H_kn = [y_n == k]", einsum([(select(Y, THREE, strict=False), "nk")], "kn")),
    ("H_nk = [k == F_{n,y_n}]", select(PICKED, THREE, strict=False)),
    ("H_ipk = [p == i + k]", einsum([(select(Affine((1, 1), 0, (TWO, THREE)), SIX, strict=False), "ikp")], "ipk")),
    ("H_ip = [p == 2 i + 1]", select(Affine((2,), 1, (TWO,)), SIX, strict=False)),
    ("H_ip = [2 (1 - i) == p]", select(Affine((-2,), 2, (TWO,)), SIX, strict=False)),
    ("H_p = [p == 2]", select(Affine((), 2, ()), SIX, strict=False)),
    ("index i': 2\nH_i'p = [p == 2 i' + 1]", select(Affine((2,), 1, (TWO,)), SIX, strict=False)),
    ("H_p = [p == c]", select(Input("c", ()), SIX, strict=False)),
    ("H_ki = [k == i]", einsum([(select(Affine((1,), 0, (TWO,)), THREE, strict=False), "ik")], "ki")),
]


@pytest.mark.parametrize(("text", "expected"), BRACKETS)
def test_a_bracket_that_compares_a_position_is_a_selection(text, expected):
    assert node(H + text) is expected


def test_a_bracket_of_two_letters_of_one_size_is_a_delta():
    assert node("index i, j: 3\nH_ij = [i == j]") is identity(THREE)


@pytest.mark.parametrize(
    "text",
    [
        "H_ip = [p == i / 2]", "H_ip = [p == 0.5 i]", "H_ip = [p != i]", "H_ip = [p == i * i]", "H_p = [p == y_p]",
        "H_ip = [2 p == 2 i]", "H_i = [i == 2 i]", "H_pn = [p == y_n + 1]", "H_pn = where(p == y_n, 1, 0)",
    ],
)  # fmt: skip
def test_other_comparisons_are_made_element_by_element(text):
    found = topological([node(H + text)])
    assert any(isinstance(each, Map) for each in found)
    assert not any(isinstance(each, Selection) for each in found)


def test_the_summation_rule_treats_a_bracket_as_any_factor():
    assert node("index k: 3\nL = F_nk [k == y_n]") is einsum(
        [(Input("F", (N, THREE)), "nk"), (select(Y, THREE, strict=False), "nk")], ""
    )


# --------------------------------------------------------------------- values

RNG = np.random.default_rng(0)
ARRAYS = {
    "x": RNG.normal(size=7), "w": RNG.normal(size=3), "F": RNG.normal(size=(4, 5)), "y": np.array([0, 4, 2, 2]),
    "A": RNG.normal(size=(3, 3)), "b": RNG.normal(size=3), "S": RNG.normal(size=(2, 3, 3)),
    "c": RNG.normal(size=(2, 3)), "G": RNG.normal(size=(3, 2)),
    "V": RNG.normal(size=(6, 7)), "U": RNG.normal(size=(2, 3)),
}  # fmt: skip
a = ARRAYS
VALUES = [
    ("r_i = x_{i+k} w_k", np.convolve(a["x"], a["w"][::-1], "valid")),
    ("r_i = x_{2i+k} w_k", np.convolve(a["x"], a["w"][::-1], "valid")[::2]),
    ("r_i = x_{i+1} - x_i", np.diff(a["x"])),
    ("r_i = x_{3-i}", a["x"][3::-1]),
    ("r = x_{0} + F_{1,2}", a["x"][0] + a["F"][1, 2]),
    ("L = -F_{n,y_n}", -a["F"][np.arange(4), a["y"]].sum()),
    ("r_nk = F_{y_n,k} - F_{0,k}", a["F"][[0, 4 - 1, 2, 2]] - a["F"][0]),
    ("r_k = F_{n,k} [n == 2]", a["F"][2]),
    ("q_i = x_{i+k} w_k\nr_i = q_{2i+j} U_pj G_jp", None),
    ("index j: 2\nr_ij = x_{2i+j}", a["x"][:6].reshape(3, 2)),
    (
        "r_ij = V_{i+p,j+q} U_pq",
        np.einsum("ijpq,pq->ij", np.lib.stride_tricks.sliding_window_view(a["V"], (2, 3)), a["U"]),
    ),
    ("r = inv(A)_ii + det(A) + logdet(A)",
     np.trace(np.linalg.inv(a["A"])) + np.linalg.det(a["A"]) + np.linalg.slogdet(a["A"])[1]),
    ("r_i = solve(A, b)_i", np.linalg.solve(a["A"], a["b"])),
    ("r_ij = solve(A, G)_ij", np.linalg.solve(a["A"], a["G"])),
    ("d_n = det(S)_n\nr_nj = inv(S)_{n,0,j} + solve(S, c)_nj",
     np.linalg.inv(a["S"])[:, 0] + np.linalg.solve(a["S"], a["c"][..., None])[..., 0]),
    ("M_ij = A_ik A_jk\nr_ij = cholesky(M)_ij", np.linalg.cholesky(a["A"] @ a["A"].T)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_values_are_those_of_numpy(text, expected):
    if expected is None:
        inner = np.convolve(a["x"], a["w"][::-1], "valid")
        expected = np.array([inner[2 * i : 2 * i + 3] @ np.einsum("pj,jp->j", a["U"], a["G"]) for i in range(2)])
    arrays = {**ARRAYS, "y": np.array([0, 3, 2, 2])} if "F_{y" in text else ARRAYS
    program = read(text)
    shapes = {name: arrays[name].shape for name in program.inputs}
    sizes = solve_sizes(program, shapes, [])
    known = dict(arrays)
    for name in program.order:
        known[name] = evaluate(program.definitions[name].node, known, sizes)
    np.testing.assert_allclose(known[program.outputs[-1]], expected, rtol=1e-12, atol=1e-12)


# -------------------------------------------------------------- linear algebra

A2, b1 = Input("A", (I, I)), Input("b", (I,))
S3 = Input("S", (B, I, I))
ALGEBRA = [
    ("y_ij = inv(A)_ij", algebra("inv", A2)),
    ("y_ij = inv(A)_ji", einsum([(algebra("inv", Input("A", (J, J))), "ji")], "ij")),
    ("y = inv(A)_ii", einsum([(algebra("inv", A2), "ii")], "")),
    ("y_ij = inv(A)_ik inv(A)_kj", einsum([(algebra("inv", A2), "ik"), (algebra("inv", A2), "kj")], "ij")),
    ("y_i = solve(A, b)_i", algebra("solve", A2, b1)),
    ("y_ij = solve(A, B)_ij", algebra("solve", A2, Input("B", (I, J)))),
    ("S ∈ R^{B×I×I}\ny_bi = solve(S, c)_bi", algebra("solve", S3, Input("c", (B, I)))),
    ("y_bij = solve(S, C)_bij\nz_bij = S_bij\nd_b = logdet(S)_b", algebra("logdet", S3)),
    ("y_bij = inv(S)_bij", algebra("inv", S3)),
    ("y_ij = cholesky(A)_ij", algebra("cholesky", A2)),
]


@pytest.mark.parametrize(("text", "expected"), ALGEBRA)
def test_linear_algebra_is_a_node_of_whole_tensors(text, expected):
    assert node(text) is expected


def test_a_name_in_linear_algebra_is_an_input_and_a_need():
    program = read("f = logdet(M)\nM_ij = A_ij + δ_ij\ng = x_i solve(M, x)_i")
    assert program.order == ("M", "f", "g")
    assert list(program.inputs) == ["A", "x"]
    size = program.inputs["A"].node.axes[0]
    assert program.inputs["A"].node.axes == (size, size) and program.inputs["x"].node.axes == (size,)
    assert program.definitions["f"].node is Algebra("logdet", (Input("M", (size, size)),))


def test_the_batch_of_a_solve_is_what_the_matrix_has_elsewhere():
    assert read("y_ij = solve(A, B)_ij").inputs["A"].node.axes == (I, I)
    program = read("y_ij = solve(A, B)_ij\nz_i = det(A)_i")
    assert program.inputs["A"].node.axes == (I, J, J)
    assert program.inputs["B"].node.axes == (I, J)


# ------------------------------------------------------------------- symmetric


def test_a_symmetric_input_is_one_leaf_everywhere():
    program = read("S ∈ R^{N×N} symmetric\nL = S_ij x_i x_j\nG_ij = ∂L/∂S_ij\nd = det(S)")
    leaf = Input("S", (N, N), True)
    assert program.inputs["S"].node is leaf and program.inputs["S"].node.symmetric
    assert program.definitions["G"].node is Derivative(Input("L", ()), (leaf,))
    assert program.definitions["d"].node is algebra("det", leaf)
    assert query(program, "∂L/∂S_ij").node is program.definitions["G"].node
    given = read("given ∂E/∂S_ij\nS ∈ R^{N×N} symmetric\ny_i = S_ij 1_j")
    assert given.inputs["∂E/∂S"].node is Input("∂E/∂S", (N, N))


# ------------------------------------------------------------------- functions


def test_the_functions_of_the_vocabulary_become_nodes():
    x = Input("x", (I,))
    for name in "logsigmoid gelu silu elu erfc lgamma digamma floor ceil round".split():
        assert node(f"y_i = {name}(x_i)") is apply(name, x)
    assert node("y_i = clip(x_i, u_i, v_i)") is apply("clip", x, Input("u", (I,)), Input("v", (I,)))
    assert node("y_n = argmax_i(x_ni)") is reduce("argmax", Input("x", (N, I)), [1])


def test_a_later_function_is_still_no_name_of_a_tensor():
    assert refusal("gelu_i = x_i").code == "E0212"
    assert refusal("def exp(z) = z\ny = exp(x)").code == "E0212"


def test_a_text_may_have_its_own_of_the_later_functions():
    own = read("def gelu(z, s) = s z\ny_i = gelu(x_i, 2)")
    assert own.definitions["y"].node is scale(Input("x", (I,)), 2.0)


# -------------------------------------------------------------------- refusals

REFUSED = [
    ("f_ij = x_{4i+j}", "E0303", 1, 11, "gives `i` and `j` a size", "`index j: 4`"),
    ("y_i = sum_k x_{i+k}", "E0303", 1, 16, "gives `i` and `k` a size", "`index i: 2`"),
    ("y_i = x_{i-1}", "E0222", 1, 10, "`i-1` is -1 at i = 0", "`{i+0}` here, and `{i+1}` in place of `{i}`"),
    ("y_i = x_{i+i}", "E0222", 1, 12, "`i` stands twice", "`2i`"),
    ("y_i = x_{0i+1}", "E0222", 1, 11, "`i` has the factor 0", "leave it out"),
    ("L = x_{t_n}", "E0203", 1, 10, "index `n`", "sum_n x_{t_n}"),
    ("L = exp(F_{n,y_n}) w_n", "E0209", 1, 9, "`n` is summed inside `F_{n,y_n}`", "sum_n exp(F_{k,y_k}) w_n"),
    ("L = M_{i,i+1} w_i", "E0209", 1, 5, "`i` stands twice in `M_{i,i+1}`", "sum_i M_{i,i+1} w_i"),
    ("y_n = F_{n,y_n}", "E0210", 1, 12, "depends on itself", "`yprev_n`"),
    ("z_n = F_{n,y_n} + y", "E0206", 1, 19, "`y` is used with no indices here but with 1 before", "`y_i`"),
    ("z_n = F_{n,exp_n}", "E0212", 1, 12, "`exp` is a word of the language", "another name"),
    ("given ∂y/∂a_i\nz_n = F_{n,y_n}", "E0216", 2, 12, "`y` has no value", "define `y`"),
    ("L = x_i x_i\ng = ∂L/∂x_{0}", "E0221", 2, 12, "plain indices only", "`G_{i,0}`"),
    ("given ∂E/∂a_{i+1}", "E0221", 1, 14, "plain indices only", "name the derivative"),
    ("f_ij = δ_{i,j+1} x_ij", "E0218", 1, 13, "`δ` has plain indices only", "`[i == j + 1]`"),
    ("y = argmax_{i,j}(A_ij)", "E0224", 1, 5, "names 2", "argmax_j"),
    ("f = inv(A)_i", "E0223", 1, 11, "`inv(A)` has 2 indices or more, but 1 index here", "`inv(A)_ij`"),
    ("A ∈ R^{B×N×N}\nx_i = solve(A, b)_i", "E0223", 2, 7, "`A` has 3 indices elsewhere", "`solve(A, b)_bi`"),
    ("x_i = solve(A, b)_i\ny = A", "E0223", 1, 7, "`solve` needs a matrix", "two indices"),
    ("A ∈ R^{H×D}\ny = det(A)", "E0305", 2, 5, "axis 0 of `A` is `H` long and axis 1 of `A` `D`", "A ∈ R^{N×N}"),
    ("A ∈ R^{N×N}\nb ∈ R^M\nx_i = solve(A, b)_i", "E0305", 3, 7, "as long as the matrix", "one size"),
    ("f = inv(A)_ij A_ijk b_ijk", "E0206", 1, 15, "`A` is used with 3 indices here but with 2 before", "one rank"),
    ("given ∂A/∂a_i\nf = det(A)", "E0216", 2, 9, "`A` has no value", "define `A`"),
    ("def f(z) = z det(A)\ny = f(x)", "E0214", 1, 14, "single elements", "name the tensor in an equation"),
    ("S ∈ R^{N×N} symmetric\nS_ij = x_i x_j", "E0219", 1, 1, "an equation defines it", "leave out `symmetric`"),
    ("S ∈ R^{N×M} symmetric\nL = S_ij S_ij", "E0135", 1, 13, "only a square matrix", "R^{N×N}"),
    ("S ∈ R^N symmetric\nL = S_i S_i", "E0135", 1, 9, "only a square matrix", "R^{N×N}"),
    ("Y = inv(A_ij)", "E0137", 1, 10, "bare names", "`inv(A)_ij`"),
    ("Y = inv(A B)_ij", "E0137", 1, 11, "bare names", "`M_ij = ...`"),
]


@pytest.mark.parametrize(("text", "code", "line", "column", "message", "help_text"), REFUSED)
def test_what_is_wrong_is_refused_where_it_stands_with_the_fix(text, code, line, column, message, help_text):
    error = refusal(text)
    assert (error.code, error.line, error.column) == (code, line, column), str(error)
    assert message in str(error)
    assert any(help_text in each for each in error.helps), str(error)
