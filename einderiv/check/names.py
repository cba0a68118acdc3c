"""Names: what each one is, how many indices it has, and what it needs.

Tensors, index letters, sizes and functions are separate worlds.  A tensor is defined by an equation or else an input;
a quantity that is known by `given ∂E/∂a_i` alone is neither.  In a comparison a bare name that is an index of the
equation is a position and no tensor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from einderiv import syntax as tree
from einderiv.check.corrections import counted, other_rank
from einderiv.check.derivatives import check_derivatives, plain_rank
from einderiv.check.matrices import result_rank, solved_rank
from einderiv.check.program import Use
from einderiv.check.subscripts import (
    Letter,
    LookedUp,
    Standing,
    Subscripts,
    is_algebra,
    letters_of,
    subscripts_of,
    walk,
)
from einderiv.check.terms import tensors_of
from einderiv.errors import EinError, EinIndexError, EinNameError, EinSyntaxError, EinTypeError, Label, Source, Span

AGAIN = 6  # places of one name that are shown where it is defined again and again


@dataclass(frozen=True, slots=True)
class Rank:
    """How many indices a tensor has, and where that was first seen; `span` is None where another text says so."""

    count: int
    span: Span | None
    declared: bool = False


@dataclass(slots=True)
class Names:
    """All names of a text."""

    source: Source
    subscripts: Subscripts
    indices: dict[str, tuple[tree.SizeName | None, Span]] = field(default_factory=dict)
    shapes: dict[str, tree.ShapeDeclaration] = field(default_factory=dict)
    functions: dict[str, tree.FunctionDefinition] = field(default_factory=dict)
    equations: dict[str, tree.Equation] = field(default_factory=dict)
    queries: list[tree.Query] = field(default_factory=list)
    givens: dict[str, dict[str, tree.Given]] = field(default_factory=dict)
    ranks: dict[str, Rank] = field(default_factory=dict)
    uses: dict[str, list[Use]] = field(default_factory=dict)
    places: dict[int, frozenset[str]] = field(default_factory=dict)
    needs: dict[str, dict[str, Span]] = field(default_factory=dict)
    errors: list[EinError] = field(default_factory=list)
    failed: set[int] = field(default_factory=set)
    elsewhere: bool = False  # whether the program is another text, so that its places cannot be shown

    def letters_in(self, statement: tree.Statement) -> frozenset[str]:
        """The index letters of an equation or query: what a bare name in its comparisons may mean."""
        return self.places[id(statement)]

    def known(self, name: str) -> bool:
        """Whether a tensor of this name occurs in the program."""
        phantom = any(name in of for of in self.givens.values())
        return name in self.equations or name in self.uses or name in self.shapes or phantom

    def error(self, kind: type[EinError], code: str, message: str, *labels: Label, **more: list[str]) -> EinError:
        """An error in this text."""
        notes, helps = more.get("notes", ()), more.get("helps", ())
        return kind(code, message, source=self.source, labels=labels, notes=notes, helps=helps)

    def given_labels(self, quantity: str) -> Iterator[Label]:
        """Where the derivatives of a quantity are given."""
        if not self.elsewhere:
            for given in self.givens[quantity].values():
                yield Label(given.span, "its derivative is given here")

    def in_query(self, text: tree.Tree) -> Names:
        """These names as another text sees them."""
        ranks = {name: replace(rank, span=None) for name, rank in self.ranks.items()}
        subscripts = Subscripts(text.source, self.indices)
        return replace(
            self, source=text.source, subscripts=subscripts, ranks=ranks, uses={name: [] for name in self.uses},
            queries=[], errors=[], failed=set(), places={}, elsewhere=True,
        )  # fmt: skip


def collect(text: tree.Tree, partial: bool = False) -> Names:
    """The names of a program; `errors` has what is wrong with them, `failed` the statements it is about.

    Of a `partial` tree other names may be defined in what could not be read.
    """
    declared = [word for each in text.statements if isinstance(each, tree.IndexDeclaration) for word in each.words]
    names = Names(text.source, Subscripts(text.source, [word.text for word in declared]))
    collector = _Collector(names)
    for statement in text.statements:
        collector.declare(statement)
    collector.read(text.statements, partial)
    return names


def collect_query(program_names: Names, text: tree.Tree) -> Names:
    """The names of a program as a query in a text of its own uses them."""
    names = program_names.in_query(text)
    names.queries += [statement for statement in text.statements if isinstance(statement, tree.Query)]
    _Collector(names).read(text.statements)
    return names


class _Collector:
    """Fills `Names`, statement by statement."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._defined: dict[str, Span] = {}
        self._twice: dict[str, EinError] = {}
        self._bodies: dict[str, frozenset[str]] = {}
        self._solved: list[tuple[tree.Statement, tree.Call, tree.Tensor]] = []

    # ------------------------------------------------------- what is declared

    def declare(self, statement: tree.Statement) -> None:
        """Enter a statement under its name."""
        names = self._names
        match statement:
            case tree.IndexDeclaration(words=words, size=size):
                for word in words:
                    self._index(word, size)
            case tree.ShapeDeclaration(name=name, name_span=span):
                if self._first(f"shape {name}", name, span, "declared"):
                    names.shapes[name] = statement
                    names.ranks.setdefault(name, Rank(len(statement.sizes), span, declared=True))
            case tree.Equation(name=name, head_span=span):
                if self._first(f"value {name}", name, span, "defined"):
                    names.equations[name] = statement
                else:
                    names.failed.add(id(statement))
            case tree.FunctionDefinition(name=name, name_span=span):
                if self._first(f"function {name}", name, span, "defined"):
                    names.functions[name] = statement
            case tree.Given(derivative=derivative):
                self._given(statement, derivative)
            case tree.Query():
                names.queries.append(statement)

    def _first(self, key: str, name: str, span: Span, verb: str) -> bool:
        """Whether nothing stands under `key` yet; otherwise that is an error."""
        first = self._defined.setdefault(key, span)
        if first is span:
            return True
        noun = "definition" if verb == "defined" else "declaration"
        known = self._twice.get(key)
        if known is not None:
            known.labels += (Label(span, f"another {noun}"),) if len(known.labels) < AGAIN else ()
            return False
        self._twice[key] = self._names.error(
            EinNameError, "E0211", f"`{name}` is {verb} twice",
            Label(span, f"second {noun}"), Label(first, f"first {noun}"),
            notes=["equations are definitions, not assignments; order does not matter"] if verb == "defined" else [],
            helps=["give the second one a new name" if verb == "defined" else "remove one of them"],
        )  # fmt: skip
        self._names.errors.append(self._twice[key])
        return False

    def _index(self, word: tree.Word, size: tree.SizeName | None) -> None:
        if self._first(f"index {word.text}", word.text, word.span, "declared"):
            self._names.indices[word.text] = size, word.span

    def _given(self, statement: tree.Given, derivative: tree.Derivative) -> None:
        names, top, below = self._names, derivative.top, derivative.below
        if isinstance(top, tree.Bracket) or top.subscript is not None or len(below) != 1:
            written = names.source.text[derivative.span.start : derivative.span.end]
            names.errors.append(self._names.error(
                EinTypeError, "E0217", "a given derivative is the first derivative of a scalar that has a name",
                Label(derivative.span, f"`{written}`"), helps=["write `given ∂E/∂a_i`"],
            ))  # fmt: skip
            names.failed.add(id(statement))
            return
        if self._first(f"given {top.name} {below[0].name}", f"∂{top.name}/∂{below[0].name}", derivative.span, "given"):
            names.givens.setdefault(top.name, {})[below[0].name] = statement

    # ---------------------------------------------------------- what is used

    def read(self, statements: Iterable[tree.Statement], partial: bool = False) -> None:
        """Ranks, uses and needs of all statements, in the order of the text."""
        statements = list(statements)
        for statement in statements:
            if id(statement) in self._names.failed:
                continue
            try:
                self._read(statement)
            except EinError as error:
                self._fail(statement, error)
        for statement, call, matrix in self._solved:
            try:
                self._solve(call, matrix)
            except EinError as error:
                self._fail(statement, error)
        blocked = partial or bool(self._names.failed)
        for statement in statements:
            if id(statement) not in self._names.failed:
                errors = list(check_derivatives(self._names, statement, blocked))
                self._names.errors += errors
                self._names.failed |= {id(statement)} if errors else set()
        if not self._names.errors and not partial:
            self._names.errors += [*self._check_givens(), *self._check_symmetric()]

    def _fail(self, statement: tree.Statement, error: EinError) -> None:
        self._names.errors.append(error)
        self._names.failed.add(id(statement))

    def _read(self, statement: tree.Statement) -> None:
        names = self._names
        match statement:
            case tree.Equation(name=name, subscript=subscript, body=body, head_span=span):
                letters = [letter.name for letter in names.subscripts.letters(subscript)]
                names.places[id(statement)] = letters_of(body, names.subscripts) | set(letters)
                names.needs.setdefault(name, {})
                self._rank(name, len(letters), span)
                self._expression(statement, body, name)
            case tree.Query(derivative=derivative):
                names.places[id(statement)] = letters_of(derivative, names.subscripts)
                self._expression(statement, derivative, "")
            case tree.FunctionDefinition(parameters=parameters, body=body):
                self._body(body, parameters)
            case tree.Given(derivative=derivative):
                for tensor in tensors_of(derivative):
                    self._rank(tensor.name, plain_rank(self._names, tensor), tensor.span)
            case _:
                return

    def _expression(self, statement: tree.Statement, body: tree.Expression, owner: str) -> None:
        letters = self._names.places[id(statement)]
        for part, compared in walk(body):
            match part:
                case tree.Tensor(name=name, subscript=None) if compared and name in letters:
                    continue
                case tree.Tensor():
                    self._use(part, owner)
                case tree.Derivative(top=top, below=below):
                    for tensor in (top, *below):
                        if isinstance(tensor, tree.Tensor):
                            self._rank(tensor.name, plain_rank(self._names, tensor), tensor.span, letters)
                            self._need(owner, tensor.name, tensor.span)
                case tree.Symbol():
                    self._plain(part)
                case tree.Call() if is_algebra(part):
                    self._algebra(statement, part, owner)
                case tree.Call(function=function, name_span=span) if function in self._names.functions:
                    for name in sorted(self._scalars(function)):
                        self._need(owner, name, span)
                case _:
                    continue

    def _body(self, body: tree.Expression, parameters: tuple[str, ...]) -> None:
        """The body of a function of elements, which has no indices; other names in it are scalars."""
        for part, _ in walk(body):
            atom = isinstance(part, tree.Derivative) or is_algebra(part)
            if atom or next(subscripts_of(part), None) is not None:
                raise self._names.error(
                    EinIndexError, "E0214", "a function works on single elements: its body has no indices",
                    Label(part.head_span if isinstance(part, tree.Reduction) else part.span, "not elementwise"),
                    helps=["name the tensor in an equation instead, and pass it as an argument"],
                )  # fmt: skip
            if isinstance(part, tree.Tensor) and part.name not in parameters:
                self._use(part, "")

    def _scalars(self, function: str) -> frozenset[str]:
        """The scalars that the body of a function needs, also by functions that it calls."""
        found = self._bodies.get(function)
        if found is None:
            needed, pending, seen = set[str](), [function], {function}
            while pending:
                definition = self._names.functions[pending.pop()]
                for part, _ in walk(definition.body):
                    if isinstance(part, tree.Tensor) and part.name not in definition.parameters:
                        needed.add(part.name)
                    if isinstance(part, tree.Call) and part.function in self._names.functions.keys() - seen:
                        seen.add(part.function)
                        pending.append(part.function)
            found = self._bodies[function] = frozenset(needed)
        return found

    def _use(self, tensor: tree.Tensor, owner: str) -> None:
        self._standing(tensor.name, self._names.subscripts.axes(tensor.subscript), tensor.span, owner)

    def _standing(self, name: str, axes: Sequence[Standing], span: Span, owner: str) -> None:
        """Note a tensor with what stands on its axes, and the tensors that it is looked up by."""
        self._value(name, span, owner)
        self._rank(name, len(axes), span)
        self._names.uses.setdefault(name, []).append(_use(span, axes))
        for standing in axes:
            if isinstance(standing, LookedUp):
                self._standing(standing.name, standing.axes, standing.span, owner)

    def _value(self, name: str, span: Span, owner: str) -> None:
        """Note that a value is needed."""
        if name in self._names.givens:
            raise self._names.error(
                EinTypeError, "E0216", f"`{name}` has no value: only its derivatives are given",
                Label(span, "used as a value"), *self._names.given_labels(name),
                helps=[f"define `{name}` by an equation instead"],
            )  # fmt: skip
        self._need(owner, name, span)

    def _algebra(self, statement: tree.Statement, call: tree.Call, owner: str) -> None:
        """Note the tensors of `inv(A)_ij`; how many axes A has in `solve(A, b)_i` is known when all is read."""
        axes = self._names.subscripts.axes(call.subscript)
        rank = result_rank(call, len(axes), self._names.source)
        for standing in axes:
            if isinstance(standing, LookedUp):
                self._standing(standing.name, standing.axes, standing.span, owner)
        tensors = [each for each in call.arguments if isinstance(each, tree.Tensor)]
        for tensor in tensors:
            self._value(tensor.name, tensor.span, owner)
        if call.function == "solve":
            self._solved.append((statement, call, tensors[0]))
            tensors = tensors[1:]
        padding = (None,) * (rank - len(axes))
        for tensor in tensors:
            self._rank(tensor.name, rank, tensor.span)
            self._names.uses.setdefault(tensor.name, []).append(_use(tensor.span, (*axes, *padding)))

    def _solve(self, call: tree.Call, matrix: tree.Tensor) -> None:
        """Note the matrix of `solve(A, b)_i`."""
        axes = self._names.subscripts.axes(call.subscript)
        known = self._names.ranks.get(matrix.name)
        rank = solved_rank(call, len(axes), known.count if known is not None else None, self._names.source)
        self._rank(matrix.name, rank, matrix.span)
        self._names.uses.setdefault(matrix.name, []).append(_use(matrix.span, (*axes[: rank - 1], None)))

    def _plain(self, symbol: tree.Symbol) -> None:
        for standing in self._names.subscripts.axes(symbol.subscript):
            if not isinstance(standing, Letter):
                raise self._names.error(
                    EinIndexError, "E0218", f"`{symbol.kind}` has plain indices only", Label(standing.span, ""),
                    helps=["for a comparison of positions write a bracket, e.g. `[i == j + 1]`"],
                )  # fmt: skip

    def _need(self, owner: str, name: str, span: Span) -> None:
        """Note that the equation for `owner` needs `name`, directly or by what is given about it."""
        if owner:
            needs = self._names.needs[owner]
            for needed in (name, *self._names.givens.get(name, ())):
                needs.setdefault(needed, span)

    def _rank(self, name: str, count: int, span: Span, letters: Collection[str] | None = None) -> None:
        """Note how many indices a tensor has; in a derivative, `letters` are those of the statement."""
        if "'" in name:
            plain = name.replace("'", "")
            raise self._names.error(
                EinSyntaxError, "E0101", f"the name `{name}` has a prime; only index letters have",
                Label(span, "no index of this equation"), helps=[f"use another name, e.g. `{plain}2`"],
            )  # fmt: skip
        first = self._names.ranks.setdefault(name, Rank(count, span))
        if first.count == count:
            return
        before = "declared with" if first.declared else "with"
        other = [Label(first.span, counted(first.count))] if first.span is not None else []
        raise self._names.error(
            EinIndexError, "E0206",
            f"`{name}` is used with {counted(count)} here but {before} {first.count or 'none'} before",
            Label(span, counted(count)), *other,
            helps=other_rank(self._names.source.text[span.start : span.end], count, first.count, letters),
        )  # fmt: skip

    def _check_symmetric(self) -> Iterator[EinError]:
        """What an equation defines is symmetric or not by itself."""
        for name, shape in self._names.shapes.items():
            if shape.symmetric and name in self._names.equations:
                span = None if self._names.elsewhere else self._names.equations[name].head_span
                yield self._names.error(
                    EinTypeError, "E0219", f"`{name}` is declared symmetric, but an equation defines it",
                    Label(shape.span, "only inputs are declared symmetric"),
                    *([Label(span, "defined here")] if span is not None else []),
                    helps=["leave out `symmetric`: what the equation says decides"],
                )  # fmt: skip

    def _check_givens(self) -> Iterator[EinError]:
        """A quantity that is given has no equation and no array."""
        for quantity in self._names.givens:
            span = self._defined.get(f"value {quantity}") or self._defined.get(f"shape {quantity}")
            if span is not None:
                yield self._names.error(
                    EinNameError, "E0211", f"`{quantity}` is both given by a derivative and defined",
                    Label(span, "defined here"), *self._names.given_labels(quantity),
                    helps=["remove one of them"],
                )  # fmt: skip


def _use(span: Span, axes: Sequence[Standing | None]) -> Use:
    """A place where a tensor has these axes, None where no index says what stands there."""
    without = frozenset(number for number, each in enumerate(axes) if not isinstance(each, Letter))
    return Use(span, tuple(each.name if isinstance(each, Letter) else "" for each in axes), without)
