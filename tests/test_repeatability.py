"""The same bytes whatever the seed of Python's hashes, and results that share nothing with what was passed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from corpus import Record, draw, records

import einderiv as ed

ROOT = Path(ed.__file__).resolve().parent.parent
EVERYTHING = """
import hashlib, json, sys, warnings
sys.path.insert(0, "tests")
import numpy as np
import einderiv as ed
from corpus import draw, records
from pathlib import Path

digest = hashlib.sha256()

def tell(*parts):
    for part in parts:
        digest.update(part if isinstance(part, bytes) else str(part).encode())

for record in records():
    arrays = draw(record, 0)
    program = ed.parse(record.program)
    tell(program.latex(), program.inputs, program.outputs)
    for wrt in record.wrt:
        f = ed.jacobian(program, of=record.of, wrt=wrt)
        tell(f, f.latex(), *f.einsum, f.source("numpy"), f.source("torch"))
        needed = {name: array for name, array in arrays.items() if name in program.inputs}
        tell(f.plan(**needed), np.ascontiguousarray(f(**needed)).tobytes())
for path in sorted(Path("examples").rglob("*.ein")):
    try:
        program = ed.load(path)
    except ed.EinError as error:
        tell(error.render())
        continue
    for wrt in program.inputs:
        if path.stem not in ("attention",):
            tell(ed.jacobian(program, wrt=wrt, allow_unused=True))
for text in ("a_i = b_j", "x = (", "y_i = W_ij x_j + q_k", "a = b\\nb = a", "x = foo(y)"):
    try:
        ed.parse(text)
    except ed.EinError as error:
        tell(error, *error.others)
print(digest.hexdigest())
"""


def digest(seed: int, threads: int) -> str:
    """The digest of all texts and results of the golden derivatives and the examples, in a process of its own."""
    environment = {
        **os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT),
        "OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", EVERYTHING],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_texts_codes_paths_and_results_are_the_same_bytes_in_every_process() -> None:
    assert len({digest(seed, threads) for seed, threads in ((0, 1), (1, 1), (2, 2), (12345, 1), (4294967295, 2))}) == 1


def held(record: Record) -> dict[str, np.ndarray]:
    """The arrays of a record, which nobody may write to."""
    arrays = draw(record, 3)
    names = set(ed.parse(record.program).inputs)
    for array in arrays.values():
        array.setflags(write=False)
    return {name: array for name, array in arrays.items() if name in names}


def bytes_of(arrays: dict[str, np.ndarray]) -> dict[str, str]:
    """What the arrays hold."""
    return {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}


@pytest.mark.parametrize("record", records(), ids=lambda record: record.name)
def test_results_share_no_memory_and_inputs_stay_as_they_were(record: Record) -> None:
    arrays = held(record)
    before = bytes_of(arrays)
    functions = [ed.function(record.program, of=record.of)]
    functions += [ed.jacobian(record.program, of=record.of, wrt=wrt) for wrt in record.wrt]
    results = [np.asarray(function(**arrays)) for function in functions for _ in range(2)]
    for place, result in enumerate(results):
        assert result.flags.writeable
        assert not any(np.shares_memory(result, array) for array in arrays.values())
        assert not any(np.shares_memory(result, other) for other in results[:place])
        first = result.copy()
        result[...] = 7.0  # the next call must not see this
        again = np.asarray(functions[place // 2](**arrays))
        np.testing.assert_array_equal(again, first)
    assert bytes_of(arrays) == before


@pytest.mark.parametrize("text", ["y_i = x_i", "y_ji = x_ij", "y = x", "y_i = x_ii", "y_ij = x_ji", "y_i = x_{i+0}"])
def test_a_result_that_is_the_input_is_a_copy(text: str) -> None:
    rank = 2 if "ij" in text or "ii" in text or "ji" in text.partition("=")[2] else 1 if "_i" in text else 0
    x = np.ones((3,) * rank)
    y = ed.function(text)(x=x)
    assert not np.shares_memory(x, y)
    assert y.flags.writeable
