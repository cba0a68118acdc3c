"""What hypothesis draws is read or refused; and what runs of atheris are made of.

A run repeats exactly; `python -m quality drawn` and `python -m quality fuzz` try more than there is time for here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings

import einderiv as ed
from quality import fuzzing, trying
from quality.drawn import STRATEGIES

EXAMPLES = {"programs of the grammar": 60, "texts": 200, "bytes": 200, "mutated examples": 150}


@pytest.mark.parametrize("kind", STRATEGIES)
def test_what_is_drawn_is_read_or_refused(kind: str) -> None:
    seen: list[str] = []

    @settings(max_examples=EXAMPLES[kind], database=None)
    @given(STRATEGIES[kind]())
    def tried(data: bytes) -> None:
        seen.append(trying.attempt(data))

    tried()
    assert "refused" in seen
    assert kind in ("texts", "bytes") or len(set(seen)) > 1


def test_a_foreign_exception_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(text: str) -> ed.Program:
        raise KeyError(text)

    monkeypatch.setattr(ed, "parse", fails)
    with pytest.raises(KeyError):
        trying.attempt(b"a = b")


def test_an_error_with_a_wrong_place_is_a_fault() -> None:
    source = ed.errors.Source("a = b", "x.ein")
    outside = ed.errors.Label(ed.errors.Span(9, 9))
    for labels, helps in (((outside,), ("write c",)), ((), ())):
        error = ed.EinError("E0101", "wrong", source=source, labels=labels, helps=helps)
        with pytest.raises(trying.Fault):
            trying.check_places(error)


def test_a_corpus_has_every_example_and_golden_text(tmp_path: Path, root: Path) -> None:
    fuzzing.seed_corpus(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert {f"example-{path.stem}" for path in (root / "examples").glob("*.ein")} <= names
    assert sum(name.startswith("golden-") for name in names) > 100


def test_the_words_of_the_dictionary_are_as_libfuzzer_wants_them(tmp_path: Path) -> None:
    lines = fuzzing.dictionary(tmp_path / "words").read_text(encoding="ascii").splitlines()
    assert len(lines) > 80
    assert all(re.fullmatch(r'"(\\x[0-9a-f]{2})+"', line) for line in lines)


def test_a_run_goes_on_from_its_state(tmp_path: Path) -> None:
    state = fuzzing.State.of(tmp_path, 7)
    state.runs, state.found = 20_000, ["KeyError: 'V'"]
    state.save(tmp_path)
    assert fuzzing.State.of(tmp_path, 1) == state
    figures = fuzzing.result(state, "python -m quality fuzz").figures
    assert (figures["inputs"], figures["faults"]) == (20_000, 1)


def test_runs_at_the_same_time_are_counted_together() -> None:
    one = fuzzing.State(seed=3, runs=100, seconds=1.0, memory=80, found=["a"])
    both = fuzzing.together([one, fuzzing.State(seed=1001, runs=50, seconds=2.0, memory=90)])
    assert (both.runs, both.seconds, both.memory, both.found) == (150, 3.0, 90, ["a"])
