"""From nodes to notation: what is no product."""

from __future__ import annotations

from dataclasses import replace

from einderiv.ir import (
    Add,
    Affine,
    Algebra,
    Axiswise,
    Constant,
    Derivative,
    Dim,
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
from einderiv.render.notation import (
    Call,
    Number,
    Place,
    Power,
    Product,
    Reduction,
    Relation,
    Solution,
    Sum,
    Symbol,
    Tensor,
    Terms,
    Written,
)
from einderiv.render.openness import Open
from einderiv.render.products import Products, Scope

RELATIONS = {
    "less": "<",
    "less_equal": "<=",
    "equal": "==",
    "not_equal": "!=",
    "greater": ">",
    "greater_equal": ">=",
}


class Composer(Products):
    """Writes nodes; `names` are the nodes that stand as tensors, `openness` knows what their text leaves open."""

    def body(self, node: Node, letters: tuple[str, ...]) -> Written:
        """The right side of the equation that defines `node`."""
        scope = Scope(self.names.arranged(node, letters), frozenset(letters))
        if isinstance(node, Spread):
            return self.spread(node, letters, scope, root=True)
        return self._expanded(node, letters, scope)

    def expression(self, node: Node, letters: tuple[str, ...], scope: Scope) -> Written:
        """`node` by its name, or written out."""
        if node in self.names:
            return Tensor(self.names[node], self.names.arranged(node, letters))
        return self._expanded(node, letters, scope)

    def _expanded(self, node: Node, letters: tuple[str, ...], scope: Scope) -> Written:
        match node:
            case Input(name=name):
                return Tensor(name, letters)
            case Constant(value=value):
                return Number(value)
            case Zero():
                return Number(0.0)
            case Size(dim=dim):
                bound = self.fresh((dim,), scope)
                return Sum(bound, Symbol("1", bound))
            case Position():
                return self._position(node.dim, letters[0], scope)
            case Affine():
                return self._affine(node, letters, scope)
            case Selection(index=index):
                at = self.expression(index, letters[:-1], scope.inside(places=True))
                return Relation("==", Place(letters[-1]), at)
            case Algebra(function=function, arguments=arguments):
                return Solution(function, tuple(self.named(argument) for argument in arguments), letters)
            case LeviCivita():
                return Symbol("ε", letters)
            case Spread():
                return self.spread(node, letters, scope)
            case Einsum():
                return self.product(node, letters, scope)
            case Add(terms=terms):
                written = [self.expression(term, letters, scope) for term in terms]
                flat = [part for term in written for part in (term.terms if isinstance(term, Terms) else (term,))]
                return Terms(tuple(sorted(flat, key=_term_order)))
            case Map():
                return self._map(node, letters, scope)
            case Reduce():
                return self._reduce(node, letters, scope)
            case Axiswise():
                return self._axiswise(node, letters, scope)
            case Derivative():
                raise TypeError("a derivative that has not been taken has no text")
            case _:
                raise TypeError(f"no node of a program: {node!r}")

    def _position(self, dim: Dim, letter: str, scope: Scope) -> Written:
        """In a comparison the letter itself; elsewhere i = Σ_j [j < i]."""
        if scope.places:
            return Place(letter)
        bound = self.fresh((dim,), scope)
        return Sum(bound, Relation("<", Place(bound[0]), Place(letter)))

    def _affine(self, node: Affine, letters: tuple[str, ...], scope: Scope) -> Written:
        """`2 i + k + 1`, `3 - i`."""
        terms: list[Written] = []
        for factor, dim, letter in zip(node.coefficients, node.shape, letters, strict=True):
            place = self._position(dim, letter, scope)
            terms.append(place if factor == 1 else Product(float(factor), (place,)))
        if node.constant or not terms:
            behind = not node.coefficients or node.coefficients[0] > 0
            terms.insert(len(terms) if behind else 0, Number(float(node.constant)))
        return terms[0] if len(terms) == 1 else Terms(tuple(terms))

    def _map(self, node: Map, letters: tuple[str, ...], scope: Scope) -> Written:
        compared = node.function in RELATIONS
        arguments = tuple(self.expression(argument, letters, scope.inside(compared)) for argument in node.arguments)
        match node.function, arguments:
            case "reciprocal", (x,):
                return Product(1.0, (), (x,))
            case "inverse_or_zero", (x,):
                return Call("where", (Relation("==", x, Number(0.0)), Number(0.0), Product(1.0, (), (x,))))
            case "pow", (x, p):
                return Power(x, p)
            case "where", (condition, a, b):
                if not isinstance(condition, Relation):
                    condition = Relation("!=", condition, Number(0.0))
                return Call("where", (condition, a, b))
            case function, (x, y) if compared:
                return Relation(RELATIONS[function], x, y)
            case function, (x,):
                return spelled(function, x) or Call(function, arguments)
            case function, _:
                return Call(function, arguments)

    def _reduce(self, node: Reduce, letters: tuple[str, ...], scope: Scope) -> Written:
        bound = self.fresh(node.argument.axes[-node.count :], scope)
        body = self._holding(node.argument, (*letters, *bound), bound, scope.summing(bound, bound).inside())
        return Reduction(node.function, bound, body)

    def _axiswise(self, node: Axiswise, letters: tuple[str, ...], scope: Scope) -> Written:
        along = letters[-1]
        match node.function:
            case "cumsum_reverse":
                (bound,) = self.fresh(node.axes[-1:], scope)
                inner = scope.summing((bound,), (bound,)).inside()
                body = self.expression(node.argument, (*letters[:-1], bound), inner)
                return Sum((bound,), Product(1.0, (Relation(">=", Place(bound), Place(along)), body)))
            case "cofactor":
                (bound,) = self.fresh(node.axes[-1:], scope)
                inner = scope.summing((bound,), (bound,)).inside()
                body = self.expression(node.argument, (*letters[:-1], bound), inner)
                itself = Relation("==", Place(bound), Place(along))
                return Reduction("prod", (bound,), Call("where", (itself, Number(1.0), body)))
            case function:
                inner = scope.summing((along,), (along,)).inside()
                body = self._holding(node.argument, letters, (along,), inner)
                return Reduction(function, (along,), body, stays=True)

    def _holding(self, node: Node, letters: tuple[str, ...], needed: tuple[str, ...], scope: Scope) -> Written:
        """`node`, times ones for the letters that its text must have and lacks."""
        written = self.expression(node, letters, scope)
        states = dict(zip(letters, self.openness[node], strict=True))
        lacking = tuple(letter for letter in needed if states[letter] is Open.ABSENT)
        return Product(1.0, (Symbol("1", lacking), written)) if lacking else written


def spelled(function: str, x: Written) -> Written | None:
    """A function for which the language has no word, by its definition."""
    square = Power(x, Number(2.0))
    match function:
        case "square":
            return square
        case "xlogx":
            return Product(1.0, (x, Call("log", (x,))))
        case "gaussian":
            return Call("exp", (Product(-1.0, (square,)),))
        case "one_minus_square":
            return Terms((Number(1.0), Product(-1.0, (square,))))
        case "root_of_one_plus_square":
            return Call("sqrt", (Terms((Number(1.0), square)),))
        case "sech_squared":
            return Product(1.0, (), (Power(Call("cosh", (x,)), Number(2.0)),))
        case "logistic_density":
            opposite = replace(x, coefficient=-x.coefficient) if isinstance(x, Product) else Product(-1.0, (x,))
            return Product(1.0, (Call("sigmoid", (x,)), Call("sigmoid", (opposite,))))
        case _:
            return None


def _term_order(term: Written) -> tuple[bool, bool, int]:
    """Positive terms before negative ones, and within these products, then tensors, then numbers."""
    match term:
        case Number(value=value):
            return value < 0, True, 0
        case Product(coefficient=coefficient, factors=factors, divisors=divisors):
            return coefficient < 0, not factors and not divisors, 0
        case Sum():
            return False, False, 2
        case _:
            return False, False, 1
