"""Costs as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence


def operations(number: int) -> str:
    """`1.5 M`; nothing for 0."""
    return _scaled(number, ("", " k", " M", " G", " T", " P"))


def memory(number: int) -> str:
    """`1.5 MB`; nothing for 0."""
    return _scaled(number, (" B", " kB", " MB", " GB", " TB", " PB"))


def _scaled(number: int, units: Sequence[str]) -> str:
    value, place = float(number), 0
    while value >= 999.5 and place < len(units) - 1:
        value, place = value / 1000, place + 1
    return f"{value:.3g}{units[place]}" if number else ""
