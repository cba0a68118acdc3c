"""Places: what an editor counts in UTF-16 units, and lines that end in three ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from einderiv.errors import Source, Span
from einderiv.language_server.positions import Positions

TEXT = "∂𝑥/∂y # 𝑥\r\nθ_i\r\r𝑥𝑥b\n"
PLACES = {0: (0, 0), 1: (0, 1), 2: (0, 3), 8: (0, 9), 9: (0, 11), 11: (1, 0), 14: (1, 3), 15: (2, 0), 16: (3, 0),
          17: (3, 2), 18: (3, 4), 19: (3, 5), 20: (4, 0)}  # fmt: skip


@pytest.mark.parametrize("offset", PLACES)
def test_a_place_is_counted_in_units_of_two_bytes(offset: int) -> None:
    positions = Positions(TEXT)
    assert positions.position(offset) == PLACES[offset]
    assert positions.offset(*PLACES[offset]) == offset


def test_the_middle_of_a_character_is_its_start_and_beyond_the_end_is_the_end() -> None:
    positions = Positions(TEXT)
    assert positions.offset(0, 2) == 1
    assert positions.offset(3, 1) == 16
    assert positions.offset(1, 99) == 14
    assert positions.offset(99, 0) == len(TEXT)
    assert positions.range(Span(1, 2)) == ((0, 1), (0, 3))


@pytest.mark.parametrize(("encoding", "place"), [("utf-8", (0, 7)), ("utf-16", (0, 3)), ("utf-32", (0, 2))])
def test_other_encodings_count_otherwise(encoding: str, place: tuple[int, int]) -> None:
    positions = Positions(TEXT, encoding)
    assert positions.position(2) == place
    assert positions.offset(*place) == 2


def test_a_byte_order_mark_counts_in_its_line_alone() -> None:
    positions = Positions("\ufeffy = 𝑥\nz")
    assert positions.position(0) == (0, 1)
    assert positions.position(6) == (1, 0)
    assert positions.offset(0, 1) == 0
    assert positions.offset(0, 0) == 0
    assert positions.offset(1, 0) == 6


@given(st.text(st.sampled_from("a∂𝑥\n\r _é"), max_size=30), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_places_and_offsets_are_inverse_and_agree_with_the_messages(text: str, encoding: str) -> None:
    positions, source = Positions(text, encoding), Source(text)
    for offset in range(len(text) + 1):
        line, column = positions.position(offset)
        if text[offset - 1 : offset + 1] != "\r\n" or offset == 0:
            assert positions.offset(line, column) == offset
        assert line + 1 == source.place(offset)[0]
        before = text[offset - source.place(offset)[1] + 1 : offset]
        width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
        assert column == len(before.encode(encoding if width == 1 else f"{encoding}-le")) // width
