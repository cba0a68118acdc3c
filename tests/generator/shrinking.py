"""The smallest sample that still fails: the same failure from fewer and smaller choices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from generator.arrays import Sample, draw
from generator.choices import Choices

TRIES = 600


def shrunk(sample: Sample, fails: Callable[[Sample], bool], scalar: bool = True) -> Sample:
    """The sample whose list of choices is the shortest found, then has the smallest numbers."""
    best, tries = sample, 0
    improved = True
    while improved and tries < TRIES:
        improved = False
        for numbers in _smaller(best.choices):
            tries += 1
            found = draw(Choices(numbers), scalar)
            if found is not None and _key(found) < _key(best) and fails(found):
                best, improved = found, True
                break
            if tries >= TRIES:
                break
    return best


def _key(sample: Sample) -> tuple[int, int, int]:
    return len(sample.text), len(sample.choices), sum(sample.choices)


def _smaller(numbers: Sequence[int]) -> Iterator[list[int]]:
    """Lists without a stretch, with a stretch of zeros, with one number smaller."""
    length = len(numbers)
    for size in (length // 2, length // 4, 16, 8, 4, 2, 1):
        if size:
            for start in range(0, length, size):
                yield [*numbers[:start], *numbers[start + size :]]
    for size in (8, 2, 1):
        for start in range(0, length, size):
            if any(numbers[start : start + size]):
                yield [*numbers[:start], *([0] * len(numbers[start : start + size])), *numbers[start + size :]]
    for place, number in enumerate(numbers):
        if number > 1:
            yield [*numbers[:place], number // 2, *numbers[place + 1 :]]
