"""Which parts of a graph get a name, and which.

A part is named where the user named it, where it is used twice, where the text would nest too deep, and where its
index stands twice (`t_ii`), so that the text is linear in the graph.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from einderiv.ir import (
    Affine,
    Algebra,
    Axiswise,
    Constant,
    Einsum,
    Input,
    LeviCivita,
    Map,
    Node,
    Position,
    Selection,
    Size,
    Spread,
    Zero,
    children,
    topological,
)
from einderiv.render.factors import factors, is_transposition

DEEP = 10  # brackets in brackets
LONG = 24  # symbols in an equation
SHORT = 5  # symbols that are not worth an equation
Item = TypeVar("Item")

FRESH = "tuvwshgzrqpyfcbamnk"

RESERVED = frozenset(
    """exp log sqrt abs sign sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh sigmoid softplus relu erf log1p
    expm1 square where max min atan2 pow sum Σ prod mean argmax argmin logsumexp norm softmax logsoftmax cumsum inv det
    logdet solve cholesky δ delta ε epsilon pi π index given def in symmetric d e R E""".split()
)
_WORD = re.compile(r"[^\W\d_][^\W_]*")


class Names(dict[Node, str]):
    """The nodes that are printed as tensors, with their names.

    `views[node][k]` is the axis of the tensor that axis k of the node is, where the user's tensor is transposed.
    """

    def __init__(self, names: Mapping[Node, str], views: Mapping[Node, tuple[int, ...]]) -> None:
        super().__init__(names)
        self.views = views

    def arranged(self, node: Node, items: Sequence[Item]) -> tuple[Item, ...]:
        """What belongs to the axes of `node`, in the order of the tensor's axes."""
        view = self.views.get(node, range(len(items)))
        return tuple(item for _, item in sorted(zip(view, items, strict=True), key=lambda pair: pair[0]))


def fresh_names(used: Collection[str]) -> Iterator[str]:
    """t, u, v, …, then t2, u2, …, without those of `used`; a derivative `∂E/∂a` uses E and a."""
    words = {word for name in used for word in _WORD.findall(name)} | RESERVED
    number = 1
    while True:
        for letter in FRESH:
            name = letter if number == 1 else f"{letter}{number}"
            if name not in words:
                yield name
        number += 1


def is_leaf(node: Node) -> bool:
    """Whether the text of `node` is one symbol, perhaps with a number and deltas."""
    match node:
        case Spread(core=core):
            return is_leaf(core)
        case Input() | Constant() | Size() | Zero() | Position() | LeviCivita() | Affine():
            return True
        case _:
            return False


def is_trivial(node: Node, named: Collection[Node] = ()) -> bool:
    """Whether `node` is so short that a name says less: a leaf, one function of leaves, or `E_{t_n,d}`."""
    if is_leaf(node):
        return True
    match node:
        case Spread(core=core):
            return is_trivial(core, named)
        case Einsum():
            found = factors(node, named)
            return len(found) == 1 and found[0].looks_up and found[0].count == 1
        case Map(arguments=arguments):
            return all(map(is_leaf, arguments)) and len(arguments) <= 2
        case Selection(index=index):
            return is_leaf(index) or node.strict
        case Algebra():
            return True
        case _:
            return False


def name_parts(outputs: Sequence[tuple[str, Node]], definitions: Mapping[str, Node], used: Collection[str]) -> Names:
    """The names of parts and outputs, children first; `used` are names that must not be given."""
    order = topological([node for _, node in outputs])
    views: dict[Node, tuple[str, tuple[int, ...]]] = {}
    needed = _needed(order)
    names = _own_names(outputs, _plain(definitions, outputs, needed, views), set(order), needed)
    chosen = set(names) | needed | _repeated(order)
    chosen |= _shared(order, [node for _, node in outputs], chosen)
    chosen |= _deep(order, chosen)
    fresh = fresh_names({*used, *(name for name, _ in outputs), *definitions})
    found = {node: names.get(node) or next(fresh) for node in order if node in chosen}
    return Names(found, {node: view for node, (name, view) in views.items() if found.get(node) == name})


def _needed(order: Sequence[Node]) -> set[Node]:
    """Parts that only a name can stand for: arguments of linear algebra, and integers by which is looked up."""
    found = {argument for node in order if isinstance(node, Algebra) for argument in node.arguments}
    found |= {node.index for node in order if isinstance(node, Selection) and node.strict and not is_leaf(node.index)}
    return {node for node in found if not isinstance(node, Input)}


def _plain(
    definitions: Mapping[str, Node],
    outputs: Sequence[tuple[str, Node]],
    needed: Collection[Node],
    views: dict[Node, tuple[str, tuple[int, ...]]],
) -> dict[str, Node]:
    """The definitions, a transposed one by its core; `views` is told of these."""
    asked = {part for output in outputs for part in output}
    plain: dict[str, Node] = {}
    for name, node in definitions.items():
        plain[name] = node
        free = name not in asked and node not in asked and node not in needed
        if isinstance(node, Spread) and free and is_transposition(node) and node.core not in needed:
            plain[name] = node.core
            views.setdefault(node.core, (name, node.placing))
    return plain


def _own_names(
    outputs: Sequence[tuple[str, Node]],
    definitions: Mapping[str, Node],
    present: Collection[Node],
    needed: Collection[Node],
) -> dict[Node, str]:
    """The user's names, and those of outputs."""
    names: dict[Node, str] = {}
    taken = dict(outputs)
    for name, node in definitions.items():
        if node in present and (node in needed or not is_leaf(node)) and taken.get(name, node) is node:
            names.setdefault(node, name)
    for name, node in outputs:
        if (node in needed or not is_leaf(node)) and definitions.get(names.get(node, "")) is not node:
            names.setdefault(node, name)
    return names


def _repeated(order: Sequence[Node]) -> set[Node]:
    """Parts of which a diagonal is taken: only a name may have one index twice."""
    found: set[Node] = set()
    for node in order:
        match node:
            case Spread(core=core, placing=placing) if len(set(placing)) < len(placing):
                found.add(core)
            case Einsum(operands=operands, subscripts=subscripts):
                for operand, labels in zip(operands, subscripts, strict=True):
                    if len(set(labels)) < len(labels):
                        found.add(operand)
    return {node for node in found if not is_leaf(node) and not isinstance(node, Algebra | Selection)}


def _shared(order: Sequence[Node], roots: Collection[Node], names: Collection[Node]) -> set[Node]:
    """Parts that would be written twice.  A `Spread` is only structure: its core is the part."""
    uses = dict.fromkeys(order, 0)
    for root in roots:
        uses[root] += 1
    for node in reversed(order):
        again = uses[node] if isinstance(node, Spread) and node not in names else 1
        for child, times in _written(node):
            uses[child] += again * times
    return {node for node in order if uses[node] > 1 and not is_trivial(node, names) and not isinstance(node, Spread)}


def _written(node: Node) -> list[tuple[Node, int]]:
    """The children as often as the text of `node` has them."""
    if isinstance(node, Einsum):
        times: dict[Node, int] = {}
        tensors = {x.index if isinstance(x, Selection) else x for x in node.operands}
        for factor in factors(node, tensors):
            times[factor.node] = times.get(factor.node, 0) + 1
        return list(times.items())
    if isinstance(node, Axiswise) and node.function == "cofactor":
        return [(node.argument, 1)]
    return [(child, 1) for child in children(node)]


def _deep(order: Sequence[Node], chosen: Collection[Node]) -> set[Node]:
    """Parts at which the text is cut, where it would nest too deep or become too long to read."""
    found: set[Node] = set()
    depth: dict[Node, int] = {}
    weight: dict[Node, int] = {}
    for node in order:
        below = children(node)
        depth[node] = 1 + max((depth[child] for child in below), default=0)
        weight[node] = sum(weight[child] for child in below) if below else 1
        if weight[node] > LONG and not isinstance(node, Spread):
            for child in sorted({_core(child) for child in below}, key=lambda child: (-weight[child], child.order)):
                if weight[node] > LONG and weight[child] > SHORT:
                    found.add(child)
                    weight[node] -= weight[child] - 1
        if node in chosen or (depth[node] > DEEP and not isinstance(node, Spread)):
            found.add(node)
            depth[node], weight[node] = 0, 1
    return found


def _core(node: Node) -> Node:
    return node.core if isinstance(node, Spread) else node
