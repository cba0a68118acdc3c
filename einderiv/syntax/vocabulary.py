"""The words of the language, in one place.

`FUNCTIONS["exp"]` is 1, the number of arguments; `"max" in REDUCTIONS` and `"max" in FUNCTIONS` both hold, since
`max(a, b)` is elementwise and `max_c(…)` a reduction.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

_UNARY = (
    "exp log sqrt abs sign sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh "
    "sigmoid softplus relu erf log1p expm1 square"
)
_LATER = "logsigmoid gelu silu elu erfc lgamma digamma floor ceil round"

FUNCTIONS: Mapping[str, int] = MappingProxyType(
    dict.fromkeys((*_UNARY.split(), *_LATER.split()), 1)
    | {"max": 2, "min": 2, "atan2": 2, "pow": 2, "where": 3, "clip": 3, "polygamma": 2}
)
"""Elementwise functions and how many arguments they take."""

REDEFINABLE = frozenset({*_LATER.split(), "clip", "polygamma"})
"""Functions of which a text may have its own: `def gelu(z) = …`."""

REDUCTIONS = frozenset({"sum", "max", "min", "prod", "mean", "logsumexp", "norm", "argmax", "argmin"})
"""Functions that bind the indices of their subscript."""

AXIS_FUNCTIONS = frozenset({"softmax", "logsoftmax", "cumsum"})
"""Functions along an axis, which stays."""

LINEAR_ALGEBRA: Mapping[str, int] = MappingProxyType({"inv": 1, "det": 1, "logdet": 1, "solve": 2, "cholesky": 1})
"""Functions of whole matrices, and how many names they take."""

SCALAR_ALGEBRA = frozenset({"det", "logdet"})
"""The linear algebra whose result is a number: a subscript names the batch axes alone."""

SYMBOLS: Mapping[str, str] = MappingProxyType({"δ": "δ", "delta": "δ", "ε": "ε", "epsilon": "ε"})
"""Known tensors, by each of their spellings."""

CONSTANTS = frozenset({"pi", "π"})

SUM_WORDS = frozenset({"sum", "Σ"})

KEYWORDS = frozenset({"index", "given", "def", "in", "symmetric"})

RESERVED = (
    frozenset(FUNCTIONS) | REDUCTIONS | AXIS_FUNCTIONS | frozenset(LINEAR_ALGEBRA) | frozenset(SYMBOLS)
    | CONSTANTS | SUM_WORDS | KEYWORDS
)  # fmt: skip
"""What cannot name a tensor, a function or a parameter."""

OTHER_SPELLINGS: Mapping[str, str] = MappingProxyType({
    "ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "arcsinh": "asinh",
    "arccosh": "acosh", "arctanh": "atanh", "maximum": "max", "minimum": "min", "absolute": "abs", "fabs": "abs",
    "power": "pow", "sgn": "sign", "expit": "sigmoid", "logistic": "sigmoid", "tg": "tan",
    "log_softmax": "logsoftmax", "lse": "logsumexp", "average": "mean", "slogdet": "logdet",
    "σ": "sigmoid", "ψ": "digamma", "gammaln": "lgamma",
})  # fmt: skip
"""How other libraries call them, for hints."""

IN_INDICES: Mapping[str, str] = MappingProxyType({
    "trace": "{0}_ii", "tr": "{0}_ii", "transpose": "{0}_ji", "diag": "{0}_ii", "diagonal": "{0}_ii",
    "dot": "{0}_i {1}_i", "inner": "{0}_i {1}_i", "vdot": "{0}_i {1}_i", "outer": "{0}_i {1}_j",
    "matmul": "{0}_ij {1}_jk", "mm": "{0}_ij {1}_jk", "bmm": "{0}_bij {1}_bjk", "kron": "{0}_ik {1}_jl",
    "hadamard": "{0}_ij {1}_ij", "cross": "ε_ijk {0}_j {1}_k",
})  # fmt: skip
"""Functions of whole tensors, and what each is in index notation, for hints."""

EXPRESSED: Mapping[str, str] = MappingProxyType({
    "log2": "log({}) / log(2)", "log10": "log({}) / log(10)", "exp2": "exp({} log(2))", "cbrt": "({})^(1/3)",
    "cot": "1 / tan({})", "sec": "1 / cos({})", "csc": "1 / sin({})", "reciprocal": "1 / ({})",
    "gamma": "exp(lgamma({}))", "Γ": "exp(lgamma({}))", "factorial": "exp(lgamma({} + 1))",
})  # fmt: skip
"""Functions that are written with others, for hints."""


def normalise(name: str) -> str:
    """The one spelling of a name: NFKC, as Python does with keyword arguments; `′` is a prime.

    >>> normalise("µ") == "μ"
    True
    """
    return str(name) if name.isascii() else unicodedata.normalize("NFKC", name).replace("′", "'")


def index_in(text: str) -> str:
    """The last index of the first subscript in a text, for a hint; i where there is none.

    >>> index_in("exp(A_nc)")
    'c'
    """
    found = re.search(r"_([^\W\d_]+)", text)
    return found[1][-1] if found else "i"
