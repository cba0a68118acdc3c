"""Writes the pages of the reference that come from tables of the code: `python docs/generate.py [FOLDER]`.

======================== ==========================================
reference/grammar.md     grammar/einderiv.lark
reference/functions.md   einderiv/ir/functions.py
reference/errors.md      einderiv/catalogue.py
reference/shell.md       einderiv/commands/
======================== ==========================================

The tests compare the pages with what this would write.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import einderiv as ed
from einderiv import catalogue, cli
from einderiv.ir import FUNCTIONS
from einderiv.syntax import vocabulary

HERE = Path(__file__).resolve().parent
NOTE = "<!-- written by docs/generate.py -->\n"


def grammar() -> str:
    """The rules of the language, each with what its comment says and shows."""
    text = (HERE.parent / "grammar" / "einderiv.lark").read_text(encoding="utf-8")
    parts = [
        "# Grammar",
        "The rules by which a statement is read, in the order in which one learns them, from `grammar/einderiv.lark`.\n"
        "It is a grammar for [Lark](https://lark-parser.readthedocs.io), LALR(1) and without conflicts.",
    ]
    parts += map(_paragraph, re.split(r"\n{2,}", text.strip()))
    return "\n\n".join(part for part in parts if part)


def _paragraph(paragraph: str) -> str:
    """A paragraph of the grammar: a heading, or sentences, examples and a rule."""
    heading = re.match(r"// -{3,} (.+)$", paragraph)
    if heading:
        return f"## {heading[1].capitalize()}"
    comments, rule = [], []
    for line in paragraph.splitlines():
        (comments if line.startswith("//") else rule).append(line)
    said = [line[3:] for line in comments if not line.startswith("//     ")]
    shown = [line[7:] for line in comments if line.startswith("//     ")]
    parts = [_prose(said)] if said else []
    if shown:
        parts.append("```\n" + "\n".join(shown) + "\n```")
    if rule:
        parts.append("```lark\n" + "\n".join(rule) + "\n```")
    return "\n\n".join(parts)


def _prose(lines: list[str]) -> str:
    """Sentences of a comment, one a line."""
    return re.sub(r"(?<=[.]) {1,2}(?=[A-Z`∂])", "\n", " ".join(filter(None, lines)))


def functions() -> str:
    """Every function of the language, with its slopes as einderiv prints them."""
    parts = [
        "# Functions",
        "## Elementwise\n\nA function is a name glued to its bracket; its arguments are numbers, element by element.\n"
        "The derivatives are what `ed.derivative` prints; [Conventions](../conventions.md) says what holds at kinks.",
        _table(("function", "derivative", "real for"), map(_elementwise, sorted(vocabulary.FUNCTIONS))),
        "`where(comparison, a, b)` is a where the comparison holds, else b, and so are its derivatives.",
        "## Reductions\n\nThey bind the letters of their subscript: `max_c(A_nc)` has the index n.",
        _table(("function", "derivative by `x_k`"), map(_reduction, sorted(vocabulary.REDUCTIONS))),
        "## Along an axis\n\nThe letter of the subscript stays open: `softmax_k(A_nk)` has the indices n and k.",
        _table(("function", "derivative by `x_j`"), map(_along, sorted(vocabulary.AXIS_FUNCTIONS))),
        "## Linear algebra\n\nOn names of whole matrices; leading indices are a batch.",
        _table(("function", "derivative"), map(_algebra, ("inv", "det", "logdet", "solve", "cholesky"))),
        "## Other spellings\n\nThese names of other libraries are refused, with the one that is meant.",
        _table(("elsewhere", "here"), ((f"`{a}`", f"`{b}`") for a, b in sorted(vocabulary.OTHER_SPELLINGS.items()))),
    ]
    return "\n\n".join(parts)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]] | Iterator[tuple[str, str]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


ARGUMENTS = {"where": "x > 0, a, b"}  # its first argument is a comparison
NOT_A_FUNCTION_OF_ITS_OWN = {"square": "x"}  # read as a power


def _elementwise(name: str) -> tuple[str, str, str]:
    known = FUNCTIONS.get(name)
    letters = ARGUMENTS.get(name) or ", ".join((known.arguments if known else NOT_A_FUNCTION_OF_ITS_OWN[name]).split())
    program = ed.parse(f"y = {name}({letters})")
    slopes = [
        f"∂/∂{letter}: `{_derivative(program, f'∂y/∂{letter}')}`"
        for letter in dict.fromkeys(re.findall(r"[a-z]", letters))
        if letter in program.inputs and not (known and known.slopes == (None,) * known.arity)
    ]
    return f"`{name}({letters})`", "<br>".join(slopes) or "0", known.domain if known else "any x"


def _derivative(program: ed.Program, query: str) -> str:
    """The derivative on one line, in terms of the arguments and of y."""
    lines = [line for line in str(ed.derivative(program, query)).splitlines() if line and not line.startswith("#")]
    values = [line for line in lines if " = " in line]
    text = values[-1].split(" = ", 1)[1]
    rest = [line for line in values[:-1] if not line.startswith("y")]
    return (text + "".join(f" with {line}" for line in rest)).replace("|", "\\|")


def _reduction(name: str) -> tuple[str, str]:
    if name in ("argmax", "argmin"):
        return f"`{name}_c(x_c)`", "none: a position, for a gather (E0404)"
    body = "x_c" if name == "sum" else "(x_c)"
    shown = f"sum_c {body}" if name == "sum" else f"{name}_c{body}"
    return f"`{shown}`", f"`{_derivative(ed.parse(f'y = {shown}'), '∂y/∂x_k')}`"


def _along(name: str) -> tuple[str, str]:
    return f"`{name}_k(x_k)`", f"`{_derivative(ed.parse(f'y_k = {name}_k(x_k)'), '∂y_k/∂x_j')}`"


def _algebra(name: str) -> tuple[str, str]:
    shown = {"solve": "solve(A, b)_i", "det": "det(A)", "logdet": "logdet(A)"}.get(name, f"{name}(A)_ij")
    indices = shown.partition("_")[2]
    left = f"y_{indices}" if indices else "y"
    return f"`{shown}`", f"`{_derivative(ed.parse(f'{left} = {shown}'), f'∂{left}/∂A_kl')}`"


FAMILIES = {
    "E01": "What cannot be read", "E02": "Indices", "E03": "Sizes", "E04": "Derivatives", "E05": "Calls",
    "E06": "Limits", "E07": "Memory", "E08": "Factored derivatives", "E09": "Other notations",
    "W02": "Warnings: indices", "W04": "Warnings: derivatives", "W05": "Warnings: calls",
}  # fmt: skip


def errors() -> str:
    """Every code, with a wrong and a right example."""
    parts = [
        "# Errors and warnings",
        "Every message has a code; `einderiv explain E0203` prints what stands here.\n"
        "Each wrong example is run by the tests and gets its code, each right one does not.",
    ]
    family = ""
    for code, page in sorted(catalogue.CODES.items()):
        if code[:3] != family:
            family = code[:3]
            parts.append(f"## {FAMILIES[family]}")
        language = {"ein": "", "python": "", "shell": ""}[page.language]
        parts.append(f"### {code}: {page.title}\n\n`{page.kind}`. {page.text}")
        parts.append(f"Wrong:\n\n~~~{language}\n{_plain(page.wrong)}\n~~~\n\nRight:\n\n~~~{language}\n{_plain(page.right)}\n~~~")
    return "\n\n".join(parts)


def _plain(text: str) -> str:
    """A text without characters that a page cannot show, and not longer than one reads."""
    shown = "".join(letter if letter.isprintable() or letter == "\n" else f"\\u{ord(letter):04x}" for letter in text)
    return "\n".join(line if len(line) <= 120 else line[:60] + " … " + line[-40:] for line in shown.splitlines())


HEAD = ("argument", "meaning")


def shell() -> str:
    """The commands and their arguments."""
    parts = [
        "# Commands",
        "Errors and warnings go to standard error.\n"
        "The exit status is 0, 1 for an error in the input, 2 for wrong usage, 70 for a mistake of einderiv itself.",
    ]
    common: dict[str, tuple[str, str]] = {}
    [commands] = (action for action in cli.parser()._actions if isinstance(action, argparse._SubParsersAction))
    about = {choice.dest: choice.help or "" for choice in commands._choices_actions}
    for name, command in commands.choices.items():
        rows = []
        for group in command._action_groups:
            found = [_argument(action) for action in group._group_actions if action.dest != "help"]
            if group.title and group.title.startswith("errors"):
                common |= {row[0]: row for row in found}
            else:
                rows += found
        parts += [f"## einderiv {name}", f"{about[name].capitalize()}.", _table(HEAD, iter(rows))]
    parts += ["## In every command", _table(HEAD, iter(common.values()))]
    return "\n\n".join(parts)


def _argument(action: argparse.Action) -> tuple[str, str]:
    """How an argument is written, and what its help says."""
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    if not action.option_strings:
        written = f"`{value.lower() if isinstance(value, str) else value}`"
    else:
        written = f"`{' '.join([action.option_strings[-1], *([] if action.nargs == 0 else [str(value)])])}`"
    return written.replace("|", "\\|"), action.help or ""


PAGES: dict[str, Callable[[], str]] = {
    "grammar": grammar,
    "functions": functions,
    "errors": errors,
    "shell": shell,
}


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "reference"
    for name, write in PAGES.items():
        (folder / f"{name}.md").write_text(f"{NOTE}\n{write().rstrip()}\n", encoding="utf-8")
