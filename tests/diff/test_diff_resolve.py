"""Derivatives through definitions."""

import numpy as np
import pytest

import einderiv as ed

PROGRAM = """A_nc = X_nd W_dc
k_n = argmax_c(A_nc)
s_n = 2 k_n
L = s_n s_n
M = sum_n k_n + A_nc A_nc"""


@pytest.mark.parametrize("take", [ed.grad, ed.value_and_grad, ed.hessian, ed.hvp])
def test_a_function_without_a_derivative_is_named_with_the_path_to_it(take):
    with pytest.raises(ed.EinTypeError) as caught:
        take(PROGRAM, of="L", wrt="W")
    error = caught.value
    assert (error.code, error.line, error.column) == ("E0404", 2, 7)
    assert "`argmax` has no derivative" in error.message
    assert "L → s → k → A → W" in error.notes


def test_the_path_may_start_anywhere():
    with pytest.raises(ed.EinTypeError) as caught:
        ed.jacobian(PROGRAM, of="M", wrt="A")
    assert "M → k → A" in caught.value.notes
    assert ed.grad("m = max_c(A_c)\nk = argmax_c(A_c)", of="m", wrt="A")(A=[1.0, 3.0]).tolist() == [0, 1]


def test_a_path_through_the_position_is_found_beside_one_without_it():
    with pytest.raises(ed.EinTypeError) as caught:
        ed.jacobian(PROGRAM, of="M", wrt="W")
    assert "M → k → A → W" in caught.value.notes
    assert (caught.value.line, caught.value.column) == (2, 7)


def test_a_position_within_a_derivative_that_is_only_read_is_refused_with_the_path_of_that_derivative():
    text = PROGRAM + "\nG_dc = ∂L/∂W_dc\nH = G_dc V_dc"
    with pytest.raises(ed.EinTypeError) as caught:
        ed.grad(text, of="H", wrt="V")
    assert caught.value.code == "E0404"
    assert "L → s → k → A → W" in caught.value.notes


CHAIN = """a_i = W_ij x_j
L = sum_i a_i^4
G_i = ∂L/∂a_i
b_i = G_i a_i
M = b_i G_i"""


@pytest.mark.parametrize(("wrt", "number", "power"), [("a", 112, 6), ("b", 4, 3), ("G", 8, 4)])
def test_a_tensor_within_a_derivative_is_held_where_one_differentiates_by_it(wrt, number, power):
    W, x = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([0.3, 0.7])
    derivative = ed.grad(CHAIN, of="M", wrt=wrt)(W=W, x=x)
    np.testing.assert_allclose(derivative, number * (W @ x) ** power, rtol=1e-12)


def test_a_second_derivative_by_a_defined_tensor_and_by_what_defines_it():
    """The definition may not be in the place of its name before the derivative by that name is taken."""
    W, x = np.array([[0.3, -0.2], [0.1, 0.7], [0.5, 0.2]]), np.array([0.5, -1.0])
    text, a = "a_i = tanh(W_ij x_j)\nL = sum_i exp(a_i)", np.tanh(W @ x)
    expected = np.einsum("ij,k,i->ijk", np.eye(3), x, np.exp(a) * (1 - a**2))
    np.testing.assert_allclose(ed.derivative(text, "∂²L/∂a_i∂W_jk")(W=W, x=x), expected, rtol=1e-12)
    found = ed.derivative(text, "∂²L/∂W_jk∂a_i")(W=W, x=x)
    np.testing.assert_allclose(found, np.moveaxis(expected, 0, 2), rtol=1e-12)
