"""Elementwise steps on long arrays in chains, which run block by block: what passes between them stays in the cache.

A chain is a row of neighbouring steps of one shape, with sums over all of it.  What only its own steps need is never a
whole array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from math import prod

from einderiv.plan.steps import Apply, Chain, Combine, Contract, Step, Sweep, last_uses, peak, span

BLOCK = 1 << 16  # elements of a block: a few of them fit into the cache
LONG = 1 << 17  # elements from which a chain is worth the calls for each block


def chained(
    steps: tuple[Step, ...], outputs: tuple[int, ...], sweeps: tuple[Sweep, ...], itemsize: int
) -> tuple[tuple[Step, ...], tuple[int, ...], tuple[Sweep, ...], tuple[Chain, ...]]:
    """The steps, those of each chain side by side, behind what has no operands; the results; the sweeps; the chains.

    The steps of sweeps stay as they are.  Where chains would take more memory all is as before.
    """
    groups = _groups(steps, {slot for sweep in sweeps for slot in range(*span(sweep))})
    if not groups:
        return steps, outputs, sweeps, ()
    members = {slot for group in groups for slot in group}
    order = [step.result for step in steps if not step.operands]
    chains: list[Chain] = []
    for step in steps:
        group = next((group for group in groups if group[0] == step.result), None)
        if group is not None:
            chains.append((len(order), len(order) + len(group)))
            order += group
        elif step.operands and step.result not in members:
            order.append(step.result)
    number = {slot: place for place, slot in enumerate(order)}
    inside = _inside(steps, outputs, groups)
    made = [steps[slot] for slot in order]
    kept = [
        replace(
            step,
            operands=tuple(number[slot] for slot in step.operands),
            result=number[step.result],
            bytes=0 if step.result in inside else step.bytes,
            workspace=0 if step.result in members else step.workspace,
        )
        for step in made
    ]
    for first, stop in chains:
        arrays = _arrays(kept[first:stop], [steps[slot].workspace for slot in order[first:stop]], itemsize)
        block = min(BLOCK, prod(kept[first].shape))
        kept[stop - 1] = replace(kept[stop - 1], workspace=arrays * block * itemsize)
    results = tuple(number[slot] for slot in outputs)
    moved = tuple(_moved(sweep, number) for sweep in sweeps)
    before = peak(steps, last_uses(steps, outputs, [*map(span, sweeps)]))
    after = peak(kept, last_uses(kept, results, [*chains, *map(span, moved)]))
    return (tuple(kept), results, moved, tuple(chains)) if after <= before else (steps, outputs, sweeps, ())


def _moved(sweep: Sweep, number: Mapping[int, int]) -> Sweep:
    """A sweep where the slots have other numbers; its steps still stand side by side."""
    first = number[sweep.first]
    sources, results = (tuple((number[slot], axis) for slot, axis in each) for each in (sweep.sources, sweep.results))
    return replace(sweep, first=first, stop=first + sweep.stop - sweep.first, sources=sources, results=results)


def _groups(steps: Sequence[Step], swept: Set[int]) -> list[list[int]]:
    """The steps of each chain: each reads what is there before the first of them, or what is made in the chain."""
    groups: list[list[int]] = []
    taken = {*swept}
    for first in steps:
        if first.result in taken or not _elementwise(first):
            continue
        group, made, read = [first.result], {first.result}, set(first.operands)
        for step in steps[first.result + 1 :]:
            if step.result in taken or not (_elementwise(step) or _sums(step)) or _shape(steps, step) != first.shape:
                continue
            ready = all(slot < first.result or slot in made or not steps[slot].operands for slot in step.operands)
            near = any(slot in made or (slot in read and steps[slot].shape) for slot in step.operands)
            if ready and near:
                group.append(step.result)
                read.update(step.operands)
                if not _sums(step):
                    made.add(step.result)
        if len(group) > 1 and all(_fits(steps, slot, first.shape) for slot in group):
            groups.append(group)
            taken.update(group)
    return groups


def _inside(steps: Sequence[Step], outputs: Sequence[int], groups: Sequence[Sequence[int]]) -> set[int]:
    """What only the steps of its own chain need."""
    home = {slot: number for number, group in enumerate(groups) for slot in group}
    needed = set(outputs) | {step.result for step in steps if not step.shape}
    for step in steps:
        needed.update(slot for slot in step.operands if slot in home and home.get(step.result) != home[slot])
    return home.keys() - needed


def _arrays(chain: Sequence[Step], workspaces: Sequence[int], itemsize: int) -> int:
    """How many arrays of one block a chain needs: for what is passed on, for a step, for exp and 1 + exp."""
    inner = {step.result for step in chain if step.shape and not step.bytes}
    last = {slot: step.result for step in chain for slot in step.operands if slot in inner}
    alive = most = 0
    for step in chain:
        alive += step.result in inner
        most = max(most, alive)
        alive -= sum(use == step.result for use in last.values())
    own = max(-(-taken // (prod(chain[0].shape) * itemsize)) for taken in workspaces)
    return most + own + 2


def _shape(steps: Sequence[Step], step: Step) -> tuple[int, ...]:
    """The shape over which a step goes: that of its result, or of what it sums."""
    return steps[step.operands[0]].shape if _sums(step) else step.shape


def _fits(steps: Sequence[Step], slot: int, shape: tuple[int, ...]) -> bool:
    """Whether all operands of a step have this shape or none."""
    return all(steps[operand].shape in (shape, ()) for operand in steps[slot].operands)


def chainable(steps: Sequence[Step], step: Step) -> bool:
    """Whether a step may stand in a chain."""
    return _elementwise(step) or (_sums(step) and prod(_shape(steps, step)) >= LONG)


def _elementwise(step: Step) -> bool:
    """Whether each element of a long result comes from the same elements of the operands."""
    if prod(step.shape) < LONG:
        return False
    axes = tuple(range(len(step.shape)))
    match step.operation:
        case Apply():
            return True
        case Combine(terms=terms):
            plain = all(term.placing in (axes, ()) and term.ties == axes for term in terms)
            return plain and any(term.placing for term in terms)
        case Contract(subscripts=(_, _) as subscripts, output=output):
            return all(labels in (output, ()) for labels in subscripts)
        case _:
            return False


def _sums(step: Step) -> bool:
    """Whether a step is the sum of all elements of an array, or of the products of those of two."""
    match step.operation:
        case Contract(subscripts=subscripts, output=()):
            first = subscripts[0]
            return len(set(first)) == len(first) > 0 and all(labels == first for labels in subscripts)
        case _:
            return False
