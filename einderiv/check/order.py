"""Which definition needs which: their order, and the cycles that have none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from einderiv import syntax as tree
from einderiv.check.corrections import renamed
from einderiv.check.names import Names
from einderiv.check.subscripts import walk
from einderiv.errors import EinError, EinNameError, Label, Span


def dependency_order(needs: Mapping[str, Iterable[str]]) -> tuple[list[str], list[list[str]]]:
    """The keys such that each comes after those it needs, and the cycles that prevent it."""
    order: list[str] = []
    cycles: list[list[str]] = []
    state: dict[str, bool] = {}  # False while a name is on the path, True afterwards
    for start in needs:
        path: list[tuple[str, Iterator[str]]] = []
        if start not in state:
            state[start] = False
            path.append((start, iter(needs[start])))
        while path:
            name, rest = path[-1]
            following = next(rest, None)
            if following is None:
                path.pop()
                state[name] = True
                order.append(name)
            elif following in needs and following not in state:
                state[following] = False
                path.append((following, iter(needs[following])))
            elif state.get(following) is False:
                on_path = [each for each, _ in path]
                cycles.append(on_path[on_path.index(following) :])
    return order, cycles


def cycle_errors(names: Names) -> Iterator[EinError]:
    """Refuse equations that need each other, showing the cycle."""
    told: set[str] = set()
    for cycle in dependency_order(names.needs)[1]:
        if told.isdisjoint(cycle):
            told.update(cycle)
            yield _cycle_error(names, cycle, names.needs)
    calls: dict[str, dict[str, Span]] = {
        name: {part.function: part.name_span for part, _ in walk(function.body) if isinstance(part, tree.Call)}
        for name, function in names.functions.items()
    }
    for cycle in dependency_order(calls)[1]:
        yield _cycle_error(names, cycle, calls)


def _cycle_error(names: Names, cycle: list[str], needs: Mapping[str, Mapping[str, Span]]) -> EinError:
    steps = list(zip(cycle, [*cycle[1:], cycle[0]], strict=True))
    labels = [Label(needs[one][other], f"`{one}` needs `{other}`") for one, other in steps]
    quoted = [f"`{name}`" for name in sorted(cycle)]
    if len(cycle) == 1:
        message = f"the definition of {quoted[0]} depends on itself"
    else:
        message = f"the definitions of {', '.join(quoted[:-1])} and {quoted[-1]} depend on each other"
    return EinNameError(
        "E0210", message, source=names.source, labels=labels[:8],
        notes=["cycle: " + " -> ".join([*cycle, cycle[0]])],
        helps=[f"einderiv has no recursion; give one of them another name, e.g. `{_previous(names, labels[-1])}` as an "
               "input"],
    )  # fmt: skip


def _previous(names: Names, last: Label) -> str:
    """The tensor or function that closes the cycle, as it stands there, under another name: `aprev_i`."""
    written = names.source.text[last.span.start : last.span.end]
    return renamed(written, f"{written.partition('_')[0]}prev")
