"""The language server, asked by an editor with real messages: each question, and mistakes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from editor import Editor
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from einderiv import syntax

SOFTMAX = """\
# softmax regression, see E0203
index d: 5
A_nk = X_nd W_dk + b_k
F_nk = A_nk - log(sum_c exp(A_nc))
def scale(z) = z / 2
L = -y_nk F_nk + scale(q) [k == t_n] F_nk
∂L/∂W_dk
"""


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    editor = Editor()
    yield editor
    assert editor.close() == 0


@pytest.fixture
def softmax(editor: Editor) -> str:
    uri = editor.open(SOFTMAX)
    assert editor.diagnostics(uri) == []
    return uri


# ---------------------------------------------------------------- diagnostics


def test_all_errors_come_with_code_place_and_second_place(editor: Editor) -> None:
    uri = editor.open("W ∈ R^{H×D}\nx ∈ R^D\na_i = W_ji x_j\nb_i = (c_i\n")
    clash, open_bracket = sorted(editor.diagnostics(uri), key=lambda each: each.range.start.line)
    assert (clash.code, open_bracket.code) == ("E0301", "E0110")
    assert clash.severity == types.DiagnosticSeverity.Error and clash.source == "einderiv"
    related = clash.related_information or ()
    assert [editor.piece(uri, each.location.range) for each in related]
    assert all(each.location.uri == uri and each.message for each in related)
    assert editor.piece(uri, open_bracket.range) == "("
    assert "help: add `)` at the end" in open_bracket.message


def test_a_warning_is_told_as_one(editor: Editor) -> None:
    uri = editor.open("x ∈ R^D\na_i = W_ij X_j\n")
    (warning,) = editor.diagnostics(uri)
    assert warning.severity == types.DiagnosticSeverity.Warning
    assert warning.code == "W0201"
    assert [editor.piece(uri, each.location.range) for each in warning.related_information or ()] == ["x"]


def test_errors_go_when_the_text_is_mended(editor: Editor) -> None:
    uri = editor.open("L = exp(x_i)")
    assert [each.code for each in editor.diagnostics(uri)] == ["E0203"]
    editor.change(uri, "L = sum_i exp(x_i)")
    assert editor.diagnostics(uri) == []


def test_a_text_is_checked_when_it_rests_and_not_at_each_key(editor: Editor) -> None:
    uri = editor.open("y = x")
    editor.diagnostics(uri)
    for length in range(1, 12):
        editor.change(uri, "y = x + (a b"[:length])
    editor.diagnostics(uri)
    versions = [each.version for each in editor.published if each.uri == uri]
    assert versions == [1, 12]


def test_a_closed_text_has_no_errors_left(editor: Editor) -> None:
    uri = editor.open("y = (")
    assert editor.diagnostics(uri)
    editor.close_text(uri)
    assert editor.hover(editor.open("z = 2 q"), "|q")  # an answer, so the notification before it has been read
    assert [each for each in editor.published if each.uri == uri][-1].diagnostics == ()


@pytest.mark.parametrize(
    "text", ["", "\n\n", "#", "\ufeff", "(" * 500, "y = " + "x" * 5000, "\x00", "∂∂∂", "a_i = b_i " * 500]
)
def test_any_text_is_answered(editor: Editor, text: str) -> None:
    uri = editor.open(text)
    editor.diagnostics(uri)
    document = types.TextDocumentIdentifier(uri)
    for line, column in ((0, 0), (0, 10**6), (10**6, 0)):
        at = {"text_document": document, "position": types.Position(line, column)}
        editor._do(editor.client.text_document_hover_async(types.HoverParams(**at)))
        editor._do(editor.client.text_document_completion_async(types.CompletionParams(**at)))
        editor._do(editor.client.text_document_definition_async(types.DefinitionParams(**at)))
    editor.symbols(uri)
    editor.format(uri)


def test_a_text_that_is_too_large_is_told_as_such(editor: Editor) -> None:
    uri = editor.open("#" + "x" * 5_000_000)
    assert [each.code for each in editor.diagnostics(uri)] == ["E0117"]


# ---------------------------------------------------------------- corrections


@pytest.mark.parametrize(("text", "place", "expected"), [
    ("L = exp(x_i)", "x_|i", ["L = sum_i exp(x_i)"]),
    ("a_i = W_ij x_k + b_i", "W_i|j", ["a_i = W_ij x_j + b_i", "a_i = sum_{j,k} W_ij x_k + b_i"]),
    ("y = (a + b", "|(a", ["y = (a + b)"]),
    ("y = a / b c", "|c", ["y = (a / b) c", "y = a / (b c)"]),
    ("# ∂ 𝑥\ny = x_0", "_|0", ["# ∂ 𝑥\ny = x_{0}"]),
    ("y = ln(x) + 1", "|ln", ["y = log(x) + 1", "y = ln (x) + 1"]),
    ("a_ik = W_ij x_j + b_i", "a_i|k", ["a_i = W_ij x_j + b_i", "index k: 5\na_ik = W_ij x_j + b_i"]),
    ("p_nk = exp(A_nk) / sum_k exp(A_nk)", "|sum_k", ["p_nk = exp(A_nk) / sum_c exp(A_nc)"]),
    ("y = x²", "x|²", ["y = x^2"]),
    ("y_i = х_i", "|х", ["y_i = x_i"]),
    ("a = b)", "b|)", ["a = b"]),
    ("L = log(sum_c exp(A_nc)", "log|(", ["L = log(sum_c exp(A_nc))"]),  # which then says what to do with n
    ("y = 2 x", "|x", []),
])  # fmt: skip
def test_a_help_with_a_corrected_text_can_be_chosen(editor: Editor, text: str, place: str, expected: list[str]) -> None:
    assert list(editor.fixes(editor.open(text), place).values()) == expected


def test_a_correction_mends_its_own_error_among_several(editor: Editor) -> None:
    uri = editor.open("L = exp(x_i)\nM = (y\n")
    assert list(editor.fixes(uri, "(|y").values()) == ["L = exp(x_i)\nM = (y)\n"]


# ---------------------------------------------------------------------- hover


def test_hovering_a_tensor_shows_indices_shape_role_and_derivatives(editor: Editor, softmax: str) -> None:
    told = editor.hover(softmax, "|W_dk + b")
    assert told.startswith("`W_dk` · 5×K · input")
    assert "# ∂A_nk/∂W_di\ndAdW_nkdi = δ_ki X_nd" in told
    assert "# ∂L/∂W_dk" in told and "dLdW_dk = X_nd" in told
    assert editor.hover(softmax, "|F_nk = A").startswith("`F_nk` · N×K · defined")
    assert "F_nk = A_nk - log(sum_c exp(A_nc))" in editor.hover(softmax, "-y_nk |F_nk")


def test_hovering_an_index_a_size_and_a_function_shows_what_it_is(editor: Editor, softmax: str) -> None:
    assert editor.hover(softmax, "X_n|d") == "`d` · index of size 5 · axis 1 of `X`"
    assert editor.hover(softmax, "[|k ==") == "`k` · index of size K · axis 1 of `y`"
    told = editor.hover(softmax, "|exp(A")
    assert told.startswith("`exp(x)` · elementwise · any x") and "y = exp(x)\n# ∂y/∂x\ndydx = y" in told
    assert editor.hover(softmax, "|sum_c").startswith("`sum_i x_i`")
    assert "def scale(z) = z / 2" in editor.hover(softmax, "|scale(q)")
    assert "parameter" in editor.hover(softmax, "|z / 2")
    shapes = editor.open("W ∈ R^{H×D}\ny_i = relu(W_ij 1_j) + max_j(W_ij)")
    assert editor.hover(shapes, "{|H") == "`H` · size\n\nof axis 0 of `W`, axis 0 of `y`"
    assert "the slope at 0 is 0" in editor.hover(shapes, "|relu")
    assert "equal ones share" in editor.hover(shapes, "|max_j")


def test_every_function_of_the_language_can_be_hovered(editor: Editor) -> None:
    calls = {name: f"{name}({', '.join('xyz'[:count])})" for name, count in syntax.FUNCTIONS.items()}
    calls["where"] = "where(x > 0, y, z)"
    calls |= {f"{name}_i": f"{name}_i(v_i)" for name in (syntax.REDUCTIONS | syntax.SUM_WORDS | syntax.AXIS_FUNCTIONS)}
    calls |= {name: f"{name}({', '.join('MN'[:count])})" for name, count in syntax.LINEAR_ALGEBRA.items()}
    calls |= {name: name for name in syntax.CONSTANTS} | {f"{name}_i": f"{name}_ij" for name in syntax.SYMBOLS}
    lines = [f"t{place} = 2 {call}" for place, call in enumerate(calls.values())]
    uri = editor.open("\n".join(lines))
    for place, call in enumerate(calls.values()):
        told = editor.hover(uri, f"t{place} = 2 |{call}")
        assert told.startswith("`") and "tensor" not in told, call


def test_hovering_an_error_code_and_a_derivative_explains_it(editor: Editor, softmax: str) -> None:
    assert editor.hover(softmax, "E0|203").startswith("**E0203**: an index that stands once")
    assert "dLdW_dk = X_nd" in editor.hover(softmax, "|∂L/∂W")
    assert editor.hover(softmax, "# soft|max") == ""


def test_hover_works_while_a_line_is_being_typed(editor: Editor) -> None:
    uri = editor.open("a_i = W_ij x_j\nL = a_i a_i\n")
    editor.diagnostics(uri)
    editor.change(uri, "# new\na_i = W_ij x_j\nL = a_i a_i + (2 W\n")
    assert editor.hover(uri, "|W_ij").startswith("`W_ij` · I×J · input")
    assert "dLdW_ij = 2 a_i x_j" in editor.hover(uri, "|W_ij")
    assert editor.hover(uri, "a_|i = W") == "`i` · index of size I · axis 0 of `W`"


# ----------------------------------------------------------------- completion


def test_names_and_functions_of_the_language_are_suggested(editor: Editor, softmax: str) -> None:
    editor.change(softmax, SOFTMAX + "G = so")
    found = editor.complete(softmax, "G = so|")
    assert found["W"].detail == "W_dk · 5×K · input"
    assert found["W"].text_edit.new_text == "W_${1:dk}"
    assert {"softmax_", "solve", "exp", "scale"} <= found.keys()
    assert "so" not in found and "index" not in found
    assert editor.piece(softmax, found["exp"].text_edit.range) == "so"


def test_index_letters_are_suggested_after_an_underscore(editor: Editor, softmax: str) -> None:
    editor.change(softmax, SOFTMAX + "G_k = F_n")
    found = editor.complete(softmax, "G_k = F_n|")
    assert list(found) == ["k", "n", "d", "c"]
    assert found["k"].text_edit.range.start == found["k"].text_edit.range.end
    editor.change(softmax, SOFTMAX + "G_i = x_{i+")
    assert "i" in editor.complete(softmax, "x_{i+|")


def test_derivatives_are_suggested_after_a_partial_sign(editor: Editor, softmax: str) -> None:
    editor.change(softmax, SOFTMAX + "∂")
    found = list(editor.complete(softmax, "dk\n∂|"))
    assert found[:2] == ["∂L/∂X_nd", "∂L/∂W_dk"]
    assert "∂F_nk/∂b_i" in found
    editor.change(softmax, SOFTMAX + "∂L/∂")
    assert "W" in editor.complete(softmax, "dk\n∂L/∂|")


def test_statements_are_suggested_at_the_start_of_a_line_and_nothing_in_a_remark(editor: Editor) -> None:
    uri = editor.open("y = x\n")
    assert {"index", "given", "def"} <= editor.complete(uri, "x\n|").keys()
    uri = editor.open("y = x # a")
    assert editor.complete(uri, "# a|") == {}


# ----------------------------------------------------------------- navigation


def test_a_definition_is_the_equation_else_the_declaration_else_the_first_place(editor: Editor, softmax: str) -> None:
    assert editor.definition(softmax, "|A_nc") == (3, "A")
    assert editor.definition(softmax, "X_n|d") == (2, "d")
    assert editor.definition(softmax, "|scale(q)") == (5, "scale")
    assert editor.definition(softmax, "|z / 2") == (5, "z")
    assert editor.definition(softmax, "∂|W_dk") == (3, "W")
    assert editor.definition(softmax, "exp(A_n|c") == (4, "c")
    assert editor.definition(softmax, "|exp(") is None
    shapes = editor.open("y_i = W_ij 1_j\nW ∈ R^{H×H}\n")
    assert editor.definition(shapes, "|W_ij") == (2, "W")


def test_references_are_all_places_of_one_thing(editor: Editor, softmax: str) -> None:
    assert editor.references(softmax, "|W_dk + b") == [(3, 13), (7, 5)]
    assert editor.references(softmax, "A_n|k = X") == [(3, 4), (3, 16), (3, 22)]  # k of this equation
    assert editor.references(softmax, "|A_nc") == [(3, 1), (4, 8), (4, 29)]
    assert editor.references(softmax, "|A_nc", declaration=False) == [(4, 8), (4, 29)]
    assert editor.references(softmax, "[|k ==") == [(6, 9), (6, 14), (6, 28), (6, 41)]
    kinds = [each.kind for each in editor.highlights(softmax, "|A_nc")]
    write, read = types.DocumentHighlightKind.Write, types.DocumentHighlightKind.Read
    assert kinds == [write, read, read]


def test_the_outline_has_every_statement(editor: Editor, softmax: str) -> None:
    assert [(each.name, each.detail) for each in editor.symbols(softmax)] == [
        ("index d: 5", "ranges"), ("A_nk", "equation"), ("F_nk", "equation"), ("def scale(z)", "function"),
        ("L", "equation"), ("∂L/∂W_dk", "query"),
    ]  # fmt: skip
    broken = editor.open("W in R^{H,D}\na_i = W_ij (\ngiven ∂E/∂a_i\n???")
    assert [each.name for each in editor.symbols(broken)] == ["W in R^{H,D}", "a_i", "given ∂E/∂a_i"]


# --------------------------------------------------------- format, and more


def test_formatting_touches_only_the_lines_that_change(editor: Editor) -> None:
    uri = editor.open("a_i=W_ij x_j  # ∂ 𝑥\nb = c\n\n\n\nd=e")
    edits = editor.format(uri)
    assert edits is not None and len(edits) >= 2
    assert all(edit.range.start.line != 1 for edit in edits)
    assert editor.edited(uri, list(edits)) == "a_i = W_ij x_j  # ∂ 𝑥\nb = c\n\nd = e\n"
    assert not editor.format(editor.open("a = b\n"))
    assert editor.format(editor.open("a = (b\n")) is None
    mixed = editor.open("a=b\rc = d\r\n")
    assert [edit.new_text for edit in editor.format(mixed) or ()] == ["a = b\nc = d\n"]


def test_the_colours_are_those_of_the_words(editor: Editor) -> None:
    uri = editor.open("# 𝑥\nW ∈ R^H # 𝑥\n∂a_i/∂W_j\ny = 𝑥 sum_i x_{2i}")
    assert editor.colours(uri) == [
        ("# 𝑥", "comment"), ("W", "variable"), ("∈", "operator"), ("R", "keyword"), ("^", "operator"), ("H", "type"),
        ("# 𝑥", "comment"), ("∂", "operator"), ("a", "variable"), ("i", "parameter"), ("/", "operator"),
        ("∂", "operator"), ("W", "variable"), ("j", "parameter"), ("y", "variable"), ("=", "operator"),
        ("sum", "function"), ("i", "parameter"), ("x", "variable"), ("2", "number"), ("i", "parameter"),
    ]  # fmt: skip


def test_the_server_speaks_the_encoding_that_was_agreed(editor: Editor) -> None:
    assert editor.initialized.capabilities.position_encoding in (None, "utf-16")
    uri = editor.open("# 𝑥𝑥\nθ_i = 2 𝑥_i\n")
    (wrong,) = editor.diagnostics(uri)
    assert (wrong.range.start.character, wrong.range.end.character) == (8, 10)
    other = Editor(encodings=["utf-8"])
    assert other.initialized.capabilities.position_encoding == "utf-8"
    (wrong,) = other.diagnostics(other.open("# 𝑥𝑥\nθ_i = 2 𝑥_i\n"))
    assert (wrong.range.start.character, wrong.range.end.character) == (9, 13)
    assert other.close() == 0


def test_without_snippets_plain_text_is_suggested() -> None:
    plain = Editor(snippets=False)
    uri = plain.open("y_i = W_ij x_j\nz = ")
    found = plain.complete(uri, "z = |")
    assert found["W"].text_edit.new_text == "W_ij"
    assert found["exp"].text_edit.new_text == "exp(x)"
    assert plain.close() == 0


def test_a_failing_question_does_not_end_the_server(editor: Editor) -> None:
    missing = types.TextDocumentIdentifier("file:///tests/none.ein")
    with pytest.raises(JsonRpcException):
        editor._do(editor.client.text_document_rename_async(types.RenameParams(missing, types.Position(0, 0), "q")))
    with pytest.raises(JsonRpcException):
        editor.ask("no/such/question")
    editor.send({"jsonrpc": "2.0", "id": "q1", "method": "textDocument/hover", "params": {"nonsense": 1}})
    editor.send({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": [1, 2]})
    editor.send({"jsonrpc": "2.0", "method": "$/unknown", "params": {}})
    unknown = types.VersionedTextDocumentIdentifier(7, missing.uri)
    editor.client.text_document_did_change(types.DidChangeTextDocumentParams(unknown, []))
    editor.close_text("file:///tests/never-opened.ein")
    assert editor.hover(editor.open("y = x"), "|x").startswith("`x`")


def test_a_long_text_is_answered_while_it_is_checked(editor: Editor) -> None:
    lines = ["h0_i = x_i"] + [f"h{k}_i = tanh(W{k}_ij h{k - 1}_j + b{k}_i)" for k in range(1, 1000)]
    uri = editor.open("\n".join(lines))
    assert editor.diagnostics(uri) == []
    editor.change(uri, "\n".join([*lines, "L = h999_i h999_"]))
    assert "i" in editor.complete(uri, "h999_i h999_|")
    assert len(editor.symbols(uri)) == 1001
    told = editor.hover(uri, "|W500_ij")
    assert "all else held fixed" in told and "dh500dW500_" in told
