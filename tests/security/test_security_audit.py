"""An audit hook sees what Python does: reading, checking, differentiating and printing touch nothing outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import einderiv as ed

ROOT = Path(ed.__file__).resolve().parent.parent
HARMLESS = {"os.listdir", "os.scandir", "os.walk", "os.getxattr", "os.putenv", "os.unsetenv"}  # NumPy tells its BLAS
WATCHED = r"""
import json, os, sys
seen = []
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        kind = "write" if (mode and set(mode) & set("wax+")) or (flags or 0) & WRITES else "read"
        seen.append([kind, str(path)])
    elif event.split(".")[0] in {"socket", "subprocess", "shutil", "tempfile", "urllib", "http", "pty", "webbrowser"}:
        seen.append([event, repr(arguments)])
    elif event.startswith("os.") and event not in HARMLESS:
        seen.append([event, repr(arguments)])
    elif event in {"exec", "compile", "pickle.find_class", "marshal.loads", "code.__new__"} and started:
        seen.append([event, repr(arguments)[:200]])

started = False
sys.addaudithook(watch)
import einderiv as ed
from einderiv.cli import main
import numpy as np
import opt_einsum  # modules that are imported late, whose dataclasses and named tuples Python makes from text
import einderiv.catalogue, einderiv.derivation, einderiv.factored, einderiv.numerical, einderiv.render, einderiv.typeset
import einderiv.orders, einderiv.plan, einderiv.refusing, einderiv.run
import einderiv.commands.check, einderiv.commands.derive, einderiv.commands.plan, einderiv.commands.show
imported = len(seen)
"""
WORK = r"""
program = ed.load(sys.argv[1])
g = ed.grad(program, of="L", wrt=["W", "b"])
text = [str(g), g.latex(), *map(str, g.einsum), program.latex()]
text += [g.source(library) for library in ("numpy", "jax", "torch")]
text.append(str(ed.jacobian(program, of="A", wrt="W").steps()))
for bad in ("a_i = b_j", "x = __import__('os').system('true')", "x = 1e999", "y = " + "(" * 300):
    try:
        ed.parse(bad)
    except ed.EinError as error:
        text.append(str(error))
values = g(X=np.ones((3, 2)), W=np.ones((2, 4)), b=np.ones(4), Y=np.ones((3, 4)))
ed.hessian(program, of="L", wrt="b").factored(X=np.ones((3, 2)), W=np.ones((2, 4)), b=np.ones(4), Y=np.ones((3, 4)))
assert main(["show", sys.argv[1]]) == 0
assert main(["derive", sys.argv[1], "--wrt", "W"]) == 0
assert main(["check", sys.argv[1]]) == 0
assert main(["plan", sys.argv[1], "--size", "N=3", "--size", "D=2", "--size", "K=4"]) == 0
"""
REPORT = "\nprint('\\n' + json.dumps([seen[:imported], seen[imported:]]))"


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[list[str]], list[list[str]], Path]:
    """What happened during the import and after it, and the folder of the file."""
    folder = tmp_path_factory.mktemp("watched")
    path = folder / "model.ein"
    path.write_text(
        "X ∈ R^{N×D}\nW ∈ R^{D×K}\nA_nk = X_nd W_dk + b_k\nL = -Y_nk logsoftmax_k(A_nk)\n∂L/∂W_dk\n", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", f"HARMLESS = {HARMLESS}" + WATCHED + "started = True" + WORK + REPORT, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder)},
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    during_import, after = json.loads(done.stdout.splitlines()[-1])
    assert sorted(each.name for each in folder.iterdir()) == ["model.ein"]
    return during_import, after, path


def test_importing_opens_no_socket_starts_no_process_and_writes_nothing(
    events: tuple[list[list[str]], list[list[str]], Path],
) -> None:
    assert [event for event in events[0] if event[0] != "read"] == []


def test_reading_differentiating_and_computing_do_nothing_but_read(
    events: tuple[list[list[str]], list[list[str]], Path],
) -> None:
    allowed = {"read", "compile", "exec", "marshal.loads", "code.__new__"}  # Python's own, of modules imported late
    assert [event for event in events[1] if event[0] not in allowed] == []


def test_no_file_is_read_but_the_program_the_package_and_the_libraries(
    events: tuple[list[list[str]], list[list[str]], Path],
) -> None:
    _, after, path = events
    homes = (sys.prefix, sys.base_prefix, str(ROOT / "einderiv"), str(ROOT / "grammar"), "/proc/", "/sys/fs/cgroup/")
    homes += tuple(entry for entry in sys.path if "site-packages" in entry)
    read = {name for kind, name in after if kind == "read" and name != str(path)}
    assert [name for name in read if not str(Path(name).resolve()).startswith(homes) and not name.isdigit()] == []


def test_what_is_executed_is_a_module_of_python_or_the_package(
    events: tuple[list[list[str]], list[list[str]], Path],
) -> None:
    executed = [text for kind, text in events[1] if kind in ("exec", "compile")]
    assert not [text for text in executed if ".ein" in text or "<string>" in text]
    assert not [text for text in executed if "W_dk" in text or "os.system" in text or "__import__" in text]
