"""Tree → program: names, the summation rule, sizes by unification, nodes; here alone letters become labels.

Its errors, E0190, E0201 to E0220, E0301 to E0304 and E0503, are explained in `einderiv/catalogue.py`.
"""

from einderiv.check.checking import check, query
from einderiv.check.program import Argument, Definition, Program, Query, Use
from einderiv.check.sizes import solve_sizes

__all__ = ["Argument", "Definition", "Program", "Query", "Use", "check", "query", "solve_sizes"]
