"""Call time: where a text has more indices at once than an array can have axes."""

from __future__ import annotations

from collections.abc import Iterable

from einderiv import syntax as tree
from einderiv.check.program import Program
from einderiv.check.subscripts import letters_of, walk
from einderiv.errors import Label, Span


def widest(program: Program, names: Iterable[str], most: int) -> Label | None:
    """The first of the equations `names` with more than `most` indices on its left, or else in a part of it."""
    equations = [program.context.names.equations[name] for name in names]
    for equation in equations:
        count = len(program.definitions[equation.name].letters)
        if count > most:
            return Label(equation.head_span, f"{count} indices")
    for equation in equations:
        wide = [
            (part.span.end - part.span.start, part.span.start, count)
            for part, _ in walk(equation.body)
            if isinstance(part, tree.Product | tree.Sum)
            and (count := len(letters_of(part, program.context.names.subscripts))) > most
        ]
        if wide:
            length, start, count = min(wide)
            return Label(Span(start, start + length), f"{count} different indices")
    return None
