"""Explicit tree → graph: index variables become labels of contractions and disappear."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce as fold

from einderiv.check.explicit import (
    Algebraic,
    Along,
    Differentiated,
    Elementwise,
    Explicit,
    Index,
    Known,
    Literal,
    OwnCall,
    Parameter,
    Place,
    Reading,
    Reduced,
    Reference,
    Shifted,
    Term,
    Total,
)
from einderiv.check.positions import affine
from einderiv.ir import (
    Affine,
    Derivative,
    Dim,
    Input,
    LeviCivita,
    Node,
    Position,
    Selection,
    Size,
    add,
    algebra,
    apply,
    axiswise,
    constant,
    einsum,
    identity,
    ones,
    reduce,
    scale,
    select,
)


@dataclass(frozen=True, slots=True)
class Value:
    """A node and the index on each of its axes, all different."""

    node: Node
    indices: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class OwnFunction:
    """A function that the text defines."""

    parameters: tuple[str, ...]
    body: Explicit


@dataclass(slots=True)
class Lowering:
    """Makes nodes; `dim` gives the size of an index, `leaf` the leaf of a tensor."""

    dim: Callable[[Index], Dim]
    leaf: Callable[[str], Input]
    functions: Mapping[str, OwnFunction]

    def equation(self, body: Explicit, axes: Sequence[Index]) -> Node:
        """The value of an expression with just the axes asked for."""
        return self._laid(self.value(body, {}), tuple(axes))

    # ------------------------------------------------------------ expressions

    def value(self, expression: Explicit, parameters: Mapping[str, Value]) -> Value:
        """The value of an expression over its open indices."""
        match expression:
            case Literal(value=number):
                return Value(constant(number), ())
            case Parameter(name=name):
                return parameters[name]
            case Reference() | Algebraic() | Known() | Place() | Shifted():
                return self._read(*self._atom(expression))
            case Reading(tensor=tensor, positions=positions):
                return self._read(*self._atom(tensor), dict(positions))
            case Term():
                return self._term(expression, parameters)
            case Total(terms=terms):
                values = self._alike([self.value(term, parameters) for term in terms])
                return Value(add([value.node for value in values]), values[0].indices)
            case Elementwise(function=function, arguments=arguments):
                selected = self._selected(arguments) if function == "equal" else None
                return selected or self._elementwise(function, arguments, parameters)
            case OwnCall(function=function, arguments=arguments):
                own = self.functions[function]
                values = [self.value(each, parameters) for each in arguments]
                return self.value(own.body, dict(zip(own.parameters, self._alike(values), strict=True)))
            case Reduced(function=function, body=body, indices=indices):
                return self._reduced(function, self.value(body, parameters), indices)
            case Along(function=function, body=body, indices=indices):
                return self._along(function, self.value(body, parameters), indices)
            case Differentiated(top=top, below=below):
                return self._read(*self._derivative(self._top(top, parameters), below))

    def _term(self, term: Term, parameters: Mapping[str, Value]) -> Value:
        """A product: all factors as operands of one contraction."""
        operands: list[tuple[Node, tuple[Index, ...]]] = []
        coefficient, factors = _powers(term)
        for factor, power in factors:
            node, indices = self._factor(factor, parameters) if power > 0 else self._valued(factor, parameters)
            if power < 0:
                node = apply("reciprocal", node)
            operands += [(node, indices)] * abs(power)
        summed = set(term.summed)
        kept = tuple(index for index in _union(indices for _, indices in operands) if index not in summed)
        return Value(einsum(operands, kept, coefficient), kept)

    def _valued(self, factor: Explicit, parameters: Mapping[str, Value]) -> tuple[Node, tuple[Index, ...]]:
        value = self.value(factor, parameters)
        return value.node, value.indices

    def _factor(self, factor: Explicit, parameters: Mapping[str, Value]) -> tuple[Node, tuple[Index, ...]]:
        """A factor for a contraction, which takes the diagonal of a tensor itself."""
        if isinstance(factor, Reference | Algebraic | Known):
            node, indices = self._atom(factor)
            if all(self.dim(index) == dim for index, dim in zip(indices, node.axes, strict=True)):
                return node, indices
        return self._valued(factor, parameters)

    def _elementwise(self, function: str, arguments: Sequence[Explicit], parameters: Mapping[str, Value]) -> Value:
        values = [self.value(each, parameters) for each in arguments]
        if function == "where":
            values[0] = self._condition(arguments[0], values[0], parameters)
        values = self._alike(values)
        return Value(apply(function, *(value.node for value in values)), values[0].indices)

    def _condition(self, condition: Explicit, value: Value, parameters: Mapping[str, Value]) -> Value:
        """The condition of `where`, which chooses by elements, and so does not take a selection."""
        if isinstance(condition, Elementwise) and isinstance(value.node, Selection):
            return self._elementwise(condition.function, condition.arguments, parameters)
        return value

    # -------------------------------------------------------------- positions

    def _selected(self, sides: Sequence[Explicit]) -> Value | None:
        """`[k == y_n]` and `[p == 2 i + 1]` as structure: a plain index on one side alone, its position on the other.

        A position is computed from indices, or read from a tensor; all else is compared element by element.
        """
        for place, other in (sides, reversed(sides)):
            if not isinstance(place, Place):
                continue
            index = self._position(other)
            if index is not None and place.index not in index.indices:
                node = select(index.node, self.dim(place.index), strict=False)
                return Value(node, (*index.indices, place.index))
        return None

    def _position(self, expression: Explicit) -> Value | None:
        """A value that may be a position."""
        form = affine(expression)
        if form is not None:
            return self._affine(tuple((factor, index) for index, factor in form[0].items()), form[1])
        return self.value(expression, {}) if isinstance(expression, Reference | Reading) else None

    def _affine(self, terms: Sequence[tuple[int, Index]], constant: int) -> Value:
        indices = tuple(index for _, index in terms)
        node = Affine(tuple(factor for factor, _ in terms), constant, tuple(self.dim(index) for index in indices))
        return Value(node, indices)

    def _read(self, node: Node, indices: tuple[Index, ...], positions: Mapping[Index, Explicit] | None = None) -> Value:
        """A tensor as written, over each of its indices once, read where its axes are at computed positions.

        An index that is shorter than its axis is a position too: the i of `x_{i+1} - x_i`.
        """
        labels: list[Hashable] = []
        kept: dict[Index, None] = {}
        selections: list[tuple[Node, Sequence[Hashable]]] = []
        for index, dim in zip(indices, node.axes, strict=True):
            position = (positions or {}).get(index)
            if position is None and self.dim(index) == dim:
                labels.append(index)
                kept[index] = None
                continue
            value = self._affine([(1, index)], 0) if position is None else self.value(position, {})
            labels.append(Index("", index.span))
            selections.append((select(value.node, dim, strict=True), (*value.indices, labels[-1])))
            kept |= dict.fromkeys(value.indices)
        different = tuple(kept)
        if different == tuple(labels):
            return Value(node, different)
        return Value(einsum([(node, labels), *selections], different), different)

    def _reduced(self, function: str, body: Value, indices: Sequence[Index]) -> Value:
        kept = tuple(index for index in body.indices if index not in indices)
        if function == "mean":
            sizes = [(apply("reciprocal", self._count(index)), ()) for index in indices]
            return Value(einsum([(body.node, body.indices), *sizes], kept), kept)
        return Value(reduce(function, body.node, [body.indices.index(index) for index in indices]), kept)

    def _count(self, index: Index) -> Node:
        """How many values an index has."""
        dim = self.dim(index)
        return Size(dim) if dim.size is None else constant(dim.size)

    def _along(self, function: str, body: Value, indices: Sequence[Index]) -> Value:
        """A function along one axis; along several, softmax and its logarithm by their definitions."""
        axes = [body.indices.index(index) for index in indices]
        if len(axes) == 1 or function == "cumsum":
            return Value(fold(lambda node, axis: axiswise(function, node, axis), axes, body.node), body.indices)
        total = self._laid(self._reduced("logsumexp", body, indices), body.indices)
        logarithm = add([body.node, scale(total, -1.0)])
        return Value(logarithm if function == "logsoftmax" else apply("exp", logarithm), body.indices)

    # ------------------------------------------------------------------ atoms

    def _atom(self, atom: Reference | Algebraic | Known | Place | Shifted) -> tuple[Node, tuple[Index, ...]]:
        """The node of a tensor and the index on each axis, as written."""
        match atom:
            case Reference(name=name, indices=indices):
                return self.leaf(name), indices
            case Algebraic(matrix=matrix, right=right, indices=indices):
                leaves = [self.leaf(name) for name in (matrix, right) if name]
                return algebra(atom.function, *leaves), indices
            case Shifted(terms=terms, constant=shift):
                value = self._affine(terms, shift)
                return value.node, value.indices
            case Place(index=index):
                return Position(self.dim(index)), (index,)
            case Known(kind="δ", indices=indices):
                return identity(self.dim(indices[0])), indices
            case Known(kind="ε", indices=indices):
                return LeviCivita(self.dim(indices[0]), len(indices)), indices
            case Known(indices=indices):
                return ones([self.dim(index) for index in indices]), indices

    def _top(self, top: Explicit, parameters: Mapping[str, Value]) -> tuple[Node, tuple[Index, ...]]:
        if isinstance(top, Reference):
            return self._atom(top)
        value = self.value(top, parameters)
        return value.node, value.indices

    def _derivative(
        self, top: tuple[Node, tuple[Index, ...]], below: Sequence[Reference]
    ) -> tuple[Node, tuple[Index, ...]]:
        indices = (*top[1], *(index for tensor in below for index in tensor.indices))
        return Derivative(top[0], tuple(self.leaf(tensor.name) for tensor in below)), indices

    # ----------------------------------------------------------- broadcasting

    def _alike(self, values: Sequence[Value]) -> list[Value]:
        """The values broadcast over each other's indices."""
        indices = _union(value.indices for value in values)
        return [Value(self._laid(value, indices), indices) for value in values]

    def _laid(self, value: Value, indices: tuple[Index, ...]) -> Node:
        """A value transposed to `indices` and repeated over those that it lacks."""
        if value.indices == indices:
            return value.node
        return einsum([(value.node, value.indices)], indices, dims={index: self.dim(index) for index in indices})


def _union(several: Iterable[tuple[Index, ...]]) -> tuple[Index, ...]:
    """All indices, in order of first use."""
    return tuple(dict.fromkeys(index for indices in several for index in indices))


def _powers(term: Term) -> tuple[float, list[tuple[Explicit, int]]]:
    """1 / (2 s²) = ½ s⁻²: a number, and the factors with their powers, those of bases below a line in their place."""
    coefficient, factors = term.coefficient, []
    for factor, power in term.factors:
        match factor:
            case Term(coefficient=number, factors=((base, inner),), summed=()) if power < 0 < inner and number:
                coefficient *= number**power
                factors.append((base, inner * power))
            case _:
                factors.append((factor, power))
    return coefficient, factors
