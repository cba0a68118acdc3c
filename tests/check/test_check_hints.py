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


@pytest.mark.parametrize("text", ["a_i = x_i + i", "a_i = x_i\nL = i a_i a_i", "L = x_i x_i\n∂(i x_j)/∂x_i"])
def test_a_number_that_is_called_as_an_index_of_its_equation_is_warned_of(text: str) -> None:
    with pytest.warns(ed.EinWarning, match="`i` is a number that is passed here, not the index `i`") as caught:
        program = ed.parse(text)
    assert "i" in program.inputs
    assert [each.message.code for each in caught if isinstance(each.message, ed.EinWarning)] == ["W0201"]


_NAMED = re.compile(r"\b(?:e|and|inf|for|f(?= z))\b")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("s = 1 / (1 + e^-x)", "not Euler's number", "write `exp(x_i)` for `e^x_i`"),
        ("y_i = e ** x_i", "not Euler's number", "or declare it: `e ∈ R`"),
        ("y_i = x_i and z_i", "not an operator", "`[x_i > 0] [z_i > 0]`"),
        ("y_i = x_i for x_i", "not an operator", "the indices on its left: leave it out"),
        ("def f(x) = x^2\ny = f z", "not the function `f`", "glue the function to its bracket: `f(x_i)`"),
        ("y_i = max(x_i, inf)", "not infinity", "`where(x_i > 0, a_i, 0)`"),
    ],
)
def test_a_number_whose_name_means_something_elsewhere_is_warned_of(text: str, message: str, hint: str) -> None:
    with pytest.warns(ed.EinWarning, match=message) as caught:
        program = ed.parse(text)
    assert hint in str(caught[0].message)
    declared = ed.parse("\n".join([*(f"{name} ∈ R" for name in _NAMED.findall(text)), text]))
    assert set(declared.inputs) == set(program.inputs)


def test_such_a_number_is_declared_in_a_derivative() -> None:
    g = ed.grad("e ∈ R\ny = x^2 e^x", wrt="x")
    assert str(g).startswith("e ∈ R\n")
    np.testing.assert_allclose(ed.evaluate(str(g), x=2.0, e=3.0)["dydx"], 36 + 36 * np.log(3.0))


@pytest.mark.parametrize(
    "text", ["y = 2 e x", "i ∈ R\na_i = x_i + i", "i = 2 c\na_i = x_i + i", "a_i = x_i\nb = i", "a_i = x_i [i > 1]"]
)
def test_a_number_that_is_declared_or_defined_or_stands_elsewhere_is_not(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ed.parse(text).outputs


def test_a_number_that_is_called_as_an_index_is_declared_in_a_derivative() -> None:
    g = ed.grad("i ∈ R\na_i = x_i^2 + i\nL = a_i a_i", of="L", wrt="x")
    assert str(g).startswith("i ∈ R\n")
    x = np.array([1.0, -2.0])
    found = ed.evaluate(str(g), x=x, i=3.0)
    np.testing.assert_allclose(found["dLdx"], 4 * x * (x**2 + 3.0))


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
        ("L = Sum_i x_i", "write `sum_i`, or declare `Sum` with its shape if it is a tensor"),
        ("p_k = sofmax_k(a_k)", "write `softmax_k`"),
        ("L = Max_i(x_i)", "write `max_i`"),
        ("v = var_i(x_i)", "write the variance as `mean_i((x_i - m)^2)`"),
        ("v = std_i(x_i)", "write the standard deviation as `sqrt(mean_i((x_i - m)^2))`"),
    ],
)
def test_a_name_that_stands_as_an_operator_would_is_warned_of(text: str, hint: str) -> None:
    with pytest.warns(ed.EinWarning, match=re.escape(hint)) as caught:
        ed.parse(text)
    assert [each.message.code for each in caught if isinstance(each.message, ed.EinWarning)] == ["W0201"]
    told = [each.message.message for each in caught if isinstance(each.message, ed.EinWarning)]
    assert re.search(r", so it is an input, (?:not `[a-z]+`|and no function)\Z", told[0])


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
