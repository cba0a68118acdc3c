"""The command `einderiv`."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from einderiv import api, catalogue, numerical, requests, syntax
from einderiv.errors import EinError, EinInputError, EinNameError, EinWarning, visible
from einderiv.function import Function
from einderiv.program import Program
from einderiv.readable import LIBRARIES
from einderiv.reports import FORMATS, report

TOLERANCE = 1e-7  # of `check`, relative; differences themselves err by about 1e-10


INTERNAL = 70  # the exit status for a mistake of einderiv itself, EX_SOFTWARE of sysexits.h


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    The result is the exit status: 0, 1 for an error in the input, 2 for wrong usage, 70 for a mistake of einderiv.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")  # as `.ein` files are, wherever the output goes
    options = _parser().parse_args(arguments)
    findings: list[EinError | EinWarning] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", EinWarning)
            warnings.showwarning = _collecting(findings, warnings.showwarning)
            status = _status(options, findings)
    finally:
        if findings:
            color = options.color and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
            print(report(findings, options.format, color), file=sys.stderr)
    return status


def _collecting(findings: list[EinError | EinWarning], otherwise: Callable[..., None]) -> Callable[..., None]:
    """Keeps einderiv's own warnings for the report."""

    def show(message: Warning | str, *rest: Any, **more: Any) -> None:
        if isinstance(message, EinWarning):
            findings.append(message)
        else:
            otherwise(message, *rest, **more)

    return show


def _status(options: argparse.Namespace, findings: list[EinError | EinWarning]) -> int:
    """Run a command; what is wrong with the input is added to the findings."""
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except EinError as error:
        if options.debug:
            traceback.print_exc()
        findings.append(error)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if options.debug:
            traceback.print_exc()
        reason = error.strerror or str(error)
        findings.append(EinInputError("E0515", f"{error.filename}: {reason}" if error.filename else reason))
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # whatever else comes is a mistake of einderiv, and says so
        if options.debug:
            traceback.print_exc()
        told = visible(f"{type(error).__name__}: {error}").replace("\n", " ")
        print(f"internal error, please report: {told}", file=sys.stderr)
        print("  = help: `--debug` shows where it happened; add its output and the .ein file", file=sys.stderr)
        return INTERNAL
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="einderiv", description="Derivatives of tensor expressions in index notation."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    show = commands.add_parser("show", help="equations, shapes, and every derivative with its einsum strings")
    show.set_defaults(run=_show)

    derive = commands.add_parser("derive", help="a derivative as a .ein program")
    _add_derive(derive)

    run = commands.add_parser("run", help="evaluate every equation and query on arrays")
    run.add_argument("--data", required=True, type=Path, metavar="FILE.npz", help="the inputs, by name")
    run.add_argument("--out", type=Path, metavar="FILE.npz", help="where to write the results, by name")
    run.add_argument(
        "--memory-limit", type=float, metavar="BYTES", help="refuse what takes more, e.g. 8e9 (half of what is free)"
    )
    run.set_defaults(run=_run)

    check = commands.add_parser("check", help="every derivative against a numerical one, on random data")
    check.add_argument("--seed", type=int, default=0, help="of the random data")
    check.set_defaults(run=_check)

    plan = commands.add_parser("plan", help="the steps of an evaluation, with orders and costs")
    plan.add_argument(
        "--size", action="append", default=[], metavar="N=1000", help="a size, by its name or an index letter"
    )
    plan.set_defaults(run=_plan)

    for command in (show, derive, run, check, plan):
        command.add_argument("file", help="a .ein file, or - for standard input")

    _add_explain(commands.add_parser("explain", help="what an error code means, with a wrong and a right example"))
    for command in commands.choices.values():
        _add_report_options(command)
    return parser


def _add_derive(derive: argparse.ArgumentParser) -> None:
    derive.add_argument("--of", help="what to differentiate (the last equation)")
    derive.add_argument("--wrt", help="by what: names with commas between (all inputs)")
    derive.add_argument("--order", type=int, choices=(1, 2), default=1, help="2 is the Hessian of a scalar")
    form = derive.add_mutually_exclusive_group()
    form.add_argument("--einsum", action="store_true", help="print einsum strings instead")
    form.add_argument("--steps", action="store_true", help="print the derivation instead, one rule a line")
    form.add_argument("--latex", action="store_true", help="print LaTeX instead, one formula a line")
    form.add_argument("--source", choices=LIBRARIES, help="print a Python function instead, for this library alone")
    form.add_argument("--document", action="store_true", help="print a LaTeX file of its own instead")
    derive.add_argument("--sums", action="store_true", help="in LaTeX, write the sums of the convention too")
    derive.set_defaults(run=_derive)


def _add_explain(explain: argparse.ArgumentParser) -> None:
    explain.add_argument("code", nargs="?", help="such as E0203; without one, all codes with their titles")
    explain.set_defaults(run=_explain)


def _add_report_options(command: argparse.ArgumentParser) -> None:
    """How errors and warnings are told, which every command takes."""
    group = command.add_argument_group("errors and warnings, on standard error")
    group.add_argument("--format", choices=FORMATS, default="full", help="how they are written (full)")
    group.add_argument("--no-color", dest="color", action="store_false", help="no colour, even on a terminal")
    group.add_argument("--debug", action="store_true", help="also print the traceback")


def _load(options: argparse.Namespace) -> Program:
    if options.file == "-":
        return api.parse(syntax.read_stream(sys.stdin.buffer, "<stdin>"), "<stdin>")
    return api.load(options.file)


def _show(options: argparse.Namespace) -> int:
    program = _load(options)
    print(program.text.strip() + "\n")
    rows = [(name, argument.node.axes) for name, argument in program.checked.inputs.items()]
    rows += [(name, definition.node.axes) for name, definition in program.checked.definitions.items()]
    for name, axes in rows:
        letters = requests.letters_of(program, name)
        role = "input" if name in program.checked.inputs else "defined"
        shape = "×".join(map(str, axes)) or "scalar"
        print(f"{requests.subscripted(name, letters):<16} {shape:<12} {role}")
    for function in _shown(program):
        print(f"\n{str(function).strip()}")
        for step in function.einsum:
            print(f"    {step}")
    return 0


def _shown(program: Program) -> list[Function]:
    """The queries of a program; without any, the derivatives of its last equation by its inputs."""
    queries = program.checked.queries
    if queries:
        return [api.derivative(program, name) for name in queries]
    last = requests.last_equation(program)
    try:
        leaves = requests.leaves(program, last, None)
    except EinNameError:  # nothing that it depends on smoothly
        return []
    return [api.jacobian(program, last, leaf.name) for leaf in leaves]


def _derive(options: argparse.Namespace) -> int:
    program = _load(options)
    wrt = [name.strip() for name in options.wrt.split(",")] if options.wrt else None
    take = api.hessian if options.order == 2 else api.jacobian
    function = take(program, options.of, wrt)
    if options.einsum:
        for step in function.einsum:
            print(step)
    elif options.steps:
        found = function.steps()
        print(*(found.values() if isinstance(found, dict) else [found]), sep="\n\n")
    elif options.source:
        print(function.source(options.source).rstrip())
    elif options.latex or options.document:
        print(function.latex(sums=options.sums, document=options.document).rstrip())
    else:
        print(str(function).rstrip())
    return 0


def _run(options: argparse.Namespace) -> int:
    program = _load(options)
    results = api.evaluate(program, _arrays(options.data), memory_limit=options.memory_limit)
    for name, array in results.items():
        shape = " × ".join(map(str, np.shape(array)))
        print(f"{name}: {f'array of {shape}' if shape else format(float(array), '.10g')}")
    if options.out:
        _write(options.out, results)
    return 0


def _arrays(path: Path) -> dict[str, object]:
    """The arrays of an `.npz` file; nothing in it is executed."""
    try:
        with path.open("rb") as file:
            data = np.load(file, allow_pickle=False)
            return {path.stem: data} if isinstance(data, np.ndarray) else dict(data)
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise EinInputError(
            "E0508", f"{path} does not hold plain arrays ({error})", helps=["write it with `numpy.savez(file, W=W, …)`"]
        ) from None


def _write(path: Path, results: dict[str, object]) -> None:
    """Write an `.npz` file whole or not at all."""
    part = path.with_name(f"{path.name}.part{os.getpid()}")
    try:
        with zipfile.ZipFile(part, "x") as archive:  # not `numpy.savez`, which takes no array named `file`
            for name, array in results.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
        os.replace(part, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        part.unlink(missing_ok=True)


def _check(options: argparse.Namespace) -> int:
    program = _load(options)
    findings = list(numerical.discrepancies(program, options.seed))
    for finding in findings:
        verdict = "ok" if finding.error <= TOLERANCE else "WRONG"
        print(f"{finding.title:<24} largest difference {finding.error:.1e}   {verdict}")
    wrong = sum(not finding.error <= TOLERANCE for finding in findings)
    print(f"{len(findings)} derivatives compared with differences of values, {wrong} beyond {TOLERANCE:g}")
    return 1 if wrong else 0


def _plan(options: argparse.Namespace) -> int:
    program = _load(options)
    names = {letter: dim for dim, letters in reversed(list(program.letters.items())) for letter in letters}
    names |= {dim.name: dim for dim in program.letters}
    sizes = {}
    for text in options.size:
        name, _, number = text.partition("=")
        if name.strip() not in names or not number.strip().isdecimal():
            known = ", ".join(dict.fromkeys(dim.name for dim in program.letters))
            raise EinInputError("E0509", f"`--size {text}` names no size of this program", notes=[f"it has {known}"])
        sizes[names[name.strip()]] = int(number)
    missing = [dim for dim in program.letters if dim.size is None and dim not in sizes]
    if missing:
        dim = missing[0]
        letters = ", ".join(f"`{letter}`" for letter in program.letters[dim])
        raise EinInputError(
            "E0509", f"the size `{dim.name}` (of index {letters}) is not given", helps=[f"add `--size {dim.name}=100`"]
        )
    shapes = {
        name: tuple(sizes.get(dim, dim.size or 0) for dim in argument.node.axes)
        for name, argument in program.checked.inputs.items()
    }
    print(api.function(program, of=program.outputs).plan(shapes))
    return 0


def _explain(options: argparse.Namespace) -> int:
    if options.code is None:
        for page in catalogue.CODES.values():
            print(f"{page.code}  {page.title}")
        return 0
    found = catalogue.CODES.get(options.code.strip().strip("[]").upper())
    if found is None:
        raise EinNameError(
            "E0514", f"there is no error code `{options.code}`", helps=["`einderiv explain` lists all codes"]
        )
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
