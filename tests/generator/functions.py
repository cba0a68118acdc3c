"""Functions that a program defines, `def mix(z, w) = …`: elementwise, with scalars of the program in their bodies."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from generator.leaves import Scope
from generator.tree import (
    Call,
    Comparison,
    Definition,
    Expression,
    Number,
    Own,
    Power,
    Product,
    Sum,
    Tensor,
    Where,
    walk,
)

NAMES = ("fn", "mix", "gl")
PARAMETERS = ("z", "w")  # which may be the names of tensors too
SMOOTH = ("tanh", "sin", "cos", "sigmoid", "softplus", "atan", "erf", "square", "silu")
MOST = 2


def function(scope: Scope) -> Definition:
    """A function at hand, or a new one."""
    known = list(scope.functions.values())
    if known and (len(known) >= MOST or scope.choices.chance(40)):
        return scope.choices.one(known)
    name = next(name for name in NAMES if name not in scope.functions)
    parameters = PARAMETERS[: scope.choices.weighted([(2, 1), (1, 2)])]
    body = _body(scope, parameters, 3)
    used = {node.name for node in walk(body) if isinstance(node, Tensor)}
    unused: list[Expression] = [Tensor(each, ()) for each in parameters if each not in used]
    if unused:
        body = Product(((body, False), *((each, False) for each in unused)))
    scope.functions[name] = Definition(name, parameters, body)
    return scope.functions[name]


def called(definition: Definition, arguments: tuple[Expression, ...]) -> Own:
    """A call, with the body in which the arguments stand for the parameters."""
    given = dict(zip(definition.parameters, arguments, strict=True))
    return Own(definition.name, arguments, _filled(definition.body, given))


def _filled(node: Any, given: dict[str, Expression]) -> Any:
    if isinstance(node, Tensor):
        return given.get(node.name, node)
    if isinstance(node, tuple):
        return tuple(_filled(part, given) for part in node)
    if is_dataclass(node) and not isinstance(node, type):
        return type(node)(**{each.name: _filled(getattr(node, each.name), given) for each in fields(node)})
    return node


def _body(scope: Scope, parameters: tuple[str, ...], depth: int) -> Expression:
    """An expression of the parameters, numbers, scalars of the program and functions that it has already."""
    choices = scope.choices

    def inner() -> Expression:
        return _body(scope, parameters, depth - 1)

    if depth <= 0 or choices.chance(25):
        return choices.weighted([
            (6, lambda: Tensor(choices.one(parameters), ())),
            (2, lambda: Number(choices.one(["0.5", "2", "pi", "1"]))),
            (1, lambda: Number("3") if scope.full else Tensor(scope.new(()), ())),
        ])()  # fmt: skip
    known = list(scope.functions.values())
    kinds = [
        (4, lambda: Call(choices.one(SMOOTH), (inner(),))),
        (3, lambda: Sum(((1, inner()), (choices.one([1, -1]), inner())))),
        (3, lambda: Product(((inner(), False), (inner(), False)))),
        (1, lambda: Power(inner(), Number(choices.one(["2", "3"])))),
        (1, lambda: Where(Comparison(choices.one([">", "<="]), inner(), Number("0.5")), inner(), inner())),
    ]
    if known:
        definition = choices.one(known)
        kinds.append((2, lambda: called(definition, tuple(inner() for _ in definition.parameters))))
    found: Expression = choices.weighted(kinds)()
    return found
