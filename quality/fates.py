"""What became of the mutants of a run: kept in a file, so that survivors can be tried again, and told as figures."""

from __future__ import annotations

import json
import os
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from quality import figures
from quality.faults import Mutant

TOP = Path(__file__).resolve().parent.parent
EXPLAINED = Path(__file__).parent / "survivors.toml"
KILLED, TIMEOUT, SURVIVED, UNREACHED = "killed", "timeout", "survived", "not reached"
FOUND = (KILLED, TIMEOUT)


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant, and in the first run, when the tests were others."""

    mutant: Mutant
    fate: str
    tests: int
    first: str = ""

    @property
    def found(self) -> bool:
        """Whether a test told the mutant from the code."""
        return self.fate in FOUND

    @property
    def found_first(self) -> bool:
        """Whether a test of the first run did."""
        return (self.first or self.fate) in FOUND


def names(every: Sequence[Mutant]) -> Mapping[Mutant, str]:
    """A name for each mutant that edits elsewhere leave as it is: file, function, change, and which of equal ones."""
    seen: Counter[str] = Counter()
    found = {}
    for mutant in sorted(every, key=lambda each: (each.path, each.line, each.node, each.choice)):
        name = f"{os.path.relpath(mutant.path, TOP)} {mutant.inside}: {mutant.change.splitlines()[0]}"
        seen[name] += 1
        found[mutant] = f"{name} #{seen[name]}"
    return found


def keep(path: Path, outcomes: Iterable[Outcome], named: Mapping[Mutant, str]) -> None:
    """Write the outcomes, a line of JSON each."""
    rows = [
        {"name": named[each.mutant], "fate": each.fate, "tests": each.tests, "first": each.first} for each in outcomes
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def kept(path: Path, named: Mapping[Mutant, str]) -> list[Outcome]:
    """The outcomes of an earlier run; mutants of code that has changed since are left out."""
    by_name = {name: mutant for mutant, name in named.items()}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Outcome(by_name[row["name"]], row["fate"], row["tests"], row["first"]) for row in rows if row["name"] in by_name
    ]


def explained() -> Mapping[str, str]:
    """Why a mutant, by its name, changes nothing that a test could see."""
    if not EXPLAINED.exists():
        return {}
    table = tomllib.loads(EXPLAINED.read_text(encoding="utf-8"))
    return {entry["mutant"]: entry["why"] for entry in table["equivalent"]}


def summary(
    outcomes: Sequence[Outcome], named: Mapping[Mutant, str], command: str, why: Mapping[str, str]
) -> figures.Result:
    """The figures of a run."""
    fates = Counter(outcome.fate for outcome in outcomes)
    by_room = {
        f"{room}: score in percent": percent([o for o in outcomes if o.mutant.path.parent.name == room])
        for room in dict.fromkeys(outcome.mutant.path.parent.name for outcome in outcomes)
    }
    survivors = [outcome for outcome in outcomes if not outcome.found]
    first = [outcome.found_first for outcome in outcomes]
    return figures.Result(
        "mutation",
        command,
        {
            "mutants": len(outcomes), "found": len(outcomes) - len(survivors), "score in percent": percent(outcomes),
            "found by a timeout": fates[TIMEOUT], "survived": fates[SURVIVED], "not reached": fates[UNREACHED],
            "of these the same program in other words": sum(named[each.mutant] in why for each in survivors),
            "score in percent with the tests of the first run": round(100 * sum(first) / max(len(first), 1), 1),
            "possible mutants": len(named), **by_room,
        },
        figures.versions("pytest", "coverage", "hypothesis"),
        tuple(_told(each, named[each.mutant], why) for each in survivors),
    )  # fmt: skip


def percent(outcomes: Sequence[Outcome]) -> float:
    """The part of the mutants that were found."""
    return round(100 * sum(outcome.found for outcome in outcomes) / max(len(outcomes), 1), 1)


def _told(outcome: Outcome, name: str, why: Mapping[str, str]) -> str:
    return f"- `{name}` (line {outcome.mutant.line}): {why.get(name, outcome.fate)}"
