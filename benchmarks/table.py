"""The outcomes as a Markdown page: where and with what they were measured, the tables, the goals that were missed."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.runner import Outcome

NOTES = Path(__file__).with_name("notes.md")
KNOWN = ("einderiv", "numpy", "opt_einsum", "scipy", "jax", "torch", "autograd")
COLUMNS = ("einderiv", "einderiv factored", "NumPy", "JAX", "PyTorch", "torch.compile", "autograd")


def page(outcomes: Sequence[Outcome], command: str, threads: int | None) -> str:
    """docs/performance.md, or docs/performance_haswell.md where BLAS is told to be older than its processor."""
    core = os.environ.get("OPENBLAS_CORETYPE")
    parts = [
        f"# Performance with `OPENBLAS_CORETYPE={core}`" if core else "# Performance",
        "",
        f"Median times of problems that differentiate, written by `{command}`; run it to get your own.",
        "All contestants of a line took turns in one process, in another order each round; the results agree at 1e-8.",
        "JAX compiles with `jax.jit` and gets its arrays as arguments; PyTorch uses `autograd.grad` and `torch.func`.",
        *(["Everyone had one core, and time of the processor was counted."] if threads == 1 else []),
        "Their compilation is not counted; neither is our planning, but in P14b.",
        "",
        *environment(),
        "",
        *_table(outcomes),
        "",
        *_verdict(outcomes),
    ]
    if NOTES.exists():
        parts += ["", NOTES.read_text(encoding="utf-8").rstrip()]
    return "\n".join(parts) + "\n"


def environment() -> list[str]:
    """Versions, BLAS, threads, date: a list in Markdown."""
    versions = []
    for name in KNOWN:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            versions.append(f"{name} from this checkout" if name == "einderiv" else f"{name} not installed")
    core = os.environ.get("OPENBLAS_CORETYPE")
    threads = {name: os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS") if name in os.environ}
    limits = ", ".join(f"{name}={count}" for name, count in threads.items()) or "not limited"
    return [
        f"- {date.today():%d %B %Y}, Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        f"- {', '.join(versions)}",
        f"- NumPy's BLAS: {_blas()}; `OPENBLAS_CORETYPE` is {f'`{core}`' if core else 'not set'}",
        f"- {os.cpu_count()} cores; threads {limits}; float64",
    ]


def _blas() -> str:
    told = StringIO()
    with redirect_stdout(told):
        found: Any = np.show_config(mode="dicts")
    blas = found.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def line(outcome: Outcome) -> str:
    """One outcome as it is printed while the others still run."""
    times = ", ".join(f"{name} {_time(seconds)}" for name, seconds in outcome.seconds.items())
    wrong = "".join(f"  WRONG: {name}: {what}" for name, what in outcome.wrong.items())
    return f"{outcome.problem.name} {outcome.size.label}: {_summary(outcome)}; {times}{wrong}"


def _summary(outcome: Outcome) -> str:
    parts = []
    if outcome.ratio is not None:
        goal = f" (goal {outcome.size.goal:g})" if outcome.size.goal is not None else ""
        parts.append(f"{_ratio(outcome.ratio)} of {outcome.best_peer}{goal}")
    if outcome.to_hand is not None:
        parts.append(f"{_ratio(outcome.to_hand)} of NumPy")
    if outcome.size.limit is not None:
        parts.append(f"limit {_time(outcome.size.limit)}")
    return ", ".join(parts)


def _table(outcomes: Sequence[Outcome]) -> list[str]:
    columns = [name for name in COLUMNS if any(name in outcome.seconds for outcome in outcomes)]
    head = ["", *columns, "÷ best peer", "goal", "÷ NumPy", ""]
    lines = []
    for name in dict.fromkeys(outcome.problem.name for outcome in outcomes):
        group = [outcome for outcome in outcomes if outcome.problem.name == name]
        lines += [f"**{name}** {group[0].problem.title}", "", _row(head), _row(["---", *["---:"] * (len(head) - 1)])]
        lines += [_row(_cells(outcome, columns)) for outcome in group]
        lines += ["", *_absent(group)]
    return lines[:-1]


def _cells(outcome: Outcome, columns: Sequence[str]) -> list[str]:
    times = [_time(outcome.seconds[name]) if name in outcome.seconds else "–" for name in columns]
    goal = outcome.size.goal
    aim = _time(outcome.size.limit) if outcome.size.limit is not None else f"{goal:g}" if goal is not None else ""
    verdict = {True: "met", False: "**missed**", None: ""}[outcome.met]
    ratios = [_ratio(ratio) if ratio is not None else "" for ratio in (outcome.ratio, outcome.to_hand)]
    return [outcome.size.label, *times, ratios[0], aim, ratios[1], verdict]


def _absent(group: Sequence[Outcome]) -> list[str]:
    found = []
    for outcome in group:
        reasons: dict[str, list[str]] = {}
        for name, reason in outcome.absent.items():
            reasons.setdefault(reason, []).append(name)
        found += [f"At {outcome.size.label} without {', '.join(names)}: {why}." for why, names in reasons.items()]
    return [*found, ""] if found else []


def _verdict(outcomes: Sequence[Outcome]) -> list[str]:
    judged = [outcome for outcome in outcomes if outcome.met is not None]
    missed = [outcome for outcome in judged if not outcome.met]
    lines = ["## Goals", "", f"{len(judged) - len(missed)} of {len(judged)} are met."]
    lines += [f"- {outcome.problem.name} {outcome.size.label}: {_shortfall(outcome)}" for outcome in missed]
    slow = [outcome for outcome in outcomes if (outcome.to_hand or 0) > _allowed(outcome)]
    lines += ["", "The second goal is 1.1 times the time of NumPy by hand, 1.5 times where that is under 50 µs."]
    lines += [f"- {outcome.problem.name} {outcome.size.label}: {_ratio(outcome.to_hand or 0)}" for outcome in slow]
    return lines


def _allowed(outcome: Outcome) -> float:
    return 1.5 if outcome.seconds.get("NumPy", 0.0) < 50e-6 else 1.1


def _shortfall(outcome: Outcome) -> str:
    if outcome.size.limit is not None:
        return f"{_time(outcome.seconds['einderiv'])} instead of {_time(outcome.size.limit)}"
    return f"{_ratio(outcome.ratio or 0)} of {outcome.best_peer} instead of {outcome.size.goal:g}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _time(seconds: float) -> str:
    """`12.3 ms`"""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"
