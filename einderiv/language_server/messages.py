"""What `Document` and its readers answer, in the words of the language server protocol."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from itertools import accumulate

from lsprotocol import types

from einderiv.errors import Span, Told, visible
from einderiv.language_server.completion import Sort, Suggestion
from einderiv.language_server.document import Document, TextEdit
from einderiv.language_server.fixes import Fix
from einderiv.language_server.navigation import Kind, Symbol
from einderiv.roles import Role, pieces

SOURCE = "einderiv"
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+\Z")
_PLACE = re.compile(r"\$\{\d+:([^}]*)\}")

KINDS: Mapping[Kind, types.SymbolKind] = {
    Kind.EQUATION: types.SymbolKind.Variable,
    Kind.QUERY: types.SymbolKind.Event,
    Kind.SHAPE: types.SymbolKind.Constant,
    Kind.RANGES: types.SymbolKind.Key,
    Kind.GIVEN: types.SymbolKind.Interface,
    Kind.FUNCTION: types.SymbolKind.Function,
}
SORTS: Mapping[Sort, types.CompletionItemKind] = {
    Sort.TENSOR: types.CompletionItemKind.Variable,
    Sort.INDEX: types.CompletionItemKind.Property,
    Sort.FUNCTION: types.CompletionItemKind.Function,
    Sort.DERIVATIVE: types.CompletionItemKind.Snippet,
    Sort.KEYWORD: types.CompletionItemKind.Keyword,
}

TOKEN_TYPES: Mapping[Role, types.SemanticTokenTypes] = {
    Role.NAME: types.SemanticTokenTypes.Variable,
    Role.INDEX: types.SemanticTokenTypes.Parameter,
    Role.SIZE: types.SemanticTokenTypes.Type,
    Role.FUNCTION: types.SemanticTokenTypes.Function,
    Role.OWN: types.SemanticTokenTypes.Function,
    Role.SYMBOL: types.SemanticTokenTypes.Macro,
    Role.NUMBER: types.SemanticTokenTypes.Number,
    Role.KEYWORD: types.SemanticTokenTypes.Keyword,
    Role.DERIVATIVE: types.SemanticTokenTypes.Operator,
    Role.OPERATOR: types.SemanticTokenTypes.Operator,
    Role.REMARK: types.SemanticTokenTypes.Comment,
}
LEGEND = types.SemanticTokensLegend([str(each.value) for each in dict.fromkeys(TOKEN_TYPES.values())], [])


def range_of(document: Document, span: Span) -> types.Range:
    """A span as the protocol has it."""
    (line, column), (end_line, end_column) = document.positions.range(span)
    return types.Range(types.Position(line, column), types.Position(end_line, end_column))


def diagnostic(document: Document, uri: str, told: Told) -> types.Diagnostic:
    """An error or a warning at its first place, with the others as related ones."""
    here = told.source is not None and bool(told.labels)
    labels = told.labels if here else ()
    severe = told.severity == "error"
    remarks = [labels[0].text] if labels and labels[0].text else []
    remarks += [f"note: {note}" for note in told.notes] + [f"help: {text}" for text in told.helps]
    related = [
        types.DiagnosticRelatedInformation(
            types.Location(uri, range_of(document, label.span)), visible(label.text or "here too")
        )
        for label in labels[1:]
    ]
    return types.Diagnostic(
        range=range_of(document, labels[0].span if labels else Span(0, 0)),
        message=visible("\n".join([told.message, *remarks])),
        severity=types.DiagnosticSeverity.Error if severe else types.DiagnosticSeverity.Warning,
        code=told.code,
        source=SOURCE,
        related_information=related or None,
    )


def text_edit(document: Document, edit: TextEdit) -> types.TextEdit:
    """A change of the text."""
    return types.TextEdit(range_of(document, edit.span), edit.new)


def workspace_edit(document: Document, uri: str, edits: Iterable[TextEdit]) -> types.WorkspaceEdit:
    """Changes of one text."""
    return types.WorkspaceEdit(changes={uri: [text_edit(document, edit) for edit in edits]})


def code_action(document: Document, uri: str, fix: Fix, only: bool) -> types.CodeAction:
    """A correction to choose; where there is one only, it is the preferred one."""
    return types.CodeAction(
        title=visible(fix.title),
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostic(document, uri, fix.told)],
        is_preferred=only,
        edit=workspace_edit(document, uri, [fix.edit]),
    )


def completion_item(document: Document, place: int, found: Suggestion, snippets: bool) -> types.CompletionItem:
    """A suggestion, the `place`-th of a list that stays in its order."""
    typed = document.word(found.span)
    new = found.snippet if snippets else _PLACE.sub(r"\1", found.snippet)
    return types.CompletionItem(
        label=found.label,
        kind=SORTS[found.sort],
        detail=found.detail or None,
        sort_text=f"{place:04d}",
        filter_text=typed + found.label if found.sort is Sort.INDEX else found.label,
        insert_text_format=types.InsertTextFormat.Snippet if snippets else types.InsertTextFormat.PlainText,
        text_edit=types.TextEdit(range_of(document, found.span), new),
    )


def document_symbol(document: Document, symbol: Symbol) -> types.DocumentSymbol:
    """A statement of the outline."""
    whole, head = range_of(document, symbol.span), range_of(document, symbol.head)
    return types.DocumentSymbol(symbol.name, KINDS[symbol.kind], whole, head, detail=symbol.kind.value)


def semantic_tokens(document: Document) -> types.SemanticTokens:
    """The colours of all pieces, each place counted from the one before."""
    data: list[int] = []
    last_line = last_column = 0
    for piece in pieces(document.text):
        kind = TOKEN_TYPES.get(piece.role)
        if kind is not None:
            (line, column), (_, end) = document.positions.range(Span(piece.start, piece.end))
            data += [line - last_line, column - last_column if line == last_line else column, end - column]
            data += [LEGEND.token_types.index(kind.value), 0]
            last_line, last_column = line, column
    return types.SemanticTokens(data)


def line_edits(document: Document, new: str) -> list[types.TextEdit]:
    """What makes of a text the other, by whole lines, so that the cursor stays where it is."""
    before, after = _LINE.findall(document.text), _LINE.findall(new)
    starts = list(accumulate(map(len, before), initial=0))
    return [
        text_edit(document, TextEdit(Span(starts[first], starts[last]), "".join(after[start:end])))
        for tag, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
