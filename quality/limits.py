"""`python -m quality limits`: examples with ever less memory, and interrupted: a right result or an error, never else.

A process of its own lowers its address space (RLIMIT_AS) step by step and runs an example at each: the result must be
the one of a process without a limit, or `EinMemoryError`, or Python's `MemoryError`; and with the limit lifted the
next call must work. OpenBLAS ends the process where it finds no room for its buffers, which counts as that. The
interrupted ones get SIGINT at times spread over their run; what is at the place of the output afterwards is a whole
file or none.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from quality import figures

TOP = Path(__file__).resolve().parent.parent
STEPS = 30
EXAMPLES = {
    "softmax": ("A_nk = X_nd W_dk + b_k\nL = -Y_nk logsoftmax_k(A_nk)",
                {"X": (300, 200), "W": (200, 300), "b": (300,), "Y": (300, 300)}, "W"),
    "Jacobian": ("a_i = tanh(W_ij x_j)", {"W": (70, 90), "x": (90,)}, "W"),
    "covariance": ("K_ij = A_ik A_jk + [i == j]\nL = logdet(K) + sum_ij inv(K)_ij^2", {"A": (200, 220)}, "A"),
}  # fmt: skip
LOWERED = """
import hashlib, json, os, resource, sys
import numpy as np
import einderiv as ed

text, shapes, wrt, steps = json.load(sys.stdin)
rng = np.random.default_rng(0)
arrays = {name: rng.normal(size=shape) / 10 for name, shape in shapes.items()}
def digest(f):
    return hashlib.sha256(np.ascontiguousarray(f(**arrays)).tobytes()).hexdigest()
f = ed.jacobian(text, wrt=wrt)
expected = digest(f)
del f
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
_, hard = resource.getrlimit(resource.RLIMIT_AS)
def fate(step):
    resource.setrlimit(resource.RLIMIT_AS, (used + int(6e7 * (1 - step / steps) ** 2) + 50_000, hard))
    try:
        f = ed.jacobian(text, wrt=wrt)
        return "right" if digest(f) == expected else "WRONG"
    except ed.EinMemoryError:
        return "EinMemoryError"
    except MemoryError:
        return "MemoryError"
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
fates = []
for step in range(steps):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writing, 2)
        found = fate(step)
        again = digest(ed.jacobian(text, wrt=wrt)) == expected
        os.write(writing, (found if again else "the next call failed").encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    told = os.fdopen(reading).read()
    fates.append("ended by OpenBLAS" if told.startswith("OpenBLAS") else told[-200:])
print(json.dumps(fates))
"""


def lowered(steps: int = STEPS) -> dict[str, list[str]]:
    """What each example came to at each limit."""
    found = {}
    for name, asked in EXAMPLES.items():
        done = subprocess.run(
            [sys.executable, "-c", LOWERED], input=json.dumps([*asked, steps]), text=True, capture_output=True,
            cwd=TOP, check=False,
        )  # fmt: skip
        found[name] = json.loads(done.stdout) if done.returncode == 0 else [f"died: {done.returncode} {done.stderr}"]
    return found


def interrupted(times: int) -> Counter[str]:
    """What lay at the place of the output after SIGINT at so many times of a run: `none`, `whole`, or else."""
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        program, data, out = (Path(folder, name) for name in ("p.ein", "data.npz", "out.npz"))
        program.write_text("K_ij = A_ik A_jk\nL = K_ij K_ij\n∂K_ij/∂A_kl\n", encoding="utf-8")
        np.savez(data, A=np.ones((60, 50)))
        command = [sys.executable, "-m", "einderiv", "run", str(program), "--data", str(data), "--out", str(out)]
        start = time.monotonic()
        subprocess.run(command, cwd=TOP, check=True, capture_output=True)
        seconds = time.monotonic() - start
        for place in range(times):
            out.unlink(missing_ok=True)
            running = subprocess.Popen(command, cwd=TOP, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(seconds * (place + 1) / (times + 1))
            running.send_signal(signal.SIGINT)
            running.wait()
            left = sorted(path.name for path in Path(folder).iterdir())
            found[_left(out, left)] += 1
    return found


def _left(out: Path, names: list[str]) -> str:
    if names == ["data.npz", "p.ein"]:
        return "none"
    if names != ["data.npz", "out.npz", "p.ein"]:
        return f"left over: {names}"
    with np.load(out) as arrays:
        return "whole" if len(arrays) == 3 and all(np.isfinite(arrays[name]).all() for name in arrays) else "cut"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("limits", help="with ever less memory, and interrupted")
    command.add_argument("--steps", type=int, default=STEPS, help=f"limits to try for each example ({STEPS})")
    command.add_argument("--interrupts", type=int, default=30, help="runs to interrupt (30)")
    command.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """0 if nothing but right results and errors of memory came out."""
    memory = lowered(asked.steps)
    fates = Counter(fate for each in memory.values() for fate in each)
    left = interrupted(asked.interrupts)
    for name, each in memory.items():
        print(name, Counter(each))
    print("interrupted", left)
    good = {"right", "EinMemoryError", "MemoryError", "ended by OpenBLAS"}
    bad = sum(count for fate, count in fates.items() if fate not in good)
    torn = sum(count for fate, count in left.items() if fate not in ("none", "whole"))
    figures.write(
        figures.Result(
            "limits",
            f"python -m quality limits --steps {asked.steps} --interrupts {asked.interrupts}",
            {
                "runs with lowered memory": sum(fates.values()), "wrong results or other exceptions": bad,
                "right results": fates["right"],
                "errors of memory": fates["EinMemoryError"] + fates["MemoryError"],
                "processes ended by OpenBLAS": fates["ended by OpenBLAS"],
                "interrupted runs": sum(left.values()), "files cut or left over": torn,
            },
            figures.versions("numpy"),
            ("The address space is lowered in steps (RLIMIT_AS); after them the next call must work.",),
        )
    )  # fmt: skip
    return 1 if bad or torn else 0
