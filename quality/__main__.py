"""`python -m quality`: the large runs, and the page of their figures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from quality import certificate, covering, drawn, figures, fuzzing, limits, mutation, page, programs, versions

PAGE = Path(__file__).parent.parent / "docs" / "quality.md"


def main() -> int:
    """0 if nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m quality", description=__doc__)
    commands = parser.add_subparsers(required=True)
    report = commands.add_parser("report", help="write the page from the results at hand")
    report.add_argument("--out", type=Path, default=PAGE, help="the Markdown page to write")
    report.set_defaults(run=write_page)
    certificate.add(commands)
    covering.add(commands)
    limits.add(commands)
    mutation.add(commands)
    versions.add(commands)
    fuzz = commands.add_parser("fuzz", help="mutated inputs by atheris")
    fuzz.add_argument("--runs", type=int, default=1_000_000, help="inputs of atheris, of earlier runs too")
    fuzz.add_argument(
        "--folder", type=Path, nargs="+", default=[Path("build/fuzz")],
        help="where a run is kept and goes on; several share the runs, at the same time",
    )  # fmt: skip
    fuzz.add_argument("--seed", type=int, default=1, help="of the first process; the next ones count on")
    fuzz.set_defaults(run=run_fuzz)
    inputs = commands.add_parser("drawn", help="65,000 texts and bytes that hypothesis draws")
    inputs.add_argument("--scale", type=float, default=1.0, help="of the counts: 0.01 for a first look")
    inputs.add_argument("--seed", type=int, default=1, help="each seed draws other inputs")
    inputs.set_defaults(run=run_drawn)
    random = commands.add_parser("programs", help="random programs against oracles, relations and round trips")
    random.add_argument("--only", default="", help="some subjects, such as gradients,latex")
    random.add_argument("--scale", type=float, default=1.0, help="of the counts: 0.01 for a first look")
    random.add_argument("--seed", type=int, default=1, help="each seed draws other programs")
    random.add_argument("--jobs", type=int, default=1, help="processes that share the programs")
    random.set_defaults(run=run_programs)
    asked = parser.parse_args()
    found: int = asked.run(asked)
    return found


def write_page(asked: argparse.Namespace) -> int:
    """Write the page."""
    asked.out.write_text(page.page(figures.read_all()), encoding="utf-8")
    return 0


def run_fuzz(asked: argparse.Namespace) -> int:
    """Run atheris and write its figures; 1 if there was a fault."""
    state = fuzzing.run_all([folder.resolve() for folder in asked.folder], asked.runs, asked.seed)
    figures.write(fuzzing.result(state, f"python -m quality fuzz --runs {asked.runs} --seed {asked.seed}"))
    print("\n".join(state.found))
    return 1 if state.found else 0


def run_drawn(asked: argparse.Namespace) -> int:
    """Try what hypothesis draws and write the figures; 1 if there was a fault."""
    done = drawn.run(asked.scale, asked.seed)
    command = f"python -m quality drawn --seed {asked.seed}" + (f" --scale {asked.scale}" if asked.scale != 1 else "")
    figures.write(drawn.result(done, command, asked.seed))
    print("\n".join(done.faults))
    return 1 if done.faults else 0


def run_programs(asked: argparse.Namespace) -> int:
    """Check random programs and write the figures; 1 if there was a mismatch."""
    return programs.main([name for name in asked.only.split(",") if name], asked.scale, asked.seed, asked.jobs)


if __name__ == "__main__":
    sys.exit(main())
