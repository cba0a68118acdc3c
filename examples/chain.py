"""A chain of three matrices: the same numbers in any grouping, and the plan that costs least."""

from pathlib import Path

import numpy as np

import einderiv as ed

net = ed.load(Path(__file__).with_suffix(".ein"))
rng = np.random.default_rng(0)
A, B, C = rng.normal(size=(100, 5)), rng.normal(size=(5, 200)), rng.normal(size=(200, 3))
values = ed.evaluate(net, A=A, B=B, C=C)
print("both groupings agree:", np.allclose(values["left"], values["right"]))
print("and so does the best order:", np.allclose(values["left"], values["best"]))
print("(A B) C takes 2 · (100·5·200 + 100·200·3) =", 2 * (100 * 5 * 200 + 100 * 200 * 3), "operations")
print("A (B C) takes 2 · (5·200·3 + 100·5·3) =", 2 * (5 * 200 * 3 + 100 * 5 * 3), "operations")
print("the plan:")
print(ed.function(net, of="best").plan(A=A, B=B, C=C))
