"""Colours: every piece of a text has the kind that the language gives it."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.token import Token

from einderiv import syntax
from einderiv.pygments_lexer import EinLexer

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("*.ein"))

SHOWN = """\
# a layer
index i: H
W ∈ R^{H×10} symmetric
def f(z) = z^2
a_i = f(W_{ij} x_j) + sum_k 1_k
y_n = F_{n,t_n} x_{2n+1}
p = π * det(W)
∂²a_i/∂x_j∂x_k
g = d(p)/d(W_ij) $
"""
KINDS = """\
Comment.Single: # a layer
Keyword: index
Name.Attribute: i
Punctuation: :
Name.Class: H
Name.Variable: W
Operator: ∈
Keyword: R
Operator: ^
Punctuation: {
Name.Class: H
Operator: ×
Literal.Number: 10
Punctuation: }
Keyword: symmetric
Keyword: def
Name.Function: f
Punctuation: (
Name.Variable: z
Punctuation: )
Operator: =
Name.Variable: z
Operator: ^
Literal.Number: 2
Name.Variable: a
Punctuation: _
Name.Attribute: i
Operator: =
Name.Function: f
Punctuation: (
Name.Variable: W
Punctuation: _{
Name.Attribute: ij
Punctuation: }
Name.Variable: x
Punctuation: _
Name.Attribute: j
Punctuation: )
Operator: +
Name.Builtin: sum
Punctuation: _
Name.Attribute: k
Name.Constant: 1
Punctuation: _
Name.Attribute: k
Name.Variable: y
Punctuation: _
Name.Attribute: n
Operator: =
Name.Variable: F
Punctuation: _{
Name.Attribute: n
Punctuation: ,
Name.Variable: t
Punctuation: _
Name.Attribute: n
Punctuation: }
Name.Variable: x
Punctuation: _{
Literal.Number: 2
Name.Attribute: n
Operator: +
Literal.Number: 1
Punctuation: }
Name.Variable: p
Operator: =
Name.Constant: π
Operator: *
Name.Builtin: det
Punctuation: (
Name.Variable: W
Punctuation: )
Operator.Word: ∂²
Name.Variable: a
Punctuation: _
Name.Attribute: i
Operator.Word: /
Operator.Word: ∂
Name.Variable: x
Punctuation: _
Name.Attribute: j
Operator.Word: ∂
Name.Variable: x
Punctuation: _
Name.Attribute: k
Name.Variable: g
Operator: =
Operator.Word: d
Punctuation: (
Name.Variable: p
Punctuation: )
Operator.Word: /
Operator.Word: d
Punctuation: (
Name.Variable: W
Punctuation: _
Name.Attribute: ij
Punctuation: )
Error: $
"""


def colours(text: str) -> list[tuple[str, str]]:
    """The kinds and the texts of what is seen."""
    lexer = EinLexer(stripnl=False, ensurenl=False)
    return [(str(kind).removeprefix("Token."), value) for kind, value in lexer.get_tokens(text) if value.strip()]


def test_each_kind_of_word_has_its_colour() -> None:
    assert "".join(f"{kind}: {value}\n" for kind, value in colours(SHOWN)) == KINDS


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_has_no_wrong_word_and_keeps_its_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = list(EinLexer(stripnl=False, ensurenl=False).get_tokens(text))
    assert "".join(value for _, value in found) == text
    assert not [value for kind, value in found if kind is Token.Error]


PIECES = st.sampled_from("∂ ² x_i { ( ) } _ d( # \r \n = exp sum_i 1_ 𝑥 \u202e".split(" "))


@given(st.text(max_size=80) | st.lists(PIECES).map("".join))
def test_any_text_comes_back_piece_by_piece(text: str) -> None:
    found = list(EinLexer().get_tokens_unprocessed(text))
    assert "".join(value for _, _, value in found) == text
    assert [place for place, _, _ in found] == [len("".join(v for _, _, v in found[:n])) for n in range(len(found))]


def test_all_words_of_the_language_are_coloured_as_such() -> None:
    for name in syntax.FUNCTIONS:
        assert colours(f"y = {name}(x)")[2] == ("Name.Builtin", name)
    for name in (*syntax.AXIS_FUNCTIONS, *syntax.REDUCTIONS, *syntax.SUM_WORDS):
        assert colours(f"y = {name}_i(x_i)")[2] == ("Name.Builtin", name)
    for name in syntax.LINEAR_ALGEBRA:
        assert colours(f"y = {name}(A)")[2] == ("Name.Builtin", name)
    for name in syntax.SYMBOLS:
        assert colours(f"y = {name}_ij")[2] == ("Name.Constant", name)


def test_pygments_finds_the_colours_by_the_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["einderiv"].partition(":")
    assert getattr(import_module(module), name) is EinLexer
    assert EinLexer.filenames == ["*.ein"]
