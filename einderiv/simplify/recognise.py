"""Formulas that lose digits as written, and what they are: named identities, each true for all real arguments.

A rule takes a node whose parts are already in the form it looks for, and returns the node itself when nothing applies.
Each one ends, because it takes away an `exp`, a `log` or a root and never adds one.  The numbers are those of the
stable function: log(1 + exp(x)) at 1000 is 1000, and its slope is 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from einderiv.ir import (
    Add,
    Axiswise,
    Einsum,
    Map,
    Node,
    Spread,
    apply,
    axiswise,
    einsum,
    lay,
    number,
    reduce,
    rewrite,
    scale,
)

Factor = tuple[Node, tuple[int, ...]]


def recognise(nodes: Iterable[Node], known: dict[Node, Node] | None = None) -> list[Node]:
    """`nodes` with every formula of `RULES` replaced by what it is; `known` remembers, as in `rewrite`."""

    def rule(node: Node) -> Node:
        for identity in RULES:
            changed = identity(node)
            if changed is not node:
                return rule(changed)
        return node

    return rewrite(nodes, rule, known)


def log_sum_exp(node: Node) -> Node:
    """log Σ_c exp(a_c) = logsumexp_c(a_c)."""
    match node:
        case Map("log", (Einsum((Map("exp", (a,)),), (labels,), output),)) if len(set(labels)) == len(labels):
            return reduce("logsumexp", a, [axis for axis, label in enumerate(labels) if label not in output])
        case _:
            return node


def quotient_of_exp(node: Node) -> Node:
    """exp(a_k) / Σ_c exp(a_c) = softmax_k(a_k)."""
    if not isinstance(node, Einsum):
        return node
    factors = list(zip(node.operands, node.subscripts, strict=True))
    for place, (top, labels) in enumerate(factors):
        for other, (bottom, below) in enumerate(factors):
            match top, bottom:
                case Map("exp", (a,)), Map("reciprocal", (Einsum((summand,), (axes,), kept),)) if summand is top:
                    summed = [axis for axis, label in enumerate(axes) if label not in kept]
                    around = tuple(label for axis, label in enumerate(labels) if axis not in summed)
                    if len(set(axes)) == len(axes) and len(summed) == 1 and around == below:
                        rest = _without(factors, place, other)
                        return einsum([(axiswise("softmax", a, summed[0]), labels), *rest], node.output)
    return node


def log_of_softmax(node: Node) -> Node:
    """log softmax_k(a_k) = logsoftmax_k(a_k), and exp of it back."""
    match node:
        case Map("log", (Axiswise("softmax", a),)):
            return axiswise("logsoftmax", a, len(a.axes) - 1)
        case Map("exp", (Axiswise("logsoftmax", a),)):
            return axiswise("softmax", a, len(a.axes) - 1)
        case Map("log", (Map("exp", (a,)),)):
            return a
        case _:
            return node


def softplus(node: Node) -> Node:
    """log(1 + exp(x)) = log1p(exp(x)) = softplus(x)."""
    match node:
        case Map("log", (argument,)) if (x := _one_plus_exp(argument)) is not None:
            return apply("softplus", x)
        case Map("log1p", (Map("exp", (x,)),)):
            return apply("softplus", x)
        case _:
            return node


def sigmoid(node: Node) -> Node:
    """1 / (1 + exp(-x)) = sigmoid(x)."""
    match node:
        case Map("reciprocal", (argument,)) if (x := _one_plus_exp(argument)) is not None:
            return apply("sigmoid", scale(x, -1.0))
        case _:
            return node


def quotient_of_one_plus_exp(node: Node) -> Node:
    """exp(x) sigmoid(-x) = exp(x) / (1 + exp(x)) = sigmoid(x)."""
    if not isinstance(node, Einsum):
        return node
    factors = list(zip(node.operands, node.subscripts, strict=True))
    for place, (top, labels) in enumerate(factors):
        for other, (bottom, below) in enumerate(factors):
            match top, bottom:
                case Map("exp", (x,)), Map("sigmoid", (z,)) if labels == below and z is scale(x, -1.0):
                    rest = _without(factors, place, other)
                    return einsum([(apply("sigmoid", x), labels), *rest], node.output)
    return node


def log_of_sigmoid(node: Node) -> Node:
    """log sigmoid(x) = -softplus(-x)."""
    match node:
        case Map("log", (Map("sigmoid", (x,)),)):
            return scale(apply("softplus", scale(x, -1.0)), -1.0)
        case _:
            return node


def norm(node: Node) -> Node:
    """sqrt(Σ_i x_i x_i) = norm_i(x_i), whose gradient at 0 is taken as 0."""
    match node:
        case Map("sqrt", (Einsum((x, y), (labels, others), output),)) if x is y and labels == others:
            summed = [axis for axis, label in enumerate(labels) if label not in output]
            return reduce("norm", x, summed) if summed and len(set(labels)) == len(labels) else node
        case _:
            return node


def _without(factors: Sequence[Factor], *places: int) -> list[Factor]:
    """The factors at other places."""
    return [factor for place, factor in enumerate(factors) if place not in places]


def _one_plus_exp(node: Node) -> Node | None:
    """x for 1 + exp(x), else None."""
    match node:
        case Add((one, other)) if number(one) == 1.0:
            return _exponent(other)
        case Add((other, one)) if number(one) == 1.0:
            return _exponent(other)
        case _:
            return None


def _exponent(node: Node) -> Node | None:
    """x for exp(x), whatever the order of the axes, else None."""
    match node:
        case Map("exp", (x,)):
            return x
        case Spread(core=Map("exp", (x,)), placing=placing, ties=ties, coefficient=1.0, shape=shape) if not node.tied:
            return lay(x, placing, ties, 1.0, shape)
        case _:
            return None


RULES = (
    log_sum_exp,
    quotient_of_exp,
    log_of_softmax,
    softplus,
    sigmoid,
    quotient_of_one_plus_exp,
    log_of_sigmoid,
    norm,
)
