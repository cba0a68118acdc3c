"""Forms of a derivative that must compute or draw the same: its text, its source code, its LaTeX."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.mathtext import MathTextParser

import einderiv as ed
from generator.arrays import Sample
from generator.checking import RELATIVE, Mismatch, close, torch_digits
from generator.relations import SMALL, smallest

SCRIPT = Path(__file__).resolve().parent.parent.parent / "scripts" / "check_katex.mjs"
LIBRARIES = ("numpy", "jax", "torch")


def functions(sample: Sample) -> list[ed.Function]:
    """The value with the gradient, and the Hessian by one input."""
    found = [ed.value_and_grad(sample.text, of=sample.of, wrt=sample.wrt, allow_unused=True)]
    x = smallest(sample, SMALL)
    if x is not None:
        found.append(ed.hessian(sample.text, of=sample.of, wrt=x, allow_unused=True))
    return found


def flat(results: Any) -> list[np.ndarray]:
    """All arrays of a result, in order."""
    if isinstance(results, dict):
        return [array for each in results.values() for array in flat(each)]
    if isinstance(results, tuple | list):
        return [array for each in results for array in flat(each)]
    return [np.asarray(results)]


def text(sample: Sample) -> None:
    """The printed derivative is a program that computes the same."""
    for f in functions(sample):
        expected = flat(f(sample.arrays))
        program = ed.parse(str(f))
        found = ed.evaluate(program, {name: sample.arrays[name] for name in program.inputs})
        scale = max(float(np.max(np.abs(array), initial=1.0)) for array in expected)
        for asked, array in zip(f._asked, expected, strict=True):
            close(found[asked.name], array, f"{asked.name}, printed and read", scale=scale)


def source(sample: Sample, library: str) -> None:
    """The generated code of a library computes the same."""
    digits = RELATIVE if library == "numpy" else torch_digits(sample, 2)
    for f in functions(sample):
        expected = flat(f(sample.arrays))
        space: dict[str, Any] = {}
        exec(compile(f.source(library), "<source>", "exec"), space)
        names = [argument.name for argument in f._arguments()]
        found = flat(space["evaluate"](*(sample.arrays[name] for name in names)))
        scale = max(float(np.max(np.abs(array), initial=1.0)) for array in expected)
        for asked, one, array in zip(f._asked, found, expected, strict=True):
            close(one, array, f"{asked.name} by its source for {library}", digits, scale)


def formulas(sample: Sample) -> list[str]:
    """The program and its derivatives in LaTeX, one formula each."""
    lines = ed.parse(sample.text).latex().splitlines()
    for f in functions(sample):
        lines += f.latex().splitlines()
    return lines


def by_mathtext(found: list[str]) -> None:
    """Matplotlib draws every formula."""
    draw = MathTextParser("path")
    for formula in found:
        width, *_ = draw.parse(f"${formula}$")
        if not (np.isfinite(width) and width > 0):
            raise Mismatch(f"nothing is drawn of {formula}")


def by_katex(found: list[str]) -> None:
    """KaTeX draws every formula, where the environment variable KATEX is its folder."""
    given = "\n".join(found)
    done = subprocess.run(["node", SCRIPT], input=given, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise Mismatch(done.stderr[-2000:])
