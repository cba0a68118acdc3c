"""Sketches of nodes."""

from __future__ import annotations

from einderiv import ir
from einderiv.ir import Dim, Input, Node
from einderiv.render import sketch

H, J = Dim("I"), Dim("J")
W, x, y = Input("W", (H, J)), Input("x", (J,)), Input("y", (H,))


def test_a_contraction_shows_its_labels() -> None:
    assert sketch(ir.einsum([(W, "ij"), (x, "j")], "i")) == "(einsum 01,1->0 W x)"


def test_a_spread_shows_number_places_and_ties() -> None:
    assert sketch(ir.einsum([(ir.identity(H), "ik"), (x, "l")], "ikl", 2.0)) == "(spread 2 2->012 0=1 x)"


def test_lookups_and_linear_algebra_are_named_by_what_they_do() -> None:
    read = ir.select(ir.Affine((2, 1), 3, (H, J)), H, strict=True)
    assert sketch(read) == "(read:I 2I+1J+3)"
    assert sketch(ir.select(y, J, strict=False)) == "(select:J y)"
    assert sketch(ir.algebra("solve", Input("A", (H, H)), y)) == "(solve A y)"


def test_a_shared_part_is_shown_once() -> None:
    t = ir.apply("tanh", y)
    assert sketch(ir.apply("max", t, ir.apply("exp", t))) == "(max #1=(tanh y) (exp #1))"


def test_a_long_graph_is_abbreviated() -> None:
    h: Node = y
    for _ in range(5000):
        h = ir.apply("sin", h)
    assert len(sketch(h)) < 4000
    assert "…" in sketch(h)
