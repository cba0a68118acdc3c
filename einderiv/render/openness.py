"""Which indices stay open in the text of a node, by the summation rule of the language.

Letters are not needed for this, only axes: the renderer never uses one letter for two things in one scope.  With it a
product knows which of its labels the convention sums as wanted, and which need an explicit `sum`.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Sequence
from enum import IntEnum

from einderiv.ir import (
    Add,
    Affine,
    Algebra,
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
    Selection,
    Size,
    Spread,
    Zero,
)
from einderiv.render.factors import Factor, factors

PRODUCTS = frozenset({"xlogx", "logistic_density"})  # written as a product of two factors with the argument in each


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
            labels = factor.labels
            states = (Open.ONCE,) * len(labels) if factor.looks_up else self.bracketed(factor.node)
            for label in dict.fromkeys(labels):
                places = [axis for axis, other in enumerate(labels) if other == label]
                state = states[places[0]] if len(places) == 1 else Open.CLOSED
                found.setdefault(label, []).append(state)
        return found

    def _states(self, node: Node) -> States:
        match node:
            case Input() | LeviCivita() | Position() | Affine() | Algebra():
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
                if function in PRODUCTS:
                    states = [tuple(joint((state, state)) for state in states[0])]
                return tuple(max(together) for together in zip(*states, strict=True))
            case Reduce(argument=argument, count=count):
                return self.bracketed(argument)[:-count]
            case Axiswise(argument=argument):
                return (*self.bracketed(argument)[:-1], Open.ONCE)
            case Selection(index=index):
                return (*self.bracketed(index), Open.ONCE)
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
