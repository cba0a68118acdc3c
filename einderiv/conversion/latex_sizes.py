r"""Sizes for an equation with a derivative on its left, `\frac{\partial T_k}{\partial x_{ab}} = \delta_{ka} y_b`.

There only δ has a.  Its size is that of the first axis of x, so x becomes an input whose array gives it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from lark import Token

from einderiv.conversion.sizes import NAMES

Indexed = tuple[str, tuple[str, ...]]

_LETTER = re.compile(r"[^\W\d_][0-9]*'*")
_SHAPE = re.compile(r"(?P<name>\w+) ∈ R(?:\^\{?(?P<sizes>[^}]*)\}?)?")


def parts(subscript: str) -> tuple[str, ...]:
    """The items of a subscript of the language."""
    inside = subscript[1:]
    return tuple(inside.strip("{}").split(",")) if inside.startswith("{") else tuple(_LETTER.findall(inside))


def indexed(tokens: Sequence[Token]) -> list[Indexed]:
    """The names with their indices, in order."""
    found: list[Indexed] = []
    for place, each in enumerate(tokens):
        if each.type == "NAME":
            after = tokens[place + 1 : place + 2]
            found.append((str(each), parts(after[0]) if after and after[0].type == "SUBSCRIPT" else ()))
    return found


def size_lines(left: Sequence[Token], right: Sequence[Token], lines: Iterable[str]) -> list[str]:
    """The declarations that give a size to each index on the left that no tensor on the right has."""
    tensors, below = indexed(right), indexed(left)[1:]
    held = set(_held(right))
    asked = [letter for _, letters in indexed(left) for letter in letters if letter not in held]
    stated = [line for line in lines if line.startswith("index ")]
    if not asked or any(letter in re.findall(r"[^\W_]+'*", line) for letter in asked for line in stated):
        return []
    groups = _tied([letters for name, letters in tensors if name == "δ"])
    shapes = {shape["name"]: (shape["sizes"] or "").split("×") for line in lines if (shape := _SHAPE.fullmatch(line))}
    known: dict[str, str] = {}
    found: list[str] = []
    free = [name for name in NAMES if all(name not in sizes for sizes in shapes.values())]
    for name, letters in dict(below).items():
        group = [groups.get(letter, letter) for letter in letters]
        if not any(letter in asked for letter in letters):
            continue
        if name in shapes:
            known |= dict(zip(group, shapes[name], strict=False))
            continue
        sizes = [known.setdefault(each, free.pop(0)) if free or each in known else "N" for each in group]
        found.append(f"{name} ∈ R^{{{'×'.join(sizes)}}}")
    sized = {letter: known[root] for letter in asked if (root := groups.get(letter, letter)) in known}
    return found + [f"index {letter}: {size}" for letter, size in sized.items()]


def _held(tokens: Sequence[Token]) -> Iterator[str]:
    """The indices that stand on tensors, and on inverses; δ, ε and ones give no size."""
    for before, each in pairwise(tokens):
        if each.type == "SUBSCRIPT" and before not in ("δ", "ε", "1"):
            yield from parts(each)


def _tied(pairs: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """One letter for all that δ makes the same."""
    first: dict[str, str] = {}
    for pair in pairs:
        roots = [first.get(letter, letter) for letter in pair]
        first |= dict.fromkeys(pair, roots[0])
        first = {letter: roots[0] if root in roots else root for letter, root in first.items()}
    return first
