"""From another notation to the text of a program."""

from __future__ import annotations

import re
from collections.abc import Sequence

from einderiv.conversion import calls, einsums, finishing, latex_programs, matrix_programs
from einderiv.conversion.declared import Shapes, declarations, ordered
from einderiv.conversion.naming import Names
from einderiv.conversion.reading import LENGTH, too_deep
from einderiv.errors import EinError, EinInputError, Source, Span, check_kind

NOTATIONS = ("einsum", "matrix", "latex")

_CALL = re.compile(r"\b(?:einsum|contract|rearrange|reduce|repeat)\s*\(")


def convert(
    text: str,
    notation: str | None = None,
    *,
    names: str | Sequence[str] | None = None,
    shapes: Shapes = None,
    source: str = "<text>",
) -> str:
    r"""The text of the program that says the same as `text` in another notation.

    >>> print(convert("ij,jk->ik"), end="")
    C_ik = A_ij B_jk

    `notation` is `"einsum"`, `"matrix"` or `"latex"`, and is recognised where it is not given.  `names` are the
    operands of an einsum string, with commas between them or as a list.  `shapes` says what names are:
    `"A: matrix, x: 3"`, or `{"A": (3, 4), "x": "vector"}`.  `source` is what messages call the text.

    In matrix notation an undeclared capital letter is a matrix.  A Greek letter is a scalar, or a vector where that
    fits; the letters p to z are vectors; all other lower-case names are vectors, or scalars where that fits.  `*` is
    the product of matrices, and with `@`, `.T`, `**` or `np.` in the text that of entries, as in NumPy, whose vectors
    are neither rows nor columns.

    Raises `EinError` with the place in `text` of what cannot be read, does not fit or has no counterpart.
    """
    check_kind(text, str, "a text", 'write e.g. `convert("ij,jk->ik")`')
    check_kind(notation, (str, type(None)), "the name of a notation", 'write e.g. `notation="einsum"`')
    if notation is not None and notation not in NOTATIONS:
        raise EinInputError("E0907", f"there is no notation `{notation}`", helps=[f"known are {', '.join(NOTATIONS)}"])
    if len(text) > LENGTH:
        raise EinInputError("E0907", f"a text of {len(text):,} characters", notes=[f"at most {LENGTH:,} are converted"])
    try:
        return _converted(text, notation or recognised(text), names, shapes)
    except RecursionError:  # the caller is deep in calls already
        raise too_deep(Span(0, len(text))).at(Source(text, source)) from None
    except EinError as error:
        if error.source is not None or not error.labels:
            raise
        raise error.at(Source(text, source)) from None


def recognised(text: str) -> str:
    r"""The notation of a text: LaTeX has a backslash with a word, or braces; an einsum string has an arrow or commas.

    >>> recognised("ij,j"), recognised("x' A x"), recognised(r"a_i = \sum_j W_{ij} x_j")
    ('einsum', 'matrix', 'latex')
    """
    if _CALL.search(text) or (einsums.SPECIFICATION.fullmatch(text.strip()) and _is_string(text.strip())):
        return "einsum"
    if re.search(r"\\(?:[A-Za-z]{2,}|[,;!|\\])|_\{|\^\{(?!\s*T)|_[A-Za-z]", text):
        return "latex"
    return "matrix"


def _is_string(text: str) -> bool:
    """Whether letters are an einsum string and not a name: there is an arrow, or groups with commas between."""
    return "->" in text or "," in text


def _converted(text: str, notation: str, names: str | Sequence[str] | None, shapes: Shapes) -> str:
    given = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
    if given is not None and (notation != "einsum" or _CALL.search(text)):
        raise EinInputError(
            "E0905", "names are for an einsum string, whose operands have none", helps=["leave `names` out"]
        )
    own = Names()
    match notation:
        case "einsum" if _CALL.search(text):
            lines = calls.lines_of(text, ordered(shapes, ()), own)
        case "einsum":
            count = text.partition("->")[0].count(",") + 1
            operands = given if given is not None else einsums.default_names(count)
            lines = einsums.from_string(text, operands, ordered(shapes, operands), own)
        case "matrix":
            return finishing.checked("\n".join(matrix_programs.lines_of(text, declarations(shapes))))
        case _:
            lines = latex_programs.lines_of(text, declarations(shapes))
    return finishing.checked(finishing.tidied("\n".join([*own.remarks(), *lines])))
