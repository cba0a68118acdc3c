"""Every local rule, in reverse and forward mode and to second order, against differences of values."""

import numpy as np
import pytest
from reference import differences, evaluate

from einderiv.diff import jacobians, pullbacks, seed, tangent
from einderiv.ir import (
    Affine,
    Dim,
    Input,
    Node,
    add,
    algebra,
    apply,
    axiswise,
    constant,
    einsum,
    identity,
    lay,
    reduce,
    scale,
    select,
    topological,
)
from einderiv.simplify import simplify

I, J, K = Dim("I"), Dim("J"), Dim("K")
SIZES = {I: 3, J: 4, K: 2}
W, x, y, M, v = Input("W", (I, J)), Input("x", (J,)), Input("y", (J,)), Input("M", (I, I)), Input("v", (I,))
p, q = Input("p", (J,)), Input("q", (J,))
RNG = np.random.default_rng(7)
ARRAYS = {
    "W": RNG.normal(size=(3, 4)),
    "x": RNG.normal(size=4),
    "y": RNG.normal(size=4),
    "M": RNG.normal(size=(3, 3)),
    "v": RNG.normal(size=3),
    "p": RNG.uniform(0.5, 2, size=4),
    "q": RNG.uniform(0.1, 0.9, size=4),
}
Wx = einsum([(W, "ij"), (x, "j")], "i")
LAYER = apply("tanh", Wx)

CASES: dict[str, tuple[Node, list[Input]]] = {
    "product": (Wx, [W, x]),
    "trace": (einsum([(M, "ii")], ""), [M]),
    "diagonal": (einsum([(M, "ii")], "i"), [M]),
    "power of a matrix": (einsum([(M, "ij"), (M, "jk"), (M, "kl")], "il"), [M]),
    "sum over one factor": (einsum([(W, "ij")], "i"), [W]),
    "sum with a delta": (add([identity(I), M, einsum([(M, "ij")], "ji")]), [M]),
    "repeated along an axis": (add([einsum([(LAYER, "i")], "ij", dims={"j": J}), W]), [W, x]),
    "logsumexp of a layer": (
        einsum([(reduce("logsumexp", einsum([(LAYER, "i"), (W, "ij")], "ij"), [1]), "i")], ""),
        [W],
    ),
    "pow by a number": (apply("pow", p, lay(constant(2.5), (), (0,), 1.0, (J,))), [p]),
    "pow by a tensor": (apply("pow", p, x), [p, x]),
    "atan2": (apply("atan2", x, y), [x, y]),
    "max of two": (apply("max", x, y), [x, y]),
    "min of two": (apply("min", x, y), [x, y]),
    "where": (apply("where", apply("greater", x, y), apply("exp", x), apply("sin", y)), [x, y]),
}
for name in ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "asinh", "sigmoid", "softplus", "relu", "erf"):
    CASES[name] = (apply(name, x), [x])
for name in ("expm1", "abs", "sign", "square"):
    CASES[name] = (apply(name, x), [x])
for name in ("log", "sqrt", "log1p", "reciprocal", "inverse_or_zero"):
    CASES[name] = (apply(name, p), [p])
for name in ("asin", "acos", "atanh"):
    CASES[name] = (apply(name, q), [q])
CASES["acosh"] = (apply("acosh", apply("exp", p)), [p])
for name in ("max", "min", "prod", "logsumexp", "norm"):
    for axes in ([0], [1], [0, 1]):
        CASES[f"{name} over {axes}"] = (reduce(name, W, axes), [W])
for name in ("softmax", "logsoftmax", "cumsum", "cumsum_reverse", "cofactor"):
    for axis in (0, 1):
        CASES[f"{name} along {axis}"] = (axiswise(name, W, axis), [W])

S = Input("S", (I, I))
B2 = Input("B2", (K, I, I))
spd = add([einsum([(M, "ik"), (M, "jk")], "ij"), identity(I)])
batch = add([einsum([(B2, "bik"), (B2, "bjk")], "bij"), einsum([(identity(I), "ij")], "bij", 3.0, {"b": K})])
ARRAYS["B2"] = RNG.normal(size=(2, 3, 3))
ARRAYS["C"] = RNG.normal(size=(3, 4, 2))
ARRAYS["t"] = np.array([2, 0, 2, 1])
C, t = Input("C", (I, J, K)), Input("t", (J,))
for name in ("inv", "det", "logdet", "cholesky"):
    CASES[name] = (algebra(name, spd), [M])
    CASES[f"{name} of several"] = (algebra(name, batch), [B2])
firm = add([M, scale(identity(I), 4.0)])
CASES["inv of any matrix"] = (algebra("inv", firm), [M])
CASES["det of any matrix"] = (algebra("det", M), [M])
CASES["solve for a vector"] = (algebra("solve", spd, v), [M, v])
CASES["solve for columns"] = (algebra("solve", spd, C), [M, C])
CASES["a form of a solution"] = (einsum([(algebra("solve", firm, W), "ij"), (W, "ij"), (x, "j")], ""), [M, W])
CASES["solve for several"] = (algebra("solve", batch, einsum([(v, "i")], "bi", dims={"b": K})), [B2, v])
GATHERED = einsum([(W, "ij"), (select(t, I, strict=True), "ki")], "kj")
CASES["gather"] = (apply("tanh", GATHERED), [W])
CASES["gather of a diagonal"] = (einsum([(W, "ij"), (select(t, I, strict=True), "ji")], "j"), [W])
WINDOW = select(Affine((1, 1), 0, (I, K)), J, strict=True)
CASES["convolution"] = (
    apply("exp", einsum([(x, "p"), (WINDOW, "ikp"), (Input("w", (K,)), "k")], "i")),
    [x, Input("w", (K,))],
)
CASES["strided"] = (einsum([(x, "p"), (select(Affine((2,), 1, (K,)), J, strict=True), "kp")], "k"), [x])
CASES["fixed position"] = (einsum([(W, "ij"), (select(Affine((), 2, ()), I, strict=True), "i")], "j"), [W])
ARRAYS["w"] = RNG.normal(size=2)


def close(node: Node, expected: np.ndarray, tolerance: float = 1e-8) -> None:
    scale = 1 + np.abs(expected).max()
    np.testing.assert_allclose(evaluate(node, ARRAYS, SIZES), expected, rtol=0, atol=tolerance * scale)


def forward(node: Node, leaf: Input) -> Node:
    rank, count = len(node.axes), len(leaf.axes)
    made = tangent(node, {leaf: seed(leaf)}, count)
    return einsum([(made, [*range(rank, rank + count), *range(rank)])], range(rank + count))


@pytest.mark.parametrize("case", CASES)
def test_first_and_second_derivatives_are_those_of_the_values(case: str):
    node, leaves = CASES[case]
    for leaf, first in jacobians(node, leaves).items():
        expected = differences(node, leaf, ARRAYS, SIZES)
        close(first, expected)
        close(pullbacks(node, [leaf], seed(node))[leaf], expected)
        close(forward(node, leaf), expected)
        (tidy,) = simplify([first])
        close(tidy, expected)
        for other, second in jacobians(tidy, leaves).items():
            close(second, differences(tidy, other, ARRAYS, SIZES))
            close(forward(tidy, other), evaluate(second, ARRAYS, SIZES), 1e-12)


@pytest.mark.parametrize("case", CASES)
def test_a_vector_times_the_jacobian_needs_no_jacobian(case: str):
    node, leaves = CASES[case]
    g = Input("g", node.axes)
    value = RNG.normal(size=[SIZES[dim] for dim in node.axes])
    for leaf in leaves:
        pulled = pullbacks(node, [leaf], g)[leaf]
        pushed = tangent(node, {leaf: leaf}, 0)
        jacobian = evaluate(jacobians(node, [leaf])[leaf], ARRAYS, SIZES)
        arrays = {**ARRAYS, "g": value}
        np.testing.assert_allclose(
            evaluate(pulled, arrays, SIZES), np.tensordot(value, jacobian, value.ndim), rtol=1e-10, atol=1e-10
        )
        direction = ARRAYS[leaf.name]
        np.testing.assert_allclose(
            evaluate(pushed, ARRAYS, SIZES), np.tensordot(jacobian, direction, direction.ndim), rtol=1e-10, atol=1e-10
        )


def test_a_product_with_zeros_has_its_derivatives():
    arrays = {"x": np.array([2.0, 0.0, 3.0, 5.0])}
    product = reduce("prod", x, [0])
    gradient = jacobians(product, [x])[x]
    hessian = jacobians(gradient, [x])[x]
    np.testing.assert_allclose(evaluate(gradient, arrays, SIZES), [0, 30, 0, 0])
    np.testing.assert_allclose(evaluate(hessian, arrays, SIZES), differences(gradient, x, arrays, SIZES), atol=1e-9)
    arrays = {"x": np.array([2.0, 0.0, 0.0, 5.0])}
    np.testing.assert_allclose(evaluate(gradient, arrays, SIZES), np.zeros(4))
    expected = np.zeros((4, 4))
    expected[1, 2] = expected[2, 1] = 10
    np.testing.assert_allclose(evaluate(hessian, arrays, SIZES), expected)


def test_kinks_have_the_stated_slopes():
    arrays = {"x": np.array([0.0, 1.0, 1.0, -1.0]), "y": np.array([0.0, 1.0, 0.0, 0.0])}
    for name, slopes in {"abs": [0, 1, 1, -1], "relu": [0, 1, 1, 0], "sign": [0, 0, 0, 0]}.items():
        slope = tangent(apply(name, x), {x: einsum([], "j", dims={"j": J})}, 0)
        np.testing.assert_array_equal(evaluate(slope, arrays, SIZES), slopes)
    shares = jacobians(apply("max", x, y), [x])[x]
    np.testing.assert_array_equal(np.diag(evaluate(shares, arrays, SIZES)), [0.5, 0.5, 1, 0])
    shares = jacobians(reduce("max", x, [0]), [x])[x]
    np.testing.assert_array_equal(evaluate(shares, arrays, SIZES), [0, 0.5, 0.5, 0])
    at_zero = jacobians(reduce("norm", x, [0]), [x])[x]
    np.testing.assert_array_equal(evaluate(at_zero, {"x": np.zeros(4)}, SIZES), np.zeros(4))


def test_a_jacobian_keeps_its_delta():
    jacobian = jacobians(Wx, [W])[W]
    assert jacobian is einsum([(identity(I), "ik"), (x, "l")], "ikl")
    residual = add([Input("T", (I, J)), einsum([(v, "i"), (y, "j")], "ij", -1.0)])
    loss = einsum([(residual, "ij"), (residual, "ij")], "")
    hessian = jacobians(jacobians(loss, [v])[v], [v])[v]
    assert hessian is einsum([(identity(I), "ik"), (y, "j"), (y, "j")], "ik", 2.0)


def nodes_of_residual_jacobian(layers: int) -> int:
    h: Node = v
    for _ in range(layers):
        h = add([h, apply("tanh", einsum([(M, "ij"), (h, "j")], "i"))])
    return len(topological(jacobians(h, [v]).values()))


def test_the_jacobian_of_a_residual_network_grows_linearly():
    assert nodes_of_residual_jacobian(120) < 2.1 * nodes_of_residual_jacobian(60)
