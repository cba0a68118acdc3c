"""Linear algebra as steps, in which all that is asked of one matrix shares its factorisation."""

from __future__ import annotations

from einderiv.ir import Algebra, Node, Spread
from einderiv.plan.slots import Slots
from einderiv.plan.steps import Cholesky, Factorise, Solve
from einderiv.plan.structure import Structure


def lower_algebra(node: Algebra, slots: Slots, structure: Structure) -> None:
    """Emit what computes `node`."""
    matrix, *others = node.arguments
    shape = slots.shape(node)
    if node.function == "cholesky":
        slots.hold(node, slots.once(slots.full(matrix), Cholesky(_called(matrix, structure)), shape))
        return
    base, turned = _turned(matrix)
    factors = slots.once(slots.full(base), Factorise(_called(base, structure)), slots.shape(base))
    operands = (factors, *(slots.full(other) for other in others))
    turned = turned and node.function in ("inv", "solve")
    slots.hold(node, slots.emit(Solve(node.function, turned), operands, shape))


def _turned(matrix: Node) -> tuple[Node, bool]:
    """The matrix, or the one that it is the transpose of."""
    rank = len(matrix.axes)
    swapped = (*range(rank - 2), rank - 1, rank - 2)
    if isinstance(matrix, Spread) and not matrix.tied and matrix.coefficient == 1.0 and matrix.placing == swapped:
        return matrix.core, True
    return matrix, False


def _called(matrix: Node, structure: Structure) -> str:
    """What messages call a matrix."""
    if name := structure.name(matrix):
        return f"`{name}`"
    if isinstance(matrix, Spread) and not matrix.tied:
        inner = structure.name(matrix.core)
        return f"`{inner}` (transposed or scaled)" if inner else "the matrix"
    if isinstance(matrix, Algebra) and (name := structure.name(matrix.arguments[0])):
        return f"`{matrix.function}({name})`"
    return "the matrix"
