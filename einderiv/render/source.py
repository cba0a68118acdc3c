"""A graph as the source of a function that needs one array library and nothing else: one operation a line.

No sizes are known, so products of several operands are taken two at a time in an order that is best for equal sizes.
The function has names of its own, v0, v1, …; a user's names stand in its docstring only, escaped.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from einderiv.ir import Input, Node
from einderiv.render.numpy_writer import NumpyWriter
from einderiv.render.sizes import Read
from einderiv.render.spelling import IMPORTS
from einderiv.render.writer import Writer

WIDTH = 110


def source(
    library: str, outputs: Sequence[Node], inputs: Sequence[Input], doc: Sequence[str], reads: Sequence[Read] = ()
) -> str:
    """The source of `def evaluate(v0, v1, …)`, whose arguments are `inputs` in order.

    One output is returned as an array, several as a tuple.  `doc` are the lines of the docstring; `reads` are what
    sizes that no input has follow from.
    """
    writer = NumpyWriter(inputs, reads) if library == "numpy" else Writer(library, inputs, reads)
    lines, results = writer.finished(outputs)
    body = [*_docstring(doc), *writer.head(), *lines, *_wrapped("return ", results, "")]
    arguments = [f"v{position}" for position in range(len(inputs))]
    head = _wrapped("def evaluate(", arguments, "):")
    text = "\n".join([*writer.decorators, *head, *(f"    {line}" if line else "" for line in body)])
    code = "\n".join(lines)
    first = ("import math\n\n" if "math." in code else "") + ("import jax\n" if "jax." in code else "")
    last = "\nimport scipy.special" if library == "numpy" and "scipy." in code else ""
    return f"{first}{IMPORTS[library]}{last}\n\n\n{text}\n"


def _wrapped(before: str, words: Sequence[str], after: str) -> list[str]:
    """Words with commas between, over several lines where one would be too long."""
    line = before + ", ".join(words) + after
    if len(line) <= WIDTH:
        return [line]
    opening = before if before.endswith("(") else before + "("
    return [opening, *(f"    {word}," for word in words), ")" + after.lstrip(")")]


def _docstring(doc: Sequence[str]) -> list[str]:
    """The lines of a docstring; no character of theirs can end it or escape."""
    safe = ["".join(each if each.isprintable() else " " for each in line) for line in doc]
    safe = [line.replace("\\", "/").replace('"', "'") for line in safe]
    lines = [part for line in safe for part in textwrap.wrap(line, WIDTH - 10, subsequent_indent="        ") or [""]]
    return [f'"""{lines[0]}', *lines[1:], '"""']
