"""A checked text as it is printed: from expressions with every sum written out to the notation, in the user's letters.

A sum is left to the convention where the convention makes it: where its index is open in two factors at least.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from einderiv.check import explicit as e
from einderiv.ir import Dim
from einderiv.render import notation as print_
from einderiv.render import spelled

RELATIONS = {
    "less": "<", "less_equal": "<=", "equal": "==", "not_equal": "!=", "greater": ">", "greater_equal": ">=",
}  # fmt: skip
LATIN = "ijklmnpqrsabcdfghtuvwxyzoe"


class Open(IntEnum):
    """How an index stands in an expression: once; twice in a product; or summed inside unless it is wanted."""

    ONCE = 1
    TWICE = 2
    CLOSED = 3


States = Mapping[e.Index, Open]


def opened(expression: e.Explicit) -> States:
    """The free indices of an expression, and how its text leaves each."""
    match expression:
        case e.Literal() | e.Parameter():
            return {}
        case e.Reference(indices=indices) | e.Known(indices=indices) | e.Algebraic(indices=indices):
            return _atom(indices)
        case e.Shifted(terms=terms):
            return _atom([index for _, index in terms])
        case e.Reading(tensor=tensor, positions=positions):
            read = dict(positions)
            several = [opened(read[each]) if each in read else (each,) for each in tensor.indices]
            return _atom([index for group in several for index in group])
        case e.Place(index=index):
            return {index: Open.ONCE}
        case e.Term(factors=factors, summed=summed):
            return _without(_joint([_bracketed(opened(factor)) for factor, _ in factors]), summed)
        case e.Total(terms=terms):
            return _kept([opened(term) for term in terms])
        case e.Elementwise(arguments=arguments) | e.OwnCall(arguments=arguments):
            return _kept([_bracketed(opened(argument)) for argument in arguments])
        case e.Reduced(body=body, indices=indices):
            return _without(_bracketed(opened(body)), indices)
        case e.Along(body=body, indices=indices):
            return {**_bracketed(opened(body)), **dict.fromkeys(indices, Open.ONCE)}
        case e.Differentiated(top=top, below=below):
            columns = [index for tensor in below for index in tensor.indices]
            if isinstance(top, e.Reference):
                return _atom([*top.indices, *columns])
            return _joint([_bracketed(opened(top)), _atom(columns)])


def _atom(indices: Sequence[e.Index]) -> States:
    return {index: Open.ONCE if indices.count(index) == 1 else Open.CLOSED for index in indices}


def _without(states: States, indices: Collection[e.Index]) -> States:
    return {index: state for index, state in states.items() if index not in indices}


def _bracketed(states: States) -> States:
    return {index: Open.CLOSED if state is Open.TWICE else state for index, state in states.items()}


def _joint(several: Sequence[States]) -> States:
    found: dict[e.Index, Open] = {}
    for states in several:
        for index, state in states.items():
            found[index] = max(state, Open.TWICE) if index in found else state
    return found


def _kept(several: Sequence[States]) -> States:
    found: dict[e.Index, Open] = {}
    for index in dict.fromkeys(index for states in several for index in states):
        states = [each[index] for each in several if index in each]
        closed = Open.CLOSED in states or (Open.TWICE in states and Open.ONCE not in states)
        found[index] = Open.CLOSED if closed else Open.ONCE
    return found


@dataclass(frozen=True, slots=True)
class Lettering:
    """The letters in scope, and which must not be handed out to others."""

    letters: Mapping[e.Index, str]
    taken: frozenset[str] = frozenset()
    places: bool = False

    def binding(self, indices: Sequence[e.Index]) -> Lettering:
        """The same with more indices; one whose letter means something here already gets another."""
        letters = dict(self.letters)
        for index in indices:
            if index not in letters:
                used = set(letters.values())
                free = (each for each in LATIN if each not in used and each not in self.taken)
                letters[index] = index.letter if index.letter not in used else next(free, f"{index.letter}'")
        return Lettering(letters, self.taken, self.places)

    def several(self, indices: Sequence[e.Index]) -> tuple[str, ...]:
        """The letters of indices."""
        return tuple(self.letters[index] for index in indices)


def written(expression: e.Explicit, scope: Lettering) -> print_.Written:
    """An expression in the notation."""
    match expression:
        case e.Literal(value=value):
            return print_.Number(value)
        case e.Parameter(name=name):
            return print_.Tensor(name, ())
        case e.Reference(name=name, indices=indices):
            return print_.Tensor(name, scope.several(indices))
        case e.Algebraic() | e.Reading():
            return _read(expression, scope)
        case e.Shifted(terms=terms, constant=constant):
            places = tuple(print_.Product(float(factor), (print_.Place(scope.letters[i]),)) for factor, i in terms)
            return print_.Terms((*places, print_.Number(float(constant))))
        case e.Known(kind=kind, indices=indices):
            return print_.Symbol(kind, scope.several(indices))
        case e.Place(index=index):
            return print_.Place(scope.letters[index])
        case e.Term():
            return _term(expression, scope)
        case e.Total(terms=terms):
            found = [written(term, scope) for term in terms]
            return print_.Terms(tuple(part for each in found for part in _spliced(each)))
        case e.Elementwise(function=function, arguments=arguments):
            return _elementwise(function, [written(argument, scope) for argument in arguments])
        case e.OwnCall(function=function, arguments=arguments):
            return print_.Call(function, tuple(written(argument, scope) for argument in arguments))
        case e.Reduced(function=function, body=body, indices=indices):
            inner = scope.binding(indices)
            return print_.Reduction(function, inner.several(indices), written(body, inner))
        case e.Along(function=function, body=body, indices=indices):
            return print_.Reduction(function, scope.several(indices), written(body, scope), stays=True)
        case e.Differentiated(top=top, below=below):
            columns = tuple(print_.Tensor(each.name, scope.several(each.indices)) for each in below)
            return print_.Partial(written(top, scope), columns)


def _read(reading: e.Algebraic | e.Reading, scope: Lettering) -> print_.Written:
    """A tensor, or linear algebra, at positions: `F_{n,y_n}`."""
    tensor = reading.tensor if isinstance(reading, e.Reading) else reading
    read = dict(reading.positions) if isinstance(reading, e.Reading) else {}
    items = tuple(_item(read[i], scope) if i in read else scope.letters[i] for i in tensor.indices)
    if isinstance(tensor, e.Reference):
        return print_.Tensor(tensor.name, items)
    names = (tensor.matrix, tensor.right) if tensor.right else (tensor.matrix,)
    return print_.Solution(tensor.function, names, items)


def _item(position: e.Explicit, scope: Lettering) -> print_.Item:
    """A position in a subscript; the size of its axis is not printed."""
    if isinstance(position, e.Shifted):
        terms = tuple((factor, scope.letters[index]) for factor, index in position.terms)
        return print_.Offset(terms, position.constant, Dim(""))
    found = written(position, scope)
    if not isinstance(found, print_.Tensor):
        raise TypeError(f"no position in a subscript: {position!r}")
    return found


def _spliced(term: print_.Written) -> Sequence[print_.Written]:
    return term.terms if isinstance(term, print_.Terms) else (term,)


def _elementwise(function: str, arguments: Sequence[print_.Written]) -> print_.Written:
    match function, arguments:
        case "pow", (base, exponent):
            return print_.Power(base, exponent)
        case "square", (base,):
            return print_.Power(base, print_.Number(2.0))
        case "reciprocal", (x,):
            return print_.Product(1.0, (), (x,))
        case "where", (condition, a, b) if not isinstance(condition, print_.Relation):
            return print_.Call(function, (print_.Relation("!=", condition, print_.Number(0.0)), a, b))
        case _, (x,) if (found := spelled(function, x)) is not None:
            return found
        case _, (x, y) if function in RELATIONS:
            return print_.Relation(RELATIONS[function], x, y)
        case _:
            return print_.Call(function, tuple(arguments))


def _term(term: e.Term, scope: Lettering) -> print_.Written:
    """A product with its sum: by the convention, or written out with all factors that it reaches."""
    inner = scope.binding(term.summed)
    letters = inner.several(term.summed)
    if not term.summed or all(_by_convention(index, term) for index in term.summed):
        return _product(term.coefficient, term.factors, inner, letters)
    reached = [(each, power) for each, power in term.factors if set(opened(each)) & set(term.summed)]
    outside = tuple(pair for pair in term.factors if pair not in reached)
    body = _product(1.0, reached, inner)
    ones = tuple(letter for index, letter in zip(term.summed, letters, strict=True) if not _holds(reached, index))
    if ones:
        one = print_.Symbol("1", ones)
        body = one if body == print_.Number(1.0) else print_.Product(1.0, (one, body))
    rest = _product(term.coefficient, outside, inner)
    total = print_.Sum(letters, body)
    if not outside and term.coefficient == 1.0:
        return total
    if isinstance(rest, print_.Number):
        return print_.Product(rest.value, (total,))
    front = rest if isinstance(rest, print_.Product) else print_.Product(1.0, (rest,))
    return print_.Product(front.coefficient, (*front.factors, total), front.divisors)


def _holds(factors: Sequence[tuple[e.Explicit, int]], index: e.Index) -> bool:
    return any(index in opened(factor) for factor, _ in factors)


def _by_convention(index: e.Index, term: e.Term) -> bool:
    """Whether an index is summed without saying so."""
    holding = [(factor, opened(factor)[index]) for factor, _ in term.factors if index in opened(factor)]
    if len(holding) == 1 and len(term.factors) == 1 and term.factors[0][1] == 1:
        factor = holding[0][0]
        return isinstance(factor, e.Reference | e.Known) and factor.indices.count(index) == 2
    return len(holding) > 1 and all(state is Open.ONCE for _, state in holding)


def _product(
    coefficient: float, factors: Sequence[tuple[e.Explicit, int]], scope: Lettering, summed: tuple[str, ...] = ()
) -> print_.Written:
    above: list[print_.Written] = []
    below: list[print_.Written] = []
    for factor, power in factors:
        each = written(factor, scope)
        if isinstance(each, print_.Number) and power == 1:
            coefficient *= each.value
            continue
        if abs(power) > 1:
            each = print_.Power(each, print_.Number(float(abs(power))))
        (above if power > 0 else below).append(each)
    if coefficient == 1.0 and not below and len(above) == 1 and not summed:
        return above[0]
    if not above and not below:
        return print_.Number(coefficient)
    return print_.Product(coefficient, tuple(above), tuple(below), summed)
