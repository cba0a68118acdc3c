"""The place at which the parser stopped, as the rules of `diagnosis` look at it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lark import Token

from einderiv.errors import Span
from einderiv.syntax.tokens import CLOSERS, OPENERS, span_of

STARTS_FACTOR = frozenset({
    "NAME", "PRIMED", "NUMBER", "ONES", "PI", "DELTA", "EPSILON", "LPAR", "OPEN", "LBRACKET", "FUNCTION", "WHERE",
    "ALGEBRA", "REDUCTION", "SUM", "TOP", "TOPCALL",
})  # fmt: skip
_TAKES_SUBSCRIPT = frozenset({"NAME", "DELTA", "EPSILON", "ONES"})
_ENDS_TERM = frozenset({"PLUS", "MINUS", "COMMA", "COMPARE", "EQUAL", "COLON"})


@dataclass(frozen=True)
class Stop:
    """The place in a statement at which the parser cannot go on: token `at`, or the end."""

    tokens: list[Token]
    at: int
    text: str
    accepts: frozenset[str]

    @cached_property
    def token(self) -> Token | None:
        """The token that cannot stand here, or nothing at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    @cached_property
    def kind(self) -> str:
        """The kind of that token."""
        return self.token.type if self.token is not None else "END"

    @cached_property
    def before(self) -> str:
        """The kind of the token before."""
        return self.tokens[self.at - 1].type if self.at else ""

    @cached_property
    def span(self) -> Span:
        """The token, with its subscript if it has one, or the place after the last token."""
        if self.token is not None:
            return Span(span_of(self.token).start, span_of(self.tokens[self.piece_end(self.at)]).end)
        end = span_of(self.tokens[-1]).end
        return Span(end, end)

    @cached_property
    def frame(self) -> list[int]:
        """The places before `at` in the same bracket, its opener first, leaving out what inner brackets hold."""
        places: list[int] = []
        closed = 0
        for place in range(self.at - 1, -1, -1):
            kind = self.tokens[place].type
            if kind in CLOSERS:
                closed += 1
            elif kind in OPENERS:
                if closed == 0:
                    places.append(place)
                    break
                closed -= 1
            if closed == 0 or (closed == 1 and kind in CLOSERS):
                places.append(place)
        return places[::-1]

    def opener(self) -> str:
        """The kind of the innermost open bracket, or nothing."""
        first = self.frame[0] if self.frame else 0
        return self.tokens[first].type if self.tokens and self.tokens[first].type in OPENERS and self.is_open() else ""

    def is_open(self) -> bool:
        """Whether a bracket is open here."""
        depth = 0
        for token in self.tokens[: self.at]:
            depth += (token.type in OPENERS) - (token.type in CLOSERS)
        return depth > 0

    def kinds(self) -> list[str]:
        """The kinds of the tokens of `frame`."""
        return [self.tokens[place].type for place in self.frame]

    def owner(self) -> Token | None:
        """The token before the innermost open bracket: `exp` in `exp(…`."""
        if not self.opener() or self.frame[0] == 0:
            return None
        return self.tokens[self.frame[0] - 1]

    def slice(self, first: int, last: int) -> str:
        """The text from one token to another, inclusive, on one line."""
        start, end = span_of(self.tokens[first]).start, span_of(self.tokens[last]).end
        return " ".join(self.text[start:end].split())

    def closing(self, opener: int) -> int:
        """The bracket that closes the one at `opener`."""
        depth = 0
        for place in range(opener, len(self.tokens)):
            depth += (self.tokens[place].type in OPENERS) - (self.tokens[place].type in CLOSERS)
            if depth == 0:
                return place
        return len(self.tokens) - 1

    def piece_end(self, place: int) -> int:
        """The last token of a name with its subscript."""
        following = self.tokens[place + 1].type if place + 1 < len(self.tokens) else ""
        if self.tokens[place].type not in _TAKES_SUBSCRIPT or following not in ("SUBSCRIPT", "SUBSCRIPT_OPEN"):
            return place
        return place + 1 if following == "SUBSCRIPT" else self.closing(place + 1)

    def subscript_of(self, place: int) -> str:
        """The subscript that follows a token, as it is written, or nothing."""
        following = self.tokens[place + 1].type if place + 1 < len(self.tokens) else ""
        if following not in ("SUBSCRIPT", "SUBSCRIPT_OPEN"):
            return ""
        return self.slice(place + 1, place + 1 if following == "SUBSCRIPT" else self.closing(place + 1))

    def factor_end(self, place: int) -> int:
        """The last token of the run of factors that starts at `place`."""
        depth, last = 0, place
        for index in range(place, len(self.tokens)):
            kind = self.tokens[index].type
            if kind in OPENERS:
                depth += 1
            elif kind in CLOSERS:
                if depth == 0:
                    break
                depth -= 1
            elif depth == 0 and kind in _ENDS_TERM:
                break
            last = index
        return last

    def rest(self, place: int) -> str:
        """The text of the run of factors that starts at `place`; nothing if none does."""
        if place >= len(self.tokens) or self.tokens[place].type in CLOSERS | _ENDS_TERM:
            return ""
        return self.slice(place, self.factor_end(place))

    def head_end(self) -> int:
        """How many tokens the left side `name subscript` takes; 0 if the statement starts otherwise."""
        if self.tokens[0].type != "NAME":
            return 0
        if len(self.tokens) > 1 and self.tokens[1].type == "SUBSCRIPT_OPEN":
            kinds = [token.type for token in self.tokens]
            return kinds.index("RBRACE") + 1 if "RBRACE" in kinds else len(kinds)
        return 2 if len(self.tokens) > 1 and self.tokens[1].type == "SUBSCRIPT" else 1
