"""What may come next: names, functions, index letters after `_`, derivatives after `∂`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from einderiv import requests, syntax
from einderiv.errors import Span
from einderiv.language_server.document import Document
from einderiv.language_server.hover import REDUCTIONS, describe
from einderiv.language_server.occurrences import World
from einderiv.program import Program

_INDEX = re.compile(r"[^\W_]_(?:[^\W_]|['′])*\Z|_\{[^{}\r\n]*\Z")
_TOP = re.compile(r"∂\w*\Z")
_BELOW = re.compile(r"∂[^/\s∂]+/(?:∂[^\s/∂]+)*∂\w*\Z")
_WORD = re.compile(r"(?<![^\W_])[^\W_]*\Z")
_LETTERS = "ijklmnpqrstabcdefgh"
STARTS = ("index ", "given ∂", "def ")


class Sort(Enum):
    """What a suggestion is."""

    TENSOR = "tensor"
    INDEX = "index"
    FUNCTION = "function"
    DERIVATIVE = "derivative"
    KEYWORD = "keyword"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What may stand at `span`; in `snippet` the places to fill in are `${1:i}`."""

    label: str
    sort: Sort
    span: Span
    snippet: str
    detail: str = ""


def complete(document: Document, offset: int) -> list[Suggestion]:
    """The suggestions at a place."""
    line = document.text[max(document.text.rfind("\n", 0, offset), document.text.rfind("\r", 0, offset)) + 1 : offset]
    if "#" in line:
        return []
    if _INDEX.search(line):
        return list(_indices(document, offset))
    below, top = _BELOW.search(line), _TOP.search(line)
    if below is not None:
        return list(_names(document, Span(offset - len(_word(line)), offset)))
    if top is not None:
        return list(_derivatives(document, Span(offset - len(top[0]), offset)))
    span = Span(offset - len(_word(line)), offset)
    found = [*_names(document, span), *_functions(document, span)]
    if not line.removesuffix(_word(line)).strip():
        found += [Suggestion(word.split()[0], Sort.KEYWORD, span, word) for word in STARTS]
    return found


def _word(line: str) -> str:
    found = _WORD.search(line)
    return found[0] if found is not None else ""


def _indices(document: Document, offset: int) -> Iterator[Suggestion]:
    """Index letters, those of the statement first."""
    number = document.statement_at(offset)
    found = [each for each in document.occurrences if each.entity.world is World.INDEX]
    near = [each.entity.name for each in found if each.statement == number]
    for name in dict.fromkeys([*near, *(each.entity.name for each in found)]):
        yield Suggestion(name, Sort.INDEX, Span(offset, offset), name)


def _names(document: Document, span: Span) -> Iterator[Suggestion]:
    """The tensors of the text, with the letters with which they are written first."""
    program = document.known
    letters: dict[str, str] = {}
    seen: set[str] = set()
    for tokens in document.statements:
        for token, following in pairwise(tokens):
            if token.type in ("NAME", "GATHERED") and following.type == "SUBSCRIPT":
                letters.setdefault(syntax.normalise(token), str(following)[1:])
    for each in document.occurrences:
        name = each.entity.name
        if each.entity.world is World.TENSOR and each.span != span and name not in seen:
            seen.add(name)
            snippet = f"{name}_${{1:{letters[name]}}}" if name in letters else name
            yield Suggestion(name, Sort.TENSOR, span, snippet, _detail(program, name))


def _detail(program: Program | None, name: str) -> str:
    known = program is not None and (name in program.checked.inputs or name in program.checked.definitions)
    return describe(program, name).replace("`", "") if program is not None and known else ""


def _functions(document: Document, span: Span) -> Iterator[Suggestion]:
    """The functions of the language and of the text."""
    letters = "abc"
    for name, count in syntax.FUNCTIONS.items():
        arguments = ", ".join(f"${{{n + 1}:{letters[n]}}}" for n in range(count)) if count > 1 else "${1:x}"
        if name == "where":
            arguments = "${1:x > 0}, ${2:a}, ${3:b}"
        yield Suggestion(name, Sort.FUNCTION, span, f"{name}({arguments})")
    for name in (*sorted(syntax.REDUCTIONS - {"sum"}), *sorted(syntax.AXIS_FUNCTIONS)):
        yield Suggestion(f"{name}_", Sort.FUNCTION, span, f"{name}_${{1:i}}(${{2:x_i}})", REDUCTIONS[name][1])
    yield Suggestion("sum_", Sort.FUNCTION, span, "sum_${1:i} ", REDUCTIONS["sum"][1])
    for name, count in syntax.LINEAR_ALGEBRA.items():
        arguments = ", ".join(f"${{{n + 1}:{'Ab'[n]}}}" for n in range(count))
        subscript = "" if name in syntax.SCALAR_ALGEBRA else "_${9:ij}" if count == 1 else "_${9:i}"
        yield Suggestion(name, Sort.FUNCTION, span, f"{name}({arguments}){subscript}", REDUCTIONS[name][1])
    for each in document.occurrences:
        if each.entity.world is World.FUNCTION and each.weight:
            yield Suggestion(each.entity.name, Sort.FUNCTION, span, f"{each.entity.name}(${{1:x}})")


def _derivatives(document: Document, span: Span) -> Iterator[Suggestion]:
    """Derivatives of the last equations by all that they are made of."""
    program = document.known
    if program is None:
        return
    found = program.checked
    for of in [*found.givens, *found.definitions][::-1][:8]:
        inputs, between = requests.depended(program, of)
        for name in (*inputs, *between):
            if not name.startswith("∂"):
                text = _partial(program, of, name)
                yield Suggestion(text, Sort.DERIVATIVE, span, text)


def _partial(program: Program, of: str, name: str) -> str:
    """`∂a_i/∂W_kl`, with other letters below than on top."""
    top = requests.letters_of(program, of)
    taken = {*top, *program.checked.context.names.indices}
    below = []
    for letter in requests.letters_of(program, name):
        free = (each for each in _LETTERS if each not in taken)
        chosen = letter if letter and letter not in top and letter not in below else next(free, f"{letter}'")
        taken.add(chosen)
        below.append(chosen)
    return f"∂{requests.subscripted(of, top)}/∂{requests.subscripted(name, below)}"
