"""Products of two matrices that are symmetric, of which one triangle is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from einderiv.plan import Contract
from einderiv.run.layout import Array, grouped, laid_out

BLOCK = 64  # rows up to which a diagonal block is made whole


def mirrored(contract: Contract, sizes: Mapping[int, int]) -> Callable[[Array, Array], Array]:
    """Σ_n A_na B_nb = Σ_n A_nb B_na: the blocks above the diagonal by BLAS, those below it copied.

    Where A and B turn out to be equal BLAS itself computes one triangle.
    """
    left, right = contract.subscripts
    rows, columns = [one for one, _ in contract.mirror], [other for _, other in contract.mirror]
    summed = [label for label in dict.fromkeys(left) if label not in contract.output]
    lengths = dict(sizes)
    first, second = grouped(left, [rows, summed], lengths), grouped(right, [summed, columns], lengths)
    shape = tuple(sizes[label] for label in (*rows, *columns))
    turned = dict(contract.mirror)
    aligned = [turned.get(label, label) for label in left] == [*right]
    arrange = laid_out([*rows, *columns], contract.output)

    def product(a: Array, b: Array) -> Array:
        one = a if first is None else first(a)
        if aligned and np.array_equal(a, b):
            whole = one.dot(one.T)
        else:
            whole = np.empty((one.shape[0], one.shape[0]), one.dtype)
            _fill(one, b if second is None else second(b), whole)
        found = whole.reshape(shape)
        return found if arrange is None else arrange(found)

    return product


def _fill(a: Array, b: Array, whole: Array) -> None:
    """a b in `whole`: the block right of the upper half and its mirror image, then the two halves alike.

    By `matmul`, since `dot` copies a part of a matrix before it multiplies.
    """
    pending = [(0, len(whole))]
    while pending:
        start, stop = pending.pop()
        if stop - start <= BLOCK:
            whole[start:stop, start:stop] = np.matmul(a[start:stop], b[:, start:stop])
            continue
        middle = (start + stop) // 2
        block = np.matmul(a[start:middle], b[:, middle:stop])
        whole[start:middle, middle:stop] = block
        whole[middle:stop, start:middle] = block.T
        pending += [(start, middle), (middle, stop)]
