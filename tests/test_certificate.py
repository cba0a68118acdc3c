"""`einderiv check` as a certificate: what is right passes, what is wrong is found, and it says how it was compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from corpus import records
from reference import _NumPy

import einderiv as ed
from einderiv import complex_step, numerical, samples
from einderiv.cli import main
from einderiv.ir import FUNCTIONS, functions
from einderiv.ir.elements import Elements as Slope
from einderiv.numerical import COMPLEX, DIFFERENCES, Finding

EXAMPLES = Path(__file__).parent.parent / "examples"
FILES = sorted(path for path in EXAMPLES.rglob("*.ein") if "wrong" not in path.name)
BROKEN = {  # how each function with a slope is written, where that is not f(x)
    "pow": "x_i^p", "atan2": "atan2(x_i, p)", "max": "max(x_i, p)", "min": "min(x_i, p)", "clip": "clip(x_i, p, q)",
    "where": "where(x_i > 1, p, x_i)", "reciprocal": "1/x_i",
}  # fmt: skip
INTERNAL = {
    "xlogx", "inverse_or_zero", "one_minus_square", "root_of_one_plus_square", "sech_squared", "logistic_density",
    "gaussian", "digamma", "polygamma", "erfc", "logsigmoid", "xlogy",
}  # fmt: skip


def found(text: str, **options: int | tuple[int, ...]) -> dict[str, Finding]:
    """The findings on a program by title."""
    return {finding.title: finding for finding in numerical.findings(ed.parse(text), **options)}


def checked(capsys: pytest.CaptureFixture[str], path: Path, *options: str) -> tuple[int, str]:
    """The exit status and what is printed."""
    status = main(["check", str(path), *options])
    return status, capsys.readouterr().out


# ------------------------------------------------------------------ what passes


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_example_agrees_with_the_complex_step(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, printed = checked(capsys, path)
    assert status == 0, printed
    assert DIFFERENCES not in printed
    assert "none beyond 1e-10 (complex step); sizes 1, 2, 3; seed 0" in printed


@pytest.mark.parametrize("record", records(), ids=lambda record: record.name)
def test_every_golden_derivative_agrees_at_sizes_of_its_own(record: object) -> None:
    text = record.program + (f"\n{record.ask}" if record.kind == "derivative" else "")
    for finding in numerical.findings(ed.parse(text), seed=1, lengths=(1, 3)):
        assert finding.within(), finding
        assert finding.method == COMPLEX


def test_second_derivatives_are_checked_where_asked_and_with_the_first_ones() -> None:
    text = "L = sum_i exp(x_i) tanh(b)"
    assert list(found(text)) == ["∂L/∂x", "∂L/∂b"]
    both = found(text, order=2)
    assert list(both) == ["∂L/∂x", "∂L/∂b", "∂²L/∂x∂x", "∂²L/∂x∂b", "∂²L/∂b∂b"]
    assert all(finding.within() for finding in both.values())
    lower = found("y_i = x_i^3\n∂²y_i/∂x_i∂x_j")
    assert set(lower) == {"∂y/∂x", "∂²y/∂x∂x"}


def test_brackets_that_read_alike_in_print_are_told_apart() -> None:
    text = "a_i = ∂(x_i^2)/∂x_j c_j\nb_i = ∂(x_i^3)/∂x_j c_j"
    assert {"∂(…)/∂x", "∂(…)/∂x (2)"} <= set(found(text))


@pytest.mark.parametrize(
    "body",
    ["abs(x_i)", "relu(x_i)", "max(x_i, y_i)", "min(x_i, 0)", "clip(x_i, -1, 1)", "where(x_i > 0, x_i^2, y_i)",
     "floor(x_i) y_i", "sign(x_i) y_i", "elu(x_i)", "[x_i > y_i] x_i", "max(abs(x_i), abs(y_i)) round(x_i)"],
)  # fmt: skip
def test_functions_with_kinks_agree_to_rounding_beside_them(body: str) -> None:
    for finding in found(f"L = sum_i({body})", seed=3).values():
        assert finding.method == COMPLEX
        assert finding.error < 1e-13, finding


def test_maxima_and_orders_of_elements_agree() -> None:
    for finding in found("L = max_i(x_i) min_i(x_i) + prod_i(x_i) + norm_i(x_i)\nk = argmax_i(x_i)\ny = L^2").values():
        assert finding.error < 1e-13, finding


def test_a_function_unknown_at_complex_points_is_compared_with_differences() -> None:
    finding = found("L = sum_i lgamma(x_i)")["∂L/∂x"]
    assert finding.method == DIFFERENCES
    assert finding.error < 1e-9
    assert finding.within()


def test_without_scipy_the_error_function_is_compared_with_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(complex_step, "import_module", absent)
    assert found("L = sum_i erf(x_i)")["∂L/∂x"].method == DIFFERENCES


# --------------------------------------------------------------- what is found


def slightly_wrong(slope: Callable[..., Slope] | None) -> Callable[..., Slope] | None:
    """A slope that is off by one part in ten million."""
    return slope and (lambda y, *arguments: (1 + 1e-7) * slope(y, *arguments))


@pytest.mark.parametrize(
    "name", [name for name, row in FUNCTIONS.items() if any(row.slopes) and name not in INTERNAL | {"lgamma"}]
)
def test_a_slope_that_is_off_in_the_seventh_digit_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = FUNCTIONS[name]
    text = f"L = sum_i {BROKEN.get(name, f'{name}(x_i)')}"
    assert all(finding.within() for finding in found(text).values())
    monkeypatch.setitem(functions.FUNCTIONS, name, replace(row, slopes=tuple(map(slightly_wrong, row.slopes))))
    assert any(1e-9 < finding.error < 1e-6 and not finding.within() for finding in found(text).values())


def test_a_wrong_rule_of_linear_algebra_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.ein"
    path.write_text("L = a_i inv(A)_ij b_j + 3 det(A) x\n", encoding="utf-8")
    assert checked(capsys, path)[0] == 0
    inner = numerical._function
    monkeypatch.setattr(
        numerical, "_function", lambda program, node: lambda arrays: np.swapaxes(inner(program, node)(arrays), -1, -2)
        if node.below[0].name == "A" else inner(program, node)(arrays),
    )  # fmt: skip
    status, printed = checked(capsys, path)
    assert status == 1
    assert re.search(r"∂L/∂A +\d\.\de[+-]\d\d +complex step +\d+ +WRONG", printed)
    assert "4 derivatives, 1 beyond the tolerance" in printed


def test_a_wrong_rule_is_found_by_differences_too(monkeypatch: pytest.MonkeyPatch) -> None:
    row = FUNCTIONS["lgamma"]
    wrong = replace(row, slopes=(lambda y, x: 1.0001 * row.slopes[0](y, x),))
    monkeypatch.setitem(functions.FUNCTIONS, "lgamma", wrong)
    assert not found("L = sum_i lgamma(x_i)")["∂L/∂x"].within()


def test_a_derivative_that_is_small_beside_the_value_is_still_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    row = FUNCTIONS["sin"]
    monkeypatch.setitem(functions.FUNCTIONS, "sin", replace(row, slopes=(lambda y, x: 1.01 * x("cos"),)))
    assert not found("L = 1000 + sum_i sin(x_i)")["∂L/∂x"].within()


def test_data_at_which_nothing_is_finite_are_no_certificate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.ein"
    path.write_text("L = log(-x^2)\nM = y^2\n∂L/∂x\n", encoding="utf-8")
    status, printed = checked(capsys, path)
    assert status == 1
    assert re.search(r"∂L/∂x +- +no finite data +0 +NOT CHECKED", printed)
    assert printed.endswith("2 derivatives, none beyond 1e-10 (complex step), 1 not checked; sizes 1, 2, 3; seed 0\n")


def test_the_tolerance_is_the_users(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.ein"
    path.write_text("L = sum_i exp(sin(x_i))\n", encoding="utf-8")
    assert checked(capsys, path, "--tolerance", "1e-30")[0] == 1
    assert "none beyond 0.1 (complex step)" in checked(capsys, path, "--tolerance", "0.1")[1]


@pytest.mark.parametrize("sizes", ["0", "1,x", "", "2,-1"])
def test_sizes_that_are_none_are_wrong_usage(tmp_path: Path, sizes: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["check", "p.ein", "--sizes", sizes])
    assert stopped.value.code == 2


def test_a_program_without_inputs_has_nothing_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.ein"
    path.write_text("x = 2\n", encoding="utf-8")
    assert checked(capsys, path) == (0, "there is no derivative to check\n")


# ------------------------------------------------------------------ the samples


def test_sizes_differ_and_those_that_are_fixed_stay() -> None:
    program = ed.parse("W ∈ R^{H×7}\na_i = W_ij x_j b_k c_kl d_l")
    one, two, three = ({dim.name: n for dim, n in samples.sizes(program, n).items()} for n in (1, 2, 3))
    assert set(one.values()) == {1, 7}
    assert sorted(two.values()) == [2, 3, 4, 7]
    assert sorted(three.values()) == [4, 5, 6, 7]
    assert two["H"] < min(two[name] for name in two if name not in ("H", "7"))
    assert three["H"] > max(three[name] for name in three if name not in ("H", "7"))


def test_axes_are_long_enough_for_fixed_positions_and_short_enough_for_reversed_ones() -> None:
    for text in ("y = x_{5} x_{3}", "y_i = x_{0} x_{3-i} w_i", "y_i = x_{2i+k} w_k"):
        assert all(finding.within() for finding in found(text).values()), text


def test_positions_are_drawn_inside_their_axis() -> None:
    program = ed.parse("L = -sum_n logsoftmax_k(F_nk) [k == y_n]\nM = F_{n,t_n} z_n\ns_n = t_n + 0 z_n\n∂M/∂F_nk")
    lengths = samples.sizes(program, 3)
    drawn = list(samples.arrays(program, lengths, np.random.default_rng(0)))
    assert len(drawn) == samples.ATTEMPTS
    for arrays in drawn:
        for name in ("y", "t"):
            assert set(arrays[name].tolist()) <= set(range(arrays["F"].shape[1]))


def test_symmetric_and_positive_definite_matrices_are_drawn_where_they_are_needed() -> None:
    program = ed.parse("S ∈ R^{N×N} symmetric\nL = S_ij x_i x_j + logdet(K)\nC_ij = cholesky(K)_ij")
    for arrays in samples.arrays(program, samples.sizes(program, 3), np.random.default_rng(0)):
        np.testing.assert_array_equal(arrays["S"], arrays["S"].T)
        assert np.linalg.eigvalsh(arrays["K"]).min() > 0.9


def test_each_function_finds_data_in_its_domain() -> None:
    text = "L = log(a) + sqrt(b) + asin(c) + acosh(d) + atanh(e) + log1p(f - 1) + g^h + det(A) / (a - 3)^2"
    results = found(text)
    assert len(results) == 9
    assert all(finding.within() and finding.method == COMPLEX for finding in results.values())


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in ("polygamma", "lgamma")])
def test_functions_at_complex_points_continue_those_of_the_real_line(name: str) -> None:
    row = FUNCTIONS[name]
    low = 1.1 if name == "acosh" else 0.1
    high = 0.9 if name in ("asin", "acos", "atanh") else 3.0
    rng = np.random.default_rng(1)
    arguments = [rng.uniform(low, high, 50) for _ in range(row.arity)]
    if "x > " not in row.domain and "x ≥" not in row.domain and name not in ("pow", "digamma"):
        arguments[0] *= rng.choice([-1, 1], 50)
    if name == "clip":
        arguments[2] = arguments[1] + 1
    expected = np.asarray(row.value(_NumPy(), *arguments), float)
    value = complex_step._continued(name)(*(argument.astype(complex) for argument in arguments))
    np.testing.assert_allclose(np.asarray(value, complex), expected, rtol=1e-13, atol=1e-15)
