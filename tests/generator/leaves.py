"""Tensors, and what stands on their axes."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from generator.choices import Choices
from generator.tree import (
    Algebra,
    Axis,
    Definition,
    Equation,
    Expression,
    Fixed,
    Input,
    Letter,
    Linear,
    Looked,
    Number,
    Tensor,
)

NAMES = ("x", "y", "W", "A", "B", "u", "v", "Wq", "M", "θ", "C", "hidden2", "X", "z", "U", "φ", "H", "Q", "P", "w")
SCALARS = ("c", "b", "α", "s", "g", "β", "r2", "h")
WHOLES = ("t", "o", "f", "T")
LARGEST = 400  # elements of an input
TENSORS = 8  # beyond these none is made but for an index that has no other
MOST = 11


class SpentError(Exception):
    """A program needs more tensors than it may have."""


@dataclass
class Scope:
    """What a program has so far: inputs, tensors that are defined, and names that are free."""

    choices: Choices
    sharing: bool
    inputs: dict[str, Input] = field(default_factory=dict)
    defined: dict[str, Equation] = field(default_factory=dict)
    functions: dict[str, Definition] = field(default_factory=dict)

    def fresh(self, names: tuple[str, ...]) -> str:
        """A name that nothing has yet."""
        free = [name for name in names if name not in self.inputs and name not in self.defined]
        if not free or len(self.inputs) > MOST:
            raise SpentError
        return self.choices.one(free[:6])

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The tensors of real numbers at hand; what is defined comes first where it is to be shared."""
        own = {name: each.shape for name, each in self.defined.items()}
        given = {each.name: each.shape for each in self.inputs.values() if each.kind in ("real", "positive")}
        return own | given if self.sharing else given | own

    def new(self, shape: tuple[int, ...], kind: str = "real", below: int = 0) -> str:
        """The name of a new input; a square matrix is declared symmetric now and then."""
        names = WHOLES if kind == "whole" else NAMES if shape else SCALARS
        name = self.fresh(names)
        square = len(shape) == 2 and shape[0] == shape[1] > 0 and kind in ("real", "definite")
        self.inputs[name] = Input(name, shape, kind, below, square and self.choices.chance(30))
        return name

    @property
    def full(self) -> bool:
        """Whether no input may be added."""
        return len(self.inputs) >= TENSORS


def tensor(scope: Scope, letters: list[Letter], need: list[Letter] | None = None) -> Expression:
    """A tensor with some of these letters, and with all that are needed; a number where there is none."""
    choices = scope.choices
    wanted = need if need is not None else choices.some(letters)[:4]
    fitting = [(name, shape) for name, shape in scope.shapes().items() if _fits(shape, letters, wanted)]
    if fitting and (scope.full or choices.chance(75 if scope.sharing else 55)):
        name, shape = choices.one(fitting)
        return Tensor(name, _matched(choices, shape, letters, wanted))
    if scope.full and not wanted:
        return Number("2")
    return _new_tensor(scope, wanted)


def _fits(shape: tuple[int, ...], letters: list[Letter], wanted: list[Letter]) -> bool:
    """Whether each axis can have a letter, so that all wanted ones occur."""
    sizes = [letter.size for letter in letters]
    if len(wanted) > len(shape) or any(size not in sizes for size in shape):
        return False
    rest = list(shape)
    for letter in wanted:
        if letter.size not in rest:
            return False
        rest.remove(letter.size)
    return True


def _matched(choices: Choices, shape: tuple[int, ...], letters: list[Letter], wanted: list[Letter]) -> tuple[Axis, ...]:
    """A letter for each axis: the wanted ones first, then any, or a fixed position."""
    axes: dict[int, Axis] = {}
    for letter in wanted:
        free = [axis for axis, size in enumerate(shape) if size == letter.size and axis not in axes]
        axes[choices.one(free)] = letter
    for axis, size in enumerate(shape):
        if axis not in axes:
            if size and choices.chance(15):
                axes[axis] = Fixed(choices.number() % size)
            else:
                axes[axis] = choices.one([letter for letter in letters if letter.size == size])
    return tuple(axes[axis] for axis in range(len(shape)))


def _new_tensor(scope: Scope, wanted: list[Letter]) -> Tensor:
    """A tensor of a new input: plain, with a diagonal, at a fixed position, shifted or looked up."""
    choices = scope.choices
    axes: list[Axis] = list(wanted)
    if wanted and choices.chance(12):
        axes.append(choices.one(wanted))
    if choices.chance(5):
        axes.append(Fixed(choices.number() % 3))
    if wanted and choices.chance(8):
        axes = _shifted(choices, axes, wanted)
    if wanted and choices.chance(8) and len(scope.inputs) < TENSORS - 1:
        axes.append(_looked(scope, wanted))
    axes = choices.shuffled(axes)
    sizes = [size_of(scope, axis) for axis in axes]
    if prod(sizes) > LARGEST:
        axes, sizes = list(wanted[:3]), [letter.size for letter in wanted[:3]]
    kind = "positive" if choices.chance(20) else "real"
    return Tensor(scope.new(tuple(sizes), kind), tuple(axes))


def _shifted(choices: Choices, axes: list[Axis], wanted: list[Letter]) -> list[Axis]:
    """One of the letters becomes a position that is computed."""
    letter = choices.one(wanted)
    position = axes.index(letter)
    others = [each for each in wanted if each is not letter and each.size and letter.size]
    if others and choices.chance(60):
        other = choices.one(others)
        axis = Linear(((choices.one([1, 2]), letter), (1, other)), choices.one([0, 1]))
        return [axis if place == position else each for place, each in enumerate(axes) if each is not other]
    if not letter.size:
        return axes
    turned = choices.chance(40)
    axis = (
        Linear(((-1, letter),), letter.size - 1)
        if turned
        else Linear(((choices.one([1, 2]), letter),), choices.one([0, 1]))
    )
    return [axis if place == position else each for place, each in enumerate(axes)]


def _looked(scope: Scope, wanted: list[Letter]) -> Looked:
    """An axis that is read where integers say."""
    letter = scope.choices.one(wanted)
    fitting = [each for each in scope.inputs.values() if each.kind == "whole" and each.shape == (letter.size,)]
    if fitting and scope.choices.chance(50):
        return Looked(scope.choices.one(fitting).name, (letter,))
    return Looked(scope.new((letter.size,), "whole", scope.choices.one([3, 2, 4])), (letter,))


def size_of(scope: Scope, axis: Axis) -> int:
    """The size that an axis needs."""
    match axis:
        case Letter():
            return axis.size
        case Fixed(position):
            return position + 1
        case Looked(name):
            return scope.inputs[name].below
        case Linear(terms, constant):
            return 1 + constant + sum(factor * (letter.size - 1) for factor, letter in terms if factor > 0)


def algebra(scope: Scope, letters: list[Letter], function: str = "") -> Expression | None:
    """Linear algebra of a new matrix, or of one at hand; None where no letters fit."""
    choices = scope.choices
    function = function or choices.one(["det", "logdet", "inv", "solve", "cholesky", "solve"])
    pairs = [(i, j) for i in letters for j in letters if i is not j and i.size == j.size and 0 < i.size < 4]
    singles = [i for i in letters if 0 < i.size < 4]
    if function in ("det", "logdet"):
        return Algebra(function, (_matrix(scope, choices.one([2, 3, 1])),), ())
    if function == "solve" and singles:
        i = choices.one(singles)
        columns = [k for k in letters if k is not i and choices.chance(40)][:1]
        shape = (i.size, *(k.size for k in columns))
        right = [name for name, each in scope.shapes().items() if each == shape]
        matrix = _matrix(scope, i.size)
        b = choices.one(right) if right and choices.chance(50) else scope.new(shape)
        return Algebra("solve", (matrix, b), (i, *columns))
    if function in ("inv", "cholesky") and pairs:
        i, j = choices.one(pairs)
        return Algebra(function, (_matrix(scope, i.size),), (i, j))
    return None


def _matrix(scope: Scope, size: int) -> str:
    """A definite matrix: one at hand, or a new one."""
    fitting = [each.name for each in scope.inputs.values() if each.kind == "definite" and each.shape[0] == size]
    if fitting and scope.choices.chance(60):
        return scope.choices.one(fitting)
    return scope.new((size, size), "definite")
