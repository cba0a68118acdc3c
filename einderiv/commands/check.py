"""`einderiv check`: a certificate that every derivative is right, on random data of several sizes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from einderiv import numerical
from einderiv.commands.source import Commands, add_file, load
from einderiv.numerical import COMPLEX, DIFFERENCES, LENGTHS, TOLERANCES, Finding
from einderiv.progress import steps


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    check = commands.add_parser("check", help="every derivative against a numerical one, on random data")
    check.add_argument("--seed", type=_seed, default=0, metavar="SEED", help="of the random data (0)")
    check.add_argument(
        "--sizes",
        type=_lengths,
        default=LENGTHS,
        metavar="N,N,…",
        help="data of these sizes: 1 makes every axis of length 1, 2 takes 2, 3, 4, 5 in turn (1,2,3)",
    )
    check.add_argument("--order", type=int, choices=(1, 2), default=1, help="2: second derivatives too (1)")
    check.add_argument(
        "--tolerance",
        type=float,
        help=f"largest error that passes ({TOLERANCES[COMPLEX]:g}; {TOLERANCES[DIFFERENCES]:g} for differences)",
    )
    check.set_defaults(run=_check)
    add_file(check)


def _lengths(text: str) -> tuple[int, ...]:
    """`1,4` as numbers above 0."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise argparse.ArgumentTypeError(f"`{text}` is no list of sizes from 1 on; write e.g. 1,2,3")
    return tuple(map(int, parts))


def _seed(text: str) -> int:
    """`7` as a number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"`{text}` is no seed; write a number from 0 on")
    return int(text)


def _check(options: argparse.Namespace) -> int:
    program = load(options)
    found = list(steps(numerical.findings(program, options.seed, options.sizes, options.order), "derivatives"))
    if not found:
        print("there is no derivative to check")
        return 0
    rows = [("derivative", "largest error", "against", "slopes", "")]
    rows += [_row(finding, options.tolerance) for finding in found]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for title, error, method, count, verdict in rows:
        line = f"{title:<{widths[0]}}  {error:>{widths[1]}}  {method:<{widths[2]}}  {count:>{widths[3]}}"
        print(f"{line}  {verdict}".rstrip())
    print(_summary(found, options))
    return 0 if all(finding.within(options.tolerance) for finding in found) else 1


def _row(finding: Finding, tolerance: float | None) -> tuple[str, str, str, str, str]:
    if not finding.method:
        return finding.title, "-", "no finite data", "0", "NOT CHECKED"
    verdict = "ok" if finding.within(tolerance) else "WRONG"
    return finding.title, f"{finding.error:.1e}", finding.method, f"{finding.slopes:,}", verdict


def _summary(found: Sequence[Finding], options: argparse.Namespace) -> str:
    """The verdict on all, with what it rests on."""
    wrong = sum(bool(finding.method) and not finding.within(options.tolerance) for finding in found)
    open_ = sum(not finding.method for finding in found)
    limits = {method: TOLERANCES[method] if options.tolerance is None else options.tolerance for method in TOLERANCES}
    used = [f"{limits[method]:g} ({method})" for method in TOLERANCES if any(f.method == method for f in found)]
    told = [f"{len(found)} derivatives" if len(found) > 1 else "1 derivative"]
    told += [f"{wrong} beyond the tolerance" if wrong else f"none beyond {', '.join(used)}"] if used else []
    told += [f"{open_} not checked"] if open_ else []
    return f"{', '.join(told)}; sizes {', '.join(map(str, options.sizes))}; seed {options.seed}"
