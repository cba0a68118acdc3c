"""Tokens → a statement, by the table that lark makes of the grammar: an LALR parser's loop.

The table is written by `scripts/write_parser_table.py`, since to make it takes longer than to derive and print most
programs.  What it says is at its head.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from einderiv.syntax.tokens import Token

END = "$END"  # the kind of what stands behind the last token


class Stopped(Exception):
    """No statement goes on with the token at `place`; tokens that `accepts` has could stand there."""

    def __init__(self, place: int, accepts: frozenset[str]) -> None:
        super().__init__(place, accepts)
        self.place, self.accepts = place, accepts


class _Rule(NamedTuple):
    """A rule: what it makes of `length` children; those at `inner` places are lists that stand for their elements."""

    name: str
    length: int
    inner: frozenset[int]
    make: Callable[[list[Any]], Any]

    def applied(self, children: list[Any]) -> Any:
        if not self.inner:
            return self.make(children)
        parts = children[0] if 0 in self.inner else children[:1]  # a long row grows in place
        for place in range(1, self.length):
            if place in self.inner:
                parts += children[place]
            else:
                parts.append(children[place])
        return self.make(parts)


class Automaton:
    """Reads the tokens of a statement; the methods of `builder` make pieces of a tree, one for each rule."""

    def __init__(self, table: Iterable[str], builder: object) -> None:
        self._rules: list[_Rule] = []
        self._states: list[dict[str, int]] = []  # what comes next → the state that follows, or ~ the rule to apply
        for line in table:
            kind, _, rest = line.partition(" ")
            if kind == "rule":
                name, length, *inner = rest.split()
                make = list if name[0] == "_" else _only if name[0] == "?" else getattr(builder, name)
                self._rules.append(_Rule(name.lstrip("?"), int(length), frozenset(map(int, inner)), make))
            elif kind == "state":
                groups = [group.split() for group in rest.split(";") if group]
                self._states.append({symbol: _action(shown) for shown, *symbols in groups for symbol in symbols})
            elif kind == "end":
                self._end = int(rest)

    def parse(self, tokens: Sequence[Token]) -> Any:
        """What the builder makes of a statement; raises `Stopped`."""
        states, rules = self._states, self._rules
        stack, values = [0], list[Any]()
        kinds = [*(token.type for token in tokens), END]
        for place, kind in enumerate(kinds):
            while (action := states[stack[-1]].get(kind)) is None or action < 0:
                if action is None:
                    raise Stopped(place, self._accepted(stack))
                rule = rules[~action]
                children = values[-rule.length :]
                del stack[-rule.length :], values[-rule.length :]
                values.append(rule.applied(children))
                stack.append(states[stack[-1]][rule.name])
                if kind == END and stack[-1] == self._end:
                    return values[-1]
            stack.append(action)
            values.append(tokens[place])
        raise AssertionError("not reached")

    def _accepted(self, stack: list[int]) -> frozenset[str]:
        """The tokens that can follow: those of the last state which the rules applied before them leave room for."""
        return frozenset(kind for kind in self._states[stack[-1]] if kind.isupper() and self._goes_on([*stack], kind))

    def _goes_on(self, stack: list[int], kind: str) -> bool:
        while (action := self._states[stack[-1]].get(kind)) is not None and action < 0:
            rule = self._rules[~action]
            del stack[-rule.length :]
            stack.append(self._states[stack[-1]][rule.name])
            if kind == END and stack[-1] == self._end:
                return True
        return action is not None


def _action(shown: str) -> int:
    return ~int(shown[1:]) if shown[0] == "~" else int(shown)


def _only(children: list[Any]) -> Any:
    return children[0]
