"""The order in which the readers of a large array come."""

from __future__ import annotations

from einderiv.ir import Dim, Input, add, apply, einsum
from einderiv.plan import plan

N = Dim("N")
A = apply("sin", Input("A", (N, N)))
BOTH = add([A, einsum([(A, "ij")], "ji")])
ROWS = einsum([(A, "ij")], "i")


def whats(size):
    return [step.what.split()[0] for step in plan([BOTH, ROWS], {N: size}).steps]


def test_who_takes_little_of_a_large_array_reads_it_first():
    made = whats(2000)
    assert made.index("ij->i") < made.index("#1")
    assert made.index("sin") < made.index("ij->i")


def test_small_arrays_are_read_in_the_order_of_the_results():
    made = whats(20)
    assert made.index("#1") < made.index("ij->i")
