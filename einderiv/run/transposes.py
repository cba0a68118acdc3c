"""Sums of a large array and its transpose, in the place of the array."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from einderiv.plan import Combine
from einderiv.run.layout import Array

LARGE = 1 << 24  # bytes from which memory counts more than the calls for each block of rows
ROWS = 32  # rows that are added and written together


def with_transpose(combine: Combine) -> Callable[[Array], Array] | None:
    """The function that makes c (x + xᵀ) of x in its own memory; None where a sum of two terms is something else.

    The two terms lay x out with all its axes, in orders in which two axes have changed places.
    """
    one, two = combine.terms
    axes = range(len(one.ties))
    plain = all(sorted(term.placing) == list(term.ties) == list(axes) for term in combine.terms)
    if not plain or one.coefficient != two.coefficient:
        return None
    swapped = [axis for axis in axes if one.placing.index(axis) != two.placing.index(axis)]
    if len(swapped) != 2:
        return None
    c, order = one.coefficient, [one.placing.index(axis) for axis in axes]

    def add(x: Array) -> Array:
        view = x.transpose(order)
        matrix = np.moveaxis(view, swapped, (0, 1))
        for start in range(0, len(matrix), ROWS):
            upper = matrix[start : start + ROWS, start:]
            lower = matrix[start:, start : start + ROWS].swapaxes(0, 1)
            total = upper + lower
            if c != 1.0:
                total *= c
            upper[...] = total
            lower[...] = total
        return view

    return add
