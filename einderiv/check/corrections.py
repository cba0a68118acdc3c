"""Which tensors a correction can join or number: what hints about indices need to know of an expression."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from einderiv import syntax as tree
from einderiv.check.subscripts import Subscripts, walk


def joined(term: tree.Expression, subscripts: Subscripts, first: str, second: str) -> tuple[str, str] | None:
    """The tensors that stand in one product, one with the index `first`, the other with `second`.

    Of `tanh(W_ij x_k)` with j and k these are W and x: one letter in place of both contracts them.
    """
    for part, _ in walk(term):
        if isinstance(part, tree.Product):
            tensors = [factor for factor, divided in part.factors if isinstance(factor, tree.Tensor) and not divided]
            one, other = (_owner(tensors, subscripts, letter) for letter in (first, second))
            if one is not None and other is not None and one is not other:
                return one.name, other.name
    return None


def _owner(tensors: Sequence[tree.Tensor], subscripts: Subscripts, letter: str) -> tree.Tensor | None:
    owners = (each for each in tensors if letter in {one.name for one in subscripts.letters(each.subscript)})
    return next(owners, None)


def numbered(name: str, rank: int, taken: Collection[str]) -> str:
    """A tensor with so many indices, in letters that are not taken: `W_ij`, or `W_kl` beside i and j."""
    letters = [letter for letter in "ijklmnpqrstuvwxyzabcdefgh" if letter not in taken][:rank]
    return f"{name}_{''.join(letters)}" if letters else name


def renamed(written: str, name: str) -> str:
    """A tensor as it is written, called otherwise: `W_ij` as `V` is `V_ij`."""
    return name + "".join(written.partition("_")[1:])


def other_rank(written: str, count: int, wanted: int, taken: Collection[str] | None) -> list[str]:
    """Hints for a tensor that has `count` indices, but `wanted` elsewhere.

    In a derivative `taken` are the letters of its statement: there a missing index is nothing but forgotten.
    """
    name = written.partition("_")[0]
    if taken is not None:
        return [f"write it with {counted(wanted)}: `{numbered(name, wanted, taken)}`"]
    if not count:
        return [f"write its indices too, e.g. `{numbered(name, wanted, ())}`", "for a number use a name of its own"]
    other = renamed(written, f"{name}2")
    return [f"each tensor has one rank in a program; use another name for this one, e.g. `{other}`"]


def counted(count: int) -> str:
    """`1 index`, `3 indices`."""
    return "1 index" if count == 1 else f"{count or 'no'} indices"
