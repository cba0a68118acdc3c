"""Walks over the graph; none of them recurses, so depth is no limit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence

from einderiv.ir.applied import algebra, apply, axiswise, reduce
from einderiv.ir.build import add, einsum, lay, select
from einderiv.ir.nodes import (
    Add,
    Algebra,
    Axiswise,
    Derivative,
    Einsum,
    Map,
    Node,
    Reduce,
    Selection,
    Spread,
    children,
)

Rule = Callable[[Node], Node]


def topological(roots: Iterable[Node], stop: Container[Node] = ()) -> list[Node]:
    """The nodes below `roots`, each once and after its children; nothing below a node of `stop` is visited."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [*roots]
    stack.reverse()
    while stack:
        node = stack.pop()
        if node is None:  # what is below the node under it is done
            order.append(stack.pop())  # type: ignore[arg-type]  # no None lies under None
        elif node not in seen:
            seen.add(node)
            if node.parts and node not in stop:
                stack += (node, None, *reversed(node.parts))
            else:
                order.append(node)
    return order


def dependents(roots: Iterable[Node], leaves: Collection[Node]) -> set[Node]:
    """The nodes below `roots` that depend on one of `leaves`, these included."""
    found: set[Node] = set()
    for node in topological(roots):
        if node in leaves or any(child in found for child in children(node)):
            found.add(node)
    return found


def rewrite(roots: Iterable[Node], rule: Rule, known: dict[Node, Node] | None = None) -> list[Node]:
    """`roots` with `rule` applied to every node, children first; a node whose parts stay the same stays itself.

    `known` remembers what nodes became, so that a graph that grows is not walked again from the start.
    """
    roots = list(roots)
    made = {} if known is None else known
    for node in topological(roots, stop=made):
        if node not in made:
            made[node] = found = rule(rebuild(node, [made[child] for child in node.parts]))
            made.setdefault(found, found)
    return [made[root] for root in roots]


def substitute(roots: Iterable[Node], replacements: Mapping[Node, Node]) -> list[Node]:
    """`roots` with nodes replaced; the replacements themselves are not searched."""
    roots = list(roots)
    made: dict[Node, Node] = dict(replacements)
    for node in topological(roots, stop=replacements.keys()):
        if node not in made:
            made[node] = rebuild(node, [made[child] for child in node.parts])
    return [made[root] for root in roots]


def rebuild(node: Node, parts: Sequence[Node]) -> Node:
    """`node` with other children; itself if they are the same."""
    if node.parts == tuple(parts):
        return node
    match node:
        case Spread(placing=placing, ties=ties, coefficient=coefficient, shape=shape):
            return lay(parts[0], placing, ties, coefficient, shape)
        case Einsum(subscripts=subscripts, output=output):
            return einsum(list(zip(parts, subscripts, strict=True)), output)
        case Add():
            return add(parts)
        case Map(function=function):
            return apply(function, *parts)
        case Reduce(function=function, argument=argument, count=count):
            rank = len(argument.axes)
            return reduce(function, parts[0], range(rank - count, rank))
        case Axiswise(function=function, argument=argument):
            return axiswise(function, parts[0], len(argument.axes) - 1)
        case Algebra(function=function):
            return algebra(function, *parts)
        case Selection(dim=dim, strict=strict):
            return select(parts[0], dim, strict=strict)
        case Derivative(below=below):
            return Derivative(parts[0], below)
        case _:
            return node
