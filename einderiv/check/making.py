"""Explicit equations and sizes → the `Program`: definitions, inputs, what is given, and queries by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from einderiv import syntax as tree
from einderiv.check.explicit import ExplicitEquation, bound_indices
from einderiv.check.lower import Lowering, OwnFunction
from einderiv.check.names import Names
from einderiv.check.order import dependency_order
from einderiv.check.program import Argument, Axis, Context, Definition, Program, Query, Read, Reduction, Use
from einderiv.check.subscripts import Subscripts, walk
from einderiv.check.unify import Sizes
from einderiv.errors import EinShapeError, Label, Span
from einderiv.ir import Dim, Input, Node, add, einsum

_FRESH = "pqrstuvwxyzabcdefghjklmno"
_SHORT = re.compile(r"[^\W\d_]\d*'*\Z")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def given_name(quantity: str, name: str) -> str:
    """The key of a given derivative: `∂E/∂a`."""
    return f"∂{quantity}/∂{name}"


@dataclass(slots=True)
class Making:
    """Makes nodes and tables of what was checked."""

    names: Names
    sizes: Sizes
    functions: Mapping[str, OwnFunction]
    reads: tuple[Read, ...] = ()
    _leaves: dict[str, Input] = field(default_factory=dict)
    _letters: dict[Axis, str] = field(default_factory=dict)

    def program(self, written: Sequence[tuple[tree.Equation | tree.Query, ExplicitEquation]]) -> Program:
        """The program of a whole text."""
        lowering = self._lowering()
        definitions: dict[str, Definition] = {}
        queries: dict[str, Query] = {}
        outputs: dict[str, None] = {}
        for statement, explicit in sorted(written, key=lambda each: each[0].span.start):
            if isinstance(statement, tree.Query):
                made = self.query(statement, explicit)
                queries.setdefault(made.name, made)
                outputs[made.name] = None
                continue
            letters = tuple(index.letter for index in explicit.axes)
            node = lowering.equation(explicit.body, explicit.axes)
            use = Use(statement.head_span, letters)
            reductions = tuple(self._reductions(statement.body, explicit))
            definitions[statement.name] = Definition(statement.name, letters, node, use, reductions)
            outputs[statement.name] = None
        order = tuple(dependency_order(self.names.needs)[0])
        inputs = {argument.name: argument for argument in self._inputs()}
        givens = dict(self._givens())
        return Program(
            self.names.source, definitions, order, inputs, givens, queries, tuple(outputs), self.reads,
            self._context(),
        )  # fmt: skip

    def query(self, statement: tree.Query, explicit: ExplicitEquation) -> Query:
        """A derivative that is asked for."""
        node = self._lowering().equation(explicit.body, explicit.axes)
        letters = tuple(index.letter for index in explicit.axes)
        name = canonical(statement.derivative, self.names.subscripts)
        reads = self.reads if self.names.elsewhere else ()
        reductions = tuple(self._reductions(statement.derivative, explicit))
        return Query(name, letters, node, statement.span, reads, reductions)

    def check_unchanged(self, context: Context) -> None:
        """Refuse a query that would make two sizes of the program one."""
        for name, axes in context.axes.items():
            for number, dim in enumerate(axes):
                if self.sizes.dim(Axis(name, number)) != dim:
                    statement = self.names.queries[0]
                    raise EinShapeError(
                        "E0301", f"axis {number} of `{name}` is `{dim}` long in the program, and of another size here",
                        source=self.names.source, labels=[Label(statement.span)],
                        helps=["write the derivative into the program itself, or declare the size there"],
                    )  # fmt: skip

    # ------------------------------------------------------------------ parts

    def _reductions(self, body: tree.Expression, explicit: ExplicitEquation) -> Iterator[Reduction]:
        """The reductions of a statement where they stand."""
        sizes: dict[Span | str, Dim] = {index.letter: self.sizes.dim(index) for index in explicit.axes}
        for index in bound_indices(explicit.body):
            sizes[index.span] = sizes[index.letter] = self.sizes.dim(index)
        for part, _ in walk(body) if sizes else ():
            if isinstance(part, tree.Reduction):
                letters = self.names.subscripts.letters(part.indices)
                known = {letter.name: sizes.get(letter.span, sizes.get(letter.name)) for letter in letters}
                dims = {name: dim for name, dim in known.items() if dim is not None}
                yield Reduction(part.function, dims, self.names.source, part.head_span)

    def _lowering(self) -> Lowering:
        return Lowering(self.sizes.dim, self.leaf, self.functions)

    def axes(self, name: str) -> tuple[Dim, ...]:
        """The sizes of a tensor's axes."""
        rank = self.names.ranks.get(name)
        return tuple(self.sizes.dim(Axis(name, number)) for number in range(rank.count if rank is not None else 0))

    def leaf(self, name: str) -> Input:
        """The leaf that stands for a tensor."""
        found = self._leaves.get(name)
        if found is None:
            shape = self.names.shapes.get(name)
            found = self._leaves[name] = Input(name, self.axes(name), shape is not None and shape.symmetric)
        return found

    def _inputs(self) -> Iterator[Argument]:
        names = self.names
        for name in names.ranks:
            shape = names.shapes.get(name)
            if name in names.equations or not (name in names.uses or shape is not None):
                continue
            uses = tuple(self._lettered(name, use) for use in names.uses.get(name, ()))
            node, declared = self.leaf(name), shape.name_span if shape is not None else None
            yield Argument(name, name, node, uses, declared)
        for quantity, below in names.givens.items():
            for name, given in below.items():
                tensor = given.derivative.below[0]
                letters = tuple(letter.name for letter in names.subscripts.letters(tensor.subscript))
                key = given_name(quantity, name)
                node = Input(key, self.axes(name))
                use = Use(given.derivative.span, letters)
                yield Argument(key, f"d{quantity}_d{name}", node, (use,), None)

    def _lettered(self, name: str, use: Use) -> Use:
        """A use with a letter for each axis: where it has none, one that the text does not use."""
        if not use.without:
            return use
        found = []
        for number, letter in enumerate(use.letters):
            found.append(letter or self._letter(Axis(name, number)))
        return Use(use.span, tuple(found), use.without)

    def _letter(self, axis: Axis) -> str:
        """A letter for an axis, which nothing else has."""
        if axis not in self._letters:
            letters = {letter for place in self.names.places.values() for letter in place}
            taken = {*letters, *self.names.indices, *self._letters.values()}
            candidates = [*_FRESH, *(f"p{count}" for count in range(2, len(taken) + 3))]
            self._letters[axis] = next(letter for letter in candidates if letter not in taken)
        return self._letters[axis]

    def _givens(self) -> Iterator[tuple[str, Node]]:
        """For each quantity that is given, the sum of its derivatives times what they are taken by."""
        for quantity, below in self.names.givens.items():
            terms = []
            for name in below:
                axes = self.axes(name)
                upstream = Input(given_name(quantity, name), axes)
                terms.append(einsum([(upstream, range(len(axes))), (self.leaf(name), range(len(axes)))], ()))
            yield quantity, add(terms)

    def _context(self) -> Context:
        """What queries in other texts need."""
        quantities = self.names.givens
        axes = {name: self.axes(name) for name in self.names.ranks if name not in quantities}
        declared = [size for size, _ in self.names.indices.values() if size is not None]
        sizes = {size.value: self.sizes.named(size.value) for size in declared if isinstance(size.value, str)}
        dims = [*sizes.values(), *(dim for group in axes.values() for dim in group)]
        dims += [dim for read in self.reads for dim in (read.dim, *read.dims)]
        return Context(self.names, axes, sizes, self.functions, frozenset(dim.name for dim in dims))


def canonical(derivative: tree.Derivative, subscripts: Subscripts) -> str:
    """The name of a query: `∂²L/∂W_dk∂b_c`, whatever its spelling."""
    order = len(derivative.below)
    power = str(order).translate(_SUPERSCRIPTS) if order > 1 else ""
    if isinstance(derivative.top, tree.Bracket):
        span = derivative.top.span
        top = " ".join(subscripts.source.text[span.start : span.end].split())
    else:
        top = _tensor(derivative.top, subscripts)
    first = derivative.below[0]
    if first.subscript is None and all(each.name == first.name for each in derivative.below):
        return f"∂{power}{top}/∂{first.name}{power}"
    return f"∂{power}{top}/" + "".join(f"∂{_tensor(each, subscripts)}" for each in derivative.below)


def _tensor(tensor: tree.Tensor, subscripts: Subscripts) -> str:
    letters = [letter.name for letter in subscripts.letters(tensor.subscript)]
    if not letters:
        return tensor.name
    short = all(_SHORT.match(letter) for letter in letters)
    return f"{tensor.name}_{''.join(letters)}" if short else f"{tensor.name}_{{{','.join(letters)}}}"
