"""Text → `Tree`, or every independent error of the text at once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from lark import Token
from lark.exceptions import UnexpectedToken

from einderiv.errors import EinError, EinSyntaxError, Source, raise_all
from einderiv.syntax import tree
from einderiv.syntax.characters import invisible, look_alike, unexpected
from einderiv.syntax.diagnosis import diagnose
from einderiv.syntax.grammar import parser
from einderiv.syntax.marking import mark
from einderiv.syntax.naming import check_names
from einderiv.syntax.reading import BYTES, check_length, most_statements, too_many, without_mark
from einderiv.syntax.refusals import refuse
from einderiv.syntax.statements import RawStatement, Splitter
from einderiv.syntax.vocabulary import normalise

_NONE: Mapping[str, int] = MappingProxyType({})


def parse(text: str, name: str = "<text>", functions: Mapping[str, int] = _NONE, limit: float = BYTES) -> tree.Tree:
    """The tree of a program; `name` is how messages call it.

    `functions` are those that another text defines, with their number of parameters; `limit` is how many bytes the text
    may have.

    >>> sketch(parse("a_i = W_ij x_j + b_i").statements[0])
    'a_i = ((W_ij x_j) + b_i)'

    Raises the first error of the text, with the further independent ones as its `others`.
    """
    found, errors = read(text, name, functions, limit)
    raise_all(errors)
    return found


def read(
    text: str, name: str = "<text>", functions: Mapping[str, int] = _NONE, limit: float = BYTES
) -> tuple[tree.Tree, list[EinError]]:
    """The tree of the statements that can be read, and the errors of the others, in the order of the text.

    The tree has only what means the same with the others mended: nothing, where an `index` line cannot be read.
    Raises the error of a text that is too large.
    """
    check_length(text, name, limit)
    source = Source(without_mark(text), name)
    errors: list[EinError] = list(invisible(source.text))
    statements: list[tree.Statement] = []
    whole = True
    known = dict(functions)
    most = most_statements(limit)
    for count, raw in enumerate(Splitter(source).statements()):
        if count >= most:
            errors.append(too_many(name, limit))
            break
        try:
            statements.append(_statement(raw, source.text))
        except EinError as error:
            errors.append(error)
            known.update(_function(raw.tokens))
            whole = whole and raw.tokens[0] != "index"
    for statement in statements:
        if isinstance(statement, tree.FunctionDefinition):
            known[statement.name] = len(statement.parameters)
    wrong = {id(statement): error for statement, error in check_names(statements, known, source.text)}
    errors += wrong.values()
    sound = tuple(statement for statement in statements if id(statement) not in wrong) if whole else ()
    told = [error.at(source) if error.labels else error for error in _independent(errors, source)]
    return tree.Tree(sound, source), told


def _independent(errors: list[EinError], source: Source) -> list[EinError]:
    """The errors in the order of the text, without those of lines that invisible characters spoil."""
    spoilt = {source.place(_place(error))[0] for error in errors if error.code == "E0104"}
    return [
        error
        for error in sorted(errors, key=_place)
        if error.code == "E0104" or not error.labels or source.place(_place(error))[0] not in spoilt
    ]


def _place(error: EinError) -> int:
    return error.labels[0].span.start if error.labels else -1


def _statement(raw: RawStatement, text: str) -> tree.Statement:
    """One statement, or its first error."""
    tokens = raw.tokens
    strange = next((token for token in tokens if token.type == "UNEXPECTED"), None)
    if strange is not None and (raw.fault is None or raw.fault.code != "E0116"):
        raise unexpected(strange, text)
    problem = raw.fault or look_alike(tokens)
    if problem is not None:
        raise problem
    mark(tokens, text)
    refuse(tokens, text)
    return _parsed(tokens, text)


def _parsed(tokens: list[Token], text: str) -> tree.Statement:
    found: EinSyntaxError | EinError
    try:
        return cast(tree.Statement, parser().parse(cast(str, tokens)))
    except UnexpectedToken as problem:
        at = next((place for place, token in enumerate(tokens) if token is problem.token), len(tokens))
        found = diagnose(tokens, at, text, frozenset(problem.accepts or problem.expected))
    raise found


def _function(tokens: list[Token]) -> dict[str, int]:
    """The function of a `def` that could not be read, so that its calls are not errors too."""
    if len(tokens) > 2 and tokens[0] == "def" and tokens[2].type == "OPEN":
        end = next((place for place, token in enumerate(tokens) if token.type == "RPAR"), len(tokens))
        return {normalise(tokens[1]): 1 + sum(token.type == "COMMA" for token in tokens[:end])}
    return {}
