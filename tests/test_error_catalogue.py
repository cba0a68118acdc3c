"""What is told, word for word: the 43 bad inputs, and every code of the catalogue.

The golden cases are in `tests/golden/errors`, numbered as the collection of bad inputs that the project set out with.
Of that collection these read otherwise, because the language has no such thing:

- 8: there is no list of inputs, so a name in another case is an input, and gets the warning W0201;
- 41: contractions may have 53 indices and more, since none goes to NumPy as letters; more than 64 axes are refused;
- 42: there is no `include`, and so no cycle of includes;
- 23: there is no `inf`.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from error_goldens import NAME, Case, cases

import einderiv as ed
from einderiv import catalogue, guards
from einderiv.cli import main
from einderiv.refusing import AXES

PACKAGE = Path(ed.__file__).resolve().parent
ALL = cases()
CASES = [case for case in ALL if AXES == 64 or "E0603" not in case.tells]  # of arrays that only NumPy 2 can have
READ = [case for case in CASES if not case.call]


# -------------------------------------------------------------- the bad inputs


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_bad_input_is_told_as_the_golden_file_says(case: Case) -> None:
    told = case.told()
    kinds = {kind.__name__ for kind in type(told).__mro__} if told is not None else {"nothing"}
    assert set(case.raises) <= kinds
    assert (told.render() if told is not None else "") == case.tells
    assert told is None or told.to_dict() == json.loads(case.json)


@pytest.mark.parametrize("case", READ, ids=lambda case: case.title)
def test_the_command_line_tells_the_same(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = case.program()
    path = tmp_path / NAME
    path.write_bytes(given if isinstance(given, bytes) else given.encode("utf-8"))
    wrong = case.raises[0] not in ("nothing", "EinWarning")
    assert main(["show", str(path)]) == wrong
    said = capsys.readouterr().err.replace(str(path), NAME).rstrip("\n")
    assert _without_places(said) == _without_places(case.tells)
    assert main(["show", str(path), "--format", "json"]) == wrong
    said = capsys.readouterr().err
    if case.tells:
        found, *further = json.loads(said)
        expected = json.loads(case.json)
        others = expected.pop("others", [])
        assert [each["message"] for each in further] == [each["message"] for each in others]
        assert {**found, "file": NAME, "message": found["message"].replace(str(path), NAME)} == {
            **expected,
            "file": NAME,
        }


def _without_places(text: str) -> str:
    """A message whose file may have another name."""
    return re.sub(r"^( *-->) .*?(:\d+:\d+)$", r"\1 \2", text, flags=re.M)


def test_every_bad_input_has_a_case() -> None:
    assert {int(case.number) for case in ALL if case.number} == set(range(1, 44))


def test_an_array_has_as_many_axes_as_numpy_allows() -> None:
    half = AXES // 2
    names = [[f"{letter}{n}" for n in range(half + 1)] for letter in "ij"]
    one, other = names[0], names[1]

    def outer(count: int) -> ed.Function:
        letters = [",".join(each) for each in (one[:half], other[:count])]
        return ed.function(f"y_{{{','.join(letters)}}} = A_{{{letters[0]}}} B_{{{letters[1]}}}")

    A, B = np.ones((1,) * half), np.ones((1,) * (half + 1))
    assert outer(half)(A=A, B=A).ndim == AXES
    with pytest.raises(ed.EinLimitError, match=f"{AXES + 1} axes; NumPy allows {AXES}") as told:
        outer(half + 1)(A=A, B=B)
    assert told.value.code == "E0603"
    assert f"{AXES + 1} indices" in told.value.render()


def test_all_independent_errors_of_a_file_are_told_in_its_order() -> None:
    text = "a_i = W_ij x_k\nb_i = (a_i\nc_i = b_i + 1\nd_i = foo(c_i)\ne = d_i\nf_j = e c_j + b_j"
    with pytest.raises(ed.EinError) as caught:
        ed.parse(text)
    errors = [caught.value, *caught.value.others]
    assert [(error.code, error.line) for error in errors] == [("E0203", 1), ("E0110", 2), ("E0213", 4), ("E0203", 5)]


@pytest.mark.parametrize(
    "text",
    [
        "W ∈ R^{\na_i = W_ij x_j",
        "L = (x_i\ny = 1\n∂L/∂x_i",
        "def f(z) =\n\ny_i = f(x_i)",
        "index batch, 3\ny_{batch} = 2 x_{batch}",
        "given ∂E/\n\nG_i = ∂E/∂a_i\na_i = 2 x_i",
    ],
)
def test_what_could_not_be_read_causes_no_other_error(text: str) -> None:
    with pytest.raises(ed.EinSyntaxError) as caught:
        ed.parse(text)
    assert caught.value.others == ()


def test_many_errors_are_counted() -> None:
    with pytest.raises(ed.EinError) as caught:
        ed.parse("\n".join(f"a{n} = x_i" for n in range(57)))
    assert str(caught.value).endswith("\n\n... and 37 more")


# --------------------------------------------------------------- the catalogue


def test_the_catalogue_has_the_codes_that_the_package_tells() -> None:
    sources = [path for path in PACKAGE.rglob("*.py") if path.name not in ("catalogue.py", "drawing.py")]
    told = {code for path in sources for code in re.findall(r'"([EW]0\d{3})"', path.read_text(encoding="utf-8"))}
    assert told == set(catalogue.CODES)


PAGES = list(catalogue.CODES.values())
PYTHON_PAGES = [page for page in PAGES if page.language != "shell" and (AXES == 64 or page.code != "E0603")]
SHELL_PAGES = [page for page in PAGES if page.language == "shell"]


@pytest.mark.parametrize("page", PYTHON_PAGES, ids=lambda page: page.code)
def test_the_wrong_example_gets_the_code_and_the_right_one_nothing(page: catalogue.Page) -> None:
    wrong = _told(page.wrong, page.language)
    assert [told.code for told in wrong] == [page.code]
    assert [type(told).__name__ for told in wrong] == [page.kind]
    assert _told(page.right, page.language) == []


def _told(example: str, language: str) -> list[ed.EinError | ed.EinWarning]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ed.EinWarning)
        try:
            if language == "ein":
                ed.parse(example)
            else:
                exec(example, {"ed": ed, "np": np})
        except ed.EinError as error:
            return [error, *error.others]
    return [each.message for each in caught if isinstance(each.message, ed.EinWarning)]


@pytest.mark.parametrize("page", SHELL_PAGES, ids=lambda page: page.code)
def test_the_same_holds_in_a_shell(page: catalogue.Page, tmp_path: Path) -> None:
    for name, example in (("wrong", page.wrong), ("right", page.right)):
        (tmp_path / name).mkdir()
        done = subprocess.run(
            ["bash", "-c", 'einderiv() { "$PYTHON" -m einderiv "$@"; }; python() { "$PYTHON" "$@"; }\n' + example],
            cwd=tmp_path / name,
            env={**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(PACKAGE.parent)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (f"error[{page.code}]" in done.stderr) == (name == "wrong"), done.stderr
        assert done.returncode == (name == "wrong")


def test_explain_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "e0203"]) == 0
    page = capsys.readouterr().out
    assert page == f"{catalogue.CODES['E0203']}\n"
    assert "Wrong:\n\n    L = exp(x_i)\n\nRight:\n\n    L = sum_i exp(x_i)\n" in page
    assert main(["explain"]) == 0
    assert [line[:5] for line in capsys.readouterr().out.splitlines()] == list(catalogue.CODES)
    assert main(["explain", "E9999"]) == 1
    assert "error[E0514]: there is no error code `E9999`" in capsys.readouterr().err


# ------------------------------------------------------------- how it is told


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "my model.ein"
    path.write_text("a_i = W_ij x_k\nb = (a_i a_i", encoding="utf-8")
    return path


def test_concise_is_one_line_each(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(broken), "--format", "concise"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{broken}:1:10: error[E0203]: indices `j` and `k` are each used only once and are not on the left-hand side",
        f"{broken}:2:5: error[E0110]: this `(` is never closed",
    ]


def test_github_gets_annotations(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(broken), "--format", "github"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"::error file={broken},line=1,endLine=1,col=10,endColumn=10,title=E0203::indices `j`")
    assert "%0Ahelp: " in second


def test_sarif_has_rules_and_regions(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", str(broken), "--format", "sarif"]) == 1
    log = json.loads(capsys.readouterr().err)
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["E0110", "E0203"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert run["results"][0]["ruleIndex"] == 1
    assert place["region"] == {"startLine": 1, "startColumn": 10, "endLine": 1, "endColumn": 11}
    assert place["artifactLocation"]["uri"].endswith("my%20model.ein")


def test_a_missing_file_is_told_in_every_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("concise", "github", "full"):
        assert main(["show", str(tmp_path / "none.ein"), "--format", form]) == 1
        assert "E0515" in capsys.readouterr().err
    assert main(["show", str(tmp_path / "none.ein"), "--format", "sarif"]) == 1
    assert "locations" not in json.loads(capsys.readouterr().err)["runs"][0]["results"][0]


def test_warnings_go_to_standard_error_and_the_result_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.ein"
    path.write_text("x ∈ R^D\na_i = W_ij X_j", encoding="utf-8")
    assert main(["show", str(path)]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("warning[W0201]: `X` is neither defined nor declared")
    assert "a_i" in captured.out


class Terminal:
    """A stream that says it is a terminal."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        return


@pytest.mark.parametrize(
    ("options", "environment", "colored"),
    [([], None, True), (["--no-color"], None, False), ([], "1", False), ([], "", True)],
)
def test_colour_is_for_terminals_that_want_it(
    options: list[str], environment: str | None, colored: bool, broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if environment is not None:
        monkeypatch.setenv("NO_COLOR", environment)
    assert main(["show", str(broken), *options]) == 1
    assert ("\x1b[" in stream.text) == colored
    assert "error[E0203]" in re.sub(r"\x1b\[[0-9;]*m", "", stream.text)


def test_colour_changes_nothing_else() -> None:
    for case in CASES:
        told = case.told()
        if told is not None and len(case.text) < 500 and not case.made_by:
            assert re.sub(r"\x1b\[[0-9;]*m", "", told.render(color=True)) == case.tells


def test_a_notebook_shows_the_message_and_no_frames() -> None:
    with pytest.raises(ed.EinIndexError) as caught:
        ed.parse("a_i = W_ij x_k")
    assert "\n".join(caught.value._render_traceback_()) == str(caught.value)


def test_debug_shows_the_traceback(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(broken), "--debug"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("Traceback")
    assert "error[E0203]" in error


def test_a_mistake_of_einderiv_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by\nzero\x1b")

    path = tmp_path / "model.ein"
    path.write_text("y = 2 x", encoding="utf-8")
    monkeypatch.setattr("einderiv.api.load", fails)
    assert main(["show", str(path)]) == 70
    error = capsys.readouterr().err
    assert error.startswith("internal error, please report: ZeroDivisionError: by zero<U+001B>\n")
    assert "Traceback" not in error
    assert main(["show", str(path), "--debug"]) == 70
    assert "Traceback" in capsys.readouterr().err


# ------------------------------------------------------------------ what fits


def test_the_limit_is_half_of_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "free_memory", lambda: 2 * 10**9)
    J = ed.jacobian("a_i = W_ij x_j", wrt="W")
    arrays = {"W": np.broadcast_to(1.0, (1000, 1000)), "x": np.ones(1000)}
    with pytest.raises(ed.EinMemoryError) as caught:
        J(**arrays)
    assert "8.0 GB" in caught.value.message
    assert caught.value.notes[0] == (
        "limit 1.0 GB (half of the memory that is free now); set `memory_limit=`, in a shell `--memory-limit`, to "
        "change it"
    )
    assert J.factored(**arrays).nbytes == 8000
    with pytest.raises(ed.EinMemoryError):
        J.factored(**arrays).to_dense()
    monkeypatch.setattr(guards, "free_memory", lambda: None)
    assert guards.limit_of(None, 10**12) == float("inf")


def test_what_is_free_is_known_here() -> None:
    assert (guards.free_memory() or 10**9) > 10**6


def test_a_kept_plan_is_held_to_the_limit_of_each_call() -> None:
    f = ed.function("y_ij = x_i z_j")
    arrays = {"x": np.ones(100), "z": np.ones(100)}
    assert f(**arrays).shape == (100, 100)
    with pytest.raises(ed.EinMemoryError):
        f(**arrays, memory_limit=1000)
    assert f(**arrays, memory_limit=float("inf")).shape == (100, 100)


def test_labels_may_be_integers() -> None:
    values = ed.evaluate("L = -F_nk [k == y_n]\n∂L/∂F_nk", F=np.ones((2, 3)), y=np.array([0, 2]))
    assert float(values["L"]) == -2.0
    with pytest.warns(ed.EinWarning, match="`F` is int64"):
        ed.evaluate("L = -F_nk [k == y_n]", F=np.ones((2, 3), np.int64), y=np.array([0, 2]))


def test_warnings_point_at_the_line_of_the_user() -> None:
    with pytest.warns(ed.EinWarning) as caught:
        ed.evaluate("y = x_i x_i", x=np.array([1, 2]))
        ed.hessian("L = x_i x_i\nz = q^2", of="L", wrt="q")
    assert [Path(each.filename).name for each in caught] == [Path(__file__).name] * 2


def test_unused_can_be_allowed() -> None:
    zeros = ed.grad("q ∈ R^2\nL = x_i x_i", of="L", wrt="q", allow_unused=True)(q=np.ones(2), x=np.ones(3))
    np.testing.assert_array_equal(zeros, [0.0, 0.0])


def test_no_more_of_a_file_is_read_than_may_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "/dev/zero"]) == 1
    assert capsys.readouterr().err.startswith("error[E0117]: /dev/zero is larger than 4 MiB; stopped reading\n")


def test_the_limit_can_be_set_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, data = tmp_path / "model.ein", tmp_path / "data.npz"
    model.write_text("y_ij = x_i z_j", encoding="utf-8")
    np.savez(data, x=np.ones(100), z=np.ones(100))
    assert main(["run", str(model), "--data", str(data), "--memory-limit", "1e4"]) == 1
    assert "error[E0601]: `y` would need 80 kB" in capsys.readouterr().err
    assert main(["run", str(model), "--data", str(data), "--memory-limit", "1e6"]) == 0


def test_warnings_can_be_pickled_as_errors_can() -> None:
    warning = ed.EinWarning("W0403", "m", notes=["n"])
    copy = pickle.loads(pickle.dumps(warning))
    assert (str(copy), copy.to_dict()) == (str(warning), warning.to_dict())


MISUSES = {
    "arrays by position": ('ed.function("y_i = W_ij x_j")(np.eye(2), np.ones(2))', "E0502"),
    "nothing for an array": ('ed.function("y = 2 x")(x=None)', "E0501"),
    "rows of two lengths": ('ed.function("y = x_ij x_ij")(x=[[1], [2, 3]])', "E0504"),
    "function for an array": ('ed.function("y = 2 x")(x=abs)', "E0504"),
    "memory in words": ('ed.function("y = 2 x")(x=1.0, memory_limit="8GB")', "E0406"),
    "number for wrt": ('ed.grad("y = x^2", wrt=3)', "E0406"),
    "numbers in wrt": ('ed.grad("y = x^2", wrt=[3])', "E0406"),
    "number for of": ('ed.jacobian("y = x^2", of=3)', "E0406"),
    "list for of": ('ed.grad("y = x^2", of=["y"])', "E0406"),
    "number for a value": ('ed.function("y = x^2", of=3)', "E0406"),
    "nothing for a text": ("ed.parse(None)", "E0406"),
    "bytes for a text": ('ed.parse(b"a = b")', "E0406"),
    "number for a query": ('ed.derivative("y = x^2", 3)', "E0406"),
    "position for a name": ('ed.parse("y = x^2")[0]', "E0406"),
    "empty program": ('ed.grad("")', "E0401"),
}


@pytest.mark.parametrize(("code", "expected"), MISUSES.values(), ids=MISUSES)
def test_a_wrong_call_gets_an_error_of_einderiv(code: str, expected: str) -> None:
    assert [told.code for told in _told(code, "python")] == [expected]
