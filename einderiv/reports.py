"""Errors and warnings as text: for people, for one-line tools, and for machines.

========= ===============================================================================
full      the source with carets, notes and helps
concise   `model.ein:1:10: error[E0203]: index `j` is …`, one line each
json      a list of objects, each as `EinError.to_dict` has it
github    annotations of GitHub Actions
sarif     SARIF 2.1.0, as code hosts and editors read it
========= ===============================================================================
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from einderiv import catalogue
from einderiv.errors import SHOWN, EinError, EinWarning, Told, draw, visible

FORMATS = ("full", "concise", "json", "github", "sarif")


def report(findings: Sequence[EinError | EinWarning], form: str = "full", color: bool = False) -> str:
    """All findings, with the further errors of each, in one of the `FORMATS`.

    >>> print(report([EinError("E0502", "unexpected input `q`")], "concise"))
    <call>: error[E0502]: unexpected input `q`
    """
    told = [each.told for finding in findings for each in (finding, *getattr(finding, "others", ()))]
    match form:
        case "concise":
            return "\n".join(map(_concise, told))
        case "json":
            return json.dumps([each.to_dict() for each in told], indent=2)
        case "github":
            return "\n".join(map(_github, told))
        case "sarif":
            return json.dumps(_sarif(told), indent=2)
        case _:
            more = [f"... and {len(told) - SHOWN} more"] if len(told) > SHOWN else []
            return "\n\n".join([*(draw(each, color) for each in told[:SHOWN]), *more])


def _concise(told: Told) -> str:
    place = "<call>"
    if told.source is not None:
        line, column = _start(told)
        place = f"{visible(told.source.name)}:{line}:{column}"
    return f"{place}: {told.severity}[{told.code}]: {_one_line(told.message)}"


def _start(told: Told) -> tuple[int, int]:
    """The line and the column of the primary label."""
    if told.source is None or not told.labels:
        return 1, 1
    return told.source.place(told.labels[0].span.start)


def _end(told: Told) -> tuple[int, int]:
    """The line and the column after the primary label, which covers at least one character."""
    if told.source is None or not told.labels:
        return 1, 2
    span = told.labels[0].span
    line, column = told.source.place(span.end)
    return line, column + (span.end == span.start)


def _one_line(text: str) -> str:
    return " ".join(visible(text).split())


def _github(told: Told) -> str:
    """`::error file=model.ein,line=1,col=10::…`, with the characters escaped that end a property or a message."""
    title = f"title={_property(told.code)}"
    text = "\n".join(
        [told.message, *(f"note: {note}" for note in told.notes), *(f"help: {text}" for text in told.helps)]
    )
    message = visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    if told.source is None or not told.labels:
        return f"::{told.severity} {title}::{message}"
    (line, column), (end_line, end_column) = _start(told), _end(told)
    place = f"file={_property(told.source.name)},line={line},endLine={end_line},col={column}"
    if end_line == line:
        place += f",endColumn={end_column - 1}"
    return f"::{told.severity} {place},{title}::{message}"


def _property(text: str) -> str:
    escaped = visible(text).replace("%", "%25").replace("\n", "%0A")
    return escaped.replace(":", "%3A").replace(",", "%2C")


def _sarif(told: Sequence[Told]) -> dict[str, object]:
    codes = sorted({each.code for each in told})
    rules = []
    for code in codes:
        rule: dict[str, object] = {"id": code}
        page = catalogue.CODES.get(code)
        if page is not None:
            rule |= {"shortDescription": {"text": page.title}, "fullDescription": {"text": page.text}}
        rules.append(rule)
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "einderiv", "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, codes.index(each.code)) for each in told],
            }
        ],
    }


def _result(told: Told, rule: int) -> dict[str, object]:
    remarks = [*(f"note: {note}" for note in told.notes), *(f"help: {text}" for text in told.helps)]
    result: dict[str, object] = {
        "ruleId": told.code,
        "ruleIndex": rule,
        "level": told.severity,
        "message": {"text": "\n".join([told.message, *remarks])},
    }
    if told.source is not None and told.labels:
        (line, column), (end_line, end_column) = _start(told), _end(told)
        region = {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
        file = {"uri": re.sub(r"[^\w./-]", _percent, told.source.name, flags=re.ASCII)}
        result["locations"] = [{"physicalLocation": {"artifactLocation": file, "region": region}}]
    return result


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))
