"""Streams of choices: a program is a function of one."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")

LARGEST = 1000  # a number of a list is one of 0, ..., 999


class Choices:
    """Takes a number for every choice, and remembers it; the first of the options is the simplest one.

    >>> Choices([1, 0]).one("abc"), Choices([]).one("abc")
    ('b', 'a')
    """

    def __init__(self, numbers: Iterable[int], rest: random.Random | None = None) -> None:
        self.taken: list[int] = []
        self._numbers = iter(numbers)
        self._rest = rest

    @classmethod
    def of_seed(cls, seed: int | str) -> Choices:
        """Choices without an end; the same for the same seed."""
        return cls((), random.Random(seed))

    def number(self) -> int:
        """The next number; 0 behind the end of a list."""
        number = next(self._numbers, None)
        if number is None:
            number = self._rest.randrange(LARGEST) if self._rest else 0
        self.taken.append(number)
        return number

    def one(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.number() % len(options)]

    def weighted(self, options: Sequence[tuple[int, T]]) -> T:
        """One of the options, each as often as its weight says."""
        number = self.number() % sum(weight for weight, _ in options)
        for weight, option in options:
            number -= weight
            if number < 0:
                return option
        raise AssertionError

    def chance(self, percent: int) -> bool:
        """True in so many cases of a hundred; never for the number 0."""
        return self.number() % 100 >= 100 - percent

    def some(self, options: Sequence[T], fewest: int = 0) -> list[T]:
        """Some of the options, in their order."""
        chosen = [option for option in options if self.chance(50)]
        return chosen if len(chosen) >= fewest else list(options[:fewest])

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """The options in another order; in the same for numbers 0."""
        left, result = list(options), []
        while left:
            result.append(left.pop(self.number() % len(left)))
        return result

    def rng(self) -> int:
        """A seed for arrays."""
        return self.number()
