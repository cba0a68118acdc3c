"""From graphs to what people read: `.ein` programs and einsum strings."""

from einderiv.render.einsums import Contraction, Following, einsum_steps
from einderiv.render.letters import Letters
from einderiv.render.program import Context, Output, program_text
from einderiv.render.sketch import sketch

__all__ = ["Context", "Contraction", "Following", "Letters", "Output", "einsum_steps", "program_text", "sketch"]
