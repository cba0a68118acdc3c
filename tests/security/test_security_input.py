"""Hostile texts and files: escape sequences, bombs, and strings on which a careless expression would take for ever."""

from __future__ import annotations

import importlib
import io
import json
import pkgutil
import re
import struct
import subprocess
import sys
import tracemalloc
import unicodedata
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import einderiv as ed
from einderiv import datafile
from einderiv.cli import main

ESCAPES = {
    "a colour": "\x1b[31m", "a title": "\x1b]0;owned\x07", "a cleared screen": "\x1b[2J\x1b[H", "one byte": "\x9b31m",
    "a hyperlink": "\x1b]8;;x\x1b\\", "a bell": "\x07", "a backspace": "ok\x08\x08", "a carriage return": "a\rb",
    "right to left": "\u202e", "an isolate": "\u2066", "nothing": "\u200b", "a mark": "\ufeff",
}  # fmt: skip
PLACES = {
    "a comment": "a_i = 2 b_i  # {}\n", "a name": "a{}_i = 2 b_i\n", "a subscript": "a_{{i{}}} = 2 b_i\n",
    "a number": "a = 2{}\n",
}  # fmt: skip


def assert_printable(text: str) -> None:
    """No character that a terminal acts on, or that hides or turns its neighbours."""
    acting = {character for character in text if unicodedata.category(character) in ("Cc", "Cf")}
    assert acting <= {"\n"}, acting


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_no_escape_of_a_program_reaches_the_terminal(
    place: str, escape: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.ein"
    path.write_bytes(place.format(escape).encode())
    for line in ("show", "show --format concise", "derive --latex", "check", "plan --size i=2"):
        command, *options = line.split()
        main([command, str(path), *options])
        captured = capsys.readouterr()
        assert_printable(captured.out + captured.err)


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
def test_no_escape_of_a_name_reaches_the_terminal(
    escape: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"mo{escape}del.ein"
    path.write_text("L = x_i b_j\n", encoding="utf-8")
    good = tmp_path / "good.ein"
    good.write_text("L = x_i x_i\n", encoding="utf-8")
    data = tmp_path / "data.npz"
    np.savez(data, **{f"x{escape}": np.ones(3)})
    for arguments in (
        ["show", path], ["show", tmp_path / f"none{escape}"], ["derive", good, "--wrt", f"x{escape}"],
        ["derive", good, "--of", f"L{escape}"], ["run", good, "--data", data], ["plan", good, "--size", f"i{escape}=2"],
        ["explain", f"E{escape}"],
    ):  # fmt: skip
        assert main([str(argument) for argument in arguments]) == 1
        captured = capsys.readouterr()
        assert_printable(captured.out + captured.err)


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
def test_no_escape_of_a_call_reaches_the_message(escape: str) -> None:
    program = ed.parse("L = x_i x_i")
    calls = (
        lambda: ed.grad(program, wrt=f"x{escape}"), lambda: ed.grad(program, of=f"L{escape}"),
        lambda: ed.evaluate(program, {f"x{escape}": np.ones(3)}), lambda: ed.derivative(program, f"∂L/∂x{escape}"),
        lambda: ed.evaluate(program, x=np.array([f"a{escape}"])), lambda: ed.parse("a = (", f"file{escape}.ein"),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(ed.EinError) as refused:
            call()
        assert_printable(str(refused.value))


# ---------------------------------------------------------------------- bombs


def bomb(path: Path, shape: tuple[int, ...], content: int) -> Path:
    """An `.npz` file whose array claims a shape and has so many zeros, which take a thousandth of their number."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.npy", "w") as member:
        member.write(head.getvalue())
        for _ in range(content >> 20):
            member.write(bytes(1 << 20))
    return path


def test_a_bomb_is_refused_before_it_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = bomb(tmp_path / "bomb.npz", (32 << 17,), 32 << 20)
    assert path.stat().st_size < 100_000
    program = tmp_path / "p.ein"
    program.write_text("s = x_i x_i\n", encoding="utf-8")
    tracemalloc.start()
    assert main(["run", str(program), "--data", str(path), "--memory-limit", "3e7"]) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6
    assert "error[E0604]" in capsys.readouterr().err
    assert main(["run", str(program), "--data", str(path)]) == 0


def test_a_head_that_claims_more_than_there_is_is_refused(tmp_path: Path) -> None:
    for path in (bomb(tmp_path / "small.npz", (10_000_000_000 // 8,), 1 << 20), tmp_path / "small.npy"):
        if path.suffix == ".npy":
            with path.open("wb") as file:
                head = {"descr": "<f8", "fortran_order": False, "shape": (10_000_000_000 // 8,)}
                np.lib.format.write_array_header_1_0(file, head)
        tracemalloc.start()
        with pytest.raises(ed.EinInputError, match=r"an array of 10 GB in"):
            datafile.read(path)
        assert tracemalloc.get_traced_memory()[1] < 5e6
        tracemalloc.stop()


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return pytest.fail, ("unpickled",)

    np.savez(tmp_path / "a.npz", x=np.array([Trap()], object))
    np.save(tmp_path / "b.npy", np.array([Trap()], object))
    (tmp_path / "c.npy").write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    call = b"__import__('os').system('true')".ljust(60)
    (tmp_path / "d.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(call)) + call)
    for name in ("a.npz", "b.npy", "c.npy", "d.npy"):
        with pytest.raises(ed.EinInputError, match="does not hold plain arrays"):
            datafile.read(tmp_path / name)


def test_an_encrypted_or_foreign_member_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no array")
    with pytest.raises(ed.EinInputError, match="does not hold plain arrays"):
        datafile.read(path)
    content = bytearray(path.read_bytes())
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        place = content.index(mark) + (6 if mark.endswith(b"\x04") else 8)
        content[place] |= 1
    path.write_bytes(content)
    with pytest.raises(ed.EinInputError, match="encrypted"):
        datafile.read(path)


# ---------------------------------------------------------------- expressions

PIECES = "a|1|_| |'|∂|1e|a_|\n|\r|a'|1.|-1|..|{|a,|∂a|²|\t |d2|ſ".split("|")
LONG = 200_000  # characters; a text of which the square counts would take hours


def imported(name: str) -> ModuleType | None:
    """A module; None where a library of an extra is not installed that it is made for."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if str(missing.name).startswith("einderiv"):
            raise
        return None


def patterns() -> list[re.Pattern[str]]:
    """Every regular expression of the package, the terminals of the grammar among them, where its extras are there."""
    found = set()
    for module in pkgutil.walk_packages(ed.__path__, "einderiv."):
        if not module.name.endswith("__main__") and (loaded := imported(module.name)) is not None:
            for value in vars(loaded).values():
                held = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
                found |= {each for each in held if isinstance(each, re.Pattern) and isinstance(each.pattern, str)}
    return sorted(found, key=lambda pattern: pattern.pattern)


def test_no_expression_takes_longer_than_its_text_deserves() -> None:
    code = (
        "import json, re, sys\n"
        "for pattern, flags in json.load(sys.stdin):\n"
        f"    for piece in {PIECES!r}:\n"
        "        for end in ('', '\\x00', '=', '('):\n"
        f"            re.compile(pattern, flags).match(piece * ({LONG} // len(piece)) + end)\n"
    )
    asked = json.dumps([[pattern.pattern, pattern.flags] for pattern in patterns()])
    assert len(json.loads(asked)) >= 20
    done = subprocess.run([sys.executable, "-c", code], input=asked, text=True, timeout=200, check=False)  # none hangs
    assert done.returncode == 0


LATEX = [
    "\\in ", "\\left ", "= 0, ", "\\text{given} ", "\\label{", "\\\\[", "\\documentclass", "\\frac{a}{b}", "\\\n", "&",
]  # fmt: skip
HEADS = ("", "y = ", "\\frac{a}{b} ", "a \\in ")


@pytest.mark.parametrize("piece", [*PIECES, *LATEX])
def test_a_long_text_in_another_notation_is_converted_or_refused(piece: str) -> None:
    for head in HEADS:
        try:
            ed.convert(head + piece * (LONG // 100 // len(piece)) + " x")
        except ed.EinError as error:
            assert error.code


POWERS = [
    "x^p ", "x_i^p+", "A^T_ij ", "x^{2}", "x_{i}_j ", "d/dx ", "A.b(", "1_{i>0} ", "[1,", "A_i,j ", "//", "x_{t-1}",
]  # fmt: skip


@pytest.mark.parametrize("piece", [*PIECES, *POWERS])
def test_a_long_line_of_one_piece_is_read_or_refused(piece: str) -> None:
    for head in ("", "y = ", "y_", "y = x_{"):
        try:
            ed.parse(head + piece * (LONG // 10 // len(piece)))
        except ed.EinError as error:
            assert error.code
