"""Einsum strings and calls, against numpy.einsum and einops' documented meaning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import einderiv as ed

GOLDEN = [
    ("ij,jk->ik", "C_ik = A_ij B_jk"),
    ("ij,jk", "C_ik = A_ij B_jk"),
    ("ba,cb", "C_ac = A_ba B_cb"),
    ("ij->", "B = sum_{i,j} A_ij"),
    ("ij->j", "B_j = sum_i A_ij"),
    ("ii->", "B = A_ii"),
    ("ii->i", "B_i = A_ii"),
    ("ii,i->", "C = sum_i A_ii B_i"),
    ("i,i,i", "D = A_i B_i C_i"),
    ("i,j->ij", "C_ij = A_i B_j"),
    (",ij->ij", "C_ij = A B_ij"),
    ("ij,ij,jk->ik", "D_ik = A_ij B_ij C_jk"),
    (" i j , j k -> i k ", "C_ik = A_ij B_jk"),
    ('y = np.einsum("ij,j->i", W, x)', "y_i = W_ij x_j"),
    ('y = torch.einsum("ij,j->i", W, x)\nL = jnp.einsum("i,i->", y, y)', "y_i = W_ij x_j\nL = y_i y_i"),
    ('oe.contract("ij,jk", a, b, optimize=True)', "Y_ik = a_ij b_jk"),
    ('einops.rearrange(x, "b h w -> b w h")', "y_bwh = x_bhw"),
    ('rearrange(x, "batch h w -> w h batch")', "index batch\ny_{w,h,batch} = x_{batch,h,w}"),
    ('reduce(x, "b h w c -> b c", "mean")', "y_bc = mean_{h,w}(x_bhwc)"),
    ('reduce(x, "b h -> b", "sum")', "y_b = sum_h x_bh"),
    ('m = reduce(x, "b h -> ", "max")', "m = max_{b,h}(x_bh)"),
    ('repeat(x, "h -> h c", c=3)', "index c: 3\ny_hc = x_h"),
    ('einops.einsum(x, w, "b i, i o -> b o")', "Y_bo = x_bi w_io"),
    ('np.einsum("ij,jk->ik", w_q, w_k)', "# w_q is wq here\n# w_k is wk here\nY_ik = wq_ij wk_jk"),
]


@pytest.mark.parametrize(("text", "expected"), GOLDEN, ids=[text for text, _ in GOLDEN])
def test_an_einsum_reads_as_index_notation(text: str, expected: str) -> None:
    assert ed.convert(text, "einsum") == expected + "\n"
    assert ed.convert(text) == expected + "\n"


def test_operands_have_the_names_and_shapes_that_are_given() -> None:
    assert ed.convert("ij,j->i", names="W, x", shapes=[(3, 4), (4,)]) == "W ∈ R^{3×4}\nx ∈ R^4\ny_i = W_ij x_j\n"
    assert ed.convert("ij,ik->jk", names=["V", "V"], shapes="V: N×D") == "V ∈ R^{N×D}\nY_jk = V_ij V_ik\n"


ELLIPSES = [
    ("...ij,...jk->...ik", [(2, 3, 4), (2, 4, 5)]),
    ("...ij->...ji", [(2, 3, 4, 5)]),
    ("i...->...", [(3, 4)]),
    ("...ij,jk", [(2, 2, 3), (3, 4)]),
    ("...i,...i->...", [(3, 4), (4,)]),
]


@pytest.mark.parametrize(("text", "shapes"), ELLIPSES)
def test_dots_are_as_many_indices_as_the_shapes_say(text: str, shapes: list[tuple[int, ...]]) -> None:
    check(text, shapes)


def check(text: str, shapes: list[tuple[int, ...]]) -> None:
    rng = np.random.default_rng(0)
    names = [f"x{place}" for place in range(len(shapes))]
    arrays = {name: rng.normal(size=shape) for name, shape in zip(names, shapes, strict=True)}
    program = ed.convert(text, "einsum", names=names, shapes=shapes)
    (found,) = ed.evaluate(program, arrays).values()
    np.testing.assert_allclose(found, np.einsum(text, *arrays.values()), rtol=1e-12, atol=1e-12)


@st.composite
def strings(draw: st.DrawFn) -> tuple[str, list[tuple[int, ...]]]:
    """A random einsum string, repeated and single indices included, with shapes that fit."""
    letters = draw(st.lists(st.sampled_from("abcdeijkTXZ"), min_size=1, max_size=5, unique=True))
    operands = draw(st.lists(st.lists(st.sampled_from(letters), max_size=4), min_size=1, max_size=4))
    used = sorted({letter for operand in operands for letter in operand})
    sizes = {letter: draw(st.integers(1, 3)) for letter in used}
    text = ",".join("".join(operand) for operand in operands)
    if draw(st.booleans()):
        text += (
            "->" + "".join(draw(st.permutations(draw(st.lists(st.sampled_from(used), unique=True))))) if used else "->"
        )
    return text, [tuple(sizes[letter] for letter in operand) for operand in operands]


@settings(max_examples=150, deadline=None)
@given(strings())
def test_random_strings_mean_what_numpy_says(case: tuple[str, list[tuple[int, ...]]]) -> None:
    check(*case)


def test_the_meaning_holds_at_every_size() -> None:
    program = ed.convert("bij,bjk,k->bi", names="A,B,v")
    rng = np.random.default_rng(1)
    for b, i, j, k in ((1, 1, 1, 1), (2, 3, 4, 5), (7, 1, 6, 2), (1, 9, 3, 3)):
        A, B, v = rng.normal(size=(b, i, j)), rng.normal(size=(b, j, k)), rng.normal(size=k)
        (found,) = ed.evaluate(program, A=A, B=B, v=v).values()
        np.testing.assert_allclose(found, np.einsum("bij,bjk,k->bi", A, B, v))


def test_reductions_of_einops_mean_what_numpy_says() -> None:
    x = np.random.default_rng(2).normal(size=(2, 3, 4))
    for how, function in (("sum", np.sum), ("mean", np.mean), ("max", np.max), ("min", np.min), ("prod", np.prod)):
        (found,) = ed.evaluate(ed.convert(f'reduce(x, "a b c -> c a", "{how}")'), x=x).values()
        np.testing.assert_allclose(found, function(x, axis=1).T)
    (found,) = ed.evaluate(ed.convert('repeat(x, "a b c -> a d b c", d=5)'), x=x).values()
    np.testing.assert_array_equal(found, np.repeat(x[:, None], 5, 1))
