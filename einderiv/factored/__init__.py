"""Derivatives as sums of products of small arrays and deltas, never multiplied out."""

from einderiv.factored.tensor import FactoredTensor
from einderiv.factored.terms import Factor, Term

__all__ = ["Factor", "FactoredTensor", "Term"]
