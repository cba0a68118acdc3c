"""Where the convention gives just the sums of the tree, so that they need not be written.

This reads the rule of summation once more, on the drawn tree: from the outside in letters are *wanted*, from the inside
out they are *open*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from generator.tree import (
    Along,
    Call,
    Equation,
    Expression,
    Iverson,
    Letter,
    Looked,
    Number,
    Own,
    Power,
    Product,
    Reduction,
    Sum,
    Tensor,
    Where,
    children,
    letters_of_axis,
    open_letters,
    own_letters,
    walk,
)

Open = frozenset[Letter]
NONE: Open = frozenset()


class ConflictError(Exception):
    """The convention sums a letter elsewhere than the tree does."""

    def __init__(self, letter: Letter) -> None:
        super().__init__(letter)
        self.letter = letter


def written_sums(equation: Equation, tried: Iterable[Product]) -> set[Product]:
    """The products of the equation whose sums must be written; `tried` are left to the convention if it can."""
    products = [node for node in walk(equation.body) if isinstance(node, Product) and node.bound]
    written = {product for product in products if product not in set(tried)}
    while True:
        try:
            found = Rule(written).term(equation.body, frozenset(equation.letters), NONE, top=True)
            for letter in found - set(equation.letters):
                raise ConflictError(letter)
        except ConflictError as conflict:
            written |= {product for product in products if conflict.letter in product.bound}
        else:
            return written


class Rule:
    """The indices that are open in an expression, where the sums of some products are written."""

    def __init__(self, written: set[Product]) -> None:
        self.written = written

    def term(self, node: Expression, wanted: Open, kept: Open, top: bool = False) -> Open:
        """Of a term: a product, if only of one factor, or a sum."""
        if isinstance(node, Sum):
            inner = [Product(((term, False),)) if isinstance(term, Sum) else term for _, term in node.terms]
            return self.terms(inner, wanted, kept, top)  # a sum in a sum stands in a bracket of its own
        if isinstance(node, Product) and node not in self.written:
            found = self.product(node.factors, wanted, kept, top)
            self._agree(node, found)
            return found
        return self.product(((node, False),), wanted, kept, top)

    def factor(self, node: Expression, wanted: Open, kept: Open) -> Open:
        """Of a factor; products and sums stand in brackets there."""
        match node:
            case Tensor():
                return self._tensor(node, wanted | kept)
            case Product(_, bound) if node in self.written:
                found = self.term(Product(node.factors), wanted | set(bound), kept) - set(bound)
            case Product() | Sum():
                found = self.term(node, wanted, NONE)
            case Power(base, exponent):
                held = kept if isinstance(base, Tensor) else NONE  # a product under a power stands in brackets
                found = self.factor(base, wanted, held) | self.term(exponent, wanted, NONE)
            case Reduction(_, bound, body):
                found = self.term(body, wanted | set(bound), NONE) - set(bound)
            case Along(_, letter, body):
                found = self.term(body, wanted | {letter}, NONE)
            case Call() | Own() | Iverson() | Where():
                found = self.terms(children(node), wanted, NONE)
            case _:
                return frozenset(own_letters(node))
        self._agree(node, found)
        return found

    def _agree(self, node: Expression, found: Open) -> None:
        for letter in found ^ set(open_letters(node)):
            raise ConflictError(letter)

    def _tensor(self, node: Tensor, held: Open) -> Open:
        """A letter that stands twice is a diagonal where it is held, else a sum."""
        groups = groups_of(node)
        total = sum(groups, Counter())
        twice = {letter for letter in total for group in groups if total[letter] == group[letter] > 1}
        found = frozenset(total) - (twice - held)
        self._agree(node, found)
        return found

    def terms(self, terms: Sequence[Expression], wanted: Open, kept: Open, top: bool = False) -> Open:
        """Of the terms of one bracket: each keeps what is open in any."""
        found = [_natural(self, term, wanted, kept, top) for term in terms]
        opened = frozenset[Letter]().union(*found)
        for term in terms:
            self.term(term, wanted, kept | opened, top)
        return opened

    def product(self, factors: Sequence[tuple[Expression, bool]], wanted: Open, kept: Open, top: bool) -> Open:
        """Of a product: what is open in several factors and not held is summed."""
        counts: Counter[Letter] = Counter()
        for node, divides in factors:
            times = 1
            if top and not divides and isinstance(node, Power) and isinstance(node.exponent, Number):
                times = int(node.exponent.text) if node.exponent.text in ("2", "3") else 1
            base = node.base if isinstance(node, Power) else node
            groups = groups_of(base) if isinstance(base, Tensor) else []
            if node in self.written and len(factors) > 1:
                self.factor(node, wanted, NONE)  # in brackets, which keep nothing, unless it is last
            for letter in self.factor(node, wanted, kept):
                counts[letter] += times * max(1, sum(letter in group for group in groups))
        return frozenset(letter for letter, count in counts.items() if count == 1 or letter in wanted | kept)


def _natural(rule: Rule, term: Expression, wanted: Open, kept: Open, top: bool) -> Open:
    """What is open in a term by itself; a letter that would be summed there may be kept by another term."""
    try:
        return rule.term(term, wanted, kept, top)
    except ConflictError:
        return rule.term(term, wanted, kept | set(open_letters(term)), top) & _unsummed(rule, term, wanted, kept, top)


def _unsummed(rule: Rule, term: Expression, wanted: Open, kept: Open, top: bool) -> Open:
    """The letters of a term that it opens although nothing keeps them."""
    found = set(open_letters(term))
    for letter in open_letters(term):
        try:
            rule.term(term, wanted, kept | (set(open_letters(term)) - {letter}), top)
        except ConflictError:
            found.discard(letter)
    return frozenset(found)


def groups_of(node: Tensor) -> list[Counter[Letter]]:
    """The letters of a tensor, then those of each it is looked up by: `F_{n,y_n}` is `F_nk [k == y_n]`."""
    own = Counter(letter for axis in node.axes if not isinstance(axis, Looked) for letter in letters_of_axis(axis))
    return [own, *(Counter(axis.letters) for axis in node.axes if isinstance(axis, Looked))]
