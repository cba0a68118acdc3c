"""`python -m quality`: the large runs, and the page of their figures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from quality import covering, figures, fuzzing, limits, mutation, page, versions

PAGE = Path(__file__).parent.parent / "docs" / "quality.md"


def main() -> int:
    """0 if nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m quality", description=__doc__)
    commands = parser.add_subparsers(required=True)
    report = commands.add_parser("report", help="write the page from the results at hand")
    report.add_argument("--out", type=Path, default=PAGE, help="the Markdown page to write")
    report.set_defaults(run=write_page)
    covering.add(commands)
    limits.add(commands)
    mutation.add(commands)
    versions.add(commands)
    fuzz = commands.add_parser("fuzz", help="mutated inputs by atheris")
    fuzz.add_argument("--runs", type=int, default=1_000_000, help="inputs of atheris, of earlier runs too")
    fuzz.add_argument("--folder", type=Path, default=Path("build/fuzz"), help="where a run is kept and goes on")
    fuzz.add_argument("--seed", type=int, default=1, help="of the first process; the next ones count on")
    fuzz.set_defaults(run=run_fuzz)
    asked = parser.parse_args()
    found: int = asked.run(asked)
    return found


def write_page(asked: argparse.Namespace) -> int:
    """Write the page."""
    asked.out.write_text(page.page(figures.read_all()), encoding="utf-8")
    return 0


def run_fuzz(asked: argparse.Namespace) -> int:
    """Run atheris and write its figures; 1 if there was a fault."""
    state = fuzzing.run(asked.folder.resolve(), asked.runs, asked.seed)
    figures.write(fuzzing.result(state, f"python -m quality fuzz --runs {asked.runs} --seed {asked.seed}"))
    print("\n".join(state.found))
    return 1 if state.found else 0


if __name__ == "__main__":
    sys.exit(main())
