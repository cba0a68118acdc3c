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
