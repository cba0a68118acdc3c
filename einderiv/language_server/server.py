"""The language server: the protocol's questions, handed to `Document` and its readers.

Texts are checked a moment after they were changed, one at a time in a thread of their own, so that the server answers
while it computes.  An error in an answer is told to the editor, and the server goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

import einderiv
from einderiv.errors import EinSyntaxError
from einderiv.formatting import formatted
from einderiv.language_server import completion, fixes, hover, messages, navigation, renaming
from einderiv.language_server.document import Document

PAUSE = 0.2  # seconds after the last change
Answer = TypeVar("Answer")


class EinServer(LanguageServer):
    """Answers for the `.ein` texts that an editor has open."""

    def __init__(self) -> None:
        super().__init__("einderiv", einderiv.__version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self._documents: dict[str, Document] = {}
        self._turns = ThreadPoolExecutor(max_workers=1, thread_name_prefix="einderiv")

    def document(self, uri: str) -> Document:
        """The text as the editor has it now."""
        text = self.workspace.get_text_document(uri).source
        known = self._documents.get(uri)
        if known is None or known.positions.text != text:
            encoding = str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding))
            name = uri.rpartition("/")[2] or uri
            known = self._documents[uri] = Document(text, name, encoding, known)
        return known

    def is_current(self, uri: str, document: Document) -> bool:
        """Whether no other version of a text has come."""
        return self._documents.get(uri) is document

    def forget(self, uri: str) -> None:
        """The text was closed."""
        self._documents.pop(uri, None)

    async def in_turn(self, compute: Callable[[], Answer]) -> Answer:
        """What is computed, when those before are done."""
        return await asyncio.get_running_loop().run_in_executor(self._turns, compute)

    async def at(self, params: Any, compute: Callable[[Document, int], Answer]) -> tuple[Document, Answer]:
        """What is computed of a place in a text."""
        document = self.document(params.text_document.uri)
        offset = document.positions.offset(params.position.line, params.position.character)
        return document, await self.in_turn(lambda: compute(document, offset))

    async def tell(self, uri: str, version: int | None) -> None:
        """Publish the errors and warnings of a text, unless it changed meanwhile."""
        document = self.document(uri)
        told = await self.in_turn(lambda: document.told)
        if self.is_current(uri, document):
            found = [messages.diagnostic(document, uri, each) for each in told]
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))


server = EinServer()


# ----------------------------------------------------------------------- texts


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
async def opened(ls: EinServer, params: types.DidOpenTextDocumentParams) -> None:
    """Check a text at once."""
    await ls.tell(params.text_document.uri, params.text_document.version)


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
async def changed(ls: EinServer, params: types.DidChangeTextDocumentParams) -> None:
    """Check a text when it has rested."""
    uri, version = params.text_document.uri, params.text_document.version
    await asyncio.sleep(PAUSE)
    if uri in ls.workspace.text_documents and ls.workspace.get_text_document(uri).version == version:
        await ls.tell(uri, version)


@server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
def closed(ls: EinServer, params: types.DidCloseTextDocumentParams) -> None:
    """Forget a text and what was told of it."""
    uri = params.text_document.uri
    ls.forget(uri)
    ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))


# --------------------------------------------------------------------- answers


@server.feature(types.TEXT_DOCUMENT_HOVER)
async def hovered(ls: EinServer, params: types.HoverParams) -> types.Hover | None:
    """What stands here."""
    document, found = await ls.at(params, hover.hover)
    if found is None:
        return None
    text, span = found
    content = types.MarkupContent(types.MarkupKind.Markdown, text)
    return types.Hover(content, messages.range_of(document, span))


@server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=["_", "{", "∂", "/"]))
async def completed(ls: EinServer, params: types.CompletionParams) -> types.CompletionList:
    """What may come next."""
    document, found = await ls.at(params, completion.complete)
    snippets = _snippets(ls.client_capabilities)
    items = [messages.completion_item(document, place, each, snippets) for place, each in enumerate(found)]
    return types.CompletionList(is_incomplete=False, items=items)


def _snippets(client: types.ClientCapabilities) -> bool:
    item = client.text_document and client.text_document.completion and client.text_document.completion.completion_item
    return bool(item and item.snippet_support)


@server.feature(types.TEXT_DOCUMENT_DEFINITION)
async def defined(ls: EinServer, params: types.DefinitionParams) -> types.Location | None:
    """Where it is defined."""
    document, span = await ls.at(params, navigation.definition)
    return types.Location(params.text_document.uri, messages.range_of(document, span)) if span is not None else None


@server.feature(types.TEXT_DOCUMENT_REFERENCES)
async def referred(ls: EinServer, params: types.ReferenceParams) -> list[types.Location]:
    """Where it stands."""
    document, found = await ls.at(params, navigation.references)
    asked = [each for each in found if params.context.include_declaration or each.weight == 0]
    return [types.Location(params.text_document.uri, messages.range_of(document, each.span)) for each in asked]


@server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
async def highlighted(ls: EinServer, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
    """Where it stands, to be seen at a glance."""
    document, found = await ls.at(params, navigation.references)
    write, read = types.DocumentHighlightKind.Write, types.DocumentHighlightKind.Read
    return [
        types.DocumentHighlight(messages.range_of(document, each.span), write if each.weight else read)
        for each in found
    ]


@server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
async def rename_prepared(ls: EinServer, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder:
    """What would be renamed."""
    document, found = await ls.at(params, renaming.renamable)
    if isinstance(found, renaming.Refusal):
        raise JsonRpcInvalidParams(found.message)
    return types.PrepareRenamePlaceholder(messages.range_of(document, found.span), document.word(found.span))


@server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
async def renamed(ls: EinServer, params: types.RenameParams) -> types.WorkspaceEdit:
    """Another name everywhere."""
    document, edits = await ls.at(params, lambda document, offset: renaming.rename(document, offset, params.new_name))
    if isinstance(edits, renaming.Refusal):
        raise JsonRpcInvalidParams(edits.message)
    return messages.workspace_edit(document, params.text_document.uri, edits)


@server.feature(types.TEXT_DOCUMENT_FORMATTING)
async def laid_out(ls: EinServer, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    """The text laid out; nothing where it cannot be read."""
    document = ls.document(params.text_document.uri)
    try:
        new = await ls.in_turn(lambda: formatted(document.text, document.name))
    except EinSyntaxError:  # which the diagnostics tell
        return None
    return messages.line_edits(document, new)


@server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions([types.CodeActionKind.QuickFix]))
async def corrected(ls: EinServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The corrections of the errors here."""
    uri = params.text_document.uri
    document = ls.document(uri)
    first = document.positions.offset(params.range.start.line, params.range.start.character)
    last = document.positions.offset(params.range.end.line, params.range.end.character)

    def found() -> list[list[fixes.Fix]]:
        here = [each for each in document.told if each.labels and _meets(each.labels[0].span, first, last)]
        return [fixes.fixes(document, each) for each in here if ls.is_current(uri, document)]

    return [
        messages.code_action(document, uri, fix, len(group) == 1)
        for group in await ls.in_turn(found) for fix in group
    ]  # fmt: skip


def _meets(span: einderiv.errors.Span, first: int, last: int) -> bool:
    return span.start <= last and first <= span.end


@server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
async def outlined(ls: EinServer, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    """The statements."""
    document = ls.document(params.text_document.uri)
    found = await ls.in_turn(lambda: list(navigation.symbols(document)))
    return [messages.document_symbol(document, each) for each in found]


@server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, messages.LEGEND)
async def coloured(ls: EinServer, params: types.SemanticTokensParams) -> types.SemanticTokens:
    """The colours, for editors that have no grammar of their own."""
    document = ls.document(params.text_document.uri)
    return await ls.in_turn(lambda: messages.semantic_tokens(document))
