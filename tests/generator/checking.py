"""What must hold for a sample: derivatives by einderiv are those of other libraries.

Each check raises a `Mismatch`, or gives the names of the oracles that took part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

import einderiv as ed
from generator import oracles
from generator.arrays import Arrays, Sample, suitable
from generator.tree import Algebra, Call, Program, walk

RELATIVE = 1e-10
ABSOLUTE = 1e-12  # of the largest entry, or of 1
LOOSE = 1e-6  # where an oracle has no more digits
DIRECTIONS = 3
WORST_CONDITION = 1e5  # relative change of a result by that of the inputs; beyond, rounding alone exceeds RELATIVE


class Mismatch(AssertionError):
    """Two ways to one derivative differ."""


class IllConditioned(Exception):
    """The result depends so much on the last digits of the inputs that nothing can be said."""


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


def gradient(sample: Sample) -> list[str]:
    """∂L/∂x of every input x against PyTorch, autograd, and complex steps in random directions."""
    found = ed.grad(sample.text, of=sample.of, wrt=sample.wrt, allow_unused=True)(sample.arrays)
    used = ["torch", "autograd"]
    with judged(sample):
        for name, expected in oracles.by_torch(sample).items():
            close(found[name], expected, f"∂L/∂{name} by torch", torch_digits(sample, 1))
        for name, expected in oracles.by_autograd(sample).items():
            close(found[name], expected, f"∂L/∂{name} by autograd")
        if "polygamma" not in functions_of(sample.program):
            _steps(sample, found)
            used.append("complex step")
    return used


def _steps(sample: Sample, gradient: Mapping[str, Any]) -> None:
    rng = np.random.default_rng(sample.choices[-1])
    for _ in range(DIRECTIONS):
        direction = {name: rng.normal(size=sample.arrays[name].shape) for name in sample.wrt}
        parts = [np.asarray(gradient[name]) * direction[name] for name in sample.wrt]
        scale = max(1.0, *(float(np.sum(np.abs(part))) for part in parts))
        slope = sum(float(np.sum(part)) for part in parts)
        close(slope, oracles.by_steps(sample, direction), "the slope by a complex step", scale=scale)


def gradient_by_jax(sample: Sample) -> list[str]:
    """∂L/∂x against JAX."""
    found = ed.grad(sample.text, of=sample.of, wrt=sample.wrt, allow_unused=True)(sample.arrays)
    with judged(sample):
        for name, expected in oracles.by_jax(sample).items():
            close(found[name], expected, f"∂L/∂{name} by JAX", jax_digits(sample))
    return ["jax"]


def jax_digits(sample: Sample) -> float:
    """JAX's polygamma has fewer digits, as PyTorch's."""
    return torch_digits(sample, 2)


def jacobian(sample: Sample) -> list[str]:
    """∂L/∂x of an L with axes against `torch.func.jacrev`."""
    found = ed.jacobian(sample.text, of=sample.of, wrt=sample.wrt, allow_unused=True)(sample.arrays)
    with judged(sample):
        for name, expected in oracles.jacobian_by_torch(sample).items():
            close(found[name], expected, f"the Jacobian by {name}", torch_digits(sample, 1))
    return ["torch"]


def hessian(sample: Sample) -> list[str]:
    """∂²L/∂x∂y against `torch.func.hessian`."""
    return _hessian(sample, oracles.hessian_by_torch, "torch", torch_digits(sample, 2))


def hessian_by_jax(sample: Sample) -> list[str]:
    """∂²L/∂x∂y against JAX."""
    return _hessian(sample, oracles.hessian_by_jax, "jax", jax_digits(sample))


def _hessian(sample: Sample, oracle: Callable[[Sample], dict[str, Arrays]], name: str, relative: float) -> list[str]:
    found = ed.hessian(sample.text, of=sample.of, wrt=sample.wrt, allow_unused=True)(sample.arrays)
    with judged(sample):
        for row, blocks in oracle(sample).items():
            for column, expected in blocks.items():
                close(found[row][column], expected, f"∂²L/∂{row}∂{column} by {name}", relative)
    return [name]


class judged:
    """A mismatch of an ill-conditioned sample says nothing: it becomes `IllConditioned`."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, problem: object, trace: object) -> None:
        if isinstance(problem, Mismatch) and condition(self.sample) > WORST_CONDITION:
            raise IllConditioned from problem


def condition(sample: Sample) -> float:
    """How much the gradient changes, relative to its largest entry, by a relative change of the inputs."""
    step = 1e-7
    rng = np.random.default_rng(0)
    moved = dict(sample.arrays)
    for name in sample.wrt:
        moved[name] = sample.arrays[name] * (1 + step * rng.choice([-1.0, 1.0], size=sample.arrays[name].shape))
    if not suitable(sample.program, moved):
        return np.inf
    changes = list(_changes(oracles.jacobian_by_torch(sample), sample, moved))
    return max(changes, default=0.0) / step


def _changes(before: Arrays, sample: Sample, moved: Arrays) -> Iterator[float]:
    after = oracles.jacobian_by_torch(Sample(sample.program, sample.text, moved, sample.choices))
    largest = max((float(np.max(np.abs(each), initial=0.0)) for each in before.values()), default=0.0)
    for name, array in before.items():
        if array.size and largest:
            yield float(np.max(np.abs(after[name] - array))) / largest
