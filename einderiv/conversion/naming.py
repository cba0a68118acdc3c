"""Names of other notations as names of the language."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from einderiv.syntax import RESERVED, normalise

_LETTER = re.compile(r"[A-Za-zÀ-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώϑϕϰϱϵ]")


class Names:
    """The names of a program, each as it was and as it is.

    >>> names = Names()
    >>> names["w_q"], names["sum"], names["wq"]
    ('wq', 'sum1', 'wq1')
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        """The name in the language, always the same for the same name."""
        if name not in self._known:
            self._known[name] = self._new(name)
        return self._known[name]

    def free(self, wishes: Iterable[str]) -> str:
        """The first of `wishes` that means nothing yet, or the last with a number; it is taken from now on."""
        last = ""
        for last in wishes:
            if last not in self._known.values() and last not in RESERVED:
                break
        found = numbered(last, self._known.values())
        self._known[found] = found
        return found

    def remarks(self) -> list[str]:
        """A comment for each name that had to change."""
        return [f"# {name} is {found} here" for name, found in self._known.items() if name != found]

    def _new(self, name: str) -> str:
        letters = "".join(each for each in normalise(name) if _LETTER.match(each) or each in "0123456789")
        start = letters.lstrip("0123456789") or "v"
        return numbered(start, self._known.values())


def numbered(name: str, taken: Collection[str]) -> str:
    """`name`, with the first number behind it that makes it new."""
    found, number = name, 0
    while found in taken or found in RESERVED:
        number += 1
        found = f"{name}{number}"
    return found
