"""The summation rule applied: a surface expression → an explicit one, in which every sum is written out.

The rule itself is in `opened`; here every index that it sums or binds becomes a variable, and the rest is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from einderiv import syntax as tree
from einderiv.check.explicit import (
    Algebraic,
    Along,
    Differentiated,
    Elementwise,
    Explicit,
    ExplicitEquation,
    Index,
    Known,
    Literal,
    OwnCall,
    Parameter,
    Place,
    Reading,
    Reduced,
    Reference,
    Shifted,
    Term,
    Total,
)
from einderiv.check.opened import Opened, Scope, names
from einderiv.check.refusals import Closed, Refusals, Site, together
from einderiv.check.subscripts import Computed, Letter, Standing, is_algebra
from einderiv.check.terms import Factor, comparison_of, factors_of, repeated_power, scope_parts, terms, times
from einderiv.errors import Span
from einderiv.syntax import AXIS_FUNCTIONS

Environment = Mapping[str, Index]
Written = tuple[Explicit, Closed]
COMPARISONS = {
    "<": "less", "<=": "less_equal", "==": "equal", "!=": "not_equal", ">=": "greater_equal", ">": "greater",
}  # fmt: skip


@dataclass(slots=True)
class Summation:
    """Writes out the sums of one statement; `parameters` are those of the function whose body it is.

    `ranks` says how many axes a tensor has, `own` which functions the text defines.
    """

    opened: Opened
    refusals: Refusals
    parameters: frozenset[str] = frozenset()
    ranks: Callable[[str], int] = lambda name: 0
    own: Collection[str] = ()

    # ---------------------------------------------------------- statements

    def equation(self, equation: tree.Equation) -> ExplicitEquation:
        """An equation with every sum written out."""
        left = self.opened.subscripts.letters(equation.subscript)
        self.refusals.repeated_left(equation, left)
        scope = Scope(frozenset(names(left)), outer=True)
        signed = terms(equation.body)
        found = [(term, self.opened.term(term, scope)) for _, term in signed]
        env = {letter.name: Index(letter.name, letter.span) for letter in left}
        for _, letters in found:
            for letter in letters:
                env.setdefault(letter, Index(letter, equation.head_span))
        body = _total([_signed(self.term(term, env, scope)[0], sign) for sign, term in signed])
        self.refusals.dangling(equation, left, found)
        present = {letter for _, letters in found for letter in letters}
        return ExplicitEquation(tuple(env[letter.name] for letter in left), body, frozenset(names(left)) - present)

    def query(self, derivative: tree.Derivative) -> ExplicitEquation:
        """A derivative whose open indices are its axes."""
        spans = {letter.name: letter.span for letter in reversed(self.opened.written(derivative))}
        found = self.opened.expression(derivative, Scope(frozenset()))
        axes = {name: Index(name, spans.get(name, derivative.top.span)) for name in found}
        body = self.factor(derivative, axes, Scope(frozenset()))[0]
        return ExplicitEquation(tuple(axes.values()), body)

    # --------------------------------------------------------------- terms

    def term(self, term: tree.Expression, env: Environment, scope: Scope) -> Written:
        """A term with its sum, and the indices that are summed or bound in it."""
        sign, factors = factors_of(term)
        counts = self.opened.counts(factors, scope)
        many = (letter for letter, count in counts.items() if count > 1 and letter not in scope.held)
        summed = {letter: Index(letter, term.span) for letter in many}
        env = {**env, **summed} if summed else env
        coefficient, indices = float(sign), list(summed.values())
        product: list[tuple[Explicit, int]] = []
        closed: list[Closed] = []
        for factor in factors:
            expression, power = _based(factor)
            once = expression is not factor.expression or factor.divides
            built, inside = self.factor(expression, env, scope.once() if once else scope)
            closed.append(inside)
            if isinstance(built, Literal) and power in (1, -1) and (built.value or power == 1):
                coefficient = coefficient * built.value if power == 1 else coefficient / built.value
            elif isinstance(built, Term) and power == 1 and _is_atom(factor.expression):
                product += built.factors
                indices += built.summed
            else:
                product.append((built, power))
        if any(closed):
            self.refusals.summed_and_open(term, factors, closed, self._openers(factors, scope), scope.outer)
        sites = {letter: (Site(term, letter, "sum"),) for letter in summed}
        return _simple(Term(coefficient, tuple(product), tuple(indices))), together([sites, *closed])

    def _openers(self, factors: Sequence[Factor], scope: Scope) -> dict[str, list[int]]:
        """For each index the factors in which it is open, one that counts more than once being there twice."""
        found: dict[str, list[int]] = {}
        for position, factor in enumerate(factors):
            many = min(times(factor), 2) if scope.outer else 1
            for letter in self.opened.expression(factor.expression, scope.once() if factor.divides else scope):
                found.setdefault(letter, []).extend([position] * many)
        return found

    def factor(self, factor: tree.Expression, env: Environment, scope: Scope) -> Written:
        """What is no product, written out, and the indices that are summed or bound in it."""
        match factor:
            case tree.Number(value=value):
                return Literal(value), {}
            case tree.Tensor(name=name) if name in self.parameters:
                return Parameter(name), {}
            case tree.Tensor(name=name, span=span) if self.opened.is_position(factor, scope):
                return Place(env[name], span), {}
            case tree.Tensor() | tree.Symbol():
                return self._tensor(factor, env, scope)
            case tree.Call() if is_algebra(factor):
                return self._tensor(factor, env, scope)
            case tree.Derivative():
                return self._derivative(factor, env, scope)
            case tree.Power(base=base, exponent=exponent):
                below, closed = self.factor(base, env, scope.once())
                above, inside = self.term(exponent, env, scope.once())
                return Elementwise("pow", (below, above)), together([closed, inside])
            case tree.Reduction(function=function):
                written = self._along if function in AXIS_FUNCTIONS else self._bound
                return written(factor, env, scope)
            case _:
                return self._bracket(factor, env, scope)

    # -------------------------------------------------------------- scopes

    def _bracket(self, bracket: tree.Expression, env: Environment, scope: Scope) -> Written:
        """A bracket, a call or a comparison: every term keeps what is open in any (rule 3)."""
        kept = self.opened.kept(bracket, scope.inside())
        arguments: dict[int, list[Explicit]] = {}
        closed: list[Closed] = []
        for part, held in zip(scope_parts(bracket), kept, strict=True):
            built, inside = self.term(part.term, env, scope.inside(held, compared=part.compared))
            arguments.setdefault(part.argument, []).append(_signed(built, part.sign))
            closed.append(inside)
        return _applied(bracket, [_total(each) for each in arguments.values()], self.own), together(closed)

    def _bound(self, reduction: tree.Reduction, env: Environment, scope: Scope) -> Written:
        """`sum_c …` or `max_c(…)`, which bind c."""
        letters = self.opened.subscripts.letters(reduction.indices)
        bound = {letter.name: Index(letter.name, letter.span) for letter in letters}
        within = scope.wanting(bound)
        if reduction.function == "sum":
            body, closed = self.term(reduction.body, {**env, **bound}, within)
            found = self.opened.term(reduction.body, within)
        else:
            body, closed = self._bracket(reduction, {**env, **bound}, within)
            found = self.opened.bracket(reduction, within.inside())
        refused = self.refusals.reduction(reduction, letters, found, scope.wanted, scope.kept)
        self.refusals.several_positions(reduction, letters)
        sites: Closed = {name: (Site(reduction, name, "bound"),) for name in bound if name not in refused}
        indices = tuple(bound.values())
        closed = together([sites, closed])
        if reduction.function != "sum":
            return Reduced(reduction.function, body, indices), closed
        if isinstance(body, Term):
            return Term(body.coefficient, body.factors, (*body.summed, *indices)), closed
        return Term(1.0, ((body, 1),), indices), closed

    def _along(self, reduction: tree.Reduction, env: Environment, scope: Scope) -> Written:
        """`softmax_k(…)`, along k, which stays open."""
        letters = self.opened.subscripts.letters(reduction.indices)
        within = scope.wanting(names(letters))
        found = self.opened.bracket(reduction, within.inside())
        env = {**{letter.name: Index(letter.name, letter.span) for letter in letters}, **env}
        self.refusals.reduction(reduction, letters, found, frozenset(), frozenset())
        body, closed = self._bracket(reduction, env, within)
        return Along(reduction.function, body, tuple(env[name] for name in names(letters))), closed

    # --------------------------------------------------------------- atoms

    def _tensor(self, tensor: tree.Tensor | tree.Symbol | tree.Call, env: Environment, scope: Scope) -> Written:
        """A tensor, with the sum over an index that stands twice in it (rule 1)."""
        letters = self.opened.subscripts.letters(tensor.subscript)
        opens = self.opened.standing(tensor.subscript, scope)
        summed = {name: Index(name, tensor.span) for name in names(letters) if name not in opens}
        env = {**env, **summed} if summed else env
        sites: Closed = {letter: (Site(tensor, letter, "trace"),) for letter in summed}
        if isinstance(tensor, tree.Tensor):
            axes = self.opened.subscripts.axes(tensor.subscript)
            return _over(_at(_reference(tensor.name, tensor.span), axes, env), summed), sites
        if isinstance(tensor, tree.Call):
            return _over(self._algebra(tensor, env), summed), sites
        self.refusals.symbol(tensor, letters)
        known = Known(tensor.kind, tuple(env[each.name] for each in letters), _spans(letters), tensor.span)
        return _over(known, summed), sites

    def _derivative(self, derivative: tree.Derivative, env: Environment, scope: Scope) -> Written:
        """A derivative, whose indices follow the rule of a tensor's."""
        summed = _traced(derivative, self.opened.written(derivative), scope)
        env = {**env, **summed} if summed else env
        sites: Closed = {letter: (Site(derivative, letter, "trace"),) for letter in summed}
        below = tuple(self._reference(tensor, env) for tensor in derivative.below)
        if isinstance(derivative.top, tree.Bracket):
            self.refusals.below_in_top(derivative)
            top, inside = self._bracket(derivative.top, env, scope)
            return _over(Differentiated(top, below), summed), together([sites, inside])
        return _over(Differentiated(self._reference(derivative.top, env), below), summed), sites

    def _algebra(self, call: tree.Call, env: Environment) -> Explicit:
        axes = self.opened.subscripts.axes(call.subscript)
        matrix, *others = [each.name for each in call.arguments if isinstance(each, tree.Tensor)]
        right, batch = (others or [""])[0], self.ranks(matrix) - 2
        return _at(
            lambda indices, spans: Algebraic(call.function, matrix, right, batch, indices, spans, call.span), axes, env
        )

    def _reference(self, tensor: tree.Tensor, env: Environment) -> Reference:
        letters = self.opened.subscripts.letters(tensor.subscript)
        return Reference(tensor.name, tuple(env[each.name] for each in letters), _spans(letters), tensor.span)


def _is_atom(expression: tree.Expression) -> bool:
    return isinstance(expression, tree.Tensor | tree.Symbol | tree.Derivative) or is_algebra(expression)


def _reference(name: str, span: Span) -> Callable[[tuple[Index, ...], tuple[Span, ...]], Reference]:
    """A tensor that still lacks its indices."""
    return lambda indices, spans: Reference(name, indices, spans, span)


def _at(
    made: Callable[[tuple[Index, ...], tuple[Span, ...]], Reference | Algebraic],
    axes: Sequence[Standing],
    env: Environment,
) -> Explicit:
    """A tensor with what stands on its axes; for a position an index of its own that has that value."""
    indices: list[Index] = []
    positions: list[tuple[Index, Explicit]] = []
    for standing in axes:
        if isinstance(standing, Letter):
            indices.append(env[standing.name])
            continue
        indices.append(Index("", standing.span))
        if isinstance(standing, Computed):
            terms = tuple((factor, env[letter.name]) for factor, letter in standing.terms)
            position: Explicit = Shifted(terms, standing.constant, standing.span)
        else:
            position = _at(_reference(standing.name, standing.span), standing.axes, env)
        positions.append((indices[-1], position))
    tensor = made(tuple(indices), tuple(standing.span for standing in axes))
    return Reading(tensor, tuple(positions)) if positions else tensor


def _based(factor: Factor) -> tuple[tree.Expression, int]:
    """A factor as an expression and its integer power."""
    sign = -1 if factor.divides else 1
    match factor.expression:
        case tree.Power(base=base) as power if (exponent := repeated_power(power)) is not None:
            return base, sign * exponent
        case expression:
            return expression, sign


def _traced(atom: tree.Expression, letters: Sequence[Letter], scope: Scope) -> dict[str, Index]:
    """A variable for each index that stands twice in a tensor and is summed there."""
    counts = Counter(names(letters))
    return {name: Index(name, atom.span) for name, n in counts.items() if n > 1 and name not in scope.held}


def _over(atom: Explicit, summed: Mapping[str, Index]) -> Explicit:
    return Term(1.0, ((atom, 1),), tuple(summed.values())) if summed else atom


def _spans(letters: Sequence[Letter]) -> tuple[Span, ...]:
    return tuple(letter.span for letter in letters)


# ------------------------------------------------------------- small results


def _simple(term: Term) -> Explicit:
    """A term, or the number or the single factor that it is."""
    if not term.factors:
        return Literal(term.coefficient)
    if term.coefficient == 1.0 and len(term.factors) == 1 and not term.summed and term.factors[0][1] == 1:
        return term.factors[0][0]
    return term


def _signed(expression: Explicit, sign: int) -> Explicit:
    """±expression."""
    match expression:
        case _ if sign > 0:
            return expression
        case Literal(value=value):
            return Literal(-value)
        case Term(coefficient=coefficient, factors=factors, summed=summed):
            return Term(-coefficient, factors, summed)
        case _:
            return Term(-1.0, ((expression, 1),), ())


def _total(parts: Sequence[Explicit]) -> Explicit:
    return parts[0] if len(parts) == 1 else Total(tuple(parts))


def _applied(scope: tree.Expression, arguments: Sequence[Explicit], own: Collection[str]) -> Explicit:
    """A bracket's own meaning around its arguments."""
    comparison = comparison_of(scope)
    if comparison is not None:
        compared = Elementwise(COMPARISONS[comparison.operator], tuple(arguments[:2]))
        arguments = [compared, *arguments[2:]]
    if not isinstance(scope, tree.Call):
        return arguments[0]
    if scope.function in own:
        return OwnCall(scope.function, tuple(arguments))
    return Elementwise(scope.function, tuple(arguments))
