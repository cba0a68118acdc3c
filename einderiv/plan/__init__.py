"""Plans: contraction orders, costs, and the straight line of steps that computes all outputs together."""

from einderiv.plan.cores import Piece, cores
from einderiv.plan.lower import plan
from einderiv.plan.order import contraction_order
from einderiv.plan.steps import (
    Apply,
    Combine,
    Contract,
    Count,
    Fill,
    Fold,
    Load,
    Operation,
    Permutation,
    Plan,
    Scan,
    Step,
    Term,
    View,
    einsum_string,
)

__all__ = [
    "Apply",
    "Combine",
    "Contract",
    "Count",
    "Fill",
    "Fold",
    "Load",
    "Operation",
    "Permutation",
    "Piece",
    "Plan",
    "Scan",
    "Step",
    "Term",
    "View",
    "contraction_order",
    "cores",
    "einsum_string",
    "plan",
]
