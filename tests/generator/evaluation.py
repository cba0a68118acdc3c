"""The value of a drawn program: products are broadcast and then summed, letter by letter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add, mul
from typing import Any

import numpy as np

from generator.libraries import Library
from generator.tree import (
    Algebra,
    Along,
    Axis,
    Call,
    Comparison,
    Delta,
    Epsilon,
    Expression,
    Fixed,
    Iverson,
    Letter,
    Letters,
    Linear,
    Looked,
    Number,
    Ones,
    Own,
    Place,
    Power,
    Product,
    Program,
    Reduction,
    Sum,
    Tensor,
    Where,
)


@dataclass(frozen=True)
class Named:
    """An array of some library whose axes are these letters."""

    letters: Letters
    array: Any

    def along(self, library: Library, letters: Letters) -> Any:
        """The array with exactly these axes, of length 1 where a letter does not occur."""
        present = [letter for letter in letters if letter in self.letters]
        turned = library.transpose(self.array, [self.letters.index(letter) for letter in present])
        return library.reshape(turned, [letter.size if letter in self.letters else 1 for letter in letters])


def evaluate(program: Program, arrays: Mapping[str, Any], library: Library) -> dict[str, Any]:
    """The value of every equation, by name, from the arrays of the inputs in the library's own type."""
    values = dict(arrays)
    for equation in program.equations:
        found = Evaluator(library, values).expression(equation.body)
        array = found.along(library, equation.letters)
        values[equation.name] = library.broadcast(array, equation.shape)
    return {equation.name: values[equation.name] for equation in program.equations}


class Evaluator:
    """The value of an expression, given those of all names."""

    def __init__(self, library: Library, values: Mapping[str, Any]) -> None:
        self.library = library
        self.values = values

    def expression(self, node: Expression) -> Named:
        """The value of a node, which the library is shown."""
        found = self._value(node)
        self.library.seen(found.array)
        return found

    def _value(self, node: Expression) -> Named:
        match node:
            case Tensor(name, axes):
                return self.read(self.values[name], axes)
            case Number(text):
                return Named((), self.library.number(np.pi if text in ("pi", "π") else float(text)))
            case Place(letter):
                return Named((letter,), self.library.number(np.arange(letter.size, dtype=float)))
            case Delta(first, second):
                return self.read(self.library.number(np.eye(first.size)), (first, second))
            case Ones(letters):
                return self.read(self.library.number(np.ones([letter.size for letter in letters])), letters)
            case Epsilon(letters):
                return self.read(self.library.number(permutation_symbol(len(letters))), letters)
            case Sum(terms):
                signs = [sign for sign, _ in terms]
                return self.together(
                    lambda *xs: reduce(add, (sign * x for sign, x in zip(signs, xs, strict=True))),
                    [term for _, term in terms],
                )
            case Product(factors, bound):
                return self.product(factors, bound)
            case Power(base, Number(text)) if text.removeprefix("-").isdigit():
                return self.together(lambda x: self.library.whole_power(x, int(text)), [base])
            case Power(base, exponent):
                return self.together(lambda x, p: self.library.call("pow", x, p), [base, exponent])
            case Call("polygamma", (Number(text), x)):
                return self.together(lambda x: self.library.polygamma(int(text), x), [x])
            case Call(function, arguments):
                return self.together(lambda *xs: self.library.call(function, *xs), arguments)
            case Own(_, _, value):
                return self.expression(value)
            case Iverson(comparison):
                self.sides(comparison)
                return self.together(
                    lambda x, y: self.library.compare(comparison.operator, x, y), (comparison.left, comparison.right)
                )
            case Where(comparison, then, otherwise):
                self.sides(comparison)
                return self.together(
                    lambda x, y, a, b: self.library.choose(comparison.operator, x, y, a, b),
                    [comparison.left, comparison.right, then, otherwise],
                )
            case Reduction(function, bound, body):
                return self.reduced(function, bound, self.expression(body))
            case Along(function, letter, body):
                return self.transformed(function, letter, self.expression(body))
            case Algebra(function, names, letters):
                return self.read(self.library.algebra(function, *(self.values[name] for name in names)), letters)

    def sides(self, comparison: Comparison) -> None:
        """Shows the library how far apart the two sides are, unless they are whole numbers."""
        parts = (comparison.left, comparison.right)
        if not all(isinstance(part, Place | Number) for part in parts):
            self.together(self.library.compared, parts)

    def together(self, function: Any, nodes: Iterable[Expression]) -> Named:
        """An elementwise function of expressions, broadcast over the letters of all."""
        values = [self.expression(node) for node in nodes]
        letters = tuple(dict.fromkeys(letter for value in values for letter in value.letters))
        array = function(*(value.along(self.library, letters) for value in values))
        return Named(letters, self.library.broadcast(array, [letter.size for letter in letters]))

    def product(self, factors: tuple[tuple[Expression, bool], ...], bound: Letters) -> Named:
        """The product, then the sum over each bound letter."""

        def multiplied(*xs: Any) -> Any:
            return reduce(mul, (self.library.inverse(x) if d else x for x, (_, d) in zip(xs, factors, strict=True)))

        found = self.together(multiplied, [factor for factor, _ in factors])
        axes = tuple(axis for axis, letter in enumerate(found.letters) if letter in bound)
        letters = tuple(letter for letter in found.letters if letter not in bound)
        return Named(letters, self.library.sum(found.array, axes) if axes else found.array)

    def reduced(self, function: str, bound: Letters, body: Named) -> Named:
        """A reduction over the last axis, into which all bound ones are put."""
        rest = tuple(letter for letter in body.letters if letter not in bound)
        array = body.along(self.library, (*rest, *bound))
        count = int(np.prod([letter.size for letter in bound]))
        flat = self.library.reshape(array, [*(letter.size for letter in rest), count])
        return Named(rest, self.library.reduce(function, flat))

    def transformed(self, function: str, letter: Letter, body: Named) -> Named:
        """A function along the last axis, where the letter is put."""
        letters = (*(each for each in body.letters if each is not letter), letter)
        return Named(letters, self.library.along(function, body.along(self.library, letters)))

    def read(self, array: Any, axes: tuple[Axis, ...]) -> Named:
        """The array at the positions that stand on its axes."""
        if all(isinstance(axis, Letter) for axis in axes) and len(set(axes)) == len(axes):
            return Named(tuple(axis for axis in axes if isinstance(axis, Letter)), array)
        places = [self.place(axis) for axis in axes]
        letters = tuple(dict.fromkeys(letter for place in places for letter in place.letters))
        shape = [letter.size for letter in letters]
        numpy = Library()
        return Named(letters, self.library.at(array, [np.broadcast_to(p.along(numpy, letters), shape) for p in places]))

    def place(self, axis: Axis) -> Named:
        """The positions that are read on an axis, as NumPy integers."""
        match axis:
            case Letter():
                return Named((axis,), np.arange(axis.size))
            case Fixed(position):
                return Named((), np.asarray(position))
            case Looked(name, letters):
                distinct = tuple(dict.fromkeys(letters))
                runs = [Named((letter,), np.arange(letter.size)).along(Library(), distinct) for letter in letters]
                return Named(distinct, np.asarray(self.values[name])[tuple(runs)])
            case Linear(terms, constant):
                letters = tuple(letter for _, letter in terms)
                runs = [Named((letter,), factor * np.arange(letter.size)) for factor, letter in terms]
                return Named(letters, constant + sum(run.along(Library(), letters) for run in runs))


def permutation_symbol(count: int) -> np.ndarray:
    """ε with so many indices."""
    symbol = np.zeros((count,) * count)
    for place in np.ndindex(symbol.shape):
        if len(set(place)) == count:
            symbol[place] = np.linalg.det(np.eye(count)[list(place)])
    return symbol
