"""Random expressions: what is accepted has the value that a direct reading of the rule gives."""

import random

import definition
import numpy as np
import pytest
from reference import evaluate

from einderiv.check import check
from einderiv.errors import EinError
from einderiv.syntax import parse

LETTERS = "ijk"
draw = np.random.default_rng(0)
ARRAYS = {name: draw.normal(size=3) for name in "xyz"}
ARRAYS |= {name: draw.normal(size=(3, 3)) for name in "WMA"} | {name: draw.normal(size=()) for name in "cp"}


class Writer:
    """Writes expressions."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def one(self, *choices):
        return self.random.choice(choices)

    def tensor(self):
        i, j = self.one(*LETTERS), self.one(*LETTERS)
        vector, matrix = f"{self.one(*'xyz')}_{i}", f"{self.one(*'WMA')}_{i}{j}"
        return self.one(vector, vector, vector, matrix, matrix, self.one("c", "p"), f"δ_{i}{j}")

    def atom(self, depth):
        if depth == 0 or self.random.random() < 0.6:
            return self.tensor()
        inside, i = self.expression(depth - 1), self.one(*LETTERS)
        other = self.expression(depth - 1)
        return self.one(
            f"({inside})", f"({inside})", f"({inside})^2", f"sin({inside})", f"tanh({inside})",
            f"softmax_{i}({inside})", f"prod_{i}({inside})", f"[{inside} > {other}]",
        )  # fmt: skip

    def term(self, depth):
        factors = [self.atom(depth) + self.one("", "", "", "", "^2") for _ in range(self.one(1, 2, 3))]
        end = self.one("", "", "", f" sum_{self.one(*LETTERS)} {self.atom(depth)} {self.tensor()}")
        return self.one(" ".join(factors) + end, " ".join(factors), " * ".join([*factors]) + " / exp(x_i)")

    def expression(self, depth):
        return self.one(" + ", " - ").join(self.term(depth) for _ in range(self.one(1, 1, 2)))


@pytest.mark.parametrize("seed", range(8))
def test_what_is_accepted_means_what_the_rule_says(seed):
    writer, accepted = Writer(seed), 0
    while accepted < 25:
        left = writer.one("s", "s_i", "s_ij", "s_kj")
        tree = parse(f"index i, j, k: 3\n{left} = {writer.expression(2)}", "m.ein")
        try:
            node = check(tree).definitions["s"].node
        except EinError:
            continue
        accepted += 1
        expected = definition.evaluate(tree, ARRAYS)["s"].real
        np.testing.assert_allclose(evaluate(node, ARRAYS, {}), expected, rtol=1e-8, atol=1e-8, err_msg=tree.source.text)
