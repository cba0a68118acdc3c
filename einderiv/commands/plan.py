"""`einderiv plan`: the steps of an evaluation, with orders and costs."""

from __future__ import annotations

import argparse

from einderiv import api
from einderiv.commands.source import Commands, add_file, load
from einderiv.errors import EinInputError


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    plan = commands.add_parser("plan", help="the steps of an evaluation, with orders and costs")
    plan.add_argument(
        "--size", action="append", default=[], metavar="N=1000", help="a size, by its name or an index letter"
    )
    plan.set_defaults(run=_plan)
    add_file(plan)


def _plan(options: argparse.Namespace) -> int:
    program = load(options)
    names = {letter: dim for dim, letters in reversed(list(program.letters.items())) for letter in letters}
    names |= {dim.name: dim for dim in program.letters}
    sizes = {}
    for text in options.size:
        name, _, number = text.partition("=")
        if name.strip() not in names or not number.strip().isdecimal():
            known = ", ".join(dict.fromkeys(dim.name for dim in program.letters))
            raise EinInputError("E0509", f"`--size {text}` names no size of this program", notes=[f"it has {known}"])
        sizes[names[name.strip()]] = int(number)
    missing = [dim for dim in program.letters if dim.size is None and dim not in sizes]
    if missing:
        dim = missing[0]
        letters = ", ".join(f"`{letter}`" for letter in program.letters[dim])
        raise EinInputError(
            "E0509", f"the size `{dim.name}` (of index {letters}) is not given", helps=[f"add `--size {dim.name}=100`"]
        )
    shapes = {
        name: tuple(sizes.get(dim, dim.size or 0) for dim in argument.node.axes)
        for name, argument in program.checked.inputs.items()
    }
    print(api.function(program, of=program.outputs).plan(shapes))
    return 0
