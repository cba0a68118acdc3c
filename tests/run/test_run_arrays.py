"""What a caller may pass, and what comes back."""

from __future__ import annotations

import numpy as np
import pytest

from einderiv.errors import EinInputError, EinShapeError, EinTypeError
from einderiv.ir import FUNCTIONS, Dim, Input, Map, Position, add, apply, einsum, identity
from einderiv.plan import plan
from einderiv.run import accept, run

H, D = Dim("H"), Dim("D")
W, x, c = Input("W", (H, D)), Input("x", (D,)), Input("c", ())
MATVEC = plan([einsum([(W, "ij"), (x, "j")], "i")], {H: 2, D: 3})
ROWS = [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("kind", [list, tuple, np.array, lambda rows: np.array(rows, bool), lambda rows: np.int8(rows)])
def test_lists_integers_and_truths_become_float64(kind):
    (result,) = run(MATVEC, {"W": kind(ROWS), "x": [1, 0, True]})
    assert result.dtype == np.float64 and type(result) is np.ndarray
    assert result.tolist() == (np.asarray(kind(ROWS), float) @ [1, 0, 1]).tolist()


def test_integers_do_not_wrap_around():
    arrays = {"W": np.full((2, 3), 2**30, np.int32), "x": np.full(3, 4, np.int32)}
    assert run(MATVEC, arrays)[0].tolist() == [3.0 * 2**32] * 2


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f8"])
def test_floats_keep_their_precision(dtype):
    (result,) = run(MATVEC, {"W": np.array(ROWS, dtype), "x": np.ones(3, dtype)})
    assert result.dtype == np.dtype(dtype).newbyteorder("=")


def test_the_widest_type_wins_but_python_numbers_have_none():
    assert accept({"a": np.ones(2, np.float32), "b": np.ones(2)}).dtype == "float64"
    assert accept({"a": np.ones(2, np.float32), "b": 0.5, "c": 2}).dtype == "float32"
    assert accept({"b": 0.5}).dtype == "float64"
    torch = pytest.importorskip("torch")
    accepted = accept({"a": torch.ones(2), "b": np.ones(2, np.float32), "c": 1})
    assert (accepted.library, accepted.dtype) == ("torch", "float32")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array([["a", "b", "c"]] * 2), "`W` has dtype <U1 (text); einderiv computes with real floating point"),
        (np.array(ROWS, object), "`W` has dtype object (objects); einderiv computes with real floating point"),
        (np.array(ROWS, complex), "`W` has dtype complex128 (complex); einderiv computes with real floating point"),
        (None, "`W` is a NoneType; expected an array of numbers"),
        ([[1, 2], [3]], "`W` is a list that is no array"),
        (np.ma.masked_array(ROWS, mask=np.eye(2, 3)), "`W` is a masked array; einderiv computes with all elements"),
        (np.zeros((2, 3), [("a", float)]), "(structured); einderiv computes with real floating point"),
    ],
)
def test_what_holds_no_real_numbers_is_refused(value, message):
    with pytest.raises(EinTypeError) as caught:
        run(MATVEC, {"W": value, "x": [1, 2, 3]})
    assert caught.value.code == "E0504" and message in caught.value.message


def test_the_first_element_is_shown():
    with pytest.raises(EinTypeError, match="first element"):
        run(MATVEC, {"W": np.array([["a"]]), "x": [1, 2, 3]})


def test_missing_and_misshapen_arrays_are_told():
    with pytest.raises(EinInputError, match="missing input `x`"):
        run(MATVEC, {"W": np.ones((2, 3))})
    for wrong in (np.ones(1), np.ones((3, 1))):
        with pytest.raises(EinShapeError, match=r"`x` needs the shape \(3,\)"):
            run(MATVEC, {"W": np.ones((2, 3)), "x": wrong})


def test_two_libraries_do_not_mix():
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    with pytest.raises(EinTypeError, match="`W` is an array of torch and `x` one of jax"):
        run(MATVEC, {"W": torch.ones(2, 3), "x": jax.numpy.ones(3)})


def test_an_output_that_is_an_input_is_a_copy():
    W0 = np.arange(6.0).reshape(2, 3)
    made = plan([W, W, einsum([(W, "ij")], "ji"), Position(D), Position(D)], {H: 2, D: 3})
    results = run(made, {"W": W0})
    results[0] += 1
    results[3] += 1
    assert W0.tolist() == np.arange(6.0).reshape(2, 3).tolist() == results[1].tolist()
    assert results[2].tolist() == W0.T.tolist() and results[4].tolist() == [0, 1, 2]
    assert run(made, {"W": W0})[3].tolist() == [0, 1, 2]


def test_torch_keeps_its_graph():
    torch = pytest.importorskip("torch")
    x0 = torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64, requires_grad=True)
    node = add([einsum([(identity(D), "ij"), (apply("tanh", x), "j")], "ij"), einsum([(x, "i"), (x, "j")], "ij")])
    (result,) = run(plan([node], {D: 3}), {"x": x0})
    result.sum().backward()
    expected = (1 - torch.tanh(x0) ** 2 + 2 * x0.sum()).detach()
    assert torch.allclose(x0.grad, expected)


def test_jax_traces_a_run():
    jax = pytest.importorskip("jax")
    made = plan([einsum([(identity(D), "ij"), (x, "j"), (c, "")], "ij")], {D: 3})
    result = jax.jit(lambda x, c: run(made, {"x": x, "c": c})[0])(jax.numpy.ones(3), 2.0)
    assert np.asarray(result).tolist() == (2 * np.eye(3)).tolist()


def test_a_scalar_result_is_an_array_without_axes():
    (result,) = run(plan([einsum([(x, "i"), (x, "i")], "")], {D: 3}), {"x": np.ones(3)})
    assert isinstance(result, np.ndarray) and result.shape == () and result.flags.writeable


@pytest.mark.parametrize("library", ["torch", "jax"])
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_has_the_same_values_in_every_library(name, library):
    other = pytest.importorskip(library)
    arguments = [Input(letter, (D,)) for letter in "abc"[: FUNCTIONS[name].arity]]
    made = plan([Map(name, tuple(arguments))], {D: 4})
    rows = {"a": [0.25, 0.5, 0.75, 1.0], "b": [0.5, 0.5, 0.25, 2.0], "c": [1.0, 2.0, 3.0, 4.0]}
    if name in ("acosh", "polygamma"):
        rows["a"] = [1.0, 2.0, 3.0, 4.0]
    if name == "lgamma":
        rows["a"] = [0.25, 0.5, 0.75, 3.0]  # at 1 it is 0, which JAX misses by 5e-7 in float32
    for dtype in (np.float32, np.float64):
        arrays = {key: np.array(row, dtype) for key, row in rows.items()}
        (expected,) = run(made, arrays)
        assert expected.dtype == dtype
        if library == "jax":
            other.config.update("jax_enable_x64", True)
        convert = other.tensor if library == "torch" else other.numpy.asarray
        (result,) = run(made, {key: convert(array) for key, array in arrays.items()})
        assert str(result.dtype).endswith(np.dtype(dtype).name)
        accuracy = 1e-8 if name == "polygamma" else 1e-12  # PyTorch's trigamma is wrong in the tenth digit
        np.testing.assert_allclose(np.asarray(result), expected, rtol=2e-6 if dtype == np.float32 else accuracy)
