"""The golden errors: `tests/golden/errors/*.golden`.

A file is a sequence of cases; `#` at the start of a line is a remark::

    == index on the left only
    case: 1                                     the number of the bad input, where it is one of the 43
    text:                                       the program, or `made by:` and a Python expression for it
        a_ik = W_ij x_j + b_i
    call: ed.function(net)(W=np.ones(3))        what raises, with `net` for the program; without it, reading does
    raises: EinIndexError, LookupError          the kinds, all of which it is; `nothing` where it is accepted
    tells:                                      the message
        error[E0202]: …
    json: {…}                                   the same as plain values, on one line
"""

from __future__ import annotations

import json
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import einderiv as ed
from einderiv import syntax

FOLDER = Path(__file__).parent / "golden" / "errors"
NAME = "model.ein"


@dataclass(frozen=True)
class Case:
    """One bad input, and what is told of it."""

    title: str
    number: str
    text: str
    made_by: str
    call: str
    raises: tuple[str, ...]
    tells: str
    json: str

    def program(self) -> bytes | str:
        """The text, or the bytes, of the program."""
        if not self.made_by:
            return self.text
        made = eval(self.made_by)
        assert isinstance(made, bytes | str)
        return made

    def told(self) -> ed.EinError | ed.EinWarning | None:
        """What Python raises, or warns of."""
        given = self.program()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ed.EinWarning)
            try:
                net = ed.parse(syntax.decode(given, NAME) if isinstance(given, bytes) else given, NAME)
                if self.call:
                    eval(self.call, {"ed": ed, "np": np, "net": net})
            except ed.EinError as error:
                return error
        found = [each.message for each in caught if isinstance(each.message, ed.EinWarning)]
        return found[0] if found else None


def cases() -> list[Case]:
    """All cases, in the order of their files."""
    return [case for path in sorted(FOLDER.glob("*.golden")) for case in read(path.read_text(encoding="utf-8"))]


def read(text: str) -> Iterator[Case]:
    """The cases of one file."""
    for part in text.split("\n== ")[1:]:
        title, *lines = part.split("\n")
        fields: dict[str, str] = {}
        key = ""
        for line in lines:
            if line.startswith("    "):
                fields[key] += line[4:] + "\n"
            elif line.strip() and not line.startswith("#"):
                key, _, rest = line.partition(":")
                fields[key] = rest.strip()
            elif key and fields[key]:
                fields[key] += "\n"
        yield Case(
            title,
            fields.get("case", ""),
            fields.get("text", "").rstrip("\n"),
            fields.get("made by", "").strip(),
            fields.get("call", "").strip(),
            tuple(fields["raises"].strip().split(", ")),
            fields.get("tells", "").rstrip("\n"),
            fields.get("json", "").strip(),
        )


def written(case: Case, told: ed.EinError | ed.EinWarning | None) -> str:
    """A case as it stands in a file, with what is told of it now."""
    lines = [f"== {case.title}"]
    lines += [f"case: {case.number}"] if case.number else []
    lines += [f"made by: {case.made_by}"] if case.made_by else ["text:", textwrap.indent(case.text, "    ")]
    lines += [f"call: {case.call}"] if case.call else []
    lines += [f"raises: {', '.join(case.raises)}"]
    if told is not None:
        lines += ["tells:", textwrap.indent(told.render(), "    ", lambda line: bool(line.strip()))]
        lines += [f"json: {json.dumps(told.to_dict(), ensure_ascii=False)}"]
    return "\n".join(lines) + "\n"
