"""Einsum strings, with NumPy's meaning: `ij,jk->ik`, `ij,j`, `ii`, `...ij->...ji`.

An index that is not in the output is summed even where it stands once; without `->` the output has the indices that
stand once, in alphabetical order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from einderiv.conversion.declared import Declared, Size, check_used
from einderiv.conversion.naming import Names
from einderiv.conversion.reading import not_expressible
from einderiv.errors import EinError, EinInputError, EinShapeError, EinSyntaxError, Label, Span

LETTERS = "ijklmnpqrsabcdfghtuvwxyzoe"
CAPITALS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
SPECIFICATION = re.compile(r"[A-Za-z.,\s]*(->[A-Za-z.\s]*)?\Z")

_LABEL = re.compile(r"[A-Za-z]|\.\.\.|\S")


@dataclass(frozen=True, slots=True)
class Group:
    """The labels of one operand or of the output, and where it stands; `...` is one label."""

    labels: tuple[str, ...]
    span: Span
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Einsum:
    """A product of operands, summed over every label that the output lacks."""

    inputs: tuple[Group, ...]
    output: Group


def fault(message: str, span: Span, remark: str = "", helps: Sequence[str] = ()) -> EinSyntaxError:
    """The error for a string that NumPy would refuse too."""
    return EinSyntaxError("E0903", message, labels=[Label(span, remark)], helps=helps)


def read(text: str, start: int = 0) -> Einsum:
    """An einsum string that stands at `start` of its source; the output of one without `->` is worked out."""
    left, arrow, right = text.partition("->")
    inputs = []
    at = start
    for piece in left.split(","):
        inputs.append(_group(piece, at))
        at += len(piece) + 1
    counts: dict[str, int] = {}
    for group in inputs:
        for label in group.labels:
            counts[label] = counts.get(label, 0) + 1
    whole = Span(start, start + len(text))
    if not arrow:
        dots = ("...",) if "..." in counts else ()
        once = tuple(sorted(label for label, count in counts.items() if count == 1 and label != "..."))
        return Einsum(tuple(inputs), Group(dots + once, whole, (whole,) * len(dots + once)))
    output = _group(right, start + len(left) + 2)
    for place, (label, span) in enumerate(zip(output.labels, output.spans, strict=True)):
        if label not in counts:
            raise fault(f"the output has `{label}`, which no operand has", span, helps=[f"leave `{label}` out"])
        if label in output.labels[:place]:
            raise fault(
                f"the output has `{label}` twice", span,
                helps=["an index stands once in the output; δ puts a vector on a diagonal: `D_ij = δ_ij x_i`"],
            )  # fmt: skip
    if "..." in counts and "..." not in output.labels:
        helps = [f"end with `->...{right.strip()}`"]
        raise fault("the operands have `...`, but the output does not", whole, helps=helps)
    return Einsum(tuple(inputs), output)


def _group(piece: str, start: int) -> Group:
    labels, spans = [], []
    for found in _LABEL.finditer(piece):
        span = Span(start + found.start(), start + found.end())
        if not (found[0].isascii() and found[0].isalpha()) and found[0] != "...":
            raise fault(f"`{found[0]}` is no index of an einsum string", span, helps=["the indices are letters"])
        if found[0] == "..." and "..." in labels:
            raise fault("an operand has `...` twice", span)
        labels.append(found[0])
        spans.append(span)
    width = max(len(piece), 1)
    return Group(tuple(labels), Span(start, start + width), tuple(spans))


def default_names(count: int) -> list[str]:
    """`A`, `B`, `C`, …"""
    return [*CAPITALS[:count], *(f"A{number}" for number in range(2, count - len(CAPITALS) + 2))]


def expanded(einsum: Einsum, shapes: Sequence[Declared | None]) -> Einsum:
    """The same with letters in place of `...`, as many as the shapes of the operands say, aligned at the right."""
    ranks = []
    for group, shape in zip(einsum.inputs, shapes, strict=True):
        if "..." not in group.labels:
            ranks.append(0)
        elif shape is None:
            raise not_expressible(
                "`...` stands for an unknown number of indices", group.spans[group.labels.index("...")],
                helps=["say the shapes: `shapes={\"A\": (2, 3, 4)}`, or `--declare \"A: 2×3×4\"`",
                       "or write letters in place of the dots"],
            )  # fmt: skip
        else:
            ranks.append(len(shape.sizes) - len(group.labels) + 1)
            if ranks[-1] < 0:
                raise _wrong_rank(group, shape)
    used = {label for group in einsum.inputs for label in group.labels}
    free = [letter for letter in LETTERS + LETTERS.upper() if letter not in used]
    if max(ranks, default=0) > len(free):
        raise fault("there are not enough letters for `...`", einsum.inputs[0].span)
    fresh = tuple(free[: max(ranks, default=0)])[::-1]

    def filled(group: Group, rank: int) -> Group:
        if "..." not in group.labels:
            return group
        at = group.labels.index("...")
        new = fresh[:rank][::-1]
        labels = (*group.labels[:at], *new, *group.labels[at + 1 :])
        spans = (*group.spans[:at], *(group.spans[at],) * rank, *group.spans[at + 1 :])
        return Group(labels, group.span, spans)

    inputs = tuple(filled(group, rank) for group, rank in zip(einsum.inputs, ranks, strict=True))
    return Einsum(inputs, filled(einsum.output, max(ranks, default=0)))


def _wrong_rank(group: Group, shape: Declared) -> EinError:
    count = len([label for label in group.labels if label != "..."])
    return EinShapeError(
        "E0902", f"{count} indices for an array with {len(shape.sizes)} axes", labels=[Label(group.span)],
        helps=["an operand has an index for each axis"],
    )  # fmt: skip


def check_sizes(einsum: Einsum, names: Sequence[str], shapes: Sequence[Declared | None]) -> None:
    """Refuse shapes that give one index two sizes; both places are named."""
    known: dict[str, tuple[Size, Span, str]] = {}
    for group, name, shape in zip(einsum.inputs, names, shapes, strict=True):
        if shape is None:
            continue
        if len(shape.sizes) != len(group.labels):
            raise _wrong_rank(group, shape)
        for label, size, span in zip(group.labels, shape.sizes, group.spans, strict=True):
            if size is None:
                continue
            before = known.setdefault(label, (size, span, name))
            if before[0] != size:
                raise EinShapeError(
                    "E0902", f"`{label}` is {before[0]} in `{before[2]}` but {size} in `{name}`",
                    labels=[Label(span, str(size)), Label(before[1], str(before[0]))],
                    helps=["an index has one size; NumPy's broadcasting of an axis of length 1 has no counterpart"],
                )  # fmt: skip


def equation(einsum: Einsum, names: Sequence[str], result: str, reduction: str = "sum") -> str:
    """One line of the language, with every sum written out."""
    factors = [name + subscript(group.labels) for name, group in zip(names, einsum.inputs, strict=True)]
    given = dict.fromkeys(label for group in einsum.inputs for label in group.labels)
    bound = [label for label in given if label not in einsum.output.labels]
    body = " ".join(factors)
    left = result + subscript(einsum.output.labels)
    if not bound:
        return f"{left} = {body}"
    inside = "_{" + ",".join(bound) + "}"
    return f"{left} = sum{inside} {body}" if reduction == "sum" else f"{left} = {reduction}{inside}({body})"


def subscript(labels: Sequence[str]) -> str:
    """`_ij`, `_{batch,k}`, or nothing."""
    if all(re.fullmatch(r"[^\W\d_][0-9]*", label) for label in labels):
        return "_" + "".join(labels) if labels else ""
    return "_{" + ",".join(labels) + "}"


def shape_lines(names: Sequence[str], declared: Mapping[str, Declared | None]) -> list[str]:
    """`W ∈ R^{3×4}` for each name with a shape that says sizes."""
    lines = []
    for name in dict.fromkeys(names):
        shape = declared.get(name)
        if shape is None or (shape.sizes and None in shape.sizes):
            continue
        sizes = "×".join(map(str, shape.sizes))
        power = f"^{{{sizes}}}" if len(sizes) > 1 else f"^{sizes}" if sizes else ""
        lines.append(f"{name} ∈ R{power}" + (" symmetric" if shape.symmetric else ""))
    return lines


def lines_of(
    einsum: Einsum, operands: Sequence[str], shapes: Mapping[str, Declared], result: str, names: Names
) -> list[str]:
    """The lines of one contraction: what the operands are, and the equation."""
    given = [shapes.get(name) for name in operands]
    whole = expanded(einsum, given)
    check_sizes(whole, operands, given)
    own = [names[name] for name in operands]
    rank = len(whole.output.labels)
    left = names[result] if result else names.free(_results(operands, rank))
    declared = shape_lines(own, dict(zip(own, given, strict=True)))
    return [*declared, equation(whole, own, left)]


def _results(operands: Sequence[str], rank: int) -> list[str]:
    """Names for what has none."""
    if list(operands) == default_names(len(operands)):
        return list(default_names(len(operands) + 5)[len(operands) :])
    return ["Y", "Z", "C", "R"] if rank > 1 else ["y", "z", "c", "r"]


def from_string(text: str, operands: Sequence[str], shapes: Mapping[str, Declared], names: Names) -> list[str]:
    """The lines for a bare einsum string, whose operands have the names that are given."""
    stripped = text.strip()
    einsum = read(stripped, text.index(stripped) if stripped else 0)
    if len(operands) != len(einsum.inputs):
        raise wrong_count(einsum, operands)
    check_used(shapes, operands)
    return lines_of(einsum, operands, shapes, "", names)


def wrong_count(einsum: Einsum, operands: Sequence[str]) -> EinError:
    """The error for more or fewer operands than the string has."""
    wanted = len(einsum.inputs)
    return EinInputError(
        "E0905", f"{len(operands)} {'operand' if len(operands) == 1 else 'operands'} for a string with {wanted}",
        labels=[Label(Span(einsum.inputs[0].span.start, einsum.inputs[-1].span.end), f"{wanted} operands")],
        helps=["give a name for each operand, in the order of the string"],
    )  # fmt: skip
