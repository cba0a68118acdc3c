"""What one does on paper without thinking, and the identities of δ: each gives an equal, simpler expression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from einderiv.by_hand import ONE, ZERO, Selected, mapped, replaced
from einderiv.check import explicit as e
from einderiv.formulas import Lettering, opened, written
from einderiv.render import text


def tidied(expression: e.Explicit) -> e.Explicit:
    """Without zeros, ones, and brackets that bracket nothing; the same object where nothing changes."""
    found = mapped(expression, tidied)
    match found:
        case e.Term():
            return _tidy_term(found)
        case e.Total(terms=terms):
            flat = [part for term in terms for part in (term.terms if isinstance(term, e.Total) else (term,))]
            kept = [term for term in flat if term != ZERO]
            if len(kept) == len(terms):
                return found
            return e.Total(tuple(kept)) if len(kept) > 1 else kept[0] if kept else ZERO
        case e.Elementwise(function="where", arguments=(_, a, b)) if a == ZERO and b == ZERO:
            return ZERO
        case e.Elementwise(function="pow", arguments=(base, e.Literal(value=1.0))):
            return base
        case e.Reduced(function="mean", body=body) | e.Along(function="cumsum", body=body) if body == ZERO:
            return ZERO
        case _:
            return found


def _tidy_term(term: e.Term) -> e.Explicit:
    coefficient, summed = term.coefficient, list(term.summed)
    factors: list[tuple[e.Explicit, int]] = []
    for factor, power in term.factors:
        match factor:
            case e.Literal(value=value) if power > 0:
                coefficient *= value**power
            case e.Term() if power == 1:
                coefficient *= factor.coefficient
                factors += factor.factors
                summed += factor.summed
            case _ if power == 0:
                pass
            case _:
                factors.append((factor, power))
    if not coefficient:
        return ZERO
    if coefficient == 1.0 and len(factors) == 1 and factors[0][1] == 1 and not summed:
        return factors[0][0]
    if not factors and not summed:
        return e.Literal(coefficient)
    same = coefficient == term.coefficient and len(factors) == len(term.factors) and tuple(summed) == term.summed
    return term if same else e.Term(coefficient, tuple(factors), tuple(summed))


def contracted(expression: e.Explicit) -> e.Explicit:
    """Σ_i δ_ik x_i = x_k, everywhere."""
    found = mapped(expression, contracted)
    if not isinstance(found, e.Term):
        return found
    for place, (factor, power) in enumerate(found.factors):
        if isinstance(factor, e.Known) and factor.kind == "δ" and power == 1:
            one, other = factor.indices
            gone, kept = (one, other) if one in found.summed else (other, one)
            if gone in found.summed and one is not other:
                rest = (*found.factors[:place], *found.factors[place + 1 :])
                moved = tuple((replaced(each, {gone: kept}), n) for each, n in rest)
                summed = tuple(index for index in found.summed if index is not gone)
                return contracted(e.Term(found.coefficient, moved or ((ONE, 1),), summed))
    return found


def multiplied_out(expression: e.Explicit) -> e.Explicit:
    """A product with a bracket in which a δ waits for a sum outside, multiplied out."""
    found = mapped(expression, multiplied_out)
    if not isinstance(found, e.Term):
        return found
    for place, (factor, power) in enumerate(found.factors):
        if isinstance(factor, e.Total) and power == 1 and any(_waits(term, found.summed) for term in factor.terms):
            rest = (found.factors[:place], found.factors[place + 1 :])
            free = set(opened(factor))
            if any(
                index in free
                and not all(index in opened(term) for term in factor.terms)
                and not any(index in opened(other) for other, _ in (*rest[0], *rest[1]))
                for index in found.summed
            ):
                continue  # a term that is repeated along a summed index
            terms = [e.Term(found.coefficient, (*rest[0], (term, 1), *rest[1]), found.summed) for term in factor.terms]
            return e.Total(tuple(replaced(term, {}) for term in terms))
    return found


def _waits(term: e.Explicit, summed: tuple[e.Index, ...]) -> bool:
    factors = term.factors if isinstance(term, e.Term) else ((term, 1),)
    return any(isinstance(f, e.Known) and f.kind == "δ" and any(i in summed for i in f.indices) for f, _ in factors)


def selected(expression: e.Explicit) -> e.Explicit:
    """Σ_k [k == y_n] x_n = x_n where y_n is a position, everywhere."""
    found = mapped(expression, selected)
    if not isinstance(found, e.Term):
        return found
    for place, (factor, power) in enumerate(found.factors):
        if isinstance(factor, Selected) and power == 1 and isinstance(position := factor.arguments[0], e.Place):
            rest = (*found.factors[:place], *found.factors[place + 1 :])
            met = {index for other, _ in rest for index in opened(other)}
            needed = {index for index in opened(factor) if index in found.summed} - {position.index}
            if position.index in found.summed and position.index not in met and met >= needed:
                summed = tuple(index for index in found.summed if index is not position.index)
                return selected(e.Term(found.coefficient, rest or ((ONE, 1),), summed))
    return found


def without_ones(expression: e.Explicit) -> e.Explicit:
    """1_n x_n = x_n, everywhere."""
    found = mapped(expression, without_ones)
    if not isinstance(found, e.Term):
        return found
    for place, (factor, power) in enumerate(found.factors):
        if isinstance(factor, e.Known) and factor.kind == "1" and power == 1:
            rest = (*found.factors[:place], *found.factors[place + 1 :])
            met = {index for other, _ in rest for index in opened(other)}
            if met.issuperset(factor.indices):
                return without_ones(e.Term(found.coefficient, rest, found.summed))
    return found


def collected(expression: e.Explicit) -> e.Explicit:
    """x_k + x_k = 2 x_k, everywhere."""
    found = mapped(expression, collected)
    if not isinstance(found, e.Total):
        return found
    several: dict[str, e.Term] = {}
    for term in found.terms:
        whole = term if isinstance(term, e.Term) else e.Term(1.0, ((term, 1),), ())
        key = _spelled(whole)
        known = several.get(key)
        several[key] = whole if known is None else replace(known, coefficient=known.coefficient + whole.coefficient)
    if len(several) == len(found.terms):
        return found
    terms = tuple(several.values())
    return terms[0] if len(terms) == 1 else e.Total(terms)


def _spelled(term: e.Term) -> str:
    """The factors of a product without its number, the same for other names of the summed indices."""
    free = {index: f"{index.letter}{id(index)}" for factor, _ in term.factors for index in opened(factor)}

    def spelled(factor: tuple[e.Explicit, int], bound: Mapping[e.Index, str]) -> str:
        return f"{text(written(factor[0], Lettering({**free, **bound})))}^{factor[1]}"

    factors = sorted(term.factors, key=lambda factor: spelled(factor, dict.fromkeys(term.summed, "?")))
    met = dict.fromkeys(index for factor, _ in factors for index in opened(factor) if index in term.summed)
    numbers = {index: f"?{place}" for place, index in enumerate({**met, **dict.fromkeys(term.summed)})}
    return " ".join(spelled(factor, numbers) for factor in factors)
