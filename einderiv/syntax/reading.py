"""Bytes → text, with the limits on what is read."""

from __future__ import annotations

import os
from typing import BinaryIO

from einderiv.errors import EinSyntaxError

BYTES = 4 * 2**20
STATEMENTS = 100_000
_BOM = "\ufeff"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def decode(data: bytes, name: str = "<text>") -> str:
    r"""The text of a UTF-8 file, without its byte-order mark.

    >>> decode(b"\xef\xbb\xbfa_i = b_i")
    'a_i = b_i'
    """
    if len(data) > BYTES:
        raise too_large(name, len(data))
    try:
        text = without_mark(data.decode("utf-8"))
        if data.count(0) * 4 < len(data) or not data:
            return text
        note = "every other byte is 0, which usually means UTF-16 without a byte-order mark"
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        note = f"byte 0x{data[problem.start]:02X} at offset {problem.start}" + (f", in line {line}" if line > 1 else "")
        if data[:2] in _UTF16:
            start = " ".join(f"{byte:02X}" for byte in data[:2])
            note += f"; {start} at the start of a file usually means UTF-16"
    raise EinSyntaxError(
        "E0103", f"{name} is not UTF-8 text", notes=[note],
        helps=["save the file as UTF-8 (Notepad: Save as > Encoding > UTF-8)"],
    )  # fmt: skip


def read_stream(stream: BinaryIO, name: str) -> str:
    """The text of an open file, of which no more is read than may be."""
    data = stream.read(BYTES + 1)
    if len(data) > BYTES:
        try:
            length = os.fstat(stream.fileno()).st_size
        except OSError:
            length = 0
        raise too_large(name, length)
    return decode(data, name)


def without_mark(text: str) -> str:
    """The text without a byte-order mark."""
    return text.removeprefix(_BOM)


def check_length(text: str, name: str) -> None:
    """Refuse a text of more than 4 MiB."""
    if len(text) * 4 > BYTES:
        length = len(text.encode("utf-8", "surrogatepass"))
        if length > BYTES:
            raise too_large(name, length)


def too_large(name: str, length: int) -> EinSyntaxError:
    """The error for a file of `length` bytes, or of nobody knows how many."""
    size = f" ({length / 1e6:.1f} MB)" if length > BYTES else ""
    return EinSyntaxError(
        "E0117", f"{name} is larger than 4 MiB{size}; stopped reading",
        notes=[f"limits: 4 MiB and {STATEMENTS:,} statements per file"],
        helps=["split it into programs of their own"],
    )  # fmt: skip


def too_many(name: str) -> EinSyntaxError:
    """The error for a file of too many statements."""
    return EinSyntaxError(
        "E0117", f"{name} has more than {STATEMENTS:,} statements; stopped reading",
        notes=[f"limits: 4 MiB and {STATEMENTS:,} statements per file"],
        helps=["split it into programs of their own"],
    )  # fmt: skip
