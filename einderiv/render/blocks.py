"""Elementwise lines of NumPy on arrays of one shape, block by block, where they would else make several arrays."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from einderiv.ir import Dim
from einderiv.plan import BLOCK
from einderiv.render.overwriting import ELEMENTWISE, VARIABLE, Line, as_they_are, into, overwritten

Shape = tuple[Dim, ...]
CALLED = re.compile(r"np\.(\w+)\(")
WORDS = re.compile(r"v\d+|\d[\d.]*(?:e[-+]?\d+)?|\*\*|[-+*/<>!=]=?|[(),\s]")
TOTAL = re.compile(r"np\.sum\((v\d+), axis=(?:0|\([\d, ]+\))\)|np\.dot\((v\d+), (v\d+)\)")
FUNCTIONS = ELEMENTWISE | {"where", "logaddexp", "hypot", "log2"}


class Blocks:
    """Finds chains of lines; `shapes` are those of the arguments, `size` and `fresh` give texts and names."""

    def __init__(
        self, lines: Sequence[Line], results: Sequence[str], size: Callable[[Dim], str], fresh: Callable[[], str]
    ) -> None:
        self._lines = lines
        self._size = size
        self._fresh = fresh
        self._last = {name: place for place, line in enumerate(lines) for name in VARIABLE.findall(line.text)}
        self._last |= {name: len(lines) for text in results for name in VARIABLE.findall(text)}
        self._makes = as_they_are(lines, results)

    def written(self, shapes: Mapping[str, Shape]) -> list[Line]:
        """The lines, those of each chain as a loop over blocks."""
        known = dict(shapes)
        known |= {line.target: line.shape for line in self._lines if line.target and line.shape is not None}
        found: list[Line] = []
        place = 0
        while place < len(self._lines):
            stop = self._end(place, known)
            if stop > place and self._pays(place, stop):
                found += self._loop(place, stop, known)
            else:
                stop = max(stop, place + 1)
                found += self._lines[place:stop]
            place = stop
        return found

    def _end(self, start: int, known: Mapping[str, Shape]) -> int:
        """One past the last line of the chain that begins at a line; the line itself where none does."""
        shape = self._lines[start].shape
        place = start
        totals: set[str | None] = set()
        if shape:
            while place < len(self._lines) and self._fits(self._lines[place], shape, known, totals):
                if not self._lines[place].shape:
                    totals.add(self._lines[place].target)
                place += 1
        return place

    def _fits(self, line: Line, shape: Shape, known: Mapping[str, Shape], totals: Collection[str | None]) -> bool:
        """Whether each element of a line comes from the same elements of arrays, or it sums all of one."""
        reads = VARIABLE.findall(line.text)
        if line.target is None or not any(known.get(name) == shape for name in reads):
            return False
        if self._is_total(line, shape):
            return all(known.get(name) == shape for name in reads)
        plain = CALLED.sub(lambda call: "(" if call[1] in FUNCTIONS else call[0], line.text)
        fits = line.shape == shape and not WORDS.sub("", plain)
        return fits and all(
            known.get(name) == shape or (known.get(name) == () and name not in totals) for name in reads
        )

    def _is_total(self, line: Line, shape: Shape) -> bool:
        found = TOTAL.fullmatch(line.text)
        if not found or line.shape:
            return False
        return len(shape) == 1 if found[2] else line.text.count(",") == len(shape) or len(shape) == 1

    def _pays(self, start: int, stop: int) -> bool:
        """Whether the lines one by one would make more arrays than the results of the chain."""
        made = sum(self._makes[place] for place in range(start, stop) if self._lines[place].shape)
        return made > len(self._results(start, stop))

    def _results(self, start: int, stop: int) -> list[str]:
        """The arrays of a chain that are read after it."""
        targets = [line.target for line in self._lines[start:stop] if line.target and line.shape]
        return [name for name in targets if self._last.get(name, -1) >= stop]

    def _loop(self, start: int, stop: int, known: Mapping[str, Shape]) -> Iterator[Line]:
        """A chain as a loop over blocks of the first axis."""
        chain = self._lines[start:stop]
        shape = chain[0].shape
        assert shape
        results, made = self._results(start, stop), {line.target for line in chain}
        lengths = [self._size(dim) for dim in shape]
        rows = str(BLOCK)
        if len(shape) > 1:
            rows = self._fresh()
            yield Line(rows, f"max(1, {BLOCK} // max(1, {' * '.join(lengths[1:])}))", None, None)
        for name in results:
            yield Line(name, f"np.empty(({', '.join(lengths)}{',' if len(lengths) == 1 else ''}))", name, shape)
        for line in chain:
            if not line.shape:
                yield Line(line.target, "0.0", None, ())
        yield Line(None, f"for i0 in range(0, {lengths[0]}, {rows}):", None, None)
        reads = dict.fromkeys(name for line in chain for name in VARIABLE.findall(line.text) if known[name] == shape)
        parts = {name: self._fresh() for name in [*reads, *results] if name not in made or name in results}
        inner = [Line(part, f"{name}[i0 : i0 + {rows}]", None, shape) for name, part in parts.items()]
        for line in chain:
            text = VARIABLE.sub(lambda found: parts.get(found[0], found[0]), line.text)
            if not line.shape:
                total = TOTAL.sub(lambda call: f"np.sum({call[1]})" if call[1] else call[0], text)
                inner.append(Line(None, f"{line.target} += {total}", None, None))
            elif line.target in parts:
                inner.append(Line(None, into(text, parts[line.target]), None, None))
            else:
                inner.append(Line(line.target, text, line.target, shape))
        for text in overwritten(inner, [])[0]:
            if not text.startswith("del "):
                yield Line(None, f"    {text}", None, None)
