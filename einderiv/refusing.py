"""What a call is refused for, told with the places, the tensors and the letters of the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einderiv import check, requests
from einderiv.ir import Dim, Node
from einderiv.program import Program
from einderiv.readable import Asked, dims_of


def sizes_of(
    program: Program,
    checked: check.Program,
    asked: Sequence[Asked],
    shapes: Mapping[str, tuple[int, ...]],
    nodes: Sequence[Node],
) -> dict[Dim, int]:
    """The sizes that expressions have, none 0 over which they, or what is differentiated, could not be reduced."""
    dims = dims_of(nodes)
    sizes = check.solve_sizes(checked, shapes, dims)
    if 0 in sizes.values():
        tops = [program.values[name] for each in asked for name in each.of if name in program.values]
        reductions = requests.reductions(program, asked)
        check.require_values(checked, reductions, shapes, sizes, dims, [*nodes, *tops])
    return sizes
