"""What goes wrong, and how it is told.

An error names what happened, shows where in the source, gives both places and both numbers, and says what would be
right::

    >>> source = Source("a_k = W_ij x_j", "linear.ein")
    >>> error = EinIndexError(
    ...     "E0202",
    ...     "index `k` is on the left-hand side but nowhere on the right",
    ...     source=source,
    ...     labels=[Label(Span(2, 3), "no tensor on the right has this index")],
    ...     helps=["write `a_i = ...`"],
    ... )
    >>> print(error)
    error[E0202]: index `k` is on the left-hand side but nowhere on the right
     --> linear.ein:1:3
      |
    1 | a_k = W_ij x_j
      |   ^ no tensor on the right has this index
      |
      = help: write `a_i = ...`

Every exception of the package derives from `EinError`, and each kind is also the built-in exception that fits.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Self

WIDTH = 100  # columns of a source line that are shown around a caret
SHOWN = 20  # errors of one text that are printed in full

_LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class Span:
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


class EinError(Exception):
    """An error in what the user wrote or passed.

    `code` is stable (`E0203`); `message` is the fact in one line; `labels` point into `source`; `notes` add facts and
    `helps` say what to change.  `others` holds the further independent errors of the same text, in its order.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        source: Source | None = None,
        labels: Sequence[Label] = (),
        notes: Sequence[str] = (),
        helps: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.source = source
        self.labels = tuple(labels)
        self.notes = tuple(notes)
        self.helps = tuple(helps)
        self.others: tuple[EinError, ...] = ()

    @property
    def line(self) -> int | None:
        """The line of the primary label, from 1."""
        return self._place()[0]

    @property
    def column(self) -> int | None:
        """The column of the primary label, from 1, in characters."""
        return self._place()[1]

    def _place(self) -> tuple[int, int] | tuple[None, None]:
        if self.source is None or not self.labels:
            return None, None
        return self.source.place(self.labels[0].span.start)

    def render(self) -> str:
        """This error and `others` as the text a user reads."""
        errors = (self, *self.others)
        shown = [_render(error) for error in errors[:SHOWN]]
        if len(errors) > SHOWN:
            shown.append(f"... and {len(errors) - SHOWN} more")
        return "\n\n".join(shown)

    def at(self, source: Source) -> Self:
        """The same error, pointing into `source`."""
        return type(self)(
            self.code, self.message, source=source, labels=self.labels, notes=self.notes, helps=self.helps
        )

    def __str__(self) -> str:
        return self.render()

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by what was told, since exceptions pickle by positional arguments alone."""
        return _restore, (
            type(self), self.code, self.message, self.source, self.labels, self.notes, self.helps, self.others,
        )  # fmt: skip


def _restore(
    kind: type[EinError],
    code: str,
    message: str,
    source: Source | None,
    labels: tuple[Label, ...],
    notes: tuple[str, ...],
    helps: tuple[str, ...],
    others: tuple[EinError, ...],
) -> EinError:
    error = kind(code, message, source=source, labels=labels, notes=notes, helps=helps)
    error.others = others
    return error


class EinSyntaxError(EinError, SyntaxError):
    """The text is not of the language; Python prints its file, line and caret as those of its own syntax errors."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        source: Source | None = None,
        labels: Sequence[Label] = (),
        notes: Sequence[str] = (),
        helps: Sequence[str] = (),
    ) -> None:
        super().__init__(code, message, source=source, labels=labels, notes=notes, helps=helps)
        self.msg = visible(message)
        if source is not None and self.line is not None:
            self.filename, self.lineno, self.offset = visible(source.name), self.line, self.column
            self.text = visible(source.line(self.line))
            for remark in (*(f"note: {note}" for note in notes), *(f"help: {text}" for text in helps)):
                self.add_note(visible(remark))


class EinNameError(EinError, LookupError):
    """A name that is missing, defined twice, reserved, or part of a cycle."""


class EinIndexError(EinError, LookupError):
    """Indices that break the summation rule."""


class EinShapeError(EinError, ValueError):
    """Sizes that clash, or an array of another shape than its tensor."""


class EinValueError(EinError, ValueError):
    """A value outside what an operation takes."""


class EinInputError(EinError, TypeError):
    """An array that is missing or that the program does not have."""


class EinTypeError(EinError, TypeError):
    """A thing of the wrong kind: an array of text, the gradient of a matrix."""


class EinMemoryError(EinError, MemoryError):
    """An array that would not fit."""


def raise_all(errors: Sequence[EinError]) -> None:
    """Raise the first of `errors` with the rest as its `others`; with none, do nothing."""
    if errors:
        first = errors[0]
        first.others = tuple(errors[1:])
        raise first


# ------------------------------------------------------------------- drawing


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


def _render(error: EinError) -> str:
    """One error, laid out as rustc does."""
    lines = [f"error[{error.code}]: {visible(error.message)}"]
    notes = list(error.notes)
    gutter = 1
    if error.source is not None and error.labels:
        by_line = _labels_by_line(error.source, error.labels)
        gutter = len(str(max(by_line)))
        lines.append(f"{' ' * gutter}--> {visible(error.source.name)}:{error.line}:{error.column}")
        lines.append(" " * gutter + " |")
        lines += _excerpt(error.source, by_line, gutter, notes)
        if notes or error.helps:
            lines.append(" " * gutter + " |")
    for word, remarks in (("note", notes), ("help", error.helps)):
        for remark in remarks:
            first, *rest = visible(remark).split("\n")
            lines.append(f"{' ' * gutter} = {word}: {first}")
            lines += [f"{' ' * gutter}         {line}" for line in rest]
    return "\n".join(lines)


def _labels_by_line(source: Source, labels: Sequence[Label]) -> dict[int, list[tuple[Label, str]]]:
    """For each line with labels, in order, the labels that start there and their signs."""
    by_line: dict[int, list[tuple[Label, str]]] = {}
    for position, label in enumerate(labels):
        line = source.place(label.span.start)[0]
        by_line.setdefault(line, []).append((label, "-" if position else "^"))
    return dict(sorted(by_line.items()))


def _excerpt(source: Source, by_line: dict[int, list[tuple[Label, str]]], gutter: int, notes: list[str]) -> list[str]:
    """The lines of the source with marks below; `notes` gains a remark for each line that is cut."""
    lines: list[str] = []
    last: int | None = None
    for number, labels in by_line.items():
        if last is not None and number > last + 1:
            lines.append("...")
        shown, marks, remark = _draw_line(source, number, labels)
        if remark:
            notes.append(remark)
        lines.append(f"{number:>{gutter}} | {shown}".rstrip())
        lines += [f"{' ' * gutter} | {row}" for row in _mark_rows(marks)]
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
