"""`python -m quality versions PYTHON…`: the tests under other versions of Python and NumPy, warnings as errors.

Each PYTHON is an interpreter in whose environment NumPy, opt_einsum, Lark, pytest, Hypothesis, SciPy, mpmath, PyTorch
and autograd are installed, for example `envs/3.13/bin/python`.  Files of tests that import another library which is
missing there are left out, and named in the notes.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quality import figures

TOP = Path(__file__).resolve().parent.parent
TESTS = (
    "tests/diff", "tests/check", "tests/ir", "tests/plan", "tests/run", "tests/syntax", "tests/test_conventions.py",
    "tests/test_errors.py", "tests/test_corpus.py", "tests/test_cli.py", "tests/test_misuse.py",
    "tests/test_concurrency.py", "tests/security",
)  # fmt: skip
FLAGS = {"warnings as errors": ["-W", "error", "-bb"], "optimised": ["-O"]}
ASKED = "import json, sys, numpy; print(json.dumps([sys.version.split()[0], numpy.__version__]))"
PRESENT = """
import importlib.util, json, sys
print(json.dumps([name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]))
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("versions", help="the tests under other versions of Python and NumPy")
    command.add_argument("pythons", nargs="+", metavar="PYTHON", help="interpreters with NumPy, pytest and the rest")
    command.add_argument("--tests", nargs="*", default=TESTS, help="files or folders of tests")
    command.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """0 if no test failed under any of them."""
    counts: dict[str, str] = {}
    notes = []
    failed = 0
    for python in asked.pythons:
        version, numpy = json.loads(_output(python, ["-c", ASKED]))
        absent = absences(python, asked.tests)
        for name, flags in FLAGS.items():
            told = tested(python, flags, asked.tests, sorted(absent))
            counts[f"Python {version}, NumPy {numpy}, {name}"] = told
            failed += "failed" in told or "error" in told or "passed" not in told
            print(version, numpy, name, told, flush=True)
        left = ", ".join(f"`{path}` ({', '.join(names)})" for path, names in sorted(absent.items()))
        notes.append(f"Left out under Python {version} with NumPy {numpy}: {left or 'nothing'}.")
    pythons = " ".join(asked.pythons)
    figures.write(
        figures.Result("versions", f"python -m quality versions {pythons}", counts, figures.versions(), tuple(notes))
    )
    return 1 if failed else 0


def tested(python: str, flags: Sequence[str], tests: Sequence[str], absent: Sequence[str]) -> str:
    """The last line of pytest: `812 passed, 3 skipped`."""
    with tempfile.TemporaryDirectory() as folder:
        left_out = [f"--ignore={path}" for path in absent]
        quiet = ["-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestConfigWarning", f"--basetemp={folder}/t"]
        told = _output(python, [*flags, "-m", "pytest", *quiet, *left_out, *tests])
    for failure in re.findall(r"^(?:FAILED|ERROR) .*", told, re.MULTILINE):
        print(failure, flush=True)
    found = re.findall(r"^(\d+ (?:passed|failed|error).*?) in ", told, re.MULTILINE)
    return found[-1] if found else told[-300:]


def absences(python: str, tests: Sequence[str]) -> dict[str, list[str]]:
    """The files that import, when they are read, what is not installed, with what that is."""
    wanted: dict[str, set[str]] = {}
    for name in tests:
        path = TOP / name
        for file in sorted(path.rglob("test_*.py")) if path.is_dir() else [path]:
            body = ast.parse(file.read_text(encoding="utf-8")).body
            names = {
                alias.name.partition(".")[0] for node in body if isinstance(node, ast.Import) for alias in node.names
            }
            names |= {str(node.module).partition(".")[0] for node in body if isinstance(node, ast.ImportFrom)}
            wanted[str(file.relative_to(TOP))] = names & {
                "torch",
                "jax",
                "autograd",
                "matplotlib",
                "graphviz",
                "IPython",
            }
    every = sorted(set().union(*wanted.values()))
    absent = set(json.loads(_output(python, ["-c", PRESENT, *every])))
    return {path: sorted(names & absent) for path, names in wanted.items() if names & absent}


def _output(python: str, arguments: Sequence[str]) -> str:
    done = subprocess.run([python, *arguments], cwd=TOP, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else done.stdout
