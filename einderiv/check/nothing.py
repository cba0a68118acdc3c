"""Call time: reductions over an axis of size 0, of which most have no value.

A sum over nothing is 0, a product 1 and a norm 0; there is no largest, no smallest and no mean of nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from einderiv.check.program import Program, Reduction, Use
from einderiv.errors import EinError, EinValueError, Label, Span, raise_all
from einderiv.ir import Dim, Node, Reduce, topological

WITHOUT_VALUE = {
    "max": "largest value", "min": "smallest value", "argmax": "largest value", "argmin": "smallest value",
    "mean": "mean", "logsumexp": "logsumexp", "softmax": "softmax along several indices",
    "logsoftmax": "softmax along several indices",
}  # fmt: skip

Shapes = Mapping[str, tuple[int, ...]]


def require_values(
    program: Program,
    reductions: Sequence[Reduction],
    shapes: Shapes,
    sizes: Mapping[Dim, int],
    met: Collection[Dim],
    nodes: Sequence[Node],
) -> None:
    """Refuse a call that needs a reduction over an axis without elements, told where the text has it.

    `reductions` are those that what is asked for is made of, `nodes` the same as a graph, in which a logarithm of a sum
    of exponentials is a reduction too; `met` are the sizes that occur in what is computed.

    Raises `EinValueError` (E0507), one for each size that is 0.
    """
    empty = {dim for dim in met if sizes.get(dim) == 0}
    errors: dict[Dim, EinError] = {}
    for reduction in reductions:
        for letter, dim in reduction.dims.items():
            if dim in empty and _needs_a_value(reduction):
                fact = f"over nothing there is no {WITHOUT_VALUE[reduction.function]}"
                errors.setdefault(dim, _empty(program, reduction, reduction.written, letter, shapes, fact))
    for function, dim in _reduced(nodes):
        if dim in empty and dim not in errors:
            errors[dim] = _unwritten(program, function, dim, reductions, shapes)
    raise_all([*errors.values()])


def _needs_a_value(reduction: Reduction) -> bool:
    """Along one axis, softmax of nothing is nothing."""
    along = reduction.function in ("softmax", "logsoftmax") and len(reduction.dims) == 1
    return reduction.function in WITHOUT_VALUE and not along


def _reduced(nodes: Sequence[Node]) -> Iterator[tuple[str, Dim]]:
    """The reductions of a graph that need an element, and over what."""
    for node in topological(nodes):
        if isinstance(node, Reduce) and node.function in WITHOUT_VALUE:
            for dim in node.argument.axes[-node.count :]:
                yield node.function, dim


def _unwritten(
    program: Program, function: str, dim: Dim, reductions: Sequence[Reduction], shapes: Shapes
) -> EinValueError:
    """The error for a reduction that the text has in other words: log(sum_c exp(…)) is a logsumexp."""
    sums = ((each, letter) for each in reductions for letter, found in each.dims.items() if found == dim)
    reduction, letter = next(sums, (None, _letter(program, dim)))
    where = reduction or Reduction(function, {letter: dim}, program.source, Span(0, 0))
    fact = f"with what is around it a {function}; over nothing there is none"
    return _empty(program, where, f"{function}_{letter}", letter, shapes, fact if reduction else "")


def _letter(program: Program, dim: Dim) -> str:
    """A letter that the text has for a size, or the size's name."""
    uses = [(argument.node.axes, use) for argument in program.inputs.values() for use in argument.uses]
    letters = [
        letter
        for axes, use in uses
        for axis, letter in enumerate(use.letters)
        if axes[axis] == dim and axis not in use.without
    ]
    letters += [
        letter for read in program.reads for each, letter in zip(read.dims, read.letters, strict=True) if each == dim
    ]
    return letters[0] if letters else dim.name


def _empty(
    program: Program, reduction: Reduction, written: str, letter: str, shapes: Shapes, fact: str
) -> EinValueError:
    """The error for a reduction over `letter`, which has no values; `fact` stands under it."""
    dim, same = reduction.dims[letter], reduction.source is program.source
    labels = [Label(reduction.span, fact)] if fact else []
    origin, helps = "", [f"pass arrays in which `{letter}` is at least 1"]
    holder = next(_holders(program, dim, shapes, reduction.span.start if same else 0), None)
    if holder is not None:
        name, axis, span, text = holder
        origin = f" (from {name}, shape {shapes[name]})"
        helps = [f"pass `{program.inputs[name].keyword}` with at least one element along axis {axis} (`{letter}`)"]
        if span is not None and same:
            labels.append(Label(span, text))
    if dim.size == 0:
        origin, helps = ", as declared", ["declare a larger size"]
    return EinValueError(
        "E0507", f"`{written}` over an empty axis: `{letter}` has size 0{origin}", source=reduction.source,
        labels=labels,
        notes=["a sum over nothing is 0, but nothing has no largest, no smallest and no mean value, nor derivatives of "
               "these"],
        helps=helps,
    )  # fmt: skip


def _holders(program: Program, dim: Dim, shapes: Shapes, near: int) -> Iterator[tuple[str, int, Span | None, str]]:
    """The arrays that decide a size: name, axis, and a place in the text with what is told there; nearest first."""
    found: list[tuple[int, str, int, Span | None, str]] = []
    for name, argument in program.inputs.items():
        if name in shapes and dim in argument.node.axes:
            axis, text = argument.node.axes.index(dim), f"{name} has shape {shapes[name]}"
            if not argument.uses:
                found.append((10**9, name, axis, argument.declared, text))
                continue
            use = min(argument.uses, key=lambda each: _distance(each.span, near))
            found.append((_distance(use.span, near), name, axis, use.span, text + _lettered(use, shapes[name])))
    yield from (each[1:] for each in sorted(found, key=lambda each: each[0]))
    for read in program.reads:
        if dim in read.dims and (name := read.axis.tensor) in shapes:
            yield name, read.axis.number, read.span, f"{name} has shape {shapes[name]}"


def _distance(span: Span, near: int) -> int:
    """How far from a place a use stands; what stands before it is farther than all behind."""
    apart = span.start - near
    return apart if apart >= 0 else 10**8 - apart


def _lettered(use: Use, shape: tuple[int, ...]) -> str:
    """`: n = 5, c = 0`."""
    pairs = enumerate(zip(use.letters, shape, strict=True))
    known = ", ".join(f"{letter} = {size}" for axis, (letter, size) in pairs if axis not in use.without)
    return f": {known}" if known else ""
