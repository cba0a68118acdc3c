r"""From the notation to LaTeX, of which mathtext, KaTeX and MathJax all draw every formula.

Brackets follow the same order as in `write`: terms < a term < a factor < what a power can stand on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from einderiv.render.notation import (
    Call,
    Equation,
    Item,
    Letters,
    Number,
    Partial,
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
from einderiv.render.symbols import FUNCTIONS, POWERED, RELATIONS, fraction_of, name, number, rational, subscript
from einderiv.render.write import FACTOR, PRIMARY, TERM, TERMS

_TALL = re.compile(r"\\(frac|sum|prod|left)")
_DIGIT_FIRST = re.compile(r"[0-9]|\\frac\{[0-9]+\}\{[0-9]+\}(?!\S)|\\infty")


@dataclass(frozen=True, slots=True)
class Ratio:
    """A derivative as it is printed: ∂a_i/∂W_kl is `Ratio((("a", 1),), (("W", 2),))`, each with its number of axes."""

    top: tuple[str, int]
    below: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Style:
    """`sums` writes the sums of the convention too; `ratios` are the tensors that are derivatives, by their names."""

    sums: bool = False
    ratios: Mapping[str, Ratio] = field(default_factory=dict)


def sides(written: Equation, style: Style, left: str = "") -> tuple[str, str]:
    """The two sides of an equation; `left` if what stands there is known better than by its name."""
    return left or _tensor(written.name, written.letters, style), latex(written.body, style)


def latex(written: Written, style: Style, level: int = TERMS) -> str:
    """`written` as a part of something that binds as strongly as `level`."""
    plain, own = _plain(written, style)
    return plain if own >= level else bracketed(plain)


def bracketed(text: str) -> str:
    """Brackets as high as what they hold."""
    return rf"\left({text}\right)" if _TALL.search(text) else f"({text})"


def _plain(written: Written, style: Style) -> tuple[str, int]:
    """The formula without outer brackets, and how strongly it binds."""
    match written:
        case Number(value=value):
            text = rational(value)
            return text, TERM if text.startswith("-") else FACTOR if not text.isdigit() else PRIMARY
        case Tensor(name=found, items=items):
            text = _tensor(found, items, style)
            return text, FACTOR if text.startswith(r"\frac") else PRIMARY
        case Solution(function=function):
            return _solution(written), FACTOR if function == "logdet" else PRIMARY
        case Symbol(kind=kind, letters=letters):
            return {"δ": r"\delta", "ε": r"\varepsilon", "1": "1"}[kind] + subscript(letters), PRIMARY
        case Place(letter=letter):
            return subscript((letter,))[2:-1], PRIMARY
        case Power():
            return _power(written, style), FACTOR
        case Call(function=function, arguments=arguments):
            return _call(function, arguments, style), PRIMARY
        case Reduction(function=function, letters=letters, body=body):
            return _reduction(function, letters, latex(body, style)), FACTOR if function == "prod" else PRIMARY
        case Relation():
            return f"[{_relation(written, style)}]", PRIMARY
        case Sum(letters=letters, body=body):
            return rf"{_sigma(letters)} {latex(body, style, TERM)}", TERM
        case Product():
            return _product(written, style), TERM
        case Terms(terms=terms):
            return _terms(terms, style), TERMS
        case Partial():
            return _partial(written, style), FACTOR


def _terms(terms: tuple[Written, ...], style: Style) -> str:
    pieces = [latex(term, style, TERM) for term in terms]
    rest = (f" - {piece[1:]}" if piece.startswith("-") else f" + {piece}" for piece in pieces[1:])
    return pieces[0] + "".join(rest)


def _sigma(letters: Letters) -> str:
    r"""`\sum_{i,j}`"""
    return r"\sum_{" + ",".join(subscript((letter,))[2:-1] for letter in letters) + "}"


def _power(power: Power, style: Style) -> str:
    """A power; of a function as in tanh²(x)."""
    exponent = number(power.exponent.value) if isinstance(power.exponent, Number) else latex(power.exponent, style)
    match power.base:
        case Call(function=function, arguments=arguments) if function in POWERED and exponent.isdigit():
            return rf"{FUNCTIONS[function]}^{{{exponent}}}({_arguments(function, arguments, style)})"
        case Call(function="sqrt" | "abs"):
            return f"{latex(power.base, style)}^{{{exponent}}}"
        case Call() | Reduction():
            return f"{bracketed(latex(power.base, style))}^{{{exponent}}}"
        case base:
            return f"{latex(base, style, PRIMARY)}^{{{exponent}}}"


def _call(function: str, arguments: tuple[Written, ...], style: Style) -> str:
    inside = _arguments(function, arguments, style)
    match function:
        case "sqrt":
            return rf"\sqrt{{{inside}}}"
        case "abs":
            return rf"\left|{inside}\right|"
        case _:
            return FUNCTIONS.get(function, rf"\operatorname{{{function}}}") + bracketed(inside)


def _arguments(function: str, arguments: tuple[Written, ...], style: Style) -> str:
    pieces = [latex(argument, style) for argument in arguments]
    if function == "where" and isinstance(arguments[0], Relation):
        pieces[0] = _relation(arguments[0], style)
    return r",\, ".join(pieces)


def _reduction(function: str, letters: Letters, body: str) -> str:
    bound = _sigma(letters).removeprefix(r"\sum")
    match function:
        case "norm":
            return rf"\left\|{body}\right\|{bound}"
        case "prod":
            return rf"\prod{bound} {bracketed(body)}"
        case _:
            return FUNCTIONS.get(function, rf"\operatorname{{{function}}}") + bound + bracketed(body)


def _relation(relation: Relation, style: Style) -> str:
    return f"{latex(relation.left, style)} {RELATIONS[relation.operator]} {latex(relation.right, style)}"


def _product(product: Product, style: Style) -> str:
    """Sign and sums, then number, factors and divisors as a fraction."""
    factors, own = list(product.factors), style.sums and bool(product.summed)
    behind = [factors.pop()] if product.divisors and factors and isinstance(factors[-1], Sum) else []
    above, below = [latex(each, style, FACTOR) for each in factors], [latex(d, style, FACTOR) for d in product.divisors]
    if not below and not own and factors and isinstance(factors[-1], Sum):
        above[-1] = latex(factors[-1], style, TERM)
    scale = abs(product.coefficient)
    if below:
        over, under = fraction_of(scale)
        above = above if over == 1.0 and above else [number(over), *above]
        below = below if under == 1.0 else [number(under), *below]
        if above == [latex(each, style, FACTOR) for each in factors] and len(factors) == 1:
            above = [latex(factors[0], style)]
        if len(below) == 1:
            below = [latex(product.divisors[0], style)]
        body = joined([rf"\frac{{{joined(above)}}}{{{joined(below)}}}", *(latex(b, style, FACTOR) for b in behind)])
    else:
        body = joined(above if scale == 1.0 and above else [rational(scale), *above])
    return ("-" if product.coefficient < 0 else "") + (f"{_sigma(product.summed)} " if own else "") + body


def joined(factors: list[str]) -> str:
    """Factors side by side, with a dot before one that begins with a digit."""
    text = "".join((r" \cdot " if _DIGIT_FIRST.match(each) else r" \, ") + each for each in factors)
    return re.sub(r"^ \\(cdot|,) ", "", text)


def _solution(solution: Solution) -> str:
    r"""Linear algebra: `(A^{-1})_{ij}`, `\det(A)`, `\log\left|\det A\right|`, `(A^{-1} b)_{i}`."""
    matrix, *right = map(name, solution.arguments)
    match solution.function:
        case "inv":
            call = f"({matrix}^{{-1}})"
        case "solve":
            call = rf"({matrix}^{{-1}} \, {right[0]})"
        case "det":
            call = rf"\det({matrix})"
        case "logdet":
            call = rf"\log\left|\det({matrix})\right|"
        case function:
            call = rf"\operatorname{{{function}}}({matrix})"
    return call + subscript(solution.items)


def _tensor(found: str, items: tuple[Item, ...], style: Style) -> str:
    """A tensor by its name, a derivative as a fraction."""
    ratio = style.ratios.get(found) or ratio_of(found, len(items))
    if ratio is None or ratio.top[1] + sum(count for _, count in ratio.below) != len(items):
        return name(found) + subscript(items)
    rest = iter(items)
    parts = [name(each) + subscript(tuple(islice(rest, count))) for each, count in (ratio.top, *ratio.below)]
    return fraction(parts[0], parts[1:])


def ratio_of(found: str, count: int) -> Ratio | None:
    """What `∂E/∂a` says, a given derivative of a scalar with `count` indices."""
    top, slash, below = found.partition("/∂")
    return Ratio((top.removeprefix("∂"), 0), ((below, count),)) if slash else None


def _partial(partial: Partial, style: Style) -> str:
    below = [_tensor(each.name, each.items, style) for each in partial.below]
    top = latex(partial.top, style)
    if isinstance(partial.top, Tensor) and partial.top.plain and not top.startswith(r"\frac"):
        return fraction(top, below)
    if _TALL.search(top):
        return rf"{fraction('', below)}{bracketed(top)}"
    return fraction(f"({top})", below)


def fraction(top: str, below: list[str]) -> str:
    r"""`\frac{\partial^{2} L}{\partial x^{2}}`: a tensor without axes that stands several times has an exponent."""
    order = rf"^{{{len(below)}}}" if len(below) > 1 else ""
    if order and len(set(below)) == 1 and "_" not in below[0]:
        below = [below[0] + order]
    under = r" \, ".join(rf"\partial {each}" for each in below)
    return rf"\frac{{\partial{order} {top}}}{{{under}}}"
