"""Sizes: which axes and indices have the same size, found by unification over all equations and declarations.

An index variable, an axis of a tensor and a declared size are elements; whatever must agree is united.  A class has at
most one declared name and one number: two size names are two sizes.  Each class becomes one `Dim`.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from einderiv.check.explicit import Algebraic, Explicit, Index, Known, Reading, Reference, Shifted, parts
from einderiv.check.matrices import equal_axes, result_axes
from einderiv.check.program import Axis, Read
from einderiv.errors import EinError, EinShapeError, Label, Source, Span
from einderiv.ir import Dim
from einderiv.syntax import RESERVED


@dataclass(frozen=True, slots=True)
class Declared:
    """A size that has a name."""

    name: str


class Fact(NamedTuple):
    """Why an element has a size: in words, or the axis that it is on, and where that is written.

    `whole` is the tensor of the axis, as written.  What a message needs is found when there is one.
    """

    why: str | Axis
    span: Span | None
    whole: Reference | None = None

    @property
    def text(self) -> str:
        """Why, in words."""
        return self.why if isinstance(self.why, str) else f"in {self.why}"

    def turned(self) -> tuple[str, Axis] | None:
        """A tensor with two indices the other way round, and its other axis."""
        letters = [index.letter for index in self.whole.indices] if self.whole else []
        if isinstance(self.why, str) or len(letters) != 2 or not all(letters) or letters[0] == letters[1]:
            return None
        tensor, (first, second) = self.why.tensor, letters
        braced = len(first) > 1 or len(second) > 1
        written = f"{tensor}_{{{second},{first}}}" if braced else f"{tensor}_{second}{first}"
        return written, Axis(tensor, 1 - self.why.number)


@dataclass(frozen=True, slots=True)
class Reach:
    """An axis read at a position computed from indices, `position`, in a tensor written as `text`."""

    axis: Axis
    position: Shifted
    text: str
    span: Span

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters that the position is computed from."""
        return tuple(index.letter for _, index in self.position.terms)


@dataclass(slots=True)
class _Class:
    """What is known of elements of one size; `letter` is that of its first index, numbered by `age`."""

    name: str = ""
    number: int | None = None
    fact: Fact | None = None
    given: bool = False
    letter: str = ""
    age: int = 0

    def shown(self) -> str:
        return f"`{self.name}`" if self.name else str(self.number)

    def clashes(self, other: _Class) -> bool:
        """Whether the two are different sizes."""
        named = bool(self.name and other.name and self.name != other.name)
        return named or (self.number is not None and other.number is not None and self.number != other.number)

    @property
    def sized(self) -> bool:
        """Whether a declaration says the size."""
        return bool(self.name) or self.number is not None


@dataclass(slots=True)
class Sizes:
    """The classes of all elements of a program."""

    source: Source
    errors: list[EinError] = field(default_factory=list)
    reaches: list[Reach] = field(default_factory=list)
    _parent: dict[Hashable, Hashable] = field(default_factory=dict)
    _classes: dict[Hashable, _Class] = field(default_factory=dict)
    _sized_at: dict[Hashable, Fact] = field(default_factory=dict)
    _first_at: dict[Hashable, Fact] = field(default_factory=dict)
    _dims: dict[Hashable, Dim] = field(default_factory=dict)
    _age: int = 0
    _read_at: set[Axis] = field(default_factory=set)

    # ------------------------------------------------------------------ facts

    def declare(self, element: Hashable, size: str | int, fact: Fact) -> None:
        """An axis or an index has a declared size."""
        if isinstance(size, int):
            self._number(element, size, fact)
            return
        declared = self._class(Declared(size))
        declared.name, declared.fact, declared.given = size, declared.fact or fact, True
        self._unite(element, Declared(size), fact, fact)

    def _number(self, element: Hashable, number: int, fact: Fact) -> None:
        found = self._class(element)
        if found.number is not None and found.number != number:
            self._clash(element, found, _Class(number=number, fact=fact), self._where(element, fact), fact)
            return
        found.number, found.fact, found.given = number, found.fact or fact, True
        if isinstance(element, Index):
            self._sized_at.setdefault(element, fact)

    def pass_array(self, axis: Axis) -> None:
        """The caller's array fixes this axis."""
        self._class(axis).given = True

    def same(self, one: Axis, other: Axis, fact: Fact) -> None:
        """Two axes have the same size."""
        self._unite(one, other, fact, fact)

    def index(self, index: Index, axis: Axis, span: Span, whole: Reference | None = None) -> None:
        """An index stands on an axis, of a tensor with all indices as in `whole`."""
        fact = Fact(axis, span, whole)
        self._first_at.setdefault(index, fact)
        self._unite(index, axis, self._where(index, fact), fact)

    def expression(self, root: Explicit) -> None:
        """All that an expression says of sizes."""
        computed = _computed(root)
        pending = [root]
        while pending:
            current = pending.pop()
            match current:
                case Reference() | Algebraic():
                    self._tensor(current, {}, computed)
                case Reading(tensor=tensor, positions=positions):
                    self._tensor(tensor, dict(positions), computed)
                    pending.extend(position for _, position in reversed(positions))
                case Known(kind="δ", indices=(one, other), span=span):
                    tie = Fact(f"by `{self.source.text[span.start : span.end]}`", span)
                    self._unite(one, other, self._where(one, tie), self._where(other, tie), tie)
                    for index in (one, other):
                        self._first_at.setdefault(index, tie)
                case Known(kind="ε", indices=indices, span=span):
                    fact = Fact(f"in `{self.source.text[span.start : span.end]}`", span)
                    for index in indices:
                        self._number(index, len(indices), fact)
                case _:
                    pending.extend(reversed(parts(current)))

    def _tensor(
        self, tensor: Reference | Algebraic, at: Mapping[Index, Explicit], computed: Collection[tuple[Index, str]]
    ) -> None:
        """The axes of a tensor; an index that it has in a computed position too need not run over a whole axis."""
        axes = [Axis(tensor.name, number) for number in range(len(tensor.indices))]
        if isinstance(tensor, Algebraic):
            axes = result_axes(tensor)
            for one, other in equal_axes(tensor):
                self._equal(one, other, tensor)
        whole = tensor if isinstance(tensor, Reference) else None
        for axis, index, span in zip(axes, tensor.indices, tensor.spans, strict=True):
            position = at.get(index)
            if (index, tensor.name) in computed:
                position = Shifted(((1, index),), 0, span)
            else:
                self.index(index, axis, span, whole)
            if position is not None:
                self._read_at.add(axis)
            if isinstance(position, Shifted):
                text = self.source.text[tensor.span.start : tensor.span.end]
                self.reaches.append(Reach(axis, position, " ".join(text.split()), tensor.span))

    def _equal(self, one: Axis, other: Axis, algebra: Algebraic) -> None:
        """Two axes of the tensors of linear algebra have one size."""
        first, second = self._class(one), self._class(other)
        if first is second or not first.clashes(second):
            fact = Fact(f"by `{algebra.name}`", algebra.span)
            self._unite(one, other, fact, fact)
            return
        known = [(size.fact, f"{size.shown()} {size.fact.text}") for size in (first, second) if size.fact is not None]
        places = {fact.span: text for fact, text in known if fact.span is not None}
        square = one.tensor == other.tensor
        needs = "a square matrix" if square else "a right side as long as the matrix"
        self.errors.append(EinShapeError(
            "E0305", f"`{algebra.name}` needs {needs}, but {one} is {first.shown()} long and {other} {second.shown()}",
            source=self.source,
            labels=[Label(algebra.span, "square" if square else "one size"),
                    *(Label(span, text) for span, text in places.items() if span != algebra.span)],
            helps=[f"give both axes one size: `{one.tensor} ∈ R^{{N×N}}`" if square else "give both axes one size"],
        ))  # fmt: skip

    # ------------------------------------------------------------ union-find

    def _find(self, element: Hashable) -> Hashable:
        root = element
        while (parent := self._parent.get(root, root)) != root:
            root = parent
        while element != root:
            self._parent[element], element = root, self._parent[element]
        return root

    def _class(self, element: Hashable) -> _Class:
        root = self._find(element)
        found = self._classes.get(root)
        if found is None:
            self._age += 1
            letter = element.letter if isinstance(element, Index) else ""
            found = self._classes[root] = _Class(letter=letter, age=self._age)
        return found

    def _unite(self, one: Hashable, other: Hashable, why: Fact, also: Fact, tie: Fact | None = None) -> None:
        """Two elements have one size, `one` being what it is by `why` and `other` by `also`."""
        first, second = self._class(one), self._class(other)
        if first is second:
            return
        if first.clashes(second):
            self._clash(one, first, second, why, also, tie)
            return
        if (not first.letter or second.age < first.age) and second.letter:
            first.letter = second.letter
        first.name = first.name or second.name
        first.number = first.number if first.number is not None else second.number
        first.fact = first.fact or second.fact
        first.given = first.given or second.given
        first.age = min(first.age, second.age)
        root, leaf = self._find(one), self._find(other)
        self._parent[leaf] = root
        del self._classes[leaf]
        if first.sized:
            for element, fact in ((one, also), (other, why)):
                if isinstance(element, Index):
                    self._sized_at.setdefault(element, fact)

    def _where(self, element: Hashable, otherwise: Fact) -> Fact:
        """Where an index has its size from."""
        return self._sized_at.get(element) or self._first_at.get(element, otherwise)

    # ----------------------------------------------------------------- errors

    def _clash(
        self, element: Hashable, first: _Class, second: _Class, why: Fact, also: Fact, tie: Fact | None = None
    ) -> None:
        subject = f"index `{element.letter}`" if isinstance(element, Index) else str(element)
        places = [also, why, second.fact, first.fact]
        labels = {} if tie is None or tie.span is None else {tie.span: "one size"}
        for fact, size in zip(places, (second, first, second, first), strict=True):
            if fact is not None and fact.span is not None:
                labels.setdefault(fact.span, f"{size.shown()} {fact.text}")
        second_text = f"{second.shown()} long {also.text}"
        second_text = second_text if tie is None else f"{tie.text} tied to an index {second_text}"
        message = f"{subject} is {first.shown()} long {why.text} but {second_text}"
        both = bool(first.name and second.name)
        notes = [f"{first.shown()} and {second.shown()} are two sizes, even where the arrays agree"] if both else []
        self.errors.append(EinShapeError(
            "E0301", message, source=self.source, labels=[Label(span, text) for span, text in labels.items()],
            notes=notes,
            helps=[*self._turned(first, second, why, also), "give both places one size, or use two indices"],
        ))  # fmt: skip

    def _turned(self, first: _Class, second: _Class, why: Fact, also: Fact) -> Iterator[str]:
        """A matrix whose other axis has the size that the other place asks for."""
        for fact, wanted in ((why, second), (also, first)):
            if (turned := fact.turned()) is not None:
                written, axis = turned
                other = self._class(axis)
                if other.sized and not other.clashes(wanted):
                    yield f"with `{written}` the sizes agree"

    def sizeless(self, indices: Sequence[Index]) -> Iterator[Index]:
        """The first index of each class that no array, no declaration and no computed position fixes."""
        told = self._reached()
        for index in indices:
            root = self._find(index)
            if root not in told and not self._class(index).given:
                told.add(root)
                yield index

    def _reached(self) -> set[Hashable]:
        """The classes whose size follows from the axes that they read: each the only unknown one of a position."""
        found: set[Hashable] = set()

        def unknown(element: Hashable) -> bool:
            return self._find(element) not in found and not self._class(element).given

        while True:
            new: set[Hashable] = set()
            for reach in self.reaches:
                open_ = {self._find(index) for _, index in reach.position.terms if unknown(index)}
                if len(open_) == 1 and not unknown(reach.axis):
                    new |= open_
            if not new:
                return found
            found |= new

    def together(self, index: Index) -> Iterator[Reach]:
        """The positions that are computed from a missing index and others, from which no size follows."""
        root = self._find(index)
        for reach in self.reaches:
            roots = {self._find(other) for _, other in reach.position.terms}
            if root in roots and len(roots) > 1:
                yield reach

    # ------------------------------------------------------------------- dims

    def name_all(self, reserved: Sequence[str]) -> None:
        """Give each class its `Dim`, in the order in which they arise."""
        numbers: dict[str, int] = {}
        taken = {*reserved, *RESERVED, "R", *(found.name for found in self._classes.values())}
        read = {self._find(axis) for axis in self._read_at}
        unlettered = {root for root in read if root in self._classes and not self._classes[root].letter}
        for root, found in sorted(self._classes.items(), key=lambda each: (each[0] in unlettered, each[1].age)):
            name = found.name or ("" if found.number is None else str(found.number))
            if not name:
                name = _unused("P" if root in unlettered else _readable(found.letter), taken, numbers)
                taken.add(name)
            self._dims[root] = Dim(name, found.number)

    def dim(self, element: Hashable) -> Dim:
        """The size of an element."""
        return self._dims[self._find(element)]

    def named(self, name: str) -> Dim:
        """The size that is declared by a name; one that no tensor has is a size of its own."""
        return self._dims.get(self._find(Declared(name)), Dim(name, None))

    def reads(self, *, elsewhere: bool = False) -> Iterator[Read]:
        """The axes read at computed positions; their places only where that is in the text of the program."""
        for reach in self.reaches:
            terms = reach.position.terms
            yield Read(
                self.dim(reach.axis), tuple(factor for factor, _ in terms),
                tuple(self.dim(index) for _, index in terms), reach.position.constant, reach.axis, reach.letters,
                reach.text, None if elsewhere else reach.span,
            )  # fmt: skip

    def declared_at(self, dim: Dim) -> Label | None:
        """Where a size with a number is declared."""
        for root, found in self._classes.items():
            if self._dims.get(root) == dim and found.fact is not None and found.fact.span is not None:
                return Label(found.fact.span, f"{found.shown()} {found.fact.text}")
        return None


def _computed(root: Explicit) -> set[tuple[Index, str]]:
    """The indices that stand in a computed position of a tensor, with its name."""
    found: set[tuple[Index, str]] = set()
    pending = [root]
    while pending:
        current = pending.pop()
        if isinstance(current, Reading):
            for _, position in current.positions:
                if isinstance(position, Shifted):
                    found |= {(index, current.tensor.name) for _, index in position.terms}
        pending.extend(parts(current))
    return found


def _readable(letter: str) -> str:
    """A size's name from the letter of an index: `n` gives N; Greek letters, whose capitals look Latin, stay."""
    plain = "".join(character for character in letter if character.isalpha())
    return plain.upper() if plain.isascii() and plain else plain or "N"


def _unused(base: str, taken: set[str], numbers: dict[str, int]) -> str:
    """`base`, or with the next number that makes it new; `numbers` has the last one of each."""
    name = base
    while name in taken:
        numbers[base] = numbers.get(base, 1) + 1
        name = f"{base}{numbers[base]}"
    return name
