"""`einderiv lsp`: the language server, on standard input and output."""

from __future__ import annotations

import argparse
import os
import sys

from einderiv.commands.source import Commands
from einderiv.errors import EinTypeError


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    lsp = commands.add_parser("lsp", help="the language server, which editors start")
    lsp.set_defaults(run=_serve)
    lsp.add_argument("--stdio", action="store_true", help="on standard input and output, as without it")


def _serve(options: argparse.Namespace) -> int:
    del options
    try:
        from einderiv.language_server.server import server
    except ImportError:
        raise EinTypeError(
            "E0531", "the language server needs pygls, which is not installed",
            helps=['install the extra `editors`: `pip install "einderiv[editors]"`'],
        ) from None  # fmt: skip
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what else is printed does not come between the answers
    server.start_io(sys.stdin.buffer, answers)
    return 0
