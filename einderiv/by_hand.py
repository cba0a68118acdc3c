"""The rules of differentiation as one applies them by hand, on expressions with every sum written out.

Each rule takes a derivative ∂top/∂leaf and gives what it is equal to, or None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from einderiv.check import explicit as e
from einderiv.ir import FUNCTIONS

Paths = Callable[[str, str], bool]
"""Whether the tensor of the first name depends on that of the second."""

LETTERS = "ijklmnpqrstuvwxyzabcdefgh"
POSITIONS = "pqrstuvwxyzabcdefghijklmno"
ZERO, ONE = e.Literal(0.0), e.Literal(1.0)


def product(*factors: e.Explicit, summed: tuple[e.Index, ...] = ()) -> e.Term:
    """A product of first powers."""
    return e.Term(1.0, tuple((factor, 1) for factor in factors), summed)


# --------------------------------------------------------------- substitution


def replaced(expression: e.Explicit, indices: Mapping[e.Index, e.Index]) -> e.Explicit:
    """An expression with other indices, and with new variables for those that it binds."""

    def several(group: tuple[e.Index, ...]) -> tuple[e.Index, ...]:
        return tuple(indices.get(index, index) for index in group)

    def binding(group: tuple[e.Index, ...]) -> dict[e.Index, e.Index]:
        return {**indices, **{index: e.Index(index.letter, index.span) for index in group}}

    match expression:
        case e.Literal() | e.Parameter():
            return expression
        case e.Reference(name=name, spans=spans, span=span):
            return e.Reference(name, several(expression.indices), spans, span)
        case e.Known(kind=kind, spans=spans, span=span):
            return e.Known(kind, several(expression.indices), spans, span)
        case e.Place(index=index, span=span):
            return e.Place(indices.get(index, index), span)
        case e.Algebraic():
            return replace(expression, indices=several(expression.indices))
        case e.Shifted(terms=terms):
            return replace(expression, terms=tuple((factor, indices.get(index, index)) for factor, index in terms))
        case e.Reading(tensor=tensor, positions=positions):
            inner = binding(tuple(index for index, _ in positions))
            moved_to = tuple((inner[index], replaced(position, indices)) for index, position in positions)
            return e.Reading(replace(tensor, indices=tuple(inner.get(i, i) for i in tensor.indices)), moved_to)
        case e.Term(coefficient=coefficient, factors=factors, summed=summed):
            inner = binding(summed)
            moved = tuple((replaced(factor, inner), power) for factor, power in factors)
            return e.Term(coefficient, moved, tuple(inner[index] for index in summed))
        case e.Reduced(function=function, body=body, indices=bound):
            inner = binding(bound)
            return e.Reduced(function, replaced(body, inner), tuple(inner[index] for index in bound))
        case _:
            return mapped(expression, lambda part: replaced(part, indices), several)


def mapped(
    expression: e.Explicit,
    change: Callable[[e.Explicit], e.Explicit],
    several: Callable[[tuple[e.Index, ...]], tuple[e.Index, ...]] = lambda group: group,
) -> e.Explicit:
    """An expression with each of its parts changed; itself if none is."""
    parts = e.parts(expression)
    made = [change(part) for part in parts]
    if all(new is old for new, old in zip(made, parts, strict=True)) and not isinstance(expression, e.Along):
        return expression
    match expression:
        case e.Term(coefficient=coefficient, factors=factors, summed=summed):
            powers = (power for _, power in factors)
            return e.Term(coefficient, tuple(zip(made, powers, strict=True)), summed)
        case e.Total():
            return e.Total(tuple(made))
        case e.Elementwise():
            return replace(expression, arguments=tuple(made))
        case e.OwnCall(function=function):
            return e.OwnCall(function, tuple(made))
        case e.Reduced(function=function, indices=indices):
            return e.Reduced(function, made[0], indices)
        case e.Along(function=function, indices=indices):
            found = several(indices)
            same = made[0] is expression.body and found == indices
            return expression if same else e.Along(function, made[0], found)
        case e.Differentiated():
            below = tuple(part for part in made[1:] if isinstance(part, e.Reference))
            return e.Differentiated(made[0], below)
        case e.Reading(tensor=tensor, positions=positions):
            indices_read = (index for index, _ in positions)
            return e.Reading(tensor, tuple(zip(indices_read, made[1:], strict=True)))
        case _:
            return expression


def filled(body: e.Explicit, arguments: Mapping[str, e.Explicit]) -> e.Explicit:
    """The body of a function with its arguments in place."""
    if isinstance(body, e.Parameter):
        return replaced(arguments[body.name], {})
    return mapped(body, lambda part: filled(part, arguments))


# --------------------------------------------------------------------- slopes


class Paper:
    """An expression under arithmetic, so that the slopes of `ir.functions` write themselves out."""

    def __init__(self, value: e.Explicit) -> None:
        self.value = value

    @staticmethod
    def _of(other: Paper | float) -> e.Explicit:
        return other.value if isinstance(other, Paper) else e.Literal(float(other))

    def __add__(self, other: Paper | float) -> Paper:
        return Paper(e.Total((self.value, self._of(other))))

    def __radd__(self, other: float) -> Paper:
        return Paper(e.Total((self._of(other), self.value)))

    def __neg__(self) -> Paper:
        return Paper(e.Term(-1.0, ((self.value, 1),), ()))

    def __sub__(self, other: Paper | float) -> Paper:
        return Paper(e.Total((self.value, e.Term(-1.0, ((self._of(other), 1),), ()))))

    def __rsub__(self, other: float) -> Paper:
        return Paper(e.Total((self._of(other), (-self).value)))

    def __mul__(self, other: Paper | float) -> Paper:
        if isinstance(other, Paper) and other.value is self.value:
            return Paper(e.Term(1.0, ((self.value, 2),), ()))
        return Paper(
            product(self._of(other), self.value)
            if isinstance(other, float | int)
            else product(self.value, self._of(other))
        )

    __rmul__ = __mul__

    def __truediv__(self, other: Paper) -> Paper:
        return Paper(e.Term(1.0, ((self.value, 1), (other.value, -1)), ()))

    def __rtruediv__(self, other: float) -> Paper:
        return Paper(e.Term(float(other), ((self.value, -1),), ()))

    def __call__(self, function: str, *others: Paper | float) -> Paper:
        """`x("exp")` is exp(x); a function that the language has no word for is written out."""
        match function:
            case "logistic_density":
                y = self("sigmoid")
                return y * (1 - y)
            case "sech_squared":
                y = self("tanh")
                return 1 - y * y
            case "gaussian":
                return (-(self * self))("exp")
            case "one_minus_square":
                return 1 - self * self
            case "root_of_one_plus_square":
                return (self * self + 1)("sqrt")
        return Paper(e.Elementwise(function, (self.value, *map(self._of, others))))

    def choose(self, a: Paper | float, b: Paper | float) -> Paper:
        """a where this is not 0, else b."""
        return self("where", a, b)

    @property
    def number(self) -> float | None:
        """The value of a literal, else None."""
        return self.value.value if isinstance(self.value, e.Literal) else None


def slopes(call: e.Elementwise) -> list[e.Explicit | None]:
    """The slope of a function for each argument; None where it is zero."""
    match call:
        case e.Elementwise(function="pow", arguments=(a, p)):
            less = e.Literal(p.value - 1) if isinstance(p, e.Literal) else e.Total((p, e.Literal(-1.0)))
            return [product(p, e.Elementwise("pow", (a, less))), product(call, e.Elementwise("log", (a,)))]
        case e.Elementwise(function="square", arguments=(a,)):
            return [e.Term(2.0, ((a, 1),), ())]
        case _:
            rows: tuple[Callable[..., Paper] | None, ...] = FUNCTIONS[call.function].slopes  # type: ignore[assignment]
            given = [Paper(call), *(Paper(argument) for argument in call.arguments)]
            return [row(*given).value if row else None for row in rows]


# ---------------------------------------------------------------------- rules


def by_itself(top: e.Reference, leaf: e.Reference) -> e.Explicit:
    """∂W_ij/∂W_kl = δ_ik δ_jl"""
    pairs = list(zip(top.indices, leaf.indices, strict=True))
    return product(*(e.Known("δ", pair, (top.span, leaf.span), top.span) for pair in pairs)) if pairs else ONE


def by_itself_symmetric(top: e.Reference, leaf: e.Reference) -> e.Explicit:
    """∂S_ij/∂S_kl = ½ (δ_ik δ_jl + δ_il δ_jk) for a symmetric S"""
    turned = replace(leaf, indices=leaf.indices[::-1])
    return e.Term(0.5, ((e.Total((by_itself(top, leaf), by_itself(top, turned))), 1),), ())


def itself(name: str, rank: int) -> str:
    """The name of that rule, in letters of its own: `∂W_ij/∂W_kl = δ_ik δ_jl`."""
    top, below = LETTERS[:rank], LETTERS[rank : 2 * rank]
    if not rank:
        return f"∂{name}/∂{name} = 1"
    deltas = " ".join(f"δ_{i}{k}" for i, k in zip(top, below, strict=True))
    return f"∂{name}_{top}/∂{name}_{below} = {deltas}"


def of_term(term: e.Term, leaf: e.Reference, moves: Callable[[e.Explicit], bool]) -> tuple[str, e.Explicit]:
    """A product: constant factors stay outside; of two others the product rule; of one to a power the power rule."""
    still = tuple(pair for pair in term.factors if not moves(pair[0]))
    moving = [pair for pair in term.factors if moves(pair[0])]
    if len(moving) == 1:
        ((factor, power),) = moving
        place = term.factors.index((factor, power))
        inner = e.Differentiated(replaced(factor, {}), (leaf,))
        lowered = ((factor, power - 1), (inner, 1)) if power != 1 else ((inner, 1),)
        changed = (*term.factors[:place], *lowered, *term.factors[place + 1 :])
        rule = "power rule" if power != 1 else "constant factors" if still or term.coefficient != 1 else "sum rule"
        return rule, e.Term(term.coefficient * power, changed, term.summed)
    terms = []
    for place, (factor, power) in enumerate(term.factors):
        if moves(factor):
            inner = e.Differentiated(
                replaced(e.Term(1.0, ((factor, power),), ()) if power != 1 else factor, {}), (leaf,)
            )
            changed = (*term.factors[:place], (inner, 1), *term.factors[place + 1 :])
            terms.append(e.Term(term.coefficient, changed, term.summed))
    return "product rule", e.Total(tuple(terms))


def of_call(call: e.Elementwise, leaf: e.Reference, moves: Callable[[e.Explicit], bool]) -> tuple[str, e.Explicit]:
    """The chain rule with the slope of a function."""
    if call.function == "where":
        condition, a, b = call.arguments
        parts = (condition, e.Differentiated(a, (leaf,)), e.Differentiated(b, (leaf,)))
        return "`where` is differentiated in both branches", e.Elementwise("where", parts)
    found = []
    for slope, argument in zip(slopes(call), call.arguments, strict=True):
        if slope is not None and moves(argument):
            found.append(product(slope, e.Differentiated(replaced(argument, {}), (leaf,))))
    name = {"pow": "the power"}.get(call.function, f"`{call.function}`")
    return f"chain rule, slope of {name}", found[0] if len(found) == 1 else e.Total(tuple(found)) if found else ZERO


def of_reduction(reduced: e.Reduced, leaf: e.Reference) -> tuple[str, e.Explicit]:
    """The slope of a reduction over the indices c."""
    rule = f"slope of `{reduced.function}`"
    again = replaced(reduced, {})
    assert isinstance(again, e.Reduced)
    u, c = again.body, again.indices
    du = e.Differentiated(replaced(u, {}), (leaf,))
    match reduced.function:
        case "mean":
            return "the mean is linear", e.Reduced("mean", du, c)
        case "logsumexp":
            return rule, product(e.Along("softmax", u, c), du, summed=c)
        case "norm":
            return rule, e.Term(1.0, ((u, 1), (du, 1), (reduced, -1)), c)
        case "prod":
            other = replaced(reduced, {})
            assert isinstance(other, e.Reduced)
            same = [
                e.Elementwise("equal", (e.Place(i, i.span), e.Place(j, j.span)))
                for i, j in zip(other.indices, c, strict=True)
            ]
            itself = same[0] if len(same) == 1 else product(*same)
            rest = e.Reduced("prod", e.Elementwise("where", (itself, ONE, other.body)), other.indices)
            return rule, product(du, rest, summed=c)
        case _:  # max and min share equally between equal arguments
            other = replaced(reduced, {})
            assert isinstance(other, e.Reduced)
            count = product(e.Elementwise("equal", (other.body, reduced)), summed=other.indices)
            return rule, e.Term(1.0, ((e.Elementwise("equal", (u, reduced)), 1), (du, 1), (count, -1)), c)


def of_axis(along: e.Along, leaf: e.Reference) -> tuple[str, e.Explicit]:
    """The slope of a function along the indices k: for softmax y_k (∂u_k - Σ_c y_c ∂u_c)."""
    rule = f"slope of `{along.function}`"
    du = e.Differentiated(replaced(along.body, {}), (leaf,))
    if along.function == "cumsum":
        return "`cumsum` is linear", e.Along("cumsum", du, along.indices)
    new = {index: e.Index(index.letter, index.span) for index in along.indices}
    c = tuple(new.values())
    u = replaced(along.body, new)
    mean = e.Term(-1.0, ((e.Along("softmax", u, c), 1), (e.Differentiated(replaced(u, {}), (leaf,)), 1)), c)
    change = e.Total((du, mean))
    return rule, change if along.function == "logsoftmax" else product(along, change)


class Selected(e.Elementwise):
    """[k == y_n] where y_n is a position for certain, as a tensor is read there: it holds for one k."""

    __slots__ = ()


def of_reading(reading: e.Reading, leaf: e.Reference) -> tuple[str, e.Explicit]:
    """∂F_{n,y_n} = Σ_k [k == y_n] ∂F_nk"""
    span = reading.tensor.span
    new = {index: e.Index(letter, span) for (index, _), letter in zip(reading.positions, POSITIONS, strict=False)}
    here = [Selected("equal", (e.Place(new[index], span), _number(position))) for index, position in reading.positions]
    read = replaced(reading.tensor, new)
    rule = "a position is a sum over a comparison"
    return rule, product(*here, e.Differentiated(read, (leaf,)), summed=tuple(new.values()))


def _number(position: e.Explicit) -> e.Explicit:
    """A position in a subscript as a number: `2i+k+1`."""
    if not isinstance(position, e.Shifted):
        return position
    terms: list[e.Explicit] = []
    for factor, index in position.terms:
        place = e.Place(index, position.span)
        terms.append(place if factor == 1 else e.Term(float(factor), ((place, 1),), ()))
    if position.constant or not terms:
        terms.append(e.Literal(float(position.constant)))
    return terms[0] if len(terms) == 1 else e.Total(tuple(terms))


def of_algebra(call: e.Algebraic, leaf: e.Reference, named: str | None) -> tuple[str, e.Explicit] | None:
    """The rules of linear algebra for dA; `named` is a tensor that is defined as this very call.

    ============ ==================================================
    inv(A)       -A⁻¹ dA A⁻¹
    det(A)       det(A) tr(A⁻¹ dA)
    logdet(A)    tr(A⁻¹ dA)
    solve(A, b)  A⁻¹ (db - dA solve(A, b))
    cholesky(A)  L Φ(L⁻¹ dA L⁻ᵀ), Φ the lower half, diagonal halved
    ============ ==================================================

    Source: M. B. Giles, "An extended collection of matrix derivative results", 2008.
    """
    batch, rest = call.indices[: call.batch], call.indices[call.batch :]
    p, q = (e.Index(letter, call.span) for letter in "pq")

    def by_leaf(name: str, *indices: e.Index) -> e.Differentiated:
        return e.Differentiated(_whole(call, name, *batch, *indices), (leaf,))

    def inverse(*indices: e.Index) -> e.Algebraic:
        return replace(call, function="inv", right="", indices=(*batch, *indices))

    match call.function:
        case "inv":
            i, j = rest
            inner = (inverse(i, p), 1), (by_leaf(call.matrix, p, q), 1), (inverse(q, j), 1)
            return "slope of `inv`", e.Term(-1.0, inner, (p, q))
        case "det":
            change = product(call, inverse(q, p), by_leaf(call.matrix, p, q), summed=(p, q))
            return "slope of `det`", change
        case "logdet":
            return "slope of `logdet`", product(inverse(q, p), by_leaf(call.matrix, p, q), summed=(p, q))
        case "solve":
            i, *columns = rest
            solution = replace(call, indices=(*batch, q, *columns))
            moved = e.Term(-1.0, ((by_leaf(call.matrix, p, q), 1), (solution, 1)), (q,))
            inside = e.Total((by_leaf(call.right, p, *columns), moved))
            return "slope of `solve`", product(inverse(i, p), inside, summed=(p,))
        case _:
            return None if named is None else _of_cholesky(call, named, leaf)


def _whole(call: e.Algebraic, name: str, *indices: e.Index) -> e.Reference:
    return e.Reference(name, indices, (call.span,) * len(indices), call.span)


def _of_cholesky(call: e.Algebraic, factor: str, leaf: e.Reference) -> tuple[str, e.Explicit]:
    """∂L_ij = L_im ([m > j] + ½ [m == j]) (L⁻¹)_mp ½ (∂A_pq + ∂A_qp) (L⁻¹)_jq"""
    *batch, i, j = call.indices
    m, p, q = (e.Index(letter, call.span) for letter in "mpq")
    places = e.Place(m, call.span), e.Place(j, call.span)
    half = e.Term(0.5, ((e.Elementwise("equal", places), 1),), ())
    lower = e.Total((e.Elementwise("greater", places), half))
    changes = [e.Differentiated(_whole(call, call.matrix, *batch, *pair), (leaf,)) for pair in ((p, q), (q, p))]
    left, right = (replace(call, function="inv", matrix=factor, indices=(*batch, *pair)) for pair in ((m, p), (j, q)))
    factors = (_whole(call, factor, *batch, i, m), lower, left, e.Total(tuple(changes)), right)
    return "slope of `cholesky`", e.Term(0.5, tuple((factor, 1) for factor in factors), (m, p, q))
