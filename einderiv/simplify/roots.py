"""Roots and squares, in the forms whose slopes exist at 0 and whose squares stay within the numbers.

Each rule takes away a root, or puts a function in place of two, so repeating them ends.
"""

from __future__ import annotations

from collections import Counter

from einderiv.ir import Add, Einsum, Map, Node, Reduce, apply, einsum, number, reduce, scale
from einderiv.simplify.exponentials import of_positive, positive_scale
from einderiv.simplify.products import Factor, paired, square


def root_of_squares(node: Node) -> Node:
    """√(c Σ_i x_i x_i) = √c norm_i(x_i) for c > 0, whose gradient at 0 is taken as 0; √(x x) = |x|."""
    match node:
        case Map("sqrt", (argument,)):
            positive, squares = positive_scale(argument)
            found = _root(squares) if isinstance(squares, Einsum) else None
            if found is None:
                return node
            axes = range(len(found.axes))
            return einsum([(found, axes), *((of_positive("sqrt", c), ()) for c in positive)], axes)
        case _:
            return node


def _root(node: Einsum) -> Node | None:
    """√ of a sum of squares, else None; the root of each square must have all labels, so that it costs no more."""
    counts = Counter(_elementary(node))
    if any(count % 2 for count in counts.values()):
        return None
    halves = [factor for factor, count in counts.items() for _ in range(count // 2)]
    labels = next((around for _, around in halves if len(set(around)) == len(node.dims)), None)
    if labels is None:
        return None
    distinct = tuple(dict.fromkeys(labels))
    x = einsum(halves, distinct)
    summed = [axis for axis, label in enumerate(distinct) if label not in node.output]
    if summed:
        kept = [label for label in distinct if label in node.output]
        return einsum([(reduce("norm", x, summed), kept)], node.output)
    return einsum([(apply("abs", x), distinct)], node.output)


def _elementary(node: Einsum) -> list[Factor]:
    """The factors of a product, those of elementwise products among them taken apart."""
    found: list[Factor] = []
    for operand, labels in zip(node.operands, node.subscripts, strict=True):
        if isinstance(operand, Einsum) and len(operand.output) == len(operand.dims):
            outer = dict(zip(operand.output, labels, strict=True))
            inner = zip(operand.operands, operand.subscripts, strict=True)
            found += [(part, tuple(outer[label] for label in around)) for part, around in inner]
        else:
            found.append((operand, labels))
    return found


def square_of_norm(node: Node) -> Node:
    """norm_i(x_i)² = Σ_i x_i x_i, whose slope is 2 x_i."""
    return paired(node, "norm", _square_of_norm)


def _square_of_norm(one: Factor, other: Factor) -> list[Factor] | None:
    match one, other:
        case (Reduce("norm", x, count), labels), (again, around) if again is one[0] and labels == around:
            summed = tuple(-1 - axis for axis in range(count))
            return [(x, (*labels, *summed))] * 2
        case _:
            return None


def square_of_sech(node: Node) -> Node:
    """(1 / cosh(x))² = tanh′(x), which does not overflow."""
    return paired(node, "reciprocal", _square_of_sech)


def _square_of_sech(one: Factor, other: Factor) -> list[Factor] | None:
    match one, other:
        case (Map("reciprocal", (Map("cosh", (x,)),)), labels), (again, around) if again is one[0] and labels == around:
            return [(apply("sech_squared", x), labels)]
        case _:
            return None


def one_and_square(node: Node) -> Node:
    """1 - x² = (1 - x) (1 + x) under a root or below a line, and √(1 + x²) as a length."""
    match node:
        case Map("sqrt" | "reciprocal" as function, (Add((_, _) as terms),)):
            for one, term in (terms, terms[::-1]):
                x = square(term) if number(one) == 1.0 else None
                if x is not None and function == "sqrt":
                    return apply("root_of_one_plus_square", x)
                x = square(scale(term, -1.0)) if number(one) == 1.0 else None
                if x is not None:
                    return apply(function, apply("one_minus_square", x))
            return node
        case _:
            return node
