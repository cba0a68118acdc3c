"""The functions that users call: what each takes, gives and prints."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import einderiv as ed

SOFTMAX = """
A_nk = X_nd W_dk + b_k
F_nk = A_nk - log(sum_c exp(A_nc))
L = -y_nk F_nk
∂L/∂W_dk
"""
STEP = """
L = -y_nk logsoftmax_k(X_nd W_dk)
W2_dk = W_dk - 0.1 ∂L/∂W_dk
M = -y_nk logsoftmax_k(X_nd W2_dk)
"""

Arrays = dict[str, np.ndarray]


@pytest.fixture
def data() -> Arrays:
    rng = np.random.default_rng(0)
    X, W, b = rng.normal(size=(6, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    return {"X": X, "W": W, "b": b, "y": np.eye(3)[rng.integers(3, size=6)]}


def leaf(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array, requires_grad=True)


def softmax_loss(X: torch.Tensor, W: torch.Tensor, b: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return -(y * torch.log_softmax(X @ W + b, 1)).sum()


def gradients(data: Arrays, *names: str) -> Arrays:
    """The gradients of the softmax loss by PyTorch."""
    tensors = {name: leaf(array) for name, array in data.items()}
    found = torch.autograd.grad(softmax_loss(**tensors), [tensors[name] for name in names])
    return {name: gradient.numpy() for name, gradient in zip(names, found, strict=True)}


def hessian(function: Callable[..., torch.Tensor], *point: np.ndarray, by: tuple[int, int] = (0, 0)) -> torch.Tensor:
    """The second derivative by arguments `by` by PyTorch, in reverse mode twice."""
    first = torch.func.jacrev(function, argnums=by[0])
    return torch.func.jacrev(first, argnums=by[1])(*map(torch.tensor, point))


def close(left: object, right: object, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance)


# ------------------------------------------------------------------ programs


def test_a_program_says_what_it_takes_and_gives() -> None:
    net = ed.parse(SOFTMAX)
    assert net.inputs == ("X", "W", "b", "y")
    assert net.outputs == ("A", "F", "L", "∂L/∂W_dk")
    assert str(net) == SOFTMAX == net.text
    assert repr(net) == "<einderiv.Program <text>: A, F, L, ∂L/∂W_dk>"


def test_an_equation_of_a_program_is_a_function(data: Arrays) -> None:
    net = ed.parse(SOFTMAX)
    assert str(net["A"]) == "A_nk = X_nd W_dk + b_k"
    close(net["A"](data), data["X"] @ data["W"] + data["b"])
    close(net["∂L/∂W_dk"](data), gradients(data, "W")["W"])
    with pytest.raises(ed.EinNameError, match="no tensor `Q`"):
        net["Q"]


def test_a_program_is_read_from_a_file(tmp_path: Path, data: Arrays) -> None:
    path = tmp_path / "softmax.ein"
    path.write_text(SOFTMAX, encoding="utf-8-sig")
    for where in (path, str(path)):
        close(ed.grad(ed.load(where), of="L", wrt="W")(data), gradients(data, "W")["W"])
    path.write_text("a_i = W_ij x_k", encoding="utf-8")
    with pytest.raises(ed.EinError) as caught:
        ed.load(path)
    assert f"{path}:1:" in str(caught.value)
    with pytest.raises(FileNotFoundError):
        ed.load(tmp_path / "none.ein")


def test_a_program_pickles(data: Arrays) -> None:
    net = ed.parse(SOFTMAX, "softmax.ein")
    ed.grad(net, of="L", wrt="W")(data)
    again = pickle.loads(pickle.dumps(net))
    assert (again.outputs, repr(again)) == (net.outputs, repr(net))
    np.testing.assert_array_equal(ed.grad(again, of="L", wrt="W")(data), ed.grad(net, of="L", wrt="W")(data))


def test_what_is_no_program_is_refused() -> None:
    for thing in (Path("softmax.ein"), b"y = x", None):
        with pytest.raises(ed.EinTypeError, match="expected a program or its text"):
            ed.grad(thing)  # type: ignore[arg-type]


def test_evaluate_gives_every_equation_and_query_by_name(data: Arrays) -> None:
    values = ed.evaluate(SOFTMAX, data)
    assert list(values) == ["A", "F", "L", "∂L/∂W_dk"]
    A = data["X"] @ data["W"] + data["b"]
    F = A - np.log(np.exp(A).sum(1, keepdims=True))
    close(values["A"], A)
    close(values["F"], F)
    close(values["L"], -(data["y"] * F).sum())
    close(values["∂L/∂W_dk"], gradients(data, "W")["W"])


def test_a_query_with_an_index_twice_is_summed() -> None:
    M = np.arange(9.0).reshape(3, 3)
    values = ed.evaluate("v_i = M_ij x_j\n∂v_i/∂x_i", M=M, x=np.ones(3))
    assert values["∂v_i/∂x_i"] == np.trace(M)


def test_a_program_without_equations_has_no_values() -> None:
    assert ed.evaluate("") == {}
    for ask in (ed.function, ed.grad, ed.jacobian):
        with pytest.raises(ed.EinNameError, match="no equation"):
            ask("# nothing yet")


# --------------------------------------------------------------------- calls


def test_function_gives_the_last_equation_unless_another_is_named(data: Arrays) -> None:
    close(ed.function(SOFTMAX)(data), ed.evaluate(SOFTMAX, data)["L"])
    close(ed.function(SOFTMAX, of="A")(data), ed.evaluate(SOFTMAX, data)["A"])
    several = ed.function(SOFTMAX, of=["F", "A"])(data)
    assert list(several) == ["F", "A"]
    assert list(ed.function(SOFTMAX, of=["A"])(data)) == ["A"]


def test_grad_by_one_name_is_an_array_and_by_several_a_dict(data: Arrays) -> None:
    expected = gradients(data, "W", "b", "X", "y")
    close(ed.grad(SOFTMAX, of="L", wrt="W")(data), expected["W"])
    for wrt in (["W", "b"], ("b",), []):
        found = ed.grad(SOFTMAX, wrt=wrt)(data)
        assert list(found) == list(wrt)
        for name, array in found.items():
            close(array, expected[name])


def test_grad_is_by_all_inputs_unless_some_are_named(data: Arrays) -> None:
    found = ed.grad(SOFTMAX)(data)
    expected = gradients(data, "X", "W", "b", "y")
    assert set(found) == set(expected)
    for name, array in expected.items():
        close(found[name], array)


def test_labels_are_no_inputs_to_differentiate_by() -> None:
    found = ed.grad("L = x_n [k == y_n] w_k")(x=[1.0, 2.0], y=[0, 2], w=[3.0, 4.0, 5.0])
    assert set(found) == {"x", "w"}
    close(found["x"], [3.0, 5.0])
    close(found["w"], [1.0, 0.0, 2.0])


def test_value_and_grad_is_a_pair(data: Arrays) -> None:
    value, gradient = ed.value_and_grad(SOFTMAX, of="L", wrt="W")(data)
    close(value, ed.evaluate(SOFTMAX, data)["L"])
    close(gradient, gradients(data, "W")["W"])
    _, several = ed.value_and_grad(SOFTMAX, of="L", wrt=["b", "W"])(data)
    assert list(several) == ["b", "W"]


def test_jacobian_has_the_axes_of_the_top_and_then_of_the_bottom(data: Arrays) -> None:
    J = ed.jacobian(SOFTMAX, of="A", wrt="W")(data)
    close(J, np.einsum("nd,kc->nkdc", data["X"], np.eye(3)))
    several = ed.jacobian(SOFTMAX, of="A", wrt=["W", "b"])(data)
    assert {name: array.shape for name, array in several.items()} == {"W": (6, 3, 4, 3), "b": (6, 3, 3)}
    T = np.arange(10.0).reshape(5, 2)
    close(ed.jacobian("Y_ij = T_ji", wrt="T")(T=T), np.einsum("ib,ja->ijab", np.eye(2), np.eye(5)))


def test_hessian_is_a_block_or_a_dict_of_dicts_of_blocks(data: Arrays) -> None:
    tensors = {name: torch.tensor(array) for name, array in data.items()}

    def loss(W: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return softmax_loss(tensors["X"], W, b, tensors["y"])

    blocks = ed.hessian(SOFTMAX, of="L", wrt=["W", "b"])(data)
    for i, row in enumerate("Wb"):
        for j, column in enumerate("Wb"):
            close(blocks[row][column], hessian(loss, data["W"], data["b"], by=(i, j)), 1e-11)
    np.testing.assert_array_equal(ed.hessian(SOFTMAX, of="L", wrt="W")(data), blocks["W"]["W"])
    assert list(ed.hessian(SOFTMAX, wrt=["b"])(data)["b"]) == ["b"]


def test_products_are_the_jacobian_or_hessian_times_vectors(data: Arrays) -> None:
    rng = np.random.default_rng(1)
    dW, db, dF = rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=(6, 3))
    J = ed.jacobian(SOFTMAX, of="F", wrt=["W", "b"])(data)
    H = ed.hessian(SOFTMAX, of="L", wrt=["W", "b"])(data)
    tangent = ed.jvp(SOFTMAX, of="F", wrt="W")
    close(tangent(data, dW=dW), np.einsum("nkdc,dc->nk", J["W"], dW))
    both = ed.jvp(SOFTMAX, of="F", wrt=["W", "b"])(data, dW=dW, db=db)
    close(both, np.einsum("nkdc,dc->nk", J["W"], dW) + J["b"] @ db)
    cotangent = ed.vjp(SOFTMAX, of="F", wrt=["W", "b"])(data, dF=dF)
    close(cotangent["W"], np.einsum("nk,nkdc->dc", dF, J["W"]))
    close(cotangent["b"], np.einsum("nk,nkc->c", dF, J["b"]))
    close(ed.hvp(SOFTMAX, of="L", wrt="W")(data, dW=dW), np.einsum("abcd,cd->ab", H["W"]["W"], dW))
    several = ed.hvp(SOFTMAX, of="L", wrt=["W", "b"])(data, dW=dW, db=db)
    close(several["b"], np.einsum("kcd,cd->k", H["b"]["W"], dW) + H["b"]["b"] @ db)
    close(several["W"], np.einsum("abcd,cd->ab", H["W"]["W"], dW) + H["W"]["b"] @ db)


def test_the_vector_of_a_product_must_not_have_the_name_of_a_tensor() -> None:
    taken = ((ed.jvp, "y_i = W_ij dW_j"), (ed.vjp, "y_i = W_ij dy_j"), (ed.hvp, "dW = x_i x_i\nL = W_i x_i dW"))
    for ask, text in taken:
        with pytest.raises(ed.EinNameError, match=r"has a tensor `d[Wy]`") as caught:
            ask(text, wrt="W")
        assert isinstance(caught.value, LookupError)


QUERIES = {
    "∂²f/∂x_k∂A_pq": "pk,q->kpq",
    "d2(f)/d(A_pq)d(y_m)": "p,qm->pqm",
    "∂²f/∂y_j∂x_i": "ij->ji",
}


@pytest.mark.parametrize("query", QUERIES)
def test_derivative_takes_any_query(query: str) -> None:
    rng = np.random.default_rng(2)
    x, A, y = rng.normal(size=3), rng.normal(size=(3, 4)), rng.normal(size=4)
    operands = {"∂²f/∂x_k∂A_pq": (np.eye(3), y), "d2(f)/d(A_pq)d(y_m)": (x, np.eye(4)), "∂²f/∂y_j∂x_i": (A,)}
    expected = np.einsum(QUERIES[query], *operands[query])
    close(ed.derivative("f = x_i A_ij y_j", query)(x=x, A=A, y=y), expected)


def test_derivatives_of_order_three_are_those_of_torch() -> None:
    rng = np.random.default_rng(3)
    x, A = rng.normal(size=3), 0.3 * rng.normal(size=(3, 3))
    found = ed.derivative("f = exp(x_i A_ij x_j)", "∂³f/∂x_i∂x_j∂x_k")(x=x, A=A)
    a = torch.tensor(A)
    third = torch.func.jacrev(torch.func.jacrev(torch.func.grad(lambda z: torch.exp(z @ a @ z))))(torch.tensor(x))
    close(found, third)
    close(ed.derivative("f = x^4", "∂³f/∂x³")(x=2.0), 48.0)


def test_the_letters_of_a_query_say_the_diagonal_and_the_trace() -> None:
    A = np.arange(9.0).reshape(3, 3)
    f = "f = x_i A_ij x_j"
    trace = ed.derivative(f, "∂²f/∂x_i∂x_i")(x=np.ones(3), A=A)
    assert trace == 2 * np.trace(A)


def test_a_name_that_does_not_occur_gets_a_suggestion() -> None:
    for ask in (ed.grad, ed.jacobian, ed.hessian, ed.jvp, ed.vjp, ed.hvp, ed.value_and_grad):
        with pytest.raises(ed.EinNameError, match="no tensor `w`") as caught:
            ask("L = W_ij x_i x_j", of="L", wrt="w")
        assert "write `W`" in str(caught.value)
        assert isinstance(caught.value, LookupError)


def test_the_gradient_of_what_has_axes_is_refused() -> None:
    for ask in (ed.grad, ed.value_and_grad, ed.hessian, ed.hvp):
        with pytest.raises(ed.EinTypeError, match=f"`{ask.__name__}` needs a scalar, but `z_i` has 1 index") as caught:
            ask("z_i = W_ij x_j", of="z", wrt="W")
        assert isinstance(caught.value, TypeError)
        assert ("jacobian" if ask in (ed.grad, ed.value_and_grad) else "derivative(") in str(caught.value)


def test_a_gradient_by_what_is_not_used_is_zero() -> None:
    with pytest.warns(ed.EinWarning, match="`L` does not depend on `y`"):
        g = ed.grad("L = x_i x_i\nK = x_i y_i", of="L", wrt="y")
    np.testing.assert_array_equal(g(y=np.ones(3)), np.zeros(3))


# ---------------------------------------------------- derivatives in programs


def test_the_chain_rule_as_the_notes_write_it() -> None:
    text = "given ∂E/∂a_i\na_i = W_ij x_j + b_i\nG_kl = ∂E/∂a_i ∂a_i/∂W_kl"
    G = ed.function(text)
    assert str(G) == "given ∂E/∂a_i\nG_kl = ∂E/∂a_k x_l"
    e, x = np.arange(3.0), np.array([2.0, 5.0])
    for arrays in ({"dE_da": e, "x": x}, {"∂E/∂a": e, "x": x}):
        np.testing.assert_array_equal(G(arrays), np.outer(e, x))
    np.testing.assert_array_equal(ed.grad(text, of="E", wrt="W")(dE_da=e, x=x), np.outer(e, x))


def test_several_givens_of_one_scalar_add_up() -> None:
    text = "given ∂E/∂a_i\ngiven ∂E/∂c_i\na_i = W_ij x_j\nc_i = tanh(a_i)"
    rng = np.random.default_rng(4)
    W, x, e, f = rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=3), rng.normal(size=3)
    w = leaf(W)
    a = w @ torch.tensor(x)
    ((torch.tensor(e) * a).sum() + (torch.tensor(f) * torch.tanh(a)).sum()).backward()
    close(ed.grad(text, of="E", wrt="W")(W=W, x=x, dE_da=e, dE_dc=f), w.grad)


def test_a_derivative_by_a_given_derivative_prints_as_a_program() -> None:
    text = "given ∂E/∂a_i\na_i = W_ij x_j\nG_ij = ∂E/∂W_ij"
    J = ed.jacobian(text, of="G", wrt="∂E/∂a")
    x = np.array([2.0, 5.0])
    expected = np.einsum("ik,j->ijk", np.eye(3), x)
    arrays = {"x": x, "W": np.ones((3, 2))}
    np.testing.assert_array_equal(J(arrays), expected)
    np.testing.assert_array_equal(ed.function(str(J))(arrays), expected)


def test_a_given_quantity_has_no_value() -> None:
    with pytest.raises(ed.EinTypeError, match="`E` has no value"):
        ed.function("given ∂E/∂a_i\na_i = W_ij x_j", of="E")


def test_a_gradient_through_a_gradient_step(data: Arrays) -> None:
    W, X, y = leaf(data["W"]), torch.tensor(data["X"]), torch.tensor(data["y"])

    def loss(weights: torch.Tensor) -> torch.Tensor:
        return -(y * torch.log_softmax(X @ weights, 1)).sum()

    (first,) = torch.autograd.grad(loss(W), W, create_graph=True)
    stepped = W - 0.1 * first
    (through,) = torch.autograd.grad(loss(stepped), W)
    del data["b"]
    close(ed.function(STEP, of="W2")(data), stepped.detach())
    close(ed.grad(STEP, of="M", wrt="W")(data), through)


def test_vector_calculus_in_equations() -> None:
    rng = np.random.default_rng(5)
    A, x = rng.normal(size=(3, 3)), rng.normal(size=3)
    laplacian = ed.function("f = sin(x_i A_ij x_j)\nl = ∂²f/∂x_i∂x_i")(A=A, x=x)
    H = hessian(lambda z: torch.sin(z @ torch.tensor(A) @ z), x)
    close(laplacian, torch.trace(H))
    curl = ed.function("index i, j, k: 3\nv_i = A_ij x_j^2\nc_i = ε_ijk ∂v_k/∂x_j")(A=A, x=x)
    J = 2 * A * x
    close(curl, [J[2, 1] - J[1, 2], J[0, 2] - J[2, 0], J[1, 0] - J[0, 1]])
    rotation = ed.function("v_i = ε_ijk w_j x_k\nc_i = ε_ijk ∂v_k/∂x_j")(w=x, x=np.ones(3))
    close(rotation, 2 * x)
    divergence = ed.function("v_i = A_ij x_j^2\nd = ∂v_i/∂x_i")(A=A, x=x)
    close(divergence, np.trace(J))


def test_derivatives_by_an_intermediate_tensor(data: Arrays) -> None:
    g = ed.grad(SOFTMAX, of="L", wrt="A")(data)
    A = leaf(data["X"] @ data["W"] + data["b"])
    (-(torch.tensor(data["y"]) * torch.log_softmax(A, 1)).sum()).backward()
    close(g, A.grad)
    H = ed.hessian("a_i = W_ij x_j\nL = sum_i tanh(a_i)^2", wrt="a")(W=np.eye(2), x=[0.1, 0.2])
    close(H, hessian(lambda a: (torch.tanh(a) ** 2).sum(), np.array([0.1, 0.2])))


def test_second_derivatives_by_intermediate_tensors_and_inputs_together() -> None:
    text = "a_i = tanh(W_ij x_j)\nL = sum_i exp(a_i)"
    W, x = np.array([[0.3, -0.2, 0.5], [0.1, 0.7, -0.4]]), np.array([0.5, 1.0, -0.3])
    a = np.tanh(W @ x)
    aa = np.diag(np.exp(a))
    aW = np.einsum("ij,k,i,i->ijk", np.eye(2), x, np.exp(a), 1 - a**2)
    for wrt in (["a", "W"], ["W", "a"]):
        H = ed.hessian(text, of="L", wrt=wrt)(W=W, x=x)
        close(H["a"]["a"], aa)
        close(H["a"]["W"], aW)
        close(H["W"]["a"], np.moveaxis(aW, 0, 2))
        da, dW = np.array([1.0, -2.0]), np.ones((2, 3))
        product = ed.hvp(text, of="L", wrt=wrt)(W=W, x=x, da=da, dW=dW)
        close(product["a"], aa @ da + np.einsum("ijk,jk->i", aW, dW))
        close(product["W"], np.einsum("ijk,i->jk", aW, da) + np.einsum("ijkl,kl->ij", H["W"]["W"], dW))
    close(ed.derivative(text, "∂²L/∂a_i∂W_jk")(W=W, x=x), aW)
    close(ed.derivative(text, "∂²L/∂W_jk∂a_i")(W=W, x=x), np.moveaxis(aW, 0, 2))


def test_a_tensor_named_twice_is_refused_with_the_second_derivative_as_advice() -> None:
    with pytest.raises(ed.EinTypeError, match="`x` is named twice in `wrt`") as caught:
        ed.grad("L = x_i x_i w_j w_j", wrt=["x", "w", "x"])
    assert caught.value.code == "E0414"
    assert [label.text for label in caught.value.labels] == ["again", "first here"]
    assert '`hessian(of="L", wrt="x")`' in caught.value.helps[1]
