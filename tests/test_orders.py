"""What a printed plan says beside its steps: sizes, and the cost of a derivative in forward and in reverse order."""

from __future__ import annotations

import einderiv as ed

NET = "h_j = sin(A_jk x_k)\ny_i = B_ij h_j\nL = w_i y_i"
SHAPES = {"A": (100, 50), "x": (50,), "B": (20, 100), "w": (20,)}


def test_a_printed_plan_ends_with_sizes_and_both_orders() -> None:
    assert str(ed.grad(NET, wrt="x").plan(SHAPES)) == (
        "step  what             shape     FLOPs  memory\n"
        "────  ───────────────  ────────  ─────  ──────\n"
        "#0    A                100 × 50\n"
        "#1    B                20 × 100\n"
        "#2    w                20\n"
        "#3    x                50\n"
        "#4    ij,j->i   #0 #3  100        10 k   800 B\n"
        "#5    cos   #4         100         100   800 B\n"
        "#6    ij,i->j   #1 #2  100         4 k   800 B\n"
        "#7    i,i->i   #5 #6   100         100   800 B\n"
        "#8*   ij,i->j   #0 #7  50         10 k   400 B\n"
        "24.2 k FLOPs, at most 2.4 kB at once; * marks a result\n"
        "sizes I = 20, J = 100, K = 50\n"
        "in forward order: 217 k FLOPs, at most 48 kB at once, 8.97 times as many\n"
        "in reverse order: 24.2 k FLOPs, at most 2.4 kB at once"
    )


def last(f: ed.Function, count: int = 2) -> list[str]:
    """The last lines of a printed plan."""
    return str(f.plan({name: SHAPES[name] for name in f.program.inputs})).split("\n")[-count:]


def test_the_orders_cost_what_a_person_counts() -> None:
    forward, reverse = last(ed.grad(NET, wrt="x"))
    rows, inner, columns = 20, 100, 50
    slope = 2 * inner * columns + inner
    assert slope + inner * columns + 2 * rows * inner * columns + 2 * rows * columns == 217_100
    assert forward.startswith("in forward order: 217 k FLOPs")
    assert slope + 2 * rows * inner + inner + 2 * inner * columns == 24_200
    assert reverse.startswith("in reverse order: 24.2 k FLOPs")


def test_forward_order_is_the_cheaper_one_for_few_inputs() -> None:
    net = "h_j = sin(a_j t)\ny_i = B_ij h_j\nz_k = C_ki y_i"
    shapes = {"a": (100,), "t": (), "B": (80, 100), "C": (60, 80)}
    *_, forward, reverse = str(ed.jacobian(net, of="z", wrt="t").plan(shapes)).split("\n")
    assert 3 * 100 + 2 * 80 * 100 + 2 * 60 * 80 == 25_900
    assert forward.startswith("in forward order: 25.9 k FLOPs")
    assert 2 * 60 * 80 * 100 < float(reverse.split()[3]) * 1000, "C B is made first"


def test_every_derivative_of_a_call_counts_and_second_ones_too() -> None:
    both = ed.value_and_grad(NET, wrt=["x", "A"])
    assert last(both)[0].startswith("in forward order: ")
    assert float(last(both)[0].split()[3]) > float(last(ed.grad(NET, wrt="A"))[0].split()[3])
    assert last(ed.hessian(NET, wrt="x"))[1].startswith("in reverse order: ")


def test_what_is_no_derivative_has_no_orders() -> None:
    assert last(ed.function(NET, of="y"), 1) == ["sizes I = 20, J = 100, K = 50"]
    f = ed.hvp(NET, wrt="x")
    assert "order" not in str(f.plan(SHAPES | {"dx": (50,)}))


def test_the_orders_of_a_long_chain_by_all_its_weights_are_not_counted() -> None:
    lines = [f"h{n}_j = sin(W{n}_ji h{n - 1}_i)" for n in range(1, 61)]
    g = ed.grad("\n".join([*lines, "L = h60_j h60_j"]), of="L")
    shapes = {name: (3, 3) if name.startswith("W") else (3,) for name in g.program.inputs}
    assert str(g.plan(shapes)).split("\n")[-1].startswith("sizes ")
