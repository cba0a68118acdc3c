"""`einderiv derive`: a derivative as a `.ein` program, or in another form."""

from __future__ import annotations

import argparse

from einderiv import api
from einderiv.commands.source import Commands, add_file, add_wrt, derived, load, wrt_of
from einderiv.readable import LIBRARIES


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    derive = commands.add_parser("derive", help="a derivative as a .ein program")
    derive.add_argument("--of", help="what to differentiate (the last equation)")
    add_wrt(derive)
    derive.add_argument("--order", type=int, choices=(1, 2), default=1, help="2 is the Hessian of a scalar")
    form = derive.add_mutually_exclusive_group()
    form.add_argument("--einsum", action="store_true", help="print einsum strings instead")
    form.add_argument("--steps", action="store_true", help="print the derivation instead, one rule a line")
    form.add_argument("--latex", action="store_true", help="print LaTeX instead, one formula a line")
    form.add_argument("--source", choices=LIBRARIES, help="print a Python function instead, for this library alone")
    form.add_argument("--document", action="store_true", help="print a LaTeX file of its own instead")
    derive.add_argument("--sums", action="store_true", help="in LaTeX, write the sums of the convention too")
    derive.add_argument("--allow-unused", action="store_true", help="do not warn of derivatives that are zero")
    derive.set_defaults(run=_derive)
    add_file(derive)


def _derive(options: argparse.Namespace) -> int:
    program = load(options)
    wrt, unused = wrt_of(options), options.allow_unused
    take = api.hessian if options.order == 2 else api.jacobian
    function = derived(lambda: take(program, options.of, wrt, allow_unused=unused), options)
    if options.einsum:
        for step in function.einsum:
            print(step)
    elif options.steps:
        found = function.steps()
        print(*(found.values() if isinstance(found, dict) else [found]), sep="\n\n")
    elif options.source:
        print(function.source(options.source).rstrip())
    elif options.latex or options.document:
        print(function.latex(sums=options.sums, document=options.document).rstrip())
    else:
        print(str(function).rstrip())
    return 0
