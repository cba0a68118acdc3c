"""What a function makes of the arrays it is called with."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import einderiv as ed

LAYER = ed.function("a_i = W_ij x_j + b_i")
LOSS = "L = (W_ij x_j - y_i)^2"


def arrays(rows: int = 3, columns: int = 4, seed: int = 0) -> dict[str, Any]:
    """Inputs of `LAYER`."""
    rng = np.random.default_rng(seed)
    return {"W": rng.normal(size=(rows, columns)), "x": rng.normal(size=columns), "b": rng.normal(size=rows)}


def layer(W: np.ndarray, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    return W @ x + b


# --------------------------------------------------------- what may be passed


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_floating_point_type_stays(dtype: str) -> None:
    given = {name: array.astype(dtype) for name, array in arrays().items()}
    value = LAYER(given)
    assert value.dtype == dtype
    np.testing.assert_allclose(value, layer(**given), rtol=4 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)
    assert ed.jacobian("a_i = x_i", wrt="x")(x=given["x"]).dtype == dtype
    H = ed.hessian("L = x_i A_ij x_j", wrt="x")(A=given["W"][:, :3])
    assert H.dtype == dtype


def test_numbers_and_lists_and_integers_are_arrays_of_float64() -> None:
    with pytest.warns(ed.EinWarning, match="`x` is int8"):
        value = LAYER(W=[[1, 2], [3, 4]], x=np.array([1, 1], np.int8), b=[True, False])
    assert value.dtype == np.float64
    np.testing.assert_array_equal(value, [4.0, 7.0])
    with pytest.warns(ed.EinWarning, match="int32"):
        big = ed.function("s = x_i y_i")(x=np.array([2**30] * 2, np.int32), y=np.array([4, 4], np.int32))
    assert big == 2**33
    assert ed.function("y = x^2")(x=3) == 9


def test_a_number_beside_float32_keeps_float32() -> None:
    value = ed.function("y_i = c x_i")(c=2.0, x=np.ones(3, np.float32))
    assert value.dtype == np.float32


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "transposed": lambda x: np.ascontiguousarray(x.T).T,
    "every second": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "reversed": lambda x: x[::-1].copy()[::-1],
    "big-endian": lambda x: x.astype(">f8"),
    "unaligned": lambda x: np.frombuffer(b"\0" + x.tobytes(), np.float64, offset=1).reshape(x.shape),
}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_any_layout_in_memory_will_do(kind: str) -> None:
    given = arrays()
    value = LAYER({name: LAYOUTS[kind](array) for name, array in given.items()})
    assert type(value) is np.ndarray
    assert value.dtype.isnative
    np.testing.assert_allclose(value, layer(**given), rtol=1e-14)


def test_read_only_inputs_are_only_read() -> None:
    given = arrays()
    before = {name: array.copy() for name, array in given.items()}
    for array in given.values():
        array.flags.writeable = False
    LAYER(given)
    ed.hessian(LOSS, wrt=["W", "x"])(W=given["W"], x=given["x"], y=given["b"])
    for name, array in given.items():
        np.testing.assert_array_equal(array, before[name])


def test_sums_over_axes_of_length_zero_are_zero() -> None:
    np.testing.assert_array_equal(LAYER(W=np.ones((3, 0)), x=np.ones(0), b=np.arange(3.0)), np.arange(3.0))
    assert LAYER(W=np.ones((0, 4)), x=np.ones(4), b=np.ones(0)).shape == (0,)
    g = ed.grad(LOSS, wrt=["W", "x"])(W=np.ones((0, 4)), x=np.ones(4), y=np.ones(0))
    assert g["W"].shape == (0, 4)
    np.testing.assert_array_equal(g["x"], np.zeros(4))
    with pytest.raises(ed.EinValueError, match="empty axis"):
        ed.function("m = max_i(x_i)")(x=np.ones(0))


def test_nan_and_infinity_go_through() -> None:
    value = ed.function("y_i = x_i^2")(x=[np.nan, np.inf, 2.0])
    np.testing.assert_array_equal(value, [np.nan, np.inf, 4.0])


def test_jax_arrays_give_jax_arrays_also_when_traced() -> None:
    given = {name: jnp.asarray(array, jnp.float32) for name, array in arrays().items()}
    value = LAYER(given)
    assert isinstance(value, jax.Array)
    expected = layer(**{name: np.asarray(array) for name, array in given.items()})
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)
    traced = jax.jit(lambda W: LAYER(W=W, x=given["x"], b=given["b"]))(given["W"])
    np.testing.assert_allclose(traced, expected, rtol=1e-5, atol=1e-6)


def test_torch_tensors_keep_their_graph() -> None:
    given = {name: torch.tensor(array, requires_grad=True) for name, array in arrays().items()}
    value = LAYER(given)
    assert isinstance(value, torch.Tensor)
    (value**2).sum().backward()
    error = layer(**arrays())
    np.testing.assert_allclose(given["W"].grad, np.outer(2 * error, arrays()["x"]), rtol=1e-12)
    np.testing.assert_allclose(given["b"].grad, 2 * error, rtol=1e-12)


def test_torch_differentiates_our_gradient_again() -> None:
    W, x, y = (torch.tensor(array, requires_grad=True) for array in arrays().values())
    g = ed.grad(LOSS, wrt="x")(W=W, x=x, y=y)
    H = torch.stack([torch.autograd.grad(entry, x, retain_graph=True)[0] for entry in g])
    np.testing.assert_allclose(H.numpy(), 2 * arrays()["W"].T @ arrays()["W"], rtol=1e-12)


def test_arrays_of_two_libraries_are_refused() -> None:
    with pytest.raises(ed.EinTypeError, match="`W` is an array of torch and `x` one of jax"):
        LAYER(W=torch.ones(2, 2), x=jnp.ones(2), b=np.ones(2))


# --------------------------------------------------------------- what comes out

SHARING = {
    "itself": "a_ij = W_ij",
    "transpose": "a_ji = W_ij",
    "diagonal": "a_i = W_ii",
    "repeated": "a_ijk = W_ij 1_k\nindex k: 3",
    "zeros": "L = W_ij W_ji\na_ijkl = ∂²L/∂W_ij∂W_kl",
}


@pytest.mark.parametrize("kind", SHARING)
def test_results_are_fresh_and_writable(kind: str) -> None:
    W = np.arange(9.0).reshape(3, 3)
    result = ed.function(SHARING[kind])(W=W)
    assert not np.shares_memory(result, W)
    expected = result.copy()
    result.reshape(-1)[0] += 1
    result += 1
    np.testing.assert_array_equal(W, np.arange(9.0).reshape(3, 3))
    np.testing.assert_array_equal(ed.function(SHARING[kind])(W=W), expected)
    assert (np.asarray(result) != expected).all()


def test_results_of_one_call_do_not_share_memory() -> None:
    x = np.ones(3)
    values = list(ed.evaluate("a_i = x_i\nb_i = x_i\nc_i = a_i", x=x).values())
    H = ed.hessian("L = x_i A_ij y_j", wrt=["x", "y"])(x=x, y=x, A=np.eye(3))
    values += [H["x"]["y"], H["y"]["x"], H["x"]["x"], H["y"]["y"]]
    for place, one in enumerate(values):
        for other in [x, *values[place + 1 :]]:
            assert not np.shares_memory(one, other)


def test_one_function_is_called_from_many_threads_with_many_sizes() -> None:
    g = ed.value_and_grad("L = sum_i tanh(W_ij x_j)^2", wrt=["W", "x"])

    def difference(seed: int) -> float:
        given = arrays(2 + seed % 7, 1 + seed % 5, seed)
        W, x = given["W"], given["x"]
        value, gradient = g(W=W, x=x)
        t = np.tanh(W @ x)
        back = 2 * t * (1 - t**2)
        wrong = [
            abs(value - t @ t),
            np.abs(gradient["W"] - np.outer(back, x)).max(),
            np.abs(gradient["x"] - back @ W).max(),
        ]
        return float(max(wrong))

    with ThreadPoolExecutor(16) as pool:
        assert max(pool.map(difference, range(400))) < 1e-13


def test_a_function_keeps_a_bounded_number_of_plans() -> None:
    f = ed.function("s = x_i x_i")
    for size in range(300):
        assert f(x=np.ones(size)) == size
        f.factored(x=np.ones(size))
    assert 0 < len(f._runners) <= 256
    assert 0 < len(f._parts) <= 256
    newest = list(f._runners)
    f(x=np.ones(300 - len(newest)))
    assert list(f._runners) == [*newest[1:], newest[0]], "what was used last goes last"


def test_inputs_that_are_not_needed_are_ignored() -> None:
    J = ed.jacobian("a_i = W_ij x_j + b_i", wrt="W")
    x = np.array([1.0, 2.0])
    expected = np.einsum("ik,j->ikj", np.eye(3), x)
    np.testing.assert_array_equal(J(x=x, b=np.ones(3)), expected)
    np.testing.assert_array_equal(J(x=x, W=np.ones((3, 2))), expected)
    np.testing.assert_array_equal(J({"x": x, "b": np.ones(3)}, W=None), expected)
    with pytest.raises(ed.EinShapeError, match="fixes the size `I`"):
        J(x=x)


# ------------------------------------------------------------------ wrong calls

WRONG: dict[str, tuple[dict[str, Any], type[Exception], type[Exception], str]] = {
    "missing": ({"b": ...}, ed.EinInputError, TypeError, "missing input `b`"),
    "none": ({"b": None}, ed.EinInputError, TypeError, "missing input `b`"),
    "unknown": ({"b": ..., "bias": np.ones(3)}, ed.EinInputError, TypeError, "rename `bias` to `b`"),
    "too many axes": ({"W": np.ones((3, 4, 1))}, ed.EinShapeError, ValueError, "`W` needs 2 axes (W_ij) but the array"),
    "no axis": ({"b": 2.0}, ed.EinShapeError, ValueError, "`b` needs 1 axis (b_i)"),
    "clash": ({"x": np.ones(3)}, ed.EinShapeError, ValueError, "index `j` has size 4 in `W` but size 3 in `x`"),
    "one": ({"x": np.ones(1)}, ed.EinShapeError, ValueError, "never stretches an axis of size 1"),
    "text": ({"W": np.full((3, 4), "a")}, ed.EinTypeError, TypeError, "`W` has dtype <U1 (text)"),
    "complex": ({"x": np.ones(4) * 1j}, ed.EinTypeError, TypeError, "`x` has dtype complex128"),
    "masked": ({"b": np.ma.masked_array(np.ones(3), [0, 1, 0])}, ed.EinTypeError, TypeError, "`b` is a masked array"),
    "objects": ({"b": np.array([1, 2, None])}, ed.EinTypeError, TypeError, "`b` has dtype object"),
    "ragged": ({"W": [[1.0], [1.0, 2.0]]}, ed.EinTypeError, TypeError, "`W` is a list that is no array"),
    "dates": ({"b": np.zeros(3, "M8[D]")}, ed.EinTypeError, TypeError, "`b` has dtype datetime64[D] (dates)"),
    "dictionary": ({"b": {}}, ed.EinTypeError, TypeError, "`b` is a dict; expected an array"),
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("door", ["call", "factored"])
def test_a_wrong_call_names_the_tensor_and_what_is_wrong(kind: str, door: str) -> None:
    change, error, builtin, told = WRONG[kind]
    given = {name: value for name, value in {**arrays(), **change}.items() if value is not ...}
    with pytest.raises(error) as caught:
        (LAYER if door == "call" else LAYER.factored)(given)
    assert isinstance(caught.value, ed.EinError)
    assert isinstance(caught.value, builtin)
    assert told in str(caught.value)


def test_a_clash_names_both_places_and_both_numbers() -> None:
    with pytest.raises(ed.EinShapeError) as caught:
        LAYER(W=np.ones((3, 4)), x=np.ones(5), b=np.ones(3))
    text = str(caught.value)
    for part in ("`j`", "size 4 in `W`", "size 5 in `x`", "W has shape (3, 4)", "x has shape (5,)", "<text>:1:12"):
        assert part in text


def test_a_transpose_is_offered_only_where_all_sizes_would_agree() -> None:
    turned = ed.function("a_i = W_ji x_j + b_i")
    given = {"W": np.ones((3, 4)), "x": np.ones(4)}
    with pytest.raises(ed.EinShapeError) as caught:
        turned(given, b=np.ones(3))
    assert "with `W_ij` the sizes agree (i = 3, j = 4)" in str(caught.value)
    with pytest.raises(ed.EinShapeError) as caught:
        turned(given, b=np.ones(4))
    assert "agree" not in str(caught.value)


def test_a_missing_array_is_shown_where_it_is_needed() -> None:
    with pytest.raises(ed.EinInputError) as caught:
        LAYER(W=np.ones((3, 4)), x=np.ones(4))
    error = caught.value
    assert isinstance(error, ed.EinInputError)
    assert (error.code, error.line, error.column) == ("E0501", 1, 18)
    assert "W (3, 4) float64, x (4,) float64" in str(error)


def test_a_missing_or_misshapen_direction_names_it() -> None:
    jvp = ed.jvp("a_i = W_ij x_j", wrt="W")
    given = {"W": np.ones((3, 4)), "x": np.ones(4)}
    with pytest.raises(ed.EinInputError, match="missing input `dW`"):
        jvp(given)
    with pytest.raises(ed.EinShapeError, match="`dW`"):
        jvp(given, dW=np.ones((3, 5)))


def test_arrays_go_by_name_and_once() -> None:
    with pytest.raises(ed.EinInputError, match="one mapping from names to arrays") as caught:
        LAYER([1.0, 2.0])
    assert isinstance(caught.value, TypeError)
    with pytest.raises(ed.EinInputError, match="`W` is passed twice"):
        LAYER(arrays(), W=np.ones((3, 4)))


def test_a_result_that_does_not_fit_is_an_error_of_ours() -> None:
    J = ed.jacobian("a_ij = W_ij", wrt="W")
    with pytest.raises(ed.EinMemoryError, match=r"would need 6\.5 EB") as caught:
        J(W=np.broadcast_to(1.0, (30_000, 30_000)))
    assert isinstance(caught.value, MemoryError)
    assert "30000 × 30000 × 30000 × 30000" in str(caught.value)
    assert "factored" in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_symmetric_matrix_may_hold_what_is_no_number(value: float) -> None:
    f = ed.function("S ∈ R^{N×N} symmetric\nt = S_ii")
    for matrix in (np.full((2, 2), value), np.array([[1.0, value], [value, 1.0]])):
        np.testing.assert_array_equal(f(S=matrix), np.trace(matrix))
    with pytest.raises(ed.EinValueError, match=r"`S\[0, 1\]` is 1 and `S\[1, 0\]` is 2"):
        f(S=np.array([[np.nan, 1.0], [2.0, 1.0]]))
