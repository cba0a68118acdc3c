"""What holds for every notation: recognition, files, pipes, limits, and that only errors of einderiv escape."""

from __future__ import annotations

import io
import re
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import einderiv as ed
from einderiv.cli import main
from einderiv.conversion.converting import recognised

RECOGNISED = {
    "einsum": ["ij,jk->ik", "ij,jk", "->", "...i,i", 'y = np.einsum("i,i", a, b)', 'rearrange(x, "a b -> b a")'],
    "matrix": ["x' A x", "W^T x + b", "A @ x", "x", "norm2(x)^2", "A \\ b", "A^{T} x", "ab", "y = A*x\nf = y'*y"],
    "latex": [r"a_i = \sum_j W_{ij} x_j", r"\frac{a}{b}", "x_i y_i", r"\mathbf{W}^\top \mathbf{x}", r"f = \|x\|^2"],
}


@pytest.mark.parametrize(("notation", "text"), [(n, text) for n, texts in RECOGNISED.items() for text in texts])
def test_a_notation_is_recognised(notation: str, text: str) -> None:
    assert recognised(text) == notation


MATRIX = "A x b 2 0.5 ' * .* @ / + - ( ) ^ ^T exp( tr( inv( sum( || , ; = λ eye vector(1) \\ axis=0 .T ² norm2(".split()
LATEX = (
    r"a_i W_{ij} \sum_j \frac { } ( ) \left( \right) ^ 2 _ = + - \cdot \partial \exp \det \sqrt \mathbf{W} \top \\ & | "
    r"\text{given} \| [ ] , \hat{y} \delta_{ij} \in\mathbb{R}^{N} ' \operatorname{f}".split()
)
EINSUM = ["i", "j", "A", ",", "->", "...", 'np.einsum("ij,j->i", W, x)', "rearrange(", '"', "x", ")", "(", "="]


def pieces(words: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from([*words, " ", "\n"]), max_size=14).map("".join)


@settings(max_examples=600, deadline=None)
@given(
    st.one_of(
        st.tuples(pieces(MATRIX), st.sampled_from([None, "matrix"])),
        st.tuples(pieces(LATEX), st.sampled_from([None, "latex"])),
        st.tuples(pieces(EINSUM), st.sampled_from([None, "einsum"])),
        st.tuples(st.text(max_size=30), st.sampled_from([None, "einsum", "matrix", "latex"])),
    )
)
@example(("", None))
@example(("\0", "einsum"))
@example(("x\u202ey", "matrix"))
@example((r"\\", "latex"))
@example(("np.einsum", "einsum"))
def test_any_text_gives_a_program_or_an_error_of_einderiv(case: tuple[str, str | None]) -> None:
    text, notation = case
    try:
        found = ed.convert(text, notation)
    except ed.EinError as error:
        assert str(error).startswith("error[E0")
        return
    if re.search(r"^[^#∂\n]", found, re.MULTILINE):  # derivatives alone are lines to stand below a program
        ed.parse(found)


NESTED = [
    ("matrix", "exp(", "x", ")"),
    ("matrix", "(A + ", "A", ")"),
    ("matrix", "inv(", "A", ")"),
    ("matrix", "(2 * ", "x", ")"),
    ("matrix", "tanh(A * ", "x", ")"),
    ("latex", r"\exp\left(", "x", r"\right)"),
    ("latex", r"\frac{1}{1 + ", "x", "}"),
    ("latex", r"\sqrt{", "x", "}"),
    ("latex", "x^{", "2", "}"),
    ("latex", r"\mathbf{A}^\top (", r"\mathbf{x}", ")"),
]  # fmt: skip


@pytest.mark.parametrize(("notation", "left", "middle", "right"), NESTED)
def test_what_nests_too_deep_is_refused_and_nothing_else_happens(
    notation: str, left: str, middle: str, right: str
) -> None:
    for depth in (30, 50, 90, 101, 1000, 5000):
        text = left * depth + middle + right * depth
        if depth <= 50:
            assert ed.convert(text, notation)
        elif depth <= 100:
            with suppress(ed.EinSyntaxError):  # as deep as the stack allows
                assert ed.convert(text, notation)
        else:
            with pytest.raises(ed.EinSyntaxError) as caught:
                ed.convert(text, notation)
            assert caught.value.code == "E0116"


@pytest.mark.parametrize(
    ("text", "notation"),
    [
        ("x" + "'" * 10_001, "matrix"),
        ("-" * 5000 + "x", "matrix"),
        ("c * " * 2000 + "c", "matrix"),
        ("c" + "^2" * 2000, "matrix"),
        ("x" * 100_001, "matrix"),
        ("," * 1000, "einsum"),
        ("np.einsum(" * 1000, "einsum"),
        ("np.einsum(" + "-" * 50_000 + "1)", "einsum"),
        ("x_{" * 5000, "latex"),
        (r"\frac" * 5000, "latex"),
        ("x_i " * 1000, "latex"),
    ],
)
def test_long_texts_end(text: str, notation: str) -> None:
    try:
        assert ed.convert(text, notation)
    except ed.EinError as error:
        assert error.code


def test_a_file_and_standard_input_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "formula.m"
    path.write_text("W' * x + b % a layer\n", encoding="utf-8")
    assert main(["convert", str(path)]) == 0
    program = capsys.readouterr().out
    assert program.endswith("y_i = W_ji x_j + b_i\n")

    class Stream:
        buffer = io.BytesIO(b"W' x + b")

    monkeypatch.setattr(sys, "stdin", Stream())
    assert main(["convert", "-"]) == 0
    assert capsys.readouterr().out == program
    path.write_text("x' *", encoding="utf-8")
    assert main(["convert", str(path), "--format", "concise"]) == 1
    assert capsys.readouterr().err == f"{path}:1:5: error[E0901]: something is missing after `*`\n"


def test_what_is_converted_is_derived(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["convert", "x' * A * x"]) == 0

    class Stream:
        buffer = io.BytesIO(capsys.readouterr().out.encode())

    monkeypatch.setattr(sys, "stdin", Stream())
    assert main(["derive", "-", "--wrt", "x"]) == 0
    assert "dfdx_" in capsys.readouterr().out


def test_the_operands_of_a_string_are_named_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "ij,j->i", "--names", "W,x", "--declare", "W: H×D"]) == 0
    assert capsys.readouterr().out == "W ∈ R^{H×D}\ny_i = W_ij x_j\n"


MISUSES = [
    (("ij,j->i",), {"names": "W"}, "E0905"),
    (("x' x",), {"names": "W"}, "E0905"),
    (("ij,j->i",), {"shapes": [(3, 4)]}, "E0905"),
    (("i,i",), {"names": "x,x", "shapes": [(3,), (4,)]}, "E0905"),
    (("x' x",), {"shapes": [(3,)]}, "E0905"),
    (("x' x",), {"shapes": "x"}, "E0905"),
    (("x' x",), {"shapes": "x: a b"}, "E0905"),
    (("x' x",), {"shapes": "x: 3.5"}, "E0905"),
    (("x' x",), {"shapes": {"x": (2.5,)}}, "E0905"),
    (("x' x",), {"shapes": "x: 2×3×4"}, "E0905"),
    (("x' x",), {"shapes": "X: 3"}, "E0905"),
    (("ij,j",), {"shapes": "C: 3"}, "E0905"),
    (('np.einsum("i,i", a, b)',), {"shapes": "c: 3"}, "E0905"),
    (("y_i = x_i",), {"shapes": "W: 3"}, "E0905"),
    (("x' x", "maple"), {}, "E0907"),
    ((3,), {}, "E0406"),
    (("x' x", 3), {}, "E0406"),
]


@pytest.mark.parametrize(("arguments", "keywords", "code"), MISUSES)
def test_a_wrong_call_gets_an_error_of_einderiv(
    arguments: tuple[str, ...], keywords: dict[str, str], code: str
) -> None:
    with pytest.raises(ed.EinError) as caught:
        ed.convert(*arguments, **keywords)
    assert caught.value.code == code
