"""Choices: a value that a condition leaves out is not computed with, so that 0 times infinity never becomes nan.

The slope of where(x > 0, log(x), 0) is [x > 0] / x.  At 0 this is 0 · ∞ on a computer, and 0 in mathematics.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from einderiv.ir import (
    Add,
    Algebra,
    Axiswise,
    Constant,
    Einsum,
    Map,
    Node,
    Reduce,
    Size,
    Spread,
    Zero,
    apply,
    children,
    einsum,
    lay,
    number,
    rewrite,
    topological,
)
from einderiv.simplify.products import Factor

Support = frozenset[tuple[Node, tuple[int, ...]]]
Risks = frozenset[frozenset[int]]

OPPOSITE = {
    "less": "greater_equal",
    "less_equal": "greater",
    "equal": "not_equal",
    "not_equal": "equal",
    "greater": "less_equal",
    "greater_equal": "less",
}
TRUTHS = frozenset(OPPOSITE)
UNBOUNDED = frozenset(
    "exp expm1 log log1p xlogx sqrt reciprocal pow tan sinh cosh asin acos acosh atanh lgamma digamma polygamma".split()
)
"""The functions that are infinite, or no number, for some finite arguments."""


def truth_of_truth(node: Node) -> Node:
    """[c ≠ 0] = c, and [c = 0] is its opposite, where c is a condition itself.  One function less."""
    match node:
        case Map("equal", (Map(function, sides), zero)) if function in TRUTHS and number(zero) == 0.0:
            return apply(OPPOSITE[function], *sides)
        case Map("not_equal", (Map(function) as condition, zero)) if function in TRUTHS and number(zero) == 0.0:
            return condition
        case _:
            return node


def nested_choice(node: Node) -> Node:
    """where(c, where(c, a, b), d) = where(c, a, d) = where(c, a, where(c, b, d)).  One choice less."""
    match node:
        case Map("where", (c, Map("where", (again, a, _)), d)) if again is c:
            return apply("where", c, a, d)
        case Map("where", (c, a, Map("where", (again, _, d)))) if again is c:
            return apply("where", c, a, d)
        case _:
            return node


def guard_products(roots: Sequence[Node]) -> list[Node]:
    """c_i f_ij = where(c_i, f_ij, 0) for a condition c and a factor f that may be infinite or no number.

    Likewise c_i f_ij = c_i where(c_i, f_ij, 0) for shares such as [a > b] + ½ [a = b], and for whatever is 0 where c
    is.  What may be infinite in f varies with all indices of c; an infinity of a whole sum is not looked for.  Inputs
    count as finite.  It ends: each factor is guarded once by each condition.
    """
    if not any(_is_truth(node) for node in topological(roots)):
        return list(roots)
    known = _Known()
    return rewrite(roots, lambda node: _guarded(node, known) if isinstance(node, Einsum) else node)


class _Known:
    """What is found out about nodes, each once."""

    def __init__(self) -> None:
        self._risks: dict[Node, Risks] = {}
        self._supports: dict[Node, Support] = {}

    def risks(self, node: Node) -> Risks:
        """Where a function below may give infinity or no number: for each, the axes of `node` along which it varies."""
        for part in topological([node], stop=self._risks):
            if part not in self._risks:
                self._risks[part] = frozenset() if _is_truth(part) else frozenset(self._dangers(part))
        return self._risks[node]

    def _dangers(self, node: Node) -> Iterator[frozenset[int]]:
        found = self._risks
        if _is_risk(node):
            yield frozenset(range(len(node.axes)))
        match node:
            case Spread(core=core, placing=placing):
                yield from (frozenset(placing[axis] for axis in axes) for axes in found[core])
            case Einsum(operands=operands, subscripts=subscripts, output=output):
                for operand, labels in zip(operands, subscripts, strict=True):
                    for axes in found[operand]:
                        yield frozenset(output.index(labels[axis]) for axis in axes if labels[axis] in output)
            case Map() | Add():
                yield from (axes for child in children(node) for axes in found[child])
            case Reduce() | Axiswise() | Algebra():
                whole = len(node.axes) - (0 if isinstance(node, Reduce) else 1 if isinstance(node, Axiswise) else 2)
                kept = frozenset(range(max(whole, 0)))
                yield from (axes & kept for child in children(node) for axes in found[child])
            case _:
                pass

    def support(self, node: Node) -> Support:
        """Conditions, each with the axes of `node` that are its own; where one of them is 0, so is `node`."""
        for part in topological([node], stop=self._supports):
            if part not in self._supports:
                self._supports[part] = frozenset(self._conditions(part))
        return self._supports[node]

    def _conditions(self, node: Node) -> Iterator[tuple[Node, tuple[int, ...]]]:
        found = self._supports
        if _is_truth(node) or _is_share(node):
            yield node, tuple(range(len(node.axes)))
        match node:
            case Map("where", (c, a, b)) if number(b) == 0.0:
                yield from found[c] | found[a]
            case Spread(core=core, placing=placing):
                yield from ((c, tuple(placing[axis] for axis in axes)) for c, axes in found[core])
            case Add(terms=(first, *others)):
                yield from found[first].intersection(*(found[term] for term in others))
            case Einsum(operands=operands, subscripts=subscripts, output=output):
                for operand, labels in zip(operands, subscripts, strict=True):
                    for c, axes in found[operand]:
                        if all(labels[axis] in output for axis in axes):
                            yield c, tuple(output.index(labels[axis]) for axis in axes)
            case _:
                pass


def _guarded(node: Einsum, known: _Known) -> Node:
    """`node` with its factors guarded, and without conditions that another factor has."""
    factors = list(zip(node.operands, node.subscripts, strict=True))
    for place, (operand, labels) in enumerate(factors):
        if risks := known.risks(operand):
            missing = _placed(_others(factors, place), known) - _placed([(operand, labels)], known)
            for condition in sorted(missing, key=lambda each: (each[0].order, each[1])):
                if _fits(risks, labels, condition[1]):
                    operand = _guard(operand, labels, condition)
            factors[place] = operand, labels
    for place in reversed(range(len(factors))):
        if _is_truth(factors[place][0]) and factors[place] in _placed(_others(factors, place), known):
            del factors[place]
    return einsum(factors, node.output)


def _others(factors: Sequence[Factor], place: int) -> list[Factor]:
    return [factor for position, factor in enumerate(factors) if position != place]


def _placed(factors: Sequence[Factor], known: _Known) -> Support:
    """The conditions of factors, with their labels."""
    return frozenset(
        (condition, tuple(labels[axis] for axis in axes))
        for operand, labels in factors
        for condition, axes in known.support(operand)
    )


def _fits(risks: Risks, labels: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether one of the risks varies with all indices of a condition; no index may stand twice."""
    varying = [{labels[axis] for axis in axes} for axes in risks]
    return len(set(labels)) == len(labels) and any(labelled.issuperset(wanted) for labelled in varying)


def _guard(operand: Node, labels: tuple[int, ...], condition: tuple[Node, tuple[int, ...]]) -> Node:
    """where(c, f, 0)."""
    truth, wanted = condition
    places = tuple(labels.index(label) for label in wanted)
    laid = lay(truth, places, range(len(labels)), 1.0, operand.axes)
    return apply("where", laid, operand, Zero(operand.axes))


def _is_truth(node: Node) -> bool:
    """Whether a node is 0 or 1 everywhere."""
    return isinstance(node, Map) and node.function in TRUTHS


def _is_share(node: Node) -> bool:
    """Whether a node is a sum of conditions with numbers before them."""
    return isinstance(node, Add) and all(_is_truth(t.core if isinstance(t, Spread) else t) for t in node.terms)


def _is_risk(node: Node) -> bool:
    match node:
        case Map("reciprocal", (Size() | Constant(),)):
            return False
        case Map(function):
            return function in UNBOUNDED
        case _:
            return False
