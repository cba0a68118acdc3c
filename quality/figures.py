"""The figures of runs, one JSON file a subject; the package's docstring says what stands in one."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

FOLDER = Path(__file__).parent / "results"

Figure = int | float | str


def today() -> str:
    """The date in UTC, such as 2026-11-22."""
    return datetime.now(UTC).date().isoformat()


def versions(*distributions: str) -> dict[str, str]:
    """The versions of einderiv, of Python and of these distributions."""
    found = {"einderiv": metadata.version("einderiv"), "python": platform.python_version()}
    for name in distributions:
        with suppress(metadata.PackageNotFoundError):  # what takes part where it is installed
            found[name] = metadata.version(name)
    return found


@dataclass(frozen=True)
class Result:
    """What a run of one subject found."""

    subject: str
    command: str
    figures: Mapping[str, Figure]
    versions: Mapping[str, str]
    notes: tuple[str, ...] = ()
    date: str = field(default_factory=today)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.subject):
            raise ValueError(f"a subject is lower case with `-` between words, not {self.subject!r}")


def write(result: Result, folder: Path = FOLDER) -> Path:
    """The file that now holds the result; an earlier one of the same subject is gone."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{result.subject}.json"
    path.write_text(json.dumps(asdict(result), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> Result:
    """The result in a file."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Result(**fields | {"notes": tuple(fields["notes"])})


def read_all(folder: Path = FOLDER) -> Iterable[Result]:
    """Every result, by subject."""
    return [read(path) for path in sorted(folder.glob("*.json"))]
