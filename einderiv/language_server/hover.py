"""What is told of the word under the cursor, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from einderiv import api, catalogue, requests, syntax
from einderiv.errors import EinError, Span
from einderiv.ir import FUNCTIONS
from einderiv.language_server.document import Document
from einderiv.language_server.occurrences import Occurrence, World, span_of
from einderiv.program import Program

LINES = 14  # of a derivative that are shown
DEEP = 60  # equations through which a derivative is taken while the cursor rests
_CODE = re.compile(r"[EW]\d{4}")

REDUCTIONS = {
    "sum": ("sum_i x_i", "takes the rest of its term"),
    "max": ("max_i(x_i)", "equal ones share the slope"),
    "min": ("min_i(x_i)", "equal ones share the slope"),
    "prod": ("prod_i(x_i)", "the slope needs no division, so zeros are fine"),
    "mean": ("mean_i(x_i)", "of nothing it has no value"),
    "logsumexp": ("logsumexp_i(x_i)", "does not overflow"),
    "norm": ("norm_i(x_i)", "the slope at 0 is 0"),
    "argmax": ("argmax_i(x_i)", "the first of equals; a position has no slope"),
    "argmin": ("argmin_i(x_i)", "the first of equals; a position has no slope"),
    "softmax": ("softmax_i(x_i)", "i stays; does not overflow"),
    "logsoftmax": ("logsoftmax_i(x_i)", "i stays; does not overflow"),
    "cumsum": ("cumsum_i(x_i)", "i stays: the sum up to i, with it"),
    "inv": ("inv(A)_ij", "a singular matrix is refused"),
    "det": ("det(A)", "0 for a singular matrix"),
    "logdet": ("logdet(A)", "log |det A|"),
    "solve": ("solve(A, b)_i", "the x with A_ij x_j = b_i; a singular matrix is refused"),
    "cholesky": ("cholesky(A)_ij", "the lower L with A_ij = L_ik L_jk, of the symmetric part of A"),
}
CONVENTIONS = {
    "abs": "the slope at 0 is 0",
    "sign": "the slope is 0 everywhere",
    "floor": "the slope is 0 everywhere",
    "ceil": "the slope is 0 everywhere",
    "round": "a half goes to the even neighbour; the slope is 0 everywhere",
    "relu": "the slope at 0 is 0",
    "max": "where the two are equal they share the slope",
    "min": "where the two are equal they share the slope",
    "clip": "the slope at the ends is ½",
    "sqrt": "the slope at 0 is infinite, and that of sqrt(x_i x_i) is 0",
    "pow": "x^0 is 1 with the slope 0, also at 0",
    "where": "what the condition leaves out does not count, in derivatives of all orders",
    "elu": "the slope at 0 is 1",
}


def hover(document: Document, offset: int) -> tuple[str, Span] | None:
    """What is told at a place, and the piece of text that it is about."""
    for match in _CODE.finditer(document.text, max(offset - 5, 0), offset + 5):
        page = catalogue.CODES.get(match[0])
        if page is not None and match.start() <= offset <= match.end():
            return _page(page), Span(match.start(), match.end())
    number = document.statement_at(offset)
    if number is None:
        return None
    found = document.occurrence_at(offset)
    if found is not None:
        return _named(document, found), found.span
    for place, token in enumerate(document.statements[number]):
        span = span_of(token)
        if span.start <= offset <= span.end:
            following = document.statements[number][place + 1 : place + 2]
            told = _word(document, number, token.type, str(token), bool(following) and following[0].type == "OPEN")
            if told is not None:
                return told, span
    return None


def _page(page: catalogue.Page) -> str:
    return (
        f"**{page.code}**: {page.title}\n\n{page.text}\n\nWrong:\n\n{_block(page.wrong, page.language)}\n\n"
        f"Right:\n\n{_block(page.right, page.language)}"
    )


def _block(text: str, language: str = "einderiv") -> str:
    language = "einderiv" if language == "ein" else language
    return f"```{language}\n{text.strip()}\n```"


def page_of(code: str) -> str | None:
    """What an error code means."""
    page = catalogue.CODES.get(code)
    return _page(page) if page is not None else None


# ---------------------------------------------------------------------- names


def _named(document: Document, found: Occurrence) -> str:
    """What is told of a name."""
    name = found.entity.name
    match found.entity.world:
        case World.TENSOR:
            return _tensor(document, found)
        case World.INDEX:
            return _index(document, found)
        case World.SIZE:
            axes = _axes_of_size(document.program, name) if document.program is not None else []
            return "\n\n".join([f"`{name}` · size", *([f"of {', '.join(axes)}"] if axes else [])])
        case World.FUNCTION:
            place = max(document.of(found.entity), key=lambda each: each.weight)
            text = document.word(document.span_of_statement(place.statement))
            return _block(text) if place.weight else f"`{name}` · unknown function"
        case World.PARAMETER:
            return f"`{name}` · parameter of this function"


def _tensor(document: Document, found: Occurrence) -> str:
    name, program = found.entity.name, document.program
    if program is None or not _knows(program, name):
        return f"`{name}` · tensor"
    parts = [describe(program, name)]
    definition = program.checked.definitions.get(name)
    if definition is not None:
        use = definition.use.span
        line = program.checked.source.place(use.start)[0]
        parts.append(_block(program.checked.source.line(line)))
    parts += _derivatives(document, program, found)
    return "\n\n".join(parts)


def _knows(program: Program, name: str) -> bool:
    found = program.checked
    return name in found.definitions or name in found.inputs or name in found.givens


def describe(program: Program, name: str) -> str:
    """`W_dk` · D×K · input"""
    checked = program.checked
    if name in checked.givens:
        return f"`{name}` · scalar · known by its derivatives alone"
    letters = requests.letters_of(program, name)
    axes = requests.tensor(program, name).axes
    letters = tuple(letter or "·" for letter in letters)
    shape = "×".join(map(str, axes)) or "scalar"
    role = "input" if name in checked.inputs else "defined"
    if name in checked.inputs and checked.inputs[name].node.symmetric:
        role = "symmetric input"
    return f"`{requests.subscripted(name, letters)}` · {shape} · {role}"


def _derivatives(document: Document, program: Program, found: Occurrence) -> Iterator[str]:
    """The derivatives, by a tensor, of the equation it stands in and of the last scalar."""
    name = found.entity.name
    equation = syntax.normalise(document.statements[found.statement][0])
    scalars = [
        each
        for each in (*program.checked.givens, *program.checked.definitions)
        if not requests.tensor(program, each).axes
    ]
    for of in dict.fromkeys([equation, *scalars[-1:]]):
        if of == name or not _knows(program, of) or of in program.checked.inputs or not depends(program, of, name):
            continue
        try:
            if len(requests.depended(program, of)[1]) <= DEEP:
                yield _shortened(str(api.jacobian(program, of, name, allow_unused=True)))
            elif of == equation:
                alone = _alone(document, found.statement)
                yield "all else held fixed:\n\n" + _shortened(str(api.jacobian(alone, of, name, allow_unused=True)))
            else:
                yield f"`{of}` depends on it through many equations; `einderiv derive --of {of} --wrt {name}` shows how"
        except EinError:  # such as the derivative of what has none
            continue


def depends(program: Program, of: str, name: str) -> bool:
    """Whether a value is made of a tensor."""
    inputs, between = requests.depended(program, of)
    return name in (*inputs, *between) or f"∂{of}/∂{name}" in program.checked.inputs


def _alone(document: Document, number: int) -> str:
    """A statement with the declarations of its text and no other equation."""
    kinds = {"INDEX", "DEF", "GIVEN"}
    lines = [place for place, tokens in enumerate(document.statements) if tokens[0].type in kinds or place == number]
    return "\n".join(document.word(document.span_of_statement(place)) for place in lines)


def _shortened(text: str) -> str:
    """A derivative in index notation, its last lines if it is long."""
    lines = text.strip().split("\n")
    cut = [f"# {len(lines) - LINES} more lines"] if len(lines) > LINES else []
    return _block("\n".join([*cut, *lines[-LINES:]]))


def _index(document: Document, found: Occurrence) -> str:
    """The size of an index, and the axes that it runs along here."""
    name, program = found.entity.name, document.program
    if program is None:
        return f"`{name}` · index"
    for tensor, letters, span in _lettered(program):
        if name in letters and (found.entity.statement is None or _stands_in(document, found, program, span)):
            number = letters.index(name)
            axes = program.checked.context.axes.get(tensor, ())
            if number < len(axes):
                return f"`{name}` · index of size {axes[number]} · axis {number} of `{tensor}`"
    return f"`{name}` · index"


def _lettered(program: Program) -> Iterator[tuple[str, tuple[str, ...], Span]]:
    """Each place of a tensor with the letters of its axes."""
    for tensor, uses in program.checked.context.names.uses.items():
        yield from ((tensor, use.letters, use.span) for use in uses)
    for name, definition in program.checked.definitions.items():
        yield name, definition.letters, definition.use.span


def _stands_in(document: Document, found: Occurrence, program: Program, span: Span) -> bool:
    """Whether a place of the program, which may be of an earlier version, is in the statement of an occurrence."""
    statement = document.span_of_statement(found.statement)
    text, words = program.checked.source.text, document.word(statement)
    start = statement.start if text == document.text else text.find(words)
    return start >= 0 and start <= span.start < start + len(words)


def _axes_of_size(program: Program, name: str) -> list[str]:
    """The axes of the program that have a size."""
    found = program.checked.context.axes
    return [f"axis {number} of `{tensor}`" for tensor, axes in found.items() for number, dim in enumerate(axes)
            if dim.name == name]  # fmt: skip


# ---------------------------------------------------------------------- words


def _word(document: Document, number: int, kind: str, word: str, glued: bool) -> str | None:
    """What is told of a word of the language."""
    name = syntax.normalise(word)
    name = "sum" if name in syntax.SUM_WORDS or word == "∑" else name
    match kind:
        case "FUNCTION" | "WHERE":
            return _function(name)
        case "REDUCTION" | "SUM" | "ALGEBRA":
            example, remark = REDUCTIONS[name]
            return f"`{example}` · {remark}"
        case "DELTA":
            return "`δ_ij` · 1 where i = j, else 0; never an array"
        case "EPSILON":
            return "`ε_ijk` · the sign of the permutation, 0 where two are equal"
        case "ONES":
            return "`1_n` · ones; gives n no size"
        case "PI":
            return "`π` = 3.14159…"
        case "TOP" | "TOPCALL" | "BELOW" | "BELOWCALL" | "OVER":
            return _query(document, number)
        case _:
            return None


def _query(document: Document, number: int) -> str | None:
    """The answer of a derivative that stands alone on its line."""
    program = document.program
    if program is None or document.statements[number][0].type not in ("TOP", "TOPCALL"):
        return None
    try:
        return _shortened(str(api.derivative(program, document.word(document.span_of_statement(number)))))
    except EinError:
        return None


def _function(name: str) -> str | None:
    """The value, the slope and the conventions of a function of elements."""
    if name not in syntax.FUNCTIONS:
        return None
    row = FUNCTIONS.get(name)  # `square` is x^2 from the start and has none
    names = row.arguments.split() if row is not None else ["x"]
    smooth = [slope is not None for slope in row.slopes] if row is not None else [True]
    call = f"{name}({', '.join(names)})" if name != "where" else "where(c > 0, a, b)"
    told = [f"`{call}` · elementwise · {row.domain if row is not None else 'any x'}"]
    told += [
        _shortened(str(api.jacobian(f"y = {call}", wrt=each)))
        for each, has_slope in zip(names, smooth, strict=True)
        if has_slope
    ]
    return "\n\n".join([*told, *([CONVENTIONS[name]] if name in CONVENTIONS else [])])
