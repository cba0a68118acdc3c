"""Text → its words, each with its final kind; also of texts that cannot be parsed.

>>> [[token.type for token in tokens] for tokens in words("a_i = exp(b_i)")]
[['NAME', 'SUBSCRIPT', 'EQUAL', 'FUNCTION', 'OPEN', 'NAME', 'SUBSCRIPT', 'RPAR']]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from lark import Token

from einderiv.errors import Source
from einderiv.syntax.marking import mark
from einderiv.syntax.statements import Splitter
from einderiv.syntax.vocabulary import normalise

COMMENT = re.compile(r"#[^\r\n]*")
COMMENT_OR_END = re.compile(COMMENT.pattern + r"|\r\n?|\n")


def words(text: str) -> Iterator[list[Token]]:
    """The tokens of each statement; blanks and comments stand in the gaps between them."""
    for raw in Splitter(Source(text)).statements():
        mark(raw.tokens, text)
        yield raw.tokens


def declared_words(statements: Iterable[Sequence[Token]]) -> frozenset[str]:
    """The names that `index` lines declare, also where the rest of a line is wrong."""
    found: set[str] = set()
    for tokens in statements:
        if tokens[0].type == "INDEX":
            end = next((place for place, token in enumerate(tokens) if token.type == "COLON"), len(tokens))
            found |= {normalise(token) for token in tokens[1:end] if token.type in ("NAME", "PRIMED")}
    return frozenset(found)
