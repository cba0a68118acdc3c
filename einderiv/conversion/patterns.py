"""The patterns of einops: `b h w c -> b c`, whose axes have names and blanks between them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from einderiv.conversion.einsums import Einsum, Group, fault
from einderiv.conversion.naming import Names
from einderiv.conversion.reading import not_expressible
from einderiv.errors import Span

_AXIS = re.compile(r"\.\.\.|…|[^\W\d]\w*|[0-9]+|\S")


def read(text: str, start: int, axes: Names, several: bool) -> Einsum:
    """A pattern at `start` of its source; with `several` its operands have commas between them."""
    left, arrow, right = text.partition("->")
    if not arrow:
        raise fault("the pattern has no `->`", Span(start, start + len(text)), helps=["write `b h w -> b w h`"])
    groups = []
    at = start
    for piece in left.split(",") if several else [left]:
        groups.append(_group(piece, at, axes))
        at += len(piece) + 1
    return Einsum(tuple(groups), _group(right, start + len(left) + 2, axes))


def _group(piece: str, start: int, axes: Names) -> Group:
    labels: list[str] = []
    spans: list[Span] = []
    for found in _AXIS.finditer(piece):
        word, span = found[0], Span(start + found.start(), start + found.end())
        if word in "()":
            end = piece.find(")", found.start())
            raise not_expressible(
                "axes that are merged or split have no counterpart in index notation",
                Span(span.start, start + end + 1 if end >= 0 else span.end),
                notes=["an index stands for one axis; `(h w)` would be one axis for two indices"],
                helps=["keep the axes apart: `b h w c -> b h w c`, and reshape the arrays outside"],
            )  # fmt: skip
        if word in ("...", "…"):
            raise not_expressible(
                "`...` stands for axes without names", span, helps=["name the axes, as in `b h w -> b w h`"]
            )
        if word.isdecimal() or word == "_":
            raise not_expressible(
                "an axis of length 1 has no index", span, helps=[f"leave `{word}` out, and reshape outside"]
            )
        if not (word[0].isalpha() or word[0] == "_"):
            raise fault(f"`{word}` is no axis of a pattern", span, helps=["the axes are names with blanks between"])
        labels.append(axes[word])
        spans.append(span)
    return Group(tuple(labels), Span(start, start + max(len(piece), 1)), tuple(spans))


def check_axes(pattern: Einsum, function: str, sizes: Sequence[str]) -> None:
    """What einops checks: `rearrange` loses and makes no axis, `reduce` makes none, `repeat` loses none."""
    (given,) = pattern.inputs
    for group in (given, pattern.output):
        for place, label in enumerate(group.labels):
            if label in group.labels[:place]:
                raise fault(f"`{label}` stands twice on one side", group.spans[place], helps=["name each axis once"])
    lost = [label for label in given.labels if label not in pattern.output.labels]
    made = [label for label in pattern.output.labels if label not in given.labels]
    if lost and function in ("rearrange", "repeat"):
        at = given.spans[given.labels.index(lost[0])]
        raise fault(f"`{function}` loses the axis `{lost[0]}`", at, helps=["`reduce` sums over an axis"])
    new = [label for label in made if function != "repeat" or label not in sizes]
    if new:
        at = pattern.output.spans[pattern.output.labels.index(new[0])]
        helps = [f'`repeat(x, "…", {new[0]}=3)` makes an axis'] if function != "repeat" else [f"add `{new[0]}=3`"]
        raise fault(f"`{new[0]}` is made from nothing", at, helps=helps)


def index_lines(axes: Sequence[str], sizes: dict[str, int]) -> list[str]:
    """`index batch, feature` for the names of several letters, `index c: 3` for those with a size."""
    long = [axis for axis in axes if axis not in sizes and not re.fullmatch(r"[^\W\d_][0-9]*", axis)]
    return ([f"index {', '.join(long)}"] if long else []) + [f"index {axis}: {size}" for axis, size in sizes.items()]
