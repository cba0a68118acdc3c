"""A walk over a statement that finds its calls and subscripts, in the order of the text, without recursion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from einderiv.syntax import tree

_Walked = tree.Expression | tree.Subscript | None


def calls_and_subscripts(statement: tree.Statement) -> Iterator[tree.Call | tree.Subscript]:
    """Every call and every subscript of a statement."""
    todo: list[_Walked] = list(reversed(_start(statement)))
    while todo:
        piece = todo.pop()
        if isinstance(piece, tree.Subscript):
            yield piece
            todo.extend(item.subscript for item in reversed(piece.items) if isinstance(item, tree.Gather))
        elif piece is not None:
            if isinstance(piece, tree.Call):
                yield piece
            todo.extend(reversed(_children(piece)))


def _start(statement: tree.Statement) -> Sequence[_Walked]:
    match statement:
        case tree.Equation():
            return [statement.subscript, statement.body]
        case tree.Query() | tree.Given():
            return [statement.derivative]
        case tree.FunctionDefinition():
            return [statement.body]
        case tree.IndexDeclaration() | tree.ShapeDeclaration():
            return []
        case _:
            assert_never(statement)


def _children(expression: tree.Expression) -> Sequence[_Walked]:
    """The parts of an expression."""
    match expression:
        case tree.Number():
            return []
        case tree.Tensor() | tree.Symbol():
            return [expression.subscript]
        case tree.Bracket(body):
            return [body]
        case tree.Sum(terms):
            return [term for _, term in terms]
        case tree.Product(factors):
            return [factor for factor, _ in factors]
        case tree.Power(base, exponent):
            return [base, exponent]
        case tree.Comparison(_, left, right):
            return [left, right]
        case tree.Iverson(comparison):
            return [comparison]
        case tree.Call(_, arguments, subscript):
            return [*arguments, subscript]
        case tree.Reduction(_, indices, body):
            return [indices, body]
        case tree.Derivative(top, below):
            return [top, *below]
        case _:
            assert_never(expression)
