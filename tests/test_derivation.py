"""`f.steps()`: derivations by hand, of which every line is true."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from corpus import Record, draw, records
from matplotlib.mathtext import MathTextParser
from test_corpus import only

import einderiv as ed
from einderiv.derivation import Derivation

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "check_katex.mjs"
GOLDEN = [record for record in records() if record.kind == "derivative"]
LAYER = "a_i = W_ij x_j + b_i\ngiven ∂E/∂a_i"

LINEAR_LAYER = """\
∂E/∂W_kl
  = ∂E/∂a_i ∂a_i/∂W_kl                         chain rule
  = ∂E/∂a_i ∂(W_ij x_j + b_i)/∂W_kl            definition of `a`
  = ∂E/∂a_i (∂(W_ij x_j)/∂W_kl + ∂b_i/∂W_kl)   sum rule
  = ∂E/∂a_i ∂(W_ij x_j)/∂W_kl                  `b` does not depend on `W`
  = ∂E/∂a_i ∂W_ij/∂W_kl x_j                    constant factors
  = ∂E/∂a_i δ_ik δ_jl x_j                      ∂W_ij/∂W_kl = δ_ik δ_jl
  = ∂E/∂a_k x_l                                contract δ"""


def steps_of(text: str, title: str) -> Derivation:
    found = ed.derivative(text, title).steps()
    assert isinstance(found, Derivation)
    return found


def test_the_linear_layer_reads_as_in_lecture_notes() -> None:
    assert str(steps_of(LAYER, "∂E/∂W_kl")) == LINEAR_LAYER


def test_equal_terms_are_one_whatever_their_sums_are_called() -> None:
    assert steps_of("f = x_i A_ij A_kj x_k", "∂f/∂x_l").steps[-1].text == "2 A_lj A_kj x_k"
    assert steps_of("E = (x_i x_i)^2", "∂E/∂x_k").steps[-1].text == "4 x_i x_i x_k"
    assert steps_of("f = x_i A_ij x_j", "∂f/∂x_k").steps[-1].text == "A_kj x_j + x_i A_ik"


def test_a_cholesky_factor_needs_a_name() -> None:
    assert len(steps_of("L_ij = cholesky(A)_ij", "∂L_ij/∂A_kl")) == 5
    with pytest.raises(ed.EinTypeError, match=r"needs a name for `cholesky\(A\)`") as caught:
        steps_of("f = cholesky(A)_ij x_i x_j", "∂f/∂A_kl")
    assert caught.value.code == "E0413"


def test_softmax_regression_ends_short() -> None:
    steps = steps_of("A_nk = X_nd W_dk + 1_n b_k\nL = -Y_nk logsoftmax_k(A_nk)", "∂L/∂b_c")
    assert steps.steps[-1].text == "-sum_n Y_nc + sum_{n,k} Y_nk softmax_c(A_nc)"


LABELLED = "A_nk = X_nd W_dk + b_k\nF_nk = logsoftmax_k(A_nk)\n"


@pytest.mark.parametrize(
    ("loss", "title", "last"),
    [
        ("L = -F_{n,y_n}", "∂L/∂W_dk", "-[k == y_n] X_nd + softmax_k(A_nk) X_nd"),
        ("L = -F_{n,y_n}", "∂L/∂b_k", "-sum_n [k == y_n] + sum_n softmax_k(A_nk)"),
        ("L = -w_n F_{n,y_n}", "∂L/∂b_k", "-w_n [k == y_n] + w_n softmax_k(A_nk)"),
        # here y_n may lie outside
        ("L = -F_nk [k == y_n]", "∂L/∂b_k", "-sum_n [k == y_n] + sum_{n,i} softmax_k(A_nk) [i == y_n]"),
    ],
)
def test_a_position_is_met_once_where_a_tensor_is_read_at_it(loss: str, title: str, last: str) -> None:
    rng = np.random.default_rng(2)
    arrays = {"X": rng.normal(size=(20, 7)), "W": rng.normal(size=(7, 3)), "b": rng.normal(size=3)}
    arrays |= {"y": rng.integers(3, size=20)} | ({"w": rng.normal(size=20)} if "w" in loss else {})
    assert every_line_is_true(LABELLED + loss, title, arrays).steps[-1].text == last


def test_a_position_that_nothing_else_counts_stays_a_sum() -> None:
    assert steps_of("L = sum_n x_{t_n}", "∂L/∂x_k").steps[-1].text == "sum_n [k == t_n]"
    once = every_line_is_true("L = sum_n (x_{t_n} + c)", "∂L/∂c", {"x": np.ones(3), "t": np.array([2, 0, 2]), "c": 1.0})
    assert once.steps[-1].text == "sum_n 1_n"


def every_line_is_true(text: str, title: str, arrays: dict[str, np.ndarray]) -> Derivation:
    """Each right side, as an equation of the program, has the value of the derivative."""
    net = ed.parse(text)
    f = ed.derivative(net, title)
    value = np.asarray(f(arrays))
    steps = f.steps()
    assert isinstance(steps, Derivation)
    for step in steps:
        subscript = "_{" + ",".join(steps.letters) + "}" if steps.letters else ""
        sizes = dict(zip(steps.letters, value.shape, strict=True))
        declared: list[str] = []
        while True:  # a size that nothing on the right gives has to be declared
            try:
                line = ed.parse("\n".join([*declared, text, f"outcome{subscript} = {step.text}"]))
                break
            except ed.EinIndexError as error:
                named = re.findall(r"`(\w+)`", error.args[0])
                assert error.code in ("E0202", "E0303") and len(declared) < 5, f"{error}\n{steps}\n{step.text}"
                letter = next((each for each in named if each in sizes), named[0])
                declared.append(f"index {letter}: {sizes.get(letter, 3)}")
        found = ed.function(line, of="outcome")(arrays)
        np.testing.assert_allclose(
            found, value, rtol=1e-9, atol=1e-9 * np.max(np.abs(value), initial=1.0), err_msg=f"{steps}\n{step.text}"
        )
    assert "∂(" not in steps.steps[-1].text
    return steps


@pytest.mark.parametrize("record", GOLDEN, ids=lambda record: record.name)
def test_every_line_of_a_golden_derivative_is_true(record: Record) -> None:
    values = draw(record, 1)
    every_line_is_true(record.program, record.ask, only(ed.parse(record.program).inputs, values))


PROGRAMS = [
    ("y_n = logsumexp_c(W_nc x_c)", "∂y_n/∂x_k"),
    ("y_n = max_c(W_nc x_c) + min_c(W_nc)", "∂y_n/∂x_k"),
    ("y_n = prod_c(W_nc x_c) + norm_c(W_nc x_c) + mean_c(W_nc x_c)", "∂y_n/∂x_k"),
    ("y_n = x_n prod_c(W_nc)", "∂y_n/∂W_mk"),
    ("y_nc = softmax_c(W_nc x_c) cumsum_c(W_nc)", "∂y_nc/∂W_mk"),
    ("y_i = where(x_i > 0, exp(x_i), x_i^3) + atan2(x_i, z_i) + max(x_i, z_i)", "∂y_i/∂x_j"),
    ("y_i = abs(x_i)^p / (1 + x_i^2)", "∂y_i/∂x_j"),
    ("y_i = (2 + tanh(x_i))^x_i + sqrt(2 + sin(x_i)) sigmoid(x_i) softplus(x_i) - relu(x_i) / erf(x_i)", "∂y_i/∂x_j"),
    ("def gelu(z) = z (1 + erf(z / sqrt(2))) / 2\ny_i = gelu(W_ij x_j)", "∂y_i/∂x_k"),
    ("def gelu(z) = z (1 + erf(z / sqrt(2))) / 2\ny_i = gelu(W_ij x_j)", "∂y_i/∂W_kl"),
    ("h_i = tanh(W_ij x_j)\nL = (V_ai h_i - y_a)^2", "∂L/∂W_kl"),
    ("h_i = tanh(W_ij x_j)\nL = (V_ai h_i - y_a)^2", "∂L/∂h_k"),
    ("h_i = tanh(W_ij x_j)\nL = (V_ai h_i - y_a)^2", "∂²L/∂x_k∂x_l"),
    ("h_i = tanh(W_ij x_j)\ngiven ∂E/∂h_i\nq_i = x_i x_i\ngiven ∂E/∂q_i", "∂E/∂x_k"),
    ("f = x_i A_ij x_j\ng_k = ∂f/∂x_k\nL = g_k g_k", "∂L/∂x_m"),
    ("y = x^3 + x", "∂²y/∂x²"),
    ("v_i = sin(x_i)", "∂v_i/∂x_i"),
    ("f = M_ii + M_ij M_ji", "∂f/∂M_kl"),
    ("y = sum_{i,j} (x_i + z_j)", "∂y/∂x_k"),
    ("c_i = ε_ijk p_j r_k\nL = c_i c_i", "∂L/∂p_m"),
    ("L = -F_nk [k == z_n]\nF_nk = logsoftmax_k(A_nk)", "∂L/∂A_mc"),
    ("S ∈ R^{N×N} symmetric\nf = x_i S_ij y_j + S_ij S_ij", "∂f/∂S_kl"),
    ("B_ij = A_ij + δ_ij\nf = x_i solve(B, y)_i + det(B)", "∂f/∂A_kl"),
    ("f = x_i solve(A, Y)_ij z_j", "∂f/∂Y_kl"),
    ("Y_bij = inv(A)_bij", "∂Y_bij/∂A_ckl"),
    ("index i: 2\nindex k: 2\nL = (y_i - x_{i+k} w_k)^2", "∂L/∂x_p"),
    ("index i: 2\nindex k: 2\nL = (y_i - x_{i+k} w_k)^2", "∂L/∂w_k"),
    ("y_i = h_{0} h_i\nh_i = x_i^2", "∂y_i/∂x_j"),
]


@pytest.mark.parametrize(("text", "title"), PROGRAMS)
def test_every_rule_leads_to_true_lines(text: str, title: str) -> None:
    net = ed.parse(text)
    rng = np.random.default_rng(0)
    sizes = {dim: 3 for dim in net.letters}
    arrays = {
        name: rng.uniform(0.2, 0.9, size=[dim.size or sizes.get(dim, 3) for dim in argument.node.axes])
        for name, argument in net.checked.inputs.items()
    }
    arrays |= {name: arrays[name] + arrays[name].T for name in arrays if net.checked.inputs[name].node.symmetric}
    every_line_is_true(text, title, arrays)


def formulas() -> list[str]:
    asked = [(record.program, record.ask) for record in GOLDEN] + PROGRAMS
    asked.append(("θ_i = Wq_ij μ_j é_j", "∂θ_i/∂μ_k"))
    return [line for text, title in asked for line in steps_of(text, title).latex().splitlines()]


def test_mathtext_draws_every_line() -> None:
    draw_ = MathTextParser("path")
    for formula in formulas():
        assert draw_.parse(f"${formula}$").width > 0


def test_katex_draws_every_line() -> None:
    if not os.environ.get("KATEX"):
        pytest.skip("needs the folder of an installed katex in the environment variable KATEX")
    found = "\n".join(formulas())
    done = subprocess.run(["node", SCRIPT], input=found, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-4000:]


def test_a_line_of_latex_names_its_rule() -> None:
    lines = steps_of(LAYER, "∂E/∂W_kl").latex().splitlines()
    assert lines[0].startswith(r"\frac{\partial E}{\partial W_{kl}} = \frac{\partial E}{\partial a_{i}} \, \frac")
    assert lines[0].endswith(r"{\partial W_{kl}} \qquad \text{chain rule}")
    assert lines[3].endswith(r"\qquad b\text{ does not depend on }W")
    assert lines[-1] == r" = \frac{\partial E}{\partial a_{k}} \, x_{l} \qquad \text{contract }\delta"


def test_several_results_have_a_derivation_each() -> None:
    found = ed.grad("L = x_i A_ij y_j", wrt=["x", "y"]).steps()
    assert isinstance(found, dict)
    assert list(found) == ["∂L/∂x_i", "∂L/∂y_j"]
    assert [steps.steps[-1].text for steps in found.values()] == ["A_ij y_j", "x_i A_ij"]


def test_notebooks_show_the_lines() -> None:
    bundle = steps_of(LAYER, "∂E/∂W_kl")._repr_mimebundle_(include=None, exclude=None)
    assert bundle["text/plain"] == LINEAR_LAYER
    assert bundle["text/latex"].count(r"\displaystyle") == 7


def test_what_is_no_derivative_has_no_derivation() -> None:
    with pytest.raises(ed.EinTypeError, match="`y` is no derivative"):
        ed.function("y_i = x_i").steps()
    with pytest.raises(ed.EinTypeError, match="is no derivative"):
        ed.jvp("y_i = x_i^2").steps()


def test_given_derivatives_that_depend_on_each_other_are_refused() -> None:
    text = "h_i = tanh(x_i)\ngiven ∂E/∂h_i\nq_i = h_i h_i\ngiven ∂E/∂q_i"
    with pytest.raises(ed.EinTypeError, match="of which one depends on another"):
        ed.derivative(text, "∂E/∂x_k").steps()


def test_a_derivation_that_nobody_would_read_is_refused() -> None:
    text = "\n".join(["h0_i = x_i", *(f"h{n + 1}_i = tanh(h{n}_i) + h{n}_i" for n in range(200)), "L = h200_i h200_i"])
    with pytest.raises(ed.EinTypeError, match="too long to be read"):
        ed.grad(text, of="L", wrt="x").steps()


def test_the_slope_of_every_function_is_in_words_of_the_language() -> None:
    names = "sinh cosh tan asin acos atan asinh atanh log1p expm1 logsigmoid gelu silu elu erfc lgamma digamma square"
    for name in names.split():
        every_line_is_true(
            f"y_i = {name}(x_i z_i)", "∂y_i/∂x_k", {"x": np.array([0.3, 0.6]), "z": np.array([0.7, 0.9])}
        )
    text = "y_i = acosh(1 + x_i) + clip(x_i, 0.4, z_i) + floor(x_i) x_i"
    every_line_is_true(text, "∂y_i/∂x_k", {"x": np.array([0.3, 0.6]), "z": np.array([0.7, 0.9])})
