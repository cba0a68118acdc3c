"""What can be said about names once all statements are read: functions exist, and affine indices are single letters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches

from einderiv.errors import EinError, Span
from einderiv.syntax import tree
from einderiv.syntax.faults import fault, name_fault
from einderiv.syntax.vocabulary import (
    EXPRESSED,
    FUNCTIONS,
    IN_INDICES,
    LINEAR_ALGEBRA,
    OTHER_SPELLINGS,
    REDUCTIONS,
    index_in,
)
from einderiv.syntax.walking import calls_and_subscripts

_NAME = re.compile(r"[^\W\d_][^\W_]*\Z")
_ONE_INDEX = re.compile(r"[^\W\d_][0-9']*\Z")


def declared_indices(statements: list[tree.Statement]) -> frozenset[str]:
    """The names that `index` lines declare."""
    lines = (statement for statement in statements if isinstance(statement, tree.IndexDeclaration))
    return frozenset(word.text for line in lines for word in line.words)


def check_names(
    statements: list[tree.Statement], functions: dict[str, int], text: str
) -> Iterator[tuple[tree.Statement, EinError]]:
    """The statements with an error, and the first one of each.

    `functions` are those of the program, with their number of parameters.
    """
    declared = declared_indices(statements)
    arities = dict(FUNCTIONS) | dict(LINEAR_ALGEBRA) | functions
    for statement in statements:
        for piece in calls_and_subscripts(statement):
            error = (
                _call_fault(piece, arities, functions, text)
                if isinstance(piece, tree.Call)
                else _subscript_fault(piece, declared, text)
            )
            if error is not None:
                yield statement, error
                break


def _call_fault(call: tree.Call, arities: dict[str, int], own: dict[str, int], text: str) -> EinError | None:
    name, given = call.function, len(call.arguments)
    wanted = arities.get(name)
    if wanted is None:
        return _unknown(call, own, text)
    if wanted == given:
        return None
    if name in REDUCTIONS and given == 1:
        inside = text[call.name_span.end : call.span.end]
        return fault(
            "E0125", f"`{name}` of one argument runs over an index, which is not named", call.name_span, "",
            helps=[f"name it: `{name}_{index_in(inside)}{inside}`", f"or take two arguments: `{name}(a, b)`"],
        )  # fmt: skip
    letters = ", ".join("abcdefghijklmnopqrstuvwxyz"[: min(wanted, 26)])
    many, here = "s" * (wanted != 1), "s" * (given == 1)
    message = f"`{name}` takes {wanted} argument{many}, but {given} stand{here} here"
    kept = [text[each.span.start : each.span.end] for each in call.arguments[: wanted + 1]]
    if given > wanted and all("\n" not in each and len(each) <= 30 for each in kept):
        letters = ", ".join(kept[:wanted])
        if name in ("max", "min") and given == 3:
            letters = f"{name}({letters}), {kept[2]}"
    return fault("E0132", message, call.span, "", helps=[f"write `{name}({letters})`"])


def _unknown(call: tree.Call, own: dict[str, int], text: str) -> EinError:
    name = call.function
    known = sorted({*FUNCTIONS, *own})
    written = text[call.name_span.start : call.name_span.end]
    inside = text[call.name_span.end : call.span.end]
    if name in IN_INDICES:
        return _of_tensors(call, text)
    helps = []
    expressed = EXPRESSED.get(name, "")
    other = "" if expressed else OTHER_SPELLINGS.get(name) or _closest(name, known)
    if expressed:
        argument = inside[1:-1] if len(call.arguments) == 1 and "\n" not in inside and len(inside) <= 60 else "x_i"
        helps.append(f"write `{expressed.format(argument)}`")
    if other:
        helps.append(f"write `{other}`, which einderiv knows")
    if len(call.arguments) == 1 and "\n" not in inside and len(inside) <= 60:
        helps.append(f"for a product put a blank: `{written} {inside}`")
    count = len(call.arguments)
    parameters = "z" if count == 1 else "z1, z2" if count == 2 else "z1, z2, ..."
    helps.append(f"to define it, write `def {name}({parameters}) = ...`")
    return name_fault("E0213", f"there is no function `{name}`", call.name_span, "unknown function", helps=helps)


def _of_tensors(call: tree.Call, text: str) -> EinError:
    """`trace(A)`, `dot(a, b)`: functions of whole tensors say by their indices what they do."""
    arguments = [text[each.span.start : each.span.end] for each in call.arguments]
    plain = len(arguments) <= 2 and all(_NAME.match(each) for each in arguments)
    names = [*arguments, "B"] if plain else ["A", "B"]
    helps = [f"write `{IN_INDICES[call.function].format(*names)}`"]
    if call.function == "diag":
        helps.append(f"or, for the matrix with a vector on its diagonal, `δ_ij {names[0]}_i`")
    return name_fault(
        "E0213", f"there is no function `{call.function}`; in index notation the indices say it", call.name_span,
        "a function of whole tensors", helps=helps,
    )  # fmt: skip


def _closest(name: str, known: Collection[str]) -> str:
    """The known name that a misspelt one is nearest to, or nothing; `tanh` for `tahn`, whose letters it has."""
    lower = name.lower()
    if len(name) > 40 or lower in known:
        return lower if lower in known else ""
    close = get_close_matches(lower, known, n=3, cutoff=0.75)
    return next((each for each in close if sorted(each) == sorted(lower)), close[0] if close else "")


def _subscript_fault(subscript: tree.Subscript, declared: frozenset[str], text: str) -> EinError | None:
    for item in subscript.items:
        if isinstance(item, tree.Word) and not item.braced and item.text in declared:
            if not _ONE_INDEX.match(item.text):
                return _unbraced(item, text)
        if isinstance(item, tree.Affine):
            for factor, word in item.terms:
                if word.text not in declared and not _ONE_INDEX.match(word.text):
                    return _letters(item, word, factor)
    return None


def _unbraced(word: tree.Word, text: str) -> EinError:
    """`w_feature` after `index feature`."""
    letters = re.findall(r"[^\W\d_][0-9']*", word.text)
    name = re.search(r"[^\W_]*\Z", text[max(word.span.start - 60, 0) : word.span.start - 1])
    tensor = name[0] if name is not None else ""
    return fault(
        "E0138", f"without braces `_{word.text}` is {len(letters)} indices, but `{word.text}` is declared as one",
        word.span, "each letter is an index here",
        helps=[f"write `{tensor}_{{{word.text}}}`",
               f"if {len(letters)} indices are meant, part them: `{tensor}_{{{','.join(letters)}}}`"],
    )  # fmt: skip


def _letters(item: tree.Affine, word: tree.Word, factor: int) -> EinError:
    """`{ij+1}` without `index ij`."""
    letters = re.findall(r"[^\W\d_][0-9']*", word.text)
    *before, last = letters
    multiple = last if factor == 1 else f"{factor}{last}"
    rest = f"{item.constant:+d}" if item.constant else "+k" if len(item.terms) > 1 else ""
    written = "{" + ",".join([*before, multiple]) + rest + "}"
    return fault(
        "E0123", f"`{word.text}` is {len(letters)} index letters, but only one can be computed with",
        Span(word.span.start, word.span.end), "",
        helps=[f"part them by a comma: `{written}`", f"or declare one index of that name: `index {word.text}`"],
    )  # fmt: skip
