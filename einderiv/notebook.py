"""einderiv in a notebook: `%load_ext einderiv` gives it the cell magic `%%ein` and the line magic `%ein`.

::

    %%ein net
    a_i = W_ij x_j + b_i
    L = a_i a_i

binds a `Program` to `net` and shows it as formulas; then

====================================  =========================================================
`%ein grad L W`                       the gradient; `%ein grad L W b` or `W,b` for several
`%ein jacobian a W`                   the Jacobian
`%ein hessian L W`                    the Hessian
`%ein derivative ∂²L/∂W_ij∂b_k`       any derivative
`%ein show`, `%ein show a`            the program, or the value of one equation
`%ein steps a W`                      the derivation as by hand
`%ein graph`, `%ein graph L W`        a picture of the program, or of a derivative
====================================  =========================================================

of the program of the last cell, or of a named one: `%ein net grad L W`.  What they show is also what they return:
`g = %ein grad L W`.  Errors are shown as messages with carets instead of tracebacks, those of syntax too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from keyword import iskeyword
from types import TracebackType
from typing import Any

from IPython.core.error import UsageError

from einderiv import api
from einderiv.derivation import Derivation, Derivations
from einderiv.errors import EinError
from einderiv.function import Function
from einderiv.pictures import Picture
from einderiv.program import Program

Shell = Any  # IPython's `InteractiveShell`, whose methods have no types
Shown = Program | Function | Derivation | Derivations | Picture


class Notebook:
    """The magics of one shell, and the program that they speak of."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.program: Program | None = None

    def ein(self, line: str, cell: str | None = None) -> Shown:
        """What `%%ein` makes of a cell, or `%ein` of a line."""
        return self._line(line) if cell is None else self._cell(line.strip(), cell)

    def _cell(self, name: str, text: str) -> Program:
        """The program of a cell, bound to a name if one is said."""
        if name and (not name.isidentifier() or iskeyword(name)):
            raise UsageError(f"`%%ein {name}`: a program is called as a variable is, such as `%%ein net`")
        self.program = Program(text, name or "<cell>")
        if name:
            self.shell.user_ns[name] = self.program
        return self.program

    def _line(self, line: str) -> Shown:
        words = line.replace(",", " ").split()
        named = self.shell.user_ns.get(words[0]) if words and words[0] not in ACTIONS else None
        if isinstance(named, Program):
            self.program, words = named, words[1:]
        if not words or words[0] not in ACTIONS:
            raise UsageError(f"`%ein {line}`: say {', '.join(ACTIONS)}, perhaps with the name of a program in front")
        if self.program is None:
            raise UsageError("there is no program yet: write one in a cell that begins with `%%ein net`")
        return ACTIONS[words[0]](self.program, words[1:])


def _of_and_wrt(words: Sequence[str]) -> tuple[str | None, str | list[str] | None]:
    """What is differentiated, and by what: one name as it is, several as a list."""
    of, wrt = (words[0] if words else None), list(words[1:])
    return of, wrt[0] if len(wrt) == 1 else wrt or None


def _derivative(program: Program, words: Sequence[str]) -> Function:
    if not words:
        raise UsageError("say which derivative: `%ein derivative ∂L/∂W_ij`")
    return api.derivative(program, " ".join(words))


def _jacobian(program: Program, words: Sequence[str]) -> Function:
    """A derivative as it is written, or else by names."""
    if words and words[0].startswith(("∂", "d(", "d2(", "d3(")):
        return _derivative(program, words)
    return api.jacobian(program, *_of_and_wrt(words))


def _show(program: Program, words: Sequence[str]) -> Program | Function:
    return api.function(program, of=words[0] if len(words) == 1 else words) if words else program


ACTIONS: dict[str, Callable[[Program, Sequence[str]], Shown]] = {
    "show": _show,
    "grad": lambda program, words: api.grad(program, *_of_and_wrt(words)),
    "jacobian": _jacobian,
    "hessian": lambda program, words: api.hessian(program, *_of_and_wrt(words)),
    "derivative": _derivative,
    "steps": lambda program, words: _jacobian(program, words).steps(),
    "graph": lambda program, words: _jacobian(program, words).graph() if words else program.graph(),
}


def load(shell: Shell) -> None:
    """Give a shell the magics, and have it show errors of einderiv as messages."""
    shell.register_magic_function(Notebook(shell).ein, magic_kind="line_cell", magic_name="ein")
    others, otherwise = shell.custom_exceptions, shell.CustomTB

    def show(
        _: Shell,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
        tb_offset: int | None = None,
    ) -> Any:
        if not isinstance(error, EinError):
            return otherwise(kind, error, trace, tb_offset)
        # IPython prints its own frames for what is a SyntaxError, whatever that says of itself
        shell._showtraceback(kind, error, error._render_traceback_())
        return None

    if EinError not in others:
        shell.set_custom_exc((EinError, *others), show)
