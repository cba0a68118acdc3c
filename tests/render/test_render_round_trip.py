"""Printed programs mean what the graph means: they are read back and give the same numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from render_dense import Array, value
from render_graphs import SIZES, Grower

from einderiv.check import check
from einderiv.ir import Dim, Node
from einderiv.render import Context, Following, Output, einsum_steps, program_text
from einderiv.syntax import parse


def read_back(text: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The values of all equations of `text`, by what its reader makes of it."""
    program = check(parse(text))
    sizes: dict[Dim, int] = {}
    for name, argument in program.inputs.items():
        for dim, size in zip(argument.node.axes, np.shape(arrays[name]), strict=True):
            assert sizes.setdefault(dim, size) == size, f"{dim} is {sizes[dim]} and {size} long\n{text}"
    known = dict(arrays)
    for name in program.order:
        (known[name],) = value([program.definitions[name].node], known, sizes)
    return known


def arrays_for(grower: Grower, seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {leaf.name: rng.normal(size=[dim.size or SIZES[dim] for dim in leaf.axes]) for leaf in grower.inputs}


def context_of(grower: Grower, defined: Mapping[str, Node]) -> Context:
    """The user's letters and definitions, at random; some letters stand for two sizes."""
    draw = grower.random
    inputs = {leaf.name: (leaf, tuple(draw.sample("ijklmn", len(leaf.axes)))) for leaf in grower.inputs}
    definitions = {name: (node, tuple(draw.sample("ijklmn", len(node.axes)))) for name, node in defined.items()}
    return Context(inputs, definitions)


def same(found: Array, wanted: Array, text: str) -> None:
    assert found.shape == wanted.shape, text
    scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-9 * scale, err_msg=text)


@pytest.mark.parametrize("start", range(0, 1000, 50))
def test_random_graphs_read_back_with_equal_values(start: int) -> None:
    for seed in range(start, start + 50):
        round_trip(seed)


def round_trip(seed: int) -> None:
    grower = Grower(seed)
    node = grower.grown(4 + seed % 14)
    arrays = arrays_for(grower, seed)
    inner = [part for part in grower.pool if part not in grower.inputs][:2]
    context = context_of(grower, dict(zip(("h", "r"), inner, strict=False)))
    outputs = [Output("out", node), Output("other", grower.some())]
    text = program_text(outputs, context)
    wanted = value([output.node for output in outputs], arrays, SIZES)
    found = read_back(text, arrays)
    for output, expected in zip(outputs, wanted, strict=True):
        same(found[output.name], expected, text)


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_einsums_and_what_follows_give_equal_values(start: int) -> None:
    for seed in range(start, start + 50):
        follow(seed)


def follow(seed: int) -> None:
    """Every following equation is of the language, and each target is defined before it is used."""
    grower = Grower(seed)
    node = grower.grown(8)
    steps = einsum_steps([Output("out", node)], context_of(grower, {}))
    known = {leaf.name for leaf in grower.inputs} | {"δ", "1", "ε"}
    for step in steps:
        if isinstance(step, Following):
            parse(step.text)
        else:
            assert known.issuperset(step.operands), steps
        known.add(step.target)
    assert steps[-1].target == "out"
