"""Names that look like a slip: an input that differs from another name only in case."""

from __future__ import annotations

from collections.abc import Iterator

from einderiv.check.names import Names
from einderiv.errors import EinWarning, Label


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
                helps=[f"write `{other}`, or declare `{name}` with its shape if both are meant"],
            )  # fmt: skip
