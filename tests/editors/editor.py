"""An editor for the tests: `einderiv lsp` in a process of its own, spoken to with real messages."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.lsp.client import LanguageClient

import einderiv as ed

Answer = TypeVar("Answer")
PATIENCE = 60


class Editor:
    """Opens texts and asks about places, which are marked by `|` in what is searched for."""

    def __init__(self, encodings: list[str] | None = None, snippets: bool = True) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.client = LanguageClient("tests", "1")
        self.published: list[types.PublishDiagnosticsParams] = []
        self._news = threading.Condition()
        self._texts: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(lambda params: self._publish(params))
        self.shown: list[str] = []
        self.client.feature(types.WINDOW_SHOW_MESSAGE)(lambda params: self.shown.append(params.message))
        root = str(Path(ed.__file__).resolve().parent.parent)
        self._do(self.client.start_io(sys.executable, "-m", "einderiv", "lsp", cwd=root))
        item = types.ClientCompletionItemOptions(snippet_support=snippets)
        capabilities = types.ClientCapabilities(
            general=types.GeneralClientCapabilities(position_encodings=encodings),
            text_document=types.TextDocumentClientCapabilities(
                completion=types.CompletionClientCapabilities(completion_item=item)
            ),
        )
        self.initialized = self._do(
            self.client.initialize_async(types.InitializeParams(capabilities=capabilities, process_id=None))
        )
        self.client.initialized(types.InitializedParams())

    def _publish(self, params: types.PublishDiagnosticsParams) -> None:
        with self._news:
            self.published.append(params)
            self._news.notify_all()

    def _do(self, what: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(PATIENCE)

    def ask(self, method: str) -> object:
        """Any question, also one that there is not."""

        async def answer() -> object:
            return await self.client.protocol.send_request_async(method, {})

        return self._do(answer())

    def send(self, message: dict[str, Any]) -> None:
        """Any message, also one that the protocol does not allow."""
        body = json.dumps(message).encode()

        async def write() -> None:
            process = self.client._server
            assert process is not None and process.stdin is not None
            process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            await process.stdin.drain()

        self._do(write())

    def close(self) -> int | None:
        """Shut the server down; the result is its exit status."""
        self._do(self.client.shutdown_async(None))
        self.client.exit(None)
        process = self.client._server
        assert process is not None
        status = self._do(process.wait())
        self._do(self.client.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()
        return status

    # ---------------------------------------------------------------- texts

    def open(self, text: str) -> str:
        """The address of a new text."""
        uri = f"file:///tests/{len(self._texts)}.ein"
        self._texts[uri], self._versions[uri] = text, 1
        item = types.TextDocumentItem(uri, "einderiv", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def change(self, uri: str, text: str) -> None:
        """Type a text in place of the old one."""
        self._texts[uri] = text
        self._versions[uri] += 1
        changed = types.TextDocumentContentChangeWholeDocument(text)
        document = types.VersionedTextDocumentIdentifier(self._versions[uri], uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [changed]))

    def close_text(self, uri: str) -> None:
        """Close a text."""
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def diagnostics(self, uri: str) -> list[types.Diagnostic]:
        """What is told of the present version of a text."""

        def last() -> types.PublishDiagnosticsParams | None:
            here = [each for each in self.published if each.uri == uri and each.version == self._versions[uri]]
            return here[-1] if here else None

        with self._news:
            assert self._news.wait_for(lambda: last() is not None, PATIENCE)
            found = last()
        assert found is not None
        return list(found.diagnostics)

    # --------------------------------------------------------------- places

    def position(self, uri: str, marked: str) -> types.Position:
        """The place of the `|` in a piece of the text, in UTF-16 units."""
        text = self._texts[uri]
        offset = text.index(marked.replace("|", "")) + marked.index("|")
        before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
        line = before.rpartition("\n")[2]
        return types.Position(before.count("\n"), len(line.encode("utf-16-le")) // 2)

    def at(self, uri: str, marked: str) -> dict[str, Any]:
        """A text and a place in it, as most questions have them."""
        return {"text_document": types.TextDocumentIdentifier(uri), "position": self.position(uri, marked)}

    def piece(self, uri: str, place: types.Range) -> str:
        """What stands in a range, counted in UTF-16 units."""
        lines = self._texts[uri].replace("\r\n", "\n").replace("\r", "\n").split("\n")
        start, end = place.start, place.end
        found = [line.encode("utf-16-le") for line in lines[start.line : end.line + 1]]
        found[-1] = found[-1][: 2 * end.character]
        found[0] = found[0][2 * start.character :]
        return "\n".join(each.decode("utf-16-le") for each in found)

    def edited(self, uri: str, edits: list[types.TextEdit]) -> str:
        """The text after edits."""
        lines = [line.encode("utf-16-le") for line in self._texts[uri].replace("\r\n", "\n").split("\n")]
        for edit in sorted(edits, key=lambda edit: (edit.range.start.line, edit.range.start.character), reverse=True):
            start, end = edit.range.start, edit.range.end
            lines += [b""] * (end.line + 1 - len(lines))
            left, right = lines[start.line][: 2 * start.character], lines[end.line][2 * end.character :]
            new = left.decode("utf-16-le") + edit.new_text + right.decode("utf-16-le")
            lines[start.line : end.line + 1] = [line.encode("utf-16-le") for line in new.split("\n")]
        return "\n".join(line.decode("utf-16-le") for line in lines)

    # ------------------------------------------------------------ questions

    def hover(self, uri: str, marked: str) -> str:
        """What is told of a place, or nothing."""
        found = self._do(self.client.text_document_hover_async(types.HoverParams(**self.at(uri, marked))))
        return found.contents.value if found is not None else ""

    def complete(self, uri: str, marked: str) -> dict[str, types.CompletionItem]:
        """The suggestions at a place."""
        found = self._do(self.client.text_document_completion_async(types.CompletionParams(**self.at(uri, marked))))
        return {item.label: item for item in found.items}

    def definition(self, uri: str, marked: str) -> tuple[int, str] | None:
        """The line, from 1, and the words that define what stands at a place."""
        found = self._do(self.client.text_document_definition_async(types.DefinitionParams(**self.at(uri, marked))))
        return (found.range.start.line + 1, self.piece(uri, found.range)) if found is not None else None

    def references(self, uri: str, marked: str, declaration: bool = True) -> list[tuple[int, int]]:
        """The lines and columns, from 1, of what stands at a place."""
        params = types.ReferenceParams(types.ReferenceContext(declaration), **self.at(uri, marked))
        found = self._do(self.client.text_document_references_async(params))
        return [(each.range.start.line + 1, each.range.start.character + 1) for each in found]

    def highlights(self, uri: str, marked: str) -> list[types.DocumentHighlight]:
        """What lights up."""
        params = types.DocumentHighlightParams(**self.at(uri, marked))
        return list(self._do(self.client.text_document_document_highlight_async(params)))

    def prepare_rename(self, uri: str, marked: str) -> str:
        """What would be renamed."""
        params = types.PrepareRenameParams(**self.at(uri, marked))
        return self._do(self.client.text_document_prepare_rename_async(params)).placeholder

    def rename(self, uri: str, marked: str, new: str) -> str:
        """The text with another name."""
        params = types.RenameParams(new_name=new, **self.at(uri, marked))
        return self.edited(uri, self._do(self.client.text_document_rename_async(params)).changes[uri])

    def format(self, uri: str) -> list[types.TextEdit] | None:
        """The edits that lay a text out."""
        params = types.DocumentFormattingParams(types.TextDocumentIdentifier(uri), types.FormattingOptions(4, True))
        return self._do(self.client.text_document_formatting_async(params))

    def fixes(self, uri: str, marked: str) -> dict[str, str]:
        """The corrections at a place: their titles, and the text after each."""
        place = self.position(uri, marked)
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(uri), types.Range(place, place), types.CodeActionContext([])
        )
        found = self._do(self.client.text_document_code_action_async(params))
        return {each.title: self.edited(uri, each.edit.changes[uri]) for each in found}

    def symbols(self, uri: str) -> list[types.DocumentSymbol]:
        """The outline."""
        params = types.DocumentSymbolParams(types.TextDocumentIdentifier(uri))
        return list(self._do(self.client.text_document_document_symbol_async(params)))

    def colours(self, uri: str) -> list[tuple[str, str]]:
        """Each coloured piece and its kind."""
        legend = self.initialized.capabilities.semantic_tokens_provider.legend.token_types
        params = types.SemanticTokensParams(types.TextDocumentIdentifier(uri))
        data = self._do(self.client.text_document_semantic_tokens_full_async(params)).data
        found, line, column = [], 0, 0
        for place in range(0, len(data), 5):
            lines, columns, length, kind, _ = data[place : place + 5]
            line, column = line + lines, columns if lines else column + columns
            piece = types.Range(types.Position(line, column), types.Position(line, column + length))
            found.append((self.piece(uri, piece), legend[kind]))
        return found
