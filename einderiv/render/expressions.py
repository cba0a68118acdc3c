"""From nodes to notation: what is no product."""

from __future__ import annotations

from einderiv.ir import (
    Add,
    Axiswise,
    Constant,
    Derivative,
    Einsum,
    Input,
    LeviCivita,
    Map,
    Node,
    Position,
    Reduce,
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
                return self._position(node, letters, scope)
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

    def _position(self, node: Position, letters: tuple[str, ...], scope: Scope) -> Written:
        """In a comparison the letter itself; elsewhere i = Σ_j [j < i]."""
        if scope.places:
            return Place(letters[0])
        bound = self.fresh((node.dim,), scope)
        return Sum(bound, Relation("<", Place(bound[0]), Place(letters[0])))

    def _map(self, node: Map, letters: tuple[str, ...], scope: Scope) -> Written:
        compared = node.function in RELATIONS
        arguments = tuple(self.expression(argument, letters, scope.inside(compared)) for argument in node.arguments)
        match node.function, arguments:
            case "reciprocal", (x,):
                return Product(1.0, (), (x,))
            case "inverse_or_zero", (x,):
                return Call("where", (Relation("==", x, Number(0.0)), Number(0.0), Product(1.0, (), (x,))))
            case "square", (x,):
                return Power(x, Number(2.0))
            case "pow", (x, p):
                return Power(x, p)
            case "where", (condition, a, b):
                if not isinstance(condition, Relation):
                    condition = Relation("!=", condition, Number(0.0))
                return Call("where", (condition, a, b))
            case function, (x, y) if compared:
                return Relation(RELATIONS[function], x, y)
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
