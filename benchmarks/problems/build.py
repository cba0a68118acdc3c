"""The time before the first number: to parse, differentiate and plan (P14), and to import."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import count
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np

import einderiv as ed
from benchmarks.contest import Array, Contest, Entrant, Problem, size
from benchmarks.problems.networks import tanh_text

fresh = count()  # other names each time: what is known from the time before is of no use


def built(L: int, width: int, batch: int) -> Contest:
    def build() -> list[Array]:
        mark = f"q{next(fresh)}q"
        text = tanh_text(L).replace("W", f"W{mark}").replace("h", f"h{mark}").replace(f"tanh{mark}", "tanh")
        shapes = {f"W{mark}{layer}": (width, width) for layer in range(1, L + 1)} | {"x": (batch, width)}
        gradients = ed.grad(text, wrt=[name for name in shapes if name != "x"])
        return [np.asarray(len(gradients.plan(shapes).outputs))]

    def seconds() -> float:
        start = process_time()
        build()
        return process_time() - start

    return Contest({"einderiv": lambda: Entrant(build, lambda value: value, seconds)})


def imported() -> Contest:
    """Time of the processor, with the bytecode at hand that Python writes at an installation or at the first import."""
    cache = TemporaryDirectory()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    code = "import time; start = time.process_time(); import einderiv; print(time.process_time() - start)"

    def seconds() -> float:
        command = [sys.executable, "-c", code]
        cached = environment | {"PYTHONPYCACHEPREFIX": cache.name}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=cached)
        return float(done.stdout)

    seconds()
    return Contest({"einderiv": lambda: Entrant(lambda: None, lambda value: [], seconds)})


BUILD = Problem(
    "P14b",
    "the same layers: parse, differentiate, plan",
    [size(None, 0.3 * L / 200, L=L, width=32, batch=32) for L in (10, 50, 100, 200)],
    {"L": 3, "width": 4, "batch": 2},
    built,
)
IMPORT = Problem("import", "`import einderiv`", [size(None, 0.15, "all of it")], {}, imported)
