"""Plans: contraction orders, costs, and the straight line of steps that computes all outputs together."""

from einderiv.plan.access import WRITTEN, Access, At, Line, Locate, Match, Pad, Place, Read, Write, labels_of, looped
from einderiv.plan.chains import BLOCK
from einderiv.plan.cores import Piece, cores
from einderiv.plan.gram import mirrored
from einderiv.plan.hoist import HoistedPlan, hoisted
from einderiv.plan.letters import einsum_string
from einderiv.plan.libraries import peak_without_blocks
from einderiv.plan.lower import plan, rewritten
from einderiv.plan.neighbours import EXPONENTIALS, shared_work
from einderiv.plan.order import contraction_order
from einderiv.plan.origins import Origin, labelled, origins
from einderiv.plan.pairs import pairwise
from einderiv.plan.select import Pick, diagonal, kind, parted, plain, simpler
from einderiv.plan.steps import (
    Apply,
    Cholesky,
    Combine,
    Contract,
    Count,
    Factorise,
    Fill,
    Fold,
    Linear,
    Load,
    Operation,
    Permutation,
    Plan,
    Real,
    Scan,
    Solve,
    Step,
    Sweep,
    Term,
    View,
    last_uses,
    shared,
)
from einderiv.plan.structure import index_inputs

__all__ = [
    "BLOCK",
    "EXPONENTIALS",
    "WRITTEN",
    "Access",
    "Apply",
    "At",
    "Cholesky",
    "Combine",
    "Contract",
    "Count",
    "Factorise",
    "Fill",
    "Fold",
    "HoistedPlan",
    "Line",
    "Linear",
    "Load",
    "Locate",
    "Match",
    "Operation",
    "Origin",
    "Pad",
    "Permutation",
    "Pick",
    "Piece",
    "Place",
    "Plan",
    "Read",
    "Real",
    "Scan",
    "Solve",
    "Step",
    "Sweep",
    "Term",
    "View",
    "Write",
    "contraction_order",
    "cores",
    "diagonal",
    "einsum_string",
    "hoisted",
    "index_inputs",
    "kind",
    "labelled",
    "labels_of",
    "last_uses",
    "looped",
    "mirrored",
    "origins",
    "pairwise",
    "parted",
    "peak_without_blocks",
    "plain",
    "plan",
    "rewritten",
    "shared",
    "shared_work",
    "simpler",
]
