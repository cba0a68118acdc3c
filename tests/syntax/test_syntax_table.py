"""The table of the parser: it is that of the grammar, and running it does what lark does."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lark
import pytest
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer

from einderiv.syntax import Token
from einderiv.syntax.automaton import Automaton, Stopped
from einderiv.syntax.grammar import grammar_text

ROOT = Path(__file__).resolve().parents[2]


class Ready(Lexer):
    """Hands tokens on that were made before."""

    def __init__(self, configuration: object) -> None:
        pass

    def lex(self, tokens: Any) -> Iterator[lark.Token]:  # type: ignore[override]
        return iter(tokens)


class Nested:
    """Makes of each rule its name and its children."""

    def __getattr__(self, name: str) -> Callable[[list[Any]], Any]:
        if name.startswith("_") or not name.islower() or name == "visit_wrapper":
            raise AttributeError(name)
        return lambda children: (name, *children)


def test_the_table_is_made_of_the_grammar() -> None:
    script = ROOT / "scripts" / "write_parser_table.py"
    done = subprocess.run([sys.executable, script, "--check"], check=False)
    assert done.returncode == 0, "run scripts/write_parser_table.py"


@pytest.fixture(scope="module")
def both() -> tuple[lark.Lark, Automaton]:
    """The parser of lark, and the automaton, with the same builder."""
    table = (ROOT / "grammar" / "einderiv.table").read_text(encoding="utf-8").splitlines()
    return lark.Lark(grammar_text(), parser="lalr", lexer=Ready, transformer=Nested()), Automaton(table, Nested())


def said(parse: Callable[[list[Any]], Any], tokens: list[Any]) -> Any:
    """The tree, or where reading stops and what could stand there."""
    try:
        return parse(tokens)
    except Stopped as stopped:
        return stopped.place, stopped.accepts
    except UnexpectedToken as problem:
        place = next((place for place, token in enumerate(tokens) if token is problem.token), len(tokens))
        return place, frozenset(problem.accepts or problem.expected)


@pytest.mark.parametrize("seed", range(60))
def test_the_automaton_reads_and_stops_where_lark_does(both: tuple[lark.Lark, Automaton], seed: int) -> None:
    parser, automaton = both
    chance = random.Random(seed)
    kinds: list[str] = []
    for _ in range(chance.randrange(1, 40)):  # mostly what may follow, so that statements become long
        _, accepts = said(automaton.parse, [Token(kind, kind) for kind in [*kinds, "NOTHING"]])
        usual = sorted(accepts - {"$END"})
        follows = usual and chance.random() < 0.97
        kinds.append(chance.choice(usual if follows else ["PLUS", "NAME", "IN"]))
        ours = said(automaton.parse, [Token(kind, kind) for kind in kinds])
        theirs = said(parser.parse, [lark.Token(kind, kind) for kind in kinds])
        assert ours == theirs, kinds
