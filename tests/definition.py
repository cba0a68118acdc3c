"""What a program means, computed straight from its surface tree: slow, short, and shared with einderiv in nothing else.

Every expression becomes an array with one axis for each open index, in the order of `Named.letters`; products are
broadcast and then summed, as the rule of summation reads.  All arithmetic is complex, so that a derivative is the
imaginary part of f(x + 1e-30 i), exact to rounding.  Enough of the language is here for the golden derivatives: no
derivative atoms, no long index names, and a letter has one size in an equation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass

import numpy as np

from einderiv import syntax as t

Letters = frozenset[str]
NONE: Letters = frozenset()


@dataclass(frozen=True)
class Named:
    """An array whose axes are index letters."""

    letters: tuple[str, ...]
    array: np.ndarray

    def along(self, letters: Iterable[str]) -> np.ndarray:
        """The array with exactly these axes, of length 1 where an index does not occur."""
        letters = tuple(letters)
        present = [letter for letter in letters if letter in self.letters]
        turned = self.array.transpose([self.letters.index(letter) for letter in present])
        return turned.reshape([self.size(letter) if letter in self.letters else 1 for letter in letters])

    def size(self, letter: str) -> int:
        """The length of an axis."""
        return self.array.shape[self.letters.index(letter)]

    def without(self, letters: Iterable[str], reduce: Callable[..., np.ndarray] = np.sum) -> Named:
        """The array reduced over some of its axes."""
        gone = set(letters)
        axes = tuple(axis for axis, letter in enumerate(self.letters) if letter in gone)
        return Named(tuple(letter for letter in self.letters if letter not in gone), reduce(self.array, axis=axes))


def together(function: Callable[..., np.ndarray], values: list[Named]) -> Named:
    """An elementwise function of arrays, broadcast over the indices of all."""
    letters = tuple(dict.fromkeys(letter for value in values for letter in value.letters))
    return Named(letters, np.asarray(function(*(value.along(letters) for value in values))))


def less(z: np.ndarray, bound: float) -> np.ndarray:
    """Where the real part is below a bound: a complex step does not move a comparison."""
    return np.real(z) < bound


FUNCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "abs": lambda z: np.where(less(z, 0), -z, z),
    "relu": lambda z: np.where(less(z, 0), 0, z),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softplus": lambda z: np.log(1 + np.exp(z)),
}
REDUCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "sum": np.sum,
    "prod": np.prod,
    "logsumexp": lambda z, axis: np.log(np.sum(np.exp(z), axis=axis)),
}
COMPARISONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "<": np.less,
    "<=": np.less_equal,
    "==": np.equal,
    "!=": np.not_equal,
    ">=": np.greater_equal,
    ">": np.greater,
}


def letters_of(subscript: t.Subscript | None) -> tuple[str, ...]:
    """The index letters of a subscript."""
    words = [item.text for item in subscript.items if isinstance(item, t.Word)] if subscript else []
    return tuple(letter for word in words for letter in re.findall(r"[^\W\d_][\d'′]*", word))


def pieces(node: object) -> Iterator[object]:
    """Every part of a tree."""
    yield node
    if is_dataclass(node):
        for field in fields(node):
            yield from pieces(getattr(node, field.name))
    elif isinstance(node, tuple):
        for part in node:
            yield from pieces(part)


class Equation:
    """One equation, with the values of the names on its right side."""

    def __init__(self, equation: t.Equation, values: dict[str, np.ndarray], sizes: dict[str, int]) -> None:
        self.equation = equation
        self.values = values
        self.sizes = dict(sizes)
        ties = []
        for node in pieces(equation.body):
            match node:
                case t.Tensor(name, subscript) if name in values:
                    for letter, size in zip(letters_of(subscript), np.shape(values[name]), strict=True):
                        assert self.sizes.setdefault(letter, size) == size, (letter, name)
                case t.Symbol("δ", subscript):
                    ties.append(letters_of(subscript))
        for _ in ties:
            for i, j in ties:
                if i in self.sizes or j in self.sizes:
                    size = self.sizes.get(i, self.sizes.get(j, 0))
                    self.sizes[i] = self.sizes[j] = size

    def value(self) -> np.ndarray:
        """The array of the left side."""
        left = letters_of(self.equation.subscript)
        result = self.expression(self.equation.body, frozenset(left), NONE, top=True)
        assert set(result.letters) <= set(left), (result.letters, left)
        return np.broadcast_to(result.along(left), [self.sizes[letter] for letter in left])

    def expression(self, node: t.Expression, wanted: Letters, kept: Letters, top: bool = False) -> Named:
        """The value of an expression: `wanted` holds at any depth, `kept` in this term only."""
        match node:
            case t.Number(value):
                return Named((), np.asarray(value, dtype=complex))
            case t.Tensor(name, None) if name not in self.values and name in self.sizes:
                return Named((name,), np.arange(self.sizes[name]))
            case t.Tensor(name, subscript):
                return self.tensor(self.values[name], letters_of(subscript), wanted | kept)
            case t.Symbol(kind, subscript):
                shape = [self.sizes[letter] for letter in letters_of(subscript)]
                array = np.eye(shape[0]) if kind == "δ" else np.ones(shape)
                return self.tensor(array, letters_of(subscript), wanted | kept)
            case t.Bracket(body):
                return self.expression(body, wanted, NONE)
            case t.Sum(terms):
                values = self.terms([term for _, term in terms], wanted, kept, top)
                signs = [sign for sign, _ in terms]
                return together(lambda *zs: sum(s * z for s, z in zip(signs, zs, strict=True)), values)
            case t.Product(factors):
                return self.product(factors, wanted, kept, top)
            case t.Power(base, exponent):
                if top:
                    return self.product(((node, False),), wanted, kept, top)
                parts = [self.expression(part, wanted, kept) for part in (base, exponent)]
                return together(power, parts)
            case t.Iverson(t.Comparison(operator, left, right)):
                parts = self.terms([left, right], wanted, NONE)
                return together(lambda x, y: COMPARISONS[operator](np.real(x), np.real(y)) * 1.0, parts)
            case t.Call(function, arguments):
                return together(FUNCTIONS[function], self.terms(list(arguments), wanted, NONE))
            case t.Reduction(function, indices, body):
                bound = letters_of(indices)
                value = self.expression(body, wanted | set(bound), kept)
                if function == "softmax":
                    return together(lambda x, s: np.exp(x - s), [value, value.without(bound, REDUCTIONS["logsumexp"])])
                return value.without(bound, REDUCTIONS[function])
        raise NotImplementedError(type(node).__name__)

    def tensor(self, array: np.ndarray, letters: tuple[str, ...], held: Letters) -> Named:
        """An index that stands twice is a diagonal where it is held, else a sum over it."""
        distinct = tuple(dict.fromkeys(letters))
        labels = [distinct.index(letter) for letter in letters]
        diagonal = np.einsum(np.asarray(array, dtype=complex), labels, list(range(len(distinct))))
        twice = {letter for letter, count in Counter(letters).items() if count > 1}
        return Named(distinct, diagonal).without(twice - held)

    def terms(self, terms: list[t.Expression], wanted: Letters, kept: Letters, top: bool = False) -> list[Named]:
        """Terms of one bracket: each keeps every index that is open in any of them."""
        opened = {letter for term in terms for letter in self.expression(term, wanted, kept, top).letters}
        return [self.expression(term, wanted, kept | opened, top) for term in terms]

    def product(
        self, factors: tuple[tuple[t.Expression, bool], ...], wanted: Letters, kept: Letters, top: bool
    ) -> Named:
        """An index open in two or more factors and not held is summed over the whole product."""
        values = [self.expression(factor, wanted, kept) for factor, _ in factors]
        counts: Counter[str] = Counter()
        for (factor, divides), value in zip(factors, values, strict=True):
            times = 1
            if top and not divides:
                match factor:
                    case t.Power(_, t.Number(exponent)) if exponent >= 2 and exponent == int(exponent):
                        times = int(exponent)
            counts.update(dict.fromkeys(value.letters, times))
        inverted = [together(np.reciprocal, [v]) if d else v for (_, d), v in zip(factors, values, strict=True)]
        result = inverted[0]
        for value in inverted[1:]:
            result = together(np.multiply, [result, value])
        return result.without({letter for letter, count in counts.items() if count > 1} - wanted - kept)


def derivative(
    program: t.Tree, of: str, wrt: tuple[str, ...], arrays: dict[str, np.ndarray], step: float = 1e-3
) -> np.ndarray:
    """The axes of `of`, then those of each of `wrt`: the first by a complex step, later ones by differences of that."""
    *earlier, name = wrt
    x = np.asarray(arrays[name])
    columns = []
    for unit in np.eye(x.size).reshape((x.size, *x.shape)):
        if earlier:
            shifted = [
                derivative(program, of, tuple(earlier), arrays | {name: x + k * step * unit}) for k in (-2, -1, 1, 2)
            ]
            columns.append(np.einsum("k,k...", [1, -8, 8, -1], shifted) / (12 * step))
        else:
            value = evaluate(program, arrays | {name: x + 1e-30j * unit})[of]
            columns.append(np.imag(value) / 1e-30)
    return np.stack(columns, axis=-1).reshape(columns[0].shape + x.shape)


def power(base: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """A power; by repeated products where the exponent is a small natural number, which is exact for negative bases."""
    if exponent.size == 1 and exponent.item().real in range(6):
        return np.prod([base] * int(exponent.item().real), axis=0) if exponent.item() else np.ones_like(base)
    return base**exponent


def evaluate(program: t.Tree, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The value of every equation, in an order that defines each name before its use."""
    values = {name: np.asarray(array) for name, array in arrays.items()}
    sizes: dict[str, int] = {}
    pending = []
    for statement in program.statements:
        match statement:
            case t.IndexDeclaration(words, t.SizeName(int(size))):
                sizes |= {letter: size for word in words for letter in letters_of(t.Subscript((word,), word.span))}
            case t.Equation():
                pending.append(statement)
    names = {equation.name for equation in pending}
    while pending:
        equation = pending.pop(0)
        used = {node.name for node in pieces(equation.body) if isinstance(node, t.Tensor)}
        if used & names - set(values):
            pending.append(equation)
        else:
            values[equation.name] = Equation(equation, values, sizes).value()
    return values
