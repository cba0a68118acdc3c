"""The large runs over random programs: stopped and shared ones count what one run counts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import reference

from quality import keeping, programs
from quality.keeping import Run, together


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = programs.run("gradients", 6, Run("gradients", 7), tmp_path / "at once")
    programs.run("gradients", 2, Run("gradients", 7), tmp_path / "twice")
    again = programs.run("gradients", 6, Run("gradients", 7), tmp_path / "twice")
    whole.seconds = again.seconds = 0.0
    assert again == whole
    assert whole.checked == 6 and whole.counts["torch"] == 6


def test_a_run_of_other_code_starts_anew(tmp_path: Path) -> None:
    run = programs.run("gradients", 2, Run("gradients", 7), tmp_path)
    record = json.loads(run.path(tmp_path).read_text(encoding="utf-8"))
    run.path(tmp_path).write_text(json.dumps(record | {"code": "other"}), encoding="utf-8")
    assert Run("gradients", 7).gone_on(tmp_path).checked == 0
    assert keeping.code() == record["code"]


def test_the_parts_of_a_run_have_programs_of_their_own(tmp_path: Path) -> None:
    parts = [programs.run("gradients", 3, Run("gradients", 7, part, 2), tmp_path) for part in range(2)]
    shared = together(parts)
    assert shared.checked == 6 and not shared.mismatches
    whole = programs.run("gradients", 6, Run("gradients", 7), tmp_path)
    if shared.drawn == whole.drawn:
        assert shared.productions == whole.productions
    figures = programs.result(shared, programs.subjects()["gradients"], "a command").figures
    assert figures["programs"] == 6 and figures["torch"] == 6


@pytest.mark.parametrize("shape", [(0, 2), (2, 0), (0, 0), (3, 0, 0), (2, 3, 2)])
def test_the_reference_reduces_axes_without_elements(shape: tuple[int, ...]) -> None:
    found = reference._reduced("logsumexp", np.zeros(shape), (-2, -1))
    assert found.shape == shape[:-2]
    assert np.allclose(np.exp(found), shape[-1] * shape[-2])


def test_what_does_not_end_is_a_failure() -> None:
    with pytest.raises(TimeoutError, match=r"more than 0\.05 s"), programs.within(0.05):
        while True:
            pass
    with programs.within(1000):
        assert sum(range(1000)) == 499500
