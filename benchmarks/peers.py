"""The libraries that einderiv is compared with, as their users call them; those not installed are left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np

Function = Callable[..., Any]
Transform = Callable[[Function, tuple[int, ...]], Function]

COMPILED = {"torch.compile": False}  # set by `--compile`: it takes 2 to 12 s for each problem and size


@dataclass(frozen=True, slots=True)
class Peer:
    """A library: its mathematics under common names, its arrays, and its transformations of functions.

    `gradient` and `value_and_gradient` give a tuple by the chosen arguments; `jacobian` and `hessian` take one; `hvp`
    has the directions after the arguments.
    """

    name: str
    math: Any
    array: Callable[[Any], Any]
    wait: Callable[[Any], Any]
    plain: Callable[[Any], Any]
    gradient: Transform
    value_and_gradient: Transform
    jacobian: Transform
    hessian: Transform
    hvp: Transform


@lru_cache(maxsize=1)
def installed() -> tuple[Peer, ...]:
    """The peers that can be imported."""
    makers = {"jax": jax, "torch": torch, "autograd": autograd}
    peers = [maker() for name, maker in makers.items() if find_spec(name)]
    if find_spec("torch") and COMPILED["torch.compile"]:
        peers.append(torch(compiled=True))
    return tuple(peers)


def jax() -> Peer:
    """JAX: each transformation under one `jit`, the arrays as arguments, in float64."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    jax.config.update("jax_enable_x64", True)
    jit = jax.jit
    math = SimpleNamespace(
        exp=jnp.exp,
        log1p=jnp.log1p,
        tanh=jnp.tanh,
        relu=jax.nn.relu,
        einsum=jnp.einsum,
        logsoftmax=lambda x: jax.nn.log_softmax(x, -1),
        softmax=lambda x: jax.nn.softmax(x, -1),
    )

    def hvp(f: Function, places: tuple[int, ...]) -> Function:
        def along(*operands: Any) -> Any:
            arguments, directions = operands[: -len(places)], operands[-len(places) :]

            def slope(*chosen: Any) -> Any:
                full = list(arguments)
                for place, value in zip(places, chosen, strict=True):
                    full[place] = value
                return jax.grad(f, places)(*full, *directions)

            return jax.jvp(slope, tuple(arguments[place] for place in places), tuple(directions))[1]

        compiled: Function = jit(along)
        return compiled

    return Peer(
        "JAX",
        math,
        jnp.asarray,
        jax.block_until_ready,
        np.asarray,
        lambda f, places: jit(jax.grad(f, places)),
        lambda f, places: jit(jax.value_and_grad(f, places)),
        lambda f, places: jit(jax.jacrev(f, places[0])),
        lambda f, places: jit(jax.hessian(f, places[0])),
        hvp,
    )


def torch(*, compiled: bool = False) -> Peer:
    """PyTorch: `autograd.grad` for gradients, `torch.func` for the rest; or all of it through `torch.compile`."""
    torch = import_module("torch")
    func = torch.func
    done: Callable[[Function], Function] = torch.compile if compiled else (lambda f: f)
    math = SimpleNamespace(
        exp=torch.exp,
        log1p=torch.log1p,
        tanh=torch.tanh,
        relu=torch.relu,
        einsum=torch.einsum,
        logsoftmax=lambda x: torch.log_softmax(x, -1),
        softmax=lambda x: torch.softmax(x, -1),
    )

    def value_and_gradient(f: Function, places: tuple[int, ...]) -> Function:
        if compiled:
            pair = func.grad_and_value(f, places)
            return done(lambda *operands: pair(*operands)[::-1])

        def run(*operands: Any) -> Any:
            chosen = {place: operands[place].detach().requires_grad_() for place in places}
            value = f(*(chosen.get(place, operand) for place, operand in enumerate(operands)))
            return value.detach(), torch.autograd.grad(value, list(chosen.values()))

        return run

    def gradient(f: Function, places: tuple[int, ...]) -> Function:
        both = value_and_gradient(f, places)
        return lambda *operands: both(*operands)[1]

    def hvp(f: Function, places: tuple[int, ...]) -> Function:
        def along(*operands: Any) -> Any:
            arguments, directions = operands[: -len(places)], operands[-len(places) :]

            def slope(*chosen: Any) -> Any:
                full = list(arguments)
                for place, value in zip(places, chosen, strict=True):
                    full[place] = value
                return func.grad(f, places)(*full, *directions)

            return func.jvp(slope, tuple(arguments[place] for place in places), tuple(directions))[1]

        return done(along)

    return Peer(
        "torch.compile" if compiled else "PyTorch",
        math,
        torch.as_tensor,
        lambda value: value,
        lambda array: array.detach().numpy(),
        gradient,
        value_and_gradient,
        lambda f, places: done(func.jacrev(f, places[0])),
        lambda f, places: done(func.hessian(f, places[0])),
        hvp,
    )


def autograd() -> Peer:
    """autograd: NumPy with a tape."""
    autograd, anp = import_module("autograd"), import_module("autograd.numpy")
    logsumexp = import_module("autograd.scipy.special").logsumexp

    def logsoftmax(x: Any) -> Any:
        return x - logsumexp(x, axis=-1, keepdims=True)

    math = SimpleNamespace(
        exp=anp.exp,
        log1p=anp.log1p,
        tanh=anp.tanh,
        relu=lambda x: anp.maximum(x, 0.0),
        einsum=anp.einsum,
        logsoftmax=logsoftmax,
        softmax=lambda x: anp.exp(logsoftmax(x)),
    )

    def value_and_gradient(f: Function, places: tuple[int, ...]) -> Function:
        def by_chosen(chosen: Any, operands: Any) -> Any:
            full = list(operands)
            for place, value in zip(places, chosen, strict=True):
                full[place] = value
            return f(*full)

        both = autograd.value_and_grad(by_chosen)
        return lambda *operands: both(tuple(operands[place] for place in places), operands)

    def hvp(f: Function, places: tuple[int, ...]) -> Function:
        def slope(chosen: Any, operands: Any) -> Any:
            return autograd.grad(lambda inner: value(inner, operands))(chosen)

        def value(chosen: Any, operands: Any) -> Any:
            full = list(operands)
            for place, part in zip(places, chosen, strict=True):
                full[place] = part
            return f(*full)

        def along(*operands: Any) -> Any:
            chosen = tuple(operands[place] for place in places)
            directions = operands[-len(places) :]

            def product(inner: Any) -> Any:
                parts = zip(slope(inner, operands), directions, strict=True)
                return sum(anp.sum(part * direction) for part, direction in parts)

            return autograd.grad(product)(chosen)

        return along

    return Peer(
        "autograd",
        math,
        np.asarray,
        lambda value: value,
        np.asarray,
        lambda f, places: lambda *operands: value_and_gradient(f, places)(*operands)[1],
        value_and_gradient,
        lambda f, places: autograd.jacobian(f, places[0]),
        lambda f, places: autograd.hessian(f, places[0]),
        hvp,
    )
