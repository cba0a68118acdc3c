"""`einderiv explain`: what an error code means."""

from __future__ import annotations

import argparse

from einderiv import catalogue
from einderiv.commands.source import Commands
from einderiv.errors import EinNameError


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    explain = commands.add_parser("explain", help="what an error code means, with a wrong and a right example")
    explain.add_argument("code", nargs="?", help="such as E0203; without one, all codes with their titles")
    explain.set_defaults(run=_explain)


def _explain(options: argparse.Namespace) -> int:
    if options.code is None:
        for page in catalogue.CODES.values():
            print(f"{page.code}  {page.title}")
        return 0
    code = options.code.strip().strip("[]").upper()
    found = catalogue.CODES.get(code if not code.isdecimal() else f"E{code.zfill(4)}")
    if found is None:
        raise EinNameError(
            "E0514", f"there is no error code `{options.code}`", helps=["`einderiv explain` lists all codes"]
        )
    print(found)
    return 0
