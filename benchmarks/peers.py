"""The libraries that einderiv is compared with, as their users call them; those not installed are left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
        lambda f, places: jit(_forward_over_reverse(jax.grad, jax.jvp, f, places)),
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

    def both(f: Function, places: tuple[int, ...]) -> Function:
        if compiled:
            pair = func.grad_and_value(f, places)
            return done(lambda *operands: pair(*operands)[::-1])
        return _backward(torch, f, places)

    return Peer(
        "torch.compile" if compiled else "PyTorch",
        math,
        torch.as_tensor,
        lambda value: value,
        lambda array: array.detach().numpy(),
        lambda f, places: _second(both(f, places)),
        both,
        lambda f, places: done(func.jacrev(f, places[0])),
        lambda f, places: done(func.hessian(f, places[0])),
        lambda f, places: done(_forward_over_reverse(func.grad, func.jvp, f, places)),
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

    def both(f: Function, places: tuple[int, ...]) -> Function:
        pair = autograd.value_and_grad(lambda chosen, operands: f(*_full(operands, places, chosen)))
        return lambda *operands: pair(tuple(operands[place] for place in places), operands)

    return Peer(
        "autograd",
        math,
        np.asarray,
        lambda value: value,
        np.asarray,
        lambda f, places: _second(both(f, places)),
        both,
        lambda f, places: autograd.jacobian(f, places[0]),
        lambda f, places: autograd.hessian(f, places[0]),
        lambda f, places: _reverse_over_reverse(autograd.grad, anp, f, places),
    )


def _full(operands: Sequence[Any], places: tuple[int, ...], chosen: Sequence[Any]) -> list[Any]:
    """The operands, with others in some places."""
    full = list(operands)
    for place, value in zip(places, chosen, strict=True):
        full[place] = value
    return full


def _second(pair: Function) -> Function:
    return lambda *operands: pair(*operands)[1]


def _forward_over_reverse(grad: Function, jvp: Function, f: Function, places: tuple[int, ...]) -> Function:
    """The Hessian times a vector; the directions come after the arguments, and f ignores them."""

    def along(*operands: Any) -> Any:
        def slope(*chosen: Any) -> Any:
            return grad(f, places)(*_full(operands, places, chosen))

        return jvp(slope, tuple(operands[place] for place in places), tuple(operands[-len(places) :]))[1]

    return along


def _reverse_over_reverse(grad: Function, anp: Any, f: Function, places: tuple[int, ...]) -> Function:
    """The same where there is no forward mode: the gradient of the slope along the directions."""

    def along(*operands: Any) -> Any:
        def product(chosen: Any) -> Any:
            slopes = grad(lambda inner: f(*_full(operands, places, inner)))(chosen)
            return sum(anp.sum(one * other) for one, other in zip(slopes, operands[-len(places) :], strict=True))

        return grad(product)(tuple(operands[place] for place in places))

    return along


def _backward(torch: Any, f: Function, places: tuple[int, ...]) -> Function:
    """The value and `torch.autograd.grad` of it, as in a training loop."""

    def run(*operands: Any) -> Any:
        chosen = [operands[place].detach().requires_grad_() for place in places]
        value = f(*_full(operands, places, chosen))
        return value.detach(), torch.autograd.grad(value, chosen)

    return run
