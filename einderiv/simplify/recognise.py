"""Formulas that lose digits as written, and what they are: named identities, each true for all real arguments.

A rule takes a node whose parts are already in the form it looks for, and returns the node itself when nothing applies.
The numbers are those of the stable function: log(1 + exp(x)) at 1000 is 1000, and its slope is 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from einderiv.ir import Add, Algebra, Einsum, Map, Node, Spread, algebra, einsum, identity, lay, rewrite
from einderiv.simplify import exponentials, masks, roots
from einderiv.simplify.products import Factor


def recognise(nodes: Iterable[Node], known: dict[Node, Node] | None = None) -> list[Node]:
    """`nodes` with every formula of `RULES` replaced by what it is; `known` remembers, as in `rewrite`."""
    made = {} if known is None else known

    def rule(node: Node) -> Node:
        for formula in RULES.get(type(node), ()):
            changed = formula(node)
            if changed is not node:
                return rewrite([changed], rule, made)[0]
        return node

    return rewrite(nodes, rule, made)


def inverse_of_transpose(node: Node) -> Node:
    """(Aᵀ)⁻¹ = (A⁻¹)ᵀ: the argument loses a transposition."""
    match node:
        case Algebra(function="inv", arguments=(Spread(core=core, coefficient=1.0, tied=False) as turned,)):
            batch = tuple(range(len(turned.axes) - 2))
            if turned.placing == (*batch, len(batch) + 1, len(batch)):
                return lay(algebra("inv", core), turned.placing, turned.ties, 1.0, turned.shape)
            return node
        case _:
            return node


def inverse_times_matrix(node: Einsum) -> Node:
    """A⁻¹_ij A_jk = A_ij A⁻¹_jk = δ_ik, where no other factor has j."""
    factors = list(zip(node.operands, node.subscripts, strict=True))
    inverses = [(place, node, labels) for place, (node, labels) in enumerate(factors) if isinstance(node, Algebra)]
    for place, inverse, around in inverses:
        for other, (matrix, labels) in enumerate(factors):
            if inverse.function != "inv" or matrix is not inverse.arguments[0]:
                continue
            rest = _without(factors, place, other)
            met = {label for _, found in rest for label in found} | {*node.output, *labels[:-2]}
            one, two = around[-2:], labels[-2:]
            for (row, summed), (again, column) in ((one, two), (one[::-1], two[::-1])):
                alone = summed == again and summed not in met and len({summed, row, column}) == 3
                if alone and around[:-2] == labels[:-2]:
                    delta = (identity(inverse.axes[-1]), (row, column))
                    return einsum([*rest, delta], node.output, dims=node.dims)
    return node


def _without(factors: Sequence[Factor], *places: int) -> list[Factor]:
    """The factors at other places."""
    return [factor for place, factor in enumerate(factors) if place not in places]


RULES: Mapping[type[Node], Sequence[Callable[[Any], Node]]] = {
    Map: (
        exponentials.logarithm,
        exponentials.log1p,
        exponentials.exp_of_logarithm,
        exponentials.sigmoid,
        exponentials.even,
        roots.root_of_squares,
        roots.one_and_square,
        masks.nested_choice,
        masks.truth_of_truth,
    ),
    Einsum: (
        exponentials.softmax,
        exponentials.sigmoid,
        exponentials.logistic_density,
        exponentials.xlogx,
        roots.square_of_norm,
        roots.square_of_sech,
        inverse_times_matrix,
    ),
    Add: (exponentials.complement,),
    Algebra: (inverse_of_transpose,),
}
"""The formulas that may be such a node; each is called with nodes of that type alone."""
