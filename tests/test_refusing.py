"""Calls that would take too much memory or too many axes, or a value that is refused: what is told, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import einderiv as ed
from einderiv.cli import main

SMALL = {"memory_limit": 1e4}
POSITION = "read as a position"


def refused(function: ed.Function, **arrays: Any) -> ed.EinMemoryError:
    with pytest.raises(ed.EinMemoryError) as caught:
        function(**arrays, **SMALL)
    assert caught.value.code == "E0602"
    return caught.value


# -------------------------------------------------------------------- memory


def test_the_step_is_in_the_letters_of_the_program_and_the_large_index_has_its_tensor() -> None:
    error = refused(
        ed.function("Y_ac = sum_b tanh(U_ab V_bc) P_bc"), U=np.ones((3, 4)), V=np.ones((4, 400)), P=np.ones((4, 400))
    )
    assert error.notes[1] == (
        "step 4 of 6: `ab,bc->abc` of U and V, shape 3 × 4 × 400 (the large index is c = 400, from V)"
    )
    assert error.helps == (
        "`f.plan(…)` shows every step with its memory",
        "pass less of `c` at once: it is axis 1 of `V` and axis 1 of `P`",
    )
    assert (error.line, error.column) == (1, 24)
    assert error.labels[0].text == "V has shape (4, 400): b = 4, c = 400"


def test_letters_that_mean_two_things_are_told_apart() -> None:
    error = refused(ed.function("L = sum_{i,k} tanh(A_ij A_kj)"), A=np.ones((99, 2)))
    assert ": `ij,pj->ip` of A and A, shape" in error.notes[1]


def test_long_names_of_indices_are_kept_apart() -> None:
    text = "index batch, feature\nY_{batch} = sum_k tanh(X_{batch,feature} W_{k,feature})"
    error = refused(ed.function(text), X=np.ones((99, 3)), W=np.ones((100, 3)))
    assert "`k feature,batch feature->k batch` of W and X" in error.notes[1]


def test_a_file_is_told_the_command_that_shows_all_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, data = tmp_path / "my model.ein", tmp_path / "data.npz"
    path.write_text("h_nk = x_{n+k} w_k\nL = sum_{n,k} tanh(h_nk)^2\n", encoding="utf-8")
    np.savez(data, x=np.ones(10_000), w=np.ones(9))
    net = ed.load(path)
    error = refused(ed.function(net, of="L"), x=np.ones(10_000), w=np.ones(9))
    command = f"einderiv plan '{path}' --size P=10000 --size K=9"
    assert error.helps == (f"`{command}` shows every step; in Python `f.plan(…)`", "pass a shorter `x`")
    assert main(["plan", str(path), "--size", "K=9", "--size", "P=10000"]) == 0
    assert "sizes K = 9, N = 9992, P = 10000" in capsys.readouterr().out
    assert main(["run", str(path), "--data", str(data), "--memory-limit", "1e6"]) == 1
    assert f"`{command}` shows every step" in capsys.readouterr().err
    assert refused(ed.grad(net, of="L", wrt="w"), x=np.ones(10_000), w=np.ones(9)).helps[0].startswith("`f.plan(…)`")


def test_an_axis_without_a_letter_is_told_by_its_number() -> None:
    error = refused(ed.function("L = logdet(A)"), A=np.eye(99))
    assert error.notes[1] == "step 2 of 3: LU of A, shape 99 × 99 (axis 0 of A is 99 long)"
    assert error.helps[1] == "pass smaller arrays"


def test_what_no_array_sizes_is_told_without_a_place() -> None:
    error = refused(ed.function("index i, j: 100\nL = sum_{i,j} exp([i < j])"))
    assert error.source is None
    assert error.helps[1] == "pass smaller arrays"


@pytest.mark.parametrize(
    ("text", "shapes", "deed"),
    [
        ("L = sum_{i,j} exp(x_i + z_j)", {"x": (99,), "z": (98,)}, "a sum of x and z"),
        ("y_n = sum_d tanh(E_{t_n,d})", {"E": (50, 30), "t": (400,)}, "E at positions"),
        ("y_i = max_j(exp(A_ij))", {"A": (90, 91)}, "`exp` of A"),
        ("y_i = max_j(softmax_j(A_ij) x_i)", {"A": (90, 91), "x": (90,)}, "`softmax` of A"),
        ("y_i = max_j(cholesky(A)_ij)", {"A": (60, 60)}, "cholesky of A"),
    ],
)
def test_every_kind_of_step_has_words(text: str, shapes: dict[str, tuple[int, ...]], deed: str) -> None:
    arrays = {name: np.zeros(shape, int) if name == "t" else np.ones(shape) for name, shape in shapes.items()}
    assert f": {deed}, shape" in refused(ed.function(text), **arrays).notes[1]


# ---------------------------------------------------------------------- axes


def letters(letter: str, count: int) -> str:
    return ",".join(f"{letter}{number}" for number in range(count))


def test_a_result_with_too_many_axes_is_told_at_its_name() -> None:
    i, j = letters("i", 40), letters("j", 40)
    net = ed.parse(f"y_{{{i},{j}}} = A_{{{i}}} B_{{{j}}}\nz = A_{{{i}}} A_{{{i}}}", "model.ein")
    arrays = {"A": np.ones((1,) * 40), "B": np.ones((1,) * 40)}
    assert ed.function(net, of="z")(arrays) == 1.0
    with pytest.raises(ed.EinLimitError) as caught:
        ed.function(net, of="y")(arrays)
    error = caught.value
    assert (error.line, error.column, error.labels[0].text) == (1, 1, "80 indices")
    assert error.notes == ("it is a product of A with 40 axes and B with 40 axes",)
    assert error.helps == ("sum over some of its indices, or join several into one that is longer",)


def test_a_derivative_with_too_many_axes_is_kept_as_its_parts() -> None:
    f = ed.jacobian(f"y_{{{letters('i', 40)}}} = exp(A_{{{letters('i', 40)}}})")
    with pytest.raises(ed.EinLimitError, match="a derivative of this call would have 80 axes"):
        f(A=np.ones((1,) * 40))
    assert len(f.factored(A=np.ones((1,) * 40)).shape) == 80


def test_so_is_one_with_fixed_inputs_refused() -> None:
    i, j = letters("i", 40), letters("j", 40)
    f = ed.function(f"y = sum_{{{i},{j}}}(exp(A_{{{i}}} B_{{{j}}}))").fix(A=np.ones((1,) * 40))
    with pytest.raises(ed.EinLimitError) as caught:
        f(B=np.ones((1,) * 40))
    assert caught.value.labels[0].text == "80 different indices"


@pytest.mark.parametrize(("text", "query", "arrays", "label"), [
    ("x_k = 2 w_k\ns = y_n y_n\nL = x_{y_n} 1_n", "", {"w": np.ones(2), "y": np.array([0, 5])}, (3, POSITION)),
    ("z = sum_n F_{n,y_n}", "", {"F": np.ones((2, 3)), "y": np.array([0, 3])}, (1, POSITION)),
    ("k_m = argmax_n(A_mn)\nz_m = x_{k_m}", "", {"A": np.eye(4), "x": np.ones(2)}, (1, "defined here")),
    ("B ∈ R^{2×2}\nz = x_i x_i", "∂(logdet(B))/∂B_ij", {"B": np.zeros((2, 2))}, (1, "declared here")),
    ("z = x_i x_i + sum_n y_n", "∂(x_{y_n} 1_n)/∂x_i", {"x": np.ones(2), "y": np.array([0, 5])}, None),
    ("y_i = K_ij c_j\nz_i = solve(K, b)_i", "", {"K": np.ones((3, 3)), "b": np.ones(3)}, (2, "this matrix")),
    ("M_ij = A_ij + 1\ny = logdet(A) + A_ii", "", {"A": np.zeros((2, 2))}, (2, "this matrix")),
])  # fmt: skip
def test_a_value_that_a_run_refuses_is_shown_where_it_is_read(text, query, arrays, label) -> None:
    f = ed.derivative(text, query) if query else ed.function(text)
    needed = {argument.name for argument in f._arguments()}
    for _ in range(2):  # the second call knows the sizes
        with pytest.raises(ed.EinValueError) as caught:
            f({name: array for name, array in arrays.items() if name in needed})
        assert caught.value.code in ("E0510", "E0511")
        shown = [(caught.value.line, each.text) for each in caught.value.labels]
        assert shown == ([label] if label else [])


def test_a_call_that_was_fine_before_shows_it_too() -> None:
    f = ed.function("z_n = x_{y_n}")
    assert f(x=np.ones(3), y=np.array([0, 2])).tolist() == [1.0, 1.0]
    x, y = np.ones(3), np.array([0, 3])
    for call in (lambda: f(x=x, y=y), lambda: f.fix(x=x)(y=y), lambda: f.fix(x=x, y=y)()):
        with pytest.raises(ed.EinValueError) as caught:
            call()
        assert [each.text for each in caught.value.labels] == [POSITION]
