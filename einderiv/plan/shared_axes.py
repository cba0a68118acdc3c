"""Axes that steps share: one index of the user's, such as the samples n, in all arrays that have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from einderiv.plan.access import At, Line, Match, Read, Write
from einderiv.plan.steps import Apply, Combine, Contract, Fold, Operation, Real, Scan, Step, View

Axis = tuple[int, int]  # of a slot, its place
Axes = Mapping[int, int]  # for each slot that has an index, the axis that it is


def joined(steps: Sequence[Step]) -> list[Axes]:
    """The indices along which steps can run: each is one axis of every array that has it, and longer than 1."""
    parent: dict[Axis, Axis] = {(step.result, k): (step.result, k) for step in steps for k in range(len(step.shape))}

    def root(axis: Axis) -> Axis:
        while parent[axis] != axis:
            parent[axis] = axis = parent[parent[axis]]
        return axis

    for step in steps:
        for one, other in _same(step, steps):
            parent[root(one)] = root(other)
    groups: dict[Axis, dict[int, int]] = {}
    twice: set[Axis] = set()
    for slot, k in parent:
        first = root((slot, k))
        if slot in groups.setdefault(first, {}):
            twice.add(first)
        groups[first][slot] = k
    return [axes for first, axes in groups.items() if first not in twice and steps[first[0]].shape[first[1]] > 1]


def runs_along(step: Step, steps: Sequence[Step], axes: Axes) -> bool:
    """Whether a step has a part for each part of an index, the result along it or the sum over it."""
    along = [axes[slot] for slot in step.operands if slot in axes]
    match step.operation:
        case Contract(subscripts=subscripts, output=output, mirror=mirror):
            pairs = zip(step.operands, subscripts, strict=True)
            labels = {names[axes[slot]] for slot, names in pairs if slot in axes}
            turned = {label for pair in mirror for label in pair}
            return len(labels) == 1 and labels.isdisjoint(turned) and (step.result in axes or labels.isdisjoint(output))
        case Combine() | Apply() | View() | Real():
            return bool(step.operands) and step.result in axes
        case Fold(count=count):
            return bool(along) and step.result in axes and along[0] < len(steps[step.operands[0]].shape) - count
        case Scan():
            return bool(along) and step.result in axes and along[0] < len(step.shape) - 1
        case Read() | Match() | Write() as access:
            labels = _labels_along(step, axes)
            reckoned = {label for place in _places(access) if isinstance(place, Line) for label in place.labels}
            summed = isinstance(access, Write) and not access.onto and labels.isdisjoint(access.places)
            return len(labels) == 1 and labels.isdisjoint(reckoned) and (step.result in axes or summed)
        case _:
            return False


def part(step: Step, axes: Axes, length: int) -> Operation:
    """The operation of a step on a part of an index, of this length."""
    if not isinstance(step.operation, Read | Match | Write):
        return step.operation
    (along,) = _labels_along(step, axes)
    lengths = tuple(length if label == along else size for label, size in enumerate(step.operation.lengths))
    return replace(step.operation, lengths=lengths)


def _places(access: Read | Match | Write) -> Sequence[int | Line | At | None]:
    return (access.left, access.right) if isinstance(access, Match) else access.places


def _labelled(step: Step, access: Read | Match | Write) -> Iterator[tuple[int, Axis]]:
    """The labels of what reads or writes at positions, each with an axis along which it runs."""
    for place in _places(access):
        if isinstance(place, At):
            yield from ((label, (step.operands[place.operand], k)) for k, label in enumerate(place.labels))
    array = step.operands[0] if isinstance(access, Read) else step.result
    if not isinstance(access, Match):
        yield from ((place, (array, k)) for k, place in enumerate(access.places) if isinstance(place, int))
    if isinstance(access, Write):
        yield from ((label, (step.operands[0], k)) for k, label in enumerate(access.source))
    else:
        yield from ((label, (step.result, k)) for k, label in enumerate(access.output))


def _labels_along(step: Step, axes: Axes) -> set[int]:
    """The labels of what reads or writes at positions that are an index."""
    assert isinstance(step.operation, Read | Match | Write)
    return {label for label, (slot, k) in _labelled(step, step.operation) if axes.get(slot) == k}


def _same(step: Step, steps: Sequence[Step]) -> Iterator[tuple[Axis, Axis]]:
    """The axes of operands and result that are one."""
    result = step.result
    match step.operation:
        case Contract(subscripts=subscripts, output=output):
            first: dict[int, Axis] = {}
            for slot, labels in [*zip(step.operands, subscripts, strict=True), (result, output)]:
                for k, label in enumerate(labels):
                    yield (slot, k), first.setdefault(label, (slot, k))
        case View(placing=placing):
            yield from (((step.operands[0], k), (result, axis)) for k, axis in enumerate(placing))
        case Combine(terms=terms):
            for slot, term in zip(step.operands, terms, strict=True):
                yield from _alike(slot, [(k, axis) for k, axis in enumerate(term.placing)], step, steps)
                ties = enumerate(term.ties) if step.shape else ()  # a sum of numbers has no axes to tie
                yield from (((result, axis), (result, tie)) for axis, tie in ties)
        case Apply() | Real() | Scan():
            for slot in step.operands:
                yield from _alike(slot, [(k, k) for k in range(len(steps[slot].shape))], step, steps)
        case Read() | Match() | Write() as access:
            found: dict[int, Axis] = {}
            yield from ((axis, found.setdefault(label, axis)) for label, axis in _labelled(step, access))
            if isinstance(access, Write) and access.onto:
                yield from (((step.operands[1], k), (result, k)) for k in range(len(step.shape)))
        case Fold():
            yield from _alike(step.operands[0], [(k, k) for k in range(len(step.shape))], step, steps)
        case _:
            return


def _alike(
    slot: int, places: Sequence[tuple[int, int]], step: Step, steps: Sequence[Step]
) -> Iterator[tuple[Axis, Axis]]:
    """Those axes of an operand that do not repeat along the axis of the result where they stand."""
    shape = steps[slot].shape
    yield from (((slot, k), (step.result, axis)) for k, axis in places if shape[k] == step.shape[axis])
