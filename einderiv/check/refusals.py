"""What the summation rule leaves is refused, each case with the corrected text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from einderiv import syntax as tree
from einderiv.check.corrections import joined
from einderiv.check.subscripts import Letter, Subscripts, one_name, subscripts_of, walk
from einderiv.check.terms import Factor, times
from einderiv.errors import EinError, EinIndexError, Label, Span

POSITIONS = frozenset({"argmax", "argmin"})
"""The reductions whose value is a position."""
SHOWN = 6  # indices of one term that are marked
_FRESH = "kclmnpqrstijabdefghuvwxyz"


@dataclass(frozen=True, slots=True)
class Site:
    """Where an index is closed: a product or tensor sums over it (`sum`, `trace`), or a reduction has it (`bound`)."""

    expression: tree.Expression
    letter: str
    kind: str


Closed = Mapping[str, tuple[Site, ...]]


def together(closed: Iterable[Closed]) -> Closed:
    """All sites of several expressions."""
    found: dict[str, tuple[Site, ...]] = {}
    for each in closed:
        for letter, sites in each.items():
            found[letter] = (*found[letter], *sites) if letter in found else sites
    return found


def listed(words: Sequence[str], last: str = "and") -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{word}`" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"


@dataclass(slots=True)
class Refusals:
    """Collects the errors of one statement; `letters` are all its index letters, `left` those of its left side."""

    subscripts: Subscripts
    letters: frozenset[str] = frozenset()
    left: Mapping[str, Span] = field(default_factory=dict)
    errors: list[EinError] = field(default_factory=list)

    def add(
        self, code: str, message: str, labels: Sequence[Label], notes: Sequence[str] = (), helps: Sequence[str] = ()
    ) -> None:
        """Note an error."""
        source = self.subscripts.source
        self.errors.append(EinIndexError(code, message, source=source, labels=labels, notes=notes, helps=helps))

    # ---------------------------------------------------------- corrected text

    def text(self, span: Span, changes: Mapping[Span, str] | None = None) -> str:
        """The text of a span on one line, some of it changed."""
        source: str = self.subscripts.source.text
        pieces: list[str] = []
        position = span.start
        for place, instead in sorted((changes or {}).items(), key=_start):
            pieces += [source[position : place.start], instead]
            position = place.end
        pieces.append(source[position : span.end])
        return " ".join("".join(pieces).split())

    def places(self, expression: tree.Expression, letter: str) -> list[Span]:
        """Where an index stands in an expression."""
        found = []
        for part, compared in walk(expression):
            if isinstance(part, tree.Tensor) and part.subscript is None and compared and part.name == letter:
                found.append(part.span)
            for subscript in subscripts_of(part):
                found += [each.span for each in self.subscripts.letters(subscript) if each.name == letter]
        return found

    def renamed(self, span: Span, letter: str, within: Iterable[tree.Expression], fresh: str = "") -> str:
        """The text of a span with an index of some expressions in it given another letter."""
        fresh = fresh or self.fresh()
        return self.text(span, {place: fresh for each in within for place in self.places(each, letter)})

    def fresh(self) -> str:
        """A letter that the statement does not use."""
        taken = self.letters | self.subscripts.declared
        candidates = [*_FRESH, *(f"k{number}" for number in range(2, len(taken) + 3))]
        found: str = next(letter for letter in candidates if letter not in taken)
        return found

    # -------------------------------------------------------------- left sides

    def repeated_left(self, equation: tree.Equation, left: Sequence[Letter]) -> None:
        """`D_ii = …`."""
        seen: dict[str, Letter] = {}
        for place, letter in enumerate(left):
            first = seen.setdefault(letter.name, letter)
            if first is not letter:
                name, body, fresh = equation.name, self.text(equation.body.span), self.fresh()
                names = [each.name for each in left]
                apart = _subscript([*names[:place], fresh, *names[place + 1 :]])
                self.add(
                    "E0204", f"index `{letter.name}` is repeated on the left-hand side",
                    [Label(letter.span, "repeated here"), Label(first.span, "first use")],
                    helps=[
                        "to put a vector on a diagonal write "
                        f"`{name}{apart} = δ{_subscript([letter.name, fresh])} {body}`",
                        "to extract a diagonal repeat the index on the right: "
                        f"`{name.lower()}{_subscript(list(dict.fromkeys(names)))} = {self.text(equation.head_span)}`",
                    ],
                )  # fmt: skip
                return

    def dangling(
        self,
        equation: tree.Equation,
        left: Sequence[Letter],
        terms: Sequence[tuple[tree.Expression, tuple[str, ...]]],
    ) -> None:
        """Indices open in a term that the left side does not have."""
        if self.errors:
            return
        wanted = [letter.name for letter in left]
        for term, opens in terms:
            extra = [letter for letter in opens if letter not in wanted]
            missing = [letter for letter in wanted if letter not in opens]
            if len(terms) > 1 and extra and len(missing) >= len(extra):
                other = next(((each, found) for each, found in terms if missing[0] in found), None)
                if other is not None:
                    self._different(equation, term, opens, other, dict(zip(extra, missing, strict=False)))
                    continue
            if extra:
                self._used_once(equation, term, extra)

    def _different(
        self,
        equation: tree.Equation,
        term: tree.Expression,
        opens: Sequence[str],
        other: tuple[tree.Expression, tuple[str, ...]],
        rename: Mapping[str, str],
    ) -> None:
        plural = ["free indices" if len(found) > 1 else "free index" for found in (opens, other[1])]
        changes = {place: new for old, new in rename.items() for place in self.places(term, old)}
        words = listed(list(rename)), listed(list(rename.values()))
        self.add(
            "E0205", "the terms of this sum have different free indices",
            [Label(term.span, f"{plural[0]}: {', '.join(opens)}"),
             Label(other[0].span, f"{plural[1]}: {', '.join(other[1])}")],
            notes=[f"every term must have the indices of `{self.text(equation.head_span)}`"],
            helps=[f"rename {words[0]} to {words[1]}: `{self.text(term.span, changes)}`"],
        )  # fmt: skip

    def _used_once(self, equation: tree.Equation, term: tree.Expression, extra: Sequence[str]) -> None:
        places = {letter: self.places(term, letter) for letter in extra}
        once = all(len(found) == 1 for found in places.values())
        remark = "is used only here" if once else "is not summed"
        if len(extra) > 1:
            several = listed(extra) if len(extra) <= SHOWN else f"{_beginning(extra)} and {len(extra) - 3} more"
            message = f"indices {several} are " + ("each used only once" if once else "not summed")
            message += " and are not on the left-hand side"
        else:
            fact = "used only once" if once else "not summed"
            message = f"index `{extra[0]}` is {fact} and is not on the left-hand side"
        helps = []
        missing = [name for name in self.left if not self.places(term, name)]
        if len(extra) == len(missing) == 1:
            changes = {place: missing[0] for place in places[extra[0]]}
            helps.append(f"for the index of the left-hand side write `{self.text(term.span, changes)}`")
        pair = joined(term, self.subscripts, *extra) if len(extra) == 2 and once else None
        if pair is not None:
            contracted = self.text(term.span, {place: extra[0] for place in places[extra[1]]})
            helps.append(f"to contract `{pair[0]}` with `{pair[1]}` use the same index in both: `{contracted}`")
        head = f"sum_{extra[0]}" if len(extra) == 1 and len(extra[0]) == 1 else f"sum_{{{','.join(extra)}}}"
        both = {1: "it", 2: "both"}.get(len(extra), "all")
        helps.append(f"to sum over {both}, say so: write `{head} {self.text(term.span)}`")
        for part, _ in walk(term):
            if isinstance(part, tree.Tensor) and (name := one_name(part.name, part.subscript, extra)):
                helps.append(f"if `{self.text(part.span)}` is one name, write it without `_`: `{name}`")
        self.add(
            "E0203", message,
            [Label(places[letter][0], f"`{letter}` {remark}") for letter in extra[:SHOWN] if places[letter]],
            notes=["an index is summed when it appears twice in a term"], helps=helps,
        )  # fmt: skip

    # -------------------------------------------------------------- reductions

    def reduction(
        self,
        reduction: tree.Reduction,
        letters: Sequence[Letter],
        found: Sequence[str],
        wanted: frozenset[str],
        kept: frozenset[str],
    ) -> frozenset[str]:
        """Indices that a reduction binds although they are wanted or kept, or names although its body lacks them."""
        head, refused = self.text(reduction.head_span), set[str]()
        for position, letter in enumerate(letters):
            name = letter.name
            if name in {each.name for each in letters[:position]}:
                once = ",".join(dict.fromkeys(each.name for each in letters))
                self.add(
                    "E0204", f"index `{name}` is named twice by `{head}`", [Label(letter.span, "repeated here")],
                    helps=[f"name it once: `{reduction.function}_{{{once}}}`"],
                )  # fmt: skip
            elif name in wanted or name in kept:
                refused.add(name)
                self._rebound(reduction, name, head, name in wanted)
            elif name not in found:
                self._lacking(reduction, name, head, found, wanted | kept)
        return frozenset(refused)

    def several_positions(self, reduction: tree.Reduction, letters: Sequence[Letter]) -> None:
        """`argmax_{ij}(…)`: a position is that of one index."""
        if reduction.function in POSITIONS and len(letters) > 1:
            self.add(
                "E0224", f"`{self.text(reduction.head_span)}` is the position of one index, but names {len(letters)}",
                [Label(reduction.head_span)], helps=[f"take one index: `{reduction.function}_{letters[-1].name}(...)`"],
            )  # fmt: skip

    def _rebound(self, reduction: tree.Reduction, name: str, head: str, wanted: bool) -> None:
        verb = "summed" if reduction.function == "sum" else "bound"
        where = "a free index of this equation" if name in self.left else "already bound around it"
        if not wanted:
            where = "an index of another term of this bracket"
        other = [Label(self.left[name], "free index")] if name in self.left else []
        self.add(
            "E0207", f"`{head}` reuses `{name}`, which is also {where}".replace("also already", "already"),
            [Label(reduction.head_span, f"{verb} here"), *other],
            helps=[f"use another letter for the {'sum' if verb == 'summed' else 'reduction'}: "
                   f"`{self.renamed(reduction.span, name, [reduction])}`"],
        )  # fmt: skip

    def _lacking(
        self, reduction: tree.Reduction, name: str, head: str, found: Sequence[str], taken: frozenset[str]
    ) -> None:
        sums = reduction.function == "sum"
        has = f"has only {listed(found)}" if found else "has no index"
        what = "sums over" if sums else "runs over"
        rest = self.text(Span(reduction.head_span.start, reduction.span.end), {reduction.head_span: ""})
        helps = [f"remove `{head}`: `{rest}`"]
        free = [letter for letter in found if letter not in taken]
        if free:
            subscript = free[0] if len(free) == 1 and len(free[0]) == 1 else f"{{{','.join(free)}}}"
            gap = "" if rest.startswith("(") else " "
            which = f"`{free[0]}`, `{free[1]}` or both" if len(free) == 2 else listed(free, "or")
            helps = [f"{'sum over' if sums else 'name'} {which}: `{reduction.function}_{subscript}{gap}{rest}`"]
        self.add(
            "E0208", f"`{head}` {what} `{name}`, but {'the summand' if sums else 'its argument'} {has}",
            [Label(reduction.head_span), Label(reduction.body.span, f"indices: {', '.join(found) or 'none'}")],
            notes=[f"this would multiply the result by the size of `{name}`"] if sums else [], helps=helps,
        )  # fmt: skip

    # ---------------------------------------------------------------- products

    def summed_and_open(
        self,
        term: tree.Expression,
        factors: Sequence[Factor],
        closed: Sequence[Closed],
        openers: Mapping[str, Sequence[int]],
        outer: bool,
    ) -> None:
        """An index closed inside one factor and open in another; if it stands twice in a tensor, anywhere else."""
        told = set[str]()
        owners: dict[str, list[int]] = {}
        for position, each_closed in enumerate(closed):
            for letter in each_closed:
                owners.setdefault(letter, []).append(position)
        for position, (factor, inside) in enumerate(zip(factors, closed, strict=True)):
            for letter, sites in inside.items():
                others = [each for each in openers.get(letter, ()) if each != position]
                others += [position] if list(openers.get(letter, ())).count(position) > 1 else []
                direct = sites[0].kind == "trace" and sites[0].expression in (factor.expression, _base(factor))
                if direct:
                    others += [each for each in owners[letter] if each != position]
                    others += [position] if outer and times(factor) > 1 else []
                if others and letter not in told:
                    told.add(letter)
                    lonely = outer and len(openers.get(letter, ())) == 1
                    self._two_meanings(term, factors, position, sites, factors[others[0]], lonely)

    def _two_meanings(
        self,
        term: tree.Expression,
        factors: Sequence[Factor],
        position: int,
        sites: Sequence[Site],
        other: Factor,
        lonely: bool,
    ) -> None:
        """Tell both readings; where the index is `lonely`, another letter inside leaves it to be summed outside."""
        site, letter = sites[0], sites[0].letter
        factor = factors[position].expression
        written = self.text(site.expression.span)
        facts = {
            "sum": f"is summed inside `{written}`",
            "trace": f"stands twice in `{written}`",
            "bound": f"is bound by `{self.text(_head(site))}`",
        }
        outside = "is raised to a power" if other.expression is factor else "stands outside of it"
        own = self.renamed(term.span, letter, [each.expression for each in sites])
        if other.expression is factor and site.kind == "trace":
            own = f"({written}){self.text(Span(site.expression.span.end, factor.span.end))}"
        whole = f"sum_{letter}" if len(letter) == 1 else f"sum_{{{letter}}}"
        helps = [f"for a sum of its own write `{whole + ' ' if lonely else ''}{own}`"]
        if site.kind != "bound":
            helps.insert(0, f"for one sum over everything write `{whole} {self.text(term.span)}`")
        elif site.expression is factor and isinstance(factor, tree.Reduction) and factor.function == "sum":
            gap = Span(factor.head_span.start, factor.body.span.start)
            if len(self.subscripts.letters(factor.indices)) == 1:
                helps.insert(0, f"for one sum over everything write `{whole} {self.text(term.span, {gap: ''})}`")
        remark = facts[site.kind].removeprefix("is ")
        labels = [Label(site.expression.span if site.kind != "bound" else _head(site), remark)]
        place = next(iter(self.places(other.expression, letter)), other.expression.span)
        labels += [Label(place, f"`{letter}` also stands here")] if other.expression is not factor else []
        self.add(
            "E0209", f"index `{letter}` {facts[site.kind]} and also {outside}",
            labels, notes=["this has two meanings, so it is not guessed"], helps=helps,
        )  # fmt: skip

    # ------------------------------------------------------------------- atoms

    def symbol(self, symbol: tree.Symbol, letters: Sequence[Letter]) -> None:
        """δ has two indices, ε two or more."""
        count = len(letters)
        if symbol.kind == "δ" and count != 2:
            self.add(
                "E0218", f"`δ` has two indices, but here {count}", [Label(symbol.span)],
                helps=["write it as a product, e.g. `δ_ij δ_jk`"],
            )  # fmt: skip
        if symbol.kind == "ε" and count < 2:
            self.add(
                "E0218", f"`ε` has two or more indices, but here {count}", [Label(symbol.span)],
                helps=["write e.g. `ε_ijk` in three dimensions, or `ε_ij` in two"],
            )  # fmt: skip

    def below_in_top(self, derivative: tree.Derivative) -> None:
        """`∂(A_ij x_i x_j)/∂x_i`: is i below that of the sum?"""
        for tensor in derivative.below:
            for letter in self.subscripts.letters(tensor.subscript):
                inside = self.places(derivative.top, letter.name)
                if inside:
                    changed = self.text(derivative.span, {letter.span: self.fresh()})
                    self.add(
                        "E0215", f"index `{letter.name}` below also occurs in the bracket on top",
                        [Label(letter.span, "below"), Label(inside[0], "on top")],
                        helps=[f"use another letter below: `{changed}`"],
                    )  # fmt: skip
                    return


def _subscript(letters: Sequence[str]) -> str:
    """`_ij`, or `_{batch,k}`."""
    return f"_{''.join(letters)}" if all(len(each) == 1 for each in letters) else f"_{{{','.join(letters)}}}"


def _beginning(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words[:3])


def _start(change: tuple[Span, str]) -> int:
    return change[0].start


def _base(factor: Factor) -> tree.Expression | None:
    return factor.expression.base if isinstance(factor.expression, tree.Power) else None


def _head(site: Site) -> Span:
    return site.expression.head_span if isinstance(site.expression, tree.Reduction) else site.expression.span
