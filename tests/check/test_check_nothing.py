"""Reductions over an axis without elements: which are refused, and where the message points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import einderiv as ed
from einderiv.cli import main

A = {"A": np.ones((5, 0))}
HOLDING = ["max", "min", "argmax", "argmin", "mean", "logsumexp"]


def refused(function: ed.Function, **arrays: Any) -> ed.EinValueError:
    with pytest.raises(ed.EinValueError) as caught:
        function(**arrays)
    assert caught.value.code == "E0507"
    return caught.value


@pytest.mark.parametrize("name", HOLDING)
def test_a_reduction_is_named_as_it_is_written(name: str) -> None:
    error = refused(ed.function(f"x_n = 2 z_n\ny_n = {name}_c(A_nc) + x_n"), **A, z=np.ones(5))
    assert error.message == f"`{name}_c` over an empty axis: `c` has size 0 (from A, shape (5, 0))"
    assert (error.line, error.column) == (2, 7)
    assert error.labels[1].text == "A has shape (5, 0): n = 5, c = 0"
    assert error.helps == ("pass `A` with at least one element along axis 1 (`c`)",)


@pytest.mark.parametrize("name", ["max", "min", "mean", "logsumexp"])
@pytest.mark.parametrize("make", [ed.grad, ed.value_and_grad, ed.hessian, ed.jacobian])
def test_a_derivative_tells_it_as_well(make: Any, name: str) -> None:
    error = refused(
        make(f"h_nc = X_nd W_cd\nL = sum_n {name}_c(tanh(h_nc))", wrt="X"), X=np.ones((2, 3)), W=np.ones((0, 3))
    )
    assert error.message == f"`{name}_c` over an empty axis: `c` has size 0 (from W, shape (0, 3))"
    assert (error.line, error.column) == (2, 11)


def test_so_do_products_with_vectors_plans_and_functions_with_fixed_inputs() -> None:
    net = "L = sum_n logsumexp_c(A_nc)"
    assert refused(ed.hvp(net), **A, dA=np.ones((5, 0))).line == 1
    assert refused(ed.jvp(net), **A, dA=np.ones((5, 0))).line == 1
    assert refused(ed.vjp(net), **A, dL=1.0).line == 1
    assert refused(ed.function(net).fix(**A)).line == 1
    with pytest.raises(ed.EinValueError, match="`logsumexp_c` over an empty axis"):
        ed.grad(net).plan(A=(5, 0))
    with pytest.raises(ed.EinValueError, match="`logsumexp_c` over an empty axis"):
        ed.jacobian(net).factored(**A)
    with pytest.raises(ed.EinValueError, match="`logsumexp_c` over an empty axis"):
        ed.evaluate(net + "\n∂L/∂A_nc", **A)


def test_each_empty_size_is_told_once() -> None:
    error = refused(ed.function("y_n = max_c(A_nc)\nz_n = min_c(A_nc)\nq = y_n z_n mean_k(b_k)"), **A, b=np.ones(0))
    assert [each.message for each in (error, *error.others)] == [
        "`max_c` over an empty axis: `c` has size 0 (from A, shape (5, 0))",
        "`mean_k` over an empty axis: `k` has size 0 (from b, shape (0,))",
    ]


def test_what_a_result_does_not_need_is_no_error() -> None:
    net = ed.parse("y = max_i(x_i) + z\ns = sum_i x_i\np = prod_i(x_i)\nr = norm_i(x_i)\nt_i = softmax_i(x_i)")
    x = np.ones(0)
    assert [float(ed.function(net, of=name)(x=x)) for name in "spr"] == [0.0, 1.0, 0.0]
    assert ed.function(net, of="t")(x=x).shape == (0,)
    assert ed.grad(net, of="y", wrt="z")(x=x, z=1.0) == 1.0
    assert net.graph(x=(0,)).dot


def test_softmax_along_several_indices_is_a_sum_over_them() -> None:
    error = refused(ed.function("P_nij = softmax_{i,j}(A_nij)"), A=np.ones((2, 3, 0)))
    assert error.message == "`softmax_{i,j}` over an empty axis: `j` has size 0 (from A, shape (2, 3, 0))"
    assert error.labels[0].text == "over nothing there is no softmax along several indices"


def test_the_nearest_array_is_named() -> None:
    net = ed.parse("b_c = 2 a_c\ny = max_c(b_c d_c)\nz = y e_c d_c")
    error = refused(ed.function(net, of="y"), a=np.ones(0), d=np.ones(0), e=np.ones(0))
    assert "(from d, shape (0,))" in error.message


def test_a_declared_tensor_that_stands_nowhere_gives_a_size_too() -> None:
    error = refused(ed.function("B ∈ R^{N×C}\nindex c: C\ny = max_c(1_c)"), B=np.ones((2, 0)))
    assert error.message == "`max_c` over an empty axis: `c` has size 0 (from B, shape (2, 0))"
    assert error.labels[1].text == "B has shape (2, 0)"


def test_a_logsumexp_of_two_equations_is_told_at_its_sum() -> None:
    error = refused(ed.function("s_n = sum_c exp(A_nc)\ny_n = log(s_n)"), **A)
    assert error.message == "`logsumexp_c` over an empty axis: `c` has size 0 (from A, shape (5, 0))"
    assert (error.line, error.column) == (1, 7)
    assert error.labels[0].text == "with what is around it a logsumexp; over nothing there is none"


def test_one_without_a_word_for_its_sum_has_the_size_and_no_place() -> None:
    error = refused(ed.function("y_n = log(exp(A_nc) 1_c)"), **A)
    assert error.message == "`logsumexp_c` over an empty axis: `c` has size 0 (from A, shape (5, 0))"
    assert [label.text for label in error.labels] == ["A has shape (5, 0): n = 5, c = 0"]


def test_the_commands_tell_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, data = tmp_path / "model.ein", tmp_path / "data.npz"
    path.write_text("y_n = max_c(A_nc)\n", encoding="utf-8")
    np.savez(data, **A)
    told = "error[E0507]: `max_c` over an empty axis: `c` has size 0 (from A, shape (5, 0))\n"
    assert main(["run", str(path), "--data", str(data)]) == 1
    assert capsys.readouterr().err.startswith(f"{told} --> {path}:1:7\n")
    assert main(["plan", str(path), "--size", "c=0", "--size", "n=5"]) == 1
    assert capsys.readouterr().err.startswith(told)


@pytest.mark.parametrize("text", ["y = max_c(x 1_c)", "y = max_c(x 1_c) + z_{k+1} v_k"])
def test_a_size_declared_as_0_is_told_as_declared(text: str) -> None:
    error = refused(
        ed.function(f"index c: 0\n{text}"), x=1.0, **({"z": np.ones(3), "v": np.ones(2)} if "z" in text else {})
    )
    assert error.message == "`max_c` over an empty axis: `c` has size 0, as declared"
    assert (error.line, error.column) == (2, 5)
    assert error.helps == ("declare a larger size",)


def test_a_letter_that_only_positions_have_is_named() -> None:
    error = refused(ed.function("index c: 0\ny = log(exp(x_{c+1}) 1_c)"), x=np.ones(0))
    assert error.message == "`logsumexp_c` over an empty axis: `c` has size 0, as declared"
    assert [label.text for label in error.labels] == ["x has shape (0,)"]


def test_a_size_without_a_letter_on_an_array_has_its_own_name() -> None:
    net = "index k: 2\nB ∈ R^{N×C}\nindex c: C\ny_k = x log(exp([c <= k]) 1_c) 1_k"
    error = refused(ed.function(net), x=1.0, B=np.ones((2, 0)))
    assert error.message == "`logsumexp_C` over an empty axis: `C` has size 0 (from B, shape (2, 0))"
    assert error.helps == ("pass `B` with at least one element along axis 1 (`C`)",)


def test_a_reduction_in_the_text_of_a_derivative_is_shown_there() -> None:
    error = refused(ed.derivative("y_n = x_nc w_c", "∂(max_c(x_nc) 1_n)/∂x_ij"), x=np.ones((2, 0)), w=np.ones(0))
    assert error.message == "`max_c` over an empty axis: `c` has size 0 (from x, shape (2, 0))"
    assert error.source is not None and error.source.name == "<query>"
    assert [label.text for label in error.labels] == ["over nothing there is no largest value"]


def test_an_array_behind_the_reduction_is_nearer_than_one_before_it() -> None:
    far = " + ".join(["1_c"] * 40)
    error = refused(ed.function(f"y = sum_c b_c + max_c({far} + a_c)"), a=np.ones(0), b=np.ones(0))
    assert "(from a, shape (0,))" in error.message


def test_an_array_that_stands_as_a_matrix_has_a_place_and_no_letters() -> None:
    error = refused(ed.function("A ∈ R^{N×N}\nindex c: N\ny = max_c(1_c) + det(A)"), A=np.ones((0, 0)))
    assert error.message == "`max_c` over an empty axis: `c` has size 0 (from A, shape (0, 0))"
    assert error.labels[1].text == "A has shape (0, 0)"
