"""Why the parser stopped: a list of rules, each of which knows one mistake and how to mend it.

A rule looks at a `Stop` and returns an error or nothing; the first that answers counts.
"""

from __future__ import annotations

from collections.abc import Callable

from lark import Token

from einderiv.errors import EinError, Label, Span
from einderiv.syntax.braces import braces, misplaced_subscript, parted_by_a_comma
from einderiv.syntax.declaring import array, declaration
from einderiv.syntax.division import SPLITS_TERMS, ambiguous_division
from einderiv.syntax.faults import fault
from einderiv.syntax.foreign import operator
from einderiv.syntax.misused_words import (
    algebra_argument,
    left_side,
    misused_function,
    reduction_without_bracket,
    reserved_name,
    sum_with_bounds,
)
from einderiv.syntax.no_equations import assignment, foreign_word, missing_equals, query_with_more, single_equals
from einderiv.syntax.stops import STARTS_FACTOR, Stop
from einderiv.syntax.tokens import span_of

Rule = Callable[[Stop], EinError | None]



def compared(stop: Stop) -> EinError | None:
    """`[i < j < k]`, and comparisons outside `[ ]` and `where`."""
    if stop.kind != "COMPARE":
        return None
    kinds = stop.kinds()
    if "COMPARE" in kinds and stop.opener():
        first = stop.frame[kinds.index("COMPARE")]
        middle = stop.slice(first + 1, stop.at - 1)
        left = stop.slice(stop.frame[0] + 1, first - 1)
        right = stop.rest(stop.at + 1)
        pair = f"[{left} {stop.tokens[first]} {middle}] [{middle} {stop.token} {right}]"
        return _joined(stop, first) or fault(
            "E0126", "comparisons do not chain", stop.span, "", Label(span_of(stop.tokens[first]), "first comparison"),
            helps=[f"multiply two Iverson brackets: `{pair}`"],
        )  # fmt: skip
    words = [str(token) for token in stop.tokens]
    if "if" in words[: stop.at] and "else" in words[stop.at :]:
        condition, otherwise = words.index("if"), words.index("else", stop.at)
        start = words.index("=") + 1 if "=" in words[:condition] else 0
        if start < condition and otherwise + 1 < len(words):
            chosen = [stop.slice(condition + 1, otherwise - 1), stop.slice(start, condition - 1),
                      stop.slice(otherwise + 1, len(words) - 1)]  # fmt: skip
            return fault("E0127", "a choice is made by `where`", span_of(stop.tokens[condition]), "",
                         helps=[f"write `where({', '.join(chosen)})`"])  # fmt: skip
    return fault(
        "E0127", "a comparison stands in `[ ]` or is the first argument of `where`", stop.span, "",
        helps=[f"write `[{_side(stop)} {stop.token} {stop.rest(stop.at + 1) or '0'}]`, "
               "which is 1 where it holds, else 0"],
    )  # fmt: skip


def _joined(stop: Stop, first: int) -> EinError | None:
    """`[x_i > 0 and x_i < 1]`; the first comparison is the token `first`."""
    joint = next((place for place in range(first, stop.at) if stop.tokens[place] in ("and", "or")), None)
    if joint is None:
        return None
    word, one = stop.tokens[joint], stop.slice(stop.frame[0] + 1, joint - 1)
    other = f"{stop.slice(joint + 1, stop.at)} {stop.rest(stop.at + 1) or '0'}"
    help_text = f"multiply two Iverson brackets: `[{one}] [{other}]`"
    if word == "or":
        help_text = f"take the larger of two Iverson brackets: `max([{one}], [{other}])`"
    return fault("E0126", f"two comparisons are not joined by `{word}`", span_of(word), "", helps=[help_text])


def _side(stop: Stop) -> str:
    """What stands left of a comparison."""
    start = stop.at
    while start > 0 and stop.tokens[start - 1].type not in SPLITS_TERMS:
        start -= 1
    return stop.slice(start, stop.at - 1) if start < stop.at else "x_i"


def no_comparison(stop: Stop) -> EinError | None:
    """`[x_i]`, `x[i]`, `where(m, a, b)`."""
    kinds = stop.kinds()
    if stop.opener() == "LBRACKET" and stop.kind in ("RBRACKET", "COMMA") and "COMPARE" not in kinds:
        owner = stop.owner()
        first = stop.frame[0]
        last = stop.closing(first) - (stop.tokens[stop.closing(first)].type == "RBRACKET")
        inside = stop.slice(first + 1, last) if last > first else "i"
        place = span_of(stop.tokens[first])
        if owner is not None and owner.type == "NAME" and span_of(owner).end == place.start:
            written = _with_subscript(owner, inside)
            return fault(
                "E0127", "square brackets hold a comparison; indices are a subscript", place, "",
                helps=[f"write `{written}`"],
            )  # fmt: skip
        return fault(
            "E0127", "square brackets hold a comparison", place, "",
            helps=[f"write `[{inside} > 0]`, or round brackets: `({inside})`"],
        )  # fmt: skip
    if stop.kind == "LBRACKET" and stop.before == "NAME" and stop.at == 1:
        inside = stop.slice(2, stop.closing(1) - 1) if stop.closing(1) > 2 else "i"
        written = _with_subscript(stop.tokens[0], inside)
        return fault("E0127", "square brackets hold a comparison; indices are a subscript", stop.span, "",
                     helps=[f"write `{written}`"])  # fmt: skip
    owner = stop.owner()
    if owner is not None and owner.type == "WHERE" and "COMPARE" not in kinds and stop.kind in ("COMMA", "RPAR"):
        inside = stop.slice(stop.frame[0] + 1, stop.at - 1) if stop.at > stop.frame[0] + 1 else "x_i"
        return fault(
            "E0127", "the first argument of `where` is a comparison", stop.span, "",
            helps=[f"write `where({inside} != 0, a_i, b_i)`"],
        )  # fmt: skip
    return None


def _with_subscript(name: str, inside: str) -> str:
    """`W_ij` for `W[i, j]`."""
    letters = inside.replace(",", "").replace(" ", "")
    plain = letters.isalpha() and len(letters) == inside.count(",") + 1
    return f"{name}_{letters}" if plain else f"{name}_{{{inside}}}"


def power_of_derivative(stop: Stop) -> EinError | None:
    """`∂L/∂x^2`."""
    if stop.kind != "CARET":
        return None
    start = stop.at - 1
    while start >= 0 and stop.tokens[start].type not in ("TOP", "TOPCALL"):
        start -= 1
    below = [token.type for token in stop.tokens[max(start, 0) : stop.at]]
    if start < 0 or not {"BELOW", "BELOWCALL"} & set(below):
        return None
    written = stop.slice(start, stop.at - 1)
    exponent = stop.slice(stop.at + 1, stop.at + 1) if stop.at + 1 < len(stop.tokens) else 2
    return fault(
        "E0129", "a power of a derivative needs brackets", stop.span, "",
        helps=[f"write `({written}){stop.token}{exponent}`", "for a second derivative write `∂²L/∂x∂x` or `∂²L/∂x²`"],
    )  # fmt: skip


def derivative_form(stop: Stop) -> EinError | None:
    """What a derivative has above and below its slash."""
    if stop.before == "TOP" and stop.kind in ("FUNCTION", "ALGEBRA", "WHERE", "NUMBER", "REDUCTION", "SUM"):
        last = stop.closing(stop.at + 1) if stop.at + 1 < len(stop.tokens) else stop.at
        helps = [f"put it in brackets: `∂({stop.slice(stop.at, last)})/∂x_i`"]
        return fault("E0131", "what a ∂ acts on is a tensor, or stands in brackets", stop.span, "", helps=helps)
    if "OVER" in stop.accepts and _one_too_many(stop):
        place = span_of(stop.tokens[_last_top(stop)])
        return fault(
            "E0130", "this derivative has more ∂ below than its order on top", place, "",
            helps=["write the order on top, as in `∂²L/∂x_i∂x_j`", "for a product write `∂L/∂x_i ∂a_j/∂x_k`"],
        )  # fmt: skip
    if stop.accepts and stop.accepts <= {"OVER", "SUBSCRIPT", "SUBSCRIPT_OPEN"} and "OVER" in stop.accepts:
        return fault(
            "E0131", "this derivative does not say with respect to what", stop.span, "",
            helps=["write `∂L/∂x_i`, or `d(L)/d(x_i)`"],
        )  # fmt: skip
    if stop.before in ("OVER", "BELOW", "TOP") or stop.kind in ("BELOW", "BELOWCALL"):
        applied = operator(stop.text, span_of(stop.tokens[max(stop.at - 2, 0)]).start)
        return fault(
            "E0131", "this derivative is not complete", stop.span, "",
            helps=applied or ["write `∂L/∂x_i`, `∂²L/∂x_i∂x_j`, or `d(L)/d(x_i)` and `d2(L)/d(x_i)d(x_j)`"],
        )  # fmt: skip
    return None


def _last_top(stop: Stop) -> int:
    tops = (place for place in range(stop.at - 1, -1, -1) if stop.tokens[place].type in ("TOP", "TOPCALL"))
    return next(tops, 0)


def _one_too_many(stop: Stop) -> bool:
    """Whether the ∂ that lacks its slash comes right after the ∂ below another one."""
    kinds = [token.type for token in stop.tokens[: _last_top(stop)]]
    if not kinds or kinds[-1] not in ("NAME", "SUBSCRIPT", "RBRACE", "RPAR"):
        return False
    below = max((place for place, kind in enumerate(kinds) if kind in ("BELOW", "BELOWCALL")), default=-1)
    return below >= 0 and not {"PLUS", "MINUS", "TIMES", "SLASH", "COMMA", "EQUAL"} & set(kinds[below:])


def empty_brackets(stop: Stop) -> EinError | None:
    """`()`, `exp()`."""
    if stop.kind in ("RPAR", "RBRACKET") and stop.before in ("LPAR", "OPEN", "LBRACKET"):
        return fault("E0118", "nothing stands in these brackets", stop.span, "", helps=["write what belongs in them"])
    return None


def unfinished_operator(stop: Stop) -> EinError | None:
    """`a + * b`, `(a + )`."""
    place = stop.at - 1
    if place < 0 or stop.before not in ("PLUS", "MINUS", "TIMES", "SLASH", "CARET", "EQUAL", "COMPARE", "COMMA"):
        return None
    token: Token = stop.tokens[place]
    if stop.before == stop.kind == "SLASH":
        return fault(
            "E0112", "nothing stands between these two `/`", stop.span, "",
            helps=["a remark starts with `#`", "the whole part of a quotient is `floor(x_i / 2)`"],
        )  # fmt: skip
    if stop.before in ("EQUAL", "COMMA", "COMPARE") and stop.kind in ("TIMES", "SLASH", "CARET"):
        return fault(
            "E0112", f"nothing stands before this `{stop.token}`", stop.span,
            "expected a tensor, a number or `(` before it",
            helps=["remove it, or add what is missing"],
        )  # fmt: skip
    return fault(
        "E0112", f"nothing follows this `{token}`", span_of(token), "expected a tensor, a number or `(` after it",
        helps=[f"remove the `{token}`, or add what is missing, e.g. `{token} b_i`"],
    )  # fmt: skip


def cross(stop: Stop) -> EinError | None:
    """`a × b`."""
    if stop.kind != "CROSS":
        return None
    return fault(
        "E0118", "`×` stands between sizes only", stop.span, "",
        helps=["a product is written `a b` or `a * b`", "a cross product is `ε_ijk a_j b_k`"],
    )  # fmt: skip


def sign_after_sum(stop: Stop) -> EinError | None:
    """`sum_i -x_i`."""
    if stop.kind not in ("MINUS", "PLUS") or "NAME" not in stop.accepts:
        return None
    if stop.before in ("PLUS", "MINUS", "TIMES", "SLASH", "CARET"):
        helps = [f"remove the second sign, or put it in brackets: `({stop.token}x_i)`"]
        return fault("E0118", f"`{stop.token}` cannot follow `{stop.tokens[stop.at - 1]}`", stop.span, "", helps=helps)
    return fault(
        "E0118", f"what a `sum` takes does not start with `{stop.token}`", stop.span, "",
        helps=[f"put it in brackets: `({stop.token}{stop.rest(stop.at + 1) or 'x_i'})`"],
    )  # fmt: skip


def choice(stop: Stop) -> EinError | None:
    """`where(x_i > 0, x_i)`: a choice has two values."""
    owner = stop.owner()
    commas = sum(kind == "COMMA" for kind in stop.kinds())
    if owner is None or str(owner) != "where" or stop.kind not in ("RPAR", "COMMA"):
        return None
    if (stop.kind == "COMMA") == (commas < 2):
        return None
    count = f"{commas + 1} {'stand' if commas else 'stands'}" if stop.kind == "RPAR" else "more stand"
    return fault(
        "E0132", f"`where` takes 3 arguments, but {count} here", span_of(owner), "",
        helps=["write `where(condition, a, b)`: a where the condition holds, else b"],
    )  # fmt: skip


def number_with_comma(stop: Stop) -> EinError | None:
    """`0,5` and `1,000`."""
    following = stop.tokens[stop.at + 1] if stop.at + 1 < len(stop.tokens) else None
    if stop.kind != "COMMA" or stop.before != "NUMBER" or following is None or not following[0].isdecimal():
        return None
    if span_of(following).start != stop.span.end or span_of(stop.tokens[stop.at - 1]).end != stop.span.start:
        return None
    whole, rest = str(stop.tokens[stop.at - 1]), str(following)
    helps = [f"write `{whole}.{rest}`"] + ([f"or `{whole}{rest}`"] if len(rest) == 3 and whole != "0" else [])
    return fault("E0118", "a number has a point, and no comma", stop.span, "", helps=helps)


def goes_on(stop: Stop) -> EinError | None:
    """A line that starts with `+`, as if the one before went on."""
    if stop.at or stop.kind not in ("PLUS", "TIMES", "SLASH", "CARET"):
        return None
    return fault(
        "E0118", f"a statement does not start with `{stop.token}`", stop.span, "",
        helps=[f"to go on with the line before, end it with `{stop.token}`, or put all of it in brackets"],
    )  # fmt: skip


def remark(stop: Stop) -> EinError | None:
    """`// a remark`."""
    if stop.at or stop.kind != "SLASH" or [token.type for token in stop.tokens[1:2]] not in (["SLASH"], ["TIMES"]):
        return None
    written = f"{stop.token}{stop.tokens[1]}"
    span = Span(stop.span.start, span_of(stop.tokens[1]).end)
    return fault("E0118", f"`{written}` starts no remark", span, "", helps=["a remark starts with `#`"])


def expected(stop: Stop) -> EinError:
    """What no rule knows."""
    shown = "the end of the statement" if stop.token is None else f"`{stop.token}`"
    if "RPAR" in stop.accepts:
        wanted = "an operator, another factor or `)`"
    elif stop.accepts & STARTS_FACTOR:
        wanted = "a tensor, a number or `(`"
        if "PLUS" in stop.accepts or "$END" in stop.accepts:
            wanted = "an operator, another factor or the end of the line"
    else:
        wanted = "an operator or the end of the line" if "$END" in stop.accepts else "something else"
    return fault(
        "E0118", f"{shown} cannot stand here", stop.span, f"expected {wanted}",
        helps=["a statement is an equation `a_i = W_ij x_j + b_i`, a derivative `∂L/∂W_ij`, or a declaration"],
    )  # fmt: skip


RULES: tuple[Rule, ...] = (
    remark,
    goes_on,
    array,
    assignment,
    number_with_comma,
    choice,
    sum_with_bounds,
    foreign_word,
    reserved_name,
    left_side,
    misused_function,
    reduction_without_bracket,
    algebra_argument,
    declaration,
    braces,
    parted_by_a_comma,
    misplaced_subscript,
    compared,
    no_comparison,
    single_equals,
    ambiguous_division,
    power_of_derivative,
    query_with_more,
    derivative_form,
    missing_equals,
    cross,
    empty_brackets,
    sign_after_sum,
    unfinished_operator,
)


def diagnose(tokens: list[Token], at: int, text: str, accepts: frozenset[str]) -> EinError:
    """The error for a statement whose token `at` cannot stand there."""
    stop = Stop(tokens, at, text, accepts)
    for rule in RULES:
        error = rule(stop)
        if error is not None:
            return error
    return expected(stop)
