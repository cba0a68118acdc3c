"""`einderiv fmt`: lays `.ein` files out in one style."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

from einderiv import syntax
from einderiv.commands.source import Commands, add_limit
from einderiv.errors import EinError, raise_all
from einderiv.formatting import Formatted, format_file, formatted, write_whole

STDIN = "-"


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    fmt = commands.add_parser("fmt", help="lay out .ein files in one style, in place")
    fmt.set_defaults(run=_fmt)
    fmt.add_argument("files", nargs="+", metavar="file", help=".ein files, or - from standard input to standard output")
    fmt.add_argument("--check", action="store_true", help="write nothing; the exit status is 1 if a file would change")
    fmt.add_argument("--fix", action="store_true", help="also remove invisible control characters")
    fmt.add_argument("--diff", action="store_true", help="write nothing; print what would change")
    add_limit(fmt)


def _fmt(options: argparse.Namespace) -> int:
    changed, errors = [], list[EinError]()
    for name in options.files:
        try:
            result = _formatted(name, options.fix, options.max_source_bytes)
        except EinError as error:
            errors += [error, *error.others]
            continue
        if options.diff:
            sys.stdout.writelines(_diff(result, options.max_source_bytes))
        if not options.check and not options.diff:
            _write(result, name)
        elif options.check and result.changed and not options.diff:
            print(f"would reformat {result.path}")
        changed += [result] if result.changed else []
    raise_all(errors)
    return 1 if options.check and changed else 0


def _formatted(name: str, fix: bool, limit: float) -> Formatted:
    if name != STDIN:
        return format_file(Path(name), fix, limit)
    data = syntax.read_bytes(sys.stdin.buffer, "<stdin>", limit)
    text = syntax.decode(data, "<stdin>", limit)
    text = syntax.without_invisible(text) if fix else text
    return Formatted(Path("<stdin>"), data, formatted(text, "<stdin>", limit).encode("utf-8"))


def _write(result: Formatted, name: str) -> None:
    if name == STDIN:
        sys.stdout.write(result.new.decode("utf-8"))
    elif result.changed:
        write_whole(result.path, result.new)
        print(f"reformatted {result.path}")


def _diff(result: Formatted, limit: float) -> Sequence[str]:
    """What changes, as `diff -u` shows it; line ends and a byte-order mark that change are told in words."""
    name = str(result.path)
    old = syntax.decode(result.old, name, limit)
    lines, new = old.splitlines(keepends=True), result.new.decode("utf-8").splitlines(keepends=True)
    shown = [line.rstrip("\r\n") + "\n" for line in lines]
    found = list(difflib.unified_diff(shown, new, name, name))
    if result.changed and not found:
        return [f"{name}: line ends, the last line end or a byte-order mark\n"]
    return found
