"""Reads at positions as lines of NumPy: windows and slices at lines of labels, `take` at positions in an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einderiv.ir import Affine, Einsum
from einderiv.plan import Pick, parted
from einderiv.render.numpy_lines import NumpyLines
from einderiv.render.numpy_products import Labels, laid
from einderiv.render.writer import tuple_of


class Reads(NumpyLines):
    """Writes products that read an array, or compare positions."""

    # -------------------------------------------------------------- positions

    def _reach(self, index: Affine) -> tuple[str, str]:
        """The smallest and the largest position of an index, as texts."""
        low = high = str(index.constant) if index.constant or not index.axes else ""
        for factor, dim in zip(index.coefficients, index.axes, strict=True):
            last = times(abs(factor), f"({self._size(dim)} - 1)")
            if factor > 0:
                high = f"{high} + {last}" if high else last
            else:
                low = f"{low} - {last}" if low else f"-{last}"
        return low or "0", high or "0"

    def _inside(self, pick: Pick) -> None:
        """Refuse to go on where positions that must lie inside of an axis would not."""
        index = pick.node.index
        if not isinstance(index, Affine) or not pick.node.strict or pick.node in self._checked:
            return
        self._checked.add(pick.node)
        low, high = self._reach(index)
        if not low.isdecimal():
            self._do(f"if {low} < 0:")
            self._do('    raise IndexError("a position lies before an axis")')
        if index.axes:
            self._do(f"if {high} >= {self._size(pick.node.dim)}:")
            self._do('    raise IndexError("a position lies behind an axis")')

    def _positions(self, pick: Pick) -> str:
        """The positions of a selection as integers; -1, where they may be, for what is none."""
        index, size, strict = pick.node.index, self._size(pick.node.dim), pick.node.strict
        key = (index, pick.node.dim, strict)
        if key not in self._located:
            value = self._value(index)
            whole = f"{value} % 1.0 == 0.0"
            if strict:
                checked = self._put(f"np.where({whole}, {value}, -1.0)")
                self._located[key] = self._put(f"np.ravel_multi_index(({checked}.astype(int),), ({size},))")
            else:
                inside = f"({whole}) & ({value} >= 0.0) & ({value} < {size})"
                self._located[key] = self._put(f"np.where({inside}, {value}, -1.0).astype(int)")
        return self._located[key]

    # ------------------------------------------------------------------ reads

    def _read(self, node: Einsum) -> str:
        """An array at positions: a view, or what `take` copies."""
        ((operand, own),), picks = parted(node)
        value, labels = self._labelled(operand, own)
        chosen = {pick.label: pick for pick in picks}
        if picks[0].affine:
            for pick in picks:
                self._inside(pick)
            found, labels = self._window(self._padded(value, labels, chosen), labels, chosen)
        else:
            found, labels = self._taken(value, labels, chosen)
        self._turned[node] = tuple(node.output.index(label) for label in labels)
        return found

    def _padded(self, value: str, labels: Labels, chosen: Mapping[int, Pick]) -> str:
        """An array with zeros where positions may lie outside of it."""
        if all(pick.node.strict for pick in chosen.values()):
            return value
        margins = ["(0, 0)"] * len(labels)
        for axis, label in enumerate(labels):
            if label in chosen and not chosen[label].node.strict:
                margins[axis] = tuple_of(self._margins(chosen[label]))
        return self._put(f"np.pad({value}, {tuple_of(margins)})")

    def _margins(self, pick: Pick) -> tuple[str, str]:
        """By how much positions lie before and behind an axis, as texts."""
        index = pick.node.index
        if not isinstance(index, Affine) or pick.node.strict:
            return "0", "0"
        low, high = self._reach(index)
        before = "0" if low.isdecimal() else f"max(0, -({low}))"
        return before, f"max(0, {high} + 1 - {self._size(pick.node.dim)})"

    def _window(self, value: str, labels: Labels, chosen: Mapping[int, Pick]) -> tuple[str, Labels]:
        """A strided view of an array, and its labels: of several labels of one axis all but the first are windows."""
        cuts: list[tuple[int | None, str, bool]] = []
        windows: list[tuple[int | None, str, bool]] = []
        lengths: list[str] = []
        axes: list[str] = []
        for axis, label in enumerate(labels):
            if label not in chosen:
                cuts.append((label, ":", False))
                continue
            start = self._start(chosen[label])
            terms = self._longest_first(chosen[label])
            if not terms:
                cuts.append((None, start, False))
            for place, (factor, inner) in enumerate(terms):
                step, size = abs(factor), self._size(self._dims[inner])
                if place == 0:
                    cuts.append((inner, cut(start, size, step), factor < 0))
                else:
                    windows.append((inner, f"::{step}" if step > 1 else ":", factor < 0))
                    lengths.append(f"{times(step, size)} - {step - 1}" if step > 1 else size)
                    axes.append(str(axis))
        if windows:
            wide = f"{tuple_of(lengths)}, {tuple_of(axes)}"
            value = self._put(f"np.lib.stride_tricks.sliding_window_view({value}, {wide})", of=value)
        cuts += windows
        value = self._viewed(indexed(value, [text for _, text, _ in cuts]), value)
        left = [(label, turned) for label, _, turned in cuts if label is not None]
        value = self._viewed(indexed(value, ["::-1" if turned else ":" for _, turned in left]), value)
        return self._diagonal(value, [label for label, _ in left])

    def _start(self, pick: Pick) -> str:
        """The smallest position, in an array that has its margins."""
        assert isinstance(pick.node.index, Affine)
        low, _ = self._reach(pick.node.index)
        return low if pick.node.strict or low.isdecimal() else f"max(0, {low})"

    def _longest_first(self, pick: Pick) -> list[tuple[int, int]]:
        """The factors and labels of a line, the label that is expected to be longest first."""
        assert isinstance(pick.node.index, Affine)
        terms = zip(pick.node.index.coefficients, pick.index, strict=True)
        return sorted(terms, key=lambda term: -self._typical[self._dims[term[1]]])

    def _taken(self, value: str, labels: Labels, chosen: Mapping[int, Pick]) -> tuple[str, Labels]:
        """An array at positions that arrays hold, and its labels."""
        grid = tuple(dict.fromkeys(label for pick in chosen.values() for label in pick.index))
        axes = [axis for axis, label in enumerate(labels) if label in chosen or label in grid]
        rest = [axis for axis in range(len(labels)) if axis not in axes]
        places, missing = self._places_on([labels[axis] for axis in axes], chosen, grid)
        if len(axes) == 1:
            found = self._put(f"np.take({value}, {places[0]}, axis={axes[0]})")
            around = (*labels[: axes[0]], *grid, *labels[axes[0] + 1 :])
        else:
            moved = laid(value, labels, [labels[axis] for axis in (*axes, *rest)])
            found = self._put(f"{moved}[{', '.join(places)}]", of=None if grid else value)
            around = (*grid, *(labels[axis] for axis in rest))
        if missing and grid:
            self._do(f"np.copyto({found}, 0.0, where={laid(missing, grid, around)})")
        elif missing:
            found = self._put(f"np.where({missing}, 0.0, {found})")
        return found, around

    def _places_on(self, labels: Labels, chosen: Mapping[int, Pick], grid: Labels) -> tuple[list[str], str]:
        """The positions along axes as arrays on a grid of labels, and where one is none (there it is 0), if any may."""
        found, outside = [], []
        for label in labels:
            if label not in chosen:
                found.append(laid(self._put(f"np.arange({self._size(self._dims[label])})"), [label], grid))
                continue
            pick = chosen[label]
            place = self._positions(pick)
            if not pick.node.strict:
                outside.append(laid(self._put(f"{place} < 0"), pick.index, grid))
                place = self._put(f"np.maximum({place}, 0)")
            found.append(laid(place, pick.index, grid))
        if not outside:
            return found, ""
        lengths = [self._size(self._dims[label]) for label in grid]
        return found, self._put(f"np.broadcast_to({' | '.join(outside)}, {tuple_of(lengths)})")

    # ------------------------------------------------------------ comparisons

    def _match(self, node: Einsum) -> str:
        """Where two positions are equal, or where there is one."""
        _, picks = parted(node)
        first, *others = [laid(self._positions(pick), pick.index, node.output) for pick in picks]
        if not others:
            return self._put(f"({first} >= 0).astype(float)")
        return self._put(f"(({first} == {others[0]}) & ({first} >= 0)).astype(float)")


def times(factor: int, text: str) -> str:
    """`2 * n0`, and `n0` for a factor of 1."""
    return text if factor == 1 else f"{factor} * {text}"


def cut(start: str, size: str, step: int) -> str:
    """The slice of so many entries from `start` on."""
    if start == "0":
        return f":{times(step, size)}" + (f":{step}" if step > 1 else "")
    return f"{start} : {start} + {times(step, size)}" + (f" : {step}" if step > 1 else "")


def indexed(value: str, cuts: Sequence[str]) -> str:
    """An array with cuts along its axes; itself for none."""
    length = max((place + 1 for place, text in enumerate(cuts) if text != ":"), default=0)
    return f"{value}[{', '.join(cuts[:length])}]" if length else value
