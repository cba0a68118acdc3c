"""The lines of a source for NumPy as they come, and the order in which each array has the axes of its node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from einderiv.ir import ONE, Affine, Dim, Einsum, Input, Node, Position, Selection, Spread
from einderiv.render.layouts import Order
from einderiv.render.numpy_products import Labels, laid
from einderiv.render.overwriting import Line
from einderiv.render.sizes import Read
from einderiv.render.writer import TYPICAL, Writer, number_text, subscripts_of


class NumpyLines(Writer):
    """The lines so far, each with what is known of the array that it makes."""

    def __init__(self, inputs: Sequence[Input], reads: Sequence[Read]) -> None:
        super().__init__("numpy", inputs, reads)
        self._made: list[Line] = []
        self._memory: dict[str, str | None] = {}
        self._instead: dict[Node, Node] = {}
        self._turned: dict[Node, Order] = {}
        self._scaled: dict[tuple[Node, float], str] = {}
        self._straight: dict[Node, str] = {}
        self._typical: dict[Dim, int] = {}
        self._located: dict[tuple[Node, Dim, bool], str] = {}
        self._checked: set[Selection] = set()
        self._dims: Mapping[int, Dim] = {}  # the sizes of the labels of the product that is being written

    def _put(self, text: str, shape: Sequence[Dim] | None = None, of: str | None = None, owned: bool = True) -> str:
        """A new variable, perhaps a view `of` another; `owned` says that its memory is not an argument's.

        One with a `shape` has all its axes.
        """
        name = super()._put(text)
        self._memory[name] = self._memory.get(of) if of is not None else name if owned else None
        self._made.append(Line(name, text, self._memory[name], None if shape is None else tuple(shape)))
        return name

    def _do(self, text: str) -> None:
        """A line that makes no variable."""
        self._made.append(Line(None, text, None, None))

    def _viewed(self, text: str, value: str) -> str:
        """A variable for a view of a value, or for what is none of any; the value itself if it is that already."""
        return value if text == value else self._put(text, of=value or None)

    def _zeros(self, axes: Sequence[Dim]) -> str:
        return self._put(f"np.zeros({self._shape(axes)})", axes)

    def _held(self, node: Node, coefficient: float = 1.0) -> tuple[str, Sequence[int]]:
        """A number times a node's value as it is held, and which axis of the node each of its axes is."""
        node = self._followed(node)
        if isinstance(node, Spread) and node.core is not ONE and sorted(node.placing) == [*range(len(node.axes))]:
            value, order = self._held(node.core, coefficient * node.coefficient)
            return value, [node.placing[axis] for axis in order]
        if coefficient != 1.0:
            value = self._times(node, coefficient)
        else:
            self._late(node)
            value = self._values[node] if node in self._turned and node in self._values else self._value(node)
        return value, self._turned.get(node, range(len(node.axes)))

    def _times(self, node: Node, coefficient: float) -> str:
        """A number times a node's value, as this is held."""
        if (node, coefficient) not in self._scaled:
            value, order = self._held(node)
            text = f"np.negative({value})" if coefficient == -1.0 else f"{value} * {number_text(coefficient)}"
            self._scaled[node, coefficient] = self._put(text, [node.axes[axis] for axis in order])
        return self._scaled[node, coefficient]

    def _followed(self, node: Node) -> Node:
        """The node that is written instead of one that is equal."""
        while node in self._instead:
            node = self._instead[node]
        return node

    def _late(self, node: Node) -> None:
        """Emit what waits for its first reader."""

    def _labelled(self, node: Node, labels: Labels) -> tuple[str, Labels]:
        """A node's value as it is held, its diagonals taken, and the label of each of its axes."""
        value, order = self._held(node)
        own = tuple(labels[axis] for axis in order)
        return self._diagonal(value, own)

    def _diagonal(self, value: str, labels: Labels) -> tuple[str, Labels]:
        """The view of a value in which each label stands once."""
        distinct = tuple(dict.fromkeys(labels))
        if distinct == tuple(labels):
            return value, distinct
        return self._put(f'np.einsum("{subscripts_of([labels], distinct)}", {value})', of=value), distinct

    def _value(self, node: Node) -> str:
        """The variable that has a node's value, its axes in order."""
        node = self._followed(node)
        self._late(node)
        if node not in self._turned:
            return super()._value(node)
        if node not in self._straight:
            value, order = self._held(node)
            self._straight[node] = self._viewed(laid(value, order, range(len(order))), value)
        return self._straight[node]


def typical_sizes(reads: Sequence[Read], inputs: Sequence[Input], nodes: Iterable[Node]) -> dict[Dim, int]:
    """The sizes for which a source is planned.

    An axis of an argument that runs over a window is a short one.  A table has more rows than are looked up in it, so
    that these are read first.
    """
    found: dict[Dim, int] = {}
    tables: set[Dim] = set()
    for node in nodes:
        dims = [*node.axes, *(node.dims.values() if isinstance(node, Einsum) else ())]
        found |= {dim: dim.size or TYPICAL for dim in dims}
        if isinstance(node, Selection) and not isinstance(node.index, Affine | Position):
            tables.add(node.dim)
    given = {dim for leaf in inputs for dim in leaf.axes}
    windows = {dim for read in reads if not given.issuperset(read.dims) for dim in read.dims if dim in given}
    short = windows - {read.dim for read in reads}
    found |= {dim: TYPICAL // 10 for dim in short if dim.size is None}
    return found | {dim: TYPICAL + 1 for dim in tables if dim.size is None}
