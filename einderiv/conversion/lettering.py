"""Letters for indices: a size keeps its letters in the whole program, and the sums of a product have their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from einderiv.check import explicit as e

POOL = "ijklmnpqrsabcdfghtuvwxyzo"


class Letters:
    """Hands out letters by size; `wish(size)` is the letter that a size would like."""

    def __init__(self, size_of: Mapping[e.Index, int], wish: Callable[[int], str]) -> None:
        self._size_of = size_of
        self._wish = wish
        self._owner: dict[str, int] = {}
        self.found: dict[e.Index, str] = {}

    def equation(self, axes: Sequence[e.Index], body: e.Explicit) -> None:
        """Letters for the axes of an equation, then for its sums."""
        taken = self._several(axes, frozenset())
        self._inside(body, taken)

    def _several(self, indices: Sequence[e.Index], avoid: Collection[str]) -> frozenset[str]:
        new: set[str] = set()
        for index in indices:
            size = self._size_of[index]
            letter = next(each for each in self._candidates(size) if each not in avoid and each not in new)
            self._owner[letter] = size
            self.found[index] = letter
            new.add(letter)
        return frozenset(new)

    def _candidates(self, size: int) -> Iterator[str]:
        wish = self._wish(size)
        pool = [wish] if wish and self._owner.get(wish, size) == size else []
        pool += [letter for letter, owner in self._owner.items() if owner == size]
        pool += [letter for letter in POOL if letter not in self._owner and letter not in self._wished()]
        yield from pool
        number = 2
        while True:
            yield from (f"{each}{number}" for each in POOL if self._owner.get(f"{each}{number}", size) == size)
            number += 1

    def _wished(self) -> set[str]:
        return {self._wish(size) for size in set(self._size_of.values())}

    def _inside(self, body: e.Explicit, avoid: frozenset[str]) -> frozenset[str]:
        """Letters for the sums in `body`, other than `avoid`; the letters that it has inside."""
        bound = bound_in(body)
        if bound:
            order = [index for index in dict.fromkeys(indices_in(body)) if index in bound]
            order += [index for index in bound if index not in order]
            own = self._several(order, avoid)
        else:
            own = frozenset()
        used = own
        for part in e.parts(body):
            inside = self._inside(part, avoid | used if isinstance(body, e.Term) else avoid | own)
            used |= inside
        return used


def bound_in(body: e.Explicit) -> tuple[e.Index, ...]:
    """The indices that the outermost part of `body` sums or reduces."""
    match body:
        case e.Term(summed=summed):
            return summed
        case e.Reduced(indices=indices):
            return indices
        case _:
            return ()


def indices_in(body: e.Explicit) -> Iterator[e.Index]:
    """Every index in the order of the text, as often as it stands there."""
    todo = [body]
    while todo:
        each = todo.pop()
        if isinstance(each, e.Reference | e.Known | e.Algebraic):
            yield from each.indices
        todo += reversed(e.parts(each))


def held_in(body: e.Explicit) -> set[e.Index]:
    """The indices that stand on a tensor, which gives them their size."""
    found: set[e.Index] = set()
    todo = [body]
    while todo:
        each = todo.pop()
        if isinstance(each, e.Reference | e.Algebraic):
            found |= set(each.indices)
        todo += e.parts(each)
    return found
