"""`python -m quality`: the large runs, and the page of their figures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from quality import certificate, covering, figures, limits, mutation, page, versions

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
    asked = parser.parse_args()
    found: int = asked.run(asked)
    return found


def write_page(asked: argparse.Namespace) -> int:
    """Write the page."""
    asked.out.write_text(page.page(figures.read_all()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
