"""`einderiv show`: equations, shapes, and every derivative with its einsum strings."""

from __future__ import annotations

import argparse

from einderiv import api, requests
from einderiv.commands.source import Commands, add_file, load
from einderiv.errors import EinNameError
from einderiv.function import Function
from einderiv.program import Program


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    show = commands.add_parser("show", help="equations, shapes, and every derivative with its einsum strings")
    show.set_defaults(run=_show)
    add_file(show)


def _show(options: argparse.Namespace) -> int:
    program = load(options)
    print(program.text.strip() + "\n")
    rows = [(name, argument.node.axes) for name, argument in program.checked.inputs.items()]
    rows += [(name, definition.node.axes) for name, definition in program.checked.definitions.items()]
    for name, axes in rows:
        letters = requests.letters_of(program, name)
        role = "input" if name in program.checked.inputs else "defined"
        shape = "×".join(map(str, axes)) or "scalar"
        print(f"{requests.subscripted(name, letters):<16} {shape:<12} {role}")
    for function in _shown(program):
        print(f"\n{str(function).strip()}")
        for step in function.einsum:
            print(f"    {step}")
    return 0


def _shown(program: Program) -> list[Function]:
    """The queries of a program; without any, the derivatives of its last equation by its inputs."""
    queries = program.checked.queries
    if queries:
        return [api.derivative(program, name) for name in queries]
    last = requests.last_equation(program)
    try:
        leaves = requests.leaves(program, last, None)
    except EinNameError:  # nothing that it depends on smoothly
        return []
    return [api.jacobian(program, last, leaf.name) for leaf in leaves]
