"""From the notation to `.ein` text.

What binds weaker than its surroundings gets brackets: terms < a term < a factor < what a power can stand on.
"""

from __future__ import annotations

import re

from einderiv.render.notation import (
    Call,
    Equation,
    Item,
    Letters,
    Number,
    Offset,
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

TERMS, TERM, FACTOR, PRIMARY = range(4)
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

_PLAIN = re.compile(r"[^\W_][0-9]*'*\Z")
_WHOLE = 1e15


def is_plain(letter: str) -> bool:
    """Whether an index is one letter, perhaps with digits or primes; others need braces and a declaration."""
    return bool(_PLAIN.match(letter))


def subscript(items: tuple[Item, ...]) -> str:
    """`_ij`, `_{batch,k}`, `_{2i+1,y_n}`, or nothing."""
    if not items:
        return ""
    letters = [item for item in items if isinstance(item, str) and is_plain(item)]
    return "_" + "".join(letters) if len(letters) == len(items) else "_{" + ",".join(map(_item, items)) + "}"


def _item(item: Item) -> str:
    match item:
        case str():
            return item
        case Tensor(name=name, items=items):
            return name + subscript(items)
        case Offset(terms=terms, constant=constant):
            return offset(terms, constant)


def offset(terms: tuple[tuple[int, str], ...], constant: int) -> str:
    """`2i+k`, `i-1`, `3-i`, `0`; an index alone is `i+0`."""
    pieces = [f"{factor:+d}{letter}" if abs(factor) != 1 else f"{factor:+d}"[0] + letter for factor, letter in terms]
    if terms and terms[0][0] < 0 and constant > 0:
        return f"{constant}{''.join(pieces)}"
    alone = len(terms) < 2 and (not terms or terms[0][0] == 1)
    return ("".join(pieces) + (f"{constant:+d}" if constant or alone else "")).removeprefix("+")


def binder(letters: Letters) -> str:
    """The indices of a reduction: `_c`, `_{i,j}`."""
    return subscript(letters) if len(letters) == 1 else "_{" + ",".join(letters) + "}"


def number(value: float) -> str:
    """The shortest text that reads back as `value`, a whole number without a point."""
    if value != value:
        return "(1e999 - 1e999)"
    if abs(value) == float("inf"):
        return "1e999" if value > 0 else "-1e999"
    return str(int(value)) if value == int(value) and abs(value) < _WHOLE else repr(value).replace("e+", "e")


def equation(written: Equation) -> str:
    """One line, or two with a comment."""
    line = f"{written.name}{subscript(written.letters)} = {text(written.body)}"
    return f"# {written.comment}\n{line}" if written.comment else line


def text(written: Written, level: int = TERMS) -> str:
    """`written` as a part of something that binds as strongly as `level`."""
    plain, own = _plain(written)
    return plain if own >= level else f"({plain})"


def _plain(written: Written) -> tuple[str, int]:
    """The text without outer brackets, and how strongly it binds."""
    match written:
        case Number(value=value):
            return number(value), TERM if value < 0 or value != value else PRIMARY
        case Tensor(name=name, items=items):
            return name + subscript(items), FACTOR if "/" in name else PRIMARY
        case Solution(function=function, arguments=names, items=items):
            return f"{function}({', '.join(names)}){subscript(items)}", PRIMARY
        case Symbol(kind=kind, letters=letters):
            return kind + subscript(letters), PRIMARY
        case Place(letter=letter):
            return letter, PRIMARY
        case Power(base=base, exponent=exponent):
            return f"{text(base, PRIMARY)}^{_exponent(exponent)}", FACTOR
        case Call(function=function, arguments=arguments):
            return f"{function}({_arguments(function, arguments)})", PRIMARY
        case Reduction(function=function, letters=letters, body=body):
            return f"{function}{binder(letters)}({text(body)})", PRIMARY
        case Relation():
            return f"[{_relation(written)}]", PRIMARY
        case Sum(letters=letters, body=body):
            return f"sum{binder(letters)} {text(body, TERM)}", TERM
        case Product():
            return _product(written), TERM
        case Terms(terms=terms):
            return _terms(terms), TERMS
        case Partial(top=top, below=below):
            order = len(below)
            over = text(top) if isinstance(top, Tensor) and top.plain and "/" not in top.name else f"({text(top)})"
            power = str(order).translate(SUPERSCRIPTS) if order > 1 else ""
            return f"∂{power}{over}/" + "".join(f"∂{text(each)}" for each in below), FACTOR


def _terms(terms: tuple[Written, ...]) -> str:
    pieces = [text(term, TERM) for term in terms]
    rest = (f" - {piece[1:]}" if piece.startswith("-") else f" + {piece}" for piece in pieces[1:])
    return pieces[0] + "".join(rest)


def _exponent(exponent: Written) -> str:
    if isinstance(exponent, Tensor) and exponent.name == "T":
        return f"({text(exponent)})"  # else it would be read as a transpose
    return number(exponent.value) if isinstance(exponent, Number) else text(exponent, PRIMARY)


def _arguments(function: str, arguments: tuple[Written, ...]) -> str:
    pieces = [text(argument) for argument in arguments]
    if function == "where" and isinstance(arguments[0], Relation):
        pieces[0] = _relation(arguments[0])
    return ", ".join(pieces)


def _relation(relation: Relation) -> str:
    return f"{text(relation.left)} {relation.operator} {text(relation.right)}"


def _product(product: Product) -> str:
    """Sign and number, factors, divisors: `-2 a_i b_j / c_k`, `2 a_i / (3 c_k)`."""
    factors, divisors = list(product.factors), list(product.divisors)
    above, below = fraction(product.coefficient)
    if below != 1:
        together = len(divisors) == 1 and not isinstance(divisors[0], Sum | Product)
        divisors = [Product(below, (divisors[0],))] if together else [*divisors, Number(below)]
    pieces = [] if above in (1.0, -1.0) and factors else [number(abs(above))]
    for position, factor in enumerate(factors):
        last = position == len(factors) - 1 and all(isinstance(divisor, Number) for divisor in divisors)
        pieces.append(text(factor, TERM if last and isinstance(factor, Sum) else FACTOR))
    sign = "-" if above < 0 else ""
    return sign + " ".join(pieces) + "".join(f" / {_divisor(divisor)}" for divisor in divisors)


def _divisor(divisor: Written) -> str:
    """A factor; an upstream derivative has a slash of its own, so it is put in brackets."""
    return text(divisor, PRIMARY if isinstance(divisor, Tensor | Partial) else FACTOR)


def fraction(value: float) -> tuple[float, float]:
    """`value` as (numerator, denominator) where a short decimal does not say it and a small fraction does exactly."""
    if value != value or len(repr(abs(value))) <= 5 or abs(value) > 100:
        return value, 1.0
    whole = round(1 / abs(value)) if abs(value) > 1e-9 else 1
    for below in (*range(2, 13), max(whole, 2)):
        above = value * below
        if above == round(above) and abs(above) < 100 and above / below == value:
            return above, float(below)
    return value, 1.0
