"""How NumPy, JAX and PyTorch spell the functions of the graph: one row each, the arguments as `{0}`, `{1}`, `{2}`.

`{np}` is the library's own name in the code, `{axes}` the axes that a reduction takes.
"""

from __future__ import annotations

from collections.abc import Mapping

COMPARED = {"less": "<", "less_equal": "<=", "equal": "==", "not_equal": "!=", "greater": ">", "greater_equal": ">="}

_SHARED: dict[str, str] = {
    name: f"{{np}}.{name}({{0}})"
    for name in "exp log sqrt abs sign sin cos tan sinh cosh tanh log1p expm1 relu erf sigmoid".split()
} | {
    "reciprocal": "1.0 / {0}",
    "xlogx": "{0} * {np}.log({np}.where({0} == 0.0, 1.0, {0}))",
    "one_minus_square": "(1.0 - {0}) * (1.0 + {0})",
    "root_of_one_plus_square": "{np}.hypot({np}.ones_like({0}), {0})",
    "sech_squared": "4.0 * {np}.exp(-2.0 * {np}.abs({0})) / (1.0 + {np}.exp(-2.0 * {np}.abs({0}))) ** 2",
    "logistic_density": "{np}.exp(-{np}.abs({0})) / (1.0 + {np}.exp(-{np}.abs({0}))) ** 2",
    "logsigmoid": "{np}.where({0} < 0.0, {0}, 0.0) - {np}.log1p({np}.exp(-{np}.abs({0})))",
    "elu": "{np}.where({0} > 0.0, {0}, {np}.expm1({np}.where({0} > 0.0, 0.0, {0})))",
    "silu": "{0} * {np}.where({0} < 0.0, {np}.exp(-{np}.abs({0})), 1.0) / (1.0 + {np}.exp(-{np}.abs({0})))",
    "gaussian": "{np}.exp(-{0} * {0})",
    "floor": "{np}.floor({0})",
    "ceil": "{np}.ceil({0})",
    "round": "{np}.round({0})",
    "clip": "{np}.minimum({np}.maximum({0}, {1}), {2})",
    "inv": "{np}.linalg.inv({0})",
    "det": "{np}.linalg.det({0})",
    "logdet": "{np}.linalg.slogdet({0})[1]",
    "cholesky": "{np}.linalg.cholesky(0.5 * ({0} + {np}.swapaxes({0}, -1, -2)))",
    "solve vector": "{np}.linalg.solve({0}, {1}[..., None])[..., 0]",
    "solve": "{np}.linalg.solve({0}, {1}.reshape((*{0}.shape[:-1], math.prod({1}.shape[{0}.ndim - 1:]))))"
    ".reshape({1}.shape)",
    "inverse_or_zero": "{np}.where({0} == 0.0, {0}, 1.0 / {np}.where({0} == 0.0, 1.0 + {0}, {0}))",
    "max": "{np}.maximum({0}, {1})",
    "min": "{np}.minimum({0}, {1})",
    "pow": "{0} ** {1}",
    "where": "{np}.where({0} != 0.0, {1}, {2})",
    "norm": "{np}.sqrt({np}.sum({0} * {0}, {axes}))",
    "prod": "{np}.prod({0}, {axes})",
}

_LIKE_NUMPY: dict[str, str] = {
    "asin": "{np}.arcsin({0})",
    "acos": "{np}.arccos({0})",
    "atan": "{np}.arctan({0})",
    "asinh": "{np}.arcsinh({0})",
    "acosh": "{np}.arccosh({0})",
    "atanh": "{np}.arctanh({0})",
    "atan2": "{np}.arctan2({0}, {1})",
    "relu": "{np}.maximum({0}, 0.0)",
    "softplus": "{np}.logaddexp(0.0, {0})",
    "reduce max": "{np}.max({0}, {axes})",
    "reduce min": "{np}.min({0}, {axes})",
    "cumsum": "{np}.cumsum({0}, -1)",
    "cumsum_reverse": "{np}.flip({np}.cumsum({np}.flip({0}, -1), -1), -1)",
    "before": "{np}.cumprod({np}.concatenate([{np}.ones_like({0}[..., :1]), {0}[..., :-1]], -1), -1)",
    "after": "{np}.flip({np}.cumprod({np}.flip({np}.concatenate([{0}[..., 1:], {np}.ones_like({0}[..., :1])], -1), -1),"
    " -1), -1)",
}

SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "numpy": _SHARED
    | _LIKE_NUMPY
    | {name: f"({{0}} {sign} {{1}}).astype({{0}}.dtype)" for name, sign in COMPARED.items()}
    | {
        "erfc": "np.vectorize(math.erfc, otypes=[float])({0})",
        "gelu": "0.5 * {0} * np.vectorize(math.erfc, otypes=[float])(-0.7071067811865476 * {0})",
        "lgamma": "scipy.special.gammaln({0})",
        "digamma": "scipy.special.digamma({0})",
        "polygamma": "scipy.special.polygamma({0}, {1})",
        "argmax": "np.argmax({0}, -1).astype(float)",
        "argmin": "np.argmin({0}, -1).astype(float)",
        "selection": "({0}[..., None] == np.arange({1})).astype(float)",
        "sigmoid": "np.exp(-np.logaddexp(0.0, -{0}))",
        "erf": "np.vectorize(math.erf, otypes=[float])({0})",
        "logsumexp": "np.logaddexp.reduce({0}, {axes})",
        "softmax": "np.exp({0} - np.logaddexp.reduce({0}, -1, keepdims=True))",
        "logsoftmax": "{0} - np.logaddexp.reduce({0}, -1, keepdims=True)",
    },
    "jax": _SHARED
    | _LIKE_NUMPY
    | {name: f"({{0}} {sign} {{1}}).astype({{0}}.dtype)" for name, sign in COMPARED.items()}
    | {
        "erfc": "jax.scipy.special.erfc({0})",
        "gelu": "0.5 * {0} * jax.scipy.special.erfc(-0.7071067811865476 * {0})",
        "lgamma": "jax.scipy.special.gammaln({0})",
        "digamma": "jax.scipy.special.digamma({0})",
        "polygamma": "jax.scipy.special.polygamma({0}.astype(int), {1})",
        "argmax": "jnp.argmax({0}, -1).astype(float)",
        "argmin": "jnp.argmin({0}, -1).astype(float)",
        "selection": "({0}[..., None] == jnp.arange({1})).astype(float)",
        "sigmoid": "jax.nn.sigmoid({0})",
        "erf": "jax.scipy.special.erf({0})",
        "logsumexp": "jax.scipy.special.logsumexp({0}, {axes})",
        "softmax": "jax.nn.softmax({0}, -1)",
        "logsoftmax": "jax.nn.log_softmax({0}, -1)",
    },
    "torch": _SHARED
    | {name: f"{{np}}.{name}({{0}})" for name in "asin acos atan asinh acosh atanh".split()}
    | {name: f"({{0}} {sign} {{1}}).to({{0}}.dtype)" for name, sign in COMPARED.items()}
    | {
        "erfc": "torch.erfc({0})",
        "gelu": "0.5 * {0} * torch.erfc(-0.7071067811865476 * {0})",
        "lgamma": "torch.lgamma({0})",
        "digamma": "torch.digamma({0})",
        "polygamma": "torch.cat([{1}.flatten()[:0], *(torch.polygamma(int(n), x[None]) for n, x in zip({0}.flatten(),"
        " {1}.flatten(), strict=True))]).reshape({1}.shape)",
        "argmax": "torch.argmax({0}, -1).to({0}.dtype)",
        "argmin": "torch.argmax(-{0}, -1).to({0}.dtype)",
        "selection": "({0}[..., None] == torch.arange({1})).to(torch.float64)",
        "atan2": "torch.atan2({0}, {1})",
        "softplus": "torch.logaddexp(torch.zeros_like({0}), {0})",
        "logsumexp": "torch.logsumexp({0}, {axes})",
        "softmax": "torch.softmax({0}, -1)",
        "logsoftmax": "torch.log_softmax({0}, -1)",
        "prod": "torch.prod({0}.flatten({first}), -1)",
        "reduce max": "torch.amax({0}, {axes})",
        "reduce min": "torch.amin({0}, {axes})",
        "cumsum": "torch.cumsum({0}, -1)",
        "cumsum_reverse": "torch.flip(torch.cumsum(torch.flip({0}, (-1,)), -1), (-1,))",
        "before": "torch.cumprod(torch.cat([torch.ones_like({0}[..., :1]), {0}[..., :-1]], -1), -1)",
        "after": "torch.flip(torch.cumprod(torch.flip(torch.cat([{0}[..., 1:], torch.ones_like({0}[..., :1])], -1),"
        " (-1,)), -1), (-1,))",
        "relu": "torch.clamp({0}, min=0.0)",
    },
}

NAMES: Mapping[str, str] = {"numpy": "np", "jax": "jnp", "torch": "torch"}

IMPORTS: Mapping[str, str] = {"numpy": "import numpy as np", "jax": "import jax.numpy as jnp", "torch": "import torch"}

FLOATS: Mapping[str, str] = {
    "numpy": "np.asarray({0}, dtype=float)",
    "jax": "jnp.asarray({0}, dtype=float)",
    "torch": "torch.as_tensor({0}, dtype=torch.float64)",
}

COPIES: Mapping[str, str] = {"numpy": "np.array({0})", "jax": "{0}", "torch": "{0}.clone()"}

EYES: Mapping[str, str] = {
    "numpy": "np.eye({0}, dtype=bool)",
    "jax": "jnp.eye({0}, dtype=bool)",
    "torch": "torch.eye({0}, dtype=torch.bool)",
}
