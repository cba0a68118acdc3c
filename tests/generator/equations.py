"""Whole programs."""

from __future__ import annotations

from math import prod

from generator.choices import Choices
from generator.drawing import INNER, LARGEST, OUTER, Drawer
from generator.leaves import Scope
from generator.tree import (
    Algebra,
    Delta,
    Equation,
    Expression,
    Letter,
    Linear,
    Looked,
    Number,
    Own,
    Power,
    Product,
    Program,
    Sum,
    Tensor,
    pieces,
    walk,
)

LAST = "L"
NAMES = ("a", "E", "F", "Y", "hid", "K", "q2", "ρ", "Z", "e")


def draw_program(choices: Choices, scalar: bool = True) -> Program | None:
    """A program whose last equation is L; None where an index would have no size."""
    scope = Scope(choices, sharing=choices.chance(50))
    count = choices.weighted([(4, 1), (4, 2), (3, 3), (2, 4), (1, 5), (1, 6)])
    equations = [_equation(scope, last=number == count - 1 and scalar) for number in range(count)]
    if scalar or len(equations) > 1:
        equations[-1] = _reading_all(scope, equations)
    equations[-1] = Equation(LAST, equations[-1].letters, equations[-1].body)
    if not all(_sized(equation) for equation in equations):
        return None
    used = {part.name for equation in equations for part in pieces(equation.body) if isinstance(part, Tensor | Looked)}
    used |= {
        name
        for equation in equations
        for node in walk(equation.body)
        if isinstance(node, Algebra)
        for name in node.names
    }
    inputs = {name: each for name, each in scope.inputs.items() if name in used}
    called = {part.function for equation in equations for part in pieces(equation.body) if isinstance(part, Own)}
    program = Program(inputs, equations, tuple(each for name, each in scope.functions.items() if name in called))
    return program if program.wrt else None


def _equation(scope: Scope, last: bool) -> Equation:
    """The next equation; an index of the left stands on the right."""
    choices = scope.choices
    drawer = Drawer(scope, [choices.one(OUTER), choices.one(INNER)] if choices.chance(50) else [])
    letters: list[Letter] = []
    for _ in range(0 if last else choices.weighted([(4, 1), (4, 2), (2, 0), (2, 3), (1, 4), (1, 5)])):
        letter = drawer.letter(letters)
        if letter is not None and prod(each.size for each in [*letters, letter]) <= LARGEST // 10:
            letters.append(letter)
    depth = choices.weighted([(3, 2), (3, 3), (2, 1), (2, 4), (1, 5), (1, 6)])
    body = drawer.contraction(letters, depth) if last and choices.chance(60) else drawer.expression(letters, depth)
    body = drawer.having(body, letters)
    equation = Equation(scope.fresh(NAMES), tuple(choices.shuffled(letters)), body)
    scope.defined[equation.name] = equation
    return equation


def _reading_all(scope: Scope, equations: list[Equation]) -> Equation:
    """The last equation, which now reads every tensor that no other one reads."""
    *_, last = equations
    read = {part.name for equation in equations for part in pieces(equation.body) if isinstance(part, Tensor)}
    terms: list[tuple[int, Expression]] = [(1, last.body)]
    for equation in equations[:-1]:
        if equation.name not in read:
            used = list(last.letters)
            own: list[Letter] = []
            for size in equation.shape:
                letter = Drawer(scope).letter([*used, *own], size)
                assert letter is not None
                own.append(letter)
            term: Expression = Tensor(equation.name, tuple(own))
            term = Power(term, Number("2")) if scope.choices.chance(50) else term
            terms.append((scope.choices.one([1, -1]), Product(((Number("0.5"), False), (term, False)), tuple(own))))
    body = Sum(tuple(terms)) if len(terms) > 1 else last.body
    return Equation(last.name, last.letters, body)


def _sized(equation: Equation) -> bool:
    """Whether every index gets its size from a tensor, perhaps through a δ or a shifted position."""
    letters = {part for part in pieces(equation) if isinstance(part, Letter)}
    sized: set[Letter] = set()
    shifted: list[set[Letter]] = []
    ties: list[tuple[Letter, Letter]] = []
    for node in walk(equation.body):
        match node:
            case Tensor(_, axes):
                linear = [{letter for _, letter in axis.terms} for axis in axes if isinstance(axis, Linear)]
                computed = set().union(*linear)
                shifted += linear
                for axis in axes:
                    if isinstance(axis, Letter):
                        sized |= {axis} - computed
                    elif isinstance(axis, Looked):
                        sized |= set(axis.letters)
            case Algebra(_, _, own):
                sized |= set(own)
            case Delta(first, second):
                ties.append((first, second))
    before = -1
    while before < len(sized):
        before = len(sized)
        for first, second in ties:
            if first in sized or second in sized:
                sized |= {first, second}
        for group in shifted:
            if len(group - sized) == 1:
                sized |= group
    return letters <= sized
