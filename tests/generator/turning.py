"""Other programs with the same meaning: letters renamed, terms and factors in another order, an input transposed."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from generator.choices import Choices
from generator.tree import Algebra, Input, Letter, Looked, Product, Program, Sum, Tensor, pieces


def rebuilt(node: Any, change: Any) -> Any:
    """A tree in which `change` has replaced every part, from the inside out."""
    if isinstance(node, tuple):
        return tuple(rebuilt(part, change) for part in node)
    if isinstance(node, Letter):
        return change(node)
    if is_dataclass(node) and not isinstance(node, type):
        parts = {each.name: rebuilt(getattr(node, each.name), change) for each in fields(node)}
        return change(type(node)(**parts))
    return node


def with_equations(program: Program, change: Any) -> Program:
    """The program with every equation rebuilt."""
    return replace(program, equations=[rebuilt(equation, change) for equation in program.equations])


def renamed(program: Program) -> Program:
    """Every index with another name: each name for the one before it."""
    others = dict(zip("ijklmnpq", "jklmnpqi", strict=True)) | {"i'": "k2", "k2": "i3"}
    letters: dict[Letter, Letter] = {}

    def change(node: Any) -> Any:
        if isinstance(node, Letter):
            return letters.setdefault(node, Letter(others.get(node.name, node.name), node.size))
        return node

    return with_equations(program, change)


def reordered(program: Program, choices: Choices) -> Program:
    """Terms and factors in another order; not those of a quotient."""

    def change(node: Any) -> Any:
        match node:
            case Sum(terms):
                return Sum(tuple(choices.shuffled(terms)))
            case Product(factors, bound) if not any(divides for _, divides in factors):
                return Product(tuple(choices.shuffled(factors)), bound)
            case _:
                return node

    return with_equations(program, change)


def transposable(program: Program) -> Input | None:
    """An input with two axes or more that is only read as a tensor."""
    others = {
        name
        for equation in program.equations
        for part in pieces(equation.body)
        if isinstance(part, Algebra | Looked)
        for name in (part.names if isinstance(part, Algebra) else (part.name,))
    }
    fitting = (each for each in program.inputs.values() if len(each.shape) > 1 and each.name not in others)
    return next(fitting, None)


def transposed(program: Program, turned: Input) -> Program:
    """The program that reads an input with its axes in the opposite order."""

    def change(node: Any) -> Any:
        return Tensor(node.name, node.axes[::-1]) if isinstance(node, Tensor) and node.name == turned.name else node

    found = with_equations(program, change)
    return replace(found, inputs=found.inputs | {turned.name: replace(turned, shape=turned.shape[::-1])})
