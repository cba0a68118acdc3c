"""What an editor asks of a `.ein` text: `Document` answers, `server` speaks the protocol.

Only `server` and `messages` need the extra `editors`.
"""

from einderiv.language_server.document import Document, TextEdit

__all__ = ["Document", "TextEdit"]
