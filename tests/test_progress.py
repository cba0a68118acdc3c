"""The progress bar: on a terminal, with `rich`, and nowhere else."""

from __future__ import annotations

import io
import sys

import pytest

from einderiv import progress


class Terminal(io.StringIO):
    """A terminal that remembers what was written to it."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_a_bar_that_counts_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    assert list(progress.steps([1, 2, 3], "training")) == [1, 2, 3]
    assert "training" in screen.getvalue()
    assert "3/3" in screen.getvalue()
    assert list(progress.steps(iter("ab"), "letters", total=2)) == ["a", "b"]
    assert "2/2" in screen.getvalue()


def test_nothing_is_shown_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress.steps(range(3), "training")) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_without_rich_a_terminal_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    assert list(progress.steps("ab", "letters")) == ["a", "b"]
    assert screen.getvalue() == ""
