"""Differentiation: local rules, reverse and forward mode, derivatives through definitions."""

from einderiv.diff.modes import ORDERS, jacobians, pullbacks, seed, tangent
from einderiv.diff.resolve import Resolver

__all__ = ["ORDERS", "Resolver", "jacobians", "pullbacks", "seed", "tangent"]
