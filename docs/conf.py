"""The documents as pages: `python -m sphinx -W docs build/docs`."""

from __future__ import annotations

from importlib.metadata import version as version_of

from sphinx.application import Sphinx

from einderiv.pygments_lexer import EinLexer

project = "einderiv"
author = "The einderiv authors"
version = release = version_of("einderiv")

extensions = ["myst_nb", "sphinx.ext.autodoc"]  # `myst_nb` runs the tutorial
source_suffix = {".md": "myst-nb"}
exclude_patterns = ["generate.py"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_render_markdown_format = "myst"  # formulas in what cells show
nb_execution_raise_on_error = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
html_theme = "furo"
html_title = "einderiv"
html_static_path: list[str] = []
suppress_warnings = ["misc.highlighting_failure"]  # formulas of other notations inside `text`


def setup(app: Sphinx) -> None:
    """What the pages need besides: the colours of `.ein` text."""
    app.add_lexer("ein", EinLexer)
