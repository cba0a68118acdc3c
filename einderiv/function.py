"""What a derivative is to its user: something to read, to call, and to look into."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from threading import Lock
from typing import Any

import numpy as np

from einderiv import check, typeset
from einderiv.binding import bind, described, merged, require_symmetric, shape_of
from einderiv.check import Argument, solve_sizes
from einderiv.derivation import Derivation, derivation
from einderiv.errors import EinTypeError
from einderiv.factored import Factor, FactoredTensor, Term
from einderiv.guards import (
    Wanted,
    arithmetic,
    check_axes,
    check_finite,
    check_memory,
    limit_of,
    too_large,
    warn_of_integers,
)
from einderiv.ir import Algebra, Constant, Dim, Einsum, Input, Node, Size, Spread, topological
from einderiv.plan import Piece, Plan, cores, index_inputs, plan
from einderiv.program import Program
from einderiv.render import (
    Context,
    Contraction,
    Following,
    Output,
    Read,
    einsum_steps,
    formulas,
    lines,
    mimebundle,
    program_text,
    reads_in,
    source,
)
from einderiv.render import document as as_document
from einderiv.run import Accepted, accept, prepare
from einderiv.simplify import simplify

Runner = Callable[[Mapping[str, Any]], list[Any]]
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


@dataclass(frozen=True, slots=True)
class Parts:
    """The terms of a factored result, the dense nodes in them, what computes these, and the shape of the whole."""

    pieces: Sequence[Piece]
    wanted: Sequence[Node]
    plan: Plan
    arrays: Sequence[Wanted]
    runner: Callable[[Mapping[str, Any]], list[Any]]
    shape: tuple[int, ...]


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
        reads: Sequence[check.Read] = (),
    ) -> None:
        checked = program.checked
        self.program = program
        inputs = {**checked.inputs, **(extra or {})}
        self._checked = replace(checked, inputs=inputs, reads=(*checked.reads, *reads))
        self._asked = tuple(asked)
        self._arrange = arrange
        self._runners: OrderedDict[object, tuple[Plan, Runner]] = OrderedDict()
        self._parts: OrderedDict[object, Parts] = OrderedDict()
        self._lock = Lock()

    # ---------------------------------------------------------------- calling

    def __call__(
        self,
        arrays: Mapping[str, Any] | None = None,
        /,
        *more: Any,
        check_finite: bool = False,
        memory_limit: float | None = None,
        **keywords: Any,
    ) -> Any:
        """The result for these arrays; its axes are those that `print` shows on the left.

        Float32 arrays give float32 results, integers count as float64, and the results are in the arrays' library.
        Raises `EinInputError` for a missing or unknown input, `EinShapeError` for sizes that clash, `EinTypeError` for
        what is not an array of real numbers.

        A call that would take more than `memory_limit` bytes at once (unless said, half of the memory that is free) is
        an `EinMemoryError` before anything is allocated; `float("inf")` lifts the limit.  With `check_finite` NaN and
        infinities in the inputs are an `EinValueError` that says where they are.
        """
        given = bind(self._checked.source, self._checked.inputs, self._needed, merged(arrays, keywords, more))
        accepted = self._accepted(given)
        self._check_values(given, accepted, check_finite)
        shapes = {name: tuple(array.shape) for name, array in accepted.arrays.items()}
        key = (accepted.library, accepted.dtype, tuple(shapes.items()))
        with self._lock:
            found = self._runners.get(key)
            if found is not None:
                self._runners.move_to_end(key)
        planned = found[0] if found is not None else self._planned(shapes, np.dtype(accepted.dtype).itemsize)
        limit = limit_of(memory_limit, planned.peak_bytes, accepted.library)
        if planned.peak_bytes > limit:
            check_memory(planned, self._wanted(shapes, planned.itemsize), limit, memory_limit is not None)
        runner = found[1] if found is not None else self._prepared(key, planned, accepted)
        try:
            results = runner(accepted.arrays)
        except MemoryError as error:
            wanted = self._wanted(shapes, planned.itemsize)
            raise too_large(max(wanted, key=lambda each: each.nbytes), limit, memory_limit is not None) from error
        return self._arrange(results)

    def _prepared(self, key: object, planned: Plan, accepted: Accepted) -> Runner:
        """What runs a plan, kept for the next call."""
        check_axes(planned)
        runner = prepare(planned, accepted.library, accepted.dtype)
        with self._lock:
            self._runners[key] = planned, runner
            while len(self._runners) > PLANS:
                self._runners.popitem(last=False)
        return runner

    def _check_values(self, given: Mapping[str, Any], accepted: Accepted, finite: bool) -> None:
        if accepted.arrays is not given:  # else all are float64 already
            warn_of_integers(given, self._computed, accepted.dtype)
        if finite:
            check_finite({name: _plain(array, accepted.library) for name, array in accepted.arrays.items()})

    def _wanted(self, shapes: Mapping[str, tuple[int, ...]], itemsize: int) -> list[Wanted]:
        """What the results are and take, in full and as parts, for a message."""
        sizes = self._sizes(shapes, self._nodes)
        lines = [line.partition(" = ") for line in str(self).split("\n")]
        wanted = []
        for node, asked in zip(self._nodes, self._asked, strict=True):
            held = {factor for piece in cores(node, sizes) for factor, _ in piece.factors}
            count = sum(prod(sizes[dim] for dim in factor.axes) for factor in held)
            text = next((right for left, _, right in lines if left.partition("_")[0] == asked.name), "")
            shape = tuple(sizes[dim] for dim in node.axes)
            parts = text if asked.title.startswith("∂") else ""
            wanted.append(Wanted(asked.title or asked.name, shape, itemsize, parts, count * itemsize))
        return wanted

    def plan(self, arrays: Mapping[str, Any] | None = None, /, **keywords: Any) -> Plan:
        """The steps of a call, with contraction orders, FLOPs and memory, for arrays or for their shapes.

        >>> import einderiv as ed
        >>> print(ed.function("D_il = A_ij B_jk C_kl").plan(A=(10, 100), B=(100, 5), C=(5, 50)))  # doctest: +ELLIPSIS
        step  what ...
        """
        given = bind(self._checked.source, self._checked.inputs, (), merged(arrays, keywords))
        return self._planned({name: shape_of(value) for name, value in given.items()}, 8)

    def _planned(self, shapes: Mapping[str, tuple[int, ...]], itemsize: int) -> Plan:
        return plan(self._nodes, self._sizes(shapes, self._nodes), itemsize, self._tensors)

    def _accepted(self, given: Mapping[str, object]) -> Accepted:
        """The arrays of a call; one for a symmetric tensor has to be symmetric."""
        accepted = accept(given, self._indices)
        for name, array in accepted.arrays.items():
            if self._checked.inputs[name].node.symmetric:
                require_symmetric(name, np.asarray(array))
        return accepted

    def _sizes(self, shapes: Mapping[str, tuple[int, ...]], nodes: Sequence[Node]) -> dict[Dim, int]:
        return solve_sizes(self._checked, shapes, dims_of(nodes))

    def factored(
        self, arrays: Mapping[str, Any] | None = None, /, *, memory_limit: float | None = None, **keywords: Any
    ) -> FactoredTensor:
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
        given = bind(self._checked.source, self._checked.inputs, self._needed, merged(arrays, keywords))
        accepted = self._accepted(given)
        plain = {name: _plain(array, accepted.library) for name, array in accepted.arrays.items()}
        parts = self._in_parts(node, {name: array.shape for name, array in plain.items()}, accepted.dtype)
        limit = limit_of(memory_limit, parts.plan.peak_bytes)
        check_memory(parts.plan, parts.arrays, limit, memory_limit is not None)
        values = dict(zip(parts.wanted, parts.runner(plain), strict=True))
        terms = [
            Term(
                piece.coefficient,
                piece.ties,
                tuple(Factor(values[factor], axes, _name(factor)) for factor, axes in piece.factors),
            )
            for piece in parts.pieces
        ]
        return FactoredTensor(terms, parts.shape, asked.rows, np.dtype(accepted.dtype), asked.letters)

    def _in_parts(self, node: Node, shapes: Mapping[str, tuple[int, ...]], dtype: str) -> Parts:
        """What a factored result is made from at these sizes; planned once."""
        key = (dtype, tuple(shapes.items()))
        with self._lock:
            known = self._parts.get(key)
            if known is not None:
                self._parts.move_to_end(key)
                return known
        sizes = self._sizes(shapes, self._nodes)
        pieces = cores(node, sizes)
        wanted = list(dict.fromkeys(factor for piece in pieces for factor, _ in piece.factors))
        planned = plan(wanted, sizes, np.dtype(dtype).itemsize, self._tensors)
        arrays = [
            Wanted("the parts of this derivative", tuple(sizes[dim] for dim in factor.axes), planned.itemsize)
            for factor in wanted
        ]
        shape = tuple(sizes[dim] for dim in node.axes)
        parts = Parts(pieces, wanted, planned, arrays, prepare(planned, "numpy", dtype), shape)
        with self._lock:
            self._parts[key] = parts
            while len(self._parts) > PLANS:
                self._parts.popitem(last=False)
        return parts

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

        It is called `evaluate` and takes its arrays by position; its docstring says which is which.  NumPy has no
        `lgamma`, `digamma` and `polygamma`, so that source with these needs SciPy too.
        """
        if library not in LIBRARIES:
            raise EinTypeError(
                "E0409",
                f"there is no source for the library `{library}`",
                helps=[f"ask for one of {', '.join(LIBRARIES)}"],
            )
        arguments = self._arguments()
        doc = described(arguments, [(each.title or each.name, each.letters, each.node) for each in self._asked])
        return source(library, self._nodes, [argument.node for argument in arguments], doc, self._reads)

    def _arguments(self) -> list[Argument]:
        """What the value needs, and one more input for each size that nothing of these has."""
        needed = set(self._needed)
        known = {dim for name in needed for dim in self._checked.inputs[name].node.axes}
        wanted = dims_of(self._nodes)
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
        return mimebundle(str(self), self._formulas())

    def _repr_latex_(self) -> str | None:
        return self._repr_mimebundle_().get("text/latex")

    # ------------------------------------------------------------------ parts

    @cached_property
    def _nodes(self) -> list[Node]:
        return simplify([asked.node for asked in self._asked])

    @cached_property
    def _tensors(self) -> dict[Node, str]:
        """What messages call nodes that are the user's own tensors."""
        return {node: name for name, node in self.program.values.items()}

    @cached_property
    def _indices(self) -> frozenset[str]:
        """The inputs whose values are positions."""
        return frozenset(index_inputs(self._nodes))

    @cached_property
    def _computed(self) -> frozenset[str]:
        """The inputs that are computed with, not only compared."""
        return arithmetic(self._nodes)

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
        sizing = self._sizing
        parts = {
            name: self.program.values[name]
            for name, core in dense.items()
            if (core in met and not isinstance(core, Input | Constant)) or name in sizing
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
            reads=self._reads,
        )
        return outputs, context

    @cached_property
    def _reads(self) -> list[Read]:
        """The axes that are read at computed positions."""
        return [
            Read(read.dim, read.coefficients, read.dims, read.constant, read.axis.tensor, read.axis.number)
            for read in self._checked.reads
        ]

    @property
    def _sizing(self) -> set[str]:
        """The equations that give a size which no array has, and those that linear algebra speaks of by name."""
        values = self.program.values
        met = topological([asked.node for asked in self._asked])
        arguments = {argument for node in met if isinstance(node, Algebra) for argument in node.arguments}
        found = {name for name, value in values.items() if value in arguments and not isinstance(value, Input)}
        arrays = {dim for argument in self._checked.inputs.values() for dim in argument.node.axes}
        own = {dim for read in self._checked.reads for dim in read.dims} - arrays
        if own:
            reads = {name: reads_in(topological([value])) for name, value in values.items()}
            found |= {name for name, group in reads.items() if any(own.intersection(read.dims) for read in group)}
        return found


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


def _plain(array: Any, library: str) -> np.ndarray[Any, Any]:
    """An array as NumPy's."""
    match library:
        case "torch":
            return np.asarray(array.detach().cpu())
        case "cupy":
            return np.asarray(array.get())
        case _:
            return np.asarray(array)


def _name(node: Node) -> str:
    """The name of an input; a core that is computed has none."""
    return node.name if isinstance(node, Input) else ""
