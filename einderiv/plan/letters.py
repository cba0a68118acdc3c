"""Letters for labels, as in the strings of einsum."""

from __future__ import annotations

from collections.abc import Sequence

LETTERS = "ijklmnopqrstuvwxyzabcdefghABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letter(label: int) -> str:
    """The letter of a label in a subscript string: i, j, k, …; beyond 52 labels, characters after the Latin ones."""
    return LETTERS[label] if label < len(LETTERS) else chr(label + 0x100)


def einsum_string(subscripts: Sequence[Sequence[int]], output: Sequence[int]) -> str:
    """`ij,jk->ik`."""
    inputs = ",".join("".join(map(letter, labels)) for labels in subscripts)
    return f"{inputs}->{''.join(map(letter, output))}"
