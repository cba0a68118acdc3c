"""The derivative of one node by one of its parts: how a cotangent is pulled back and how a tangent is pushed on.

Let y = f(x).  A cotangent g of y has the axes of what is differentiated, then those of y; pulled back it has those of
what is differentiated, then those of x.  A tangent t of x likewise has the axes of what varies, then those of x.  The
number of these leading axes is `lead`; their labels are (0,), (1,), ….

Each rule is a contraction, so a cotangent that is a delta is absorbed and never an array.  (Reverse and forward mode on
a tensor graph: S. Laue, M. Mitterreiter, J. Giesen, "A Simple and Efficient Tensor Calculus", AAAI 2020.)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial

from einderiv.diff.algebra import pull_algebra, push_algebra
from einderiv.errors import EinTypeError
from einderiv.ir import (
    FUNCTIONS,
    Add,
    Algebra,
    Axiswise,
    Dim,
    Einsum,
    Elements,
    Map,
    Node,
    Position,
    Reduce,
    Selection,
    Spread,
    Zero,
    add,
    apply,
    axiswise,
    einsum,
    identity,
    ones,
    scale,
)

Labels = list[Hashable]
Factor = tuple[Node, Labels]


def pull(node: Node, part: int, g: Node, lead: int) -> Node:
    """The cotangent `g` of `node` pulled back to its child number `part`."""
    front = _front(lead)
    match node:
        case Spread(core=core, placing=placing, ties=ties, coefficient=coefficient):
            return _to_part([(scale(g, coefficient), [*front, *ties])], front, placing, core.axes)
        case Einsum(operands=operands, subscripts=subscripts, output=output):
            factors: list[Factor] = [(x, [*labels]) for x, labels in zip(operands, subscripts, strict=True)]
            factors[part] = (g, [*front, *output])
            return _to_part(factors, front, subscripts[part], operands[part].axes)
        case Add():
            return g
        case Map():
            return _by_slope(node, part, g, front)
        case Reduce(argument=x):
            axes = range(len(x.axes))
            return einsum([(g, [*front, *axes[: -node.count]]), (weight(node), axes)], [*front, *axes])
        case Axiswise(function=function):
            return PULL[function](node, g, front)
        case Algebra():
            return pull_algebra(node, part, g, lead)
        case Selection():
            return Zero((*g.axes[:lead], *node.index.axes))
        case _:
            raise EinTypeError("E0404", f"{type(node).__name__} has no derivative")


def push(node: Node, part: int, t: Node, lead: int) -> Node:
    """What the tangent `t` of child number `part` adds to the tangent of `node`."""
    front = _front(lead)
    match node:
        case Spread(placing=placing, ties=ties, coefficient=coefficient, shape=shape):
            deltas = [(identity(shape[axis]), [first, axis]) for axis, first in enumerate(ties) if first != axis]
            axes = range(len(shape))
            return einsum([(t, [*front, *placing]), *deltas], [*front, *axes], coefficient, dict(enumerate(shape)))
        case Einsum(operands=operands, subscripts=subscripts, output=output):
            terms: list[Factor] = [(x, [*labels]) for x, labels in zip(operands, subscripts, strict=True)]
            terms[part] = (t, [*front, *subscripts[part]])
            return einsum(terms, [*front, *output])
        case Add():
            return t
        case Map():
            return _by_slope(node, part, t, front)
        case Reduce(argument=x):
            axes = range(len(x.axes))
            return einsum([(t, [*front, *axes]), (weight(node), axes)], [*front, *axes[: -node.count]])
        case Axiswise(function=function):
            return PUSH[function](node, t, front)
        case Algebra():
            return push_algebra(node, part, t, lead)
        case Selection():
            return Zero((*t.axes[:lead], *node.axes))
        case _:
            raise EinTypeError("E0404", f"{type(node).__name__} has no derivative")


def _front(lead: int) -> Labels:
    return [(position,) for position in range(lead)]


def _to_part(operands: list[Factor], front: Labels, labels: Sequence[int], axes: Sequence[Dim]) -> Node:
    """A product summed to an operand's own labels; one that stands twice there makes a delta: ∂M_ii/∂M_kl = δ_kl."""
    distinct: Labels = []
    deltas: list[Factor] = []
    for position, (label, dim) in enumerate(zip(labels, axes, strict=True)):
        own: Hashable = ("again", position) if label in distinct else label
        if own != label:
            deltas.append((identity(dim), [label, own]))
        distinct.append(own)
    return einsum([*operands, *deltas], [*front, *distinct], dims=dict(zip(distinct, axes, strict=True)))


def _by_slope(node: Map, part: int, g: Node, front: Labels) -> Node:
    """g f′(x): the chain rule for a function of elements."""
    slope = FUNCTIONS[node.function].slopes[part]
    axes = range(len(node.axes))
    if slope is None:
        return Zero(g.axes)
    factor = slope(Elements(node), *map(Elements, node.arguments)).node
    return einsum([(g, [*front, *axes]), (factor, axes)], [*front, *axes])


# --------------------------------------------------------------- reductions


def weight(node: Reduce) -> Node:
    """∂y/∂x of a reduction, with the axes of x."""
    if node.function not in WEIGHTS:
        raise EinTypeError(
            "E0404",
            f"`{node.function}` has no derivative",
            helps=[f"it is a position, which jumps; replace {node.function} by softmax for something smooth"],
        )
    return WEIGHTS[node.function](node, node.argument, _again(node, node))


def _again(node: Reduce, value: Node) -> Elements:
    """A value of a reduction, repeated over the axes that were reduced."""
    x = node.argument
    axes = range(len(x.axes))
    return Elements(einsum([(value, axes[: -node.count])], axes, dims=dict(enumerate(x.axes))))


def _max_weight(node: Reduce, x: Node, y: Elements) -> Node:
    """[x = y] / Σ [x = y]: equal largest (or smallest) elements share."""
    ties = Elements(x)("equal", y)
    axes = range(len(x.axes))
    count = einsum([(ties.node, axes)], axes[: -node.count])
    return (ties / _again(node, count)).node


def _logsumexp_weight(node: Reduce, x: Node, y: Elements) -> Node:
    """softmax(x) = exp(x - y)."""
    return axiswise("softmax", x, len(x.axes) - 1) if node.count == 1 else (Elements(x) - y)("exp").node


WEIGHTS: dict[str, Callable[[Reduce, Node, Elements], Node]] = {
    "max": _max_weight,
    "min": _max_weight,
    "prod": lambda node, x, y: axiswise("cofactor", x, len(x.axes) - 1),
    "logsumexp": _logsumexp_weight,
    "norm": lambda node, x, y: (Elements(x) * y("inverse_or_zero")).node,
}

# ----------------------------------------------------------- along one axis


def _softmax(node: Axiswise, g: Node, front: Labels) -> Node:
    """s_k (g_k - Σ_c s_c g_c); the Jacobian is symmetric."""
    *rest, k = axes = range(len(node.axes))
    direct = einsum([(g, [*front, *axes]), (node, axes)], [*front, *axes])
    mean: list[Factor] = [(g, [*front, *rest, "c"]), (node, [*rest, "c"]), (node, [*rest, k])]
    return add([direct, einsum(mean, [*front, *axes], -1.0)])


def _logsoftmax_pull(node: Axiswise, g: Node, front: Labels) -> Node:
    """g_k - s_k Σ_c g_c."""
    *rest, k = axes = range(len(node.axes))
    total: list[Factor] = [(g, [*front, *rest, "c"]), (axiswise("softmax", node.argument, k), [*axes])]
    return add([g, einsum(total, [*front, *axes], -1.0)])


def _logsoftmax_push(node: Axiswise, t: Node, front: Labels) -> Node:
    """t_k - Σ_c s_c t_c."""
    *rest, k = axes = range(len(node.axes))
    mean: list[Factor] = [(t, [*front, *rest, "c"]), (axiswise("softmax", node.argument, k), [*rest, "c"])]
    return add([t, einsum(mean, [*front, *axes], -1.0, dict(enumerate(node.axes)))])


def _cumulated(direction: str, comparison: str, node: Axiswise, g: Node, front: Labels) -> Node:
    """Σ_c [c ? k] g_c: a running sum, or with a delta in g the triangle of ones itself."""
    *rest, k = axes = range(len(node.axes))
    if not g.tied:
        return axiswise(direction, g, len(g.axes) - 1)
    triangle = _compared(comparison, node.axes[-1])
    return einsum([(g, [*front, *rest, "c"]), (triangle, ["c", k])], [*front, *axes])


def _compared(comparison: str, dim: Dim) -> Node:
    """[c ? k] for two positions along axes of one size."""
    position = Position(dim)
    sizes: dict[Hashable, Dim] = {"c": dim, "k": dim}
    return apply(comparison, *(einsum([(position, label)], "ck", dims=sizes) for label in "ck"))


def _cofactor(node: Axiswise, g: Node, front: Labels) -> Node:
    """Σ_c g_c [c ≠ k] Π_{j≠c,k} x_j; the Jacobian is symmetric."""
    *rest, k = axes = range(len(node.axes))
    dim = node.axes[-1]
    sizes: dict[Hashable, Dim] = {**dict(enumerate(node.axes)), "c": dim}
    apart = _compared("not_equal", dim)
    kept = einsum([(apart, ["c", k])], [*rest, "c", k], dims=sizes)
    factors = einsum([(node.argument, axes)], [*rest, "c", k], dims=sizes)
    others = axiswise("cofactor", apply("where", kept, factors, ones(kept.axes)), len(axes))
    return einsum([(g, [*front, *rest, "c"]), (apart, ["c", k]), (others, [*rest, "c", k])], [*front, *axes])


AxisRule = Callable[[Axiswise, Node, Labels], Node]

PULL: dict[str, AxisRule] = {
    "softmax": _softmax,
    "logsoftmax": _logsoftmax_pull,
    "cumsum": partial(_cumulated, "cumsum_reverse", "greater_equal"),
    "cumsum_reverse": partial(_cumulated, "cumsum", "less_equal"),
    "cofactor": _cofactor,
}

PUSH: dict[str, AxisRule] = {
    "softmax": _softmax,
    "logsoftmax": _logsoftmax_push,
    "cumsum": partial(_cumulated, "cumsum", "less_equal"),
    "cumsum_reverse": partial(_cumulated, "cumsum_reverse", "greater_equal"),
    "cofactor": _cofactor,
}
