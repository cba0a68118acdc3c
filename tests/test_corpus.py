"""Every golden derivative: against the program expected, the definition, its own text and its einsum strings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import definition
import numpy as np
import pytest
from corpus import Arrays, Record, draw, records

import einderiv as ed
from einderiv.render import Contraction, Following
from einderiv.syntax import parse as read
from einderiv.syntax import tree

RECORDS = records()
SEEDS = (1, 2)

each_record = pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
each_seed = pytest.mark.parametrize("seed", SEEDS)


def only(names: Iterable[str], values: Arrays) -> Arrays:
    """The arrays that a program has as inputs."""
    wanted = set(names)
    return {name: value for name, value in values.items() if name in wanted}


def functions(record: Record) -> list[ed.Function]:
    """What einderiv derives for a record: one function, and two for JᵀJ v."""
    net = ed.parse(record.program)
    of, wrt = record.of, record.wrt[0]
    match record.kind:
        case "derivative":
            return [ed.derivative(net, record.ask)]
        case "hvp":
            return [ed.hvp(net, of=of, wrt=wrt)]
        case "vjp":
            return [ed.vjp(net, of=of, wrt=wrt)]
        case "jtjv":
            return [ed.jvp(net, of=of, wrt=wrt), ed.vjp(net, of=of, wrt=wrt)]
    raise AssertionError(record.kind)


def vectors(record: Record, values: Arrays, pushed: np.ndarray | None = None) -> Arrays:
    """The arrays of each call, with the tangent `dx` or the cotangent `da` of a product."""
    arrays = only(ed.parse(record.program).inputs, values)
    if record.kind == "vjp":
        arrays[f"d{record.of}"] = values[record.along]
    elif record.kind in ("hvp", "jtjv"):
        arrays[f"d{record.wrt[0]}"] = values[record.along]
    if pushed is not None:
        del arrays[f"d{record.wrt[0]}"]
        arrays[f"d{record.of}"] = pushed
    return arrays


def derived(record: Record, values: Arrays) -> np.ndarray:
    """What einderiv computes for a record."""
    result = None
    for f in functions(record):
        result = f(vectors(record, values, result))
    assert isinstance(result, np.ndarray | np.generic | float)
    return np.asarray(result)


def by_definition(record: Record, values: Arrays) -> np.ndarray:
    """A record by complex steps through `definition.py`, which knows no rule of differentiation."""
    tree = read(record.program)
    if record.kind == "derivative":
        return definition.derivative(tree, record.of, record.wrt, values)
    v = np.ravel(values[record.along])
    shape = np.shape(values[record.wrt[0]])
    wrt = record.wrt * 2 if record.kind == "hvp" else record.wrt
    J = definition.derivative(tree, record.of, wrt, values).reshape(-1, np.prod(shape, dtype=int))
    match record.kind:
        case "hvp":
            product = J @ v
        case "vjp":
            product = v @ J
        case _:
            product = J.T @ (J @ v)
    return product.reshape(shape)


@each_seed
@each_record
def test_the_derivative_is_the_program_expected(record: Record, seed: int) -> None:
    values = draw(record, seed)
    expected = ed.parse(record.expected)
    D = np.asarray(ed.evaluate(expected, only(expected.inputs, values))["D"])
    got = derived(record, values)
    assert got.shape == D.shape
    np.testing.assert_allclose(got, D, rtol=1e-9, atol=1e-9 * np.max(np.abs(D), initial=1.0))


@each_seed
@each_record
def test_the_derivative_agrees_with_the_definition(record: Record, seed: int) -> None:
    values = draw(record, seed)
    D = by_definition(record, values)
    first_order = len(record.wrt) == 1 and record.kind != "hvp"
    tolerance = 1e-10 if first_order else 1e-9  # a complex step is exact, differences of it are not
    np.testing.assert_allclose(
        derived(record, values), D, rtol=tolerance, atol=tolerance * np.max(np.abs(D), initial=1.0)
    )


@each_record
def test_the_value_is_the_definition(record: Record) -> None:
    values = draw(record, SEEDS[0])
    net = ed.parse(record.program)
    D = definition.evaluate(read(record.program), values)[record.of]
    value = ed.function(net, of=record.of)(only(net.inputs, values))
    np.testing.assert_allclose(value, np.real(D), rtol=1e-12, atol=1e-12 * np.max(np.abs(D), initial=1.0))


@each_record
def test_the_derivative_as_text_reads_back_to_the_same_numbers(record: Record) -> None:
    values = draw(record, SEEDS[0])
    result = None
    for f in functions(record):
        arrays = vectors(record, values, result)
        result = f(arrays)
        again = ed.parse(str(f))
        back = np.asarray(ed.function(again)(only(again.inputs, arrays)))
        np.testing.assert_allclose(back, result, rtol=1e-12, atol=1e-12 * np.max(np.abs(result), initial=1.0))


@each_record
def test_the_einsum_strings_in_numpy_give_the_derivative(record: Record) -> None:
    values = draw(record, SEEDS[0])
    result = None
    for f in functions(record):
        arrays = vectors(record, values, result)
        result = np.asarray(f(arrays))
        found = run_einsums(f.einsum, arrays, result)
        np.testing.assert_allclose(found, result, rtol=1e-9, atol=1e-9 * np.max(np.abs(result), initial=1.0))


def run_einsums(steps: Sequence[Contraction | Following], arrays: Arrays, result: np.ndarray) -> np.ndarray:
    """The last target, with contractions in `numpy.einsum` and what stands between them as programs."""
    known = {name: np.asarray(array) for name, array in arrays.items()}
    sizes = sizes_in(steps, {name: array.shape for name, array in known.items()} | {steps[-1].target: result.shape})
    for step, size in zip(steps, sizes, strict=True):
        if isinstance(step, Contraction):
            groups, _, output = step.subscripts.partition("->")
            operands = [
                known[name] if name in known else made(name, group, size, known)
                for name, group in zip(step.operands, groups.split(","), strict=True)
            ]
            known[step.target] = step.coefficient * np.einsum(step.subscripts, *operands)
            assert np.ndim(known[step.target]) == len(output)
        else:
            program = ed.parse(declared(size, step.text))
            known[step.target] = np.asarray(ed.evaluate(program, only(program.inputs, known))[step.target])
    return known[steps[-1].target]


def made(name: str, group: str, sizes: dict[str, int], arrays: Arrays) -> np.ndarray:
    """The operand `δ`, `1` or a bracket, under the letters `group`, by the definition.

    No step tells how long a `1` is that is summed by itself: then all axes of all arrays have to have one size.
    """
    if name == "1" and group not in sizes:
        (size,) = {size for array in arrays.values() for size in array.shape}
        return np.ones(size)
    body = name if name.startswith("[") else f"{name}_{group}"
    return np.real(definition.evaluate(read(declared(sizes, f"made_{group} = {body}")), arrays)["made"])


def declared(sizes: dict[str, int], text: str) -> str:
    """A program with the sizes of its letters in front."""
    return "".join(f"index {letter}: {size}\n" for letter, size in sizes.items()) + text


def sizes_in(steps: Sequence[Contraction | Following], shapes: dict[str, tuple[int, ...]]) -> list[dict[str, int]]:
    """The sizes of the letters of each step, as the steps before and after tell them axis by axis."""
    found: list[dict[str, int]] = [{} for _ in steps]
    axes = {(name, axis): size for name, shape in shapes.items() for axis, size in enumerate(shape)}
    known = -1
    while known < (known := len(axes) + sum(map(len, found))):
        for step, sizes in zip(steps, found, strict=True):
            for name, letters in tensors(step):
                for axis, letter in enumerate(letters):
                    if (name, axis) in axes:
                        sizes[letter] = axes[name, axis]
                    elif letter in sizes:
                        axes[name, axis] = sizes[letter]
    return found


def tensors(step: Contraction | Following) -> list[tuple[str, Sequence[str]]]:
    """The names of a step that stand for arrays, with their letters."""
    if isinstance(step, Contraction):
        groups, _, output = step.subscripts.partition("->")
        pairs = [*zip(step.operands, groups.split(","), strict=True), (step.target, output)]
        looked_up = [pair for operand in step.operands for pair in re.findall(r"(\w+)_(\w+)", operand)]
        return [(name, letters) for name, letters in pairs if name.isidentifier() and name != "δ"] + looked_up
    found = []
    for node in definition.pieces(read(step.text)):
        match node:
            case tree.Equation(name, subscript) | tree.Tensor(name, subscript) | tree.Gather(name, subscript):
                found.append((name, definition.letters_of(subscript)))
            case tree.Call(_, (*_, tree.Tensor(name)), tree.Subscript() as subscript):
                found.append((name, definition.letters_of(subscript)))
    return found


def test_products_of_rows_have_a_derivative_where_an_entry_is_zero() -> None:
    J = ed.jacobian("p_i = prod_j(x_ij)", of="p", wrt="x")
    x = np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 5.0]])
    expected = np.zeros((2, 2, 3))
    expected[0, 0, 1] = 6.0
    np.testing.assert_array_equal(J(x=x), expected)


def test_the_corpus_is_complete() -> None:
    names = [record.name for record in RECORDS]
    assert len(names) == len(set(names)) == 122
    assert {record.kind for record in RECORDS} == {"derivative", "hvp", "vjp", "jtjv"}
