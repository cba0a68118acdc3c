"""The order in which a product of many operands is contracted, two at a time.  opt_einsum finds every order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod

Labels = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

FEW = 5  # up to this many operands every order is tried
MIDDLE = 12  # up to this many, dynamic programming finds the best order without outer products, in milliseconds
MANY = 30  # beyond, only the greedy order is quick


def contraction_order(subscripts: Sequence[Labels], output: Labels, sizes: Mapping[int, int]) -> Pairs:
    """Which two operands to contract, one pair a step; each result goes to the end of the list of operands.

    `contraction_order([(0, 1), (1, 2), (2,)], (0,), {0: 9, 1: 9, 2: 9})` is `((1, 2), (0, 1))`: the vector first.
    """
    number: dict[int, int] = {}
    for labels in subscripts:
        for label in labels:
            number.setdefault(label, len(number))
    renamed = tuple(tuple(number[label] for label in labels) for labels in subscripts)
    lengths = tuple(max(sizes[label], 1) for label in number)
    return _order(renamed, tuple(sorted(number[label] for label in output)), lengths)


@lru_cache(maxsize=4096)
def _order(subscripts: tuple[Labels, ...], output: Labels, lengths: Labels) -> Pairs:
    """The order for labels 0, 1, 2, …; only methods that do not depend on chance are asked."""
    from opt_einsum import paths  # here, since it brings NumPy, which no other part of planning needs

    count = len(subscripts)
    if count == 2:
        return ((0, 1),)
    operands, result, sizes = [frozenset(labels) for labels in subscripts], frozenset(output), dict(enumerate(lengths))
    if count <= FEW:
        return _in_pairs(paths.optimal(*_marked(operands, result, sizes)), count)
    if count <= MIDDLE or (count <= MANY and _is_chain(subscripts)):
        return _in_pairs(paths.dynamic_programming(operands, result, sizes), count)
    found = [paths.greedy(operands, result, sizes, cost_fn=cost) for cost in ("memory-removed", _smallest_result)]
    if count <= MANY:
        found.append(paths.auto(operands, result, sizes))
    orders = [_in_pairs(path, count) for path in found]
    return min(orders, key=lambda order: _multiplications(order, operands, result, sizes))


def _marked(
    operands: Sequence[frozenset[int]], output: frozenset[int], sizes: Mapping[int, int]
) -> tuple[list[frozenset[int]], frozenset[int], dict[int, int]]:
    """A product with a label of size 1 more on each operand and the output, so that partial products are told apart.

    `optimal` remembers what a pair costs by the labels of the two.  Of operands with equal labels that is the cost of
    a pair while a third still needs a label, later of one that sums it.
    """
    marks = [-1 - place for place in range(len(operands))]
    marked = [labels | {mark} for labels, mark in zip(operands, marks, strict=True)]
    return marked, output.union(marks), {**sizes, **dict.fromkeys(marks, 1)}


def _smallest_result(size: int, *_: object) -> int:
    """The cost by which greedy takes a matrix times a vector first, where the usual one is as glad of two matrices."""
    return size


def _multiplications(
    order: Pairs, operands: Sequence[frozenset[int]], output: frozenset[int], sizes: Mapping[int, int]
) -> int:
    """How many products of numbers an order takes."""
    remaining = list(operands)
    uses = dict.fromkeys(output, 1)
    for labels in operands:
        for label in labels:
            uses[label] = uses.get(label, 0) + 1
    total = 0
    for one, other in order:
        right, left = remaining.pop(other), remaining.pop(one)
        total += prod(sizes[label] for label in left | right)
        for label in left & right:
            uses[label] -= 1
        remaining.append(frozenset(label for label in left | right if uses[label] > 1))
    return total


def _is_chain(subscripts: Sequence[Labels]) -> bool:
    """Whether no operand shares labels with more than two others: then few partial products are connected."""
    users: dict[int, set[int]] = {}
    for operand, labels in enumerate(subscripts):
        for label in labels:
            users.setdefault(label, set()).add(operand)
    return all(len(set().union(*(users[label] for label in labels)) - {k}) <= 2 for k, labels in enumerate(subscripts))


def _in_pairs(path: Sequence[Sequence[int]], count: int) -> Pairs:
    """A path of opt_einsum with a step of one operand left out and one of three or more taken two at a time."""
    slots = list(range(count))
    names = count
    steps: list[tuple[int, int]] = []
    for positions in path:
        taken = [slots.pop(position) for position in sorted(positions, reverse=True)][::-1]
        while len(taken) > 1:
            steps.append((taken[0], taken[1]))
            taken = [names, *taken[2:]]
            names += 1
        slots.append(taken[0])
    remaining = list(range(count))
    pairs = []
    for made, (one, other) in enumerate(steps, count):
        places = sorted((remaining.index(one), remaining.index(other)))
        for place in reversed(places):
            del remaining[place]
        remaining.append(made)
        pairs.append((places[0], places[1]))
    return tuple(pairs)
