"""The pieces of a derivative that is not multiplied out."""

from __future__ import annotations

from einderiv.ir import Dim, Input, add, einsum, identity
from einderiv.plan import Piece, cores

P, Q, N = Dim("P"), Dim("Q"), Dim("N")
SIZES = {P: 5, Q: 4, N: 50}


def test_the_hessian_of_a_factorisation_is_a_small_core_and_a_delta():
    V = Input("V", (N, Q))
    (piece,) = cores(einsum([(V, "mk"), (V, "ml"), (identity(P), "ij")], "ikjl", 2.0), SIZES)
    assert piece.coefficient == 2.0 and piece.ties == (0, 1, 0, 3)
    assert piece.factors == ((einsum([(V, "mk"), (V, "ml")], "kl"), (1, 3)),)


def test_parts_without_a_common_sum_stay_parts():
    A, x = Input("A", (N, P)), Input("x", (Q,))
    M = einsum([(A, "np"), (A, "nr")], "pr")
    node = einsum([(A, "np"), (A, "nr"), (x, "q"), (x, "s")], "pqrs")
    (piece,) = cores(node, SIZES)
    assert sorted(piece.factors, key=lambda factor: factor[1]) == [(M, (0, 2)), (x, (1,)), (x, (3,))]


def test_parts_are_merged_where_their_product_is_no_larger():
    x, y = Input("x", (P,)), Input("y", (P,))
    node = einsum([(x, "i"), (y, "i")], "i")
    assert cores(node, SIZES) == [Piece(1.0, (0,), ((node, (0,)),))]


def test_a_sum_is_its_terms_and_zero_is_none():
    x = Input("x", (P,))
    node = add([einsum([(identity(P), "ij"), (x, "j")], "ij"), einsum([(x, "i"), (x, "j")], "ij", 3.0)])
    pieces = sorted(cores(node, SIZES), key=lambda piece: piece.ties)
    assert pieces[0] == Piece(1.0, (0, 0), ((x, (0,)),))
    assert pieces[1] == Piece(3.0, (0, 1), ((x, (0,)), (x, (1,))))
    assert cores(add([], (P, Q)), SIZES) == []
    assert cores(identity(P), SIZES) == [Piece(1.0, (0, 0), ())]
