"""`einderiv check`: every derivative against a numerical one."""

from __future__ import annotations

import argparse

from einderiv import numerical
from einderiv.commands.source import Commands, add_file, load

TOLERANCE = 1e-7  # relative; differences themselves err by about 1e-10


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    check = commands.add_parser("check", help="every derivative against a numerical one, on random data")
    check.add_argument("--seed", type=int, default=0, help="of the random data")
    check.set_defaults(run=_check)
    add_file(check)


def _check(options: argparse.Namespace) -> int:
    program = load(options)
    findings = list(numerical.discrepancies(program, options.seed))
    for finding in findings:
        verdict = "ok" if finding.error <= TOLERANCE else "WRONG"
        print(f"{finding.title:<24} largest difference {finding.error:.1e}   {verdict}")
    wrong = sum(not finding.error <= TOLERANCE for finding in findings)
    print(f"{len(findings)} derivatives compared with differences of values, {wrong} beyond {TOLERANCE:g}")
    return 1 if wrong else 0
