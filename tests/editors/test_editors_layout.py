"""Laying out: what a program says stays, remarks and blank lines stay, and doing it twice changes nothing."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import corpus
import pytest
from error_goldens import cases
from hypothesis import given, settings
from hypothesis import strategies as st

from einderiv.cli import main
from einderiv.errors import EinError, EinSyntaxError
from einderiv.formatting import formatted
from einderiv.syntax import IndexDeclaration, Tree, Word, parse, words

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").rglob("*.ein"))
GOLDEN = {record.title: record.program for record in corpus.records()}


def refused_late() -> Iterator[str]:
    """Texts that read well and are refused for what they mean."""
    for case in cases():
        text = case.text
        try:
            parse(text)
        except EinError:
            continue
        yield text


PROGRAMS = [path.read_text(encoding="utf-8") for path in EXAMPLES] + list(GOLDEN.values()) + list(refused_late())


def meaning(tree: Tree) -> object:
    """A tree as nested tuples without places, every word of a subscript as its letters."""
    lines = [each for each in tree.statements if isinstance(each, IndexDeclaration)]
    declared = {word.text for line in lines for word in line.words}

    def plain(piece: object) -> object:
        if isinstance(piece, Word):
            whole = piece.braced and piece.text in declared
            return (piece.text,) if whole else tuple(re.findall(r"[^\W\d_]\d*'*", piece.text))
        if hasattr(piece, "_fields"):  # a piece of the tree
            names = [name for name in piece._fields if not name.endswith("span") and name != "source"]
            return type(piece).__name__, *(plain(getattr(piece, name)) for name in names)
        if isinstance(piece, tuple):
            found: list[object] = []
            for each in piece:
                made = plain(each)
                found += made if isinstance(each, Word) and isinstance(made, tuple) else [made]
            return tuple(found)
        return piece

    return plain(tree)


@pytest.mark.parametrize("text", PROGRAMS)
def test_a_program_means_the_same_and_is_stable(text: str) -> None:
    found = formatted(text)
    assert meaning(parse(found)) == meaning(parse(text))
    assert formatted(found) == found
    assert remarks(found) == remarks(text)


def remarks(text: str) -> list[str]:
    return [match.rstrip() for match in re.findall(r"#[^\r\n]*", text)]


GLUED = ("OPEN", "SUBSCRIPT", "SUBSCRIPT_OPEN", "SUPERSCRIPT")


def spread(text: str, rng: random.Random) -> str:
    """The text with other blanks, line ends and braces, where these mean nothing."""
    out, end, inside = [], 0, []
    for tokens in words(text):
        for place, token in enumerate(tokens):
            start = token.start_pos or 0
            gap = text[end:start]
            word = str(token)
            if place and not re.search(r"[\r\n#]", gap):
                if token.type not in GLUED and "SUBSCRIPT_OPEN" not in inside:
                    gap = (" " if gap else "") + " " * rng.randrange(3)
            braces = token.type == "SUBSCRIPT" and place + 1 < len(tokens) and tokens[place + 1].type != "OPEN"
            if braces and not inside and rng.random() < 0.5:
                word = "_{" + rng.choice([word[1:], f" {word[1:]} "]) + "}"
            if token.type in ("SUBSCRIPT_OPEN", "LBRACE"):
                inside.append(token.type)
            elif token.type == "RBRACE":
                inside.pop()
            out += [gap, word]
            end = token.end_pos or 0
    return "".join(out) + text[end:]


@pytest.mark.parametrize("seed", range(6))
def test_the_layout_does_not_depend_on_how_a_text_was_spaced(seed: int) -> None:
    rng = random.Random(seed)
    compared = 0
    for text in PROGRAMS:
        other = spread(text, rng)
        try:
            same = meaning(parse(other)) == meaning(parse(text))
        except EinSyntaxError:  # a blank may part what has to be glued, such as `x^ T`
            continue
        if same:
            compared += 1
            assert formatted(other) == formatted(text)
    assert compared > 0.9 * len(PROGRAMS)


WORDS = (
    "x_i W_ij x_{i+1} x_{ i , j } ( ) [ ] , = == < + - * / ^ ** 2 1_n .5 1. 2e1 exp( sum_i max_i( max( where( "
    "inv(A)_{ij} δ_ij ∂x_i /∂y_{j} d(a)/d(b) ∂²L/∂x² F_{n y_n} \n #r \t"
).split(" ")


@settings(max_examples=600)
@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(["", " ", "\n"])), min_size=1, max_size=8))
def test_whatever_can_be_read_means_the_same_when_laid_out(pieces: list[tuple[str, str]]) -> None:
    text = "y = " + "".join(word + gap for word, gap in pieces)
    try:
        expected = meaning(parse(text))
    except EinError:
        return
    found = formatted(text)
    assert meaning(parse(found)) == expected
    assert formatted(found) == found
    assert remarks(found) == remarks(text)


CASES = {
    "signs": ("y_i=+ a_i- -b_i*-c_i/ d", "y_i = +a_i - -b_i * -c_i / d"),
    "powers": ("y = x ^ -2+ 3 ** 2 ** n", "y = x^-2 + 3**2**n"),
    "products": ("y_i = 2W_ij(x_j+1)(z)·c", "y_i = 2 W_ij (x_j + 1) (z) · c"),
    "numbers": ("y = .5x+1e-3y2 - 2e_i 2e1", "y = .5 x + 1e-3 y2 - 2 e_i 2e1"),
    "braces": ("a_{i j} = b_{ij}c_{i}", "a_ij = b_ij c_i"),
    "braces that part": ("a_{ij,k} = K_{i1 , j2}x_{k'}", "a_{ij,k} = K_{i1,j2} x_k'"),
    "a declared name": ("index ij ,k : 3\na_{ij} = b_{i,j} c_{i,j,k} d_{k}",
                        "index ij, k: 3\na_{ij} = b_{i,j} c_ijk d_k"),
    "positions": ("y_i=x_{ 2i + k }w_{ 0 }F_{ n , y_{n}}", "y_i = x_{2i+k} w_{0} F_{n,y_n}"),
    "a bracket of words": ("m=[ i<=j ]*[k==y_n]", "m = [i <= j] * [k == y_n]"),
    "calls": ("y=max( a,b )+exp( x )*max_{c}( A_c )", "y = max(a, b) + exp(x) * max_c(A_c)"),
    "sums": ("L=sum_i(x_i)^2+Σ_{i,j}A_ij", "L = sum_i (x_i)^2 + Σ_ij A_ij"),
    "derivatives": ("∂² L / ∂x_{i} ∂ y_j", "∂²L/∂x_i∂y_j"),
    "derivatives in letters": ("G_ij=d2( L )/d( x_i ) d( y_j )*2", "G_ij = d2(L)/d(x_i)d(y_j) * 2"),
    "a chain": ("g_kl=∂E/∂a_i∂a_i/∂W_kl", "g_kl = ∂E/∂a_i ∂a_i/∂W_kl"),
    "twice by one scalar": ("∂² L/ ∂ x²", "∂²L/∂x²"),
    "shapes": ("W∈R^{ H × H }   symmetric\nx in R^ D\nc∈ℝ", "W ∈ R^{H×H} symmetric\nx in R^D\nc ∈ ℝ"),
    "functions of one's own": ("def f( z ,w)=z*w\ngiven  ∂E / ∂a_i", "def f(z, w) = z * w\ngiven ∂E/∂a_i"),
    "algebra": ("x_i=solve( A,b )_{i}+inv(A)_{ij}b_j", "x_i = solve(A, b)_i + inv(A)_ij b_j"),
    "ones": ("a_nk=1_{n}b_k", "a_nk = 1_n b_k"),
    "remarks": ("a=b#one\nlong_i=c_i     # two\n  # three  \n\n\n#four",
                "a = b         #one\nlong_i = c_i  # two\n# three\n\n#four"),
    "a statement over lines": ("a_i=b_i+#one\nc_i\nd=(\n\n\ne +\nexp(\ng\n))",
                               "a_i = b_i +  #one\n    c_i\nd = (\n\n    e +\n    exp(\n        g\n))"),
    "line ends": ("\ufeff\r\na=b\rc=d\r\n\r\n\r\n", "a = b\nc = d"),
    "items on two lines": ("a_{i\nj} = 2 b_ij", "a_{i,\n    j} = 2 b_ij"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_each_rule_lays_out_its_case(text: str, expected: str) -> None:
    assert formatted(text) == expected + "\n"
    assert meaning(parse(formatted(text))) == meaning(parse(text))


def test_nothing_stays_nothing() -> None:
    assert formatted("") == formatted(" \n\n") == ""
    assert formatted("#") == "#\n"


def test_a_deep_program_is_laid_out_too() -> None:
    text = "y = " + "(" * 150 + "x" + ")" * 150
    assert formatted(text.replace("(", "( ")) == text + "\n"


# ---------------------------------------------------------------- the command


def test_the_command_writes_in_place_and_keeps_links_and_modes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, link = tmp_path / "model.ein", tmp_path / "link.ein"
    path.write_bytes(b"\xef\xbb\xbfa_{i}=b_i\r\n")
    path.chmod(0o640)
    link.symlink_to(path)
    assert main(["fmt", str(link)]) == 0
    assert path.read_bytes() == b"a_i = b_i\n"
    assert link.is_symlink() and path.stat().st_mode & 0o777 == 0o640
    assert capsys.readouterr().out == f"reformatted {link}\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.ein", "model.ein"]
    assert main(["fmt", str(link)]) == 0
    assert capsys.readouterr().out == ""


def test_check_and_diff_write_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.ein", tmp_path / "bad.ein"
    good.write_text("a = b\n", encoding="utf-8")
    bad.write_text("a=b\n", encoding="utf-8")
    assert main(["fmt", "--check", str(good)]) == 0
    assert main(["fmt", "--check", str(good), str(bad)]) == 1
    assert capsys.readouterr().out == f"would reformat {bad}\n"
    assert main(["fmt", "--diff", str(good), str(bad)]) == 0
    assert capsys.readouterr().out == f"--- {bad}\n+++ {bad}\n@@ -1 +1 @@\n-a=b\n+a = b\n"
    assert main(["fmt", "--check", "--diff", str(bad)]) == 1
    assert "+a = b" in capsys.readouterr().out
    good.write_bytes(b"a = b\r\n")
    assert main(["fmt", "--diff", str(good)]) == 0
    assert "line ends" in capsys.readouterr().out
    assert bad.read_text(encoding="utf-8") == "a=b\n"


def test_a_file_with_errors_is_left_alone_and_the_others_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong, good = tmp_path / "wrong.ein", tmp_path / "good.ein"
    wrong.write_text("a=(b\nc=d+\n", encoding="utf-8")
    good.write_text("a=b\n", encoding="utf-8")
    assert main(["fmt", str(wrong), str(good), "--format", "concise"]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("error[") == 2
    assert wrong.read_text(encoding="utf-8") == "a=(b\nc=d+\n"
    assert good.read_text(encoding="utf-8") == "a = b\n"


def test_a_file_that_cannot_be_replaced_stays_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.ein"
    path.write_text("a=b\n", encoding="utf-8")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.replace", refuse)
    assert main(["fmt", str(path)]) == 1
    assert "Permission denied" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "a=b\n"
    assert [each.name for each in tmp_path.iterdir()] == ["model.ein"]
