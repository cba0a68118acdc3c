"""What a call is told: every missing input, the shape that fits, a place for each error, and no plain `MemoryError`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import einderiv as ed
from einderiv.cli import main

LINEAR = "z_i = W_ij x_j + b_i"
W, x, b = np.ones((3, 4)), np.ones(4), np.ones(3)


def refused(text: str, **arrays: object) -> ed.EinError:
    """The error of a call."""
    with pytest.raises(ed.EinError) as caught:
        ed.function(text)(**arrays)
    return caught.value


def test_all_missing_inputs_are_told_in_the_order_of_the_text() -> None:
    error = refused(LINEAR, x=x)
    assert [each.message for each in (error, *error.others)] == ["missing input `W`", "missing input `b`"]


def test_arrays_without_names_are_told_the_names_of_this_program() -> None:
    with pytest.raises(ed.EinInputError) as caught:
        ed.function(LINEAR)(W, x, b)
    assert "`f(W=W, x=x, b=b)`, or `f({'W': W, 'x': x, 'b': b})`" in caught.value.helps[0]


@pytest.mark.parametrize(
    ("arrays", "hint"),
    [
        ({"W": W, "x": x, "b": 2.0}, "pass `b` with shape (3,)"),
        ({"W": np.ones(12), "x": x, "b": b}, "`W.reshape(3, 4)`"),
        ({"W": np.ones((2, 3, 4)), "x": x, "b": b}, "pass `W` with shape (3, 4)"),
        ({"W": np.ones((2, 3, 4)), "x": np.ones((4, 4)), "b": b}, "pass an array with 2 axes"),
    ],
)
def test_a_wrong_rank_is_told_with_the_shape_that_fits(arrays: dict[str, object], hint: str) -> None:
    error = refused(LINEAR, **arrays)
    assert error.code == "E0503"
    assert any(hint in each for each in error.helps), str(error)


@pytest.mark.parametrize(("c", "hint"), [(np.ones(1), "`c[0]`"), (np.ones((2, 2)), "`c=2.0`")])
def test_an_array_in_place_of_a_number_is_told_what_to_pass(c: object, hint: str) -> None:
    assert hint in refused("L = c x_i x_i", c=c, x=x).helps[0]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (np.array([["a", "b"]]), "`np.unique(W, return_inverse=True)[1]`"),
        (np.array([["1.5", "2"]]), "`W.astype(float)`"),
        (np.zeros((1, 2), [("a", float), ("c", int)]), "`W['a']`"),
        ("W.npy", "`W=np.load(path)`"),
    ],
)
def test_the_conversion_that_is_named_is_one_that_runs(value: object, hint: str) -> None:
    error = refused("y_i = W_ij x_j", W=value, x=np.ones(2))
    assert error.code == "E0504"
    assert hint in error.helps[0]
    if isinstance(value, np.ndarray):
        converted = eval(hint.strip("`"), {"np": np, "W": value})
        assert np.isfinite(np.asarray(converted, dtype=float)).all()


def test_a_matrix_that_is_not_square_is_shown_where_it_has_to_be() -> None:
    error = refused("q_i = M_ij x_j\nL = M_ii + q_i q_i", M=np.ones((3, 4)), x=np.ones(4))
    assert (error.code, error.line, error.others) == ("E0301", 2, ())


def test_a_mean_over_nothing_is_refused_as_a_maximum_is() -> None:
    for take in (ed.function, ed.grad):
        with pytest.raises(ed.EinValueError, match="`mean_n` over an empty axis"):
            take("m = mean_n((X_nd w_d)^2)")(X=np.ones((0, 3)), w=np.ones(3))
    assert ed.function("m_n = mean_d(X_nd)")(X=np.ones((0, 3))).shape == (0,)


def test_names_in_wrt_are_all_told_each_with_the_tensor_that_is_meant() -> None:
    with pytest.raises(ed.EinNameError) as caught:
        ed.jacobian(LINEAR, wrt=["w", "W_ij", "B2"])
    told = (caught.value, *caught.value.others)
    assert [each.helps[0] for each in told] == [
        "write `W`; names are case-sensitive", "write `W`: a name stands without its indices", "ask for one of these",
    ]  # fmt: skip
    assert all(each.column is not None for each in told)


def test_the_command_line_shows_its_own_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "model.ein"
    file.write_text(LINEAR, encoding="utf-8")
    assert main(["derive", str(file), "--wrt", "w, q"]) == 1
    told = capsys.readouterr().err
    assert "1 | --wrt w, q\n  |       ^ unknown" in told
    assert "1 | --wrt w, q\n  |          ^ unknown" in told


def test_the_hessian_of_what_has_axes_is_told_the_query_that_takes_it() -> None:
    with pytest.raises(ed.EinTypeError) as caught:
        ed.hessian("y_i = (W_ij x_j)^2", wrt="x")
    assert caught.value.notes == ("∂²y_i/∂x_j∂x_k would have 3 indices: shape (i, j, k)",)
    asked = caught.value.helps[0].partition('"')[2].partition('"')[0]
    assert ed.derivative("y_i = (W_ij x_j)^2", asked)(W=W, x=x).shape == (3, 4, 4)


@pytest.mark.parametrize(
    ("text", "query", "place"),
    [
        ("k_n = argmax_c(A_nc)\nL = k_n y_n + sum_{n,c} A_nc", "∂L/∂A_mc", (1, 7)),
        ("L = A_nc A_nc", "∂(argmax_k(A_nk))/∂A_mc", (1, 1)),
    ],
)
def test_a_query_through_a_position_has_a_place(text: str, query: str, place: tuple[int, int]) -> None:
    with pytest.raises(ed.EinTypeError) as caught:
        ed.derivative(text, query)
    assert (caught.value.code, (caught.value.line, caught.value.column)) == ("E0404", place)


_LIMITED = """
import resource, sys
import numpy as np, einderiv as ed
f = eval(sys.argv[1])
f(A=np.ones((2, 2)))
A = np.ones((2000, 2000), sys.argv[2])
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 3_000_000, -1))
try:
    f(A=A)
except ed.EinMemoryError as error:
    print(error.code, error)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not limit the address space")
@pytest.mark.parametrize(
    ("function", "dtype", "told"),
    [
        ("ed.function('B_ij = exp(A_ij)')", "f8", "`B` would need 32 MB"),
        ("ed.function('L = sum_{i,j} exp(A_ij)')", "i4", "there is no memory for `L`"),
        ("ed.grad('L = sum_{i,j} exp(A_ij)').fix()", "f4", "∂L/∂A_ij would need 16 MB"),
    ],
)
def test_memory_that_the_system_refuses_is_told_with_the_tensors(function: str, dtype: str, told: str) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _LIMITED, function, dtype], capture_output=True, text=True, check=False
    )
    assert run.stdout.startswith("E0601 "), run.stderr
    assert told in run.stdout
    assert "given: A (2000, 2000)" in run.stdout
