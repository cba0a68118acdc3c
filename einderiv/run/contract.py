"""Products of two NumPy arrays, each prepared as the fastest thing it is.

Nothing is summed: a product of views that broadcast.  No label stands in both operands and in the output: `dot` of two
matrices or vectors.  Else a batch of them: `matmul`.  Entry by entry products that are summed: `einsum`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from math import prod
from typing import Any

import numpy as np

from einderiv.plan import Contract
from einderiv.run.elements import overwriting
from einderiv.run.layout import Arrange, Array, chain, grouped, laid_out, pair, same
from einderiv.run.mirror import mirrored

Kernel = Callable[..., Array]
SHORT = 1 << 10  # elements up to which a sum is a product with ones
COLUMNS = 1 << 14  # rows up to which that goes for the sums of columns too
LARGE = 1 << 14  # elements from which an outer product is faster as `dot` than as a broadcast product


def contraction(
    contract: Contract, shapes: Sequence[tuple[int, ...]], dtype: np.dtype[Any], spare: Sequence[bool] = ()
) -> Kernel:
    """The function of one or two arrays that a step is; a product without a sum may take the place of a `spare` one."""
    sizes = {
        label: length
        for labels, shape in zip(contract.subscripts, shapes, strict=True)
        for label, length in zip(labels, shape, strict=True)
    }
    if len(contract.subscripts) == 1:
        return _single(contract.subscripts[0], contract.output, sizes, dtype)
    left, right = contract.subscripts
    if contract.summed:
        if 0 in sizes.values():
            zeros = tuple(sizes[label] for label in contract.output)
            return lambda a, b: np.zeros(zeros, a.dtype)
        if contract.mirror:
            return mirrored(contract, sizes)
        if contract.output and sorted(left) == sorted(right) == sorted(sizes) and prod(sizes.values()) <= SHORT:
            return _short(left, right, contract.output, sizes, dtype)
        single = {label for label in contract.output if sizes[label] == 1 and label in left and label in right}
        if single:
            return _of_one(left, right, contract.output, single, sizes)
        return _product(left, right, contract.output, sizes)
    if left and right and not set(left) & set(right) and prod(sizes.values()) >= LARGE:
        return _product(left, right, contract.output, sizes)
    if any(spare) and len({*left}) == len(left) and len({*right}) == len(right):
        here = [free and set(labels) == set(contract.output) for free, labels in zip(spare, (left, right), strict=True)]
        if any(here):
            multiply = overwriting(np.multiply, 0 if here[0] else 1)
            return pair(multiply, laid_out(left, contract.output), laid_out(right, contract.output))
    return pair(np.multiply, laid_out(left, contract.output), laid_out(right, contract.output))


def _single(labels: Sequence[int], output: Sequence[int], sizes: Mapping[int, int], dtype: np.dtype[Any]) -> Kernel:
    """The sum of one array over some of its axes."""
    distinct = list(dict.fromkeys(labels))
    if len(distinct) < len(labels) and set(labels) - set(output):
        names, kept = list(labels), list(output)
        return lambda a: np.einsum(a, names, kept)
    summed = tuple(axis for axis, label in enumerate(distinct) if label not in output)
    arrange = laid_out([label for label in distinct if label in output], output)
    if not summed:
        return laid_out(labels, output) or same
    moves: list[Arrange] = [_total(len(distinct), summed, prod(sizes[distinct[axis]] for axis in summed), dtype)]
    return chain(moves if arrange is None else [*moves, arrange]) or same


def _total(rank: int, summed: tuple[int, ...], length: int, dtype: np.dtype[Any]) -> Arrange:
    """The sum over axes; short ones of a vector or matrix by BLAS, long ones in pairs, which keeps more digits.

    The columns of a C-contiguous matrix NumPy sums one row after the other, where BLAS loses nothing either.
    """
    if rank == 2 and summed == (0,) and SHORT < length <= COLUMNS:
        many = np.ones(length, dtype)
        return lambda a: many.dot(a) if a.flags.c_contiguous else np.add.reduce(a, axis=0)
    if rank > 2 or len(summed) > 1 or length > SHORT:
        axes = summed if len(summed) > 1 else summed[0]
        return lambda a: np.add.reduce(a, axis=axes)
    ones = np.ones(length, dtype)
    return ones.dot if summed == (0,) else lambda a: a.dot(ones)


def _product(left: Sequence[int], right: Sequence[int], output: Sequence[int], sizes: dict[int, int]) -> Kernel:
    """The product of two matrices, or of two stacks of them."""
    batch = [label for label in output if label in left and label in right]
    rows = [label for label in dict.fromkeys(left) if label in output and label not in right]
    columns = [label for label in dict.fromkeys(right) if label in output and label not in left]
    if batch and not rows and not columns:
        operands, kept = _renamed(left, right, output)
        return lambda a, b: np.einsum(a, operands[0], b, operands[1], kept)
    if output and rows and columns and list(output).index(columns[0]) < list(output).index(rows[0]):
        swapped = _product(right, left, output, sizes) if list(output)[-1] in rows else None
        if swapped is not None:
            return lambda a, b: swapped(b, a)
    larger = left if prod(sizes[x] for x in left) >= prod(sizes[x] for x in right) else right
    summed = [label for label in dict.fromkeys(larger) if label not in output]
    if batch:
        return _stacked(left, right, output, (batch, rows, summed, columns), sizes)
    if not summed:
        summed_left, summed_right = [rows, []], [[], columns]
    else:
        summed_left = [rows, summed] if rows else [summed]
        summed_right = [summed, columns] if columns else [summed]
    after = _unfolded([rows, columns], output, sizes)
    return pair(np.dot, grouped(left, summed_left, sizes), grouped(right, summed_right, sizes), after)


def _short(
    left: Sequence[int], right: Sequence[int], output: Sequence[int], sizes: Mapping[int, int], dtype: np.dtype[Any]
) -> Kernel:
    """Entry by entry products of small arrays, summed by BLAS, which takes a third of the call of `einsum`."""
    summed = [label for label in left if label not in output]
    axes, ones = [*output, *summed], np.ones(prod(sizes[label] for label in summed), dtype)
    multiply = pair(np.multiply, laid_out(left, axes, whole=True), laid_out(right, axes, whole=True))
    if len(summed) == 1:
        return lambda a, b: multiply(a, b).dot(ones)
    shape = (*(sizes[label] for label in output), len(ones))
    return lambda a, b: multiply(a, b).reshape(shape).dot(ones)


def _of_one(
    left: Sequence[int], right: Sequence[int], output: Sequence[int], single: Set[int], sizes: dict[int, int]
) -> Kernel:
    """A product of stacks that are `single` along some axes, without these: `dot` is quicker than `matmul`."""
    one, two = (tuple(0 if label in single else slice(None) for label in labels) for labels in (left, right))
    back = tuple(None if label in single else slice(None) for label in output)
    names = [[label for label in labels if label not in single] for labels in (left, right, output)]
    product = _product(names[0], names[1], names[2], sizes)
    return lambda a, b: product(a[one], b[two])[back]


def _renamed(left: Sequence[int], right: Sequence[int], output: Sequence[int]) -> tuple[list[list[int]], list[int]]:
    """Labels from 0 on, of which NumPy takes 52."""
    number = {label: place for place, label in enumerate(dict.fromkeys((*left, *right)))}
    return [[number[label] for label in labels] for labels in (left, right)], [number[label] for label in output]


def _stacked(
    left: Sequence[int],
    right: Sequence[int],
    output: Sequence[int],
    parts: tuple[list[int], list[int], list[int], list[int]],
    sizes: dict[int, int],
) -> Kernel:
    """A stack of products of matrices: the batch labels first, each an axis of its own."""
    batch, rows, summed, columns = parts
    stack = [[label] for label in batch]
    one = _matrices(grouped(left, [*stack, rows, summed], sizes))
    two = _matrices(grouped(right, [*stack, summed, columns], sizes))
    return pair(np.matmul, one, two, _unfolded([*stack, rows, columns], output, sizes))


def _matrices(arrange: Arrange | None) -> Arrange:
    """A stack whose matrices BLAS can read: rows or columns without gaps."""

    def view(x: Array) -> Array:
        if arrange is not None:
            x = arrange(x)
        if x.strides[-1] == x.itemsize or x.strides[-2] == x.itemsize:
            return x
        return np.ascontiguousarray(x)

    return view


def _unfolded(groups: Sequence[Sequence[int]], output: Sequence[int], sizes: dict[int, int]) -> Arrange | None:
    """A product with one axis a group as an array with the axes `output`."""
    labels = [label for group in groups for label in group]
    moves: list[Arrange] = []
    if any(len(group) > 1 for group in groups) or (len(groups) > 2 and len(labels) != len(groups)):
        shape = tuple(sizes[label] for label in labels)
        moves.append(lambda x: x.reshape(shape))
    arrange = laid_out(labels, output)
    return chain(moves if arrange is None else [*moves, arrange])
