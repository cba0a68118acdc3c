"""Every page of the documents says what is so: its code runs, and prints what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from documents import ROOT, blocks, differences, matches, pages

import einderiv as ed

PAGES = pages(ROOT)


@pytest.mark.parametrize("path", PAGES, ids=[path.relative_to(ROOT).as_posix() for path in PAGES])
def test_a_page_runs_and_prints_what_it_says(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    wrong = list(differences(path.read_text(encoding="utf-8"), tmp_path))
    assert not wrong, "\n".join(wrong)


def test_the_pages_of_the_reference_are_what_the_tables_say(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-X", "utf8", str(ROOT / "docs" / "generate.py"), str(tmp_path)], check=True)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["errors.md", "functions.md", "grammar.md", "shell.md"]
    for name in written:
        shown = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
        assert shown == (tmp_path / name).read_text(encoding="utf-8"), f"{name} is old: run `python docs/generate.py`"


def test_sphinx_makes_the_pages_without_a_warning(tmp_path: Path) -> None:
    options = ["-q", "-W", "--keep-going", "-E", "-D", "nb_execution_mode=off"]  # test_notebook.py runs the tutorial
    command = [sys.executable, "-m", "sphinx", *options, str(ROOT / "docs"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert "∂a_i/∂W_kl" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = {line for block in blocks(index) if block.text for line in block.text.splitlines()}
    for path in PAGES[1:]:
        name = path.relative_to(ROOT / "docs").with_suffix("").as_posix()
        assert name == "index" or name in listed, name


def test_the_table_of_notations_has_the_derivatives_that_are_derived() -> None:
    rows = re.findall(r"^\| .* \| (`.*) \| `(∂.*?)` = `(.*)` \|$", PAGES[0].read_text(encoding="utf-8"), re.M)
    assert len(rows) == 7
    for program, query, right_side in rows:
        derived = str(ed.derivative(program.strip("`"), query)).rstrip().splitlines()[-1]
        assert derived.partition(" = ")[2] == right_side, program


@pytest.mark.parametrize(
    ("page", "right"),
    [
        ("```python\nprint(1)\n```\n\n```text\n1\n```\n", True),
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", False),
        ("<!-- run\nx = 3\n-->\n\n```python\nprint(x)\n```\n\n```text\n3\n```\n", True),
        ("```ein\n# m.ein\na = 2 b\n∂a/∂b\n```\n\n```sh\neinderiv explain E0203 > out.txt\neinderiv derive m.ein\n"
         "```\n\n```text\n# ∂a/∂b\ndadb = 2\n```\n", True),
        ("```ein\n# m.ein\na = 2 b\n```\n\n```sh\neinderiv derive m.ein --of q\n```\n", False),
    ],
)  # fmt: skip
def test_a_page_is_held_to_what_it_prints(page: str, right: bool, tmp_path: Path) -> None:
    assert (not list(differences(page, tmp_path))) == right


def test_three_dots_stand_for_text_that_may_vary() -> None:
    assert matches("a 1.5 b\n", "a … b\n")
    assert matches("a\nb\nc\n", "a\n…\n")
    assert not matches("a\nb\n", "a\n…c\n")
