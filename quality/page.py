"""`docs/quality.md` from the results of the runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from quality.aims import AIMS
from quality.figures import Figure, Result

ORDER = (
    "gradients",
    "jacobians",
    "hessians",
    "jax",
    "complex-step",
    "relations",
    "round-trips",
    "single-precision",
    "short-axes",
    "nan",
    "latex",
    "grammar",
    "hypothesis",
    "atheris",
    "coverage",
    "mutation",
)
"""The subjects in the order of the page; others follow."""

HEAD = """\
# Quality

Figures of the last run of each kind, with the command that repeats it.
The tests run the same checks at smaller counts on every change.
This page is written by `python -m quality report` from `quality/results/`.
"""


def page(results: Iterable[Result]) -> str:
    """The page as Markdown: a table over all subjects, then a section for each."""
    ordered = sorted(results, key=_place)
    rows = [f"| [{_title(each)}](#{each.subject}) | {_summary(each)} | {each.date} |" for each in ordered]
    table = ["| subject | figures | date |", "|---|---|---|", *rows]
    return "\n".join([HEAD, *table, "", *aims(ordered), *(section(each) for each in ordered)])


def aims(results: Sequence[Result]) -> list[str]:
    """The promises, each with its tests and the section that has its large run."""
    subjects = {each.subject for each in results}
    lines = ["## What is tested where", "", "| aim | | tests, in `tests/` | large run |", "|---|---|---|---|"]
    for aim in AIMS:
        run = f"[{aim.subject.replace('-', ' ')}](#{aim.subject})" if aim.subject in subjects else ""
        lines.append(f"| {aim.number} | {aim.promise} | {', '.join(f'`{test}`' for test in aim.tests)} | {run} |")
    return [*lines, ""]


def section(result: Result) -> str:
    """One subject: its figures, notes, versions and command."""
    figures = [f"| {name} | {shown(value)} |" for name, value in result.figures.items()]
    lines = [f"## {_title(result)}", "", "| figure | value |", "|---|---|", *figures, ""]
    lines += [*result.notes, ""] if result.notes else []
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    return "\n".join([*lines, f"Run on {result.date} with {versions}:", "", f"    {result.command}", ""])


def shown(value: Figure) -> str:
    """A number as people read it: `10,000`, `3.2e-13`."""
    if isinstance(value, str):
        return value.replace("|", "\\|")
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def _summary(result: Result) -> str:
    """The first three figures in one line."""
    return ", ".join(f"{name} {shown(value)}" for name, value in list(result.figures.items())[:3])


def _title(result: Result) -> str:
    words = result.subject.replace("-", " ")
    return words[0].upper() + words[1:]


def _place(result: Result) -> tuple[int, str]:
    known = result.subject in ORDER
    return (ORDER.index(result.subject) if known else len(ORDER), result.subject)
