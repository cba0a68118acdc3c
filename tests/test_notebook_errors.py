"""What IPython shows of an error: the message that was written for the person, and no frame of the package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import einderiv as ed

CELL = """
import os
os.environ["NO_COLOR"] = "1"
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
{before}
shell.run_cell('import einderiv as ed')
print("START")
result = shell.run_cell({cell!r})
print("END", type(result.error_in_exec).__name__)
"""


def shown(cell: str, tmp_path: Path, before: str = "") -> str:
    """What a cell prints in a shell of its own."""
    code = CELL.format(cell=cell, before=before)
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path), "PYTHONPATH": str(Path(ed.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120, check=True
    )
    return done.stdout.partition("START\n")[2]


@pytest.mark.parametrize(
    ("cell", "error"),
    [("ed.parse('a_i W_ij x_j')", ed.EinSyntaxError), ("ed.parse('a_i = b_j')", ed.EinIndexError),
     ("ed.parse('y = (')\\nx", ed.EinSyntaxError)],
)  # fmt: skip
def test_a_cell_shows_the_rendered_message_alone(cell: str, error: type[ed.EinError], tmp_path: Path) -> None:
    with pytest.raises(error) as raised:
        ed.parse(cell.split("'")[1])
    printed = shown(cell.replace("\\n", "\n"), tmp_path)
    assert printed.strip().split("\n") == [*str(raised.value).split("\n"), f"END {error.__name__}"]


def test_a_handler_of_the_users_stays(tmp_path: Path) -> None:
    before = "shell.set_custom_exc((SyntaxError,), lambda *a, **k: print('mine'))"
    assert "mine" in shown("ed.parse('a_i W_ij x_j')", tmp_path, before)


def test_other_errors_are_shown_as_ever(tmp_path: Path) -> None:
    printed = shown("try:\n    ed.parse('y = (')\nexcept ed.EinError:\n    pass\n1 / 0", tmp_path)
    assert "ZeroDivisionError" in printed
    assert "Traceback" in printed
