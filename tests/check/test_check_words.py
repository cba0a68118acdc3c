"""What refusals say, word by word: sizes, letters and what would be right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import einderiv as ed

MATRIX = "W ∈ R^{H×D}\na_i = W_ij x_j\nL = a_i a_i"


def refused(ask: Callable[[], object]) -> ed.EinError:
    with pytest.raises(ed.EinError) as caught:
        ask()
    return caught.value


def test_indices_of_one_position_are_named() -> None:
    error = refused(lambda: ed.parse("f_ij = x_{4i+j}"))
    assert error.message == "nothing but `x_{4i+j}` gives `i` and `j` a size"


def test_axes_without_letters_get_letters_and_then_numbered_ones() -> None:
    program = ed.parse("y = F_{" + ",".join("0" * 27) + "}")
    assert program.checked.inputs["F"].uses[0].letters[-3:] == ("o", "p2", "p3")


def test_a_read_outside_says_where_and_which_index_is_too_long() -> None:
    ones = {"x": np.ones(3), "w": np.ones(3)}
    error = refused(lambda: ed.evaluate("index i: 2\ny_i = x_{i+k} w_k", ones))
    assert error.message == "`x_{i+k}` reads position 3 of axis 0 of `x`, which is 3 long, at i = 1, k = 2"
    assert [text[:20] for text in error.helps] == ["`i` may be 1 long at", "`k` may be 2 long at"]
    error = refused(lambda: ed.evaluate("index i: 2\ny_i = x_{i+k+1} w_k", ones))  # outside with one i too
    assert error.helps == ("`k` may be 1 long at most: pass shorter arrays, or a longer `x`",)


def test_each_term_with_other_indices_is_told() -> None:
    error = refused(lambda: ed.parse("a_i = x_j + y_k + z_i"))
    helps = [each.helps for each in (error, *error.others)]
    assert helps == [("rename `j` to `i`: `x_i`",), ("rename `k` to `i`: `y_i`",)]


def test_indices_that_only_some_factors_repeat_are_not_summed() -> None:
    error = refused(lambda: ed.parse("L = exp(x_j + y_j) z_k"))
    assert error.message == "indices `j` and `k` are not summed and are not on the left-hand side"
    error = refused(lambda: ed.parse("L = x_j z_k"))
    assert error.message == "indices `j` and `k` are each used only once and are not on the left-hand side"


def test_a_size_with_a_name_and_a_number_is_told_by_both() -> None:
    error = refused(lambda: ed.evaluate("index i: 5\n" + MATRIX, W=np.ones((4, 2)), x=np.ones(2)))
    assert error.message == "axis 0 of `W` must have size `H` = 5 but has size 4"


def test_a_size_that_no_array_fixes_names_the_array_to_pass() -> None:
    error = refused(lambda: ed.function("y_i = x_i\nL = y_i y_i + u_j u_j").plan(u=(3,)))
    assert error.helps == ("pass `x`, whose axis 0 is `I`",)
    assert not error.others  # `u` has told its own
    error = refused(lambda: ed.function("y_i = x_i w_i\nL = y_i y_i + u_j u_j").plan(u=(3,)))
    assert error.helps == ("pass `x`, whose axis 0 is `I`", "pass `w`, whose axis 0 is `I`")
    assert [label.text for label in error.labels] == ["`I` is an axis here"]


def test_a_derivative_asked_for_says_whose_sizes_differ() -> None:
    error = refused(lambda: ed.derivative(MATRIX, "∂L/∂W_ii"))
    assert error.message == "index `i` is `H` long in axis 0 of `W` but `D` long in axis 1 of `W`"
    assert [label.text for label in error.labels] == ["`D` in axis 1 of `W`", "`H` in axis 0 of `W`"]


def test_a_letter_of_a_diagonal_that_is_looked_up_by_as_well_is_summed_once() -> None:
    F, y = np.arange(27.0).reshape(3, 3, 3), np.array([2, 0, 1])
    assert ed.evaluate("L = F_{n,n,y_n}", F=F, y=y)["L"] == sum(F[n, n, y[n]] for n in range(3))
    x = np.array([1.0, 2.0, 5.0])
    assert ed.evaluate("L = F_{n,n,y_n} x_n", F=F, y=y, x=x)["L"] == sum(F[n, n, y[n]] * x[n] for n in range(3))


@pytest.mark.parametrize("text", [
    "y_i = [i' == i] x_i", "y = [c' > 0]", "def f(z) = [z > i']\ny = f(2)", "y_i = [d(i')/d(x_i') > 0] x_i",
])  # fmt: skip
def test_a_compared_name_with_a_prime_is_an_index_of_its_equation(text: str) -> None:
    error = refused(lambda: ed.parse(text))
    assert error.code == "E0101" and error.message.endswith("has a prime; only index letters have")
    [label], [fix] = error.labels, error.helps
    assert label.text == "no index of this equation"
    assert fix in ("use another name, e.g. `i2`", "use another name, e.g. `c2`")


def test_a_matrix_with_many_axes_in_front_is_solved_with_as_many_letters() -> None:
    for rank, letters in ((4, "bci"), (10, "bcdefghb2i")):
        error = refused(lambda axes="abcdefghij"[:rank]: ed.parse(f"y_i = solve(A, b)_i\nz_{axes} = A_{axes}"))
        assert error.helps == (f"write `solve(A, b)_{letters}`",)


def test_a_matrix_that_is_not_square_has_no_inverse_and_is_told_as_it_is_written() -> None:
    error = refused(lambda: ed.parse("A ∈ R^{N×D}\nB_ij = inv(A)_ij"))
    assert error.message == "`inv(A)` needs a square matrix, but axis 0 of `A` is `N` long and axis 1 of `A` `D`"


def test_a_read_outside_is_shown_with_the_declarations_of_its_sizes() -> None:
    error = refused(lambda: ed.parse("index i: 5\nindex k: 3\nx ∈ R^4\ny_i = x_{i+k} w_k"))
    labels = ["position 6", "5 by its declaration", "3 by its declaration", "4 in axis 0 of `x`"]
    assert [label.text for label in error.labels] == labels


def test_an_index_has_the_first_claim_to_its_letter_as_a_size() -> None:
    inputs = ed.parse("y_p = x_{0} z_p").checked.inputs
    assert [inputs[name].node.axes[0].name for name in "zx"] == ["P", "P2"]


def test_the_axes_of_a_symmetric_matrix_have_one_name() -> None:
    text = "S ∈ R^{3×3} symmetric\nx ∈ R^N\nz ∈ R^M\nf = S_ij x_i z_j"
    error = refused(lambda: ed.parse(text))
    assert error.message == "index `j` is `N` long in axis 1 of `S` but `M` long in axis 0 of `z`"


def test_the_matrix_of_a_system_is_shown_with_two_letters() -> None:
    error = refused(lambda: ed.evaluate("X_ij = solve(A, B)_ij", A=np.ones(2), B=np.ones((2, 2))))
    assert error.message == "`A` needs 2 axes (A_ip) but the array has 1: shape (2,)"


def test_an_array_without_its_axes_is_told_how_to_get_them() -> None:
    error = refused(lambda: ed.evaluate("x ∈ R^3\nW ∈ R^{2×3}\ny_i = W_ij x_j", W=np.ones(6), x=np.ones(3)))
    assert error.helps == ("give it its axes: `W.reshape(2, 3)`",)
    assert refused(lambda: ed.evaluate("y = exp(x)", x=np.ones(1))).helps == ("take its one element: `x[0]`",)


def test_a_matrix_that_is_not_square_is_shown_where_its_two_axes_are_one() -> None:
    error = refused(lambda: ed.evaluate("y_i = A_ij x_j\nt = A_kk", A=np.ones((2, 3)), x=np.ones(3)))
    assert (error.line, [label.text for label in error.labels]) == (2, ["A has shape (2, 3)"])


def test_every_array_of_another_size_is_told_unless_one_array_has_two() -> None:
    arrays = {name: np.ones(size) for name, size in (("x", 2), ("y", 3), ("z", 4))}
    assert len(refused(lambda: ed.evaluate("L = x_i y_i z_i", arrays)).others) == 1
    error = refused(lambda: ed.evaluate("y_i = A_ii x_i", A=np.ones((2, 3)), x=np.ones(3)))
    assert error.message == "axes 0 and 1 of `A` have one size, but 2 and 3 were passed"
    assert not error.others


def test_an_index_has_its_size_from_where_it_stood_first() -> None:
    error = refused(lambda: ed.parse("y_ik = u_i + u_k x_k + z_i\nx ∈ R^3\nz ∈ R^4"))
    assert error.message == "index `i` is 3 long in axis 0 of `y` but 4 long in axis 0 of `z`"


def test_a_delta_between_two_sizes_is_shown() -> None:
    error = refused(lambda: ed.parse("index i: 3\nindex j: 4\ny_i = δ_ij x_j"))
    assert [label.text for label in error.labels] == ["one size", "4 by its declaration", "3 by its declaration"]


def test_a_position_is_taken_of_the_last_of_several_indices() -> None:
    error = refused(lambda: ed.parse("y = argmax_{i,j,k}(x_ijk)"))
    assert error.helps == ("take one index: `argmax_k(...)`",)


def test_functions_that_call_each_other_in_a_circle_are_told_by_one_that_is_outside_of_it() -> None:
    error = refused(lambda: ed.parse("def f(z) = g(z)\ndef g(z) = h(z)\ndef h(z) = g(z) + b\ny = f(2)"))
    assert error.message == "the definitions of `g` and `h` depend on each other"


def test_an_input_in_other_case_than_what_is_declared_is_a_slip() -> None:
    with pytest.warns(ed.EinWarning, match="`x` is neither defined nor declared, .* while `X` is not used"):
        ed.parse("X ∈ R^3\ny_i = 2 x_i")


def test_a_position_that_has_no_derivative_is_shown_where_it_is_taken() -> None:
    text = "p_n = 2 sum_k x_k argmax_c(A_nc)"
    error = refused(lambda: ed.derivative(text, "∂p_n/∂A_mc"))
    assert [text[label.span.start : label.span.end] for label in error.labels] == ["argmax_c"]


def test_an_index_that_no_array_has_is_told_by_its_letter() -> None:
    assert refused(lambda: ed.parse("y = sum_i 1_i")).message == "nothing gives index `i` a size"


def test_every_array_with_another_number_of_axes_is_told() -> None:
    error = refused(lambda: ed.evaluate("y_ij = W_ij + V_ij", W=np.ones(2), V=np.ones(2)))
    assert [each.message[:17] for each in (error, *error.others)] == ["`W` needs 2 axes ", "`V` needs 2 axes "]
