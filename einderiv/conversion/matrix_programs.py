"""Statements of matrix notation → the lines of a program.

A capital letter is a matrix, a lower-case one a vector.  A Greek letter is a scalar, or a vector where that fits; the
letters a to o and longer lower-case names are vectors, or scalars where that fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, combinations, islice

from einderiv.check import explicit as e
from einderiv.conversion import entries
from einderiv.conversion.declared import Declared, check_used
from einderiv.conversion.entries import Value
from einderiv.conversion.finishing import body_text
from einderiv.conversion.lettering import Letters, bound_in, held_in
from einderiv.conversion.matrices import Misfit, Work
from einderiv.conversion.matrix_functions import FUNCTIONS
from einderiv.conversion.matrix_reading import statements
from einderiv.conversion.matrix_tree import Statement, names
from einderiv.conversion.sizes import ONE
from einderiv.conversion.suggesting import rewritings
from einderiv.errors import EinError, EinNameError, EinShapeError, Label, Span
from einderiv.formulas import Lettering

CONSTANTS = ("pi", "π", "I", "eye")
ATTEMPTS = 300  # readings of undeclared names that are tried
SUGGESTED = 3  # corrected texts in a message

_NUMPY = re.compile(r"@|\b(?:np|numpy|jnp|torch)\.|\.T\b|\*\*")
_MATLAB = re.compile(r"\.\*|\./|\.\^|\.'|'|′|’|ᵀ|⊤|\^|\\")
_GREEK_WORD = re.compile(
    r"(?:alpha|beta|gamma|delta|epsilon|eps|zeta|eta|theta|iota|kappa|lambda|lam|lambd|mu|nu|xi|rho|sigma|tau|phi|chi"
    r"|psi|omega|[α-ωϑϕϵ])[0-9_]*\Z"
)

Reading = tuple[Work, list[tuple[str, Value]]]


def lines_of(text: str, declared: Mapping[str, Declared]) -> list[str]:
    """The lines of the program; raises the error of what cannot be read or does not fit."""
    found = statements(text)
    _check_names(found)
    check_used(declared, list(dict.fromkeys(name for statement in found for name in names(statement.value))))
    try:
        return _lines(*_read(text, found, declared))
    except Misfit as misfit:
        raise _explained(misfit, text, declared) from None


def fits(text: str, declared: Mapping[str, Declared]) -> bool:
    """Whether a text can be converted without broadcasting."""
    try:
        _lines(*_read(text, statements(text), declared, (True,)))
    except EinError:
        return False
    return True


def _check_names(found: Sequence[Statement]) -> None:
    """Each name is defined once, and not used before."""
    used: set[str] = set()
    for statement in found:
        used |= set(names(statement.value))
        if statement.name in used:
            start = statement.span.start
            raise EinNameError(
                "E0909", f"`{statement.name}` is defined where it is already used",
                labels=[Label(Span(start, start + len(statement.name)))],
                helps=["equations are definitions, not assignments: use a new name"],
            )  # fmt: skip
        used |= {statement.name} - {""}


# ------------------------------------------------------------------------------- what names are


def possible_kinds(name: str) -> tuple[str, ...]:
    """What an undeclared name can be, the likeliest first."""
    if _GREEK_WORD.match(name):
        return ("scalar", "vector")
    if name[:1].isupper():
        return ("matrix",)
    return ("vector",) if re.fullmatch(r"[p-z][0-9_]*", name) else ("vector", "scalar")


def _kinds(undeclared: Sequence[str]) -> Iterator[dict[str, str]]:
    """What the names may be, with the fewest unlikely ones first."""
    likely = {name: possible_kinds(name)[0] for name in undeclared}
    other = {name: kinds[1] for name in undeclared if len(kinds := possible_kinds(name)) > 1}
    groups = chain.from_iterable(combinations(other, count) for count in range(len(other) + 1))
    for group in islice(groups, ATTEMPTS):
        yield likely | {name: other[name] for name in group}


def _read(
    text: str, found: Sequence[Statement], declared: Mapping[str, Declared], ways: Sequence[bool] = (True, False)
) -> Reading:
    """The first reading in which everything fits; without broadcasting if there is one."""
    own = {statement.name for statement in found} - {""}
    every = dict.fromkeys(name for statement in found for name in names(statement.value))
    tensors = [name for name in every if name in declared or name in own or name not in CONSTANTS]
    undeclared = [name for name in tensors if name not in declared and name not in own]
    numpy = bool(_NUMPY.search(text)) and ("@" in text or not _MATLAB.search(text.replace("**", "")))
    failed: list[EinError] = []
    for strict in ways:
        failed.clear()
        for kinds in _kinds(undeclared):
            work = Work(text, kinds, declared, strict, numpy, FUNCTIONS)
            work.reserve([*tensors, *own])
            try:
                return work, _evaluated(work, found)
            except EinError as error:
                failed.append(error)
    raise failed[0]


def _evaluated(work: Work, found: Sequence[Statement]) -> list[tuple[str, Value]]:
    """Each equation with its value, those that others need on the way before them."""
    results: list[tuple[str, Value]] = []
    for statement in found:
        value = work.value(statement.value)
        name = work.names[statement.name] if statement.name else work.names.free(_wishes(value))
        results += [*work.equations, (name, value)]
        work.equations.clear()
        if statement.name:
            work.defined[statement.name] = entries.named(name, value.rows, value.columns, value.flat)
    return results


def _wishes(value: Value) -> list[str]:
    """Names for what the text gives none."""
    if value.scalar:
        return ["f", "g", "s", "f"]
    return ["y", "z", "u", "y"] if value.vector else ["Y", "Z", "F", "Y"]


# ------------------------------------------------------------------------------------ the program


def _lines(work: Work, results: Sequence[tuple[str, Value]]) -> list[str]:
    """Remarks, what the inputs are, what nothing else gives a size, and the equations."""
    equations = []
    for name, value in results:
        axes = [work.index(size) for size in (value.rows, value.columns) if size != ONE]
        pair = iter(axes)
        row = next(pair) if value.rows != ONE else None
        equations.append((name, axes, value.entry(row, next(pair, None))))
    letters = Letters({index: work.sizes.root(size) for index, size in work.size_of.items()}, _wish(work))
    for _, axes, body in equations:
        letters.equation(axes, body)
    shapes = [_shape_line(work, name, value) for name, value in work.inputs.items()]
    ranges: dict[str, None] = {}
    for _, axes, body in equations:
        for index in _unsized(axes, body):
            ranges[f"index {letters.found[index]}: {_size(work, index)}"] = None
    found = []
    for name, axes, body in equations:
        left = name + ("_" + "".join(letters.found[index] for index in axes) if axes else "")
        found.append(f"{left} = {body_text(body, Lettering(letters.found))}")
    return [*work.names.remarks(), *work.remarks, *shapes, *ranges, *found]


def _wish(work: Work) -> Callable[[int], str]:
    """A size that is one capital letter would like its small one."""

    def wish(size: int) -> str:
        value = work.sizes.value(size)
        return value.lower() if isinstance(value, str) and len(value) == 1 and value.isascii() else ""

    return wish


def _shape_line(work: Work, name: str, value: Value) -> str:
    """`W ∈ R^{N×M}`"""
    sizes = "×".join(work.sizes.show(size) for size in (value.rows, value.columns) if size != ONE)
    declared = work.declared.get(name)
    symmetric = " symmetric" if declared is not None and declared.symmetric else ""
    return f"{value.name} ∈ R" + (f"^{{{sizes}}}" if len(sizes) > 1 else f"^{sizes}" if sizes else "") + symmetric


def _unsized(axes: Sequence[e.Index], body: e.Explicit) -> Iterator[e.Index]:
    """The indices of an equation that no tensor in it has."""
    held = held_in(body)
    yield from (index for index in axes if index not in held)
    todo = [body]
    while todo:
        each = todo.pop()
        yield from (index for index in bound_in(each) if index not in held)
        todo += e.parts(each)


def _size(work: Work, index: e.Index) -> str:
    """The size of an index that has it from elsewhere."""
    size = work.sizes.root(work.size_of[index])
    given = {work.sizes.root(each) for value in work.inputs.values() for each in (value.rows, value.columns)}
    if size not in given and work.sizes.value(size) is None:
        raise EinShapeError(
            "E0908", "the size of an axis is fixed by nothing", labels=[Label(Span(0, len(work.text)))],
            notes=["`vector(1)`, `matrix(1)` and `eye` have the size of what they are combined with"],
            helps=["say the size: `ones(N)`, `eye(3)`"],
        )  # fmt: skip
    return work.sizes.show(size)


# ------------------------------------------------------------------------------------ what was meant


def _explained(misfit: Misfit, text: str, declared: Mapping[str, Declared]) -> EinError:
    """The error with what the names are, and the nearest texts that fit."""
    helps: list[str] = []
    for candidate in rewritings(misfit.whole, text):
        if len(helps) < SUGGESTED and fits(candidate, declared):
            helps.append(f"`{candidate.strip()}` fits")
    if not helps:
        helps = ['say what names are: `--declare "A: matrix, x: vector, b: scalar"`, or `shapes=` in Python']
    return EinShapeError("E0902", misfit.message, labels=misfit.labels, notes=misfit.notes, helps=helps)
