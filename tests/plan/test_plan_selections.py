"""How products with selections are planned."""

from __future__ import annotations

import numpy as np

from einderiv.ir import Affine, Dim, Einsum, Input, Spread, add, einsum, scale, select
from einderiv.plan import At, Contract, Line, Read, Write, cores, index_inputs, looped, plan
from einderiv.run import run

V, D, T, N, K, A, I = (Dim(name) for name in "VDTNKAI")
E, W, t, g = Input("E", (V, D)), Input("W", (D, K)), Input("t", (T,)), Input("g", (T, D))
GATHER = select(t, V, strict=True)


def operations(made):
    return [type(step.operation) for step in made.steps if step.operands]


def test_the_table_says_where_is_read_and_written():
    made = plan(
        [einsum([(E, "vd"), (GATHER, "tv")], "td"), einsum([(g, "td"), (GATHER, "tv")], "vd")], {V: 9, D: 2, T: 3}
    )
    text = str(made)
    assert "positions #1 of 9" in text and "read #0 at #2[i], j" in text and "write #4[ij] at #2[i], j" in text
    assert made.indices == {"t"} == index_inputs([einsum([(GATHER, "tv"), (g, "td")], "vd")])


def test_lines_are_written_as_a_person_writes_them():
    assert (
        str(Line((2, -1), (0, 1), 3)) == "2i-j+3" and str(Line((-1,), (2,), 0)) == "-k" and str(Line((), (), 4)) == "4"
    )


def test_rows_are_read_before_they_are_multiplied_unless_there_are_more_than_entries():
    logits = einsum([(E, "vd"), (GATHER, "tv"), (W, "dk")], "tk")
    few, many = ({V: 1000, D: 8, K: 8, T: tokens} for tokens in (10, 100_000))
    assert [x for x in operations(plan([logits], few)) if x in (Read, Contract)] == [Read, Contract]
    assert [x for x in operations(plan([logits], many)) if x in (Read, Contract)] == [Contract, Read]


def test_slices_are_looped_over_the_fewest_values():
    window = (0, Line((1, 1), (1, 2), 0))
    assert looped(window, (4, 60, 5), (4, 64)) == (2,)
    assert looped(window, (4, 5, 60), (4, 64)) == (1,)
    assert looped((Line((4, 1), (0, 1), 0),), (3, 4), (12,)) == ()
    assert looped((Line((4, 1), (0, 1), -1),), (3, 4), (12,)) == (0,)
    assert looped((0, Line((1, 1), (0, 1), 0)), (3, 4), (3, 6)) == ()
    assert looped((Line((1,) * 13, tuple(range(13)), 0),), (2,) * 13, (14,)) == tuple(range(13))
    assert At(1, (0,), False) != At(1, (0,), True)


def test_a_stencil_adds_its_writes_in_place():
    u, v = Input("u", (A,)), Input("v", (I,))
    places = [(select(Affine((1,), k, (I,)), A, strict=True), c) for k, c in ((0, 1.0), (1, -2.0), (2, 1.0))]
    back = add([einsum([(v, "i"), (place, "ia")], "a", c) for place, c in places])
    made = plan([back], {A: 6, I: 4})
    assert operations(made) == [Write] * 3
    assert sum(step.bytes for step in made.steps) == 6 * 8
    assert made.peak_bytes == 6 * 8 + 4 * 8  # the second term times -2, while it is added
    result = run(made, {"v": np.arange(1.0, 5.0)})[0]
    np.testing.assert_allclose(result, np.convolve([1, 2, 3, 4], [1, -2, 1]))
    value = add([scale(einsum([(u, "a"), (place, "ia")], "i"), c) for place, c in places])
    assert operations(plan([value], {A: 6, I: 4}))[:3] == [Read] * 3


def test_a_scaled_write_is_one_step():
    node = einsum([(g, "td"), (GATHER, "tv")], "dv", -2.0)
    assert isinstance(node, Spread) and isinstance(node.core, Einsum)
    made = plan([node], {V: 9, D: 2, T: 3})
    assert operations(made)[-1] is Write and made.steps[-1].shape == (2, 9)


def test_the_pieces_of_a_derivative_with_a_selection_add_up():
    node = einsum([(GATHER, "tv"), (W, "dk"), (Input("y", (N,)), "n")], "tvdkn")
    sizes, total = {V: 3, D: 2, K: 2, T: 4, N: 2}, np.zeros((4, 3, 2, 2, 2))
    arrays = {"t": np.array([0, 2, 1, 1]), "W": np.arange(4.0).reshape(2, 2), "y": np.array([1.0, -1.0])}
    for piece in cores(node, sizes):
        operands = [np.array(piece.coefficient), []]
        for value, (_, placing) in zip(
            run(plan([x for x, _ in piece.factors], sizes), arrays), piece.factors, strict=True
        ):
            operands += [value, list(placing)]
        total += np.einsum(*operands, list(range(5)))
    np.testing.assert_allclose(total, run(plan([node], sizes), arrays)[0])
