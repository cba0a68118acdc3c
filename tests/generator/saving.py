"""Failures as files: `<name>.ein` has the program, `<name>.json` what is asked, the arrays and the right answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import einderiv as ed
from generator import oracles
from generator.arrays import Arrays, Sample
from generator.checking import close

FOLDER = Path(__file__).parent.parent / "regressions" / "programs"
KINDS = ("gradient", "jacobian", "hessian")


@dataclass(frozen=True)
class Saved:
    """A program that once failed: `expected` is by name, for a Hessian by two names with a blank between."""

    name: str
    text: str
    kind: str
    wrt: list[str]
    arrays: Arrays
    expected: Arrays
    found: str


def save(sample: Sample, kind: str, name: str, found: str, folder: Path = FOLDER) -> Path:
    """The `.ein` file; the answer is PyTorch's."""
    expected: Arrays
    if kind == "hessian":
        blocks = oracles.hessian_by_torch(sample)
        expected = {f"{row} {column}": each for row, found_ in blocks.items() for column, each in found_.items()}
    else:
        expected = oracles.by_torch(sample) if kind == "gradient" else oracles.jacobian_by_torch(sample)
    record = {
        "kind": kind,
        "found": found,
        "wrt": sample.wrt,
        "arrays": {each: _listed(array) for each, array in sample.arrays.items()},
        "expected": {each: _listed(array) for each, array in expected.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    path = folder / f"{name}.ein"
    path.write_text(sample.text, encoding="utf-8")
    return path


def _listed(array: np.ndarray) -> dict[str, Any]:
    return {"shape": list(array.shape), "type": array.dtype.name, "values": np.ravel(array).tolist()}


def _array(listed: dict[str, Any]) -> np.ndarray:
    return np.array(listed["values"], dtype=listed["type"]).reshape(listed["shape"])


def read(path: Path) -> Saved:
    """A failure from its `.ein` file."""
    record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    arrays, expected = ({name: _array(each) for name, each in record[key].items()} for key in ("arrays", "expected"))
    text = path.read_text(encoding="utf-8")
    return Saved(path.stem, text, record["kind"], record["wrt"], arrays, expected, record["found"])


def replay(saved: Saved) -> None:
    """The derivative is now the one expected."""
    ask = {"gradient": ed.grad, "jacobian": ed.jacobian, "hessian": ed.hessian}[saved.kind]
    results = ask(saved.text, of="L", wrt=saved.wrt, allow_unused=True)(saved.arrays)
    for name, expected in saved.expected.items():
        found = results
        for part in name.split():
            found = found[part]
        close(found, expected, name)
