"""Names, what is given, queries and cycles."""

import pickle

import numpy as np
import pytest
from reference import evaluate

from einderiv.check import check, query
from einderiv.errors import EinError, EinIndexError, EinNameError, EinSyntaxError, EinTypeError
from einderiv.ir import Derivative, Dim, Input, einsum
from einderiv.syntax import parse


def read(text):
    return check(parse(text, "m.ein"))


def refusal(text, kind=EinError):
    with pytest.raises(kind) as caught:
        read(text)
    return caught.value


# ------------------------------------------------------------------------ names


def test_a_tensor_without_an_equation_is_an_input():
    program = read("a_i = W_ij x_j + b_i\nL = a_i a_i")
    assert list(program.inputs) == ["W", "x", "b"]
    assert program.outputs == ("a", "L")
    assert program.inputs["W"].uses[0].letters == ("i", "j")
    assert program.definitions["L"].node is einsum([(Input("a", (Dim("I"),)), "i")] * 2, "")


def test_a_declared_name_that_nothing_uses_is_an_input():
    program = read("W ∈ R^{H×D}\nindex i: H\ny_i = 1_i")
    assert program.inputs["W"].node is Input("W", (Dim("H"), Dim("D")))
    assert program.inputs["W"].uses == ()


def test_the_order_is_that_of_what_needs_what():
    program = read("c = b + 1\nb = a + 1\na = x\nd = ∂c/∂x")
    assert program.order == ("a", "b", "c", "d")
    assert list(program.definitions) == ["c", "b", "a", "d"]


def test_long_index_names_are_one_index():
    program = read("index batch, feature\ny_{batch} = X_{batch,feature} w_{feature}\n∂y_{batch}/∂w_{feature}")
    assert program.inputs["X"].node.axes == (Dim("BATCH"), Dim("FEATURE"))
    assert program.outputs == ("y", "∂y_{batch}/∂w_{feature}")


def test_letters_have_digits_and_primes():
    assert read("y_{i1 i'} = K_i1i'").definitions["y"].letters == ("i1", "i'")


def test_a_bare_name_in_a_comparison_is_a_position_only_if_the_equation_has_the_index():
    program = read("i ∈ R\nindex i: 3\ny_i = [i > c] + i\nz = [c > i]")
    assert set(program.inputs) == {"c", "i"}
    value = evaluate(program.definitions["y"].node, {"c": np.array(0.5), "i": np.array(10.0)}, {})
    np.testing.assert_allclose(value, [10, 11, 11])


def test_a_function_may_name_scalars_of_the_program():
    program = read("def f(z) = β z\ny_i = f(x_i)\nβ = 2 γ")
    assert program.order == ("β", "y")
    assert set(program.inputs) == {"x", "γ"}


def test_a_program_survives_pickling_and_still_answers():
    program = pickle.loads(pickle.dumps(read("L = W_ij x_i x_j")))
    assert query(program, "∂L/∂W_ij").node is Derivative(Input("L", ()), (program.inputs["W"].node,))


NAMES = [
    ("y_i = W_ij x_j\nz_i = W_i x_i", EinIndexError, "E0206", 2, 7, "`W` is used with 1 index here but with 2 before"),
    ("W ∈ R^{H×D}\ny = W_ijk 1_ijk", EinIndexError, "E0206", 2, 5, "declared with 2 before"),
    ("a = x\na = y", EinNameError, "E0211", 2, 1, "`a` is defined twice"),
    ("x ∈ R^N\nx ∈ R^M\ny = x_i x_i", EinNameError, "E0211", 2, 1, "`x` is declared twice"),
    ("index i: H\nindex i: D\ny = x_i x_i", EinNameError, "E0211", 2, 7, "`i` is declared twice"),
    ("a_i = 2 c_i\nb_i = exp(a_i)\nc_i = b_i + x_i", EinNameError, "E0210", 1, 9,
     "`a`, `b` and `c` depend on each other"),
    ("a = a + 1", EinNameError, "E0210", 1, 5, "depends on itself"),
    ("L = x G\nG = ∂L/∂x", EinNameError, "E0210", 1, 7, "depend on each other"),
    ("given ∂E/∂a_i\na_i = x_i + g_i\ng_i = ∂E/∂x_i", EinNameError, "E0210", 2, 13, "depend on each other"),
    ("def f(z) = g(z)\ndef g(z) = f(z)\ny = f(x)", EinNameError, "E0210", 1, 12, "depend on each other"),
    ("def f(z) = W_ij z\ny = f(x)", EinIndexError, "E0214", 1, 12, "its body has no indices"),
    ("L = x_i x_i\nG_i = ∂L/∂w_i", EinNameError, "E0201", 2, 11, "no tensor `w`"),
    ("L = x_i x_i\nG_i = ∂M/∂x_i", EinNameError, "E0201", 2, 8, "no `M` to differentiate"),
    ("given ∂E/∂a_i\nb = E", EinTypeError, "E0216", 2, 5, "has no value"),
    ("given ∂E/∂a_i\nb_ij = ∂²E/∂a_i∂a_j", EinTypeError, "E0216", 2, 8, "only the first derivatives"),
    ("given ∂E/∂a_i\nb_ij = ∂(∂E/∂a_i)/∂a_j", EinTypeError, "E0216", 2, 8, "only the first derivatives"),
    ("given ∂E/∂a_i\nE = x", EinNameError, "E0211", 2, 1, "both given by a derivative and defined"),
    ("given ∂E_i/∂a_i\ny = x", EinTypeError, "E0217", 1, 7, "first derivative of a scalar"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "code", "line", "column", "message"), NAMES)
def test_names_are_refused_where_they_stand(text, kind, code, line, column, message):
    error = refusal(text, kind)
    assert (error.code, error.line, error.column) == (code, line, column)
    assert message in error.message


def test_a_cycle_is_shown():
    assert refusal("a_i = 2 c_i\nb_i = exp(a_i)\nc_i = b_i + x_i").notes == ("cycle: a -> c -> b -> a",)


def test_a_name_of_another_case_is_hinted_at():
    assert refusal("L = x W\nG = ∂L/∂w").helps == ("a tensor `W` exists; names are case-sensitive",)


def test_every_independent_error_is_told_in_order_and_none_that_follows():
    error = refusal("a_i = W_ij x_k\nb_i = a_i + 1\nL = exp(x_i)\nc = b_i b_i\ny_ii = M_ii")
    assert [(each.code, each.line) for each in (error, *error.others)] == [("E0203", 1), ("E0203", 3), ("E0204", 5)]


# ------------------------------------------------------------------------ given


def test_a_given_derivative_is_an_input():
    program = read("given ∂E/∂a_i\na_i = W_ij x_j\nG_kl = ∂E/∂W_kl")
    upstream = Input("∂E/∂a", (Dim("I"),))
    assert program.inputs["∂E/∂a"].keyword == "dE_da"
    assert program.inputs["∂E/∂a"].node is upstream
    assert program.givens["E"] is einsum([(upstream, "i"), (Input("a", (Dim("I"),)), "i")], "")
    assert program.definitions["G"].node is Derivative(Input("E", ()), (program.inputs["W"].node,))
    assert "E" not in program.inputs


def test_what_a_given_derivative_is_taken_by_needs_no_array():
    program = read("given ∂E/∂a_i\ng_i = 2 ∂E/∂a_i")
    assert list(program.inputs) == ["∂E/∂a"]


def test_several_given_derivatives_of_one_quantity_add_up():
    program = read("given ∂E/∂a_i\ngiven ∂E/∂b\na_i = W_ij x_j\nb = x_i x_i\nG_j = ∂E/∂x_j")
    assert list(program.givens) == ["E"]
    assert {"∂E/∂a", "∂E/∂b"} <= set(program.inputs)
    assert program.order == ("a", "b", "G")


# --------------------------------------------------------------------- queries

QUERIES = [
    ("∂L/∂W_dk", "∂L/∂W_dk", "dk"),
    ("d(L)/d(W_dk)", "∂L/∂W_dk", "dk"),
    ("∂²L/∂W_dk∂b_c", "∂²L/∂W_dk∂b_c", "dkc"),
    ("d2(L)/d(W_ij)d(b_c)", "∂²L/∂W_ij∂b_c", "ijc"),
    ("∂A_nk/∂W_dc", "∂A_nk/∂W_dc", "nkdc"),
    ("∂A_nk/∂b_k", "∂A_nk/∂b_k", "n"),
    ("∂²L/∂s²", "∂²L/∂s²", ""),
    ("d2(L)/d(s)d(s)", "∂²L/∂s²", ""),
    ("∂(A_nk c_k)/∂b_j", "∂(A_nk c_k)/∂b_j", "nj"),
    ("∂X_nd/∂X_md", "∂X_nd/∂X_md", "nm"),
]
SOFTMAX = "A_nk = X_nd W_dk + b_k\nL = s (A_nk - log(sum_c exp(A_nc)))^2 + c_k b_k\n"


@pytest.mark.parametrize(("text", "name", "letters"), QUERIES)
def test_a_query_is_named_by_what_it_says(text, name, letters):
    alone = query(read(SOFTMAX), text)
    assert (alone.name, alone.letters) == (name, tuple(letters))
    program = read(SOFTMAX + text)
    assert program.outputs == ("A", "L", name)
    assert program.queries[name].node is alone.node


def test_an_index_that_stands_twice_in_a_query_is_summed():
    program = read(SOFTMAX)
    x = program.inputs["X"].node
    assert query(program, "∂X_nd/∂X_md").node is einsum([(Derivative(x, (x,)), "ndmd")], "nm")


def test_a_query_may_use_functions_and_given_quantities_of_the_program():
    program = read("given ∂E/∂a_i\na_i = W_ij x_j")
    assert query(program, "∂E/∂W_ij").node is Derivative(Input("E", ()), (program.inputs["W"].node,))


QUERY_ERRORS = [
    ("∂L/∂Q_i", EinNameError, "E0201"),
    ("∂L/∂W", EinIndexError, "E0206"),
    ("∂L/∂W_ijk", EinIndexError, "E0206"),
    ("∂A_nk/∂X_kd", EinError, "E0301"),
    ("y = 2", EinSyntaxError, "E0220"),
    ("", EinSyntaxError, "E0220"),
    ("∂L/∂b_k\n∂L/∂c_k", EinSyntaxError, "E0220"),
]


@pytest.mark.parametrize(("text", "kind", "code"), QUERY_ERRORS)
def test_a_query_that_does_not_fit_is_refused_in_its_own_text(text, kind, code):
    with pytest.raises(kind) as caught:
        query(read(SOFTMAX), text)
    assert caught.value.code == code
    assert str(caught.value)
    if text:
        assert caught.value.line == 1
