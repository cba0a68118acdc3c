"""A result as something to read: as a program, einsum strings, LaTeX, a derivation, source code.

`render`, `typeset` and `derivation` are imported when something is printed: whoever only computes does not wait for
them.  Nor does whoever only prints wait for NumPy, `plan` and `run`, which the first call imports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from einderiv import check
from einderiv.binding import described
from einderiv.check import Argument
from einderiv.errors import EinTypeError
from einderiv.ir import Algebra, Constant, Dim, Input, Node, Size, Spread, topological
from einderiv.program import Program
from einderiv.simplify import simplify

if TYPE_CHECKING:
    from einderiv.derivation import Derivation, Derivations
    from einderiv.render import Context, Contraction, Following, Output, Read

LIBRARIES = ("numpy", "jax", "torch")  # that `source` writes for


@dataclass(frozen=True, slots=True)
class Asked:
    """One result: its name in a program, what it is in print, the letters of its axes, and its expression.

    The first `rows` axes are those of what is differentiated.  It is made `of` tensors of the program, and has
    `reductions` of its own where it is the derivative of a bracket.
    """

    name: str
    title: str
    letters: tuple[str, ...]
    node: Node
    rows: int
    of: tuple[str, ...] = ()
    reductions: tuple[check.Reduction, ...] = ()


class Readable:
    """Results of a program, in the forms in which they are read."""

    def __init__(
        self,
        program: Program,
        asked: Sequence[Asked],
        extra: Mapping[str, Argument] | None = None,
        reads: Sequence[check.Read] = (),
    ) -> None:
        checked = program.checked
        self.program = program
        inputs = {**checked.inputs, **(extra or {})}
        self._checked = replace(checked, inputs=inputs, reads=(*checked.reads, *reads))
        self._asked = tuple(asked)

    def __str__(self) -> str:
        """The result as a `.ein` program: a derivative of a program is a program."""
        from einderiv import render

        return render.program_text(*self._printed).rstrip("\n")

    def __repr__(self) -> str:
        return f"<einderiv.Function {', '.join(asked.title or asked.name for asked in self._asked)}>"

    @property
    def einsum(self) -> list[Contraction | Following]:
        """The contractions as einsum strings, with coefficients and operands, and what follows them, in order.

        Each string runs in `numpy.einsum` as printed; `δ` stands for an identity matrix, `1` for a vector of ones.
        """
        from einderiv import render

        return render.einsum_steps(*self._printed)

    def latex(self, *, sums: bool = False, document: bool = False) -> str:
        r"""The result as LaTeX, one formula a line, as papers print it; mathtext, KaTeX and MathJax draw each.

        >>> import einderiv as ed
        >>> print(ed.grad("L = x_i A_ij y_j", wrt="x").latex())
        \frac{\partial L}{\partial x_{i}} = A_{ij} \, y_{j}

        `sums` writes each sum of the convention as \sum; `document` makes a LaTeX file of its own.
        """
        from einderiv import render

        pairs = self._formulas(sums)
        return render.document(pairs) if document else render.lines(pairs)

    def _formulas(self, sums: bool = False) -> list[tuple[str, str]]:
        """The two sides of each formula; the derivative of a bracket is read from its title."""
        from einderiv import render, typeset

        brackets = {each.name: typeset.query(self._checked, each.title) for each in self._asked if "(" in each.title}
        return render.formulas(*self._printed, sums=sums, known=brackets)

    def steps(self) -> Derivation | Derivations:
        """The derivative as one takes it by hand, one named rule a line; for several results a dict by their titles.

        >>> import einderiv as ed
        >>> print(ed.jacobian("a_i = W_ij x_j", wrt="x").steps())
        ∂a_i/∂x_j
          = ∂(W_ik x_k)/∂x_j   definition of `a`
          = W_ik ∂x_k/∂x_j     constant factors
          = W_ik δ_kj          ∂x_i/∂x_j = δ_ij
          = W_ij               contract δ

        Raises `EinTypeError` for what is no derivative, and for a derivation that is too long to be read.
        """
        from einderiv.derivation import Derivations, derivation

        found = Derivations()
        for asked in self._asked:
            if not asked.title.startswith("∂"):
                raise EinTypeError(
                    "E0411",
                    f"`{asked.title or asked.name}` is no derivative, so it has no derivation",
                    helps=["ask `grad`, `jacobian`, `hessian` or `derivative` for one"],
                )
            found[asked.title] = derivation(self._checked, asked.title)
        return next(iter(found.values())) if len(found) == 1 else found

    def source(self, library: str = "numpy") -> str:
        """A Python function that computes the result with `library` alone: "numpy", "jax" or "torch".

        >>> import einderiv as ed
        >>> print(ed.grad("L = x_i A_ij y_j", wrt="x").source())  # doctest: +ELLIPSIS
        import numpy as np
        ...

        It is called `evaluate` and takes its arrays by position; its docstring says which is which.  NumPy has no
        `lgamma`, `digamma` and `polygamma`, so that source with these needs SciPy too.
        """
        if library not in LIBRARIES:
            raise EinTypeError(
                "E0409",
                f"there is no source for the library `{library}`",
                helps=[f"ask for one of {', '.join(LIBRARIES)}"],
            )
        from einderiv import render

        arguments = self._arguments()
        doc = described(arguments, [(each.title or each.name, each.letters, each.node) for each in self._asked])
        return render.source(library, self._nodes, [argument.node for argument in arguments], doc, self._reads)

    def _arguments(self) -> list[Argument]:
        """What the value needs, and one more input for each size that nothing of these has."""
        needed = set(self._needed)
        known = {dim for name in needed for dim in self._checked.inputs[name].node.axes}
        wanted = [*self._dims]
        arrays = {dim for argument in self._checked.inputs.values() for dim in argument.node.axes}
        for dim in wanted:  # grows on the way
            reads = [read for read in self._reads if dim in read.dims and dim not in arrays]
            wanted += [other for read in reads for other in (read.dim, *read.dims) if other not in wanted]
        for dim in dict.fromkeys(wanted):
            holders = [name for name, each in self._checked.inputs.items() if dim in each.node.axes]
            if dim.size is None and dim not in known and holders:
                needed.add(holders[0])
                known |= set(self._checked.inputs[holders[0]].node.axes)
        return [argument for name, argument in self._checked.inputs.items() if name in needed]

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        from einderiv import render

        return render.mimebundle(str(self), self._formulas())

    def _repr_latex_(self) -> str | None:
        return self._repr_mimebundle_().get("text/latex")

    # ------------------------------------------------------------------ parts

    @cached_property
    def _nodes(self) -> list[Node]:
        return simplify([asked.node for asked in self._asked])

    @cached_property
    def _dims(self) -> list[Dim]:
        """Every size that the results have."""
        return dims_of(self._nodes)

    @cached_property
    def _needed(self) -> tuple[str, ...]:
        inputs = (node for node in topological(self._nodes) if isinstance(node, Input))
        return tuple(node.name for node in inputs if node.name in self._checked.inputs)

    @cached_property
    def _printed(self) -> tuple[list[Output], Context]:
        """The results as they are printed: with the user's own tensors as parts wherever they occur."""
        from einderiv import render

        met = set(topological([asked.node for asked in self._asked]))
        dense = {
            name: value.core if isinstance(value, Spread) else value for name, value in self.program.values.items()
        }
        sizing = self._sizing
        parts = {
            name: self.program.values[name]
            for name, core in dense.items()
            if (core in met and not isinstance(core, Input | Constant)) or name in sizing
        }
        nodes = simplify([*(asked.node for asked in self._asked), *parts.values()])
        outputs = [
            render.Output(asked.name, node, asked.letters, asked.title)
            for asked, node in zip(self._asked, nodes, strict=False)
        ]
        definitions = self._checked.definitions
        context = render.Context(
            inputs={
                name: (argument.node, argument.uses[0].letters if argument.uses else ())
                for name, argument in self._checked.inputs.items()
            },
            definitions={
                name: (node, definitions[name].letters) for name, node in zip(parts, nodes[len(outputs) :], strict=True)
            },
            letters=self.program.letters,
            reads=self._reads,
        )
        return outputs, context

    @cached_property
    def _reads(self) -> list[Read]:
        """The axes that are read at computed positions."""
        from einderiv import render

        return [
            render.Read(read.dim, read.coefficients, read.dims, read.constant, read.axis.tensor, read.axis.number)
            for read in self._checked.reads
        ]

    @property
    def _sizing(self) -> set[str]:
        """The equations that give a size which no array has, and those that linear algebra speaks of by name."""
        from einderiv import render

        values = self.program.values
        met = topological([asked.node for asked in self._asked])
        arguments = {argument for node in met if isinstance(node, Algebra) for argument in node.arguments}
        found = {name for name, value in values.items() if value in arguments and not isinstance(value, Input)}
        arrays = {dim for argument in self._checked.inputs.values() for dim in argument.node.axes}
        own = {dim for read in self._checked.reads for dim in read.dims} - arrays
        if own:
            reads = {name: render.reads_in(topological([value])) for name, value in values.items()}
            found |= {name for name, group in reads.items() if any(own.intersection(read.dims) for read in group)}
        return found


def dims_of(nodes: Sequence[Node]) -> list[Dim]:
    """Every size that the nodes have."""
    found: dict[Dim, None] = {}
    for node in topological(nodes):  # the sizes that a product sums over are those of its operands
        for dim in node.axes:
            found[dim] = None
        if isinstance(node, Size):
            found[node.dim] = None
    return list(found)
