"""The lines of a source: for each node of a graph those that compute it, in any library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from einderiv.ir import (
    ONE,
    Add,
    Affine,
    Algebra,
    Axiswise,
    Constant,
    Dim,
    Einsum,
    Input,
    LeviCivita,
    Map,
    Node,
    Position,
    Reduce,
    Selection,
    Size,
    Spread,
    Zero,
    children,
    topological,
)
from einderiv.plan import contraction_order, einsum_string
from einderiv.render.centres import Taken, mean_taken
from einderiv.render.sizes import Read
from einderiv.render.spelling import COPIES, EYES, FLOATS, NAMES, SPELLINGS

TERMS = 6  # of a sum in one line
TYPICAL = 200  # the size of every axis, where contractions are ordered; symmetric products of it are made by halves


class Writer:
    """The lines so far, and for each node the text that names its value: a variable, or a number."""

    def __init__(self, library: str, inputs: Sequence[Input], reads: Sequence[Read]) -> None:
        self.library = library
        self.np = NAMES[library]
        self.lines: list[str] = []
        self._values: dict[Node, str] = {node: f"v{place}" for place, node in enumerate(inputs)}
        self._first = [f"v{place} = {FLOATS[library].format(f'v{place}')}" for place in range(len(inputs))]
        self._inputs = tuple(inputs)
        self._reads = tuple(reads)
        self._sizes: dict[Dim, str] = {}
        self._count = len(inputs)
        self.decorators: list[str] = []

    def head(self) -> list[str]:
        """The arguments as arrays, and the sizes that are needed."""
        where = {dim: f"v{p}.shape[{a}]" for p, leaf in enumerate(self._inputs) for a, dim in enumerate(leaf.axes)}
        follows = self._following(where)
        texts = {}
        for dim in reversed(follows):  # what one follows from comes before it
            if dim in self._sizes:
                texts[dim] = self._longest(dim, follows[dim])
        known = [f"{name} = {where[dim]}" for dim, name in self._sizes.items() if dim not in follows]
        return [*self._first, *known, *(f"{self._sizes[dim]} = {texts[dim]}" for dim in follows if dim in texts)]

    def _following(self, known: Mapping[Dim, str]) -> dict[Dim, list[Read]]:
        """The sizes that follow from reads, in order, each with those that limit it."""
        found: dict[Dim, list[Read]] = {}
        while True:
            new: dict[Dim, list[Read]] = {}
            for read in self._reads:
                unknown = {dim for dim in (read.dim, *read.dims) if dim.size is None} - known.keys() - found.keys()
                if len(unknown) == 1 and read.dim not in unknown:
                    new.setdefault(unknown.pop(), []).append(read)
            if not new:
                return found
            found.update(new)

    def _longest(self, free: Dim, reads: Sequence[Read]) -> str:
        """How long indices of a size may be, so that each read is inside of its axis."""
        lengths = []
        for read in reads:
            low = high = str(read.constant) if read.constant else ""
            up = down = 0
            for factor, dim in zip(read.coefficients, read.dims, strict=True):
                last = f"({self._size(dim)} - 1)" if abs(factor) == 1 else f"{abs(factor)} * ({self._size(dim)} - 1)"
                if dim == free:
                    up, down = up + max(factor, 0), down + max(-factor, 0)
                elif factor > 0:
                    high = f"{high} + {last}" if high else last
                else:
                    low = f"{low} - {last}" if low else f"-{last}"
            high = f"({high})" if " + " in high else high
            room = f"{self._size(read.dim)}" + (f" - {high}" if high else "")
            lengths += [f"({room} - 1) // {up} + 1" if up > 1 else room] if up else []
            lengths += [f"({low or '0'}) // {down} + 1"] if down else []
        return f"max(1, {', '.join(lengths)})" if len(lengths) == 1 else f"max(1, min({', '.join(lengths)}))"

    def write(self, node: Node, whole: bool) -> None:
        """Emit what computes `node`; a scaled tensor waits for a sum that takes it as a term, unless it is `whole`."""
        match node:
            case Input() | Constant():
                pass
            case Spread():
                if whole or not is_scaled(node):
                    self._values[node] = self._laid_out(node)
            case Einsum():
                self._values[node] = self._product(node)
            case Add(terms=terms):
                self._values[node] = self._sum(terms)
            case Algebra() | Map() | Reduce() | Axiswise():
                self._values[node] = self._function(node)
            case _:
                self._values[node] = self._leaf(node)

    def _leaf(self, node: Node) -> str:
        """What is made from sizes and positions."""
        match node:
            case Size(dim=dim):
                return self._put(FLOATS[self.library].format(self._size(dim)))
            case Zero(shape=shape):
                return self._put(self._full("0.0", shape))
            case Position(dim=dim):
                return self._put(FLOATS[self.library].format(f"{self.np}.arange({self._size(dim)})"))
            case Affine():
                return self._places(node)
            case Selection(index=index, dim=dim):
                return self._call("selection", [self._value(index), self._size(dim)])
            case LeviCivita():
                return self._permutation(node)
            case _:
                raise TypeError(f"no line computes a {type(node).__name__}; derivatives are taken before")

    def _function(self, node: Algebra | Map | Reduce | Axiswise) -> str:
        """A function of whole arrays: elementwise, over axes, along one, or of matrices."""
        arguments = [self._value(argument) for argument in children(node)]
        match node:
            case Algebra(function=function, arguments=(matrix, *others)):
                vector = others and len(others[0].axes) == len(matrix.axes) - 1
                return self._call("solve vector" if vector else function, arguments)
            case Reduce(function=function, count=count):
                known = SPELLINGS[self.library]
                spelled = f"reduce {function}" if f"reduce {function}" in known else function
                return self._call(spelled, arguments, count)
            case Axiswise(function="cofactor"):
                return self._put(" * ".join(self._call(side, arguments) for side in ("before", "after")))
            case _:
                return self._call(node.function, arguments)

    def finished(self, outputs: Sequence[Node]) -> tuple[list[str], list[str]]:
        """All lines, and the texts of the results, each an array of its own."""
        for node in topological(outputs):
            self.write(node, node in outputs)
        results = [COPIES[self.library].format(self._value(node)) for node in outputs]
        return self.lines, results

    # ------------------------------------------------------------------ parts

    def _put(self, text: str) -> str:
        """A new variable with the value of `text`."""
        name = self._fresh()
        self.lines.append(f"{name} = {text}")
        return name

    def _fresh(self) -> str:
        """A name that no variable has."""
        self._count += 1
        return f"v{self._count - 1}"

    def _size(self, dim: Dim) -> str:
        if dim.size is not None:
            return str(dim.size)
        return self._sizes.setdefault(dim, f"n{len(self._sizes)}")

    def _shape(self, shape: Sequence[Dim]) -> str:
        return tuple_of([self._size(dim) for dim in shape])

    def _full(self, number: str, shape: Sequence[Dim]) -> str:
        kind = {"numpy": "", "jax": "", "torch": ", dtype=torch.float64"}[self.library]
        return f"{self.np}.full({self._shape(shape)}, {number}{kind})"

    def _value(self, node: Node) -> str:
        if node not in self._values and isinstance(node, Spread):
            self._values[node] = self._laid_out(node)
        if node not in self._values and isinstance(node, Constant):
            self._values[node] = self._put(FLOATS[self.library].format(number_text(node.value)))
        if node not in self._values and isinstance(node, Selection | Affine | Position):
            self._values[node] = self._leaf(node)
        return self._values[node]

    def _call(self, function: str, arguments: Sequence[str], count: int = 1) -> str:
        axes = tuple_of([str(-place) for place in range(count, 0, -1)])
        row = SPELLINGS[self.library][function]
        return self._put(row.format(*arguments, np=self.np, axes=axes if count > 1 else "-1", first=-count))

    def _einsum(self, subscripts: str, *operands: str) -> str:
        return self._put(f'{self.np}.einsum("{subscripts}", {", ".join(operands)})')

    def _product(self, node: Einsum) -> str:
        """A product, two operands a line."""
        factors = [(self._value(each), labels) for each, labels in zip(node.operands, node.subscripts, strict=True)]
        if len(factors) < 3:
            return self._einsum(subscripts_of([labels for _, labels in factors], node.output), *(v for v, _ in factors))
        sizes = dict.fromkeys(node.dims, TYPICAL)
        for one, other in contraction_order(node.subscripts, node.output, sizes):
            right, left = factors.pop(other), factors.pop(one)
            rest = {*node.output, *(label for _, labels in factors for label in labels)}
            kept = tuple(label for label in dict.fromkeys(left[1] + right[1]) if label in rest)
            kept = kept if factors else node.output
            factors.append((self._einsum(subscripts_of([left[1], right[1]], kept), left[0], right[0]), kept))
        return factors[0][0]

    def _sum(self, terms: Sequence[Node]) -> str:
        """The sum of terms, a few a line."""
        pieces = []
        for term in terms:
            if term not in self._values and isinstance(term, Spread) and is_scaled(term):
                pieces.append(scaled_text(term.coefficient, self._values[term.core]))
            else:
                pieces.append(self._value(term))
        total, rest = pieces[0], pieces[1:]
        while rest:
            line = total + "".join(f" - {p[1:]}" if p.startswith("-") else f" + {p}" for p in rest[:TERMS])
            total, rest = self._put(line), rest[TERMS:]
        taken = mean_taken(terms, {})
        return total if taken is None else self._centred(total, terms[0].axes, taken)

    def _centred(self, total: str, axes: Sequence[Dim], taken: Taken) -> str:
        """A sum from which the mean that it still has is taken away."""
        mean, placing = taken.mean, taken.placing
        values, subscripts = [self._value(node) for node in mean.operands], list(mean.subscripts)
        values[taken.place], subscripts[taken.place] = total, taken.labels
        output = [mean.output[axis] for axis in sorted(range(len(placing)), key=placing.__getitem__)]
        rest = self._einsum(subscripts_of(subscripts, output), *values)
        index = ", ".join(":" if axis in placing else "None" for axis in range(len(axes)))
        return self._put(f"{total} - {rest}[{index}]" if placing else f"{total} - {rest}")

    def _laid_out(self, node: Spread) -> str:
        """A core in its place: axes in order, repeated, on diagonals, scaled."""
        rank, placed = len(node.shape), list(dict.fromkeys(node.placing))
        if node.core is ONE:
            value = self._put(FLOATS[self.library].format(number_text(node.coefficient)))
        else:
            value = self._values[node.core]
            if len(placed) == len(node.placing) and placed != sorted(placed):
                order = tuple_of([str(placed.index(axis)) for axis in sorted(placed)])
                value = self._put(
                    f"{self.np}.{'permute' if self.library == 'torch' else 'transpose'}({value}, {order})"
                )
            elif placed != list(node.placing):
                value = self._einsum(subscripts_of([node.placing], sorted(placed)), value)
            if len(placed) < rank and placed:
                value = self._put(f"{value}[{', '.join(':' if axis in placed else 'None' for axis in range(rank))}]")
            if node.coefficient != 1.0:
                value = self._put(scaled_text(node.coefficient, value))
        for axis, first in enumerate(node.ties):
            if axis != first:
                eye = EYES[self.library].format(self._size(node.shape[axis]))
                places = ", ".join(":" if each in (axis, first) else "None" for each in range(rank))
                mask = self._put(eye if rank == 2 else f"{eye}[{places}]")
                value = self._put(f"{self.np}.where({mask}, {value}, 0.0)")
        if len(placed) < rank:
            value = self._put(f"{self.np}.broadcast_to({value}, {self._shape(node.shape)})")
        return value

    def _places(self, node: Affine) -> str:
        """Positions computed from positions."""
        rank = len(node.axes)
        pieces = [str(node.constant)]
        for axis, (factor, dim) in enumerate(zip(node.coefficients, node.axes, strict=True)):
            at = ", ".join(":" if each == axis else "None" for each in range(rank))
            pieces.append(f"{factor} * {self.np}.arange({self._size(dim)})[{at}]")
        return self._put(FLOATS[self.library].format(" + ".join(pieces)))

    def _permutation(self, node: LeviCivita) -> str:
        """ε: the product of the signs of i_b - i_a for all a before b."""
        place = self._put(FLOATS[self.library].format(f"{self.np}.arange({self._size(node.dim)})"))
        value = ""
        for b in range(node.count):
            for a in range(b):
                at = [", ".join(":" if axis == each else "None" for axis in range(node.count)) for each in (a, b)]
                sign = self._put(f"{self.np}.sign({place}[{at[1]}] - {place}[{at[0]}])")
                value = self._put(f"{value} * {sign}") if value else sign
        return value


def is_scaled(node: Spread) -> bool:
    """Whether a node is its core times a number."""
    return node.placing == node.ties == tuple(range(len(node.shape)))


def tuple_of(words: Sequence[str]) -> str:
    """`(a, b)`, and `(a,)` for one."""
    return f"({', '.join(words)}{',' if len(words) == 1 else ''})"


def scaled_text(coefficient: float, value: str) -> str:
    """`2.0 * v3`, `-v3`, `v3`."""
    return {1.0: value, -1.0: f"-{value}"}.get(coefficient, f"{number_text(coefficient)} * {value}")


def number_text(value: float) -> str:
    """A number as Python reads it."""
    return repr(float(value)) if isfinite(value) else f'float("{value}")'


def subscripts_of(several: Sequence[Sequence[int]], output: Sequence[int]) -> str:
    """`ij,j->i`, with the first letters for the labels in order."""
    number: Mapping[int, int] = {
        label: place for place, label in enumerate(dict.fromkeys(label for labels in several for label in labels))
    }
    return einsum_string(
        [[number[label] for label in labels] for labels in several], [number[label] for label in output]
    )
