"""What must hold for a sample: derivatives by einderiv are those of other libraries.

Each check raises a `Mismatch`, or gives the names of the oracles that took part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

import einderiv as ed
from generator import exact, oracles
from generator.arrays import Arrays, Sample
from generator.tree import Algebra, Call, Program, walk

RELATIVE = 1e-10
ABSOLUTE = 1e-12  # of the largest entry, or of 1
LOOSE = 1e-6  # where an oracle has no more digits
DIRECTIONS = 3
LAST_DIGITS = 4e-16  # relative change of the inputs, to see how many digits an oracle has
SLOPE = "slope"  # the name of a derivative in a direction
NOISE = 16  # times the change of the oracle by that


class Mismatch(AssertionError):
    """Two ways to one derivative differ."""


class IllConditioned(Exception):
    """The oracle itself changes as much with the last digits of the inputs, so that nothing can be said."""


def close(found: Any, expected: Any, what: str, relative: float = RELATIVE, scale: float = 1.0) -> None:
    """Equal in shape, and in value relative to each entry, or to the largest one with two digits more."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        raise Mismatch(f"{what} has the shape {found.shape}, not {expected.shape}")
    largest = float(np.max(np.abs(expected), initial=scale))
    allowed = relative * np.abs(expected) + relative * ABSOLUTE / RELATIVE * largest
    if not np.all(np.abs(found - expected) <= allowed):
        raise Mismatch(f"{what} differs by {np.max(np.abs(found - expected)):.3g} at a size of {largest:.3g}")


def functions_of(program: Program) -> set[str]:
    """The functions that a program calls."""
    return {
        node.function
        for equation in program.equations
        for node in walk(equation.body)
        if isinstance(node, Call | Algebra)
    }


def torch_digits(sample: Sample, order: int) -> float:
    """The trigamma and polygamma of PyTorch have seven digits here and there."""
    rough = {"digamma", "polygamma"} | ({"lgamma"} if order > 1 else set())
    return LOOSE if functions_of(sample.program) & rough else RELATIVE


def agree(
    sample: Sample,
    found: Mapping[str, Any],
    oracle: Callable[[Sample], Arrays],
    what: str,
    relative: float = RELATIVE,
    exactly: Callable[[str], np.ndarray] | None = None,
) -> list[str]:
    """What einderiv finds is what an oracle finds; where they differ, arithmetic with a hundred digits decides.

    `exactly` is that arithmetic for what has a name, where this is no derivative by inputs.
    """
    decide = exactly or (lambda name: exact.derivative(sample, name.split()))
    used = [what]
    for name, expected in oracle(sample).items():
        try:
            close(found[name], expected, f"{what} {name}", relative)
        except Mismatch as mismatch:
            if np.shape(found[name]) != np.shape(expected):
                raise
            used = [what, "decided with a hundred digits"]
            _decided(sample, found[name], oracle, name, mismatch, decide(name))
    return used


def _decided(
    sample: Sample, found: Any, oracle: Callable[[Sample], Arrays], name: str, mismatch: Mismatch, truth: np.ndarray
) -> None:
    """Raise the mismatch unless einderiv is right; where nobody has the digits, say so."""
    largest = float(np.max(np.abs(truth), initial=1.0))
    difference = np.max(np.abs(np.asarray(found) - truth), initial=0.0)
    if difference <= RELATIVE * largest:
        try:
            close(found, truth, f"{name}, which an oracle has otherwise ({mismatch}), in exact arithmetic")
            return
        except Mismatch:
            if difference > np.max(np.abs(oracle(sample)[name] - truth), initial=0.0):
                raise
    if not difference <= NOISE * noise(sample, oracle, name):
        raise mismatch
    raise IllConditioned(str(mismatch)) from mismatch


def noise(sample: Sample, oracle: Callable[[Sample], Arrays], name: str) -> float:
    """By how much an oracle changes with the last digits of the inputs."""
    rng = np.random.default_rng(0)
    before, worst = oracle(sample)[name], 0.0
    for _ in range(6):
        moved = dict(sample.arrays)
        for each in sample.wrt:
            signs = rng.choice([-1.0, 1.0], size=moved[each].shape)
            moved[each] = moved[each] * (1 + LAST_DIGITS * signs)
        after = oracle(replace(sample, arrays=moved))[name]
        worst = max(worst, float(np.max(np.abs(after - before), initial=0.0)))
    return worst


def gradient(sample: Sample) -> list[str]:
    """∂L/∂x of every input x against PyTorch, autograd, and complex steps in random directions."""
    found = ed.grad(sample.text, of=sample.of, wrt=sample.wrt, allow_unused=True)(sample.arrays)
    used = agree(sample, found, oracles.by_torch, "torch", torch_digits(sample, 1))
    used += agree(sample, found, oracles.by_autograd, "autograd")
    if "polygamma" not in functions_of(sample.program):
        _steps(sample, found)
        used.append("complex step")
    return used


def _steps(sample: Sample, gradient: Mapping[str, Any]) -> None:
    rng = np.random.default_rng(sample.choices[-1])
    for _ in range(DIRECTIONS):
        direction = {name: tangent(sample, name, rng) for name in sample.wrt}
        parts = [np.asarray(gradient[name]) * direction[name] for name in sample.wrt]
        scale = max(1.0, *(float(np.sum(np.abs(part))) for part in parts))  # terms of both signs may cancel

        def slope(each: Sample, direction: Arrays = direction, scale: float = scale) -> Arrays:
            return {SLOPE: np.asarray(oracles.by_steps(each, direction)) / scale}

        def exactly(_: str, direction: Arrays = direction, scale: float = scale) -> np.ndarray:
            slopes = [np.sum(exact.derivative(sample, [name]) * direction[name]) for name in sample.wrt]
            return np.asarray(sum(slopes) / scale)

        found = sum(float(np.sum(part)) for part in parts) / scale
        agree(sample, {SLOPE: found}, slope, "complex step", exactly=exactly)


def tangent(sample: Sample, name: str, rng: np.random.Generator) -> np.ndarray:
    """A random direction in which an input may go: a symmetric one where the input is."""
    found = rng.normal(size=sample.arrays[name].shape)
    return found + found.T if sample.program.inputs[name].symmetric else found


def gradient_by_jax(sample: Sample) -> list[str]:
    """∂L/∂x against JAX."""
    found = ed.grad(sample.text, of=sample.of, wrt=sample.wrt, allow_unused=True)(sample.arrays)
    return agree(sample, found, oracles.by_jax, "jax", torch_digits(sample, 2))


def jacobian(sample: Sample) -> list[str]:
    """∂L/∂x of an L with axes against `torch.func.jacrev`."""
    found = ed.jacobian(sample.text, of=sample.of, wrt=sample.wrt, allow_unused=True)(sample.arrays)
    return agree(sample, found, oracles.jacobian_by_torch, "torch", torch_digits(sample, 1))


def hessian(sample: Sample) -> list[str]:
    """∂²L/∂x∂y against `torch.func.hessian`."""
    return _hessian(sample, oracles.hessian_by_torch, "torch")


def hessian_by_jax(sample: Sample) -> list[str]:
    """∂²L/∂x∂y against JAX."""
    return _hessian(sample, oracles.hessian_by_jax, "jax")


def _hessian(sample: Sample, oracle: Callable[[Sample], dict[str, Arrays]], name: str) -> list[str]:
    found = ed.hessian(sample.text, of=sample.of, wrt=sample.wrt, allow_unused=True)(sample.arrays)
    return agree(sample, blocks(found), lambda each: blocks(oracle(each)), name, torch_digits(sample, 2))


def blocks(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The blocks of a Hessian by two names with a blank between."""
    return {f"{row} {column}": each for row, columns in found.items() for column, each in columns.items()}
