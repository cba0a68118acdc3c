"""Random graphs against the slow dense evaluator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run.graphs import I, J, K, dense, nodes

from einderiv.errors import EinValueError
from einderiv.plan import cores, plan
from einderiv.run import line, prepare, run

SIZES = st.sampled_from([{I: 2, J: 3, K: 4}, {I: 3, J: 1, K: 2}, {I: 1, J: 1, K: 1}, {I: 2, J: 3, K: 1}])
BUDGET = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


def arrays_for(sizes, seed):
    rng = np.random.default_rng(seed)
    shapes = {"x": (I,), "A": (I, J), "B": (J, K), "S": (I, I), "T": (I, J, K), "c": ()}
    return {name: rng.standard_normal([sizes[dim] for dim in axes]) for name, axes in shapes.items()}


def close(result, expected):
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-10 * scale)


@given(nodes(), SIZES, st.integers(0, 9))
@BUDGET
def test_a_run_gives_the_values_of_the_definition(outputs, sizes, seed):
    arrays = arrays_for(sizes, seed)
    kept = {name: array.copy() for name, array in arrays.items()}
    for array in arrays.values():
        array.flags.writeable = False
    results = run(plan(outputs, sizes), arrays)
    for place, (node, result) in enumerate(zip(outputs, results, strict=True)):
        assert result.shape == tuple(sizes[dim] for dim in node.axes)
        assert result.flags.writeable and result.dtype == np.float64
        close(result, dense(node, sizes, arrays))
        others = [*arrays.values(), *results[:place]]
        assert not any(np.shares_memory(result, other) for other in others)
        assert not result.size or len({*_addresses(result)}) == result.size
    assert all(np.array_equal(arrays[name], kept[name]) for name in arrays)


def _addresses(array):
    offsets = np.zeros(array.shape, int)
    for axis, stride in enumerate(array.strides):
        index = [None] * array.ndim
        index[axis] = slice(None)
        offsets = offsets + (np.arange(array.shape[axis]) * stride)[tuple(index)]
    return offsets.ravel().tolist()


@given(nodes(), SIZES)
@BUDGET
def test_float32_stays_float32(outputs, sizes):
    arrays = {name: array.astype(np.float32) for name, array in arrays_for(sizes, 1).items()}
    names = set(plan(outputs, sizes).inputs)
    for node, result in zip(outputs, run(plan(outputs, sizes), arrays), strict=True):
        assert result.dtype == np.float32 or not names
        assert result.shape == tuple(sizes[dim] for dim in node.axes)


@given(nodes(), SIZES)
@BUDGET
def test_the_pieces_of_cores_add_up(outputs, sizes):
    arrays = arrays_for(sizes, 2)
    for node in outputs:
        total = np.zeros(tuple(sizes[dim] for dim in node.axes))
        for piece in cores(node, sizes):
            operands = [np.array(piece.coefficient), []]
            values = run(plan([core for core, _ in piece.factors], sizes), arrays)
            for value, (_, placing) in zip(values, piece.factors, strict=True):
                operands += [value, list(placing)]
            for axis, first in enumerate(piece.ties):
                operands += [np.eye(total.shape[axis]), [first, axis], np.ones(total.shape[axis]), [axis]]
            total += np.einsum(*operands, list(range(total.ndim)))
        close(total, dense(node, sizes, arrays))


@given(nodes(), SIZES)
@BUDGET
def test_writing_over_spare_temporaries_changes_nothing(outputs, sizes):
    arrays = arrays_for(sizes, 4)
    made = plan(outputs, sizes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line, "LARGE", 1)
        results = prepare(made)(arrays)
    for node, result in zip(outputs, results, strict=True):
        close(result, dense(node, sizes, arrays))


@given(nodes(), SIZES)
@BUDGET
def test_chains_in_blocks_change_nothing(outputs, sizes):
    arrays = arrays_for(sizes, 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("einderiv.plan.chains.LONG", 2)
        patch.setattr("einderiv.plan.chains.BLOCK", 0)
        patch.setattr("einderiv.run.chains.BLOCK", 2)
        made = plan(outputs, sizes)
        results = prepare(made)(arrays)
    for place, (node, result) in enumerate(zip(outputs, results, strict=True)):
        assert result.shape == tuple(sizes[dim] for dim in node.axes)
        close(result, dense(node, sizes, arrays))
        assert not any(np.shares_memory(result, other) for other in [*arrays.values(), *results[:place]])


@given(nodes(), st.sampled_from([{I: 0, J: 2, K: 3}, {I: 2, J: 0, K: 0}, {I: 0, J: 0, K: 0}]))
@BUDGET
def test_empty_axes_give_empty_or_zero_results(outputs, sizes):
    arrays = arrays_for(sizes, 5)
    try:
        results = run(plan(outputs, sizes), arrays)
    except EinValueError as error:
        assert error.code == "E0507"
        return
    for node, result in zip(outputs, results, strict=True):
        close(result, dense(node, sizes, arrays))


@pytest.mark.parametrize("name", ["torch", "jax"])
@given(outputs=nodes(), sizes=SIZES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_other_libraries_give_the_same(name, outputs, sizes):
    library = pytest.importorskip(name)
    arrays = arrays_for(sizes, 3)
    if name == "jax":
        library.config.update("jax_enable_x64", True)
        passed = {key: library.numpy.asarray(array) for key, array in arrays.items()}
    else:
        passed = {key: library.tensor(array) for key, array in arrays.items()}
    made = plan(outputs, sizes)
    for node, result in zip(outputs, run(made, passed), strict=True):
        assert not made.inputs or type(result).__module__.partition(".")[0] in (name, "jaxlib")
        close(np.asarray(result), dense(node, sizes, arrays))
