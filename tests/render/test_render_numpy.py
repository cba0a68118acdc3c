"""The source for NumPy calls what a run calls: views, gathers, scatters, halves of products; and takes no more room."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import einderiv as ed
from einderiv import samples
from einderiv.plan import sweeps

EMBEDDING = "y_nd = W_{t_n,d}\nL = sum_n tanh(y_nd v_d)"
CONVOLUTION = "y_bopq = x_{b,c,p+i,q+j} K_ocij\nL = sum_{b,o,p,q}(tanh(y_bopq)^2)"
POISSON = "L = sum_n(exp(X_nd w_d) - y_n X_nd w_d)"
SINE = "L = sum_n(sin(X_nd w_d) y_n)"
BUFFERS = 200_000
rng = np.random.default_rng(5)

LARGE: dict[str, tuple[Callable[[], ed.Function], dict[str, Any]]] = {
    "embedding": (lambda: ed.function(EMBEDDING, of="y"), {"W": (50_000, 64), "t": (4096,), "v": (64,)}),
    "gradient of an embedding": (
        lambda: ed.grad(EMBEDDING, of="L", wrt=["W", "v"]),
        {"W": (50_000, 64), "t": (4096,), "v": (64,)},
    ),
    "convolution": (lambda: ed.function(CONVOLUTION, of="y"), {"x": (16, 3, 64, 64), "K": (8, 3, 3, 3)}),
    "gradients of a convolution": (
        lambda: ed.grad(CONVOLUTION, of="L", wrt=["x", "K"]),
        {"x": (16, 3, 64, 64), "K": (8, 3, 3, 3)},
    ),
    "Hessian of a GLM": (lambda: ed.hessian(POISSON, wrt="w"), {"X": (4000, 300), "w": (300,), "y": (4000,)}),
    "chain": (lambda: ed.function("y_i = log(1 + exp(sin(x_i))) x_i + 3 x_i^2"), {"x": (1_000_000,)}),
    "chain of matrices": (
        lambda: ed.function("y_ij = sin(x_ij) exp(x_ij) + tanh(z_ij x_ij)"),
        {"x": (1000, 1000), "z": (1000, 1000)},
    ),
    "sum of a chain": (lambda: ed.value_and_grad("L = sum_i(exp(sin(x_i))^2)", wrt="x"), {"x": (1_000_000,)}),
    "Hessian of any sign": (lambda: ed.hessian(SINE, wrt="w"), {"X": (4000, 300), "w": (300,), "y": (4000,)}),
}


def compiled(f: ed.Function) -> Callable[..., Any]:
    """The function that the source defines, of arrays by name."""
    space: dict[str, Any] = {}
    exec(compile(f.source(), "<source>", "exec"), space)
    names = [argument.name for argument in f._arguments()]
    return lambda arrays: space["evaluate"](*(arrays[name] for name in names))


def as_list(result: Any) -> list[Any]:
    """Results of a call or of a source, in order."""
    if isinstance(result, dict):
        return list(result.values())
    return [each for part in result for each in as_list(part)] if isinstance(result, tuple) else [result]


def agree(f: ed.Function, arrays: dict[str, Any]) -> None:
    """The source gives what the call gives."""
    needed = {argument.name: arrays[argument.name] for argument in f._arguments()}
    for found, wanted in zip(as_list(compiled(f)(arrays)), as_list(f(needed)), strict=True):
        assert np.shape(found) == np.shape(wanted)
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10 * np.max(np.abs(wanted), initial=1.0))


@pytest.mark.parametrize("kind", LARGE)
def test_the_source_takes_no_more_memory_than_a_run_on_whole_arrays_is_predicted_to(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, shapes = LARGE[kind]
    f = make()
    arrays = {
        name: rng.integers(50_000, size=n) if name == "t" else rng.normal(size=n) / 10 for name, n in shapes.items()
    }
    agree(f, arrays)
    evaluate, needed = compiled(f), {argument.name: arrays[argument.name].shape for argument in f._arguments()}
    gc.collect()
    tracemalloc.start()
    evaluate(arrays)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    monkeypatch.setattr(sweeps, "LARGE", np.inf)  # the source knows no sizes, so it has no sweeps
    assert peak <= f.plan(needed).peak_bytes + BUFFERS


def test_gathers_are_take_and_their_transposes_add_at() -> None:
    assert "np.take(v0, " in ed.function(EMBEDDING, of="y").source()
    text = ed.grad(EMBEDDING, of="L", wrt="W").source()
    assert "np.add.at(" in text and "== np.arange" not in text and "einsum" not in text


def test_convolutions_are_windows_and_their_transposes_slices() -> None:
    text = ed.grad(CONVOLUTION, of="L", wrt=["x", "K"]).source()
    assert "np.lib.stride_tricks.sliding_window_view(v0, (n1, n4), (2, 3))" in text
    assert "[i0 : i0 + n0, i1 : i1 + n3] += " in text.replace(":, :, ", "")
    assert "np.arange" not in text


def test_a_chain_runs_block_by_block_where_it_would_make_several_arrays() -> None:
    text = ed.function("L = sum_i(exp(sin(x_i))^2)").source()
    assert "for i0 in range(0, n0, 65536):" in text and "np.empty" not in text
    assert "for " not in ed.function("y_i = exp(tanh(x_i))").source()
    f = ed.function(
        "a_ij = sin(x_ij) exp(x_ij)\ns = sum_{i,j}(a_ij)\nb_ij = a_ij s + tanh(a_ij) cos(x_ij)", of=["b", "s", "a"]
    )
    for shape in ((0, 3), (3, 0), (1, 1), (5, 70_000), (70_000, 2)):
        agree(f, {"x": rng.normal(size=shape)})


def test_of_a_symmetric_product_half_is_computed() -> None:
    text = ed.hessian(SINE, wrt="w").source()
    assert "[:, i0:])" in text and ".T\n" in text
    for size in (3, 64, 65, 700):
        arrays = {"X": rng.normal(size=(5, size)), "w": rng.normal(size=size), "y": rng.normal(size=5)}
        agree(ed.hessian(SINE, wrt="w"), arrays)
        agree(ed.hessian(POISSON, wrt="w"), arrays)


EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.ein"))


@pytest.mark.parametrize("path", [path for path in EXAMPLES if "wrong" not in path.name], ids=lambda path: path.stem)
def test_the_sources_of_the_examples_agree_with_the_call(path: Path) -> None:
    net = ed.load(path)
    arrays = next(samples.arrays(net, samples.sizes(net, 3), np.random.default_rng(0)))
    smooth = [name for name in net.inputs if np.asarray(arrays[name]).dtype.kind == "f" and "∂" not in name]
    for output in net.outputs:
        if output.startswith("∂"):
            agree(ed.derivative(net, output), arrays)
            continue
        agree(ed.function(net, of=output), arrays)
        for name in smooth:
            agree(ed.jacobian(net, of=output, wrt=name, allow_unused=True), arrays)


POSITIONS = {
    "windows of several strides": ("y_ij = x_{2i+j+3k+1} w_k v_j", {"x": (30,), "w": (4,), "v": (5,)}),
    "backwards": ("y_i = x_{7-i} u_i", {"x": (9,), "u": (6,)}),
    "a diagonal beside the diagonal": ("y_i = A_{i,i+1} u_i", {"A": (6, 8), "u": (6,)}),
    "none beyond the end": ("y_i = sum_j(x_j u_i [j == i + 2])", {"x": (7,), "u": (7,)}),
    "none before the start": ("y_i = sum_j(x_j u_i [j == 2i - 3])", {"x": (7,), "u": (7,)}),
    "two gathers": ("y_nm = A_{t_n,s_m}", {"A": (6, 7), "t": (4,), "s": (5,)}),
    "two gathers along one index": ("y_n = A_{t_n,s_n} u_n", {"A": (6, 7), "t": (4,), "s": (4,), "u": (4,)}),
    "a gather in each row": ("y_nk = A_{n,t_n,k} u_k", {"A": (4, 6, 3), "t": (4,), "u": (3,)}),
    "a gather in the middle": ("y_nim = A_{i,t_n,m} B_mi", {"A": (2, 6, 3), "t": (4,), "B": (3, 2)}),
    "a matrix of positions": ("y_nmd = A_{T_nm,d} u_d", {"A": (6, 3), "T": (4, 2), "u": (3,)}),
    "a mask": ("y_nk = A_nk [k == t_n]", {"A": (4, 5), "t": (4,)}),
    "equal positions": ("y = sum_{n,m}(u_n v_m [t_n == s_m])", {"u": (4,), "v": (5,), "t": (4,), "s": (5,)}),
    "tied embeddings": ("y_nd = A_{t_n,d} + 2 A_{s_n,d} + B_nd", {"A": (6, 3), "B": (4, 3), "t": (4,), "s": (4,)}),
    "one position": ("y_i = x_{2} u_i + A_{i,0}", {"x": (5,), "u": (3,), "A": (3, 4)}),
}


@pytest.mark.filterwarnings("ignore::einderiv.EinWarning")
@pytest.mark.parametrize("kind", POSITIONS)
def test_reads_writes_and_their_derivatives_agree_with_the_call(kind: str) -> None:
    text, shapes = POSITIONS[kind]
    arrays = {
        name: rng.integers(min(shapes.get("A", (6,))[0], 5), size=n) if name in "tsT" else rng.normal(size=n)
        for name, n in shapes.items()
    }
    agree(ed.function(text), arrays)
    left = text.partition(" = ")[0]
    letters = left.partition("_")[2]
    total = f"\nL = sum_{{{','.join(letters)}}}(tanh({left})^2)" if letters else "\nL = tanh(y)^2"
    wrt = [name for name in shapes if name not in "tsT"]
    agree(ed.value_and_grad(text + total, of="L", wrt=wrt), arrays)
    agree(ed.hessian(text + total, of="L", wrt=wrt[0]), arrays)
    agree(ed.jacobian(text, of="y", wrt=wrt[0]), arrays)


@pytest.mark.parametrize("wrong", [-1, 6, 0.5, np.nan])
def test_what_is_no_position_is_refused(wrong: float) -> None:
    evaluate = compiled(ed.function("y_n = x_{t_n}"))
    with pytest.raises(ValueError, match="invalid entry"):
        evaluate({"x": np.ones(6), "t": np.array([1.0, wrong])})


def test_reads_behind_the_end_are_refused() -> None:
    evaluate = compiled(ed.function("y_i = x_{i+3} u_i"))
    evaluate({"x": np.ones(8), "u": np.ones(5)})
    with pytest.raises(IndexError, match="behind"):
        evaluate({"x": np.ones(7), "u": np.ones(5)})


def test_a_product_whose_diagonal_is_read_beside_another_is_made_in_any_order() -> None:
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(2, 3, 3)), rng.normal(size=(3, 3))
    f = ed.function("k_mr = x_jmr x_jrr x_jrr\ny_m = W_mm k_mm + exp(k_mm)", of="y")
    found = compiled(f)({"x": x, "W": W})
    k = np.einsum("jmm,jmm,jmm->m", x, x, x)
    np.testing.assert_allclose(found, np.diag(W) * k + np.exp(k), rtol=1e-14)
