"""The documents as programs: every block of code in a page is run, in order, in one folder and one namespace.

=========== ==========================================================================================
block       what is done with it
=========== ==========================================================================================
python      executed; what it prints must be the `text` block that follows it, if one does
ein         parsed; its first line may be a comment that names a file, `# model.ein`, which is then written
sh          each line that starts with `einderiv`, or with `.venv/bin/einderiv` in the repository, is a command; what it
            prints must be the `text` block that follows, or it must succeed
text        what the block before it prints; lines with `…` stand for any text
<!-- run    Python that a reader need not see: arrays and files that the page takes for granted
=========== ==========================================================================================
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import einderiv as ed
from einderiv.cli import main

ROOT = Path(__file__).resolve().parent.parent
INSTALLED = ".venv/bin/einderiv "
BLOCK = re.compile(r"^<!-- run\n(?P<hidden>.*?)^-->$|^```(?P<kind>\w*)[^\n]*\n(?P<shown>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A block of a page: its kind, its text, and the line on which it begins."""

    kind: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    """The blocks of a Markdown page, in order."""
    found = []
    for match in BLOCK.finditer(page):
        hidden = match["hidden"] is not None
        text = match["hidden"] if hidden else match["shown"]
        found.append(Block("hidden" if hidden else match["kind"], text, page[: match.start()].count("\n") + 1))
    return found


def differences(page: str, folder: Path) -> Iterator[str]:
    """Run a page in a folder; each place where it prints something else than it says."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    found = blocks(page)
    with contextlib.chdir(folder):
        for block, after in pairwise([*found, Block("", "", 0)]):
            printed = run(block, namespace)
            if printed is None:
                continue
            if after.kind == "text":
                if not matches(printed, after.text):
                    yield f"line {after.line}: the page says\n{after.text}\nbut it prints\n{printed}"
            elif "error[" in printed and block.kind == "sh":
                yield f"line {block.line}: the command fails\n{printed}"


def run(block: Block, namespace: dict[str, object]) -> str | None:
    """What a block prints; None if it is not for running."""
    match block.kind:
        case "python" | "hidden":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile("\n" * block.line + block.text, "<page>", "exec"), namespace)
            return printed.getvalue()
        case "ein":
            parse(block.text)
            return ""
        case "sh":
            commands = [line for line in block.text.splitlines() if line.startswith(("einderiv ", INSTALLED))]
            return "".join(map(shell, commands)) if commands else None
        case _:
            return None


def parse(text: str) -> None:
    """Write a program to the file that its first line names, and read it."""
    named = re.match(r"# (\S+\.ein)\b", text)
    if named:
        Path(named[1]).write_text(text, encoding="utf-8")
    ed.parse(text)


def shell(line: str) -> str:
    """What a command prints, on standard output and standard error."""
    words = shlex.split(line, comments=True)
    target = words[words.index(">") + 1] if ">" in words else None
    words = words[1 : words.index(">")] if target else words[1:]
    printed = io.StringIO()
    folder = ROOT if line.startswith(INSTALLED) else Path.cwd()
    with contextlib.chdir(folder), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        main(words)
    if target:
        Path(target).write_text(printed.getvalue(), encoding="utf-8")
        return ""
    return printed.getvalue()


def matches(printed: str, said: str) -> bool:
    """Whether a text is what a page says, where `…` stands for anything within a line, or alone on it for any lines."""
    parts = re.split(r"(^…\n|…)", said.rstrip() + "\n", flags=re.M)
    pattern = "".join({"…\n": r"(?:.*\n)*", "…": r".*"}.get(part, re.escape(part)) for part in parts)
    lines = "\n".join(line.rstrip() for line in printed.rstrip().splitlines()) + "\n"
    return re.fullmatch(pattern, lines) is not None


def pages(root: Path) -> list[Path]:
    """The pages of the documents."""
    return [root / "README.md", *sorted(path for path in (root / "docs").rglob("*.md"))]
