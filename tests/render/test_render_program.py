"""Graphs as programs: what a person would have written."""

from __future__ import annotations

import numpy as np
import pytest

import einderiv as ed
from einderiv import ir
from einderiv.ir import Dim, Input, Node
from einderiv.render import Context, Output, einsum_steps, program_text

H, J, K, N = (Dim(name) for name in "IJKN")
THREE = Dim("3", 3)


def dims(letters: str) -> tuple[Dim, ...]:
    return tuple(Dim(letter.upper()) for letter in letters)


def tensor(name: str, letters: str) -> Input:
    return Input(name, dims(letters))


def product(output: str, *operands: tuple[Node, str], c: float = 1.0, **sizes: Dim) -> Node:
    return ir.einsum(operands, output, c, sizes)


def text(*outputs: Output, **inputs: str) -> str:
    known = {name: (tensor(name, letters), tuple(letters)) for name, letters in inputs.items()}
    return program_text(outputs, Context(known)).rstrip("\n")


W, x, y, s = tensor("W", "ij"), tensor("x", "j"), tensor("y", "i"), tensor("s", "")
M, A, B = tensor("M", "ii"), tensor("A", "ij"), tensor("B", "ij")


def inverse(node: Node) -> Node:
    return ir.apply("reciprocal", node)


G = Input("∂E/∂a", (H,))


def one(node: Node) -> str:
    """The right side for one output without declarations."""
    last = text(Output("D", node)).splitlines()[-1]
    return last.split(" = ", 1)[1]


def test_a_jacobian_with_a_delta_declares_the_size_of_its_letters() -> None:
    node = product("ikl", (ir.identity(H), "ik"), (x, "l"))
    assert text(Output("dadW", node, ("i", "k", "l"), "∂a_i/∂W_kl"), W="ij", x="j") == (
        "W ∈ R^{I×J}\nindex i, k: I\n# ∂a_i/∂W_kl\ndadW_ikl = δ_ik x_l"
    )


def test_an_upstream_derivative_is_declared_in_front() -> None:
    context = Context({"W": (W, ("i", "j")), "x": (x, ("j",)), "∂E/∂a": (G, ("i",))})
    output = Output("dEdW", product("kl", (G, "k"), (x, "l")), ("k", "l"), "∂E/∂W_kl")
    assert program_text([output], context) == "given ∂E/∂a_i\n# ∂E/∂W_kl\ndEdW_kl = ∂E/∂a_k x_l\n"


def test_a_size_known_only_from_an_upstream_derivative_is_tied_by_its_letters() -> None:
    context = Context({"∂E/∂a": (G, ("i",))})
    assert program_text([Output("D", ir.identity(H), ("i", "k"))], context) == (
        "given ∂E/∂a_i\nindex i, k: I\nD_ik = δ_ik\n"
    )


def test_softmax_regression_keeps_the_names_of_its_author() -> None:
    X, V, b, Y = tensor("X", "nd"), tensor("W", "dc"), tensor("b", "c"), tensor("Y", "nc")
    scores = ir.add([product("nc", (X, "nd"), (V, "dc")), product("nc", (b, "c"), n=N)])
    chances = ir.axiswise("softmax", scores, 1)
    total = product("n", (Y, "nk"))
    error = ir.add([product("nc", (total, "n"), (chances, "nc")), ir.scale(Y, -1)])
    context = Context(
        {"X": (X, ("n", "d")), "W": (V, ("d", "c")), "b": (b, ("c",)), "Y": (Y, ("n", "c"))},
        {"A": (scores, ("n", "c")), "P": (chances, ("n", "k"))},
    )
    assert program_text([Output("dLdW", product("dc", (X, "nd"), (error, "nc")), ("d", "c"))], context) == (
        "A_nc = X_nd W_dc + b_c\nP_nk = softmax_k(A_nk)\ndLdW_dc = X_nd (P_nc sum_k Y_nk - Y_nc)\n"
    )


def test_a_hessian_of_a_factorisation_keeps_its_delta() -> None:
    V = tensor("V", "jk")
    node = product("pqrs", (ir.identity(H), "pr"), (V, "jq"), (V, "js"), c=2)
    shown = text(Output("D", node, ("p", "q", "r", "s")), U="ik", V="jk")
    assert shown == "U ∈ R^{I×K}\nindex p, r: I\nD_pqrs = 2 δ_pr V_jq V_js"


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (ir.scale(y, -1), "-y_i"),
        (ir.scale(y, 0.2), "0.2 y_i"),
        (ir.scale(y, 1 / 7), "y_i / 7"),
        (ir.scale(y, 2 / 3), "2 y_i / 3"),
        (ir.scale(y, 2.7182818284), "2.7182818284 y_i"),
        (ir.scale(y, 1e300), "1e300 y_i"),
        (ir.constant(-2.5), "-2.5"),
        (ir.Zero((H,)), "0"),
        (product("", (y, "i"), (y, "i")), "y_i y_i"),
        (product("i", (y, "i"), (y, "i")), "y_i^2"),
        (product("", (s, ""), (s, ""), (y, "i"), (y, "i")), "s^2 y_i y_i"),
        (product("", (y, "i"), (y, "i"), (y, "i")), "sum_i y_i^3"),
        (product("", (W, "ij")), "sum_{i,j} W_ij"),
        (product("", (W, "ij"), (y, "i")), "y_i sum_j W_ij"),
        (product("", (M, "ii")), "M_ii"),
        (product("i", (M, "ii")), "M_ii"),
        (product("", (M, "ii"), (y, "i")), "sum_i M_ii y_i"),
        (ir.apply("reciprocal", y), "1 / y_i"),
        (product("i", (y, "i"), (ir.apply("reciprocal", ir.apply("square", y)), "i")), "y_i / y_i^2"),
        (product("ij", (W, "ij"), (inverse(x), "j"), (inverse(y), "i")), "W_ij / (y_i x_j)"),
        (ir.apply("greater", y, ir.Zero(y.axes)), "[y_i > 0]"),
        (ir.apply("where", ir.apply("less", y, ir.scale(y, 2)), y, ir.scale(y, -1)), "where(y_i < 2 y_i, y_i, -y_i)"),
        (ir.apply("pow", y, ir.einsum([], [0], 3.0, {0: H})), "y_i^3"),
        (ir.reduce("logsumexp", W, [1]), "logsumexp_j(W_ij)"),
        (ir.reduce("max", W, [0, 1]), "max_{i,j}(W_ij)"),
        (ir.axiswise("softmax", W, 1), "softmax_j(W_ij)"),
        (ir.axiswise("cumsum_reverse", y, 0), "sum_j [j >= i] y_j"),
        (ir.axiswise("cofactor", y, 0), "prod_j(where(j == i, 1, y_j))"),
        (ir.Size(H), "sum_i 1_i"),
        (ir.Position(H), "sum_j [j < i]"),
        (ir.ones([H, J]), "1_ij"),
        (ir.LeviCivita(THREE, 3), "ε_ijk"),
        (ir.add([y, ir.scale(product("i", (W, "ij"), (x, "j")), -1)]), "y_i - W_ij x_j"),
        (ir.add([ir.ones([H]), ir.scale(ir.apply("square", y), -1)]), "1 - y_i^2"),
        (product("ij", (y, "i"), (ir.add([A, B]), "ij")), "y_i (A_ij + B_ij)"),
        (product("", (y, "i"), (ir.apply("tanh", product("i", (W, "ij"), (x, "j"))), "i")), "y_i tanh(W_ij x_j)"),
    ],
)  # fmt: skip
def test_an_expression_reads_as_one_writes_it(node: Node, expected: str) -> None:
    assert one(node) == expected


def test_an_index_that_brackets_would_sum_is_summed_by_name() -> None:
    t, u, P, Q = tensor("t", "n"), tensor("u", "n"), tensor("P", "nc"), tensor("Q", "nc")
    inner = ir.add([product("nc", (t, "n"), (P, "nc")), product("nc", (u, "n"), (Q, "nc"))])
    assert one(product("c", (t, "n"), (inner, "nc"))) == "sum_j t_j (P_ji t_j + Q_ji u_j)"


def test_an_index_that_no_factor_shows_gets_ones_to_be_reduced() -> None:
    repeated = product("ij", (y, "i"), j=J)
    assert one(ir.reduce("norm", repeated, [1])) == "norm_j(1_j y_i)"


def test_shared_parts_are_named_and_a_square_is_not_a_second_use() -> None:
    part = ir.apply("tanh", product("i", (W, "ij"), (x, "j")))
    assert text(Output("D", product("", (part, "i"), (part, "i")))) == "t_i = tanh(W_ij x_j)\nD = t_i t_i"
    assert text(Output("D", product("i", (part, "i"), (part, "i")))) == "D_i = tanh(W_ij x_j)^2"


def test_fresh_names_avoid_all_others() -> None:
    t, u = tensor("t", "i"), tensor("u", "ij")
    part = ir.apply("tanh", product("i", (u, "ij"), (t, "i")))
    shown = text(Output("v", product("", (part, "i"), (part, "i"))))
    assert shown == "w_i = tanh(u_ij t_i)\nv = w_i w_i".replace("u_ij t_i", "t_i sum_j u_ij")


def test_a_diagonal_of_a_function_is_taken_of_a_name() -> None:
    assert text(Output("D", product("", (ir.apply("exp", M), "ii")))) == "t_ij = exp(M_ij)\nD = t_ii"


def test_an_output_may_stand_in_another_output() -> None:
    value = ir.apply("exp", y)
    shown = text(Output("dvdy", product("ij", (ir.identity(H), "ij"), (value, "i"))), Output("v", value))
    assert shown == "dvdy_ij = δ_ij v_i\nv_i = exp(y_i)"


def test_scalars_and_letters_stay_apart_in_comparisons() -> None:
    i = tensor("i", "")
    node = ir.apply("greater", W, product("ij", (i, ""), i=H, j=J))
    assert one(node) == "[W_jk > i]"


def test_long_index_names_are_declared() -> None:
    X = tensor("X", "bf")
    context = Context({"X": (X, ("batch", "feature"))})
    assert program_text([Output("y", product("b", (X, "bf"), (X, "bf")), ("batch",))], context) == (
        "index batch, feature\ny_{batch} = X_{batch,feature} X_{batch,feature}\n"
    )


def test_a_deep_network_prints_in_linear_size() -> None:
    lengths = []
    for depth in (100, 200):
        h: Node = y
        for layer in range(depth):
            h = ir.add([ir.apply("tanh", product("i", (Input(f"W{layer}", (H, H)), "ij"), (h, "j"))), h])
        lengths.append(len(text(Output("h", h))))
    assert lengths[1] < 2.3 * lengths[0]


def test_a_tower_is_cut_where_it_nests_too_deep() -> None:
    h: Node = y
    for _ in range(3000):
        h = ir.apply("sin", h)
    lines = text(Output("h", h)).splitlines()
    assert len(lines) > 100
    assert max(map(len, lines)) < 100


def test_a_transposed_definition_keeps_its_name_and_the_order_of_its_letters() -> None:
    X, V = tensor("X", "tf"), tensor("W", "nf")
    u = product("tn", (X, "tf"), (V, "nf"))
    assert isinstance(u, ir.Spread)
    context = Context({"X": (X, ("t", "f")), "W": (V, ("n", "f"))}, {"u": (u, ("t", "n"))})
    node = product("nfi", (X, "tf"), (X, "ti"), (ir.apply("exp", u), "tn"))
    assert program_text([Output("D", node, ("n", "f", "i"))], context) == (
        "u_tn = X_tf W_nf\nD_nfi = X_tf X_ti exp(u_tn)\n"
    )
    assert [str(step) for step in einsum_steps([Output("D", node, ("n", "f", "i"))], context)] == [
        'u = einsum("ni,ti->tn", W, X)',
        "t_nt = exp(u_tn)",
        'D = einsum("jf,ji,nj->nfi", X, X, t)',
    ]


def test_an_exponent_called_as_a_transpose_or_an_index_reads_back() -> None:
    b, x, arrays = 1.5, np.array([0.5, 2.0]), np.array([1.0, 3.0])
    for name in ("T", "n"):
        program = f"{name} ∈ R^N\nx ∈ R^N\ny_i = b^({name}_i) x_i\nL = y_i y_i"
        g = ed.grad(program, of="L", wrt="b")
        found = ed.evaluate(str(g), {name: arrays, "x": x, "b": b})["dLdb"]
        np.testing.assert_allclose(found, np.sum(2 * x**2 * arrays * b ** (2 * arrays - 1)), rtol=1e-13)
