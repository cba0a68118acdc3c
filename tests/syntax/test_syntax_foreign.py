"""What is pasted from LaTeX, NumPy, einsum strings and matrix notation is refused with what to write instead."""

from __future__ import annotations

import re

import pytest

import einderiv as ed
from einderiv.conversion import convert
from einderiv.syntax import decode

PASTED = [
    ("a_i W_ij x_j\nb_i -> x_i", "E0114", 2, 5, "replace `->` with `=`"),
    ("d_i → x_i", "E0101", 1, 5, "write `=`"),
    ("ij,j->i", "E0113", 1, 1, "`y_i = A_ij B_j`"),
    ("ij , jk -> ik  # a product", "E0113", 1, 1, "`y_ik = A_ij B_jk`"),
    ("y_i = np.einsum('ij,j->i', W, x)", "E0101", 1, 9, "`y_i = W_ij x_j`"),
    ("y_i = einsum('ij,j->i', W, x)", "E0101", 1, 14, "`y_i = W_ij x_j`"),
    ('y_i = einsum("ij,j->i", W, x)', "E0101", 1, 14, "`y_i = W_ij x_j`"),
    ("y_i = np.exp(x_i)", "E0101", 1, 9, "functions stand alone: write `exp`"),
    ("y_i = jax.numpy.log(x_i)", "E0101", 1, 10, "functions stand alone: write `log`"),
    ("y_i = x.y", "E0101", 1, 8, "names have no dots"),
    ("a_i = W_ij @ x_j", "E0101", 1, 12, "write `W_ij x_j`"),
    ("b = A @ c", "E0101", 1, 7, 'einderiv convert "b = A @ c"'),
    ("P = \\sum_i x_i", "E0101", 1, 5, "write `Σ` for `\\sum`"),
    ("\\alpha = 2", "E0101", 1, 1, "write `α` for `\\alpha`"),
    ("y_i = \\sin(x_i)", "E0101", 1, 7, "write `sin` for `\\sin`"),
    ("y_i = \\frac{1}{2} x_i", "E0101", 1, 7, 'einderiv convert "y_i = \\frac{1}{2} x_i"'),
    ("y_i = x_i \\\n + b_i", "E0101", 1, 11, "goes on over the end of its line"),
    ("$y = x$", "E0101", 1, 1, "leave out the `$`"),
    ("v = W^T x", "E0115", 1, 6, "write `v_i = W_ji x_j`"),
    ("q = x^T A y", "E0115", 1, 6, "write `q = x_i A_ij y_j`"),
    ("y = x' W x", "E0101", 1, 5, 'einderiv convert "y = x\' W x"'),
    ("z = W.T x", "E0115", 1, 6, 'einderiv convert "z = W.T x"'),
    ("w_i = Wᵢⱼ x_j", "E0121", 1, 8, "write `W_ij`"),
    ("z = x₁₂", "E0121", 1, 6, "write `x_{1,2}`"),
    ("z_i = W_ijx_j", "E0121", 1, 12, "part two tensors by a blank: `W_ij x_j`"),
    ("y_i = x_i_2", "E0121", 1, 10, "`x_{i,2}`"),
    ("y_i = x_i_2", "E0121", 1, 10, "for a power write `x_i^2`"),
    ("w_ij = x_i_j", "E0121", 1, 11, "`x_ij`"),
    ("a_і = W_ij x_j", "E0102", 1, 3, "type a Latin `i`"),
    ("N = sum_{i}^{n} x_i", "E0121", 1, 12, "write `sum_i x_i`"),
    ("K = sum_{i=1}^n x_i", "E0121", 1, 11, "write `sum_i x_i`"),
    ("I = sum_i=1 x_i", "E0121", 1, 10, "write `sum_i x_i`"),
    ("J = sum i x_i", "E0125", 1, 5, "`sum_i x_i`"),
    ("H = sum[i] x_i", "E0125", 1, 5, "`sum_i x_i`"),
    ("y_i = x_i if x_i > 0 else 0", "E0127", 1, 11, "write `where(x_i > 0, x_i, 0)`"),
    ("v_i = W[i, j] x_j", "E0127", 1, 8, "write `W_ij`"),
    ("L = x_i x_i\n∂L/∂x_i∂x_j", "E0130", 2, 8, "`∂²L/∂x_i∂x_j`"),
    ("L = x_i x_i\nd(L)/d(x_i)d(x_j)", "E0130", 2, 12, "`d2(L)/d(x_i)d(x_j)`"),
    ("L = x_i x_i\n∂L/∂x_i + 1", "E0113", 2, 9, "`G = ∂L/∂x_i + 1`"),
    ("f = trace(K)", "E0213", 1, 5, "write `K_ii`"),
    ("f = tr(A B)", "E0213", 1, 5, "write `A_ii`"),
    ("c = dot(u, v)", "E0213", 1, 5, "write `u_i v_i`"),
    ("C = matmul(W, X)", "E0213", 1, 5, "write `W_ij X_jk`"),
    ("D = diag(s)", "E0213", 1, 5, "`δ_ij s_i`"),
    ("y_i = tahn(x_i)", "E0213", 1, 7, "write `tanh`"),
    ("y_i = Exp(x_i)", "E0213", 1, 7, "write `exp`"),
    ("y_i = log2(x_i)", "E0213", 1, 7, "write `log(x_i) / log(2)`"),
    ("y_i = tanh(x_i, 2)", "E0132", 1, 7, "write `tanh(x_i)`"),
    ("y_i = 1e-999 x_i", "E0105", 1, 7, "or write `0`"),
    ("exp_{i,j} = x_i", "E0212", 1, 1, "`exp1_{i,j}`"),
    ("model.ein", "E0101", 1, 6, '`einderiv.load("model.ein")`'),
    ("y_i = A^T_ij x_j", "E0115", 1, 8, "`A_ji` is the transpose of `A_ij`"),
    ("y_i = A^{T}_{ij} x_j", "E0115", 1, 8, "`A_ji` is the transpose of `A_ij`"),
    ("v = W^{T} x", "E0115", 1, 6, "linear layer: `a_i = W_ji x_j + b_i`"),
    ("y_i = Aᵀ_ij x_j", "E0115", 1, 8, "`A_ji` is the transpose of `A_ij`"),
    ("y_i = A'_ij x_j", "E0115", 1, 8, "`A_ji` is the transpose of `A_ij`"),
    ("y_b = A^T_bij x_i z_j", "E0115", 1, 8, "`A_ji` is the transpose of `A_ij`"),
    ("y = x'_i x_i", "E0101", 1, 5, "use another name, e.g. `x2_i`"),
    ("y_i = A^-1_ij x_j", "E0133", 1, 11, "an inverse with indices is `inv(A)_ij`"),
    ("y_i = A^-1_{i,j} x_j", "E0133", 1, 11, "one over each element is `1 / A_{i,j}`"),
    ("y_i = A^{-1}_ij x_j", "E0133", 1, 13, "an inverse with indices is `inv(A)_ij`"),
    ("y_i = (A^-1)_ij x_j", "E0133", 1, 13, "an inverse with indices is `inv(A)_ij`"),
    ("y_i = (A^2)_ij x_j", "E0133", 1, 12, "name the inner part"),
    ("y_i = A^{2}_ij x_j", "E0133", 1, 12, "write `A_ij^2`"),
    ("y_i = x^{p+1}_i", "E0133", 1, 14, "write `x_i^(p+1)`"),
    ("y_n = x_{n}^{2}_n", "E0133", 1, 16, "write `x_i^2`"),
    ("y_i = A^2_ij x_j", "E0122", 1, 9, "right after its tensor: `A_ij^2`"),
    ("y_i = A^2_ij x_j", "E0122", 1, 9, "a matrix times itself is `A_ik A_kj`"),
    ("y_i = x^-2_i", "E0122", 1, 10, "right after its tensor: `x_i^-2`"),
    ("y_i = x_i^2_i", "E0122", 1, 11, "leave it out: `^2`"),
    ("a^i = W_ij x_j", "E0121", 1, 2, "all indices stand below: write `a_i`"),
    ("a^i_j = W_ij", "E0121", 1, 2, "write `a_ij`"),
    ("y_i = A_ij x^j", "E0121", 1, 13, "write `x_j`"),
    ("y_{i} = A_{i,j2} x^j2", "E0121", 1, 19, "for a power by a number declare it, `j2 ∈ R`"),
    ("y_ij = x_{i}_j", "E0121", 1, 13, "write them as one: `x_{i,j}`"),
    ("a^2 = x", "E0136", 1, 1, "write `name_indices = ...`"),
    ("g_i = ∂_i L", "E0101", 1, 8, "write `∂L/∂x_i`"),
    ("y_i = 1_{x_i > 0}", "E0121", 1, 14, "write `[x_i > 0]`, which is 1 where it holds"),
    ("y_i = δ_{i=j} x_j", "E0121", 1, 11, "write `δ_ij`, or `[i == j]`"),
    ("y = Σ_{i<j} x_i x_j", "E0121", 1, 9, "`Σ_{i,j} [i<j] ...`"),
    ("y = Σ_{i∈N} x_i", "E0121", 1, 9, "write `Σ_i ...`"),
    ("y_i = 𝟙[x_i > 0]", "E0101", 1, 7, "write a condition alone, `[x_i > 0]`"),
    ("n = ‖x‖", "E0101", 1, 5, "`norm_i(x_i)`"),
    ("y_ij = A_ij^{-1}", "E0118", 1, 13, "write `A_ij^-1`"),
    ("y_ij = A_ij^{-1}", "E0118", 1, 13, "an inverse with indices is `inv(A)_ij`"),
    ("y_i = x_i^{p + 1} z_i", "E0118", 1, 11, "write `x_i^(p + 1)`"),
    ("y_i = (x_i + 1)^{2}", "E0118", 1, 17, "write `(...)^2`"),
    ("y_i = W_{i}{j} x_j", "E0118", 1, 12, "write `_{i,j}`"),
    ("y_i = W_i,j x_j", "E0121", 1, 10, "write `W_ij`"),
    ("y_i = W_n,3 x_j", "E0121", 1, 10, "write `W_{n,3}`"),
    ("y_i = W_i^j x_j", "E0121", 1, 10, "write `W_ij`"),
    ("y_i = log_2(x_i)", "E0133", 1, 7, "write `log(x_i) / log(2)`"),
    ("y_i = exp -x_i", "E0124", 1, 7, "write `exp(-x_i)`"),
    ("y_i = max(0, x_i, z_i)", "E0132", 1, 7, "write `max(max(0, x_i), z_i)`"),
    ("y_i = softmax(x_i, axis=0)", "E0125", 1, 7, "e.g. `softmax_i(x_i)`"),
    ("y = sum(x)", "E0125", 1, 5, "e.g. `sum_i(x_i)`"),
    ("y = sin^2(x)", "E0124", 1, 5, "write `sin(x)^2`"),
    ("y_i = x_i - x.mean()", "E0101", 1, 14, "write `mean_i(x_i)`"),
    ("y = x.foo(w)", "E0101", 1, 6, "names have no dots"),
    ("y = x.dot(w)", "E0101", 1, 6, "write `x_i B_i`"),
    ("y_i = x.exp()", "E0101", 1, 8, "write `exp(x_i)`"),
    ("y_i = W_ij x_j, i = 1..3", "E0101", 1, 22, "whose length an array gives, or `index i: 3`"),
    ("W in R^3x4", "E0135", 1, 9, "write `W in R^{3,4}`"),
    ("W ∈ R^(H, D)", "E0135", 1, 7, "write `W ∈ R^{H×D}`"),
    ("W: R^{3x4}", "E0135", 1, 2, "write `W ∈ R^{3×4}`, or `W in R^{3,4}`"),
    ("W ∈ R[3]", "E0135", 1, 6, "write `W ∈ R^3`"),
    ("W ∈ R^{3;4}", "E0101", 1, 9, "each statement on a line of its own"),
    ("index i = 3", "E0135", 1, 9, "write `index i: 3`"),
    ("x = [1, 2, 3]", "E0127", 1, 5, "its shape may be declared: `x ∈ R^3`"),
    ("W = [[1, 2], [3, 4]]", "E0127", 1, 5, "`W ∈ R^{H×D}`"),
    ("d/dx (x^2)", "E0113", 1, 1, "write `∂(x^2)/∂x`"),
    ("∂/∂x_i (x_j x_j)", "E0131", 1, 2, "write `∂(x_j x_j)/∂x_i`"),
    ("grad_W L", "E0113", 1, 1, "a derivative is written `∂L/∂x_i`"),
    ("y_i ← x_i", "E0101", 1, 5, "write `=`"),
    ("y_i = x_j where x_j > 0", "E0124", 1, 11, "write `where(x_i > 0, a_i, b_i)`"),
    ("y_i = x_i // 2", "E0112", 1, 12, "a remark starts with `#`"),
    ("y_i = x_i\n  + b_i", "E0118", 2, 3, "to go on with the line before, end it with `+`"),
    ("y_t = a y_{t-1} + x_t", "E0222", 1, 12, "einderiv has no recursion; pass what is before as an input"),
    ("y_t = a x_{t-1}", "E0222", 1, 12, "shift all positions by 1"),
    ("// a remark", "E0118", 1, 1, "a remark starts with `#`"),
    ("y_i = x_i % 2", "E0101", 1, 11, "`x_i - 2 floor(x_i / 2)`"),
    ("% a remark", "E0101", 1, 1, "a remark starts with `#`"),
    ("y = sum_{i=0..9} x_i", "E0101", 1, 13, "runs over its whole axis: write `sum_i`"),
    ("y = np.dot(w, x)", "E0101", 1, 7, "write `A_i B_i`"),
    ("W: 3x4", "E0114", 1, 2, "declare a shape write `W ∈ R^{3×4}`"),
    ("W : (H, D)  # weights", "E0114", 1, 3, "declare a shape write `W ∈ R^{H×D}`"),
    ("W: x_i + 1", "E0114", 1, 2, "replace `:` with `=`"),
    ("s_i = σ(x_i)", "E0213", 1, 7, "write `sigmoid`"),
    ("n = factorial(k)", "E0213", 1, 5, "write `exp(lgamma(k + 1))`"),
]


POWERS = [
    "b_i = x_i^T_i", "n_i = 2 z_i\ny_i = b^n_i", "n = 2 c\ny_n = b_n^n", "n ∈ R\ny_n = b^n x_n", "y_i = s^p x_i",
    "y = s^i", "index t: T\nx ∈ R^T\ny_t = x_t^2",
]  # fmt: skip


@pytest.mark.parametrize("text", POWERS)
def test_what_stands_above_is_a_power_where_it_can_be_no_index_and_no_transpose(text):
    assert ed.parse(text).outputs


@pytest.mark.parametrize(("text", "code", "line", "column", "help_text"), PASTED)
def test_what_is_pasted_from_elsewhere_is_refused_with_what_to_write(text, code, line, column, help_text):
    with pytest.raises(ed.EinError) as caught:
        ed.parse(text)
    found = next(each for each in (caught.value, *caught.value.others) if each.code == code)
    assert (found.line, found.column) == (line, column), str(found)
    assert any(help_text in each for each in found.helps), str(found)


WHOLE_LINES = [
    ("ij,j->i", r"`(y.*)`"),
    ("v = W^T x", r"write `(v.*)`"),
    ("q = x^T A y", r"write `(q.*)`"),
    ("L = x_i x_i\n∂L/∂x_i∂x_j", r"top: `(.*)`"),
]


@pytest.mark.parametrize(("text", "pattern"), WHOLE_LINES)
def test_a_corrected_line_can_be_read_in_place_of_the_wrong_one(text, pattern):
    with pytest.raises(ed.EinError) as caught:
        ed.parse(text)
    corrected = re.search(pattern, caught.value.helps[0])
    assert corrected, str(caught.value)
    ed.parse("\n".join([*text.split("\n")[:-1], corrected[1]]))


@pytest.mark.parametrize(
    "text", ["a_i = W_ij $ x_j @ y", "v = W^T x", "y = x' W x", "z = W.T x", "b = A @ c", "P = \\sum_i x_i", "ij,j->i",
             "y_i = np.einsum('ij,j->i', W, x)", "y = X^T*W*x + b"]
)  # fmt: skip
def test_a_command_that_a_hint_names_converts_the_line(text):
    with pytest.raises(ed.EinError) as caught:
        ed.parse(text)
    named = [re.search(r'`einderiv convert "(.*)"`', each) for each in caught.value.helps]
    for match in filter(None, named):
        assert ed.parse(convert(match[1])).outputs


def test_zeros_in_all_spellings_are_numbers():
    assert ed.evaluate("z = 0.0e-10 + 0 + 0e5 + 5e-324", {})["z"] == 5e-324


def test_utf_16_without_a_mark_is_called_so():
    with pytest.raises(ed.EinError) as caught:
        decode("a_i = b_i\n".encode("utf-16-le"), "m.ein")
    assert caught.value.code == "E0103"
    assert "UTF-16" in caught.value.notes[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y_i' = [i' == 1] x_i'", [0, 2, 0]),
        ("y_i' = 0 x_i' + Σ_k' where(k' >= i', x_k', 0)", [6, 5, 3]),
        ("y_{i'} = [2 == i' + 1] x_{i'}", [0, 2, 0]),
    ],
)
def test_a_primed_index_is_a_position_in_a_comparison(text, expected):
    f = ed.function(text)
    assert f(x=[1.0, 2.0, 3.0]).tolist() == expected
    assert ed.function(str(f))(x=[1.0, 2.0, 3.0]).tolist() == expected


@pytest.mark.parametrize(
    "text", ["y_i' = i' x_i'", "y_i' = [2 > 1] i' x_i'", "y_i' = [2 > 1] (i' x_i')", "y = [i' > 1]"]
)
def test_a_primed_name_elsewhere_is_refused(text):
    with pytest.raises(ed.EinSyntaxError, match="has a prime; only index letters have"):
        ed.parse(text)
