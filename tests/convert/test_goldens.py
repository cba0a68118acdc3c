"""What is converted, and what is refused with its reason, word for word."""

from __future__ import annotations

import json
import warnings

import pytest
from goldens import Golden, goldens

import einderiv as ed
from einderiv.cli import main

GOLDENS = goldens()
REFUSED = [golden for golden in GOLDENS if golden.gives.startswith("error")]


def told(golden: Golden) -> str:
    try:
        return ed.convert(golden.text, golden.notation, shapes=golden.declare).rstrip("\n")
    except ed.EinError as error:
        return str(error)


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.title)
def test_a_text_gives_what_the_golden_file_says(golden: Golden) -> None:
    assert told(golden) == golden.gives


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.title)
def test_the_command_line_says_the_same(golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    options = [f"--from={golden.notation}"] if golden.notation else []
    options += [f"--declare={golden.declare}"] if golden.declare else []
    status = main(["convert", *options, "--", golden.text])
    captured = capsys.readouterr()
    assert status == golden.gives.startswith("error")
    assert (captured.err if status else captured.out).rstrip("\n").replace("<formula>", "<text>") == golden.gives


@pytest.mark.parametrize("golden", REFUSED, ids=lambda golden: golden.title)
def test_a_refusal_has_a_place_in_the_text_and_a_way_out(golden: Golden) -> None:
    with pytest.raises(ed.EinError) as caught:
        ed.convert(golden.text, golden.notation, shapes=golden.declare)
    error = caught.value
    assert error.code.startswith("E09") and error.line is not None and error.column is not None
    assert 0 < error.column <= len(golden.text.split("\n")[error.line - 1]) + 1
    assert json.loads(json.dumps(error.to_dict()))["code"] == error.code


@pytest.mark.parametrize(
    "golden", [g for g in GOLDENS if " = " in g.gives and g not in REFUSED], ids=lambda golden: golden.title
)
def test_what_is_printed_is_a_program_without_warnings(golden: Golden) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        program = ed.parse(golden.gives)
    assert program.outputs
