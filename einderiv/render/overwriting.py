"""Lines of NumPy whose results take the place of arrays that no later line reads: `v3 += v4`, `np.exp(v3, out=v3)`.

Where none takes it, the array is let go before the next one is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from einderiv.ir import Dim

VARIABLE = re.compile(r"\bv\d+\b")
OPERAND = r"v\d+(?:\.T|\.transpose\([\d, ]+\)|\[[:None, ]+\])*|-?[\d.]+(?:e[-+]?\d+)?|\(-[\d.]+(?:e[-+]?\d+)?\)"
BINARY = re.compile(rf"({OPERAND}) ([-+*/]) ({OPERAND})")
CALL = re.compile(r"np\.(\w+)\((.*)\)")
ELEMENTWISE = frozenset(
    "exp log sqrt abs sign sin cos tan sinh cosh tanh log1p expm1 floor ceil rint negative reciprocal maximum minimum "
    "arcsin arccos arctan arctan2 arcsinh arccosh arctanh add subtract multiply divide".split()
)  # of NumPy's functions, those that take an array for their result
REDUCTIONS = ("np.sum(", "np.max(", "np.where(np.isfinite(")
NAMES = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


@dataclass(slots=True)
class Line:
    """`target = text`, or a statement without a target.

    `memory` is the first variable with the memory that the target lies in, None where that may be another's; `shape`
    has the target's axes, if it has all of them.
    """

    target: str | None
    text: str
    memory: str | None
    shape: tuple[Dim, ...] | None


def overwritten(lines: Sequence[Line], results: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines as text, and the texts of the results, with as many results written over dead operands as can be."""
    writer = _Overwriter(lines, results)
    texts: list[str] = []
    for place, line in enumerate(lines):
        text = writer.text(place, line)
        texts += [each for each in (writer.let_go(place, line), text) if each]
    return texts, [writer.spelled(text) for text in results]


def as_they_are(lines: Sequence[Line], results: Sequence[str]) -> list[bool]:
    """For each line whether it makes an array, with results written over dead operands."""
    writer = _Overwriter(lines, results)
    return [writer.text(place, line).startswith(f"{line.target} = ") for place, line in enumerate(lines)]


def into(text: str, target: str) -> str:
    """What writes the value of a text into an array that is there."""
    if found := BINARY.fullmatch(text):
        return f"np.{NAMES[found[2]]}({found[1]}, {found[3]}, out={target})"
    found = CALL.fullmatch(text)
    if found and found[1] in ELEMENTWISE and re.fullmatch(rf"(?:{OPERAND})(?:, (?:{OPERAND}))*", found[2]):
        return f"np.{found[1]}({found[2]}, out={target})"
    return f"{target}[...] = {text}"


class _Overwriter:
    """What is known of the variables of the lines so far, by the names that they had before any was overwritten."""

    def __init__(self, lines: Sequence[Line], results: Sequence[str]) -> None:
        self._read = [VARIABLE.findall(line.text) for line in lines]
        self._last = {name: place for place, names in enumerate(self._read) for name in names}
        self._last |= {name: len(lines) for text in results for name in VARIABLE.findall(text)}
        self._memory: dict[str, str] = {}
        self._shape: dict[str, tuple[Dim, ...]] = {}
        self._sharing: dict[str, list[str]] = {}
        self._called: dict[str, str] = {}
        self._bound: dict[str, int] = {}

    def spelled(self, text: str) -> str:
        """A text with the names that its variables have now."""
        return VARIABLE.sub(lambda found: self._called.get(found[0], found[0]), text)

    def text(self, place: int, line: Line) -> str:
        """One line; nothing for a copy of what nobody else reads."""
        if line.target is None:
            return self.spelled(line.text)
        memory = line.memory if line.memory is None else self._memory.get(line.memory, line.target)
        text = f"{line.target} = {self.spelled(line.text)}"
        for name in self._dead(place, line):
            found = _in_place(line.text, name)
            if found is not None:
                self._called[line.target] = self._called.get(name, name)
                memory, text = self._memory[name], self.spelled(found)
                break
        if memory is not None:
            self._memory[line.target] = memory
            self._sharing.setdefault(memory, []).append(line.target)
            if line.shape is not None:
                self._shape[line.target] = line.shape
        return text

    def let_go(self, place: int, line: Line) -> str:
        """`del v3, v4` for what no line from here on reads, before a line that makes another array.

        A view of an argument takes no memory, a sum over an axis little; they stay.
        """
        if line.target is None:
            return ""
        last = self._last.get(line.target, place)
        name = self._called.get(line.target)
        if name is not None:
            self._bound[name] = last
            return ""
        copies = ".reshape(" in line.text
        gone: list[str] = []
        if copies or line.target == self._memory.get(line.target):
            gone = [each for each, use in self._bound.items() if use < place]
        for each in gone:
            del self._bound[each]
        if (copies or line.target in self._memory) and not line.text.startswith(REDUCTIONS):
            self._bound[line.target] = last
        return f"del {', '.join(gone)}" if gone else ""

    def _dead(self, place: int, line: Line) -> Iterator[str]:
        """The operands of a line that have its shape, and whose memory nothing else reads in it or later."""
        for name in dict.fromkeys(self._read[place]):
            if line.shape and name in self._memory and self._shape.get(name) == line.shape:
                sharing = self._sharing[self._memory[name]]
                alone = {other for other in self._read[place] if other in sharing} == {name}
                if alone and all(self._last.get(other, place) <= place for other in sharing):
                    yield name


def _in_place(text: str, name: str) -> str | None:
    """What computes `text` in the place of a variable; nothing to do for a copy of it."""
    if text == f"np.array({name})":
        return ""
    if found := BINARY.fullmatch(text):
        left, sign, right = found.groups()
        if left == name:
            return None if _turned(right, name) else f"{name} {sign}= {right}"
        if right == name and not _turned(left, name):
            return f"{name} {sign}= {left}" if sign in "+*" else f"np.{NAMES[sign]}({left}, {name}, out={name})"
        return None
    found = CALL.fullmatch(text)
    if found and found[1] in ELEMENTWISE and re.fullmatch(rf"(?:{OPERAND})(?:, (?:{OPERAND}))*", found[2]):
        if not any(_turned(operand, name) for operand in found[2].split(", ")):
            return f"np.{found[1]}({found[2]}, out={name})"
    return None


def _turned(operand: str, name: str) -> bool:
    """Whether an operand is a view of the variable with other axes."""
    return operand != name and name in VARIABLE.findall(operand)
