"""A sum of products of small arrays and deltas, seen as a matrix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import opt_einsum
from numpy.typing import NDArray

Array = NDArray[Any]
Labelled = tuple[Array, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Factor:
    """An array, the result axis of each of its axes (the first of a class of tied ones), and its name in print."""

    array: Array
    axes: tuple[int, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """`coefficient` times the product of `factors`.

    Axis a is tied to axis `ties[a]`, the first of its class: the term is zero unless tied axes agree.
    """

    coefficient: float
    ties: tuple[int, ...]
    factors: tuple[Factor, ...] = ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """The sum of `terms`; the first `rows` axes of `shape` together count its rows, the others its columns."""

    terms: tuple[Term, ...]
    shape: tuple[int, ...]
    rows: int
    dtype: np.dtype[Any]

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The lengths of the row axes."""
        return self.shape[: self.rows]

    @property
    def column_shape(self) -> tuple[int, ...]:
        """The lengths of the column axes."""
        return self.shape[self.rows :]

    @property
    def square(self) -> bool:
        """Whether rows and columns have the same axes."""
        return self.row_shape == self.column_shape

    @property
    def arrays(self) -> dict[int, Array]:
        """The arrays, each once."""
        return {id(factor.array): factor.array for term in self.terms for factor in term.factors}


class Classes:
    """Axes that are tied to each other, by union-find; the first axis stands for its class."""

    def __init__(self, count: int) -> None:
        self._first = list(range(count))

    def of(self, axis: int) -> int:
        """The first axis of a class."""
        while self._first[axis] != axis:
            axis = self._first[axis]
        return axis

    def tie(self, one: int, other: int) -> None:
        """Make two classes one."""
        low, high = sorted((self.of(one), self.of(other)))
        self._first[high] = low

    def all(self) -> tuple[int, ...]:
        """The class of each axis."""
        return tuple(self.of(axis) for axis in range(len(self._first)))


def identity(shape: Sequence[int], dtype: np.dtype[Any], factor: float = 1.0) -> Matrix:
    """`factor` δ_ik δ_jl … with rows and columns of this shape."""
    ties = tuple(range(len(shape)))
    return Matrix((Term(factor, ties + ties),), (*shape, *shape), len(shape), dtype)


def tidied(coefficient: float, ties: Sequence[int], factors: Sequence[Labelled], kept: Iterable[int]) -> Term:
    """The term with labels that are not `kept` summed, and each factor that lies on the axes of another in that one."""
    wanted = set(kept)
    held: list[Labelled] = []
    for group in _joined(factors, wanted):
        output = tuple(dict.fromkeys(label for _, labels in group for label in labels if label in wanted))
        plain = len(group) == 1 and group[0][1] == output
        array = group[0][0] if plain else opt_einsum.contract(*(part for pair in group for part in pair), output)
        if output:
            held.append((np.asarray(array), output))
        else:
            coefficient *= float(array)
    return Term(coefficient, tuple(ties), tuple(Factor(array, axes) for array, axes in _absorbed(held)))


def _joined(factors: Sequence[Labelled], kept: set[int]) -> list[list[Labelled]]:
    """The factors in groups that summed labels join."""
    groups: list[tuple[list[Labelled], set[int]]] = []
    for array, labels in factors:
        members, summed = [(array, labels)], set(labels) - kept
        apart = []
        for group in groups:
            if group[1] & summed:
                members, summed = group[0] + members, group[1] | summed
            else:
                apart.append(group)
        groups = [*apart, (members, summed)]
    return [members for members, _ in groups]


def _absorbed(factors: list[Labelled]) -> list[Labelled]:
    """a_i B_ij is one array, as large as B; p_i p_j stays two."""
    found: list[Labelled] = []
    for array, axes in sorted(factors, key=lambda factor: -len(factor[1])):
        for place, (larger, around) in enumerate(found):
            if set(axes) <= set(around):
                laid = np.einsum(array, axes, [axis for axis in around if axis in axes])
                spread = laid.reshape([n if axis in axes else 1 for axis, n in zip(around, larger.shape, strict=True)])
                found[place] = larger * spread, around
                break
        else:
            found.append((array, axes))
    return found


def merged(terms: Iterable[Term]) -> tuple[Term, ...]:
    """The terms, those that differ in their coefficients or in one array only as one."""
    found: dict[tuple[object, ...], Term] = {}
    for term in terms:
        key: tuple[object, ...] = (term.ties, *((id(factor.array), factor.axes) for factor in term.factors))
        known = found.get(key)
        found[key] = replace(term, coefficient=term.coefficient + (known.coefficient if known else 0.0))
    alike: dict[tuple[object, ...], Term] = {}
    for key, term in found.items():
        lying = (term.ties, frozenset(term.factors[0].axes)) if len(term.factors) == 1 else key
        alike[lying] = _added(alike[lying], term) if lying in alike else term
    return tuple(term for term in alike.values() if term.coefficient)


def _added(one: Term, other: Term) -> Term:
    """a A_ij + b B_ij as one array."""
    first, second = one.factors[0], other.factors[0]
    array = np.einsum(second.array, second.axes, first.axes)
    return Term(1.0, one.ties, (Factor(one.coefficient * first.array + other.coefficient * array, first.axes),))


def lay(total: Array, ties: Sequence[int], coefficient: float, factors: Sequence[Labelled]) -> None:
    """Add `coefficient` times the product of `factors` to the places of `total` where tied axes agree.

    A label of the factors that is not an axis is summed; an axis that no factor has repeats the value.
    """
    firsts = [axis for axis, first in enumerate(ties) if axis == first]
    strides = [sum(total.strides[axis] for axis, first in enumerate(ties) if first == label) for label in firsts]
    places = np.lib.stride_tricks.as_strided(total, [total.shape[axis] for axis in firsts], strides)
    met = {label for _, labels in factors for label in labels}
    kept = [axis for axis in firsts if axis in met]
    value = opt_einsum.contract(*(part for factor in factors for part in factor), kept) if factors else np.ones(())
    places += coefficient * np.reshape(value, [total.shape[axis] if axis in met else 1 for axis in firsts])


def labelled(term: Term) -> list[Labelled]:
    """The factors without their names."""
    return [(factor.array, factor.axes) for factor in term.factors]


def entries(shape: Sequence[int]) -> int:
    """How many numbers a dense array of this shape has."""
    return prod(shape)
