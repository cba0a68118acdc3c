"""What has been drawn: how often each production of the language, and each pair of one in another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product

from generator.arrays import Sample
from generator.drawing import INNER, OPERATORS, OUTER
from generator.tree import (
    Algebra,
    Along,
    Call,
    Comparison,
    Expression,
    Fixed,
    Iverson,
    Letter,
    Linear,
    Looked,
    Place,
    Power,
    Product,
    Reduction,
    Sum,
    Tensor,
    Where,
    children,
    walk,
)


class Tally:
    """Counts of what samples have."""

    def __init__(self) -> None:
        self.productions: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()

    def add(self, sample: Sample) -> None:
        """Count what one sample has."""
        self.productions.update("symmetric" for each in sample.program.inputs.values() if each.symmetric)
        self.productions.update("index line" for line in sample.text.splitlines() if line.startswith("index "))
        for equation in sample.program.equations:
            for node in walk(equation.body):
                self.productions.update(productions(node))
                for child in children(node):
                    self.pairs[kind(node), kind(child)] += 1

    @property
    def rarest(self) -> tuple[str, int]:
        """The production that was drawn least, of all there are."""
        return min(((name, self.productions[name]) for name in EVERY), key=lambda each: each[1])

    @property
    def missing(self) -> list[tuple[str, str]]:
        """Pairs of an outer and an inner primitive that never occurred."""
        return [pair for pair in product(OUTER, INNER) if not self.pairs[pair]]


def kind(node: Expression) -> str:
    """What a node is, with its function's name."""
    match node:
        case Call(function) | Reduction(function) | Along(function):
            return f"{type(node).__name__.lower()} {function}"
        case Algebra(function):
            return f"algebra {function}"
        case Product(factors):
            return "quotient" if any(divides for _, divides in factors) else "product"
        case _:
            return type(node).__name__.lower()


def productions(node: Expression) -> Iterator[str]:
    """The names of what a node has."""
    yield kind(node)
    match node:
        case Product(_, bound) if bound:
            yield f"sum over {min(len(bound), 2)}"
        case Tensor(_, axes):
            letters = [axis for axis in axes if isinstance(axis, Letter)]
            yield from ["diagonal"] if len(set(letters)) < len(letters) else []
            yield f"rank {min(len(axes), 5)}"
            for axis in axes:
                match axis:
                    case Fixed():
                        yield "fixed position"
                    case Looked():
                        yield "gather"
                    case Linear(terms):
                        yield f"affine of {len(terms)}"
                        yield from ["reversed position"] if terms[0][0] < 0 else []
                        yield from ["stride"] if terms[0][0] > 1 else []
                    case Letter(size=size):
                        yield from ["size 0"] if size == 0 else ["size 1"] if size == 1 else []
        case Iverson(Comparison(operator, left)) | Where(Comparison(operator, left)):
            yield f"comparison {operator}"
            yield from ["comparison of positions"] if isinstance(left, Place) else []
        case Power(_, exponent):
            yield f"power {type(exponent).__name__.lower()}"
        case Sum(terms):
            yield from ["minus"] if any(sign < 0 for sign, _ in terms) else []


EVERY = [
    *INNER, "own", "symmetric", "index line", "sum over 1", "sum over 2", "diagonal",
    *(f"rank {rank}" for rank in range(6)), "fixed position", "gather",
    "affine of 1", "affine of 2", "reversed position", "stride", "size 0", "size 1", "comparison of positions", "minus",
    *(f"comparison {operator}" for operator in OPERATORS), "power number", "power call", "power tensor",
]  # fmt: skip
