"""A plan as a picture: the tree of its contractions, or more generally the graph of its steps, with what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from einderiv.pictures import Edge, Kind, Picture, Vertex
from einderiv.plan.amounts import memory, operations

if TYPE_CHECKING:
    from einderiv.plan.steps import Plan, Step


def picture(plan: Plan, titles: Sequence[str]) -> Picture:
    """Each step with its floating-point operations and memory, the costliest one stressed; shapes on the edges.

    `titles` are what the results are called, in their order.
    """
    most = max((step.flops for step in plan.steps), default=0)
    costliest = next((step.result for step in plan.steps if step.flops == most and most), None)
    inputs = set(plan.inputs)
    vertices = [_vertex(step, inputs, step.result == costliest) for step in plan.steps]
    edges = [
        Edge(slot, step.result, " ".join(filter(None, (letters, _shape(plan.steps[slot].shape)))))
        for step in plan.steps
        for slot, letters in zip(step.operands, _subscripts(step), strict=True)
    ]
    named = titles if len(titles) == len(plan.outputs) else ["result"] * len(plan.outputs)
    for title, slot in zip(named, plan.outputs, strict=True):
        edges.append(Edge(slot, len(vertices), _shape(plan.steps[slot].shape)))
        vertices.append(Vertex(title, Kind.DERIVATIVE if title.startswith("∂") else Kind.OUTPUT))
    total = f"{operations(plan.flops) or 'no'} FLOPs\nat most {memory(plan.peak_bytes) or '0 B'} at once"
    return Picture([*vertices, Vertex(total, Kind.SYMBOL)], edges)


def _vertex(step: Step, inputs: set[str], costliest: bool) -> Vertex:
    if not step.operands:
        return Vertex(step.what, Kind.INPUT if step.what in inputs else Kind.SYMBOL)
    costs = [f"{operations(step.flops)} FLOPs" if step.flops else "", memory(step.bytes)]
    lines = [f"#{step.result}  {_what(step)}", ", ".join(filter(None, costs)), "costliest" if costliest else ""]
    return Vertex("\n".join(filter(None, lines)), Kind.STRESSED if costliest else Kind.OPERATION)


def _what(step: Step) -> str:
    """The operation, without the operands where they stand behind it: the edges show them."""
    words, _, operands = step.what.rpartition("   ")
    if step.what == f"#{step.operands[0]}":
        return "copy"
    return words if words and operands.startswith("#") else step.what


def _subscripts(step: Step) -> Sequence[str]:
    """The letters of each operand where the step is written with letters, `ij` and `jk` of `ij,jk->ik`."""
    before, arrow, _ = _what(step).removeprefix("view ").partition("->") if step.operands else ("", "", "")
    parts = before.split(",")
    return parts if arrow and len(parts) == len(step.operands) else [""] * len(step.operands)


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))
