"""Sums of an array and its transpose in the memory of the array."""

from __future__ import annotations

import numpy as np
import pytest

from einderiv.plan import Combine
from einderiv.plan.steps import Term
from einderiv.run.transposes import with_transpose

FREE = (0, 1, 2)


@pytest.mark.parametrize("size", [1, 5, 32, 70])
@pytest.mark.parametrize("c", [1.0, -0.5])
def test_a_sum_with_the_transpose_is_made_in_place(size, c):
    x = np.random.default_rng(0).standard_normal((size, 3, size))
    expected = c * (x.transpose(1, 0, 2) + x.transpose(1, 2, 0))
    add = with_transpose(Combine((Term(c, (1, 0, 2), FREE), Term(c, (2, 0, 1), FREE))))
    result = add(x)
    assert np.shares_memory(result, x)
    np.testing.assert_allclose(result, expected, rtol=1e-15)


@pytest.mark.parametrize(
    "terms",
    [
        (Term(1.0, (0, 1, 2), FREE), Term(-1.0, (2, 1, 0), FREE)),
        (Term(1.0, (0, 1, 2), FREE), Term(1.0, (1, 2, 0), FREE)),
        (Term(1.0, (0, 1, 2), FREE), Term(1.0, (0, 1, 2), FREE)),
        (Term(1.0, (0, 1), FREE), Term(1.0, (1, 0), FREE)),
        (Term(1.0, (0, 1, 2), (0, 1, 0)), Term(1.0, (2, 1, 0), (0, 1, 0))),
    ],
    ids=["a difference", "a rotation", "a double", "a repetition", "a diagonal"],
)
def test_other_sums_of_an_array_with_itself_are_not(terms):
    assert with_transpose(Combine(terms)) is None
