"""`python -m quality certificate`: every derivative of the examples and of the golden files against numerical ones."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import einderiv as ed
from einderiv import numerical, progress
from quality import figures

TOP = Path(__file__).resolve().parent.parent


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("certificate", help="`einderiv check` of all examples and golden derivatives")
    command.add_argument("--seed", type=int, default=0, help="of the random data (0)")
    command.set_defaults(run=run)


def texts() -> Iterator[str]:
    """The programs, with what is asked of them."""
    sys.path.insert(0, str(TOP / "tests"))
    from corpus import records  # of the tests, which are no package

    for path in sorted((TOP / "examples").rglob("*.ein")):
        if "wrong" not in path.name:
            yield path.read_text(encoding="utf-8")
    for record in records():
        yield record.program + (f"\n{record.ask}" if record.kind == "derivative" else "")


def run(asked: argparse.Namespace) -> int:
    """0 if every derivative agrees."""
    programs = list(texts())
    found = [
        finding
        for text in progress.steps(programs, "programs")
        for finding in numerical.findings(ed.parse(text), asked.seed)
    ]
    methods = Counter(finding.method or "not checked" for finding in found)
    wrong = sum(not finding.within() for finding in found)
    figures.write(
        figures.Result(
            "certificate",
            f"python -m quality certificate --seed {asked.seed}",
            {
                "programs": len(programs), "derivatives": len(found), "beyond the tolerance": wrong,
                "slopes compared": sum(finding.slopes for finding in found),
                "largest relative error": max(finding.error for finding in found),
                **{f"against {method}": count for method, count in methods.items()},
            },
            figures.versions("numpy"),
            ("Examples and golden derivatives, each on data of three sizes; the tolerance is 1e-10.",),
        )
    )  # fmt: skip
    return 1 if wrong else 0
