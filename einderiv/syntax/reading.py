"""Bytes → text, with the limits on what is read."""

from __future__ import annotations

import os
from math import ceil
from typing import BinaryIO

from einderiv.errors import EinSyntaxError

BYTES = 4 * 2**20  # of a text, unless more are asked for
MOST = 2**30  # of which no more are read, whatever is asked for
STATEMENTS = 100_000  # of a text of so many bytes; of one that may be longer, in proportion more
_CHUNK = 2**20
_BOM = "\ufeff"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def decode(data: bytes, name: str = "<text>", limit: float = BYTES) -> str:
    r"""The text of a UTF-8 file, without its byte-order mark.

    >>> decode(b"\xef\xbb\xbfa_i = b_i")
    'a_i = b_i'
    """
    if len(data) > limit:
        raise too_large(name, len(data), limit)
    helps = ["save the file as UTF-8 (Notepad: Save as > Encoding > UTF-8)"]
    try:
        text = without_mark(data.decode("utf-8"))
        if data.count(0) * 4 < len(data) or not data:
            return text
        note = "every other byte is 0, which usually means UTF-16 without a byte-order mark"
        if data.count(0) * 4 > 3 * len(data):
            note = "most of its bytes are 0, as in a device, an archive or a file that was not written to its end"
            helps = ["give a file of text, or take a copy of this one from before"]
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        note = f"byte 0x{data[problem.start]:02X} at offset {problem.start}" + (f", in line {line}" if line > 1 else "")
        if data[:2] in _UTF16:
            start = " ".join(f"{byte:02X}" for byte in data[:2])
            note += f"; {start} at the start of a file usually means UTF-16"
    raise EinSyntaxError("E0103", f"{name} is not UTF-8 text", notes=[note], helps=helps)


def read_stream(stream: BinaryIO, name: str, limit: float = BYTES) -> str:
    """The text of an open file, of which no more is read than may be."""
    return decode(read_bytes(stream, name, limit), name, limit)


def read_bytes(stream: BinaryIO, name: str, limit: float = BYTES) -> bytes:
    """What an open file holds, if that is no more than may be read."""
    most = _most(limit)
    data = _read(stream, most + 1)
    if len(data) > most:
        try:
            length = os.fstat(stream.fileno()).st_size
        except OSError:
            length = 0
        raise too_large(name, length, most)
    return data


def _read(stream: BinaryIO, count: int) -> bytes:
    """At most `count` bytes; after the usual limit none behind a byte of 0, which no text has, as /dev/zero does."""
    data = bytearray(stream.read(min(count, BYTES + 1)))
    while len(data) > BYTES and len(data) < count and 0 not in data[-_CHUNK:]:
        part = stream.read(min(count - len(data), _CHUNK))
        if not part:
            break
        data += part
    return bytes(data)


def without_mark(text: str) -> str:
    """The text without a byte-order mark."""
    return text.removeprefix(_BOM)


def check_length(text: str, name: str, limit: float = BYTES) -> None:
    """Refuse a text of more bytes than there may be."""
    most = _most(limit)
    if len(text) * 4 > most:
        length = len(text.encode("utf-8", "surrogatepass"))
        if length > most:
            raise too_large(name, length, most)


def most_statements(limit: float) -> int:
    """How many statements a text of at most so many bytes may have.

    >>> most_statements(BYTES), most_statements(2 * BYTES), most_statements(100)
    (100000, 200000, 100000)
    """
    return max(STATEMENTS, _most(limit) * STATEMENTS // BYTES)


def _most(limit: float) -> int:
    """The bytes that may be read where so many are asked for; none for a number that is not above 0."""
    return int(min(limit, MOST)) if limit > 0 else 0


def too_large(name: str, length: int, limit: float) -> EinSyntaxError:
    """The error for a file of `length` bytes, or of nobody knows how many."""
    size = f" ({length / 1e6:.1f} MB)" if length > limit else ""
    wanted = f"{ceil(length / 1e5) / 10:g}e6" if length > limit else "BYTES"
    return EinSyntaxError(
        "E0117", f"{name} is larger than {_amount(limit)}{size}; stopped reading", notes=[_limits(limit)],
        helps=_raising(wanted) if max(length, limit) < MOST else [_SPLIT],
    )  # fmt: skip


def too_many(name: str, limit: float) -> EinSyntaxError:
    """The error for a file of too many statements."""
    wanted = 2 * max(_most(limit), BYTES)
    return EinSyntaxError(
        "E0117", f"{name} has more than {most_statements(limit):,} statements; stopped reading",
        notes=[_limits(limit)],
        helps=[f"{_raising(str(wanted))[0]}, for {most_statements(wanted):,} statements", _SPLIT]
        if wanted <= MOST else [_SPLIT],
    )  # fmt: skip


_SPLIT = "split it into programs of their own"


def _limits(limit: float) -> str:
    return f"limits: {_amount(limit)} and {most_statements(limit):,} statements per file"


def _raising(wanted: str) -> list[str]:
    """How one reads a file that is larger."""
    option = f"`--max-source-bytes {wanted}`"
    return [f"if the file is really yours, raise the limit: {option}, or `max_source_bytes=` in Python"]


def _amount(count: float) -> str:
    """`4 MiB`, `5.1 MB`."""
    if count >= 2**20 and count % 2**20 == 0:
        return f"{count / 2**20:g} MiB" if count < 2**30 else f"{count / 2**30:g} GiB"
    return f"{count / 1e6:g} MB" if count >= 1e5 else f"{count:g} bytes"
