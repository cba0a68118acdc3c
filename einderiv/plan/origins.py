"""From which inputs the steps of a plan are made, and which of their axes each axis is: for messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from einderiv.plan.access import At, Match, Place, Read, Write
from einderiv.plan.hoist import HoistedPlan
from einderiv.plan.steps import Combine, Contract, Load, Plan, Step, View

Axis = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a step is made of: the names of inputs, and for each axis an input with an axis that it is, if known."""

    inputs: tuple[str, ...]
    axes: tuple[Axis | None, ...]


def origins(plan: Plan) -> list[Origin]:
    """The origin of each step.

    >>> from einderiv.ir import Dim, Input, einsum
    >>> from einderiv.plan import plan
    >>> i, j, k = (Dim(name) for name in "IJK")
    >>> product = einsum([(Input("A", (i, j)), "ij"), (Input("B", (j, k)), "jk")], "ik")
    >>> origins(plan([product], {i: 2, j: 3, k: 4}))[-1]
    Origin(inputs=('A', 'B'), axes=(('A', 0), ('B', 1)))
    """
    found: list[Origin] = []
    kept = _kept(plan)
    for step in plan.steps:
        if isinstance(step.operation, Load):
            name = step.operation.name
            found.append(kept.get(name, Origin((name,), tuple((name, axis) for axis in range(len(step.shape))))))
            continue
        parts = [(found[slot].axes, plan.steps[slot].shape) for slot in step.operands]
        names = dict.fromkeys(name for slot in step.operands for name in found[slot].inputs)
        found.append(Origin(tuple(names), tuple(_axes(step, parts))))
    return found


def labelled(contraction: Contract, parts: Sequence[Origin]) -> dict[int, Axis | None]:
    """The axis that each label of a contraction is, from the origins of its operands."""
    labels: dict[int, Axis | None] = {}
    for subscript, part in zip(contraction.subscripts, parts, strict=True):
        for label, axis in zip(subscript, part.axes, strict=True):
            labels[label] = labels.get(label) or axis
    return labels


def _kept(plan: Plan) -> dict[str, Origin]:
    """What is kept between calls, by the names under which the steps of a call load it."""
    if not isinstance(plan, HoistedPlan) or plan.once is None:
        return {}
    before = origins(plan.once)
    return {name: before[slot] for name, slot in zip(plan.kept, plan.once.outputs, strict=True)}


Part = tuple[tuple[Axis | None, ...], tuple[int, ...]]
"""The axes of an operand as those of inputs, and its shape."""


def _axes(step: Step, parts: Sequence[Part]) -> list[Axis | None]:
    """The axes of what a step makes."""
    match step.operation:
        case Contract(subscripts=subscripts, output=output):
            return _found(output, zip(subscripts, parts, strict=True), step.shape)
        case Read(places=places, output=output):
            return _found(output, _read(places, parts), step.shape)
        case Match(left=left, right=right, output=output):
            sides = [side for side in (left, right) if isinstance(side, At)]
            return _found(output, [(side.labels, parts[side.operand]) for side in sides], step.shape)
        case Write(places=places, source=source, onto=onto):
            base = parts[1][0] if onto else [None] * len(step.shape)
            plain = [place if isinstance(place, int) else -1 for place in places]
            found = _found(plain, [(source, parts[0]), *_looked(places, parts)], step.shape)
            return [own or below for own, below in zip(found, base, strict=True)]
        case Combine(terms=terms):
            return _found(range(len(step.shape)), zip([term.placing for term in terms], parts, strict=True), step.shape)
        case View(placing=placing):
            return _found(range(len(step.shape)), [(placing, parts[0])], step.shape)
        case _:  # element by element, or along the last axes
            return _found(range(len(step.shape)), [(range(len(part[0])), part) for part in parts], step.shape)


def _read(places: Sequence[Place], parts: Sequence[Part]) -> list[tuple[Sequence[int], Part]]:
    """The labels on the axes of what is read, and of the positions at which it is."""
    plain = [place if isinstance(place, int) else -1 for place in places]
    return [(plain, parts[0]), *_looked(places, parts)]


def _looked(places: Sequence[Place], parts: Sequence[Part]) -> list[tuple[Sequence[int], Part]]:
    """The labels on the axes of positions that operands hold."""
    return [(place.labels, parts[place.operand]) for place in places if isinstance(place, At)]


def _found(
    output: Sequence[int], labelled: Iterable[tuple[Sequence[int], Part]], shape: Sequence[int]
) -> list[Axis | None]:
    """For each label of a result the first axis that has it, and is no shorter; -1 is no label."""
    known: dict[tuple[int, int], Axis] = {}
    for labels, (axes, lengths) in labelled:
        for label, axis, length in zip(labels, axes, lengths, strict=False):
            if axis is not None and label >= 0:
                known.setdefault((label, length), axis)
    return [known.get((label, length)) for label, length in zip(output, shape, strict=True)]
