"""The golden conversions: `tests/golden/convert/*.golden` read into typed records.

A file holds blocks such as

    == the right side of a layer
    notation: matrix                       (optional, as is `declare:`)
        W' x + b
    gives:
        y_i = W_ji x_j + b_i

Below `gives:` stands the program, or the error word for word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "convert"


@dataclass(frozen=True)
class Golden:
    """A text in another notation and what it gives."""

    title: str
    text: str
    gives: str
    notation: str | None
    declare: str | None


def goldens() -> list[Golden]:
    """Every golden conversion, in the order of the files."""
    return [golden for path in sorted(FOLDER.glob("*.golden")) for golden in read(path.read_text(encoding="utf-8"))]


def read(text: str) -> list[Golden]:
    """The records of one file."""
    found = []
    for block in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        title, *lines = block.rstrip().split("\n")
        at = lines.index("gives:")
        fields = dict(line.split(": ", 1) for line in lines[:at] if line and not line.startswith("    "))
        given = "\n".join(line[4:] for line in lines[:at] if line.startswith("    "))
        gives = "\n".join(line[4:] for line in lines[at + 1 :])
        found.append(Golden(title, given, gives, fields.get("notation"), fields.get("declare")))
    return found
