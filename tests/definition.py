"""What a program means, computed straight from its surface tree: slow, short, and shared with einderiv in nothing else.

Every expression becomes an array with one axis for each open index, in the order of `Named.letters`; products are
broadcast and then summed, as the rule of summation reads.  A tensor is read at the position of each of its axes, be it
a letter, computed or looked up.  All arithmetic is complex, so that a derivative is the imaginary part of
f(x + 1e-30 i), exact to rounding.  Enough of the language is here for the golden derivatives: no derivative atoms, no
long index names, and a letter has one size in an equation.
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


def cholesky(A: np.ndarray) -> np.ndarray:
    """The lower L with L Lᵀ = A, row by row, of the symmetric part of A and without a conjugate."""
    A = (A + np.swapaxes(A, -1, -2)) / 2
    L = np.zeros_like(A)
    for i, j in zip(*np.tril_indices(A.shape[-1]), strict=True):
        rest = A[..., i, j] - np.sum(L[..., i, :j] * L[..., j, :j], axis=-1)
        L[..., i, j] = np.sqrt(rest) if i == j else rest / L[..., j, j]
    return L


def solve(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The x with A x = b, for a vector or for columns."""
    return np.linalg.solve(A, b[..., None])[..., 0] if b.ndim < A.ndim else np.linalg.solve(A, b)


ALGEBRA: dict[str, Callable[..., np.ndarray]] = {
    "inv": np.linalg.inv,
    "det": np.linalg.det,
    "logdet": lambda A: np.log(np.linalg.det(A) ** 2) / 2,
    "solve": solve,
    "cholesky": cholesky,
}
COMPARISONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "<": np.less,
    "<=": np.less_equal,
    "==": np.equal,
    "!=": np.not_equal,
    ">=": np.greater_equal,
    ">": np.greater,
}


Standing = str | t.Affine | t.Gather
"""What stands on an axis: a letter, or a position that is computed or looked up."""


def axes_of(subscript: t.Subscript | None) -> tuple[Standing, ...]:
    """What stands on each axis."""
    items = subscript.items if subscript else ()
    return tuple(each for item in items for each in (split(item) if isinstance(item, t.Word) else [item]))


def split(word: t.Word) -> list[str]:
    """The letters of a word."""
    return re.findall(r"[^\W\d_][\d'′]*", word.text)


def letters_of(subscript: t.Subscript | None) -> tuple[str, ...]:
    """The letters of a subscript that has only letters."""
    axes = axes_of(subscript)
    assert all(isinstance(axis, str) for axis in axes), axes
    return tuple(str(axis) for axis in axes)


def linear(axis: t.Affine | str) -> tuple[list[tuple[int, str]], int]:
    """The factors and letters of a position, and its constant."""
    if isinstance(axis, str):
        return [(1, axis)], 0
    return [(factor, split(word)[0]) for factor, word in axis.terms], axis.constant


def groups_of(axes: Iterable[Standing]) -> list[list[str]]:
    """The letters of a tensor, then those of each it is looked up by: `F_{n,y_n}` is `F_nk [k == y_n]`."""
    own: list[str] = []
    looked: list[list[str]] = []
    for axis in axes:
        if isinstance(axis, t.Gather):
            looked += groups_of(axes_of(axis.subscript))
        else:
            own += [letter for _, letter in linear(axis)[0]]
    return [own, *looked]


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
        reads: list[tuple[str | t.Affine, int]] = []
        ties = []
        for node in pieces(equation.body):
            match node:
                case t.Tensor(name, t.Subscript() as subscript) | t.Gather(name, subscript):
                    reads += self.reads(axes_of(subscript), np.shape(values[name]))
                case t.Call(function, _, subscript) if function in ALGEBRA:
                    reads += self.reads(axes_of(subscript), np.shape(self.algebra(node)))
                case t.Symbol("δ", subscript):
                    ties.append(letters_of(subscript))
        while self.tie(ties) or self.settle(reads):
            pass

    def reads(self, axes: tuple[Standing, ...], shape: tuple[int, ...]) -> Iterator[tuple[str | t.Affine, int]]:
        """Takes the sizes of the letters of one tensor; the computed positions, with the sizes they are read from.

        Beside a computed position with the same letter, as in `x_{i,i+1}`, a plain `i` is one as well.
        """
        computed = {letter for axis in axes if isinstance(axis, t.Affine) for _, letter in linear(axis)[0]}
        for axis, size in zip(axes, shape, strict=True):
            if isinstance(axis, t.Affine) or axis in computed:
                yield axis, size
            elif isinstance(axis, str):
                known = self.sizes.setdefault(axis, size)
                assert known == size, axis

    def tie(self, ties: list[tuple[str, ...]]) -> bool:
        """Gives the letters of a δ one size, and says whether one was new."""
        before = len(self.sizes)
        for i, j in ties:
            if i in self.sizes or j in self.sizes:
                size = self.sizes.get(i, self.sizes.get(j, 0))
                self.sizes[i] = self.sizes[j] = size
        return len(self.sizes) > before

    def settle(self, reads: list[tuple[str | t.Affine, int]]) -> bool:
        """Gives a letter that nothing else sizes the largest size with every read inside; says whether one was new."""
        found: dict[str, int] = {}
        for axis, size in reads:
            terms, low = linear(axis)
            unknown = [term for term in terms if term[1] not in self.sizes]
            if len(unknown) == 1:
                high = low
                for factor, letter in terms:
                    last = factor * (self.sizes.get(letter, 1) - 1)
                    low, high = low + min(last, 0), high + max(last, 0)
                [(factor, letter)] = unknown
                last = (size - 1 - high) // factor if factor > 0 else low // -factor
                found[letter] = min(found.get(letter, last + 1), last + 1)
        self.sizes |= found
        return bool(found)

    def value(self) -> np.ndarray:
        """The array of the left side."""
        left = letters_of(self.equation.subscript)
        result = self.term(self.equation.body, frozenset(left), NONE, top=True)
        assert set(result.letters) <= set(left), (result.letters, left)
        return np.broadcast_to(result.along(left), [self.sizes[letter] for letter in left])

    def term(self, node: t.Expression, wanted: Letters, kept: Letters, top: bool = False) -> Named:
        """The value of a term, which is a product, if only of one factor; a bracket may have several of them."""
        match node:
            case t.Product(factors):
                return self.product(factors, wanted, kept, top)
            case t.Sum(terms):
                values = self.terms([term for _, term in terms], wanted, kept, top)
                signs = [sign for sign, _ in terms]
                return together(lambda *zs: sum(s * z for s, z in zip(signs, zs, strict=True)), values)
            case _:
                return self.product(((node, False),), wanted, kept, top)

    def expression(self, node: t.Expression, wanted: Letters, kept: Letters) -> Named:
        """The value of a factor: `wanted` holds at any depth, `kept` in this term only."""
        match node:
            case t.Number(value):
                return Named((), np.asarray(value, dtype=complex))
            case t.Tensor(name, None) if name not in self.values and name in self.sizes:
                return Named((name,), np.arange(self.sizes[name]))
            case t.Tensor(name, subscript):
                return self.tensor(self.values[name], axes_of(subscript), wanted | kept)
            case t.Symbol(kind, subscript):
                shape = [self.sizes[letter] for letter in letters_of(subscript)]
                array = np.eye(shape[0]) if kind == "δ" else np.ones(shape)
                return self.tensor(array, letters_of(subscript), wanted | kept)
            case t.Bracket(body):
                return self.term(body, wanted, NONE)
            case t.Product() | t.Sum():
                return self.term(node, wanted, kept)
            case t.Power(base, exponent):
                return together(power, [self.expression(base, wanted, kept), self.term(exponent, wanted, kept)])
            case t.Iverson(t.Comparison(operator, left, right)):
                parts = self.terms([left, right], wanted, NONE)
                return together(lambda x, y: COMPARISONS[operator](np.real(x), np.real(y)) * 1.0, parts)
            case t.Call(function, _, subscript) if function in ALGEBRA:
                return self.tensor(self.algebra(node), axes_of(subscript), wanted | kept)
            case t.Call(function, arguments):
                return together(FUNCTIONS[function], self.terms(list(arguments), wanted, NONE))
            case t.Reduction(function, indices, body):
                bound = letters_of(indices)
                value = self.term(body, wanted | set(bound), kept)
                if function == "softmax":
                    return together(lambda x, s: np.exp(x - s), [value, value.without(bound, REDUCTIONS["logsumexp"])])
                return value.without(bound, REDUCTIONS[function])
        raise NotImplementedError(type(node).__name__)

    def tensor(self, array: np.ndarray, axes: tuple[Standing, ...], held: Letters) -> Named:
        """An index that stands twice is a diagonal where it is held, else a sum over it."""
        groups = [Counter(group) for group in groups_of(axes)]
        total = sum(groups, Counter())
        twice = {letter for letter in total for group in groups if total[letter] == group[letter] > 1}
        return self.read(np.asarray(array, dtype=complex), axes).without(twice - held)

    def read(self, array: np.ndarray, axes: tuple[Standing, ...]) -> Named:
        """The array at the positions that stand on its axes."""
        places = [self.place(axis) for axis in axes]
        letters = tuple(dict.fromkeys(letter for place in places for letter in place.letters))
        return Named(letters, array[tuple(place.along(letters) for place in places)])

    def place(self, axis: Standing) -> Named:
        """The positions that are read on an axis."""
        if isinstance(axis, t.Gather):
            return self.read(np.asarray(self.values[axis.name], dtype=int), axes_of(axis.subscript))
        terms, constant = linear(axis)
        runs = [Named((letter,), factor * np.arange(self.sizes[letter])) for factor, letter in terms]
        return together(lambda *zs: sum(zs, np.asarray(constant)), runs)

    def algebra(self, call: t.Call) -> np.ndarray:
        """The value of linear algebra, whose arguments are bare names."""
        names = [argument.name for argument in call.arguments if isinstance(argument, t.Tensor)]
        return np.asarray(ALGEBRA[call.function](*(np.asarray(self.values[name], dtype=complex) for name in names)))

    def terms(self, terms: list[t.Expression], wanted: Letters, kept: Letters, top: bool = False) -> list[Named]:
        """Terms of one bracket: each keeps every index that is open in any of them."""
        opened = {letter for term in terms for letter in self.term(term, wanted, kept, top).letters}
        return [self.term(term, wanted, kept | opened, top) for term in terms]

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
            base = factor.base if isinstance(factor, t.Power) else factor
            groups = groups_of(axes_of(base.subscript)) if isinstance(base, t.Tensor | t.Call) else []
            for letter in value.letters:
                counts[letter] += times * max(1, sum(letter in group for group in groups))
        inverted = [together(np.reciprocal, [v]) if d else v for (_, d), v in zip(factors, values, strict=True)]
        result = inverted[0]
        for value in inverted[1:]:
            result = together(np.multiply, [result, value])
        return result.without({letter for letter, count in counts.items() if count > 1} - wanted - kept)


DIFFERENCES = (4 / 5, -1 / 5, 4 / 105, -1 / 280)  # of f(x + k h) - f(x - k h), exact to the 8th power of h


def derivative(
    program: t.Tree, of: str, wrt: tuple[str, ...], arrays: dict[str, np.ndarray], step: float = 1e-3
) -> np.ndarray:
    """The axes of `of`, then those of each of `wrt`: the first by a complex step, later ones by differences of that."""
    *earlier, name = wrt
    x = np.asarray(arrays[name])
    columns = []
    for unit in np.eye(x.size).reshape((x.size, *x.shape)):
        if earlier:
            change = [
                sign * weight * derivative(program, of, tuple(earlier), arrays | {name: x + sign * k * step * unit})
                for k, weight in enumerate(DIFFERENCES, start=1)
                for sign in (1, -1)
            ]
            columns.append(sum(change) / step)
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
        used = {node.name for node in pieces(equation.body) if isinstance(node, t.Tensor | t.Gather)}
        if used & names - set(values):
            pending.append(equation)
        else:
            values[equation.name] = Equation(equation, values, sizes).value()
    return values
