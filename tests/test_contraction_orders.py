"""A contraction is the same to rounding in whatever order its factors are multiplied."""

from __future__ import annotations

import numpy as np
import opt_einsum
import pytest

import einderiv as ed

ORDERS = ("greedy", "optimal", "dp", "branch-2", [(0, 1)] * 9)
SIZES = dict(zip("ijklmnpq", (2, 3, 4, 5, 6, 7, 3, 2), strict=True))


def drawn(rng: np.random.Generator) -> tuple[list[str], str]:
    """The letters of three to five operands, each sharing one with those before it, and of their product."""
    letters = list(SIZES)
    operands: list[str] = []
    for _ in range(rng.integers(3, 6)):
        own = set(rng.choice(letters, rng.integers(1, 4), replace=False))
        if operands:
            own.add(str(rng.choice(list("".join(operands)))))
        operands.append("".join(sorted(own)))
    counts = {letter: "".join(operands).count(letter) for letter in SIZES}
    return operands, "".join(letter for letter, count in counts.items() if count == 1)


@pytest.mark.parametrize("seed", range(100))
def test_every_order_of_a_contraction_gives_the_same_numbers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    operands, free = drawn(rng)
    arrays = [rng.normal(size=[SIZES[letter] for letter in letters]) for letters in operands]
    names = "ABCDE"
    product = " ".join(f"{name}_{letters}" for name, letters in zip(names, operands, strict=False))
    found = ed.function(f"y{'_' if free else ''}{free} = {product}")(dict(zip(names, arrays, strict=False)))
    size = opt_einsum.contract(f"{','.join(operands)}->{free}", *map(np.abs, arrays))
    for order in ORDERS:
        path = order[: len(operands) - 1] if isinstance(order, list) else order
        expected = opt_einsum.contract(f"{','.join(operands)}->{free}", *arrays, optimize=path)
        assert np.all(np.abs(found - expected) <= 1e-12 * size), (operands, order)
