"""Subscripts → what stands on each axis: in `W_ij` two letters, in `X_{batch,k}` two where `batch` is declared."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from einderiv import syntax as tree
from einderiv.errors import EinIndexError, EinNameError, Label, Source, Span
from einderiv.syntax import LINEAR_ALGEBRA, RESERVED, normalise

_LETTER = re.compile(r"[^\W\d_]\d*['′]*")


@dataclass(frozen=True, slots=True)
class Letter:
    """An index where it stands."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Computed:
    """A position computed from indices, `2i+k+1`; without terms a fixed one."""

    terms: tuple[tuple[int, Letter], ...]
    constant: int
    span: Span


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A position that a tensor of integers holds: `y_n` in `F_{n,y_n}`."""

    name: str
    axes: tuple[Standing, ...]
    span: Span


Standing = Letter | Computed | LookedUp
"""What may stand on an axis."""


class Subscripts:
    """Splits words into letters; `declared` are the names of the `index` lines."""

    def __init__(self, source: Source, declared: Collection[str]) -> None:
        self.source = source
        self.declared = frozenset(declared)
        self._split: dict[int, tuple[tree.Subscript, tuple[Standing, ...]]] = {}
        self._grouped: dict[int, tuple[tree.Subscript, list[tuple[Letter, ...]]]] = {}

    def axes(self, subscript: tree.Subscript | None) -> tuple[Standing, ...]:
        """What stands on each axis."""
        if subscript is None:
            return ()
        known = self._split.get(id(subscript))
        if known is None:
            known = subscript, tuple(each for item in subscript.items for each in self._item(item))
            self._split[id(subscript)] = known
        return known[1]

    def letters(self, subscript: tree.Subscript | None) -> tuple[Letter, ...]:
        """All letters of a subscript, also those in computed positions; of plain indices one an axis."""
        first, *others = self.groups(subscript)
        return tuple(letter for group in (first, *others) for letter in group) if others else first

    def groups(self, subscript: tree.Subscript | None) -> Sequence[tuple[Letter, ...]]:
        """The letters of a tensor, then those of each tensor it is looked up by.

        `F_{n,y_n}` means `F_nk [k == y_n]`, so its letters are those of two factors.
        """
        if subscript is None:
            return [()]
        known = self._grouped.get(id(subscript))
        if known is None:
            known = self._grouped[id(subscript)] = subscript, [tuple(group) for group in self._groups(subscript)]
        return known[1]

    def _groups(self, subscript: tree.Subscript) -> list[list[Letter]]:
        own: list[Letter] = []
        groups = [own]
        pending: list[tuple[list[Letter], Standing]] = [(own, each) for each in reversed(self.axes(subscript))]
        while pending:
            group, standing = pending.pop()
            match standing:
                case Letter():
                    group.append(standing)
                case Computed(terms=terms):
                    group += [letter for _, letter in terms]
                case LookedUp(axes=axes):
                    looked: list[Letter] = []
                    groups.append(looked)
                    pending += [(looked, each) for each in reversed(axes)]
        return groups

    def _item(self, item: tree.Word | tree.Affine | tree.Gather) -> Iterator[Standing]:
        match item:
            case tree.Word():
                yield from self.word(item)
            case tree.Affine():
                yield self._computed(item)
            case tree.Gather(name=name, subscript=subscript, span=span):
                if name in RESERVED:
                    raise EinNameError(
                        "E0212", f"`{name}` is a word of the language and no tensor of positions",
                        source=self.source, labels=[Label(span)], helps=["give the tensor another name"],
                    )  # fmt: skip
                yield LookedUp(name, self.axes(subscript), span)

    def _computed(self, item: tree.Affine) -> Computed:
        terms = tuple((factor, letter) for factor, word in item.terms for letter in self.word(word))
        written = self.source.text[item.span.start : item.span.end]
        for position, (factor, letter) in enumerate(terms):
            twice = any(letter.name == other.name for _, other in terms[:position])
            if twice or factor == 0:
                fact = "stands twice" if twice else "has the factor 0"
                fix = f"write it once, e.g. `2{letter.name}`" if twice else "leave it out"
                raise EinIndexError(
                    "E0222", f"index `{letter.name}` {fact} in `{written}`", source=self.source,
                    labels=[Label(letter.span)], helps=[fix],
                )  # fmt: skip
        if item.constant < 0 and all(factor > 0 for factor, _ in terms):
            first = " = ".join([letter.name for _, letter in terms] + ["0"])
            plain = "+".join(f"{factor if factor > 1 else ''}{letter.name}" for factor, letter in terms)
            before = _defined_by_itself(self.source.text[max(item.span.start - 200, 0) : item.span.start])
            recursion = f"einderiv has no recursion; pass what is before as an input, e.g. `{before}prev`"
            raise EinIndexError(
                "E0222", f"`{written}` is {item.constant} at {first}, and positions count from 0", source=self.source,
                labels=[Label(item.span, "below 0")],
                helps=[recursion] if before else
                      [f"shift all positions by {-item.constant}: `{{{plain}+0}}` here, and "
                       f"`{{{plain}+{-item.constant}}}` in place of `{{{plain}}}`"],
            )  # fmt: skip
        return Computed(terms, item.constant, item.span)

    def word(self, word: tree.Word) -> Iterator[Letter]:
        """The letters of one item."""
        name = normalise(word.text)
        if word.braced and name in self.declared:
            yield Letter(name, word.span)
            return
        for match in _LETTER.finditer(word.text):
            start = word.span.start + match.start()
            yield Letter(normalise(match.group()), Span(start, start + len(match.group())))


def _defined_by_itself(before: str) -> str:
    """The tensor whose subscript a text ends in, where the line is its equation: `y` for `y_t = a y_{`."""
    line = before.rpartition("\n")[2]
    name = re.search(r"([^\W_]+)_\{[^{}]*\Z", line)
    head = re.match(r"\s*([^\W_]+)(?:_(?:\{[^{}]*\}|[^\W_]+))?\s*=", line)
    return name[1] if name and head and name[1] == head[1] else ""


# ------------------------------------------------------------------ the walk


def inside(expression: tree.Expression) -> tuple[tree.Expression, ...]:
    """The expressions directly inside of one; of a derivative, the bracket on top; linear algebra is an atom."""
    match expression:
        case tree.Tensor() | tree.Number() | tree.Symbol():
            return ()
        case tree.Call() if is_algebra(expression):
            return ()
        case tree.Bracket(body=body) | tree.Reduction(body=body):
            return (body,)
        case tree.Sum(terms=terms):
            return tuple(term for _, term in terms)
        case tree.Product(factors=factors):
            return tuple(factor for factor, _ in factors)
        case tree.Power(base=base, exponent=exponent):
            return (base, exponent)
        case tree.Comparison(left=left, right=right):
            return (left, right)
        case tree.Iverson(comparison=comparison):
            return (comparison,)
        case tree.Call(arguments=arguments):
            return arguments
        case tree.Derivative(top=tree.Bracket() as top):
            return (top,)
        case tree.Derivative():
            return ()


def walk(expression: tree.Expression) -> Iterator[tuple[tree.Expression, bool]]:
    """All expressions in one, in the order of the text, and whether each stands in a comparison."""
    pending = [(expression, False)]
    while pending:
        current, compared = pending.pop()
        yield current, compared
        compared = compared or isinstance(current, tree.Comparison)
        if found := inside(current):
            pending += [(part, compared) for part in reversed(found)]


def subscripts_of(expression: tree.Expression) -> Iterator[tree.Subscript]:
    """The subscripts that directly belong to an expression."""
    match expression:
        case tree.Tensor(subscript=subscript) if subscript is not None:
            yield subscript
        case tree.Symbol(subscript=subscript):
            yield subscript
        case tree.Call(subscript=tree.Subscript() as subscript):
            yield subscript
        case tree.Reduction(indices=indices):
            yield indices
        case tree.Derivative(top=top, below=below):
            for tensor in (top, *below):
                if isinstance(tensor, tree.Tensor) and tensor.subscript is not None:
                    yield tensor.subscript
        case _:
            return


def is_algebra(expression: tree.Expression) -> TypeGuard[tree.Call]:
    """Whether this is a call of linear algebra."""
    return isinstance(expression, tree.Call) and expression.function in LINEAR_ALGEBRA


def one_name(name: str, subscript: tree.Subscript | None, dangling: Collection[str]) -> str:
    """The name that was meant by `learning_rate`, whose letters behind `_` are indices that nothing else has."""
    match subscript:
        case tree.Subscript(items=(tree.Word(text=word, braced=False),)) if len(name) > 1 and len(word) > 2:
            return name + word.capitalize() if len({*word}.intersection(dangling)) > 1 and word.isalpha() else ""
        case _:
            return ""


def letters_of(expression: tree.Expression, subscripts: Subscripts) -> frozenset[str]:
    """Every letter that stands in a subscript within the expression."""
    return frozenset(
        letter.name
        for part, _ in walk(expression)
        for subscript in subscripts_of(part)
        for letter in subscripts.letters(subscript)
    )
