"""The program that a command reads, and the sizes that it is told."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from shlex import quote
from typing import TypeAlias

from einderiv import api, syntax
from einderiv.errors import EinError, EinInputError, EinNameError, Label, Source, Span
from einderiv.function import Function
from einderiv.ir import Dim
from einderiv.program import Program
from einderiv.requests import CALL

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_file(command: argparse.ArgumentParser) -> None:
    """The argument that names the program."""
    command.add_argument("file", help="a .ein file, or - for standard input")
    add_limit(command)


def add_limit(command: argparse.ArgumentParser) -> None:
    """The argument that lets a larger file be read."""
    command.add_argument(
        "--max-source-bytes",
        type=count_of_bytes,
        default=syntax.BYTES,
        metavar="BYTES",
        help="read a .ein file of up to so many bytes, e.g. 64e6 (4 MiB)",
    )


def count_of_bytes(text: str) -> float:
    """`64e6` as a number above 0."""
    try:
        count = float(text)
    except ValueError:
        count = 0.0
    if not count > 0:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of bytes above 0; write e.g. 64e6")
    return count


def load(options: argparse.Namespace) -> Program:
    """The program of the `.ein` file, or of standard input."""
    limit = options.max_source_bytes
    if options.file == "-":
        text = syntax.read_stream(sys.stdin.buffer, "<stdin>", limit)
        return api.parse(text, "<stdin>", max_source_bytes=limit)
    return api.load(options.file, max_source_bytes=limit)


def add_sizes(command: argparse.ArgumentParser) -> None:
    """The argument that gives sizes."""
    command.add_argument(
        "--size", action="append", default=[], metavar="N=1000", help="a size, by its name or an index letter"
    )


def sizes(program: Program, options: argparse.Namespace) -> dict[Dim, int]:
    """The sizes that the options tell, and those that the program fixes."""
    names = {letter: dim for dim, letters in reversed(list(program.letters.items())) for letter in letters}
    names |= {dim.name: dim for dim in program.letters}
    found = {dim: dim.size for dim in program.letters if dim.size is not None}
    for text in options.size:
        name, _, number = (part.strip() for part in text.partition("="))
        if name not in names:
            known = ", ".join(dict.fromkeys(dim.name for dim in program.letters)) or "none"
            raise EinInputError("E0509", f"`--size {text}` names no size of this program", notes=[f"it has {known}"])
        if not number.isdecimal():
            raise _no_number(text, name, number)
        if found.setdefault(names[name], int(number)) != int(number):
            raise _two_sizes(text, names[name], found[names[name]])
    return found


def _no_number(text: str, name: str, number: str) -> EinInputError:
    """`--size N`, `--size N=-3`, `--size N=3,D=2`."""
    helps = [f"write e.g. `--size {name}=100`"]
    if "," in number:
        helps = ["give each size on its own: " + " ".join(f"`--size {part.strip()}`" for part in text.split(","))]
    what = f"`{number}` is no number of elements" if number else "there is no number behind it"
    return EinInputError("E0509", f"`--size {text}`: {what}", notes=["a size is 0, 1, 2, …"], helps=helps)


def _two_sizes(text: str, dim: Dim, known: int) -> EinInputError:
    """`--size n=3 --size N=4`, or another number than the program says."""
    origin = "the program says" if dim.size is not None else "given before is"
    return EinInputError(
        "E0509", f"`--size {text}`, but {origin} {dim.name} = {known}", helps=["give each size once, or leave it out"]
    )


def add_wrt(command: argparse.ArgumentParser) -> None:
    """The argument that names what is differentiated by."""
    command.add_argument("--wrt", help="by what: names with commas between (all inputs)")


def wrt_of(options: argparse.Namespace) -> list[str] | None:
    """The names in `--wrt`, none of them empty."""
    if options.wrt is None:
        return None
    names = [name.strip() for name in options.wrt.split(",")]
    if not all(names):
        raise EinNameError(
            "E0401", f"`--wrt {quote(options.wrt)}` has an empty name",
            helps=["write names with commas between, e.g. `--wrt W,b`, or leave `--wrt` out for all inputs"],
        )  # fmt: skip
    return names


def derived(take: Callable[[], Function], options: argparse.Namespace) -> Function:
    """The derivative that `take` makes; an error about a name in the call points to `--wrt`."""
    try:
        return take()
    except EinNameError as error:
        for each in (error, *error.others):
            _place_in_options(each, options.wrt or "")
        raise


def _place_in_options(error: EinError, wrt: str) -> None:
    if error.source is None or error.source.name != CALL:
        return
    span = error.labels[0].span
    text = f"--wrt {wrt}"
    start = text.find(error.source.text[span.start : span.end], len("--wrt"))
    error.source = Source(text, "<options>")
    error.labels = (Label(Span(start, start + span.end - span.start), error.labels[0].text),)


def shapes(program: Program, options: argparse.Namespace) -> dict[str, tuple[int, ...]]:
    """The shapes of all inputs; a size of theirs that is not told is an `EinInputError`."""
    known = sizes(program, options)
    for dim in dict.fromkeys(dim for argument in program.checked.inputs.values() for dim in argument.node.axes):
        if dim not in known and dim.size is None:
            letters = ", ".join(f"`{letter}`" for letter in program.letters.get(dim, ()))
            raise EinInputError(
                "E0509",
                f"the size `{dim.name}` (of index {letters}) is not given",
                helps=[f"add `--size {dim.name}=100`"],
            )
    return {
        name: tuple(known.get(dim, dim.size or 0) for dim in argument.node.axes)
        for name, argument in program.checked.inputs.items()
    }
