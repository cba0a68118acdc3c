"""How the syntax layer says what is wrong: errors that get their source later, where the whole text is known.

Its codes, E0101 to E0138, E0212 and E0213, are explained in `einderiv/catalogue.py`, each with one meaning.
"""

from __future__ import annotations

from collections.abc import Sequence

from einderiv.errors import EinNameError, EinSyntaxError, Label, Span


def fault(
    code: str,
    message: str,
    span: Span,
    label: str = "",
    *others: Label,
    notes: Sequence[str] = (),
    helps: Sequence[str] = (),
) -> EinSyntaxError:
    """A syntax error at `span`."""
    return EinSyntaxError(code, message, labels=[Label(span, label), *others], notes=notes, helps=helps)


def name_fault(
    code: str, message: str, span: Span, label: str = "", *, notes: Sequence[str] = (), helps: Sequence[str] = ()
) -> EinNameError:
    """An error about a name at `span`."""
    return EinNameError(code, message, labels=[Label(span, label)], notes=notes, helps=helps)
