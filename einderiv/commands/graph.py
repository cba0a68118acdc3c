"""`einderiv graph`: the computation graph of a program or of a derivative, or its plan, as a picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from einderiv import api
from einderiv.commands.source import Commands, add_file, add_sizes, add_wrt, derived, load, shapes, sizes, wrt_of
from einderiv.function import Function
from einderiv.pictures import FORMATS
from einderiv.program import Program


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    graph = commands.add_parser("graph", help="the computation graph as a picture")
    suffixes = ", ".join(f".{form}" for form in FORMATS)
    graph.add_argument(
        "--out", type=Path, metavar="FILE", help=f"where to write it; {suffixes} (prints DOT, the text for Graphviz)"
    )
    graph.add_argument("--of", help="what to differentiate (without --of and --wrt, the program as it is written)")
    add_wrt(graph)
    graph.add_argument("--order", type=int, choices=(1, 2), help="1 unless said; 2 is the Hessian of a scalar")
    graph.add_argument("--plan", action="store_true", help="the steps of an evaluation with their costs instead")
    graph.add_argument("--sideways", action="store_true", help="from left to right instead of downwards")
    add_sizes(graph)
    graph.set_defaults(run=_graph)
    add_file(graph)


def _graph(options: argparse.Namespace) -> int:
    program = load(options)
    function = _function(program, options)
    if options.plan:
        planned = function if function is not None else api.function(program, of=program.outputs)
        picture = planned.graph(shapes(program, options), plan=True)
    else:
        known = sizes(program, options)
        given = {
            name: tuple(known[dim] for dim in argument.node.axes)
            for name, argument in program.checked.inputs.items()
            if known.keys() >= set(argument.node.axes)
        }
        picture = program.graph(given) if function is None else function.graph(given)
    if options.sideways:
        picture = picture.turned()
    if options.out:
        picture.save(options.out)
    else:
        print(picture.dot.rstrip())
    return 0


def _function(program: Program, options: argparse.Namespace) -> Function | None:
    """The derivative that is asked for; without a word on one, none."""
    if options.of is None and options.wrt is None and options.order is None:
        return None
    wrt = wrt_of(options)
    take = api.hessian if options.order == 2 else api.jacobian
    return derived(lambda: take(program, options.of, wrt), options)
