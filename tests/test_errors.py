"""How an error is drawn, and what it is to Python."""

from __future__ import annotations

import pickle
import traceback

import pytest

from einderiv import errors
from einderiv.errors import (
    EinError,
    EinIndexError,
    EinNameError,
    EinSyntaxError,
    Label,
    Source,
    Span,
    raise_all,
    visible,
)


def drawn(text: str, *labels: Label, helps: tuple[str, ...] = (), notes: tuple[str, ...] = ()) -> list[str]:
    """The drawing, without its first line."""
    error = EinIndexError("E0999", "m", source=Source(text, "m.ein"), labels=labels, helps=helps, notes=notes)
    return str(error).split("\n")[1:]


def test_one_label_stands_under_its_piece() -> None:
    assert drawn("a_k = W_ij x_j", Label(Span(2, 3), "not on the right"), helps=("write `a_i = ...`",)) == [
        " --> m.ein:1:3",
        "  |",
        "1 | a_k = W_ij x_j",
        "  |   ^ not on the right",
        "  |",
        "  = help: write `a_i = ...`",
    ]


def test_labels_of_one_line_are_told_from_right_to_left() -> None:
    rows = drawn("a_i = W_ij x_k + b_i", Label(Span(9, 10), "`j`"), Label(Span(13, 14), "`k`"), Label(Span(0, 3)))
    assert rows[3:] == ["  | ---      ^   - `k`", "  |          ^ `j`"]


def test_distant_lines_are_sorted_and_parted_by_dots() -> None:
    text = "a_i = 1\nb_i = 2\na_i = 3"
    rows = drawn(text, Label(Span(16, 19), "second definition"), Label(Span(0, 3), "first definition"))
    assert rows == [
        " --> m.ein:3:1",
        "  |",
        "1 | a_i = 1",
        "  | --- first definition",
        "...",
        "3 | a_i = 3",
        "  | ^^^ second definition",
    ]


def test_the_gutter_is_as_wide_as_the_largest_number() -> None:
    rows = drawn("\n" * 99 + "x", Label(Span(99, 100), "here"), Label(Span(0, 0), "there"))
    assert rows == ["   --> m.ein:100:1", "    |", "  1 |", "    | - there", "...", "100 | x", "    | ^ here"]


def test_tabs_are_four_spaces_and_columns_count_characters() -> None:
    assert drawn("\ta = b", Label(Span(5, 6), "here"))[::3] == [" --> m.ein:1:6", "  |         ^ here"]


def test_wide_and_combining_characters_take_their_columns() -> None:
    assert drawn("日本 x", Label(Span(3, 4), "here"))[3] == "  |      ^ here"
    assert drawn("e\u0301 x", Label(Span(3, 4), "here"))[3] == "  |   ^ here"


def test_invisible_characters_are_spelt_out_and_marked_whole() -> None:
    assert drawn("x\u202ey", Label(Span(1, 2), "here"))[2:] == ["1 | x<U+202E>y", "  |  ^^^^^^^^ here"]


def test_nothing_that_acts_on_a_terminal_is_printed() -> None:
    error = EinNameError("E0999", "a\x1b[31m", source=Source("\x1b\u2028", "\x07"), labels=[Label(Span(0, 1), "\x9b")])
    assert all(line.isprintable() for line in str(error).split("\n"))
    assert visible("\ud800\ta") == "<U+D800>    a"


def test_long_lines_are_cut_around_the_primary_label() -> None:
    left, right = Label(Span(0, 1), "far left"), Label(Span(499, 500), "far right")
    rows = drawn("x" * 500, Label(Span(250, 251), "here"), left, right)
    assert len(rows[2]) <= 4 + errors.WIDTH
    assert rows[2].startswith("1 | ...x") and rows[2].endswith("x...")
    assert rows[3].index("^") == rows[2].index("x") + 44
    assert any("long line: 94 of 500 characters shown" in row for row in rows)


def test_a_place_after_the_end_of_a_line_can_be_marked() -> None:
    assert drawn("a = ", Label(Span(4, 4), "nothing"))[2:] == ["1 | a =", "  |     ^ nothing"]


def test_a_label_over_several_lines_marks_the_first() -> None:
    assert drawn("a = (b\n+ c)", Label(Span(4, 11), "here"))[2:] == ["1 | a = (b", "  |     ^^ here"]


def test_an_error_without_a_place_has_its_remarks() -> None:
    error = EinSyntaxError("E0103", "m.ein is not UTF-8 text", notes=["byte 0xFF"], helps=["save it\nagain"])
    assert str(error) == (
        "error[E0103]: m.ein is not UTF-8 text\n  = note: byte 0xFF\n  = help: save it\n          again"
    )
    assert error.line is None and error.column is None


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_places_are_those_an_editor_shows(end: str) -> None:
    source = Source(f"a{end}bc{end}{end}d")
    assert source.place(source.text.index("c")) == (2, 2)
    assert source.place(source.text.index("d")) == (4, 1)
    assert [source.line(number) for number in range(1, 5)] == ["a", "bc", "", "d"]


def test_further_errors_are_printed_up_to_a_limit() -> None:
    many = [EinError(f"E{number:04}", "m") for number in range(57)]
    with pytest.raises(EinError) as caught:
        raise_all(many)
    assert caught.value.others == tuple(many[1:])
    assert str(caught.value).count("error[") == errors.SHOWN
    assert str(caught.value).endswith("... and 37 more")
    raise_all([])


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.EinSyntaxError, SyntaxError),
        (errors.EinNameError, LookupError),
        (errors.EinIndexError, LookupError),
        (errors.EinShapeError, ValueError),
        (errors.EinValueError, ValueError),
        (errors.EinInputError, TypeError),
        (errors.EinTypeError, TypeError),
        (errors.EinMemoryError, MemoryError),
    ],
)
def test_each_kind_is_the_builtin_that_fits_and_can_be_pickled(kind: type[EinError], builtin: type[Exception]) -> None:
    error = kind("E0999", "m", source=Source("x", "m.ein"), labels=[Label(Span(0, 1), "here")], helps=["h"])
    error.others = (EinError("E0998", "n"),)
    assert isinstance(error, builtin)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind and str(copy) == str(error)


def test_python_prints_a_syntax_error_with_its_place_and_fix() -> None:
    error = EinSyntaxError(
        "E0113", "no `=`", source=Source("a\nb c", "m.ein"), labels=[Label(Span(4, 5))], helps=["write `b = c`"]
    )
    shown = "".join(traceback.format_exception_only(error))
    assert 'File "m.ein", line 2' in shown
    assert "    b c\n      ^\n" in shown
    assert "help: write `b = c`" in shown
