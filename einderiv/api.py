"""The functions that users call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import wraps
from os import PathLike, fspath
from typing import Any, TypeVar, cast

from einderiv import check, requests, syntax
from einderiv.errors import EinMemoryError, check_kind
from einderiv.function import Function
from einderiv.guards import no_memory
from einderiv.ir import Derivative, Input, Node, Zero, add, einsum
from einderiv.program import Program
from einderiv.readable import Asked

ProgramLike = Program | str
Wrt = str | Sequence[str] | None
Arrange = Callable[[list[Any]], Any]
Make = TypeVar("Make", bound=Callable[..., Function])


def _kept(make: Make) -> Make:
    """`make`, whose functions remember what was asked for: they are pickled as the text and this."""
    silenced = {"allow_unused": True} if "allow_unused" in (make.__kwdefaults__ or ()) else {}

    @wraps(make)
    def kept(program: ProgramLike, *arguments: Any, **options: Any) -> Function:
        try:
            made: Function = make(_program(program), *arguments, **options)
        except MemoryError as error:
            raise error if isinstance(error, EinMemoryError) else no_memory([make.__name__], "") from error
        made.asked_as(kept, deepcopy(arguments), deepcopy(options) | silenced)
        return made

    return cast(Make, kept)


def parse(text: str, name: str = "<text>", *, max_source_bytes: float = syntax.BYTES) -> Program:
    """The program of a text; `name` is what messages call it.

    >>> parse("a_i = W_ij x_j + b_i").outputs
    ('a',)

    Raises `EinError` with the place of everything that is wrong.  A text of more than `max_source_bytes` (4 MiB) is an
    error too, and one with more than 100,000 statements; where more bytes are allowed, so are in proportion more
    statements.
    """
    return Program(text, name, max_source_bytes)


def load(path: str | PathLike[str], *, max_source_bytes: float = syntax.BYTES) -> Program:
    """The program of a `.ein` file (UTF-8).  Raises `EinError` as `parse` does, and `OSError` if it cannot be read.

    No more than `max_source_bytes` are read, and never more than 1 GiB.
    """
    name = fspath(path)
    kind = "a number of bytes for `max_source_bytes`"
    check_kind(max_source_bytes, (int, float), kind, "write `max_source_bytes=64e6`")
    with open(path, "rb") as file:
        return Program(syntax.read_stream(file, name, max_source_bytes), name, max_source_bytes)


def evaluate(program: ProgramLike, arrays: Mapping[str, Any] | None = None, /, **keywords: Any) -> dict[str, Any]:
    r"""The value of every equation and query of a program, by name.

    >>> {name: float(value) for name, value in evaluate("y = x^2\n∂y/∂x", x=3.0).items()}
    {'y': 9.0, '∂y/∂x': 6.0}
    """
    found = _program(program)
    values: dict[str, Any] = function(found, of=found.outputs)(arrays, **keywords)
    return values


@_kept
def function(program: ProgramLike, of: str | Sequence[str] | None = None) -> Function:
    """The value of an equation (the last one unless `of` says which), or of several as a dict.

    >>> float(function("y = x_i x_i")(x=[3.0, 4.0]))
    25.0
    """
    found = _program(program)
    check_kind(of, (str, Sequence, type(None)), "a name, or several, in `of`", 'write e.g. `of="L"` or `of=["L", "A"]`')
    names = [of or requests.last_equation(found)] if of is None or isinstance(of, str) else list(of)
    asked = [requests.value(found, name) for name in names]
    return Function(found, asked, _arranged(names[0] if of is None else of, names))


@_kept
def grad(program: ProgramLike, of: str | None = None, wrt: Wrt = None, *, allow_unused: bool = False) -> Function:
    """∂L/∂W of a scalar L, with the axes of W; for several `wrt` a dict.

    >>> print(grad("L = (W_ij x_j - y_i)^2", wrt="x"))
    r_i = W_ij x_j - y_i

    Raises `EinTypeError` if `of` has axes.  A tensor on which L does not depend has zeros for a gradient and gets an
    `EinWarning`, which `allow_unused=True` silences.
    """
    found = _program(program)
    return _first_order(found, requests.scalar(found, "grad", of, wrt), wrt, "grad", allow_unused)


@_kept
def value_and_grad(
    program: ProgramLike, of: str | None = None, wrt: Wrt = None, *, allow_unused: bool = False
) -> Function:
    """L and ∂L/∂W in one call that shares their steps: a pair of the value and what `grad` gives."""
    found = _program(program)
    name = requests.scalar(found, "value_and_grad", of, wrt)
    leaves = requests.leaves(found, name, wrt, "value_and_grad", allow_unused)
    arrange = _arranged(wrt, [leaf.name for leaf in leaves])
    asked = [requests.value(found, name), *_jacobians(found, name, leaves)]
    return Function(found, asked, lambda values: (values[0], arrange(values[1:])))


@_kept
def jacobian(program: ProgramLike, of: str | None = None, wrt: Wrt = None, *, allow_unused: bool = False) -> Function:
    """∂a/∂W in full: the axes of a, then those of W; for several `wrt` a dict."""
    found = _program(program)
    return _first_order(found, of or requests.last_equation(found), wrt, "jacobian", allow_unused)


@_kept
def hessian(program: ProgramLike, of: str | None = None, wrt: Wrt = None, *, allow_unused: bool = False) -> Function:
    """∂²L/∂W∂W of a scalar L, with the axes of W twice; for several `wrt` a dict of dicts, `H["W"]["b"]`.

    >>> print(hessian("f = x_i A_ij x_j", wrt="x"))
    # ∂²f/∂x_i∂x_j
    d2fdxdx_ij = A_ij + A_ji
    """
    found = _program(program)
    name = requests.scalar(found, "hessian", of, wrt)
    leaves = requests.leaves(found, name, wrt, "hessian", allow_unused)
    letters = requests.lettering(found)
    blocks = _second_order(found, requests.tensor(found, name), leaves)
    asked = [requests.derivative(found, name, pair, block, letters) for pair, block in blocks.items()]
    names = [leaf.name for leaf in leaves]

    def arrange(values: list[Any]) -> dict[str, dict[str, Any]]:
        rows = [values[start : start + len(names)] for start in range(0, len(values), len(names))]
        return {row: dict(zip(names, block, strict=True)) for row, block in zip(names, rows, strict=True)}

    return Function(found, asked, _only if isinstance(wrt, str) else arrange)


@_kept
def jvp(program: ProgramLike, of: str | None = None, wrt: Wrt = None, *, allow_unused: bool = False) -> Function:
    """Σ ∂a/∂W dW, called with the arrays and a tangent `dW=` for every `wrt`; the Jacobian is never formed.

    >>> f = jvp("y_i = x_i^2", wrt="x")
    >>> f(x=[1.0, 2.0], dx=[1.0, 1.0])
    array([2., 4.])
    """
    found = _program(program)
    name = of or requests.last_equation(found)
    leaves = requests.leaves(found, name, wrt, "jvp", allow_unused)
    node = _along(found, requests.tensor(found, name), leaves)
    title = " + ".join(f"Σ ∂{name}/∂{leaf.name} d{leaf.name}" for leaf in leaves)
    return Function(found, [requests.product(found, "jvp", title, name, name, node)], _only, _vectors(found, leaves))


@_kept
def vjp(program: ProgramLike, of: str | None = None, wrt: Wrt = None, *, allow_unused: bool = False) -> Function:
    """Σ da ∂a/∂W, called with the arrays and the cotangent `da=`; the Jacobian is never formed.

    >>> f = vjp("y_i = x_i^2", wrt="x")
    >>> f(x=[1.0, 2.0], dy=[1.0, 1.0])
    array([2., 4.])
    """
    found = _program(program)
    name = of or requests.last_equation(found)
    top = requests.tensor(found, name)
    leaves = requests.leaves(found, name, wrt, "vjp", allow_unused)
    cotangents = _vectors(found, [top])
    products = found.resolver.vjps(top, leaves, cotangents[f"d{name}"].node)
    asked = [
        requests.product(found, "vjp", f"Σ d{name} ∂{name}/∂{leaf.name}", name, leaf.name, products[leaf])
        for leaf in leaves
    ]
    return Function(found, asked, _arranged(wrt, [leaf.name for leaf in leaves]), cotangents)


@_kept
def hvp(program: ProgramLike, of: str | None = None, wrt: Wrt = None, *, allow_unused: bool = False) -> Function:
    """Σ ∂²L/∂W∂W dW of a scalar L, called with the arrays and `dW=`; the Hessian is never formed.

    For several `wrt` a dict: for each one the sum over all of its block of the Hessian times that one's `d…=`.
    """
    found = _program(program)
    name = requests.scalar(found, "hvp", of, wrt)
    leaves = requests.leaves(found, name, wrt, "hvp", allow_unused)
    top = requests.tensor(found, name)
    slopes = _slopes(found, top, leaves)
    asked = []
    for leaf in leaves:
        title = " + ".join(f"Σ ∂²{name}/∂{leaf.name}∂{other.name} d{other.name}" for other in leaves)
        node = _curvature(found, top, leaf, slopes[leaf], leaves)
        asked.append(requests.product(found, "hvp", title, name, leaf.name, node))
    return Function(found, asked, _arranged(wrt, [leaf.name for leaf in leaves]), _vectors(found, leaves))


@_kept
def derivative(program: ProgramLike, query: str) -> Function:
    """Any derivative, written as in a file.

    >>> print(derivative("f = x_i A_ij y_j", "∂²f/∂x_k∂A_pq"))  # doctest: +ELLIPSIS
    x ∈ ...
    """
    found = _program(program)
    check_kind(query, str, "the text of a derivative", 'write e.g. `"∂L/∂W_dk"`')
    asked = check.query(found.checked, query)
    answer = requests.query(found, asked)
    return Function(found, [answer], _only, reads=asked.reads)


def _program(program: ProgramLike) -> Program:
    check_kind(program, (Program, str), "a program or its text", "read a file with `einderiv.load(path)`")
    return Program(program) if isinstance(program, str) else program


def _first_order(program: Program, name: str, wrt: Wrt, call: str, allow_unused: bool) -> Function:
    leaves = requests.leaves(program, name, wrt, call, allow_unused)
    asked = _jacobians(program, name, leaves)
    for leaf, each in zip(leaves, asked, strict=True):
        if isinstance(each.node, Zero) and not allow_unused:
            requests.warn_of_steps(program, name, leaf.name)
    return Function(program, asked, _arranged(wrt, [leaf.name for leaf in leaves]))


def _jacobians(program: Program, name: str, leaves: Sequence[Input]) -> list[Asked]:
    found = program.resolver.jacobians(requests.tensor(program, name), leaves)
    letters = requests.lettering(program)
    return [requests.derivative(program, name, (leaf,), found[leaf], letters) for leaf in leaves]


def _slopes(program: Program, top: Input, leaves: Sequence[Input]) -> dict[Input, Node]:
    """∂top/∂leaf for each leaf; by a defined tensor not taken yet, so that it can be differentiated by it again."""
    inputs = [leaf for leaf in leaves if program.resolver.depth(leaf) < 0]
    found = program.resolver.jacobians(top, inputs)
    return {leaf: found[leaf] if leaf in found else Derivative(top, (leaf,)) for leaf in leaves}


def _second_order(program: Program, top: Input, leaves: Sequence[Input]) -> dict[tuple[Input, Input], Node]:
    """Every block of the Hessian; of a block and its transpose one is derived, by what is defined later first."""
    blocks: dict[tuple[Input, Input], Node] = {}
    slopes = _slopes(program, top, leaves)
    ordered = sorted(leaves, key=program.resolver.depth, reverse=True)
    for place, first in enumerate(ordered):
        later = program.resolver.jacobians(slopes[first], ordered[place:])
        rows = range(len(first.axes))
        for second, block in later.items():
            columns = range(len(rows), len(rows) + len(second.axes))
            blocks[second, first] = einsum([(block, [*rows, *columns])], [*columns, *rows])
            blocks[first, second] = block
    return {(row, column): blocks[row, column] for row in leaves for column in leaves}


def _curvature(program: Program, top: Input, leaf: Input, slope: Node, others: Sequence[Input]) -> Node:
    """Σ over the others of ∂²top/∂leaf∂other times the input `d…`, by what is defined later first."""
    resolver, directions = program.resolver, _directions(others)
    later = {other: d for other, d in directions.items() if resolver.depth(other) > resolver.depth(leaf)}
    earlier = {other: d for other, d in directions.items() if other not in later}
    terms = [resolver.jacobians(resolver.jvp(top, later), [leaf])[leaf]] if later else []
    return add([*terms, resolver.jvp(slope, earlier)] if earlier else terms)


def _along(program: Program, top: Node, leaves: Sequence[Input]) -> Node:
    """Σ over the leaves of ∂top/∂leaf times the input `d…` of each."""
    return program.resolver.jvp(top, _directions(leaves))


def _directions(leaves: Sequence[Input]) -> dict[Input, Node]:
    """The input `d…` of each leaf."""
    return {leaf: Input(f"d{leaf.name}", leaf.axes, leaf.symmetric) for leaf in leaves}


def _vectors(program: Program, leaves: Sequence[Input]) -> dict[str, check.Argument]:
    vectors = [requests.vector(program, leaf) for leaf in leaves]
    return {argument.name: argument for argument in vectors}


def _arranged(asked: Wrt, names: Sequence[str]) -> Arrange:
    """One result for one name, else a dict by name."""
    return _only if isinstance(asked, str) else lambda values: dict(zip(names, values, strict=True))


def _only(values: list[Any]) -> Any:
    return values[0]
