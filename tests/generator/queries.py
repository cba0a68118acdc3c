"""Derivatives that stand in the text of a program: alone on a line, inside equations, by what is defined, and given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import einderiv as ed
from generator.arrays import Arrays, Sample
from generator.checking import NOISE, IllConditioned, Mismatch, close, noise, torch_digits
from generator.evaluation import evaluate
from generator.oracles import libraries, symmetric
from generator.relations import SMALL, smallest

LETTERS = "efgorstuvw"  # which no drawn program has
LAST = "sin(0.01 L) + 0.001"  # times the sum of the squares of a derivative
LOSS = "Loss"  # what is known by its derivative alone


def queries(sample: Sample) -> list[str]:
    """Each kind of derivative that the program has, against PyTorch."""
    found = [outputs, inside] if smallest(sample, SMALL) else [outputs]
    if len(sample.program.equations) > 1:
        found += [by_what_is_defined, given]
    for each in found:
        each(sample)
    return [each.__name__.replace("_", " ") for each in found]


def outputs(sample: Sample) -> None:
    """`∂L/∂x_ab` alone on a line is an output."""
    lines = {name: f"∂L/∂{_tensor(sample, name)}" for name in sample.wrt}
    values = ed.evaluate(sample.text + "\n".join(lines.values()), sample.arrays)
    _compare(sample, {name: values[line] for name, line in lines.items()}, _gradient, 1)


def inside(sample: Sample) -> None:
    """The gradient of (sin(L / 100) + 0.001) Σ (∂L/∂x)², in which the derivative stands in an equation."""
    x = smallest(sample, SMALL)
    assert x is not None
    text = f"{sample.text}slope{_subscript(sample, x)} = ∂L/∂{_tensor(sample, x)}\n"
    text += f"last = ({LAST}) slope{_subscript(sample, x)} ∂L/∂{_tensor(sample, x)}\n"
    found = ed.grad(text, of="last", wrt=sample.wrt, allow_unused=True)(sample.arrays)

    def oracle(each: Sample) -> Arrays:
        import torch

        tensors, values = _values(each)
        (slope,) = _grad(values["L"], [tensors[x]])
        if each.program.inputs[x].symmetric:
            slope = 0.5 * (slope + slope.T)
        last = (torch.sin(0.01 * values["L"]) + 0.001) * torch.sum(slope * slope)
        return _arrays(each, _grad(last, list(tensors.values())))

    _compare(sample, found, oracle, 2)


def by_what_is_defined(sample: Sample) -> None:
    """`∂L/∂a_ij` holds a as a variable of its own, although an equation defines it."""
    first = sample.program.equations[0]
    letters = LETTERS[: len(first.letters)]
    line = f"∂L/∂{first.name}" + (f"_{letters}" if letters else "")
    values = ed.evaluate(sample.text + line, sample.arrays)

    def oracle(each: Sample) -> Arrays:
        _, torches = _values(each)
        if not torches[first.name].requires_grad:  # PyTorch has forgotten how a number was made
            raise IllConditioned(f"`{first.name}` depends on no input")
        (found,) = _grad(torches["L"], [torches[first.name]])
        return {"a": found.numpy(force=True)}

    _compare(sample, {"a": values[line]}, oracle, 1)


def given(sample: Sample) -> None:
    """`∂Loss/∂x`, where the program has `given ∂Loss/∂a_ij`, is Σ ∂Loss/∂a ∂a/∂x."""
    first = sample.program.equations[0]
    letters = LETTERS[: len(first.letters)]
    upstream = np.random.default_rng(0).normal(size=first.shape)
    lines = {name: f"∂{LOSS}/∂{_tensor(sample, name)}" for name in sample.wrt}
    head = f"given ∂{LOSS}/∂{first.name}" + (f"_{letters}" if letters else "")
    text = f"{sample.text}{head}\n" + "\n".join(lines.values())
    values = ed.evaluate(text, sample.arrays | {f"∂{LOSS}/∂{first.name}": upstream})

    def oracle(each: Sample) -> Arrays:
        import torch

        tensors, torches = _values(each)
        return _arrays(each, _grad(torch.sum(torches[first.name] * torch.tensor(upstream)), list(tensors.values())))

    _compare(sample, {name: values[line] for name, line in lines.items()}, oracle, 1)


def _gradient(sample: Sample) -> Arrays:
    tensors, values = _values(sample)
    return _arrays(sample, _grad(values["L"], list(tensors.values())))


def _values(sample: Sample) -> tuple[dict[str, Any], dict[str, Any]]:
    """PyTorch's inputs, and its value of every equation."""
    import torch

    tensors = {name: torch.tensor(sample.arrays[name], requires_grad=True) for name in sample.wrt}
    return tensors, evaluate(sample.program, sample.arrays | tensors, libraries["torch"]())


def _grad(of: Any, by: list[Any]) -> list[Any]:
    """The gradient, which can be differentiated again; zero where nothing depends on the inputs."""
    import torch

    if not of.requires_grad:
        return [torch.zeros_like(each) for each in by]
    by = [each if each.requires_grad else each.clone().requires_grad_() for each in by]
    return list(torch.autograd.grad(of, by, create_graph=True, allow_unused=True, materialize_grads=True))


def _arrays(sample: Sample, found: list[Any]) -> Arrays:
    return symmetric(sample, {name: each.numpy(force=True) for name, each in zip(sample.wrt, found, strict=True)})


def _compare(sample: Sample, found: Arrays, oracle: Callable[[Sample], Arrays], order: int) -> None:
    """Equal, as far as the oracle has digits; PyTorch has none behind a `where` whose other branch has no slope."""
    for name, expected in oracle(sample).items():
        if np.isnan(expected).any() and np.isfinite(found[name]).all():
            raise IllConditioned(f"PyTorch has nan for {name}")
        try:
            close(found[name], expected, f"a derivative by {name} in the text", torch_digits(sample, order))
        except Mismatch as mismatch:
            if np.shape(found[name]) != expected.shape:
                raise
            if not np.max(np.abs(found[name] - expected)) <= NOISE * noise(sample, oracle, name):
                raise
            raise IllConditioned(str(mismatch)) from mismatch


def _subscript(sample: Sample, name: str) -> str:
    letters = LETTERS[: sample.arrays[name].ndim]
    return f"_{letters}" if letters else ""


def _tensor(sample: Sample, name: str) -> str:
    return name + _subscript(sample, name)
