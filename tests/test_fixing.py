"""`f.fix`: what depends on fixed inputs alone is computed once; the results are those of NumPy."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest
from corpus import Record, draw
from test_corpus import RECORDS, by_definition, functions, vectors

import einderiv as ed
from einderiv.plan import Contract, HoistedPlan, Step

LEAST_SQUARES = "L = (X_nd w_d - y_n)^2"
rng = np.random.default_rng(0)
X, y, w = rng.normal(size=(400, 6)), rng.normal(size=400), rng.normal(size=6)


def sets(names: list[str]) -> list[tuple[str, ...]]:
    """Each input alone, all but one, and all of them."""
    return list(dict.fromkeys(chain.from_iterable(combinations(names, k) for k in (1, len(names) - 1, len(names)))))


@pytest.mark.parametrize("record", [each for each in RECORDS if each.kind != "jtjv"], ids=lambda record: record.name)
@pytest.mark.filterwarnings("ignore::einderiv.EinWarning")
def test_whatever_is_fixed_golden_derivatives_are_what_their_definition_says(record: Record) -> None:
    values = draw(record, 1)
    (f,) = functions(record)
    arrays = vectors(record, values)
    expected = by_definition(record, values)
    for fixed in sets(list(arrays)):
        g = f.fix({name: arrays[name] for name in fixed})
        others = {name: array for name, array in arrays.items() if name not in fixed}
        first, second = g(others), g(others)
        np.testing.assert_allclose(first, expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(first, second)


def contractions(plan: HoistedPlan) -> list[Step]:
    return [step for step in plan.steps if isinstance(step.operation, Contract)]


def test_the_gradient_of_least_squares_multiplies_with_two_small_products_that_are_kept() -> None:
    slope = ed.grad(LEAST_SQUARES, wrt="w").fix(X=X, y=y)
    np.testing.assert_allclose(slope(w=w), 2 * X.T @ (X @ w - y), rtol=1e-12)
    plan = slope.plan(w=w)
    assert plan.once is not None
    assert [plan.once.steps[slot].shape for slot in plan.once.outputs] == [(6, 6), (6,)]
    assert [step.shape for step in contractions(plan)] == [(6,)]
    assert plan.inputs.keys() == {"w", *plan.kept}


def test_with_more_columns_than_rows_the_residual_stays() -> None:
    slope = ed.grad(LEAST_SQUARES, wrt="w").fix(X=X.T, y=np.ones(6))
    wide = rng.normal(size=400)
    np.testing.assert_allclose(slope(w=wide), 2 * X @ (X.T @ wide - 1), rtol=1e-12)
    assert slope.plan(w=wide).kept == ()


def test_a_value_stays_a_sum_of_squares_while_its_gradient_has_small_products() -> None:
    both = ed.value_and_grad(LEAST_SQUARES, wrt="w").fix(X=X, y=y)
    best = np.linalg.lstsq(X, y)[0]
    exact = X @ best
    near = ed.function(LEAST_SQUARES).fix(X=X, y=exact)(w=best)
    value, slope = both(w=w)
    assert near < 1e-24  # multiplied out, its terms would cancel to 1e-14
    np.testing.assert_allclose(value, np.sum((X @ w - y) ** 2), rtol=1e-12)
    np.testing.assert_allclose(slope, 2 * X.T @ (X @ w - y), rtol=1e-12)


def test_a_weighted_hessian_times_a_vector_takes_what_is_fixed_together() -> None:
    v = rng.uniform(1, 2, size=400)
    product = ed.hvp("L = v_n (X_nd w_d - y_n)^2", wrt="w").fix(X=X, v=v)
    np.testing.assert_allclose(product(dw=w), 2 * X.T @ (v * (X @ w)), rtol=1e-12)
    assert [step.shape for step in contractions(product.plan(dw=w))] == [(6,)]


def test_a_chain_of_fixed_matrices_is_one_matrix() -> None:
    A, B, C = (rng.normal(size=(30, 30)) for _ in range(3))
    x = rng.normal(size=30)
    f = ed.function("z_i = A_ij B_jk C_kl x_l").fix(A=A, B=B, C=C)
    np.testing.assert_allclose(f(x=x), A @ B @ C @ x, rtol=1e-11, atol=1e-11)
    assert len(contractions(f.plan(x=x))) == 1


def test_a_product_that_would_hold_more_than_its_factors_is_not_kept() -> None:
    a, b = rng.normal(size=50), rng.normal(size=40)
    f = ed.function("z = a_i b_j M_ij").fix(a=a, b=b)
    M = rng.normal(size=(50, 40))
    np.testing.assert_allclose(f(M=M), a @ M @ b, rtol=1e-12)
    assert f.plan(M=M).kept == ()


def test_fixed_terms_of_a_sum_are_added_once() -> None:
    a, b, x = rng.normal(size=(3, 20))
    f = ed.function("z_i = a_i + exp(b_i) + x_i").fix(a=a, b=b)
    np.testing.assert_allclose(f(x=x), a + np.exp(b) + x, rtol=1e-14)
    assert [step.what for step in f.plan(x=x).steps] == ["kept #3", "x", "#1 + #0"]


def test_one_factorisation_serves_all_right_sides() -> None:
    A = rng.normal(size=(8, 8)) + 8 * np.eye(8)
    f = ed.function("z_i = solve(A, b)_i").fix(A=A)
    for b in rng.normal(size=(3, 8)):
        np.testing.assert_allclose(f(b=b), np.linalg.solve(A, b), rtol=1e-12)
    assert "LU" not in [step.what.split()[0] for step in f.plan(b=b).steps]


def test_kept_steps_run_once_for_all_calls_of_the_same_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    from einderiv import fixing

    runs: list[tuple[str, ...]] = []
    prepare = fixing.prepare

    def counting(plan: Any, library: str, dtype: str) -> Callable[..., Any]:
        runner = prepare(plan, library, dtype)

        def run(arrays: Any) -> Any:
            runs.append(tuple(step.what for step in plan.steps if step.operands))
            return runner(arrays)

        return run

    monkeypatch.setattr(fixing, "prepare", counting)
    slope = ed.grad(LEAST_SQUARES, wrt="w").fix(X=X, y=y)
    for scale in range(5):
        np.testing.assert_allclose(slope(w=scale * w), 2 * X.T @ (X @ (scale * w) - y), rtol=1e-10)
    once = slope.plan(w=w).once
    assert once is not None
    assert runs.count(tuple(step.what for step in once.steps if step.operands)) == 1
    assert len(runs) == 6


def test_changing_a_fixed_array_changes_nothing() -> None:
    own, other = X.copy(), y.copy()
    slope = ed.grad(LEAST_SQUARES, wrt="w").fix(X=own, y=other)
    own[:], other[:] = 0, 0  # before the first call, and
    np.testing.assert_allclose(slope(w=w), 2 * X.T @ (X @ w - y), rtol=1e-12)
    own[:] = np.nan  # after it
    np.testing.assert_allclose(slope(w=w), 2 * X.T @ (X @ w - y), rtol=1e-12)


def test_changing_a_result_changes_nothing_that_is_kept() -> None:
    H = ed.hessian(LEAST_SQUARES, wrt="w").fix(X=X)
    H(w=w)[:] = 0
    np.testing.assert_allclose(H(w=w), 2 * X.T @ X, rtol=1e-12)
    same = ed.function("z_ij = X_ji").fix(X=X)
    same()[:] = 0
    np.testing.assert_array_equal(same(), X.T)


def test_what_is_kept_is_not_written_into() -> None:
    t, G = np.array([2, 0, 2]), rng.normal(size=(4, 3))
    slope = ed.grad("L = E_{t_n,d} u_nd + E_kd G_kd H_kd", wrt="E").fix(t=t, G=G, H=G)
    u = rng.normal(size=(3, 3))
    expected = G**2
    np.add.at(expected, t, u)
    for _ in range(3):
        np.testing.assert_allclose(slope(u=u, E=G), expected, rtol=1e-14)


def test_one_function_serves_several_sizes_and_types() -> None:
    f = ed.function("z_mi = A_ij A_jk x_mk").fix(A=np.eye(3) * 2)
    for count in range(1, 12):
        np.testing.assert_array_equal(f(x=np.ones((count, 3))), np.full((count, 3), 4.0))
    assert f(x=np.ones((2, 3), np.float32)).dtype == np.float64
    narrow = ed.function("z_i = c A_ij x_j").fix(A=np.eye(2, dtype=np.float32), c=0.5)
    assert narrow(x=np.ones(2, np.float32)).dtype == np.float32
    assert narrow(x=np.ones(2)).dtype == np.float64


def test_fixed_functions_travel_to_other_processes() -> None:
    slope = ed.grad(LEAST_SQUARES, wrt="w").fix(X=X, y=y)
    expected = slope(w=w)
    copy = pickle.loads(pickle.dumps(slope))
    assert str(copy) == str(slope)
    np.testing.assert_array_equal(copy(w=w), expected)


def test_threads_compute_what_is_kept_once_and_get_the_same() -> None:
    slope = ed.grad(LEAST_SQUARES, wrt="w").fix(X=X, y=y)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda k: slope(w=k * w), range(64)))
    for k, result in enumerate(results):
        np.testing.assert_allclose(result, 2 * X.T @ (X @ (k * w) - y), rtol=1e-10)
    assert len(slope._kept) == 1


def test_more_can_be_fixed_later() -> None:
    slope = ed.grad(LEAST_SQUARES, wrt="w").fix(X=X).fix({"y": y})
    np.testing.assert_allclose(slope({"w": w}), 2 * X.T @ (X @ w - y), rtol=1e-12)
    np.testing.assert_allclose(slope.fix(w=w)(), 2 * X.T @ (X @ w - y), rtol=1e-12)


def test_its_repr_says_what_is_fixed_and_how_much_memory_it_takes() -> None:
    slope = ed.grad(LEAST_SQUARES, wrt="w").fix(X=X, y=y)
    assert repr(slope) == "<einderiv.Function ∂L/∂w_d with X, y fixed, 22.4 kB>"
    slope(w=w)
    assert repr(slope) == "<einderiv.Function ∂L/∂w_d with X, y fixed, 22.4 kB, and 336 B made of them>"


def test_the_parts_of_a_fixed_function_know_what_is_fixed() -> None:
    jacobian = ed.jacobian("z_n = X_nd w_d", wrt="w").fix(X=X)
    np.testing.assert_array_equal(jacobian.factored().to_dense(), X)
    assert "N = 400" in str(jacobian.graph()) or "400" in str(jacobian.graph())
    slope = ed.grad(LEAST_SQUARES, wrt="w").fix(X=X, y=y)
    assert "kept #1" in str(slope.graph(w=w, plan=True))


def test_the_parts_of_a_fixed_hessian_solve_newtons_step_at_each_call() -> None:
    text = "L = sum_n(exp(X_nd w_d) - y_n X_nd w_d) + w_d w_d"
    hessian = ed.hessian(text, wrt="w").fix(X=X, y=y)
    for scale in (0.1, 0.2):
        v = scale * w
        dense = X.T @ (np.exp(X @ v)[:, None] * X) + 2 * np.eye(len(v))
        parts = hessian.factored(w=v)
        np.testing.assert_allclose(parts.to_dense(), dense, rtol=1e-12)
        np.testing.assert_allclose(parts.solve(w), np.linalg.solve(dense, w), rtol=1e-10)
    factorisation = ed.hessian("L = (T_ij - U_ik V_jk)^2", wrt="U")
    T, U, V = np.ones((6, 7)), np.ones((6, 2)), np.linspace(-1, 1, 14).reshape(7, 2)
    parts = factorisation.fix(T=T, V=V).factored(U=U)
    assert parts.nbytes == V.shape[1] ** 2 * 8
    np.testing.assert_allclose(parts.to_dense(), factorisation(T=T, U=U, V=V), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda f: f(w=w, X=X), "`X` is fixed in this function, so a call does not take it"),
        (lambda f: f.fix(y=y), "`y` is fixed in this function, so a call does not take it"),
        (lambda f: f.plan(X=X), "`X` is fixed in this function, so a call does not take it"),
        (lambda f: f(), "missing input `w`"),
        (lambda f: f(v=w), "unexpected input `v`"),
        (lambda f: f(w=w[:2]), "index `d` has size 6 in `X` but size 2 in `w`"),
        (lambda f: f.fix(w=w[:2]), "index `d` has size 6 in `X` but size 2 in `w`"),
        (lambda f: f.fix(Z=w), "unexpected input `Z`"),
        (lambda f: f.fix("w"), "expected one mapping from names to arrays, or keywords, but got str"),
        (lambda f: f.fix(w=[1j] * 6), "`w` has dtype complex128"),
    ],
)
def test_a_mistake_is_named(call: Callable[[Any], Any], text: str) -> None:
    slope = ed.grad(LEAST_SQUARES, wrt="w").fix(X=X, y=y)
    with pytest.raises(ed.EinError) as caught:
        call(slope)
    assert text in str(caught.value)


def test_what_is_kept_counts_as_memory_of_the_first_call() -> None:
    A = np.ones((300, 300))
    f = ed.function("z_i = exp(A_ij) x_j").fix(A=A)
    with pytest.raises(ed.EinMemoryError):
        f(x=np.ones(300), memory_limit=500_000)
    assert f(x=np.ones(300), memory_limit=1_000_000).shape == (300,)
    assert f(x=np.ones(300), memory_limit=500_000).shape == (300,)  # it is there already


def test_pytorch_differentiates_a_fixed_function_by_what_is_left() -> None:
    torch = pytest.importorskip("torch")
    slope = ed.grad(LEAST_SQUARES, wrt="w").fix(X=X, y=y)
    left = torch.tensor(w, requires_grad=True)
    for _ in range(2):
        left.grad = None
        slope(w=left).sum().backward()
        np.testing.assert_allclose(left.grad, (2 * X.T @ X).sum(axis=0), rtol=1e-12)


def test_jax_traces_a_fixed_function_before_and_after_its_first_call() -> None:
    jax = pytest.importorskip("jax")
    slope = ed.grad(LEAST_SQUARES, wrt="w").fix(X=X.astype(np.float32), y=y.astype(np.float32))
    single = w.astype(np.float32)
    expected = 2 * X.T @ (X @ w - y)
    for _ in range(2):
        np.testing.assert_allclose(jax.jit(lambda w: slope(w=w))(single), expected, rtol=1e-3)
        np.testing.assert_allclose(slope(w=jax.numpy.asarray(single)), expected, rtol=1e-3)
