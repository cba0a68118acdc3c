"""Random well-typed programs: derivatives against other libraries, relations between them, and round trips.

A run repeats exactly; `python -m quality programs` tries more programs than there is time for here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import jax
import numpy as np
import pytest
from generator import Choices, Sample, checking, draw, precision, queries, relations, roundtrips, saving, shrinking
from generator.arrays import lengthened
from generator.tally import Tally
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import einderiv as ed

NUMBERS = st.lists(st.integers(0, 999), max_size=120)


def samples(subject: str, count: int, scalar: bool = True, most: int = 10**6) -> Iterator[Sample]:
    """The first samples of a subject that have not too many elements."""
    number = 0
    while count:
        number += 1
        found = draw(Choices.of_seed(f"{subject} test {number}"), scalar)
        if found is not None and sum(found.arrays[name].size for name in found.wrt) <= most:
            count -= 1
            yield found


def check(subject: str, sample: Sample, function: Callable[[Sample], object]) -> None:
    """A failure shows the program."""
    try:
        function(sample)
    except checking.IllConditioned:
        pass
    except Exception as problem:
        raise AssertionError(f"{subject}: {problem}\n{sample.text}{sample.choices}") from problem


@pytest.fixture
def x64() -> Iterator[None]:
    """JAX in double precision, for one test."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.mark.parametrize("part", range(4))
def test_gradients_are_those_of_torch_autograd_and_complex_steps(part: int) -> None:
    for sample in samples(f"gradient {part}", 60):
        check("gradient", sample, checking.gradient)


def test_jacobians_are_those_of_torch() -> None:
    for sample in samples("jacobian", 60, scalar=False):
        check("jacobian", sample, checking.jacobian)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")  # inside `torch.func`
def test_hessians_are_those_of_torch() -> None:
    for sample in samples("hessian", 30, most=40):
        check("hessian", sample, checking.hessian)


def test_derivatives_in_the_text_are_those_of_torch() -> None:
    for sample in samples("queries", 40):
        check("queries", sample, queries.queries)


@pytest.mark.usefixtures("x64")
def test_gradients_are_those_of_jax() -> None:
    for sample in samples("jax", 2, most=60):
        check("jax", sample, checking.gradient_by_jax)


@settings(max_examples=60)
@given(NUMBERS)
def test_what_hypothesis_draws_has_the_gradient_of_torch(numbers: list[int]) -> None:
    sample = draw(Choices(numbers))
    assume(sample is not None)
    assert sample is not None
    check("gradient", sample, checking.gradient)


@pytest.mark.parametrize("name", relations.RELATIONS)
def test_a_relation_holds(name: str) -> None:
    holds = relations.RELATIONS[name]
    found = 0
    for sample in samples("relations", 10):
        try:
            found += holds(sample)
        except checking.Mismatch as problem:
            raise AssertionError(f"{name}: {problem}\n{sample.text}") from problem
    assert found >= 4


@pytest.mark.parametrize("library", ["text", "numpy", "torch"])
def test_what_is_printed_computes_the_same(library: str) -> None:
    for sample in samples("round trips", 20, most=200):
        if library == "text":
            check(library, sample, roundtrips.text)
        else:
            check(library, sample, lambda each: roundtrips.source(each, library))


def test_every_formula_is_drawn() -> None:
    for sample in samples("latex", 6, most=60):
        check("latex", sample, lambda each: roundtrips.by_mathtext(roundtrips.formulas(each)))


def test_results_are_fresh_arrays_and_inputs_stay_as_they_are() -> None:
    for sample in samples("aliasing", 40):
        before = {name: array.copy() for name, array in sample.arrays.items()}
        for array in sample.arrays.values():
            array.flags.writeable = False
        value, gradient = ed.value_and_grad(sample.text, of="L", wrt=sample.wrt, allow_unused=True)(sample.arrays)
        assert np.ndim(value) == 0
        for name, result in gradient.items():
            assert result.flags.writeable, (name, sample.text)
            assert not any(np.shares_memory(result, array) for array in sample.arrays.values()), (name, sample.text)
        assert all(np.array_equal(before[name], array) for name, array in sample.arrays.items())


def test_single_precision_stays_single() -> None:
    for sample in samples("single precision", 30):
        arrays = dict(sample.arrays) | {name: sample.arrays[name].astype(np.float32) for name in sample.wrt}
        gradient = ed.grad(sample.text, of="L", wrt=sample.wrt, allow_unused=True)(arrays)
        assert {result.dtype for result in gradient.values()} == {np.dtype(np.float32)}, sample.text


def test_positions_that_are_not_needed_do_not_widen_a_result() -> None:
    g = ed.grad("L = sum_j ceil(A_{t_j,j}) + x_i x_i", of="L", wrt="x")
    x = np.ones(2, np.float32)
    assert g(x=x, A=np.ones((2, 3), np.float32), t=np.array([0, 1, 0])).dtype == np.float32


@pytest.mark.parametrize("function", [precision.single, precision.short_axes, precision.poisoned])
def test_single_precision_short_axes_and_nan_are_as_promised(function: Callable[[Sample], bool]) -> None:
    for sample in samples(function.__name__, 25, most=200):
        check(function.__name__, sample, function)


# ------------------------------------------------------------------------------------------- the generator itself


def test_a_seed_repeats() -> None:
    first, second = (draw(Choices.of_seed("gradient 1 7")) for _ in range(2))
    assert first is not None and second is not None
    assert first.text == second.text
    assert all(np.array_equal(first.arrays[name], second.arrays[name]) for name in first.arrays)


def test_the_choices_of_a_sample_draw_it_again() -> None:
    for sample in samples("again", 5):
        again = draw(Choices(sample.choices))
        assert again is not None and again.text == sample.text


def test_the_sums_of_a_tree_are_those_that_its_text_means() -> None:
    for sample in samples("values", 40):
        value = ed.function(sample.text, of="L")(sample.arrays)
        expected = checking.oracles.value(sample, checking.oracles.Library(), sample.arrays)
        checking.close(value, expected, "the value", scale=1e3)


def test_a_failure_is_shrunk_and_kept(tmp_path) -> None:
    def has_a_sine(sample: Sample) -> bool:
        return "sin(" in sample.text

    sample = next(each for each in samples("shrinking", 1000) if has_a_sine(each) and len(each.text) > 200)
    small = shrinking.shrunk(sample, has_a_sine)
    assert has_a_sine(small) and len(small.text) < 60
    path = saving.save(small, "gradient", "small", "for a test", tmp_path)
    saving.replay(saving.read(path))
    wrong = path.with_suffix(".json").read_text(encoding="utf-8").replace('"expected"', '"was"')
    path.with_suffix(".json").write_text(wrong.replace('"arrays"', '"expected"').replace('"was"', '"arrays"'))
    with pytest.raises((AssertionError, ed.EinError, KeyError)):
        saving.replay(saving.read(path))


def test_many_productions_are_drawn_soon() -> None:
    tally = Tally()
    for sample in samples("tally", 150):
        tally.add(sample)
    assert len(tally.productions) > 60


def test_a_program_with_an_axis_of_length_0_is_also_suitable_with_one_of_length_1() -> None:
    lengths = [lengthened(sample.program) for sample in samples("lengthened", 40)]
    found = [program for program in lengths if program is not None]
    assert 5 < len(found) < 40
    assert all(0 not in each.shape for program in found for each in program.inputs.values())


@pytest.mark.parametrize(("found", "oracle", "noisy", "verdict"), [
    (5e-14, 1e-11, 1e-11, None),  # right, whatever the oracle has
    (5e-12, 1e-11, 1e-11, checking.IllConditioned),  # nobody has the digits, the oracle fewer still
    (5e-12, 1e-11, 1e-14, checking.Mismatch),  # the oracle does not change with the last digits of the inputs
    (5e-12, 1e-13, 1e-11, checking.Mismatch),  # the oracle has them
])  # fmt: skip
def test_who_has_the_digits_of_an_exact_zero_is_right(monkeypatch, found, oracle, noisy, verdict) -> None:
    sample = next(each for number in range(20) if (each := draw(Choices.of_seed(f"zero {number}"))) is not None)
    monkeypatch.setattr(checking, "noise", lambda sample, oracle, name: noisy)
    mismatch = checking.Mismatch("the oracle differs")
    with pytest.raises(verdict) if verdict else nullcontext():
        checking._decided(sample, np.array(found), lambda _: {"x": np.array(oracle)}, "x", mismatch, np.zeros(()))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the oracles, whose exponentials overflow
def test_where_a_complex_step_fails_a_hundred_digits_decide() -> None:
    sample = draw(Choices.of_seed("gradients 3 8842"))  # PyTorch and autograd have NaN, the steps another slope
    assert sample is not None
    assert checking.gradient(sample)[:2] == ["torch", "decided with a hundred digits"]


def test_an_exponent_is_a_term_of_its_own_whose_look_up_would_be_summed() -> None:
    sample = draw(Choices.of_seed("gradients 2 12263"))  # has `(…)^(θ_{l, t_{l}, l}) x_l`, which is refused
    assert sample is not None
    assert "Σ_{l} tanh(" in sample.text
    assert checking.gradient(sample)
