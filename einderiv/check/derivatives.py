"""Derivatives of what does not occur, or by it, at a position, or twice of what is only given, are refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from einderiv import syntax as tree
from einderiv.check.subscripts import Letter, walk
from einderiv.errors import EinError, EinIndexError, EinNameError, EinTypeError, Label

if TYPE_CHECKING:
    from einderiv.check.names import Names


def plain_rank(names: Names, tensor: tree.Tensor) -> int:
    """How many indices a tensor of a derivative has; each is a plain one."""
    axes = names.subscripts.axes(tensor.subscript)
    for standing in axes:
        if not isinstance(standing, Letter):
            raise names.error(
                EinIndexError, "E0221", "a derivative has plain indices only", Label(standing.span, "a position"),
                helps=["name the derivative by an equation, e.g. `G_ik = ∂a_i/∂x_k`, and read it at a position, "
                       "e.g. `G_{i,0}`"],
            )  # fmt: skip
    return len(axes)


def check_derivatives(names: Names, statement: tree.Statement, blocked: bool) -> Iterator[EinError]:
    """What is wrong with the derivatives of a statement; where others failed (`blocked`), names may be missing."""
    match statement:
        case tree.Equation(body=body):
            expression: tree.Expression = body
        case tree.Query(derivative=derivative):
            expression = derivative
        case _:
            return
    for part, _ in walk(expression):
        if isinstance(part, tree.Derivative):
            error = _check(names, part, blocked)
            if error is not None:
                yield error


def _check(names: Names, derivative: tree.Derivative, blocked: bool) -> EinError | None:
    top = derivative.top
    for tensor in derivative.below:
        if tensor.name in names.givens or (not names.known(tensor.name) and not blocked):
            return names.error(
                EinNameError, "E0201", f"there is no tensor `{tensor.name}` to differentiate by",
                Label(tensor.span, "no equation, declaration or expression has it"),
                helps=_spelling(tensor.name, _all_names(names)) or _there_are(names),
            )  # fmt: skip
    again = next((each for each, _ in walk(top) if _is_of_given(names, each)), None)
    if isinstance(again, tree.Derivative):
        return _only_first(names, again, derivative)
    if isinstance(top, tree.Bracket) or (names.known(top.name) and top.name not in names.givens):
        return None
    if top.name not in names.givens:
        return None if blocked else _no_top(names, top, derivative)
    return None if len(derivative.below) == 1 else _only_first(names, derivative, derivative)


def _is_of_given(names: Names, part: tree.Expression) -> bool:
    return isinstance(part, tree.Derivative) and isinstance(part.top, tree.Tensor) and part.top.name in names.givens


def _only_first(names: Names, of_given: tree.Derivative, whole: tree.Derivative) -> EinError:
    """The refusal of a second derivative of what is only given."""
    name = of_given.top.name if isinstance(of_given.top, tree.Tensor) else ""
    return names.error(
        EinTypeError, "E0216", f"only the first derivatives of `{name}` are known",
        Label(whole.span, "needs a second one"), *names.given_labels(name),
        helps=[f"define `{name}` by an equation instead"],
    )  # fmt: skip


def _no_top(names: Names, top: tree.Tensor, derivative: tree.Derivative) -> EinError:
    written = names.source.text[derivative.below[0].span.start : derivative.below[0].span.end]
    return names.error(
        EinNameError, "E0201", f"there is no `{top.name}` to differentiate",
        Label(top.span, "neither defined nor given"),
        helps=[*_spelling(top.name, _all_names(names)),
               f"define it: `{top.name} = ...`, or give its derivative: `given ∂{top.name}/∂{written}`"],
    )  # fmt: skip


def _all_names(names: Names) -> list[str]:
    return [*names.equations, *names.uses, *names.shapes]


def _there_are(names: Names) -> list[str]:
    """A hint with the first tensors by which one can differentiate."""
    known = [f"`{name}`" for name in dict.fromkeys(_all_names(names)) if name not in names.givens]
    if not known:
        return ["define a tensor by an equation first, such as `y_i = W_ij x_j`"]
    return [f"the tensors here are {', '.join(known[:5])}" + (", ..." if len(known) > 5 else "")]


def _spelling(name: str, known: Iterable[str]) -> list[str]:
    """A hint where another name differs in case only."""
    for other in dict.fromkeys(known):
        if other != name and other.lower() == name.lower():
            return [f"a tensor `{other}` exists; names are case-sensitive"]
    return []
