"""`einderiv plan`: the steps of an evaluation, with orders and costs."""

from __future__ import annotations

import argparse

from einderiv import api
from einderiv.commands.source import Commands, add_file, add_sizes, load, shapes


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    plan = commands.add_parser("plan", help="the steps of an evaluation, with orders and costs")
    add_sizes(plan)
    plan.set_defaults(run=_plan)
    add_file(plan)


def _plan(options: argparse.Namespace) -> int:
    program = load(options)
    print(api.function(program, of=program.outputs).plan(shapes(program, options)))
    return 0
