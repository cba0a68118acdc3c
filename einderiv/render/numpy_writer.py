"""The lines of a source for NumPy: what a run calls, in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einderiv.ir import (
    ONE,
    Affine,
    Axiswise,
    Dim,
    Einsum,
    Input,
    Map,
    Node,
    Position,
    Reduce,
    Selection,
    Spread,
    topological,
)
from einderiv.plan import EXPONENTIALS, diagonal, kind, mirrored, pairwise, rewritten, simpler
from einderiv.render.blocks import Blocks
from einderiv.render.centres import Taken, mean_taken
from einderiv.render.layouts import divisions, layouts, of_two
from einderiv.render.numpy_lines import typical_sizes
from einderiv.render.numpy_products import Labels, Products, laid
from einderiv.render.numpy_writes import Writes
from einderiv.render.overwriting import VARIABLE, Line, overwritten
from einderiv.render.sizes import Read
from einderiv.render.spelling import SPELLINGS
from einderiv.render.writer import number_text, subscripts_of, tuple_of

STEPS: Mapping[str, Sequence[str]] = {
    "sech_squared": ("np.cosh({0})", "1.0 / {0}", "{0} * {0}"),
    "logistic_density": ("0.5 * {0}", "np.cosh({0})", "0.5 / {0}", "{0} * {0}"),
    "sigmoid": ("np.minimum({0}, 709.0)", "np.exp({0})", "{0} / (1.0 + {0})"),
    "softplus": ("np.minimum({0}, 709.0)", "np.exp({0})", "np.log1p({0})", "np.maximum({0}, {1})"),
    "logsigmoid": (
        "np.maximum({0}, -709.0)", "np.negative({0})", "np.exp({0})", "np.log1p({0})", "np.negative({0})",
        "np.minimum({0}, {1})",
    ),
}  # fmt: skip
COSH_SQUARED = ("np.cosh({0})", "{0} * {0}")
OVERFLOWING = ("sech_squared", "logistic_density")  # of whose steps one may be infinite, which is as it should be


class NumpyWriter(Writes):
    """The lines of all nodes, as few arrays as can be."""

    def __init__(self, inputs: Sequence[Input], reads: Sequence[Read]) -> None:
        super().__init__(inputs, reads)
        self._together: dict[tuple[Node, int], set[str]] = {}
        self._found: dict[tuple[Node, int, str], str] = {}
        self._parts: dict[Node, list[Node]] = {}
        self._divisions: dict[Node, Node] = {}
        self._below: set[Node] = set()

    def finished(self, outputs: Sequence[Node]) -> tuple[list[str], list[str]]:
        """All lines, with results in the place of arrays that are not needed any more; and the texts of the results."""
        self._typical = typical_sizes(self._reads, self._inputs, topological(outputs))
        outputs = rewritten(outputs, self._typical)
        order: list[Node] = []
        self._open(outputs, order, set())
        for node in order:
            match node:
                case Axiswise(function=name, argument=argument) if name in EXPONENTIALS:
                    self._together.setdefault((argument, 1), set()).add(name)
                case Reduce(function=name, argument=argument, count=count) if name in EXPONENTIALS:
                    self._together.setdefault((argument, count), set()).add(name)
        self._parts = {
            node: pairwise(node, self._typical)
            for node in order
            if isinstance(node, Einsum) and kind(node) == "dense" and len(node.operands) > 1 and not of_two(node)
        }
        self._divisions = divisions(order, outputs, self._parts)
        self._below = set(self._divisions.values())
        leading = {node: [other] for node, other in self._instead.items()}
        self._turned = layouts(order, outputs, self._parts | leading)
        for node in order:
            self.write(node, node in outputs)
        results: list[str] = []
        taken: set[str | None] = {None}
        for node in outputs:
            value = self._value(node)
            memory = self._memory.get(value)
            results.append(f"np.array({value})" if memory in taken or not node.axes else value)
            taken.add(memory)
        shapes = {self._values[leaf]: leaf.axes for leaf in self._inputs}
        lines = Blocks(self._made, results, self._size, self._fresh).written(shapes)
        return overwritten(lines, results)

    def _open(self, nodes: Sequence[Node], order: list[Node], done: set[Node]) -> None:
        """Append all nodes, each behind its parts; products with selections behind equal ones that a line can do."""
        for node in topological(nodes, stop=done):
            if node in done:
                continue
            other = node
            if isinstance(node, Einsum) and kind(node) == "mixed":
                other = simpler(node, self._typical)
            elif isinstance(node, Spread):
                other = diagonal(node)
            if other is not node:
                self._instead[node] = other
                self._open([other], order, done)
            done.add(node)
            order.append(node)

    def write(self, node: Node, whole: bool) -> None:
        """Emit what computes `node`; what is only laid out waits for its readers, who mostly take a view."""
        match node:
            case Selection() | Affine() | Position():
                pass  # where it is read as an array it becomes one
            case Einsum() if kind(node) == "write" and not whole:
                pass  # until it is known what it is written into
            case Spread() | Einsum() if node in self._instead or isinstance(node, Spread):
                if whole:
                    self._value(node)
            case Map(arguments=(argument,)) if node in self._below:
                self._divisor(node, argument)
            case Map(function=function, arguments=arguments):
                self._values[node] = self._map(function, arguments, node.axes)
            case Reduce(function=name, argument=argument, count=count) if name in EXPONENTIALS:
                self._exponentials(argument, count)
                self._values[node] = self._found[argument, count, name]
            case Axiswise(function=name, argument=argument) if name in EXPONENTIALS:
                self._exponentials(argument, 1)
                self._values[node] = self._found[argument, 1, name]
            case _:
                super().write(node, whole)

    # --------------------------------------------------------------- products

    def _product(self, node: Einsum) -> str:
        """A product, two operands a line; a sum of one operand before it is multiplied."""
        outer, self._dims = self._dims, node.dims
        match kind(node):
            case "read":
                value = self._read(node)
            case "match":
                value = self._match(node)
            case "write":
                value = self._write(node)
            case _:
                value = self._dense_product(node)
        self._dims = outer
        return value

    def _times(self, node: Node, coefficient: float) -> str:
        pending = (node, coefficient) not in self._scaled and node not in self._values
        if pending and isinstance(node, Einsum) and kind(node) == "write":
            self._scaled[node, coefficient] = self._write(node, coefficient)
        return super()._times(node, coefficient)

    def _late(self, node: Node) -> None:
        if isinstance(node, Einsum) and node not in self._values and kind(node) == "write":
            self._values[node] = self._write(node)

    def _dense_product(self, node: Einsum) -> str:
        if of_two(node):
            return self._pair(node)
        if len(node.operands) == 1:
            return self._single(node)
        for part in self._parts.get(node) or pairwise(node, self._typical):
            core = part.core if isinstance(part, Spread) else part
            if core not in self._values:
                self._values[core] = self._product(core) if isinstance(core, Einsum) else self._value(core)
        return self._like(node, part)

    def _like(self, node: Node, other: Node) -> str:
        """The value of another node that is equal, its axes as they are held."""
        if other not in self._turned:
            return self._value(other)
        self._turned[node] = self._turned[other]
        return self._values[other]

    def _single(self, node: Einsum) -> str:
        """A sum of one operand over axes, a diagonal, or other axes."""
        value, order = self._held(node.operands[0])
        labels, output = tuple(node.subscripts[0][axis] for axis in order), node.output
        if len({*labels}) < len(labels):
            of = None if {*labels} - {*output} else value
            return self._put(f'np.einsum("{subscripts_of([labels], output)}", {value})', node.axes, of)
        summed = [str(axis) for axis, label in enumerate(labels) if label not in output]
        if not summed:
            return self._viewed(laid(value, labels, output), value)
        total = self._put(f"np.sum({value}, axis={summed[0] if len(summed) == 1 else tuple_of(summed)})")
        return self._viewed(laid(total, [label for label in labels if label in output], output), total)

    def _pair(self, node: Einsum) -> str:
        factors = []
        for operand, subscripts in zip(node.operands, node.subscripts, strict=True):
            factors.append(self._labelled(operand, subscripts))
        order = self._turned.get(node, range(len(node.axes)))
        if node in self._divisions:
            return self._quotient(node, factors, order)
        products = Products(node.dims, self._size, self._viewed)
        if pairs := mirrored(node, self._typical):
            return self._symmetric(node, products.halves(factors[0], factors[1], pairs), pairs)
        text = products.of(factors[0], factors[1], [node.output[axis] for axis in order])
        return self._put(text, [node.axes[axis] for axis in order])

    def _quotient(self, node: Einsum, factors: Sequence[tuple[str, Labels]], order: Sequence[int]) -> str:
        """A product with a factor that became what is divided by."""
        place = node.operands.index(self._divisions[node])
        output = [node.output[axis] for axis in order]
        above, below = (laid(*factors[each], output) for each in (1 - place, place))
        return self._put(f"{above} / {below}", [node.axes[axis] for axis in order])

    def _divisor(self, node: Map, argument: Node) -> None:
        """What is divided by instead of multiplied with 1 / x or 1 / cosh(x)²: x, or cosh(x)²."""
        value, order = self._held(argument)
        if node.function == "sech_squared":
            for step in COSH_SQUARED:
                value = self._put(step.format(value), [node.axes[axis] for axis in order])
            self.decorators = ['@np.errstate(over="ignore")']
        self._values[node] = value
        if tuple(order) != tuple(range(len(order))):
            self._turned[node] = tuple(order)

    def _symmetric(self, node: Einsum, parts: tuple[str, str, str], pairs: Sequence[tuple[int, int]]) -> str:
        """A symmetric product: stripes of rows from the diagonal on, each copied to below it."""
        first, second, length = parts
        output = [label for side in zip(*pairs, strict=True) for label in side]
        axes = [node.output.index(label) for label in output]
        height = self._put(f"max(64, {length} // 8)", owned=False)
        dims = [node.axes[axis] for axis in axes] if len(pairs) == 1 else None
        whole = self._put(f"np.empty(({length}, {length}))", dims)
        rows, below = f"i0 : i0 + {height}", f"i0 + {height} :"
        self._do(f"for i0 in range(0, {length}, {height}):")
        self._do(f"    {whole}[{rows}, i0:] = np.matmul({first}[{rows}], {second}[:, i0:])")
        self._do(f"    {whole}[{below}, {rows}] = {whole}[{rows}, {below}].T")
        self._turned[node] = tuple(axes)
        if len(pairs) == 1:
            return whole
        return self._put(f"{whole}.reshape{self._shape([node.axes[axis] for axis in axes])}", of=whole)

    # ------------------------------------------------------------------- sums

    def _sum(self, terms: Sequence[Node]) -> str:
        """The sum of terms, one a line; what is tied is written on diagonals at the end."""
        axes = terms[0].axes
        terms = [self._followed(term) for term in terms]
        tied = [term for term in terms if isinstance(term, Spread) and term.tied]
        added = {term: found for term in terms if term not in tied and (found := self._addition(term))}
        dense = [term for term in terms if term not in tied and term not in added]
        if len(added) == len(terms):
            dense = [terms[0]]
            del added[terms[0]]
        total = self._dense(dense, axes, fresh=bool(tied or added)) if dense else self._zeros(axes)
        if not (tied or added) and (taken := mean_taken(terms, self._parts)):
            return self._centred(total, axes, taken)
        if added and not all(self._by_lines(product) for product, *_ in added.values()):
            total = self._put(f"np.ascontiguousarray({total})", of=total)
        for product, coefficient, output in added.values():
            self._write(product, coefficient, total, output)
        for term in tied:
            self._written(term, total, "+=" if dense or added or len(tied) > 1 else "=")
        return total

    def _centred(self, total: str, axes: Sequence[Dim], taken: Taken) -> str:
        """A sum from which the mean that it still has is taken away."""
        mean = taken.mean
        factors = [self._labelled(*factor) for factor in zip(mean.operands, mean.subscripts, strict=True)]
        factors[taken.place] = total, taken.labels
        rest = self._put(Products(mean.dims, self._size, self._viewed).of(factors[0], factors[1], mean.output))
        return self._put(f"{total} - {laid(rest, taken.placing, range(len(axes)))}", axes)

    def _addition(self, term: Node) -> tuple[Einsum, float, Labels] | None:
        """The product, the number before it, and the label of each axis, of a term that can be added onto the others.

        One that is an array already is not.
        """
        core, coefficient, placing = term, 1.0, tuple(range(len(term.axes)))
        if isinstance(term, Spread):
            core, coefficient, placing = self._followed(term.core), term.coefficient, term.placing
        if not isinstance(core, Einsum) or sorted(placing) != [*range(len(term.axes))] or core in self._values:
            return None
        output = tuple(core.output[placing.index(axis)] for axis in range(len(placing)))
        return (core, coefficient, output) if self._adds(core, output) else None

    def _dense(self, terms: Sequence[Node], axes: Sequence[Dim], fresh: bool) -> str:
        """The sum of terms that have no deltas, those without a number before them first."""
        parts = [self._part(term) for term in terms]
        parts.sort(key=lambda part: part[0])
        negative, total, reach = parts[0]
        if negative:
            total = self._put(f"-{total}" if VARIABLE.fullmatch(total) else f"-({total})", self._whole(reach, axes))
        for minus, text, other in parts[1:]:
            reach = reach | other
            total = self._put(f"{total} {'-' if minus else '+'} {text}", self._whole(reach, axes))
        if len(reach) < len(axes):
            text = f"np.broadcast_to({total}, {self._shape(axes)})"
            return self._put(f"np.array({text})", axes) if fresh else self._put(text, owned=False)
        if fresh and len(parts) == 1 and not negative:
            return self._put(f"np.array({total})", axes)
        return total

    def _whole(self, reach: frozenset[int], axes: Sequence[Dim]) -> Sequence[Dim] | None:
        return axes if len(reach) == len(axes) else None

    def _part(self, term: Node) -> tuple[bool, str, frozenset[int]]:
        """A term: whether it is subtracted, a text that broadcasts, and the axes that this has."""
        everywhere = frozenset(range(len(term.axes)))
        if not isinstance(term, Spread):
            return False, self._value(term), everywhere
        minus = term.coefficient < 0 and (term.coefficient == -1.0 or term.core is ONE)
        coefficient = -term.coefficient if minus else term.coefficient
        if term.core is ONE:
            return minus, number_text(coefficient), frozenset()
        return minus, self._view(term, coefficient), frozenset(term.placing)

    def _view(self, node: Spread, coefficient: float) -> str:
        """A core times a number as a view with the axes of a node, of length 1 where it repeats, the first left out."""
        return self._placed(node.core, coefficient, node.placing, range(len(node.shape)))

    def _placed(self, core: Node, coefficient: float, placing: Sequence[int], target: Sequence[int]) -> str:
        """A core times a number, its axis k on axis `placing[k]`, as a view with the axes `target`."""
        value, order = self._held(core, coefficient)
        placing = [placing[axis] for axis in order]
        placed = list(dict.fromkeys(placing))
        if len(placed) < len(placing):
            value = self._put(f'np.einsum("{subscripts_of([placing], placed)}", {value})', of=value)
        return laid(value, placed, target)

    def _written(self, term: Spread, total: str, sign: str) -> None:
        """A tied term on its diagonal of an array."""
        firsts = sorted({*term.ties})
        diagonal = f'np.einsum("{subscripts_of([term.ties], firsts)}", {total})[...]'
        if term.core is ONE:
            value = number_text(term.coefficient)
        else:
            value = self._placed(term.core, term.coefficient, term.placing, firsts)
        self._made.append(Line(None, f"{diagonal} {sign} {value}", None, None))

    def _laid_out(self, node: Spread) -> str:
        """A core in its place, with all axes of the node."""
        if node.tied:
            return self._sum([node])
        if node.core is ONE:
            return self._put(self._full(number_text(node.coefficient), node.shape), node.shape)
        value, _ = self._held(node.core, node.coefficient)
        text = self._view(node, node.coefficient)
        if len({*node.placing}) < len(node.shape):
            return self._put(f"np.broadcast_to({text}, {self._shape(node.shape)})", owned=False)
        return self._viewed(text, value)

    # -------------------------------------------------------------- functions

    def _map(self, function: str, arguments: Sequence[Node], axes: Sequence[Dim]) -> str:
        """An elementwise function; what only repeats along axes is broadcast by NumPy."""
        parts = [self._argument(argument) for argument in arguments]
        reach = frozenset[int]().union(*(reached for _, reached in parts))
        shape = self._whole(reach, axes)
        texts = [text for text, _ in parts]
        if function in STEPS:
            value = texts[0]
            for step in STEPS[function]:
                value = self._put(step.format(value, texts[0]), shape)
            if function in OVERFLOWING:
                self.decorators = ['@np.errstate(over="ignore")']
        else:
            value = self._put(SPELLINGS["numpy"][function].format(*texts, np="np"), shape)
        return value if shape is not None else self._put(f"np.broadcast_to({value}, {self._shape(axes)})", owned=False)

    def _argument(self, node: Node) -> tuple[str, frozenset[int]]:
        """An argument of an elementwise function, and the axes that it has."""
        node = self._followed(node)
        if isinstance(node, Spread) and not node.tied and node.core is not ONE:
            value, text = self._held(node.core, node.coefficient)[0], self._view(node, node.coefficient)
            return self._viewed(text, value), frozenset(node.placing)
        return self._value(node), frozenset(range(len(node.axes)))

    def _exponentials(self, argument: Node, count: int) -> None:
        """softmax, logsoftmax and logsumexp of one array, whichever are needed: one maximum, one exponential."""
        wanted = self._together.pop((argument, count), set())
        if not wanted:
            return
        x, shape = self._value(argument), argument.axes
        if count > 1:
            lengths = [self._size(dim) for dim in shape[:-count]]
            merged = " * ".join(self._size(dim) for dim in shape[-count:])
            x = self._put(f"{x}.reshape{tuple_of([*lengths, merged])}", of=x)
        m = self._put(f"np.max({x}, axis=-1, keepdims=True, initial=-np.inf)")
        m = self._put(f"np.where(np.isfinite({m}), {m}, 0.0)")
        s = self._put(f"{x} - {m}", shape)
        e = self._put(f"np.exp({s})", shape)
        total = self._put(f"np.sum({e}, axis=-1, keepdims=True)")
        found = {"softmax": self._put(f"{e} / {total}", shape)} if "softmax" in wanted else {}
        if len(found) < len(wanted):
            others = self._put(f"np.sum(np.where({s} < 0.0, {e}, 0.0), axis=-1, keepdims=True)")
            ties = self._put(f"np.rint({total} - {others}) - 1.0")
            logarithm = self._put(f"np.log1p({others} + {ties})")
            if "logsumexp" in wanted:
                found["logsumexp"] = self._put(f"({m} + {logarithm})[..., 0]")
            if "logsoftmax" in wanted:
                found["logsoftmax"] = self._put(f"{s} - {logarithm}", shape)
            self.decorators = ['@np.errstate(divide="ignore", invalid="ignore", over="ignore")']
        self._found.update({(argument, count, name): value for name, value in found.items()})
