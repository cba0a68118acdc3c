"""A small reader of TextMate grammars: the innermost scope of every character, line by line.

It knows what the grammar under `editors/` uses: `match`, `begin` and `end`, `captures` and `include`.  Its patterns
mean the same in Python's `re` as in Oniguruma, which `test_vs_code_colours_the_same` confirms with the real one.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

Rule = dict[str, Any]
compiled = cache(re.compile)


class Reader:
    """Reads texts by one grammar."""

    def __init__(self, grammar: Rule) -> None:
        self._grammar = grammar

    def scopes(self, text: str) -> list[str]:
        """The innermost scope of each character; nothing where none applies."""
        found: list[str] = []
        stack: list[Rule] = [self._grammar]
        for line in re.split(r"(?<=\n)|(?<=\r)(?!\n)", text):
            bare = line.rstrip("\r\n")
            found += self._line(bare, stack) + [""] * (len(line) - len(bare))
        return found

    def _line(self, line: str, stack: list[Rule]) -> list[str]:
        found = [""] * len(line)
        place = 0
        while True:
            rule, match, ends = self._next(line, place, stack[-1])
            if match is None or rule is None:
                return found
            if ends:
                _paint(found, match, stack.pop(), "endCaptures")
            elif "begin" in rule:
                _paint(found, match, rule, "beginCaptures")
                stack.append(rule)
            else:
                _paint(found, match, rule, "captures")
            if match.end() == place and not ends and "begin" not in rule:
                place += 1
            else:
                place = match.end()

    def _next(self, line: str, place: int, inside: Rule) -> tuple[Rule | None, re.Match[str] | None, bool]:
        """The rule whose match starts first, its match, and whether it ends what is open."""
        best: tuple[Rule | None, re.Match[str] | None, bool] = None, None, False
        if "end" in inside:
            match = compiled(inside["end"]).search(line, place)
            best = (inside, match, True) if match else best
        for rule in self._rules(inside.get("patterns", [])):
            match = compiled(rule.get("begin") or rule["match"]).search(line, place)
            if match and (best[1] is None or match.start() < best[1].start()):
                best = rule, match, False
        return best

    def _rules(self, patterns: list[Rule]) -> list[Rule]:
        rules: list[Rule] = []
        for pattern in patterns:
            if "include" in pattern:
                pattern = self._grammar["repository"][pattern["include"].removeprefix("#")]
            rules += [pattern] if "match" in pattern or "begin" in pattern else self._rules(pattern["patterns"])
        return rules


def _paint(found: list[str], match: re.Match[str], rule: Rule, captures: str) -> None:
    scopes = {0: rule.get("name", "")} if captures == "captures" else {}
    scopes |= {int(group): capture["name"] for group, capture in rule.get(captures, {}).items()}
    for group, scope in sorted(scopes.items()):
        for place in range(*match.span(group)):
            found[place] = scope
