"""`python -m benchmarks`: run the problems, print each outcome as it comes, and write the page."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from time import process_time

from benchmarks import peers
from benchmarks.problems import PROBLEMS
from benchmarks.runner import Effort, Outcome, run
from benchmarks.table import environment, line, page
from einderiv.progress import steps


def main() -> int:
    """0 if all results agree."""
    asked = arguments()
    if asked.threads and os.environ.get("EINDERIV_BENCHMARK_THREADS") != str(asked.threads):
        _again_with(asked.threads)
    peers.COMPILED["torch.compile"] = asked.compile
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    effort = Effort(seconds=0.5, fewest=3) if asked.quick else Effort()
    effort = replace(effort, clock=process_time) if asked.threads == 1 else effort
    wanted = {name.strip().lower() for name in asked.problems.split(",") if name.strip()}
    chosen = [problem for problem in PROBLEMS if not wanted or _asked(problem.name, wanted)]
    print("\n".join(environment()), flush=True)
    outcomes: list[Outcome] = []
    contests = [(problem, size) for problem in chosen for size in problem.sizes]
    for problem, size in steps(contests, "benchmarks"):
        outcomes.append(run(problem, size, effort))
        print(line(outcomes[-1]), flush=True)
    if asked.out:
        command = " ".join(["python -m benchmarks", *sys.argv[1:]])
        asked.out.write_text(page(outcomes, command, asked.threads), encoding="utf-8")
    return 1 if any(outcome.wrong for outcome in outcomes) else 0


def _again_with(threads: int) -> None:
    """Start anew with as many cores, before any library has made its threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    pools = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    environment = {**os.environ, **pools, "EINDERIV_BENCHMARK_THREADS": str(threads)}
    os.execve(sys.executable, [sys.executable, "-m", "benchmarks", *sys.argv[1:]], environment)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--problems", default="", help="some only, such as P1,P5 (P13 is P13a, P13b and P13c)")
    parser.add_argument("--quick", action="store_true", help="a second or so for each size, for a first look")
    parser.add_argument(
        "--threads", type=int, help="as many cores for everyone; with 1, time of the processor is counted"
    )
    parser.add_argument("--compile", action="store_true", help="torch.compile too, which takes minutes")
    parser.add_argument("--out", type=Path, help="the Markdown page to write")
    return parser.parse_args()


def _asked(name: str, wanted: set[str]) -> bool:
    return name.lower() in wanted or name.lower().rstrip("abc") in wanted


if __name__ == "__main__":
    sys.exit(main())
