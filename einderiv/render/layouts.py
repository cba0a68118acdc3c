"""The order of the axes in which products are made, so that what reads them finds the axes where it wants them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from einderiv.ir import Einsum, Map, Node, Selection, Spread, children

Order = tuple[int, ...]
Parts = Mapping[Node, Sequence[Node]]


def layouts(order: Sequence[Node], outputs: Sequence[Node], parts: Parts) -> dict[Node, Order]:
    """Which axis of a product of two each axis of its array is, where they are not in order.

    A result and what a function or a sum reads have their axes in order; a factor of a product entry by entry has those
    of the other one.  What is asked for most is done; who asks for something else takes a view.  `parts` has for a
    product of more operands the products of two that lead to it.
    """
    found: dict[Node, Order] = {}
    nodes, readers = _with_parts(order, parts)
    straight = {*outputs, *(parts[node][-1] for node in outputs if node in parts)}
    for node in nodes:
        if not isinstance(node, Einsum) or node in straight or not of_two(node):
            continue
        if entrywise(node):
            wanted = _of_factors(node, found)
        else:
            votes = Counter(vote for reader in readers[node] if (vote := _vote(node, reader, found)) is not None)
            wanted = votes.most_common(1)[0][0] if votes else _straight(node)
        if wanted != _straight(node):
            found[node] = wanted
    return found


def of_two(node: Einsum) -> bool:
    """Whether a product has two operands, both arrays, with no summed label in one of them alone."""
    arrays = len(node.operands) == 2 and not any(isinstance(operand, Selection) for operand in node.operands)
    return arrays and {*node.subscripts[0]} ^ {*node.subscripts[1]} <= {*node.output}


def divisions(order: Sequence[Node], outputs: Sequence[Node], parts: Parts) -> dict[Node, Node]:
    """The factors that become what is divided by, by the products of two that divide: a reciprocal, or 1 / cosh².

    Nothing else reads such a factor, and it has an element for each of the product.
    """
    found: dict[Node, Node] = {}
    nodes, readers = _with_parts(order, parts)
    for node in nodes:
        match node:
            case Map("reciprocal" | "sech_squared", (argument,)) if node not in outputs and len(readers[node]) == 1:
                [product] = readers[node]
                if isinstance(product, Einsum) and product not in found and _covers(product, node):
                    if not isinstance(argument, Spread):
                        found[product] = node
            case _:
                pass
    return found


def _covers(product: Einsum, factor: Node) -> bool:
    """Whether a factor has an element for each of a product of two, entry by entry."""
    labels = product.subscripts[product.operands.index(factor)]
    return of_two(product) and entrywise(product) and sorted(labels) == sorted(product.output)


def _with_parts(order: Sequence[Node], parts: Parts) -> tuple[list[Node], dict[Node, list[Node]]]:
    """All nodes with the products of two that products of more are made of, and who reads each of them.

    Who reads a product of many reads the last of its parts.
    """
    nodes: dict[Node, None] = {}
    readers: dict[Node, list[Node]] = {}
    for node in order:
        readers.setdefault(node, [])
        made = parts.get(node, ())
        cores = [part.core if isinstance(part, Spread) else part for part in made]
        if made and made[-1] is cores[-1]:
            readers.setdefault(cores[-1], readers[node])
        for part in [*(core for core in cores if core not in nodes), *([] if made else [node])]:
            nodes[part] = None
            readers.setdefault(part, [])
            for child in children(part):
                readers[child].append(part)
    return list(nodes), readers


def entrywise(node: Einsum) -> bool:
    """Whether a product sums nothing."""
    return len(node.dims) == len(node.output)


def _straight(node: Node) -> Order:
    return tuple(range(len(node.axes)))


def _of_factors(node: Einsum, found: Mapping[Node, Order]) -> Order:
    """The order of the axes of the first factor that has all of them."""
    for operand, labels in zip(node.operands, node.subscripts, strict=True):
        if sorted(labels) == sorted(node.output):
            own = found.get(operand, _straight(operand))
            return tuple(node.output.index(labels[axis]) for axis in own)
    return _straight(node)


def _vote(node: Einsum, reader: Node, found: Mapping[Node, Order]) -> Order | None:
    """The order in which a reader wants the axes of a product; None for one that takes any."""
    match reader:
        case Spread(placing=placing) if len({*placing}) == len(placing):
            return tuple(sorted(range(len(placing)), key=placing.__getitem__))
        case Einsum(operands=(one, two), subscripts=(first, second)) if entrywise(reader):
            other, own, labels = (two, first, second) if one is node else (one, second, first)
            if sorted(own) != sorted(labels) or len({*own}) < len(own):
                return None  # a diagonal is taken from any order
            return tuple(own.index(labels[axis]) for axis in found.get(other, _straight(other)))
        case Einsum() | Spread():
            return None
        case _:
            return _straight(node)
