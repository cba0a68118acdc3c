"""Writes at positions as lines of NumPy: slice by slice at lines of labels, by `np.add.at` at positions in an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einderiv.ir import Affine, Einsum, Node, Selection
from einderiv.plan import WRITTEN, Pick, kind, parted, plain
from einderiv.render.numpy_products import Labels, laid
from einderiv.render.numpy_reads import Reads, cut, indexed, times
from einderiv.render.writer import number_text, subscripts_of, tuple_of

Source = tuple[str, Labels]


class Writes(Reads):
    """Writes products that are zero but at positions."""

    def _write(self, node: Einsum, coefficient: float = 1.0, onto: str = "", output: Labels = ()) -> str:
        """A number times zeros with the product of the rest written there, or that added `onto` an array.

        Equal positions add up.  `output` has the label of each axis of `onto`.
        """
        outer, self._dims = self._dims, node.dims  # it may be first read while another product is being written
        dense, picks = parted(node)
        source: Source = self._labelled(*dense[0]) if dense else ("1.0", ())
        if coefficient != 1.0:
            text = f"np.negative({source[0]})" if coefficient == -1.0 else f"{source[0]} * {number_text(coefficient)}"
            source = self._put(text, [node.dims[label] for label in source[1]]), source[1]
        out, labels = self._scattered(output or node.output, source, picks, onto)
        self._dims = outer
        if not onto:
            self._turned[node] = tuple(node.output.index(label) for label in labels)
        return out

    def _leaf(self, node: Node) -> str:
        return self._selection(node) if isinstance(node, Selection) else super()._leaf(node)

    def _selection(self, node: Selection) -> str:
        """A selection as an array: ones written there."""
        axes = tuple(range(len(node.axes)))
        pick = plain(Pick(node, axes[:-1], axes[-1]))
        if pick.label in pick.index:
            return super()._leaf(node)
        outer, self._dims = self._dims, dict(enumerate(node.axes))
        out, labels = self._scattered(axes, ("1.0", ()), [pick], "")
        self._dims = outer
        return self._viewed(laid(out, labels, axes), out)

    def _scattered(self, output: Labels, source: Source, picks: Sequence[Pick], onto: str) -> tuple[str, Labels]:
        """An array with the source written into it, and its labels."""
        chosen = {pick.label: pick for pick in picks}
        if all(pick.affine for pick in picks):
            return self._by_slices(output, source, chosen, onto), output
        grid = tuple(dict.fromkeys(label for pick in picks for label in pick.index))
        axes = [label for label in output if label in chosen or label in grid]
        places, missing = self._places_on(axes, chosen, grid)
        if {*grid} <= {*output} - chosen.keys() and not missing:
            return self._assigned(output, source, grid, dict(zip(axes, places, strict=True)), onto), output
        return self._accumulated(output, source, grid, dict(zip(axes, places, strict=True)), missing, onto)

    def _adds(self, node: Node, output: Labels) -> bool:
        """Whether a product can be added onto an array with these axes, with no array of its own."""
        if not isinstance(node, Einsum) or kind(node) != "write":
            return False
        _, picks = parted(node)
        met = {pick.label for pick in picks} | {label for pick in picks for label in pick.index}
        here = [place for place, label in enumerate(output) if label in met]
        if all(pick.affine for pick in picks):
            return all(pick.node.strict for pick in picks)
        return here == [*range(len(here))]

    def _by_lines(self, node: Einsum) -> bool:
        """Whether all positions are known before arrays are."""
        return all(pick.affine for pick in parted(node)[1])

    # ----------------------------------------------------------------- slices

    def _by_slices(self, output: Labels, source: Source, chosen: Mapping[int, Pick], onto: str) -> str:
        """For each choice of the labels of which a line has more than one, a slice added to a slice."""
        for pick in chosen.values():
            self._inside(pick)
        margins = {label: self._margins(pick) for label, pick in chosen.items()}
        padded = {label: self._put(before) for label, (before, _) in margins.items() if before != "0"}
        strict = all(pick.node.strict for pick in chosen.values())
        dims = [self._dims[label] for label in output]
        sizes = [self._size(dim) for dim in dims]
        if strict:
            out = onto or self._zeros(dims)
        else:
            around = [" + ".join(m for m in margins.get(label, ()) if m != "0") for label in output]
            lengths = [f"{size} + {more}" if more else size for size, more in zip(sizes, around, strict=True)]
            out = self._put(f"np.zeros({tuple_of(lengths)})")
        loops = self._loops(chosen)
        for depth, label in enumerate(loops):
            self._do(f"{'    ' * depth}for i{depth} in range({self._size(self._dims[label])}):")
        counters = {label: f"i{depth}" for depth, label in enumerate(loops)}
        target, labels = self._target(out, output, chosen, counters, padded)
        value = indexed(source[0], [counters.get(label, ":") for label in source[1]])
        value = laid(value, [label for label in source[1] if label not in counters], labels)
        self._do(f"{'    ' * len(loops)}{target} {'+=' if loops or onto else '='} {value}")
        if strict:
            return out
        cuts = [cut(padded.get(label, "0"), size, 1) for label, size in zip(output, sizes, strict=True)]
        return self._put(indexed(out, cuts), of=out)

    def _loops(self, chosen: Mapping[int, Pick]) -> list[int]:
        """The labels of lines but the longest of each line, so that none has two that are not looped over."""
        lines = [pick.index for pick in chosen.values()]
        free: list[int] = []
        labels = sorted({label for line in lines for label in line}, key=lambda x: -self._typical[self._dims[x]])
        for label in labels:
            if not any(label in line and {*line} & {*free} for line in lines):
                free.append(label)
        return sorted(set(labels) - set(free))

    def _target(
        self,
        out: str,
        output: Labels,
        chosen: Mapping[int, Pick],
        counters: Mapping[int, str],
        padded: Mapping[int, str],
    ) -> tuple[str, Labels]:
        """The part of an array that one slice is added to, and its labels."""
        cuts: list[str] = []
        left: list[int] = []
        turned: list[str] = []
        for label in output:
            if label not in chosen:
                cuts.append(counters.get(label, ":"))
                free = [] if label in counters else [(1, label)]
            else:
                index = chosen[label].node.index
                assert isinstance(index, Affine)
                terms = [*zip(index.coefficients, chosen[label].index, strict=True)]
                free = [(factor, inner) for factor, inner in terms if inner not in counters]
                cuts.append(self._line(index.constant, terms, counters, padded.get(label)))
            left += [inner for _, inner in free]
            turned += ["::-1" if factor < 0 else ":" for factor, _ in free]
        view = indexed(indexed(out, cuts), turned)
        labels = tuple(dict.fromkeys(left))
        if len(labels) < len(left):
            return f'np.einsum("{subscripts_of([left], labels)}", {view})[...]', labels
        return view, labels

    def _line(
        self, constant: int, terms: Sequence[tuple[int, int]], counters: Mapping[int, str], before: str | None
    ) -> str:
        """The slice, or the position, of an axis at a line of labels of which one at most is not looped over."""
        start = before or (str(constant) if constant else "")
        start += f" {'-' if constant < 0 else '+'} {abs(constant)}" if before and constant else ""
        free = [(factor, label) for factor, label in terms if label not in counters]
        for factor, label in terms:
            if label in counters:
                sign = "-" if factor < 0 else "+" if start else ""
                start = f"{start} {sign} {times(abs(factor), counters[label])}".strip()
        for factor, label in free:
            if factor < 0:
                start += f" - {times(-factor, f'({self._size(self._dims[label])} - 1)')}"
        if not free:
            return start or "0"
        ((factor, label),) = free
        return cut(start or "0", self._size(self._dims[label]), abs(factor))

    # --------------------------------------------------------------- elements

    def _assigned(self, output: Labels, source: Source, grid: Labels, places: Mapping[int, str], onto: str) -> str:
        """No element is met twice: one assignment."""
        out = onto or self._zeros([self._dims[label] for label in output])
        rest = [label for label in output if label not in places]
        target = f"{laid(out, output, [*places, *rest])}[{', '.join(places.values())}]"
        self._do(f"{target} {'+=' if onto else '='} {laid(*source, [*grid, *rest])}")
        return out

    def _accumulated(
        self, output: Labels, source: Source, grid: Labels, places: Mapping[int, str], missing: str, onto: str
    ) -> tuple[str, Labels]:
        """Rows of the source added to rows of zeros, so many at a time that their positions take little memory."""
        rest = [label for label in output if label not in places]
        order = (*places, *rest)
        out = onto or self._zeros([self._dims[label] for label in order])
        value, full = laid(*source, [*grid, *rest]), self._shape([self._dims[label] for label in (*grid, *rest)])
        if not {*grid, *rest} <= {*source[1]}:
            value = self._put(f"np.broadcast_to({value}, {full})", owned=False)
        start, *others = places.values()
        if others:
            sizes = tuple_of([self._size(self._dims[label]) for label in places])
            start = self._put(f"np.ravel_multi_index(({', '.join(places.values())}), {sizes})")
        if missing:
            here = self._put(f"~{missing}")
            start, value = self._put(f"{start}[{here}]"), self._put(f"{value}[{here}]")
        if rest:
            self._by_rows(out, start, value, rest)
        else:
            self._do(f"np.add.at({out}.reshape(-1), {start}, {value})")
        return out, order

    def _by_rows(self, out: str, start: str, value: str, rest: Labels) -> None:
        lengths = [self._size(self._dims[label]) for label in rest]
        width = lengths[0] if len(lengths) == 1 else self._put(" * ".join(lengths))
        start = self._put(f"{start}.reshape(-1)", of=start)
        value = self._put(f"{value}.reshape({start}.size, {width})", of=value)
        count = self._put(f"max(1, {WRITTEN} // max(1, {width}))", owned=False)
        self._do(f"for i0 in range(0, {start}.size, {count}):")
        self._do(f"    i1 = {start}[i0 : i0 + {count}, None] * {width} + np.arange({width})")
        self._do(f"    np.add.at({out}.reshape(-1), i1.reshape(-1), {value}[i0 : i0 + {count}].reshape(-1))")
