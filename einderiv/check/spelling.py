"""Names that look like a slip: an input that differs from another name only in case, or little from an operator."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from einderiv.check.corrections import renamed
from einderiv.check.names import Names
from einderiv.errors import EinWarning, Label, Span
from einderiv.syntax import AXIS_FUNCTIONS, REDUCTIONS, SUM_WORDS


def case_warnings(names: Names) -> Iterator[EinWarning]:
    """W0201: an input, nowhere declared, where a name in other case is declared, or defined before, but not used."""
    idle = {
        name.lower(): (name, span)
        for name, span in [
            *((name, equation.head_span) for name, equation in names.equations.items()),
            *((name, shape.name_span) for name, shape in names.shapes.items()),
        ]
        if name not in names.uses
    }
    for name, uses in names.uses.items():
        other, span = idle.get(name.lower(), (name, None))
        known = name in names.equations or name in names.shapes or span is None
        later = other not in names.equations or uses[0].span.start > names.equations[other].body.span.end
        if not known and later and names.ranks[name].count == names.ranks[other].count:
            verb = "defined" if other in names.equations else "declared"
            yield EinWarning(
                "W0201", f"`{name}` is neither defined nor declared, so it is an input, while `{other}` is not used",
                source=names.source,
                labels=[Label(uses[0].span, "taken as an input"), *([Label(span, f"`{other}` is {verb} here")] if span
                        else [])],
                notes=["names are case-sensitive"],
                helps=[f"write `{renamed(_written(names, uses[0].span), other)}`, or declare `{name}` with its shape "
                       "if both are meant"],
            )  # fmt: skip


def operator_warnings(names: Names) -> Iterator[EinWarning]:
    """W0201: `Sum_i x_i` and `sofmax_k(a_k)`, where an unknown name stands as an operator would, but is an input."""
    text = names.source.text
    for name, uses in names.uses.items():
        if name in names.equations or name in names.shapes or not uses[0].letters:
            continue
        calls = text[uses[0].span.end : uses[0].span.end + 1] == "("
        meant = [name.lower()] if name.lower() in SUM_WORDS else []
        if calls and not meant:
            meant = get_close_matches(name.lower(), sorted(REDUCTIONS | AXIS_FUNCTIONS), 1, 0.7)
        if meant:
            written = _written(names, uses[0].span)
            yield EinWarning(
                "W0201", f"`{name}` is neither defined nor declared, so it is an input, not `{meant[0]}`",
                source=names.source, labels=[Label(uses[0].span, "taken as an input")],
                notes=["a tensor before a bracket is a product"] if calls else ["names are case-sensitive"],
                helps=[f"write `{renamed(written, meant[0])}`, or declare `{name}` with its shape if it is a tensor"],
            )  # fmt: skip


def _written(names: Names, span: Span) -> str:
    return names.source.text[span.start : span.end]
