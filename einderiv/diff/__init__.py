"""Differentiation: local rules, reverse and forward mode, derivatives through definitions."""

from einderiv.diff.modes import jacobians, pullbacks, seed, tangent
from einderiv.diff.resolve import Resolver

__all__ = ["Resolver", "jacobians", "pullbacks", "seed", "tangent"]
