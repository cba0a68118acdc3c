"""Random programs at full counts, one subject after the other; a failure is shrunk and kept as a file.

Counts are kept in `build/programs` after every few programs, so that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product, repeat
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from quality import figures
from quality.keeping import FOLDER, Run, together

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests")]  # the generator is a part of the tests

if TYPE_CHECKING:
    from generator import Sample
    from generator.tally import Tally

KEPT = 20  # programs after which the counts are written down
SECONDS = 120.0  # of processor time that the checks of a program may take
LARGEST = 60  # elements of all inputs of a program whose Hessian is taken

DRAWN = (
    "Inputs are drawn again where a value is within 1e-3 of a kink or a pole, not finite or above 1e6.",
    "Compared with a relative tolerance of 1e-10, and 1e-12 of the largest entry.",
    "Where an oracle differs, arithmetic with a hundred digits decides.",
)
GAMMA = "The polygamma functions of PyTorch and JAX have 7 digits: there the tolerance is 1e-6, for them alone."


@dataclass(frozen=True)
class Subject:
    """What is checked of how many programs; `check` gives the names of what to count."""

    count: int
    check: Callable[[Sample], list[str]]
    libraries: tuple[str, ...]
    notes: tuple[str, ...]
    scalar: bool = True
    small: bool = False


def subjects() -> dict[str, Subject]:
    """Every subject, by name."""
    from generator import checking, precision, queries, relations, roundtrips

    def related(sample: Sample) -> list[str]:
        return [name for name, relation in relations.RELATIONS.items() if relation(sample)]

    def named(what: str, check: Callable[[Sample], bool]) -> Callable[[Sample], list[str]]:
        return lambda sample: [what if check(sample) else f"not {what}"]

    def round_trip(sample: Sample) -> list[str]:
        roundtrips.text(sample)
        for library in ("numpy", "torch"):
            roundtrips.source(sample, library)
        return ["text", "numpy", "torch"]

    def by_jax(sample: Sample) -> list[str]:
        roundtrips.source(sample, "jax")
        return ["jax"]

    def drawn(sample: Sample) -> list[str]:
        formulas = roundtrips.formulas(sample)
        roundtrips.by_mathtext(formulas)
        drawers = ["drawn by mathtext"]
        if os.environ.get("KATEX"):
            roundtrips.by_katex(formulas)
            drawers.append("drawn by KaTeX")
        return drawers + ["formulas"] * len(formulas)

    return {
        "gradients": Subject(10_000, checking.gradient, ("torch", "autograd", "scipy"), (
            "∂L/∂x by every input of a random program against PyTorch, autograd, and complex steps in three random "
            "directions (not where a program has `polygamma`, which SciPy does not have for complex numbers).",
            *DRAWN, GAMMA)),
        "jacobians": Subject(2_000, checking.jacobian, ("torch",), (
            "∂a/∂x by every input, a with up to five axes, against `torch.func.jacrev`.", *DRAWN, GAMMA), scalar=False),
        "hessians": Subject(1_000, checking.hessian, ("torch",), (
            f"All blocks of ∂²L/∂x∂y, at most {LARGEST} elements in all inputs, against `torch.func.hessian`.",
            *DRAWN, GAMMA), small=True),
        "jax": Subject(300, checking.gradient_by_jax, ("jax",), (
            "∂L/∂x by every input against JAX in double precision.", *DRAWN, GAMMA)),
        "jax-hessians": Subject(20, checking.hessian_by_jax, ("jax",), (
            "All blocks of ∂²L/∂x∂y against JAX in double precision.", *DRAWN, GAMMA), small=True),
        "queries": Subject(1_000, queries.queries, ("torch",), (
            "Derivatives in the text, against PyTorch: alone on a line, inside an equation that is differentiated "
            "again, by a tensor that an equation defines, and with `given` upstream ones.", *DRAWN, GAMMA)),
        "relations": Subject(2_000, related, (), (
            "Twelve relations that hold for every program; each counts the programs that have what it is about.",
            *DRAWN)),
        "round-trips": Subject(2_000, round_trip, ("torch",), (
            "The value, the gradient and a Hessian: as text that is read back, and as source code for NumPy and "
            "PyTorch, give the same numbers.", *DRAWN)),
        "jax-source": Subject(100, by_jax, ("jax",), ("The same as source code for JAX.", *DRAWN)),
        "single-precision": Subject(500, named("right to four digits", precision.single), (), (
            "∂L/∂x of float32 arrays is float32, with four digits of what float64 gives for the same numbers, or two "
            "where the gradient cancels; programs in which one unit in the last place of float32 changes the sixth "
            "digit are left out.",)),
        "short-axes": Subject(1_000, named("with an axis of no element or of one", precision.short_axes), (), (
            "Each axis in turn has no element, and one: the value and the gradient are those of the definition, "
            "evaluated with dense arrays, or the call is refused; programs without such an axis are counted apart, "
            "and those with 0 · ∞ or 1 / ±0 in them.",)),
        "nan": Subject(1_000, named("with NaN in an input", precision.poisoned), (), (
            "NaN in an element that moves the value makes the value NaN; programs that compare are counted apart, "
            "since a comparison with NaN is false.",)),
        "latex": Subject(500, drawn, ("matplotlib",), (
            "Every formula of the program, its gradient and a Hessian is drawn by mathtext, and by KaTeX where the "
            "environment variable KATEX is the folder of an installed one.",)),
    }  # fmt: skip


def run(name: str, count: int, start: Run, folder: Path = FOLDER) -> Run:
    """So many programs of one part of a subject, those of earlier calls included."""
    from generator import checking, tally

    subject = subjects()[name]
    done = start.gone_on(folder)
    seen = tally.Tally()
    for sample in samples(done, subject, count):
        before = time.process_time()
        try:
            with within(SECONDS):
                done.counts.update(subject.check(sample))
        except checking.IllConditioned:
            done.rejected["the oracle loses the digits"] += 1
            continue
        except Exception as problem:  # anything that a program does not deserve is a failure to report
            done.mismatches.append(_kept(sample, subject, done, problem))
        finally:
            done.seconds += time.process_time() - before
        seen.add(sample)
        done.checked += 1
        if done.checked % KEPT == 0:
            _counted(done, seen, folder)
    _counted(done, seen, folder)
    return done


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` after so much processor time: what never ends is a failure too."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"takes more than {seconds:g} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _counted(done: Run, seen: Tally, folder: Path) -> None:
    """Write down what a run has found so far."""
    done.productions += seen.productions
    done.pairs += Counter({" in ".join(reversed(pair)): count for pair, count in seen.pairs.items()})
    seen.productions.clear()
    seen.pairs.clear()
    done.keep(folder)
    print(f"{done.path(folder).stem}: {done.checked:,} programs, {len(done.mismatches)} mismatches", flush=True)


def samples(done: Run, subject: Subject, count: int) -> Iterator[Sample]:
    """Samples until so many have been checked, each from a seed of its own."""
    import generator

    while done.checked < count:
        number = done.part + 1 + done.drawn * done.parts
        done.drawn += 1
        found = generator.draw(generator.Choices.of_seed(f"{done.subject} {done.seed} {number}"), subject.scalar)
        if found is None:
            done.rejected["near a kink, or without a size"] += 1
        elif subject.small and sum(found.arrays[name].size for name in found.wrt) > LARGEST:
            done.rejected["large"] += 1
        else:
            yield found


def _kept(sample: Sample, subject: Subject, done: Run, problem: Exception) -> str:
    """Shrink a failure, keep it as a file, and say what it is."""
    from generator import saving, shrinking

    def fails(other: Sample) -> bool:
        try:
            subject.check(other)
        except Exception as again:
            return type(again) is type(problem)
        return False

    slow = isinstance(problem, TimeoutError)  # which it would take hours to shrink
    small = sample if slow else shrinking.shrunk(sample, fails, subject.scalar)
    kind = {"jacobians": "jacobian", "hessians": "hessian"}.get(done.subject, "gradient")
    number = done.part + 1 + (done.drawn - 1) * done.parts
    said = f"{done.subject} {done.seed} {number}: {type(problem).__name__}: {problem}"
    path = saving.save(small, kind, f"{done.subject}-{done.seed}-{number}", said)
    print(f"{said}\n{small.text}{path}", flush=True)
    return said


def result(done: Run, subject: Subject, command: str) -> figures.Result:
    """The figures of a subject."""
    from generator import tally

    missing = sum(not done.pairs[f"{inner} in {outer}"] for outer, inner in product(tally.OUTER, tally.INNER))
    done.counts["productions"] = len(tally.EVERY)
    done.counts["least often drawn"] = min(done.productions[each] for each in tally.EVERY)
    done.counts["pairs of an outer and an inner function"] = len(tally.OUTER) * len(tally.INNER)
    done.counts["pairs never drawn"] = missing
    shown: dict[str, figures.Figure] = {"programs": done.checked, "mismatches": len(done.mismatches)}
    shown |= {name: count for name, count in done.counts.items() if name}
    shown |= {f"rejected: {why}": count for why, count in done.rejected.items()}
    shown |= {"seed": done.seed, "programs a second": round(done.checked / max(done.seconds, 0.01), 1)}
    versions = figures.versions("numpy", *subject.libraries)
    return figures.Result(done.subject, command, shown, versions, (*subject.notes, *done.mismatches))


def main(names: list[str], scale: float, seed: int, jobs: int) -> int:
    """Run subjects and write their figures; 1 if there was a mismatch."""
    found = subjects()
    failed = 0
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # of the processes to come
    with ProcessPoolExecutor(jobs, get_context("spawn"), _prepare) as pool:
        for name in names or found:
            count = max(1, round(found[name].count * scale))
            shares = [len(range(part, count, jobs)) for part in range(jobs)]
            starts = [Run(name, seed, part, jobs) for part in range(jobs)]
            done = together(list(pool.map(run, repeat(name), shares, starts)))
            failed += len(done.mismatches)
            options = f" --scale {scale}" * (scale != 1) + f" --jobs {jobs}" * (jobs != 1)
            command = f"python -m quality programs --only {name} --seed {seed}{options}"
            figures.write(result(done, found[name], command))
    return 1 if failed else 0


def _prepare() -> None:
    """Double precision and one thread for the oracles of a process."""
    import jax
    import torch

    jax.config.update("jax_enable_x64", True)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
