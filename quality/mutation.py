"""`python -m quality mutation`: how many small faults the tests find.

The tests run once under `coverage`, which tells the lines that each one reaches.  Then every mutant gets a forked
process of its own, in which the code of one function is exchanged, and the tests that reach its line run, quick ones
first, until one fails.  A fault outside of functions is tried in a fresh process.
"""

from __future__ import annotations

import argparse
import functools
import gc
import hashlib
import importlib
import inspect
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from quality import fates, figures
from quality.fates import KILLED, SURVIVED, TIMEOUT, UNREACHED, Outcome
from quality.faults import Mutant, mutants

TOP = Path(__file__).resolve().parent.parent
ROOMS = ("diff", "simplify", "check")
TESTS = (
    "tests/diff", "tests/simplify", "tests/check", "tests/syntax", "tests/test_conventions.py", "tests/test_errors.py",
    "tests/test_corpus.py", "tests/test_programs.py", "tests/test_error_catalogue.py",
)  # fmt: skip
IGNORED = ("pytest.PytestAssertRewriteWarning", "hypothesis.errors.HypothesisSideeffectWarning")  # of imports before
QUIET = ("-q", "-p", "no:cacheprovider", *(part for each in IGNORED for part in ("-W", f"ignore::{each}")))
SLOWEST = 2.0  # seconds of processor time of a test that still takes part
MEMORY = 4 << 30  # bytes that a mutant may take
KEPT = TOP / "build" / "mutants.jsonl"


@dataclass
class Trial:
    """A pytest plugin that tries mutants where the tests would run."""

    chosen: Sequence[Mutant]
    workers: int
    budget: float
    minutes: float
    confirm: bool
    outcomes: list[Outcome] = field(default_factory=list)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Learn what each test reaches; then try the mutants, several at a time."""
        reached, seconds = _profile(session.items, {mutant.path for mutant in self.chosen})
        print(f"{len(session.items)} tests, {sum(seconds.values()):.0f} s", flush=True)
        gc.collect()
        gc.freeze()  # a child copies no page of what is there already
        running: dict[int, tuple[Mutant, list[pytest.Item], float]] = {}
        end = time.monotonic() + 60 * self.minutes
        for mutant in self.chosen:
            if time.monotonic() > end:
                break
            items, cost = _reaching(mutant, session.items, reached[mutant.path], seconds, self.budget)
            if not mutant.inside:
                self._tell(mutant, _in_fresh_process(mutant, TESTS, 300), len(session.items))
            elif not items:
                self._tell(mutant, UNREACHED, 0)
            else:
                if len(running) == self.workers:
                    self._wait(running)
                running[_forked(mutant, items, cost)] = mutant, items, cost
        while running:
            self._wait(running)
        return True

    def _wait(self, running: dict[int, tuple[Mutant, list[pytest.Item], float]]) -> None:
        child, status = os.wait()
        mutant, items, cost = running.pop(child)
        fate = _fate(status)
        if fate == SURVIVED and self.confirm:
            fate = _in_fresh_process(mutant, [item.nodeid for item in items[:400]], 60 + 10 * cost)
        self._tell(mutant, fate, len(items))

    def _tell(self, mutant: Mutant, fate: str, tests: int) -> None:
        self.outcomes.append(Outcome(mutant, fate, tests))
        told = f"{mutant.path.relative_to(TOP)}:{mutant.line} {mutant.inside}: {mutant.change}"
        print(f"{len(self.outcomes)}/{len(self.chosen)} {fate} [{tests}] {told}", flush=True)


def _reaching(
    mutant: Mutant,
    items: Sequence[pytest.Item],
    lines: Mapping[int, Sequence[str]],
    seconds: Mapping[int, float],
    budget: float,
) -> tuple[list[pytest.Item], float]:
    """The tests that reach a mutant, those of its room first and the quick ones before, and their seconds."""
    room = f"tests/{mutant.path.parent.name}/"
    names = {name for line in range(mutant.line, mutant.end + 1) for name in lines.get(line, ())}
    tests = [int(name) for name in names if name]
    tests.sort(key=lambda test: (not items[test].nodeid.startswith(room), seconds[test], test))
    tests = _affordable(tests, seconds, budget)
    return [items[test] for test in tests], sum(seconds[test] for test in tests)


def _affordable(tests: Sequence[int], seconds: Mapping[int, float], budget: float) -> list[int]:
    """As many of the tests, in order, as the budget pays for; the slow ones are left out."""
    total = 0.0
    found: list[int] = []
    for test in tests:
        if seconds[test] > SLOWEST:
            continue
        total += seconds[test]
        if total > budget and found:
            break
        found.append(test)
    return found


def _profile(
    items: Sequence[pytest.Item], paths: Iterable[Path]
) -> tuple[Mapping[Path, Mapping[int, list[str]]], Mapping[int, float]]:
    """The tests that reach each line, by their places, and the seconds of each; failing ones are left out."""
    import coverage  # of the extra `quality`, which the other commands do not need

    known = {path: str(path) for path in paths}
    watch = coverage.Coverage(data_file=None, include=list(known.values()), config_file=False)
    seconds = {}
    watch.start()
    for place, item in enumerate(items):
        watch.switch_context(str(place))
        start = time.process_time()
        following = items[place + 1] if place + 1 < len(items) else None
        reports = runtestprotocol(item, nextitem=following, log=False)
        seconds[place] = time.process_time() - start
        if any(report.failed for report in reports):
            seconds[place] = float("inf")
            print(f"left out, it fails as things are: {item.nodeid}", flush=True)
    watch.stop()
    data = watch.get_data()
    return {path: data.contexts_by_lineno(name) for path, name in known.items()}, seconds


def _forked(mutant: Mutant, items: Sequence[pytest.Item], seconds: float) -> int:
    """The child that tries the mutant."""
    child = os.fork()
    if child == 0:
        _try(mutant, items, 5 + 2 * seconds)
    return child


def _fate(status: int) -> str:
    if os.WIFSIGNALED(status):
        return TIMEOUT if os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGALRM) else KILLED
    return KILLED if os.WEXITSTATUS(status) else SURVIVED


def _try(mutant: Mutant, items: Sequence[pytest.Item], seconds: float) -> None:
    """In a child: exchange the code, run the tests, and end with 1 at the first that fails."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # of processor time, which a busy machine does not change
    signal.setitimer(signal.ITIMER_REAL, 60 + 20 * seconds)  # for a fault that waits and never comes back
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    status = 1
    try:
        _exchange(mutant)
        for place, item in enumerate(items):
            following = items[place + 1] if place + 1 < len(items) else None
            if any(report.failed for report in runtestprotocol(item, nextitem=following, log=False)):
                break
        else:
            status = 0
    finally:
        os._exit(status)


def _exchange(mutant: Mutant) -> None:
    """Give the live function the code of the mutant, and forget what was computed before."""
    module = importlib.import_module(_module(mutant.path))
    code = _code(compile(mutant.tree(), str(mutant.path), "exec", dont_inherit=True), mutant.inside)
    owner: Any = module
    *classes, name = mutant.inside.split(".")
    for each in classes:
        owner = getattr(owner, each)
    found: Any = inspect.getattr_static(owner, name)
    while not isinstance(found, FunctionType):
        found = next(
            getattr(found, inner) for inner in ("__wrapped__", "__func__", "fget", "func") if hasattr(found, inner)
        )
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    found.__code__ = code
    for loaded in [each for name, each in sys.modules.items() if name.partition(".")[0] == "einderiv"]:
        for value in list(vars(loaded).values()):
            if isinstance(value, functools._lru_cache_wrapper):
                value.cache_clear()


def _code(outer: CodeType, name: str) -> CodeType:
    """The code of a function in a module, by its qualified name."""
    pending = [outer]
    while pending:
        code = pending.pop()
        if code.co_qualname == name:
            return code
        pending += [each for each in code.co_consts if isinstance(each, CodeType)]
    raise LookupError(name)


def _module(path: Path) -> str:
    parts = path.relative_to(TOP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# ------------------------------------------------------------- fresh processes


def _in_fresh_process(mutant: Mutant, tests: Sequence[str], seconds: float) -> str:
    asked = json.dumps([str(mutant.path), mutant.node, mutant.choice, list(tests)])
    try:
        done = subprocess.run(
            [sys.executable, "-m", "quality.mutation"], input=asked, text=True, capture_output=True, timeout=seconds,
            cwd=TOP, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return TIMEOUT
    return SURVIVED if done.returncode == 0 else KILLED


class _Finder(MetaPathFinder, SourceFileLoader):
    """Imports one module with its fault."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(_module(mutant.path), str(mutant.path))
        self._mutant = mutant

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        package = self._mutant.path.name == "__init__.py"
        return spec_from_loader(fullname, self, is_package=package)

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._mutant.tree(), self.path, "exec", dont_inherit=True)


def alone() -> int:
    """The exit status of the tests with the mutant that standard input names."""
    path, node, choice, tests = json.load(sys.stdin)
    [mutant] = [each for each in mutants(Path(path)) if (each.node, each.choice) == (node, choice)]
    sys.meta_path.insert(0, _Finder(mutant))
    return int(pytest.main(["-x", *QUIET, *tests]))


# --------------------------------------------------------------------- command


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("mutation", help="put small faults into rules and see whether the tests find them")
    command.add_argument("--count", type=int, default=600, help="mutants to try, drawn from all (600)")
    command.add_argument("--seed", type=int, default=0, help="of the draw (0)")
    command.add_argument("--workers", type=int, default=2, help="mutants tried at the same time (2)")
    command.add_argument("--budget", type=float, default=8.0, help="seconds of tests for a mutant (8)")
    command.add_argument("--minutes", type=float, default=float("inf"), help="begin no mutant after that long")
    command.add_argument("--rooms", default=",".join(ROOMS), help="packages of einderiv, parted by commas")
    command.add_argument("--tables", action="store_true", help="also what stands outside of functions, which is slow")
    command.add_argument("--confirm", action="store_true", help="try survivors again, each in a process of its own")
    command.add_argument("--changed", type=Path, nargs="*", help="only these files")
    command.add_argument("--tests", nargs="+", default=TESTS, help="files and folders of tests, such as new ones")
    command.add_argument("--keep", type=Path, default=KEPT, help="the file of outcomes to write (build/mutants.jsonl)")
    command.add_argument("--again", action="store_true", help="only what survived by that file, with the tests of now")
    command.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """0 if nine tenths of the mutants were found."""
    rooms = asked.rooms.split(",")
    paths = asked.changed or [path for room in rooms for path in sorted((TOP / "einderiv" / room).rglob("*.py"))]
    every = [mutant for path in paths for mutant in mutants(path.resolve()) if mutant.inside or asked.tables]
    named = fates.names(every)
    before = fates.kept(asked.keep, named) if asked.again else []
    if asked.again:
        chosen = [outcome.mutant for outcome in before if not outcome.found]
    else:
        chosen = drawn(named, asked.seed, asked.count)
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    trial = Trial(chosen, asked.workers, asked.budget, asked.minutes, asked.confirm)
    pytest.main([*QUIET, "-s", "-p", "no:faulthandler", *asked.tests], plugins=[trial])
    outcomes = merged(before, trial.outcomes)
    fates.keep(asked.keep, outcomes, named)
    command = f"python -m quality mutation --count {asked.count} --seed {asked.seed} --rooms {asked.rooms}"
    command += f" --budget {asked.budget:g}"
    command += "".join(f" --{name}" for name in ("tables", "confirm") if getattr(asked, name))
    result = fates.summary(outcomes, named, command, fates.explained())
    figures.write(result)
    return 0 if fates.percent(outcomes) >= 90 else 1


def drawn(named: Mapping[Mutant, str], seed: int, count: int) -> list[Mutant]:
    """Mutants in an order that their names decide, so that a change of other code leaves the draw as it is."""
    order = {mutant: hashlib.sha256(f"{seed} {name}".encode()).digest() for mutant, name in named.items()}
    return sorted(order, key=order.__getitem__)[:count]


def merged(before: Sequence[Outcome], now: Sequence[Outcome]) -> list[Outcome]:
    """Each mutant once, with its fate of now and that of the first run, by file and line."""
    found = {outcome.mutant: outcome for outcome in before}
    for outcome in now:
        earlier = found.get(outcome.mutant)
        if earlier is not None and outcome.fate == UNREACHED:
            continue  # by the tests that were asked for, which may be a few new ones
        first = (earlier.first or earlier.fate) if earlier else outcome.fate
        found[outcome.mutant] = replace(outcome, first=first)
    return sorted(found.values(), key=lambda each: (each.mutant.path, each.mutant.line, each.mutant.node))


if __name__ == "__main__":
    sys.exit(alone())
