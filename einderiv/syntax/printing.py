"""The tree as one reads it: every operation in brackets of its own.

>>> sketch(parse("a_i = W_ij x_j + b_i").statements[0])
'a_i = ((W_ij x_j) + b_i)'
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from einderiv.syntax import tree

_Piece = tree.Expression | tree.Statement | tree.Subscript
_Parts = Sequence["_Piece | str"]


def sketch(piece: _Piece) -> str:
    """`piece` as text, fully bracketed: `(…)` for operations, `<…>` for the brackets that the user wrote."""
    out: list[str] = []
    todo: list[_Piece | str] = [piece]
    while todo:
        current = todo.pop()
        if isinstance(current, str):
            out.append(current)
        else:
            todo.extend(reversed(_parts(current)))
    return "".join(out)


def _parts(piece: _Piece) -> _Parts:
    """What a piece consists of: texts, and pieces to be written out in turn."""
    match piece:
        case tree.Subscript():
            return ["_" + _subscript(piece)]
        case (
            tree.IndexDeclaration()
            | tree.ShapeDeclaration()
            | tree.Given()
            | tree.Equation()
            | tree.Query()
            | tree.FunctionDefinition()
        ):
            return _statement_parts(piece)
        case _:
            return _expression_parts(piece)


def _statement_parts(statement: tree.Statement) -> _Parts:
    match statement:
        case tree.IndexDeclaration(words, size):
            tail = f": {size.value}" if size else ""
            return ["index " + ", ".join(word.text for word in words) + tail]
        case tree.ShapeDeclaration(name, sizes, symmetric):
            shape = "^{" + "×".join(str(size.value) for size in sizes) + "}" if sizes else ""
            return [f"{name} ∈ R{shape}" + (" symmetric" if symmetric else "")]
        case tree.Given(derivative):
            return ["given ", derivative]
        case tree.Equation(name, subscript, body):
            return [name, *_optional(subscript), " = ", body]
        case tree.Query(derivative):
            return [derivative]
        case tree.FunctionDefinition(name, parameters, body):
            return [f"def {name}({', '.join(parameters)}) = ", body]
        case _:
            assert_never(statement)


def _expression_parts(expression: tree.Expression) -> _Parts:
    match expression:
        case tree.Number(value):
            return [f"{value:g}"]
        case tree.Tensor(name, subscript):
            return [name, *_optional(subscript)]
        case tree.Symbol(kind, subscript):
            return [kind, subscript]
        case tree.Bracket(body):
            return ["<", body, ">"]
        case tree.Sum(terms):
            return _sum_parts(terms)
        case tree.Product(factors):
            return _product_parts(factors)
        case tree.Power(base, exponent):
            return ["(", base, "^", exponent, ")"]
        case tree.Comparison(operator, left, right):
            return [left, f" {operator} ", right]
        case tree.Iverson(comparison):
            return ["[", comparison, "]"]
        case tree.Call(function, arguments, subscript):
            return [function, "(", *_separated(arguments, ", "), ")", *_optional(subscript)]
        case tree.Reduction(function, indices, body):
            return [function, indices, "(", body, ")"]
        case tree.Derivative(top, below):
            return ["∂", top, "/", *(part for tensor in below for part in ("∂", tensor))]
        case _:
            assert_never(expression)


def _optional(subscript: tree.Subscript | None) -> _Parts:
    return [subscript] if subscript else []


def _separated(pieces: Sequence[tree.Expression], between: str) -> _Parts:
    parts: list[_Piece | str] = []
    for piece in pieces:
        parts += [between, piece]
    return parts[1:]


def _sum_parts(terms: Sequence[tuple[int, tree.Expression]]) -> _Parts:
    parts: list[_Piece | str] = ["("]
    for position, (sign, term) in enumerate(terms):
        if position:
            parts.append(" + " if sign > 0 else " - ")
        elif sign < 0:
            parts.append("-")
        parts.append(term)
    return [*parts, ")"]


def _product_parts(factors: Sequence[tuple[tree.Expression, bool]]) -> _Parts:
    parts: list[_Piece | str] = ["("]
    for position, (factor, divides) in enumerate(factors):
        if position:
            parts.append(" / " if divides else " ")
        parts.append(factor)
    return [*parts, ")"]


def _subscript(subscript: tree.Subscript) -> str:
    items = subscript.items
    if len(items) == 1 and isinstance(items[0], tree.Word) and not items[0].braced:
        return items[0].text
    return "{" + ",".join(map(_item, items)) + "}"


def _item(item: tree.Word | tree.Affine | tree.Gather) -> str:
    match item:
        case tree.Word(text):
            return text
        case tree.Gather(name, subscript):
            return f"{name}_{_subscript(subscript)}"
        case tree.Affine(terms, constant):
            pieces = [f"{'+' if factor > 0 else '-'}{_multiple(abs(factor), word.text)}" for factor, word in terms]
            if constant or not terms or all(factor == 1 for factor, _ in terms):
                pieces.append(f"{constant:+d}")
            return "".join(pieces).removeprefix("+")
        case _:
            assert_never(item)


def _multiple(factor: int, letter: str) -> str:
    return letter if factor == 1 else f"{factor}{letter}"
