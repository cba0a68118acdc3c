"""What a derivative is to its user: something to read, to call, and to look into."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import prod
from threading import Lock
from typing import TYPE_CHECKING, Any

from einderiv import check
from einderiv.binding import Runner, Usual, bind, itemsize_of, merged, plain, require_symmetric, shape_of, usual
from einderiv.check import Argument
from einderiv.errors import EinMemoryError, EinTypeError, EinValueError
from einderiv.guards import (
    SMALL,
    Wanted,
    arithmetic,
    check_finite,
    copies_of,
    has_integers,
    limit_of,
    warn_of_integers,
)
from einderiv.ir import Dim, Input, Node
from einderiv.program import Program
from einderiv.readable import Asked, Readable

if TYPE_CHECKING:
    from einderiv.factored import FactoredTensor
    from einderiv.fixing import Fixed
    from einderiv.pictures import Picture
    from einderiv.plan import Piece, Plan
    from einderiv.run import Accepted

PLANS = 256  # plans that a function keeps, one for each set of sizes and types


@dataclass(frozen=True, slots=True)
class Parts:
    """The terms of a factored result, the dense nodes in them, what computes these, and the shape of the whole."""

    pieces: Sequence[Piece]
    wanted: Sequence[Node]
    plan: Plan
    arrays: Sequence[Wanted]
    runner: Runner
    shape: tuple[int, ...]


class Function(Readable):
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
        super().__init__(program, asked, extra, reads)
        self._arrange = arrange
        self._runners: OrderedDict[object, tuple[Plan, Runner]] = OrderedDict()
        self._parts: OrderedDict[object, Parts] = OrderedDict()
        self._usual: Usual | None = None
        self._lock = Lock()
        self._remade: partial[Function] | None = None

    def asked_as(self, make: Callable[..., Function], arguments: tuple[Any, ...], options: Mapping[str, Any]) -> None:
        """Remember how it was asked for: a copy in another process is made from the text in the same way."""
        self._remade = partial(make, self.program, *arguments, **options)

    def __reduce__(self) -> str | tuple[Any, ...]:
        return super().__reduce__() if self._remade is None else (self._remade, ())

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
        usual = self._usual
        if usual is not None and memory_limit is None and not (check_finite or more):
            passed = usual.matched(keywords if arrays is None else arrays if not keywords else None)
            if passed is not None:
                try:
                    return self._arrange(usual.runner(passed))
                except (MemoryError, EinValueError):
                    pass  # the complete call says what there is no room for, or where the value stands
        return self._called(merged(arrays, keywords, more, self._keywords), check_finite, memory_limit)

    def _called(self, passed: Mapping[str, Any], finite: bool, memory_limit: float | None) -> Any:
        """The result of a call of which nothing is known yet; that memory ran out is told with what was asked for."""
        try:
            return self._computed_first(passed, finite, memory_limit)
        except EinValueError as error:
            self._show(error)
            raise
        except MemoryError as error:
            if isinstance(error, EinMemoryError):
                raise
            raise self._no_room(passed) from error

    def _show(self, error: EinValueError) -> None:
        """Let an error of a run show where the tensor with the refused value stands."""
        from einderiv.refusing import show

        show(self._checked, error)

    def _no_room(self, passed: Mapping[str, Any]) -> EinMemoryError:
        """The system gave no more memory; what is told of it takes little itself."""
        from einderiv.refusing import no_room

        return no_room(self, passed)

    def _computed_first(self, passed: Mapping[str, Any], finite: bool, memory_limit: float | None) -> Any:
        from einderiv.plan import peak_without_blocks  # here, as NumPy and all of `plan` and `run`: see `readable`
        from einderiv.refusing import check_memory, wanted_of

        given = bind(self._checked.source, self._checked.inputs, self._needed, passed)
        accepted = self._accepted(given)
        self._check_values(given, accepted, finite)
        shapes = {name: tuple(array.shape) for name, array in accepted.arrays.items()}
        key = (accepted.library, accepted.dtype, tuple(shapes.items()))
        with self._lock:
            found = self._runners.get(key)
            if found is not None:
                self._runners.move_to_end(key)
        planned = found[0] if found is not None else self._planned(shapes, itemsize_of(accepted.dtype))
        library = accepted.library
        peak = planned.peak_bytes if library == "numpy" else peak_without_blocks(planned, library)
        needed = peak + copies_of(accepted.arrays, planned)
        limit = limit_of(memory_limit, needed, accepted.library)
        if needed > limit:
            wanted = wanted_of(self, shapes, planned.itemsize)
            check_memory(self, planned, needed, wanted, limit, memory_limit is not None)
        runner = found[1] if found is not None else self._prepared(key, planned, accepted)
        results = runner(accepted.arrays)
        held = sum(prod(shape) for shape in shapes.values()) * planned.itemsize
        if planned.peak_bytes + held <= SMALL and not self._checks_values(given):
            self._usual = usual(self._checked.inputs, passed, given, accepted.arrays, runner)
        return self._arrange(results)

    def _checks_values(self, given: Mapping[str, Any]) -> bool:
        """Whether more of the arrays has to be checked in every call than their types and shapes."""
        inputs = self._checked.inputs
        return any(inputs[name].node.symmetric for name in given) or not self._indices.isdisjoint(self._computed)

    def _prepared(self, key: object, planned: Plan, accepted: Accepted) -> Runner:
        """What runs a plan, kept for the next call."""
        from einderiv.refusing import check_axes
        from einderiv.run import prepare

        check_axes(self, planned)
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
            check_finite({name: plain(array, accepted.library) for name, array in accepted.arrays.items()})

    def plan(self, arrays: Mapping[str, Any] | None = None, /, **keywords: Any) -> Plan:
        r"""The steps of a call, with contraction orders, FLOPs and memory, for arrays or for their shapes.

        >>> import einderiv as ed
        >>> net = "h_j = sin(A_jk x_k)\ny_i = B_ij h_j\nL = w_i y_i"
        >>> print(ed.grad(net, wrt="x").plan(A=(100, 50), x=(50,), B=(20, 100), w=(20,)))
        step  what             shape     FLOPs  memory
        ────  ───────────────  ────────  ─────  ──────
        #0    A                100 × 50
        #1    B                20 × 100
        #2    w                20
        #3    x                50
        #4    ij,j->i   #0 #3  100        10 k   800 B
        #5    cos   #4         100         100   800 B
        #6    ij,i->j   #1 #2  100         4 k   800 B
        #7    i,i->i   #5 #6   100         100   800 B
        #8*   ij,i->j   #0 #7  50         10 k   400 B
        24.2 k FLOPs, at most 2.4 kB at once; * marks a result
        sizes I = 20, J = 100, K = 50
        in forward order: 217 k FLOPs, at most 48 kB at once, 8.97 times as many
        in reverse order: 24.2 k FLOPs, at most 2.4 kB at once

        Steps that run together, block by block along an index that they share, are told below the table.  What is
        printed ends with what the derivatives would cost with all products made from the inputs on (forward order), or
        from the results on (reverse order), as automatic differentiation makes them.
        """
        from einderiv.orders import compared

        given = bind(self._checked.source, self._checked.inputs, (), merged(arrays, keywords))
        shapes = {name: shape_of(value) for name, value in given.items()}
        sizes = self._sizes(shapes, self._nodes)
        dims = sorted((dim for dim in self._dims if dim.size is None), key=lambda dim: (len(dim.name), dim))
        named = {dim.name: sizes[dim] for dim in dims}
        return compared(self._planned(shapes, 8), named, lambda: self._orders(shapes))

    def _orders(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Plan]:
        """Plans of the call in which the derivatives are taken in one order."""
        from einderiv.orders import orders
        from einderiv.plan import plan

        found = orders(self.program, self._checked, self._asked, self._nodes)
        return {name: plan(nodes, self._sizes(shapes, nodes), 8, self._tensors) for name, nodes in found.items()}

    def graph(self, arrays: Mapping[str, Any] | None = None, /, *, plan: bool = False, **keywords: Any) -> Picture:
        """The computation graph of the result as it is printed, as a picture.

        >>> import einderiv as ed
        >>> print(ed.jacobian("a_i = W_ij x_j", wrt="W").graph())
        δ_ik —I×I→ multiply
        x_j —J→ multiply
        multiply —I×I×J→ ∂a_i/∂W_kj

        For arrays, or tuples in place of them as their shapes, the sizes on the edges are numbers; with `plan` the
        picture shows the steps of `f.plan(arrays)` with their costs, the costliest one stressed.
        """
        if plan:
            return self.plan(arrays, **keywords).graph([asked.title or asked.name for asked in self._asked])
        from einderiv.computation import of_results

        given = bind(self._checked.source, self._checked.inputs, (), merged(arrays, keywords))
        shapes = {name: shape_of(value) for name, value in given.items()}
        return of_results(*self._printed, self._sizes(shapes, ()))

    def fix(self, arrays: Mapping[str, Any] | None = None, /, **keywords: Any) -> Fixed:
        """The function of the other inputs, for arrays that stay the same from call to call.

        >>> import numpy as np, einderiv as ed
        >>> slope = ed.grad("L = (X_nd w_d - y_n)^2", wrt="w").fix(X=np.eye(3, 2), y=np.ones(3))
        >>> slope(w=np.zeros(2))
        array([-2., -2.])

        What depends on these alone is computed in the first call and kept, here XᵀX and Xᵀy.  The arrays are copied,
        so that changing them later changes nothing; `repr` says how much memory all of it takes.
        """
        from einderiv.fixing import Fixed  # here, since few functions are called so

        return Fixed(self, merged(arrays, keywords))

    def _planned(self, shapes: Mapping[str, tuple[int, ...]], itemsize: int) -> Plan:
        from einderiv.plan import plan

        return plan(self._nodes, self._sizes(shapes, self._nodes), itemsize, self._tensors)

    def _accepted(self, given: Mapping[str, object]) -> Accepted:
        """The arrays of a call; one for a symmetric tensor has to be symmetric."""
        from einderiv.run import accept

        ignored = {name for name in given if name not in self._needed and has_integers(given[name])}
        accepted = accept(given, self._indices | ignored)
        for name, array in accepted.arrays.items():
            if self._checked.inputs[name].node.symmetric:
                require_symmetric(name, plain(array, "numpy"))
        return accepted

    def _sizes(self, shapes: Mapping[str, tuple[int, ...]], nodes: Sequence[Node]) -> dict[Dim, int]:
        from einderiv.refusing import sizes_of

        return sizes_of(self, shapes, nodes)

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
        import numpy as np

        from einderiv.factored import Factor, FactoredTensor, Term  # here, since few calls need it
        from einderiv.refusing import check_memory

        if len(self._asked) != 1:
            raise EinTypeError(
                "E0405",
                "a factored tensor is one result; this function has several",
                helps=["ask for one tensor in `wrt`"],
            )
        (node,), (asked,) = self._nodes, self._asked
        given = bind(self._checked.source, self._checked.inputs, self._needed, merged(arrays, keywords))
        accepted = self._accepted(given)
        values = {name: plain(array, accepted.library) for name, array in accepted.arrays.items()}
        parts = self._in_parts(node, {name: array.shape for name, array in values.items()}, accepted.dtype)
        needed = parts.plan.peak_bytes + copies_of(values, parts.plan)
        limit = limit_of(memory_limit, needed)
        check_memory(self, parts.plan, needed, parts.arrays, limit, memory_limit is not None)
        try:
            made = dict(zip(parts.wanted, parts.runner(values), strict=True))
        except EinValueError as error:
            self._show(error)
            raise
        terms = [
            Term(
                piece.coefficient,
                piece.ties,
                tuple(Factor(made[factor], axes, _name(factor)) for factor, axes in piece.factors),
            )
            for piece in parts.pieces
        ]
        return FactoredTensor(terms, parts.shape, asked.rows, np.dtype(accepted.dtype), asked.letters)

    def _in_parts(self, node: Node, shapes: Mapping[str, tuple[int, ...]], dtype: str) -> Parts:
        """What a factored result is made from at these sizes; planned once."""
        from einderiv.plan import cores, plan
        from einderiv.run import prepare

        key = (dtype, tuple(shapes.items()))
        with self._lock:
            known = self._parts.get(key)
            if known is not None:
                self._parts.move_to_end(key)
                return known
        sizes = self._sizes(shapes, self._nodes)
        pieces = cores(node, sizes)
        wanted = list(dict.fromkeys(factor for piece in pieces for factor, _ in piece.factors))
        planned = plan(wanted, sizes, itemsize_of(dtype), self._tensors)
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

    # ------------------------------------------------------------------ parts

    @cached_property
    def _keywords(self) -> list[str]:
        """What the needed inputs are called in a call."""
        return [argument.keyword for name, argument in self._checked.inputs.items() if name in self._needed]

    @cached_property
    def _tensors(self) -> dict[Node, str]:
        """What messages call nodes that are the user's own tensors."""
        return {node: name for name, node in self.program.values.items()}

    @cached_property
    def _indices(self) -> frozenset[str]:
        """The inputs whose values are positions; those of the program that are not needed here do not count either."""
        from einderiv.plan import index_inputs

        ignored = index_inputs(self.program.values.values()) - {*self._needed}
        return frozenset(index_inputs(self._nodes)) | ignored

    @cached_property
    def _computed(self) -> frozenset[str]:
        """The inputs that are computed with, not only compared."""
        return arithmetic(self._nodes)


def _name(node: Node) -> str:
    """The name of an input; a core that is computed has none."""
    return node.name if isinstance(node, Input) else ""
