"""Exponentials, logarithms and what is made of them, in the forms that neither overflow nor cancel.

Each rule takes away an `exp`, a `log`, a reciprocal or a minus, or puts one function in place of two, so they end.
"""

from __future__ import annotations

import math

from einderiv.ir import (
    Add,
    Algebra,
    Axiswise,
    Constant,
    Einsum,
    Map,
    Node,
    Selection,
    Size,
    Spread,
    add,
    algebra,
    apply,
    axiswise,
    constant,
    einsum,
    lay,
    number,
    reduce,
    scale,
)
from einderiv.simplify.products import Factor, paired, square

EVEN = frozenset({"logistic_density", "sech_squared", "gaussian", "one_minus_square", "root_of_one_plus_square"})

# ---------------------------------------------------------------- logarithms


def logarithm(node: Node) -> Node:
    """log(c u) = log(c) + log(u) for c > 0, where u has a stable logarithm: see `_stable`."""
    match node:
        case Map("log", (argument,)):
            return _logarithm(argument) or node
        case _:
            return node


def _logarithm(argument: Node) -> Node | None:
    """log(c u) = log(c) + log(u), if u has a stable logarithm, else None."""
    positive, u = positive_scale(argument)
    found = _stable(u)
    return None if found is None else add([found, *(_repeated(of_positive("log", c), found) for c in positive)])


def positive_scale(node: Node) -> tuple[list[Node], Node]:
    """Positive numbers c without axes, and u, so that `node` is their product."""
    positive: list[Node] = []
    if isinstance(node, Spread) and node.coefficient > 0 and node.coefficient != 1.0:
        positive.append(constant(node.coefficient))
        node = scale(node, 1 / node.coefficient)
    if isinstance(node, Einsum):
        factors = list(zip(node.operands, node.subscripts, strict=True))
        sizes = [operand for operand, _ in factors if _is_size(operand)]
        if sizes and len(sizes) < len(factors):
            node = einsum([factor for factor in factors if not _is_size(factor[0])], node.output)
            positive += sizes
    return positive, node


def of_positive(function: str, c: Node) -> Node:
    """The logarithm or the root of a positive number."""
    return constant(getattr(math, function)(c.value)) if isinstance(c, Constant) else apply(function, c)


def _is_size(node: Node) -> bool:
    """Whether a node is the number of values of an index, or 1 through it."""
    match node:
        case Size() | Map("reciprocal", (Size(),)):
            return True
        case _:
            return False


def _repeated(node: Node, like: Node) -> Node:
    """A number with the axes of `like`."""
    return einsum([(node, ())], range(len(like.axes)), dims=dict(enumerate(like.axes)))


def _stable(node: Node) -> Node | None:
    """The logarithm of `node`, else None.

    log exp(a) = a, log Σ_c exp(a_c) = logsumexp_c(a_c), log softmax_k(a_k) = logsoftmax_k(a_k),
    log(1 + exp(x)) = softplus(x), log sigmoid(x) = -softplus(-x), log det(A) = logdet(A), log √u = ½ log(u),
    log(1/u) = -log(u).
    """
    match node:
        case Map("exp", (a,)):
            return a
        case Axiswise("softmax", a):
            return axiswise("logsoftmax", a, len(a.axes) - 1)
        case Map("sigmoid", (x,)):
            return scale(apply("softplus", scale(x, -1.0)), -1.0)
        case Algebra("det", (matrix,)):
            return algebra("logdet", matrix)
        case Map("sqrt" | "reciprocal" as function, (u,)):
            inner = _logarithm(u)
            return None if inner is None else scale(inner, 0.5 if function == "sqrt" else -1.0)
        case Add():
            exponent = one_plus_exp(node)
            return None if exponent is None else apply("softplus", exponent)
        case Einsum():
            return _log_sum_exp(node) or _log_of_gather(node)
        case _:
            return None


def _log_sum_exp(node: Einsum) -> Node | None:
    """log Σ_c exp(a_c) = logsumexp_c(a_c)."""
    match node:
        case Einsum((Map("exp", (a,)),), (labels,), output) if len(set(labels)) == len(labels):
            return reduce("logsumexp", a, [axis for axis, label in enumerate(labels) if label not in output])
        case _:
            return None


def _log_of_gather(node: Einsum) -> Node | None:
    """log Σ_k P_nk [k == y_n] = Σ_k (log P_nk) [k == y_n], where P has a stable logarithm: log P_{n,y_n}."""
    gathers = [factor for factor in zip(node.operands, node.subscripts, strict=True) if _is_gather(factor[0])]
    dense = [factor for factor in zip(node.operands, node.subscripts, strict=True) if factor not in gathers]
    if len(dense) != 1 or not gathers or len(set(dense[0][1])) < len(dense[0][1]):
        return None
    ((operand, labels),) = dense
    places = [around[-1] for _, around in gathers]
    met = [label for _, around in gathers for label in around]
    summed = {label for label in labels if label not in node.output}
    if set(places) != summed or any(met.count(place) > 1 for place in places):
        return None
    inner = _logarithm(operand)
    return None if inner is None else einsum([(inner, labels), *gathers], node.output)


def _is_gather(node: Node) -> bool:
    """Whether a node is a selection that always selects."""
    return isinstance(node, Selection) and node.strict


def log1p(node: Node) -> Node:
    """log(1 + x) = log1p(x), log1p(exp(x)) = softplus(x), log1p(expm1(x)) = x."""
    match node:
        case Map("log", (Add(terms),)) if any(number(term) == 1.0 for term in terms):
            return apply("log1p", add([term for term in terms if number(term) != 1.0]))
        case Map("log1p", (Map("expm1", (x,)),)):
            return x
        case Map("log1p", (argument,)) if (exponent := _exponent(argument)) is not None:
            return apply("softplus", exponent)
        case _:
            return node


def xlogx(node: Node) -> Node:
    """x log(x) = xlogx(x), which is 0 at 0; x log(c x) = xlogx(c x) / c for c ≠ 0; x (log(x) + a) = xlogx(x) + x a."""
    return paired(node, "log", _xlogx)


def _xlogx(one: Factor, other: Factor) -> list[Factor] | None:
    match one, other:
        case (x, labels), (Map("log", (argument,)), around) if labels == around:
            return _scaled_xlogx(x, argument, labels)
        case (x, labels), (Add(terms), around) if labels == around and (logarithm := apply("log", x)) in terms:
            axes = range(len(labels))
            rest = einsum([(x, axes), (add([term for term in terms if term is not logarithm]), axes)], axes)
            return [(add([apply("xlogx", x), rest]), labels)]
        case _:
            return None


def _scaled_xlogx(x: Node, argument: Node, labels: tuple[int, ...]) -> list[Factor] | None:
    """x log(c x) = xlogx(c x) / c, else None."""
    if argument is x:
        return [(apply("xlogx", x), labels)]
    if isinstance(argument, Spread) and argument is scale(x, argument.coefficient):
        return [(scale(apply("xlogx", argument), 1 / argument.coefficient), labels)]
    return None


# -------------------------------------------------------------- exponentials


def exp_of_logarithm(node: Node) -> Node:
    """exp logsoftmax_k(a_k) = softmax_k(a_k), and exp(-x²) by its own function, which keeps the digits of x²."""
    match node:
        case Map("exp", (Axiswise("logsoftmax", a),)):
            return axiswise("softmax", a, len(a.axes) - 1)
        case Map("exp", (Spread(core=core, coefficient=-1.0) as argument,)) if (x := square(core)) is not None:
            return apply("gaussian", x) if argument is scale(core, -1.0) else node
        case _:
            return node


def softmax(node: Node) -> Node:
    """exp(a_k) / Σ_c exp(a_c) = softmax_k(a_k); with several indices in the sum exp(a_k - logsumexp_c(a_c))."""
    return paired(node, "exp", _softmax)


def _softmax(one: Factor, other: Factor) -> list[Factor] | None:
    match one, other:
        case (Map("exp", (a,)) as top, labels), (
            Map("reciprocal", (Einsum((summand,), (axes,), kept),)),
            below,
        ) if summand is top and len(set(axes)) == len(axes):
            summed = [axis for axis, label in enumerate(axes) if label not in kept]
            rest = [axis for axis in range(len(axes)) if axis not in summed]
            if tuple(labels[axis] for axis in rest) != below:
                return None
            if len(summed) == 1:
                return [(axiswise("softmax", a, summed[0]), labels)]
            total = einsum([(reduce("logsumexp", a, summed), rest)], range(len(axes)), -1.0, dict(enumerate(a.axes)))
            return [(apply("exp", add([a, total])), labels)]
        case _:
            return None


def sigmoid(node: Node) -> Node:
    """1 / (1 + exp(-x)) = sigmoid(x), and exp(x) sigmoid(-x) = exp(x) / (1 + exp(x)) = sigmoid(x)."""
    match node:
        case Map("reciprocal", (argument,)) if (x := one_plus_exp(argument)) is not None:
            return apply("sigmoid", scale(x, -1.0))
        case _:
            return paired(node, "exp", _quotient_of_one_plus_exp)


def _quotient_of_one_plus_exp(one: Factor, other: Factor) -> list[Factor] | None:
    match one, other:
        case (Map("exp", (x,)), labels), (Map("sigmoid", (z,)), around) if labels == around and z is scale(x, -1.0):
            return [(apply("sigmoid", x), labels)]
        case _:
            return None


def logistic_density(node: Node) -> Node:
    """sigmoid(x) sigmoid(-x) = sigmoid′(x)."""
    return paired(node, "sigmoid", _logistic_density)


def _logistic_density(one: Factor, other: Factor) -> list[Factor] | None:
    match one, other:
        case (Map("sigmoid", (x,)), labels), (Map("sigmoid", (z,)), around) if labels == around and z is scale(x, -1.0):
            return [(apply("logistic_density", x), labels)]
        case _:
            return None


def even(node: Node) -> Node:
    """f(-x) = f(x) for the even functions that the rules make."""
    match node:
        case Map(function, (Spread(coefficient=c) as x,)) if c < 0 and function in EVEN:
            return apply(function, scale(x, -1.0))
        case _:
            return node


def one_plus_exp(node: Node) -> Node | None:
    """x for 1 + exp(x), else None."""
    match node:
        case Add((one, other)) if number(one) == 1.0:
            return _exponent(other)
        case Add((other, one)) if number(one) == 1.0:
            return _exponent(other)
        case _:
            return None


def _exponent(node: Node) -> Node | None:
    """x for exp(x), and x + log(c) for c exp(x) with c > 0, whatever the order of the axes, else None."""
    match node:
        case Map("exp", (x,)):
            return x
        case Spread(core=Map("exp", (x,)), placing=placing, ties=ties, coefficient=c, shape=shape):
            if node.tied or c <= 0:
                return None
            laid = lay(x, placing, ties, 1.0, shape)
            return laid if c == 1.0 else add([laid, _repeated(constant(math.log(c)), laid)])
        case _:
            return None


# --------------------------------------------------------------- complements


def complement(node: Add) -> Node:
    """1 - sigmoid(x) = sigmoid(-x), 1 - tanh(x)² = 1 / cosh(x)², exp(x) - 1 = expm1(x), 1 ∓ erf(x) = erfc(±x).

    Also c times that, and among other terms.
    """
    for one in node.terms:
        c = number(one)
        for term in node.terms if c else ():
            core, coefficient = (term.core, term.coefficient) if isinstance(term, Spread) else (term, 1.0)
            found = None if c is None or term is one or term.tied else _complement(core, coefficient / c)
            if found is not None and c is not None:
                return add([scale(_like(term, found), c), *(other for other in node.terms if other not in (one, term))])
    return node


def _like(term: Node, core: Node) -> Node:
    """`core` laid out as that of `term`, without its number."""
    return lay(core, term.placing, term.ties, 1.0, term.shape) if isinstance(term, Spread) else core


def _complement(core: Node, coefficient: float) -> Node | None:
    """1 + `coefficient` `core` by a function that does not cancel, else None."""
    match core, coefficient:
        case Map("sigmoid", (x,)), -1.0:
            return apply("sigmoid", scale(x, -1.0))
        case Map("exp", (x,)), -1.0:
            return scale(apply("expm1", x), -1.0)
        case Map("erf", (x,)), (1.0 | -1.0):
            return apply("erfc", scale(x, -coefficient))
        case Einsum(), -1.0:
            match square(core):
                case Map("tanh", (x,)):
                    return apply("sech_squared", x)
        case _:
            pass
    return None
