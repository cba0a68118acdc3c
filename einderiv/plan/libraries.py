"""What a plan takes in libraries where nothing is a strided view, written in place or done in blocks: PyTorch and JAX.

The amounts are those of their allocators: `torch.einsum` copies an operand that is no stack of matrices as it lies in
memory, XLA both operands of a product of more than matrices, and the result where its axes stand otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from math import prod

from einderiv.plan.access import At, Line, Locate, Pad, Place, Read, Write, labels_of
from einderiv.plan.costs import costs
from einderiv.plan.steps import (
    Apply,
    Combine,
    Contract,
    Count,
    Fill,
    Fold,
    Load,
    Permutation,
    Plan,
    Scan,
    Solve,
    Step,
    View,
    last_uses,
    peak,
)

Labels = Sequence[int]
WORK = {"reciprocal": 1, "sech_squared": 4, "gaussian": 5}  # arrays more than in NumPy, which reuses its temporaries
INTEGER = 8  # bytes of a position


@lru_cache(maxsize=256)
def peak_without_blocks(plan: Plan, library: str) -> int:
    """The most bytes that a plan takes in a library where no step is a strided view, in place, or in blocks."""
    steps = []
    for step in plan.steps:
        elements = prod(step.shape)
        taken = 0 if _is_view(step, library) else elements * plan.itemsize
        workspace = _workspace(step, [plan.steps[slot] for slot in step.operands], plan.itemsize, library)
        steps.append(replace(step, bytes=taken, workspace=workspace))
    return peak(steps, last_uses(steps, plan.outputs, ()))


def _is_view(step: Step, library: str) -> bool:
    """Whether a step makes no array; only in PyTorch an array may have its axes in another order in memory."""
    match step.operation:
        case Load():
            return True
        case View(placing=placing):
            return library == "torch" or [*placing] == sorted({*placing})
        case Contract(views=True):
            return library == "torch"
        case _:
            return False


def _workspace(step: Step, sources: Sequence[Step], itemsize: int, library: str) -> int:
    """The bytes that a step takes besides its result."""
    elements = prod(step.shape)
    read = sum(prod(source.shape) for source in sources)
    _, known = costs(step.operation, sources, elements)
    match step.operation:
        case Contract() as contract:
            return _copied(contract, sources, elements, library) * itemsize
        case Combine(terms=(term,)):
            return elements * itemsize if term.tied or term.coefficient != 1.0 else 0
        case Combine():  # the sum so far, the next term with its number (turned, if that is no view), both together
            return (2 if library == "torch" else 3) * elements * itemsize
        case Apply(function=name):
            return max(known, WORK.get(name, 0) * elements) * itemsize
        case Fold(function=name):
            return (known + (read if name == "argmin" else read // 16)) * itemsize
        case Scan():
            return (known + elements + elements // 8) * itemsize
        case Fill() | Count() | Permutation():
            return 2 * elements * itemsize
        case Pad():
            return 2 * elements * itemsize
        case Solve():
            return (known + elements + read) * itemsize
        case Read() | Write() | Locate() as access:
            return _of_access(access, sources, elements, itemsize)
        case _:
            return known * itemsize


def _of_access(access: Read | Write | Locate, sources: Sequence[Step], elements: int, itemsize: int) -> int:
    """The bytes that reading and writing takes: positions as arrays, and for a write its result twice more."""
    match access:
        case Read(places=places, lengths=lengths):
            chosen = elements * (itemsize + 1) if any(_may_miss(place) for place in places) else 0
            return chosen + _positions(places, lengths)
        case Write(places=places, lengths=lengths):
            full = prod(lengths)
            missing = any(isinstance(place, Line) or _may_miss(place) for place in places)
            longer = 2 * (elements + 1) + prod(sources[0].shape)
            return longer * itemsize + full * (itemsize + (3 if missing else 2) * INTEGER) + _positions(places, lengths)
        case Locate():
            return 2 * elements * INTEGER


def _may_miss(place: Place) -> bool:
    return isinstance(place, At) and place.loose


def _positions(places: Sequence[Place], lengths: Sequence[int]) -> int:
    """The bytes of the positions along each axis, made by NumPy and handed over."""
    return sum(2 * INTEGER * prod(lengths[label] for label in labels_of(place)) for place in places)


def _copied(contract: Contract, sources: Sequence[Step], elements: int, library: str) -> int:
    """The elements of operands, and of the result, that are copied on the way to a product of matrices."""
    if not contract.summed:
        return 0
    if len(contract.subscripts) == 1:
        return elements
    left, right = contract.subscripts
    batch = [label for label in contract.output if label in left and label in right]
    summed = [label for label in left if label not in contract.output]
    one, two = ([x for x in contract.output if x in labels and x not in batch] for labels in (left, right))
    if library == "torch":
        return sum(
            _copied_by_torch(labels, (batch, own, summed), source)
            for labels, own, source in zip((left, right), (one, two), sources, strict=True)
        )
    if (not one and not two and left == right) or (contract.output and not batch and max(len(left), len(right)) < 3):
        return 0  # a sum of products as they lie there, or a product of two matrices, either of them turned
    total = 0 if [*contract.output] == [*batch, *one, *two] else elements
    total += 0 if [*left] == [*batch, *one, *summed] else prod(sources[0].shape)
    return total + (0 if [*right] == [*batch, *summed, *two] else prod(sources[1].shape))


def _copied_by_torch(labels: Labels, groups: Sequence[Labels], source: Step) -> int:
    """The elements of an operand that are copied: all of one that is no stack; one matrix where the stack lies last."""
    if not _is_stack(labels, groups, source):
        return prod(source.shape)
    batch = [length for label, length in zip(labels, source.shape, strict=True) if label in groups[0]]
    return prod(source.shape) // max(prod(batch), 1) if batch and labels[-1] in groups[0] else 0


def _is_stack(labels: Labels, groups: Sequence[Labels], source: Step) -> bool:
    """Whether an operand is a stack of matrices as it lies in memory, each group of labels one axis of it.

    An input counts as C-contiguous; of what is computed on the way the layout is not known.
    """
    if len({*labels}) < len(labels):
        return False
    if not isinstance(source.operation, Load):
        return all(len(group) <= 1 for group in groups)
    place = {label: position for position, label in enumerate(labels)}
    return all(place[two] == place[one] + 1 for group in groups for one, two in pairwise(group))
