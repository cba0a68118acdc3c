"""Slopes of softmax where one probability is nearly 1, with the arrays and in the sources of JAX and PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jax
import numpy as np
import pytest
import torch
from slopes import of_softmax as slope

import einderiv as ed

RNG = np.random.default_rng(12)
MAKE: dict[str, Callable[[np.ndarray], object]] = {"jax": jax.numpy.array, "torch": torch.tensor}
ATTENTION = "given ∂E/∂O_bhid\nS_bhij = Q_bhid K_bhjd\nP_bhij = softmax_j(S_bhij)\nO_bhid = P_bhij V_bhjd"


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def by_source(f: ed.Function, library: str, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The result of a function's source code for a library."""
    space: dict[str, Callable[..., object]] = {}
    exec(f.source(library), space)
    order = [argument.keyword for argument in f._arguments()]
    return np.asarray(space["evaluate"](*(MAKE[library](arrays[name].copy()) for name in order)))


@pytest.mark.parametrize("library", MAKE)
@pytest.mark.parametrize(
    "net",
    [
        "p_ni = softmax_i(z_ni)\nL = g_ni p_ni",
        "p_in = softmax_i(z_in)\nL = g_in p_in",
        "p_i = softmax_i(z_i)\nL = g_i p_i",
        "p_i = softmax_i(z_i)\nL = p_i g_i + p_i p_i",
    ],
)
def test_arrays_and_sources_keep_the_digits_of_a_slope(library: str, net: str) -> None:
    z, g = RNG.normal(size=(3, 40)) * 40.0, RNG.normal(size=(3, 40))
    upstream = g
    if "p_i p_i" in net:
        p = np.exp(z - z.max(1, keepdims=True))
        upstream = g + 2 * p / p.sum(1, keepdims=True)
    expected = np.array([slope(*row) for row in zip(z, upstream, strict=True)])
    pick = (lambda x: x) if "_ni" in net else np.transpose if "_in" in net else (lambda x: x[0])
    arrays = {"z": pick(z).copy(), "g": pick(g).copy()}
    f = ed.grad(net, wrt="z")
    found = np.asarray(f({name: MAKE[library](array) for name, array in arrays.items()}))
    for result in (found, by_source(f, library, arrays)):
        np.testing.assert_allclose(result, pick(expected), rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("library", MAKE)
def test_they_do_so_in_batches_and_heads(library: str) -> None:
    Q, K, V, G = RNG.normal(size=(4, 2, 3, 6, 4)) * np.array([30.0, 1.0, 1.0, 1.0]).reshape(4, 1, 1, 1, 1)
    f = ed.grad(ATTENTION, of="E", wrt="S")
    arrays = {"Q": Q, "K": K, "V": V, "dE_dO": G}
    found = np.asarray(f({name: MAKE[library](array) for name, array in arrays.items()}))
    S, g = Q @ K.swapaxes(2, 3), G @ V.swapaxes(2, 3)
    for result in (found, by_source(f, library, arrays)):
        np.testing.assert_allclose(result[1, 2, 3], slope(S[1, 2, 3], g[1, 2, 3]), rtol=1e-8, atol=1e-200)


def test_pytorch_differentiates_through_it() -> None:
    z, g = RNG.normal(size=7), RNG.normal(size=7)
    f = ed.grad("p_i = softmax_i(z_i)\nL = g_i p_i", wrt="z")
    leaf = torch.tensor(z, requires_grad=True)
    found = torch.autograd.grad(torch.sum(f(z=leaf, g=torch.tensor(g)) * torch.tensor(g)), leaf)[0]
    hessian = ed.hessian("p_i = softmax_i(z_i)\nL = g_i p_i", wrt="z")(z=z, g=g)
    np.testing.assert_allclose(found.numpy(), hessian @ g, rtol=1e-12, atol=1e-15)
