"""Sizes that follow from reads at computed positions, and reads that reach outside of an axis."""

import pytest

from einderiv.check import check, complete, query, solve_sizes
from einderiv.errors import EinError, EinShapeError
from einderiv.ir import Dim
from einderiv.syntax import parse

I, K, P = Dim("I"), Dim("K"), Dim("P")


def read(text):
    return check(parse(text, "m.ein"))


def refusal(text):
    with pytest.raises(EinError) as caught:
        read(text)
    return caught.value


def sizes_of(text, **shapes):
    program = read(text)
    found = solve_sizes(program, shapes, [dim for each in program.definitions.values() for dim in each.node.axes])
    return {dim.name: size for dim, size in found.items()}


SIZES = [
    ("y_i = x_{i+k} w_k", {"x": (7,), "w": (3,)}, 5),
    ("y_i = x_{2i+k} w_k", {"x": (7,), "w": (3,)}, 3),
    ("y_i = x_{2i+k} w_k", {"x": (8,), "w": (3,)}, 3),
    ("y_i = A_{2i} + A_{2i+1}", {"A": (8,)}, 4),
    ("y_i = A_{2i} + A_{2i+1}", {"A": (9,)}, 4),
    ("y_i = x_{i+2} - 2 x_{i+1} + x_i", {"x": (6,)}, 4),
    ("y_i = x_{i+1} z_{i+0}", {"x": (6,), "z": (3,)}, 3),
    ("y_i = x_{i+1} z_{i+0}", {"x": (3,), "z": (6,)}, 2),
    ("y_i = x_{i+1} z_i", {"x": (6,), "z": (3,)}, 3),
    ("y_i = x_{3-i}", {"x": (6,)}, 4),
    ("index i: 2\ny_i = x_{i+1}", {"x": (6,)}, 2),
    ("u_i = x_{i+k} w_k\ny_i = u_{2i+k} w_k", {"x": (12,), "w": (3,)}, 4),
    ("y_i = u_{2i+k} w_k\nu_i = x_{i+k} w_k", {"x": (12,), "w": (3,)}, 4),
    ("y_i = x_{i+k} w_k", {"x": (0,), "w": (3,)}, 0),
    ("y_i = x_{i+k} w_k", {"x": (3,), "w": (3,)}, 1),
]


@pytest.mark.parametrize(("text", "shapes", "length"), SIZES)
def test_an_index_runs_as_far_as_all_reads_are_inside(text, shapes, length):
    program = read(text)
    assert solve_sizes(program, shapes, [])[program.definitions["y"].node.axes[0]] == length


def test_sizes_can_be_completed_without_arrays():
    program = read("y_i = x_{2i+k} w_k")
    assert complete(program.reads, {P: 7, K: 3}) == {P: 7, K: 3, I: 3}


def test_a_query_in_its_own_text_has_its_own_reads():
    program = read("L = x_i x_i + w_k w_k")
    asked = query(program, "∂(x_{j+k} w_k)/∂w_m")
    dim = asked.node.axes[0]
    assert dim not in (program.inputs["x"].node.axes[0], program.inputs["w"].node.axes[0])
    assert solve_sizes(program, {"x": (7,), "w": (3,)}, asked.node.axes, asked.reads)[dim] == 5
    assert read("L = x_i x_i + w_k w_k\n∂(x_{j+k} w_k)/∂w_m").reads


OUTSIDE = [
    (
        "y_i = x_{i+k} w_k z_i", {"x": (7,), "w": (3,), "z": (6,)}, "E0306",
        "`x_{i+k}` reads position 7 of axis 0 of `x`, which is 7 long, at i = 5, k = 2",
        ["`i` is 6 long, `k` is 3 long", "z has shape (6,): i = 6", "`i` may be 5 long at most"],
    ),
    ("y_i = x_{i+k} w_k", {"x": (2,), "w": (3,)}, "E0306", "reads position 2 of axis 0 of `x`", ["`k` may be 2 long"]),
    ("y_i = x_{3-i}", {"x": (3,)}, "E0306", "position 3 of axis 0 of `x`, which is 3 long, at i = 0", []),
    ("y_i = x_{k-i} w_k z_i", {"x": (9,), "w": (3,), "z": (3,)}, "E0306", "reads position -2", ["or add 2"]),
    ("index i: 6\ny_i = x_{i+1}", {"x": (6,)}, "E0306", "position 6 of axis 0 of `x`", ["5 long at most"]),
    ("y_i = x_{2i-j+1} z_ij", {"x": (9,), "z": (3, 4)}, "E0306", "reads position -2", ["may be 2 long at most"]),
    ("y = x_{4}", {"x": (3,)}, "E0306", "`x_{4}` reads position 4 of axis 0 of `x`", ["the last position is 2"]),
    ("y = inv(A)_{5,0}", {"A": (3, 3)}, "E0306", "reads position 5 of axis 0 of `A`", []),
    ("y = det(A)", {"A": (3, 4)}, "E0301", "axes 0 and 1 of `A` have one size, but 3 and 4", []),
    ("y_i = solve(A, b)_i", {"A": (3, 3), "b": (4,)}, "E0301", "index `i` has size 4 in `b` but size 3 in `A`", []),
    ("y_i = x_{i+k} w_k", {"x": (7,)}, "E0304", "no array that was passed fixes the size `I`", ["pass `w`"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "shapes", "code", "message", "texts"), OUTSIDE)
def test_what_reaches_outside_is_told_with_the_sizes(text, shapes, code, message, texts):
    with pytest.raises(EinShapeError) as caught:
        sizes_of(text, **shapes)
    assert caught.value.code == code
    shown = str(caught.value)
    for each in (message, *texts):
        assert each in shown, shown


def test_a_declaration_that_reaches_outside_is_refused_when_the_program_is_read():
    shown = str(refusal("x ∈ R^5\nw ∈ R^3\nt ∈ R^4\ny_i = x_{i+k} w_k t_i"))
    assert "position 5 of axis 0 of `x`, which is 5 long, at i = 3, k = 2" in shown
    assert "4 in axis 0 of `t`" in shown
    assert refusal("x ∈ R^3\ny = x_{3}").code == "E0306"


def test_a_size_that_follows_from_a_read_has_no_declaration_to_show():
    error = refusal("x ∈ R^4\nindex k: 2\nz_i = sum_k x_{i+k}\nw = z_{3}")
    assert "`z_{3}` reads position 3 of axis 0 of `z`, which is 3 long" in str(error)
    assert [label.text for label in error.labels] == ["position 3"]
    assert list(error.helps) == ["the last position is 2"]
