"""What a run over random programs has counted so far, kept in a file: a run that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "build" / "programs"
SOURCES = ("einderiv/**/*.py", "grammar/*.lark", "quality/programs.py", "tests/generator/*.py", "tests/reference.py")


@dataclass
class Run:
    """The counts of a subject: of program `part` + 1, `part` + 1 + `parts` and so on of a seed."""

    subject: str
    seed: int
    part: int = 0
    parts: int = 1
    drawn: int = 0
    checked: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    productions: Counter[str] = field(default_factory=Counter)
    pairs: Counter[str] = field(default_factory=Counter)
    mismatches: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def path(self, folder: Path) -> Path:
        """Where it is kept."""
        return folder / f"{self.subject}-{self.seed}-{self.part}-of-{self.parts}.json"

    def keep(self, folder: Path) -> None:
        """Write it down, with what it is a run of."""
        folder.mkdir(parents=True, exist_ok=True)
        record = {each.name: getattr(self, each.name) for each in fields(self)}
        text = json.dumps({"code": code(), **record}, ensure_ascii=False, indent=1)
        partial = self.path(folder).with_suffix(".part")
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(self.path(folder))

    def gone_on(self, folder: Path) -> Run:
        """The same run as it was kept; as it is, where nothing was kept of this very code."""
        path = self.path(folder)
        record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if record.pop("code", None) != code():
            return self
        counters = {each.name for each in fields(self) if isinstance(getattr(self, each.name), Counter)}
        return Run(**{name: Counter(value) if name in counters else value for name, value in record.items()})


def together(runs: list[Run]) -> Run:
    """The counts of the parts of a run as those of one."""
    whole = Run(runs[0].subject, runs[0].seed)
    for run in runs:
        whole.drawn += run.drawn
        whole.checked += run.checked
        whole.rejected += run.rejected
        whole.counts += run.counts
        whole.productions += run.productions
        whole.pairs += run.pairs
        whole.mismatches += run.mismatches
        whole.seconds += run.seconds
    return whole


@cache
def code() -> str:
    """A digest of what a run depends on: einderiv, the generator and the oracles."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
