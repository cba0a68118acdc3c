"""LaTeX: how formulas read, and that mathtext and KaTeX draw every one of them."""

from __future__ import annotations

import os
import subprocess
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from latex_formulas import of_graphs, of_programs
from matplotlib.mathtext import MathTextParser

import einderiv as ed

SCRIPT = Path(__file__).resolve().parent.parent.parent / "scripts" / "check_katex.mjs"
SOFTMAX = "A_nk = X_nd W_dk + b_k\nL = -Y_nk logsoftmax_k(A_nk)"


@lru_cache(maxsize=1)
def every_formula() -> list[str]:
    return list(dict.fromkeys([*of_programs(), *of_graphs(500)]))


GOLDEN = [
    ("a_i = W_ij x_j + b_i", r"a_{i} = W_{ij} \, x_{j} + b_{i}"),
    ("W ∈ R^{H×D}\ny_i = W_ij 1_j", "W \\in \\mathbb{R}^{H \\times D}\ny_{i} = W_{ij} \\cdot 1_{j}"),
    ("K ∈ R^{N×N} symmetric\nf = x_i K_ij x_j", "K = K^\\top \\in \\mathbb{R}^{N \\times N}\n"
     r"f = x_{i} \, K_{ij} \, x_{j}"),
    ("F_n = log(sum_c exp(A_nc))", r"F_{n} = \log\left(\sum_{c} \exp(A_{nc})\right)"),
    ("y_i = x_i / (2 z_i)", r"y_{i} = \frac{x_{i}}{2 \, z_{i}}"),
    ("y = 0.5 x^2 - x/3", r"y = \frac{1}{2} \, x^{2} - \frac{1}{3} \, x"),
    ("y_i = tanh(x_i)^2 + exp(x_i)^2", r"y_{i} = \tanh^{2}(x_{i}) + (\exp(x_{i}))^{2}"),
    ("y = 1e-7 x + pi", r"y = 10^{-7} \, x + \pi"),
    ("L = -F_nk [k == y_n]", r"L = -F_{nk} \, [k = y_{n}]"),
    ("θ_μν = hidden_μ W2_ν", r"\theta_{\mu \nu} = {\mathrm{hidden}}_{\mu} \, {W2}_{\nu}"),
    ("given ∂E/∂a_i\na_i = x_i\n∂E/∂x_i", "\\frac{\\partial E}{\\partial a_{i}}\\ \\mathrm{given}\n"
     "a_{i} = x_{i}\n\\frac{\\partial E}{\\partial x_{i}}"),
    ("index i, j: 3\nD_ij = δ_ij", "i,\\, j = 0,\\, \\ldots,\\, 2\nD_{ij} = \\delta_{ij}"),
    ("y = sqrt(x) abs(z) norm_i(v_i)", r"y = \sqrt{x} \, \left|z\right| \, \left\|v_{i}\right\|_{i}"),
    ("y_i = x_{i+1} - x_{i+0}", r"y_{i} = x_{i+1} - x_{i}"),
    ("y_i = x_{i+k} w_k", r"y_{i} = x_{i+k} \, w_{k}"),
    ("y_n = F_{n,t_n} u_{2n+1}", r"y_{n} = F_{n,t_{n}} \, u_{2n+1}"),
    ("y_i = inv(A)_ij b_j det(A)", r"y_{i} = (A^{-1})_{ij} \, b_{j} \, \det(A)"),
    ("y_i = solve(A, b)_i logdet(A)", r"y_{i} = (A^{-1} \, b)_{i} \, \log\left|\det(A)\right|"),
    ("y_ij = cholesky(S)_ij", r"y_{ij} = \operatorname{cholesky}(S)_{ij}"),
    ("y = (a_i b_i) (c_i d_i)", r"y = (a_{i} \, b_{i}) \, (c_{i} \, d_{i})"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), GOLDEN)
def test_a_text_reads_in_latex_as_in_print(text: str, expected: str) -> None:
    assert ed.parse(text).latex() == expected


def test_a_derivative_stands_as_a_fraction_on_the_left() -> None:
    J = ed.jacobian("a_i = W_ij x_j + b_i", of="a", wrt="W")
    assert J.latex() == r"\frac{\partial a_{i}}{\partial W_{kj}} = \delta_{ik} \, x_{j}"
    H = ed.derivative("f = x_i A_ij x_j", "∂²f/∂x_k∂x_l")
    assert H.latex() == r"\frac{\partial^{2} f}{\partial x_{k} \, \partial x_{l}} = A_{lk} + A_{kl}"
    v = ed.derivative("v_i = sin(x_i)", "∂v_i/∂x_i")
    assert v.latex() == r"\frac{\partial v_{i}}{\partial x_{i}} = \sum_{i} \cos(x_{i})"
    d2 = ed.derivative("y = x^3", "∂²y/∂x²")
    assert d2.latex() == r"\frac{\partial^{2} y}{\partial x^{2}} = 6 \, x"
    A = ed.derivative("f = A_ij x_j x_i", "∂(A_ij x_j)/∂x_k")
    assert A.latex() == r"\frac{\partial (A_{ij} \, x_{j})}{\partial x_{k}} = A_{ik}"
    p = ed.jvp("y_i = W_ij x_j", wrt="x")
    assert (
        p.latex()
        == r"\left(\sum \frac{\partial y}{\partial x} \, {\mathrm{dx}}\right)_{i} = W_{ij} \, {\mathrm{dx}}_{j}"
    )


def test_an_upstream_derivative_is_a_fraction_too() -> None:
    g = ed.derivative("a_i = W_ij x_j\ngiven ∂E/∂a_i", "∂E/∂W_kl")
    assert g.latex() == r"\frac{\partial E}{\partial W_{kl}} = \frac{\partial E}{\partial a_{k}} \, x_{l}"


def test_sums_are_written_where_asked() -> None:
    net = ed.parse("L = (W_ij x_j - y_i)^2")
    assert net.latex(sums=True) == r"L = \sum_{i} \left(\sum_{j} W_{ij} \, x_{j} - y_{i}\right)^{2}"
    g = ed.grad("a_i = W_ij x_j\nL = a_i z_i", wrt="x")
    assert g.latex(sums=True) == r"\frac{\partial L}{\partial x_{j}} = \sum_{i} W_{ij} \, z_{i}"


def test_a_document_aligns_the_equations() -> None:
    text = ed.grad(SOFTMAX, wrt=["W", "b"]).latex(document=True)
    assert text.startswith("\\documentclass{article}") and text.endswith("\\end{document}\n")
    assert text.count(r"\begin{align*}") == 1
    assert r"\frac{\partial L}{\partial W_{dk}} &= X_{nd} \, t_{nk} \\" in text


def test_notebooks_get_the_text_and_the_formulas() -> None:
    for shown in (ed.parse(SOFTMAX), ed.grad(SOFTMAX, wrt="W")):
        bundle = shown._repr_mimebundle_(include=None, exclude=None)
        assert bundle["text/plain"] == str(shown)
        assert bundle["text/latex"].startswith(r"$\displaystyle A_{nk} = ")
        assert shown._repr_latex_() == bundle["text/latex"]
    many = ed.parse("\n".join(f"y{n} = x" for n in range(200)))
    assert "text/latex" not in many._repr_mimebundle_()


def test_brackets_nest_as_deep_as_the_language_allows() -> None:
    text = "y = " + "(x + " * 190 + "x" + ")" * 190
    assert ed.parse(text).latex().count("x") >= 190


def test_there_are_many_formulas() -> None:
    assert len(every_formula()) > 1200


@pytest.mark.parametrize("part", range(8))
def test_mathtext_draws_every_formula(part: int) -> None:
    draw = MathTextParser("path")
    for formula in every_formula()[part::8]:
        width, height, *_ = draw.parse(f"${formula}$")
        assert np.isfinite([width, height]).all() and width > 0, formula


def test_katex_draws_every_formula() -> None:
    """Where node and KaTeX are; `.ci/run` has them, and says so with KATEX, so that there nothing is skipped."""
    if not os.environ.get("KATEX"):
        pytest.skip("needs the folder of an installed katex in the environment variable KATEX")
    found = "\n".join(every_formula())
    done = subprocess.run(["node", SCRIPT], input=found, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-4000:]
