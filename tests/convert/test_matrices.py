"""Matrix notation: the formulas of matrixcalculus.org, MATLAB and NumPy, against NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import einderiv as ed

Arrays = dict[str, np.ndarray]
SIZES = ((3, 2, 4), (2, 5, 3), (6, 4, 2))  # N, M, K


def arrays(n: int, m: int, k: int) -> Arrays:
    """Values for the names that the formulas below use."""
    rng = np.random.default_rng(n + 10 * m)
    square = rng.normal(size=(n, n))
    return {
        "A": square + 3 * np.eye(n), "B": rng.normal(size=(n, n)), "S": square @ square.T + np.eye(n),
        "X": rng.normal(size=(n, m)), "W": rng.normal(size=(m, k)), "V": rng.normal(size=(n, m)),
        "x": rng.normal(size=n), "y": rng.normal(size=n), "z": rng.uniform(0.5, 1.5, size=n),
        "w": rng.normal(size=m), "b": rng.normal(size=n), "c": np.array(0.7), "lam": np.array(0.3),
    }  # fmt: skip


e = np.exp
inv = np.linalg.inv
FORMULAS: list[tuple[str, Callable[..., np.ndarray]]] = [
    # matrixcalculus.org: its front page and its documented functions
    ("x'*A*x + c*sin(y)'*x", lambda A, x, y, c, **_: x @ A @ x + c * np.sin(y) @ x),
    ("x' * A * x", lambda A, x, **_: x @ A @ x),
    ("norm2(X*w - y)^2", lambda X, w, y, **_: np.sum((X @ w - y) ** 2)),
    ("norm2(X*w - y)^2 + c*norm1(w)", lambda X, w, y, c, **_: np.sum((X @ w - y) ** 2) + c * np.abs(w).sum()),
    ("sum(log(exp(-y.*(X*w)) + vector(1)))", lambda X, w, y, **_: np.log(e(-y * (X @ w)) + 1).sum()),
    ("tr(A*B)", lambda A, B, **_: np.trace(A @ B)),
    ("tr(X'*A*X)", lambda A, X, **_: np.trace(X.T @ A @ X)),
    ("logdet(S)", lambda S, **_: np.linalg.slogdet(S)[1]),
    ("det(A)*lam", lambda A, lam, **_: np.linalg.det(A) * lam),
    ("inv(A)*x", lambda A, x, **_: inv(A) @ x),
    ("y'*inv(S)*y + logdet(S)", lambda S, y, **_: y @ inv(S) @ y + np.linalg.slogdet(S)[1]),
    ("diag(x)*A", lambda A, x, **_: np.diag(x) @ A),
    ("A*diag(x) + eye", lambda A, x, **_: A @ np.diag(x) + np.eye(len(x))),
    ("diag(A)", lambda A, **_: np.diag(A)),
    ("x*y'", lambda x, y, **_: np.outer(x, y)),
    ("x.*y./z", lambda x, y, z, **_: x * y / z),
    ("z.^3 + z.^-1 + z.^0.5", lambda z, **_: z**3 + 1 / z + np.sqrt(z)),
    ("exp(-norm2(x-y)^2/(2*c^2))", lambda x, y, c, **_: e(-np.sum((x - y) ** 2) / (2 * c**2))),
    ("x'*x/(y'*y)", lambda x, y, **_: x @ x / (y @ y)),
    ("vector(1)'*x", lambda x, **_: x.sum()),
    ("A .* B", lambda A, B, **_: A * B),
    ("relu(A*x)", lambda A, x, **_: np.maximum(A @ x, 0)),
    ("(A + A')*x", lambda A, x, **_: (A + A.T) @ x),
    ("tr(inv(A)*B)", lambda A, B, **_: np.trace(inv(A) @ B)),
    ("tr(inv(A*B))", lambda A, B, **_: np.trace(inv(A @ B))),
    ("normF(X - V)^2", lambda X, V, **_: np.sum((X - V) ** 2)),
    # MATLAB
    ("A \\ b", lambda A, b, **_: np.linalg.solve(A, b)),
    ("A \\ X", lambda A, X, **_: np.linalg.solve(A, X)),
    ("(X'*X + lam*eye) \\ (X'*y)", lambda X, y, lam, **_: np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ y)),
    ("A^2*x", lambda A, x, **_: A @ A @ x),
    ("A^-1 * x", lambda A, x, **_: inv(A) @ x),
    ("sum(sum(X))", lambda X, **_: X.sum()),
    ("sum(X, 1)", lambda X, **_: X.sum(0)[None]),
    ("sum(X, 2)", lambda X, **_: X.sum(1)),
    ("max(x) - min(x)", lambda x, **_: x.max() - x.min()),
    ("log(1+exp(-y.*(X*w)))", lambda X, w, y, **_: np.log(1 + e(-y * (X @ w)))),
    ("1 ./ (1 + exp(-X*w))", lambda X, w, **_: 1 / (1 + e(-X @ w))),
    # juxtaposition and superscripts
    ("W' X' x", lambda W, X, x, **_: W.T @ X.T @ x),
    ("2x'x", lambda x, **_: 2 * x @ x),
    ("Aᵀx + A⁻¹x", lambda A, x, **_: A.T @ x + inv(A) @ x),
    ("||A x - b||²", lambda A, x, b, **_: np.sum((A @ x - b) ** 2)),
    ("x^T A x + c", lambda A, x, c, **_: x @ A @ x + c),
    ("I - x x' / (x' x)", lambda x, **_: np.eye(len(x)) - np.outer(x, x) / (x @ x)),
    # NumPy
    ("X @ w", lambda X, w, **_: X @ w),
    ("x @ A @ x", lambda A, x, **_: x @ A @ x),
    ("A.T @ x * y", lambda A, x, y, **_: A.T @ x * y),
    ("np.mean((X @ w - y)**2)", lambda X, w, y, **_: np.mean((X @ w - y) ** 2)),
    ("np.sum(X @ W, axis=0)", lambda X, W, **_: (X @ W).sum(0)),
    ("np.trace(A @ B.T)", lambda A, B, **_: np.trace(A @ B.T)),
    ("np.linalg.solve(A, x) @ y", lambda A, x, y, **_: np.linalg.solve(A, x) @ y),
    ("np.linalg.norm(X @ w - y)", lambda X, w, y, **_: np.linalg.norm(X @ w - y)),
    ("np.outer(x, w)", lambda x, w, **_: np.outer(x, w)),
    ("np.maximum(X @ w, 0)", lambda X, w, **_: np.maximum(X @ w, 0)),
    ("softmax(X @ W, axis=1)", lambda X, W, **_: e(X @ W) / e(X @ W).sum(1, keepdims=True)),
    ("X @ W + w @ W", lambda X, W, w, **_: X @ W + w @ W),
]


@pytest.mark.parametrize(("text", "meant"), FORMULAS, ids=[text for text, _ in FORMULAS])
def test_a_formula_means_what_numpy_says_at_every_size(text: str, meant: Callable[..., np.ndarray]) -> None:
    program = ed.parse(ed.convert(text, "matrix"))
    for sizes in SIZES:
        values = arrays(*sizes)
        found = ed.evaluate(program, {name: values[name] for name in program.inputs})[program.outputs[-1]]
        np.testing.assert_allclose(np.squeeze(found), np.squeeze(meant(**values)), rtol=1e-9, atol=1e-9)


GOLDEN = [
    ("x' * A * x", "x ∈ R^N\nA ∈ R^{N×N}\nf = x_i A_ij x_j"),
    ("W' x + b", "W ∈ R^{N×M}\nx ∈ R^N\nb ∈ R^M\ny_i = W_ji x_j + b_i"),
    ("tr(A B)", "A ∈ R^{N×M}\nB ∈ R^{M×N}\nf = A_ij B_ji"),
    ("norm2(x)^2", "x ∈ R^N\nf = sum_i x_i^2"),
    ("x^T W x + b", "x ∈ R^N\nW ∈ R^{N×N}\nb ∈ R\nf = x_i W_ij x_j + b"),
    ("inv(A*B)*x", "A ∈ R^{N×M}\nB ∈ R^{M×N}\nx ∈ R^N\nM_ij = A_ik B_kj\ny_i = inv(M)_ij x_j"),
    ("f(x) = x' S x", "x ∈ R^N\nS ∈ R^{N×N}\nf = x_i S_ij x_j"),
    ("y = A x; f = y' y", "A ∈ R^{N×M}\nx ∈ R^M\ny_i = A_ij x_j\nf = y_i y_i"),
    ("x' (x .* y)", "x ∈ R^N\ny ∈ R^N\nf = x_i x_i y_i"),
    ("x' exp(x .* y)", "x ∈ R^N\ny ∈ R^N\nf = sum_i x_i exp(x_i y_i)"),
    ("θ' x + μ", "θ ∈ R^N\nx ∈ R^N\nμ ∈ R\nf = θ_i x_i + μ"),
    ("A + x", "# x is added to every column\nA ∈ R^{N×M}\nx ∈ R^N\nY_ij = A_ij + x_i"),
    ("x + vector(2)", "x ∈ R^N\ny_i = x_i + 2"),
]


@pytest.mark.parametrize(("text", "expected"), GOLDEN, ids=[text for text, _ in GOLDEN])
def test_a_formula_reads_as_one_writes_it(text: str, expected: str) -> None:
    assert ed.convert(text) == expected + "\n"


DECLARED = [
    ("X*w", "X: N×D, w: D", "X ∈ R^{N×D}\nw ∈ R^D\ny_n = X_nd w_d"),
    ("A*x+b", "A: 3×4, b: scalar", "# b is added to every component\nA ∈ R^{3×4}\nx ∈ R^4\nb ∈ R\ny_i = A_ij x_j + b"),
    ("x'*s*x", "s: symmetric", "x ∈ R^N\ns ∈ R^{N×N} symmetric\nf = x_i s_ij x_j"),
    ("a*X", "a, X: scalar", "a ∈ R\nX ∈ R\nf = a X"),
    ("ones(N)*x'", "x: D", "x ∈ R^D\nindex n: N\nY_nd = x_d"),
    ("x*x'", {"x": (3, 1)}, "x ∈ R^3\nY_ij = x_i x_j"),
]


@pytest.mark.parametrize(("text", "shapes", "expected"), DECLARED)
def test_names_are_what_is_declared(text: str, shapes: str | dict[str, tuple[int, ...]], expected: str) -> None:
    assert ed.convert(text, "matrix", shapes=shapes) == expected + "\n"


def test_a_capital_is_a_matrix_and_the_rest_is_what_fits() -> None:
    assert "b ∈ R^" in ed.convert("A*x + b") and "b ∈ R\n" in ed.convert("x'*A*x + b")
    assert "λ ∈ R\n" in ed.convert("λ*x") and "λ ∈ R^" in ed.convert("λ'*x")
    with pytest.raises(ed.EinShapeError):
        ed.convert("x * w")  # letters that name vectors are never scalars


def test_many_terms_and_many_names_need_no_recursion() -> None:
    many = " + ".join(f"A{n}*x" for n in range(300))
    program = ed.parse(ed.convert(many, "matrix"))
    assert len(program.inputs) == 301


def test_the_gradient_of_a_converted_formula_is_that_of_the_formula() -> None:
    f = ed.grad(ed.convert("norm2(X*w - y)^2"), wrt="w")
    rng = np.random.default_rng(0)
    X, w, y = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=5)
    np.testing.assert_allclose(f(X=X, w=w, y=y), 2 * X.T @ (X @ w - y))
