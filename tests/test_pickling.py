"""Programs, functions and factored tensors in another process: as what was written and asked for, not as state."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import einderiv as ed

TEXT = "a_i = tanh(W_ij x_j) + b_i\nL = a_i a_i"
ARRAYS: dict[str, Any] = {
    "W": np.arange(6.0).reshape(2, 3) / 10,
    "x": np.array([0.1, -0.2, 0.3]),
    "b": np.array([0.5, -0.5]),
}
MAKERS: dict[str, Callable[[ed.Program], ed.Function]] = {
    "equation": lambda net: net["a"],
    "function": lambda net: ed.function(net, of=["a", "L"]),
    "grad": lambda net: ed.grad(net, wrt=["W", "b"]),
    "value_and_grad": lambda net: ed.value_and_grad(net, "L", "W"),
    "jacobian": lambda net: ed.jacobian(net, of="a", wrt="W"),
    "hessian": lambda net: ed.hessian(net, wrt=["x", "b"]),
    "jvp": lambda net: ed.jvp(net, of="a", wrt="x"),
    "vjp": lambda net: ed.vjp(net, of="a", wrt="x"),
    "hvp": lambda net: ed.hvp(net, wrt="x"),
    "derivative": lambda net: ed.derivative(net, "∂²L/∂W_ij∂b_k"),
}
VECTORS = {"jvp": {"dx": np.ones(3)}, "vjp": {"da": np.ones(2)}, "hvp": {"dx": np.ones(3)}}


def flat(value: Any) -> list[np.ndarray]:
    """All arrays of a result, in order."""
    match value:
        case dict():
            return [array for part in value.values() for array in flat(part)]
        case tuple():
            return [array for part in value for array in flat(part)]
        case _:
            return [np.asarray(value)]


def same(one: Any, other: Any) -> bool:
    """Whether two results have the same numbers."""
    return type(one) is type(other) and all(map(np.array_equal, flat(one), flat(other)))


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("called", [False, True], ids=["new", "called"])
def test_a_function_pickles_as_what_was_asked_for(kind: str, called: bool) -> None:
    f = MAKERS[kind](ed.parse(TEXT, "net.ein"))
    given = ARRAYS | VECTORS.get(kind, {})
    if called:
        f(given)
        str(f)
    data = pickle.dumps(f)
    assert len(data) < 600, "the text and the request, no state"
    again = pickle.loads(data)
    assert str(again) == str(f)
    assert again.program.text == TEXT and again.program.checked.source.name == "net.ein"
    assert same(again(given), f(given))
    assert str(pickle.loads(pickle.dumps(again))) == str(f)
    assert same(copy.deepcopy(f)(given), f(given))


def test_a_program_pickles_as_its_text() -> None:
    net = ed.parse(TEXT, "net.ein")
    net["a"](ARRAYS)
    again = pickle.loads(pickle.dumps(net))
    assert (again.text, again.checked.source.name, again.outputs) == (TEXT, "net.ein", ("a", "L"))


def test_a_request_that_is_changed_afterwards_was_asked_as_it_was() -> None:
    wrt = ["W"]
    f = ed.grad(TEXT, wrt=wrt)
    wrt.append("b")
    assert list(pickle.loads(pickle.dumps(f))(ARRAYS)) == ["W"]


def test_what_was_warned_of_is_not_warned_of_again() -> None:
    with pytest.warns(ed.EinWarning, match="does not depend"):
        f = ed.grad(TEXT + "\nc = b_i b_i", of="c", wrt="W")
    data = pickle.dumps(f)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = pickle.loads(data)
    assert not again(ARRAYS).any()


def test_a_factored_tensor_pickles_with_its_numbers() -> None:
    H = ed.hessian(TEXT, wrt="W").factored(ARRAYS)
    H.diagonal()
    again = pickle.loads(pickle.dumps(H))
    assert (again.shape, again.nbytes, repr(again)) == (H.shape, H.nbytes, repr(H))
    np.testing.assert_array_equal(again.to_dense(), H.to_dense())
    np.testing.assert_array_equal(again.matvec(np.ones((2, 3))), H.matvec(np.ones((2, 3))))


def called(f: ed.Function) -> Any:
    """The result in another process."""
    return f(ARRAYS)


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("kind", ["grad", "hessian"])
def test_functions_go_to_other_processes_and_results_come_back(kind: str, start: str) -> None:
    if start not in multiprocessing.get_all_start_methods():
        assert start == "fork", "only fork is not everywhere"
        return
    f = MAKERS[kind](ed.parse(TEXT))
    expected = f(ARRAYS)
    with multiprocessing.get_context(start).Pool(1) as pool:
        assert same(pool.apply(called, (f,)), expected)
        assert same(pool.apply(f, (ARRAYS,)), expected)
