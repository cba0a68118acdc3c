"""Random graphs from a seed, of everything that the builders make."""

from __future__ import annotations

import random
from collections.abc import Callable

from einderiv import ir
from einderiv.ir import Dim, Input, Node
from einderiv.render import Read

DIMS = (Dim("I"), Dim("J"), Dim("K"), FIXED := Dim("3", 3))
LONG, RANGE = Dim("P"), Dim("R")
SIZES = {DIMS[0]: 2, DIMS[1]: 3, DIMS[2]: 4, LONG: 6, RANGE: 3}
READ = Read(LONG, (1, 1), (RANGE, DIMS[2]), 0, "q")
UNARY = "exp log sqrt abs sign sin cos tanh sigmoid softplus relu erf square reciprocal".split()
UNARY += "xlogx gaussian sech_squared logistic_density one_minus_square root_of_one_plus_square erfc elu".split()
SAFE = {"log": 1.5, "sqrt": 1.5, "reciprocal": 1.5, "xlogx": 1.5}
COMPARISONS = "less less_equal greater greater_equal".split()


class Grower:
    """Grows a pool of nodes by random steps; values stay within a few units so that nothing overflows."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.narrow = seed % 2 == 1
        self.dims = DIMS[:2] if self.narrow else DIMS
        self.inputs: list[Input] = self.few() if self.narrow else self.many()
        self.pool: list[Node] = list(self.inputs)

    def few(self) -> list[Input]:
        """Inputs over two sizes, so that indices coincide and meet in brackets; scalars are named like letters."""
        i, j = self.dims
        shapes = {"x": (i,), "y": (i,), "z": (j,), "W": (i, j), "V": (i, j), "M": (i, i), "i": (), "k": ()}
        return [Input(name, shape) for name, shape in shapes.items()]

    def many(self) -> list[Input]:
        """Inputs of all sizes and ranks, with an upstream derivative."""
        found = []
        for name in "xyzWVcG":
            rank = self.random.choice((0, 1, 1, 2, 2, 3)) if name != "c" else 0
            found.append(Input(name, tuple(self.random.choice(DIMS) for _ in range(rank))))
        found.append(Input("∂E/∂a", tuple(self.random.choice(DIMS) for _ in range(self.random.choice((1, 2))))))
        return found + [Input(f"s{dim.name}", (dim,)) for dim in DIMS[:3]]

    def ways(self) -> list[Callable[[], Node | None]]:
        """The steps, the likely ones several times."""
        ways: list[Callable[[], Node | None]] = [self.product, self.product, self.product, self.sum, self.map, self.two]
        return ways + ([self.polynomial] * 6 if self.narrow else [self.map, self.reduce, self.along])

    def grown(self, steps: int) -> Node:
        """The last node after `steps` steps."""
        ways = self.ways()
        for _ in range(steps):
            node = self.random.choice(ways)()
            if node is not None and len(node.axes) <= 4:
                self.pool.append(node)
        return self.pool[-1]

    def polynomial(self) -> Node:
        """A sum of products times a product: brackets in brackets, and indices that stand in all of them."""
        i, j = self.dims
        letters = {"a": i, "b": j, "c": i}
        inner = self.random.sample("abc", self.random.choice((1, 2)))
        factors = [(self.bracket(inner, letters), inner)]
        for _ in range(self.random.choice((0, 1, 1, 2))):
            kept = self.random.sample("abc", self.random.choice((1, 1, 2)))
            factors.append(
                (self.bracket(kept, letters) if self.random.random() < 0.3 else self.term(kept, letters), kept)
            )
        used = [letter for letter in "abc" if any(letter in group for _, group in factors)]
        output = [letter for letter in used if self.random.random() < 0.5]
        return ir.einsum(factors, output, self.random.choice((1.0, 0.5, -0.25)))

    def bracket(self, axes: list[str], letters: dict[str, Dim]) -> Node:
        """A sum of terms, or a function of one or two."""
        terms = [self.term(axes, letters) for _ in range(self.random.choice((2, 2, 3)))]
        kind = self.random.choice(("sum", "sum", "sum", "tanh", "max", "square", "reciprocal", "norm"))
        total = ir.add([ir.scale(term, self.random.choice((1.0, -1.0))) for term in terms])
        if kind == "sum":
            return total
        if kind == "max":
            return ir.apply("max", terms[0], terms[1])
        if kind == "reciprocal":
            return ir.apply("reciprocal", self.positive(self.random.choice(terms)))
        if kind == "norm":
            return ir.reduce("norm", ir.einsum([(total, axes)], [*axes, "r"], dims={"r": self.dims[1]}), [len(axes)])
        return ir.apply(kind, self.random.choice((total, terms[0])))

    def term(self, axes: list[str], letters: dict[str, Dim]) -> Node:
        """A product of one to three inputs over `axes` and letters that it sums."""
        factors: list[tuple[Node, list[str]]] = []
        for _ in range(self.random.choice((1, 1, 2, 2, 3))):
            node = self.random.choice(self.inputs)
            kept = [
                self.random.choice([name for name in (*axes, *"abcde") if (letters | {"d": i, "e": j})[name] == dim])
                for i, j in [self.dims]
                for dim in node.axes
            ]
            factors.append((node, kept))
        if self.random.random() < 0.15:
            factors.append((ir.identity(self.dims[0]), ["a", "c"]))
        sizes = letters | {"d": self.dims[0], "e": self.dims[1]}
        return ir.einsum(factors, axes, 0.5, sizes)

    def some(self) -> Node:
        """A node of the pool, more often a late one."""
        return self.random.choice(self.pool[-5:] if self.random.random() < 0.6 else self.pool)

    def product(self) -> Node | None:
        """A contraction with random coincidences of labels, kept, summed, repeated and tied ones."""
        operands: list[tuple[Node, list[str]]] = []
        dims: dict[str, Dim] = {}
        for _ in range(self.random.choice((1, 1, 2, 2, 2, 3))):
            node = self.some() if self.random.random() < 0.85 else ir.identity(self.random.choice(self.dims))
            labels = []
            for dim in node.axes:
                same = [label for label, other in dims.items() if other == dim]
                if same and self.random.random() < 0.7:
                    labels.append(self.random.choice(same))
                else:
                    labels.append(f"l{len(dims)}")
                    dims[labels[-1]] = dim
            operands.append((node, labels))
        if self.random.random() < 0.15:
            dims["wide"] = self.random.choice(self.dims)
        output = [label for label in dims if self.random.random() < 0.55]
        self.random.shuffle(output)
        count = 1
        for label, dim in dims.items():
            count *= (dim.size or SIZES.get(dim, 1)) if label not in output else 1
        coefficient = self.random.choice((1.0, 1.0, -1.0, 2.0, 0.5, 1 / 3, -0.2))
        if len(output) > 4:
            return None
        product = ir.einsum(operands, output, coefficient / count, dims)
        return self.calm(product)

    def calm(self, node: Node) -> Node:
        """The node itself, sometimes squashed."""
        return ir.apply("tanh", node) if self.random.random() < 0.15 else node

    def shaped(self, axes: tuple[Dim, ...]) -> Node:
        """A node of the pool laid out over `axes`, as far as it fits."""
        node = self.some()
        labels: list[int] = []
        for dim in node.axes:
            fitting = [
                axis
                for axis, other in enumerate(axes)
                if other == dim and (axis not in labels or self.random.random() < 0.1)
            ]
            labels.append(self.random.choice(fitting) if fitting else 100 + len(labels))
        dims = dict(enumerate(axes)) | dict(zip(labels, node.axes, strict=True))
        return ir.einsum([(node, labels)], range(len(axes)), 0.25 if max(labels, default=0) >= 100 else 1.0, dims)

    def sum(self) -> Node:
        """A sum of two or three terms, sometimes with a delta or a number among them."""
        first = self.some()
        terms = [first, *(self.shaped(first.axes) for _ in range(self.random.choice((1, 1, 2))))]
        if self.random.random() < 0.3:
            terms.append(ir.einsum([], range(len(first.axes)), 2.0, dict(enumerate(first.axes))))
        scaled = [ir.scale(term, self.random.choice((1.0, 1.0, -1.0, 0.5, -2.0))) for term in terms]
        return ir.add(scaled, first.axes)

    def map(self) -> Node:
        """A function of one argument."""
        node = self.some()
        name = self.random.choice(UNARY)
        if name == "exp":
            node = ir.apply("tanh", node)
        if name in SAFE:
            shift = ir.einsum([], range(len(node.axes)), SAFE[name], dict(enumerate(node.axes)))
            node = ir.add([ir.apply("tanh", node), shift], node.axes)
        return ir.apply(name, ir.apply("tanh", node) if name == "square" else node)

    def two(self) -> Node:
        """A function of two or three arguments, a comparison, or one with a position."""
        node = self.some()
        kind = self.random.choice(("max", "min", "compare", "position", "where", "pow", "atan2"))
        other = self.shaped(node.axes)
        if kind == "compare":
            return ir.apply(self.random.choice(COMPARISONS), node, other)
        if kind == "position" and node.axes:
            axis = self.random.randrange(len(node.axes))
            shape = dict(enumerate(node.axes))
            place = ir.einsum([(ir.Position(node.axes[axis]), [axis])], range(len(node.axes)), 1.0, shape)
            return ir.apply(self.random.choice(COMPARISONS), place, other)
        if kind == "where":
            return ir.apply("where", ir.apply("greater", node, other), self.shaped(node.axes), node)
        if kind == "pow":
            return ir.apply("pow", self.positive(node), ir.apply("tanh", other))
        return ir.apply("max" if kind in ("compare", "position") else kind, node, other)

    def positive(self, node: Node) -> Node:
        """1.5 + tanh of the node."""
        shift = ir.einsum([], range(len(node.axes)), 1.5, dict(enumerate(node.axes)))
        return ir.add([ir.apply("tanh", node), shift], node.axes)

    def reduce(self) -> Node | None:
        """A reduction over some axes."""
        node = ir.apply("tanh", self.some())
        if not node.axes:
            return None
        count = self.random.randint(1, len(node.axes))
        axes = self.random.sample(range(len(node.axes)), count)
        return ir.reduce(self.random.choice(("max", "min", "prod", "logsumexp", "norm")), node, axes)

    def along(self) -> Node | None:
        """A function along an axis."""
        node = self.some()
        if not node.axes:
            return None
        name = self.random.choice(("softmax", "logsoftmax", "cumsum", "cumsum_reverse", "cofactor"))
        node = ir.apply("tanh", node) if name == "cofactor" else node
        return self.calm(ir.axiswise(name, node, self.random.randrange(len(node.axes))))


class Reader(Grower):
    """Grows also gathers, offsets, brackets with positions, and linear algebra.

    R is the size of no array: indices r of `q_{r+k}` have it.
    """

    def many(self) -> list[Input]:
        """Also a long tensor to read from, integers that are positions along every axis, and symmetric matrices."""
        i, j, k, three = DIMS
        self.integers = [Input("t", (i,)), Input("u", (j, i)), Input("m", ()), Input("i", (k,))]
        self.long = [Input("q", (LONG,)), Input("Q", (LONG, j)), Input("D", (LONG, LONG))]
        self.square = [Input("S", (j, j), True), Input("N", (three, three), True)]
        return [*super().many(), *self.integers, *self.long, *self.square]

    def few(self) -> list[Input]:
        """The same."""
        self.narrow, self.dims = False, DIMS
        return self.many()

    def ways(self) -> list[Callable[[], Node | None]]:
        """Mostly the new ones."""
        return [*super().ways(), *[self.gather, self.read, self.bracket_of_places, self.algebra] * 3]

    def index(self) -> Node:
        """Integers that are positions along every axis: an input, a transposed one, or one that is computed."""
        node: Node = self.random.choice(self.integers)
        way = self.random.random()
        if way < 0.2:
            return ir.einsum([(self.integers[1], "ab")], "ba")
        if way < 0.4:
            return ir.apply("greater", node, ir.einsum([], range(len(node.axes)), 0.5, dict(enumerate(node.axes))))
        return node

    def mixed(self, operands: list[tuple[Node, list[str]]]) -> Node | None:
        """A product of `operands` and another node, some labels of equal sizes being one, some summed."""
        other = self.some()
        dims = {label: dim for node, labels in operands for label, dim in zip(labels, node.axes, strict=True)}
        labels: list[str] = []
        for dim in other.axes:
            same = [label for label, known in dims.items() if known == dim]
            meet = bool(same) and self.random.random() < 0.6
            labels.append(self.random.choice(same) if meet else f"o{len(labels)}")
            dims[labels[-1]] = dim
        used = [*operands, (other, labels)] if self.random.random() < 0.6 else operands
        present = dict.fromkeys(label for _, group in used for label in group)
        output = [label for label in present if label[0] not in "pr" and self.random.random() < 0.6]
        output += [label for label in present if label[0] in "pr" and self.random.random() < 0.25]
        self.random.shuffle(output)
        if len(output) > 4:
            return None
        return self.calm(ir.einsum(used, output, self.random.choice((0.2, -0.1, 0.05))))

    def gather(self) -> Node | None:
        """A tensor looked up by integers, or by one position."""
        node, index = self.some(), self.index()
        if self.random.random() < 0.25:
            index = ir.Affine((), self.random.choice((0, 1)), ())
        if not node.axes:
            return None
        axis = self.random.randrange(len(node.axes))
        labels = [f"p{number}" if number == axis else f"a{number}" for number in range(len(node.axes))]
        around = [
            self.random.choice(
                [*(a for a, d in zip(labels, node.axes, strict=True) if d == dim and a[0] == "a"), f"b{k}"]
            )
            for k, dim in enumerate(index.axes)
        ]
        strict = self.random.random() < 0.8
        picked = ir.select(index, node.axes[axis], strict=strict)
        return self.mixed([(node, labels), (picked, [*around, labels[axis]])])

    def offset(self) -> ir.Affine:
        """Positions inside the long axis."""
        i, j, k, _ = DIMS
        places = [((2, 1), 1, (i, j)), ((1, 1), 0, (RANGE, k)), ((1,), 1, (k,)), ((-1,), 3, (j,)), ((1, -1), 3, (j, k))]
        return ir.Affine(*self.random.choice(places))

    def read(self) -> Node | None:
        """A tensor at computed positions, sometimes of two axes or as a power."""
        tensor, offset = self.random.choice(self.long), self.offset()
        labels = ["p"] + [f"a{number}" for number in range(1, len(tensor.axes))]
        places = [f"r{number}" for number in range(len(offset.shape))]
        operands: list[tuple[Node, list[str]]] = [(tensor, labels)] * self.random.choice((1, 1, 1, 2, 3))
        operands.append((ir.select(offset, LONG, strict=True), [*places, "p"]))
        if len(tensor.axes) == 2 and tensor.axes[1] == LONG:
            other = self.offset()
            again = [f"r{number}" if dim in offset.shape else f"s{number}" for number, dim in enumerate(other.shape)]
            if all(d == offset.shape[int(r[1])] for r, d in zip(again, other.shape, strict=True) if r in places):
                operands.append((ir.select(other, LONG, strict=True), [*again, "a1"]))
        return self.mixed(operands)

    def bracket_of_places(self) -> Node | None:
        """[p == 2 i + j] by itself."""
        index: Node = self.offset() if self.random.random() < 0.5 else self.index()
        picked = ir.select(index, self.random.choice((*DIMS, LONG)), strict=False)
        return self.mixed([(picked, [f"b{axis}" for axis in range(len(picked.axes))])])

    def algebra(self) -> Node | None:
        """A function of a matrix near the identity, with or without a batch, of a symmetric input, or a solution."""
        dim, batch = self.random.choice(DIMS), self.random.choice([(), (), (self.random.choice(DIMS),)])
        axes = (*batch, dim, dim)
        noise = ir.scale(ir.apply("tanh", self.shaped(axes)), 0.2)
        labels = range(len(axes))
        matrix = ir.add([ir.einsum([(ir.identity(dim), labels[-2:])], labels, 1.0, dict(enumerate(axes))), noise])
        if self.random.random() < 0.3:
            matrix, batch = self.random.choice(self.square), ()
            dim = matrix.axes[0]
        if self.random.random() < 0.3:
            matrix = ir.einsum([(matrix, [*"bij"[1 - len(batch) :]])], [*"bji"[1 - len(batch) :]])
        function = self.random.choice(("inv", "det", "logdet", "cholesky", "solve"))
        if function == "solve":
            right = (*batch, dim, *self.random.choice(((), (self.random.choice(DIMS),))))
            return ir.algebra(function, matrix, ir.apply("tanh", self.shaped(right)))
        node = ir.algebra(function, matrix)
        return self.mixed([(node, [self.random.choice("ab") if not batch else f"a{n}" for n in range(len(node.axes))])])
