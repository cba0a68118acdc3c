"""The program that a command reads."""

from __future__ import annotations

import argparse
import sys
from typing import TypeAlias

from einderiv import api, syntax
from einderiv.program import Program

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_file(command: argparse.ArgumentParser) -> None:
    """The argument that names the program."""
    command.add_argument("file", help="a .ein file, or - for standard input")


def load(options: argparse.Namespace) -> Program:
    """The program of the `.ein` file, or of standard input."""
    if options.file == "-":
        return api.parse(syntax.read_stream(sys.stdin.buffer, "<stdin>"), "<stdin>")
    return api.load(options.file)
