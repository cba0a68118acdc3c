"""Arrays for the inputs of a drawn program, away from kinks, poles and large values."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from generator.choices import Choices
from generator.equations import LAST, draw_program
from generator.evaluation import evaluate
from generator.leaves import SpentError
from generator.libraries import Library
from generator.tree import Input, Letter, Program
from generator.writing import write

Arrays = dict[str, np.ndarray]
NEAREST = 1e-3  # to a kink or a pole
LARGEST = 1e6  # of any value
TRIES = 3


@dataclass(frozen=True)
class Sample:
    """A program, its text, and arrays for its inputs; `choices` draw it again."""

    program: Program
    text: str
    arrays: Arrays
    choices: tuple[int, ...]

    @property
    def of(self) -> str:
        """The name of the last equation."""
        return LAST

    @property
    def wrt(self) -> list[str]:
        """The inputs to differentiate by."""
        return self.program.wrt


def draw(choices: Choices, scalar: bool = True) -> Sample | None:
    """A sample; None where the program has an index without a size, or no arrays were found that suit it."""
    try:
        program = draw_program(choices, scalar)
    except SpentError:
        return None
    if program is None:
        return None
    text = write(program, choices)
    for _ in range(TRIES):
        arrays = draw_arrays(program, choices.rng())
        if suitable(program, arrays):
            return Sample(program, text, arrays, tuple(choices.taken))
    return None


def draw_arrays(program: Program, seed: int) -> Arrays:
    """Arrays for all inputs."""
    rng = np.random.default_rng(seed)
    return {name: np.asarray(_drawn(rng, each)) for name, each in program.inputs.items()}


def _drawn(rng: np.random.Generator, each: Input) -> Any:
    match each.kind:
        case "positive":
            return rng.uniform(0.5, 2.0, size=each.shape)
        case "definite":
            m = rng.normal(size=each.shape)
            return m @ m.T + np.eye(each.shape[-1])
        case "real" if each.symmetric:
            m = rng.normal(size=each.shape)
            return 0.5 * (m + m.T)
        case "whole":
            return rng.integers(each.below, size=each.shape)
        case _:
            return 0.8 * rng.normal(size=each.shape)


class Near(Exception):
    """A value is too near a kink or a pole, or too large."""


def suitable(program: Program, arrays: Arrays) -> bool:
    """Whether no value on the way is near a kink or a pole, or too large; neither in a program without empty axes."""
    longer = lengthened(program)
    try:
        with np.errstate(all="ignore"):
            evaluate(program, arrays, Careful())
            if longer is not None:
                evaluate(longer, draw_arrays(longer, 0) | kept(arrays), Careful())
    except (Near, np.linalg.LinAlgError):
        return False
    return True


def kept(arrays: Arrays) -> Arrays:
    """The arrays that have elements."""
    return {name: array for name, array in arrays.items() if array.size}


def lengthened(program: Program) -> Program | None:
    """The program with axes of length 1 for those of length 0, along which no value can be seen; None without any."""
    known: dict[int, Any] = {}
    made = deepcopy(program, known)
    found = False
    for each in known.values():
        if isinstance(each, Letter) and each.size == 0:
            object.__setattr__(each, "size", 1)
            found = True
        elif isinstance(each, Input) and 0 in each.shape:
            object.__setattr__(each, "shape", tuple(max(length, 1) for length in each.shape))
            found = True
    return made if found else None


class Careful(Library):
    """NumPy that refuses what is near a kink or a pole."""

    def call(self, function: str, *x: Any) -> Any:
        distance = DISTANCES.get(function)
        if distance is not None:
            far(distance(*x))
        return super().call(function, *x)

    def polygamma(self, order: int, x: Any) -> Any:
        far(x)
        return super().polygamma(order, x)

    def seen(self, array: Any) -> None:
        if not np.all(np.isfinite(array)) or np.max(np.abs(array), initial=0.0) > LARGEST:
            raise Near

    def compared(self, x: Any, y: Any) -> Any:
        far(np.abs(x - y))
        return x + 0 * y

    def inverse(self, x: Any) -> Any:
        far(np.abs(x))
        return 1 / x

    def reduce(self, function: str, x: Any) -> Any:
        if function in ("max", "min") and x.shape[-1] > 1:
            ordered = np.sort(x, axis=-1)
            far(ordered[..., -1] - ordered[..., -2] if function == "max" else ordered[..., 1] - ordered[..., 0])
        found = super().reduce(function, x)
        if function == "norm":
            far(found)
        return found


DISTANCES: dict[str, Any] = {
    "abs": np.abs,
    "sign": np.abs,
    "relu": np.abs,
    "elu": np.abs,
    "floor": lambda x: np.abs(x - np.round(x)),
    "ceil": lambda x: np.abs(x - np.round(x)),
    "round": lambda x: np.abs(x - np.floor(x) - 0.5),
    "max": lambda x, y: np.abs(x - y),
    "min": lambda x, y: np.abs(x - y),
    "clip": lambda x, a, b: np.minimum(np.minimum(np.abs(x - a), np.abs(np.maximum(x, a) - b)), b - a),
    "sqrt": lambda x: x,
    "log": lambda x: x,
    "log1p": lambda x: 1 + x,
    "asin": lambda x: 1 - np.abs(x),
    "acos": lambda x: 1 - np.abs(x),
    "atanh": lambda x: 1 - np.abs(x),
    "acosh": lambda x: x - 1,
    "tan": lambda x: np.abs(np.cos(x)),
    "lgamma": lambda x: x,
    "digamma": lambda x: x,
    "pow": lambda x, p: x,
    "atan2": lambda y, x: np.where(x < 0, np.abs(y), y * y + x * x),  # it jumps where y = 0 > x
}


def far(distances: Any) -> None:
    """Refuse a distance that is small."""
    if np.size(distances) and not np.min(distances) > NEAREST:
        raise Near
