"""What a step costs, in floating-point operations and in memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from einderiv.plan.access import Match, Read, Write
from einderiv.plan.steps import Apply, Cholesky, Combine, Contract, Factorise, Fold, Operation, Scan, Solve

ONE_PASS = frozenset("exp log sqrt abs sign reciprocal sin cos tan sinh cosh tanh log1p expm1 relu max min".split())


def costs(operation: Operation, operands: Sequence[tuple[int, ...]], elements: int) -> tuple[int, int]:
    """The floating-point operations of a step, and the elements of memory it needs besides its result."""
    read = sum(prod(shape) for shape in operands)
    match operation:
        case Contract(subscripts=subscripts):
            lengths = {
                label: length
                for labels, shape in zip(subscripts, operands, strict=True)
                for label, length in zip(labels, shape, strict=True)
            }
            products = prod(lengths.values())
            if len(subscripts) == 1:
                return (products if operation.summed else 0), 0
            if operation.mirror:
                return products, read
            return (2 * products, read) if operation.summed else (products, 0)
        case Combine(terms=terms):
            scales = sum(term.coefficient != 1.0 for term in terms)
            return (len(terms) - 1 + scales) * elements, elements if len(terms) > 1 else 0
        case Apply(function=function):
            return elements, 0 if function in ONE_PASS else 3 * elements
        case Fold(function=function, count=count):
            copies = 2 if function in ("logsumexp", "norm") else 0
            return read, (copies + (count > 1)) * read
        case Scan():
            return 3 * elements, 2 * elements
        case Read() | Match():
            return 0, 0 if isinstance(operation, Read) and operation.views else elements
        case Write():
            return prod(operands[0]), 0
        case Factorise():
            return 2 * elements * (operands[0][-1] if elements else 0) // 3, 0
        case Solve(function="inv"):
            return 4 * elements * operands[0][-1] // 3, elements
        case Solve(function="solve"):
            return 2 * elements * operands[0][-1], elements
        case Cholesky():
            return elements * operands[0][-1] // 3, elements
        case _:
            return 0, 0
