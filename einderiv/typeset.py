"""A user's own text in LaTeX: each statement a formula, with the user's names and letters."""

from __future__ import annotations

from collections.abc import Iterator

from einderiv import check, syntax
from einderiv.check import explicit as e
from einderiv.formulas import Lettering, written
from einderiv.render import Style, index_latex, name_latex, notation, sides

Sides = tuple[str, str]


def statements(program: check.Program, sums: bool = False) -> list[Sides]:
    """The two sides of each statement in the order of the text; a query has only a left one."""
    style = Style(sums)
    found = [*_declarations(program), *_functions(program, style)]
    for statement, explicit in check.written_out(program):
        scope = Lettering({index: index.letter for index in explicit.axes})
        body = written(explicit.body, scope)
        if isinstance(statement, syntax.Equation):
            letters = tuple(index.letter for index in explicit.axes)
            pair = sides(notation.Equation(statement.name, letters, body), style)
        else:
            pair = sides(notation.Equation("", (), body), style)[1], ""
        found.append((statement.span.start, pair))
    return [pair for _, pair in sorted(found, key=lambda each: each[0])]


def query(program: check.Program, text: str) -> str:
    """One derivative in the context of a program: the left side of its equation."""
    ((_, explicit),) = check.written_out(program, check.read_query(program, text))
    body = written(explicit.body, Lettering({index: index.letter for index in explicit.axes}))
    return sides(notation.Equation("", (), body), Style())[1]


def _declarations(program: check.Program) -> Iterator[tuple[int, Sides]]:
    """`W ∈ R^{H×D}`, `K = Kᵀ ∈ R^{N×N}` for a symmetric one, `index i, j: H`, `given ∂E/∂a_i`."""
    names = program.context.names
    for name, shape in names.shapes.items():
        sizes = r" \times ".join(_size(size) for size in shape.sizes)
        space = rf"\mathbb{{R}}^{{{sizes}}}" if sizes else r"\mathbb{R}"
        own = name_latex(name)
        yield shape.span.start, (rf"{own} = {own}^\top \in {space}" if shape.symmetric else rf"{own} \in {space}", "")
    ranges: dict[str, tuple[int, list[str]]] = {}
    for letter, (size, span) in names.indices.items():
        if size is not None:
            last = str(size.value - 1) if isinstance(size.value, int) else f"{_size(size)} - 1"
            ranges.setdefault(last, (span.start, []))[1].append(index_latex(letter))
    for last, (start, letters) in ranges.items():
        yield start, (r",\, ".join(letters), rf"0,\, \ldots,\, {last}")
    for key, argument in program.inputs.items():
        if key.startswith("∂"):
            use = argument.uses[0]
            tensor = notation.Tensor(key, use.letters)
            yield use.span.start, (sides(notation.Equation("", (), tensor), Style())[1] + r"\ \mathrm{given}", "")


def _size(size: syntax.SizeName) -> str:
    return str(size.value) if isinstance(size.value, int) else name_latex(size.value)


def _functions(program: check.Program, style: Style) -> Iterator[tuple[int, Sides]]:
    """`def gelu(z) = …`."""
    for name, own in program.context.functions.items():
        call = e.OwnCall(name, tuple(e.Parameter(each) for each in own.parameters))
        pair = [sides(notation.Equation("", (), written(each, Lettering({}))), style)[1] for each in (call, own.body)]
        yield program.context.names.functions[name].span.start, (pair[0], pair[1])
