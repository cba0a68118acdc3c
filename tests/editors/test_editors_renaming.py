"""Renaming: everywhere it is the same thing, nowhere else, and not at all where two things would get one name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import corpus
import pytest
from editor import Editor
from pygls.exceptions import JsonRpcException

from einderiv.check import check
from einderiv.language_server.document import Document, edited
from einderiv.language_server.occurrences import World
from einderiv.language_server.renaming import Refusal, rename
from einderiv.syntax import parse, sketch

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").rglob("*.ein"))
PROGRAMS = {path.name: path.read_text(encoding="utf-8") for path in EXAMPLES if "wrong" not in path.name}
PROGRAMS |= {record.title: record.program for record in corpus.records()}

TEXT = """\
# 𝑥 and ∂: W stays
index batch, d: N
A_{batch,k} = W_dk X_{batch,d} + [k == t_n] F_{n,t_n} 1_{batch}
def W2(z) = z W2s
t2_i = W2(x_i) + where(i < 3, W, i)
∂A_{batch,k}/∂W_dj
"""


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    editor = Editor()
    yield editor
    assert editor.close() == 0


RENAMED = {
    "a tensor": ("|X_{", "Y", {"X_{batch,d}": "Y_{batch,d}"}),
    "a tensor with a letter of two units before it": ("∂|A_{", "Θ", {"A_{batch,k}": "Θ_{batch,k}"}),
    "a tensor of integers": ("F_{n,|t_n", "u", {"t_n": "u_n"}),
    "a declared index, in the whole text": ("W_|dk", "e", {"batch, d": "batch, e", "W_dk": "W_ek", ",d}": ",e}",
                                                         "W_dj": "W_ej"}),
    "a declared index of several letters": ("A_{|batch", "row", {"batch": "row"}),
    "an index of one equation": ("A_{batch,|k} =", "m", {"A_{batch,k} =": "A_{batch,m} =", "W_dk": "W_dm",
                                                        "[k": "[m"}),
    "a size": ("d: |N", "Batches", {": N": ": Batches"}),
    "a function": ("def |W2", "f", {"def W2(": "def f(", "= W2(": "= f("}),
    "a parameter": ("= |z W2s", "y", {"(z) = z": "(y) = y"}),
}  # fmt: skip


@pytest.mark.parametrize("case", RENAMED)
def test_one_thing_gets_another_name(editor: Editor, case: str) -> None:
    marked, new, changes = RENAMED[case]
    expected = TEXT
    for old, changed in changes.items():
        expected = expected.replace(old, changed)
    uri = editor.open(TEXT)
    assert editor.prepare_rename(uri, marked)
    assert editor.rename(uri, marked, new) == expected


@pytest.mark.parametrize(("text", "primed"), [
    ("y_i = W_ij x_j", "y_i = W_ij' x_j'"),
    ("y_k = [j < 3] W_kj where(j == k, j c, 1)", "y_k = [j' < 3] W_kj' where(j' == k, j c, 1)"),
    ("index j: N\ny_j = [j < 3] x_j", "index j': N\ny_j' = [j' < 3] x_j'"),
])  # fmt: skip
def test_an_index_gets_a_prime_where_it_is_a_position_too(text: str, primed: str) -> None:
    edits = rename(Document(text), text.index("j"), "j'")
    assert isinstance(edits, list) and edited(text, edits) == primed
    back = rename(Document(primed), primed.index("j'"), "j")
    assert isinstance(back, list) and edited(primed, back) == text


REFUSED = {
    "a name that is taken": ("|X_{", "A", "there is a tensor `A` already, in line 3"),
    "a word of the language": ("|X_{", "exp", "`exp` is a word of the language"),
    "no name": ("|X_{", "X_1", "is not a name"),
    "a name in another script": ("|X_{", "Х", "is not a name"),
    "an index that is taken in its equation": ("A_{batch,|k} =", "n", "there is an index `n` already, in line 3"),
    "a declared index, taken in one equation": ("W_|dk", "k", "there is an index `k` already"),
    "several letters without braces": ("W_|dk", "dim", "a longer name stands in braces"),
    "a function that is taken as a word": ("def |W2", "max", "word of the language"),
    "a parameter that its body uses": ("= |z W2s", "W2s", "something else"),
    "a tensor that a parameter would hide": ("z |W2s", "z", "something else"),
    "nothing": ("|# 𝑥", "y", "no name here"),
    "a function of the language": ("+ |where", "y", "no name here"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_clash_is_refused(editor: Editor, case: str) -> None:
    marked, new, message = REFUSED[case]
    uri = editor.open(TEXT)
    with pytest.raises(JsonRpcException, match=re.escape(message)):
        editor.rename(uri, marked, new)


def test_a_bare_name_that_would_become_a_position_is_refused() -> None:
    text = "y_i = [i == c] x_i"
    refused = rename(Document(text), text.index("c"), "i")
    assert isinstance(refused, Refusal)
    assert isinstance(rename(Document(text), text.index("i"), "c"), Refusal)


def test_a_number_that_would_swallow_a_name_is_refused() -> None:
    text = "y = 2x1"
    assert isinstance(rename(Document(text), text.index("x"), "e1"), Refusal)
    assert isinstance(rename(Document("y = 2x_i x_i"), 5, "e"), list)


def test_the_same_name_changes_nothing() -> None:
    assert rename(Document("y = x"), 4, "x") == []


@pytest.mark.parametrize("title", PROGRAMS)
def test_a_program_with_every_tensor_renamed_is_the_same_program(title: str) -> None:
    text = PROGRAMS[title]
    expected = [sketch(statement) for statement in parse(text).statements]
    names = list(dict.fromkeys(each.entity.name for each in Document(text).occurrences
                               if each.entity.world is World.TENSOR))  # fmt: skip
    changed = text
    for number, name in enumerate(names):
        document = Document(changed)
        place = next(each for each in document.occurrences if each.entity.name == name
                     and each.entity.world is World.TENSOR)  # fmt: skip
        edits = rename(document, place.span.start, f"Qq{number}")
        assert isinstance(edits, list) and edits
        changed = edited(changed, edits)
    back = {f"Qq{number}": name for number, name in enumerate(names)}
    found = [sketch(statement) for statement in parse(changed).statements]
    assert [re.sub(r"Qq\d+", lambda match: back[match[0]], each) for each in found] == expected


@pytest.mark.parametrize("title", PROGRAMS)
def test_the_places_of_tensors_are_those_that_the_program_knows(title: str) -> None:
    text = PROGRAMS[title]
    program = check(parse(text))
    found = {(each.entity.name, each.span.start) for each in Document(text).occurrences
             if each.entity.world is World.TENSOR}  # fmt: skip
    uses = program.context.names.uses
    known = {(name, use.span.start) for name in uses for use in uses[name]}
    known |= {(name, definition.use.span.start) for name, definition in program.definitions.items()}
    assert known <= found
    assert {name for name, _ in found} <= {*uses, *program.definitions, *program.givens, *program.context.names.shapes}
