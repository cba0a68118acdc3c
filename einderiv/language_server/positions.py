"""Places in a text as editors count them: lines from 0, and in a line UTF-16 units unless agreed otherwise.

>>> places = Positions("a_i = 𝑥_i")
>>> places.position(7), places.offset(0, 8)
((0, 8), 7)
"""

from __future__ import annotations

import re
from bisect import bisect_right

from einderiv.errors import Span

_LINE_END = re.compile(r"\r\n?|\n")
Position = tuple[int, int]
Range = tuple[Position, Position]


class Positions:
    """The places of one text in an encoding: `utf-16`, `utf-8` or `utf-32`.

    A byte-order mark is not part of the text whose offsets these are, but counts in its line.
    """

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self._mark = text.startswith("\ufeff")
        self.text = text
        self._encoding = encoding
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def _units(self, text: str) -> int:
        if text.isascii() or self._encoding == "utf-32":
            return len(text)
        if self._encoding == "utf-8":
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text) + sum(character > "\uffff" for character in text)

    def position(self, offset: int) -> Position:
        """The line and the column of a character."""
        offset = min(max(offset + self._mark, 0), len(self.text))
        line = bisect_right(self._starts, offset) - 1
        return line, self._units(self.text[self._starts[line] : offset])

    def range(self, span: Span) -> Range:
        """From where to where a span goes."""
        return self.position(span.start), self.position(span.end)

    def offset(self, line: int, column: int) -> int:
        """The character at a line and a column; beyond the end of a line its end is meant."""
        if line >= len(self._starts):
            return len(self.text) - self._mark
        start = self._starts[line]
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self.text)
        row = self.text[start:end].rstrip("\r\n")
        if row.isascii():
            return max(start + min(column, len(row)) - self._mark, 0)
        place = used = 0
        while place < len(row):
            used += self._units(row[place])
            if used > column:
                break
            place += 1
        return max(start + place - self._mark, 0)
