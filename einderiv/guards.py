"""What a call is checked for before it computes: room in memory, finite numbers, integers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isinf, prod
from typing import TYPE_CHECKING, Any

from einderiv.errors import EinMemoryError, EinTypeError, EinValueError, EinWarning, check_kind, warn
from einderiv.ir import FUNCTIONS, Einsum, Input, Map, Node, Selection, children

if TYPE_CHECKING:
    import numpy as np

    from einderiv.plan import Plan

SMALL = 2**26  # bytes that a call may take without a look at how much memory is free
DENSE = "the dense array"  # what messages call a factored tensor written out
LAZY = frozenset({"dask", "cupy"})  # libraries whose results do not lie in this machine's memory


@dataclass(frozen=True, slots=True)
class Wanted:
    """A result: what it is called in print, its shape, and its parts where it is a derivative that has some."""

    title: str
    shape: tuple[int, ...]
    itemsize: int
    parts: str = ""
    parts_bytes: int = 0

    @property
    def nbytes(self) -> int:
        """What it takes in full."""
        return prod(self.shape) * self.itemsize


# -------------------------------------------------------------------- memory


def free_memory() -> int | None:
    """The bytes that this process could still take, as far as the system tells."""
    found = [_available(), _group_room("memory.max", "memory.current")]
    found.append(_group_room("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))
    known = [each for each in found if each is not None]
    return min(known) if known else None


def _available() -> int | None:
    """What the machine has: on Linux what is free or can be freed, elsewhere all of it."""
    try:
        for line in _text_of("/proc/meminfo").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _group_room(limit: str, used: str) -> int | None:
    """What a container leaves."""
    try:
        return int(_text_of(f"/sys/fs/cgroup/{limit}")) - int(_text_of(f"/sys/fs/cgroup/{used}"))
    except (OSError, ValueError):  # there is none, or it says `max`
        return None


def _text_of(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


def limit_of(memory_limit: float | None, needed: int, library: str = "numpy") -> float:
    """The bytes that a call which needs so many may take: as asked for, else half of what is free."""
    if memory_limit is not None:
        check_kind(memory_limit, (int, float), "a number of bytes for `memory_limit`", "write e.g. `memory_limit=8e9`")
        if not memory_limit > 0:
            raise EinTypeError(
                "E0406", f"`memory_limit` is a number of bytes above 0, and not {memory_limit}",
                helps=["write e.g. `memory_limit=8e9`"],
            )  # fmt: skip
        return memory_limit
    if needed <= SMALL or library in LAZY:
        return float("inf")
    free = free_memory()
    return float("inf") if free is None else free / 2


def copies_of(arrays: Mapping[str, Any], plan: Plan) -> int:
    """The bytes of the arrays of which BLAS may need a copy: plans count on arrays that are C-contiguous."""
    import numpy as np  # here and below, since whoever derives and prints has no arrays

    strided = {
        name for name, array in arrays.items() if isinstance(array, np.ndarray) and not array.flags.c_contiguous
    }
    if not strided:
        return 0
    return sum(arrays[name].nbytes for name in strided.intersection(plan.inputs))


def no_memory(names: Sequence[str], given: str) -> EinMemoryError:
    """There was not even room to say how large a result is."""
    return EinMemoryError(
        "E0601",
        f"there is no memory for {', '.join(f'`{name}`' for name in names)}",
        notes=["the system has no more memory", *([f"given: {given}"] if given else [])],
        helps=["pass smaller arrays, or give the process more memory"],
    )


def too_large(wanted: Wanted, limit: float, asked: bool, given: str = "") -> EinMemoryError:
    """There is no room for a result, or was none when it was made from what was `given`."""
    derivative = wanted.title.startswith("∂")
    kind = "the dense Jacobian " if wanted.title.startswith("∂") and "²" not in wanted.title else ""
    kind = kind or ("the dense derivative " if derivative else "")
    unnamed = wanted.title.startswith("the ")  # of a factored tensor
    title = f"{kind}{wanted.title}" if derivative or unnamed else f"`{wanted.title}`"
    helps = ["ask for a part of it, or sum it in the program"]
    if derivative:
        helps = ["`.factored(…)` keeps a derivative as its small parts; `jvp`, `vjp` and `hvp` never form it"]
    elif unnamed:
        helps = ["pass smaller arrays"]
        if wanted.title == DENSE:
            helps = ["`.matvec(v)`, `.diagonal()`, `.block(i=0)` and `.solve(b)` do without it"]
    shape = " × ".join(map(str, wanted.shape)) or "scalar"
    notes = [limit_note(limit, asked), *([f"given: {given}"] if given else [])]
    if wanted.parts and wanted.parts_bytes < wanted.nbytes:
        notes.append(f"in compressed form it is `{wanted.parts}`: {amount(wanted.parts_bytes)}")
    return EinMemoryError(
        "E0601",
        f"{title} would need {amount(wanted.nbytes)} (shape {shape}, float{8 * wanted.itemsize})"
        + (", with what it is made from" if given else ""),
        notes=notes,
        helps=helps,
    )


def limit_note(limit: float, asked: bool) -> str:
    """What the limit is, and who has set it."""
    if isinf(limit):
        return "the system has no more memory"
    if asked:
        return f"limit {amount(limit)}, as `memory_limit=` says"
    change = "set `memory_limit=`, in a shell `--memory-limit`, to change it"
    return f"limit {amount(limit)} (half of the memory that is free now); {change}"


def amount(count: float) -> str:
    """`8.0 TB`, `80 kB`: bytes as a person says them.

    >>> amount(8e12), amount(80_000), amount(12)
    ('8.0 TB', '80 kB', '12 B')
    """
    units = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
    for unit in units:
        if count < 999.5 or unit == units[-1]:
            break
        count /= 1000
    shown = f"{count:.1f}" if unit != "B" and count < 99.95 else f"{count:.0f}"
    return f"{shown.removesuffix('.0') if count >= 9.95 else shown} {unit}"


# ------------------------------------------------------------------- numbers


def check_finite(arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Refuse NaN and infinities, naming the first."""
    import numpy as np

    for name, array in arrays.items():
        finite = np.isfinite(array)
        if finite.all():
            continue
        nans = int(np.isnan(array).sum())
        infinities = array.size - int(finite.sum()) - nans
        first = np.unravel_index(int(np.argmin(finite)), array.shape)
        place = f"; the first is at {name}[{', '.join(map(str, first))}]" if first else ""
        kinds = f"{_counted(nans, 'NaN', 'NaNs')} and {_counted(infinities, 'infinity', 'infinities')}"
        raise EinValueError(
            "E0506",
            f"`{name}` contains {kinds} (of {_counted(array.size, 'value', 'values')}){place}",
            helps=["remove `check_finite=True` to let them propagate"],
        )


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def arithmetic(nodes: Sequence[Node]) -> frozenset[str]:
    """The inputs that are computed with, not only read, or compared as class labels are in `[k == y_n]`."""
    found: set[str] = set()
    pending, seen = list(nodes), set[Node]()
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, Input):
            found.add(node.name)
        elif isinstance(node, Selection):
            continue
        elif isinstance(node, Einsum) and _only_reads(node):
            pending += [part for part in node.operands if not isinstance(part, Input)]
        elif isinstance(node, Map):
            slopes = FUNCTIONS[node.function].slopes
            pending += [each for each, slope in zip(children(node), slopes, strict=True) if slope is not None]
        else:
            pending += children(node)
    return frozenset(found)


def _only_reads(product: Einsum) -> bool:
    """Whether a product only takes the values of one operand at positions, as t_{s_n} does."""
    factors = list(zip(product.operands, product.subscripts, strict=True))
    selected = {labels[-1] for part, labels in factors if isinstance(part, Selection)}
    summed = {label for _, labels in factors for label in labels} - set(product.output)
    return bool(selected) and summed <= selected and sum(not isinstance(part, Selection) for part, _ in factors) == 1


def warn_of_integers(passed: Mapping[str, object], computed: frozenset[str], dtype: str) -> None:
    """Say that integers become floating-point numbers, where they are computed with."""
    for name, value in passed.items():
        kind = str(getattr(value, "dtype", "")).removeprefix("torch.")
        if name in computed and has_integers(value) and getattr(value, "ndim", 1) > 0:
            warn(
                EinWarning(
                    "W0505",
                    f"`{name}` is {kind}; converted to {dtype} (exact below 2**{24 if dtype == 'float32' else 53})",
                    notes=["integers of a fixed size wrap around: in int32, 2**30 * 4 is 0"],
                    helps=[f"pass floating-point numbers: `{name}.{_cast_of(value)}`"],
                )
            )


def has_integers(value: object) -> bool:
    """Whether this is an array of integers, of whatever library."""
    return str(getattr(value, "dtype", "")).removeprefix("torch.").startswith(("int", "uint"))


def _cast_of(value: object) -> str:
    """The method by which an array of some library becomes one of floating-point numbers."""
    return "double()" if type(value).__module__.startswith("torch") else "astype(float)"
