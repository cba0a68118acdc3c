"""A call like the one before is not checked completely; whatever differs from it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import einderiv as ed

GIVEN = "given ∂E/∂a_i\na_i = W_ij x_j"


def arrays(dtype: str = "float64") -> dict[str, Any]:
    """Inputs of a layer."""
    rng = np.random.default_rng(0)
    shapes: dict[str, tuple[int, ...]] = {"W": (3, 4), "x": (4,), "b": (3,)}
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}


def called(text: str, given: dict[str, Any]) -> ed.Function:
    """A function that has been called once with these arrays."""
    f = ed.function(text)
    f(given)
    return f


def layer() -> ed.Function:
    """a = W x + b, called once."""
    return called("a_i = W_ij x_j + b_i", arrays())


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_call_like_the_last_one_is_bound_only_once(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    f, given = ed.function("a_i = W_ij x_j + b_i"), arrays(dtype)
    first = f(given)

    def refused(*_: Any) -> None:
        raise AssertionError("the complete check ran again")

    monkeypatch.setattr(import_module("einderiv.function"), "bind", refused)
    np.testing.assert_array_equal(f(given), first)
    np.testing.assert_array_equal(f(**given), first)
    np.testing.assert_array_equal(f(b=given["b"], x=given["x"], W=given["W"]), first)
    with pytest.raises(AssertionError, match="ran again"):
        f(W=given["W"], x=given["x"], b=given["b"].tolist())


def test_a_call_like_the_last_one_uses_the_new_numbers_and_gives_a_new_array() -> None:
    f = layer()
    one, two = arrays(), {name: 2 * array for name, array in arrays().items()}
    first, second = f(one), f(two)
    assert not np.shares_memory(first, second)
    np.testing.assert_allclose(first, one["W"] @ one["x"] + one["b"], rtol=1e-14)
    np.testing.assert_allclose(second, two["W"] @ two["x"] + two["b"], rtol=1e-14)


def test_a_tensor_may_be_passed_by_its_name_and_by_its_keyword_in_turn() -> None:
    g = ed.grad(GIVEN, of="E", wrt="W")
    x, back = np.arange(4.0), np.arange(3.0)
    for _ in range(2):
        np.testing.assert_array_equal(g(x=x, dE_da=back), np.outer(back, x))
        np.testing.assert_array_equal(g({"x": x, "∂E/∂a": back}), np.outer(back, x))
        np.testing.assert_array_equal(g({"x": x}, dE_da=back), np.outer(back, x))
    with pytest.raises(ed.EinInputError, match="`∂E/∂a` is passed twice"):
        g({"x": x, "∂E/∂a": back}, dE_da=back)


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "an input less": ({"b": ...}, "missing input `b`"),
    "none": ({"b": None}, "missing input `b`"),
    "another input": ({"b": ..., "bias": np.ones(3)}, "rename `bias` to `b`"),
    "an input more": ({"bias": np.ones(3)}, "unexpected input `bias`"),
    "another size": ({"x": np.ones(3)}, "index `j` has size 4 in `W` but size 3 in `x`"),
    "an axis more": ({"x": np.ones((4, 1))}, "`x` needs 1 axis"),
    "a number": ({"b": 1.0}, "`b` needs 1 axis"),
    "complex numbers": ({"x": np.ones(4, complex)}, "`x` has dtype complex128"),
    "a masked array": ({"b": np.ma.masked_array(np.ones(3), [0, 1, 0])}, "`b` is a masked array"),
    "text": ({"b": np.full(3, "a")}, "`b` has dtype <U1"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_is_wrong_is_refused_after_a_call_that_was_right(kind: str) -> None:
    change, told = CHANGES[kind]
    f = layer()
    wrong = {name: value for name, value in {**arrays(), **change}.items() if value is not ...}
    for passed in (lambda: f(wrong), lambda: f(**wrong)):
        with pytest.raises(ed.EinError, match="error") as caught:
            passed()
        assert told in str(caught.value)
    given = arrays()
    np.testing.assert_allclose(f(given), given["W"] @ given["x"] + given["b"], rtol=1e-14)


CONVERTED: dict[str, tuple[dict[str, Any], str]] = {
    "a list": ({"b": [1, 2, 3]}, "float64"),
    "big-endian": ({"b": np.arange(3, dtype=">f8")}, "float64"),
    "one in float32": ({"b": np.arange(3, dtype=np.float32)}, "float64"),
    "a matrix of a subclass": ({"W": np.ones((3, 4)).view(np.recarray)}, "float64"),
}


@pytest.mark.parametrize("kind", CONVERTED)
def test_what_has_to_be_converted_is_converted_in_every_call(kind: str) -> None:
    change, dtype = CONVERTED[kind]
    f, given = layer(), {**arrays(), **change}
    expected = np.asarray(given["W"]) @ given["x"] + np.asarray(given["b"], float)
    for _ in range(2):
        value = f(given)
        assert (type(value), value.dtype) == (np.ndarray, dtype)
        np.testing.assert_allclose(value, expected, rtol=1e-14)


def test_integers_are_warned_of_in_every_call() -> None:
    f = layer()
    for _ in range(2):
        with pytest.warns(ed.EinWarning, match="`b` is int64"):
            f(arrays() | {"b": np.arange(3)})


def test_finite_numbers_and_memory_are_checked_where_one_asks_for_it() -> None:
    f = layer()
    f(arrays(), check_finite=True)
    bad = arrays() | {"x": np.full(4, np.nan)}
    assert np.isnan(f(bad)).all()
    with pytest.raises(ed.EinValueError, match="4 NaNs"):
        f(bad, check_finite=True)
    with pytest.raises(ed.EinMemoryError):
        f(arrays(), memory_limit=8)
    with pytest.raises(ed.EinInputError, match="came without"):
        f(arrays(), arrays())


def test_a_symmetric_tensor_is_checked_in_every_call() -> None:
    f = called("A ∈ R^{N×N} symmetric\ny_i = A_ij x_j", {"A": np.eye(2), "x": np.ones(2)})
    with pytest.raises(ed.EinValueError, match="declared symmetric"):
        f(A=np.array([[1.0, 2.0], [3.0, 4.0]]), x=np.ones(2))


def test_positions_are_checked_in_every_call() -> None:
    f = called("y_n = x_{t_n}", {"x": np.arange(3.0), "t": np.array([0, 2])})
    np.testing.assert_array_equal(f(x=np.arange(3.0), t=np.array([1, 1])), [1.0, 1.0])
    with pytest.raises(ed.EinValueError, match="3 entries"):
        f(x=np.arange(3.0), t=np.array([0, 3]))


def test_threads_that_call_with_two_sizes_do_not_get_each_others() -> None:
    f = ed.function("s = x_i x_i")

    def wrong(seed: int) -> bool:
        size = 2 + seed % 2
        return bool(f(x=np.ones(size)) != size)

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(wrong, range(2000)))
