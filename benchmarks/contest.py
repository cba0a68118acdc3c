"""What is timed: a problem at several sizes, and for each size those who solve it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import einderiv as ed
from benchmarks.peers import Peer, Transform, installed

Array = NDArray[np.float64]
Arrays = Mapping[str, Array]
Model = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Entrant:
    """One call to be timed, and how what it returns becomes NumPy arrays that can be compared.

    Where a call cannot be timed from outside, `seconds` runs it and says how long it took.
    """

    run: Callable[[], Any]
    arrays: Callable[[Any], Sequence[Array]]
    seconds: Callable[[], float] | None = None


@dataclass(frozen=True, slots=True)
class Contest:
    """The entrants for one size, each made when it is its turn, and why some are not there."""

    entrants: Mapping[str, Callable[[], Entrant]]
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Size:
    """Numbers that a problem is run at, with the ratio to the best peer, or the seconds, that are the goal."""

    label: str
    numbers: Mapping[str, int]
    goal: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem: its number, what it is, its sizes, the smallest size that tests it, and how it is set up."""

    name: str
    title: str
    sizes: Sequence[Size]
    tiny: Mapping[str, int]
    contest: Callable[..., Contest]


def size(goal: float | None = None, limit: float | None = None, label: str = "", /, **numbers: int) -> Size:
    """A size labelled by its numbers: `n = 10, k = 5`."""
    return Size(label or ", ".join(f"{name} = {number}" for name, number in numbers.items()), numbers, goal, limit)


def ours(function: ed.Function, arrays: Arrays) -> Callable[[], Entrant]:
    """Our dense result."""
    return lambda: Entrant(lambda: function(**arrays), lambda value: list(flat(value)))


def factored(function: ed.Function, arrays: Arrays) -> Callable[[], Entrant]:
    """Our factored result; it is made dense only to be compared."""
    return lambda: Entrant(lambda: function.factored(**arrays), lambda value: [value.to_dense()])


def by_hand(function: Callable[..., Any], arrays: Arrays) -> Callable[[], Entrant]:
    """NumPy as one writes it who has done the mathematics on paper."""
    operands = list(arrays.values())
    return lambda: Entrant(lambda: function(*operands), lambda value: list(flat(value)))


def theirs(
    transform: str, model: Model, arrays: Arrays, wrt: Sequence[str], without: Mapping[str, str] | None = None
) -> dict[str, Callable[[], Entrant]]:
    """The peers: `model(math, *arrays)` taken through a transformation by the arrays of these names."""
    places = tuple(list(arrays).index(name) for name in wrt)
    found = {}
    for peer in installed():
        if peer.name not in (without or {}) and hasattr(peer, transform):
            found[peer.name] = _peer(peer, getattr(peer, transform), model, arrays, places)
    return found


def _peer(
    peer: Peer, transform: Transform, model: Model, arrays: Arrays, places: tuple[int, ...]
) -> Callable[[], Entrant]:
    def entrant() -> Entrant:
        function = transform(lambda *operands: model(peer.math, *operands), places)
        operands = [peer.array(array) for array in arrays.values()]
        return Entrant(
            lambda: peer.wait(function(*operands)), lambda value: [peer.plain(array) for array in flat(value)]
        )

    return entrant


def flat(value: Any) -> Iterator[Any]:
    """The arrays in nested tuples, lists and dicts, in order."""
    match value:
        case dict():
            for part in value.values():
                yield from flat(part)
        case tuple() | list():
            for part in value:
                yield from flat(part)
        case _:
            yield value


def normal(seed: int = 0, /, **shapes: tuple[int, ...]) -> dict[str, Array]:
    """Normally distributed arrays of these shapes."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def one_hot(samples: int, classes: int) -> Array:
    """A random class for each sample, as rows of zeros and a one."""
    array = np.zeros((samples, classes))
    array[np.arange(samples), np.random.default_rng(1).integers(classes, size=samples)] = 1.0
    return array
