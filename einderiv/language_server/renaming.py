"""Renaming: every place of a name, or why it cannot have the new one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lark import Token

from einderiv import syntax
from einderiv.language_server.document import Document, TextEdit, checked, edited
from einderiv.language_server.occurrences import Entity, Occurrence, World
from einderiv.syntax import normalise

_LETTER = re.compile(r"[^\W\d_]\d*['′]*")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not renamed."""

    message: str


def renamable(document: Document, offset: int) -> Occurrence | Refusal:
    """What would be renamed at a place."""
    return document.occurrence_at(offset) or Refusal("there is no name here that could be changed")


def rename(document: Document, offset: int, new: str) -> list[TextEdit] | Refusal:
    """The edits that give what stands at a place another name."""
    found = renamable(document, offset)
    if isinstance(found, Refusal):
        return found
    entity, name = found.entity, normalise(new)
    if name == entity.name:
        return []
    places = document.of(entity)
    problem = _unfit(entity, name, places) or _clash(document, entity, name)
    if problem is not None:
        return Refusal(problem)
    edits = [TextEdit(each.span, new) for each in places]
    if not _reads_the_same(document, entity, name, edits):
        return Refusal(f"with the name `{new}` the text would mean something else")
    return edits


def _unfit(entity: Entity, name: str, places: list[Occurrence]) -> str | None:
    """Why this cannot be such a name at all."""
    if entity.world is World.INDEX:
        if _LETTER.fullmatch(name) and all(each.type in ("NAME", "PRIMED") for each in _words(name)):
            return None
        long = [each.type for each in _words(name)] == ["NAME"]
        if long and entity.statement is None and all(each.braced for each in places):
            return None
        return f"`{name}` is not an index: one letter, with digits or primes behind it" + (
            "; a longer name stands in braces and is declared by an `index` line" if long else ""
        )
    if [each.type for each in _words(name)] == ["NAME"]:
        return None
    if name in syntax.RESERVED:
        return f"`{name}` is a word of the language"
    return f"`{name}` is not a name: a Latin or Greek letter, then such letters and digits"


def _words(name: str) -> list[Token]:
    return [token for tokens in syntax.words(name) for token in tokens]


def _clash(document: Document, entity: Entity, name: str) -> str | None:
    """What has this name already."""
    for other in document.occurrences:
        if other.entity.world is not entity.world or other.entity.name != name:
            continue
        if None in (other.entity.statement, entity.statement) or other.entity.statement == entity.statement:
            line = document.positions.position(other.span.start)[0] + 1
            return f"there is {_article(entity.world)} `{name}` already, in line {line}"
    return None


def _article(world: World) -> str:
    return f"an {world.value}" if world is World.INDEX else f"a {world.value}"


def _reads_the_same(document: Document, entity: Entity, name: str, edits: list[TextEdit]) -> bool:
    """Whether after the edits the same things stand at the same places, and no error has come."""
    changed = Document(edited(document.text, edits))
    if _kinds(document) != _kinds(changed):
        return False
    renamed = Entity(entity.world, name, entity.statement)
    wanted = [renamed if each.entity == entity else each.entity for each in document.occurrences]
    if wanted != [each.entity for each in changed.occurrences]:
        return False
    errors = [each for each in document.told if each.severity == "error"]
    return len([each for each in checked(changed.text, document.name)[1] if each.severity == "error"]) <= len(errors)


def _kinds(document: Document) -> list[list[str]]:
    """The kinds of all words; a letter stays one when it gets a prime."""
    return [[token.type.replace("PRIMED", "NAME") for token in tokens] for tokens in document.statements]
