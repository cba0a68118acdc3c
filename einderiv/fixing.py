"""A function of which some inputs are given once: what depends on these alone is computed once, and kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from einderiv.binding import Runner, bind, merged, shape_of, usual
from einderiv.check import solve_sizes
from einderiv.errors import EinInputError, EinMemoryError
from einderiv.function import Function
from einderiv.guards import SMALL, amount, copies_of, limit_of, warn_of_integers
from einderiv.plan import HoistedPlan, Plan, hoisted
from einderiv.refusing import check_axes, check_memory, wanted_of
from einderiv.run import Accepted, prepare

if TYPE_CHECKING:
    from einderiv.factored import FactoredTensor
    from einderiv.pictures import Picture

SETS = 8  # of kept arrays, one for each set of sizes and types of the other inputs


@dataclass(frozen=True, slots=True)
class Kept:
    """What calls of one kind need: their plan, what runs it, and by name what is fixed and what was made of it."""

    plan: HoistedPlan
    runner: Runner


class Fixed(Function):
    """A function of the inputs that are left, made by `f.fix`.

    >>> import numpy as np, einderiv as ed
    >>> slope = ed.grad("L = (X_nd w_d - y_n)^2", wrt="w").fix(X=np.eye(3, 2), y=np.ones(3))
    >>> slope(w=np.zeros(2))
    array([-2., -2.])
    >>> slope
    <einderiv.Function ∂L/∂w_d with X, y fixed, 72 B, and 48 B made of them>
    """

    def __init__(self, function: Function, arrays: Mapping[str, Any]) -> None:
        known = function.program.checked
        extra = {name: argument for name, argument in function._checked.inputs.items() if name not in known.inputs}
        reads = function._checked.reads[len(known.reads) :]
        super().__init__(function.program, function._asked, function._arrange, extra, reads)
        self._function = function
        given = bind(self._checked.source, self._checked.inputs, (), arrays)
        self._given = {name: _copied(value) for name, value in given.items()}
        accepted = self._accepted(self._given)
        warn_of_integers(self._given, self._computed, accepted.dtype)
        solve_sizes(self._checked, {name: tuple(array.shape) for name, array in accepted.arrays.items()}, ())
        self._kept: OrderedDict[object, Kept] = OrderedDict()
        self._making = Lock()

    def __reduce__(self) -> tuple[Callable[..., Fixed], tuple[Function, Mapping[str, Any]]]:
        return Fixed, (self._function, self._given)

    def __repr__(self) -> str:
        titles = ", ".join(asked.title or asked.name for asked in self._asked)
        count = sum(getattr(array, "nbytes", 0) for array in self._given.values())
        with self._lock:
            made = sum(kept.plan.kept_bytes for kept in self._kept.values())
        parts = f", {amount(count)}" + (f", and {amount(made)} made of them" if made else "")
        return f"<einderiv.Function {titles} with {', '.join(self._given)} fixed{parts}>"

    def fix(self, arrays: Mapping[str, Any] | None = None, /, **keywords: Any) -> Fixed:
        """The function with more of its inputs fixed."""
        return Fixed(self._function, {**self._given, **self._others(merged(arrays, keywords))})

    def _others(self, passed: Mapping[str, Any]) -> dict[str, Any]:
        """What was passed, which has to be other inputs than those that are fixed, by the names of tensors."""
        given = bind(self._checked.source, self._checked.inputs, (), passed)
        for name in given:
            if name in self._given:
                raise EinInputError(
                    "E0502",
                    f"`{name}` is fixed in this function, so a call does not take it",
                    notes=[f"fixed: {', '.join(self._given)}"],
                    helps=[f"leave it out, or call the function in which `{name}` is not fixed"],
                )
        return given

    # ---------------------------------------------------------------- calling

    def _computed_first(self, passed: Mapping[str, Any], finite: bool, memory_limit: float | None) -> Any:
        others = self._others(passed)
        given = bind(self._checked.source, self._checked.inputs, self._needed, {**self._given, **others})
        accepted = self._accepted(given)
        self._check_values(others, accepted, finite)
        kept = self._made(accepted, memory_limit)
        runner = kept.runner
        results = runner({name: accepted.arrays[name] for name in others})
        held = sum(prod(array.shape) for array in accepted.arrays.values()) * kept.plan.itemsize
        if kept.plan.peak_bytes + held <= SMALL and not self._checks_values(others):
            own = {name: accepted.arrays[name] for name in others}
            self._usual = usual(self._checked.inputs, passed, others, own, runner)
        return self._arrange(results)

    def _no_room(self, passed: Mapping[str, Any]) -> EinMemoryError:
        return super()._no_room({**self._given, **passed})

    def _made(self, accepted: Accepted, memory_limit: float | None) -> Kept:
        """What calls of this kind need, made by the first of them."""
        shapes = {name: tuple(array.shape) for name, array in accepted.arrays.items()}
        places = {array.device for array in accepted.arrays.values()} if accepted.library == "torch" else set()
        key = (accepted.library, accepted.dtype, tuple(shapes.items()), frozenset(places))
        with self._making:
            found = self._kept.get(key)
            planned = found.plan if found else self._hoisted(shapes, np.dtype(accepted.dtype).itemsize)
            needed = planned.peak_bytes + copies_of(accepted.arrays, planned)
            largest: Plan = planned
            if found is None and planned.once is not None:
                once = planned.once.peak_bytes + copies_of(accepted.arrays, planned.once)
                needed = max(needed + planned.kept_bytes, once)
                largest = max(planned, planned.once, key=lambda each: each.peak_bytes)
            limit = limit_of(memory_limit, needed, accepted.library)
            if needed > limit:
                wanted = wanted_of(self, shapes, planned.itemsize)
                check_memory(self, largest, needed, wanted, limit, memory_limit is not None)
            if found is not None:
                self._kept.move_to_end(key)
                return found
            return self._computed_once(key, planned, accepted)

    def _computed_once(self, key: object, planned: HoistedPlan, accepted: Accepted) -> Kept:
        """What calls need, with what is kept computed; not kept itself where JAX only traces the call."""
        arrays = {name: accepted.arrays[name] for name in self._given}
        if planned.once is not None:
            check_axes(self, planned.once)
            made = prepare(planned.once, accepted.library, accepted.dtype)(arrays)
            arrays |= zip(planned.kept, made, strict=True)
        check_axes(self, planned)
        runner = prepare(planned, accepted.library, accepted.dtype)
        kept = Kept(planned, lambda others: runner({**arrays, **others}))
        if accepted.library != "jax" or not any(_traced(array) for array in arrays.values()):
            with self._lock:
                self._kept[key] = kept
                while len(self._kept) > SETS:
                    self._kept.popitem(last=False)
        return kept

    def _hoisted(self, shapes: Mapping[str, tuple[int, ...]], itemsize: int) -> HoistedPlan:
        return hoisted(self._nodes, self._sizes(shapes, self._nodes), self._given, itemsize, self._tensors)

    # ---------------------------------------------------------- looking into it

    def plan(self, arrays: Mapping[str, Any] | None = None, /, **keywords: Any) -> HoistedPlan:
        """The steps that are done once, whose results are kept, and those of each call.

        >>> import einderiv as ed
        >>> slope = ed.grad("L = (X_nd w_d - y_n)^2", wrt="w").fix(X=[[1.0, 2.0]] * 9, y=[1.0] * 9)
        >>> print(slope.plan(w=(2,)))
        once, from what is fixed:
        step  what               shape  FLOPs  memory
        ────  ─────────────────  ─────  ─────  ──────
        #0    X                  9 × 2
        #1*   ij,ik->jk   #0 #0  2 × 2     72    32 B
        #2    y                  9
        #3*   ij,i->j   #0 #2    2         36    16 B
        108 FLOPs, at most 48 B at once; * marks what is kept, 48 B
        <BLANKLINE>
        in each call:
        step  what             shape  FLOPs  memory
        ────  ───────────────  ─────  ─────  ──────
        #0    kept #1          2 × 2
        #1    kept #3          2
        #2    w                2
        #3    i,ji->j   #2 #0  2          8    16 B
        #4    #3 - #1          2          4    16 B
        #5*   2 #4             2          2    16 B
        14 FLOPs, at most 48 B at once; * marks a result
        """
        shapes = {name: shape_of(value) for name, value in self._whole(arrays, keywords).items()}
        return self._hoisted(shapes, 8)

    def graph(self, arrays: Mapping[str, Any] | None = None, /, *, plan: bool = False, **keywords: Any) -> Picture:
        """The computation graph of the result; with `plan` that of the steps of each call."""
        if plan:
            return super().graph(arrays, plan=True, **keywords)
        return super().graph(self._whole(arrays, keywords))

    def factored(
        self, arrays: Mapping[str, Any] | None = None, /, *, memory_limit: float | None = None, **keywords: Any
    ) -> FactoredTensor:
        """The result as dense cores and deltas; nothing is kept for it."""
        return super().factored(self._whole(arrays, keywords), memory_limit=memory_limit)

    def _whole(self, arrays: Mapping[str, Any] | None, keywords: Mapping[str, Any]) -> dict[str, Any]:
        """All inputs by the names of tensors: those that are fixed, and others."""
        return {**self._given, **self._others(merged(arrays, keywords))}


def _copied(value: Any) -> Any:
    """A copy that no later change of the original reaches; of what cannot be changed, itself."""
    if isinstance(value, bool | int | float):
        return value
    if hasattr(value, "clone"):  # PyTorch's, apart from what it was computed from
        return value.detach().clone()
    if isinstance(value, np.ndarray | list | tuple):
        copy = np.array(value, order="C", subok=True)
        copy.flags.writeable = False
        return copy
    return value.copy() if hasattr(value, "copy") else value


def _traced(array: Any) -> bool:
    """Whether an array stands for any array, within a function that JAX compiles or differentiates."""
    from jax.core import Tracer

    return isinstance(array, Tracer)
