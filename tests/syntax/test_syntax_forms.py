"""Every form of the language reads as the tree it stands for, shown fully bracketed."""

from __future__ import annotations

import pytest

from einderiv.errors import Span
from einderiv.syntax import (
    Affine,
    Derivative,
    Equation,
    Gather,
    IndexDeclaration,
    Number,
    Query,
    Reduction,
    ShapeDeclaration,
    SizeName,
    Sum,
    Tensor,
    Word,
    parse,
    sketch,
)

STATEMENTS = {
    # shapes, ranges, upstream derivatives, functions
    "X ∈ R^{N×D}": "X ∈ R^{N×D}",
    "W in R^{H,D}": "W ∈ R^{H×D}",
    "W ∈ ℝ^{H×10}": "W ∈ R^{H×10}",
    "x ∈ R^D": "x ∈ R^{D}",
    "x ∈ R**D": "x ∈ R^{D}",
    "c ∈ R": "c ∈ R",
    "R in R^{in×out}": "R ∈ R^{in×out}",
    "A ∈ R^{N×N} symmetric": "A ∈ R^{N×N} symmetric",
    "index i, j: H": "index i, j: H",
    "index k: 10": "index k: 10",
    "index i': K": "index i': K",
    "index batch, feature": "index batch, feature",
    "index in: 3": "index in: 3",
    "given ∂E/∂a_i": "given ∂E/∂a_i",
    "given d(E)/d(a_i)": "given ∂E/∂a_i",
    "def gelu(z) = z (1 + erf(z / sqrt(2))) / 2": "def gelu(z) = (z <(1 + erf((z / sqrt(2))))> / 2)",
    "def mix(p, q) = p q": "def mix(p, q) = (p q)",
    # equations
    "a_i = W_ij x_j + b_i": "a_i = ((W_ij x_j) + b_i)",
    "L = -y_nk F_nk": "L = (-(y_nk F_nk))",
    "F_nk = A_nk - log(sum_c exp(A_nc))": "F_nk = (A_nk - log(sum_c(exp(A_nc))))",
    "µ_i = θ2_i": "μ_i = θ2_i",
    # derivatives
    "∂L/∂W_dk": "∂L/∂W_dk",
    "d(L)/d(W_dk)": "∂L/∂W_dk",
    "∂a_i/∂W_kl": "∂a_i/∂W_kl",
    "d(a_i)/d(W_kl)": "∂a_i/∂W_kl",
    "∂²L/∂W_ij∂W_kl": "∂L/∂W_ij∂W_kl",
    "∂²L/∂W_ij ∂W_kl": "∂L/∂W_ij∂W_kl",
    "∂^2L/∂W_ij∂W_kl": "∂L/∂W_ij∂W_kl",
    "d2(L)/d(W_ij)d(W_kl)": "∂L/∂W_ij∂W_kl",
    "∂²L/∂x²": "∂L/∂x∂x",
    "∂³L/∂x²∂y": "∂L/∂x∂x∂y",
    "∂³f/∂x_i∂x_j∂x_k": "∂f/∂x_i∂x_j∂x_k",
    "d3(f)/d(x_i)d(x_j)d(x_k)": "∂f/∂x_i∂x_j∂x_k",
    "∂v_i/∂x_i": "∂v_i/∂x_i",
    "∂(a_i b_i)/∂x_j": "∂<(a_i b_i)>/∂x_j",
    "d(a_i b_i)/d(x_j)": "∂<(a_i b_i)>/∂x_j",
}

EXPRESSIONS = {
    # names, subscripts
    "W_ij + W_{ij} + W_{i j} + W_{i,j}": "(W_ij + W_{ij} + W_{i,j} + W_{i,j})",
    "K_i1i2 w_i'j w_{i′}": "(K_i1i2 w_i'j w_{i'})",
    "X_{batch,feature}": "X_{batch,feature}",
    "d T e R σ N d_i d2_i": "(d T e R σ N d_i d2_i)",
    "x_{0} W_{i,0} W_{0 1}": "(x_{0} W_{i,0} W_{0,1})",
    "x_{i+k} x_{2i+k} x_{3-i} x_{-i+3} x_{i+0}": "(x_{i+k+0} x_{2i+k} x_{-i+3} x_{-i+3} x_{i+0})",
    "x_{i + 1} x_{i -1} x_{i,j + 1}": "(x_{i+1} x_{i-1} x_{i,j+1})",
    "x_{2e+1} x_{2e1}": "(x_{2e+1} x_{2e1})",
    "F_{n, y_n} F_{n,y_{n}} F_{y_n n}": "(F_{n,y_n} F_{n,y_{n}} F_{y_n,n})",
    "F_{n, G_{k, y_k}}": "F_{n,G_{k,y_k}}",
    "K_pi X_{in,sum}": "(K_pi X_{in,sum})",
    # known tensors and numbers
    "δ_ij delta_ij 1_n 1_nk ε_ijk epsilon_ijk ϵ_ijk": "(δ_ij δ_ij 1_n 1_nk ε_ijk ε_ijk ε_ijk)",
    "2 0.5 1e-3 .5": "(2 0.5 0.001 0.5)",
    "2e_i": "(2 e_i)",
    "2e1": "20",
    "2.": "2",
    "pi π": "(3.14159 3.14159)",
    # products and quotients
    "W_ij x_j": "(W_ij x_j)",
    "W_ij * x_j · y ⋅ z ∘ u ⊙ v": "(W_ij x_j y z u v)",
    "2(x) + (a)(b) + 2x": "((2 <x>) + (<a> <b>) + (2 x))",
    "a (b_i + c_i)": "(a <(b_i + c_i)>)",
    "a_i(b_i + c_i)": "(a_i <(b_i + c_i)>)",
    "a / b * c": "(a / b c)",
    "a / b / c": "(a / b / c)",
    "a b / c": "(a b / c)",
    "a / -b": "(a / (-b))",
    "2 a / (b c) * d": "(2 a / <(b c)> d)",
    # signs and powers
    "-x^2": "(-(x^2))",
    "−x + y − z": "(-x + y - z)",
    "a * -b - -c": "((a (-b)) + c)",
    "+x": "x",
    "x_i^2 + x**2 + x_i^p + x^-2": "((x_i^2) + (x^2) + (x_i^p) + (x^(-2)))",
    "x^2^3": "(x^(2^3))",
    "x^-y^2": "(x^(-(y^2)))",
    "exp(x)^2": "(exp(x)^2)",
    "(x^2)^3": "(<(x^2)>^3)",
    # Iverson brackets
    "[i <= j] [i ≤ j] [i >= j] [i ≥ j] [i != j] [i ≠ j]": "([i <= j] [i <= j] [i >= j] [i >= j] [i != j] [i != j])",
    "[k == y_n] [p == x + i] - 1000 [j > i]": "(([k == y_n] [p == (x + i)]) - (1000 [j > i]))",
    "[i == i'] [2i' + 1 >= k2′]": "([i == i'] [((2 i') + 1) >= k2'])",
    "where(x_i > i', x_i, 0)": "where(x_i > i', x_i, 0)",
    # functions
    "max(a, b) + min(a, b) + atan2(y_i, x_i)": "(max(a, b) + min(a, b) + atan2(y_i, x_i))",
    "where(x_i > 0, a, b)": "where(x_i > 0, a, b)",
    "inv(A)_ij det(A) logdet(A) cholesky(A)_ij": "(inv(A)_ij det(A) logdet(A) cholesky(A)_ij)",
    "det(A)_b logdet(A)_{b,c}": "(det(A)_b logdet(A)_{b,c})",
    "solve(A, b)_i + solve(A, B)_ij": "(solve(A, b)_i + solve(A, B)_ij)",
    # reductions
    "sum_c exp(A_nc)": "sum_c(exp(A_nc))",
    "Σ_c x_c + ∑_c x_c": "(sum_c(x_c) + sum_c(x_c))",
    "sum_i (x_i)^2": "sum_i((<x_i>^2))",
    "sum_c(Y_nc) P_nk": "sum_c((<Y_nc> P_nk))",
    "a sum_i x_i y_i / z + b": "((a sum_i((x_i y_i / z))) + b)",
    "a * sum_{i,j} x_ij": "(a sum_{i,j}(x_ij))",
    "sum_i sum_j x_ij": "sum_i(sum_j(x_ij))",
    "x_i y_i sum_i z_i": "(x_i y_i sum_i(z_i))",
    "exp(A_nk) / sum_c exp(A_nc)": "(exp(A_nk) / sum_c(exp(A_nc)))",
    "a / sum_i x_i * b": "(a / sum_i(x_i) b)",
    "a / sum_i sum_j x_ij / b": "(a / sum_i(sum_j(x_ij)) / b)",
    "a / b * sum_i x_i y_i": "(a / b sum_i((x_i y_i)))",
    "max_c(A_nc) min_c(A_nc) prod_c(A_nc) mean_c(A_nc)": "(max_c(A_nc) min_c(A_nc) prod_c(A_nc) mean_c(A_nc))",
    "logsumexp_{c}(A_nc) norm_c(A_nc)^2": "(logsumexp_{c}(A_nc) (norm_c(A_nc)^2))",
    "softmax_k(A_nk) logsoftmax_k(A_nk) cumsum_k(A_nk)": "(softmax_k(A_nk) logsoftmax_k(A_nk) cumsum_k(A_nk))",
    # derivatives as factors
    "∂E/∂a_i ∂a_i/∂W_kl": "(∂E/∂a_i ∂a_i/∂W_kl)",
    "d(E)/d(a_i) d(a_i)/d(W_kl)": "(∂E/∂a_i ∂a_i/∂W_kl)",
    "d2(L)/d(W_ij)d(W_kl) d(W_kl)/d(x)": "(∂L/∂W_ij∂W_kl ∂W_kl/∂x)",
    "∂²L/∂W_ij∂W_kl ∂W_kl/∂x": "(∂L/∂W_ij∂W_kl ∂W_kl/∂x)",
    "(∂L/∂x)^2 / ∂L/∂y": "((<∂L/∂x>^2) / ∂L/∂y)",
    "∂L/∂x / y": "(∂L/∂x / y)",
    "∂(∂L/∂x_i x_i)/∂y": "∂<(∂L/∂x_i x_i)>/∂y",
}


@pytest.mark.parametrize("text", STATEMENTS)
def test_a_statement_reads_as(text: str) -> None:
    assert sketch(parse(text).statements[0]) == STATEMENTS[text]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_expression_reads_as(text: str) -> None:
    assert sketch(parse(f"y = {text}").statements[0]) == f"y = {EXPRESSIONS[text]}"


@pytest.mark.parametrize("text", [*STATEMENTS, *(f"y = {text}" for text in EXPRESSIONS)])
def test_a_statement_may_stand_among_others_with_remarks_and_blank_lines(text: str) -> None:
    tree = parse(f"# first\n\nu_i = v_i  # before\n\t{text} # here\n\n  w_i = v_i")
    assert len(tree.statements) == 3
    assert sketch(tree.statements[1]) == sketch(parse(text).statements[0])


def test_own_functions_are_known_in_any_order() -> None:
    tree = parse("y = twice(x)\ndef twice(z) = 2 z")
    assert sketch(tree.statements[0]) == "y = twice(x)"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_one(end: str) -> None:
    tree = parse(f"\ufeffa_i = b_i{end}# remark{end}{end}c_i = d_i{end}")
    assert [sketch(statement) for statement in tree.statements] == ["a_i = b_i", "c_i = d_i"]
    assert tree.source.place(tree.statements[1].span.start) == (4, 1)


OPERATORS = ["+", "-", "*", "/", "^", "**", "·", "∘", "⊙"]


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_statement_goes_on_after_an_operator(operator: str) -> None:
    joined = parse(f"y = a {operator}  # goes on\n\n  b\nz = c").statements
    assert [sketch(statement) for statement in joined] == [sketch(parse(f"y = a {operator} b").statements[0]), "z = c"]


@pytest.mark.parametrize(
    "text",
    ["y =\n x", "y = max(a,\n b)", "y = (a\n + b)", "y = [i <\n j]", "y = x_{i,\n j}", "W ∈\n R", "W in\n R^{H,\n D}"],
)
def test_a_statement_goes_on_in_brackets_and_after_other_signs(text: str) -> None:
    flat = sketch(parse(text.replace("\n", " ")).statements[0])
    assert [sketch(statement) for statement in parse(text).statements] == [flat]


def test_an_empty_text_is_an_empty_program() -> None:
    assert parse("").statements == ()
    assert parse(" \n# only a remark").statements == ()


def test_pieces_know_their_places() -> None:
    text = "a_i = -W_ij x_{j} + sum_k(M_ik)"
    (equation,) = parse(text).statements
    assert isinstance(equation, Equation)
    assert equation.head_span == Span(0, 3)
    assert equation.span == Span(0, len(text))
    body = equation.body
    assert isinstance(body, Sum)
    (first_sign, product), (second_sign, total) = body.terms
    assert (first_sign, second_sign) == (-1, 1)
    assert text[product.span.start : product.span.end] == "W_ij x_{j}"
    assert isinstance(total, Reduction)
    assert text[total.head_span.start : total.head_span.end] == "sum_k"
    assert text[total.span.start : total.span.end] == "sum_k(M_ik)"


def test_subscripts_have_their_items() -> None:
    (equation,) = parse("y = F_{n,y_n,2i-1,0}").statements
    assert isinstance(equation, Equation)
    assert isinstance(equation.body, Tensor) and equation.body.subscript is not None
    word, gather, affine, position = equation.body.subscript.items
    assert word == Word("n", True, Span(7, 8))
    assert isinstance(gather, Gather) and gather.name == "y"
    assert gather.subscript.items == (Word("n", False, Span(11, 12)),)
    assert affine == Affine(((2, Word("i", True, Span(14, 15))),), -1, Span(13, 17))
    assert position == Affine((), 0, Span(18, 19))


def test_declarations_have_their_sizes() -> None:
    ranges, shape = parse("index i, j: H\nA in R^{N,10}").statements
    assert isinstance(ranges, IndexDeclaration) and ranges.size == SizeName("H", Span(12, 13))
    assert isinstance(shape, ShapeDeclaration)
    assert [size.value for size in shape.sizes] == ["N", 10]


def test_a_derivative_has_as_many_tensors_below_as_its_order() -> None:
    (query,) = parse("∂²L/∂x²").statements
    assert isinstance(query, Query) and isinstance(query.derivative, Derivative)
    assert [tensor.name for tensor in query.derivative.below] == ["x", "x"]


def test_a_number_has_its_value() -> None:
    (equation,) = parse("y = 1e-3").statements
    assert isinstance(equation, Equation)
    assert equation.body == Number(1e-3, Span(4, 8))
