"""Arrays in `.npz` and `.npy` files: read without executing anything, if they fit; written whole or not at all."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from einderiv.errors import EinInputError, EinMemoryError
from einderiv.guards import amount, limit_of

NO_ARRAYS = (ValueError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What NumPy and `zipfile` raise for objects, for broken files, and for encrypted ones."""


def read(path: Path, memory_limit: float | None = None) -> dict[str, object]:
    """The arrays of a file by name; that of an `.npy` file has the file's name.

    Raises `EinInputError` (E0508) if it holds anything else, and `EinMemoryError` (E0604), before any array is read, if
    they take more bytes than the limit, which is half of the free memory unless it is said.
    """
    try:
        with path.open("rb") as file:
            needed = sum(_sizes(file))
            limit = limit_of(memory_limit, needed)
            if needed > limit:
                raise _too_large(path, needed, limit)
            file.seek(0)
            data = np.load(file, allow_pickle=False)
            return {path.stem: data} if isinstance(data, np.ndarray) else dict(data)
    except NO_ARRAYS as error:
        raise EinInputError(
            "E0508", f"{path} does not hold plain arrays ({error})", helps=["write it with `numpy.savez(file, W=W, …)`"]
        ) from None


def _sizes(file: IO[bytes]) -> Iterator[int]:
    """The bytes that each array says it takes; nothing but the heads of the arrays is read."""
    if not zipfile.is_zipfile(file):
        file.seek(0)
        whole = os.fstat(file.fileno()).st_size
        yield _size(file, whole)
        return
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            with archive.open(member) as content:
                yield _size(content, member.file_size)


def _size(content: IO[bytes], whole: int) -> int:
    """The bytes of one array, whose file has so many."""
    version = npy.read_magic(content)
    head = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = head(content)
    needed = prod(shape) * dtype.itemsize
    if needed > whole and not dtype.hasobject:
        raise ValueError(f"an array of {amount(needed)} in {amount(whole)}")
    return needed


def _too_large(path: Path, needed: int, limit: float) -> EinMemoryError:
    return EinMemoryError(
        "E0604",
        f"the arrays in {path} take {amount(needed)}, more than the limit of {amount(limit)}",
        notes=["nothing of them has been read"],
        helps=["set another limit with `--memory-limit BYTES`, or take parts of the arrays"],
    )


def write(path: Path, arrays: Mapping[str, object]) -> None:
    """Write an `.npz` file whole or not at all."""
    part = path.with_name(f"{path.name}.part{os.getpid()}")
    try:
        with zipfile.ZipFile(part, "x") as archive:  # not `numpy.savez`, which takes no array named `file`
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    npy.write_array(member, np.asarray(array), allow_pickle=False)
        os.replace(part, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        part.unlink(missing_ok=True)
