"""How much of a file is read, and how one reads more."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest

import einderiv as ed
from einderiv.cli import main
from einderiv.errors import EinSyntaxError
from einderiv.syntax import reading


def test_a_larger_file_is_read_where_it_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "model.ein"
    path.write_bytes(b"# fill\n" * 700_000 + b"y_i = 2 x_i")
    with pytest.raises(EinSyntaxError) as caught:
        ed.load(path)
    assert caught.value.helps == (
        "if the file is really yours, raise the limit: `--max-source-bytes 5e6`, or `max_source_bytes=` in Python",
    )
    assert ed.load(path, max_source_bytes=5e6).outputs == ("y",)
    net = ed.parse(path.read_text(encoding="utf-8"), max_source_bytes=float("inf"))
    assert pickle.loads(pickle.dumps(net)).outputs == ("y",)
    with pytest.raises(EinSyntaxError, match=r"larger than 4\.75 MB"):
        ed.load(path, max_source_bytes=4.75e6)
    for limit in (0, -1, float("nan")):
        with pytest.raises(EinSyntaxError, match="larger than 0 bytes"):
            ed.load(path, max_source_bytes=limit)
    with pytest.raises(ed.EinTypeError, match="`max_source_bytes`"):
        ed.load(path, max_source_bytes="8MB")  # type: ignore[arg-type]
    with pytest.raises(ed.EinTypeError, match="`max_source_bytes`"):
        ed.parse("y = x", max_source_bytes="8MB")  # type: ignore[arg-type]


class Endless(io.RawIOBase):
    """A file without an end, as /dev/zero is one."""

    def __init__(self, line: bytes) -> None:
        self._line = line
        self.count = 0

    def read(self, count: int = -1) -> bytes:
        assert count >= 0
        self.count += count
        return self._line * (count // len(self._line))

    def fileno(self) -> int:
        raise OSError("no file")


def test_a_file_without_an_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = Endless(b"\0")
    with pytest.raises(EinSyntaxError) as caught:
        reading.read_stream(zeros, "/dev/zero", 4e12)
    assert zeros.count == reading.BYTES + 1
    assert caught.value.code == "E0103"
    [note], [help_] = caught.value.notes, caught.value.helps
    assert note == "most of its bytes are 0, as in a device, an archive or a file that was not written to its end"
    assert help_ == "give a file of text, or take a copy of this one from before"
    monkeypatch.setattr(reading, "MOST", 2**23)
    lines = Endless(b"y")
    with pytest.raises(EinSyntaxError) as caught:
        reading.read_stream(lines, "<stdin>", float("inf"))
    assert lines.count == 2**23 + 1
    assert caught.value.message == "<stdin> is larger than 8 MiB; stopped reading"
    assert caught.value.helps == ("split it into programs of their own",)


def test_the_most_that_is_read_is_a_gibibyte() -> None:
    assert reading.too_large("a", 0, reading.MOST).message == "a is larger than 1 GiB; stopped reading"
    assert reading.too_many("a", reading.MOST).helps == ("split it into programs of their own",)


def test_so_are_more_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "STATEMENTS", 3)
    text = "".join(f"y{number}_i = 2 x_i\n" for number in range(5))
    with pytest.raises(EinSyntaxError) as caught:
        ed.parse(text, "model.ein")
    assert str(caught.value) == (
        "error[E0117]: model.ein has more than 3 statements; stopped reading\n"
        "  = note: limits: 4 MiB and 3 statements per file\n"
        "  = help: if the file is really yours, raise the limit: `--max-source-bytes 8388608`, or `max_source_bytes=` "
        "in Python, for 6 statements\n"
        "  = help: split it into programs of their own"
    )
    assert len(ed.parse(text, max_source_bytes=8388608).outputs) == 5


@pytest.mark.parametrize("command", ["show", "derive", "check", "plan", "graph", "fmt", "run"])
def test_every_command_that_reads_a_program_can_be_allowed_more(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, data = tmp_path / "model.ein", tmp_path / "data.npz"
    path.write_text("# a remark\ny = 2 x\n", encoding="utf-8")
    np.savez(data, x=1.0)
    options = ["--data", str(data)] if command == "run" else []
    assert main([command, str(path), *options, "--max-source-bytes", "10"]) == 1
    assert "raise the limit: `--max-source-bytes 0.1e6`" in capsys.readouterr().err
    assert main([command, str(path), *options, "--max-source-bytes", "0.1e6"]) == 0
    with pytest.raises(SystemExit):
        main([command, str(path), *options, "--max-source-bytes", "-3"])
    assert "`-3` is no number of bytes above 0; write e.g. 64e6" in capsys.readouterr().err


def test_a_formula_of_many_megabytes_is_no_program_that_could_be_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "formula.txt"
    path.write_bytes(b"x" * 500_000)
    assert main(["convert", str(path)]) == 1
    assert "error[E0907]" in capsys.readouterr().err
