"""The faults that the mutation run puts into a module: each is one change, compiles, and spares what is only told."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from quality import covering, fates, mutation
from quality.faults import Mutant, mutants

MODULE = '''"""Docstring."""
LIMIT: int = 3

def clamp(x: int, low: int = 0) -> int:
    """Docstring."""
    if x < low and not x == 5:
        raise ValueError("low")
    total = [y * 2 for y in range(x) if y > 1]
    return max(total) + LIMIT

class Pair:
    size = 2
    def both(self):
        return -self.size
'''
EXPECTED = {
    ("", "3 → 4"), ("", "0 → 1"), ("", "2 → 3"), ("clamp", "not (x < low and (not x == 5))"), ("clamp", "And → Or"),
    ("clamp", "Lt → LtE"), ("clamp", "Lt → Gt"), ("clamp", "not x == 5 → x == 5"), ("clamp", "Eq → NotEq"),
    ("clamp", "5 → 6"), ("clamp", "without raise ValueError('low')"), ("clamp", "'low' → 'lowXX'"),
    ("clamp", "Mult → Div"), ("clamp", "2 → 3"), ("clamp", "not (y > 1)"), ("clamp", "Gt → GtE"), ("clamp", "Gt → Lt"),
    ("clamp", "1 → 2"), ("clamp", "return max(total) + LIMIT → return None"), ("clamp", "max → min"),
    ("clamp", "Add → Sub"), ("Pair.both", "return -self.size → return None"), ("Pair.both", "-self.size → self.size"),
}  # fmt: skip


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A module to put faults into."""
    path = tmp_path / "m.py"
    path.write_text(MODULE, encoding="utf-8")
    return path


def test_every_change_that_could_matter_is_a_mutant_and_no_other(module: Path) -> None:
    assert {(mutant.inside, mutant.change) for mutant in mutants(module)} == EXPECTED


def test_each_mutant_is_one_change_and_compiles(module: Path) -> None:
    plain = ast.unparse(ast.parse(MODULE)).splitlines()
    texts = []
    for mutant in mutants(module):
        text = ast.unparse(mutant.tree())
        compile(mutant.tree(), str(module), "exec")
        assert sum(a != b for a, b in zip(plain, text.splitlines(), strict=True)) == 1, mutant.change
        texts.append(text)
    assert len(set(texts)) == len(texts)


def test_a_mutant_knows_the_line_that_it_changes(module: Path) -> None:
    lines = MODULE.splitlines()
    [found] = [mutant for mutant in mutants(module) if mutant.change == "Mult → Div"]
    assert "y * 2" in lines[found.line - 1]
    [found] = [mutant for mutant in mutants(module) if mutant.change == "not (y > 1)"]
    assert "if y > 1" in lines[found.line - 1]


def outcomes_of_modes(*fates_of_mutants: str) -> tuple[list[fates.Outcome], dict[Mutant, str]]:
    """An outcome for each of the first mutants of a module, and the names of all its mutants."""
    every = mutants(fates.TOP / "einderiv" / "diff" / "modes.py")
    outcomes = [fates.Outcome(mutant, fate, 1) for mutant, fate in zip(every, fates_of_mutants, strict=False)]
    return outcomes, dict(fates.names(every))


def test_the_score_counts_what_was_found_of_all() -> None:
    outcomes, named = outcomes_of_modes(fates.KILLED, fates.TIMEOUT, fates.SURVIVED, fates.UNREACHED)
    result = fates.summary(outcomes, named, "python -m quality mutation", {})
    assert result.figures["score in percent"] == 50.0
    assert result.figures["diff: score in percent"] == 50.0
    assert (result.figures["survived"], result.figures["not reached"]) == (1, 1)
    assert result.figures["possible mutants"] == len(named)
    assert len(result.notes) == 2


def test_a_survivor_is_told_with_its_reason() -> None:
    outcomes, named = outcomes_of_modes(fates.SURVIVED, fates.SURVIVED)
    why = {named[outcomes[0].mutant]: "The order does not matter."}
    result = fates.summary(outcomes, named, "python -m quality mutation", why)
    assert result.figures["of these the same program in other words"] == 1
    assert [note.rpartition(": ")[2] for note in result.notes] == ["The order does not matter.", "survived"]


def test_mutants_have_names_of_their_own_that_lines_above_do_not_change(module: Path) -> None:
    before = sorted(fates.names(mutants(module)).values())
    assert len(set(before)) == len(mutants(module))
    module.write_text(MODULE.replace("def clamp", "def other(x):\n    return x + 1\n\ndef clamp"), encoding="utf-8")
    after = set(fates.names(mutants(module)).values())
    assert set(before) < after
    assert all(" other: " in name for name in after - set(before))


def test_outcomes_are_kept_and_read_back(tmp_path: Path) -> None:
    outcomes, named = outcomes_of_modes(fates.KILLED, fates.SURVIVED)
    fates.keep(tmp_path / "build" / "mutants.jsonl", outcomes, named)
    assert fates.kept(tmp_path / "build" / "mutants.jsonl", named) == outcomes
    assert fates.kept(tmp_path / "build" / "mutants.jsonl", {outcomes[1].mutant: named[outcomes[1].mutant]}) == [
        outcomes[1]
    ]


def test_a_second_run_keeps_the_fate_of_the_first() -> None:
    [killed, survived], _ = outcomes_of_modes(fates.KILLED, fates.SURVIVED)
    now = mutation.merged([killed, survived], [fates.Outcome(survived.mutant, fates.KILLED, 3)])
    assert all(outcome.found for outcome in now)
    assert {outcome.mutant for outcome in now if not outcome.found_first} == {survived.mutant}


def test_every_survivor_that_is_explained_is_a_mutant_of_the_code_of_now() -> None:
    why = fates.explained()
    files = {fates.TOP / name.partition(" ")[0] for name in why}
    named = set(fates.names([mutant for path in files for mutant in mutants(path)]).values())
    assert why.keys() <= named
    assert all(reason.endswith(".") for reason in why.values())


def test_coverage_is_told_by_room() -> None:
    def file(lines: int, covered: int) -> dict[str, object]:
        both = {"num_branches": 2, "covered_branches": 2}
        return {"summary": {"num_statements": lines, "covered_lines": covered, **both}}

    files = {"einderiv/diff/a.py": file(8, 8), "einderiv/diff/b.py": file(8, 3), "einderiv/api.py": file(8, 8)}
    assert covering.by_room(files) == {"diff": 75.0, "doors": 100.0}


def test_a_draw_stays_when_other_code_changes(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text(MODULE, encoding="utf-8")
    named = fates.names(list(mutants(path)))
    first = [named[mutant] for mutant in mutation.drawn(named, seed=3, count=8)]
    path.write_text(MODULE.replace("def both", "def seven(self):\n        return 7\n    def both"), encoding="utf-8")
    now = fates.names(list(mutants(path)))
    assert [now[each] for each in mutation.drawn(now, seed=3, count=len(now)) if "seven" not in now[each]][:8] == first
    assert first != [named[mutant] for mutant in mutation.drawn(named, seed=4, count=8)]
    assert len(mutation.drawn(named, seed=3, count=10_000)) == len(named)
