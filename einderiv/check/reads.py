"""Axes read at computed positions, `x_{2i+k}`: the sizes that follow from them, and those that reach outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from einderiv.check.program import Read
from einderiv.errors import EinError, EinShapeError, Label, Source
from einderiv.ir import Dim

Where = Callable[[Dim], Label | None]


def settle(reads: Sequence[Read], sizes: dict[Dim, int], source: Source, where: Where) -> Iterator[EinError]:
    """Enter into `sizes` those that follow from the reads; yields what reaches outside of an axis.

    A size that nothing else fixes is the largest for which every read with no other unknown one is inside.  So sizes
    chain: a convolution's result may be read by another.  `where` says where a size comes from.
    """
    for read in reads:
        sizes.update({dim: dim.size for dim in (read.dim, *read.dims) if dim.size is not None})
    while True:
        found: dict[Dim, int] = {}
        for read in reads:
            unknown = {dim for dim in read.dims if dim not in sizes}
            if len(unknown) == 1 and read.dim in sizes:
                dim = unknown.pop()
                length = _longest(read, dim, sizes)
                if length is not None:
                    found[dim] = min(length, found.get(dim, length))
        if not found:
            break
        sizes.update(found)
    for read in reads:
        error = _outside(read, sizes, source, where)
        if error is not None:
            yield error


def complete(reads: Sequence[Read], sizes: dict[Dim, int]) -> dict[Dim, int]:
    """`sizes` with those that follow from the reads, whether or not all reads are inside."""
    completed = dict(sizes)
    list(settle(reads, completed, Source("", ""), lambda dim: None))
    return completed


def _reach(read: Read, sizes: dict[Dim, int], free: Dim | None = None) -> tuple[int, int]:
    """The lowest and the highest position, where every index of the size `free` is 0."""
    low = high = read.constant
    for factor, dim in zip(read.coefficients, read.dims, strict=True):
        if dim != free:
            last = factor * max(sizes[dim] - 1, 0)
            low, high = low + min(last, 0), high + max(last, 0)
    return low, high


def _longest(read: Read, free: Dim, sizes: dict[Dim, int]) -> int | None:
    """How long the indices of size `free` may be: 1 where even position 0 is outside, which is told afterwards."""
    if any(sizes[dim] == 0 for dim in read.dims if dim != free):
        return None
    if sizes[read.dim] == 0:
        return 0
    low, high = _reach(read, sizes, free)
    up = sum(factor for factor, dim in zip(read.coefficients, read.dims, strict=True) if dim == free and factor > 0)
    down = -sum(factor for factor, dim in zip(read.coefficients, read.dims, strict=True) if dim == free and factor < 0)
    lengths = [(sizes[read.dim] - 1 - high) // up + 1] if up else []
    lengths += [low // down + 1] if down else []
    return max(1, min(lengths))


def _outside(read: Read, sizes: dict[Dim, int], source: Source, where: Where) -> EinError | None:
    """The refusal of a read that leaves its axis."""
    if read.dim not in sizes or any(sizes.get(dim, 0) == 0 for dim in read.dims):
        return None
    low, high = _reach(read, sizes)
    size = sizes[read.dim]
    if low >= 0 and high < size:
        return None
    position = low if low < 0 else high
    at = [
        f"{letter} = {sizes[dim] - 1 if (factor < 0) == (low < 0) else 0}"
        for factor, letter, dim in zip(read.coefficients, read.letters, read.dims, strict=True)
    ]
    lengths = [f"`{letter}` is {sizes[dim]} long" for letter, dim in zip(read.letters, read.dims, strict=True)]
    labels = [Label(read.span, f"position {position}")] if read.span is not None else []
    for dim in dict.fromkeys((*read.dims, read.dim)):
        label = where(dim)
        if label is not None and label.span not in {each.span for each in labels}:
            labels.append(label)
    return EinShapeError(
        "E0306",
        f"`{read.text}` reads position {position} of {read.axis}, which is {size} long"
        + (f", at {', '.join(at)}" if at else ""),
        source=source, labels=labels, notes=[", ".join(lengths)] if lengths else ["positions count from 0"],
        helps=_fixes(read, sizes),
    )  # fmt: skip


def _fixes(read: Read, sizes: dict[Dim, int]) -> list[str]:
    """What would be inside: another position, or shorter indices."""
    size = sizes[read.dim]
    if not read.dims:
        return [f"the last position is {size - 1}" if size else "an axis without values has no position"]
    low, _ = _reach(read, sizes)
    tensor = read.axis.tensor
    instead = f"pass shorter arrays, or a longer `{tensor}`" if low >= 0 else f"pass shorter arrays, or add {-low}"
    helps = []
    for letter, dim in zip(read.letters, read.dims, strict=True):
        lowest, highest = _reach(read, sizes, dim)
        if lowest >= 0 and highest < size:
            helps.append(f"`{letter}` may be {_longest(read, dim, sizes)} long at most: {instead}")
    return helps or [instead.removeprefix("pass shorter arrays, or ").replace("a longer", "pass a longer")]
