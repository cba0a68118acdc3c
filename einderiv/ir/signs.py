"""What is known of the sign of a value before there is one."""

from __future__ import annotations

from collections import Counter

from einderiv.ir.nodes import (
    ONE,
    Add,
    Axiswise,
    Constant,
    Einsum,
    Map,
    Node,
    Reduce,
    Selection,
    Size,
    Spread,
    Zero,
)

NOT_BELOW_ZERO = frozenset(
    (
        "exp sqrt root_of_one_plus_square cosh sech_squared sigmoid logistic_density softplus relu erfc gaussian abs "
        "less less_equal equal not_equal greater greater_equal"
    ).split()
)
KEEPS_THE_SIGN = frozenset("reciprocal inverse_or_zero expm1 log1p sinh tanh asinh sign floor ceil round".split())
SMALLEST = frozenset({"min", "where"})  # not below zero if all that they choose from is not


def nonnegative(node: Node) -> bool:
    """Whether no element of `node` is below zero, whatever its inputs; where it is NaN this says nothing.

    exp(x) and x x are; x is not; a sum or a product is, where each of its terms or factors is or stands twice.
    """
    pending, seen = [node], set()
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        parts = _suffice(node)
        if parts is None:
            return False
        pending += parts
    return True


def _suffice(node: Node) -> list[Node] | None:
    """The parts that have to be nonnegative for a node to be so; None where nothing says that it is."""
    match node:
        case Constant(value=value):
            return [] if value >= 0 else None
        case Size() | Zero() | Selection() | Axiswise("softmax") | Reduce("norm"):
            return []
        case Map(function=function) if function in NOT_BELOW_ZERO:
            return []
        case Map(function=function, arguments=arguments) if function in KEEPS_THE_SIGN:
            return list(arguments)
        case Map(function=function, arguments=arguments) if function in SMALLEST:
            return list(arguments[-2:])
        case Reduce("max" | "min" | "prod", argument) | Axiswise("cumsum" | "cumsum_reverse" | "cofactor", argument):
            return [argument]
        case Spread(core=core, coefficient=coefficient) if coefficient >= 0:
            return [] if core is ONE else [core]
        case Add(terms=terms):
            return list(terms)
        case Einsum(operands=operands, subscripts=subscripts):
            counts = Counter(zip(operands, subscripts, strict=True))
            return [operand for (operand, _), count in counts.items() if count % 2]
        case _:
            return None
