"""Runs of atheris, in processes of some ten thousand inputs each: memory starts anew, and a stopped run goes on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import repeat
from pathlib import Path

from quality import figures

ROOT = Path(__file__).parent.parent
SEEDS = 1000  # between the first seeds of runs that go on at the same time
CHUNK = 20_000  # inputs of a process
LONGEST = 256  # bytes of an input
MEMORY = 512  # megabytes that a process may take
WORDS = (
    "a x_i W_ij x_{i+1} x_{ } _ { } ( ) [ ] , = == := < <= + - * / ^ ** . : 1 2 1_n 2e1 1e999 exp exp( exp_i sum_i sum "
    "Σ_i max_i( max( where( inv( inv δ_ij ∂ ∂² d( d2( ² ' × ∈ in R R^{ symmetric index given def \n \t # π T ^T а y_n "
    "F_{n,y_n} foo( )_ij \r ; $ softmax_k( norm_i( cumsum_i( solve( cholesky( logdet( det( ε_ijk ∂L/∂W_kl ∂E/∂a_i "
    "argmax_i( [i <= j] {0} {2i+k} clip( polygamma( pow( 0.5 \u202e \ufeff 1e-3 ^T_ij ^{T}_ij ^-1_ij ^{-1} '_ij ᵀ_ij "
    "∂_i // 1_{x_i>0} Σ_{i<j} W_i,j ^j ^2_i e^x and inf log_2( }_j {t-1} 𝟙 ‖ % := 3x4"
)
STATISTIC = re.compile(r"stat::(\w+):\s+(\d+)")


@dataclass
class State:
    """What has been run so far, as the file `state.json` of a run's folder keeps it."""

    seed: int = 1
    runs: int = 0
    replayed: int = 0
    seconds: float = 0.0
    memory: int = 0
    slowest: int = 0
    found: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path, seed: int) -> State:
        """That of a folder; a new one where there is none."""
        path = folder / "state.json"
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else cls(seed)

    def save(self, folder: Path) -> None:
        """Written after every process."""
        (folder / "state.json").write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def seed_corpus(corpus: Path) -> None:
    """The examples, the golden derivatives and the wrong texts of the error goldens, each as a file."""
    corpus.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "examples").glob("*.ein")):
        (corpus / f"example-{path.stem}").write_bytes(path.read_bytes())
    for path in sorted((ROOT / "tests" / "regressions" / "texts").glob("*.ein")):
        (corpus / f"regression-{path.stem}").write_bytes(path.read_bytes())
    for path in sorted((ROOT / "tests" / "golden").rglob("*.golden")):
        for number, block in enumerate(re.split(r"^== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]):
            lines = [line[4:] for line in block.split("\n") if line.startswith("    ")]
            (corpus / f"golden-{path.stem}-{number}").write_text("\n".join(lines)[:LONGEST], encoding="utf-8")


def dictionary(path: Path) -> Path:
    """The words of the language, as libFuzzer wants them."""
    lines = ["".join(f"\\x{byte:02x}" for byte in word.encode()) for word in WORDS.split(" ")]
    path.write_text("".join(f'"{line}"\n' for line in lines), encoding="ascii")
    return path


def run(folder: Path, wanted: int, seed: int = 1) -> State:
    """Inputs until so many have been run, those of earlier calls with the same folder included."""
    folder.mkdir(parents=True, exist_ok=True)
    corpus, words = folder / "corpus", dictionary(folder / "words.dict")
    if not corpus.exists():
        seed_corpus(corpus)
    state = State.of(folder, seed)
    while state.runs < wanted:
        _chunk(folder, corpus, words, state)
        state.save(folder)
        print(f"{state.runs:,} inputs, {len(state.found)} faults, {state.seconds:,.0f} s", flush=True)
    return state


def run_all(folders: list[Path], wanted: int, seed: int) -> State:
    """Inputs in several folders at the same time, which share what is wanted; the figures of all together."""
    share = -(-wanted // len(folders))
    with ThreadPoolExecutor(len(folders)) as pool:
        seeds = range(seed, seed + SEEDS * len(folders), SEEDS)
        return together(list(pool.map(run, folders, repeat(share), seeds)))


def together(states: list[State]) -> State:
    """The figures of several runs as those of one."""
    return State(
        seed=min(state.seed for state in states),
        runs=sum(state.runs for state in states),
        replayed=sum(state.replayed for state in states),
        seconds=sum(state.seconds for state in states),
        memory=max(state.memory for state in states),
        slowest=max(state.slowest for state in states),
        found=[fault for state in states for fault in state.found],
    )


def _chunk(folder: Path, corpus: Path, words: Path, state: State) -> None:
    """One process; its corpus is run first, which counts as replayed, not as run."""
    kept = sum(1 for _ in corpus.iterdir())
    options = [
        f"-dict={words}", f"-max_len={LONGEST}", f"-runs={CHUNK + kept}", f"-seed={state.seed}",
        f"-rss_limit_mb={MEMORY}", "-timeout=60", f"-artifact_prefix={folder}/", "-print_final_stats=1",
    ]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    before = os.times()
    command = [sys.executable, "-m", "quality.mutants", str(corpus), *options]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    after = os.times()
    found = {name: int(value) for name, value in STATISTIC.findall(done.stderr)}
    executed = found.get("number_of_executed_units", 0)
    state.runs += max(executed - kept, 0)
    state.replayed += min(executed, kept)
    state.seconds += after.children_user + after.children_system - before.children_user - before.children_system
    state.memory = max(state.memory, found.get("peak_rss_mb", 0))
    state.slowest = max(state.slowest, found.get("slowest_unit_time_sec", 0))
    state.seed += 1
    if "no interesting inputs were found" in done.stderr:
        raise SystemExit("nothing is instrumented, so that atheris would mutate blindly")
    if done.returncode:
        state.found.append(_fault(done.stderr))
        if not executed:  # not a fault of an input: atheris did not start
            raise SystemExit(done.stderr[-2000:])


def _fault(log: str) -> str:
    """The exception and the file with its input, from the log of a process."""
    exception = re.search(r"=== Uncaught Python exception: ===\n(.*)", log)
    artifact = re.search(r"Test unit written to (\S+)", log)
    words = [match[1] for match in (exception, artifact) if match]
    return ": ".join(words) or log.strip().split("\n")[-1]


def result(state: State, command: str) -> figures.Result:
    """The figures of a run."""
    return figures.Result(
        subject="atheris",
        command=command,
        figures={
            "inputs": state.runs,
            "faults": len(state.found),
            "largest memory, MB": state.memory,
            "inputs a second": round(state.runs / state.seconds) if state.seconds else 0,
            "inputs of the corpus run again": state.replayed,
        },
        versions=figures.versions("atheris", "lark", "numpy"),
        notes=(
            f"Mutants of at most {LONGEST} bytes of the examples and the golden texts, guided by branch coverage.",
            "Each is decoded, parsed and checked; of what is accepted one in four is also printed, and the Jacobian of "
            "its last equation by two inputs is derived, printed and read back.",
            "A fault is anything but an `EinError`, an error without a help, with a place outside the text or without "
            "a caret, more than a second of processor time, or more than 512 MB.",
        ),
    )
