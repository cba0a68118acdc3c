"""The equations from which sizes come that no array has.

`index i: I` says that i has the size of y's axis; that this is as long as the reads of x let it be is only said by the
equation `y_i = x_{i+k} w_k`.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence

from einderiv.ir import Affine, Node, einsum, select, topological
from einderiv.render.context import Context, Output
from einderiv.render.naming import fresh_names
from einderiv.render.sizes import Limit, Read, limit_of, reads_in


class Sources:
    """Finds for a limit an equation of the user's that says it, or makes one; each only once."""

    def __init__(self, reads: Sequence[Read], context: Context, taken: Collection[str]) -> None:
        self._reads = reads
        self._context = context
        self._tried = set(taken)
        self._made: set[Limit] = set()
        self._names = fresh_names({*taken, *context.inputs, *context.definitions})

    def of(self, missing: Collection[Limit]) -> list[Output]:
        """Equations that say what is `missing`; none where there are no more."""
        left = set(missing)
        found: list[Output] = []
        for read in self._reads:
            if limit_of(read) in left:
                output = self._known(limit_of(read)) or self._new(read)
                if output is not None:
                    found.append(output)
                    left -= {limit_of(other) for other in reads_in(topological([output.node]))}
        return found

    def _known(self, limit: Limit) -> Output | None:
        """The user's equation."""
        for name, (node, letters) in self._context.definitions.items():
            if name not in self._tried and limit in map(limit_of, reads_in(topological([node]))):
                self._tried.add(name)
                return Output(name, node, letters)
        return None

    def _new(self, read: Read) -> Output | None:
        """`t_ik = x_{i+k}`."""
        limit = limit_of(read)
        if limit in self._made:
            return None
        self._made.add(limit)
        for tensor, axis in self._having(read):
            place = Affine(read.coefficients, read.constant, read.dims)
            indices: list[Hashable] = [("index", number) for number in range(len(read.dims))]
            axes: list[Hashable] = [("axis", number) for number in range(len(tensor.axes))]
            left = [label for label in axes if label != ("axis", axis)]
            selection = select(place, read.dim, strict=True)
            node = einsum([(tensor, axes), (selection, [*indices, axes[axis]])], [*indices, *left])
            return Output(next(self._names), node)
        return None

    def _having(self, read: Read) -> Iterator[tuple[Node, int]]:
        """The tensors that have the axis of a read, first the one that is read."""
        known: dict[str, Node] = {name: node for name, (node, _) in self._context.inputs.items() if "∂" not in name}
        known |= {name: node for name, (node, _) in self._context.definitions.items()}
        if read.tensor in known and read.axis < len(known[read.tensor].axes):
            yield known[read.tensor], read.axis
        yield from ((node, node.axes.index(read.dim)) for node in known.values() if read.dim in node.axes)
