"""The program that a command reads, and the sizes that it is told."""

from __future__ import annotations

import argparse
import sys
from typing import TypeAlias

from einderiv import api, syntax
from einderiv.errors import EinInputError
from einderiv.ir import Dim
from einderiv.program import Program

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_file(command: argparse.ArgumentParser) -> None:
    """The argument that names the program."""
    command.add_argument("file", help="a .ein file, or - for standard input")
    add_limit(command)


def add_limit(command: argparse.ArgumentParser) -> None:
    """The argument that lets a larger file be read."""
    command.add_argument(
        "--max-source-bytes",
        type=_bytes,
        default=syntax.BYTES,
        metavar="BYTES",
        help="read a .ein file of up to so many bytes, e.g. 64e6 (4 MiB)",
    )


def _bytes(text: str) -> float:
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
        name, _, number = text.partition("=")
        if name.strip() not in names or not number.strip().isdecimal():
            known = ", ".join(dict.fromkeys(dim.name for dim in program.letters))
            raise EinInputError("E0509", f"`--size {text}` names no size of this program", notes=[f"it has {known}"])
        found[names[name.strip()]] = int(number)
    return found


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
