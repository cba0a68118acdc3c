"""The builders keep the normal form: structure outside, one dense core inside."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import evaluate

from einderiv.ir import (
    ONE,
    Add,
    Affine,
    Constant,
    Dim,
    Einsum,
    Input,
    Map,
    Position,
    Selection,
    Size,
    Spread,
    Zero,
    add,
    apply,
    constant,
    einsum,
    identity,
    ones,
    reduce,
    rewrite,
    scale,
    select,
    substitute,
    topological,
)

I, J, K = Dim("I"), Dim("J"), Dim("K")
W, V, x, y, g = Input("W", (I, J)), Input("V", (J, I)), Input("x", (J,)), Input("y", (J,)), Input("g", (I,))
M, N = Input("M", (I, I)), Input("N", (I, I))


def test_equal_means_identical():
    assert Input("W", (I, J)) is W
    assert einsum([(W, "ij"), (x, "j")], "i") is einsum([(x, "b"), (W, "ab")], "a")


def test_pickling_keeps_identity():
    product = einsum([(W, "ij"), (x, "j")], "i")
    assert pickle.loads(pickle.dumps(product)) is product


def test_a_delta_that_a_sum_meets_is_absorbed():
    jacobian = einsum([(identity(I), "ik"), (x, "l")], "ikl")
    assert isinstance(jacobian, Spread) and jacobian.core is x and jacobian.ties == (0, 0, 2)
    assert einsum([(g, "i"), (jacobian, "ikl")], "kl") is einsum([(g, "k"), (x, "l")], "kl")


def test_chained_deltas_become_one_class():
    chain = einsum([(identity(I), "ia"), (identity(I), "ja"), (identity(I), "jk")], "ijk")
    assert isinstance(chain, Spread) and chain.core is ONE and chain.ties == (0, 0, 0)


def test_the_trace_of_a_delta_is_the_size():
    assert einsum([(identity(I), "ii")], "") is Size(I)
    assert einsum([(identity(Dim("3", 3)), "ii")], "") is Constant(3.0)


def test_transposes_share_a_core():
    product = einsum([(W, "ij"), (V, "jk")], "ik")
    turned = einsum([(W, "ij"), (V, "jk")], "ki")
    assert {type(product), type(turned)} == {Einsum, Spread}
    assert einsum([(turned, "ki")], "ik") is product


def test_a_product_of_equal_operands_is_symmetric():
    gram = einsum([(W, "im"), (W, "in")], "mn")
    assert gram is einsum([(W, "im"), (W, "in")], "nm")
    assert add([gram, einsum([(gram, "mn")], "nm")]) is scale(gram, 2.0)


def test_a_zero_makes_a_product_zero():
    assert einsum([(Zero((I,)), "i"), (W, "ij")], "j") is Zero((J,))
    assert scale(W, 0.0) is Zero((I, J))


def test_equal_terms_are_collected():
    assert add([x, y, x]) is add([scale(x, 2.0), y])
    assert add([x, scale(x, -1.0)]) is Zero((J,))
    assert add([], (I,)) is Zero((I,))


def test_terms_with_equal_deltas_are_put_together():
    one, other = (einsum([(identity(I), "ik"), (z, "l")], "ikl") for z in (x, y))
    assert add([one, other]) is einsum([(identity(I), "ik"), (add([x, y]), "l")], "ikl")


def test_a_sum_with_a_delta_is_multiplied_out():
    shifted = add([identity(J), einsum([(x, "i"), (y, "j")], "ij")])
    product = einsum([(shifted, "ij"), (x, "j")], "i")
    assert isinstance(product, Add) and not product.tied and x in product.terms
    arrays = {"x": np.arange(3.0), "y": np.ones(3)}
    expected = (np.eye(3) + np.outer(arrays["x"], arrays["y"])) @ arrays["x"]
    np.testing.assert_allclose(evaluate(product, arrays, {J: 3}), expected)


def test_a_power_of_a_sum_with_a_delta_stays_small():
    factor = add([identity(I), M])
    power = factor
    for _ in range(30):
        power = einsum([(power, "ij"), (factor, "jk")], "ik")
    assert len(topological([power])) < 200
    many = einsum([(factor, (n, n + 1)) for n in range(8)], (0, 8))
    assert len(topological([many])) < 100
    arrays = {"M": np.random.default_rng(0).normal(size=(3, 3)) / 3}
    expected = np.linalg.matrix_power(np.eye(3) + arrays["M"], 8)
    np.testing.assert_allclose(evaluate(many, arrays, {I: 3}), expected, rtol=1e-12)


def test_a_function_is_computed_only_where_its_argument_varies():
    repeated = apply("exp", einsum([(x, "j")], "ij", dims={"i": I}))
    assert isinstance(repeated, Spread) and repeated.core is Map("exp", (x,))
    assert apply("exp", einsum([(W, "ij")], "ji")) is einsum([(apply("exp", W), "ij")], "ji")


def test_small_powers_are_products():
    square = apply("square", x)
    assert square is einsum([(x, "i"), (x, "i")], "i")
    assert apply("pow", x, scale(ones((J,)), 3.0)) is einsum([(x, "i")] * 3, "i")
    assert apply("pow", x, Zero((J,))) is ones((J,))
    assert apply("pow", x, scale(ones((J,)), -1.0)) is apply("reciprocal", x)


def test_a_reduction_keeps_repeated_axes_outside():
    repeated = einsum([(x, "j")], "ij", dims={"i": I})
    assert reduce("max", repeated, [1]) is einsum([(reduce("max", x, [0]), "")], "i", dims={"i": I})


def test_rewriting_with_nothing_to_do_returns_the_same_objects():
    node = add([identity(I), M, einsum([(M, "ij"), (N, "jk")], "ik")])
    assert rewrite([node], lambda part: part)[0] is node
    assert substitute([node], {N: N})[0] is node


def test_substitution_keeps_the_normal_form():
    node = einsum([(M, "ij"), (N, "jk")], "ik")
    assert substitute([node], {M: identity(I)})[0] is N
    assert substitute([node], {M: Zero((I, I))})[0] is Zero((I, I))


def test_a_constant_that_is_zero_is_a_zero():
    assert constant(0) is Zero(())
    assert constant(2) is Constant(2.0)


LABELS = "ijk"
SIZES = {I: 3}


@st.composite
def products(draw: st.DrawFn) -> tuple[list[tuple[str, str]], str, list[int]]:
    """Factors (a matrix, a vector, or δ) over three labels of one size, and an output."""
    labels = st.sampled_from(LABELS)
    kinds = st.sampled_from(["M", "N", "g", "δ"])
    factors = []
    for kind in draw(st.lists(kinds, min_size=1, max_size=5)):
        factors.append((kind, "".join(draw(labels) for _ in range(1 if kind == "g" else 2))))
    met = sorted({label for _, group in factors for label in group})
    output = draw(st.permutations(met))[: draw(st.integers(0, len(met)))]
    return factors, "".join(output), draw(st.permutations(range(len(factors))))


NODES = {"M": M, "N": N, "g": g, "δ": identity(I)}


@given(products())
@settings(max_examples=300, deadline=None)
def test_products_have_the_value_of_numpy_and_one_form(product: tuple[list[tuple[str, str]], str, list[int]]):
    factors, output, order = product
    node = einsum([(NODES[kind], labels) for kind, labels in factors], output)
    rng = np.random.default_rng(1)
    arrays = {"M": rng.normal(size=(3, 3)), "N": rng.normal(size=(3, 3)), "g": rng.normal(size=3), "δ": np.eye(3)}
    operands = [part for kind, labels in factors for part in (arrays[kind], ["ijk".index(label) for label in labels])]
    expected = np.einsum(*operands, ["ijk".index(label) for label in output])
    np.testing.assert_allclose(evaluate(node, arrays, SIZES), expected, rtol=1e-12, atol=1e-12)
    renamed = str.maketrans("ijk", "kab")
    shuffled = [(NODES[factors[place][0]], factors[place][1].translate(renamed)) for place in order]
    assert einsum(shuffled, output.translate(renamed)) is node


@given(
    st.lists(products(), min_size=2, max_size=4), st.lists(st.sampled_from([1.0, -1.0, 2.0]), min_size=4, max_size=4)
)
@settings(max_examples=200, deadline=None)
def test_sums_have_the_value_of_their_terms_and_the_normal_form(found, amounts):
    terms = []
    for (factors, output, _), amount in zip(found, amounts, strict=False):
        node = einsum([(NODES[kind], labels) for kind, labels in factors], output, amount)
        kept = [label for label in "ijk" if label in output]
        order = [kept.index(label) for label in output]
        terms.append(einsum([(node, order)], range(3), dims=dict.fromkeys(range(3), I)) if order else None)
    terms = [term for term in terms if term is not None]
    if not terms:
        return
    total = add(terms)
    rng = np.random.default_rng(2)
    arrays = {"M": rng.normal(size=(3, 3)), "N": rng.normal(size=(3, 3)), "g": rng.normal(size=3)}
    expected = sum(evaluate(term, arrays, SIZES) for term in terms)
    np.testing.assert_allclose(evaluate(total, arrays, SIZES), expected, rtol=1e-11, atol=1e-11)
    assert add(terms[::-1]) is total
    for node in topological([total]):
        if isinstance(node, Add):
            assert sum(not term.tied for term in node.terms) <= 1 or not node.tied
        if isinstance(node, Einsum):
            assert not any(part.tied or isinstance(part, Spread | Constant | Zero) for part in node.operands)


@pytest.mark.parametrize("depth", [5000])
def test_depth_is_no_limit(depth: int):
    node = x
    for _ in range(depth):
        node = apply("tanh", node)
    assert len(topological([node])) == depth + 1
    assert rewrite([node], lambda part: part)[0] is node


def test_a_selection_that_is_certain_sums_to_one():
    t = Input("t", (J,))
    certain, perhaps = (select(t, I, strict=strict) for strict in (True, False))
    assert einsum([(certain, "ji")], "j") is ones((J,))
    assert einsum([(x, "j"), (certain, "ji")], "") is einsum([(x, "j")], "")
    assert isinstance(einsum([(perhaps, "ji")], "j"), Einsum)


def test_equal_selections_are_one_and_a_delta():
    t = Input("t", (J,))
    chosen = select(t, I, strict=True)
    both = einsum([(chosen, "ja"), (chosen, "jb"), (x, "j")], "ab")
    assert both is einsum([(chosen, "ja"), (x, "j"), (identity(I), "ab")], "ab")


def test_a_selection_by_a_position_of_the_same_size_is_a_delta():
    assert select(Affine((1,), 0, (I,)), I, strict=True) is identity(I)
    assert select(Position(I), I, strict=False) is identity(I)
    assert isinstance(select(Affine((1,), 0, (J,)), I, strict=True), Selection)


def test_a_symmetric_matrix_is_its_transpose():
    S = Input("S", (I, I), True)
    assert einsum([(S, "ij")], "ji") is S
    assert einsum([(S, "ij"), (g, "j")], "i") is einsum([(S, "ji"), (g, "j")], "i")
    assert add([S, einsum([(S, "ij")], "ji")]) is scale(S, 2.0)
    assert einsum([(S, "ij"), (M, "jk"), (S, "kl")], "il") is einsum([(S, "ji"), (M, "jk"), (S, "lk")], "il")
