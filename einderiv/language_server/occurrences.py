"""Where each name of a text stands, and which stand for the same; also in texts that cannot be parsed.

Tensors, indices, sizes and functions are separate worlds, as in the language.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from lark import Token

from einderiv import syntax
from einderiv.check import Subscripts
from einderiv.errors import Source, Span
from einderiv.syntax import Word, normalise


class World(Enum):
    """What a name names."""

    TENSOR = "tensor"
    INDEX = "index"
    SIZE = "size"
    FUNCTION = "function"
    PARAMETER = "parameter"


@dataclass(frozen=True, slots=True)
class Entity:
    """What a name stands for; an index that no line declares, and a parameter, belong to one statement."""

    world: World
    name: str
    statement: int | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A place where an entity stands; `weight` says how much the place defines it: an equation 3, a declaration 2."""

    entity: Entity
    span: Span
    statement: int
    weight: int = 0
    braced: bool = False  # within the braces of a subscript, where an index may have a long name
    bare: bool = False  # without a subscript


def span_of(token: Token) -> Span:
    """Where a token stands."""
    return Span(int(token.start_pos or 0), int(token.end_pos or 0))


def occurrences(statements: Sequence[Sequence[Token]], text: str) -> list[Occurrence]:
    """All occurrences, in the order of the text."""
    declared = syntax.declared_words(statements)
    own = {normalise(tokens[1]) for tokens in statements if len(tokens) > 1 and tokens[0].type == "DEF"}
    subscripts = Subscripts(Source(text), declared)
    found: list[Occurrence] = []
    for number, tokens in enumerate(statements):
        found += _Statement(number, tokens, subscripts, own).occurrences()
    return found


class _Statement:
    """One statement's names."""

    def __init__(self, number: int, tokens: Sequence[Token], subscripts: Subscripts, own: set[str]) -> None:
        self._number = number
        self._tokens = tokens
        self._subscripts = subscripts
        self._own = own
        self._compared = syntax.compared(tokens)
        self._parameters = _parameters(tokens)
        self._letters = {
            letter.entity.name
            for token in tokens
            if token.type in ("SUBSCRIPT", "WORD")
            for letter in self._word(token)
        }

    def occurrences(self) -> Iterator[Occurrence]:
        """The occurrences in the order of the text."""
        first = self._tokens[0].type
        if first == "INDEX":
            yield from self._declaration()
            return
        for place, token in enumerate(self._tokens):
            match token.type:
                case "SUBSCRIPT" | "WORD":
                    yield from self._word(token)
                case "GATHERED":
                    yield self._at(World.TENSOR, token)
                case "FUNCTION" if normalise(token) in self._own or normalise(token) not in syntax.FUNCTIONS:
                    yield self._at(World.FUNCTION, token, 3 if first == "DEF" and place == 1 else 0)
                case "NAME":
                    yield self._name(place, token)
                case "PRIMED" if place in self._compared and normalise(token) in self._letters:
                    yield self._index(normalise(token), span_of(token), bare=True)
                case _:
                    pass

    def _declaration(self) -> Iterator[Occurrence]:
        """`index i, j: H`"""
        world = World.INDEX
        for token in self._tokens[1:]:
            if token.type == "COLON":
                world = World.SIZE
            elif token.type in ("NAME", "PRIMED"):
                entity = Entity(world, normalise(token))
                weight = 2 if world is World.INDEX else 0
                yield Occurrence(entity, span_of(token), self._number, weight, braced=True)

    def _name(self, place: int, token: Token) -> Occurrence:
        name = normalise(token)
        tokens = self._tokens
        shape = len(tokens) > 1 and tokens[1].type == "IN"
        following = tokens[place + 1].type if place + 1 < len(tokens) else ""
        bare = following not in ("SUBSCRIPT", "SUBSCRIPT_OPEN")
        if shape and place > 1:
            return self._at(World.SIZE, token)
        if name in self._parameters and bare:
            weight = 3 if place < self._parameters[name] else 0
            entity = Entity(World.PARAMETER, name, self._number)
            return Occurrence(entity, span_of(token), self._number, weight, bare=bare)
        if bare and place in self._compared and name in self._letters:
            return self._index(name, span_of(token), bare=True)
        weight = 2 if shape else 3 if place == 0 and _is_equation(tokens) else 0
        if tokens[0].type == "GIVEN" and place == 2:
            weight = 1
        return Occurrence(Entity(World.TENSOR, name), span_of(token), self._number, weight, bare=bare)

    def _at(self, world: World, token: Token, weight: int = 0) -> Occurrence:
        return Occurrence(Entity(world, normalise(token)), span_of(token), self._number, weight)

    def _index(self, name: str, span: Span, braced: bool = False, bare: bool = False) -> Occurrence:
        statement = None if name in self._subscripts.declared else self._number
        return Occurrence(Entity(World.INDEX, name, statement), span, self._number, braced=braced, bare=bare)

    def _word(self, token: Token) -> Iterator[Occurrence]:
        """The letters of `_ij`, or of an item in braces."""
        span = span_of(token)
        braced = token.type == "WORD"
        start = span.start if braced else span.start + 1
        word = Word(normalise(token if braced else token[1:]), braced, Span(start, span.end))
        for letter in self._subscripts.word(word):
            yield self._index(letter.name, letter.span, braced=braced)


def _is_equation(tokens: Sequence[Token]) -> bool:
    """Whether a statement starts with a tensor and `=`."""
    kinds = [token.type for token in tokens]
    end = 1
    if kinds[1:2] == ["SUBSCRIPT"]:
        end = 2
    elif kinds[1:2] == ["SUBSCRIPT_OPEN"] and "RBRACE" in kinds:
        end = kinds.index("EQUAL") if "EQUAL" in kinds else 0
    return kinds[end : end + 1] == ["EQUAL"]


def _parameters(tokens: Sequence[Token]) -> dict[str, int]:
    """The parameters of a `def`, and where its head ends."""
    if tokens[0].type != "DEF":
        return {}
    end = next((place for place, token in enumerate(tokens) if token.type == "RPAR"), len(tokens))
    return {normalise(token): end for token in tokens[3:end] if token.type == "NAME"}
