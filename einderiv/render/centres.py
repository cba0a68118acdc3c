"""Sums g - Σ_q p_q g_q with the probabilities p of a softmax, whose mean is taken away twice, as a run does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from einderiv.ir import Axiswise, Einsum, Node, Spread
from einderiv.render.layouts import Parts


@dataclass(frozen=True, slots=True)
class Taken:
    """A `mean`, which operand of it is the other term, the label of each axis of the sum, and where its own go."""

    mean: Einsum
    place: int
    labels: tuple[int, ...]
    placing: tuple[int, ...]


def mean_taken(terms: Sequence[Node], parts: Parts) -> Taken | None:
    """The mean that is taken away from the other term of a sum.

    `parts` has for a product of more operands the products of two that lead to it.  See `einderiv.run.centres`.
    """
    if len(terms) != 2:
        return None
    for values, less in (terms, terms[::-1]):
        core, order = _turned(values)
        if isinstance(less, Spread) and less.coefficient == -1.0 and not less.tied:
            mean = parts.get(less.core, (less.core,))[-1]
            if isinstance(mean, Einsum) and len(mean.operands) == 2 and core in mean.operands:
                place = mean.operands.index(core)
                labels = tuple(mean.subscripts[place][axis] for axis in order)
                if len(labels) == len(values.axes) and _is_mean(mean, 1 - place):
                    return Taken(mean, place, labels, less.placing)
    return None


def _turned(node: Node) -> tuple[Node, tuple[int, ...]]:
    """What a node is but for the order of its axes, and which axis of that each of its axes is."""
    if isinstance(node, Spread) and node.coefficient == 1.0 and sorted(node.placing) == [*range(len(node.axes))]:
        return node.core, tuple(node.placing.index(axis) for axis in range(len(node.axes)))
    return node, tuple(range(len(node.axes)))


def _is_mean(mean: Einsum, place: int) -> bool:
    """Whether a product is summed along the axis along which the softmax at `place` is 1, and along no other."""
    operand, labels = mean.operands[place], mean.subscripts[place]
    if not isinstance(operand, Axiswise) or operand.function != "softmax" or len({*labels}) < len(labels):
        return False
    return mean.dims.keys() - {*mean.output} == {labels[-1]}
