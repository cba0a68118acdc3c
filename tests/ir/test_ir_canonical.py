"""The one form of a contraction, of many equal operands too."""

from __future__ import annotations

import pytest

from einderiv.ir import Dim, Input, canonical, einsum

I = Dim("I")
x = Input("x", (I,))


def test_a_product_of_many_equal_vectors_is_one_whatever_their_order() -> None:
    labels = range(20)
    factors = [(x, (label,)) for label in labels]
    assert einsum(factors, labels) is einsum(factors[::-1], labels)


def test_a_form_refines_only_the_labellings_that_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(*arguments: object) -> object:
        made.append(arguments)
        return refined(*arguments)

    refined = canonical._refined
    monkeypatch.setattr(canonical, "_refined", counted)
    labels = range(40)
    einsum([(x, (label,)) for label in labels], labels)
    assert len(made) <= 2 * (len(labels) + 3 * canonical.TRIES)  # for the form, and for what it is symmetric in
