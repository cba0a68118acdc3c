"""Tree → program: names, the summation rule, sizes by unification, nodes; here alone letters become labels.

The errors of this layer:

====== ==================================================================================================
E0190  a construct that this version does not have (gather, position, affine index, linear algebra)
E0201  a derivative of or by a name that does not occur
E0202  an index that nothing gives a size; an index on the left that is nowhere on the right
E0203  an index that is open in a term of the equation and not on its left side
E0204  an index that is repeated on the left side, or named twice by a reduction
E0205  terms of an equation with different free indices
E0206  a tensor with two ranks
E0207  a reduction that binds an index already wanted or kept
E0208  a reduction or an axis function over an index that its body lacks
E0209  an index closed inside one factor that also stands in another
E0210  definitions that depend on each other
E0211  a name that is defined, declared or given twice
E0214  the body of a function with indices
E0215  an index below a derivative that occurs in the bracket on top
E0216  a quantity that is only given used as a value, or differentiated twice
E0217  a `given` that is no first derivative of a named scalar
E0218  δ without two indices, ε with fewer than two
E0220  a query that is not one derivative
E0301  two sizes for one index
E0302  size 1 where another size is expected
E0304  a size that no array fixes
E0503  an array with the wrong number of axes
====== ==================================================================================================
"""

from einderiv.check import explicit
from einderiv.check.checking import check, query, written_out
from einderiv.check.program import Argument, Definition, Program, Query, Use
from einderiv.check.sizes import solve_sizes

__all__ = [
    "Argument",
    "Definition",
    "Program",
    "Query",
    "Use",
    "check",
    "explicit",
    "query",
    "solve_sizes",
    "written_out",
]
