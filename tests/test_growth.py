"""How the work and the text grow with the program: counted in nodes and words, never in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from types import FrameType

import numpy as np
import pytest

import einderiv as ed
from einderiv.ir import topological

DEPTHS = (25, 50, 100, 200)


def chain(depth: int) -> str:
    """`depth` layers, one after the other."""
    lines = [f"h{n}_j = tanh(W{n}_ji h{n - 1}_i)" for n in range(1, depth + 1)]
    return "\n".join([*lines, f"L = h{depth}_j h{depth}_j"])


def residual(depth: int) -> str:
    """The same with connections past each layer, which multiply the paths."""
    lines = [f"h{n}_j = h{n - 1}_j + tanh(W{n}_ji h{n - 1}_i)" for n in range(1, depth + 1)]
    return "\n".join([*lines, f"L = h{depth}_j h{depth}_j"])


def shared(depth: int) -> str:
    """A recurrence: one matrix in all layers."""
    lines = [f"h{n}_j = tanh(W_ji h{n - 1}_i)" for n in range(1, depth + 1)]
    return "\n".join([*lines, f"L = h{depth}_j h{depth}_j"])


ASKS = {
    "chain by the input": (chain, ["h0"]),
    "chain by the first weights": (chain, ["W1"]),
    "residual by the input": (residual, ["h0"]),
    "residual by the first weights": (residual, ["W1", "h0"]),
    "recurrence": (shared, ["W"]),
    "chain by everything": (chain, None),
}


@pytest.mark.parametrize("name", ASKS)
def test_a_gradient_grows_with_the_number_of_layers(name: str) -> None:
    program, wrt = ASKS[name]
    nodes, words = [], []
    for depth in DEPTHS:
        g = ed.grad(program(depth), of="L", wrt=wrt)
        nodes.append(len(topological(g._nodes)))
        words.append(len(str(g).split()))
    for counts in (nodes, words):
        assert all(large <= 2.1 * small for small, large in pairwise(counts)), counts


def calls(function: Callable[[], object]) -> int:
    """How many functions, of Python and of C, are called on the way."""
    count = 0

    def counted(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


READINGS: dict[str, Callable[[ed.Function], object]] = {
    "text": str,
    "einsum": lambda g: g.einsum,
    "LaTeX": lambda g: g.latex(),
}


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("name", ASKS)
def test_the_work_of_printing_grows_with_the_number_of_layers(name: str, reading: str) -> None:
    program, wrt = ASKS[name]
    work = []
    for depth in DEPTHS[1:]:
        g = ed.grad(program(depth), of="L", wrt=wrt)
        work.append(calls(lambda g=g: READINGS[reading](g)))
    assert all(large <= 2.3 * small for small, large in pairwise(work)), work


@pytest.mark.parametrize("name", ASKS)
def test_the_work_of_differentiating_and_planning_grows_with_the_number_of_layers(name: str) -> None:
    program, wrt = ASKS[name]
    work = []
    for depth in DEPTHS[1:]:
        net = ed.parse(program(depth))
        shapes = {tensor: (3, 3) if tensor.startswith("W") else (3,) for tensor in net.inputs}
        work.append(calls(lambda net=net, shapes=shapes: ed.grad(net, of="L", wrt=wrt).plan(shapes)))
    assert all(large <= 2.3 * small for small, large in pairwise(work)), work


def test_a_second_derivative_of_a_chain_grows_with_the_number_of_layers() -> None:
    nodes = []
    for depth in (10, 20, 40):
        f = ed.hvp(chain(depth), of="L", wrt="W1")
        nodes.append(len(topological(f._nodes)))
    assert all(large <= 2.1 * small for small, large in pairwise(nodes)), nodes


@pytest.mark.parametrize("program", [chain, residual, shared])
def test_the_gradient_through_two_hundred_layers_is_right(program: object) -> None:
    assert callable(program)
    depth, width = 200, 3
    text = program(depth)
    rng = np.random.default_rng(0)
    net = ed.parse(text)
    arrays = {name: rng.normal(size=(width, width)) / np.sqrt(width) for name in net.inputs if name != "h0"}
    arrays["h0"] = rng.normal(size=width)
    states, slopes = [arrays["h0"]], []
    for n in range(1, depth + 1):
        W = arrays.get(f"W{n}", arrays.get("W"))
        t = np.tanh(W @ states[-1])
        keep = states[-1] if program is residual else 0.0
        states.append(keep + t)
        slopes.append((1 - t**2)[:, None] * W + (np.eye(width) if program is residual else 0.0))
    back = 2 * states[-1]
    for slope in reversed(slopes):
        back = back @ slope
    value, gradient = ed.value_and_grad(net, of="L", wrt="h0")(arrays)
    np.testing.assert_allclose(value, states[-1] @ states[-1], rtol=1e-12)
    np.testing.assert_allclose(gradient, back, rtol=1e-9, atol=1e-300)


def test_the_printed_gradient_of_a_deep_chain_reads_back() -> None:
    g = ed.grad(chain(40), of="L", wrt="W1")
    again = ed.parse(str(g))
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=(3, 3)) for name in again.inputs if name != "h0"} | {"h0": rng.normal(size=3)}
    np.testing.assert_allclose(ed.function(again)(arrays), g(arrays), rtol=1e-10)
