"""A `Plan`: what is computed, in which order, at which cost, before any array exists.

Step n puts its result in slot n; operands are slots of earlier steps.  A slot may hold less than its tensor: an axis
along which the value only repeats has length 1 there (no array is repeated for a consumer that broadcasts), and a
number has no axes at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from einderiv.plan.access import Access, Line, Locate, Match, Pad, Read, Write, access_string
from einderiv.plan.amounts import memory, operations
from einderiv.plan.letters import einsum_string, letter

if TYPE_CHECKING:
    from einderiv.pictures import Picture


@dataclass(frozen=True, slots=True)
class Load:
    """The array the caller passes under `name`; one of positions (an `index`) may hold integers of any type."""

    name: str
    index: bool = False


@dataclass(frozen=True, slots=True)
class Real:
    """The operand, an array of positions, in the floating-point type of the call."""


@dataclass(frozen=True, slots=True)
class Fill:
    """`value` everywhere."""

    value: float


@dataclass(frozen=True, slots=True)
class Count:
    """Positions computed from the positions on its axes: Σ_k `coefficients[k]` i_k + `constant`; 0, 1, 2, … for one."""

    coefficients: tuple[int, ...] = (1,)
    constant: int = 0


@dataclass(frozen=True, slots=True)
class Permutation:
    """The Levi-Civita symbol: the sign of (i, j, …) as a permutation, 0 where two are equal."""


@dataclass(frozen=True, slots=True)
class Contract:
    """The product of one or two operands, summed to the labels `output`; labels are numbered by first use.

    `mirror` has pairs of labels, of the first operand and of the second, under whose exchange the result stays the
    same: half of it needs to be computed.
    """

    subscripts: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    mirror: tuple[tuple[int, int], ...] = ()

    @property
    def summed(self) -> bool:
        """Whether a label is summed; else the result has one product an element, or is a view of the only operand."""
        return any(label not in self.output for labels in self.subscripts for label in labels)

    @property
    def views(self) -> bool:
        """Whether the result is a view of the only operand."""
        return len(self.subscripts) == 1 and not self.summed

    def __str__(self) -> str:
        return einsum_string(self.subscripts, self.output)


@dataclass(frozen=True, slots=True)
class View:
    """The operand with its axis k on axis `placing[k]` (two on one: the diagonal); the other axes have length 1."""

    placing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """`coefficient` times an operand laid out as in `ir.Spread`: axis k on `placing[k]`, axis a tied to `ties[a]`."""

    coefficient: float
    placing: tuple[int, ...]
    ties: tuple[int, ...]

    @property
    def tied(self) -> bool:
        """Whether the term is zero off a diagonal."""
        return any(first != axis for axis, first in enumerate(self.ties))


@dataclass(frozen=True, slots=True)
class Combine:
    """The sum of the operands, each laid out as its term says."""

    terms: tuple[Term, ...]

    @property
    def tied(self) -> bool:
        """Whether a term is zero off a diagonal."""
        return any(term.tied for term in self.terms)


@dataclass(frozen=True, slots=True)
class Apply:
    """An elementwise function of operands that broadcast against each other."""

    function: str


@dataclass(frozen=True, slots=True)
class Fold:
    """A reduction (max, min, argmax, argmin, prod, logsumexp, norm) over the last `count` axes."""

    function: str
    count: int


@dataclass(frozen=True, slots=True)
class Scan:
    """A function along the last axis, which stays (softmax, logsoftmax, cumsum, cumsum_reverse, cofactor)."""

    function: str


@dataclass(frozen=True, slots=True)
class Factorise:
    """The LU factorisation of the operand, a matrix (or a batch of them) that messages call `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Solve:
    """What a factorisation gives: inv, det, logdet, or solve with the second operand; of the transpose if `turned`."""

    function: str
    turned: bool


@dataclass(frozen=True, slots=True)
class Cholesky:
    """The lower Cholesky factor of the symmetric part of the operand, which messages call `name`."""

    name: str


Chain = tuple[int, int]
Linear = Factorise | Solve | Cholesky
Plain = Load | Real | Fill | Count | Permutation | Contract | View | Combine | Apply | Fold | Scan
Operation = Plain | Access | Linear


def shared(operation: Operation) -> int | None:
    """The number of the operand in whose memory the result lies, as a view of it or written into it."""
    match operation:
        case View() | Contract(views=True) | Read(views=True):
            return 0
        case Write(onto=True):
            return 1
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Step:
    """One operation; `bytes` is what its result takes anew, `workspace` what it takes on top while it runs."""

    operation: Operation
    operands: tuple[int, ...]
    result: int
    shape: tuple[int, ...]
    flops: int
    bytes: int
    workspace: int

    @property
    def what(self) -> str:
        """The operation and its operands, as a person reads them."""
        slots = " ".join(f"#{slot}" for slot in self.operands)
        match self.operation:
            case Load(name=name):
                return name
            case Fill(value=value):
                return f"{value:g}"
            case Real():
                return f"as real numbers   {slots}"
            case Count(coefficients=coefficients, constant=constant):
                line = Line(coefficients, tuple(range(len(coefficients))), constant)
                return "0, 1, 2, …" if str(line) == "i" else str(line)
            case Permutation():
                return "ε"
            case Contract() as contract:
                return f"{contract}   {slots}{'   symmetric' if contract.mirror else ''}"
            case View(placing=placing):
                return f"view {_view_string(placing, len(self.shape))}   {slots}"
            case Combine(terms=terms):
                parts = [_term(term, slot) for term, slot in zip(terms, self.operands, strict=True)]
                return " + ".join(parts).replace("+ -", "- ")
            case Apply(function=name) | Scan(function=name):
                return f"{name}   {slots}"
            case Fold(function=name, count=count):
                return f"{name} over {count} {'axis' if count == 1 else 'axes'}   {slots}"
            case Factorise():
                return f"LU   {slots}"
            case Solve(function=name, turned=turned):
                return f"{name}{' of the transpose' if turned else ''}   {slots}"
            case Cholesky():
                return f"cholesky   {slots}"
            case Pad() | Read() | Write() | Match() | Locate() as access:
                return access_string(access, self.operands)


@dataclass(frozen=True, slots=True)
class Sweep:
    """The steps from `first` on, to before `stop`, which run together for one `block` of a shared axis after the other.

    `sources` and `results` are slots, each with its axis that is cut into blocks; a source without one is whole in
    every block, a result without one is the sum over them.  `each` has the steps of a block, `rest` those of a shorter
    last one; their inputs are the sources, called by their place.
    """

    first: int
    stop: int
    sources: tuple[tuple[int, int | None], ...]
    results: tuple[tuple[int, int | None], ...]
    length: int
    block: int
    each: Plan
    rest: Plan | None

    def __str__(self) -> str:
        return f"#{self.first} to #{self.stop - 1} in blocks, {self.block} of {self.length} at once"


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Plan:
    """The steps for all outputs together.  `outputs` are slots; each result is an array of its own.

    `chains` has the first step and one past the last of those that run together, block by block, element by element;
    `sweeps` those that do so along an axis.  `peak_bytes` is the most that temporaries and results take at once, on top
    of the inputs; array libraries add some 100 kB of buffers of their own, and those without blocks whole arrays for
    what passes between steps that run together.
    """

    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    itemsize: int
    chains: tuple[Chain, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    flops: int = field(init=False)
    peak_bytes: int = field(init=False)
    last_use: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        last = last_uses(self.steps, self.outputs, [*self.chains, *map(span, self.sweeps)])
        object.__setattr__(self, "flops", sum(step.flops for step in self.steps))
        object.__setattr__(self, "last_use", last)
        object.__setattr__(self, "peak_bytes", peak(self.steps, last))

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array that a run needs."""
        return {step.operation.name: step.shape for step in self.steps if isinstance(step.operation, Load)}

    @property
    def indices(self) -> frozenset[str]:
        """The inputs that hold positions."""
        loads = (step.operation for step in self.steps if isinstance(step.operation, Load))
        return frozenset(load.name for load in loads if load.index)

    def __str__(self) -> str:
        """The table of the steps, and the totals."""
        rows = [("step", "what", "shape", "FLOPs", "memory")]
        for step in self.steps:
            slot = f"#{step.result}" + ("*" if step.result in self.outputs else "")
            shape = " × ".join(map(str, step.shape)) or "scalar"
            rows.append((slot, step.what, shape, operations(step.flops), memory(step.bytes)))
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        lines = ["  ".join(_padded(row, widths)).rstrip() for row in rows]
        lines.insert(1, "  ".join("─" * width for width in widths))
        return "\n".join([*lines, *map(str, self.sweeps), f"{self.totals}; * marks a result"])

    @property
    def totals(self) -> str:
        """`1.5 M FLOPs, at most 8 kB at once`."""
        return f"{operations(self.flops) or 'no'} FLOPs, at most {memory(self.peak_bytes) or '0 B'} at once"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython and Jupyter show: the table."""
        printer.text(str(self))

    def graph(self, titles: Sequence[str] = ()) -> Picture:
        """The steps as a picture, with their costs; `titles` are what the results are called."""
        from einderiv.plan.picture import picture  # here, since few plans are drawn

        return picture(self, titles)


def span(sweep: Sweep) -> Chain:
    """The first step of a sweep and one past the last."""
    return sweep.first, sweep.stop


def last_uses(steps: Sequence[Step], outputs: Sequence[int], chains: Sequence[Chain]) -> tuple[int, ...]:
    """The last step that needs what slot n holds, also through a view of it; for a result one past the last step.

    What a step of a chain, or of a sweep, needs is needed to the end of it.
    """
    end = {slot: stop - 1 for first, stop in chains for slot in range(first, stop)}
    last = [end.get(step.result, step.result) for step in steps]
    for slot in outputs:
        last[slot] = len(steps)
    for step in reversed(steps):
        place, use = shared(step.operation), end.get(step.result, step.result)
        for number, slot in enumerate(step.operands):
            last[slot] = max(last[slot], last[step.result] if number == place else use)
    return tuple(last)


def peak(steps: Sequence[Step], last: Sequence[int]) -> int:
    """The most bytes held at once: what is alive, the result, and the workspace of the step."""
    dying: dict[int, int] = {}
    live = peak = 0
    for step in steps:
        live += step.bytes
        peak = max(peak, live + step.workspace)
        dying[last[step.result]] = dying.get(last[step.result], 0) + step.bytes
        live -= dying.pop(step.result, 0)
    return peak


def _view_string(placing: Sequence[int], rank: int) -> str:
    """`j->ij` for a vector on the second of two axes."""
    return einsum_string((placing,), range(rank))


def _term(term: Term, slot: int) -> str:
    """`2 #3`, and behind it where its axes lie if not one after the other: `#4[il] δij`."""
    scale = {1.0: "", -1.0: "-"}.get(term.coefficient, f"{term.coefficient:g} ")
    plain = term.placing == term.ties == tuple(range(len(term.ties)))
    axes = "" if plain or not term.placing else f"[{''.join(letter(axis) for axis in term.placing)}]"
    deltas = "".join(f" δ{letter(first)}{letter(axis)}" for axis, first in enumerate(term.ties) if first != axis)
    return f"{scale}#{slot}{axes}{deltas}"


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    left = [text.ljust(width) for text, width in zip(row[:3], widths[:3], strict=True)]
    return left + [text.rjust(width) for text, width in zip(row[3:], widths[3:], strict=True)]
