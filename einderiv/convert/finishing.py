"""The last step of every conversion: the program is checked, and its sums are left to the convention where it has them."""

from __future__ import annotations

from einderiv import check, syntax
from einderiv.formulas import Lettering, written
from einderiv.render import text as in_text

NAME = "<converted>"


def tidied(text: str) -> str:
    """The same program with each body as one writes it by hand.

    >>> tidied("C_ik = sum_j A_ij B_jk")
    'C_ik = A_ij B_jk'

    Raises the errors of the program if it has any.
    """
    program = check.check(*syntax.read(text, NAME))
    pieces: list[str] = []
    last = 0
    for statement, explicit in sorted(check.written_out(program), key=lambda pair: pair[0].span.start):
        if isinstance(statement, syntax.Equation):
            scope = Lettering({index: index.letter for index in explicit.axes})
            body = statement.body.span
            pieces += [text[last : body.start], in_text(written(explicit.body, scope))]
            last = body.end
    return "".join([*pieces, text[last:]])


def checked(text: str) -> str:
    """The program, with a line end, after it was read once more; raises the errors that it has."""
    program = text.strip("\n") + "\n"
    check.check(*syntax.read(program, NAME))
    return program
