"""What once failed, found by random programs and mutated texts; each stays here for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from quality.trying import attempt

FOLDER = Path(__file__).parent / "regressions"
TEXTS = sorted((FOLDER / "texts").glob("*.ein"))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_text_that_once_escaped_is_read_or_refused(path: Path) -> None:
    assert attempt(path.read_bytes()) in ("refused", "read", "differentiated")
