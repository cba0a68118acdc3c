"""The builders of functions: of elements, of whole axes, and reductions."""

from __future__ import annotations

from collections.abc import Collection

from einderiv.ir.build import constant, einsum, lay, number, restricted, scale, used_axes
from einderiv.ir.nodes import ONE, Algebra, Axiswise, Constant, Map, Node, Reduce, Spread


def apply(function: str, *arguments: Node) -> Node:
    """An elementwise function of arguments with equal axes, computed only over the axes that one of them uses."""
    axes = arguments[0].axes
    used = sorted(set().union(*(used_axes(argument) for argument in arguments)))
    if len(used) < len(axes):
        inner = apply(function, *(restricted(argument, used) for argument in arguments))
        return einsum([(inner, used)], range(len(axes)), dims=dict(enumerate(axes)))
    if function == "square":
        return _power_of(arguments[0], 2)
    if function == "pow" and (exponent := number(arguments[1])) is not None:
        return _power(arguments[0], exponent)
    if function == "reciprocal":
        return _reciprocal(arguments[0])
    if len(arguments) == 1 and isinstance(spread := arguments[0], Spread) and _transposes(spread):
        inner = Map(function, (scale(spread.core, spread.coefficient),))
        return einsum([(inner, spread.placing)], range(len(axes)))
    return Map(function, arguments)


def _transposes(spread: Spread) -> bool:
    """Whether a spread only changes the order of its core's axes (and scales)."""
    return not spread.tied and len(spread.placing) == len(spread.shape) and set(spread.placing) == set(spread.ties)


def _power(base: Node, exponent: float) -> Node:
    """x^p for a number p: small integer powers are products."""
    if exponent in (0.0, 1.0, 2.0, 3.0):
        return _power_of(base, int(exponent))
    if exponent in (-1.0, -2.0, -3.0):
        return _power_of(apply("reciprocal", base), int(-exponent))
    if exponent == 0.5:
        return apply("sqrt", base)
    power = lay(constant(exponent), (), range(len(base.axes)), 1.0, base.axes)
    return Map("pow", (base, power))


def _power_of(base: Node, count: int) -> Node:
    """x · x · …"""
    axes = range(len(base.axes))
    return einsum([(base, axes)] * count, axes, dims=dict(enumerate(base.axes)))


def _reciprocal(node: Node) -> Node:
    """1/x, with 1/(c x) = (1/c) (1/x)."""
    match node:
        case Constant(value=value):
            return constant(1.0 / value)
        case Spread(core=core, placing=placing, tied=False, coefficient=coefficient) if core is ONE or _transposes(
            node
        ):
            axes = range(len(node.axes))
            return einsum([(apply("reciprocal", core), placing)], axes, 1.0 / coefficient, dict(enumerate(node.axes)))
        case _:
            return Map("reciprocal", (node,))


def reduce(function: str, node: Node, axes: Collection[int]) -> Node:
    """`function` (max, min, prod, logsumexp, norm) over `axes`; a product over several is one after another."""
    if function == "prod" and len(axes) > 1:
        first, *later = sorted(axes, reverse=True)
        return reduce(function, reduce(function, node, [first]), later)
    kept = [axis for axis in range(len(node.axes)) if axis not in axes]
    unused = [axis for axis in kept if axis not in used_axes(node)]
    if unused:
        rest = [axis for axis in range(len(node.axes)) if axis not in unused]
        inner = reduce(function, restricted(node, rest), [rest.index(axis) for axis in axes])
        labels = [axis for axis in kept if axis not in unused]
        return einsum([(inner, labels)], kept, dims=dict(enumerate(node.axes)))
    return Reduce(function, einsum([(node, range(len(node.axes)))], [*kept, *sorted(axes)]), len(axes))


def axiswise(function: str, node: Node, axis: int) -> Node:
    """`function` (softmax, logsoftmax, cumsum, cumsum_reverse, cofactor) along `axis`."""
    labels = range(len(node.axes))
    others = [label for label in labels if label != axis and label in used_axes(node)]
    kept = sorted([*others, axis])
    inner = node if len(kept) == len(labels) else restricted(node, kept)  # a node with ties uses all its axes
    arranged = einsum([(inner, kept)], [*others, axis])
    return einsum([(Axiswise(function, arranged), [*others, axis])], labels, dims=dict(enumerate(node.axes)))


def algebra(function: str, *arguments: Node) -> Node:
    """Linear algebra on the last two axes of the first argument; see `Algebra`.  inv(inv(A)) is A."""
    match function, arguments:
        case "inv", (Algebra("inv", (matrix,)),):
            return matrix
        case _:
            return Algebra(function, arguments)
