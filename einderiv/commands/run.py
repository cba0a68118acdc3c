"""`einderiv run`: every equation and query on arrays of an `.npz` file."""

from __future__ import annotations

import argparse
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from einderiv import api
from einderiv.commands.source import Commands, add_file, load
from einderiv.errors import EinInputError


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    run = commands.add_parser("run", help="evaluate every equation and query on arrays")
    run.add_argument("--data", required=True, type=Path, metavar="FILE.npz", help="the inputs, by name")
    run.add_argument("--out", type=Path, metavar="FILE.npz", help="where to write the results, by name")
    run.add_argument(
        "--memory-limit", type=float, metavar="BYTES", help="refuse what takes more, e.g. 8e9 (half of what is free)"
    )
    run.set_defaults(run=_run)
    add_file(run)


def _run(options: argparse.Namespace) -> int:
    program = load(options)
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
