"""Gathers, affine indices and masks: against PyTorch, in memory, and what is refused."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from reference import evaluate

from einderiv.errors import EinValueError
from einderiv.ir import Affine, Dim, Input, add, apply, axiswise, einsum, reduce, scale, select
from einderiv.plan import Contract, Match, Read, Write, index_inputs, plan
from einderiv.run import accept, prepare, run, scatter

N, C, A, B, O, P, Q, I, J = (Dim(name) for name in "NCABOPQIJ")
V, D, T = Dim("V"), Dim("D"), Dim("T")
X, W, G = Input("X", (N, C, A, B)), Input("W", (O, C, P, Q)), Input("G", (N, O, I, J))
E, t, g = Input("E", (V, D)), Input("t", (T,)), Input("g", (T, D))
GATHER = select(t, V, strict=True)
ROWS = einsum([(E, "vd"), (GATHER, "tv")], "td")
BACK = einsum([(g, "td"), (GATHER, "tv")], "vd")


def window(position, kernel, dim, stride=1, start=0, *, strict=True):
    return select(Affine((stride, 1), start, (position, kernel)), dim, strict=strict)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("start", [0, -2])
def test_a_convolution_and_its_gradients_are_those_of_torch(stride, start):
    torch = pytest.importorskip("torch")
    rows = window(I, P, A, stride, start, strict=not start)
    columns = window(J, Q, B, stride, start, strict=not start)
    pair = [(rows, "ipa"), (columns, "jqb")]
    value = einsum([(X, "ncab"), (W, "ocpq"), *pair], "noij")
    by_x = einsum([(G, "noij"), (W, "ocpq"), *pair], "ncab")
    by_w = einsum([(G, "noij"), (X, "ncab"), *pair], "ocpq")
    sizes = {N: 2, C: 3, A: 9, B: 11, O: 4, P: 3, Q: 2}
    sizes[I], sizes[J] = ((sizes[a] - 2 * start - sizes[p]) // stride + 1 for a, p in ((A, P), (B, Q)))
    rng = np.random.default_rng(0)
    arrays = {x.name: rng.standard_normal([sizes[dim] for dim in x.axes]) for x in (X, W, G)}
    x, w = (torch.tensor(arrays[name], requires_grad=True) for name in "XW")
    y = torch.nn.functional.conv2d(x, w, stride=stride, padding=-start)
    expected = [y, *torch.autograd.grad(y, (x, w), torch.tensor(arrays["G"]))]
    for result, other in zip(run(plan([value, by_x, by_w], sizes), arrays), expected, strict=True):
        np.testing.assert_allclose(result, other.detach().numpy(), rtol=1e-12, atol=1e-12)


def test_a_convolution_is_contracted_before_it_is_scattered():
    sizes = {N: 2, C: 3, A: 9, B: 9, O: 4, P: 3, Q: 3, I: 7, J: 7}
    made = plan([einsum([(G, "noij"), (W, "ocpq"), (window(I, P, A), "ipa"), (window(J, Q, B), "jqb")], "ncab")], sizes)
    kinds = [type(step.operation) for step in made.steps if not step.operands == ()]
    assert kinds == [Contract, Write]
    assert made.steps[2].shape[-3:] == (2, 7, 7)


def test_an_embedding_and_its_gradient_are_those_of_torch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    arrays = {"E": rng.standard_normal((10, 4)), "t": rng.integers(0, 10, 30), "g": rng.standard_normal((30, 4))}
    rows, back = run(plan([ROWS, BACK], {V: 10, D: 4, T: 30}), arrays)
    e = torch.tensor(arrays["E"], requires_grad=True)
    y = torch.nn.functional.embedding(torch.tensor(arrays["t"]), e)
    (expected,) = torch.autograd.grad(y, e, torch.tensor(arrays["g"]))
    assert np.array_equal(rows, y.detach().numpy())
    np.testing.assert_allclose(back, expected.numpy(), rtol=1e-12, atol=1e-12)


def test_the_gradient_of_an_embedding_is_never_one_hot():
    sizes = {V: 50_000, D: 64, T: 1_000}
    rng = np.random.default_rng(2)
    arrays = {"E": np.zeros((50_000, 64)), "t": rng.integers(0, 50_000, 1_000), "g": rng.standard_normal((1_000, 64))}
    made = plan([einsum([(E, "vd"), (GATHER, "tv"), (g, "td")], ""), BACK], sizes)
    assert max(np.prod(step.shape) for step in made.steps) == 50_000 * 64
    line = prepare(made)
    tracemalloc.start()
    try:
        line(arrays)
        assert tracemalloc.get_traced_memory()[1] < 1.2 * 50_000 * 64 * 8
    finally:
        tracemalloc.stop()


def test_a_batched_gather_and_its_gradient():
    K = Dim("K")
    F, y = Input("F", (T, K)), Input("y", (T,))
    pick = select(y, K, strict=True)
    loss = einsum([(F, "nk"), (pick, "nk")], "n")
    back = einsum([(pick, "nk")], "nk")
    rng = np.random.default_rng(3)
    arrays = {"F": rng.standard_normal((6, 3)), "y": rng.integers(0, 3, 6)}
    value, hot = run(plan([loss, back], {T: 6, K: 3}), arrays)
    assert np.array_equal(value, arrays["F"][np.arange(6), arrays["y"]])
    assert np.array_equal(hot, np.eye(3)[arrays["y"]])


def test_a_softmax_minus_its_labels_is_written_in_place():
    K = Dim("K")
    F, y = Input("F", (T, K)), Input("y", (T,))
    node = add([axiswise("softmax", F, 1), scale(select(y, K, strict=False), -1.0)])
    made = plan([node], {T: 5, K: 3})
    assert "with -#" in str(made) and not any(
        isinstance(s.operation, Write) and not s.operation.onto for s in made.steps
    )
    arrays = {"F": np.arange(15.0).reshape(5, 3), "y": np.array([0, 2, 7, -1, 1])}
    np.testing.assert_allclose(run(made, arrays)[0], evaluate(node, arrays, {T: 5, K: 3}))


def test_a_reshape_and_a_reversal_are_views():
    v, K = Input("v", (A,)), Dim("K")
    matrix = einsum([(v, "a"), (select(Affine((4, 1), 0, (I, K)), A, strict=True), "ika")], "ik")
    back = einsum([(v, "a"), (select(Affine((-1,), 11, (A,)), A, strict=True), "ba")], "b")
    made = plan([matrix, back], {A: 12, I: 3, K: 4})
    assert all(step.operation.views for step in made.steps if isinstance(step.operation, Read))
    x = np.arange(12.0)
    one, other = run(made, {"v": x})
    assert np.array_equal(one, x.reshape(3, 4)) and np.array_equal(other, x[::-1])
    assert one.flags.writeable and not np.shares_memory(one, x) and not np.shares_memory(other, x)


def test_two_selections_of_one_index_are_a_comparison():
    u = Input("u", (N,))
    node = einsum([(GATHER, "tv"), (select(u, V, strict=True), "nv")], "tn")
    made = plan([node], {V: 1_000_000, T: 3, N: 2})
    assert any(isinstance(step.operation, Match) for step in made.steps)
    (result,) = run(made, {"t": [4, 5, 6], "u": [6, 4]})
    assert result.tolist() == [[0, 1], [0, 0], [1, 0]]


@pytest.mark.parametrize("limit", [0, 1])
def test_element_by_element_and_in_blocks_the_same_is_written(limit, monkeypatch):
    x = Input("x", (I, P))
    node = einsum([(x, "ip"), (select(Affine((2, -1), -1, (I, P)), A, strict=False), "ipa")], "a")
    arrays = {"x": np.random.default_rng(4).standard_normal((5, 4)), "t": [0, 1, 1], "g": np.ones((3, 2))}
    sizes = {I: 5, P: 4, A: 6, V: 2, D: 2, T: 3}
    monkeypatch.setattr(scatter, "SLICES", limit)
    monkeypatch.setattr(scatter, "WRITTEN", 1)
    one, other = run(plan([node, BACK], sizes), arrays)
    np.testing.assert_allclose(one, evaluate(node, arrays, sizes), atol=1e-14)
    assert other.tolist() == [[1, 1], [2, 2]]


# ------------------------------------------------------------------ positions


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([0, 1, 2, 12], "`t[3]` is 12, but axis 0 of `E` has 10 entries (0 to 9)"),
        ([0, -1, 2, 12], "`t[1]` is -1, but axis 0 of `E` has 10 entries (0 to 9)"),
        ([0.0, 1.5, 2, 3], "`t[1]` is 1.5, but axis 0 of `E` has 10 entries (0 to 9)"),
        ([0.0, np.nan, 2, 3], "`t[1]` is nan, but axis 0 of `E` has 10 entries (0 to 9)"),
        ([0.0, 2, np.inf, 3], "`t[2]` is inf, but axis 0 of `E` has 10 entries (0 to 9)"),
    ],
)
@pytest.mark.parametrize("library", ["numpy", "torch", "jax"])
def test_what_is_no_position_is_refused(positions, message, library):
    made = plan([ROWS], {V: 10, D: 2, T: 4})
    arrays = {"E": np.ones((10, 2)), "t": np.array(positions)}
    if library != "numpy":
        module = pytest.importorskip(library)
        kind = module.as_tensor if library == "torch" else module.numpy.asarray
        arrays = {name: kind(array) for name, array in arrays.items()}
    with pytest.raises(EinValueError) as caught:
        run(made, arrays)
    assert caught.value.code == "E0510" and caught.value.message == message


def test_a_line_beyond_the_axis_is_refused_before_a_run():
    v = Input("v", (A,))
    node = einsum([(v, "a"), (window(I, P, A), "ipa")], "ip")
    with pytest.raises(EinValueError, match="position 9 is read, but axis 0 of `v` has 9 entries") as caught:
        plan([node], {A: 9, I: 8, P: 3})
    assert caught.value.code == "E0510"


def test_brackets_ignore_what_is_no_position():
    x = Input("x", (V,))
    node = einsum([(x, "v"), (select(t, V, strict=False), "tv")], "t")
    (result,) = run(plan([node], {V: 3, T: 5}), {"x": [1.0, 2.0, 3.0], "t": [2.0, 0.5, np.nan, -1, 3]})
    assert result.tolist() == [3.0, 0, 0, 0, 0]


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64, np.uint64, np.float32, bool, list, ">i4"])
def test_labels_may_be_of_any_type_and_do_not_decide_the_type(kind):
    labels = [0, 1, 1] if kind is list else np.array([0, 1, 1]).astype(kind)
    (result,) = run(plan([ROWS], {V: 2, D: 2, T: 3}), {"E": np.eye(2, dtype=np.float32), "t": labels})
    assert result.dtype == np.float32 and result.tolist() == [[1, 0], [0, 1], [0, 1]]
    accepted = accept({"E": np.eye(2, dtype=np.float32), "t": labels}, index_inputs([ROWS]))
    assert accepted.dtype == "float32"


def test_large_labels_keep_their_precision():
    u = Input("u", (N,))
    many = 2**40
    node = einsum([(GATHER, "tv"), (select(u, V, strict=True), "nv"), (Input("c", ()), "")], "tn")
    arrays = {"t": np.array([many, many + 1]), "u": np.array([many]), "c": np.float32(1)}
    assert run(plan([node], {V: many + 5, T: 2, N: 1}), arrays)[0].tolist() == [[1], [0]]


def test_an_index_may_also_be_a_value():
    node = add([einsum([(t, "t")], "t", 2.0), einsum([(ROWS, "td")], "t")])
    arrays = {"E": np.ones((4, 2), np.float32), "t": np.array([0, 3])}
    (result,) = run(plan([node], {V: 4, D: 2, T: 2}), arrays)
    assert result.dtype == np.float32 and result.tolist() == [2.0, 8.0]


def test_a_computed_index():
    best = reduce("argmax", Input("F", (T, V)), [1])
    node = einsum([(E, "vd"), (select(best, V, strict=True), "tv")], "td")
    rng = np.random.default_rng(5)
    arrays = {"F": rng.standard_normal((4, 3)), "E": rng.standard_normal((3, 2))}
    (result,) = run(plan([node], {T: 4, V: 3, D: 2}), arrays)
    assert np.array_equal(result, arrays["E"][arrays["F"].argmax(1)])


def test_jax_traces_gathers_and_scatters():
    jax = pytest.importorskip("jax")
    made = plan([ROWS, BACK], {V: 4, D: 2, T: 3})
    line = prepare(made, "jax", "float32")
    arrays = {"E": jax.numpy.ones((4, 2)), "t": jax.numpy.asarray([0, 3, 3]), "g": jax.numpy.ones((3, 2))}
    arrays = {name: x.astype("float32") if name != "t" else x for name, x in arrays.items()}
    for one, other in zip(jax.jit(line)(arrays), line(arrays), strict=True):
        assert np.array_equal(one, other)


# ----------------------------------------------------------------- reductions


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("library", ["numpy", "torch", "jax"])
def test_the_first_of_equal_ones_is_the_largest(name, library):
    node = reduce(name, Input("F", (T, V)), [1])
    rows = np.array([[1.0, 3.0, 3.0, -2.0, -2.0], [0.0, 0.0, 0.0, 0.0, 0.0], [-np.inf, 1.0, np.inf, 1.0, -np.inf]])
    expected = getattr(np, name)(rows, axis=1)
    if library != "numpy":
        module = pytest.importorskip(library)
        rows = (module.as_tensor if library == "torch" else module.numpy.asarray)(rows)
    (result,) = run(plan([node], {T: 3, V: 5}), {"F": rows})
    assert np.asarray(result).tolist() == expected.tolist() and "float" in str(result.dtype)
    with pytest.raises(EinValueError, match=f"`{name}` over an empty axis"):
        plan([node], {T: 3, V: 0})


def test_softmax_and_logsumexp_at_infinities():
    inf, nan = np.inf, np.nan
    F = Input("F", (T, V))
    rows = np.array([[inf, 0.0], [-inf, 0.0], [-inf, -inf], [1e4, -1e4], [nan, 0.0]])
    value, soft, log = run(
        plan([reduce("logsumexp", F, [1]), axiswise("softmax", F, 1), axiswise("logsoftmax", F, 1)], {T: 5, V: 2}),
        {"F": rows},
    )
    np.testing.assert_array_equal(value, [inf, 0.0, -inf, 1e4, nan])
    np.testing.assert_array_equal(soft, [[1, 0], [0, 1], [nan, nan], [1, 0], [nan, nan]])
    np.testing.assert_array_equal(log[[0, 1, 3]], [[0, -inf], [-inf, 0], [0, -2e4]])


def test_an_elementwise_function_of_a_view():
    v = Input("v", (A,))
    node = apply("tanh", einsum([(v, "a"), (window(I, P, A), "ipa")], "ip"))
    sizes, arrays = {A: 6, I: 4, P: 3}, {"v": np.linspace(-1, 1, 6)}
    np.testing.assert_allclose(run(plan([node], sizes), arrays)[0], evaluate(node, arrays, sizes))
