"""Timing: all entrants of a contest in turn, round after round, so that a busy machine hits all alike.

Each round has another order: who comes behind one that leaves a gigabyte of freed memory finds other pages than who
comes behind a small one.  Before each turn there is a pause, in which the threads of the one before, which wait for
more work in a loop, go to sleep.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, sleep

import numpy as np

from benchmarks.contest import Array, Contest, Entrant, Problem, Size

AGREEMENT = 1e-8  # of the largest number in the result


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to look: the seconds for a contest, and the fewest and the most rounds."""

    seconds: float = 4.0
    fewest: int = 5
    most: int = 41
    block: float = 0.01  # seconds that one entrant runs at least in a round
    pause: float = 0.03  # seconds before each turn: OpenBLAS lets its threads wait for 2²⁶ cycles
    clock: Callable[[], float] = (
        perf_counter  # `process_time` where all have one core: then other processes do not count
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """The median seconds of each entrant, and what went wrong."""

    problem: Problem
    size: Size
    seconds: Mapping[str, float]
    absent: Mapping[str, str]
    wrong: Mapping[str, str] = field(default_factory=dict)

    def of(self, kind: str) -> float | None:
        """The seconds of an entrant."""
        return self.seconds.get(kind)

    @property
    def best_peer(self) -> str | None:
        """The fastest of the peers."""
        peers = {name: time for name, time in self.seconds.items() if not name.startswith(("einderiv", "NumPy"))}
        return min(peers, key=peers.__getitem__) if peers else None

    @property
    def ratio(self) -> float | None:
        """einderiv ÷ the best peer."""
        best = self.best_peer
        return self.seconds["einderiv"] / self.seconds[best] if best else None

    @property
    def to_hand(self) -> float | None:
        """einderiv ÷ NumPy by hand."""
        hand = self.seconds.get("NumPy")
        return self.seconds["einderiv"] / hand if hand else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none, or nobody to compare with."""
        if self.size.limit is not None:
            return self.seconds["einderiv"] <= self.size.limit
        if self.size.goal is None or self.ratio is None:
            return None
        return self.ratio <= self.size.goal


def run(problem: Problem, size: Size, effort: Effort) -> Outcome:
    """One contest: every entrant once, its results compared with the first one's, then the rounds."""
    contest: Contest = problem.contest(**size.numbers)
    entrants = {name: make() for name, make in contest.entrants.items()}
    wrong = disagreements(entrants)
    return Outcome(problem, size, _rounds(entrants, effort), contest.absent, wrong)


def disagreements(entrants: Mapping[str, Entrant]) -> dict[str, str]:
    """Those whose results are not the first entrant's, and by how much."""
    reference: Sequence[Array] | None = None
    wrong = {}
    for name, entrant in entrants.items():
        arrays = [np.asarray(array) for array in entrant.arrays(entrant.run())]
        if reference is None:
            reference = arrays
        elif problem := _difference(reference, arrays):
            wrong[name] = problem
    return wrong


def _difference(one: Sequence[Array], other: Sequence[Array]) -> str:
    shapes, others = [array.shape for array in one], [array.shape for array in other]
    if shapes != others:
        return f"shapes {others} instead of {shapes}"
    for place, (a, b) in enumerate(zip(one, other, strict=True)):
        scale = max(1e-300, float(np.abs(a).max(initial=0.0)))
        apart = float(np.abs(a - b).max(initial=0.0)) / scale
        if not apart <= AGREEMENT:
            return f"result {place} differs by {apart:.1e}"
    return ""


def _rounds(entrants: Mapping[str, Entrant], effort: Effort) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in entrants}
    with _no_garbage_collection():
        counts = {name: _count(entrant, effort) for name, entrant in entrants.items()}
        start, turns, chance = perf_counter(), list(entrants.items()), np.random.default_rng(0)
        for done in range(effort.most):
            if done >= effort.fewest and perf_counter() - start > effort.seconds:
                break
            if done >= 2 and perf_counter() - start > 5 * effort.seconds:
                break
            for place in chance.permutation(len(turns)):
                name, entrant = turns[place]
                sleep(effort.pause)
                times[name].append(_timed(entrant, counts[name], effort.clock))
    return {name: median(found) for name, found in times.items()}


def _count(entrant: Entrant, effort: Effort) -> int:
    """How many calls fill a block of time."""
    if entrant.seconds is not None:
        return 1
    count, block = 1, effort.block
    while True:
        spent = _timed(entrant, count, effort.clock) * count
        if spent >= block / 2:
            return max(1, round(count * block / spent)) if spent < block else count
        count *= 4


def _timed(entrant: Entrant, count: int, clock: Callable[[], float]) -> float:
    """Seconds for one call, in a loop of `count`."""
    if entrant.seconds is not None:
        return entrant.seconds()
    run = entrant.run
    start = clock()
    for _ in range(count):
        run()
    return (clock() - start) / count


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
