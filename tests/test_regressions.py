"""What once failed, found by random programs and mutated texts; each stays here for good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generator import saving
from generator.roundtrips import LIBRARIES

import einderiv as ed
from quality.trying import attempt

FOLDER = Path(__file__).parent / "regressions"
TEXTS = sorted((FOLDER / "texts").glob("*.ein"))
PROGRAMS = sorted((FOLDER / "programs").glob("*.ein"))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_text_that_once_escaped_is_read_or_refused(path: Path) -> None:
    assert attempt(path.read_bytes()) in ("refused", "read", "differentiated")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_that_once_differed_has_the_derivative_of_the_oracle(path: Path) -> None:
    saving.replay(saving.read(path))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_the_source_of_a_program_that_once_differed_runs(path: Path, library: str) -> None:
    saved = saving.read(path)
    take = ed.jacobian if saved.kind == "jacobian" else ed.grad
    f = take(saved.text, of="L", wrt=saved.wrt, allow_unused=True)
    space: dict[str, Any] = {}
    exec(compile(f.source(library), "<source>", "exec"), space)
    found = space["evaluate"](*(saved.arrays[argument.name] for argument in f._arguments()))
    results = found if isinstance(found, tuple) else (found,)
    for one, expected in zip(results, f(saved.arrays).values(), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-4 if library == "jax" else 1e-10, atol=1e-10)


def test_every_saved_program_has_its_arrays() -> None:
    for path in PROGRAMS:
        record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        assert record["kind"] in saving.KINDS and record["found"]
