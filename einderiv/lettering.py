"""The letters of indices: each stands for one size in the whole program, so that `index` lines can be written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count

from einderiv.ir import Dim

LATIN = "ijklmnpqrsabcdfghtuvwxyzoe"
GREEK = "αβγκλμνρτφχψωηξζ"


class Letters:
    """Hands out letters: the preferred ones of a size first, then others that mean nothing else yet."""

    def __init__(self, preferred: Mapping[Dim, Sequence[str]], taken: Collection[str] = ()) -> None:
        self._taken = taken
        self._owner: dict[str, Dim] = {}
        self._of: dict[Dim, list[str]] = {}
        self._unowned = list(LATIN + GREEK)
        self._numbered = (f"{letter}{number}" for number in count(2) for letter in LATIN[:10])
        wishes: dict[str, Dim] = {}
        for dim, wanted in preferred.items():
            for letter in wanted:
                wishes.setdefault(letter, dim)
        self._wishes = wishes
        self._preferred: dict[Dim, list[str]] = {}
        for letter, dim in wishes.items():
            self._preferred.setdefault(dim, []).append(letter)

    def dim(self, letter: str) -> Dim:
        """What `letter` means."""
        return self._owner[letter]

    def pick(self, dim: Dim, avoid: Collection[str] = (), wish: str | None = None) -> str:
        """A letter for an index of size `dim` that is not among `avoid`; `wish` if it is free."""
        for letter in self._candidates(dim, wish):
            if letter not in avoid and letter not in self._taken and self._owner.get(letter, dim) == dim:
                if letter not in self._owner:
                    self._owner[letter] = dim
                    self._of.setdefault(dim, []).append(letter)
                    if letter in self._unowned:
                        self._unowned.remove(letter)
                return letter
        raise AssertionError("there is always another letter")

    def several(
        self, dims: Sequence[Dim], wishes: Sequence[str] | None = None, avoid: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Distinct letters for axes with sizes `dims`, the wished ones where they are free."""
        chosen: list[str] = []
        for position, dim in enumerate(dims):
            wish = wishes[position] if wishes and position < len(wishes) else None
            later = set(wishes[position + 1 :]) if wishes else set()
            chosen.append(self.pick(dim, {*avoid, *chosen, *later} - ({wish} - set(chosen) if wish else set()), wish))
        return tuple(chosen)

    def _candidates(self, dim: Dim, wish: str | None) -> Iterator[str]:
        if wish:
            yield wish
        yield from self._preferred.get(dim, ())
        yield from tuple(self._of.get(dim, ()))
        for place in count():
            if place == len(self._unowned):
                self._unowned.append(next(self._numbered))
            if self._wishes.get(self._unowned[place], dim) == dim:
                yield self._unowned[place]
