"""Products of small stacks, which are prepared as other calls than large ones, against `numpy.einsum`."""

from __future__ import annotations

import numpy as np
import pytest

import einderiv as ed

CASES = ["bij,bjk->bik", "bij,bjk->ikb", "bij,bkj->kbi", "ibj,bj->ib", "bij,bij->b", "ij,ij->i", "bij,jib->ib"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [{"b": 1}, {"b": 3}, {"b": 1, "i": 1}, {"b": 1, "i": 1, "j": 1, "k": 1}, {"j": 500}])
@pytest.mark.parametrize("case", CASES)
def test_products_of_stacks_of_one_or_more_matrices(case, sizes, dtype):
    lengths = {"b": 2, "i": 3, "j": 4, "k": 5} | sizes
    inputs, output = case.split("->")
    left, right = inputs.split(",")
    rng = np.random.default_rng(0)
    A, B = (rng.normal(size=[lengths[x] for x in labels]).astype(dtype) for labels in (left, right))
    f = ed.function(f"C_{output} = A_{left} B_{right}")
    wanted = np.einsum(case, A, B)
    for one, other in ((A, B), (np.asfortranarray(A), B), (A[::-1][::-1], np.asfortranarray(B))):
        found = f(A=one, B=other)
        assert found.dtype == dtype and found.shape == wanted.shape and found.flags.writeable
        np.testing.assert_allclose(found, wanted, rtol=1e-5 if dtype == np.float32 else 1e-13, atol=1e-5)
