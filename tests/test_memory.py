"""What a call is predicted to take at once, against what it takes."""

from __future__ import annotations

import gc
import os
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import einderiv as ed
from einderiv import ir
from einderiv.plan import peak_without_blocks, plan
from einderiv.run import prepare
from einderiv.run.generic import generic

COUNT = int(os.environ.get("EINDERIV_MEMORY_CASES", "40"))  # programs of each kind; 1000 take some minutes
BUFFERS = 200_000  # bytes of Python's objects and of NumPy's own buffers, which are not predicted
GIVEN = {"A": "ij", "B": "jk", "C": "ijk", "D": "k", "E": "ki"}
FUNCTIONS = "tanh exp sin sigmoid relu sqrt abs log1p erf softplus cos".split()
KEEPING = "softmax logsoftmax cumsum".split()
REDUCING = "max min logsumexp norm sum mean prod".split()
Case = tuple[ed.Function, dict[str, Any]]


def traced(call: Callable[[], object]) -> int:
    """The most bytes that a call takes at once."""
    gc.collect()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def taken(f: ed.Function, arrays: dict[str, Any]) -> tuple[int, int]:
    """The bytes that a call is predicted to take at once on top of its arrays, and those that it takes."""
    f(arrays, memory_limit=float("inf"))
    real = traced(lambda: f(arrays, memory_limit=float("inf")))
    return f.plan({name: array.shape for name, array in arrays.items()}).peak_bytes, real


def taken_by_tensors(f: ed.Function, arrays: dict[str, Any]) -> tuple[int, int]:
    """The same for a call with tensors of PyTorch, whose allocator reports what it gives out and takes back."""
    torch = pytest.importorskip("torch")
    profiler = pytest.importorskip("torch.profiler")
    tensors = {name: torch.as_tensor(array) for name, array in arrays.items()}
    with profiler.profile(activities=[profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        f(tensors, memory_limit=float("inf"))
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    amounts = [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]
    made = f.plan({name: array.shape for name, array in arrays.items()})
    return peak_without_blocks(made, "torch"), int(np.max(np.cumsum([0, *amounts])))


def contraction(rng: np.random.Generator) -> Case:
    """A random product of one to four tensors, summed over some of its letters, and its arrays."""
    while True:
        letters = list("ijklm"[: int(rng.integers(2, 6))])
        tensors = ["".join(rng.permutation(letters)[: rng.integers(1, 4)]) for _ in range(rng.integers(1, 5))]
        met = sorted(set("".join(tensors)))
        output = "".join(rng.permutation(met)[: rng.integers(0, 5)])
        sizes = {letter: int(2 ** rng.uniform(1, 8)) for letter in letters}
        if 3e5 < max(np.prod([sizes[letter] for letter in group]) for group in [*tensors, output]) < 3e6:
            break
    names = [f"{name}{place}" for place, name in enumerate(rng.choice(list("ABC"), len(tensors)))]
    product = " ".join(f"{name}_{{{','.join(group)}}}" for name, group in zip(names, tensors, strict=True))
    summed = ",".join(letter for letter in met if letter not in output)
    left = f"y_{{{','.join(output)}}}" if output else "y"
    text = f"{left} = sum_{{{summed}}}({product})" if summed else f"{left} = {product}"
    shapes = [tuple(sizes[letter] for letter in group) for group in tensors]
    return ed.function(text), {name: rng.random(shape) for name, shape in zip(names, shapes, strict=True)}


def term(rng: np.random.Generator, known: dict[str, str]) -> tuple[str, str]:
    """A random term of tensors that are `known` with their letters, and the letters that it has."""
    one, other = (str(rng.choice([name for name in known if known[name]])) for _ in range(2))
    first, second = f"{one}_{known[one]}", f"{other}_{known[other]}"
    along = str(rng.choice(list(known[one])))
    match rng.integers(5):
        case 0:
            return f"{rng.choice(FUNCTIONS)}({first})", known[one]
        case 1:
            return f"{first} {second}", known[one] + known[other]
        case 2:
            return f"tanh({first} - 0.5 {second})", known[one] + known[other]
        case 3:
            return f"{rng.choice(KEEPING)}_{along}({first})", known[one]
        case _:
            bound = "pqr"["ijk".index(along)]
            inner = f"{one}_{known[one].replace(along, bound)}"
            return f"{rng.choice(REDUCING)}_{bound}({inner})", known[one].replace(along, "")


def program(rng: np.random.Generator) -> Case:
    """A random program of two to five equations, or a derivative of it, and its arrays."""
    known, lines = dict(GIVEN), []
    for number in range(1, int(rng.integers(2, 6))):
        terms = [term(rng, known) for _ in range(rng.integers(1, 4))]
        met = sorted(set("".join(letters for _, letters in terms)))
        lacking = ["".join(letter for letter in met if letter not in letters) for _, letters in terms]
        written = [text + (f" 1_{rest}" if rest else "") for (text, _), rest in zip(terms, lacking, strict=True)]
        name = f"T{number}"
        known[name] = "".join(rng.permutation(met))
        lines.append((f"{name}_{known[name]}" if met else name) + " = " + " + ".join(written))
    last = f"{name}_{known[name]}" if met else name
    lines.append(f"L = sum_{{{','.join(met)}}}(tanh({last})^2)" if met else f"L = tanh({last})^2")
    net = ed.parse("\n".join(lines))
    wrt = str(rng.choice(net.inputs))
    makers: list[Callable[[], ed.Function]] = [
        lambda: ed.function(net, of=list(net.outputs)),
        lambda: ed.grad(net, of="L", allow_unused=True),
        lambda: ed.value_and_grad(net, of="L", wrt=wrt, allow_unused=True),
        lambda: ed.hvp(net, of="L", wrt=wrt, allow_unused=True),
    ]
    choice = int(rng.integers(len(makers)))
    sizes = {letter: int(2 ** rng.uniform(5, 7)) for letter in "ijk"}
    shapes = {name: tuple(sizes[letter] for letter in GIVEN[name]) for name in net.inputs}
    if choice == 3:
        shapes[f"d{wrt}"] = shapes[wrt]
    return makers[choice](), {name: rng.random(shape) for name, shape in shapes.items()}


@pytest.mark.filterwarnings("ignore::einderiv.EinWarning")
@pytest.mark.parametrize("make", [contraction, program])
def test_no_call_takes_more_than_predicted_and_few_take_much_less(make: Callable[[np.random.Generator], Case]) -> None:
    shares = []
    for seed in range(COUNT):
        f, arrays = make(np.random.default_rng(seed))
        predicted, real = taken(f, arrays)
        assert real <= predicted + BUFFERS, f"{make.__name__} {seed}: {predicted} predicted, {real} taken\n{f}"
        shares.append(predicted / max(real, BUFFERS))
    assert np.quantile(shares, 0.95) <= 3


@pytest.mark.parametrize("text", ["y_i = tanh(exp(sin(x_i)) - 2 x_i) + 3 x_i", "L = sum_i(exp(sin(x_i))^2)"])
def test_a_library_without_blocks_is_predicted_to_take_whole_arrays(text: str) -> None:
    f, x = ed.function(text), np.linspace(0, 1, 1_000_000)
    made = f.plan(x=x.shape)
    line = generic(made, "numpy", "float64")
    name = next(iter(made.inputs))
    line({name: x})
    real = traced(lambda: line({name: x}))
    assert made.peak_bytes < real <= peak_without_blocks(made, "numpy") + BUFFERS <= 3 * real


@pytest.mark.filterwarnings("ignore::einderiv.EinWarning")
@pytest.mark.parametrize("make", [contraction, program])
def test_no_call_with_tensors_takes_more_than_predicted_and_few_take_much_less(
    make: Callable[[np.random.Generator], Case],
) -> None:
    shares = []
    for seed in range(COUNT):
        f, arrays = make(np.random.default_rng(seed))
        predicted, real = taken_by_tensors(f, arrays)
        assert real <= predicted + BUFFERS, f"{make.__name__} {seed}: {predicted} predicted, {real} taken\n{f}"
        shares.append(predicted / max(real, BUFFERS))
    assert np.quantile(shares, 0.95) <= 3


READING = {
    "embedding": ("y_nd = W_{t_n,d}\nL = sum_n tanh(y_nd v_d)", {"W": (5000, 64), "t": (4096,), "v": (64,)}, 5000),
    "convolution": (
        "y_bopq = x_{b,c,p+i,q+j} K_ocij\nL = sum_{b,o,p,q}(tanh(y_bopq)^2)",
        {"x": (16, 3, 64, 64), "K": (8, 3, 3, 3)},
        0,
    ),
    "stencil": ("h_i = x_{2i+k} w_k\nL = h_i h_i + sum_i (h_{i} x_{i+1})", {"x": (90_000,), "w": (3,)}, 0),
    "classes": ("F_nk = logsoftmax_k(A_nk)\nL = -mean_n(F_{n,t_n})", {"A": (5000, 30), "t": (5000,)}, 30),
    "mask": ("L = sum_{n,k}(A_nk [k == t_n])^2", {"A": (5000, 30), "t": (5000,)}, 30),
}


def reading(kind: str) -> Case:
    """The value and gradients of a program that reads at positions, and its arrays."""
    text, shapes, most = READING[kind]
    rng = np.random.default_rng(0)
    arrays = {name: rng.integers(most, size=n) if name == "t" else rng.normal(size=n) for name, n in shapes.items()}
    return ed.value_and_grad(text, of="L", wrt=[name for name in shapes if name != "t"]), arrays


@pytest.mark.parametrize("kind", READING)
def test_reading_and_writing_at_positions_takes_no_more_than_predicted(kind: str) -> None:
    f, arrays = reading(kind)
    predicted, real = taken(f, arrays)
    assert real <= predicted + BUFFERS <= 3 * real
    predicted, real = taken_by_tensors(f, arrays)
    assert real <= predicted + BUFFERS <= 3 * real


def test_what_only_a_view_kept_is_let_go_with_the_view() -> None:
    f = ed.function("y_ij = x_i z_j\ns_j = sum_i(softmax_i(exp(y_ij)) y_ij)\nq = sum_j(s_j^2)", of="q")
    x = np.linspace(0, 1, 1000)
    predicted, real = taken_by_tensors(f, {"x": x, "z": x})
    assert real <= predicted + BUFFERS


def test_a_library_without_blocks_is_refused_what_its_whole_arrays_would_take() -> None:
    torch = pytest.importorskip("torch")
    f, x = ed.function("L = sum_i(exp(sin(x_i))^2)"), torch.linspace(0, 1, 1_000_000, dtype=torch.float64)
    f(x=x.numpy(), memory_limit=8e6)
    with pytest.raises(ed.EinMemoryError):
        f(x=x, memory_limit=8e6)


@pytest.mark.parametrize("shape", [(200_000,), (40, 50, 100)])
@pytest.mark.parametrize("name", sorted(ir.FUNCTIONS))
def test_a_function_takes_no_more_than_predicted(name: str, shape: tuple[int, ...]) -> None:
    axes = tuple(ir.Dim(f"N{place}") for place in range(len(shape)))
    count = len(ir.FUNCTIONS[name].slopes)
    operands = [ir.Input(f"x{place}", axes) for place in range(count)]
    made = plan([ir.apply(name, *operands)], dict(zip(axes, shape, strict=True)))
    values = np.random.default_rng(0).uniform(0.2, 0.8, shape)
    arrays = {f"x{place}": values for place in range(count)}
    if name == "polygamma":
        arrays["x0"] = np.ones(shape)
    line = prepare(made)
    line(arrays)
    assert traced(lambda: line(arrays)) <= made.peak_bytes + BUFFERS


def test_arrays_that_have_to_be_copied_count() -> None:
    f = ed.function("y = A_ijk B_jik")
    A = np.ones((60, 50, 40))
    given = {"A": A, "B": A.transpose(1, 0, 2)}
    f(given, memory_limit=5 * A.nbytes)
    with pytest.raises(ed.EinMemoryError):
        f({"A": A[:, :, ::-1], "B": A.transpose(1, 0, 2)}, memory_limit=A.nbytes)


# ------------------------------------------------------------------- refusals

WIDE, LONG = np.broadcast_to(1.0, (10_000, 10_000)), np.ones(1_000_000)
TOO_LARGE: dict[str, tuple[Callable[[], ed.Function], dict[str, Any], str]] = {
    "layer by weights": (lambda: ed.jacobian("a_i = W_ij x_j", wrt="W"), {"W": WIDE, "x": LONG[:10_000]}, "8.0 TB"),
    "tanh layer": (lambda: ed.jacobian("a_i = tanh(W_ij x_j)", wrt="W"), {"W": WIDE, "x": LONG[:10_000]}, "8.0 TB"),
    "identity": (lambda: ed.jacobian("a_ij = W_ij", wrt="W"), {"W": WIDE}, "80 PB"),
    "softmax": (lambda: ed.jacobian("a_i = softmax_i(x_i)", wrt="x"), {"x": LONG}, "8.0 TB"),
    "elementwise": (lambda: ed.jacobian("y_i = x_i^2", wrt="x"), {"x": LONG}, "8.0 TB"),
    "dense": (lambda: ed.jacobian("y_i = x_i^2 + sum_j x_j", wrt="x"), {"x": LONG}, "8.0 TB"),
    "diagonal Hessian": (lambda: ed.hessian("L = sum_i x_i^4", wrt="x"), {"x": LONG}, "8.0 TB"),
    "low rank Hessian": (lambda: ed.hessian("L = (sum_i x_i^2)^2", wrt="x"), {"x": LONG}, "8.0 TB"),
    "third": (lambda: ed.derivative("L = sum_i x_i^4", "∂³L/∂x_i∂x_j∂x_k"), {"x": LONG}, "8.0 EB"),
    "outer product": (lambda: ed.function("y_ij = x_i x_j"), {"x": LONG}, "8.0 TB"),
    "outer sum": (lambda: ed.function("y_ij = x_i + x_j"), {"x": LONG}, "8.0 TB"),
    "in between": (lambda: ed.function("s = sum_{i,j}(exp(x_i x_j))"), {"x": LONG}, "8.0 TB"),
    "factored": (lambda: ed.jacobian("y_ij = exp(x_i x_j)", wrt="x"), {"x": LONG}, "8.0 EB"),
}


@pytest.mark.parametrize("kind", TOO_LARGE)
def test_what_is_too_large_is_refused_before_anything_is_allocated(kind: str) -> None:
    make, arrays, size = TOO_LARGE[kind]
    f = make()
    caught: list[ed.EinMemoryError] = []

    def call() -> None:
        with pytest.raises(ed.EinMemoryError) as refused:
            f(arrays)
        caught.append(refused.value)

    call()
    assert traced(call) < 1e6
    text = str(caught[0])
    assert size in text and "limit" in text
    assert (".factored(…)" in text) == any(asked.title.startswith("∂") for asked in f._asked)


def test_a_diagonal_hessian_of_a_million_is_a_few_vectors() -> None:
    f, x = ed.hessian("L = sum_i x_i^4", wrt="x"), np.linspace(1, 2, 1_000_000)
    H = f.factored(x=x)
    assert traced(lambda: f.factored(x=x)) < 5 * x.nbytes
    np.testing.assert_allclose(H.diagonal(), 12 * x**2)
    for call in (lambda: H.diagonal(), lambda: H.matvec(x), lambda: H.trace(), lambda: H.solve(x)):
        assert traced(call) < 50e6
    np.testing.assert_allclose(H.solve(x), 1 / (12 * x))


def test_a_jacobian_with_a_delta_is_as_small_as_its_cores() -> None:
    J, W, x = ed.jacobian("a_i = tanh(W_ij x_j)", wrt="W"), np.ones((1000, 1000)), np.ones(1000) / 1000
    assert traced(lambda: J.factored(W=W, x=x)) < 1e6
    assert J.factored(W=W, x=x).nbytes <= 2 * x.nbytes


def test_the_jacobian_of_a_softmax_of_a_million_is_a_diagonal_and_a_product() -> None:
    J, x = ed.jacobian("a_i = softmax_i(x_i)", wrt="x"), np.linspace(0, 1, 1_000_000)
    assert traced(lambda: J.factored(x=x).matvec(x)) < 8 * x.nbytes


# ------------------------------------------------------------ pairwise energy

ENERGY = "E = sum_{i,j}(sqrt(sum_d((x_id - x_jd)^2) + [i == j]))"


def pairwise_hessian(x: np.ndarray) -> np.ndarray:
    """∂²E/∂x∂x by hand: pairs i ≠ j add 2 (1 / s - y yᵀ / s³) to the blocks ii and take it from ij, y = x_i - x_j."""
    n, d = x.shape
    y = x[:, None] - x[None]
    s = np.sqrt((y**2).sum(-1)) + np.eye(n)
    blocks = 2 * (np.eye(d) / s[..., None, None] - y[..., :, None] * y[..., None, :] / s[..., None, None] ** 3)
    blocks[np.arange(n), np.arange(n)] = 0
    H = -blocks.transpose(0, 2, 1, 3)
    H[np.arange(n), :, np.arange(n)] = blocks.sum(1)
    return H


@pytest.mark.parametrize("n", [40, 520])
def test_the_hessian_of_a_pairwise_energy_is_right_in_any_size(n: int) -> None:
    x = np.random.default_rng(0).standard_normal((n, 3))
    np.testing.assert_allclose(ed.hessian(ENERGY, wrt="x")(x=x), pairwise_hessian(x), rtol=1e-9, atol=1e-9)


def test_the_hessian_of_a_pairwise_energy_takes_twice_its_own_size() -> None:
    f, x = ed.hessian(ENERGY, wrt="x"), np.random.default_rng(0).standard_normal((1000, 3))
    f(x=x)
    assert traced(lambda: f(x=x)) <= 2 * 9 * 1000**2 * 8
