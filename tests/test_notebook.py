"""The magics of notebooks in a real IPython shell, and the tutorial, executed cell by cell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbclient
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

import einderiv as ed
from einderiv.derivation import Derivation

ROOT = Path(__file__).resolve().parent.parent
TUTORIAL = ROOT / "docs" / "tutorial.md"
NET = "%%ein net\na_i = W_ij x_j + b_i\nL = a_i a_i"
FRAMES = ("Traceback", "File ", "raise_all", "-----")


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """A shell of its own with the extension in it."""
    found = InteractiveShell(colors="nocolor")
    found.run_line_magic("load_ext", "einderiv")
    yield found
    found.history_manager.end_session()
    InteractiveShell.clear_instance()


def run(shell: InteractiveShell, *cells: str) -> Any:
    """What the last cell gives; each one succeeds."""
    for cell in cells:
        done = shell.run_cell(cell)
        done.raise_error()
    return done.result


def told(shell: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str) -> str:
    """What a cell that fails prints."""
    capsys.readouterr()
    assert not shell.run_cell(cell).success
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_a_cell_is_a_program_with_its_name(shell: InteractiveShell) -> None:
    shown = run(shell, NET)
    assert isinstance(shown, ed.Program)
    assert shell.user_ns["net"] is shown
    assert shown.text.splitlines() == NET.splitlines()[1:]


def test_a_cell_without_a_name_is_what_the_next_lines_speak_of(shell: InteractiveShell) -> None:
    names = set(shell.user_ns)
    found = run(shell, "%%ein\ny_i = A_ij x_j", "%ein jacobian y x")
    assert str(found) == str(ed.jacobian("y_i = A_ij x_j", of="y", wrt="x"))
    assert {name for name in set(shell.user_ns) - names if not name.startswith("_")} == set()


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("grad L W", lambda net: ed.grad(net, of="L", wrt="W")),
        ("grad L W,b", lambda net: ed.grad(net, of="L", wrt=["W", "b"])),
        ("grad L W b", lambda net: ed.grad(net, of="L", wrt=["W", "b"])),
        ("grad", lambda net: ed.grad(net)),
        ("jacobian a W", lambda net: ed.jacobian(net, of="a", wrt="W")),
        ("jacobian ∂a_i/∂b_k", lambda net: ed.derivative(net, "∂a_i/∂b_k")),
        ("hessian L x", lambda net: ed.hessian(net, of="L", wrt="x")),
        ("derivative ∂²L/∂W_ij∂b_k", lambda net: ed.derivative(net, "∂²L/∂W_ij∂b_k")),
        ("show a", lambda net: net["a"]),
        ("show", lambda net: net),
        ("steps a W", lambda net: ed.jacobian(net, of="a", wrt="W").steps()),
        ("graph", lambda net: net.graph()),
        ("graph L W", lambda net: ed.jacobian(net, of="L", wrt="W").graph()),
    ],
)
def test_a_line_gives_what_the_function_of_its_name_gives(shell: InteractiveShell, line: str, same: Any) -> None:
    wanted = same(run(shell, NET))
    for magic in (f"%ein {line}", f"%ein net {line}"):
        found = run(shell, magic)
        assert type(found) is type(wanted)
        assert str(found) == str(wanted)


def test_one_name_gives_an_array_and_several_a_dict(shell: InteractiveShell) -> None:
    arrays = {"W": np.eye(2), "x": np.ones(2), "b": np.zeros(2)}
    run(shell, NET, "one = %ein grad L b", "two = %ein grad L W b")
    assert shell.user_ns["one"](arrays).tolist() == [2, 2]
    assert set(shell.user_ns["two"](arrays)) == {"W", "b"}


def test_a_named_program_is_spoken_of_until_another_is(shell: InteractiveShell) -> None:
    run(shell, NET, "%%ein other\ny = x^3")
    assert "3 x^2" in str(run(shell, "%ein grad y x"))
    assert "2 a_i" in str(run(shell, "%ein net grad L b"))
    assert "2 a_i" in str(run(shell, "%ein grad L b"))


@pytest.mark.parametrize(
    "cell", ["%%ein bad\na_i = tanh(W_ij x_j", "import einderiv\neinderiv.parse('a_k = W_ij x_j')"]
)
def test_an_error_is_its_message_with_carets_and_no_traceback(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str
) -> None:
    said = told(shell, capsys, cell)
    assert said.startswith("error[E0")
    assert "^" in said and "= help: " in said
    assert not any(frame in said for frame in FRAMES)


def test_other_errors_keep_their_traceback(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Traceback" in told(shell, capsys, "1 / 0")
    assert "SyntaxError" in told(shell, capsys, "exec('1 +')")


def test_a_handler_that_was_there_before_is_still_asked(capsys: pytest.CaptureFixture[str]) -> None:
    shell = InteractiveShell(colors="nocolor")
    shell.set_custom_exc((KeyError,), lambda *_, **__: print("mine"))
    shell.run_line_magic("load_ext", "einderiv")
    shell.run_line_magic("reload_ext", "einderiv")
    assert "mine" in told(shell, capsys, "{}['a']")
    assert told(shell, capsys, "%%ein\na_i = (").startswith("error[E0110]")
    shell.history_manager.end_session()


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("%ein grad L W", "there is no program yet"),
        ("%ein", "say show, grad"),
        ("%ein differentiate L", "say show, grad"),
        ("%%ein 3x\ny = x", "such as `%%ein net`"),
        ("%%ein class\ny = x", "such as `%%ein net`"),
        ("%%ein\ny = x\n", ""),
        ("%ein derivative", "say which derivative"),
    ],
)
def test_wrong_usage_is_told_in_one_line(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str, advice: str
) -> None:
    if not advice:
        run(shell, cell)
        return
    if "derivative" in cell:
        run(shell, NET)
    said = told(shell, capsys, cell).strip()
    assert said.startswith("UsageError: ") and advice in said and "\n" not in said


def test_every_result_has_what_a_notebook_draws(shell: InteractiveShell) -> None:
    wanted = {
        "%ein show": {"text/plain", "text/latex", "text/markdown"},
        "%ein grad L W": {"text/plain", "text/latex", "text/markdown"},
        "%ein steps L W b": {"text/plain", "text/latex", "text/markdown"},
        "%ein graph": {"text/plain", "image/svg+xml"},
        "net['L'].plan(W=(3, 4), x=(4,), b=(3,))": {"text/plain"},
    }
    run(shell, NET)
    for cell, kinds in wanted.items():
        data, _ = shell.display_formatter.format(run(shell, cell))
        assert set(data) == kinds, cell
        assert "object at 0x" not in data["text/plain"]


def test_several_derivations_are_shown_one_below_the_other(shell: InteractiveShell) -> None:
    found = run(shell, NET, "%ein steps L W b")
    assert all(isinstance(each, Derivation) for each in found.values())
    data, _ = shell.display_formatter.format(found)
    assert data["text/plain"] == "\n\n".join(map(str, found.values()))
    assert data["text/markdown"].count("\n\n") == sum(map(len, found.values())) - 1


def test_einderiv_itself_needs_no_ipython() -> None:
    code = "import sys; sys.modules['IPython'] = None; import einderiv, sys; print('graphviz' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# ------------------------------------------------------------------- tutorial


@pytest.fixture(scope="module")
def tutorial() -> Any:
    """The tutorial after all its cells have run; a cell that fails without being meant to stops it."""
    book = jupytext.read(TUTORIAL)
    place = {"metadata": {"path": str(TUTORIAL.parent)}}
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)
    try:
        nbclient.NotebookClient(book, timeout=300, kernel_name="python3", resources=place).execute()
    finally:
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)
    return book


def outputs(cell: Any, kind: str) -> list[Any]:
    """The outputs of one kind of a cell."""
    return [each for each in cell.outputs if each.output_type == kind]


def test_the_tutorial_fails_only_where_it_means_to(tutorial: Any) -> None:
    for cell in tutorial.cells:
        if cell.cell_type == "code":
            meant = "raises-exception" in cell.metadata.get("tags", [])
            errors = outputs(cell, "error")
            assert bool(errors) == meant, cell.source
            for error in errors:
                message = "\n".join(error.traceback)
                assert message.startswith("error[E0") and "= help: " in message
                assert not any(frame in message for frame in FRAMES)


def test_the_tutorial_has_every_chapter_of_the_lecture(tutorial: Any) -> None:
    titles = re.findall(r"^## (\d+)\. (.*)$", TUTORIAL.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in titles] == list(range(1, 12))


def test_the_tutorial_shows_formulas_derivations_and_pictures(tutorial: Any) -> None:
    data = [
        each.data for cell in tutorial.cells if cell.cell_type == "code" for each in outputs(cell, "execute_result")
    ]
    assert sum("text/markdown" in each for each in data) >= 20
    assert sum("image/svg+xml" in each for each in data) >= 4
    assert any("sum rule" in each["text/plain"] for each in data)


def test_the_tutorial_asserts_what_it_says(tutorial: Any) -> None:
    asserted = [cell for cell in tutorial.cells if cell.cell_type == "code" and "assert " in cell.source]
    assert len(asserted) >= 10
