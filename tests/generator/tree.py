"""The nodes of a drawn program: sums are explicit, and an index is an object with its size, whatever it is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass


@dataclass(frozen=True, eq=False)
class Letter:
    """An index: two are the same only if they are one object."""

    name: str
    size: int


@dataclass(frozen=True, eq=False)
class Fixed:
    """The position of `x_{0}`."""

    position: int


@dataclass(frozen=True, eq=False)
class Linear:
    """The position of `x_{2i+k}` or `x_{3-i}`."""

    terms: tuple[tuple[int, Letter], ...]
    constant: int


@dataclass(frozen=True, eq=False)
class Looked:
    """The position of `F_{n,y_n}`: what the integers of a tensor say."""

    name: str
    letters: tuple[Letter, ...]


Axis = Letter | Fixed | Linear | Looked


@dataclass(frozen=True, eq=False)
class Tensor:
    """An input or a defined tensor, such as `W_ij`; without axes a scalar."""

    name: str
    axes: tuple[Axis, ...]


@dataclass(frozen=True, eq=False)
class Number:
    """A number as it is written."""

    text: str


@dataclass(frozen=True, eq=False)
class Place:
    """An index in a comparison: its position."""

    letter: Letter


@dataclass(frozen=True, eq=False)
class Delta:
    """`δ_ij`."""

    first: Letter
    second: Letter


@dataclass(frozen=True, eq=False)
class Ones:
    """`1_n`."""

    letters: tuple[Letter, ...]


@dataclass(frozen=True, eq=False)
class Epsilon:
    """`ε_ijk`."""

    letters: tuple[Letter, ...]


@dataclass(frozen=True, eq=False)
class Sum:
    """Terms with their signs."""

    terms: tuple[tuple[int, Expression], ...]


@dataclass(frozen=True, eq=False)
class Product:
    """Factors, each with whether it divides, summed over `bound`."""

    factors: tuple[tuple[Expression, bool], ...]
    bound: tuple[Letter, ...] = ()


@dataclass(frozen=True, eq=False)
class Power:
    """`x_i^2`."""

    base: Expression
    exponent: Expression


@dataclass(frozen=True, eq=False)
class Call:
    """An elementwise function."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class Own:
    """A call of a function that the program defines, and what it stands for: the body with the arguments in it."""

    function: str
    arguments: tuple[Expression, ...]
    value: Expression


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two expressions and the sign between them."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, eq=False)
class Iverson:
    """`[x_i > 0]`."""

    comparison: Comparison


@dataclass(frozen=True, eq=False)
class Where:
    """`where(x_i > 0, x_i, 0)`."""

    comparison: Comparison
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, eq=False)
class Reduction:
    """`max_c(A_nc)`."""

    function: str
    bound: tuple[Letter, ...]
    body: Expression


@dataclass(frozen=True, eq=False)
class Along:
    """softmax, logsoftmax and cumsum."""

    function: str
    letter: Letter
    body: Expression


@dataclass(frozen=True, eq=False)
class Algebra:
    """`inv(A)_ij`."""

    function: str
    names: tuple[str, ...]
    letters: tuple[Letter, ...]


Leaf = Tensor | Number | Place | Delta | Ones | Epsilon | Algebra
Expression = Leaf | Sum | Product | Power | Call | Own | Iverson | Where | Reduction | Along
Letters = tuple[Letter, ...]


@dataclass(frozen=True, eq=False)
class Equation:
    """A tensor and what it is."""

    name: str
    letters: Letters
    body: Expression

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        return tuple(letter.size for letter in self.letters)


@dataclass(frozen=True)
class Input:
    """`kind`: real, positive, definite (symmetric and positive definite matrices), regular, whole (positions)."""

    name: str
    shape: tuple[int, ...]
    kind: str = "real"
    below: int = 0  # whole numbers are smaller than this
    symmetric: bool = False


@dataclass(frozen=True)
class Definition:
    """`def f(z, w) = …`; in the body a parameter is a tensor without axes."""

    name: str
    parameters: tuple[str, ...]
    body: Expression


@dataclass(frozen=True)
class Program:
    """Inputs, and equations in an order that defines each name before its use."""

    inputs: dict[str, Input]
    equations: list[Equation] = field(default_factory=list)
    functions: tuple[Definition, ...] = ()

    @property
    def wrt(self) -> list[str]:
        """The inputs to differentiate by."""
        return [each.name for each in self.inputs.values() if each.kind != "whole"]


def children(node: Expression) -> list[Expression]:
    """The expressions directly in one."""
    match node:
        case Sum(terms):
            return [term for _, term in terms]
        case Product(factors):
            return [factor for factor, _ in factors]
        case Power(base, exponent):
            return [base, exponent]
        case Call(_, arguments) | Own(_, arguments):
            return list(arguments)
        case Iverson(Comparison(_, left, right)):
            return [left, right]
        case Where(Comparison(_, left, right), then, otherwise):
            return [left, right, then, otherwise]
        case Reduction(_, _, body) | Along(_, _, body):
            return [body]
        case _:
            return []


def walk(node: Expression) -> Iterator[Expression]:
    """A node and all below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def own_letters(node: Expression) -> tuple[Letter, ...]:
    """The letters that stand in a leaf, as often as they do."""
    match node:
        case Tensor(_, axes):
            return tuple(letter for axis in axes for letter in letters_of_axis(axis))
        case Place(letter):
            return (letter,)
        case Delta(first, second):
            return (first, second)
        case Ones(letters) | Epsilon(letters) | Algebra(_, _, letters):
            return letters
        case _:
            return ()


def letters_of_axis(axis: Axis) -> tuple[Letter, ...]:
    """The letters that stand on an axis."""
    match axis:
        case Letter():
            return (axis,)
        case Linear(terms):
            return tuple(letter for _, letter in terms)
        case Looked(_, letters):
            return letters
        case Fixed():
            return ()


def open_letters(node: Expression) -> dict[Letter, None]:
    """The indices of a value, in order of first use."""
    found = dict.fromkeys(own_letters(node))
    for child in children(node):
        found |= open_letters(child)
    bound = node.bound if isinstance(node, Product | Reduction) else ()
    return {letter: None for letter in found if letter not in bound}


def pieces(node: object) -> Iterator[object]:
    """Every part of a tree, axes and letters too."""
    yield node
    if is_dataclass(node):
        for each in fields(node):
            yield from pieces(getattr(node, each.name))
    elif isinstance(node, tuple | list):
        for part in node:
            yield from pieces(part)
