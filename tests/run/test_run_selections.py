"""Random products with selections against the dense evaluator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import evaluate
from run.selections import M, N, P, Q, arrays_for, graphs

from einderiv.plan import plan
from einderiv.run import line, prepare, run

SIZES = st.sampled_from([{N: 3, M: 2, P: 5, Q: 4}, {N: 2, M: 4, P: 3, Q: 6}, {N: 1, M: 1, P: 1, Q: 2}])
BUDGET = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


def close(result, expected, rtol=1e-9):
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(result, expected, rtol=rtol, atol=1e-10 * scale if rtol < 1e-6 else 1e-4 * scale)


@given(graphs(), SIZES, st.integers(0, 9))
@BUDGET
def test_a_run_gives_the_values_of_the_definition(outputs, sizes, seed):
    arrays = arrays_for(sizes, seed)
    for array in arrays.values():
        array.flags.writeable = False
    made = plan(outputs, sizes)
    assert str(made)
    results = run(made, arrays)
    again = run(made, arrays)
    for place, (node, result) in enumerate(zip(outputs, results, strict=True)):
        assert result.shape == tuple(sizes[dim] for dim in node.axes)
        assert result.flags.writeable and result.dtype == np.float64
        close(result, evaluate(node, arrays, sizes))
        assert np.array_equal(result, again[place])
        others = [*arrays.values(), *results[:place]]
        assert not any(np.shares_memory(result, other) for other in others)


@given(graphs(), SIZES)
@BUDGET
def test_float32_stays_float32_and_labels_stay_integers(outputs, sizes):
    arrays = arrays_for(sizes, 3)
    reals = {name: x.astype(np.float32) if x.dtype.kind == "f" else x for name, x in arrays.items()}
    made = plan(outputs, sizes)
    known = set(made.inputs) - made.indices
    for node, result in zip(outputs, run(made, reals), strict=True):
        assert result.dtype == np.float32 or not known
        close(result, evaluate(node, arrays, sizes), 1e-3)


@given(graphs(), SIZES)
@BUDGET
def test_writing_over_spare_temporaries_changes_nothing(outputs, sizes):
    arrays = arrays_for(sizes, 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line, "LARGE", 1)
        results = prepare(plan(outputs, sizes))(arrays)
    for node, result in zip(outputs, results, strict=True):
        close(result, evaluate(node, arrays, sizes))


@given(graphs(), st.sampled_from([{N: 0, M: 2, P: 3, Q: 2}, {N: 2, M: 0, P: 0, Q: 1}, {N: 1, M: 3, P: 2, Q: 0}]))
@BUDGET
def test_empty_axes_give_empty_or_zero_results(outputs, sizes):
    arrays = arrays_for(sizes, 5)
    for node, result in zip(outputs, run(plan(outputs, sizes), arrays), strict=True):
        close(result, evaluate(node, arrays, sizes))


@pytest.mark.parametrize("name", ["torch", "jax"])
@given(outputs=graphs(), sizes=SIZES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_other_libraries_give_the_same(name, outputs, sizes):
    library = pytest.importorskip(name)
    arrays = arrays_for(sizes, 6)
    if name == "jax":
        library.config.update("jax_enable_x64", True)
        passed = {key: library.numpy.asarray(array) for key, array in arrays.items()}
    else:
        passed = {key: library.tensor(array) for key, array in arrays.items()}
    made = plan(outputs, sizes)
    for node, result in zip(outputs, run(made, passed), strict=True):
        assert not made.inputs or type(result).__module__.partition(".")[0] in (name, "jaxlib")
        close(np.asarray(result), evaluate(node, arrays, sizes))
