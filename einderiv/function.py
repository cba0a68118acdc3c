"""What a derivative is to its user: something to read, to call, and to look into."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from numbers import Integral
from threading import Lock
from typing import Any

import numpy as np

from einderiv import typeset
from einderiv.binding import bind, described
from einderiv.check import Argument, solve_sizes
from einderiv.derivation import Derivation, derivation
from einderiv.errors import EinInputError, EinMemoryError, EinTypeError
from einderiv.factored import FactoredTensor, Term
from einderiv.ir import Constant, Dim, Einsum, Input, Node, Size, Spread, topological
from einderiv.plan import Plan, cores, plan
from einderiv.program import Program
from einderiv.render import (
    Context,
    Contraction,
    Following,
    Output,
    einsum_steps,
    formulas,
    lines,
    mimebundle,
    program_text,
    source,
)
from einderiv.render import document as as_document
from einderiv.run import accept, prepare
from einderiv.simplify import simplify

LIBRARIES = ("numpy", "jax", "torch")  # that `source` writes for
PLANS = 64  # plans that a function keeps, one for each set of sizes and types


@dataclass(frozen=True, slots=True)
class Asked:
    """One result: its name in a program, what it is in print, the letters of its axes, and its expression.

    The first `rows` axes are those of what is differentiated.
    """

    name: str
    title: str
    letters: tuple[str, ...]
    node: Node
    rows: int


class Function:
    """The value or the derivative of a program, made by `einderiv.grad` and its kin.

    >>> import numpy as np, einderiv as ed
    >>> J = ed.jacobian("a_i = W_ij x_j", of="a", wrt="x")
    >>> print(J)
    # ∂a_i/∂x_j
    dadx_ij = W_ij
    >>> J(W=np.eye(2), x=np.ones(2))
    array([[1., 0.],
           [0., 1.]])

    Calling it takes the program's inputs as keywords, or as one mapping; inputs that are not needed are ignored.
    """

    def __init__(
        self,
        program: Program,
        asked: Sequence[Asked],
        arrange: Callable[[list[Any]], Any],
        extra: Mapping[str, Argument] | None = None,
    ) -> None:
        checked = program.checked
        self.program = program
        self._checked = replace(checked, inputs={**checked.inputs, **(extra or {})})
        self._asked = tuple(asked)
        self._arrange = arrange
        self._runners: OrderedDict[object, Callable[[Mapping[str, Any]], list[Any]]] = OrderedDict()
        self._lock = Lock()

    # ---------------------------------------------------------------- calling

    def __call__(self, arrays: Mapping[str, Any] | None = None, /, **keywords: Any) -> Any:
        """The result for these arrays; its axes are those that `print` shows on the left.

        Float32 arrays give float32 results, integers count as float64, and the results are in the arrays' library.
        Raises `EinInputError` for a missing or unknown input, `EinShapeError` for sizes that clash, `EinTypeError` for
        what is not an array of real numbers.
        """
        given = bind(self._checked.source, self._checked.inputs, self._needed, _merged(arrays, keywords))
        accepted = accept(given)
        shapes = {name: tuple(array.shape) for name, array in accepted.arrays.items()}
        key = (accepted.library, accepted.dtype, tuple(shapes.items()))
        with self._lock:
            runner = self._runners.get(key)
            if runner is not None:
                self._runners.move_to_end(key)
        if runner is None:
            runner = prepare(self._planned(shapes, np.dtype(accepted.dtype).itemsize), accepted.library, accepted.dtype)
            with self._lock:
                self._runners[key] = runner
                while len(self._runners) > PLANS:
                    self._runners.popitem(last=False)
        try:
            results = runner(accepted.arrays)
        except MemoryError as error:
            raise self._too_large(shapes, np.dtype(accepted.dtype)) from error
        return self._arrange(results)

    def _too_large(self, shapes: Mapping[str, tuple[int, ...]], dtype: np.dtype[Any]) -> EinMemoryError:
        """There is no room for a call; the largest result is named."""
        sizes = self._sizes(shapes, self._nodes)
        results = [tuple(sizes[dim] for dim in node.axes) for node in self._nodes]
        shape, asked = max(zip(results, self._asked, strict=True), key=lambda pair: prod(pair[0]))
        title = asked.title or asked.name
        return EinMemoryError(
            "E0601",
            "there is not enough memory for this call",
            notes=[f"`{title}` alone has shape {shape}: {prod(shape) * dtype.itemsize / 1e9:.3g} GB"],
            helps=["`.factored(…)` keeps a derivative as its small parts; `jvp`, `vjp` and `hvp` never form it"],
        )

    def plan(self, arrays: Mapping[str, Any] | None = None, /, **keywords: Any) -> Plan:
        """The steps of a call, with contraction orders, FLOPs and memory, for arrays or for their shapes.

        >>> import einderiv as ed
        >>> print(ed.function("D_il = A_ij B_jk C_kl").plan(A=(10, 100), B=(100, 5), C=(5, 50)))  # doctest: +ELLIPSIS
        step  what ...
        """
        given = bind(self._checked.source, self._checked.inputs, (), _merged(arrays, keywords))
        return self._planned({name: _shape(value) for name, value in given.items()}, 8)

    def _planned(self, shapes: Mapping[str, tuple[int, ...]], itemsize: int) -> Plan:
        return plan(self._nodes, self._sizes(shapes, self._nodes), itemsize)

    def _sizes(self, shapes: Mapping[str, tuple[int, ...]], nodes: Sequence[Node]) -> dict[Dim, int]:
        return solve_sizes(self._checked, shapes, dims_of(nodes))

    def factored(self, arrays: Mapping[str, Any] | None = None, /, **keywords: Any) -> FactoredTensor:
        r"""The result as dense cores and deltas, never multiplied out; only for a single result.

        >>> import numpy as np, einderiv as ed
        >>> f = "R_ij = T_ij - U_ik V_jk\nL = R_ij R_ij"
        >>> H = ed.hessian(f, of="L", wrt="U").factored(T=np.ones((50, 60)), U=np.ones((50, 2)), V=np.ones((60, 2)))
        >>> H.shape, H.nbytes
        ((50, 2, 50, 2), 32)
        """
        if len(self._asked) != 1:
            raise EinTypeError(
                "E0405",
                "a factored tensor is one result; this function has several",
                helps=["ask for one tensor in `wrt`"],
            )
        (node,), (asked,) = self._nodes, self._asked
        given = bind(self._checked.source, self._checked.inputs, self._needed, _merged(arrays, keywords))
        accepted = accept(given)
        plain = {name: _plain(array, accepted.library) for name, array in accepted.arrays.items()}
        sizes = self._sizes({name: array.shape for name, array in plain.items()}, self._nodes)
        pieces = cores(node, sizes)
        wanted = list(dict.fromkeys(factor for piece in pieces for factor, _ in piece.factors))
        made = prepare(plan(wanted, sizes, np.dtype(accepted.dtype).itemsize), "numpy", accepted.dtype)(plain)
        values = dict(zip(wanted, made, strict=True))
        terms = [
            Term(piece.coefficient, piece.ties, tuple((values[factor], axes) for factor, axes in piece.factors))
            for piece in pieces
        ]
        return FactoredTensor(terms, tuple(sizes[dim] for dim in node.axes), asked.rows, np.dtype(accepted.dtype))

    # ---------------------------------------------------------------- reading

    def __str__(self) -> str:
        """The result as a `.ein` program: a derivative of a program is a program."""
        return program_text(*self._printed).rstrip("\n")

    def __repr__(self) -> str:
        return f"<einderiv.Function {', '.join(asked.title or asked.name for asked in self._asked)}>"

    @property
    def einsum(self) -> list[Contraction | Following]:
        """The contractions as einsum strings, with coefficients and operands, and what follows them, in order.

        Each string runs in `numpy.einsum` as printed; `δ` stands for an identity matrix, `1` for a vector of ones.
        """
        return einsum_steps(*self._printed)

    def latex(self, *, sums: bool = False, document: bool = False) -> str:
        r"""The result as LaTeX, one formula a line, as papers print it; mathtext, KaTeX and MathJax draw each.

        >>> import einderiv as ed
        >>> print(ed.grad("L = x_i A_ij y_j", wrt="x").latex())
        \frac{\partial L}{\partial x_{i}} = A_{ij} \, y_{j}

        `sums` writes each sum of the convention as \sum; `document` makes a LaTeX file of its own.
        """
        pairs = self._formulas(sums)
        return as_document(pairs) if document else lines(pairs)

    def _formulas(self, sums: bool = False) -> list[tuple[str, str]]:
        """The two sides of each formula; the derivative of a bracket is read from its title."""
        brackets = {each.name: typeset.query(self._checked, each.title) for each in self._asked if "(" in each.title}
        return formulas(*self._printed, sums=sums, known=brackets)

    def steps(self) -> Derivation | dict[str, Derivation]:
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
        found: dict[str, Derivation] = {}
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

        It is called `evaluate` and takes its arrays by position; its docstring says which is which.
        """
        if library not in LIBRARIES:
            raise EinTypeError(
                "E0409",
                f"there is no source for the library `{library}`",
                helps=[f"ask for one of {', '.join(LIBRARIES)}"],
            )
        arguments = self._arguments()
        doc = described(arguments, [(each.title or each.name, each.letters, each.node) for each in self._asked])
        return source(library, self._nodes, [argument.node for argument in arguments], doc)

    def _arguments(self) -> list[Argument]:
        """What the value needs, and one more input for each size that nothing of these has."""
        needed = set(self._needed)
        known = {dim for name in needed for dim in self._checked.inputs[name].node.axes}
        for dim in dims_of(self._nodes):
            holders = [name for name, each in self._checked.inputs.items() if dim in each.node.axes]
            if dim.size is None and dim not in known and holders:
                needed.add(holders[0])
                known |= set(self._checked.inputs[holders[0]].node.axes)
        return [argument for name, argument in self._checked.inputs.items() if name in needed]

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        return mimebundle(str(self), self._formulas())

    def _repr_latex_(self) -> str | None:
        return self._repr_mimebundle_().get("text/latex")

    # ------------------------------------------------------------------ parts

    @cached_property
    def _nodes(self) -> list[Node]:
        return simplify([asked.node for asked in self._asked])

    @cached_property
    def _needed(self) -> tuple[str, ...]:
        inputs = (node for node in topological(self._nodes) if isinstance(node, Input))
        return tuple(node.name for node in inputs if node.name in self._checked.inputs)

    @cached_property
    def _printed(self) -> tuple[list[Output], Context]:
        """The results as they are printed: with the user's own tensors as parts wherever they occur."""
        met = set(topological([asked.node for asked in self._asked]))
        dense = {
            name: value.core if isinstance(value, Spread) else value for name, value in self.program.values.items()
        }
        parts = {
            name: self.program.values[name]
            for name, core in dense.items()
            if core in met and not isinstance(core, Input | Constant)
        }
        nodes = simplify([*(asked.node for asked in self._asked), *parts.values()])
        outputs = [
            Output(asked.name, node, asked.letters, asked.title)
            for asked, node in zip(self._asked, nodes, strict=False)
        ]
        definitions = self._checked.definitions
        context = Context(
            inputs={
                name: (argument.node, argument.uses[0].letters if argument.uses else ())
                for name, argument in self._checked.inputs.items()
            },
            definitions={
                name: (node, definitions[name].letters) for name, node in zip(parts, nodes[len(outputs) :], strict=True)
            },
            letters=self.program.letters,
        )
        return outputs, context


def dims_of(nodes: Sequence[Node]) -> list[Dim]:
    """Every size that the nodes have."""
    found: dict[Dim, None] = {}
    for node in topological(nodes):
        found |= dict.fromkeys(node.axes)
        if isinstance(node, Einsum):
            found |= dict.fromkeys(node.dims.values())
        elif isinstance(node, Size):
            found[node.dim] = None
    return list(found)


def _merged(arrays: Mapping[str, Any] | None, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays of a call, passed as one mapping, as keywords, or as both."""
    if arrays is not None and not isinstance(arrays, Mapping):
        raise EinInputError(
            "E0502",
            f"expected one mapping from names to arrays, or keywords, but got {type(arrays).__name__}",
            helps=["pass each array under its name: `f(W=W, x=x)`, or `f({'W': W, 'x': x})`"],
        )
    twice = [name for name in arrays or () if name in keywords]
    if twice:
        raise EinInputError("E0502", f"`{twice[0]}` is passed twice")
    return {**(arrays or {}), **keywords}


def _plain(array: Any, library: str) -> np.ndarray[Any, Any]:
    """An array as NumPy's."""
    match library:
        case "torch":
            return np.asarray(array.detach().cpu())
        case "cupy":
            return np.asarray(array.get())
        case _:
            return np.asarray(array)


def _shape(value: Any) -> tuple[int, ...]:
    """The shape of an array, or a shape itself; a number has none."""
    if isinstance(value, tuple) and all(isinstance(size, Integral) for size in value):
        return tuple(map(int, value))
    return tuple(np.shape(value))
