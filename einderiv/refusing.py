"""What a call is refused for, told with the places, the tensors and the letters of the program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from shlex import quote
from typing import Any

import numpy as np

from einderiv import check, requests
from einderiv.binding import shape_of
from einderiv.check import Program, Use
from einderiv.errors import EinLimitError, EinMemoryError, EinValueError, Label
from einderiv.guards import Wanted, amount, limit_note, no_memory, too_large
from einderiv.ir import Dim, Node
from einderiv.plan import (
    Apply,
    Combine,
    Contract,
    Fold,
    HoistedPlan,
    Load,
    Origin,
    Plan,
    Read,
    Scan,
    Solve,
    Step,
    Write,
    cores,
    labelled,
    origins,
)
from einderiv.readable import Readable, dims_of

AXES = 64 if int(np.__version__.partition(".")[0]) >= 2 else 32  # that NumPy's arrays can have
_SPARE = "pqrstuvwxyzabcdefghijklmno"

Shapes = Mapping[str, tuple[int, ...]]
Axis = tuple[str, int]


# --------------------------------------------------------------------- sizes


def sizes_of(function: Readable, shapes: Shapes, nodes: Sequence[Node]) -> dict[Dim, int]:
    """The sizes that expressions have, none 0 over which they, or what is differentiated, could not be reduced."""
    program, asked = function.program, function._asked
    dims = function._dims if nodes is function._nodes else dims_of(nodes)
    sizes = check.solve_sizes(function._checked, shapes, dims)
    if 0 in sizes.values():
        tops = [program.values[name] for each in asked for name in each.of if name in program.values]
        reductions = requests.reductions(program, asked)
        check.require_values(function._checked, reductions, shapes, sizes, dims, [*nodes, *tops])
    return sizes


# -------------------------------------------------------------------- values


def show(program: Program, error: EinValueError) -> None:
    """Let an error that names a tensor show where it is read as positions or as a matrix, or else made known."""
    name, label = error.tensor, None
    if name in program.definitions:
        label = Label(program.definitions[name].use.span, "defined here")
    elif name in program.inputs:
        argument, position = program.inputs[name], error.code == "E0510"
        told = _in_subscript if position else _without_letters
        use = next((use for use in argument.uses if told(program.source.text, use)), None)
        if use is not None:
            label = Label(use.span, "read as a position" if position else "this matrix")
        elif argument.declared is not None:  # what reads it is in the text of a derivative
            label = Label(argument.declared, "declared here")
    if label is not None and not error.labels:
        error.source, error.labels = program.source, (label,)


def _in_subscript(text: str, use: Use) -> bool:
    """Whether a tensor stands between the braces of a subscript, as `y` does in `F_{n,y_n}`."""
    open_braces = 0
    for character in reversed(text[text.rfind("\n", 0, use.span.start) + 1 : use.span.start]):
        open_braces += {"{": 1, "}": -1}.get(character, 0)
        if open_braces == 1:
            return True
    return False


def _without_letters(text: str, use: Use) -> bool:
    """Whether a tensor stands as a matrix, by its bare name."""
    return "_" not in text[use.span.start : use.span.end]


# -------------------------------------------------------------------- memory


def wanted_of(function: Readable, shapes: Shapes, itemsize: int) -> list[Wanted]:
    """What the results are and take, in full and as parts, for a message."""
    sizes = sizes_of(function, shapes, function._nodes)
    try:
        lines = [line.partition(" = ") for line in str(function).split("\n")]
    except MemoryError:  # not even for what prints, which is imported here; sizes can still be told
        lines = []
    wanted = []
    for node, asked in zip(function._nodes, function._asked, strict=True):
        held = {factor for piece in cores(node, sizes) for factor, _ in piece.factors}
        count = sum(prod(sizes[dim] for dim in factor.axes) for factor in held)
        text = next((right for left, _, right in lines if left.partition("_")[0] == asked.name), "")
        shape = tuple(sizes[dim] for dim in node.axes)
        parts = text if asked.title.startswith("∂") else ""
        wanted.append(Wanted(asked.title or asked.name, shape, itemsize, parts, count * itemsize))
    return wanted


def no_room(function: Readable, passed: Mapping[str, Any]) -> EinMemoryError:
    """The system gave no more memory for a call with these arrays; what is told of it takes little itself."""
    arrays = {name: array for name, array in passed.items() if hasattr(array, "shape")}
    given = ", ".join(f"{name} {tuple(array.shape)}" for name, array in arrays.items())
    names = [asked.title or asked.name for asked in function._asked]
    try:
        shapes = {name: shape_of(value) for name, value in passed.items()}
        itemsize = 4 if all(str(array.dtype).endswith("float32") for array in arrays.values()) else 8
        wanted = max(wanted_of(function, shapes, itemsize), key=lambda each: each.nbytes)
    except MemoryError:
        return no_memory(names, given)
    if wanted.nbytes < max((prod(array.shape) for array in arrays.values()), default=0):
        return no_memory(names, given)
    return too_large(wanted, float("inf"), False, given)


def check_memory(
    function: Readable, plan: Plan, needed: int, wanted: Sequence[Wanted], limit: float, asked: bool
) -> None:
    """Refuse a plan that takes `needed` bytes at once, more than the limit; nothing is allocated yet.

    Raises `EinMemoryError`: E0601 where the results do not fit, and E0602 with the largest step where they would.
    """
    if needed <= limit:
        return
    largest = max(wanted, key=lambda each: each.nbytes)
    if sum(each.nbytes for each in wanted) > limit:
        raise too_large(largest, limit, asked)
    step = max(plan.steps, key=lambda each: max(2 * each.bytes, each.workspace))  # what stays tells more
    swept = next((plan.steps[sweep.first : sweep.stop] for sweep in plan.sweeps if sweep.stop - 1 == step.result), ())
    told = _Step(function, plan, max(swept, key=lambda each: prod(each.shape)) if swept else step)
    label = told.large.label if told.large else None
    order = any(isinstance(each.operation, Contract) for each in plan.steps)
    raise EinMemoryError(
        "E0602",
        f"{'the cheapest contraction order still' if order else 'this call'} needs {amount(needed)} at once, "
        f"{amount(step.bytes + step.workspace)} at its largest step; the result takes {amount(largest.nbytes)}",
        source=function._checked.source if label else None,
        labels=[label] if label else [],
        notes=[limit_note(limit, asked), told.note()],
        helps=[*told.helps()],
    )


@dataclass(frozen=True, slots=True)
class _Large:
    """The longest axis of a step: of which size, how long, and how it is told; its place, and what is at it."""

    dim: Dim
    letter: str
    length: int
    tensor: str
    label: Label | None

    def __str__(self) -> str:
        if self.letter:
            return f"the large index is {self.letter} = {self.length}, from {self.tensor}"
        return f"{self.tensor} is {self.length} long"


class _Step:
    """A step of a plan, in the words of the program."""

    def __init__(self, function: Readable, plan: Plan, step: Step) -> None:
        self._function = function
        self._plan = plan
        self._step = step
        self._origins = origins(plan)
        self._parts = [self._origins[slot] for slot in step.operands]
        self._inputs = function._checked.inputs
        once = plan.once.inputs if isinstance(plan, HoistedPlan) and plan.once is not None else {}
        known = {**once, **plan.inputs}
        self._shapes: Shapes = {name: known[name] for name in self._inputs if name in known}
        self.large = self._large()

    def _large(self) -> _Large | None:
        """The longest axis of what the step makes, or of what it reads where that is a number."""
        own = [(self._step.shape, self._origins[self._step.result])]
        read = [(self._plan.steps[slot].shape, self._origins[slot]) for slot in self._step.operands]
        pairs = [
            (length, axis)
            for shape, origin in (own if self._step.shape else read)
            for length, axis in zip(shape, origin.axes, strict=True)
        ]
        longest = max((length for length, _ in pairs), default=0)
        of_inputs = (self._of_input(axis) for length, axis in pairs if length == longest and axis is not None)
        return next(of_inputs, None) or next(self._of_reads(longest), None)

    def _of_input(self, axis: Axis) -> _Large:
        name, number = axis
        argument, shape = self._inputs[name], self._shapes[name]
        use = next(iter(argument.uses), None)
        dim, label = argument.node.axes[number], None
        if use is not None:
            pairs = enumerate(zip(use.letters, shape, strict=True))
            known = ", ".join(f"{letter} = {size}" for place, (letter, size) in pairs if place not in use.without)
            label = Label(use.span, f"{name} has shape {shape}" + (f": {known}" if known else ""))
        if use is None or number in use.without:
            return _Large(dim, "", shape[number], f"axis {number} of {name}", label)
        return _Large(dim, use.letters[number], shape[number], name, label)

    def _of_reads(self, length: int) -> Iterator[_Large]:
        """An index of this length that stands in a computed position alone, as the i of `x_{i+k}`."""
        found = self._function._checked
        sizes = check.solve_sizes(found, self._shapes, ())
        for read in found.reads:
            for letter, dim in zip(read.letters, read.dims, strict=True):
                if sizes.get(dim) == length:
                    label = Label(read.span, f"{letter} = {length}") if read.span is not None else None
                    yield _Large(dim, letter, length, read.axis.tensor, label)

    def note(self) -> str:
        """`step 4 of 5: `ij,jk->ik` of A and B, shape 3 × 4 (…)`."""
        step = self._step
        shape = " × ".join(map(str, step.shape)) or "scalar"
        text = f"step {step.result + 1} of {len(self._plan.steps)}: {self._deed()}, shape {shape}"
        return f"{text} ({self.large})" if self.large else text

    def _deed(self) -> str:
        """What the step does, and with what."""
        of = [_named(self._plan, self._origins, slot) for slot in self._step.operands]
        listed = f"{', '.join(of[:-1])} and {of[-1]}" if len(of) > 1 else "".join(of)
        match self._step.operation:
            case Contract() as contract:
                return f"`{self._string(contract)}` of {listed}"
            case Apply(function=name) | Fold(function=name) | Scan(function=name) | Solve(function=name):
                return f"`{name}` of {listed}"
            case Combine():
                return f"a sum of {listed}" if len(of) > 1 else f"a copy of {listed}"
            case Read():
                return f"{of[0]} at positions"
            case Write():
                return f"{of[0]} written at positions"
            case _:
                return f"{self._step.what.partition('   ')[0]}" + (f" of {listed}" if of else "")

    def _string(self, contract: Contract) -> str:
        """`abcd,befg->acdefg`, in the letters of the program as far as they are known."""
        letters: dict[int, str] = {}
        for label, axis in labelled(contract, self._parts).items():
            wish = self._of_input(axis).letter if axis is not None else ""
            numbered = (f"{wish or 'p'}{number}" for number in range(2, len(letters) + 3))
            letters[label] = next(each for each in (wish, *_SPARE, *numbered) if each and each not in letters.values())
        between = "" if all(len(letter) == 1 for letter in letters.values()) else " "
        operands = ",".join(between.join(letters[label] for label in labels) for labels in contract.subscripts)
        return f"{operands}->{between.join(letters[label] for label in contract.output)}"

    def helps(self) -> Iterator[str]:
        """How to see all steps, and how to need less."""
        program, name = self._function.program, self._function._checked.source.name
        shows = "`f.plan(…)` shows every step with its memory"
        if not name.startswith("<") and all(each.title in ("", *program.outputs) for each in self._function._asked):
            shows = f"`einderiv plan {quote(name)}{self._sizes()}` shows every step; in Python `f.plan(…)`"
        yield shows
        if self.large is None:
            yield "pass smaller arrays"
            return
        having = [
            f"axis {axis} of `{self._inputs[name].keyword}`"
            for name in self._shapes
            for axis, dim in enumerate(self._inputs[name].node.axes)
            if dim == self.large.dim
        ]
        if self.large.letter and having:
            yield f"pass less of `{self.large.letter}` at once: it is {' and '.join(having)}"
        else:
            yield f"pass a shorter `{self.large.tensor}`" if self.large.letter else "pass smaller arrays"

    def _sizes(self) -> str:
        """The options that give the sizes of the call."""
        sizes = {
            dim.name: length
            for name, shape in self._shapes.items()
            for dim, length in zip(self._inputs[name].node.axes, shape, strict=True)
            if dim.size is None
        }
        return "".join(f" --size {name}={size}" for name, size in sizes.items())


# ---------------------------------------------------------------------- axes


def check_axes(function: Readable, plan: Plan) -> None:
    """Refuse a plan with an array of more axes than there can be.

    Raises `EinLimitError` (E0603), with the equation or the product that has too many indices.
    """
    step = max(plan.steps, key=lambda each: len(each.shape), default=None)
    if step is None or len(step.shape) <= AXES:
        return
    told = f"an array of this call would have {len(step.shape)} axes; NumPy allows {AXES}"
    helps = ["name a part of the product on a line of its own, with fewer indices"]
    label = check.widest(function._checked, requests.made_of(function.program, function._asked), AXES)
    wide = next((each for each in function._asked if len(each.letters) > AXES), None)
    if wide is not None and wide.title.startswith("∂"):
        told = f"a derivative of this call would have {len(wide.letters)} axes; NumPy allows {AXES}"
        helps = ["`jvp`, `vjp` and `hvp` never form a derivative; `.factored(…)` keeps it as its small parts"]
        query = function._checked.queries.get(wide.title)
        label = Label(query.span, f"{len(wide.letters)} indices") if query is not None else None
    elif wide is not None:
        helps = ["sum over some of its indices, or join several into one that is longer"]
    raise EinLimitError(
        "E0603", told, source=function._checked.source if label else None, labels=[label] if label else [],
        notes=_ranks(plan, step), helps=helps,
    )  # fmt: skip


def _ranks(plan: Plan, step: Step) -> list[str]:
    """What an array with too many axes is made of."""
    found = origins(plan)
    if len(step.operands) < 2:
        return []
    ranks = [f"{_named(plan, found, slot)} with {len(plan.steps[slot].shape)} axes" for slot in step.operands]
    kind = "a product of" if isinstance(step.operation, Contract) else "made of"
    return [f"it is {kind} {' and '.join(ranks)}"]


def _named(plan: Plan, found: Sequence[Origin], slot: int) -> str:
    """`A`, or `step 3 (made of A and B)`."""
    operation, names = plan.steps[slot].operation, found[slot].inputs
    if isinstance(operation, Load) and names == (operation.name,):
        return operation.name
    return f"step {slot + 1}" + (f" (made of {' and '.join(names)})" if names else "")
