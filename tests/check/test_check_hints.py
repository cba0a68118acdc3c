"""Hints about names and indices have the corrected text, which can be read."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

import einderiv as ed

HINTS = [
    ("a_i = tanh(W_ij x_k) + h_i", "E0203", "to contract `W` with `x` use the same index in both: `tanh(W_ij x_j)`"),
    ("a_n = X_nd w_e - y_n", "E0203", "to contract `X` with `w` use the same index in both: `X_nd w_d`"),
    ("y_n = sum_c A_nk", "E0208", "sum over `k`: `sum_k A_nk`"),
    ("L = max_c(A_nk)", "E0208", "name `n`, `k` or both: `max_{n,k}(A_nk)`"),
    ("z = sum_c b", "E0208", "remove `sum_c`: `b`"),
    ("y_i = W_ij x_j\nz_i = W_i x_i", "E0206", "use another name for this one, e.g. `W2_i`"),
    ("y_i = W_ij x_j\nz_i = W x_i", "E0206", "write its indices too, e.g. `W_ij`"),
    ("L = x_i x_i\n∂L/∂x", "E0206", "write it with 1 index: `x_i`"),
    ("y_i = W_ij x_j\n∂y_i/∂W", "E0206", "write it with 2 indices: `W_jk`"),
    ("a_i = 2 c_i\nc_i = exp(a_i) + x_i", "E0210", "e.g. `aprev_i` as an input"),
]


@pytest.mark.parametrize(("text", "code", "hint"), HINTS)
def test_a_hint_has_the_corrected_text(text: str, code: str, hint: str) -> None:
    with pytest.raises(ed.EinError) as caught:
        ed.parse(text)
    assert caught.value.code == code
    assert any(hint in each for each in caught.value.helps), str(caught.value)


@pytest.mark.parametrize(("text", "code", "hint"), [each for each in HINTS if each[1] in ("E0203", "E0208")])
def test_the_corrected_text_of_a_term_can_be_read_in_its_place(text: str, code: str, hint: str) -> None:
    corrected = re.search(r": `([^`]*)`$", hint)
    assert corrected
    left = text.partition(" = ")[0]
    assert ed.parse(f"{left} = {corrected[1]}").outputs


def test_a_name_that_is_defined_again_and_again_is_one_error_that_shows_all_places() -> None:
    with pytest.raises(ed.EinNameError) as caught:
        ed.parse("a_i = x_i\na_i = 2 x_i\na_i = 3 x_i\na_i = 4 x_i")
    assert not caught.value.others
    assert [label.text for label in caught.value.labels] == [
        "second definition", "first definition", "another definition", "another definition",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("L = Sum_i x_i", "write `sum_i`"),
        ("p_k = sofmax_k(a_k)", "write `softmax_k`"),
        ("L = Max_i(x_i)", "write `max_i`"),
    ],
)
def test_a_name_that_stands_as_an_operator_would_is_warned_of(text: str, hint: str) -> None:
    with pytest.warns(ed.EinWarning, match=re.escape(hint)) as caught:
        ed.parse(text)
    assert [each.message.code for each in caught if isinstance(each.message, ed.EinWarning)] == ["W0201"]


@pytest.mark.parametrize(
    "text",
    [
        "L = W_i (x_i)",
        "Sum_i = x_i\nL = Sum_i x_i",
        "sofmax ∈ R^N\np_k = sofmax_k (a_k)",
        "Delta_i = x_i\ny = Pi (x_i x_i)",
    ],
)
def test_other_names_before_brackets_are_tensors_without_a_warning(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ed.parse(text)


def test_a_query_calls_the_functions_of_its_program() -> None:
    net = ed.parse("def g(z) = z^2\nL = W_i x_i")
    asked = ed.derivative(net, "∂(g(W_i x_i))/∂W_j")
    W, x = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    np.testing.assert_allclose(asked(W=W, x=x), 2 * (W @ x) * x)
    assert "g" in asked.latex()
    assert str(asked.steps()).startswith("∂(g(W_i x_i))/∂W_j")


def test_a_function_of_a_query_needs_its_arguments() -> None:
    net = ed.parse("def g(z) = z^2\nL = W_i x_i")
    with pytest.raises(ed.EinSyntaxError, match="`g` takes 1 argument, but 2 stand here"):
        ed.derivative(net, "∂(g(W_i x_i, 2))/∂W_j")
