"""One text tried as a user would: read, checked, differentiated, printed.  Only an `EinError` with a place may come."""

from __future__ import annotations

import gc
import time
import warnings
from unicodedata import category
from zlib import crc32

import einderiv as ed
from einderiv import syntax
from einderiv.errors import EinWarning, draw

LONGEST = 1.0  # seconds of processor time that a small text may take

OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # categories of characters that act on a terminal or hide what is written
DRAWN = 2  # errors of a text that are also drawn; drawing takes longer than reading


class Fault(AssertionError):
    """What must not happen: a wrong place, a long run, an answer that cannot be printed."""


def attempt(data: bytes, share: int = 1) -> str:
    """How far the bytes came: `refused`, `read` or `differentiated`; a `Fault` or a foreign exception is a bug.

    Of what is accepted, one in `share` is differentiated and printed, which takes ten times as long as reading it.
    """
    start = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EinWarning)
            reached = _steps(data, share)
    except ed.EinError as error:
        check_places(error)
        reached = "refused"
    if time.process_time() - start > LONGEST and not _again_fast(data, share):
        raise Fault(f"took more than {LONGEST} s of processor time")
    return reached


def _steps(data: bytes, share: int) -> str:
    """Every stage; an error of a later stage is none of the text's and must not be an index or syntax error."""
    program = ed.parse(syntax.decode(data))
    repr(program)
    if not program.outputs or not program.inputs or crc32(data) % share:
        return "read"
    for name in program.outputs[-2:]:
        str(ed.function(program, of=name))
    try:
        derivatives(program)
    except ed.EinError as error:
        check_places(error)
    return "differentiated"


def derivatives(program: ed.Program) -> None:
    """The Jacobian of the last equation by two inputs, as text that reads back."""
    equations = [name for name in program.outputs if "∂" not in name]
    if equations:
        J = ed.jacobian(program, of=equations[-1], wrt=list(program.inputs[:2]), allow_unused=True)
        ed.parse(str(J))


def _again_fast(data: bytes, share: int) -> bool:
    """Whether a second run is fast: the first may have waited for a collection of garbage, or for an import."""
    gc.collect()
    start = time.process_time()
    try:
        _steps(data, share)
    except ed.EinError:
        pass
    return time.process_time() - start <= LONGEST


def check_places(error: ed.EinError) -> None:
    """Every message has a code and a help, and its places are on a line of the text, or just behind its end."""
    for number, each in enumerate((error, *error.others)):
        if not each.helps:
            raise Fault(f"{each.code} helps with nothing: {each.message}")
        if each.source is None or not each.labels:
            continue
        lines = each.source.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if each.line is None or not 1 <= each.line <= len(lines):
            raise Fault(f"{each.code} is on line {each.line} of {len(lines)}")
        if each.column is None or not 1 <= each.column <= len(lines[each.line - 1]) + 1:
            raise Fault(f"{each.code} is in column {each.column} of {len(lines[each.line - 1])}")
        if each.labels[0].span.end < each.labels[0].span.start:
            raise Fault(f"{each.code} has a place that ends before it starts")
        if number < DRAWN:
            _check_drawing(each)


def _check_drawing(error: ed.EinError) -> None:
    shown = draw(error.told)
    if "^" not in shown:
        raise Fault(f"{error.code} is drawn without a caret")
    if not shown.replace("\n", "").isprintable() and any(category(each) in OBEYED for each in shown.replace("\n", "")):
        raise Fault(f"{error.code}: a character that a terminal would obey is in the message")
