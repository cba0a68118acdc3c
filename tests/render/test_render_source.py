"""`f.source(library)`: a function of one library alone that computes what the call computes."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from corpus import Record, draw, records
from reference import evaluate
from render_graphs import READ, SIZES, Grower
from test_corpus import functions, vectors

import einderiv as ed
from einderiv.ir import FUNCTIONS, Input, topological
from einderiv.render import source
from einderiv.render.spelling import SPELLINGS

jax.config.update("jax_enable_x64", True)
LIBRARIES = ("numpy", "jax", "torch")
each_library = pytest.mark.parametrize("library", LIBRARIES)


def compiled(text: str) -> Callable[..., Any]:
    """The function that a source defines."""
    space: dict[str, Any] = {}
    exec(compile(text, "<source>", "exec"), space)
    return space["evaluate"]


def called(f: ed.Function, library: str, arrays: Mapping[str, Any]) -> np.ndarray:
    """What the source of a function computes."""
    names = [argument.name for argument in f._arguments()]
    with np.errstate(all="ignore"):
        return np.asarray(compiled(f.source(library))(*(arrays[name] for name in names)))


@each_library
@pytest.mark.parametrize("record", records(), ids=lambda record: record.name)
def test_the_source_agrees_with_the_call(record: Record, library: str) -> None:
    result = None
    for f in functions(record):
        arrays = vectors(record, draw(record, 1), result)
        result = f(arrays)
        found = called(f, library, arrays)
        assert found.shape == np.shape(result)
        np.testing.assert_allclose(found, result, rtol=1e-10, atol=1e-10 * np.max(np.abs(result), initial=1.0))


@each_library
@pytest.mark.parametrize("start", range(0, 120, 40))
def test_random_graphs_have_a_source_with_equal_values(start: int, library: str) -> None:
    for seed in range(start, start + 40):
        grower = Grower(seed)
        node = grower.grown(4 + seed % 14)
        rng = np.random.default_rng(seed)
        arrays = {leaf.name: rng.normal(size=[dim.size or SIZES[dim] for dim in leaf.axes]) for leaf in grower.inputs}
        wanted = evaluate(node, arrays, SIZES)
        inputs = [leaf for leaf in topological([node]) if isinstance(leaf, Input)]
        inputs += [leaf for leaf in grower.inputs if leaf not in inputs]
        text = source(library, [node], inputs, ["…"], [READ])
        with np.errstate(all="ignore"):
            found = np.asarray(compiled(text)(*(arrays[leaf.name] for leaf in inputs)))
        assert found.shape == np.shape(wanted), text
        scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9 * scale, err_msg=text)


@each_library
def test_every_function_is_spelled(library: str) -> None:
    assert FUNCTIONS.keys() <= SPELLINGS[library].keys()
    x, c = np.array([0.2, 0.5, 0.9]), np.array([1.0, 0.0, 1.0])
    for name in "asin acos atan asinh acosh atanh erf sigmoid softplus relu log1p expm1 tan square sign abs".split():
        f = ed.function(f"y_i = {name}({'1 + ' if name == 'acosh' else ''}x_i)")
        np.testing.assert_allclose(called(f, library, {"x": x}), f(x=x), rtol=1e-6)  # the digits of torch's trigamma
    text = "y_i = max(x_i, c_i) - min(x_i, c_i) + atan2(x_i, c_i) + where(c_i > 0, x_i, c_i) + [x_i <= c_i] + x_i^c_i"
    f = ed.function(text)
    np.testing.assert_allclose(called(f, library, {"x": x, "c": c}), f(x=x, c=c), rtol=1e-12)


def test_the_source_reads_one_operation_a_line() -> None:
    J = ed.jacobian("a_i = W_ij x_j + b_i", of="a", wrt="W")
    assert (
        J.source()
        == '''\
import numpy as np


def evaluate(v0, v1):
    """∂a_i/∂W_kj as a function of arrays, passed in this order.

        v0: W_ij, of shape (I, J)
        v1: x_j, of shape (J,)

    Returns an array:

        ∂a_i/∂W_kj, of shape (I, I, J)
        with the axes i, k, j
    """
    v0 = np.asarray(v0, dtype=float)
    v1 = np.asarray(v1, dtype=float)
    n0 = v0.shape[0]
    n1 = v1.shape[0]
    v2 = np.zeros((n0, n0, n1))
    np.einsum("iij->ij", v2)[...] = v1
    return v2
'''
    )


def test_products_are_the_calls_of_blas_that_a_run_makes() -> None:
    net = "h_nm = tanh(X_nd W_dm + b_m)\nA_nk = h_nm V_mk\nL = -y_nk logsoftmax_k(A_nk)"
    text = ed.grad(net, wrt=["W", "V"]).source()
    assert "np.dot(v0, v1)" in text and "np.dot(v0.T, " in text
    assert "einsum" not in text and "transpose" not in text and "broadcast_to" not in text
    attention = ed.grad("S_bij = Q_bid K_bjd\nO_bid = softmax_j(S_bij) V_bjd\nL = sum_{b,i,d}(O_bid^2)", wrt="Q")
    assert attention.source().count("np.matmul(") == 4


def test_arrays_that_nothing_reads_any_more_are_written_over() -> None:
    text = ed.function("y_ij = exp(tanh(x_i z_j) + x_i)").source()
    assert text.count(", out=v") == 2 and " += " in text
    f = ed.function("h_i = exp(x_i)\ny_i = tanh(h_i)\nz_i = h_i + 1", of=["h", "y", "z"])
    h, y, z = compiled(f.source())(np.array([0.5, 1.0]))
    np.testing.assert_allclose([h, y, z], [np.exp([0.5, 1.0]), np.tanh(np.exp([0.5, 1.0])), np.exp([0.5, 1.0]) + 1])


def test_softmax_and_its_logarithm_share_one_exponential_and_do_not_overflow() -> None:
    f = ed.value_and_grad("L = -y_nk logsoftmax_k(x_nk) + sum_n logsumexp_k(x_nk)", wrt="x")
    assert f.source().count("np.exp(") == 1
    x, y = np.array([[1e3, -1e3, 0.0], [-1e3, -1e3, -1e3], [0.0, -40.0, -50.0]]), np.eye(3)
    names = [argument.name for argument in f._arguments()]
    value, slope = compiled(f.source())(*({"x": x, "y": y}[name] for name in names))
    wanted, slopes = f(x=x, y=y)
    np.testing.assert_allclose(value, wanted, rtol=1e-14)
    np.testing.assert_allclose(slope, slopes, rtol=1e-10, atol=1e-14)


@each_library
def test_several_results_are_a_tuple_and_the_arguments_are_left_alone(library: str) -> None:
    f = ed.value_and_grad("L = (W_ij x_j - y_i)^2", wrt=["W", "x"])
    W, x, y = np.ones((2, 3)), np.arange(3), np.array([1, 2])
    L, dW, dx = compiled(f.source(library))(W, x, y)
    value, slopes = f(W=W, x=x.astype(float), y=y.astype(float))
    np.testing.assert_allclose(L, value)
    np.testing.assert_allclose(dW, slopes["W"])
    np.testing.assert_allclose(dx, slopes["x"])
    same = ed.function("y_i = x_i")
    x = np.ones(3)
    result = np.asarray(compiled(same.source())(x))
    result[0] = 5.0
    assert x[0] == 1.0


@each_library
def test_sources_pass_ruff_and_need_no_other_library(library: str, tmp_path: Path) -> None:
    allowed = {"numpy": {"numpy", "math", "scipy.special"}, "jax": {"jax", "jax.numpy"}, "torch": {"torch"}}[library]
    texts = [f.source(library) for record in records()[::7] for f in functions(record)]
    texts.append(
        ed.function("y_i = erf(x_i) + sigmoid(x_i) logsumexp_j(W_ij) + prod_c(W_ic) ε_ijk x_j x_k").source(library)
    )
    texts.append(ed.function("L = " + " + ".join(f"longname{n}_i other{n}_i" for n in range(40))).source(library))
    for number, text in enumerate(texts):
        (tmp_path / f"source{number}.py").write_text(text, encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= allowed
            assert not isinstance(node, ast.ImportFrom)
    rules = ["--isolated", "--line-length", "120", "--select", "E,F,W,I,B,UP,NPY"]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *rules, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_no_text_of_the_user_is_code() -> None:
    query = '∂(x_i x_i # """ + __import__("os").abort() \\\n)/∂x_k'
    text = ed.derivative("f = x_i x_i", query).source()
    (function,) = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))
    names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    assert names <= {"np", "float", *(f"{kind}{n}" for kind in "vn" for n in range(20))}
    strings = [node for node in ast.walk(function) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert [node.value for node in strings if "__import__" in node.value] == [strings[0].value]


@each_library
@pytest.mark.parametrize(
    "text",
    [
        "h_i = x_{2i+k} w_k\ny_i = h_{2-i} + x_{0}",
        "y_i = x_{i+k} w_k - x_{i+2}",
        "y_n = x_{t_n} + [t_n == 1]",
        "y_n = argmax_c(A_nc) + argmin_c(A_nc)",
        "y = sum_{i,j,k} solve(B, C)_ijk^2 det(B) + logdet(B) + cholesky(B)_ii",
    ],
)
def test_positions_and_linear_algebra_have_a_source(text: str, library: str) -> None:
    rng = np.random.default_rng(3)
    arrays = {
        "x": rng.normal(size=9), "w": rng.normal(size=3), "t": np.array([2.0, 0.0, 1.0]), "A": rng.normal(size=(4, 5)),
        "B": 3 * np.eye(3) + 0.1 * np.ones((3, 3)), "C": rng.normal(size=(3, 2, 2)),
    }  # fmt: skip
    f = ed.function(text, of="y")
    needed = {name: arrays[name] for name in f.program.inputs}
    np.testing.assert_allclose(called(f, library, arrays), f(needed), rtol=1e-10)


def test_an_unknown_library_is_refused() -> None:
    with pytest.raises(ed.EinTypeError, match="no source for the library `fortran`"):
        ed.function("y = x").source("fortran")


@each_library
@pytest.mark.parametrize(
    "text",
    [
        "y_i = logsumexp_{j,k}(x_ijk)",
        "y_i = prod_{j,k}(x_ijk)",
        "u_i = mean_{j,k}(x_ijk)\ny = sum_i digamma(u_i)\n∂y/∂u_i",
        "A_ii' = δ_ii' (1 + 0 * mean_{j,k}(x_ijk))\nB_ij = mean_k(x_ijk)\ny_ij = solve(A, B)_ij + sigmoid(B_ij)",
    ],
)
def test_axes_without_elements_are_no_obstacle(text: str, library: str) -> None:
    f = ed.function(text, of=ed.parse(text).outputs[-1])
    for size in (0, 2):
        x = np.linspace(0.5, 1.5, size * 6).reshape(size, 2, 3)
        np.testing.assert_allclose(called(f, library, {"x": x}), f(x=x), rtol=1e-6)  # the digits of torch's trigamma
