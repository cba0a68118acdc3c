"""Explicit tree → graph: index variables become labels of contractions and disappear."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce as fold

from einderiv.check.explicit import (
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
    Reduced,
    Reference,
    Term,
    Total,
)
from einderiv.ir import (
    Derivative,
    Dim,
    Input,
    LeviCivita,
    Node,
    Position,
    Size,
    add,
    apply,
    axiswise,
    constant,
    einsum,
    identity,
    ones,
    reduce,
    scale,
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
            case Reference() | Known() | Place():
                return _diagonal(*self._atom(expression))
            case Term():
                return self._term(expression, parameters)
            case Total(terms=terms):
                values = self._alike([self.value(term, parameters) for term in terms])
                return Value(add([value.node for value in values]), values[0].indices)
            case Elementwise(function=function, arguments=arguments):
                return self._elementwise(function, [self.value(each, parameters) for each in arguments])
            case OwnCall(function=function, arguments=arguments):
                own = self.functions[function]
                values = [self.value(each, parameters) for each in arguments]
                return self.value(own.body, dict(zip(own.parameters, self._alike(values), strict=True)))
            case Reduced(function=function, body=body, indices=indices):
                return self._reduced(function, self.value(body, parameters), indices)
            case Along(function=function, body=body, indices=indices):
                return self._along(function, self.value(body, parameters), indices)
            case Differentiated(top=top, below=below):
                return _diagonal(*self._derivative(self._top(top, parameters), below))

    def _term(self, term: Term, parameters: Mapping[str, Value]) -> Value:
        """A product: all factors as operands of one contraction."""
        operands: list[tuple[Node, tuple[Index, ...]]] = []
        for factor, power in term.factors:
            if isinstance(factor, Reference | Known) and power > 0:
                node, indices = self._atom(factor)
            else:
                value = self.value(factor, parameters)
                node, indices = value.node, value.indices
            if power < 0:
                node = apply("reciprocal", node)
            operands += [(node, indices)] * abs(power)
        summed = set(term.summed)
        kept = tuple(index for index in _union(indices for _, indices in operands) if index not in summed)
        return Value(einsum(operands, kept, term.coefficient), kept)

    def _elementwise(self, function: str, arguments: Sequence[Value]) -> Value:
        values = self._alike(arguments)
        if function == "equal" and all(isinstance(each.node, Position) for each in arguments):
            one, other = (each.indices[0] for each in arguments)
            if one is not other and self.dim(one) == self.dim(other):
                return Value(identity(self.dim(one)), (one, other))
        return Value(apply(function, *(value.node for value in values)), values[0].indices)

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

    def _atom(self, atom: Reference | Known | Place) -> tuple[Node, tuple[Index, ...]]:
        """The node of a tensor and the index on each axis, as written."""
        match atom:
            case Reference(name=name, indices=indices):
                return self.leaf(name), indices
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


def _diagonal(node: Node, indices: tuple[Index, ...]) -> Value:
    """A tensor as written, over each of its indices once."""
    different = tuple(dict.fromkeys(indices))
    return Value(node if different == indices else einsum([(node, indices)], different), different)
