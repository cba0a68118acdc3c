"""Reading, differentiating and calling again and again takes no more memory than doing it some times."""

from __future__ import annotations

import subprocess
import sys

import pytest

_CYCLES = """
import gc, resource
import numpy as np
import einderiv as ed

def cycle(number):
    text = f"h{number}_n = tanh(X_nd w_d + c{number})\\nL = (h{number}_n - y_n)^2"
    slope = ed.grad(text, wrt="w")
    size = 2 + number % 50
    slope({"X": np.ones((size, 3)), "w": np.ones(3), "y": np.ones(size), f"c{number}": 0.5})

def used():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

for number in range(300):
    cycle(number)
before = used()
for number in range(300, 900):
    cycle(number)
print(used() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not tell the memory in use")
def test_programs_that_are_gone_leave_no_memory_behind() -> None:
    run = subprocess.run([sys.executable, "-c", _CYCLES], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 5_000_000
