"""The functions of matrix notation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from einderiv.syntax import FUNCTIONS

_OTHER = {
    "ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "absolute": "abs", "fabs": "abs", "sgn": "sign", "expit": "sigmoid", "logistic": "sigmoid",
}  # fmt: skip

ELEMENTWISE: Mapping[str, str] = MappingProxyType(
    {name: name for name, count in FUNCTIONS.items() if count == 1} | _OTHER
)
"""Functions of each component, by all their spellings."""

BINARY: Mapping[str, str] = MappingProxyType(
    {"maximum": "max", "minimum": "min", "atan2": "atan2", "arctan2": "atan2", "power": "pow", "pow": "pow"}
)
"""Functions of two components."""

TOTALS: Mapping[str, str] = MappingProxyType(
    {name: name for name in ("sum", "mean", "prod", "max", "min", "logsumexp")} | {"amax": "max", "amin": "min"}
)
"""Functions of all components, or of those along an axis."""

ALONG: Mapping[str, str] = MappingProxyType(
    {"softmax": "softmax", "logsoftmax": "logsoftmax", "log_softmax": "logsoftmax", "cumsum": "cumsum"}
)
"""Functions along an axis that stays."""

NORMS = frozenset({"norm", "norm1", "norm2", "normF", "norm_F", "normfro", "vecnorm"})

DETERMINANTS: Mapping[str, str] = MappingProxyType({"det": "det", "logdet": "logdet"})

OTHERS = frozenset(
    "inv pinv transpose tr trace diag eye identity vector matrix ones zeros dot outer inner vdot matmul multiply solve "
    "square kron expm".split()
)

KNOWN = frozenset({*ELEMENTWISE, *BINARY, *TOTALS, *ALONG, *NORMS, *DETERMINANTS, *OTHERS})
"""Every function that matrix notation has here."""
