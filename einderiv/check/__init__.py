"""Tree → program: names, the summation rule, sizes by unification, nodes; here alone letters become labels.

Its errors, E0201 to E0224, E0301 to E0306 and E0503, are explained in `einderiv/catalogue.py`.
"""

from einderiv.check import explicit
from einderiv.check.checking import check, jump, query, read_query, written_out
from einderiv.check.nothing import require_values
from einderiv.check.program import Argument, Axis, Definition, Program, Query, Read, Reduction, Use
from einderiv.check.reads import complete
from einderiv.check.sizes import solve_sizes
from einderiv.check.subscripts import Subscripts
from einderiv.check.width import widest

__all__ = [
    "Argument",
    "Axis",
    "Definition",
    "Program",
    "Query",
    "Read",
    "Reduction",
    "Subscripts",
    "Use",
    "check",
    "complete",
    "explicit",
    "jump",
    "query",
    "read_query",
    "require_values",
    "solve_sizes",
    "widest",
    "written_out",
]
