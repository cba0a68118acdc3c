"""Products as a person writes them: number, deltas, factors, divisors, and a `sum` where the convention has none."""

from __future__ import annotations

from collections.abc import Collection, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from einderiv.ir import ONE, Affine, Algebra, Dim, Einsum, Input, LeviCivita, Map, Node, Spread
from einderiv.lettering import Letters
from einderiv.render.factors import Factor, Lookup, factors
from einderiv.render.naming import Names
from einderiv.render.notation import (
    Call,
    Item,
    Number,
    Offset,
    Power,
    Product,
    Reduction,
    Relation,
    Solution,
    Sum,
    Symbol,
    Tensor,
    Written,
    walk,
)
from einderiv.render.openness import Open, Openness

LATE = 99

_Rank = tuple[bool, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Scope:
    """The `letters` that have a meaning here, the outermost first; the convention does not sum those that are `wanted`.

    With `places` an index may stand for its position.
    """

    letters: tuple[str, ...]
    wanted: frozenset[str]
    places: bool = False

    def summing(self, letters: Collection[str], wanted: Collection[str] = ()) -> Scope:
        """Inside a product that sums `letters`, of which a `sum` names `wanted`."""
        return Scope((*self.letters, *letters), self.wanted.union(wanted), self.places)

    def inside(self, places: bool = False) -> Scope:
        """Inside a function, or with `places` inside a comparison."""
        return Scope(self.letters, self.wanted, places)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A written factor with the labels it came from."""

    written: Written
    labels: frozenset[Hashable]
    letters: frozenset[str]
    below: bool


class Products:
    """Writes `Spread` and `Einsum`; everything else is left to `expression`."""

    def __init__(self, names: Names, openness: Openness, letters: Letters) -> None:
        self.names = names
        self.openness = openness
        self.letters = letters

    def expression(self, node: Node, letters: tuple[str, ...], scope: Scope) -> Written:
        """`node` with `letters` for its axes."""
        raise NotImplementedError

    def spread(self, node: Spread, letters: tuple[str, ...], scope: Scope, root: bool = False) -> Written:
        """A core with its deltas; at the root of an equation also the ones of axes along which it repeats."""
        front: list[Written] = [
            Symbol("δ", (letters[first], letters[axis]))
            for axis, first in enumerate(node.ties)
            if letters[first] != letters[axis]
        ]
        met = {*node.placing, *(axis for pair in enumerate(node.ties) if pair[0] != pair[1] for axis in pair)}
        lacking = tuple(letter for axis, letter in enumerate(letters) if axis not in met)
        if root and lacking:
            front.append(Symbol("1", lacking))
        inner = tuple(letters[axis] for axis in node.placing)
        core = node.core
        if core is ONE:
            return Product(node.coefficient, tuple(front)) if front else Number(node.coefficient)
        if isinstance(core, Einsum) and core not in self.names:
            return self.product(core, inner, scope, node.coefficient, front)
        below = isinstance(core, Map) and core.function == "reciprocal" and core not in self.names
        part = core.arguments[0] if isinstance(core, Map) and below else core
        given: dict[Hashable, str] = dict(zip(range(len(inner)), inner, strict=True))
        return self._assembled([Factor(part, tuple(given), 1, below)], given, (), scope, node.coefficient, front)

    def product(
        self,
        node: Einsum,
        letters: tuple[str, ...],
        scope: Scope,
        coefficient: float = 1.0,
        front: Sequence[Written] = (),
    ) -> Written:
        """A contraction: its summed labels get letters that mean nothing else here."""
        dims: dict[Hashable, Dim] = dict(node.dims.items())
        given: dict[Hashable, str] = dict(zip(node.output, letters, strict=True))
        parts = factors(node, self.names)
        shown = {label for part in parts for label in part.labels}
        summed = [label for label in dims if label not in given and label in shown]
        for label in summed:
            given[label] = self.letters.pick(dims[label], {*scope.letters, *given.values()})
        return self._assembled(parts, given, summed, scope, coefficient, front)

    def _assembled(
        self,
        parts: Sequence[Factor],
        given: Mapping[Hashable, str],
        summed: Sequence[Hashable],
        scope: Scope,
        coefficient: float,
        front: Sequence[Written],
    ) -> Written:
        """The product of `parts` behind `front`, its explicit sums as far inside as they go."""
        found = self.openness.product(parts)
        holders: dict[Hashable, list[Factor]] = {}
        for part in parts:
            for label in dict.fromkeys(part.labels):
                holders.setdefault(label, []).append(part)
        named = [label for label in summed if not self._by_convention(label, holders[label], found[label])]
        inner = scope.summing([given[label] for label in summed], [given[label] for label in named])
        pieces = [self._piece(part, given, inner) for part in parts]
        shown = {letter for piece in pieces for letter in subscripted(piece.written)}
        named = [label for label in summed if label in named or given[label] not in shown]
        pieces += [
            _Piece(Symbol("1", (given[label],)), frozenset((label,)), frozenset((given[label],)), False)
            for label in named
            if not any(found[label])
        ]
        convention = {label for label in summed if label not in named}
        outside, sums, local = _sums(pieces, given, named, convention, inner)
        body = _product(coefficient, front, outside, inner)
        letters = tuple(given[label] for label in summed if label in convention and label not in local)
        body = Product(body.coefficient, (*body.factors, *sums), body.divisors, letters)
        plain = body.coefficient == 1.0 and len(body.factors) == 1 and not body.divisors and not letters
        return body.factors[0] if plain else body

    def _by_convention(self, label: Hashable, holding: Sequence[Factor], states: Sequence[Open]) -> bool:
        """Whether `label`, which these factors have, is summed without saying so.

        It is if it is open in two factors, or stands twice in one tensor alone.
        """
        if len(holding) == 1 and holding[0].count == 1 and not holding[0].below:
            node = holding[0].node
            atom = isinstance(node, Input | LeviCivita | Algebra) or node in self.names
            return atom and holding[0].labels.count(label) == 2
        present = [state for state in states if state]
        return len(present) > 1 and all(state is Open.ONCE for state in present)

    def _piece(self, part: Factor, given: Mapping[Hashable, str], scope: Scope) -> _Piece:
        letters = tuple(given[label] for label in part.labels)
        written = self._read(part, given) if part.looks_up else self.expression(part.node, letters, scope)
        if part.count > 1:
            written = Power(written, Number(part.count))
        return _Piece(written, frozenset(part.labels), frozenset(letters), part.below)

    def _read(self, part: Factor, given: Mapping[Hashable, str]) -> Tensor:
        """A tensor of which an axis is read at a position."""
        items = [self._place(item, given) if isinstance(item, Lookup) else given[item] for item in part.items]
        return Tensor(self.named(part.node), self.names.arranged(part.node, items))

    def _place(self, place: Lookup, given: Mapping[Hashable, str]) -> Item:
        letters = [given[label] for label in place.labels]
        match place.index:
            case Affine(coefficients=coefficients, constant=constant):
                return Offset(tuple(zip(coefficients, letters, strict=True)), constant, place.dim)
            case index:
                return Tensor(self.named(index), self.names.arranged(index, letters))

    def named(self, node: Node) -> str:
        """The name of a node that is printed as a tensor."""
        return node.name if isinstance(node, Input) else self.names[node]

    def fresh(self, dims: Sequence[Dim], scope: Scope) -> tuple[str, ...]:
        """Letters for indices that a reduction binds."""
        return self.letters.several(dims, avoid=scope.letters)


def _sums(
    pieces: Sequence[_Piece],
    given: Mapping[Hashable, str],
    named: Sequence[Hashable],
    convention: Collection[Hashable],
    scope: Scope,
) -> tuple[list[_Piece], list[Written], set[Hashable]]:
    """The pieces outside of all explicit sums, these sums, and what the convention sums inside them.

    There is one sum for each piece if no two share a label of `named`; one that may have a power in its term is put
    in brackets, where the power counts once.
    """
    holders = [[piece for piece in pieces if label in piece.labels] for label in named]
    if any(len(holding) > 1 for holding in holders):
        inside = _connected(pieces, named, convention)
        local = {label for piece in inside for label in piece.labels.intersection(convention)}
        letters = tuple(given[label] for label in named)
        body = _product(1.0, (), inside, scope, tuple(given[label] for label in convention if label in local))
        return [piece for piece in pieces if piece not in inside], [Sum(letters, body)], local
    outside = [piece for piece in pieces if not piece.labels.intersection(named)]
    sums: list[Written] = []
    for piece in pieces:
        letters = tuple(given[label] for label in named if label in piece.labels)
        if letters:
            total = Sum(letters, Product(1.0, (), (piece.written,)) if piece.below else piece.written)
            sums.append(Product(1.0, (total,)) if isinstance(piece.written, Power | Product) else total)
    return outside, sums, set()


def _connected(pieces: Sequence[_Piece], named: Sequence[Hashable], convention: Collection[Hashable]) -> list[_Piece]:
    """The pieces that hold a label of `named`, and all that share a label summed by convention with one of them."""
    holders: dict[Hashable, list[_Piece]] = {}
    for piece in pieces:
        for label in piece.labels:
            holders.setdefault(label, []).append(piece)
    pending, reach = list(named), set(named)
    summed = set(convention)
    while pending:
        for piece in holders.pop(pending.pop(), ()):
            wider = piece.labels & summed - reach
            pending += wider
            reach |= wider
    return [piece for piece in pieces if piece.labels & reach]


def _product(
    coefficient: float,
    front: Sequence[Written],
    pieces: Sequence[_Piece],
    scope: Scope,
    summed: tuple[str, ...] = (),
) -> Product:
    """Factors in a readable order; several divisors in one bracket where that does not sum."""
    above = _in_order([piece for piece in pieces if not piece.below], scope.letters)
    below = _in_order([piece for piece in pieces if piece.below], scope.letters)
    seen: set[str] = set()
    twice: set[str] = set()
    for piece in below:
        twice |= seen & piece.letters
        seen |= piece.letters
    divisors = tuple(piece.written for piece in below)
    if len(divisors) > 1 and twice <= scope.wanted:
        divisors = (Product(1.0, divisors),)
    return Product(coefficient, (*front, *map(_factor, above)), divisors, summed)


def _factor(piece: _Piece) -> Written:
    """A factor; a sum whose term may have a power keeps its brackets even at the end: inside them it counts once."""
    written = piece.written
    powers = isinstance(written, Sum) and isinstance(written.body, Power | Product) and bool(piece.labels)
    return Product(1.0, (written,)) if powers else written


def _in_order(pieces: Sequence[_Piece], letters: Sequence[str]) -> list[_Piece]:
    """Numbers first, then a chain in which neighbours share a letter, from the first letter of the result on."""
    place = {letter: position for position, letter in enumerate(letters)}
    ranks: list[_Rank] = []
    for position, piece in enumerate(pieces):
        first = min((place[letter] for letter in piece.letters), default=LATE)
        weight = _weight(piece.written)
        ranks.append((bool(piece.letters) or weight > 0, weight, first, len(piece.letters), position))
    waiting = sorted(ranks, reverse=True)
    having: dict[str, list[_Rank]] = {}
    for rank in waiting:  # each list has its best one last
        for letter in pieces[rank[-1]].letters:
            having.setdefault(letter, []).append(rank)
    done: dict[int, _Piece] = {}
    last: frozenset[str] = frozenset()
    while best := _best_of([waiting], done):
        if best[0]:
            best = _best_of([having[letter] for letter in last], done) or best
        done[best[-1]] = pieces[best[-1]]
        last = pieces[best[-1]].letters
    return list(done.values())


def _best_of(groups: Iterable[list[_Rank]], done: Container[int]) -> _Rank | None:
    """The first in rank of all groups, from which what is done is taken away; None of nothing."""
    for group in groups:
        while group and group[-1][-1] in done:
            group.pop()
    return min((group[-1] for group in groups if group), default=None)


def subscripted(written: Written) -> Iterator[str]:
    """The letters of all subscripts: a bare name in a comparison is an index only if it is one of these."""
    for piece in walk(written):
        match piece:
            case Tensor(letters=letters) | Solution(letters=letters) | Symbol(letters=letters):
                yield from letters
            case Sum(letters=letters) | Reduction(letters=letters):
                yield from letters
            case _:
                pass


def _weight(written: Written) -> int:
    """Tensors before functions before brackets."""
    match written:
        case Tensor() | Solution() | Symbol() | Number():
            return 0
        case Power(base=base):
            return _weight(base)
        case Call() | Reduction() | Relation():
            return 1
        case _:
            return 2
