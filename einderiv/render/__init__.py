"""From graphs to what people read: `.ein` programs and einsum strings."""

from einderiv.render.context import Context, Output
from einderiv.render.einsums import Contraction, Following, einsum_steps
from einderiv.render.letters import Letters
from einderiv.render.program import program_text
from einderiv.render.sizes import Read, reads_in
from einderiv.render.sketch import sketch

__all__ = [
    "Context",
    "Contraction",
    "Following",
    "Letters",
    "Output",
    "Read",
    "einsum_steps",
    "program_text",
    "reads_in",
    "sketch",
]
