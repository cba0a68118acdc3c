"""Derivatives of drawn programs by other libraries."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from generator.arrays import Arrays, Sample
from generator.evaluation import evaluate
from generator.libraries import Library, Steps, autograd_library, jax_library, torch_library

STEP = 1e-30

libraries = {"torch": cache(torch_library), "autograd": cache(autograd_library), "jax": cache(jax_library)}


def value(sample: Sample, library: Library, arrays: dict[str, Any]) -> Any:
    """The last equation."""
    return evaluate(sample.program, arrays, library)[sample.of]


def by_torch(sample: Sample, arrays: Arrays | None = None) -> Arrays:
    """∂L/∂x by PyTorch for every input x."""
    import torch

    arrays = sample.arrays if arrays is None else arrays
    tensors = {name: torch.tensor(arrays[name], requires_grad=True) for name in sample.wrt}
    loss = value(sample, libraries["torch"](), arrays | tensors)
    if not loss.requires_grad:
        return {name: np.zeros(arrays[name].shape) for name in sample.wrt}
    found = torch.autograd.grad(loss, list(tensors.values()), materialize_grads=True, allow_unused=True)
    return symmetric(sample, {name: each.numpy() for name, each in zip(tensors, found, strict=True)})


def by_autograd(sample: Sample) -> Arrays:
    """The same by autograd."""
    import autograd

    def loss(inputs: list[Any]) -> Any:
        found = value(sample, libraries["autograd"](), sample.arrays | dict(zip(sample.wrt, inputs, strict=True)))
        return found + 0.0 * sum(autograd.numpy.sum(each) for each in inputs)

    found = autograd.grad(loss)([sample.arrays[name] for name in sample.wrt])
    return symmetric(sample, dict(zip(sample.wrt, found, strict=True)))


def by_jax(sample: Sample) -> Arrays:
    """The same by JAX."""
    import jax

    with jax.enable_x64(True):
        found = jax.grad(_of_wrt(sample, libraries["jax"]()))({name: sample.arrays[name] for name in sample.wrt})
        return symmetric(sample, {name: np.asarray(each) for name, each in found.items()})


def hessian_by_jax(sample: Sample) -> dict[str, Arrays]:
    """∂²L/∂x∂y by JAX."""
    import jax

    with jax.enable_x64(True):
        found = jax.hessian(_of_wrt(sample, libraries["jax"]()))({name: sample.arrays[name] for name in sample.wrt})
        return _blocks(sample, found, np.asarray)


def jacobian_by_torch(sample: Sample) -> Arrays:
    """∂L/∂x for an L with axes, by `torch.func`."""
    import torch

    shape = sample.program.equations[-1].shape
    if 0 in shape:  # `jacrev` fails there, and there is nothing but the shape
        return {name: np.zeros((*shape, *sample.arrays[name].shape)) for name in sample.wrt}
    found = torch.func.jacrev(_of_wrt(sample, libraries["torch"]()))(_tensors(sample))
    return symmetric(sample, {name: each.numpy(force=True) for name, each in found.items()})


def hessian_by_torch(sample: Sample) -> dict[str, Arrays]:
    """∂²L/∂x∂y by `torch.func`."""
    import torch

    found = torch.func.hessian(_of_wrt(sample, libraries["torch"]()))(_tensors(sample))
    return _blocks(sample, found, lambda each: each.numpy(force=True))


def _blocks(sample: Sample, found: Any, array: Callable[[Any], np.ndarray]) -> dict[str, Arrays]:
    flat = {f"{row} {column}": array(each) for row, blocks in found.items() for column, each in blocks.items()}
    both = symmetric(sample, flat)
    return {row: {column: both[f"{row} {column}"] for column in blocks} for row, blocks in found.items()}


def symmetric(sample: Sample, found: Arrays) -> Arrays:
    """By a symmetric matrix the derivative is the symmetric one; of a Hessian's block, by both its names."""
    result = {}
    for key, array in found.items():
        behind = 0
        for name in reversed(key.split()):
            if sample.program.inputs[name].symmetric:
                array = 0.5 * (array + np.swapaxes(array, array.ndim - behind - 2, array.ndim - behind - 1))
            behind += sample.arrays[name].ndim
        result[key] = array
    return result


def _tensors(sample: Sample) -> dict[str, Any]:
    import torch

    return {name: torch.tensor(sample.arrays[name]) for name in sample.wrt}


def _of_wrt(sample: Sample, library: Library) -> Callable[[dict[str, Any]], Any]:
    return lambda inputs: value(sample, library, sample.arrays | inputs)


def by_steps(sample: Sample, direction: Arrays) -> Any:
    """The slope of the last equation along a direction, by one complex step."""
    moved = {name: sample.arrays[name] + 1j * STEP * direction[name] for name in sample.wrt}
    return np.imag(value(sample, Steps(), sample.arrays | moved)) / STEP
