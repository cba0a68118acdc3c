"""Sweeps along a shared axis: which steps run in blocks, and that the numbers are those of whole arrays."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from generator import Choices, checking, draw
from scipy.special import log_softmax, softmax

import einderiv as ed
from einderiv.plan import sweeps

SOFTMAX = "A_nk = X_nd W_dk + b_k\nL = -y_nk logsoftmax_k(A_nk)"
ATTENTION = "given ∂E/∂O_bhid\nS_bhij = Q_bhid K_bhjd / 8\nP_bhij = softmax_j(S_bhij)\nO_bhid = P_bhij V_bhjd"
RNG = np.random.default_rng(7)
BUFFERS = 200_000  # bytes of Python's objects and of NumPy's own buffers, which are not predicted


@pytest.fixture
def in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sweeps wherever steps share an axis, one or two entries of it at once."""
    for name, value in {"LARGE": 0, "LEFT": 1e9, "WORTH": float("-inf"), "TRIED": 100}.items():
        monkeypatch.setattr(sweeps, name, value)
    monkeypatch.setattr(sweeps, "chainable", lambda steps, step: False)
    monkeypatch.setattr(sweeps, "_length", lambda members, length, along: min(2, length - 1))
    yield


def swept(function: ed.Function, **arrays: np.ndarray) -> list[str]:
    """How the sweeps of a call, and those in their blocks, are told."""
    planned = [function.plan(arrays)]
    found = []
    while planned:
        for sweep in planned.pop().sweeps:
            found.append(str(sweep))
            planned += [each for each in (sweep.each, sweep.rest) if each is not None]
    return found


def classification(samples: int = 10_007, dtype: type = float) -> dict[str, np.ndarray]:
    y = np.eye(10)[RNG.integers(10, size=samples)]
    arrays = {"X": RNG.normal(size=(samples, 100)), "W": RNG.normal(size=(100, 10)), "b": RNG.normal(size=10), "y": y}
    return {name: array.astype(dtype) for name, array in arrays.items()}


def by_hand(X: np.ndarray, W: np.ndarray, b: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    A = X @ W + b
    G = softmax(A, axis=1) - y
    return -(y * log_softmax(A, axis=1)).sum(), {"W": X.T @ G, "b": G.sum(0)}


@pytest.mark.parametrize("samples", [10_007, 12_000, 100_000])
def test_softmax_regression_reads_its_samples_once(samples: int) -> None:
    arrays = classification(samples)
    f = ed.value_and_grad(SOFTMAX, wrt=["W", "b"])
    (told,) = swept(f, **arrays)
    assert told.endswith(f"of {samples} at once")
    value, slopes = f(arrays)
    expected, gradients = by_hand(**arrays)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    for name, slope in slopes.items():
        np.testing.assert_allclose(slope, gradients[name], rtol=1e-10, atol=1e-12 * samples)


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: x[::-1], lambda x: np.repeat(x, 2, 0)[::2]])
def test_blocks_of_arrays_that_lie_otherwise_in_memory(layout) -> None:
    arrays = classification()
    found = ed.grad(SOFTMAX, wrt="W")({**arrays, "X": layout(arrays["X"]), "y": layout(arrays["y"])})
    expected = by_hand(layout(arrays["X"]), arrays["W"], arrays["b"], layout(arrays["y"]))[1]["W"]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-9)


def test_float32_stays_and_keeps_its_digits() -> None:
    arrays = classification(30_001, np.float32)
    f = ed.grad(SOFTMAX, wrt="W")
    assert swept(f, **arrays)
    found, expected = f(arrays), by_hand(**{name: array.astype(float) for name, array in arrays.items()})[1]["W"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_attention_runs_head_by_head() -> None:
    shape = (3, 5, 256, 64)
    arrays = {name: RNG.normal(size=shape) for name in ("Q", "K", "V", "dE_dO")}
    f = ed.grad(ATTENTION, of="E", wrt=["Q", "K", "V"])
    assert {told.partition(", ")[2] for told in swept(f, **arrays)} >= {"1 of 5 at once"}
    found = f(arrays)
    Q, K, V, G = arrays.values()
    P = softmax(np.einsum("bhid,bhjd->bhij", Q, K) / 8, axis=-1)
    T = np.einsum("bhid,bhjd->bhij", G, V)
    S = P * (T - (P * T).sum(-1, keepdims=True)) / 8
    expected = {"Q": S @ K, "K": S.swapaxes(2, 3) @ Q, "V": P.swapaxes(2, 3) @ G}
    for name, slope in found.items():
        np.testing.assert_allclose(slope, expected[name], rtol=1e-10, atol=1e-12)


def test_labels_are_read_and_written_block_by_block() -> None:
    arrays = classification()
    labels = arrays.pop("y").argmax(1)
    f = ed.value_and_grad("F_nk = logsoftmax_k(X_nd W_dk + b_k)\nL = -sum_n F_{n,y_n}", wrt=["W", "b"])
    (told,) = swept(f, **arrays, y=labels)
    assert told.endswith("of 10007 at once")
    value, slopes = f(arrays, y=labels)
    expected, gradients = by_hand(**arrays, y=np.eye(10)[labels])
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    for name, slope in slopes.items():
        np.testing.assert_allclose(slope, gradients[name], rtol=1e-10, atol=1e-8)
    labels[5000] = 10
    with pytest.raises(ed.EinValueError, match="5000"):
        f(arrays, y=labels)


def test_rows_that_blocks_share_are_written_once_for_each() -> None:
    table, positions, W = RNG.normal(size=(300, 64)), RNG.integers(300, size=50_000), RNG.normal(size=(64, 20))
    f = ed.grad("A_nk = E_{t_n,d} W_dk\nL = sum_n log(sum_k exp(A_nk))", wrt=["E", "W"])
    assert swept(f, E=table, t=positions, W=W)
    found = f(E=table, t=positions, W=W)
    P = softmax(table[positions] @ W, axis=1)
    expected = np.zeros_like(table)
    np.add.at(expected, positions, P @ W.T)
    np.testing.assert_allclose(found["E"], expected, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found["W"], table[positions].T @ P, rtol=1e-10, atol=1e-10)


def test_a_sum_over_all_samples_that_their_steps_need_comes_before_a_second_sweep() -> None:
    X, W = RNG.normal(size=(50_000, 4)), RNG.normal(size=(4, 30))
    net = "p_nk = softmax_k(X_nd W_dk)\nm_k = mean_n(p_nk)\nr_nk = exp((p_nk - m_k)^2)\ns_k = sum_n r_nk / (1 + p_nk)"
    f = ed.function(net)
    assert len(swept(f, X=X, W=W)) == 2
    p = softmax(X @ W, axis=1)
    np.testing.assert_allclose(f(X=X, W=W), np.sum(np.exp((p - p.mean(0)) ** 2) / (1 + p), 0), rtol=1e-12)


def test_steps_along_long_vectors_alone_stay_a_chain() -> None:
    f = ed.function("y_i = log(1 + exp(x_i))\nS = sum_i y_i", of="S")
    planned = f.plan(x=(10_000_000,))
    assert planned.chains
    assert not planned.sweeps


def test_small_arrays_are_not_cut() -> None:
    assert not swept(ed.grad(SOFTMAX, wrt="W"), **classification(500))


def test_a_layer_whose_weights_outweigh_a_block_is_not_cut() -> None:
    net = "h_nm = tanh(X_nd W_dm)\nL = h_nm^2"
    assert not ed.grad(net, wrt="W").plan(X=(4000, 2000), W=(2000, 2000)).sweeps


def test_large_products_are_not_cut_where_that_saves_little() -> None:
    net = "h_nm = tanh(X_nd W_dm + b_m)\nA_nk = h_nm V_mk + c_k\nL = -y_nk logsoftmax_k(A_nk)"
    shapes = {"X": (256, 784), "W": (784, 512), "b": (512,), "V": (512, 10), "c": (10,), "y": (256, 10)}
    directions = {f"d{name}": shapes[name] for name in "WbVc"}
    assert not ed.hvp(net, wrt=list("WbVc")).plan(shapes | directions).sweeps


def test_the_inputs_stay_as_they_are_and_the_results_are_new() -> None:
    arrays = classification()
    for array in arrays.values():
        array.setflags(write=False)
    before = {name: array.copy() for name, array in arrays.items()}
    f = ed.function(SOFTMAX + "\nG_nk = ∂L/∂A_nk", of=["A", "G", "L"])
    assert swept(f, **arrays)
    for result in f(arrays).values():
        assert result.flags.writeable
        assert not any(np.shares_memory(result, array) for array in arrays.values())
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, before[name])


def test_less_memory_is_taken_and_it_is_predicted() -> None:
    arrays = classification(100_000)
    f = ed.value_and_grad(SOFTMAX, wrt=["W", "b"])
    f(arrays)
    tracemalloc.start()
    f(arrays)
    real = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    predicted = f.plan(arrays).peak_bytes
    assert real <= predicted + BUFFERS <= 3 * real
    assert predicted < arrays["y"].nbytes / 4  # none of the arrays of all samples is ever there


def test_threads_share_a_function_with_sweeps() -> None:
    f, inputs = ed.grad(SOFTMAX, wrt="W"), [classification(10_000 + step) for step in range(4)] * 2
    with ThreadPoolExecutor(8) as pool:
        for arrays, found in zip(inputs, pool.map(f, inputs), strict=True):
            np.testing.assert_allclose(found, by_hand(**arrays)[1]["W"], rtol=1e-10, atol=1e-9)


def test_the_plan_tells_what_runs_in_blocks() -> None:
    text = str(ed.value_and_grad(SOFTMAX, wrt=["W", "b"]).plan(X=(10_000, 784), W=(784, 10), b=(10,), y=(10_000, 10)))
    assert "in blocks, 127 of 10000 at once" in text


def test_what_does_not_fit_is_told_with_the_largest_step_of_a_sweep() -> None:
    shapes = dict.fromkeys(("Q", "K", "V", "dE_dO"), np.zeros((2, 2, 20_000, 4)))
    f = ed.grad(ATTENTION, of="E", wrt=["Q", "K", "V"])
    assert swept(f, **shapes)
    told = r"of . and ., shape 2 × 2 × 20000 × 20000 \(the large index is . = 20000, from ."
    with pytest.raises(ed.EinMemoryError, match=told):
        f(shapes, memory_limit=8e6)


DERIVATIVES = {checking.gradient: ed.grad, checking.jacobian: ed.jacobian, checking.hessian: ed.hessian}


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")  # inside PyTorch
@pytest.mark.usefixtures("in_small_blocks")
@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("check", DERIVATIVES)
def test_random_programs_in_blocks_have_the_derivatives_of_other_libraries(part: int, check) -> None:
    pytest.importorskip("torch")
    cut = tried = number = 0
    while tried < 40:
        number += 1
        sample = draw(Choices.of_seed(f"sweeps {check.__name__} {part} {number}"), check is not checking.jacobian)
        if sample is None or sum(sample.arrays[name].size for name in sample.wrt) > 100:
            continue
        tried += 1
        f = DERIVATIVES[check](sample.text, of=sample.of, wrt=sample.wrt, allow_unused=True)
        cut += bool(swept(f, **sample.arrays))
        try:
            check(sample)
        except checking.IllConditioned:
            continue
        except Exception as problem:
            raise AssertionError(f"{problem}\n{sample.text}") from problem
    assert cut > 8
