r"""The colours of `.ein` text for Pygments, as Sphinx, Jupyter and `pygmentize` use it.

>>> from pygments import highlight
>>> from pygments.formatters import NullFormatter
>>> highlight("a_i = W_ij x_j", EinLexer(), NullFormatter())
'a_i = W_ij x_j\n'

What is a word, and of which kind, the language itself says (`einderiv.roles`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pygments.lexer import Lexer
from pygments.token import Token

from einderiv.roles import Role, pieces

TOKENS: Mapping[Role, Any] = {
    Role.NAME: Token.Name.Variable,
    Role.INDEX: Token.Name.Attribute,
    Role.SIZE: Token.Name.Class,
    Role.FUNCTION: Token.Name.Builtin,
    Role.OWN: Token.Name.Function,
    Role.SYMBOL: Token.Name.Constant,
    Role.NUMBER: Token.Number,
    Role.KEYWORD: Token.Keyword,
    Role.DERIVATIVE: Token.Operator.Word,
    Role.OPERATOR: Token.Operator,
    Role.PUNCTUATION: Token.Punctuation,
    Role.REMARK: Token.Comment.Single,
    Role.BLANK: Token.Text.Whitespace,
    Role.WRONG: Token.Error,
}


class EinLexer(Lexer):
    """Colours for programs in index notation."""

    name = "einderiv"
    aliases = ["einderiv", "ein"]  # noqa: RUF012  # as every lexer of Pygments has it
    filenames = ["*.ein"]  # noqa: RUF012  # the same
    mimetypes = ["text/x-einderiv"]  # noqa: RUF012  # the same

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """The place, the kind and the text of every piece."""
        for piece in pieces(text):
            yield piece.start, TOKENS[piece.role], piece.of(text)
