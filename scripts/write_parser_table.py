"""Write the automaton that reads the language, which lark makes of its grammar.

python scripts/write_parser_table.py          # write grammar/einderiv.table
python scripts/write_parser_table.py --check  # exit status 1 if it is not up to date
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from lark import Lark, Token
from lark.lexer import Lexer
from lark.parsers.lalr_analysis import IntParseTable, Shift

from einderiv.syntax.grammar import grammar_text

TABLE = Path(__file__).resolve().parent.parent / "grammar" / "einderiv.table"
HEAD = """\
# The automaton of einderiv.lark, written by scripts/write_parser_table.py; einderiv/syntax/automaton.py runs it.
#
# token     a terminal: its name and its pattern; of several that match the first counts
# rule      its name (with ? before it where a single child stands for itself), how many children it has, and which of
#           these are rules that begin with _, whose own children stand in their place
# state     for tokens and rules that may come next: the state that follows, or ~n to apply rule n
# end       the state in which a statement has been read
"""


class _NoLexer(Lexer):
    def __init__(self, configuration: object) -> None:
        del configuration

    def lex(self, tokens: object) -> Iterator[Token]:  # type: ignore[override]  # nothing is read here
        raise NotImplementedError


def table() -> str:
    """The text of the table; the same whatever lark calls its states."""
    lark = Lark(grammar_text(), parser="lalr", lexer=_NoLexer)
    found: IntParseTable = lark.parser.parser._parse_table  # type: ignore[attr-defined, unused-ignore]
    lines = [HEAD.rstrip()]
    for terminal in sorted(lark.terminals, key=lambda terminal: (-terminal.priority, terminal.name)):
        written = "".join(rf"\u{ord(c):04x}" if c != " " and c.isspace() else c for c in terminal.pattern.to_regexp())
        lines.append(f"token {terminal.name} {written}")
    number = {rule: place for place, rule in enumerate(lark.rules)}
    for rule in lark.rules:
        inner = [str(place) for place, symbol in enumerate(rule.expansion) if symbol.name.startswith("_")]
        mark = "?" if rule.options.expand1 else ""
        lines.append(" ".join(["rule", f"{mark}{rule.origin.name}", str(len(rule.expansion)), *inner]))
    (start,), (end,) = found.start_states.values(), found.end_states.values()
    order = {start: 0}
    for state in (pending := [start]):  # grows on the way: states in the order in which they are reached
        groups: dict[str, list[str]] = {}
        for symbol, (action, argument) in sorted(found.states[state].items()):
            if action is Shift and argument not in order:
                order[argument] = len(order)
                pending.append(argument)
            shown = str(order[argument]) if action is Shift else f"~{number[argument]}"
            groups.setdefault(shown, []).append(symbol)
        lines.append("state " + "; ".join(f"{shown} {' '.join(symbols)}" for shown, symbols in groups.items()))
    return "\n".join([*lines, f"end {order[end]}", ""])


def main() -> int:
    """Write the table, or compare it."""
    made = table()
    if "--check" in sys.argv[1:]:
        return int(TABLE.read_text(encoding="utf-8") != made)
    TABLE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
