"""Sizes: unified when the program is read, solved when it is called."""

import pytest

from einderiv.check import check, solve_sizes
from einderiv.errors import EinShapeError
from einderiv.ir import Dim
from einderiv.syntax import parse


def read(text):
    return check(parse(text, "m.ein"))


def axes(text, name):
    return read(text).inputs[name].node.axes


def test_sizes_are_shared_through_equations():
    assert axes("a_i = W_ij x_j\nL = a_i b_i", "b") == (Dim("I"),)
    assert axes("y_n = X_nd w_d", "X") == (Dim("N"), Dim("D"))


def test_a_declared_size_names_the_dimension():
    assert axes("W ∈ R^{H×D}\na_i = W_ij x_j", "x") == (Dim("D"),)
    assert axes("index i, j: 10\na_i = W_ij x_j", "W") == (Dim("10", 10), Dim("10", 10))
    assert axes("index j: H\na_i = W_ij x_j", "x") == (Dim("H"),)


def test_a_name_and_a_number_that_meet_are_one_size():
    assert axes("W ∈ R^{H×D}\nindex j: 7\na_i = W_ij x_j", "W") == (Dim("H"), Dim("D", 7))


def test_made_names_are_new_and_readable():
    program = read("M ∈ R^{I×J}\ny = a_i b_i + c_i d_i + M_ij M_ij")
    assert program.inputs["a"].node.axes == (Dim("I2"),)
    assert program.inputs["c"].node.axes == (Dim("I3"),)
    assert read("y = a_σ b_σ").inputs["a"].node.axes == (Dim("σ"),)


def test_symmetric_axes_are_one_size():
    program = read("S ∈ R^{N×N} symmetric\ny = S_ij x_i z_j")
    assert program.inputs["S"].node.symmetric
    assert program.inputs["z"].node.axes == (Dim("N"),)


def test_levi_civita_fixes_its_sizes():
    assert axes("c_i = ε_ijk a_j b_k", "a") == (Dim("3", 3),)


def test_ones_give_no_size_and_a_delta_gives_that_of_its_other_index():
    assert read("y_kn = b_k 1_n\nz_n = x_n + y_kn 1_k").inputs["x"].node.axes == (Dim("N"),)
    assert read("y_ij = δ_ij x_j").definitions["y"].node.axes == (Dim("I"), Dim("I"))


CLASHES = [
    ("W ∈ R^{H×D}\nx ∈ R^D\na_i = W_ji x_j", 3, 14,
     "index `j` is `H` long in axis 0 of `W` but `D` long in axis 0 of `x`"),
    ("x ∈ R^3\ny ∈ R^4\ns = x_i y_i", 3, 11, "index `i` is 3 long in axis 0 of `x` but 4 long in axis 0 of `y`"),
    ("index i: H\nx ∈ R^D\ny = x_i x_i", 3, 7,
     "index `i` is `H` long by its declaration but `D` long in axis 0 of `x`"),
    ("x ∈ R^4\nM_k = ε_ijk x_i y_j", 2, 15, "index `i` is 3 long in `ε_ijk` but 4 long in axis 0 of `x`"),
    ("x ∈ R^H\ny ∈ R^D\na_i = x_i\nb_i = a_i + y_i", 4, 15,
     "index `i` is `H` long in axis 0 of `a` but `D` long in axis 0 of `y`"),
    ("x ∈ R^H\ny ∈ R^D\ns = x_i δ_ij y_j", 3, 16, "`H` long"),
    ("index i: 3\nindex j: 4\ny_ij = δ_ij", 3, 8, "by `δ_ij` tied to an index 4 long by its declaration"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "message"), CLASHES)
def test_two_sizes_for_one_index_are_refused_with_both_places(text, line, column, message):
    with pytest.raises(EinShapeError) as caught:
        read(text)
    error = caught.value
    assert (error.code, error.line, error.column) == ("E0301", line, column)
    assert message in error.message
    assert len(error.labels) >= 2


# --------------------------------------------------------------------- the call

LINEAR = "a_i = W_ij x_j + b_i"


def test_a_matrix_that_fits_the_other_way_round_is_hinted_at():
    with pytest.raises(EinShapeError) as caught:
        read("W ∈ R^{H×D}\nx ∈ R^D\na_i = W_ji x_j")
    assert caught.value.helps[0] == "with `W_ij` the sizes agree"


def test_the_shapes_give_the_sizes():
    sizes = solve_sizes(read(LINEAR), {"W": (3, 4), "x": (4,)}, [Dim("I")])
    assert sizes == {Dim("I"): 3, Dim("J"): 4}
    assert solve_sizes(read("index i: 5\ny_i = 1_i"), {}, [Dim("5", 5)]) == {Dim("5", 5): 5}


CALLS = [
    ("a_i = W_ji x_j + b_i", {"W": (3, 4), "x": (4,), "b": (3,)}, "E0301",
     "index `j` has size 3 in `W` but size 4 in `x`", "with `W_ij` the sizes agree (i = 3, j = 4)"),
    ("a_i = W_ij x_j", {"W": (3, 4), "x": (1,)}, "E0302",
     "index `j` has size 4 in `W` but size 1 in `x`", "make x a scalar: `a_i = W_ij x 1_j`"),
    (LINEAR, {"W": (3, 4, 1)}, "E0503", "`W` needs 2 axes (W_ij) but the array has 3: shape (3, 4, 1)",
     "drop the last axis of size 1: `W[..., 0]`"),
    (LINEAR, {"W": (1, 3, 4)}, "E0503", "`W` needs 2 axes (W_ij)", "drop the axis 0 of size 1: `W[0, :, :]`"),
    ("x ∈ R^3\ny = x_i x_i", {"x": (4,)}, "E0301", "axis 0 of `x` must have size 3 but has size 4", "has size 3"),
    ("N2 ∈ R^N\nindex i: N\ny_i = x 1_i", {"x": ()}, "E0304",
     "no array that was passed fixes the size `N`", "pass `N2`"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "shapes", "code", "message", "fix"), CALLS)
def test_shapes_that_do_not_fit_are_refused_with_both_numbers(text, shapes, code, message, fix):
    program = read(text)
    with pytest.raises(EinShapeError) as caught:
        solve_sizes(program, shapes, [Dim("N")] if "N2" in text else [])
    assert caught.value.code == code
    assert message in caught.value.message
    assert fix in "\n".join(caught.value.helps)
    assert str(caught.value)


def test_a_size_clash_reads_well():
    with pytest.raises(EinShapeError) as caught:
        solve_sizes(read("a_i = W_ji x_j + b_i"), {"W": (3, 4), "x": (4,), "b": (3,)}, [])
    assert str(caught.value).startswith("""\
error[E0301]: index `j` has size 3 in `W` but size 4 in `x`
 --> m.ein:1:12
  |
1 | a_i = W_ji x_j + b_i
  |       ---- ^^^ x has shape (4,): j = 4
  |       - W has shape (3, 4): j = 3, i = 4
""")
