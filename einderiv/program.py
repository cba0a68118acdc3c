"""A program as its user holds it.

What it prints with is imported when it is printed, as in `readable`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from einderiv import check, diff, syntax
from einderiv.binding import bind, merged, shape_of
from einderiv.errors import check_kind
from einderiv.ir import Dim, Input, Node
from einderiv.simplify import recognise

if TYPE_CHECKING:
    from einderiv.function import Function
    from einderiv.pictures import Picture


class Program:
    """A checked `.ein` text.

    >>> import einderiv as ed
    >>> net = ed.parse("a_i = W_ij x_j + b_i")
    >>> net.inputs, net.outputs
    (('W', 'x', 'b'), ('a',))
    >>> print(net["a"])
    a_i = W_ij x_j + b_i
    """

    def __init__(self, text: str, name: str = "<text>", max_source_bytes: float = syntax.BYTES) -> None:
        check_kind(text, str, "the text of a program", "read a file with `einderiv.load(path)`")
        check_kind(
            max_source_bytes, (int, float), "a number of bytes for `max_source_bytes`", "write `max_source_bytes=64e6`"
        )
        self.checked: check.Program = check.check(*syntax.read(text, name, limit=max_source_bytes))
        self._limit = max_source_bytes

    @property
    def text(self) -> str:
        """The text it was made from."""
        return self.checked.source.text

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the arrays it takes."""
        return tuple(self.checked.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of its equations and queries, in the order of the text."""
        return self.checked.outputs

    def __getitem__(self, name: str) -> Function:
        """The value of one equation or query."""
        from einderiv.api import function

        return function(self, of=name)

    def __str__(self) -> str:
        return self.text

    def latex(self, *, sums: bool = False, document: bool = False) -> str:
        r"""The text as LaTeX, one formula a line: `a_{i} = W_{ij} \, x_{j}`.

        `sums` writes each sum of the convention as \sum; `document` makes a LaTeX file of its own.
        """
        from einderiv import render, typeset

        pairs = typeset.statements(self.checked, sums)
        return render.document(pairs) if document else render.lines(pairs)

    def graph(self, arrays: Mapping[str, Any] | None = None, /, **keywords: Any) -> Picture:
        """The computation graph as a picture: tensors, the operations between them, and what is asked for.

        >>> import einderiv as ed
        >>> print(ed.parse("z_i = x_i + y_i").graph())
        x_i —I→ add
        y_i —I→ add
        add —I→ z_i

        For arrays, or tuples in place of them as their shapes, the sizes on the edges are numbers.
        """
        from einderiv import computation

        given = bind(self.checked.source, self.checked.inputs, (), merged(arrays, keywords))
        shapes = {name: shape_of(value) for name, value in given.items()}
        return computation.of_program(self.checked, self.letters, check.solve_sizes(self.checked, shapes, ()))

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        from einderiv import render, typeset

        return render.mimebundle(self.text, typeset.statements(self.checked))

    def _repr_latex_(self) -> str | None:
        return self._repr_mimebundle_().get("text/latex")

    def __repr__(self) -> str:
        return f"<einderiv.Program {self.checked.source.name}: {', '.join(self.outputs)}>"

    def __reduce__(self) -> tuple[Callable[..., Program], tuple[str, str, float]]:
        return Program, (self.text, self.checked.source.name, self._limit)

    @cached_property
    def resolver(self) -> diff.Resolver:
        """What puts definitions in place of names."""
        found = self.checked
        definitions = {name: found.definitions[name].node for name in found.order} | dict(found.givens)
        known: dict[Node, Node] = {}
        jump = partial(check.jump, found)
        return diff.Resolver(definitions, lambda node: recognise([node], known)[0], found.source, jump)

    @cached_property
    def values(self) -> Mapping[str, Node]:
        """Each equation in terms of inputs."""
        found = self.checked.definitions
        return {name: self.resolver.inline(Input(name, found[name].node.axes)) for name in found}

    @cached_property
    def letters(self) -> Mapping[Dim, tuple[str, ...]]:
        """The index letters that the text uses for each size, the first one first."""
        letters: dict[Dim, list[str]] = {}
        uses = [(found.node.axes, found.letters) for found in self.checked.definitions.values()]
        uses += [(found.node.axes, use.letters) for found in self.checked.inputs.values() for use in found.uses]
        for axes, group in uses:
            for dim, letter in zip(axes, group, strict=True):
                letters.setdefault(dim, []).append(letter)
        return {dim: tuple(dict.fromkeys(group)) for dim, group in letters.items()}
