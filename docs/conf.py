"""The documents as pages: `python -m sphinx -W docs build/docs`."""

from __future__ import annotations

from importlib.metadata import version as version_of

project = "einderiv"
author = "The einderiv authors"
version = release = version_of("einderiv")

extensions = ["myst_nb", "sphinx.ext.autodoc"]  # `myst_nb` runs the tutorial
source_suffix = {".md": "myst-nb"}
exclude_patterns = ["generate.py"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
html_theme = "furo"
html_title = "einderiv"
html_static_path: list[str] = []
suppress_warnings = ["misc.highlighting_failure"]  # formulas of other notations inside `text`
