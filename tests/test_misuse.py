"""Arrays and arguments of every wrong kind: the right answer, or an error of einderiv's that says what to do."""

from __future__ import annotations

import warnings
from collections import ChainMap, UserDict
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import einderiv as ed

PROGRAM = ed.parse("a_i = W_ij x_j\nL = a_i a_i c")
W = np.arange(6.0).reshape(2, 3)
X = np.array([1.0, -1.0, 2.0])
RIGHT = float(np.sum((W @ X) ** 2) * 2)


class Subclass(np.ndarray):
    """An array type of a user's own."""


class Lazy:
    """An object that becomes an array when asked."""

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return X.copy()


class Lying:
    """An object that says it is an array and is none."""

    shape = (3,)
    dtype = np.dtype(float)


ANSWERED = {  # what stands for x, W or c, and still means the same numbers
    "a list": {"x": [1.0, -1.0, 2.0]},
    "a tuple": {"x": (1, -1, 2)},
    "lists of lists": {"W": W.tolist()},
    "a Fortran array": {"W": np.asfortranarray(W)},
    "every second element": {"x": np.repeat(X, 2)[::2]},
    "a reversed view": {"x": X[::-1].copy()[::-1]},
    "a transposed view": {"W": W.T.copy().T},
    "a read-only array": {"x": np.frombuffer(X.tobytes())},
    "big-endian": {"x": X.astype(">f8")},
    "float16": {"x": X.astype(np.float16)},
    "float32": {"x": X.astype(np.float32)},
    "longdouble": {"x": X.astype(np.longdouble)},
    "int8": {"x": X.astype(np.int8)},
    "uint8 weights": {"W": W.astype(np.uint8)},
    "big-endian integers": {"x": X.astype(">i4")},
    "a subclass": {"x": X.view(Subclass)},
    "an object with __array__": {"x": Lazy()},
    "a 0-d array": {"c": np.array(2.0)},
    "a NumPy scalar": {"c": np.float64(2)},
    "a Python integer": {"c": 2},
    "a bool plus one": {"c": np.True_ + 1},
    "a broadcast view": {"W": np.broadcast_to(W[:1], (1, 3)).repeat(2, 0) * 0 + W},
    "a record's field": {"x": np.array([(1.0, 0), (-1.0, 0), (2.0, 0)], "f8,i4")["f0"]},
    "unaligned": {"x": np.frombuffer(b"\0" + X.tobytes(), np.uint8)[1:].view(float)},
    "a memoryview": {"x": memoryview(X)},
    "negative strides": {"W": np.flip(np.flip(W, 1).copy(), 1)},
}
REFUSED = {
    "nothing": {"x": None},
    "text": {"x": "abc"},
    "bytes": {"x": b"abc"},
    "a list of texts": {"x": ["a", "b", "c"]},
    "complex": {"x": X + 0j},
    "objects": {"x": np.array([1, None, 2], object)},
    "fractions": {"x": [Fraction(1, 2)] * 3},
    "decimals": {"x": [Decimal(1)] * 3},
    "dates": {"x": np.array(["2020-01-01"] * 3, "M8[D]")},
    "a set": {"x": {1.0, 2.0, 3.0}},
    "a dict": {"x": {0: 1.0}},
    "a generator": {"x": (n for n in (1.0, 2.0, 3.0))},
    "ragged lists": {"W": [[1.0], [2.0, 3.0]]},
    "a masked array": {"x": np.ma.masked_less(X, 0)},
    "an axis too many": {"x": X[:, None]},
    "an axis too few": {"W": X},
    "an axis for a number": {"c": np.ones(1)},
    "another length": {"x": np.ones(4)},
    "a length of one": {"x": np.ones(1)},
    "transposed": {"W": W.T},
    "no element": {"x": np.ones(0)},
    "a number for a vector": {"x": 1.0},
    "a type": {"x": float},
    "a function": {"x": np.sin},
    "a module": {"x": np},
    "a liar": {"x": Lying()},
    "a structured array": {"x": np.zeros(3, "f8,i4")},
    "an unknown name": {"z": X},
    "a name in another case": {"X": X},
    "void": {"x": np.zeros(3, "V8")},
    "a Program": {"x": PROGRAM},
    "an exception": {"x": ValueError("x")},
    "NaT": {"c": np.datetime64("NaT", "s")},
    "Ellipsis": {"x": ...},
    "a complex number": {"c": 2 + 0j},
    "infinitely nested": {"x": []},
}
CALLS = {
    "a program that is none": lambda: ed.grad(3, of="L", wrt="x"),
    "bytes for a program": lambda: ed.parse(b"y = x"),
    "no tensor": lambda: ed.grad(PROGRAM, of="L", wrt="q"),
    "an empty name": lambda: ed.grad(PROGRAM, of="L", wrt=""),
    "no output": lambda: ed.function(PROGRAM, of="q"),
    "a number in wrt": lambda: ed.grad(PROGRAM, of="L", wrt=3),
    "numbers in wrt": lambda: ed.grad(PROGRAM, of="L", wrt=[1, 2]),
    "a number in of": lambda: ed.function(PROGRAM, of=3),
    "a gradient of a vector": lambda: ed.grad(PROGRAM, of="a", wrt="x"),
    "a Hessian of a vector": lambda: ed.hessian(PROGRAM, of="a", wrt="x"),
    "a query that is no derivative": lambda: ed.derivative(PROGRAM, "L"),
    "a query that is no text": lambda: ed.derivative(PROGRAM, None),
    "an unknown library": lambda: ed.grad(PROGRAM, of="L", wrt="x").source("cobol"),
    "a tangent of another shape": lambda: ed.jvp(PROGRAM, of="a", wrt="x")(W=W, x=X, dx=np.ones(2)),
    "no tangent": lambda: ed.jvp(PROGRAM, of="a", wrt="x")(W=W, x=X),
    "arrays as a list": lambda: ed.evaluate(PROGRAM, [W, X]),
    "arrays by position": lambda: ed.function(PROGRAM)(W, X, 2.0),
    "keys that are no names": lambda: ed.evaluate(PROGRAM, {1: W, "x": X}),
    "a shape of text": lambda: ed.function(PROGRAM).plan(W="2x3", x="3", c=()),
    "an array twice": lambda: ed.function(PROGRAM)({"W": W, "x": X, "c": 2.0}, x=X),
}  # fmt: skip


def value(**changed: object) -> object:
    """L with some inputs replaced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ed.function(PROGRAM, of="L")(**{"W": W, "x": X, "c": 2.0, **changed})


@pytest.mark.parametrize("changed", ANSWERED.values(), ids=ANSWERED)
def test_what_means_the_same_numbers_gives_the_same_answer(changed: dict[str, object]) -> None:
    np.testing.assert_allclose(float(value(**changed)), RIGHT, rtol=1e-3 if changed.get("x") is not None else 1e-12)


@pytest.mark.parametrize("changed", REFUSED.values(), ids=REFUSED)
def test_what_is_no_array_of_the_right_shape_is_refused_by_name(changed: dict[str, object]) -> None:
    with pytest.raises(ed.EinError) as refused:
        value(**changed)
    assert f"`{next(iter(changed))}" in str(refused.value) or "`j`" in str(refused.value)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_wrong_call_says_what_was_expected(call: object) -> None:
    with pytest.raises(ed.EinError) as refused:
        call()
    assert refused.value.code
    assert len(str(refused.value).split("\n")) > 1  # more than the bare complaint


def test_mappings_of_other_kinds_are_mappings() -> None:
    f = ed.function(PROGRAM, of="L")
    for arrays in (UserDict(W=W, x=X, c=2.0), ChainMap({"W": W}, {"x": X, "c": 2.0})):
        assert float(f(arrays)) == RIGHT
