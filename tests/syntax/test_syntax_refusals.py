"""What the language refuses: where, under which code, and with which corrected text."""

from __future__ import annotations

import pytest

from einderiv.errors import EinError, EinNameError, EinSyntaxError
from einderiv.syntax import decode, parse

# text, code, line, column, what a help says
REFUSED = [
    ("y = a / b c", "E0119", 1, 11, "write `(a / b) c`"),
    ("y = a / b c", "E0119", 1, 11, "or `a / (b c)`"),
    ("y = 1/2 x", "E0119", 1, 9, "write `x / 2`"),
    ("y = z + 2 a_i / b_i c_i - w", "E0119", 1, 21, "write `(2 a_i / b_i) c_i`"),
    ("y = a / (b c) d", "E0119", 1, 15, "write `(a / (b c)) d`"),
    ("y = 1/2 sum_i x_i", "E0119", 1, 9, "write `sum_i x_i / 2`"),
    ("y = a / sum_i x_i y", "E0119", 1, 19, "write `(a / sum_i x_i) y`"),
    ("y = x²", "E0120", 1, 6, "write `x^2`"),
    ("y = x_i³ + 1", "E0120", 1, 8, "write `x_i^3`"),
    ("y = sin²(x)", "E0120", 1, 8, "write `sin(x)^2`"),
    ("a = W^T x W + b", "E0115", 1, 6, "linear layer: `a_i = W_ji x_j + b_i`"),
    ("y_ij = V_ij^T", "E0115", 1, 12, "`V_ji` is the transpose of `V_ij`"),
    ("y = Wᵀ", "E0115", 1, 6, "swap the indices"),
    ("y = x_0", "E0121", 1, 6, "write `x_{0}`"),
    ("y = xᵢ", "E0121", 1, 6, "write `x_i`"),
    ("y = x_i_j", "E0121", 1, 8, "write them as one"),
    ("y = x_{2 i}", "E0121", 1, 8, "for a multiple write `2i`"),
    ("y = x_{2*i}", "E0121", 1, 9, "write `x_{2i}`"),
    ("y = x_{}", "E0121", 1, 8, "name the indices"),
    ("y = x_{i,,j}", "E0121", 1, 10, "items are indices"),
    ("y = sum_{i+1} x_i", "E0121", 1, 10, "write `sum_i`"),
    ("y = 2_n", "E0122", 1, 5, "write `2 1_n`"),
    ("y = 21_n", "E0122", 1, 5, "write `21 1_n`"),
    ("y = 1_000", "E0122", 1, 5, "write `1000`"),
    ("y = x_{ij+1}", "E0123", 1, 8, "`{i,j+1}`"),
    ("y = exp (x)", "E0124", 1, 5, "write `exp(x)`"),
    ("y = max_c (A_nc)", "E0124", 1, 5, "write `max_c(A_nc)`"),
    ("y = max_c A_nc", "E0124", 1, 5, "write `max_c(A_nc)`"),
    ("L = y_n log p_n", "E0124", 1, 9, "write `log(p_n)`"),
    ("y = sum(x_i)", "E0125", 1, 5, "`sum_i(x_i)`"),
    ("y = sum x_i", "E0125", 1, 5, "`sum_i x_i`"),
    ("y = max(x_i)", "E0125", 1, 5, "`max_i(x_i)`"),
    ("y = softmax(x_i)", "E0125", 1, 5, "`softmax_i(x_i)`"),
    ("y = delta", "E0125", 1, 5, "write `delta_ij`"),
    ("Y_ij = inv(A)", "E0125", 1, 8, "write `inv(A)_ij`"),
    ("y = [i < j < k]", "E0126", 1, 12, "`[i < j] [j < k]`"),
    ("y = x_i > 0", "E0127", 1, 9, "write `[x_i > 0]`"),
    ("y = [x_i]", "E0127", 1, 5, "write `[x_i > 0]`"),
    ("y = x[i]", "E0127", 1, 6, "write `x_i`"),
    ("y = [i = j]", "E0127", 1, 8, "replace `=` with `==`"),
    ("y = where(m_i, a, b)", "E0127", 1, 14, "`where(m_i != 0, a_i, b_i)`"),
    ("y = x_{-1}", "E0128", 1, 8, "count from 0"),
    ("y = x_{i,1-2}", "E0128", 1, 10, "count from 0"),
    ("y = ∂L/∂x^2", "E0129", 1, 10, "write `(∂L/∂x)^2`"),
    ("y = d(L)/d(x_i)^2", "E0129", 1, 16, "write `(d(L)/d(x_i))^2`"),
    ("∂²L/∂W_ij", "E0130", 1, 1, "write `∂L/∂W_ij`"),
    ("d2(L)/d(W_ij)", "E0130", 1, 1, "write `d(L)/d(W_ij)`"),
    ("∂L/∂x²", "E0130", 1, 1, "write `∂²L/∂x∂x`"),
    ("∂²L/∂x_i²", "E0130", 1, 9, "`∂x_i∂x_j`"),
    ("y = ∂L/∂W_ij∂W_kl", "E0130", 1, 13, "`∂²L/∂x_i∂x_j`"),
    ("y = ∂f(x)/∂x", "E0131", 1, 6, "`∂(f(x))/∂x_i`"),
    ("y = ∂L", "E0131", 1, 7, "write `∂L/∂x_i`"),
    ("y = ∂L/x", "E0131", 1, 8, "write `∂L/∂x_i`"),
    ("y = exp(x, y)", "E0132", 1, 5, "write `exp(x)`"),
    ("def f(u, v) = u v\ny = f(x)", "E0132", 2, 5, "write `f(a, b)`"),
    ("y = (a + b)_i", "E0133", 1, 12, "name the inner part"),
    ("y = exp_i(x_i)", "E0133", 1, 5, "write `exp(x_i)`"),
    ("y = pi(x)", "E0133", 1, 5, "put a blank"),
    ("a = b = c", "E0134", 1, 7, "write two equations"),
    ("index i j: H", "E0135", 1, 9, "put a comma: `i, j`"),
    ("index", "E0135", 1, 6, "write `index i, j: H`"),
    ("W ∈ Z^{3}", "E0135", 1, 5, "write `W ∈ R^{H×D}`"),
    ("W in R^{H x D}", "E0135", 1, 11, "`W in R^{H,D}`"),
    ("W_ij ∈ R^{H×D}", "E0135", 1, 6, "`W ∈ R^{H×D}`"),
    ("W ∈ R^{2.5}", "E0135", 1, 8, "a whole number"),
    ("A ∈ R^{N×D} symmetric", "E0135", 1, 13, "`A ∈ R^{N×N} symmetric`"),
    ("given E", "E0135", 1, 7, "`given ∂E/∂a_i`"),
    ("def gelu = 3", "E0135", 1, 5, "`def f(z) = ...`"),
    ("def f(z, z) = z", "E0135", 1, 10, "its own name"),
    ("f(x) = x", "E0136", 1, 1, "write `def f(x) = ...`"),
    ("∂L/∂x = 3", "E0136", 1, 1, "write `G = ∂L/∂x`"),
    ("y_{i+1} = x_i", "E0136", 1, 4, "write `y_i = ...`"),
    ("y = inv(A_ij)_ij", "E0137", 1, 10, "write `inv(A)_ij`"),
    ("y = inv(A + B)_ij", "E0137", 1, 11, "`M_ij = ...`"),
    ("L = log(sum_c exp(A_nc)", "E0110", 1, 8, "add `)` at the end: `log(sum_c exp(A_nc))`"),
    ("y = x_{i,j", "E0110", 1, 7, "add `}` at the end: `x_{i,j}`"),
    ("y_i = A_ij x_j)", "E0111", 1, 15, "remove it"),
    ("y = (a]", "E0111", 1, 7, "write `)` instead of `]`"),
    ("a_i = W_ij x_j +", "E0112", 1, 16, "e.g. `+ b_i`"),
    ("a_i = W_ij x_j +\nb_i = c_i", "E0112", 1, 16, "remove the `+`"),
    ("y = a * / b", "E0112", 1, 7, "remove the `*`"),
    ("y = ·x", "E0112", 1, 5, "add what is missing"),
    ("a_i W_ij x_j", "E0113", 1, 5, "write `a_i = W_ij x_j`"),
    ("dL/dW_ij", "E0113", 1, 1, "`d(L)/d(W_ij)`"),
    ("x", "E0113", 1, 1, "`y = x`"),
    ("∂L/∂x + 1", "E0113", 1, 7, "`G = ∂L/∂x + 1`"),
    ("a_i := W_ij x_j", "E0114", 1, 5, "replace `:=` with `=`"),
    ("a_i == x_i", "E0114", 1, 5, "replace `==` with `=`"),
    ("a_i <- x_i", "E0114", 1, 5, "replace `<-` with `=`"),
    ("a_i += x_i", "E0114", 1, 5, "replace `+=` with `=`"),
    ("y = x^{2}", "E0118", 1, 7, "write `x^2`"),
    ("y = ()", "E0118", 1, 6, "what belongs in them"),
    ("y = a × b", "E0118", 1, 7, "`a * b`"),
    ("y = sum_i -x_i", "E0118", 1, 11, "`(-x_i)`"),
    ("y = a + + b", "E0118", 1, 9, "remove the second sign"),
    ("y = a, b", "E0118", 1, 6, "a statement is"),
    ("a_i = W_ij $ x_j", "E0101", 1, 12, "`W_ij x_j`"),
    ("_a = 3", "E0101", 1, 1, "start it with a letter"),
    ("y = x _i", "E0101", 1, 7, "glued to its tensor"),
    ("y = __import__", "E0101", 1, 5, "start it with a letter"),
    ("os.system", "E0101", 1, 3, "on both sides of the point"),
    ("y = x'", "E0101", 1, 5, "use another name, e.g. `x2`"),
    ("y = [i == i'(x)]", "E0101", 1, 11, "use another name, e.g. `i2`"),
    ("y = where(x_i > i', i', 0)", "E0101", 1, 21, "use another name, e.g. `i2`"),
    ("y = [i == i' / 2 k]", "E0119", 1, 18, "write `(i' / 2) k`"),
    ("y = ½ x", "E0101", 1, 5, "write `1/2`"),
    ("y = x ÷ 2", "E0101", 1, 7, "write `/`"),
    ("а_i = W_ij x_j", "E0102", 1, 1, "type a Latin `a`"),  # Cyrillic
    ("y = Α_i", "E0102", 1, 5, "type a Latin `A`"),  # Greek
    ("a_i = x_i  # \u202eok", "E0104", 1, 14, "delete it"),
    ("a_i = x_i\x1b[31m", "E0104", 1, 10, "delete it"),
    ("x = 1e999", "E0105", 1, 5, "pass the value as an input"),
    ("x = " + "1" * 5000, "E0105", 1, 5, "pass the value as an input"),
    ("x = y_{" + "1" * 5000 + "}", "E0105", 1, 8, "use at most"),
    ("sum_i = x_i", "E0212", 1, 1, "use another name, e.g. `s_i`"),
    ("exp_i = x_i", "E0212", 1, 1, "use another name"),
    ("δ_ij = x_ij", "E0212", 1, 1, "use another name"),
    ("pi = 3", "E0212", 1, 1, "use another name"),
    ("index = 3", "E0212", 1, 1, "use another name"),
    ("y = given", "E0212", 1, 5, "use another name"),
    ("def exp(z) = z", "E0212", 1, 5, "use another name"),
    ("def f(pi) = pi", "E0212", 1, 7, "use another name"),
    ("exp ∈ R^D", "E0212", 1, 1, "use another name"),
    ("y = foo(x)", "E0213", 1, 5, "for a product put a blank: `foo (x)`"),
    ("y = arctan(x)", "E0213", 1, 5, "write `atan`"),
    ("y = tanj(x)", "E0213", 1, 5, "write `tan"),
    ("y = exp(a + foo(x_i, y_i))", "E0213", 1, 13, "`def foo(z1, z2) = ...`"),
]


@pytest.mark.parametrize(("text", "code", "line", "column", "help_text"), REFUSED)
def test_a_text_is_refused_where_and_with_the_fix(text: str, code: str, line: int, column: int, help_text: str) -> None:
    with pytest.raises(EinError) as caught:
        parse(text, "model.ein")
    error = caught.value
    assert (error.code, error.line, error.column) == (code, line, column), str(error)
    assert any(help_text in remark for remark in error.helps), error.helps
    assert isinstance(error, EinNameError if code.startswith("E02") else EinSyntaxError)
    assert not error.others
    assert f"model.ein:{line}:{column}" in str(error)


def test_each_broken_statement_is_told_once_and_in_order() -> None:
    text = "a = b +\nc_i := d_i\ne_i = f_i\ng = exp(h\nk_i = 3 foo(x)\nl = m)\n"
    with pytest.raises(EinError) as caught:
        parse(text)
    errors = [caught.value, *caught.value.others]
    assert [(error.line, error.code) for error in errors] == [
        (1, "E0112"),
        (2, "E0114"),
        (4, "E0110"),
        (5, "E0213"),
        (6, "E0111"),
    ]


def test_a_function_that_could_not_be_read_makes_no_further_errors() -> None:
    with pytest.raises(EinError) as caught:
        parse("def f(z) = z +\ny = f(x)")
    assert [error.code for error in (caught.value, *caught.value.others)] == ["E0112"]


def test_a_declared_long_index_can_be_computed_with() -> None:
    assert parse("index batch\ny = x_{batch+1}").statements


def test_a_message_reads_as_it_should() -> None:
    with pytest.raises(EinSyntaxError) as caught:
        parse("a_i W_ij x_j", "model.ein")
    assert str(caught.value) == (
        "error[E0113]: this equation has no `=`\n"
        " --> model.ein:1:5\n"
        "  |\n"
        "1 | a_i W_ij x_j\n"
        "  | --- ^^^^ expected `=` before this\n"
        "  |\n"
        "  = help: write `a_i = W_ij x_j`"
    )


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"\xff\xfea\x00", "byte 0xFF at offset 0; FF FE at the start of a file usually means UTF-16"),
        (b"a = \xb5", "byte 0xB5 at offset 4"),
    ],
)
def test_what_is_not_utf_8_is_refused(data: bytes, note: str) -> None:
    with pytest.raises(EinSyntaxError) as caught:
        decode(data, "model.ein")
    assert caught.value.code == "E0103"
    assert caught.value.message == "model.ein is not UTF-8 text"
    assert caught.value.notes == (note,)


def test_a_byte_order_mark_is_skipped() -> None:
    assert decode(b"\xef\xbb\xbfa = b") == "a = b"


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(EinSyntaxError, match="larger than 4 MiB") as from_bytes:
        decode(b"\0" * (4 * 2**20 + 1), "model.ein")
    with pytest.raises(EinSyntaxError, match="larger than 4 MiB") as from_text:
        parse("# " + "δ" * (2 * 2**20), "model.ein")
    assert from_bytes.value.code == from_text.value.code == "E0117"
