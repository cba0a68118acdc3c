"""Products with selections, taken apart until each is a read, a write, a comparison, or has no selection.

`[p == index]` in a product eliminates p: what has p is read at the index; if p is in the output, the rest is multiplied
first and then written there.  Reads are put first, so that the products between them are of dense arrays, whose order
`plan.order` chooses; but what is read at more positions than it has entries is multiplied before it is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from einderiv.ir import (
    Affine,
    Dim,
    Einsum,
    Node,
    Position,
    Selection,
    Spread,
    apply,
    einsum,
    lay,
    number,
    ones,
    restricted,
)

Labels = tuple[int, ...]
Factor = tuple[Node, Labels]
Kind = Literal["dense", "read", "write", "match", "mixed"]


@dataclass(frozen=True, slots=True)
class Pick:
    """A selection in a product: the labels of its index, and the label whose position it selects."""

    node: Selection
    index: Labels
    label: int

    @property
    def affine(self) -> bool:
        """Whether the positions are known before a run."""
        return isinstance(self.node.index, Affine)

    @property
    def factor(self) -> Factor:
        """The selection as an operand."""
        return self.node, (*self.index, self.label)


def parted(node: Einsum) -> tuple[list[Factor], list[Pick]]:
    """The dense operands and the selections of a product."""
    dense, picks = [], []
    for operand, labels in zip(node.operands, node.subscripts, strict=True):
        if isinstance(operand, Selection):
            picks.append(Pick(operand, labels[:-1], labels[-1]))
        else:
            dense.append((operand, labels))
    return dense, picks


def kind(node: Einsum) -> Kind:
    """What one step can make of a product; "mixed" is taken apart by `simpler`."""
    dense, picks = parted(node)
    if not picks:
        return "dense"
    if any(plain(pick) is not pick for pick in picks) or len(dense) > 1:
        return "mixed"
    if not dense and _compares(picks, node.output):
        return "match"
    selected = {pick.label for pick in picks}
    indexed = {label for pick in picks for label in pick.index}
    own = dense[0][1] if dense else ()
    if indexed & selected or len(selected) < len(picks):
        return "mixed"
    around = indexed | set(node.output)
    if selected <= set(node.output) - set(own):
        return "write" if set(own) <= around else "mixed"
    alike = len({pick.affine for pick in picks}) == 1
    reads = alike and selected <= set(own) - set(node.output)
    return "read" if reads and indexed | set(own) <= set(node.output) | selected else "mixed"


def _compares(picks: Sequence[Pick], output: Labels) -> bool:
    """Whether a product is [t_n = u_m], or whether t_n is a position."""
    label, indexed = picks[0].label, {label for pick in picks for label in pick.index}
    alike = len(picks) <= 2 and all(pick.label == label for pick in picks)
    return alike and label not in indexed and indexed == set(output)


def plain(pick: Pick) -> Pick:
    """A selection whose index has no number, no axis that only repeats, no label twice, no factor of zero."""
    index, labels = pick.node.index, pick.index
    value = number(index)
    if value is not None and value == int(value):
        return Pick(_selection(pick, Affine((), int(value), ())), (), pick.label)
    if isinstance(index, Position):
        index = Affine((1,), 0, index.axes)
    if isinstance(index, Affine):
        amounts: dict[int, int] = {}
        for coefficient, label in zip(index.coefficients, labels, strict=True):
            amounts[label] = amounts.get(label, 0) + coefficient
        kept = [label for label, amount in amounts.items() if amount]
        if tuple(kept) == labels and index is pick.node.index:
            return pick
        dims = dict(zip(labels, index.axes, strict=True))
        index = Affine(tuple(amounts[x] for x in kept), index.constant, tuple(dims[x] for x in kept))
        return Pick(_selection(pick, index), tuple(kept), pick.label)
    if isinstance(index, Spread) and not index.tied:
        used = sorted(set(index.placing))
        if len(used) < len(labels):
            inner = restricted(index, used)
            return plain(Pick(_selection(pick, inner), tuple(labels[axis] for axis in used), pick.label))
    if len(set(labels)) < len(labels):
        distinct = tuple(dict.fromkeys(labels))
        inner = einsum([(index, labels)], distinct)
        return plain(Pick(_selection(pick, inner), distinct, pick.label))
    return pick


def _selection(pick: Pick, index: Node) -> Selection:
    return Selection(index, pick.node.dim, pick.node.strict)


def _compared(pick: Pick) -> Node:
    """[i == t_i], with the axes of the index."""
    index = pick.node.index
    axes = range(len(index.axes))
    position = einsum(
        [(Position(pick.node.dim), (pick.index.index(pick.label),))], axes, dims=dict(enumerate(index.axes))
    )
    return apply("equal", index, position)


def diagonal(node: Spread) -> Node:
    """A selection laid out so that some of its axes are one, as a comparison or as another selection."""
    if not isinstance(node.core, Selection) or len(set(node.placing)) == len(node.placing):
        return node
    pick = plain(Pick(node.core, node.placing[:-1], node.placing[-1]))
    core, labels = (_compared(pick), pick.index) if pick.label in pick.index else pick.factor
    return lay(core, labels, node.ties, node.coefficient, node.shape)


def simpler(node: Einsum, sizes: Mapping[Dim, int]) -> Node:
    """A mixed product as one that is less mixed, of operands that are."""
    return _Product(node, sizes).simpler()


class _Product:
    """A mixed product: its dense factors and its selections, and what is done with them, first things first."""

    def __init__(self, node: Einsum, sizes: Mapping[Dim, int]) -> None:
        self.dims = node.dims
        self.output = node.output
        self.sizes = sizes
        self.dense, self.picks = parted(node)

    def simpler(self) -> Node:
        """The product after the first rule that does something."""
        for rule in (self._normalised, self._merged, self._inside, self._late, self._read):
            found = rule()
            if found is not None:
                return found
        return self._written() or self._densified()

    def _length(self, labels: Sequence[int]) -> int:
        return prod(self.sizes[self.dims[label]] for label in labels)

    def _with(self, dense: Sequence[Factor], picks: Sequence[Pick], output: Labels | None = None) -> Node:
        factors = [*dense, *(pick.factor for pick in picks)]
        return einsum(factors, self.output if output is None else output, dims=self.dims)

    def _normalised(self) -> Node | None:
        """Selections in plain form; [i == t_i] is a comparison."""
        dense, picks = list(self.dense), []
        for pick in self.picks:
            normal = plain(pick)
            lost = [label for label in pick.index if label not in normal.index]
            dense += [(ones((self.dims[label],)), (label,)) for label in dict.fromkeys(lost)]
            if normal.label in normal.index:
                dense.append((_compared(normal), normal.index))
            else:
                picks.append(normal)
        return None if picks == self.picks else self._with(dense, picks)

    def _merged(self) -> Node | None:
        """[p == t_n] [p == u_m] is [p == t_n] [t_n == u_m]."""
        first: dict[int, Pick] = {}
        dense = list(self.dense)
        for pick in sorted(self.picks, key=lambda pick: pick.affine):
            kept = first.setdefault(pick.label, pick)
            if kept is not pick:
                labels = tuple(dict.fromkeys(kept.index + pick.index))
                dense.append((einsum([kept.factor, pick.factor], labels), labels))
        return None if len(first) == len(self.picks) else self._with(dense, list(first.values()))

    def _readable(self) -> list[Pick]:
        """The selections of a summed label that no other selection depends on."""
        indexed = {label for pick in self.picks for label in pick.index}
        return [pick for pick in self.picks if pick.label not in self.output and pick.label not in indexed]

    def _writable(self) -> list[Pick]:
        indexed = {label for pick in self.picks for label in pick.index}
        return [pick for pick in self.picks if pick.label in self.output and pick.label not in indexed]

    def _inside(self) -> Node | None:
        """Σ_p [p == t_n] is whether t_n is a position."""
        here = {label for _, labels in self.dense for label in labels}
        alone = [pick for pick in self._readable() if pick.label not in here]
        if not alone:
            return None
        masks = [(einsum([pick.factor], pick.index, dims=self.dims), pick.index) for pick in alone]
        return self._with([*self.dense, *masks], [pick for pick in self.picks if pick not in alone])

    def _late(self) -> Node | None:
        """What is read at more positions than it has entries is read last, if nothing else has these positions."""
        late = []
        for pick in self._readable():
            others = [labels for _, labels in self.dense]
            others += [other.factor[1] for other in self.picks if other is not pick]
            elsewhere = {label for labels in others for label in labels}
            if set(pick.index) <= set(self.output) - elsewhere:
                if self._length(pick.index) >= self._length([pick.label]):
                    late.append(pick)
        rest = [pick for pick in self.picks if pick not in late]
        moved = {label for pick in late for label in pick.index}
        inner = tuple(label for label in self.output if label not in moved) + tuple(pick.label for pick in late)
        inner = tuple(dict.fromkeys(inner))
        alone = len(self.dense) == 1 and not rest and set(self.dense[0][1]) == set(inner)
        if not late or alone:
            return None
        return self._with([(self._with(self.dense, rest, inner), inner)], late)

    def _read(self) -> Node | None:
        """The operands that have a readable label, read; at lines first, which makes views."""
        readable = self._readable() or self._here(self._writable())
        lines = [pick for pick in readable if pick.affine]
        chosen = lines or readable
        if not chosen:
            return None
        done = [] if not self._readable() else chosen
        dense = [self._at(factor, chosen) for factor in self._gathered(chosen)]
        return self._with(dense, [pick for pick in self.picks if pick not in done])

    def _here(self, picks: Sequence[Pick]) -> list[Pick]:
        """Those of which a dense operand has the label."""
        here = {label for _, labels in self.dense for label in labels}
        return [pick for pick in picks if pick.label in here]

    def _gathered(self, picks: Sequence[Pick]) -> list[Factor]:
        """The dense factors, some multiplied before they are read: x_p into A_pm, where more is read than there is."""
        factors = sorted(self.dense, key=lambda factor: len(factor[1]))
        for pick in picks:
            if self._length(pick.index) <= self._length([pick.label]):
                continue
            place = 0
            while place < len(factors):
                operand, labels = factors[place]
                hosts = [k for k, other in enumerate(factors) if k > place and set(labels) <= set(other[1])]
                if pick.label in labels and hosts:
                    host, wide = factors[hosts[0]]
                    factors[hosts[0]] = einsum([(operand, labels), (host, wide)], wide), wide
                    del factors[place]
                else:
                    place += 1
        return factors

    def _at(self, factor: Factor, picks: Sequence[Pick]) -> Factor:
        """An operand read at those selections of which it has the label."""
        _, labels = factor
        here = [pick for pick in picks if pick.label in labels]
        if not here:
            return factor
        gone = {pick.label for pick in here}
        kept = tuple(dict.fromkeys(x for x in (*labels, *(x for pick in here for x in pick.index)) if x not in gone))
        return einsum([factor, *(pick.factor for pick in here)], kept), kept

    def _written(self) -> Node | None:
        """The product of the rest, with the labels of the index, written at the end."""
        last = self._writable()
        if not last:
            return None
        rest = [pick for pick in self.picks if pick not in last]
        gone = {pick.label for pick in last}
        here = {label for _, labels in self.dense for label in labels} | {x for p in rest for x in p.factor[1]}
        wanted = [*(x for x in self.output if x not in gone), *(x for pick in last for x in pick.index)]
        inner = tuple(label for label in dict.fromkeys(wanted) if label in here)
        product = self._with(self.dense, rest, inner)
        if not self.dense and len(rest) == 1:
            product = apply("abs", product)  # an array, lest it be joined again
        return self._with([(product, inner)], last)

    def _densified(self) -> Node:
        """Selections that depend on each other in a circle: one of them as an array."""
        pick, *rest = self.picks
        operand, labels = pick.factor
        return self._with([*self.dense, (apply("abs", operand), labels)], rest)
