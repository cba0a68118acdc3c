"""The computation graph of equations as they are written: tensors and the operations between them, (x —add— y)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from einderiv import check
from einderiv.formulas import Lettering, written
from einderiv.ir import Dim
from einderiv.pictures import Edge, Kind, Picture, Vertex
from einderiv.render import Context, Output, equations, text
from einderiv.render import notation as n
from einderiv.syntax import Equation

COMMUTATIVE = ("max", "min")
DIGITS = 9  # of a number that is written out
SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "="}
SIDES = {"where": ("if", "then", "else")}
Axes = Mapping[str, Dim | None]


@dataclass(frozen=True, slots=True)
class Shown:
    """A tensor in a picture: its label, what it is, the letters of its label, and its axes."""

    label: str
    kind: Kind
    letters: tuple[str, ...]
    axes: Sequence[Dim | None]


@dataclass(frozen=True, slots=True)
class Line:
    """An equation to be drawn; one without a name is a query, drawn as the derivative that it is."""

    name: str
    letters: tuple[str, ...]
    body: n.Written


def of_program(program: check.Program, letters: Mapping[Dim, Sequence[str]], sizes: Mapping[Dim, int]) -> Picture:
    """The picture of a user's own text; `sizes` are the numbers that are known."""
    tensors = {name: _argument(argument) for name, argument in program.inputs.items()}
    for name, definition in program.definitions.items():
        label = text(n.Tensor(name, definition.letters))
        tensors[name] = Shown(label, Kind.OUTPUT, definition.letters, definition.node.axes)
    lines = []
    for statement, explicit in check.written_out(program):
        body = written(explicit.body, Lettering({index: index.letter for index in explicit.axes}))
        name = statement.name if isinstance(statement, Equation) else ""
        lines.append(Line(name, tuple(index.letter for index in explicit.axes), body))
    for line in lines:
        for name in _names(line.body).intersection(program.definitions) if line.name else ():
            tensors[name] = replace(tensors[name], kind=Kind.TENSOR)
    links = {name: [key for key in program.inputs if key.startswith(f"∂{name}/")] for name in program.givens}
    return _picture(_Graph(tensors, _by_letter(letters), sizes, links), lines)


def of_results(outputs: Sequence[Output], context: Context, sizes: Mapping[Dim, int]) -> Picture:
    """The picture of results as they are printed; `sizes` are the numbers that are known."""
    tensors = {
        name: Shown(text(n.Tensor(name, letters)), _kind_of_input(name), letters, node.axes)
        for name, (node, letters) in context.inputs.items()
    }
    asked = {output.name: output for output in outputs}
    lines = []
    for each in equations(outputs, context):
        title = each.comment or text(n.Tensor(each.name, each.letters))
        kind = Kind.TENSOR if each.name not in asked else Kind.DERIVATIVE if "∂" in title else Kind.OUTPUT
        axes = asked[each.name].node.axes if each.name in asked else ()
        tensors[each.name] = Shown(title, kind, each.letters, axes)
        lines.append(Line(each.name, each.letters, each.body))
    return _picture(_Graph(tensors, _by_letter(context.letters), sizes, {}), lines)


def _names(body: n.Written) -> set[str]:
    """The tensors of an expression."""
    found: set[str] = set()
    for each in n.walk(body):
        match each:
            case n.Tensor(name=name):
                found.add(name)
            case n.Solution(arguments=arguments):
                found.update(arguments)
    return found


def _picture(graph: _Graph, lines: Sequence[Line]) -> Picture:
    for line in lines:
        graph.draw(line)
    return Picture(graph.vertices, graph.edges)


def _argument(argument: check.Argument) -> Shown:
    letters = argument.uses[0].letters if argument.uses else ()
    return Shown(text(n.Tensor(argument.name, letters)), _kind_of_input(argument.name), letters, argument.node.axes)


def _kind_of_input(name: str) -> Kind:
    return Kind.GIVEN if name.startswith("∂") else Kind.INPUT


def _by_letter(letters: Mapping[Dim, Sequence[str]]) -> dict[str, Dim]:
    """The size for which a letter stands first."""
    found: dict[str, Dim] = {}
    for dim, group in letters.items():
        for letter in group:
            found.setdefault(letter, dim)
    return found


class _Graph:
    """Collects vertices and edges.

    `letters` are the sizes of letters that no tensor gives, `sizes` the numbers that are known.  `links` are for names
    of no tensor, such as the E of `given ∂E/∂a_i`, the tensors that tell of it.
    """

    def __init__(
        self,
        tensors: Mapping[str, Shown],
        letters: Mapping[str, Dim],
        sizes: Mapping[Dim, int],
        links: Mapping[str, Sequence[str]],
    ) -> None:
        self.vertices: list[Vertex] = []
        self.edges: list[Edge] = []
        self._tensors = dict(tensors)
        self._letters = letters
        self._sizes = sizes
        self._links = links
        self._numbers: dict[str, int] = {}

    def draw(self, line: Line) -> None:
        """One equation or query."""
        if not line.name:
            self._end(line.body, {})
            return
        shown = self._tensors[line.name]
        if not shown.axes:
            opened = self._opened(line.body)
            shown = replace(shown, axes=[opened.get(letter) or self._letters.get(letter) for letter in line.letters])
            self._tensors[line.name] = shown
        scope = dict(zip(line.letters, shown.axes, strict=True))
        tail = self._end(line.body, scope)
        if isinstance(line.body, n.Tensor) and _plain(line.body) and line.body.items != line.letters:
            laid = self._add(_laying(line.body.items, line.letters), Kind.OPERATION)
            self._edge(tail, laid, line.body, scope, "")
            shape = "×".join(self._size(letter, dim) for letter, dim in scope.items())
            self.edges.append(Edge(laid, self._tensor(line.name), shape))
        else:
            self._edge(tail, self._tensor(line.name), line.body, scope, "")

    # ---------------------------------------------------------------- vertices

    def _add(self, label: str, kind: Kind) -> int:
        self.vertices.append(Vertex(label, kind))
        return len(self.vertices) - 1

    def _tensor(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = self._add(self._tensors[name].label, self._tensors[name].kind)
        return self._numbers[name]

    def _partial(self, partial: n.Partial, scope: Axes) -> int:
        """A derivative that is asked for: dashed lines come from what it is of and what it is by."""
        label = text(partial)
        if label in self._numbers:
            return self._numbers[label]
        if (given := self._given(partial)) is not None:
            return self._tensor(given)
        inner = {**scope, **_known(self._opened(partial))}
        tops: list[n.Written] = [partial.top]
        if isinstance(partial.top, n.Tensor) and partial.top.name not in self._tensors:
            tops = [n.Tensor(name, self._tensors[name].letters) for name in self._links.get(partial.top.name, ())]
        ends = [(self._end(top, inner), "of") for top in tops]
        by = Counter(self._end(tensor, inner) for tensor in partial.below)
        ends += [(end, "by" if times == 1 else f"by ×{times}") for end, times in by.items()]
        number = self._numbers[label] = self._add(label, Kind.DERIVATIVE)
        self.edges += [Edge(end, number, role, dashed=True) for end, role in ends]
        return number

    def _given(self, partial: n.Partial) -> str | None:
        """The input that is this derivative, if one is."""
        if not isinstance(partial.top, n.Tensor) or len(partial.below) != 1:
            return None
        name = f"∂{partial.top.name}/∂{partial.below[0].name}"
        return name if name in self._tensors else None

    def _end(self, written: n.Written, scope: Axes) -> int:
        """The vertex of an expression, made if it is not there."""
        match written:
            case n.Tensor(name=name) if _plain(written):
                return self._tensor(name)
            case n.Number(value=value):
                exact = text(written)
                return self._add(exact if len(exact) <= DIGITS else f"{value:.6g}", Kind.SYMBOL)
            case n.Symbol():
                return self._add(text(written), Kind.SYMBOL)
            case n.Place(letter=letter):
                return self._add(f"position {letter}", Kind.SYMBOL)
            case n.Partial():
                return self._partial(written, scope)
            case n.Product(coefficient=1.0, factors=(factor,), divisors=(), summed=()):
                return self._end(factor, scope)
            case _:
                operation, parts = self._operation(written)
                inner = {**scope, **_known(self._inside(written))}
                ends = [(self._end(part, inner), part, role) for part, role in parts]
                number = self._add(operation, Kind.OPERATION)
                for end, part, role in ends:
                    self._edge(end, number, part, inner, role)
                return number

    # ------------------------------------------------------------------- edges

    def _edge(self, tail: int, head: int, written: n.Written, scope: Axes, role: str) -> None:
        """An edge with its role, the tensor where it has other letters here than in its label, and the shape."""
        if isinstance(written, n.Partial) and (given := self._given(written)) is not None:
            written = n.Tensor(given, written.below[0].items)
        opened = self._opened(written)
        order = [] if isinstance(written, n.Partial) else [letter for letter in scope if letter in opened]
        order += [letter for letter in opened if letter not in order]
        shape = "×".join(self._size(letter, opened[letter] or scope.get(letter)) for letter in order)
        if isinstance(written, n.Tensor) and written.items and _plain(written):
            shown = self._tensors[written.name]
            shape = "×".join(self._size(None, dim) for dim in shown.axes) or shape
            if written.items != shown.letters:
                shape = f"{text(written)}: {shape}" if shape else text(written)
        role = f"{role}:" if shape and role[:1].isalpha() else role
        label = " ".join(part for part in (role, shape) if part)
        self.edges.append(Edge(tail, head, label))

    def _size(self, letter: str | None, dim: Dim | None) -> str:
        if dim is None and letter is not None:
            dim = self._letters.get(letter)
        if dim is None:
            return letter or "?"
        return str(self._sizes.get(dim, dim.size if dim.size is not None else dim.name))

    def _opened(self, written: n.Written) -> dict[str, Dim | None]:
        """The letters that an expression leaves open, in order, with their sizes where tensors give them."""
        inside = self._inside(written)
        for letter in _bound(written):
            inside.pop(letter, None)
        return inside

    def _inside(self, written: n.Written) -> dict[str, Dim | None]:
        """The letters in an expression before it sums any."""
        found: dict[str, Dim | None] = {}
        for letter, dim in self._met(written):
            if found.get(letter) is None:
                found[letter] = dim
        return found

    def _met(self, written: n.Written) -> Iterator[tuple[str, Dim | None]]:
        match written:
            case n.Tensor(name=name, items=items):
                axes = self._tensors[name].axes if name in self._tensors else [None] * len(items)
                for item, dim in zip(items, axes, strict=False):
                    letters = (item,) if isinstance(item, str) else n.Tensor("", (item,)).letters
                    yield from ((letter, dim if isinstance(item, str) else None) for letter in letters)
            case n.Solution(arguments=arguments, letters=letters):
                yield from zip(letters, self._tensors[arguments[-1]].axes, strict=False)  # a number has only the batch
            case n.Symbol(letters=letters):
                yield from ((letter, None) for letter in letters)
            case n.Place(letter=letter):
                yield letter, None
            case _:
                for part in n.parts(written):
                    yield from self._opened(part).items()

    # -------------------------------------------------------------- operations

    def _operation(self, written: n.Written) -> tuple[str, list[tuple[n.Written, str]]]:
        """What an expression does, in words, and its parts, each with its role."""
        match written:
            case n.Product():
                return _product(written)
            case n.Sum(letters=letters, body=body):
                return f"sum {' '.join(letters)}", [(body, "")]
            case n.Terms(terms=terms):
                return "add", [_signed(term) for term in terms]
            case n.Power(base=base, exponent=n.Number(value=value)):
                return "square" if value == 2 else f"power {value:g}", [(base, "")]
            case n.Power(base=base, exponent=exponent):
                return "power", [(base, ""), (exponent, "exponent")]
            case n.Call(function=function, arguments=arguments):
                return function, list(zip(arguments, _roles(function, len(arguments)), strict=True))
            case n.Reduction(function=function, letters=letters, body=body):
                return f"{function} {' '.join(letters)}", [(body, "")]
            case n.Relation(operator=operator, left=left, right=right):
                return f"left {SIGNS.get(operator, operator)} right", [(left, "left"), (right, "right")]
            case n.Solution(function=function, arguments=names):
                return function, [(n.Tensor(name, self._tensors[name].letters), "") for name in names]
            case n.Tensor(name=name, items=items):
                read = [item for item in items if isinstance(item, n.Tensor)]
                positions: list[tuple[n.Written, str]] = [(item, "at") for item in read]
                return f"read {text(written)}", [(n.Tensor(name, self._tensors[name].letters), ""), *positions]
            case n.Number() | n.Symbol() | n.Place() | n.Partial():
                raise AssertionError("these are vertices themselves")


def _plain(tensor: n.Tensor) -> bool:
    """Whether all of its subscripts are indices."""
    return all(isinstance(item, str) for item in tensor.items)


def _laying(items: Sequence[n.Item], letters: Sequence[str]) -> str:
    """What an equation does that has one tensor on its right, with other axes than on its left."""
    if len(set(items)) < len(items):
        return "diagonal"
    return "transpose" if len(items) == len(letters) else "repeat"


def _product(product: n.Product) -> tuple[str, list[tuple[n.Written, str]]]:
    """`contract j`, `multiply`, `divide`, and the number in front."""
    number, factors = product.coefficient, list(product.factors)
    if not factors and product.divisors:
        factors, number = [n.Number(number)], 1.0
    parts = [(factor, "") for factor in factors] + [(divisor, "÷") for divisor in product.divisors]
    if product.summed:
        words = f"contract {' '.join(product.summed)}"
    elif len(factors) > 1:
        words = "multiply"
    elif product.divisors:
        words = "divide"
    else:
        return ("negate" if number == -1 else f"times {number:g}"), parts
    return words if number == 1 else f"{words}\n× {number:g}", parts


def _signed(term: n.Written) -> tuple[n.Written, str]:
    """A term without its minus sign, which is its role in a sum."""
    if isinstance(term, n.Number) and term.value < 0:
        return n.Number(-term.value), "−"
    if isinstance(term, n.Product) and term.coefficient < 0:
        return n.Product(-term.coefficient, term.factors, term.divisors, term.summed), "−"
    return term, ""


def _roles(function: str, count: int) -> Sequence[str]:
    """What tells the arguments apart, where their order matters."""
    if count == 1 or function in COMMUTATIVE:
        return [""] * count
    return SIDES.get(function) or [f"{place}." for place in range(1, count + 1)]


def _bound(written: n.Written) -> tuple[str, ...]:
    match written:
        case n.Product(summed=summed):
            return summed
        case n.Sum(letters=letters):
            return letters
        case n.Reduction(letters=letters, stays=False):
            return letters
        case _:
            return ()


def _known(axes: Axes) -> dict[str, Dim | None]:
    return {letter: dim for letter, dim in axes.items() if dim is not None}
