"""`einderiv convert`: a program from another notation."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import BinaryIO

from einderiv import syntax
from einderiv.commands.source import Commands
from einderiv.conversion import LENGTH, NOTATIONS, convert
from einderiv.errors import EinError, EinInputError

_FILE = re.compile(r"[\w./~-]+\.[a-z]{1,4}")  # what looks like the name of a file


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("convert", help="a .ein program from an einsum string, matrix notation or LaTeX")
    command.add_argument("--from", dest="notation", choices=NOTATIONS, help="the notation (recognised)")
    command.add_argument("--names", metavar="W,x", help="the operands of an einsum string (A, B, …)")
    command.add_argument(
        "--declare", metavar="DECLARATIONS", help='what names are: "A: matrix, x: vector, b: scalar, X: N×D, y: 3"'
    )
    command.set_defaults(run=_convert)
    command.add_argument("text", help="the formula, a file with it, or - for standard input")


def _convert(options: argparse.Namespace) -> int:
    text, name = _read(options.text)
    try:
        found = convert(text, options.notation, names=options.names, shapes=options.declare, source=name)
    except EinError as error:
        if name == "<formula>" and _FILE.fullmatch(text):
            error.helps = (*error.helps, f"there is no file `{text}`, so this is read as the formula itself")
        raise
    print(found, end="")
    return 0


def _read(given: str) -> tuple[str, str]:
    """The formula and what messages call it; a formula is no file unless there is one of that name."""
    if given == "-":
        return _text(sys.stdin.buffer, "<stdin>"), "<stdin>"
    if "\0" not in given and len(given) < 1000 and Path(given).is_file():
        with Path(given).open("rb") as file:
            return _text(file, given), given
    return given, "<formula>"


def _text(stream: BinaryIO, name: str) -> str:
    """The text of a file, in which there are far fewer characters than a program may have."""
    data = stream.read(4 * LENGTH + 1)
    if len(data) > 4 * LENGTH:
        raise EinInputError("E0907", f"{name} is too long for a formula", notes=[f"at most {LENGTH:,} are converted"])
    return syntax.decode(data, name)
