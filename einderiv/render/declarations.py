"""The lines in front of the equations: `given`, shapes, and `index` lines, only those that are needed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from einderiv.ir import Dim, Input
from einderiv.lettering import Letters
from einderiv.render.notation import Equation, Solution, Tensor, Written, walk
from einderiv.render.sizes import Limits, offsets, unsized
from einderiv.render.write import is_plain, subscript

GIVEN = "∂"
_EULER = {"e"}  # a reader warns of a number that is called so, unless it is declared
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9À-ÖØ-öø-ıΑ-ΡΣ-Ωα-ω]")


class SizeNames:
    """A legal name for each size, or its number: sizes may be named like anything, so they only avoid each other."""

    def __init__(self) -> None:
        self._names: dict[Dim, str] = {}

    def __getitem__(self, dim: Dim) -> str:
        if dim.size is not None:
            return str(dim.size)
        if dim not in self._names:
            stem = _NOT_IN_A_NAME.sub("", dim.name).lstrip("0123456789") or "N"
            name, number = stem, 2
            while name in self._names.values():
                name, number = f"{stem}{number}", number + 1
            self._names[dim] = name
        return self._names[dim]


def index_letters(equations: Sequence[Equation], letters: Letters, limits: Limits) -> list[str]:
    """The letters that `index` lines speak of.

    Of a size that no array has these are also the letters of all offsets: one of them gives the size.
    """
    named = dict.fromkeys(letter for equation in equations for letter in unsized(equation, letters, limits))
    speaking = {letters.dim(letter) for letter in named} & set(limits)
    for offset in (offset for equation in equations for offset in offsets(equation)):
        named |= dict.fromkeys(letter for _, letter in offset.terms if letters.dim(letter) in speaking)
    return list(named)


def declarations(
    equations: Sequence[Equation],
    inputs: Mapping[str, tuple[Input, tuple[str, ...]]],
    letters: Letters,
    named: Sequence[str],
) -> list[str]:
    """The lines that `equations` need in front; `named` are the letters that `index` lines speak of.

    A size that an `index` line speaks of is tied to an array by a shape, or by the letters of a `given` line.  A number
    that is called as an index, or `e`, is declared as a number.
    """
    used = {name for equation in equations for piece in walk(equation.body) for name in _names(piece)}
    shaped, given = _sources([letters.dim(letter) for letter in named], inputs, used)
    shaped += [name for name, (node, _) in inputs.items() if node.symmetric and name in used and name not in shaped]
    given += [name for name in inputs if name in used and name.startswith(GIVEN) and name not in given]
    lines, named = [], list(named)
    speaking: set[str] = set()
    for name in given:
        node, wishes = inputs[name]
        axes = letters.several(node.axes, wishes)
        speaking.update(axes)
        lines.append(f"given {name}{subscript(axes)}")
    needed = {letters.dim(letter) for letter in named}
    tied = {dim for name in shaped for dim in inputs[name][0].axes}
    for letter in sorted(speaking):
        if letters.dim(letter) in needed - tied and letter not in named:
            named.append(letter)
    sizes = SizeNames()
    lines += [_shape(inputs[name][0], sizes) for name in shaped]
    misread = _EULER.union(*(_letters(equation) for equation in equations)) & used
    lines += [f"{name} ∈ R" for name, (node, _) in inputs.items() if not node.axes and name in misread]
    return lines + _index_lines(named, letters, sizes) + _long_names(equations, named, speaking)


def _sources(
    dims: Iterable[Dim], inputs: Mapping[str, tuple[Input, tuple[str, ...]]], used: Collection[str]
) -> tuple[list[str], list[str]]:
    """Inputs that have the sizes `dims`: those to declare by a shape, and those to declare by `given`."""
    missing = {dim for dim in dims if dim.size is None}
    ranked = sorted(inputs, key=lambda name: (name.startswith(GIVEN), name not in used))
    shaped: list[str] = []
    given: list[str] = []
    for name in ranked:
        axes = set(inputs[name][0].axes)
        if axes & missing:
            (given if name.startswith(GIVEN) else shaped).append(name)
            missing -= axes
    return shaped, given


def _shape(node: Input, sizes: SizeNames) -> str:
    """`W ∈ R^{H×D}`, `x ∈ R^D`."""
    names = [sizes[dim] for dim in node.axes]
    shape = names[0] if len(names) == 1 else f"{{{'×'.join(names)}}}"
    return f"{node.name} ∈ R^{shape}" + (" symmetric" if node.symmetric else "")


def _names(piece: Written) -> tuple[str, ...]:
    """The tensors that a piece speaks of."""
    match piece:
        case Tensor(name=name):
            return (name,)
        case Solution(arguments=arguments):
            return arguments
        case _:
            return ()


def _index_lines(named: Iterable[str], letters: Letters, sizes: SizeNames) -> list[str]:
    together: dict[Dim, list[str]] = {}
    for letter in named:
        together.setdefault(letters.dim(letter), []).append(letter)
    return [f"index {', '.join(group)}: {sizes[dim]}" for dim, group in together.items()]


def _long_names(equations: Sequence[Equation], named: Collection[str], speaking: Collection[str]) -> list[str]:
    """The declaration of index names of several letters that no line with a size has."""
    found = dict.fromkeys((*speaking, *(letter for equation in equations for letter in _letters(equation))))
    long = [letter for letter in found if not is_plain(letter) and letter not in named]
    return [f"index {', '.join(long)}"] if long else []


def _letters(equation: Equation) -> list[str]:
    """All letters of an equation, in order."""
    found = list(equation.letters)
    for piece in walk(equation.body):
        for letter in getattr(piece, "letters", getattr(piece, "summed", ())):
            found.append(letter)
    return list(dict.fromkeys(found))
