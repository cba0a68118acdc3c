"""Write what editors colour `.ein` files by, from the words and letters of the language itself.

python scripts/write_editor_grammars.py          # write editors/vscode/syntaxes/einderiv.tmLanguage.json
python scripts/write_editor_grammars.py --check  # exit status 1 if it is not up to date
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from einderiv import syntax

ROOT = Path(__file__).resolve().parent.parent
TEXTMATE = ROOT / "editors" / "vscode" / "syntaxes" / "einderiv.tmLanguage.json"
VIM = ROOT / "editors" / "vim" / "syntax" / "einderiv.vim"

Rule = dict[str, object]


def letter() -> str:
    """The class of letters, as the grammar has it, for the inside of `[…]`."""
    grammar = (ROOT / "grammar" / "einderiv.lark").read_text(encoding="utf-8")
    found = re.search(r"^LETTER: /\[(.+)\]/$", grammar, flags=re.M)
    if found is None:
        raise SystemExit("grammar/einderiv.lark has no line `LETTER: /[…]/`")
    return found[1]


def one_of(words: Iterable[str]) -> str:
    """A pattern for any of these words, the longest first."""
    return "(?:" + "|".join(sorted(words, key=lambda word: (-len(word), word))) + ")"


def textmate() -> Rule:
    """The TextMate grammar: as the language reads, a line at a time."""
    name = f"[{letter()}][{letter()}0-9]*"
    return {
        "name": "einderiv",
        "scopeName": "source.einderiv",
        "fileTypes": ["ein"],
        "patterns": [{"include": "#statement"}, {"include": "#expression"}],
        "repository": {
            "statement": {"patterns": [*_declarations(name), {"include": "#remark"}]},
            "expression": {"patterns": _expression(name)},
            "remark": {"match": "#.*$", "name": "comment.line.number-sign.einderiv"},
            "subscript": {"patterns": _subscripts(name)},
            "signs": {
                "patterns": [
                    {"match": "\\*\\*|[<>=!]=|[-−+*/^=<>≤≥≠·⋅∘⊙×∈]", "name": "keyword.operator.einderiv"},
                    {"match": "[()\\[\\]{}]", "name": "punctuation.section.einderiv"},
                    {"match": "[,:]", "name": "punctuation.separator.einderiv"},
                ]
            },
        },
    }  # fmt: skip


def _expression(name: str) -> list[Rule]:
    """Words and signs, the first that fits counts."""
    begins = "(?<![^\\W\\d]|['′])"
    calls = [*syntax.FUNCTIONS, *syntax.LINEAR_ALGEBRA]
    bound = syntax.REDUCTIONS | syntax.AXIS_FUNCTIONS | syntax.SUM_WORDS | {"∑"}
    return [
        {"include": "#remark"},
        {"match": f"{begins}{one_of(calls)}(?=\\()", "name": "support.function.einderiv"},
        {"match": f"{begins}{one_of(bound)}(?=_)", "name": "support.function.reduction.einderiv"},
        {"match": f"{begins}d[2-9]?(?=\\()", "name": "keyword.operator.derivative.einderiv"},
        {"match": "∂(?:[²³⁴⁵⁶⁷⁸⁹]|\\^[2-9])?", "name": "keyword.operator.derivative.einderiv"},
        {"match": "[⁰¹²³⁴⁵⁶⁷⁸⁹]+", "name": "keyword.operator.derivative.einderiv"},
        {"match": f"{begins}{one_of(syntax.SYMBOLS)}(?=_)", "name": "constant.language.einderiv"},
        {"match": "(?<![\\w.)}'′])1(?=_(?![0-9]))", "name": "constant.language.einderiv"},
        {"match": f"{begins}{one_of(syntax.CONSTANTS)}(?![\\w(])", "name": "constant.language.einderiv"},
        {"match": f"{begins}{one_of(['given', 'def', 'symmetric'])}(?![\\w(])",
         "name": "keyword.other.einderiv"},
        {"match": f"{begins}{name}(?=\\()", "name": "entity.name.function.einderiv"},
        {"include": "#subscript"},
        {"match": "[0-9]+(?:\\.(?:[0-9]+|(?![\\w.])))?(?:[eE][+-]?[0-9]+)?"
                  "|(?<![\\w.)}'′])\\.[0-9]+(?:[eE][+-]?[0-9]+)?", "name": "constant.numeric.einderiv"},
        {"match": f"{name}['′][{letter()}0-9'′]*", "name": "variable.parameter.index.einderiv"},
        {"match": name, "name": "variable.other.tensor.einderiv"},
        {"include": "#signs"},
    ]  # fmt: skip


def _declarations(name: str) -> list[Rule]:
    """`index i, j: H`, `W ∈ R^{H×D}` and the head of `def f(z) = …`."""
    size = {"match": name, "name": "entity.name.type.size.einderiv"}
    number = {"match": "[0-9]+", "name": "constant.numeric.einderiv"}
    signs: list[Rule] = [{"include": "#remark"}, {"include": "#signs"}]
    return [
        {
            "begin": "^\\s*(index)(?=[ \\t])(?!\\s*=)", "end": "$",
            "beginCaptures": {"1": {"name": "keyword.other.einderiv"}},
            "patterns": [
                {"match": f"(:)\\s*({name})?", "captures": {
                    "1": {"name": "punctuation.separator.einderiv"}, "2": {"name": "entity.name.type.size.einderiv"}}},
                {"match": f"[{letter()}][{letter()}0-9'′]*", "name": "variable.parameter.index.einderiv"},
                number, *signs,
            ],
        },
        {
            "begin": f"^\\s*({name})\\s*(?:(∈)|(in)(?=\\s))\\s*(R(?![\\w'′])|ℝ)", "end": "$",
            "beginCaptures": {
                "1": {"name": "variable.other.tensor.einderiv"}, "2": {"name": "keyword.operator.einderiv"},
                "3": {"name": "keyword.other.einderiv"}, "4": {"name": "keyword.other.einderiv"},
            },
            "patterns": [{"match": "\\bsymmetric\\b", "name": "keyword.other.einderiv"}, size, number, *signs],
        },
        {
            "match": f"^\\s*(def)\\s+({name})(?=\\()",
            "captures": {"1": {"name": "keyword.other.einderiv"}, "2": {"name": "entity.name.function.einderiv"}},
        },
    ]  # fmt: skip


def _subscripts(name: str) -> list[Rule]:
    """`_ij` and `_{i+1,y_n}`."""
    owner = "(?<=[^\\W_]|[)∑'′])"
    return [
        {
            "begin": f"{owner}_\\{{", "end": "\\}",
            "beginCaptures": {"0": {"name": "punctuation.definition.subscript.einderiv"}},
            "endCaptures": {"0": {"name": "punctuation.section.einderiv"}},
            "patterns": [
                {"include": "#remark"},
                {"match": f"{name}(?=_)", "name": "variable.other.tensor.einderiv"},
                {"include": "#subscript"},
                {"match": f"[{letter()}][{letter()}0-9'′]*", "name": "variable.parameter.index.einderiv"},
                {"match": "[0-9]+", "name": "constant.numeric.einderiv"},
                {"include": "#signs"},
            ],
        },
        {
            "match": f"{owner}(_)([{letter()}][{letter()}0-9'′]*)",
            "captures": {
                "1": {"name": "punctuation.definition.subscript.einderiv"},
                "2": {"name": "variable.parameter.index.einderiv"},
            },
        },
    ]  # fmt: skip


_VIM = r"""" Vim syntax file for einderiv, written by scripts/write_editor_grammars.py.
if exists("b:current_syntax")
  finish
endif

syntax match einName /[NL][NLD]*/
syntax match einPosition /[NL][NLD]*['′][NLD'′]*/
syntax match einNumber /\d\+\%(\.\d*\)\?\%([eE][+-]\?\d\+\)\?/
syntax match einOwn /[NL][NLD]*\ze(/
syntax match einSubscript /_[NL][NLD'′]*/
syntax region einBraces matchgroup=einSign start=/_{/ end=/}/ contains=einGathered,einLetters,einNumber,einSign
syntax match einLetters /[NL][NLD'′]*/ contained
syntax match einGathered /[NL][NLD]*_[NL][NLD'′]*/ contained contains=einSubscript
syntax match einFunction /CALLS\ze(/
syntax match einFunction /BOUND\ze_/
syntax match einConstant /CONSTANTS/
syntax match einConstant /SYMBOLS\ze_/
syntax match einConstant /\%([0-9.]\)\@<!1\ze_\D/
syntax match einDerivative /∂\%([²³⁴⁵⁶⁷⁸⁹]\|\^[2-9]\)\?\|\<d[2-9]\?\ze(/
syntax match einSign /[-−+*\/^=<>≤≥≠!·⋅∘⊙×∈]/
syntax match einKeyword /^\s*\%(index\|given\|def\)\ze\s/
syntax match einKeyword /\<\%(symmetric\|in\)\>/
syntax match einRemark /#.*/ contains=@Spell

highlight default link einName Identifier
highlight default link einSubscript Special
highlight default link einLetters Special
highlight default link einPosition Special
highlight default link einGathered Identifier
highlight default link einNumber Number
highlight default link einOwn Function
highlight default link einFunction Function
highlight default link einConstant Constant
highlight default link einDerivative Statement
highlight default link einSign Operator
highlight default link einKeyword Keyword
highlight default link einRemark Comment

let b:current_syntax = "einderiv"
"""


def vim() -> str:
    """The syntax file of Vim, in which the last of several matches at one place counts."""

    def words(several: Iterable[str]) -> str:
        return "\\<\\%(" + "\\|".join(sorted(several, key=lambda word: (-len(word), word))) + "\\)"

    bound = syntax.REDUCTIONS | syntax.AXIS_FUNCTIONS | syntax.SUM_WORDS
    filled = {
        "CALLS": words([*syntax.FUNCTIONS, *syntax.LINEAR_ALGEBRA]), "BOUND": words(bound),
        "CONSTANTS": words(syntax.CONSTANTS) + "\\>", "SYMBOLS": words(syntax.SYMBOLS),
        "[NL][NLD'′]": f"[{letter()}][{letter()}0-9'′]", "[NL][NLD]": f"[{letter()}][{letter()}0-9]",
        "[NLD'′]": f"[{letter()}0-9'′]",
    }  # fmt: skip
    found = _VIM
    for place, text in filled.items():
        found = found.replace(place, text)
    return found


def files() -> dict[Path, str]:
    """The files as they have to be."""
    return {TEXTMATE: json.dumps(textmate(), indent=2, ensure_ascii=False) + "\n", VIM: vim()}


def main() -> int:
    """Write the files, or look whether they are up to date."""
    if "--check" in sys.argv[1:]:
        return int(any(path.read_text(encoding="utf-8") != text for path, text in files().items()))
    for path, text in files().items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
