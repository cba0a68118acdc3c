"""The page of figures, and the files from which it is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from quality import figures, page
from quality.aims import AIMS


def result(subject: str, **found: figures.Figure) -> figures.Result:
    return figures.Result(
        subject=subject,
        command="python -m quality programs",
        figures=found,
        versions={"einderiv": "0.1.0"},
        notes=("A sentence.",),
        date="2026-11-22",
    )


def test_a_result_reads_back_from_its_file(tmp_path: Path) -> None:
    written = result("round-trips", programs=2000, worst=1.5e-13, oracle="torch")
    assert figures.read(figures.write(written, tmp_path)) == written


def test_the_page_shows_every_figure_with_the_command_that_repeats_it() -> None:
    text = page.page([result("mutation", score=0.93), result("gradients", programs=10000, mismatches=0)])
    assert "| programs | 10,000 |" in text
    assert "| score | 0.93 |" in text
    assert text.index("## Gradients") < text.index("## Mutation")
    assert text.count("    python -m quality programs") == 2


def test_a_subject_that_cannot_be_a_file_name_is_refused() -> None:
    with pytest.raises(ValueError, match="lower case"):
        result("Round trips")


def test_every_aim_names_tests_that_there_are() -> None:
    tests = Path(__file__).parent
    assert [aim.number for aim in AIMS] == [f"R{number}" for number in range(1, 39) if number != 34]
    for aim in AIMS:
        assert aim.tests
        for name in aim.tests:
            assert "def test_" in (tests / name).read_text(encoding="utf-8"), aim
    assert {aim.subject for aim in AIMS if aim.subject} <= {*page.ORDER, "certificate", "limits"}


def test_the_page_says_where_each_aim_is_tested() -> None:
    text = page.page([result("gradients", programs=10000)])
    assert "| R1 | gradients of random programs against autograd and PyTorch | `test_random_programs.py` |" in text
    assert text.count("| [gradients](#gradients) |") == 2  # for R1 and R4
