"""From graphs to what people read: `.ein` programs, einsum strings, LaTeX, source code."""

from einderiv.render import notation
from einderiv.render.context import Context, Output
from einderiv.render.document import document, formulas, lines, mimebundle, title_latex
from einderiv.render.einsums import Contraction, Following, einsum_steps
from einderiv.render.expressions import spelled
from einderiv.render.latex import Style, sides
from einderiv.render.program import equations, program_text
from einderiv.render.sizes import Read, reads_in
from einderiv.render.sketch import sketch
from einderiv.render.source import source
from einderiv.render.symbols import letter as index_latex
from einderiv.render.symbols import name as name_latex
from einderiv.render.write import text

__all__ = [
    "Context",
    "Contraction",
    "Following",
    "Output",
    "Read",
    "Style",
    "document",
    "einsum_steps",
    "equations",
    "formulas",
    "index_latex",
    "lines",
    "mimebundle",
    "name_latex",
    "notation",
    "program_text",
    "reads_in",
    "sides",
    "sketch",
    "source",
    "spelled",
    "text",
    "title_latex",
]
