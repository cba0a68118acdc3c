"""The command `einderiv`."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from einderiv.commands import COMMANDS
from einderiv.errors import EinError, EinInputError, EinWarning, visible
from einderiv.reports import FORMATS, report

INTERNAL = 70  # the exit status for a mistake of einderiv itself, EX_SOFTWARE of sysexits.h


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    The result is the exit status: 0, 1 for an error in the input, 2 for wrong usage, 70 for a mistake of einderiv.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")  # as `.ein` files are, wherever the output goes
    given = sys.argv[1:] if arguments is None else arguments
    options = parser(given[:1] if given and given[0] in COMMANDS else COMMANDS).parse_args(given)
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


def parser(wanted: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The `wanted` commands and their arguments."""
    whole = argparse.ArgumentParser(
        prog="einderiv", description="Derivatives of tensor expressions in index notation."
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for name in wanted:
        import_module(f"einderiv.commands.{name}").add(commands)
    for each in commands.choices.values():
        _add_report_options(each)
    return whole


def _add_report_options(command: argparse.ArgumentParser) -> None:
    """How errors and warnings are told, which every command takes."""
    group = command.add_argument_group("errors and warnings, on standard error")
    group.add_argument("--format", choices=FORMATS, default="full", help="how they are written (full)")
    group.add_argument("--no-color", dest="color", action="store_false", help="no colour, even on a terminal")
    group.add_argument("--debug", action="store_true", help="also print the traceback")


if __name__ == "__main__":
    sys.exit(main())
