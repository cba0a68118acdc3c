"""Printed programs mean what the graph means: they are read back and give the same numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from reference import Array, evaluate
from render_graphs import READ, SIZES, Grower, Reader

from einderiv.check import check, solve_sizes
from einderiv.ir import Derivative, Input, Node, substitute, topological
from einderiv.render import Context, Following, Output, einsum_steps, program_text
from einderiv.syntax import parse


def read_back(text: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The values of all equations of `text`, by what its reader makes of it."""
    program = check(parse(text))
    nodes = {name: given(program.definitions[name].node) for name in program.order}
    dims = {dim for node in topological(nodes.values()) for dim in node.axes}
    sizes = solve_sizes(program, {name: np.shape(arrays[name]) for name in program.inputs}, dims)
    known = dict(arrays)
    for name, node in nodes.items():
        known[name] = evaluate(node, known, sizes)
    return known


def given(node: Node) -> Node:
    """`node` with an input for each derivative of something that is only given."""
    found = {part: Input("", part.axes) for part in topological([node]) if isinstance(part, Derivative)}
    for part in found:
        assert isinstance(part.top, Input)
        found[part] = Input(f"∂{part.top.name}/∂{part.below[0].name}", part.axes)
    return substitute([node], found)[0]


def arrays_for(grower: Grower, seed: int) -> dict[str, Array]:
    """Arrays for the inputs: integers are positions along every axis, symmetric matrices positive definite."""
    rng = np.random.default_rng(seed)
    arrays = {leaf.name: rng.normal(size=[dim.size or SIZES[dim] for dim in leaf.axes]) for leaf in grower.inputs}
    if isinstance(grower, Reader):
        arrays |= {leaf.name: rng.integers(0, 2, arrays[leaf.name].shape).astype(float) for leaf in grower.integers}
        arrays |= {leaf.name: np.eye(3) + np.full((3, 3), 0.2) for leaf in grower.square}
    return arrays


def context_of(grower: Grower, defined: Mapping[str, Node]) -> Context:
    """The user's letters and definitions, at random; some letters stand for two sizes."""
    draw = grower.random
    inputs = {leaf.name: (leaf, tuple(draw.sample("ijklmn", len(leaf.axes)))) for leaf in grower.inputs}
    definitions = {name: (node, tuple(draw.sample("ijklmn", len(node.axes)))) for name, node in defined.items()}
    return Context(inputs, definitions, reads=[READ] if isinstance(grower, Reader) else [])


def same(found: Array, wanted: Array, text: str) -> None:
    assert found.shape == wanted.shape, text
    scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-9 * scale, err_msg=text)


@pytest.mark.parametrize("start", range(0, 1000, 50))
def test_random_graphs_read_back_with_equal_values(start: int) -> None:
    for seed in range(start, start + 50):
        round_trip(Grower(seed), seed)


@pytest.mark.parametrize("start", range(0, 500, 25))
def test_lookups_and_linear_algebra_read_back_with_equal_values(start: int) -> None:
    for seed in range(start, start + 25):
        round_trip(Reader(seed), seed)


def round_trip(grower: Grower, seed: int) -> None:
    node = grower.grown(4 + seed % 14)
    arrays = arrays_for(grower, seed)
    inner = [part for part in grower.pool if part not in grower.inputs][:2]
    context = context_of(grower, dict(zip(("h", "r"), inner, strict=False)))
    outputs = [Output("out", node), Output("other", grower.some())]
    text = program_text(outputs, context)
    wanted = [evaluate(output.node, arrays, SIZES) for output in outputs]
    found = read_back(text, arrays)
    for output, expected in zip(outputs, wanted, strict=True):
        same(found[output.name], expected, text)


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_einsums_and_what_follows_give_equal_values(start: int) -> None:
    for seed in range(start, start + 50):
        follow(Grower(seed))
        follow(Reader(seed))


def follow(grower: Grower) -> None:
    """Every following equation is of the language, and each target is defined before it is used."""
    node = grower.grown(8)
    steps = einsum_steps([Output("out", node)], context_of(grower, {}))
    known = {leaf.name for leaf in grower.inputs} | {"δ", "1", "ε"}
    for step in steps:
        if isinstance(step, Following):
            parse(step.text)
        else:
            assert known.issuperset(name for name in step.operands if not name.startswith("[")), steps
        known.add(step.target)
    assert steps[-1].target == "out"
