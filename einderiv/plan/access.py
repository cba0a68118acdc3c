"""What selections become: reading an array at positions, writing into one, comparing positions.

Each axis of the array that is read or written has a `Place`: a label, which runs along the axis; a `Line` of labels
(`x_{2i+k}`); or the positions that an operand of integers holds (`E_{t_n,d}`).  Labels are 0, 1, 2, …; `lengths` has
the number of values of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

from einderiv.plan.letters import letter

WRITTEN = 1 << 16  # elements that are written at once at positions, which take as much memory
MANY_LABELS = 12  # from which the labels to loop over are no longer searched for: all are


@dataclass(frozen=True, slots=True)
class Line:
    """The position Σ_k `coefficients[k]` · `labels[k]` + `constant`; the labels are distinct, no coefficient is 0."""

    coefficients: tuple[int, ...]
    labels: tuple[int, ...]
    constant: int

    def reach(self, lengths: Sequence[int]) -> tuple[int, int]:
        """The smallest and the largest position."""
        ends = [c * (lengths[label] - 1) for c, label in zip(self.coefficients, self.labels, strict=True)]
        return self.constant + sum(min(end, 0) for end in ends), self.constant + sum(max(end, 0) for end in ends)

    def __str__(self) -> str:
        text = ""
        for c, label in zip(self.coefficients, self.labels, strict=True):
            sign = "-" if c < 0 else "+" if text else ""
            text += f"{sign}{abs(c) if abs(c) != 1 else ''}{letter(label)}"
        return text + (f"{self.constant:+d}" if self.constant and text else "" if text else str(self.constant))


@dataclass(frozen=True, slots=True)
class At:
    """The positions in operand number `operand`, which has the axes `labels`; -1 (only if `loose`) is none."""

    operand: int
    labels: tuple[int, ...]
    loose: bool


Place = int | Line | At


@dataclass(frozen=True, slots=True)
class Pad:
    """The operand with zeros around: how many before and after it along each axis."""

    margins: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Read:
    """The first operand at the `places` of its axes, with the axes `output`; 0 where a position is -1."""

    places: tuple[Place, ...]
    output: tuple[int, ...]
    lengths: tuple[int, ...]

    @property
    def views(self) -> bool:
        """Whether the result is a strided view of the operand."""
        return not any(isinstance(place, At) for place in self.places)


@dataclass(frozen=True, slots=True)
class Write:
    """Zeros, or the second operand if `onto`, with `coefficient` times the first added at the `places` of the axes.

    The first operand has the axes `source`; it repeats along labels that it lacks.  What lies outside is left out.
    `onto` writes into the operand itself, which nothing else needs.
    """

    places: tuple[Place, ...]
    source: tuple[int, ...]
    lengths: tuple[int, ...]
    coefficient: float
    onto: bool


@dataclass(frozen=True, slots=True)
class Match:
    """1 where two places are the same position below `size`, else 0; without a second, where the one is a position."""

    left: Line | At
    right: Line | At | None
    output: tuple[int, ...]
    lengths: tuple[int, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Locate:
    """The operand as integers from 0 to `size` - 1; what is no such number is refused if `strict`, else becomes -1.

    A refusal says that `name` does not fit in `where` (axis 0 of `x`), an axis of `size` entries.
    """

    name: str
    where: str
    size: int
    strict: bool


Access = Pad | Read | Write | Match | Locate


def labels_of(place: Place) -> tuple[int, ...]:
    """The labels on which a place depends."""
    return (place,) if isinstance(place, int) else place.labels


def looped(places: Sequence[Place], lengths: Sequence[int], shape: Sequence[int]) -> tuple[int, ...]:
    """The labels, of fewest values together, for each choice of which a write at `places` meets no element twice.

    What `Write` adds is then added slice by slice: for x_{i+k} with few k, one slice of i for each k.
    """
    labels = sorted({label for place in places if isinstance(place, Line) for label in place.labels})
    if len(labels) > MANY_LABELS:
        return tuple(labels)
    subsets = [subset for count in range(len(labels) + 1) for subset in combinations(labels, count)]
    subsets.sort(key=lambda subset: (prod(lengths[label] for label in subset), len(subset)))
    return next(subset for subset in subsets if _apart(places, lengths, shape, subset))


def _apart(places: Sequence[Place], lengths: Sequence[int], shape: Sequence[int], loop: Sequence[int]) -> bool:
    """Whether positions determine the labels that are not in `loop`, and no slice must be cut along two labels."""
    known = {*loop, *(place for place in places if isinstance(place, int))}
    lines = []
    for place, size in zip(places, shape, strict=True):
        if isinstance(place, Line):
            free = [label for label in place.labels if label not in loop]
            low, high = place.reach(lengths)
            if len(free) > 1 and (low < 0 or high >= size):
                return False
            lines.append(place)
    wanted = {label for line in lines for label in line.labels}
    for _ in lines:
        for line in lines:
            pairs = zip(line.coefficients, line.labels, strict=True)
            free_pairs = [(abs(c), label) for c, label in pairs if label not in known]
            if _distinct(free_pairs, lengths):
                known.update(line.labels)
    return wanted <= known


def _distinct(terms: Sequence[tuple[int, int]], lengths: Sequence[int]) -> bool:
    """Whether the sum of coefficient times label is different for different labels, as in 4i + j with j < 4."""
    reach = 0
    for coefficient, label in sorted(terms):
        if coefficient <= reach:
            return False
        reach += coefficient * (lengths[label] - 1)
    return True


def place_string(place: Place, slots: Sequence[int]) -> str:
    """`i`, `2i+k`, or `#3[n]` for the positions in slot 3."""
    if isinstance(place, int):
        return letter(place)
    if isinstance(place, Line):
        return str(place)
    return f"#{slots[place.operand]}[{''.join(map(letter, place.labels))}]"


def access_string(operation: Access, slots: Sequence[int]) -> str:
    """What a step does, as a person reads it: `read #0 at i+k, j -> ikj`."""
    match operation:
        case Pad(margins=margins):
            return f"pad #{slots[0]} by {', '.join(f'{before}+{after}' for before, after in margins)}"
        case Read(places=places, output=output):
            at = ", ".join(place_string(place, slots) for place in places)
            order = "" if output == tuple(range(len(output))) else f" -> {''.join(map(letter, output))}"
            return f"read #{slots[0]} at {at}{order}"
        case Write(places=places, source=source, coefficient=c, onto=onto):
            at = ", ".join(place_string(place, slots) for place in places)
            scale = {1.0: "", -1.0: "-"}.get(c, f"{c:g} ")
            axes = f"[{''.join(map(letter, source))}]" if source else ""
            what = f"{scale}#{slots[0]}{axes} at {at}"
            return f"#{slots[1]} with {what} added" if onto else f"write {what}"
        case Match(left=left, right=right, output=output, size=size):
            other = f"0 to {size - 1}" if right is None else place_string(right, slots)
            relation = "in" if right is None else "="
            return f"[{place_string(left, slots)} {relation} {other}] -> {''.join(map(letter, output)) or '()'}"
        case Locate(size=size, strict=strict):
            return f"positions #{slots[0]} of {size}" + ("" if strict else ", or none")
