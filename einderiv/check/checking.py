"""Tree → program: names, then the summation rule, then sizes, then nodes; every independent error is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from einderiv import syntax as tree
from einderiv.check.explicit import ExplicitEquation, Index, bound_indices
from einderiv.check.lower import OwnFunction
from einderiv.check.making import Making, given_name
from einderiv.check.names import Names, collect, collect_query
from einderiv.check.opened import Opened, Scope
from einderiv.check.order import cycle_errors
from einderiv.check.program import Axis, Program, Query
from einderiv.check.reads import settle
from einderiv.check.refusals import POSITIONS, Refusals, listed
from einderiv.check.spelling import case_warnings, number_warnings, operator_warnings
from einderiv.check.subscripts import one_name, walk
from einderiv.check.summation import Summation
from einderiv.check.unify import Declared, Fact, Reach, Sizes
from einderiv.errors import EinError, EinIndexError, EinSyntaxError, Label, Source, Span, raise_all, warn
from einderiv.ir import Dim
from einderiv.syntax import parse

Written = tuple[tree.Equation | tree.Query, ExplicitEquation]
"""A statement, and what it says with its sums written out."""


def check(text: tree.Tree, errors: Sequence[EinError] = ()) -> Program:
    """The program of a tree; `errors` are those of statements that could not be read, whose names are unknown.

    >>> check(parse("a_i = W_ij x_j + b_i", "linear.ein")).definitions["a"].letters
    ('i',)
    """
    names = collect(text, bool(errors))
    work = _Work(names, list(errors))
    work.errors += [*names.errors, *cycle_errors(names)]
    functions = work.functions()
    written = work.written([*names.equations.values(), *names.queries])
    sizes = Sizes(text.source)
    _declared_sizes(sizes, names)
    work.unify(sizes, written)
    work.raise_errors()
    for warning in (*case_warnings(names), *operator_warnings(names), *number_warnings(names)):
        warn(warning)
    sizes.name_all(sorted(_size_names(names)))
    reads = tuple(sizes.reads())
    raise_all(list(settle(reads, {}, text.source, sizes.declared_at)))
    return Making(names, sizes, functions, reads).program(written)


def query(program: Program, text: str) -> Query:
    """One derivative in the context of a program.

    >>> query(check(parse("L = x_i x_i", "model.ein")), "∂²L/∂x_i∂x_j").letters
    ('i', 'j')
    """
    try:
        parsed = read_query(program, text)
    except EinSyntaxError as error:
        if error.code != "E0113":
            raise
        near = [each for each in error.helps if each.startswith("a derivative is written")]
        raise _no_query(Source(text, "<query>"), near) from None
    if len(parsed.statements) != 1 or not isinstance(parsed.statements[0], tree.Query):
        raise _no_query(parsed.source)
    context = program.context
    names = collect_query(context.names, parsed)
    work = _Work(names)
    work.errors += names.errors
    written = work.written(names.queries)
    sizes = Sizes(parsed.source)
    for name, dim in context.sizes.items():
        _declare_dim(sizes, Declared(name), dim)
    for name, axes in context.axes.items():
        for number, dim in enumerate(axes):
            _declare_dim(sizes, Axis(name, number), dim)
    work.unify(sizes, written)
    work.raise_errors()
    sizes.name_all(sorted(context.taken))
    made = Making(names, sizes, context.functions, tuple(sizes.reads(elsewhere=True)))
    made.check_unchanged(context)
    return made.query(names.queries[0], written[0][1])


def _no_query(source: Source, near: Sequence[str] = ()) -> EinSyntaxError:
    """The error for a text that is no derivative, with how one that is nearly one is written."""
    return EinSyntaxError(
        "E0220", "this is not one derivative", source=source,
        labels=[Label(Span(0, len(source.text)))] if source.text else [],
        helps=near or ["write one, e.g. `∂L/∂W_ij` or `d(L)/d(W_ij)`"],
    )  # fmt: skip


def read_query(program: Program, text: str) -> tree.Tree:
    """The tree of a query, which may call the functions that the program defines."""
    functions = program.context.names.functions
    return parse(text, "<query>", {name: len(function.parameters) for name, function in functions.items()})


def jump(program: Program, name: str) -> Span:
    """Where an equation takes a position, as `argmax_c` does, which has no derivative; else the name it defines."""
    equation = program.context.names.equations[name]
    heads = (part.head_span for part, _ in walk(equation.body)
             if isinstance(part, tree.Reduction) and part.function in POSITIONS)  # fmt: skip
    return next(heads, equation.head_span)


def written_out(program: Program, text: tree.Tree | None = None) -> list[Written]:
    """The equations and queries of a program with their sums written out; or those of a query in another text."""
    if text is not None:
        names = collect_query(program.context.names, text)
        return _Work(names).written(names.queries)
    names = program.context.names
    return _Work(names).written([*names.equations.values(), *names.queries])


def _declare_dim(sizes: Sizes, element: Axis | Declared, dim: Dim) -> None:
    """An element has the size that the program gave it, which is in another text, where no error can point."""
    fact = Fact("", None)
    if not dim.name.isdigit():
        sizes.declare(element, dim.name, fact)
    if dim.size is not None:
        sizes.declare(element, dim.size, fact)


def _declared_sizes(sizes: Sizes, names: Names) -> None:
    """The facts of shape declarations, and which axes come with arrays."""
    for name, shape in names.shapes.items():
        for number, size in enumerate(shape.sizes):
            sizes.declare(Axis(name, number), size.value, Fact(Axis(name, number), size.span))
        if shape.symmetric:
            sizes.same(Axis(name, 0), Axis(name, 1), Fact("as it is symmetric", shape.span))
    for name, rank in names.ranks.items():
        if name not in names.equations:
            for number in range(rank.count):
                sizes.pass_array(Axis(name, number))
    for quantity, below in names.givens.items():
        for name in below:
            for number in range(names.ranks[name].count if name in names.ranks else 0):
                sizes.pass_array(Axis(given_name(quantity, name), number))


def _size_names(names: Names) -> set[str]:
    declared = [size for size, _ in names.indices.values() if size is not None]
    declared += [size for shape in names.shapes.values() for size in shape.sizes]
    return {size.value for size in declared if isinstance(size.value, str)}


# --------------------------------------------------------------------- errors


@dataclass(slots=True)
class _Work:
    """The statements of a text on their way to explicit equations, and the errors met."""

    names: Names
    errors: list[EinError] = field(default_factory=list)

    def functions(self) -> dict[str, OwnFunction]:
        """The functions that the text defines."""
        made = {}
        for name, definition in self.names.functions.items():
            if id(definition) not in self.names.failed:
                refusals = Refusals(self.names.subscripts)
                opened, parameters = Opened(self.names.subscripts), frozenset(definition.parameters)
                summation = Summation(opened, refusals, parameters, own=self.names.functions)
                body = tree.Bracket(definition.body, definition.body.span)
                made[name] = OwnFunction(definition.parameters, summation.factor(body, {}, Scope(frozenset()))[0])
                self.errors += refusals.errors
        return made

    def written(self, statements: Iterable[tree.Equation | tree.Query]) -> list[Written]:
        """The statements with their sums written out, without those that break the rule."""
        found: list[Written] = []
        for statement in statements:
            if id(statement) in self.names.failed:
                continue
            letters, subscripts = self.names.letters_in(statement), self.names.subscripts
            refusals = Refusals(subscripts, letters)
            opened = Opened(subscripts, letters)
            summation = Summation(opened, refusals, ranks=self._rank, own=self.names.functions)
            if isinstance(statement, tree.Equation):
                refusals.left = {each.name: each.span for each in subscripts.letters(statement.subscript)}
                explicit = summation.equation(statement)
            else:
                explicit = summation.query(statement.derivative)
            self.errors += refusals.errors
            if not refusals.errors:
                found.append((statement, explicit))
        return found

    def _rank(self, name: str) -> int:
        rank = self.names.ranks.get(name)
        return rank.count if rank is not None else 0

    def unify(self, sizes: Sizes, written: Sequence[Written]) -> None:
        """Collect what the statements say of sizes; a size is missing only if nothing else is wrong."""
        indices: list[Index] = []
        for statement, explicit in sorted(written, key=lambda each: each[0].span.start):
            known = len(indices)
            indices += explicit.axes
            if isinstance(statement, tree.Equation):
                for number, index in enumerate(explicit.axes):
                    sizes.index(index, Axis(statement.name, number), index.span)
            indices += bound_indices(explicit.body)
            self._declared_letters(sizes, indices[known:])
            sizes.expression(explicit.body)
        self.errors += sizes.errors
        if not self.errors:
            missing = set(sizes.sizeless(indices))
            told: set[Reach] = set()
            for statement, explicit in written:
                alone: list[Index] = []
                for index in dict.fromkeys([*explicit.axes, *bound_indices(explicit.body)]):
                    if index in missing:
                        together = list(sizes.together(index))
                        self.errors += [_only_together(each, self.names) for each in together if each not in told]
                        alone += [] if together else [index]
                        told |= set(together)
                self.errors += self._no_sizes(statement, explicit, alone)

    def _declared_letters(self, sizes: Sizes, indices: Iterable[Index]) -> None:
        for index in indices:
            size, span = self.names.indices.get(index.letter, (None, None))
            if size is not None:
                own = None if self.names.elsewhere else span
                sizes.declare(index, size.value, Fact("by its declaration", own))

    def _no_sizes(
        self, statement: tree.Equation | tree.Query, explicit: ExplicitEquation, indices: Sequence[Index]
    ) -> Iterator[EinError]:
        """Indices of a statement that nothing gives a size; those on its left side together."""
        absent = [index for index in indices if index.letter in explicit.absent]
        for index in indices:
            if isinstance(statement, tree.Query) or index not in absent:
                yield EinIndexError(
                    "E0202", f"nothing gives index `{index.letter}` a size", source=self.names.source,
                    labels=[Label(index.span, "no array has this index")],
                    helps=[f"declare its size: `index {index.letter}: 5`"],
                )  # fmt: skip
            elif index is absent[0]:
                yield self._absent(statement, explicit, absent)

    def _absent(self, equation: tree.Equation, explicit: ExplicitEquation, absent: Sequence[Index]) -> EinError:
        """Indices on the left side that no tensor on the right has."""
        letters = [index.letter for index in absent]
        others = [each.letter for each in explicit.axes if each.letter not in explicit.absent]
        left = "".join(others)
        indices = "the free index" if len(others) == 1 else "the free indices"
        short = all(len(each) == 1 for each in others)
        rest = "" if not others else f"_{left}" if short else f"_{{{','.join(others)}}}"
        note = f"the right-hand side has {indices} {listed(others)}" if others else "the right-hand side is a scalar"
        many = len(letters) > 1
        name, head = one_name(equation.name, equation.subscript, letters), equation.head_span
        written = self.names.source.text[head.start : head.end]
        one = [f"if `{written}` is one name, write it without `_`: `{name} = ...`"] if name else []
        return EinIndexError(
            "E0202",
            f"{'indices' if many else 'index'} {listed(letters)} {'are' if many else 'is'} on the left-hand side but "
            "nowhere on the right",
            source=self.names.source,
            labels=[Label(index.span, f"no tensor on the right has `{index.letter}`" if many else
                          "no tensor on the right has this index") for index in absent[:6]],
            notes=[note],
            helps=[*one,
                   f"drop {'them' if many else 'it'}: `{equation.name}{rest} = ...`",
                   f"to repeat `{equation.name}` along {'new axes' if many else 'a new axis'} declare "
                   f"{'their sizes' if many else 'its size'}: `index {', '.join(letters)}: 5`"],
        )  # fmt: skip

    def raise_errors(self) -> None:
        """Raise what was found, in the order of the text."""
        raise_all(sorted(self.errors, key=lambda error: error.labels[0].span.start if error.labels else -1))


def _only_together(reach: Reach, names: Names) -> EinError:
    """Letters that stand in one position, so that none has a size of its own."""
    factors = [abs(factor) for factor, _ in reach.position.terms]
    letter = reach.letters[factors.index(min(factors))]
    return EinIndexError(
        "E0303", f"nothing but `{reach.text}` gives {listed(reach.letters)} a size", source=names.source,
        labels=[Label(reach.position.span, "only read together")],
        notes=["one of them has as many sizes as the others leave"],
        helps=[f"declare {'one' if len(factors) == 2 else 'all but one'} of them: "
               f"`index {letter}: {max(sorted(factors)[1], 2)}`"],
    )  # fmt: skip
