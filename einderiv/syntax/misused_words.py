"""Rules for words of the language that stand where they mean nothing."""

from __future__ import annotations

import re

from lark import Token

from einderiv.errors import EinError, Span
from einderiv.syntax.building import reserved
from einderiv.syntax.faults import fault
from einderiv.syntax.stops import Stop
from einderiv.syntax.tokens import span_of
from einderiv.syntax.vocabulary import (
    AXIS_FUNCTIONS,
    FUNCTIONS,
    LINEAR_ALGEBRA,
    REDEFINABLE,
    REDUCTIONS,
    SCALAR_ALGEBRA,
    SUM_WORDS,
    SYMBOLS,
    index_in,
    normalise,
)

_WORDS = frozenset({
    "RESERVED", "FUNCTION", "WHERE", "ALGEBRA", "SUM", "REDUCTION", "DELTA", "EPSILON", "PI", "INDEX", "GIVEN", "DEF",
    "IN", "SYMMETRIC",
})  # fmt: skip
_OPERATORS = frozenset({"PLUS", "MINUS", "TIMES", "SLASH", "CARET"})
_KEYWORDS = frozenset({"INDEX", "GIVEN", "DEF", "IN", "SYMMETRIC"})


def reserved_name(stop: Stop) -> EinError | None:
    """`sum_i = x_i`, `def exp(z) = z`, `index` or `given` in an expression."""
    token = stop.token
    if token is None or stop.kind not in _WORDS:
        return None
    if stop.kind == "IN" and (token != "in" or stop.at == stop.head_end()):
        return None
    if stop.before == "DEF" and normalise(token) in REDEFINABLE:
        return None
    after_below = stop.before in ("TOP", "BELOW") and stop.kind not in ("FUNCTION", "ALGEBRA", "WHERE")
    if after_below or stop.before == "DEF" or stop.kind in _KEYWORDS:
        return reserved(token)
    equals = any(each.type == "EQUAL" for each in stop.tokens)
    is_name = stop.at == 0 and (equals or any(each.type == "IN" for each in stop.tokens)) and stop.kind != "FUNCTION"
    in_header = stop.tokens[0].type == "DEF" and not any(each.type == "EQUAL" for each in stop.tokens[: stop.at])
    return reserved(token, stop.subscript_of(stop.at)) if is_name or in_header else None


def left_side(stop: Stop) -> EinError | None:
    """`f(x) = …`, `2 a = …`, `a_i + b_i = …`, `a^2 = …`, `∂L/∂x = …`."""
    kinds = [token.type for token in stop.tokens]
    sum_of = kinds[0] == "NAME" and stop.at == stop.head_end() and stop.kind in _OPERATORS
    if "EQUAL" not in kinds or kinds.index("EQUAL") < stop.at or (kinds[0] in ("NAME", "DEF", "INDEX") and not sum_of):
        return None
    end = kinds.index("EQUAL")
    span = Span(span_of(stop.tokens[0]).start, span_of(stop.tokens[end - 1]).end) if end else stop.span
    written = stop.slice(0, end - 1) if end else ""
    if kinds[0] == "TOPCALL" and "OVER" not in kinds[:end]:
        helps = ["`d(` starts a derivative: give the function another name"]
    elif kinds[0] in ("TOP", "TOPCALL"):
        helps = [f"for its value write `G = {written}`", f"for an input write `given {written}`"]
    elif kinds[0] == "FUNCTION":
        helps = [f"for a function write `def {written} = ...`", f"for a tensor `{stop.tokens[0]}_i = ...`"]
    else:
        helps = ["write `name_indices = ...`, as in `a_i = W_ij x_j`"]
    return fault("E0136", "the left side of an equation is a name with its indices", span, "", helps=helps)


def misused_function(stop: Stop) -> EinError | None:
    """`exp (x)`, `exp x`, `exp_i(x_i)`, `sum(x_i)`, `softmax(x_i)`, `delta`."""
    token = stop.token
    if token is None or stop.kind != "RESERVED" or stop.before == "DEF":
        return None
    name = normalise(token)
    following = stop.tokens[stop.at + 1] if stop.at + 1 < len(stop.tokens) else None
    kind = following.type if following is not None else ""
    if name in SYMBOLS:
        return fault("E0125", f"`{token}` needs its indices", span_of(token), "", helps=[f"write `{token}_ij`"])
    if name == "pi" or name == "π":
        helps = [f"for a product put a blank: `{token} (...)`"] if kind == "OPEN" else [f"write `{token}`"]
        return fault("E0133", f"`{token}` is a number, not a function or a tensor", span_of(token), "", helps=helps)
    if name in SUM_WORDS or (name in REDUCTIONS | AXIS_FUNCTIONS and name not in FUNCTIONS):
        return _without_index(stop, token)
    if kind in ("SUBSCRIPT", "SUBSCRIPT_OPEN"):
        helps = [f"write `{name}(A)_ij`" if name in LINEAR_ALGEBRA else f"write `{name}(x_i)`"]
        span = Span(stop.span.start, span_of(following or token).end)
        return fault("E0133", f"`{token}` takes no subscript here", span, "", helps=helps)
    return _without_bracket(stop, token, stop.at + 1, "its argument")


def _without_index(stop: Stop, token: Token) -> EinError:
    named = _index_beside(stop)
    if named:
        return fault("E0125", f"`{token}` needs the index it runs over", span_of(token), "",
                     helps=[f"glue it to the word: `{token}_{named}`"])  # fmt: skip
    last = stop.factor_end(stop.at)
    rest = stop.slice(stop.at + 1, last) if last > stop.at else "x_i"
    if re.search(r"\b(?:axis|dim) *=", rest):  # as NumPy and PyTorch say it
        first = rest.strip("()").partition(",")[0] if "," in rest else "x"
        rest = f"({first})" if "_" in first else f"({first}_i)"
    elif re.fullmatch(r"\([^\W_]+\)", rest):
        rest = f"{rest[:-1]}_i)"
    blank = " " if normalise(token) in SUM_WORDS and not rest.startswith("(") else ""
    bracketed = rest if rest.startswith("(") or blank else f"({rest})"
    return fault(
        "E0125", f"`{token}` needs the index it runs over", span_of(token), "",
        helps=[f"name it, e.g. `{token}_{index_in(rest)}{blank}{bracketed}`"],
    )  # fmt: skip


def _index_beside(stop: Stop) -> str:
    """`i x_i` of `sum i x_i` and of `sum[i] x_i`; nothing where the word has something else behind it."""
    end = stop.factor_end(stop.at)
    kinds = [token.type for token in stop.tokens[stop.at + 1 : stop.at + 4]]
    if kinds[:1] == ["LBRACKET"] and kinds[1:3] == ["NAME", "RBRACKET"] and end > stop.at + 3:
        return f"{stop.tokens[stop.at + 2]} {stop.slice(stop.at + 4, end)}"
    bare = kinds[:1] == ["NAME"] and len(stop.tokens[stop.at + 1]) == 1 and kinds[1:2] in (["NAME"], ["LPAR"])
    return f"{stop.tokens[stop.at + 1]} {stop.slice(stop.at + 2, end)}" if bare else ""


def _without_bracket(stop: Stop, token: Token, argument: int, what: str) -> EinError:
    """The bracket does not stand, or not glued, at token `argument`."""
    head = stop.slice(stop.tokens.index(token), argument - 1)
    if normalise(token) == "where":
        return fault("E0124", "`where` takes three arguments in brackets", span_of(token), "",
                     helps=["write `where(x_i > 0, a_i, b_i)`: a where the condition holds, else b"])  # fmt: skip
    if [each.type for each in stop.tokens[argument : argument + 3]] == ["CARET", "NUMBER", "OPEN"]:
        power, last = stop.slice(argument, argument + 1), stop.closing(argument + 2)
        return fault(
            "E0124", f"a function is glued to its bracket, but a power stands after `{head}`", span_of(token), "",
            helps=[f"write `{head}{stop.slice(argument + 2, last)}{power}`"],
        )  # fmt: skip
    if argument < len(stop.tokens) and stop.tokens[argument].type == "LPAR":
        return fault(
            "E0124", f"a function is glued to its bracket, but a blank stands after `{head}`", span_of(token), "",
            helps=[f"write `{head}{stop.slice(argument, stop.closing(argument))}`"],
        )  # fmt: skip
    kinds = [each.type for each in stop.tokens[argument : argument + 3]]
    named = kinds.index("NAME") if "NAME" in kinds[: 2 if kinds[:1] in (["MINUS"], ["PLUS"]) else 1] else -1
    written = "x_i"
    if named >= 0:
        subscripted = kinds[named + 1 : named + 2] == ["SUBSCRIPT"]
        written = stop.slice(argument, argument + named + subscripted)
    return fault(
        "E0124", f"`{head}` needs {what} in brackets", span_of(token), "", helps=[f"write `{head}({written})`"]
    )


_BOUNDS = re.compile(r"_(?:([^\W\d_])|\{\s*([^\W\d_])\s*(?:=[^{}]*)?\})\s*(?:=\s*\w+)?\s*(?:\^\s*(?:\{[^{}]*\}|\w+))?")


def sum_with_bounds(stop: Stop) -> EinError | None:
    """`sum_{i=1}^n x_i`, `sum_i=1 x_i`: an index runs over its whole axis."""
    if stop.kind not in ("EQUAL", "CARET", "UNEXPECTED"):
        return None
    place = next((each for each in range(stop.at - 1, -1, -1) if stop.tokens[each].type == "SUM"), None)
    if place is None or stop.at - place > 4:
        return None
    head = stop.tokens[place]
    match = _BOUNDS.match(stop.text, span_of(head).end)
    if match is None or match.end() <= stop.span.start:
        return None
    rest = stop.text[match.end() : span_of(stop.tokens[-1]).end].strip() or "x_i"
    index = match[1] or match[2]
    return fault(
        "E0121", f"a `{head}` has no bounds: its index runs over the whole axis", stop.span, "",
        helps=[f"write `{head}_{index} {' '.join(rest.split())}`"],
    )  # fmt: skip


def reduction_without_bracket(stop: Stop) -> EinError | None:
    """`max_c A_nc`, `softmax_k (A_nk)`."""
    place = stop.at - 1
    while place >= 0 and stop.tokens[place].type in ("SUBSCRIPT", "RBRACE", "WORD", "COMMA", "SUBSCRIPT_OPEN"):
        place -= 1
    if place < 0 or stop.tokens[place].type != "REDUCTION" or "OPEN" not in stop.accepts:
        return None
    return _without_bracket(stop, stop.tokens[place], stop.at, "what it runs over")


def algebra_argument(stop: Stop) -> EinError | None:
    """`inv(A_ij)_ij`, `inv(A + B)_ij`."""
    owner = stop.owner()
    if owner is None or owner.type != "ALGEBRA" or "EQUAL" in stop.kinds():
        return None
    name = str(owner)
    written = f"{name}(A)" if name in SCALAR_ALGEBRA else f"{name}(A)_ij"
    return fault(
        "E0137", f"`{name}` takes the bare names of tensors", stop.span, "",
        helps=[
            f"write `{written}`: indices, where there are any, stand after the call",
            "name an expression first: `M_ij = ...`",
        ],
    )  # fmt: skip
