"""Every script in `examples/`, run from an empty directory, says what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from einderiv import formatting

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

# What each script must print, as regular expressions.
LINES: dict[str, list[str]] = {
    "add.py": [
        r"δ_\w\w",
        r"^z = \[4\.0, 6\.0\]$",
        r"^∂z_i/∂x_j = \[\[1\.0, 0\.0\], \[0\.0, 1\.0\]\]$",
        r"^∂E/∂x_j = \[10\.0, 20\.0\]$",
        r"^∂E/∂y_j = \[10\.0, 20\.0\]$",
    ],
    "axes.py": [
        r"^thin has shape \(2, 1, 3, 1, 4\)$",
        r"^wide has shape \(2, 5, 3, 4\)$",
        r"^turned has shape \(3, 4, 2\)$",
        r"^thin is A\[:, None, :, None, :\]: True$",
        r"^turned is A\.transpose\(1, 2, 0\): True$",
        r"δ_\w\w δ_\w\w δ_\w\w",
    ],
    "chain.py": [
        r"^both groupings agree: True$",
        r"^and so does the best order: True$",
        r"= 320000 operations$",
        r"= 9000 operations$",
        r"^9 k FLOPs",
    ],
    "linear_layer.py": [
        r"δ_\w\w x_\w",
        r"^∂a_i/∂W_jk has shape \(3, 3, 4\)$",
        r"^∂E/∂W_kl has shape \(3, 4\)$",
        r"^∂E/∂x_l has shape \(4,\)$",
        r"^∂E/∂b_k has shape \(3,\)$",
        r"^chain rule and direct answer agree: True$",
    ],
    "newton_factorisation.py": [
        r"^equal to the dense solve: True$",
        r"instead of 80 GB; Kronecker product δ_\w\w ⊗ dense 20 × 20>$",
        r"^megabytes at most: \d?\d$",
        r"^relative error: \de-1\d$",
    ],
    "newton_glm.py": [
        r"^equal to the dense solve: True$",
        r"block diagonal, 500 blocks of 30 × 30>$",
        r"^step 6: largest slope \de-1\d$",
        r"^megabytes at most: \d?\d$",
    ],
    "product.py": [
        r"δ_\w\w U_\w\w",
        r"->",
        r"^shape \(30, 40, 30, 5\): 1440000 bytes dense, 1600 bytes factored$",
    ],
    "quadratic_form.py": [
        r"= (W_kl \+ W_lk|W_lk \+ W_kl)$",
        r"= x_k x_l$",
        r"^f = 0\.5$",
        r"^second derivative is W \+ Wᵀ: True$",
        r"^refused:$",
        r"index `j` is `D` long in axis 1 of `W` but `H` long in axis 0 of `W`",
        r"quadratic_form_wrong\.ein:4:",
    ],
    "softmax_regression.py": [
        r"^L has shape \(\), the same from both: True$",
        r"^∂L/∂W_dk has shape \(4, 3\), the same from both: True$",
        r"^∂L/∂b_k has shape \(3,\), the same from both: True$",
        r"^∂²L/∂W_dk∂W_ec has shape \(4, 3, 4, 3\), the same from both: True$",
        r"^∂²L/∂b_k∂b_c has shape \(3, 3\), the same from both: True$",
    ],
    "elasticity.py": [
        r"^∂svk/∂F_ij is$",
        r"^dnhdF_\w+ = .*inv\(F\)_",
        r"^svk: no stress at rest: True$",
        r"^svk: the tangent at rest is Hooke's law: True$",
        r"^nh: the tangent at rest is Hooke's law: True$",
        r"^nh: the tangent has major symmetry: True$",
    ],
    "gaussian_process.py": [
        r"inv\(K\)_",
        r"^step 200: log marginal likelihood \d+\.\d\d$",
        r"only the first feature matters: True$",
        r"^noise 0\.\d\d \(0\.10 was added\), signal \d\.\d\d$",
    ],
    "attention.py": [
        r"^∂E/∂Q has shape \(2, 4, 16, 8\)$",
        r"^no weight on later positions: True$",
        r"^the last position's values reach only the last output: True$",
    ],
    "laplacian.py": [
        r"^the Laplacian of i² \+ 3j² is 8 everywhere: True$",
        r"^J has shape \(4, 5, 6, 7\)$",
        r"^the gradient of E is Jᵀ y: True$",
    ],
    "digits/convolve.py": [
        r"^dLdK_cpq = .*X_\{n,i\+p,j\+q\}",
        r"^epoch 8: loss 0\.\d{4} per image$",
    ],
    "digits/train.py": [
        r"^L = -F_\{n,y_n\}",
        r"^The gradient of L by W and b:$",
        r"softmax_k\(A_nk\).* - \[k == y_n\]$",
        r"^dLdW_dk = X_nd \w_nk$",
        r"->",
        r"^step 200: loss 0\.\d{4} per image$",
    ],
}


def run(script: Path, folder: Path) -> str:
    """What a script prints when it is run in a folder, with every warning an error."""
    command = [sys.executable, "-W", "error", "-X", "utf8", str(script)]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


@pytest.mark.parametrize("name", sorted(LINES))
def test_an_example_prints_what_it_shows(name: str, tmp_path: Path) -> None:
    printed = run(EXAMPLES / name, tmp_path)
    missing = [line for line in LINES[name] if not re.search(line, printed, re.MULTILINE)]
    assert not missing, printed
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("script", "least"), [("train.py", 94), ("convolve.py", 95)])
def test_the_digits_are_read_correctly(script: str, least: int, tmp_path: Path) -> None:
    printed = run(EXAMPLES / "digits" / script, tmp_path)
    accuracy = re.search(r"^test accuracy: (\d+\.\d)% of 450 images$", printed, re.MULTILINE)
    assert accuracy
    assert float(accuracy[1]) > least


def test_every_example_is_tested_and_short() -> None:
    scripts = {path.relative_to(EXAMPLES).as_posix(): path for path in EXAMPLES.rglob("*.py")}
    assert set(scripts) == set(LINES)
    for path in scripts.values():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 40, path


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language in a Markdown text."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_readme_opens_with_an_example_that_prints_what_it_says(root: Path, tmp_path: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    script = tmp_path / "readme.py"
    script.write_text(blocks(readme, "python")[0], encoding="utf-8")
    folder = tmp_path / "empty"
    folder.mkdir()
    assert run(script, folder) == blocks(readme, "text")[0]


def test_the_readme_shows_the_digits_as_they_are_printed(root: Path, tmp_path: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    printed = run(EXAMPLES / "digits" / "train.py", tmp_path)
    shown = blocks(readme, "text")[1]
    for line in shown.splitlines():
        if not line.startswith(("…", "step", "test accuracy")):  # of the last two a digit depends on the machine
            assert line in printed.splitlines(), line


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.ein")), ids=lambda path: path.name)
def test_every_program_is_written_as_fmt_writes_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatting.formatted(text) == text


def test_the_readme_gives_two_commands_of_one_line(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    commands = [block for block in blocks(readme, "sh") if "-m venv" in block]
    assert len(commands) == 2
    assert all(len(block.splitlines()) == 1 and block.startswith("python3 -m venv") for block in commands)
    assert commands[0].rstrip().endswith("examples/digits/train.py")
    assert " -m pytest" in commands[1]
