"""How an expression falls into terms, and a term into factors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from einderiv import syntax as tree


class Factor(NamedTuple):
    """A factor of a term, or a divisor."""

    expression: tree.Expression
    divides: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A term of a bracket: which argument it belongs to, its sign, and whether it stands in a comparison."""

    argument: int
    sign: int
    term: tree.Expression
    compared: bool = False


def terms(expression: tree.Expression) -> tuple[tuple[int, tree.Expression], ...]:
    """The signed terms of a sum; anything else is its own only term."""
    return expression.terms if isinstance(expression, tree.Sum) else ((1, expression),)


def scope_arguments(scope: tree.Expression) -> tuple[tree.Expression, ...]:
    """What is inside a bracket, call, comparison or reduction; a comparison in a call counts as its two sides."""
    match scope:
        case tree.Bracket(body=body) | tree.Reduction(body=tree.Bracket(body=body)) | tree.Reduction(body=body):
            return (body,)
        case tree.Iverson(comparison=comparison):
            return (comparison.left, comparison.right)
        case tree.Call(arguments=(tree.Comparison(left=left, right=right), *others)):
            return (left, right, *others)
        case tree.Call(arguments=arguments):
            return arguments
    raise AssertionError("not reached")


def scope_parts(scope: tree.Expression) -> Iterator[Part]:
    """The terms of a bracket; all arguments of a function, and both sides of a comparison, are terms of one."""
    sides = 0
    if isinstance(scope, tree.Iverson):
        sides = 2
    elif isinstance(scope, tree.Call) and scope.arguments and isinstance(scope.arguments[0], tree.Comparison):
        sides = 2
    for position, argument in enumerate(scope_arguments(scope)):
        for sign, term in terms(argument):
            yield Part(position, sign, term, position < sides)


def comparison_of(scope: tree.Expression) -> tree.Comparison | None:
    """The comparison whose sides are the first two arguments of a scope."""
    match scope:
        case tree.Iverson(comparison=comparison) | tree.Call(arguments=(tree.Comparison() as comparison, *_)):
            return comparison
        case _:
            return None


def factors_of(term: tree.Expression) -> tuple[int, list[Factor]]:
    """The sign and the factors of a term; a sign within a product goes outside."""
    sign, factors = 1, []
    pending = [Factor(term)]
    while pending:
        factor = pending.pop()
        match factor.expression:
            case tree.Sum(terms=((own, only),)):
                sign *= own
                pending.append(Factor(only, factor.divides))
            case tree.Product(factors=inner) if not factor.divides:
                pending.extend(Factor(each, divides) for each, divides in reversed(inner))
            case _:
                factors.append(factor)
    return sign, factors


def literal(expression: tree.Expression) -> float | None:
    """The value of a number with or without a sign or brackets."""
    sign = 1.0
    while True:
        match expression:
            case tree.Number(value=value):
                return sign * value
            case tree.Sum(terms=((own, only),)):
                sign, expression = sign * own, only
            case tree.Bracket(body=body):
                expression = body
            case _:
                return None


def times(factor: Factor) -> int:
    """How many factors a factor counts as in a term of the equation: a literal integer power ≥ 2 as that many."""
    if factor.divides or not isinstance(factor.expression, tree.Power):
        return 1
    exponent = literal(factor.expression.exponent)
    return int(exponent) if exponent is not None and exponent >= 2 and exponent == int(exponent) else 1


def repeated_power(power: tree.Power) -> int | None:
    """The exponent of a power that is a short product: 2, 3, or one over these."""
    exponent = literal(power.exponent)
    return int(exponent) if exponent in (1.0, 2.0, 3.0, -1.0, -2.0, -3.0) else None


def tensors_of(derivative: tree.Derivative) -> tuple[tree.Tensor, ...]:
    """The tensors of a derivative in order: the one on top, unless that is a bracket, and those below."""
    top = () if isinstance(derivative.top, tree.Bracket) else (derivative.top,)
    return (*top, *derivative.below)
