"""Inputs that hypothesis draws: programs of the grammar, any text, any bytes, and mutated examples."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import lark
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark

from einderiv.syntax.grammar import grammar_text
from quality import figures
from quality.trying import attempt

ROOT = Path(__file__).parent.parent
COUNTS = {"programs of the grammar": 5_000, "texts": 20_000, "bytes": 20_000, "mutated examples": 20_000}
WORD = re.compile(r"[^\W_]+|\s+|.", re.DOTALL)
MUTATIONS = 8

TERMINALS = {
    "FUNCTION": "exp log sqrt tanh max min where relu foo",
    "WHERE": "where",
    "ALGEBRA": "inv det logdet solve cholesky",
    "REDUCTION": "max min prod mean logsumexp norm argmax softmax cumsum",
    "SUM": "sum Σ ∑",
    "DELTA": "δ delta",
    "EPSILON": "ε epsilon",
    "PI": "pi π",
    "INDEX": "index",
    "GIVEN": "given",
    "DEF": "def",
    "SYMMETRIC": "symmetric",
    "IN": "∈ in",
    "REALS": "R ℝ",
    "NAME": "x y W A b θ Wq hidden2 L E",
    "PRIMED": "i' k2'",
    "NUMBER": "2 0.5 1e-3 3 10 1e400 0",
    "ONES": "1",
    "SUBSCRIPT": "_i _ij _kl _i'j _ii _k2 _ijk",
    "SUBSCRIPT_OPEN": "_{",
    "WORD": "i j k ij n batch",
    "GATHERED": "y t",
    "COEFFICIENT": "2 3",
    "POSITION": "0 1 7",
    "OPEN": "(",
    "TOP": "∂ ∂² ∂³",
    "BELOW": "∂",
    "TOPCALL": "d d2",
    "BELOWCALL": "d",
    "OVER": "/",
    "SUPERSCRIPT": "² ³",
    "COMPARE": "< <= == != > ≥",
    "TIMES": "* · ∘",
}


class _NoLexer(lark.lexer.Lexer):
    """The grammar alone is wanted: the lexer of einderiv retags words, which lark does not know."""

    def __init__(self, configuration: object) -> None:
        del configuration

    def lex(self, lexer_state: object, parser_state: object) -> object:
        del lexer_state, parser_state
        return iter(())


def programs() -> st.SearchStrategy[str]:
    """Statements that the grammar derives, one a line, without blanks where words are to be glued."""
    grammar = lark.Lark(grammar_text(), parser="lalr", lexer=_NoLexer, keep_all_tokens=True)
    explicit = {name: st.sampled_from(words.split(" ")) for name, words in TERMINALS.items()}
    explicit |= dict.fromkeys(("BLANK", "LINE_END", "COMMENT"), st.just(" "))
    statement = from_lark(grammar, start="start", explicit=explicit)
    return st.lists(statement, min_size=1, max_size=4).map("\n".join)


def mutated() -> st.SearchStrategy[str]:
    """An example of which words are left out, doubled or exchanged."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").rglob("*.ein"))]
    kinds, places = st.sampled_from(["leave out", "double", "exchange"]), st.integers(0, 10**4)
    change = st.tuples(kinds, places, places)
    return st.builds(_mutate, st.sampled_from(texts), st.lists(change, min_size=1, max_size=MUTATIONS))


def _mutate(text: str, changes: list[tuple[str, int, int]]) -> str:
    words = WORD.findall(text)
    for kind, first, second in changes:
        one, other = first % len(words), second % len(words)
        match kind:
            case "leave out" if len(words) > 1:
                del words[one]
            case "double":
                words.insert(other, words[one])
            case _:
                words[one], words[other] = words[other], words[one]
    return "".join(words)


def as_bytes(text: str) -> bytes:
    """What a file with the text has; lone surrogates are bytes that are no UTF-8."""
    return text.encode("utf-8", "surrogatepass")


STRATEGIES: dict[str, Callable[[], st.SearchStrategy[bytes]]] = {
    "programs of the grammar": lambda: programs().map(as_bytes),
    "texts": lambda: st.text(max_size=200).map(as_bytes),
    "bytes": lambda: st.binary(max_size=200),
    "mutated examples": lambda: mutated().map(as_bytes),
}


@dataclass
class Run:
    """The counts of a run."""

    inputs: dict[str, int] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run(scale: float, first: int) -> Run:
    """So many inputs of each kind, times a scale."""
    done = Run()
    start = time.process_time()
    for number, (kind, count) in enumerate(COUNTS.items()):
        wanted = max(1, round(count * scale))
        done.inputs[kind] = 0
        try:
            _tried(kind, wanted, first + number, done)
        except Exception as problem:  # whatever escapes is the fault that is looked for
            done.faults.append(f"{kind}: {type(problem).__name__}: {problem}")
        print(f"{done.inputs[kind]:,} {kind}, {len(done.faults)} faults", flush=True)
    done.seconds = time.process_time() - start
    return done


def _tried(kind: str, count: int, number: int, done: Run) -> None:
    """Draw inputs of one kind; a fault is shrunk and raised."""

    @seed(number)
    @settings(
        max_examples=count,
        derandomize=False,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(STRATEGIES[kind]())
    def tried(data: bytes) -> None:
        done.inputs[kind] += 1
        how_far = attempt(data)
        done.reached[how_far] = done.reached.get(how_far, 0) + 1

    tried()


def result(done: Run, command: str, first: int) -> figures.Result:
    """The figures of a run."""
    shown: dict[str, figures.Figure] = {"inputs": sum(done.inputs.values()), "faults": len(done.faults)}
    shown |= done.inputs | done.reached
    shown |= {"seed": first, "inputs a second": round(sum(done.inputs.values()) / max(done.seconds, 0.01))}
    return figures.Result(
        subject="hypothesis",
        command=command,
        figures=shown,
        versions=figures.versions("hypothesis", "lark", "numpy"),
        notes=(
            "Each input is decoded, parsed and checked; what is accepted is printed, and the Jacobian of its last "
            "equation by two inputs is derived, printed and read back.",
            "A fault is anything but an `EinError`, an error without a help, with a place outside the text or without "
            "a caret, or more than a second of processor time.",
            *done.faults,
        ),
    )
