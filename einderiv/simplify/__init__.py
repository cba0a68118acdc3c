"""Simplification: ordered passes of named identities."""

from collections.abc import Sequence

from einderiv.ir import Node
from einderiv.simplify.combine import fuse_products, merge_sums, met_selections, outer_products
from einderiv.simplify.masks import guard_products
from einderiv.simplify.recognise import recognise
from einderiv.simplify.sums import common_factors, summed_factors

PASSES = (
    recognise, merge_sums, common_factors, summed_factors,
    met_selections, outer_products, fuse_products, guard_products,
)  # fmt: skip


def simplify(roots: Sequence[Node]) -> list[Node]:
    """Several expressions, which may share parts, in the form in which they are printed and planned.

    The passes are repeated until none changes anything: when two readers become one, what they shared has one reader.
    """
    found = list(roots)
    known: dict[Node, Node] = {}
    while True:
        before = found
        for simplification in PASSES:
            found = recognise(found, known) if simplification is recognise else simplification(found)
        if all(new is old for new, old in zip(found, before, strict=True)):
            return found


__all__ = ["PASSES", "recognise", "simplify"]
