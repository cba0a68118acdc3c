"""Which indices stay open in the text of a node, by the summation rule of the language.

Letters are not needed for this, only axes: the renderer never uses one letter for two things in one scope.  With it a
product knows which of its labels the convention sums as wanted, and which need an explicit `sum`.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from einderiv.ir import (
    Add,
    Axiswise,
    Constant,
    Derivative,
    Einsum,
    Input,
    LeviCivita,
    Map,
    Node,
    Position,
    Reduce,
    Size,
    Spread,
    Zero,
)


class Open(IntEnum):
    """How an index stands in a text that nothing around it wants.

    `ABSENT`: not at all.  `ONCE`: open.  `TWICE`: in two factors of a product, which would sum it unless another term
    of its bracket keeps it.  `CLOSED`: summed further inside, unless it is wanted from outside.
    """

    ABSENT = 0
    ONCE = 1
    TWICE = 2
    CLOSED = 3


States = tuple[Open, ...]


@dataclass(frozen=True, slots=True)
class Factor:
    """An operand of a product with its labels, `count` times as a power; `below` as a divisor."""

    node: Node
    labels: tuple[Hashable, ...]
    count: int = 1
    below: bool = False


class Openness:
    """The states of the axes of nodes; `named` are the nodes that are printed by a name."""

    def __init__(self, order: Iterable[Node], named: Container[Node]) -> None:
        self._named = named
        self._inner: dict[Node, States] = {}
        for node in order:
            self._inner[node] = self._states(node)

    def __getitem__(self, node: Node) -> States:
        """The states of the axes of `node` where it is used."""
        return (Open.ONCE,) * len(node.axes) if node in self._named else self._inner[node]

    def bracketed(self, node: Node) -> States:
        """The same inside brackets, where what stands twice is summed."""
        return tuple(Open.CLOSED if state is Open.TWICE else state for state in self[node])

    def product(self, factors: Iterable[Factor]) -> dict[Hashable, list[Open]]:
        """For each label, its states in the factors it stands in."""
        found: dict[Hashable, list[Open]] = {}
        for factor in factors:
            states = self.bracketed(factor.node)
            for label in dict.fromkeys(factor.labels):
                places = [axis for axis, other in enumerate(factor.labels) if other == label]
                state = states[places[0]] if len(places) == 1 else Open.CLOSED
                found.setdefault(label, []).append(state)
        return found

    def _states(self, node: Node) -> States:
        match node:
            case Input() | LeviCivita() | Position():
                return (Open.ONCE,) * len(node.axes)
            case Constant() | Size() | Zero():
                return (Open.ABSENT,) * len(node.axes)
            case Einsum(output=output):
                found = self.product(factors(node, self._named))
                return tuple(joint(found[label]) for label in output)
            case Spread():
                return self._spread(node)
            case Add(terms=terms):
                return tuple(map(kept, zip(*(self[term] for term in terms), strict=True)))
            case Map(function=function, arguments=arguments):
                states = [self.bracketed(argument) for argument in arguments]
                if function == "pow":
                    states[1] = tuple(Open.CLOSED if state else state for state in states[1])
                return tuple(max(together) for together in zip(*states, strict=True))
            case Reduce(argument=argument, count=count):
                return self.bracketed(argument)[:-count]
            case Axiswise(argument=argument):
                return (*self.bracketed(argument)[:-1], Open.ONCE)
            case Derivative():
                return (Open.CLOSED,) * len(node.axes)
        raise TypeError(f"no node of a program: {node!r}")

    def _spread(self, node: Spread) -> States:
        found: dict[int, list[Open]] = {axis: [] for axis in range(len(node.axes))}
        inner = self[node.core] if isinstance(node.core, Einsum) else self.bracketed(node.core)
        for axis, state in zip(node.placing, inner, strict=True):
            found[axis].append(state)
        for axis, first in enumerate(node.ties):
            if axis != first:
                found[first].append(Open.ONCE)
                found[axis].append(Open.ONCE)
        twice = {axis for axis in node.placing if node.placing.count(axis) > 1}
        return tuple(Open.CLOSED if axis in twice else joint(states) for axis, states in found.items())


def joint(states: Sequence[Open]) -> Open:
    """The state in a product of factors with `states`."""
    if Open.CLOSED in states:
        return Open.CLOSED
    times = sum(states)
    return Open.TWICE if times > 1 else Open(times)


def kept(states: Sequence[Open]) -> Open:
    """The state in a bracket of terms with `states`: open in one term, it is kept in all."""
    if Open.CLOSED in states or (Open.TWICE in states and Open.ONCE not in states):
        return Open.CLOSED
    return Open.ONCE if Open.ONCE in states else Open.ABSENT


def factors(node: Einsum, named: Container[Node]) -> list[Factor]:
    """The operands of a product as its text has them: equal ones as a power, reciprocals as divisors.

    A power counts once, so the letters of a square must be kept or stand in another factor too: `R_ij R_ij` is summed.
    """
    counts: dict[tuple[Node, tuple[int, ...]], int] = {}
    for operand, labels in zip(node.operands, node.subscripts, strict=True):
        counts[operand, labels] = counts.get((operand, labels), 0) + 1
    found = []
    for (operand, labels), count in counts.items():
        elsewhere = {label for key in counts if key != (operand, labels) for label in key[1]} | set(node.output)
        together = count > 2 or elsewhere.issuperset(labels)
        below = isinstance(operand, Map) and operand.function == "reciprocal" and operand not in named
        part = operand.arguments[0] if isinstance(operand, Map) and below else operand
        found += [Factor(part, labels, count if together else 1, below)] * (1 if together else count)
    return found
