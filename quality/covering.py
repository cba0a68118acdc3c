"""`python -m quality coverage`: which lines and branches of the package the tests reach."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from quality import figures

TOP = Path(__file__).resolve().parent.parent
EXACT = ("diff", "simplify", "check")  # rooms of which every branch is reached
OVERALL = 95.0


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("coverage", help="the lines and branches that the tests reach")
    command.add_argument("--workers", type=int, default=2, help="processes that share the files of tests (2)")
    command.add_argument("--data", type=Path, help="the JSON report of an earlier run, instead of a new one")
    command.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """0 if all branches of the rooms that count are reached, and nearly all of the others."""
    report = asked.data or _measured(asked.workers)
    found = json.loads(report.read_text(encoding="utf-8"))
    rooms = by_room(found["files"])
    overall = found["totals"]["percent_covered"]
    gaps = [
        f"`{path}`: lines {file['missing_lines']}, branches {file['missing_branches']}"
        for path, file in sorted(found["files"].items())
        if Path(path).parts[1] in EXACT and (file["missing_lines"] or file["missing_branches"])
    ]
    figures.write(
        figures.Result(
            "coverage",
            f"python -m quality coverage --workers {asked.workers}",
            {
                "percent of lines and branches": round(overall, 2),
                **{f"{room}: percent": round(percent, 2) for room, percent in rooms.items()},
                "statements": found["totals"]["num_statements"],
                "branches": found["totals"]["num_branches"],
            },
            figures.versions("coverage", "pytest", "numpy"),
            tuple(f"Not reached in {gap}." for gap in gaps),
        )
    )
    return 0 if overall >= OVERALL and not gaps else 1


def by_room(files: dict[str, Any]) -> dict[str, float]:
    """The part of lines and branches of each room that is reached, in percent; modules beside the rooms are `doors`."""
    reached: dict[str, int] = defaultdict(int)
    every: dict[str, int] = defaultdict(int)
    for path, file in files.items():
        parts = Path(path).parts
        room = parts[1] if len(parts) > 2 else "doors"
        summary = file["summary"]
        reached[room] += summary["covered_lines"] + summary.get("covered_branches", 0)
        every[room] += summary["num_statements"] + summary.get("num_branches", 0)
    return {room: 100 * reached[room] / every[room] if every[room] else 100.0 for room in sorted(every)}


def _measured(workers: int) -> Path:
    """Run the tests, and return the report.

    Each process has its share of the files and ends by itself: pytest-xdist may kill a worker that still writes.
    """
    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run([*coverage, "erase"], cwd=TOP, check=True)
    files = sorted(str(path.relative_to(TOP)) for path in (TOP / "tests").rglob("test_*.py"))
    tests = [*coverage, "run", "--parallel-mode", "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    started = [subprocess.Popen([*tests, *files[share::workers]], cwd=TOP) for share in range(workers)]
    if any([process.wait() for process in started]):
        print("tests have failed: what they would have reached is missing", file=sys.stderr)
    subprocess.run([*coverage, "combine", "-q"], cwd=TOP, check=True)
    report = TOP / "coverage.json"
    subprocess.run([*coverage, "json", "-q", "-o", str(report)], cwd=TOP, check=True)
    return report
