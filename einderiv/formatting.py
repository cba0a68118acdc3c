r"""Programs laid out in one style, as texts and as files.

>>> formatted("a_{i}=W_{i j}x_j")
'a_i = W_ij x_j\n'
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from einderiv import syntax


def formatted(text: str, name: str = "<text>", max_source_bytes: float = syntax.BYTES) -> str:
    """A program laid out; it means what it meant.  Raises `EinError` for a text that cannot be read."""
    return syntax.laid_out(text, name, max_source_bytes)


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file before and after: `old` as it was read, `new` as it is to be."""

    path: Path
    old: bytes
    new: bytes

    @property
    def changed(self) -> bool:
        """Whether the file is not laid out yet."""
        return self.old != self.new


def format_file(path: Path, fix: bool = False, max_source_bytes: float = syntax.BYTES) -> Formatted:
    """The text of a `.ein` file laid out, with `fix` without its control characters; nothing is written."""
    with path.open("rb") as file:
        text = syntax.read_stream(file, str(path), max_source_bytes)
        file.seek(0)
        old = file.read()
    text = syntax.without_invisible(text) if fix else text
    return Formatted(path, old, formatted(text, str(path), max_source_bytes).encode("utf-8"))


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` in place of a file: whoever reads it sees the old text or the new one, never a part."""
    path = path.resolve()  # a link stays a link
    handle, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(made, path.stat().st_mode & 0o7777)
        os.replace(made, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(made)
        raise
