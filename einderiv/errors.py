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

import sys
import warnings
from collections.abc import Sequence
from typing import Any, Self

from einderiv.drawing import WIDTH, Label, Source, Span, Told, draw, visible

__all__ = [
    "SHOWN",
    "WIDTH",
    "EinError",
    "EinIndexError",
    "EinInputError",
    "EinLimitError",
    "EinMemoryError",
    "EinNameError",
    "EinShapeError",
    "EinSyntaxError",
    "EinTypeError",
    "EinValueError",
    "EinWarning",
    "Label",
    "Source",
    "Span",
    "Told",
    "check_kind",
    "draw",
    "raise_all",
    "visible",
    "warn",
]

SHOWN = 20  # errors of one text that are printed in full


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

    @property
    def told(self) -> Told:
        """What is told of this error alone."""
        return Told("error", self.code, self.message, self.source, self.labels, self.notes, self.helps)

    def render(self, color: bool = False) -> str:
        """This error and `others` as the text a user reads; in `color` for a terminal."""
        errors = (self, *self.others)
        shown = [draw(error.told, color) for error in errors[:SHOWN]]
        if len(errors) > SHOWN:
            shown.append(f"... and {len(errors) - SHOWN} more")
        return "\n\n".join(shown)

    def to_dict(self) -> dict[str, object]:
        """This error as plain values, for JSON; `others` as a list of the same."""
        return {**self.told.to_dict(), "others": [error.to_dict() for error in self.others]}

    def _render_traceback_(self) -> list[str]:
        """What IPython and Jupyter show in place of a traceback through the package."""
        return self.render().split("\n")

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
        _render_in_notebooks()
        self.msg = visible(message)
        if source is not None and self.line is not None:
            self.filename, self.lineno, self.offset = visible(source.name), self.line, self.column
            self.text = visible(source.line(self.line))
            for remark in (*(f"note: {note}" for note in notes), *(f"help: {text}" for text in helps)):
                self.add_note(visible(remark))


def _render_in_notebooks() -> None:
    """Let IPython, if it runs, show a syntax error as any other `EinError`; for those it never asks the exception."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and not shell.custom_exceptions:  # a user may have a handler of their own
        shell.set_custom_exc((EinSyntaxError,), _shown)


def _shown(shell: Any, kind: type[EinError], error: EinError, *_: object, **__: object) -> list[str]:
    """What IPython calls to show an exception."""
    lines = error._render_traceback_()
    shell._showtraceback(kind, error, lines)
    return lines


class EinNameError(EinError, LookupError):
    """A name that is missing, defined twice, reserved, or part of a cycle."""


class EinIndexError(EinError, LookupError):
    """Indices that break the summation rule."""


class EinShapeError(EinError, ValueError):
    """Sizes that clash, or an array of another shape than its tensor."""


class EinValueError(EinError, ValueError):
    """A value outside what an operation takes.

    `tensor` is the name of that with the value, where a run refuses it, which does not know where the tensor stands.
    """

    tensor = ""


class EinInputError(EinError, TypeError):
    """An array that is missing or that the program does not have."""


class EinTypeError(EinError, TypeError):
    """A thing of the wrong kind: an array of text, the gradient of a matrix."""


class EinMemoryError(EinError, MemoryError):
    """An array that would not fit."""


class EinLimitError(EinError, ValueError):
    """More axes or indices than the array library can hold."""


class EinWarning(UserWarning):
    """A thing that is right as written but may not be what was meant; it has the parts of an `EinError`."""

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
        self.told = Told("warning", code, message, source, tuple(labels), tuple(notes), tuple(helps))

    def render(self, color: bool = False) -> str:
        """The warning as the text a user reads."""
        return draw(self.told, color)

    def to_dict(self) -> dict[str, object]:
        """The warning as plain values, for JSON."""
        return self.told.to_dict()

    def __str__(self) -> str:
        return self.render()

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by what was told."""
        return _restore_warning, (type(self), self.told)


def _restore_warning(kind: type[EinWarning], told: Told) -> EinWarning:
    return kind(told.code, told.message, source=told.source, labels=told.labels, notes=told.notes, helps=told.helps)


def check_kind(value: object, kinds: type | tuple[type, ...], what: str, fix: str) -> None:
    """Refuse an argument of another kind than `kinds`, with the advice `fix`."""
    if not isinstance(value, kinds):
        raise EinTypeError("E0406", f"expected {what}, but got {type(value).__name__}", helps=[fix])


def warn(warning: EinWarning) -> None:
    """Give a warning at the line of the user that called einderiv."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
        frame, level = frame.f_back, level + 1
    warnings.warn(warning, stacklevel=level)


def raise_all(errors: Sequence[EinError]) -> None:
    """Raise the first of `errors` with the rest as its `others`; with none, do nothing."""
    if errors:
        first = errors[0]
        first.others = tuple(errors[1:])
        raise first
