"""Where a blank stands between two words of a formatted text.

One on both sides of `=`, `+`, `-`, `*`, `/`, `∈` and comparisons, and between the factors of a product; one after a
comma; none inside brackets, around `^`, after a sign, in a derivative, or within braces.
"""

from __future__ import annotations

from lark import Token

from einderiv.syntax.tokens import CLOSERS, OPENERS

_CALLED = frozenset({"FUNCTION", "WHERE", "ALGEBRA", "REDUCTION", "TOPCALL", "BELOWCALL"})
_GLUED_TO_WHAT_STANDS_BEFORE = frozenset({
    *CLOSERS, "COMMA", "COLON", "CARET", "OVER", "BELOW", "BELOWCALL", "SUBSCRIPT", "SUBSCRIPT_OPEN", "SUPERSCRIPT",
})  # fmt: skip
_GLUED_TO_WHAT_FOLLOWS = frozenset({*OPENERS, "CARET", "OVER", "TOP", "BELOW"})
_ENDS_OPERAND = frozenset({*CLOSERS, "NAME", "PRIMED", "NUMBER", "PI", "SUBSCRIPT", "SUPERSCRIPT", "WORD", "POSITION"})
_STARTS_ITEM = frozenset({"WORD", "POSITION", "COEFFICIENT", "GATHERED"})


class Spacing:
    """Reads the words of a statement in order and says what stands before each."""

    def __init__(self) -> None:
        self._before = ""
        self._sign = False  # whether the word before is the sign of a single term
        self._owners: list[str] = []  # for each open bracket what stands before it
        self._openers: list[str] = []
        self._owner = ""  # what the subscript that ends here belongs to

    @property
    def depth(self) -> int:
        """How many brackets are open."""
        return len(self._openers)

    def step(self, token: Token) -> str:
        """What stands before a word: a blank, nothing, or the comma that parts items; then go on to the next."""
        kind, before = token.type, self._before
        braced = bool(self._openers) and self._openers[-1] in ("LBRACE", "SUBSCRIPT_OPEN")
        if braced and kind not in CLOSERS:
            found = "," if before in _ENDS_OPERAND and kind in _STARTS_ITEM else ""
        elif not before or self._glued(kind):
            found = ""
        else:
            found = " "
        self._sign = kind in ("PLUS", "MINUS") and before not in _ENDS_OPERAND
        self._follow(kind)
        return found

    def _glued(self, kind: str) -> bool:
        before = self._before
        if kind == "OPEN":
            called = self._owner if before in ("SUBSCRIPT", "RBRACE") else before
            return called in _CALLED or before in _GLUED_TO_WHAT_FOLLOWS or self._sign
        return kind in _GLUED_TO_WHAT_STANDS_BEFORE or before in _GLUED_TO_WHAT_FOLLOWS or self._sign

    def _follow(self, kind: str) -> None:
        if kind in OPENERS:
            self._openers.append(kind)
            self._owners.append(self._before)
        elif kind in CLOSERS and self._openers:
            self._openers.pop()
            self._owner = self._owners.pop()
        elif kind == "SUBSCRIPT":
            self._owner = self._before
        self._before = kind
