"""The order of steps: who takes little of a large array reads it before who takes much, so that it can go."""

from __future__ import annotations

from collections.abc import Sequence

from einderiv.plan.steps import Step

LARGE = 1 << 24  # bytes from which an array is not kept for a small result that could be made at once


def small_readers_first(steps: Sequence[Step]) -> list[Step]:
    """The steps, those with a small result and a large operand before the next large reader of that operand.

    That one may then be the last reader, which can work in the operand's memory.
    """
    readers: dict[int, list[Step]] = {}
    for step in steps:
        for slot in step.operands:
            readers.setdefault(slot, []).append(step)
    large = {step.result for step in steps if step.bytes >= LARGE}
    ordered: list[Step] = []
    done: set[int] = set()
    for step in steps:
        if step.result in done:
            continue
        if step.result in large:
            for slot in large.intersection(step.operands):
                for other in readers[slot]:
                    small = 8 * other.bytes < step.bytes and other.result not in done
                    if small and done.issuperset(other.operands):
                        ordered.append(other)
                        done.add(other.result)
        ordered.append(step)
        done.add(step.result)
    return ordered
