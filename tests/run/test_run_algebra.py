"""Linear algebra: values, shared factorisations, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from reference import evaluate

from einderiv.errors import EinValueError
from einderiv.ir import Dim, Input, add, algebra, einsum, identity
from einderiv.plan import Factorise, Solve, plan
from einderiv.run import algebra as kernels
from einderiv.run import run

N, B, K = Dim("N"), Dim("B"), Dim("K")
A, b, C = Input("A", (B, N, N)), Input("b", (B, N)), Input("C", (B, N, K, K))
M, v = Input("M", (N, N)), Input("v", (N,))
TURNED, FLIPPED = einsum([(A, "bij")], "bji"), einsum([(M, "ij")], "ji")
DEFINITE = add([einsum([(A, "bij"), (A, "bkj")], "bik"), einsum([(identity(N), "ij")], "bij", 1.0, {"b": B})])
OUTPUTS = [
    *(algebra("solve", matrix, right) for matrix in (A, TURNED) for right in (b, C)),
    *(algebra(name, matrix) for matrix in (A, TURNED, M, FLIPPED) for name in ("inv", "det", "logdet")),
    *(algebra("solve", matrix, v) for matrix in (M, FLIPPED)),
    algebra("cholesky", DEFINITE),
    algebra("inv", algebra("cholesky", DEFINITE)),
]
SIZES = {N: 4, B: 3, K: 2}


def arrays_for(sizes, dtype=float):
    rng = np.random.default_rng(0)
    return {x.name: rng.standard_normal([sizes[dim] for dim in x.axes]).astype(dtype) for x in (A, b, C, M, v)}


@pytest.fixture(params=["scipy", "numpy"])
def backend(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(kernels, "_lapack", lambda kind: None)


@pytest.mark.usefixtures("backend")
def test_values_are_those_of_the_definition():
    arrays = arrays_for(SIZES)
    for array in arrays.values():
        array.flags.writeable = False
    results = run(plan(OUTPUTS, SIZES), arrays)
    for place, (node, result) in enumerate(zip(OUTPUTS, results, strict=True)):
        np.testing.assert_allclose(result, evaluate(node, arrays, SIZES), rtol=1e-10, atol=1e-12)
        assert not any(np.shares_memory(result, other) for other in [*arrays.values(), *results[:place]])


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_types_stay(dtype):
    arrays = arrays_for(SIZES, dtype)
    for node, result in zip(OUTPUTS, run(plan(OUTPUTS, SIZES), arrays), strict=True):
        assert result.dtype == dtype
        exact = evaluate(node, {name: x.astype(float) for name, x in arrays.items()}, SIZES)
        np.testing.assert_allclose(result, exact, rtol=0.1, atol=0.1 * np.abs(exact).max())


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("sizes", [{N: 0, B: 2, K: 1}, {N: 2, B: 0, K: 1}, {N: 2, B: 1, K: 0}])
def test_empty_axes(sizes):
    arrays = arrays_for(sizes)
    for node, result in zip(OUTPUTS, run(plan(OUTPUTS, sizes), arrays), strict=True):
        assert result.shape == tuple(sizes[dim] for dim in node.axes)
        if node.axes in ((B,), ()):
            assert not sizes[N] or np.allclose(result, evaluate(node, arrays, sizes))


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_other_libraries_give_the_same(name):
    library = pytest.importorskip(name)
    arrays = arrays_for(SIZES)
    if name == "jax":
        library.config.update("jax_enable_x64", True)
    kind = library.as_tensor if name == "torch" else library.numpy.asarray
    passed = {key: kind(array) for key, array in arrays.items()}
    for node, result in zip(OUTPUTS, run(plan(OUTPUTS, SIZES), passed), strict=True):
        np.testing.assert_allclose(np.asarray(result), evaluate(node, arrays, SIZES), rtol=1e-9, atol=1e-10)
    passed["M"] = passed["M"] * 0
    for node in (algebra("inv", M), algebra("solve", M, v), algebra("logdet", M), algebra("cholesky", M)):
        with pytest.raises(EinValueError, match="`M` is") as caught:
            run(plan([node], SIZES), passed)
        assert caught.value.code == "E0511"


def test_one_factorisation_serves_all_that_is_asked_of_a_matrix():
    matrix = [algebra(name, M) for name in ("inv", "det", "logdet")]
    made = plan([*matrix, algebra("solve", M, v), algebra("solve", FLIPPED, v), algebra("inv", FLIPPED)], {N: 5})
    steps = [step.operation for step in made.steps]
    assert sum(isinstance(step, Factorise) for step in steps) == 1
    assert sum(isinstance(step, Solve) and step.turned for step in steps) == 2
    assert "solve of the transpose" in str(made) and "LU   #0" in str(made)


def test_a_factorisation_is_that_of_lapack():
    rng = np.random.default_rng(1)
    m, right = rng.standard_normal((30, 30)), rng.standard_normal(30)
    one, other = run(plan([algebra("solve", M, v), algebra("solve", FLIPPED, v)], {N: 30}), {"M": m, "v": right})
    factors = scipy.linalg.lu_factor(m)
    np.testing.assert_allclose(one, scipy.linalg.lu_solve(factors, right), rtol=1e-12)
    np.testing.assert_allclose(other, scipy.linalg.lu_solve(factors, right, trans=1), rtol=1e-12)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", ["inv", "logdet", "solve"])
def test_a_singular_matrix_is_named(name):
    node = algebra(name, M, v) if name == "solve" else algebra(name, M)
    with pytest.raises(EinValueError, match="`M` is singular") as caught:
        run(plan([node], {N: 2}), {"M": [[1.0, 2.0], [2.0, 4.0]], "v": np.ones(2)})
    assert caught.value.code == "E0511"
    batch = np.stack([np.eye(2), np.eye(2), np.zeros((2, 2))])
    node = algebra(name, A, b) if name == "solve" else algebra(name, A)
    with pytest.raises(EinValueError, match=r"`A\[2\]` is singular"):
        run(plan([node], {N: 2, B: 3}), {"A": batch, "b": np.ones((3, 2))})


def test_rounding_makes_no_matrix_regular_and_a_small_scale_no_matrix_singular():
    made = plan([algebra("inv", M)], {N: 2})
    with pytest.raises(EinValueError, match="`M` is singular"):
        run(made, {"M": [[0.1, 0.3], [0.2, 0.6]]})
    assert run(made, {"M": [[1, 0], [0, 1e-200]]})[0].tolist() == [[1, 0], [0, 1e200]]
    assert np.isnan(run(made, {"M": [[np.nan, 0], [0, 1]]})[0]).any()


@pytest.mark.usefixtures("backend")
def test_a_singular_matrix_has_a_determinant():
    assert abs(run(plan([algebra("det", M)], {N: 2}), {"M": [[1, 2], [2, 4]]})[0]) == 0
    large = np.eye(400) * 100
    assert run(plan([algebra("logdet", M)], {N: 400}), {"M": large})[0] == pytest.approx(400 * np.log(100))


def test_cholesky_takes_the_symmetric_part_and_names_what_is_indefinite():
    made = plan([algebra("cholesky", M)], {N: 2})
    skew = np.array([[4.0, 3.0], [-1.0, 3.0]])
    np.testing.assert_allclose(run(made, {"M": skew})[0], np.linalg.cholesky((skew + skew.T) / 2))
    with pytest.raises(EinValueError, match="`M` is not positive definite") as caught:
        run(made, {"M": [[1, 2], [2, 1]]})
    assert caught.value.code == "E0511"
    batch = np.stack([np.eye(2), -np.eye(2)])
    with pytest.raises(EinValueError, match=r"`A\[1\]` is not positive definite"):
        run(plan([algebra("cholesky", A)], {N: 2, B: 2}), {"A": batch})
    assert np.isnan(run(made, {"M": [[np.nan, 0], [0, 1]]})[0]).any()


def test_a_tensor_of_the_users_is_called_by_its_name():
    inner = einsum([(M, "ij"), (M, "jk")], "ik")
    for names, called in (({inner: "S"}, "`S` is singular"), ({}, "the matrix is singular")):
        with pytest.raises(EinValueError, match=called):
            run(plan([algebra("inv", inner)], {N: 2}, names=names), {"M": np.zeros((2, 2))})
