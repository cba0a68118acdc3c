"""`einderiv run`: every equation and query on arrays of an `.npz` file."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from einderiv import api, datafile
from einderiv.commands.source import Commands, add_file, count_of_bytes, load


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    run = commands.add_parser("run", help="evaluate every equation and query on arrays")
    run.add_argument("--data", required=True, type=Path, metavar="FILE.npz", help="the inputs, by name")
    run.add_argument("--out", type=Path, metavar="FILE.npz", help="where to write the results, by name")
    run.add_argument(
        "--memory-limit",
        type=count_of_bytes,
        metavar="BYTES",
        help="refuse what takes more, e.g. 8e9 (half of what is free)",
    )
    run.set_defaults(run=_run)
    add_file(run)


def _run(options: argparse.Namespace) -> int:
    program = load(options)
    arrays = datafile.read(options.data, options.memory_limit)
    results = api.evaluate(program, arrays, memory_limit=options.memory_limit)
    for name, array in results.items():
        shape = " × ".join(map(str, np.shape(array)))
        print(f"{name}: {f'array of {shape}' if shape else format(float(array), '.10g')}")
    if options.out:
        datafile.write(options.out, results)
    return 0
