"""Relations between derivatives that hold for every program, each a function of a sample.

A relation returns False where a sample does not have what it is about, and raises `Mismatch` where it is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from reference import evaluate as by_definition

import einderiv as ed
from generator.arrays import Arrays, Sample
from generator.checking import close, tangent
from generator.choices import Choices
from generator.tree import Program
from generator.turning import renamed, reordered, transposable, transposed
from generator.writing import write

LETTERS = ("e", "f", "o", "r", "s", "t", "u", "v", "w", "y", "z", "a", "b", "c", "g")
SMALL = 40  # elements of an input whose Hessian is taken
TINY = 6  # elements of an input whose third derivative is taken

Relation = Callable[[Sample], bool]


def grad(text: str, arrays: Mapping[str, Any], wrt: list[str], of: str = "L") -> dict[str, Any]:
    """∂L/∂x for every x."""
    found: dict[str, Any] = ed.grad(text, of=of, wrt=wrt, allow_unused=True)(arrays)
    return found


def same(found: Mapping[str, Any], expected: Mapping[str, Any], what: str, scale: float = 1.0) -> None:
    """Equal for every name."""
    for name, array in expected.items():
        close(found[name], array, f"{name}: {what}", scale=scale)


def smallest(sample: Sample, most: int, fewest: int = 1) -> str | None:
    """The input with the most elements, but not too many."""
    fitting = [name for name in sample.wrt if fewest <= sample.arrays[name].size <= most]
    return max(fitting, key=lambda name: sample.arrays[name].size, default=None)


def square_of(sample: Sample) -> tuple[str, str]:
    """An input, and the text of the sum of its squares."""
    name = sample.wrt[0]
    letters = "".join(LETTERS[: sample.arrays[name].ndim])
    tensor = f"{name}_{letters}" if letters else name
    return name, f"{tensor} * {tensor}"


def linear(sample: Sample) -> bool:
    """∂(2 L + 3 x·x)/∂x = 2 ∂L/∂x + 6 x."""
    name, square = square_of(sample)
    g = grad(sample.text, sample.arrays, sample.wrt)
    found = grad(f"{sample.text}last = 2 L + 3 {square}\n", sample.arrays, sample.wrt, "last")
    expected = {each: 2 * g[each] for each in g} | {name: 2 * g[name] + 6 * sample.arrays[name]}
    same(found, expected, "the derivative is linear", _largest(g))
    return True


def product_rule(sample: Sample) -> bool:
    """∂(L x·x)/∂x = x·x ∂L/∂x + 2 L x."""
    name, square = square_of(sample)
    g, L = grad(sample.text, sample.arrays, sample.wrt), ed.function(sample.text, of="L")(sample.arrays)
    found = grad(f"{sample.text}last = L ({square})\n", sample.arrays, sample.wrt, "last")
    x = sample.arrays[name]
    expected = {each: np.sum(x * x) * g[each] for each in g}
    expected[name] = expected[name] + 2 * L * x
    same(found, expected, "the product rule", abs(float(L)) + _largest(expected))
    return True


def chain_rule(sample: Sample) -> bool:
    """∂tanh(L / 100)/∂x = (1 - tanh²(L / 100)) / 100 ∂L/∂x."""
    g, L = grad(sample.text, sample.arrays, sample.wrt), ed.function(sample.text, of="L")(sample.arrays)
    found = grad(f"{sample.text}last = tanh(L / 100)\n", sample.arrays, sample.wrt, "last")
    slope = 1 / np.cosh(min(abs(float(L)) / 100, 300.0)) ** 2 / 100
    same(found, {each: slope * g[each] for each in g}, "the chain rule", abs(float(L)))
    return True


def order_of_two(sample: Sample) -> bool:
    """∂²L/∂x∂y = (∂²L/∂y∂x)ᵀ."""
    pair = [name for name in sample.wrt if 0 < sample.arrays[name].size <= SMALL][:2]
    if len(pair) < 2:
        return False
    x, y = pair
    one = ed.derivative(sample.text, _query(sample, "L", (x, y)))(sample.arrays)
    other = ed.derivative(sample.text, _query(sample, "L", (y, x)))(sample.arrays)
    rank = sample.arrays[x].ndim
    axes = [*range(sample.arrays[y].ndim, np.ndim(other)), *range(sample.arrays[y].ndim)]
    close(one, np.transpose(other, axes), f"∂²L/∂{x}∂{y} in both orders")
    assert np.shape(one)[:rank] == sample.arrays[x].shape
    return True


def hessian_symmetric(sample: Sample) -> bool:
    """∂²L/∂x∂x is symmetric, and `hessian` gives what the query does."""
    x = smallest(sample, SMALL)
    if x is None:
        return False
    H = np.asarray(ed.hessian(sample.text, of="L", wrt=x, allow_unused=True)(sample.arrays))
    size = sample.arrays[x].size
    close(H.reshape(size, size), H.reshape(size, size).T, f"∂²L/∂{x}∂{x} is symmetric")
    close(H, ed.derivative(sample.text, _query(sample, "L", (x, x)))(sample.arrays), "the query")
    return True


def index_names(sample: Sample) -> bool:
    """Other index letters give the same numbers."""
    return _same_gradient(sample, renamed(sample.program), "with other letters")


def order_of_terms(sample: Sample) -> bool:
    """Terms and factors in another order give the same numbers."""
    return _same_gradient(sample, reordered(sample.program, Choices.of_seed(sample.choices[-1])), "in another order")


def transposition(sample: Sample) -> bool:
    """An input with its axes in the opposite order has the gradient with its axes so."""
    turned = transposable(sample.program)
    if turned is None or turned.kind == "whole":
        return False
    program = transposed(sample.program, turned)
    arrays = sample.arrays | {turned.name: sample.arrays[turned.name].T.copy()}
    g = grad(sample.text, sample.arrays, sample.wrt)
    found = grad(write(program, Choices.of_seed(0)), arrays, sample.wrt)
    found[turned.name] = found[turned.name].T
    same(found, g, f"with {turned.name} transposed", _largest(g))
    return True


def unsimplified(sample: Sample) -> bool:
    """The derivative before and after simplification, by an evaluator that makes no plan, is the planned result."""
    f = ed.grad(sample.text, of="L", wrt=sample.wrt, allow_unused=True)
    results = f(sample.arrays)
    shapes = {name: array.shape for name, array in sample.arrays.items()}
    for stage, nodes in (("before", [asked.node for asked in f._asked]), ("after", f._nodes)):
        sizes = f._sizes(shapes, nodes)
        for name, node in zip(sample.wrt, nodes, strict=True):
            expected = by_definition(node, sample.arrays, sizes)
            close(results[name], expected, f"∂L/∂{name} {stage} simplification", scale=_largest(results))
    return True


def expanded(sample: Sample) -> bool:
    """`factored().to_dense()` is the dense Hessian, and its product with a vector that of the Hessian."""
    x = smallest(sample, SMALL)
    if x is None:
        return False
    H = ed.hessian(sample.text, of="L", wrt=x, allow_unused=True)
    dense, parts = np.asarray(H(sample.arrays)), H.factored(sample.arrays)
    close(parts.to_dense(), dense, "the factored Hessian in full")
    v = tangent(sample, x, np.random.default_rng(0))
    expected = np.tensordot(dense, v, v.ndim)
    close(parts.matvec(v), expected, "the factored Hessian times a vector", scale=_largest({"H": dense}))
    return True


def products(sample: Sample) -> bool:
    """`jvp`, `vjp` and `hvp` are the gradient and the Hessian times a vector."""
    x = smallest(sample, SMALL)
    if x is None or f"d{x}" in sample.program.inputs or "dL" in sample.program.inputs:
        return False
    v = tangent(sample, x, np.random.default_rng(0))
    g = np.asarray(ed.grad(sample.text, of="L", wrt=x, allow_unused=True)(sample.arrays))
    close(ed.jvp(sample.text, of="L", wrt=x, allow_unused=True)(sample.arrays | {f"d{x}": v}), np.sum(g * v), "jvp",
          scale=_largest({"g": g}))  # fmt: skip
    close(ed.vjp(sample.text, of="L", wrt=x, allow_unused=True)(sample.arrays | {"dL": 1.5}), 1.5 * g, "vjp")
    H = np.asarray(ed.hessian(sample.text, of="L", wrt=x, allow_unused=True)(sample.arrays))
    found = ed.hvp(sample.text, of="L", wrt=x, allow_unused=True)(sample.arrays | {f"d{x}": v})
    close(found, np.tensordot(H, v, v.ndim), "hvp", scale=_largest({"H": H}))
    return True


def third_order(sample: Sample) -> bool:
    """The third derivative times three vectors is the gradient, times v, of the second times two."""
    x = smallest(sample, TINY)
    if x is None:
        return False
    array = sample.arrays[x]
    v = tangent(sample, x, np.random.default_rng(0))
    D = np.asarray(ed.derivative(sample.text, _query(sample, "L", (x, x, x)))(sample.arrays))
    rank = array.ndim
    first, second = "".join(LETTERS[:rank]), "".join(LETTERS[rank : 2 * rank])
    factors = [f"direction_{letters}" if letters else "direction" for letters in (first, second)]
    line = f"last = {factors[0]} {factors[1]} {_query(sample, 'L', (x, x))}\n"
    g = grad(sample.text + line, sample.arrays | {"direction": v}, [x], "last")[x]
    once = np.tensordot(np.tensordot(D, v, rank), v, rank)
    close(np.sum(g * v), np.sum(once * v), "the third derivative", scale=_largest({"D": D}))
    return True


RELATIONS: dict[str, Relation] = {
    "linearity": linear,
    "product rule": product_rule,
    "chain rule": chain_rule,
    "order of two derivatives": order_of_two,
    "symmetry of the Hessian": hessian_symmetric,
    "names of indices": index_names,
    "order of terms and factors": order_of_terms,
    "transposed inputs": transposition,
    "simplified and planned, or neither": unsimplified,
    "factored and dense": expanded,
    "jvp, vjp, hvp": products,
    "third order": third_order,
}


def _query(sample: Sample, top: str, below: tuple[str, ...]) -> str:
    """`∂²L/∂x_a∂y_bc`, with letters of its own for every axis."""
    letters = iter(LETTERS)
    bottoms = []
    for name in below:
        own = "".join(next(letters) for _ in sample.arrays[name].shape)
        bottoms.append(f"∂{name}_{own}" if own else f"∂{name}")
    return f"∂{['', '', '²', '³'][len(below)]}{top}/{''.join(bottoms)}"


def _same_gradient(sample: Sample, program: Program, what: str) -> bool:
    g = grad(sample.text, sample.arrays, sample.wrt)
    same(grad(write(program, Choices.of_seed(0)), sample.arrays, sample.wrt), g, what, _largest(g))
    return True


def _largest(arrays: Arrays | Mapping[str, Any]) -> float:
    return max((float(np.max(np.abs(array), initial=1.0)) for array in arrays.values()), default=1.0)
