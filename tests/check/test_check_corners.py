"""What is rarely met: sizes of things that stand nowhere, queries that clash with their program, empty windows."""

from __future__ import annotations

import numpy as np
import pytest

import einderiv as ed


def refused(code: str, call: object, *words: str) -> None:
    """The call is refused with this code, and with these words in the message."""
    with pytest.raises(ed.EinError) as caught:
        call()
    assert caught.value.code == code, str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_an_equation_may_not_need_itself() -> None:
    refused("E0210", lambda: ed.parse("a = 2 a + b"), "the definition of `a` depends on itself")


def test_a_query_keeps_the_sizes_of_its_program() -> None:
    program = ed.parse("index i: 3\na_i = W_ij x_j")
    J = ed.derivative(program, "∂a_i/∂x_j")
    np.testing.assert_array_equal(J(W=np.ones((3, 2)), x=np.ones(2)), np.ones((3, 2)))


def test_a_query_may_not_make_two_sizes_of_its_program_one() -> None:
    program = ed.parse("a_i = W_ij x_j\nb_k = V_kl y_l")
    refused("E0301", lambda: ed.derivative(program, "∂(a_i b_i)/∂x_j"), "`I` and `K` are two sizes")


def test_a_declared_input_without_a_use_is_still_checked() -> None:
    f = ed.function("X ∈ R^{N×3}\nz ∈ R^N\ny_n = z_n + 1")
    refused("E0503", lambda: f(X=np.ones(3), z=np.ones(3)), "`X` needs 2 axes but the array has 1", "declared here")
    refused("E0301", lambda: f(X=np.ones((2, 4)), z=np.ones(2)), "axis 1 of `X` must have size 3 but has size 4")
    refused("E0301", lambda: f(X=np.ones((2, 3)), z=np.ones(5)), "2 in axis 0 of `X`", "5 in axis 0 of `z`")
    refused("E0302", lambda: f(X=np.ones((1, 3)), z=np.ones(5)))


def test_a_given_derivative_is_shown_with_its_letters() -> None:
    g = ed.derivative("given ∂E/∂a_i\na_i = W_ij x_j", "∂E/∂W_ij")
    refused("E0503", lambda: g({"∂E/∂a": np.ones((2, 2)), "x": np.ones(3)}), "`∂E/∂a` needs 1 axis (∂E/∂a_i)")
    refused("E0301", lambda: g({"∂E/∂a": np.ones(2), "W": np.ones((4, 3)), "x": np.ones(3)}), "∂E/∂a")


def test_long_index_names_are_left_out_of_a_shape() -> None:
    f = ed.function("index batch, k\ny_{batch,k} = 2 X_{batch,k}")
    refused("E0503", lambda: f(X=np.ones(3)), "`X` needs 2 axes (X) but the array has 1")


def test_an_array_with_one_axis_of_length_one_too_many_is_told_how_to_drop_it() -> None:
    f = ed.function("y_i = 2 x_i")
    refused("E0503", lambda: f(x=np.ones((3, 1))), "drop the last axis of size 1: `x[..., 0]`")
    refused("E0503", lambda: f(x=np.ones((1, 3))), "drop the axis 0 of size 1: `x[0, :]`")


def test_a_window_over_nothing_has_no_place() -> None:
    f = ed.function("y_i = x_{i+k} w_k")
    refused("E0304", lambda: f(x=np.ones(4), w=np.ones(0)), "no array that was passed fixes the size `I`")
    refused("E0306", lambda: f(x=np.ones(2), w=np.ones(3)))
    assert f(x=np.ones(0), w=np.ones(1)).shape == (0,)


def test_two_letters_that_are_only_read_together_need_a_size() -> None:
    refused("E0303", lambda: ed.parse("y_ij = x_{4i+j}"), "only read together", "declare one of them: `index j: 4`")


def test_cycles_that_share_an_equation_are_told_once() -> None:
    with pytest.raises(ed.EinNameError) as caught:
        ed.parse("a = b + c\nb = a\nc = a")
    assert [error.code for error in (caught.value, *caught.value.others)] == ["E0210"]


def test_functions_of_the_text_may_not_call_each_other_in_a_circle() -> None:
    refused("E0210", lambda: ed.parse("def f(x) = g(x)\ndef g(x) = f(x)\ny = f(z)"), "`f` and `g`")


def test_an_index_that_a_sum_binds_and_a_comparison_reads_has_two_meanings() -> None:
    refused("E0209", lambda: ed.parse("y = [i > 2] sum_i x_i"), "`i`")
    refused("E0209", lambda: ed.parse("L = x_i sum_{i,j} y_ij"), "`i`", "two meanings")


def test_the_permutation_symbol_has_two_indices_or_more() -> None:
    refused("E0218", lambda: ed.parse("y = ε_i x_i"), "two or more indices, but here 1")
    refused("E0218", lambda: ed.parse("y_i = δ_ijk x_j z_k"), "two indices, but here 3")


def test_an_axis_of_length_one_of_a_matrix_is_never_stretched() -> None:
    f = ed.function("y_i = W_ij x_j")
    refused("E0302", lambda: f(W=np.ones((3, 1)), x=np.ones(4)), "never stretches an axis of size 1")
    refused("E0302", lambda: f(W=np.ones((3, 4)), x=np.ones(1)), "make x a scalar")


def test_a_matrix_whose_trace_is_taken_is_not_told_to_be_transposed() -> None:
    f = ed.function("y = sum_i M_ii x_i")
    refused("E0301", lambda: f(M=np.ones((2, 3)), x=np.ones(3)), "2", "3")


def test_a_declared_number_clashes_with_another_in_one_equation() -> None:
    refused("E0301", lambda: ed.parse("x ∈ R^3\nz ∈ R^4\ny_i = x_i + z_i"), "3", "4")
    refused("E0301", lambda: ed.parse("index i: 3\nx ∈ R^4\ny_i = x_i"), "3", "4")
    refused("E0301", lambda: ed.parse("index i: 3\nindex j: 4\ny_i = δ_ij x_j"), "3", "4")


def test_a_query_knows_the_declared_sizes_of_its_program() -> None:
    program = ed.parse("W ∈ R^{H×4}\na_i = W_ij x_j")
    J = ed.derivative(program, "∂(a_i^2)/∂x_j")
    W, x = np.arange(8.0).reshape(2, 4), np.ones(4)
    np.testing.assert_allclose(J(W=W, x=x), 2 * (W @ x)[:, None] * W)


def test_a_query_knows_the_sizes_that_letters_are_declared_to_have() -> None:
    program = ed.parse("index i: H\nindex j: D\na_i = W_ij x_j\nB_ij = W_ij W_ij")
    J = ed.derivative(program, "∂a_i/∂x_j")
    np.testing.assert_array_equal(J(W=np.ones((3, 2)), x=np.ones(2)), np.ones((3, 2)))
    refused("E0301", lambda: ed.derivative(program, "∂(W_ji x_i)/∂x_k"), "H", "D")


def test_a_function_of_the_text_that_reads_a_scalar_is_called_twice() -> None:
    f = ed.function("def f(x) = 2 x + b\nv = f(z)\ny = v f(u)")
    assert f(b=1.0, z=2.0, u=3.0) == 35.0


def test_an_inverse_is_read_at_positions_that_a_tensor_holds() -> None:
    A, y = np.array([[2.0, 1.0], [0.0, 4.0]]), np.array([1, 0, 1])
    f = ed.function("z_nj = inv(A)_{y_n,j}")
    np.testing.assert_allclose(f(A=A, y=y), np.linalg.inv(A)[y], rtol=1e-15)


def test_a_size_that_a_window_leaves_is_missed_apart_from_other_windows() -> None:
    refused("E0303", lambda: ed.parse("w_k = v_{k+1} u_k\ny_ij = x_{4i+j}"), "`x_{4i+j}` gives `i` and `j`")


def test_an_equation_after_a_derivative_that_is_asked_for_belongs_to_the_program() -> None:
    program = ed.parse("a_i = W_ij x_j\n∂a_i/∂x_j\nb_i = 2 a_i")
    assert list(program.outputs) == ["a", "∂a_i/∂x_j", "b"]


def test_a_name_in_other_case_that_is_defined_later_is_no_slip() -> None:
    assert set(ed.parse("y_i = 2 a_i\nA_i = W_ij x_j").inputs) == {"a", "W", "x"}


def test_the_permutation_symbol_of_two_indices_turns_a_vector() -> None:
    np.testing.assert_array_equal(ed.function("y_j = ε_ij x_i")(x=np.array([1.0, 2.0])), [-2.0, 1.0])


def test_a_query_knows_the_number_of_a_size_that_no_tensor_has() -> None:
    assert ed.derivative("index i, j, k: K\nf = ε_ijk ε_ijk c", "∂(sum_i 1_i c)/∂c")() == 3


def test_an_index_that_a_divisor_repeats_by_its_power_alone_is_summed_outside_of_it() -> None:
    z, x = np.array([1.0, 2.0]), np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 3.0]])
    assert ed.evaluate("L = z_j / sum_i x_ij^2", z=z, x=x)["L"] == 1 / 9 + 2 / 14
    refused("E0209", lambda: ed.parse("L = (u_j v_j) / sum_i x_ij^2"), "`j` is summed inside `u_j v_j`")


def test_a_product_of_numbers_is_divided_once() -> None:
    for text in ("y = 49 x / 49", "y = 49^1 x / 49", "y = 49 x 49^-1"):
        assert ed.evaluate(text, x=np.array(1.0))["y"] == 1.0  # 49 (1 / 49) is less than 1


def test_a_softmax_over_two_indices_is_that_of_all_their_values() -> None:
    A = np.array([[0.0, 1.0], [2.0, -1.0]])
    np.testing.assert_allclose(ed.evaluate("P_ij = softmax_{i,j}(A_ij)", A=A)["P"], np.exp(A) / np.exp(A).sum())


def test_every_second_value_from_behind_is_read_while_there_is_one() -> None:
    np.testing.assert_array_equal(ed.evaluate("y_i = x_{7-2i}", x=np.arange(8.0))["y"], [7, 5, 3, 1])


def test_one_over_a_number_and_a_power_is_a_number_and_a_negative_power() -> None:
    below, above = (ed.parse(text).checked.definitions["y"].node for text in ("y = 1 / (2 s^2)", "y = 0.5 s^-2"))
    assert below is above


def test_a_trace_in_a_product_is_a_sum_over_the_product() -> None:
    texts = "y_j = M_ii x_j", "y_j = sum_i M_ii x_j"
    inside, outside = (ed.parse(text).checked.definitions["y"].node for text in texts)
    assert inside is outside


@pytest.mark.parametrize("exponent", ["2", "(2)", "((2))", "(-(-2))"])
def test_an_exponent_in_brackets_is_as_many_factors_as_one_without(exponent: str) -> None:
    assert float(ed.function(f"y = x_i^{exponent}")(x=[3.0, 4.0])) == 25.0
    refused("E0203", lambda: ed.parse(f"y = x_i^{exponent.replace('2', '1')}"), "`i` is used only once")


def test_a_primed_index_may_be_declared_with_either_sign() -> None:
    for declared in ("i′", "i'"):
        assert ed.function(f"index {declared}: 3\ny_{{i'}} = 2 1_{{i'}}")().tolist() == [2.0, 2.0, 2.0]


def test_a_size_that_the_user_names_is_no_name_for_another_one() -> None:
    f = ed.function("index k: I\ny_i = 2 x_i\nz_k = 2 w_k", of=["y", "z"])
    assert str(f.plan(x=(3,), w=(4,))).endswith("\nsizes I = 4, I2 = 3")


def test_a_query_that_is_no_derivative_is_told_how_one_is_written() -> None:
    refused("E0220", lambda: ed.derivative("L = x_i x_i", "dL/dx_i"), "a derivative is written `d(L)/d(x_i)`")
    refused("E0220", lambda: ed.derivative("L = x_i x_i", "derivative of L by x"), "a derivative is written `∂L/∂x_i`")
    refused("E0220", lambda: ed.derivative("L = x_i x_i", "x_i"), "this is not one derivative")


def test_a_statement_that_fails_hides_no_fault_behind_it() -> None:
    with pytest.raises(ed.EinError) as caught:
        ed.parse("a_i = x_i\na_i = y_i\nb_i = x_i + y_j\nc_i = z_j")
    assert [each.code for each in (caught.value, *caught.value.others)] == ["E0211", "E0205", "E0203"]


def test_a_scalar_may_be_called_as_an_index_outside_of_comparisons() -> None:
    values = ed.evaluate("i ∈ R\na_i = i x_i", i=2.0, x=np.array([1.0, 3.0]))
    assert values["a"].tolist() == [2.0, 6.0]


def test_a_number_over_zero_is_infinite_and_zero_times_a_number_is_zero() -> None:
    with np.errstate(divide="ignore"):
        assert ed.evaluate("y = x / 0", x=2.0)["y"] == np.inf
    assert ed.evaluate("y = 0 x", x=2.0)["y"] == 0.0


def test_a_product_of_what_is_read_in_part_along_one_axis() -> None:
    X, w = np.arange(6.0).reshape(3, 2) ** 2, np.array([1.0, 10.0])
    found = ed.evaluate("y_ic = X_{i+1,c} w_c - X_ic w_c", X=X, w=w)["y"]
    np.testing.assert_array_equal(found, (X[1:] - X[:-1]) * w)


def test_a_running_sum_along_two_indices_is_one_along_each() -> None:
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(ed.evaluate("y_ij = cumsum_{i,j}(x_ij)", x=x)["y"], x.cumsum(0).cumsum(1))


def test_a_given_derivative_of_second_order_says_nothing_of_its_tensors() -> None:
    with pytest.raises(ed.EinError) as caught:
        ed.parse("given ∂²E/∂a_i∂a_j\nq = a a")
    assert (caught.value.code, caught.value.others) == ("E0217", ())


def test_a_cycle_through_functions_of_functions_is_found() -> None:
    text = "def f(z) = k z\ndef g(z) = f(z) + 1\ny_i = g(x_i)\nk = y_i y_i"
    refused("E0210", lambda: ed.parse(text), "the definitions of `k` and `y` depend on each other")


def test_an_array_with_as_many_values_is_given_its_axes() -> None:
    f = ed.function("y_i = W_ij x_j + b_i")
    refused("E0503", lambda: f(W=np.ones(6), x=np.ones(3), b=np.ones(2)), "give it its axes: `W.reshape(2, 3)`")


def test_letters_in_braces_are_indices_each_where_no_line_declares_them_as_one() -> None:
    assert ed.evaluate("y_{ij} = 2 x_{ij}", x=np.ones((2, 3)))["y"].shape == (2, 3)


def test_what_where_chooses_is_not_compared() -> None:
    values = ed.evaluate("i ∈ R\na_i = where(x_i > 0, i, 0)", i=5.0, x=np.array([1.0, -1.0]))
    assert values["a"].tolist() == [5.0, 0.0]


def test_the_size_of_an_array_that_is_read_is_told_before_one_that_is_declared_only() -> None:
    f = ed.function("B ∈ R^{N×C}\nindex c: C\nb_c = 2 a_c\ny = max_c(b_c)", of="y")
    refused("E0507", lambda: f(a=np.ones(0), B=np.ones((2, 0))), "(from a, shape (0,))")
