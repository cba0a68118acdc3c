"""Random formulas of matrices, grown with their values by NumPy, and what a slip of the pen makes of good texts."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from goldens import Golden, goldens
from hypothesis import given, settings
from hypothesis import strategies as st

import einderiv as ed

Grown = tuple[str, np.ndarray]
RNG = np.random.default_rng(5)
VALUES = {
    "A": RNG.normal(size=(3, 3)) + 3 * np.eye(3), "B": RNG.normal(size=(3, 2)),
    "C": RNG.normal(size=(2, 2)) + 3 * np.eye(2),
    "x": RNG.normal(size=(3, 1)), "y": RNG.normal(size=(3, 1)), "z": RNG.normal(size=(2, 1)), "α": np.array([[0.7]]),
}  # fmt: skip
LEAVES = {"nn": ["A", "eye(3)"], "nm": ["B"], "mm": ["C"], "n1": ["x", "y"], "m1": ["z"], "11": ["α", "2", "0.5"]}
DECLARED = {"A": (3, 3), "B": (3, 2), "C": (2, 2), "x": (3,), "y": (3,), "z": (2,), "α": ()}


def grow(draw: st.DrawFn, rows: str, columns: str, depth: int) -> Grown:
    """A formula with `rows` × `columns`, in brackets where it needs them, and its value."""
    leaves = LEAVES.get(rows + columns, [])
    if depth == 0 and leaves:
        name = draw(st.sampled_from(leaves))
        known = {"eye(3)": np.eye(3)}
        return name, known.get(name, VALUES.get(name, np.array([[float(name)]]) if name[0].isdigit() else None))
    if not leaves and depth <= 0:
        text, value = grow(draw, columns, rows, 0)
        return f"{text}'", value.T
    rules = [_sum, _product, _hadamard, _transposed, _scaled, _function]
    rules += [_trace, _norm, _total] if rows == columns == "1" else []
    rules += [_inverse, _diagonal] if rows == columns != "1" else []
    return draw(st.sampled_from(rules))(draw, rows, columns, depth - 1)


def _sum(draw: st.DrawFn, rows: str, columns: str, depth: int) -> Grown:
    (one, a), (two, b) = grow(draw, rows, columns, depth), grow(draw, rows, columns, 0)
    sign = draw(st.sampled_from("+-"))
    return f"({one} {sign} {two})", a + b if sign == "+" else a - b


def _product(draw: st.DrawFn, rows: str, columns: str, depth: int) -> Grown:
    inner = draw(st.sampled_from("nm1"))
    (one, a), (two, b) = grow(draw, rows, inner, depth), grow(draw, inner, columns, depth)
    return f"({one}{draw(st.sampled_from([' * ', ' ']))}{two})", a @ b


def _hadamard(draw: st.DrawFn, rows: str, columns: str, depth: int) -> Grown:
    (one, a), (two, b) = grow(draw, rows, columns, depth), grow(draw, rows, columns, 0)
    return f"({one} .* {two})", a * b


def _transposed(draw: st.DrawFn, rows: str, columns: str, depth: int) -> Grown:
    text, value = grow(draw, columns, rows, depth)
    return f"({text})'", value.T


def _scaled(draw: st.DrawFn, rows: str, columns: str, depth: int) -> Grown:
    (one, a), (two, b) = grow(draw, rows, columns, depth), grow(draw, "1", "1", depth)
    return f"({two} * {one} / 4)", a * b / 4


def _function(draw: st.DrawFn, rows: str, columns: str, depth: int) -> Grown:
    text, value = grow(draw, rows, columns, depth)
    name, function = draw(st.sampled_from([("tanh", np.tanh), ("sin", np.sin), ("atan", np.arctan)]))
    return f"{name}({text})", function(value)


def _trace(draw: st.DrawFn, _rows: str, _columns: str, depth: int) -> Grown:
    size = draw(st.sampled_from("nm"))
    text, value = grow(draw, size, size, depth)
    return f"tr({text})", np.array([[np.trace(value)]])


def _norm(draw: st.DrawFn, _rows: str, _columns: str, depth: int) -> Grown:
    text, value = grow(draw, draw(st.sampled_from("nm")), "1", depth)
    return f"norm2({text})^2", np.array([[np.sum(value**2)]])


def _total(draw: st.DrawFn, _rows: str, _columns: str, depth: int) -> Grown:
    text, value = grow(draw, draw(st.sampled_from("nm")), "1", depth)
    return f"sum({text})", np.array([[np.sum(value)]])


def _inverse(draw: st.DrawFn, rows: str, _columns: str, _depth: int) -> Grown:
    text, value = grow(draw, rows, rows, 0)
    return f"inv({text})", np.linalg.inv(value)


def _diagonal(draw: st.DrawFn, rows: str, _columns: str, depth: int) -> Grown:
    text, value = grow(draw, rows, "1", depth)
    return f"diag({text})", np.diag(value[:, 0])


@st.composite
def formulas(draw: st.DrawFn) -> Grown:
    return grow(draw, draw(st.sampled_from("nm1")), draw(st.sampled_from("nm1")), draw(st.integers(1, 4)))


@settings(max_examples=200, deadline=None)
@given(formulas())
def test_a_random_formula_means_what_numpy_says(case: Grown) -> None:
    text, value = case
    declared = {name: shape for name, shape in DECLARED.items() if re.search(rf"\b{name}\b", text)}
    program = ed.parse(ed.convert(text, "matrix", shapes=declared))
    found = ed.evaluate(program, {name: np.squeeze(VALUES[name]) for name in program.inputs})[program.outputs[-1]]
    np.testing.assert_allclose(np.squeeze(found), np.squeeze(value), rtol=1e-8, atol=1e-8)


SLIPS: list[Callable[[str, int], str]] = [
    lambda text, at: text[:at] + text[at + 1 :],
    lambda text, at: text[:at] + text[at] + text[at:],
    lambda text, at: text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :],
    lambda text, at: text[:at],
]


@pytest.mark.filterwarnings("ignore::einderiv.EinWarning")  # `x j` for `x_j`: of a number called as an index
@pytest.mark.parametrize("golden", goldens(), ids=lambda golden: golden.title)
def test_a_slip_of_the_pen_gives_a_program_or_an_error_of_einderiv(golden: Golden) -> None:
    for slip in SLIPS:
        for at in range(0, len(golden.text), 3):
            try:
                found = ed.convert(slip(golden.text, at))
            except ed.EinError as error:
                assert str(error).startswith("error[E0")
            else:
                assert re.search(r"[=∂]", found)
