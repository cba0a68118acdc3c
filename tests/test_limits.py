"""Too little memory and an interrupt: a right result or an error, a whole file or none."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from einderiv import datafile

GOOD = {"right", "EinMemoryError", "MemoryError", "ended by OpenBLAS"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not limit the address space")
def test_with_less_memory_comes_a_right_result_or_an_error_of_memory() -> None:
    from quality import limits  # here, since only Unix has the module `resource`

    found = limits.lowered(3)
    assert len(found) == 3
    for fates in found.values():
        assert len(fates) == 3
        assert set(fates) <= GOOD


@pytest.mark.parametrize("place", ["the first array", "the second array", "the rename"])
def test_an_interrupt_leaves_the_old_file_and_nothing_else(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.npz"
    datafile.write(out, {"a": np.zeros(3)})
    before = out.read_bytes()
    written: list[object] = []
    write_array = datafile.npy.write_array

    def interrupted(file: object, array: np.ndarray, **options: bool) -> None:
        write_array(file, array[: len(array) // 2], **options)
        written.append(array)
        if place == ("the first array" if len(written) == 1 else "the second array"):
            raise KeyboardInterrupt

    def rename(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(datafile.npy, "write_array", interrupted)
    if place == "the rename":
        monkeypatch.setattr(datafile.os, "replace", rename)
    with pytest.raises(KeyboardInterrupt):
        datafile.write(out, {"a": np.ones(8), "b": np.ones(8)})
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out.npz"]
