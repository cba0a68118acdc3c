"""One form for each contraction, whatever the order of its operands and the names of its labels.

`A_ij B_jk` and `B_ca A_bc` are one contraction.  Operands are sorted by `Node.order`, labels numbered by first use.
Where an operand stands twice (`V_mk V_ml`) this leaves a choice; it is settled by refining the labels until they differ
(colour refinement) and, where they do not (a true symmetry), by trying each and taking the smallest result, as graph
canonisation does (B. D. McKay, "Practical graph isomorphism", 1981).  The labellings that give the same smallest result
are the symmetries: `V_mk V_ml` is symmetric in k and l.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from einderiv.ir.nodes import Einsum, Input, Node

Factor = tuple[Node, tuple[int, ...]]
TRIES = 48  # labellings compared before the smallest so far is taken; more than a product that a person writes has


class _Form(NamedTuple):
    """A contraction with its labels numbered by first use; `placing` has the original label of each output axis."""

    subscripts: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    placing: tuple[int, ...]


def contraction(factors: Sequence[Factor], output: Sequence[int]) -> tuple[Einsum, tuple[int, ...]]:
    """The product of `factors` summed to the labels `output`, and the label that lies on each axis of the result."""
    factors = sorted(factors, key=_order) if len(factors) > 1 else factors
    operands = tuple([node for node, _ in factors])
    if _may_turn(operands):
        best = min(form for turned in _turned(factors) for form in _forms(turned, output))
    else:
        best = _in_order(factors, output)
    return Einsum(operands, best.subscripts, best.output), best.placing


def symmetries(node: Node) -> list[tuple[int, ...]]:
    """The orders of its axes under which a node is the same; only a product of equal operands has more than one."""
    same = tuple(range(len(node.axes)))
    if isinstance(node, Input):
        return [same, same[::-1]] if node.symmetric else [same]
    if not isinstance(node, Einsum) or len(same) < 2 or not _may_turn(node.operands):
        return [same]
    factors = list(zip(node.operands, node.subscripts, strict=True))
    forms = [form for turned in _turned(factors) for form in _forms(turned, node.output)]
    axis = {label: position for position, label in enumerate(node.output)}
    equal = [form for form in forms if (form.subscripts, form.output) == (node.subscripts, node.output)]
    return sorted({same, *(tuple(axis[label] for label in form.placing) for form in equal)})


def _order(factor: Factor) -> tuple[int, str, str]:
    return factor[0].order


def _may_turn(operands: Sequence[Node]) -> bool:
    """Whether a product of these can have more than one form, or be symmetric."""
    if len(operands) > 1 and len(set(operands)) < len(operands):
        return True
    for operand in operands:
        if isinstance(operand, Input) and operand.symmetric:
            return True
    return False


def _turned(factors: Sequence[Factor]) -> list[list[Factor]]:
    """`factors` with the labels of symmetric matrices in either order; of more than six, in the order given."""
    found: list[list[Factor]] = [[]]
    free = sum(isinstance(node, Input) and node.symmetric for node, _ in factors) <= 6
    for node, labels in factors:
        both = [labels, labels[::-1]] if free and isinstance(node, Input) and node.symmetric else [labels]
        found = [[*turned, (node, order)] for turned in found for order in both]
    return found


def _forms(factors: Sequence[Factor], output: Sequence[int]) -> Iterator[_Form]:
    """The forms among which the canonical one is the smallest."""
    tries = 0
    pending = [{label: int(label not in output) for _, labels in factors for label in labels}]
    while pending and tries < TRIES:
        colours = _refined(factors, pending.pop())
        tied = _first_tie(factors, colours)
        if not tied:
            tries += 1
            yield _numbered(factors, output, colours)
        for label in reversed(tied):
            pending.append({other: 2 * colour + (other != label) for other, colour in colours.items()})


def _first_tie(factors: Sequence[Factor], colours: dict[int, int]) -> list[int]:
    """The labels of the first colour that several have, if the operands leave a choice at all."""
    if len({node for node, _ in factors}) == len(factors):
        return []
    classes: dict[int, list[int]] = {}
    for label, colour in colours.items():
        classes.setdefault(colour, []).append(label)
    return next((sorted(classes[colour]) for colour in sorted(classes) if len(classes[colour]) > 1), [])


def _refined(factors: Sequence[Factor], colours: dict[int, int]) -> dict[int, int]:
    """Colours split by where a label stands, until nothing splits further."""
    if len({node for node, _ in factors}) == len(factors):
        return colours
    orders = {order: rank for rank, order in enumerate(sorted({node.order for node, _ in factors}))}
    while True:
        seen: dict[int, list[tuple[int, ...]]] = {label: [] for label in colours}
        for node, labels in factors:
            around = tuple(colours[label] for label in labels)
            for position, label in enumerate(labels):
                seen[label].append((orders[node.order], position, *around))
        marks = {label: (colours[label], tuple(sorted(places))) for label, places in seen.items()}
        ranks = {mark: rank for rank, mark in enumerate(sorted(set(marks.values())))}
        refined = {label: ranks[mark] for label, mark in marks.items()}
        if len(ranks) == len(set(colours.values())):
            return refined
        colours = refined


def _numbered(factors: Sequence[Factor], output: Sequence[int], colours: dict[int, int]) -> _Form:
    """The form in which equal operands stand in the order of their labels' colours."""
    ordered = sorted(factors, key=lambda factor: (factor[0].order, [colours[label] for label in factor[1]]))
    return _in_order(ordered, output)


def _in_order(factors: Sequence[Factor], output: Sequence[int]) -> _Form:
    """The form of factors that stand in their order."""
    return _by_first_use(tuple([labels for _, labels in factors]), tuple(output))


@lru_cache(maxsize=4096)
def _by_first_use(subscripts: tuple[tuple[int, ...], ...], output: tuple[int, ...]) -> _Form:
    number: dict[int, int] = {}
    for label in chain.from_iterable(subscripts):
        number.setdefault(label, len(number))
    placing = sorted(output, key=number.__getitem__)
    return _Form(
        tuple([tuple([number[label] for label in labels]) for labels in subscripts]),
        tuple([number[label] for label in placing]),
        tuple(placing),
    )
