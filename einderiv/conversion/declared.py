"""What the user says of the names: `A: matrix, x: vector, S: symmetric, X: N×D, y: 3`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from einderiv.errors import EinInputError

Size = int | str | None
Shapes = str | Mapping[str, "str | Sequence[int | str]"] | Sequence[Sequence[int | str]] | None

RANKS = {"scalar": 0, "vector": 1, "matrix": 2, "symmetric": 2}

_SIZE = re.compile(r"[^\W\d_][^\W_]*\Z|[0-9]{1,18}\Z")
_TIMES = re.compile(r"[×*,]|(?<=\d)\s*+x\s*+(?=\d)")


@dataclass(frozen=True, slots=True)
class Declared:
    """The sizes of a name's axes, None where they are left open."""

    sizes: tuple[Size, ...]
    symmetric: bool = False


def declarations(shapes: Shapes) -> dict[str, Declared]:
    """What is declared, by name.

    >>> declarations("A, B: matrix, x: 3, X: N×D")["X"]
    Declared(sizes=('N', 'D'), symmetric=False)
    """
    if shapes is None:
        return {}
    if isinstance(shapes, str):
        return _read(shapes)
    if isinstance(shapes, Mapping):
        return {name: _shape(name, shape) for name, shape in shapes.items()}
    raise EinInputError(
        "E0905", "shapes without names", notes=["only the operands of an einsum string have an order"],
        helps=['write e.g. `shapes={"W": (3, 4)}` or `shapes="W: 3×4, x: vector"`'],
    )  # fmt: skip


def ordered(shapes: Shapes, names: Sequence[str]) -> dict[str, Declared]:
    """The same for operands in an order, whose shapes may come in that order."""
    if shapes is None or isinstance(shapes, str | Mapping):
        return declarations(shapes)
    if len(shapes) != len(names):
        raise EinInputError(
            "E0905", f"{len(shapes)} shapes for {len(names)} operands", helps=["give one shape for each operand"]
        )
    found: dict[str, Declared] = {}
    for name, shape in zip(names, shapes, strict=True):
        new = _shape(name, shape)
        if found.setdefault(name, new) != new:
            raise EinInputError("E0905", f"two shapes for `{name}`", helps=["give equal names equal shapes"])
    return found


def check_used(declared: Mapping[str, Declared], used: Collection[str]) -> None:
    """Refuse declarations of names that the text does not have."""
    for name in declared:
        if name not in used:
            raise EinInputError(
                "E0905", f"`{name}` is declared, but the formula does not have it",
                notes=[f"it has {', '.join(f'`{each}`' for each in used)}"] if used else [],
                helps=["declare names as they are written; case matters"],
            )  # fmt: skip


def _read(text: str) -> dict[str, Declared]:
    found: dict[str, Declared] = {}
    waiting: list[str] = []
    for piece in re.split(r"[,;\n]", text):
        name, colon, shape = (part.strip() for part in piece.partition(":"))
        if not name and not colon:
            continue
        waiting.append(name)
        if not all(each.isidentifier() for each in waiting) or (colon and not shape):
            raise _not_understood(piece.strip())
        if colon:
            found |= {each: _shape(each, shape) for each in waiting}
            waiting = []
    if waiting:
        raise _not_understood(waiting[-1])
    return found


def _shape(name: str, shape: str | Sequence[int | str]) -> Declared:
    """One declaration."""
    if isinstance(shape, str):
        word = shape.strip()
        if word in RANKS:
            sizes: tuple[Size, ...] = (None,) * RANKS[word]
            return Declared(sizes, word == "symmetric")
        symmetric = word.endswith(" symmetric")
        pieces = _TIMES.split(word.removesuffix(" symmetric").strip("() "))
        shape = [each.strip() for each in pieces if each.strip()]
        if not shape:
            raise _not_understood(f"{name}: {word}")
        return Declared(tuple(_size(name, each) for each in shape), symmetric)
    return Declared(tuple(_size(name, each) for each in shape))


def _size(name: str, size: object) -> Size:
    text = str(size)
    if isinstance(size, bool) or not isinstance(size, int | str) or not _SIZE.match(text):
        raise _not_understood(f"{name}: {text}")
    return int(text) if text.isdecimal() else text


def _not_understood(text: str) -> EinInputError:
    return EinInputError(
        "E0905", f"the declaration `{text}` says no shape",
        notes=["a shape is `scalar`, `vector`, `matrix`, `symmetric`, or sizes such as `3×4` and `N×D`"],
        helps=["write e.g. `A: matrix, x: vector, b: scalar, X: N×D`"],
    )  # fmt: skip
