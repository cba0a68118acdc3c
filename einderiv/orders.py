"""What a derivative costs as planned, and in pure forward and pure reverse order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

from einderiv import check, diff
from einderiv.ir import Derivative, Node, topological
from einderiv.plan import Plan
from einderiv.program import Program
from einderiv.readable import Asked

LONGEST = 8_000  # nodes times derivatives that are worth a comparison
Costs = tuple[int, int]


@dataclass(frozen=True, eq=False, slots=True)
class ComparedPlan(Plan):
    """A plan of a call; `print` shows its sizes, and what the call would cost in other orders.

    `compare` gives the floating-point operations and the peak for each order that there is, by its name; it plans the
    call once more for each of them, so it is asked only when something is printed.
    """

    sizes: Mapping[str, int] | None = None
    compare: Callable[[], Mapping[str, Plan]] = dict

    def __str__(self) -> str:
        """The table of the steps, the totals, the sizes, and the totals of the other orders."""
        lines = [super(ComparedPlan, self).__str__()]
        if self.sizes:
            lines.append("sizes " + ", ".join(f"{name} = {size}" for name, size in self.sizes.items()))
        for name, other in self.compare().items():
            times = f", {other.flops / self.flops:.3g} times as many" if self.flops else ""
            lines.append(f"in {name} order: {other.totals}{times if other.flops != self.flops else ''}")
        return "\n".join(lines)


def compared(plan: Plan, sizes: Mapping[str, int], compare: Callable[[], Mapping[str, Plan]]) -> ComparedPlan:
    """A plan with its sizes by name, and with what other orders cost."""
    parts = {each.name: getattr(plan, each.name) for each in fields(plan) if each.init}
    return ComparedPlan(**parts, sizes=sizes, compare=compare)


def orders(
    program: Program, checked: check.Program, asked: Sequence[Asked], nodes: Sequence[Node]
) -> dict[str, list[Node]]:
    """The results with each derivative taken in forward and in reverse order, as these orders make its products.

    Nothing is fused, so a plan of them keeps to the order.  There are none where nothing is a derivative of the
    program's, or where these would be too long.
    """
    derivatives: dict[int, Derivative] = {}
    for place, each in enumerate(asked):
        node = check.query(checked, each.title).node if each.title.startswith("∂") else None
        if isinstance(node, Derivative):
            derivatives[place] = node
    if not derivatives or len(derivatives) * len(topological(nodes)) > LONGEST:
        return {}
    return {
        name: [
            program.resolver.taken(derivatives[place], take) if place in derivatives else node
            for place, node in enumerate(nodes)
        ]
        for name, take in diff.ORDERS.items()
    }
