"""Transposes and inverses of matrix notation, and what is written in index notation instead."""

from __future__ import annotations

import re
from collections.abc import Sequence

from einderiv.errors import EinSyntaxError, Span
from einderiv.syntax.faults import fault


def transpose(
    span: Span,
    written: str,
    swapped: str = "W_ji",
    form: Sequence[str] = (),
    left: str = "",
    hint: str = "",
    known: bool = False,
) -> EinSyntaxError:
    """The error for `W^T`; `swapped` is the tensor with its indices in the other order, `form` x A y of xᵀAy.

    `left` is the name that an equation of nothing but that product defines; the indices may be `known`.
    """
    name, _, indices = swapped.partition("_")
    if form:
        chain, more = _chain(form)
        product = " ".join(chain)
        help_text = f"write `{_defining(left, product)}{product}`" if not more else ""
        return fault(
            "E0115", f"`{written}` is matrix notation; in index notation a transpose is the index order", span, "",
            notes=["each tensor names its indices; one that stands twice is summed"] if not more else
                  [f"with indices this reads `{' '.join([*chain, *more])}`: after `{product}` nothing is left "
                   f"to contract `{more[0]}` with, so the shapes cannot agree"],
            helps=[*([help_text] if help_text else
                     [f"linear layer: `a_i = {name}_ji x_j + b_i`", f"quadratic form: `q = x_i {name}_ij x_j + b`"]),
                   *([hint] if hint else [])],
        )  # fmt: skip
    return fault(
        "E0115", f"`{written}` is matrix notation; in index notation a transpose is the index order", span, "",
        helps=[
            f"swap the indices: `{swapped}` is the transpose of `{name}_{indices[::-1]}`",
            *([] if known else [f"linear layer: `a_i = {name}_ji x_j + b_i`",
                                f"quadratic form: `q = x_i {name}_ij x_j + b`"]),
            *([hint] if hint else []),
        ],
    )  # fmt: skip


_BRACED = r"\^\{ *(?:(?P<turned>T)|(?P<inverse>- *1)|(?P<power>[^{}\n]+?)) *\}"
_SIGN = re.compile(rf"([^\W_]+)(?:{_BRACED}|(?P<prime>['′]|ᵀ))\Z")
_ITEMS = re.compile(r"([^\W_]*)_\{([^{}\n]*)\}\Z")
_GLUED = re.compile(r"_(?:\{[^{}\n]*\}|[^\W_]+)")


def with_sign(span: Span, text: str) -> EinSyntaxError | None:
    """`Wᵀ_ij`, `W'_ij`, `W^{T}_ij`, `A^{-1}_ij`, `x^{2}_i` and `x_{i}_j`: the indices stand behind something else."""
    end = span.end if text[span.start] == "ᵀ" else span.start
    subscript = _GLUED.match(text, end)
    match, items = (each.search(text[max(end - 60, 0) : end]) for each in (_SIGN, _ITEMS))
    if subscript is None or (match is None and items is None):
        return None
    letters, behind = subscript[0].strip("_{}"), Span(end, subscript.end())
    if match is None:
        name, first = items.groups() if items else ("", "")
        written = f"{name}_{{{first},{','.join(letters) if letters.isalpha() else letters}}}"
        return fault("E0121", "this tensor has two subscripts", behind, "", helps=[f"write them as one: `{written}`"])
    name, sign = match[1], Span(end - len(match[0]) + len(match[1]), end)
    if match["inverse"] or match["power"]:
        power = match["power"] if re.fullmatch(r"\w+", match["power"] or "") else f"({match['power']})"
        help_text = f"an inverse with indices is `inv({name}){subscript[0]}`" if match["inverse"] else ""
        return fault(
            "E0133", "a subscript stands right after the name of a tensor", behind, "",
            helps=[help_text or f"write `{name}{subscript[0]}^{power}`"],
        )  # fmt: skip
    if match["prime"] and match["prime"] != "ᵀ" and len(letters) != 2:
        whole = Span(sign.start - len(name), end)
        return fault(
            "E0101", f"the name `{match[0]}` has a prime; only index letters have", whole, "",
            helps=[f"use another name, e.g. `{name}2{subscript[0]}`"],
        )  # fmt: skip
    swapped = f"{name}_{letters[::-1]}" if len(letters) == 2 else f"{name}_ji"
    return transpose(sign, match[0][len(name) :], swapped, known=len(letters) == 2)


def _defining(left: str, product: str) -> str:
    """`y_i = `, with the indices that stand once in the product; nothing where no name is defined."""
    letters = [letter for piece in product.split() for letter in piece.partition("_")[2]]
    free = "".join(letter for letter in letters if letters.count(letter) == 1)
    return f"{left}_{free} = " if left and free else f"{left} = " if left else ""


def _chain(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The product of names, the first transposed, with indices, and what is left when nothing more is open.

    A capital letter starts the name of a matrix, another one that of a vector.
    """
    first, letters = names[0], iter("jklmn")
    used = next(letters) if first[0].isupper() else "i"
    chain = [f"{first}_ji" if first[0].isupper() else f"{first}_i"]
    for place, name in enumerate(names[1:], 1):
        if not name[0].isupper():
            rest = [f"{each}_kl" if each[0].isupper() else f"{each}_k" for each in names[place + 1 :]]
            return [*chain, f"{name}_{used}"], rest
        following = next(letters)
        chain.append(f"{name}_{used}{following}")
        used = following
    return chain, []
