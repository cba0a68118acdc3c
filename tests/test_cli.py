"""The command `einderiv`: what it prints, writes and returns."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import einderiv as ed
from einderiv.cli import main
from einderiv.ir import functions

LAYER = "# a layer\na_i = W_ij x_j + b_i\nL = a_i a_i\n"
SOFTMAX = "A_nk = X_nd W_dk + b_k\nL = -y_nk logsoftmax_k(A_nk)\n∂L/∂W_dk\n"

SHOWN = """\
# a layer
a_i = W_ij x_j

W_ij             I×J          input
x_j              J            input
a_i              I            defined

W ∈ R^{I×J}
index i, k: I
# ∂a_i/∂W_kj
dadW_ikj = δ_ik x_j
"""


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    path = tmp_path / "layer.ein"
    path.write_text(LAYER, encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.npz"
    np.savez(path, W=np.array([[1.0, 2.0], [3.0, 4.0]]), x=np.array([1.0, -1.0]), b=np.array([0.5, 0.0]))
    return path


def command(*arguments: str | Path, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    root = str(Path(ed.__file__).resolve().parent.parent)
    return subprocess.run(
        [sys.executable, "-m", "einderiv", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": root, **environment},
        timeout=120,
        check=False,
    )


def output(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What a command that succeeds prints."""
    assert main([str(argument) for argument in arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What a command that fails says."""
    assert main([str(argument) for argument in arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error")
    assert "Traceback" not in error
    return error


# ----------------------------------------------------------------- show, derive


def test_show_prints_equations_shapes_and_derivatives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "layer.ein"
    path.write_text("# a layer\na_i = W_ij x_j\n", encoding="utf-8")
    shown = output(capsys, "show", path)
    assert shown.startswith(SHOWN)
    assert 'einsum("ik,j->ikj", δ, x)' in shown
    assert "# ∂a_i/∂x_j" in shown


def test_show_prints_the_queries_where_there_are_some(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "softmax.ein"
    path.write_text(SOFTMAX, encoding="utf-8")
    shown = output(capsys, "show", path)
    assert shown.count("# ∂L/∂") == 1
    assert "# ∂L/∂W_dk" in shown


def test_show_takes_a_program_without_derivatives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "steps.ein"
    path.write_text("s_i = [x_i > 0]\n", encoding="utf-8")
    assert "s_i              I            defined" in output(capsys, "show", path)


@pytest.mark.parametrize("wrt", ["W", "W,b", "x, b"])
def test_derive_prints_a_program_that_parses(layer: Path, capsys: pytest.CaptureFixture[str], wrt: str) -> None:
    text = output(capsys, "derive", layer, "--of", "L", "--wrt", wrt)
    names = [name.strip() for name in wrt.split(",")]
    assert text == f"{ed.grad(LAYER, wrt=names)}\n"
    arrays = {"W": np.eye(2), "x": np.ones(2), "b": np.ones(2)}
    program = ed.parse(text)
    values = ed.evaluate(program, {name: array for name, array in arrays.items() if name in program.inputs})
    expected = {"W": np.full((2, 2), 4.0), "b": np.full(2, 4.0), "x": np.full(2, 4.0)}
    for name in names:
        np.testing.assert_array_equal(values[f"dLd{name}"], expected[name])


def test_derive_of_order_two_is_the_hessian(layer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "derive", layer, "--wrt", "x", "--order", "2")
    H = ed.function(text)(W=np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(H, [[20.0, 28.0], [28.0, 40.0]])
    assert "∂²L/∂W" in output(capsys, "derive", layer, "--order", "2")
    assert "needs a scalar" in refusal(capsys, "derive", layer, "--of", "a", "--order", "2")


def test_derive_prints_einsum_strings(layer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = output(capsys, "derive", layer, "--of", "a", "--wrt", "W", "--einsum").splitlines()
    assert steps == ['dadW = einsum("ik,j->ikj", δ, x)']


def test_a_name_that_does_not_occur_is_an_error(layer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "write `W`" in refusal(capsys, "derive", layer, "--wrt", "w")
    assert "no tensor `Z`" in refusal(capsys, "derive", layer, "--of", "Z")


# -------------------------------------------------------------------------- run


def test_run_writes_every_output(layer: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "result.npz"
    out.write_bytes(b"old")
    printed = output(capsys, "run", layer, "--data", data, "--out", out)
    assert printed.splitlines() == ["a: array of 2", "L: 1.25"]
    with np.load(out) as result:
        assert sorted(result) == ["L", "a"]
        np.testing.assert_array_equal(result["a"], [-0.5, -1.0])
        assert result["L"] == 1.25
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.npz", "layer.ein", "result.npz"]


def test_run_writes_queries_by_their_names(tmp_path: Path) -> None:
    program, data, out = tmp_path / "p.ein", tmp_path / "data.npz", tmp_path / "out"
    program.write_text("file_i = x_i^2\n∂file_i/∂x_i\n", encoding="utf-8")
    np.savez(data, x=np.array([1.0, 2.0]))
    assert main(["run", str(program), "--data", str(data), "--out", str(out)]) == 0
    with np.load(out) as result:
        assert {name: result[name].tolist() for name in result} == {"file": [1.0, 4.0], "∂file_i/∂x_i": 6.0}


def test_a_failed_run_leaves_the_old_result(layer: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.npz"
    out.write_bytes(b"old")
    np.savez(data, W=np.ones((2, 2)), x=np.ones(3), b=np.ones(2))
    assert main(["run", str(layer), "--data", str(data), "--out", str(out)]) == 1
    assert out.read_bytes() == b"old"


def test_a_result_that_cannot_be_written_is_an_error(
    layer: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refusal(capsys, "run", layer, "--data", data, "--out", tmp_path / "none" / "result.npz")
    assert f"{tmp_path / 'none' / 'result.npz'}: No such file" in error
    refusal(capsys, "run", layer, "--data", data, "--out", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.npz", "layer.ein"]


def test_data_that_is_no_npz_file_is_an_error(layer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data.npz"
    whole = tmp_path / "whole.npz"
    np.savez_compressed(whole, W=np.ones((50, 50)))
    bad = {"text": b"W = 1", "empty": b"", "cut": whole.read_bytes()[:200], "zip": b"PK\x03\x04" + bytes(60)}
    for content in bad.values():
        data.write_bytes(content)
        assert "does not hold plain arrays" in refusal(capsys, "run", layer, "--data", data)
    assert "No such file" in refusal(capsys, "run", layer, "--data", tmp_path / "none.npz")


def test_pickled_data_is_refused_and_not_executed(
    layer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "executed"),)

    data = tmp_path / "data.npz"
    np.savez(data, W=np.array([Trap()], object))
    assert "does not hold plain arrays" in refusal(capsys, "run", layer, "--data", data)
    assert not (tmp_path / "executed").exists()


def test_one_array_comes_from_an_npy_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "p.ein"
    program.write_text("s = x_i x_i\n", encoding="utf-8")
    np.save(tmp_path / "x.npy", np.array([3.0, 4.0]))
    assert output(capsys, "run", program, "--data", tmp_path / "x.npy") == "s: 25\n"


def test_a_clash_of_sizes_is_an_error(layer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "data.npz", W=np.ones((2, 2)), x=np.ones(3), b=np.ones(2))
    error = refusal(capsys, "run", layer, "--data", tmp_path / "data.npz")
    assert "index `j` has size 2 in `W` but size 3 in `x`" in error
    assert f"{layer}:2:12" in error


# ------------------------------------------------------------------ check, plan


def test_check_compares_every_derivative(layer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = output(capsys, "check", layer).splitlines()
    assert printed[0].split() == ["derivative", "largest", "error", "against", "slopes"]
    assert [line.split()[0] for line in printed[1:-1]] == ["∂L/∂W", "∂L/∂x", "∂L/∂b"]
    assert all(line.endswith("ok") for line in printed[1:-1])
    assert printed[-1] == "3 derivatives, none beyond 1e-10 (complex step); sizes 1, 2, 3; seed 0"


def test_check_takes_higher_orders_intermediates_labels_and_domains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "p.ein"
    path.write_text(
        "a_i = tanh(W_ij x_j)\nL = sum_i log(a_i)^2 [i == y_i]\n"
        "∂²L/∂a_i∂W_jk\n∂²L/∂W_jk∂a_i\n∂³L/∂a_i∂x_k∂W_pq\n∂²a_i/∂x_j∂W_kl\n",
        encoding="utf-8",
    )
    printed = output(capsys, "check", path)
    assert "8 derivatives, none beyond 1e-10 (complex step)" in printed  # those asked for, and what they are slopes of


def test_check_finds_a_wrong_derivative(
    layer: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = layer.with_name("sine.ein")
    path.write_text("L = sum_i sin(c x_i)\n", encoding="utf-8")
    right = functions.FUNCTIONS["sin"]
    assert main(["check", str(path)]) == 0
    monkeypatch.setitem(functions.FUNCTIONS, "sin", replace(right, slopes=functions.FUNCTIONS["cos"].slopes))
    capsys.readouterr()
    assert main(["check", str(path)]) == 1
    captured = capsys.readouterr()
    assert "WRONG" in captured.out
    assert "2 derivatives, 2 beyond the tolerance" in captured.out


def test_plan_prints_the_steps(layer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for sizes in (["--size", "I=100", "--size", "J=20"], ["--size", "i=100", "--size", "j = 20"]):
        printed = output(capsys, "plan", layer, *sizes)
        assert "100 × 20" in printed
        assert "FLOPs" in printed
    assert "add `--size J=100`" in refusal(capsys, "plan", layer, "--size", "I=100")
    assert "`--size Q=3` names no size" in refusal(capsys, "plan", layer, "--size", "Q=3")
    assert "`--size I=x`: `x` is no number of elements" in refusal(capsys, "plan", layer, "--size", "I=x")


# ------------------------------------------------------------------- the process

USAGE: Sequence[Sequence[str]] = (
    [],
    ["integrate", "a.ein"],
    ["show"],
    ["derive", "a.ein", "--order", "3"],
    ["run", "a.ein"],
    ["show", "a.ein", "--what"],
)


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_wrong_usage_has_status_two(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: einderiv" in capsys.readouterr().err


def test_a_missing_file_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("show", "derive", "check", "plan"):
        assert "none.ein: No such file" in refusal(capsys, name, tmp_path / "none.ein")
    refusal(capsys, "show", tmp_path)


def test_a_text_that_is_not_utf_8_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.ein"
    path.write_bytes("y = x\n".encode("utf-16"))
    assert "UTF-8" in refusal(capsys, "show", path)


def test_standard_input_is_a_program() -> None:
    done = command("derive", "-", "--wrt", "x", stdin="y = θ x^2".encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == ["# ∂y/∂x", "dydx = 2 x θ"]


def test_an_error_goes_to_standard_error_without_a_traceback() -> None:
    done = command("show", "-", stdin=b"a_i = W_ij x_k")
    assert (done.returncode, done.stdout) == (1, b"")
    error = done.stderr.decode()
    assert error.startswith("error[E0")
    assert "<stdin>:1:" in error
    assert "Traceback" not in error


def test_output_is_utf_8_wherever_it_goes() -> None:
    done = command("derive", "-", stdin="y_i = θ x_i".encode(), PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "∂y_i/∂x_j" in done.stdout.decode("utf-8")


def test_a_reader_that_stops_early_is_no_failure_to_report(tmp_path: Path) -> None:
    path = tmp_path / "long.ein"
    path.write_text("\n".join(f"y{n} = x{n}^2" for n in range(2000)), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "einderiv", "show", str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(ed.__file__).resolve().parent.parent)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=120)
    assert b"Traceback" not in error


def test_derive_prints_latex(layer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", str(layer), "--of", "a", "--wrt", "x", "--latex"]) == 0
    assert capsys.readouterr().out == "\\frac{\\partial a_{i}}{\\partial x_{j}} = W_{ij}\n"
    assert main(["derive", str(layer), "--of", "a", "--wrt", "x", "--document"]) == 0
    assert "\\begin{align*}" in capsys.readouterr().out


def test_derive_prints_source(layer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", str(layer), "--of", "a", "--wrt", "x", "--source", "jax"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("import jax.numpy as jnp\n") and "def evaluate(v0):" in printed


def test_derive_prints_the_derivation(layer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", str(layer), "--of", "a", "--wrt", "b", "--steps"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("∂a_i/∂b_") and "definition of `a`" in printed[1]
