"""Derivatives through definitions."""

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
    assert (error.code, error.line, error.column) == ("E0404", 2, 1)
    assert "`argmax` has no derivative" in error.message
    assert "L → s → k → A → W" in error.notes


def test_the_path_may_start_anywhere():
    with pytest.raises(ed.EinTypeError) as caught:
        ed.jacobian(PROGRAM, of="M", wrt="A")
    assert "M → k → A" in caught.value.notes
    assert ed.grad("m = max_c(A_c)\nk = argmax_c(A_c)", of="m", wrt="A")(A=[1.0, 3.0]).tolist() == [0, 1]
