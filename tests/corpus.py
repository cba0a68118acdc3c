"""The golden derivatives: `tests/golden/derivatives/*.golden` read into typed records.

A file holds blocks such as

    == linear layer by its bias
    from: lecture notes                    (optional: where the case was found)
    arrays: W(3, 4); x(4); b(3) pos        (shapes, then how to draw, if not normal)
        a_i = W_ij x_j + b_i
    ask: ∂a_i/∂b_k
        index i, k: 3
        D_ik = δ_ik

Above `ask:` stands the program, below it a program without derivatives whose `D` must come out.
Asked is a derivative of any order, or one of the products below, which come with their vector:

    Hessian of f by x, times v · v times Jacobian of a by W · Gauss-Newton of R by A, times v
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "golden" / "derivatives"
ORDERS = {"": 1, "²": 2, "³": 3}

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Drawn:
    """An input: its shape and the name of its distribution."""

    shape: tuple[int, ...]
    draw: str


@dataclass(frozen=True)
class Record:
    """One golden derivative."""

    theme: str
    title: str
    program: str
    arrays: dict[str, Drawn]
    kind: str  # derivative, hvp, vjp or jtjv
    ask: str
    of: str
    wrt: tuple[str, ...]
    along: str  # the vector of a product, "" for a derivative
    expected: str

    @property
    def name(self) -> str:
        """Theme and title, to say which case failed."""
        return f"{self.theme}: {self.title}"


def positive_definite(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """M Mᵀ + 1, well away from singular."""
    m = rng.normal(size=shape)
    return m @ m.T + np.eye(shape[0])


DRAWS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "small": lambda rng, shape: 0.3 * rng.normal(size=shape),
    "pos": lambda rng, shape: rng.uniform(0.5, 2.0, size=shape),
    "ang": lambda rng, shape: rng.uniform(0.3, 1.2, size=shape),
    "sign": lambda rng, shape: rng.choice([-1.0, 1.0], size=shape),
    "spd": positive_definite,
}


def draw(record: Record, seed: int) -> Arrays:
    """Arrays for every input and vector of a record; the same for the same seed."""
    rng = np.random.default_rng(seed)
    values = {}
    for name, spec in record.arrays.items():
        if spec.draw.startswith("int"):
            values[name] = rng.integers(int(spec.draw.removeprefix("int")), size=spec.shape)
        else:
            values[name] = np.asarray(DRAWS[spec.draw](rng, spec.shape))
    return values


def records() -> list[Record]:
    """Every golden derivative, in the order of the files."""
    return [record for path in sorted(FOLDER.glob("*.golden")) for record in read(path)]


def read(path: Path) -> list[Record]:
    """The records of one file."""
    blocks = re.split(r"^== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [read_block(path.stem, block) for block in blocks]


def read_block(theme: str, block: str) -> Record:
    """One record from its text, which starts at the title."""
    title, *lines = block.rstrip().split("\n")
    fields: dict[str, str] = {}
    texts: list[list[str]] = [[], []]  # the program above `ask:`, the expected program below it
    for line in lines:
        if line.startswith("    "):
            texts["ask" in fields].append(line.strip())
        elif line:
            key, _, value = line.partition(": ")
            fields[key] = value
    kind, of, wrt, along = read_ask(fields["ask"])
    return Record(
        theme=theme,
        title=title,
        program="\n".join(texts[0]),
        arrays=dict(read_array(text) for text in fields["arrays"].split("; ")),
        kind=kind,
        ask=fields["ask"],
        of=of,
        wrt=wrt,
        along=along,
        expected="\n".join(texts[1]),
    )


def read_array(text: str) -> tuple[str, Drawn]:
    """The input of `W(3, 4) pos`."""
    match = re.fullmatch(r"(\w+)\(([\d, ]*)\) ?(\w*)", text)
    assert match, text
    name, shape, how = match.groups()
    return name, Drawn(tuple(int(size) for size in shape.split(",") if size), how or "normal")


PRODUCTS = {
    "hvp": r"Hessian of (?P<of>\w+) by (?P<wrt>\w+), times (?P<along>\w+)",
    "vjp": r"(?P<along>\w+) times Jacobian of (?P<of>\w+) by (?P<wrt>\w+)",
    "jtjv": r"Gauss-Newton of (?P<of>\w+) by (?P<wrt>\w+), times (?P<along>\w+)",
}


def read_ask(text: str) -> tuple[str, str, tuple[str, ...], str]:
    """Kind, top, bottoms and vector of what is asked."""
    for kind, pattern in PRODUCTS.items():
        if match := re.fullmatch(pattern, text):
            return kind, match["of"], (match["wrt"],), match["along"]
    top, bottoms = split_query(text)
    return "derivative", top.partition("_")[0], tuple(bottom.partition("_")[0] for bottom in bottoms), ""


def split_query(query: str) -> tuple[str, list[str]]:
    """The top and the bottoms: `∂²f/∂x_k∂A_pq` gives `f` and `x_k`, `A_pq`."""
    match = re.fullmatch(r"∂([²³]?)(\w+)((?:/?∂\w+)+)", query)
    assert match, query
    bottoms = match[3].lstrip("/").split("∂")[1:]
    assert len(bottoms) == ORDERS[match[1]], query
    return match[2], bottoms
