"""Gathers, offsets, brackets of positions and linear algebra as text, and what gives their indices a size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import einderiv as ed
from einderiv import ir
from einderiv.check import solve_sizes
from einderiv.ir import Affine, Dim, Input, Node
from einderiv.render import Context, Output, Read, einsum_steps, program_text


def dims(letters: str) -> tuple[Dim, ...]:
    return tuple(Dim(letter.upper()) for letter in letters)


def tensor(name: str, letters: str, symmetric: bool = False) -> Input:
    return Input(name, dims(letters), symmetric)


def at(index: Node, letter: str, strict: bool = True) -> Node:
    return ir.select(index, Dim(letter.upper()), strict=strict)


def places(text: str, constant: int = 0) -> Affine:
    """`places("2i-k", 1)`: 2 i - k + 1."""
    pieces = text.replace("-", "+-").split("+")
    terms = [(piece[:-1], piece[-1]) for piece in pieces if piece]
    factors = tuple(int(factor + "1") if factor in ("", "-") else int(factor) for factor, _ in terms)
    return Affine(factors, constant, dims("".join(letter for _, letter in terms)))


def product(output: str, *operands: tuple[Node, str], c: float = 1.0) -> Node:
    return ir.einsum(operands, output, c)


E, t, x, w, Q = tensor("E", "kd"), tensor("t", "n"), tensor("x", "p"), tensor("w", "k"), tensor("Q", "nk")
W, D, A, b = tensor("W", "ip"), tensor("D", "qp"), tensor("A", "ii"), tensor("b", "i")
known = {leaf.name: (leaf, tuple(dim.name.lower() for dim in leaf.axes)) for leaf in (E, t, x, w, Q, W, D, A, b)}
known["A"] = (A, ("i", "j"))
shift, twice = at(places("i+k"), "p"), at(places("2i", 1), "p")
tᵀ = product("mn", (tensor("u", "nm"), "nm"))
best = ir.reduce("argmax", Q, [1])


def lines(node: Node, letters: str | None = None, **definitions: tuple[Node, tuple[str, ...]]) -> list[str]:
    return program_text(
        [Output("y", node, tuple(letters) if letters is not None else None)], Context(known, definitions)
    ).splitlines()


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (product("nd", (E, "kd"), (at(t, "k"), "nk")), "y_nd = E_{t_n,d}"),
        (product("nd", (E, "kd"), (at(t, "k", strict=False), "nk")), "y_nd = E_kd [k == t_n]"),
        (product("nk", (Q, "nk"), (at(t, "k"), "nk")), "y_nk = Q_nk [k == t_n]"),
        (product("", (Q, "nk"), (at(t, "k"), "nk"), c=-1.0), "y = -Q_{n,t_n}"),
        (product("n", (Q, "nk"), (Q, "nk"), (at(t, "k"), "nk")), "y_n = Q_{n,t_n}^2"),
        (product("", (Q, "nk"), (Q, "nk"), (at(t, "k"), "nk")), "y = sum_n Q_{n,t_n} Q_{n,t_n}"),
        (product("nmd", (E, "kd"), (at(tᵀ, "k"), "mnk")), "y_nld = E_{u_nl,d}"),
        (product("i", (W, "ip"), (at(places("", 0), "p"), "p")), "y_i = W_{i,0}"),
        (product("i", (x, "p"), (shift, "ikp"), (w, "k")), "y_i = x_{i+k} w_k"),
        (product("i", (x, "p"), (twice, "ip")), "y_i = x_{2i+1}"),
        (product("i", (x, "p"), (at(places("-i", 3), "p"), "ip")), "y_i = x_{3-i}"),
        (product("i", (x, "p"), (at(places("i", -1), "p"), "ip")), "y_i = x_{i-1}"),
        (product("i", (x, "p"), (at(places("i"), "p"), "ip")), "y_i = x_{i+0}"),
        (product("ip", (shift, "ikp"), (w, "k")), "y_ip = w_k [p == i + k]"),
        (product("p", (shift, "ikp"), (tensor("g", "i"), "i"), (w, "k")), "y_p = g_i [p == i + k] w_k"),
        (ir.einsum([(twice, "ip")], "ip", 3.0), "y_ip = 3 [p == 2 i + 1]"),
        (at(places("-i", 3), "p"), "y_ip = [p == 3 - i]"),
        (at(places("i"), "p"), "y_ip = [p == i]"),
        (at(places("", 2), "p"), "y_p = [p == 2]"),
        (product("", (ir.select(t, Dim("N"), strict=False), "nn")), "y = sum_n [n == t_n]"),
        (product("k", (at(t, "k", strict=False), "nk")), "y_k = sum_n [k == t_n]"),
        (product("ik", (W, "ip"), (shift, "ikp")), "y_ik = W_ip [p == i + k]"),
        (product("i", (D, "qp"), (at(places("i"), "q"), "iq"), (twice, "ip")), "y_i = D_{i+0,2i+1}"),
        (product("i", (ir.apply("exp", x), "p"), (twice, "ip")), "y_i = [p == 2 i + 1] exp(x_p)"),
        (product("k", (Input("∂E/∂a", dims("p")), "p"), (shift, "ikp"), (b, "i")), "y_k = b_i [p == i + k] ∂E/∂a_p"),
        (product("d", (E, "kd"), (at(tensor("m", ""), "k"), "k")), "y_d = E_kd [k == m]"),
        (ir.einsum([(ir.algebra("inv", A), "ij")], "ji", -1.0), "y_ij = -inv(A)_ji"),
        (product("", (ir.algebra("inv", A), "ii")), "y = inv(A)_ii"),
        (product("ji", (ir.algebra("det", A), ""), (ir.algebra("inv", A), "ij")), "y_ij = det(A) inv(A)_ji"),
        (ir.algebra("solve", A, b), "y_i = solve(A, b)_i"),
        (ir.algebra("logdet", tensor("B", "kii")), "y_k = logdet(B)_k"),
        (best, "y_n = argmax_k(Q_nk)"),
    ],
)  # fmt: skip
def test_a_lookup_reads_as_one_writes_it(node: Node, expected: str) -> None:
    assert lines(node)[-1] == expected


def test_integers_that_are_computed_are_looked_up_by_name() -> None:
    found = lines(product("n", (Q, "nk"), (at(best, "k"), "nk")))
    assert found == ["u_n = argmax_k(Q_nk)", "y_n = Q_{n,u_n}"]
    best_n = product("n", (Q, "nk"), (at(best, "k"), "nk"))
    assert lines(best_n, best=(best, ("n",))) == ["best_n = argmax_k(Q_nk)", "y_n = Q_{n,best_n}"]


def test_linear_algebra_speaks_of_names() -> None:
    turned = product("ji", (A, "ij"))
    assert lines(ir.algebra("solve", turned, b)) == ["u_ij = A_ji", "y_i = solve(u, b)_i"]
    assert lines(ir.algebra("solve", turned, b), B=(turned, ("i", "j"))) == ["B_ij = A_ji", "y_i = solve(B, b)_i"]
    total = ir.add([A, tensor("B", "ii")])
    assert lines(ir.algebra("det", total)) == ["u_ij = A_ij + B_ij", "y = det(u)"]


def test_a_transposed_definition_is_no_argument_under_its_own_name() -> None:
    X = ir.apply("exp", A)
    text = lines(ir.algebra("inv", X), B=(product("ji", (X, "ij")), ("i", "j")))
    assert text == ["u_ij = exp(A_ij)", "y_ij = inv(u)_ij"]


def test_a_symmetric_matrix_is_declared() -> None:
    S = tensor("S", "ii", symmetric=True)
    text = program_text([Output("y", product("", (S, "ij"), (S, "ij")))], Context({"S": (S, ("i", "j"))}))
    assert text == "S ∈ R^{I×I} symmetric\ny = S_ij S_ij\n"


def test_an_offset_sizes_its_index_as_in_the_source() -> None:
    reads = [Read(Dim("P"), (1, 1), dims("ik"), 0, "x", 0)]
    node = product("ik", (x, "p"), (shift, "ikp"))
    context = Context({"x": known["x"], "w": known["w"]}, reads=reads)
    assert program_text([Output("y", node, ("i", "k"))], context) == "w ∈ R^K\nindex k: K\ny_ik = x_{i+k}\n"


def test_an_index_that_an_array_has_is_declared_although_an_offset_would_size_it() -> None:
    node = product("i", (x, "p"), (at(places("i", 1), "p"), "ip"))
    assert lines(node) == ["W ∈ R^{I×P}", "index i: I", "y_i = x_{i+1}"]


def test_an_index_that_another_offset_limits_more_is_sized_by_both() -> None:
    reads = [Read(Dim("P"), (1,), dims("i"), 0, "x", 0), Read(Dim("P"), (1,), dims("i"), 1, "x", 0)]
    node = product("i", (x, "p"), (at(places("i"), "p"), "ip"))
    context = Context({"x": known["x"]}, reads=reads)
    assert program_text([Output("y", node, ("i",))], context) == "index i: I\nt_i = x_{i+1}\ny_i = x_{i+0}\n"


def test_brackets_with_letters_keep_them_apart_from_scalars() -> None:
    node = product("kd", (E, "kd"), (at(tensor("k", ""), "k", strict=False), "k"))
    assert lines(node)[-1] == "y_ld = E_ld [l == k]"


CONVOLUTION = "y_i = x_{i+k} w_k"
STRIDED = "h_i = tanh(x_{i+k} w_k)\ny_i = h_{2i+k} v_k"
GOLDEN: dict[str, tuple[Callable[[], ed.Function], str]] = {
    "convolution by the signal": (
        lambda: ed.jacobian(CONVOLUTION, wrt="x"),
        "x ∈ R^P\nindex i: I\nindex p: P\ny_i = x_{i+k} w_k\n# ∂y_i/∂x_p\ndydx_ip = w_k [p == i + k]",
    ),
    "convolution by the filter": (
        lambda: ed.jacobian(CONVOLUTION, wrt="w"),
        "w ∈ R^K\nindex k: K\n# ∂y_i/∂w_k\ndydw_ik = x_{i+k}",
    ),
    "gather": (
        lambda: ed.jacobian("y_i = x_{t_i}", wrt="x"),
        "x ∈ R^P\nindex p: P\n# ∂y_i/∂x_p\ndydx_ip = [p == t_i]",
    ),
    "cross entropy": (
        lambda: ed.grad("A_nc = X_nd W_dc\nL = -sum_n (A_{n,t_n} - log(sum_k exp(A_nk)))", wrt="W"),
        "A_nc = X_nd W_dc\n# ∂L/∂W_dc\ndLdW_dc = X_nd (softmax_c(A_nc) - [c == t_n])",
    ),
    "strided": (
        lambda: ed.jacobian("f_ij = x_{2i,j}", wrt="x"),
        "x ∈ R^{P×J}\nindex i: I\nindex j, k: J\nindex p: P\nf_ij = x_{2i,j}\n"
        "# ∂f_ij/∂x_pk\ndfdx_ijpk = δ_jk [p == 2 i]",
    ),
    "determinant": (
        lambda: ed.grad("f = det(X)", wrt="X"),
        "f = det(X)\n# ∂f/∂X_pq\ndfdX_pq = f inv(X)_qp",
    ),
    "hessian of a determinant's logarithm": (
        lambda: ed.hessian("f = logdet(X)", wrt="X"),
        "# ∂²f/∂X_pq∂X_ij\nd2fdXdX_pqij = -inv(X)_jp inv(X)_qi",
    ),
    "transposed argument": (
        lambda: ed.grad("B_ij = A_ji\nf = logdet(B)", wrt="A"),
        "# ∂f/∂A_ji\ndfdA_ji = inv(A)_ij",
    ),
    "batch": (
        lambda: ed.grad("L = sum_b logdet(A)_b", wrt="A"),
        "# ∂L/∂A_bpq\ndLdA_bpq = inv(A)_bqp",
    ),
}  # fmt: skip

ASKS: dict[str, Callable[[], ed.Function]] = {
    **{name: ask for name, (ask, _) in GOLDEN.items()},
    "two convolutions": lambda: ed.jacobian(STRIDED, wrt="x"),
    "gradient of two convolutions": lambda: ed.grad(f"{STRIDED}\nL = y_i^2", wrt=["x", "w", "v"]),
    "tangent": lambda: ed.jvp(CONVOLUTION, of="y", wrt=["x", "w"]),
    "cotangent": lambda: ed.vjp(CONVOLUTION, of="y", wrt=["x", "w"]),
    "hessian of a convolution": lambda: ed.hessian(f"{CONVOLUTION}\nL = y_i^2", wrt=["x", "w"]),
    "stencil": lambda: ed.jacobian("y_ij = x_{i+2,j} - 2 x_{i+1,j} + x_{i+0,j}", wrt="x"),
    "mean": lambda: ed.jacobian("y_i = x_{i+1} - mean_j(x_{j+1})", wrt="x"),
    "maximum of pairs": lambda: ed.jacobian("y_i = max(x_{2i}, x_{2i+1})", wrt="x"),
    "diagonal": lambda: ed.jacobian("y_i = W_{i,i+1}", wrt="W"),
    "positions": lambda: ed.jacobian("y_i = W_{i,0} x_{1}", wrt=["W", "x"]),
    "embedding": lambda: ed.hessian("v_nd = E_{t_n,d}\nL = sum_n exp(v_nd w_d)", wrt=["E", "w"]),
    "computed integers": lambda: ed.grad("k_n = argmax_c(A_nc)\nL = sum_n E_{k_n,d} A_{n,k_n} g_d", wrt="E"),
    "gather of a gather": lambda: ed.grad("L = sum_n x_{t_{s_n}}^2", wrt="x"),
    "cholesky": lambda: ed.grad("C_ij = cholesky(S)_ij\nL = sum_{i,j} C_ij^2 a_i", wrt="S"),
    "solution": lambda: ed.grad("x_i = solve(A, b)_i\nL = x_i x_i c_i", wrt=["A", "b"]),
    "product with a primed index": lambda: ed.jacobian("a = prod_i(x_i) + prod_i'(x_i' y_i')", wrt="x"),
    "derivative of a product along a primed index": lambda: ed.jacobian("K_i = prod_i'(x_i x_i')", wrt="x"),
    "symmetric": lambda: ed.grad("S ∈ R^{N×N} symmetric\nf = logdet(S) + x_i inv(S)_ij x_j", wrt="S"),
    "symmetric hessian": lambda: ed.hessian("S ∈ R^{N×N} symmetric\nf = x_i S_ij x_j S_kl S_lk", wrt="S"),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_a_derivative_is_printed_as_a_person_writes_it(name: str) -> None:
    ask, text = GOLDEN[name]
    assert str(ask()) == text


def arrays_for(function: ed.Function) -> dict[str, np.ndarray]:
    """Arrays that fit: integers 0 and 1 for s and t, matrices near the identity, long axes where offsets read."""
    rng = np.random.default_rng(0)
    checked = function._checked
    own = {read.dim for read in checked.reads}
    fixed = {dim for argument in function.program.checked.inputs.values() for dim in argument.node.axes}
    derived = {dim for read in checked.reads for dim in read.dims} - fixed
    shapes = {
        name: tuple(dim.size or (12 if dim in own else 3) for dim in argument.node.axes)
        for name, argument in checked.inputs.items()
        if not derived.intersection(argument.node.axes)
    }
    sizes = solve_sizes(checked, shapes, derived) if derived else {}
    found = {}
    for name, argument in checked.inputs.items():
        shape = shapes.get(name) or tuple(sizes.get(dim, dim.size or 3) for dim in argument.node.axes)
        found[name] = 0.3 * rng.normal(size=shape)
        if name in ("s", "t"):
            found[name] = rng.integers(0, 2, shape)
        elif name in ("A", "S", "X") and shape[-1] == shape[-2]:
            found[name] = found[name] + np.swapaxes(found[name], -1, -2) + 2 * np.eye(shape[-1])
    return found


def flat(result: object) -> list[np.ndarray]:
    """The arrays of a result, in order."""
    match result:
        case dict():
            return [array for part in result.values() for array in flat(part)]
        case tuple():
            return [array for part in result for array in flat(part)]
        case _:
            return [np.asarray(result)]


@pytest.mark.parametrize("name", ASKS)
def test_a_printed_function_reads_back_to_the_same_numbers(name: str) -> None:
    function = ASKS[name]()
    arrays = arrays_for(function)
    expected = flat(function(arrays))
    again = ed.parse(str(function))
    values = ed.evaluate(again, {key: array for key, array in arrays.items() if key in again.inputs})
    for asked, wanted in zip(function._asked, expected, strict=True):
        np.testing.assert_allclose(values[asked.name], wanted, rtol=1e-11, atol=1e-12)
    assert str(function).splitlines()[-1].startswith(f"{function._asked[-1].name}_")


def test_selections_are_operands_of_einsums() -> None:
    context = Context(known)
    conv = product("i", (x, "p"), (shift, "ikp"), (w, "k"))
    assert [str(step) for step in einsum_steps([Output("y", conv, ("i",))], context)] == [
        'y = einsum("j,k,ijk->i", w, x, [k == i + j])'
    ]
    gathered = product("nd", (E, "kd"), (at(t, "k"), "nk"))
    assert [str(step) for step in einsum_steps([Output("y", gathered, ("n", "d"))], context)] == [
        'y = einsum("id,ni->nd", E, [i == t_n])'
    ]
    scaled = ir.einsum([(at(t, "k"), "nk"), (ir.identity(Dim("D")), "de")], "nkde", 2.0)
    assert [str(step) for step in einsum_steps([Output("y", scaled, tuple("nkde"))], context)] == [
        'y = 2 * einsum("de,nk->nkde", δ, [k == t_n])'
    ]


def test_linear_algebra_stands_between_einsums() -> None:
    node = product("j", (ir.algebra("inv", A), "ij"), (b, "i"))
    assert [str(step) for step in einsum_steps([Output("y", node, ("j",))], Context(known))] == [
        "u_ij = inv(A)_ij",
        'y = einsum("i,ij->j", b, u)',
    ]
