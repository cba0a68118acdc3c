"""`python -m quality mutation`: how many small faults the tests find.

The tests run once under `coverage`, which tells the lines that each one reaches.  Then every mutant gets a forked
process of its own, in which the code of one function is exchanged, and the tests that reach its line run, quick ones
first, until one fails.  A fault outside of functions is tried in a fresh process, and so is every one that survived.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import inspect
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from quality import figures
from quality.faults import Mutant, mutants

TOP = Path(__file__).resolve().parent.parent
ROOMS = ("diff", "simplify", "check")
TESTS = (
    "tests/diff", "tests/simplify", "tests/check", "tests/ir", "tests/test_conventions.py", "tests/test_errors.py",
    "tests/test_corpus.py", "tests/test_api.py", "tests/test_error_catalogue.py",
)  # fmt: skip
SLOWEST = 2.0  # seconds of processor time of a test that still takes part
BUDGET = 20.0  # seconds that the tests of one mutant may take together, the quick ones first
MEMORY = 4 << 30  # bytes that a mutant may take
KILLED, TIMEOUT, SURVIVED, UNREACHED = "killed", "timeout", "survived", "not reached"


@dataclass
class Outcome:
    """What became of a mutant."""

    mutant: Mutant
    fate: str
    tests: int


@dataclass
class Trial:
    """A pytest plugin that tries mutants where the tests would run."""

    chosen: Sequence[Mutant]
    confirm: bool
    outcomes: list[Outcome] = field(default_factory=list)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Learn what each test reaches; then try the mutants."""
        reached, seconds = _profile(session.items, {mutant.path for mutant in self.chosen})
        for place, mutant in enumerate(self.chosen):
            lines = reached[mutant.path]
            names = {name for line in range(mutant.line, mutant.end + 1) for name in lines.get(line, ())}
            tests = sorted((int(name) for name in names if name), key=seconds.__getitem__)
            tests = _affordable(tests, seconds)
            items = [session.items[test] for test in tests]
            fate = self._fate(mutant, items, sum(seconds[test] for test in tests))
            self.outcomes.append(Outcome(mutant, fate, len(items)))
            told = f"{mutant.path.relative_to(TOP)}:{mutant.line} {mutant.inside}: {mutant.change}"
            print(f"{place + 1}/{len(self.chosen)} {fate} [{len(items)}] {told}", flush=True)
        return True

    def _fate(self, mutant: Mutant, items: Sequence[pytest.Item], seconds: float) -> str:
        if not mutant.inside:
            return _in_fresh_process(mutant, TESTS, 300)
        if not items:
            return UNREACHED
        fate = _in_fork(mutant, items, 60 + 20 * seconds)
        if fate == SURVIVED and self.confirm:
            return _in_fresh_process(mutant, [item.nodeid for item in items[:400]], 60 + 10 * seconds)
        return fate


def _affordable(tests: Sequence[int], seconds: Mapping[int, float]) -> list[int]:
    """The quick ones of tests in order, as many as the budget pays for."""
    total, found = 0.0, []
    for test in tests:
        total += seconds[test]
        if total > BUDGET or seconds[test] > SLOWEST:
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


def _in_fork(mutant: Mutant, items: Sequence[pytest.Item], seconds: float) -> str:
    child = os.fork()
    if child == 0:
        _try(mutant, items, seconds)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return TIMEOUT if os.WTERMSIG(status) == signal.SIGALRM else KILLED
    return KILLED if os.WEXITSTATUS(status) else SURVIVED


def _try(mutant: Mutant, items: Sequence[pytest.Item], seconds: float) -> None:
    """In a child: exchange the code, run the tests, and end with 1 at the first that fails."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
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
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))


# --------------------------------------------------------------------- command


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("mutation", help="put small faults into rules and see whether the tests find them")
    command.add_argument("--count", type=int, default=2000, help="mutants to try, drawn from all (2000)")
    command.add_argument("--seed", type=int, default=0, help="of the draw (0)")
    command.add_argument("--rooms", default=",".join(ROOMS), help="packages of einderiv, parted by commas")
    command.add_argument("--tables", action="store_true", help="also what stands outside of functions, which is slow")
    command.add_argument("--confirm", action="store_true", help="try survivors again, each in a process of its own")
    command.add_argument("--changed", type=Path, nargs="*", help="only these files")
    command.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """0 if nine tenths of the mutants were found."""
    rooms = asked.rooms.split(",")
    paths = asked.changed or [path for room in rooms for path in sorted((TOP / "einderiv" / room).rglob("*.py"))]
    every = [mutant for path in paths for mutant in mutants(path.resolve()) if mutant.inside or asked.tables]
    count = min(asked.count, len(every))
    chosen = sorted(
        random.Random(asked.seed).sample(every, count), key=lambda each: (each.path, each.line, each.node, each.choice)
    )
    os.environ["HYPOTHESIS_PROFILE"] = "repeatable"
    trial = Trial(chosen, asked.confirm)
    pytest.main(["-q", "-s", "-p", "no:cacheprovider", "-p", "no:faulthandler", *TESTS], plugins=[trial])
    command = f"python -m quality mutation --count {asked.count} --seed {asked.seed} --rooms {asked.rooms}"
    command += "".join(f" --{name}" for name in ("tables", "confirm") if getattr(asked, name))
    result = summary(trial.outcomes, len(every), command)
    figures.write(result)
    return 0 if result.figures["score in percent"] >= 90 else 1


def summary(outcomes: Sequence[Outcome], every: int, command: str) -> figures.Result:
    """The figures of a run."""
    fates = Counter(outcome.fate for outcome in outcomes)
    found = fates[KILLED] + fates[TIMEOUT]
    by_room = {
        f"{room}: score in percent": _percent([o for o in outcomes if o.mutant.path.parent.name == room])
        for room in dict.fromkeys(outcome.mutant.path.parent.name for outcome in outcomes)
    }
    survivors = [
        f"`{outcome.mutant.path.relative_to(TOP)}:{outcome.mutant.line}` {outcome.mutant.change.splitlines()[0]}: "
        f"{outcome.fate}."
        for outcome in outcomes
        if outcome.fate in (SURVIVED, UNREACHED)
    ]
    return figures.Result(
        "mutation",
        command,
        {
            "mutants": len(outcomes), "found": found, "score in percent": round(100 * found / max(len(outcomes), 1), 1),
            "found by a timeout": fates[TIMEOUT], "survived": fates[SURVIVED], "not reached": fates[UNREACHED],
            "possible mutants": every, **by_room,
        },
        figures.versions("pytest", "coverage", "hypothesis"),
        tuple(survivors),
    )  # fmt: skip


def _percent(outcomes: Sequence[Outcome]) -> float:
    found = sum(outcome.fate in (KILLED, TIMEOUT) for outcome in outcomes)
    return round(100 * found / max(len(outcomes), 1), 1)


if __name__ == "__main__":
    sys.exit(alone())
