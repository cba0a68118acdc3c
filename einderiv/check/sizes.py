"""Call time: the sizes of all dimensions from the shapes of the arrays, or an error that names both places."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from einderiv.check.program import Argument, Program, Read, Use
from einderiv.check.reads import settle
from einderiv.errors import EinError, EinShapeError, Label, raise_all
from einderiv.ir import Dim


@dataclass(frozen=True, slots=True)
class _Origin:
    """The axis of an array that a size comes from."""

    argument: Argument
    axis: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return self.shape[self.axis]


def solve_sizes(
    program: Program,
    shapes: Mapping[str, tuple[int, ...]],
    wanted: Collection[Dim],
    reads: Sequence[Read] = (),
) -> dict[Dim, int]:
    """The size of every dimension that the shapes tell, those in `wanted` among them.

    `shapes` are keyed by the names of inputs; `reads` are those of queries in texts of their own.  A rank that is
    wrong, two sizes that clash, a position outside of its axis and a wanted dimension that no array fixes are errors.
    """
    errors: list[EinError] = []
    found: dict[Dim, _Origin] = {}
    turned: set[str] = set()  # arrays that fit the other way round, so that their other clashes are no news
    crooked: list[tuple[Argument, Dim]] = []  # arrays with two sizes of one dimension, of which none can be trusted
    for name, argument in program.inputs.items():
        if name not in shapes:
            continue
        shape = tuple(shapes[name])
        if min(shape, default=0) < 0:
            errors.append(_negative(program, argument, shape))
            continue
        if len(shape) != len(argument.node.axes):
            errors.append(_wrong_rank(program, argument, shape, shapes))
            continue
        for axis, dim in enumerate(argument.node.axes):
            origin = _Origin(argument, axis, shape)
            if dim.size is not None and dim.size != origin.size:
                errors.append(_not_fixed_size(program, origin, dim))
            elif (first := found.setdefault(dim, origin)).size != origin.size:
                if turned.isdisjoint((name, first.argument.name)) and (first.argument, dim) not in crooked:
                    errors.append(_clash(program, shapes, first, origin, dim))
                if first.argument is argument:
                    crooked.append((argument, dim))
                turned |= {each.argument.name for each in _turned(program, shapes, first, origin)}
    raise_all(errors)
    sizes = {dim: origin.size for dim, origin in found.items()}
    errors += settle([*program.reads, *reads], sizes, program.source, lambda dim: _from(found.get(dim)))
    raise_all(errors)
    for dim in wanted:
        if dim.size is not None:
            sizes[dim] = dim.size
        elif dim not in sizes:
            errors.append(_unknown(program, dim, sizes))
    raise_all(errors)
    return sizes


def _negative(program: Program, argument: Argument, shape: tuple[int, ...]) -> EinError:
    return EinShapeError(
        "E0503", f"`{argument.name}` cannot have the shape {shape}", source=program.source,
        labels=[Label(use.span) for use in argument.uses[:1]], notes=["an axis has 0 elements or more"],
        helps=[f"pass an array, or its shape, e.g. `{argument.keyword}={tuple(abs(size) for size in shape)}`"],
    )  # fmt: skip


def _from(origin: _Origin | None) -> Label | None:
    """Where a size comes from."""
    if origin is None or not origin.argument.uses:
        return None
    use = origin.argument.uses[0]
    return Label(use.span, _told(origin, use))


def _written(argument: Argument) -> str:
    """An input that has axes as it stands in the text: `W_ij`."""
    letters = argument.uses[0].letters
    return f"{argument.name}_{''.join(letters)}" if all(len(each) == 1 for each in letters) else argument.name


def _wrong_rank(
    program: Program, argument: Argument, shape: tuple[int, ...], shapes: Mapping[str, tuple[int, ...]]
) -> EinError:
    rank = len(argument.node.axes)
    axes = "1 axis" if rank == 1 else f"{rank or 'no'} axes"
    written = f" ({_written(argument)})" if rank and argument.uses else ""
    helps = []
    if shape == (1,) and not rank:
        helps.append(f"take its one element: `{argument.keyword}[0]`")
    elif len(shape) == rank + 1 and 1 in shape:
        axis = len(shape) - 1 - shape[::-1].index(1)
        last = axis == len(shape) - 1
        indices = ["..."] if last else [":"] * axis
        helps.append(
            f"drop the {'last axis' if last else f'axis {axis}'} of size 1: "
            f"`{argument.keyword}[{', '.join([*indices, '0', *[':'] * (len(shape) - 1 - axis)])}]`"
        )
    else:
        helps.append(_fitting(program, argument, shape, shapes))
    labels = [Label(argument.uses[0].span, axes)] if argument.uses else _declaration(argument)
    return EinShapeError(
        "E0503", f"`{argument.name}` needs {axes}{written} but the array has {len(shape) or 'none'}: shape {shape}",
        source=program.source, labels=labels, helps=helps,
    )  # fmt: skip


def _fitting(
    program: Program, argument: Argument, shape: tuple[int, ...], shapes: Mapping[str, tuple[int, ...]]
) -> str:
    """The shape that an array should have, as far as the others tell."""
    known: dict[Dim, int] = {}
    for name, other in program.inputs.items():
        if len(shapes.get(name, ())) == len(other.node.axes):
            known |= dict(zip(other.node.axes, shapes.get(name, ()), strict=True))
    wanted = tuple(known.get(dim, dim.size or 0) for dim in argument.node.axes)
    rank, keyword = len(wanted), argument.keyword
    if not rank:
        return f"pass one number, e.g. `{keyword}=2.0`"
    if 0 in wanted:
        return f"pass an array with {'1 axis' if rank == 1 else f'{rank} axes'}"
    if len(shape) and prod(shape) == prod(wanted):
        return f"give it its axes: `{keyword}.reshape({', '.join(map(str, wanted))})`"
    return f"pass `{keyword}` with shape {wanted}"


def _declaration(argument: Argument) -> list[Label]:
    return [Label(argument.declared, "declared here")] if argument.declared is not None else []


def _not_fixed_size(program: Program, origin: _Origin, dim: Dim) -> EinError:
    argument = origin.argument
    named = f"`{dim.name}` = {dim.size}" if dim.name != str(dim.size) else str(dim.size)
    code = "E0302" if origin.size == 1 else "E0301"
    labels = [Label(use.span, _told(origin, use)) for use in argument.uses[:1]] or _declaration(argument)
    return EinShapeError(
        code, f"axis {origin.axis} of `{argument.name}` must have size {named} but has size {origin.size}",
        source=program.source, labels=labels, notes=[f"`{argument.name}` has shape {origin.shape}"],
        helps=[f"pass an array whose axis {origin.axis} has size {dim.size}, or change the declaration"],
    )  # fmt: skip


def _told(origin: _Origin, use: Use) -> str:
    pairs = enumerate(zip(use.letters, origin.shape, strict=True))
    sizes = ", ".join(f"{letter} = {size}" for axis, (letter, size) in pairs if axis not in use.without)
    return f"{origin.argument.name} has shape {origin.shape}" + (f": {sizes}" if sizes else "")


def _uses(first: _Origin, second: _Origin) -> tuple[Use | None, Use | None]:
    """The places to show: where both axes have the same letter, as near to each other as possible."""
    one, other = first.argument.uses[:50], second.argument.uses[:50]
    if not one or not other:
        return next(iter(one), None), next(iter(other), None)
    return min(
        ((a, b) for a in one for b in other),
        key=lambda pair: (
            pair[0].letters[first.axis] != pair[1].letters[second.axis],
            abs(pair[0].span.start - pair[1].span.start),
        ),
    )


def _clash(
    program: Program, shapes: Mapping[str, tuple[int, ...]], first: _Origin, second: _Origin, dim: Dim
) -> EinError:
    if first.argument is second.argument:
        return _not_square(program, first, second)
    one, other = _uses(first, second)
    names = first.argument.name, second.argument.name
    if one is not None and other is not None and one.letters[first.axis] == other.letters[second.axis]:
        letter = one.letters[first.axis]
        message = f"index `{letter}` has size {first.size} in `{names[0]}` but size {second.size} in `{names[1]}`"
    else:
        letter = dim.name
        message = (
            f"`{dim}` is {first.size} in axis {first.axis} of `{names[0]}` "
            f"but {second.size} in axis {second.axis} of `{names[1]}`"
        )
    labels = [Label(use.span, _told(origin, use)) for origin, use in ((second, other), (first, one)) if use is not None]
    notes, helps = [], _transposed(program, shapes, first, one, second)
    if 1 in (first.size, second.size):
        notes.append("einderiv never stretches an axis of size 1")
        small = first if first.size == 1 else second
        if len(small.shape) == 1:
            name = small.argument.name
            use = next(iter(small.argument.uses), None)
            written = _corrected(program, use, f"{name} 1_{letter}") if use is not None else f"{name} 1_{letter}"
            helps.append(f"to use one value for every {letter}, make {name} a scalar: `{written}`")
    return EinShapeError(
        "E0302" if 1 in (first.size, second.size) else "E0301", message,
        source=program.source, labels=_once(labels), notes=notes, helps=helps or _pass(second, first),
    )  # fmt: skip


def _not_square(program: Program, first: _Origin, second: _Origin) -> EinError:
    """Two axes of one array that must have one size."""
    argument = first.argument
    traced = (use for use in argument.uses if use.letters[first.axis] == use.letters[second.axis] != "")
    use = next(traced, next(iter(argument.uses), None))
    shape = f"{argument.name} has shape {first.shape}"
    return EinShapeError(
        "E0301",
        f"axes {first.axis} and {second.axis} of `{argument.name}` have one size, but {first.size} and {second.size} "
        "were passed",
        source=program.source, labels=[Label(use.span, shape)] if use else _declaration(argument),
        helps=[f"pass an array of which axis {second.axis} is as long as axis {first.axis}"],
    )  # fmt: skip


def _once(labels: list[Label]) -> list[Label]:
    """Labels without those on the same place."""
    return list({label.span: label for label in reversed(labels)}.values())[::-1]


def _pass(wrong: _Origin, right: _Origin) -> list[str]:
    name, other = wrong.argument.name, right.argument.name
    return [f"pass `{name}` with size {right.size} along axis {wrong.axis}, or change `{other}`"]


def _agree(program: Program, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether these shapes have one size for every dimension."""
    sizes: dict[Dim, int] = {}
    arguments = [(argument, shapes[name]) for name, argument in program.inputs.items() if name in shapes]
    return all(
        len(shape) == len(argument.node.axes)
        and all(
            sizes.setdefault(dim, size) == size and dim.size in (None, size)
            for dim, size in zip(argument.node.axes, shape, strict=True)
        )
        for argument, shape in arguments
    )


def _turned(program: Program, shapes: Mapping[str, tuple[int, ...]], *clashing: _Origin) -> list[_Origin]:
    """Those of two clashing arrays that, with their axes the other way round, fit with all others."""
    return [
        origin
        for origin in clashing
        if len(origin.shape) == 2 and _agree(program, {**shapes, origin.argument.name: origin.shape[::-1]})
    ]


def _transposed(
    program: Program, shapes: Mapping[str, tuple[int, ...]], first: _Origin, use: Use | None, second: _Origin
) -> list[str]:
    """A hint where one of the arrays, with its axes the other way round, fits with all others."""
    for origin in _turned(program, shapes, first, second):
        name = origin.argument.name
        turned = use if use is not None and origin is first else next(iter(origin.argument.uses), None)
        if turned is not None and len(set(turned.letters)) == 2:
            one, other = turned.letters[::-1]
            written = f"{name}_{one}{other}" if len(one + other) == 2 else f"{name}_{{{one},{other}}}"
            sizes = f"{one} = {origin.shape[0]}, {other} = {origin.shape[1]}"
            fixed = _corrected(program, turned, written)
            return [f"with `{written}` the sizes agree ({sizes}): `{fixed}`", f"or pass its transpose: `{name}.T`"]
    return []


def _corrected(program: Program, use: Use, written: str) -> str:
    """The line of a use with the tensor written otherwise, if the line is not long."""
    source = program.source
    number, column = source.place(use.span.start)
    line = source.line(number)
    fixed = line[: column - 1] + written + line[column - 1 + use.span.end - use.span.start :]
    return fixed.partition("#")[0].strip() if len(line) <= 80 else written


def _unknown(program: Program, dim: Dim, sizes: Mapping[Dim, int]) -> EinError:
    """No array has this dimension, nor what it follows from."""
    dims = [dim]
    for each in dims:  # grows on the way
        reads = [read for read in program.reads if each in read.dims]
        dims += [other for read in reads for other in (read.dim, *read.dims) if other not in (*dims, *sizes)]
    inputs = program.inputs.values()
    having = [(argument, each) for argument in inputs for each in dims if each in argument.node.axes]
    helps = [f"pass `{each.name}`, whose axis {each.node.axes.index(axis)} is `{axis}`" for each, axis in having[:3]]
    return EinShapeError(
        "E0304", f"no array that was passed fixes the size `{dim}`", source=program.source,
        labels=[Label(each.uses[0].span, f"`{axis}` is an axis here") for each, axis in having[:1] if each.uses],
        helps=helps or [f"declare a number for it: `index i: 5` or `x ∈ R^5` in place of `{dim}`"],
    )  # fmt: skip
