"""Names that look like a slip: inputs that are nearly called as another name or an operator, or say something else."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from einderiv import syntax as tree
from einderiv.check.corrections import renamed
from einderiv.check.names import Names
from einderiv.check.program import Use
from einderiv.errors import EinWarning, Label, Span
from einderiv.syntax import AXIS_FUNCTIONS, REDUCTIONS, SUM_WORDS

_RAISED = re.compile(r"\s*(?:\^|\*\*)")
_WORDS = {
    "and": ("an operator", "multiply Iverson brackets: `[x_i > 0] [z_i > 0]`"),
    "or": ("an operator", "take the larger of two Iverson brackets: `max([x_i > 0], [z_i > 0])`"),
    "not": ("an operator", "write the opposite comparison: `[x_i <= 0]`"),
    "if": ("an operator", "a choice is made by `where`: `where(x_i > 0, a_i, b_i)`"),
    "else": ("an operator", "a choice is made by `where`: `where(x_i > 0, a_i, b_i)`"),
    "for": ("an operator", "an equation holds for all values of the indices on its left: leave it out"),
    "inf": ("infinity", "leave out what is infinite: `where(x_i > 0, a_i, 0)`"),
}

_VARIANCE = "mean_i((x_i - m)^2)"
_SPREADS = {
    "var": f"the variance as `{_VARIANCE}`, with `m = mean_i(x_i)`",
    "std": f"the standard deviation as `sqrt({_VARIANCE})`, with `m = mean_i(x_i)`",
}


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
        if calls and name in _SPREADS:
            yield EinWarning(
                "W0201", f"`{name}` is neither defined nor declared, so it is an input, and no function",
                source=names.source, labels=[Label(uses[0].span, "taken as an input")],
                notes=["a tensor before a bracket is a product"], helps=[f"write {_SPREADS[name]}"],
            )  # fmt: skip
        elif meant:
            written = _written(names, uses[0].span)
            yield EinWarning(
                "W0201", f"`{name}` is neither defined nor declared, so it is an input, not `{meant[0]}`",
                source=names.source, labels=[Label(uses[0].span, "taken as an input")],
                notes=["a tensor before a bracket is a product"] if calls else ["names are case-sensitive"],
                helps=[f"write `{renamed(written, meant[0])}`, or declare `{name}` with its shape if it is a tensor"],
            )  # fmt: skip


def number_warnings(names: Names) -> Iterator[EinWarning]:
    """W0201: the `i` of `a_i = x_i + i`, the `e` of `e^x` and a word such as `and`, all numbers that are passed."""
    written: list[tree.Equation | tree.Query] = [*names.equations.values(), *names.queries]
    having: dict[str, list[Span]] = {}  # an index: the statements that have it
    for statement in sorted(written, key=lambda each: each.span.start):
        for letter in names.places[id(statement)]:
            having.setdefault(letter, []).append(statement.span)
    for name, uses in names.uses.items():
        if name not in names.equations and name not in names.shapes and not names.ranks[name].count:
            meant = _meant(names, name, uses, having.get(name, []))
            if meant is not None:
                span, what, notes, helps = meant
                yield EinWarning(
                    "W0201", f"`{name}` is a number that is passed here, not {what}", source=names.source,
                    labels=[Label(span, "taken as an input")], notes=notes,
                    helps=[*helps, f"for a number use another name, or declare it: `{name} ∈ R`"],
                )  # fmt: skip


def _meant(
    names: Names, name: str, uses: Sequence[Use], having: Sequence[Span]
) -> tuple[Span, str, list[str], list[str]] | None:
    """Where a number stands, what its name says, and facts and hints of that; None where it says nothing."""
    if name in _WORDS:
        what, help_text = _WORDS[name]
        return uses[0].span, what, [], [help_text]
    if name in names.functions:
        return uses[0].span, f"the function `{name}`", [], [f"glue the function to its bracket: `{name}(x_i)`"]
    if name == "e":
        raised = (use.span for use in uses if _RAISED.match(names.source.text, use.span.end))
        span = next(raised, None)
        return None if span is None else (span, "Euler's number", [], ["write `exp(x_i)` for `e^x_i`"])
    span = next((use.span for use in uses if _within(use.span, having)), None)
    note = f"an index has a value in comparisons alone, as in `[{name} > 0]`"
    help_text = f"for the positions pass a tensor of them, e.g. `n_{name}`"
    return None if span is None else (span, f"the index `{name}`", [note], [help_text])


def _within(inner: Span, outer: Sequence[Span]) -> bool:
    """Whether a span lies in one of several, which are in the order of the text."""
    place = bisect_right(outer, inner.start, key=lambda span: span.start)
    return place > 0 and inner.end <= outer[place - 1].end


def _written(names: Names, span: Span) -> str:
    return names.source.text[span.start : span.end]
