"""Where something stands in a text, and how it is drawn with carets.

>>> told = Told("error", "E0202", "index `k` is nowhere on the right", Source("a_k = x_i", "m.ein"),
...             (Label(Span(2, 3), "here"),), (), ())
>>> print(draw(told))
error[E0202]: index `k` is nowhere on the right
 --> m.ein:1:3
  |
1 | a_k = x_i
  |   ^ here
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

WIDTH = 100  # columns of a source line that are shown around a caret

_LINE_END = re.compile(r"\r\n?|\n")


class Span(NamedTuple):
    """The characters `start` to `end` (exclusive) of a source text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Label:
    """A remark under a piece of the source; the first label of an error is primary (`^^^`), others are `---`."""

    span: Span
    text: str = ""


@dataclass(frozen=True)
class Source:
    """A text and the name under which messages speak of it."""

    text: str
    name: str = "<text>"
    _starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = (0, *(match.end() for match in _LINE_END.finditer(self.text)))
        object.__setattr__(self, "_starts", starts)

    def place(self, offset: int) -> tuple[int, int]:
        """The line and the column, both from 1, of a character."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def place_of_line(self, number: int) -> int:
        """The offset at which a line, numbered from 1, starts."""
        return self._starts[number - 1]

    def line(self, number: int) -> str:
        """The text of a line, numbered from 1, without its end."""
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one error or warning: `severity` is `error` or `warning`."""

    severity: str
    code: str
    message: str
    source: Source | None
    labels: tuple[Label, ...]
    notes: tuple[str, ...]
    helps: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Plain values, as `--format json` prints them; lines and columns count from 1, in characters."""
        places = [] if self.source is None else [(label, self.source) for label in self.labels]
        return {
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "file": None if self.source is None else self.source.name,
            "labels": [_place(label, source) for label, source in places],
            "notes": list(self.notes),
            "helps": list(self.helps),
        }


def _place(label: Label, source: Source) -> dict[str, object]:
    (line, column), (end_line, end_column) = source.place(label.span.start), source.place(label.span.end)
    return {"line": line, "column": column, "end_line": end_line, "end_column": end_column, "text": label.text}


def visible(text: str) -> str:
    r"""`text` with what cannot be seen or would act on a terminal spelt out, and tabs as 4 spaces; lines stay.

    >>> visible("x\u202ey")
    'x<U+202E>y'
    """
    return text if text.isascii() and text.isprintable() else "\n".join(map(_visible_line, text.split("\n")))


def _visible_line(line: str) -> str:
    return "".join(map(_shown, line))


def _shown(character: str) -> str:
    """A character as it is printed."""
    if character == "\t":
        return "    "
    if character.isprintable() or unicodedata.category(character) in ("Zs", "Co", "Cn"):
        return character
    return f"<U+{ord(character):04X}>"


def _columns(shown: str) -> int:
    """How many columns of a terminal a piece of text takes."""
    if shown.isascii():
        return len(shown)
    return sum(_character_columns(character) for character in shown)


def _character_columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@dataclass(frozen=True, slots=True)
class _Mark:
    """A label in a drawn line: its columns `start` to `end` (exclusive), its sign and its text."""

    start: int
    end: int
    sign: str
    text: str


def draw(told: Told, colored: bool = False) -> str:
    """What is told, laid out as rustc does; `colored` for a terminal."""
    paint = _painted if colored else _plain
    lines = [paint(told.severity, f"{told.severity}[{told.code}]") + paint("bold", f": {visible(told.message)}")]
    notes = list(told.notes)
    gutter = 1
    if told.source is not None and told.labels:
        by_line = _labels_by_line(told.source, told.labels)
        gutter = len(str(max(by_line)))
        line, column = told.source.place(told.labels[0].span.start)
        place = f"{visible(told.source.name)}:{line}:{column}"
        lines.append(f"{' ' * gutter}{paint('frame', '-->')} {place}")
        lines.append(" " * gutter + paint("frame", " |"))
        lines += _excerpt(told, by_line, gutter, notes, paint)
        if notes or told.helps:
            lines.append(" " * gutter + paint("frame", " |"))
    for word, remarks in (("note", notes), ("help", told.helps)):
        for remark in remarks:
            first, *rest = visible(remark).split("\n")
            lines.append(f"{' ' * gutter} {paint('frame', '=')} {paint('bold', word + ':')} {first}")
            lines += [f"{' ' * gutter}         {line}" for line in rest]
    return "\n".join(lines)


_STYLES = {"error": "1;31", "warning": "1;33", "bold": "1", "frame": "1;34"}
Paint = Callable[[str, str], str]


def _painted(style: str, text: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def _plain(style: str, text: str) -> str:
    return text


def _labels_by_line(source: Source, labels: Sequence[Label]) -> dict[int, list[tuple[Label, str]]]:
    """For each line with labels, in order, the labels that start there and their signs."""
    by_line: dict[int, list[tuple[Label, str]]] = {}
    for position, label in enumerate(labels):
        line = source.place(label.span.start)[0]
        by_line.setdefault(line, []).append((label, "-" if position else "^"))
    return dict(sorted(by_line.items()))


def _excerpt(
    told: Told, by_line: dict[int, list[tuple[Label, str]]], gutter: int, notes: list[str], paint: Paint
) -> list[str]:
    """The lines of the source with marks below; `notes` gains a remark for each line that is cut."""
    source = told.source or Source("")
    lines: list[str] = []
    last: int | None = None
    for number, labels in by_line.items():
        if last is not None and number > last + 1:
            lines.append("...")
        shown, marks, remark = _draw_line(source, number, labels)
        if remark:
            notes.append(remark)
        lines.append((paint("frame", f"{number:>{gutter}} |") + f" {shown}").rstrip())
        style = told.severity if any(sign == "^" for _, sign in labels) else "frame"
        lines += [f"{' ' * gutter}{paint('frame', ' |')} {paint(style, row)}" for row in _mark_rows(marks)]
        last = number
    return lines


def _draw_line(source: Source, number: int, labels: list[tuple[Label, str]]) -> tuple[str, list[_Mark], str]:
    """A line as shown, its marks in columns, and a remark if the line was cut."""
    text = source.line(number)
    start_of_line = source.place_of_line(number)
    labels = sorted(labels, key=lambda pair: pair[0].span.start)
    spans = [(label.span.start - start_of_line, min(label.span.end - start_of_line, len(text))) for label, _ in labels]
    first, last = _window(text, _anchor(labels, spans))
    pieces = [_shown(character) for character in text[first:last]]
    before = "..." if first > 0 else ""
    columns = list(accumulate((_columns(piece) for piece in pieces), initial=len(before)))

    def column(offset: int) -> int:
        if offset < first:
            return 0
        return columns[min(offset, last) - first]

    marks = []
    for (label, sign), (start, end) in zip(labels, spans, strict=True):
        left = column(start)
        marks.append(_Mark(left, max(column(end), left + 1), sign, visible(label.text)))
    after = "..." if last < len(text) else ""
    remark = f"long line: {last - first} of {len(text):,} characters shown" if before or after else ""
    return before + "".join(pieces) + after, marks, remark


def _anchor(labels: list[tuple[Label, str]], spans: list[tuple[int, int]]) -> int:
    """The place in the line that must be seen: the primary label, else the first."""
    primary = [start for (_, sign), (start, _) in zip(labels, spans, strict=True) if sign == "^"]
    return primary[0] if primary else spans[0][0]


def _window(text: str, anchor: int) -> tuple[int, int]:
    """The piece of a line that is shown: all of it, or what fits into `WIDTH` columns around `anchor`."""
    if len(text) <= WIDTH // 2 or (len(text) <= 2 * WIDTH and _columns(_visible_line(text)) <= WIDTH):
        return 0, len(text)
    room = WIDTH - 6  # for the dots on both sides
    first = last = min(anchor, len(text))
    while first > 0 and room > WIDTH // 2:
        room -= max(_columns(_shown(text[first - 1])), 1)
        first -= 1
    while last < len(text) and room > 0:
        room -= max(_columns(_shown(text[last])), 1)
        last += 1
    while first > 0 and room > 0:
        room -= max(_columns(_shown(text[first - 1])), 1)
        first -= 1
    return first, last


def _mark_rows(marks: list[_Mark]) -> list[str]:
    """The row of all marks with the text of the last one, then the other texts from right to left."""
    row = [" "] * max(mark.end for mark in marks)
    for mark in sorted(marks, key=lambda mark: mark.sign == "^"):  # the primary one is drawn on top
        row[mark.start : mark.end] = mark.sign * (mark.end - mark.start)
    rest = sorted(marks, key=lambda mark: mark.start)
    last = rest.pop()
    rows = [f"{''.join(row)} {last.text}".rstrip()]
    rows += [f"{' ' * mark.start}{mark.sign} {mark.text}" for mark in reversed(rest) if mark.text]
    return rows
