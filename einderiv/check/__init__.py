"""Tree → program: names, the summation rule, sizes by unification, nodes; here alone letters become labels.

The errors of this layer:

====== ==================================================================================================
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
E0212  a word of the language as a tensor of positions
E0214  the body of a function with indices
E0215  an index below a derivative that occurs in the bracket on top
E0216  a quantity that is only given used as a value, or differentiated twice
E0217  a `given` that is no first derivative of a named scalar
E0218  δ without two indices, ε with fewer than two
E0219  a tensor declared symmetric that an equation defines
E0220  a query that is not one derivative
E0221  a derivative of or by a tensor at a position
E0222  a position with an index twice or with the factor 0, or below 0
E0223  linear algebra with too few indices
E0224  the position of a largest value over several indices
E0301  two sizes for one index
E0302  size 1 where another size is expected
E0303  indices that only one position together gives sizes
E0304  a size that no array fixes
E0305  linear algebra on a matrix that is not square, or with a right side of another length
E0306  a position outside of its axis
E0503  an array with the wrong number of axes
====== ==================================================================================================
"""

from einderiv.check.checking import check, query
from einderiv.check.program import Argument, Axis, Definition, Program, Query, Read, Use
from einderiv.check.reads import complete
from einderiv.check.sizes import solve_sizes

__all__ = [
    "Argument",
    "Axis",
    "Definition",
    "Program",
    "Query",
    "Read",
    "Use",
    "check",
    "complete",
    "query",
    "solve_sizes",
]
