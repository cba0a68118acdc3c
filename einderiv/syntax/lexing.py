"""Text → tokens, each with its place.  Blanks and comments are dropped; line ends are kept, for `statements`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lark import Token

from einderiv.syntax.grammar import patterns
from einderiv.syntax.tokens import CLOSERS, OPENERS

INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)


class Lexer:
    """The tokens of a text from `position` on; whoever reads them may move `position`.

    Inside the braces of a subscript other terminals count than outside, so the lexer keeps the open brackets.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self._inside: list[bool] = []

    def tokens(self) -> Iterator[Token]:
        """The tokens; characters that `characters` has refused already are passed over."""
        outside, inside = patterns()
        text = self.text
        while self.position < len(text):
            pattern = inside if self._inside and self._inside[-1] else outside
            match = pattern.match(text, self.position)
            if match is None or match.lastgroup is None:  # cannot be: UNEXPECTED matches any character
                return
            kind, start, end = match.lastgroup, self.position, match.end()
            self.position = end
            if kind == "BLANK" or kind == "COMMENT" or (kind == "UNEXPECTED" and INVISIBLE.match(match[0])):
                continue
            if kind in OPENERS:
                self._inside.append(kind == "SUBSCRIPT_OPEN")
            elif kind in CLOSERS and self._inside:
                self._inside.pop()
            yield Token(kind, match[0], start, end_pos=end)

    def restart(self, position: int) -> None:
        """Go on at `position`, outside all brackets."""
        self.position = position
        self._inside.clear()
