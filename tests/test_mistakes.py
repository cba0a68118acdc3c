"""Mistakes that people make: each is told with what helps against it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import einderiv as ed
from einderiv.cli import main

SQUARE = "L = x_i x_i"
# a text, the code of its error, and what a help says
TEXTS = [
    ("learning_rate = 2", "E0202", "if `learning_rate` is one name, write it without `_`: `learningRate = ...`"),
    ("learning_rate = 2", "E0202", "drop them: `learning = ...`"),
    ("w_i = v_i - learning_rate g_i", "E0203", "if `learning_rate` is one name, write it without `_`: `learningRate`"),
    ("y_i = hidden_size x_i", "E0203", "write it without `_`: `hiddenSize`"),
    ("y_abc = 2", "E0202", "to repeat `y` along new axes declare their sizes: `index a, b, c: 5`"),
    ("y_i: x_i", "E0114", "replace `:` with `=`"),
    ("W_ij: float", "E0114", "to declare a shape write e.g. `W ∈ R^{H×D}`"),
    ("y = “x”", "E0101", "there are no strings; a program is one text"),
    ("y_i = 😀_i", "E0101", "names are of Latin or Greek letters and digits"),
    ("y = n!", "E0101", "`exp(lgamma(n + 1))` for n factorial"),
    ("y_i + z_i = x_i", "E0136", "write `name_indices = ...`, as in `a_i = W_ij x_j`"),
    ("y_i - 2 = x_i", "E0136", "write `name_indices = ...`, as in `a_i = W_ij x_j`"),
    ("y_i = [x_i => 0]", "E0127", "write `>=`"),
    ("y_i = [x_i =< 0]", "E0127", "write `<=`"),
    ("y_i = [x_i > 0 and x_i < 1]", "E0126", "multiply two Iverson brackets: `[x_i > 0] [x_i < 1]`"),
    ("y_i = [x_i > 0 or z_i < 1] w_i", "E0126", "take the larger of two Iverson brackets: `max([x_i > 0], [z_i < 1])`"),
    ("y_i = where(x_i > 0, x_i)", "E0132", "a where the condition holds, else b"),
    ("y_i = where(x_i > 0)", "E0132", "a where the condition holds, else b"),
    ("y_i = where(x_i > 0, x_i, 0, 1)", "E0132", "a where the condition holds, else b"),
    ("y = 1,000 x", "E0118", "or `1000`"),
    ("y = 0,5 x", "E0118", "write `0.5`"),
    ("y = 3, x", "E0118", "a statement is an equation"),
    ("y = 3 ,5", "E0118", "a statement is an equation"),
    ("y = sum(x, axis=0)", "E0125", "name it, e.g. `sum_i(x_i)`"),
    ("y = mean(x, dim=1)", "E0125", "name it, e.g. `mean_i(x_i)`"),
]  # fmt: skip
# a call, the code of its error, and what a help says
CALLS: dict[str, tuple[Callable[[], object], str, str]] = {
    "a name in place of a derivative": (lambda: ed.derivative(SQUARE, "L"), "E0220", "write one, e.g. `∂L/∂W_ij`"),
    "a quotient of differentials": (lambda: ed.derivative(SQUARE, "dL/dx"), "E0220", "`d(L)/d(x)` or `∂L/∂x`"),
    "an empty name": (lambda: ed.jacobian(SQUARE, wrt=["x", ""]), "E0401", "leave `wrt` out for all inputs"),
    "a list of one name": (
        lambda: ed.hessian("z_i = W_ij x_j", wrt=["W"]),
        "E0402",
        'use `derivative("∂²z_i/∂W_kj∂W_lm")` for all of it',
    ),
    "positions from 1": (
        lambda: ed.function("y_n = F_{n,t_n}")(F=np.ones((2, 3)), t=[1, 3]),
        "E0510",
        "from 0 to 2; where yours count from 1",
    ),
    "half a position": (
        lambda: ed.function("y_n = F_{n,t_n}")(F=np.ones((2, 3)), t=[0.5, 1]),
        "E0510",
        "pass integers",
    ),
    "positions in nothing": (
        lambda: ed.function("y_n = F_{n,t_n}")(F=np.ones((2, 0)), t=[0, 1]),
        "E0510",
        "pass a longer array to read from",
    ),
    "a dense array of 65 GB": (
        lambda: (
            ed.hessian("L = sum_i exp(W_ij x_j)", wrt="W")
            .factored(W=np.ones((300, 300)), x=np.ones(300))
            .to_dense(memory_limit=1e6)
        ),
        "E0601",
        "`.matvec(v)`, `.diagonal()`, `.block(i=0)` and `.solve(b)` do without it",
    ),
    "parts of 720 kB": (
        lambda: ed.hessian("L = x_i A_ij x_j", wrt="x").factored(
            A=np.ones((300, 300)), x=np.ones(300), memory_limit=1e4
        ),
        "E0601",
        "pass smaller arrays",
    ),
    "a negative size": (lambda: ed.function(SQUARE).plan(x=(-2,)), "E0503", "its shape, e.g. `x=(2,)`"),
    "a misspelt option": (lambda: ed.evaluate(SQUARE, x=[1.0], memory_limits=3), "E0502", "write `memory_limit=`"),
    "no number of bytes": (
        lambda: ed.evaluate(SQUARE, x=[1.0], memory_limit=float("nan")),
        "E0406",
        "memory_limit=8e9",
    ),
    "fewer bytes than none": (lambda: ed.evaluate(SQUARE, x=[1.0], memory_limit=-1), "E0406", "memory_limit=8e9"),
}
# a command on the file below, and what it says
COMMANDS = [
    ("derive --wrt W,,b", "error[E0401]: `--wrt W,,b` has an empty name\n"),
    ("graph --wrt q", "1 | --wrt q\n  |       ^ unknown"),
    ("plan --size N", "`--size N`: there is no number behind it"),
    ("plan --size N=-3", "`--size N=-3`: `-3` is no number of elements"),
    ("plan --size N=3,D=2", "give each size on its own: `--size N=3` `--size D=2`"),
    ("plan --size n=3 --size N=4", "`--size N=4`, but given before is N = 3"),
    ("plan --size K=5", "`--size K=5`, but the program says K = 4"),
]  # fmt: skip
# a command that is used wrongly, and what it says
MISUSED = [
    ("check --seed -1", "`-1` is no seed; write a number from 0 on"),
    ("check --sizes 1,,2", "`1,,2` is no list of sizes from 1 on; write e.g. 1,2,3"),
    ("run --data d.npz --memory-limit 8GB", "`8GB` is no number of bytes above 0"),
    ("run --data d.npz --memory-limit nan", "`nan` is no number of bytes above 0"),
]


def told(call: Callable[[], object]) -> ed.EinError:
    with pytest.raises(ed.EinError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(("text", "code", "said"), TEXTS)
def test_a_text_is_told_what_helps(text: str, code: str, said: str) -> None:
    error = told(lambda: ed.parse(text))
    assert (error.code, error.others) == (code, ())
    assert any(said in each for each in error.helps), error.helps


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_told_what_helps(name: str) -> None:
    call, code, said = CALLS[name]
    error = told(call)
    assert error.code == code
    assert any(said in each for each in error.helps), error.helps


def test_a_tensor_of_many_indices_is_not_taken_for_a_name() -> None:
    assert not any("one name" in each for each in told(lambda: ed.parse("a_i = Wq_ijk x_k")).helps)
    assert not any("one name" in each for each in told(lambda: ed.parse("a = W_ijk")).helps)


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "model.ein"
    path.write_text("index k: K\nX ∈ R^{N×D}\nW ∈ R^{D×4}\nA_nk = X_nd W_dk\nL = sum_n logsumexp_k(A_nk)\n", "utf-8")
    return str(path)


@pytest.mark.parametrize(("command", "said"), COMMANDS)
def test_a_command_says_what_is_wrong(command: str, said: str, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, *options = command.split()
    assert main([name, model, *options]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("command", "said"), MISUSED)
def test_wrong_usage_is_told_in_words(command: str, said: str, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, *options = command.split()
    with pytest.raises(SystemExit) as ended:
        main([name, model, *options])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_other_corners_of_the_commands(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", model, "--wrt", ""]) == 1
    assert "`--wrt ''` has an empty name" in capsys.readouterr().err
    assert main(["explain", "203"]) == 0
    assert capsys.readouterr().out.startswith("E0203 ")
    assert main(["convert", "none.txt"]) == 1
    assert "there is no file `none.txt`, so this is read as the formula itself" in capsys.readouterr().err
    assert main(["convert", "x' *"]) == 1
    assert "there is no file" not in capsys.readouterr().err


def test_zero_derivatives_can_be_meant_in_a_shell_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.ein"
    path.write_text("L = x_i x_i\nz = 2 y\n", encoding="utf-8")
    assert main(["derive", str(path), "--of", "L", "--wrt", "y"]) == 0
    assert "`--allow-unused`, to silence this" in capsys.readouterr().err
    assert main(["derive", str(path), "--of", "L", "--wrt", "y", "--allow-unused"]) == 0
    assert capsys.readouterr().err == ""
