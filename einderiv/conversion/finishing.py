"""The last step of every conversion: the program is checked, and its sums are left to the convention."""

from __future__ import annotations

import re

from einderiv import check, syntax
from einderiv.check import explicit as explicit_tree
from einderiv.formulas import Lettering, written
from einderiv.render import text as in_text

NAME = "<converted>"

_PI = re.compile(r"(?<![\w.])3\.141592653589793(?![\w.])")


def tidied(text: str) -> str:
    """The same program with each body as one writes it by hand.

    >>> tidied("C_ik = sum_j A_ij B_jk")
    'C_ik = A_ij B_jk'

    Raises the errors of the program if it has any.
    """
    tree, errors = syntax.read(text, NAME)
    if tree.statements and all(isinstance(statement, syntax.Query) for statement in tree.statements):
        return text
    program = check.check(tree, errors)
    pieces: list[str] = []
    last = 0
    for statement, explicit in sorted(check.written_out(program), key=lambda pair: pair[0].span.start):
        if isinstance(statement, syntax.Equation):
            scope = Lettering({index: index.letter for index in explicit.axes})
            body = statement.body.span
            pieces += [text[last : body.start], body_text(explicit.body, scope)]
            last = body.end
    return "".join([*pieces, text[last:]])


def body_text(body: explicit_tree.Explicit, scope: Lettering) -> str:
    """The right side of an equation, with π by its name."""
    return _PI.sub("pi", in_text(written(body, scope)))


def checked(text: str) -> str:
    """The program, with a line end, after it was read once more; raises the errors that it has.

    Derivatives alone are lines to stand below a program, so of them only the spelling is checked.
    """
    program = text.strip("\n") + "\n"
    tree, errors = syntax.read(program, NAME)
    if errors or not all(isinstance(statement, syntax.Query) for statement in tree.statements):
        check.check(tree, errors)
    return program
