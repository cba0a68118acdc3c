"""Programs from other notations: einsum strings, matrix notation, LaTeX.

`convert` gives the text of a program.
"""

from einderiv.conversion.converting import NOTATIONS, convert
from einderiv.conversion.reading import LENGTH

__all__ = ["LENGTH", "NOTATIONS", "convert"]
