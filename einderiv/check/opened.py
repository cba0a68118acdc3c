"""Which indices of an expression are open: the summation rule from the inside out.

*Wanted* goes from the outside in: an equation wants the indices of its left side, a reduction or an axis function also
those it names, and so do all brackets and arguments inside.  *Open* goes from the inside out:

1. In a tensor an index that stands once is open; one that stands twice and is not wanted is summed there.
2. In a product an index open in one factor is open; one open in two or more and not wanted is summed over the whole
   product.  In a term of the equation itself a literal integer power ≥ 2 counts as that many factors.
3. In a bracket an index is open if it is open in any of its terms, and then every other term *keeps* it: it is not
   summed in the term's product nor in a `sum` prefix, but may be in brackets within.  The arguments of a function, and
   the sides of a comparison, are terms of one bracket.
4. A term that lacks an index is broadcast over it.

What is open in a bracket depends on what is wanted alone, so it is found once, before what its terms keep is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from einderiv import syntax as tree
from einderiv.check.subscripts import Letter, Subscripts, is_algebra
from einderiv.check.terms import Factor, factors_of, scope_parts, tensors_of, times
from einderiv.syntax import AXIS_FUNCTIONS


@dataclass(frozen=True, slots=True)
class Scope:
    """What holds where an expression stands.

    `wanted` and `kept` indices are not summed; powers count as factors in the `outer` terms, those of the equation
    itself; in a comparison (`compared`) a bare name may be a position.
    """

    wanted: frozenset[str]
    kept: frozenset[str] = frozenset()
    outer: bool = False
    compared: bool = False

    @property
    def held(self) -> frozenset[str]:
        """The indices that are not summed here."""
        return self.wanted | self.kept

    def inside(self, kept: Iterable[str] = (), *, compared: bool = False) -> Scope:
        """The same for the terms of a bracket, which keep `kept`."""
        return Scope(self.wanted, frozenset(kept), compared=self.compared or compared)

    def wanting(self, letters: Iterable[str]) -> Scope:
        """The same where some more indices are wanted."""
        return replace(self, wanted=self.wanted.union(letters))

    def once(self) -> Scope:
        """The same where a power counts once."""
        return replace(self, outer=False) if self.outer else self


def names(letters: Iterable[Letter]) -> tuple[str, ...]:
    """The letters without their places."""
    return tuple([letter.name for letter in letters])


@dataclass(frozen=True, slots=True)
class _Bracket:
    """The open indices of a bracket and of each of its terms, and in how many terms each is."""

    open: tuple[str, ...]
    terms: list[tuple[str, ...]]
    terms_with: Mapping[str, int]


@dataclass(slots=True)
class Opened:
    """Finds the open indices; `letters` are all those of the equation, which a bare name in a comparison may mean."""

    subscripts: Subscripts
    letters: frozenset[str] = frozenset()
    _brackets: dict[int, _Bracket] = field(default_factory=dict)

    def term(self, term: tree.Expression, scope: Scope) -> tuple[str, ...]:
        """The open indices of a term, in order of appearance."""
        return _kept(self.counts(factors_of(term)[1], scope), scope)

    def counts(self, factors: Sequence[Factor], scope: Scope) -> dict[str, int]:
        """In how many factors each index is open (rule 2); in a divisor a power counts once."""
        counts: dict[str, int] = {}
        for factor in factors:
            many = times(factor) if scope.outer else 1
            for letter, count in self._factor(factor.expression, scope.once() if factor.divides else scope).items():
                counts[letter] = counts.get(letter, 0) + many * count
        return counts

    def _factor(self, factor: tree.Expression, scope: Scope) -> Mapping[str, int]:
        """The open indices of a factor; `F_{n,y_n}` is the two factors of `F_nk [k == y_n]`."""
        base = factor.base if isinstance(factor, tree.Power) else factor
        found = dict.fromkeys(self.expression(factor, scope), 1)
        if isinstance(base, tree.Tensor) or is_algebra(base):
            found |= self.standing(base.subscript, scope)
        return found

    def standing(self, subscript: tree.Subscript | None, scope: Scope) -> dict[str, int]:
        """The open indices of a tensor, each with the number of tensors in the subscript that have it (rule 1)."""
        groups = [names(group) for group in self.subscripts.groups(subscript)]
        if len(groups) == 1 and len(set(groups[0])) == len(groups[0]):
            return dict.fromkeys(groups[0], 1)
        found: dict[str, int] = {}
        for letter in dict.fromkeys(letter for group in groups for letter in group):
            having = [group for group in groups if letter in group]
            if len(having) > 1 or having[0].count(letter) == 1 or letter in scope.held:
                found[letter] = len(having)
        return found

    def expression(self, expression: tree.Expression, scope: Scope) -> tuple[str, ...]:
        """The open indices of what is no product, in order of appearance (rules 1 and 3)."""
        match expression:
            case tree.Number():
                return ()
            case tree.Tensor(name=name) if self.is_position(expression, scope):
                return (name,)
            case tree.Tensor(subscript=subscript) | tree.Symbol(subscript=subscript):
                return tuple(self.standing(subscript, scope))
            case tree.Call(subscript=subscript) if is_algebra(expression):
                return tuple(self.standing(subscript, scope))
            case tree.Derivative(top=top):
                of_top = self.bracket(top, scope.inside()) if isinstance(top, tree.Bracket) else ()
                return (*of_top, *_once(self.written(expression), scope))
            case tree.Power(base=base, exponent=exponent):
                scope = scope.once()
                above = _kept(self.counts(factors_of(exponent)[1], scope), scope)
                return tuple(dict.fromkeys((*self.expression(base, scope), *above)))
            case tree.Reduction(function=function, indices=indices, body=body):
                bound = names(self.subscripts.letters(indices))
                if function == "sum":
                    within = scope.wanting(bound)
                    found = _kept(self.counts(factors_of(body)[1], within), within)
                else:
                    found = self.bracket(expression, scope.inside().wanting(bound))
                return found if function in AXIS_FUNCTIONS else tuple(each for each in found if each not in bound)
            case _:
                return self.bracket(expression, scope.inside())

    def bracket(self, bracket: tree.Expression, scope: Scope) -> tuple[str, ...]:
        """The open indices of a bracket, a call or a comparison: those of any of its terms (rule 3)."""
        found = self._brackets.get(id(bracket))
        if found is None:
            terms: list[tuple[str, ...]] = []
            for part in scope_parts(bracket):
                inside = scope.inside(compared=part.compared)
                terms.append(_kept(self.counts(factors_of(part.term)[1], inside), inside))
            opens = Counter(letter for term in terms for letter in term)
            found = self._brackets[id(bracket)] = _Bracket(tuple(opens), terms, opens)
        return found.open

    def kept(self, bracket: tree.Expression, scope: Scope) -> list[frozenset[str]]:
        """For each term of a bracket, the indices that its other terms have open (rule 3)."""
        self.bracket(bracket, scope)
        found = self._brackets[id(bracket)]
        all_of_them = frozenset(found.open)
        alone = {letter for letter, count in found.terms_with.items() if count == 1}
        return [all_of_them.difference(alone.intersection(term)) for term in found.terms]

    def is_position(self, tensor: tree.Tensor, scope: Scope) -> bool:
        """Whether a bare name in a comparison is an index of the equation."""
        return scope.compared and tensor.subscript is None and tensor.name in self.letters

    def written(self, derivative: tree.Derivative) -> list[Letter]:
        """The letters of a derivative, top then below."""
        return [letter for tensor in tensors_of(derivative) for letter in self.subscripts.letters(tensor.subscript)]


def _kept(counts: Mapping[str, int], scope: Scope) -> tuple[str, ...]:
    """What a product with these counts leaves open (rule 2)."""
    return tuple(letter for letter, count in counts.items() if count == 1 or letter in scope.held)


def _once(letters: Sequence[Letter], scope: Scope) -> tuple[str, ...]:
    """The indices of a tensor that stand once or are held (rule 1)."""
    found = names(letters)
    if len(set(found)) == len(found):
        return found
    counts = Counter(found)
    return tuple(letter for letter, count in counts.items() if count == 1 or letter in scope.held)
