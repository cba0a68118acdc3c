"""The `.ein` text of a drawn program, in one of its many spellings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from generator.choices import Choices
from generator.convention import written_sums
from generator.tree import (
    Algebra,
    Along,
    Axis,
    Call,
    Comparison,
    Delta,
    Epsilon,
    Equation,
    Expression,
    Fixed,
    Input,
    Iverson,
    Letter,
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
    pieces,
    walk,
)

LONG = ("batch", "row", "feature")  # names of indices that are declared


def write(program: Program, choices: Choices) -> str:
    """The text: perhaps declarations and functions, then the equations."""
    lines = []
    every, named = choices.chance(40), choices.chance(50)
    for each in program.inputs.values():
        if each.symmetric or (every and each.kind != "whole"):
            lines.append(_shape(each, named, choices))
    long: dict[str, str] = {}
    if choices.chance(25):
        lines += _ranges(program, long, named, choices)
    for each in program.functions:
        body = Writer(Equation(each.name, (), each.body), choices).expression(each.body)
        lines.append(f"def {each.name}({', '.join(each.parameters)}) = {body}")
    lines += [Writer.of(equation, choices, long).line() for equation in program.equations]
    return "\n".join(lines) + "\n"


def _size(size: int, named: bool) -> str:
    return f"N{size}" if named or size == 0 else str(size)


def _shape(each: Input, named: bool, choices: Choices) -> str:
    sizes = [_size(size, named) for size in each.shape]
    power = ("^{" + "×".join(sizes) + "}") if len(sizes) > 1 else f"^{sizes[0]}" if sizes else ""
    return f"{each.name} {choices.one(['∈', 'in'])} R{power}" + (" symmetric" if each.symmetric else "")


def _ranges(program: Program, long: dict[str, str], named: bool, choices: Choices) -> Iterator[str]:
    """Lines such as `index i: 3` for letters that have one size in the whole text, some of them with long names."""
    sizes: dict[str, set[int]] = {}
    for letter in {part for equation in program.equations for part in pieces(equation) if isinstance(part, Letter)}:
        sizes.setdefault(letter.name, set()).add(letter.size)
    for name in sorted(name for name in sizes if len(sizes[name]) == 1):
        if choices.chance(50):
            [size] = sizes[name]
            word = f"{LONG[len(long)]}" if len(long) < len(LONG) and choices.chance(40) else name
            if word != name:
                long[name] = word
            yield f"index {word}" + (f": {_size(size, named)}" if word == name or choices.chance(50) else "")


@dataclass
class Writer:
    """Writes one equation; the products in `sums` with a sum sign, the letters in `long` with long names."""

    equation: Equation
    choices: Choices
    sums: set[Product] = field(default_factory=set)
    long: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, equation: Equation, choices: Choices, long: Mapping[str, str]) -> Writer:
        """Leaves most sums to the convention."""
        products = [node for node in walk(equation.body) if isinstance(node, Product) and node.bound]
        tried = [product for product in products if not choices.chance(25)]
        return cls(equation, choices, written_sums(equation, tried), long)

    def line(self) -> str:
        """Left side, equals sign, right side."""
        left = self.equation.name + self.subscript(self.equation.letters)
        return f"{left} = {self.expression(self.equation.body)}"

    def expression(self, node: Expression) -> str:
        """A sum of terms."""
        if not isinstance(node, Sum):
            return self.term(node)
        text = ""
        for sign, term in node.terms:
            mark = (" + " if sign > 0 else " - ") if text else ("" if sign > 0 else "-")
            text += mark + self.term(term)
        return text

    def term(self, node: Expression) -> str:
        """A product, with its sum sign where it is written."""
        if not isinstance(node, Product):
            return self.factor(node)
        if node in self.sums:
            return f"{self.choices.one(['sum', 'Σ'])}{self.subscript(node.bound)} {self.product(node)}"
        return self.product(node)

    def product(self, node: Product) -> str:
        """Factors and divisors from left to right."""
        divided = any(divides for _, divides in node.factors)
        sign = " * " if divided else self.choices.one([" ", " ", " * ", " · ", " ∘ ", " ⊙ "])
        text = ""
        for factor, divides in node.factors:
            piece = self.factor(factor)
            if divides:
                text = (text or "1") + " / " + piece
            elif text and sign == " " and piece[0].isdigit():
                text += " * " + piece
            else:
                text += (sign if text else "") + piece
        return text

    def factor(self, node: Expression) -> str:
        """One factor; sums and products in brackets."""
        match node:
            case Sum() | Product():
                return f"({self.expression(node)})"
            case Power(base, exponent):
                return f"{self.base(base)}{self.choices.one(['^', '**'])}{self.exponent(exponent)}"
            case Tensor(name, axes):
                return name + self.subscript(axes)
            case Number(text):
                return text
            case Place(letter):
                return self.name(letter)
            case Delta(first, second):
                return self.choices.one(["δ", "delta"]) + self.subscript((first, second))
            case Ones(letters):
                return "1" + self.subscript(letters)
            case Epsilon(letters):
                return self.choices.one(["ε", "epsilon"]) + self.subscript(letters)
            case Call(function, arguments) | Own(function, arguments):
                return f"{function}({', '.join(self.expression(each) for each in arguments)})"
            case Iverson(comparison):
                return f"[{self.comparison(comparison)}]"
            case Where(comparison, then, otherwise):
                parts = [self.comparison(comparison), self.expression(then), self.expression(otherwise)]
                return f"where({', '.join(parts)})"
            case Reduction(function, bound, body):
                return f"{function}{self.subscript(bound)}({self.expression(body)})"
            case Along(function, letter, body):
                return f"{function}{self.subscript((letter,))}({self.expression(body)})"
            case Algebra(function, names, letters):
                return f"{function}({', '.join(names)})" + self.subscript(letters)

    def base(self, node: Expression) -> str:
        """What stands under a power."""
        return f"({self.expression(node)})" if isinstance(node, Power | Sum | Product) else self.factor(node)

    def exponent(self, node: Expression) -> str:
        """What stands in a power."""
        if isinstance(node, Number) or (isinstance(node, Tensor) and not node.axes):
            return self.factor(node)
        return f"({self.expression(node)})"

    def comparison(self, node: Comparison) -> str:
        """Two expressions and the sign between them."""
        shown = {"<=": ["<=", "≤"], ">=": [">=", "≥"], "!=": ["!=", "≠"]}.get(node.operator, [node.operator])
        return f"{self.expression(node.left)} {self.choices.one(shown)} {self.expression(node.right)}"

    def subscript(self, axes: tuple[Axis, ...]) -> str:
        """`_ij`, `_{i,j}` or `_{i j}`; nothing for a scalar."""
        if not axes:
            return ""
        items = [self.item(axis) for axis in axes]
        if not all(isinstance(axis, Letter) for axis in axes):
            return "_{" + self.choices.one([",", ", "]).join(items) + "}"
        ways = ["_{" + ",".join(items) + "}", "_{" + " ".join(items) + "}"]
        if not any(item in self.long.values() for item in items):
            ways.insert(0, "_" + "".join(items))
        return self.choices.one(ways)

    def name(self, letter: Letter) -> str:
        """How an index is called."""
        return self.long.get(letter.name, letter.name)

    def item(self, axis: Axis) -> str:
        """What stands on one axis."""
        match axis:
            case Letter():
                return self.name(axis)
            case Fixed(position):
                return str(position)
            case Looked(name, letters):
                return name + "_{" + ",".join(map(self.name, letters)) + "}"
            case Linear(terms, constant):
                if terms[0][0] < 0:
                    return (str(constant) if constant else "") + "-" + self.name(terms[0][1])
                parts = [(str(factor) if factor != 1 else "") + self.name(letter) for factor, letter in terms]
                return "+".join([*parts, *([str(constant)] if constant else [])])
