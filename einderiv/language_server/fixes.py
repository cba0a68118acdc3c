"""Corrections to choose from: what a help says is tried at the place of the error, and offered if it helps.

>>> told = (document := Document("L = exp(x_i)")).told[0]
>>> [edited(document.text, [fix.edit]) for fix in fixes(document, told)]
['L = sum_i exp(x_i)']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from einderiv.errors import Span, Told
from einderiv.language_server.document import Document, TextEdit, checked, edited
from einderiv.language_server.occurrences import span_of

_QUOTED = re.compile(r"`([^`]+)`")
_REST = " = ..."
SYNTAX = "E01"  # how the codes of syntax errors start
_TRIED = 6  # places at which one correction is tried
_WORDS = 60  # words of a statement beyond which only its error's own place is tried


@dataclass(frozen=True, slots=True)
class Fix:
    """A correction: its title, what it changes, and what it corrects."""

    title: str
    edit: TextEdit
    told: Told


def fixes(document: Document, told: Told) -> list[Fix]:
    """The corrections of an error that make it go away, one for each help at most."""
    if told.severity != "error" or told.source is None or not told.labels:
        return []
    found = []
    for advice in told.helps:
        for edit in _candidates(document, told, advice):
            if _helps(document, told, edit):
                found.append(Fix(advice.replace("\n", " "), edit, told))
                break
    return found


def _helps(document: Document, told: Told, edit: TextEdit) -> bool:
    """Whether an error is gone after an edit, and no other has come; behind a syntax error another may have stood."""
    before = [each for each in document.told if each.severity == "error"]
    after = [each for each in checked(edited(document.text, [edit]), document.name)[1] if each.severity == "error"]
    gone = not any(each.code == told.code and each.message == told.message for each in after)
    return gone and (len(after), _unread(after)) < (len(before), _unread(before))


def _unread(errors: Sequence[Told]) -> int:
    """How many of the errors are of syntax."""
    return sum(each.code.startswith(SYNTAX) for each in errors)


def _candidates(document: Document, told: Told, advice: str) -> Iterator[TextEdit]:
    """What a help may mean, the likeliest first."""
    label = told.labels[0].span
    number = document.statement_at(label.start)
    quoted = _QUOTED.findall(advice)
    if advice.startswith(("remove", "delete", "leave")) and "add" not in advice[:3]:
        yield TextEdit(label, "")
    if number is None:
        return
    statement = document.span_of_statement(number)
    if advice.startswith("add ") and quoted:
        yield TextEdit(Span(statement.end, statement.end), quoted[0])
    for text in reversed(quoted):
        if text.endswith(_REST):
            equal = next((token for token in document.statements[number] if token.type == "EQUAL"), None)
            if equal is not None:
                yield TextEdit(Span(statement.start, span_of(equal).end), text.removesuffix(" ..."))
        elif "..." in text or "…" in text:
            continue
        elif text.startswith(("index ", "def ")) or " ∈ R" in text:
            yield TextEdit(Span(statement.start, statement.start), text + "\n")
        else:
            yield from (TextEdit(span, text) for span in _places(document, label, number, text))


def _places(document: Document, label: Span, number: int, new: str) -> list[Span]:
    """Pieces of the statement around the label, those first that look most like what is to stand there."""
    tokens = document.statements[number]
    if len(tokens) > _WORDS:
        return [label]
    starts = {span_of(token).start for token in tokens if span_of(token).start <= label.start} | {label.start}
    ends = {span_of(token).end for token in tokens if span_of(token).end >= label.end} | {label.end}
    spans = [Span(start, end) for start in starts for end in ends]
    likeness = SequenceMatcher(None, b=new, autojunk=False)

    def unlike(span: Span) -> tuple[float, int]:
        likeness.set_seq1(document.word(span))
        return -likeness.ratio(), span.end - span.start

    return sorted(spans, key=unlike)[:_TRIED]
