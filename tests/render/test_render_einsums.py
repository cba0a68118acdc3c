"""Einsum strings: they run in NumPy as printed, and give the values of the graph."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from reference import evaluate
from render_graphs import FIXED, SIZES, Grower, Reader

from einderiv import ir
from einderiv.ir import Dim, Input
from einderiv.render import Context, Contraction, Output, einsum_steps

H, J = Dim("I"), Dim("J")
W, x = Input("W", (H, J)), Input("x", (J,))


def test_deltas_and_ones_are_operands() -> None:
    node = ir.einsum([(ir.identity(H), "ik"), (x, "l")], "iklm", -2.0, {"m": J})
    (step,) = einsum_steps([Output("D", node, ("i", "k", "l", "m"))], Context())
    assert str(step) == 'D = -2 * einsum("ik,l,m->iklm", δ, x, 1)'


def test_functions_stand_between_contractions() -> None:
    a = ir.einsum([(W, "ij"), (x, "j")], "i")
    h = ir.apply("tanh", a)
    steps = einsum_steps([Output("L", ir.einsum([(h, "i"), (h, "i")], ""))], Context(definitions={"a": (a, ("i",))}))
    assert [str(step) for step in steps] == [
        'a = einsum("ij,j->i", W, x)',
        "t_i = tanh(a_i)",
        'L = einsum("i,i->", t, t)',
    ]


def run(step: Contraction, arrays: dict[str, Any], output: tuple[int, ...]) -> Any:
    """The step in `numpy.einsum`, with δ, 1 and brackets of the sizes that the other operands and the result say."""
    inputs, result = step.subscripts.split("->")
    groups = inputs.split(",")
    sizes = dict(zip(result, output, strict=True))
    for name, group in zip(step.operands, groups, strict=True):
        if name in arrays:
            sizes.update(zip(group, np.shape(arrays[name]), strict=True))
        for word, letters in LOOKED_UP.findall(name):
            sizes.update(zip(letters, np.shape(arrays[word]), strict=True))
    made = [operand(name, group, arrays, sizes) for name, group in zip(step.operands, groups, strict=True)]
    return step.coefficient * np.einsum(step.subscripts, *made)


LOOKED_UP = re.compile(r"(\w+)_(\w+)")


def operand(name: str, group: str, arrays: dict[str, Any], sizes: dict[str, int]) -> Any:
    """The array of an operand under the letters `group`."""
    match name[0]:
        case "δ":
            return np.eye(sizes[group[0]])
        case "1":
            return np.ones(sizes[group])
        case "[":
            grid = dict(zip(group, np.ix_(*(range(sizes[letter]) for letter in group)), strict=True))
            left, right = name[1:-1].split(" == ")
            full = [sizes[letter] for letter in group]
            return np.broadcast_to(places(left, grid, arrays) == places(right, grid, arrays), full).astype(float)
        case _:
            return arrays[name]


def places(text: str, grid: dict[str, Any], arrays: dict[str, Any]) -> Any:
    """`t_n`, or terms such as `2 i - k + 1`."""
    if found := LOOKED_UP.fullmatch(text):
        return arrays[found[1]][tuple(grid[letter] for letter in found[2])]
    total: Any = 0
    for sign, factor, letter in re.findall(r"([+-]?) ?(\d*) ?([a-zA-Z]?)", text):
        if factor or letter:
            amount = int(factor or 1) * (-1 if sign == "-" else 1)
            total = total + amount * (grid[letter] if letter in grid else arrays[letter] if letter else 1)
    return total


@pytest.mark.parametrize("seed", range(150))
def test_contractions_of_inputs_give_the_value(seed: int) -> None:
    grower = Grower(seed)
    rng = np.random.default_rng(seed)
    arrays = {leaf.name: rng.normal(size=[SIZES.get(dim, 3) for dim in leaf.axes]) for leaf in grower.inputs}
    for node in (grower.product() for _ in range(4)):
        if node is None or any(isinstance(part, ir.Size) for part in ir.topological([node])):
            continue
        steps = einsum_steps([Output("out", node)], Context())
        if len(steps) == 1 and isinstance(steps[0], Contraction):
            shape = tuple(SIZES.get(dim, FIXED.size or 0) for dim in node.axes)
            wanted = evaluate(node, arrays, SIZES)
            np.testing.assert_allclose(run(steps[0], arrays, shape), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("start", range(0, 400, 40))
def test_contractions_with_lookups_give_the_value(start: int) -> None:
    done = 0
    for seed in range(start, start + 40):
        grower = Reader(seed)
        arrays = positions_for(grower, seed)
        for node in (way() for way in (grower.gather, grower.read, grower.bracket_of_places)):
            steps = einsum_steps([Output("out", node)], Context()) if node is not None else []
            if len(steps) == 1 and isinstance(steps[0], Contraction) and says_its_sizes(steps[0]):
                shape = tuple(SIZES.get(dim, FIXED.size or 0) for dim in node.axes)
                wanted = evaluate(node, arrays, SIZES)
                np.testing.assert_allclose(run(steps[0], arrays, shape), wanted, rtol=1e-9, atol=1e-12)
                done += 1
    assert done > 10


def positions_for(grower: Reader, seed: int) -> dict[str, Any]:
    """Arrays for the inputs, integers for those that are looked up."""
    rng = np.random.default_rng(seed)
    shapes = {leaf.name: [SIZES.get(dim, 3) for dim in leaf.axes] for leaf in grower.inputs}
    integers = {leaf.name for leaf in grower.integers}
    return {
        name: rng.integers(0, 2, shape) if name in integers else rng.normal(size=shape)
        for name, shape in shapes.items()
    }


def says_its_sizes(step: Contraction) -> bool:
    """Whether each letter stands in an array or in the result."""
    inputs, result = step.subscripts.split("->")
    pairs = list(zip(step.operands, inputs.split(","), strict=True))
    known = set(result).union(*(group for name, group in pairs if name[0] not in "δ1["))
    known |= {letter for name, _ in pairs for _, letters in LOOKED_UP.findall(name) for letter in letters}
    return known.issuperset("".join(group for _, group in pairs)) and "1" not in step.operands
