"""Deep, long, broken and hostile texts: an answer or an `EinError` with a place, and in linear time."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import lark
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from einderiv.errors import EinError, EinSyntaxError
from einderiv.syntax import Equation, Product, Sum, decode, parse, sketch
from einderiv.syntax.building import Builder
from einderiv.syntax.grammar import grammar_text, patterns

PROGRAMS = [
    "X ∈ R^{N×D}\nA_nk = X_nd W_dk + b_k\nF_nk = A_nk - log(sum_c exp(A_nc))\nL = -y_nk F_nk\n∂L/∂W_dk\nG_k = ∂L/∂b_k",
    "index i, j: H\ndef gelu(z) = z (1 + erf(z / sqrt(2))) / 2\ny_i = gelu(x_i) + F_{i, t_i}\nd2(y_i)/d(x_j)d(x_k)",
    "given ∂E/∂a_i\na_i = W_ij x_j\ng_kl = ∂E/∂a_i ∂a_i/∂W_kl\ny_i = x_{2i+k} w_k [k <= 3] - where(a_i > 0, a_i^2, 1)",
    "M ∈ R^{N×N} symmetric\nv_i = inv(M)_ij b_j + δ_ij 1_j ε_ijk - max_c(A_ic) / sum_c softmax_c(A_ic)\n∂²L/∂x²",
]


def read(text: str) -> None:
    """Parse; any error has its places in the text and can be printed."""
    try:
        tree = parse(text)
    except EinError as error:
        for each in (error, *error.others):
            if each.labels:
                assert each.line is not None and each.column is not None and each.source is not None
                lines = each.source.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
                assert 1 <= each.line <= len(lines)
                assert 1 <= each.column <= len(lines[each.line - 1]) + 1
            assert each.helps
        assert str(error).isprintable() or "\n" in str(error)
    else:
        for statement in tree.statements:
            sketch(statement)


@settings(max_examples=1500, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    read(text)


PIECES = st.sampled_from(
    "a x_i W_ij x_{i+1} x_{ } _ { } ( ) [ ] , = == := < <= + - * / ^ ** . : 1 2 1_n 2e1 1e999 exp exp( exp_i sum_i sum "
    "Σ_i max_i( max( where( inv( inv δ_ij ∂ ∂² d( d2( ² ' × ∈ in R R^{ symmetric index given def \n \t # π T ^T а "
    "\u202e y_n F_{n,y_n} foo( )_ij \r ; $ ^T_ij ^{T}_ij ^-1_ij ^{-1} '_ij ᵀ_ij ∂_i // 1_{x_i>0} Σ_{i<j} W_i,j ^j ^2_i "
    "e^x and inf log_2( }_j {t-1} 𝟙 ‖ % 3x4".split(" ")
)


@settings(max_examples=3000, deadline=None)
@given(st.lists(st.tuples(PIECES, st.sampled_from(["", " "])), max_size=25))
def test_any_sequence_of_pieces_is_read_or_refused(pieces: list[tuple[str, str]]) -> None:
    read("".join(piece + blank for piece, blank in pieces))


@settings(max_examples=2000, deadline=None)
@given(st.sampled_from(PROGRAMS), st.integers(0, 10**6), st.integers(0, 12), PIECES)
def test_any_mutated_program_is_read_or_refused(program: str, place: int, length: int, piece: str) -> None:
    place %= len(program)
    read(program[:place] + piece + program[place + length :])


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    try:
        text = decode(data)
    except EinSyntaxError as error:
        assert error.code == "E0103"
    else:
        read(text)


NESTED = {
    "brackets": ("(", "x", ")"),
    "signs": ("-", "x", ""),
    "functions": ("exp(", "x", ")"),
    "powers": ("x^", "x", ""),
    "sums": ("sum_i ", "x_i", ""),
    "gathers": ("y_{", "i", "}"),
    "derivatives": ("∂(", "x", ")/∂y"),
}


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.parametrize("depth", [201, 5_000, 300_000])
def test_too_deep_a_nesting_is_refused(kind: str, depth: int) -> None:
    before, inner, after = NESTED[kind]
    text = ("y = " + before * depth + inner + after * depth)[: 2**20]
    with pytest.raises(EinSyntaxError, match="nested more than 200 levels") as caught:
        parse(text + "\nz_i = w_i")
    str(caught.value)
    assert [error.code for error in (caught.value, *caught.value.others)] == ["E0116"]


@pytest.mark.parametrize("kind", NESTED)
def test_some_nesting_is_fine_even_with_a_small_stack(kind: str) -> None:
    before, inner, after = NESTED[kind]
    text = "y = " + before * 190 + inner + after * 190
    parse("y = x")
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(200)
        parse(text)
    finally:
        sys.setrecursionlimit(limit)


def test_a_million_open_brackets_are_refused() -> None:
    with pytest.raises(EinSyntaxError):
        parse("y = " + "(" * 1_000_000)


def test_long_chains_are_flat() -> None:
    (total, product) = parse("y = " + " + ".join(["x_i"] * 100_000) + "\nz = " + " ".join(["x"] * 20_000)).statements
    assert isinstance(total, Equation) and isinstance(total.body, Sum) and len(total.body.terms) == 100_000
    assert isinstance(product, Equation) and isinstance(product.body, Product) and len(product.body.factors) == 20_000


def test_many_powers_divisions_and_signs_are_not_deep() -> None:
    powers, divisions, signs = " ".join(["x_i^2"] * 500), " / ".join(["sum_i x_i"] * 500), " * ".join(["-x"] * 500)
    parse(f"y = {powers} + 1 / {divisions} - {signs}")


def test_a_thousand_errors_are_counted_and_the_first_are_shown() -> None:
    text = "\n".join("a_i := x_j" if number % 2 else "b = (c" for number in range(1000))
    parse("y = x")
    with pytest.raises(EinSyntaxError) as caught:
        parse(text)
    shown = str(caught.value)
    assert len(caught.value.others) == 999
    assert shown.endswith("... and 980 more")


def test_threads_may_be_the_first_together() -> None:
    seen: list[str] = []
    threads = [
        threading.Thread(target=lambda: seen.append(sketch(parse("a_i = W_ij x_j").statements[0]))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["a_i = (W_ij x_j)"] * 8


@pytest.mark.parametrize("character", ["a", "1", "_", "{", "'", "²", " ", "#", "∂", "e", "."])
def test_no_terminal_is_slow_on_a_long_run(character: str) -> None:
    start = time.process_time()
    for pattern in patterns():
        pattern.match(character * 1_000_000 + "!")
    assert time.process_time() - start < 10  # linear takes milliseconds; backtracking would take hours


def test_the_grammar_has_no_conflicts(capfd: pytest.CaptureFixture[str]) -> None:
    class Nothing(lark.lexer.Lexer):
        def __init__(self, configuration: object) -> None:
            del configuration

        def lex(self, lexer_state: object, parser_state: object) -> object:
            return iter(())

    lark.logger.setLevel("DEBUG")
    try:
        lark.Lark(grammar_text(), parser="lalr", lexer=Nothing, transformer=Builder(), debug=True)
    finally:
        lark.logger.setLevel("CRITICAL")
    assert "conflict" not in capfd.readouterr().err


def test_every_example_parses(root: Path) -> None:
    for path in sorted((root / "examples").glob("*.ein")):
        assert parse(decode(path.read_bytes(), path.name), path.name).statements, path.name
