"""Nodes in a short bracketed form, for debugging and for the golden tests of passes."""

from __future__ import annotations

from einderiv.ir import (
    Add,
    Affine,
    Algebra,
    Axiswise,
    Constant,
    Derivative,
    Einsum,
    Input,
    LeviCivita,
    Map,
    Node,
    Position,
    Reduce,
    Selection,
    Size,
    Spread,
    Zero,
    children,
    topological,
)
from einderiv.render.write import number

LONG = 400


def sketch(node: Node) -> str:
    """`(einsum 01,1->0 W x)`; a part used again is `#1=(…)` where it stands first and `#1` later.

    Of more than 400 parts only the outermost are shown, the others are `…`.
    """
    uses: dict[Node, int] = {}
    for parent in topological([node]):
        for child in dict.fromkeys(children(parent)):
            uses[child] = uses.get(child, 0) + 1
    marks: dict[Node, int] = {}
    pieces: list[str] = []
    stack: list[Node | str] = [node]
    shown = 0
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            pieces.append(item)
        elif item in marks:
            pieces.append(f"#{marks[item]}")
        elif not children(item):
            pieces.append(_head(item))
        elif shown >= LONG:
            pieces.append("…")
        else:
            shown += 1
            if uses.get(item, 0) > 1:
                marks[item] = len(marks) + 1
                pieces.append(f"#{marks[item]}=")
            pieces.append(f"({_head(item)}")
            stack.append(")")
            for child in reversed(children(item)):
                stack += [child, " "]
    return "".join(pieces)


def _head(node: Node) -> str:
    """What stands before the children of a node."""
    match node:
        case Input(name=name):
            return name
        case Constant(value=value):
            return number(value)
        case Size(dim=dim):
            return f"size:{dim}"
        case Zero(shape=shape):
            return f"zero:{'×'.join(map(str, shape))}" if shape else "0"
        case Position(dim=dim):
            return f"position:{dim}"
        case LeviCivita(count=count):
            return f"ε{count}"
        case Spread():
            return _spread(node)
        case Einsum(subscripts=subscripts, output=output):
            return f"einsum {','.join(map(_digits, subscripts))}->{_digits(output)}"
        case Add():
            return "add"
        case Affine(coefficients=coefficients, constant=constant, shape=shape):
            terms = [f"{factor}{dim}" for factor, dim in zip(coefficients, shape, strict=True)]
            return "+".join([*terms, *([str(constant)] if constant or not terms else [])])
        case Selection(dim=dim, strict=strict):
            return f"{'read' if strict else 'select'}:{dim}"
        case Map(function=function) | Axiswise(function=function) | Algebra(function=function):
            return function
        case Reduce(function=function, count=count):
            return f"{function}/{count}"
        case Derivative():
            return "derivative"
        case _:
            raise TypeError(f"no node of a program: {node!r}")


def _spread(node: Spread) -> str:
    """`spread 2 0->02 0=1`: the coefficient, where the core's axes lie among all, and the ties."""
    scale = "" if node.coefficient == 1.0 else f" {number(node.coefficient)}"
    ties = "".join(f" {first}={axis}" for axis, first in enumerate(node.ties) if first != axis)
    return f"spread{scale} {_digits(node.placing)}->{_digits(range(len(node.shape)))}{ties}"


def _digits(labels: tuple[int, ...] | range) -> str:
    """`01`, or `0.1.12` where a label has two digits."""
    return ("" if all(label < 10 for label in labels) else ".").join(map(str, labels))
