"""The TextMate grammar of VS Code: it is up to date, and colours words as the language reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import corpus
import pytest
from textmate import Reader

from einderiv.roles import Role, pieces

ROOT = Path(__file__).resolve().parents[2]
GRAMMAR = ROOT / "editors" / "vscode" / "syntaxes" / "einderiv.tmLanguage.json"
SCRIPTS = ROOT / "scripts"
EXAMPLES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").rglob("*.ein"))}
FORMS = """\
# a remark: sum_i exp(x_i) ∂L/∂x
index i, j': H  # a size
index batch, i2
W ∈ R^{H×10} symmetric # W is square
x in R^D
c ∈ ℝ
d = 2
in2_i = d_i + T_i e_i σ_i
def f(z, w) = z^2 * w
given ∂E/∂a_i
X_{batch,k} = f(W_{batch,k}, 2x_k) + Σ_c 1_kc exp(.5e-3) − 1.5 r
y_n = F_{n,y_{n}} x_{2n+1}·x_{0} [n != 3] ** 2
p = π * det(A) + logdet(A) / solve(A, b)_i δ_ij epsilon_ijk pi
q = softmax_k(A_nk) max(a, b) max_c(A_c') where(x_i > 0, x_i', 0)
∂²L/∂x² + ∂^2L/∂x_i∂y_j
g = d(p)/d(W_ij) d2(p)/d(x)d(y)
r = 2exp(x_i) - 3sum_k x_k 2pi 4δ_ij 2f(x) 2d(p)/d(x) 3where(a > 0, 1, 0)
exp_2 = sum
s_i = [i == i'] x_i' + where(2j′2 + i'≤ k, x_j′2, x_ki')
"""
TEXTS = {"all forms": FORMS, **EXAMPLES, **{record.title: record.program for record in corpus.records()}}

SCOPES = {
    Role.NAME: "variable.other.tensor",
    Role.INDEX: "variable.parameter.index",
    Role.SIZE: "entity.name.type.size",
    Role.FUNCTION: "support.function",
    Role.OWN: "entity.name.function",
    Role.SYMBOL: "constant.language",
    Role.NUMBER: "constant.numeric",
    Role.KEYWORD: "keyword.other",
    Role.DERIVATIVE: "keyword.operator.derivative",
    Role.OPERATOR: "keyword.operator",
    Role.PUNCTUATION: "punctuation",
    Role.REMARK: "comment.line",
    Role.BLANK: "",
}


def differences(text: str, scopes: list[str]) -> Iterator[str]:
    """The pieces that are coloured otherwise than as what they are."""
    for piece in pieces(text):
        if piece.role in (Role.BLANK, Role.WRONG):
            continue
        wanted = SCOPES[piece.role]
        if piece.of(text) == "/":  # a line alone does not say which slash is that of a derivative
            wanted = "keyword.operator"
        found = set(scopes[piece.start : piece.end])
        if not all(scope.startswith(wanted) for scope in found):
            yield f"{piece.of(text)!r} at {piece.start} is {piece.role.value}, but coloured as {found}"


def test_the_grammar_is_what_the_words_of_the_language_make() -> None:
    done = subprocess.run([sys.executable, SCRIPTS / "write_editor_grammars.py", "--check"], check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.returncode == 0, "run scripts/write_editor_grammars.py"


@pytest.mark.parametrize("title", TEXTS)
def test_a_text_is_coloured_as_the_language_reads_it(title: str) -> None:
    reader = Reader(json.loads(GRAMMAR.read_text(encoding="utf-8")))
    assert list(differences(TEXTS[title], reader.scopes(TEXTS[title]))) == []


def test_vs_code_colours_the_same() -> None:
    """With the engine of VS Code; `.ci/run` has it, and says so with TEXTMATE, so that there nothing is skipped."""
    if not os.environ.get("TEXTMATE"):
        pytest.skip("needs the folder of vscode-textmate and vscode-oniguruma in the environment variable TEXTMATE")
    texts = list(TEXTS.values())
    done = subprocess.run(["node", SCRIPTS / "textmate_scopes.mjs"], input=json.dumps(texts), capture_output=True,
                          text=True, encoding="utf-8", check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    for text, lines in zip(texts, json.loads(done.stdout), strict=True):
        scopes: list[str] = []
        for line in lines:
            for length, scope in line:
                scopes += [scope] * length
            scopes.append("")
        assert len(scopes) == len(text) + 1
        assert list(differences(text, scopes)) == []
