"""Sizes of rows and columns, of which some turn out to be the same."""

from __future__ import annotations

from collections.abc import Iterator

NAMES = "NMKLPQSUVWHGEFBCD"

ONE = 0
"""The size 1, of a vector's columns; no other size is ever 1."""


class Sizes:
    """Sizes by number, with what is known of each: a number, a name, or nothing.

    The names that new sizes get are none of `avoided`, so that a matrix K is not K long.
    """

    def __init__(self) -> None:
        self.avoided: set[str] = set()
        self._parents = [ONE]
        self._values: list[int | str | None] = [1]
        self._shown: dict[int, str] = {}

    def new(self, value: int | str | None = None) -> int:
        """A size; the same for the same value, and a new one where none is given."""
        if value is not None and value in self._values:
            return self._values.index(value)
        self._parents.append(len(self._parents))
        self._values.append(value)
        return len(self._parents) - 1

    def root(self, size: int) -> int:
        """The one number of all sizes that are the same."""
        while self._parents[size] != size:
            size = self._parents[size]
        return size

    def same(self, one: int, two: int) -> bool:
        """Whether two sizes can be the same, as from now on they are."""
        one, two = self.root(one), self.root(two)
        if one == two:
            return True
        if self._values[one] is not None and self._values[two] is not None:
            return False
        if ONE in (one, two):
            return False
        keep, lose = (two, one) if self._values[one] is None else (one, two)
        self._parents[lose] = keep
        return True

    def value(self, size: int) -> int | str | None:
        """What is known of a size."""
        return self._values[self.root(size)]

    def show(self, size: int) -> str:
        """A size as a reader sees it: its number, its name, or a name that it gets now."""
        root = self.root(size)
        value = self._values[root]
        if value is not None:
            return str(value)
        if root not in self._shown:
            self._shown[root] = next(name for name in self._candidates() if not self._means(name))
        return self._shown[root]

    def _means(self, name: str) -> bool:
        return name in self._values or name in self._shown.values() or name in self.avoided

    def _candidates(self) -> Iterator[str]:
        yield from NAMES
        number = 2
        while True:
            yield from (f"{name}{number}" for name in NAMES)
            number += 1
