"""A derivation line by line: which rule is applied next, until no derivative is left and no δ can be contracted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from einderiv import check, syntax
from einderiv.by_hand import (
    ZERO,
    by_itself,
    by_itself_symmetric,
    filled,
    itself,
    mapped,
    of_algebra,
    of_axis,
    of_call,
    of_reading,
    of_reduction,
    of_term,
    product,
    replaced,
)
from einderiv.check import explicit as e
from einderiv.errors import EinTypeError
from einderiv.formulas import Lettering, opened, written
from einderiv.render import Style, lines, mimebundle, name_latex, notation, sides, text, title_latex
from einderiv.tidying import collected, contracted, multiplied_out, selected, tidied, without_ones

MOST = 80  # lines of a derivation
LONGEST = 400  # symbols in a line

SIMPLIFICATIONS = (
    ("contract δ", contracted),
    ("a position is met once", selected),
    ("ones are 1", without_ones),
    ("multiply out", multiplied_out),
    ("equal terms", collected),
)

Rule = Callable[[e.Differentiated], tuple[str, e.Explicit] | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One line: what stands right of `=`, as text and as LaTeX, and the rule that led from the line above to it."""

    text: str
    latex: str
    rule: str


@dataclass(frozen=True, slots=True)
class Derivation:
    """A derivative as one takes it by hand: `left` is equal to each of `steps`, whose indices are `letters`."""

    left: str
    left_latex: str
    letters: tuple[str, ...]
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        width = min(max(len(step.text) for step in self.steps), 72)
        rows = [f"  = {step.text.ljust(width)}   {step.rule}".rstrip() for step in self.steps]
        return "\n".join([self.left, *rows])

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def latex(self) -> str:
        """The lines as LaTeX, each a formula; its rule stands behind it."""
        return lines(self._pairs())

    def _pairs(self) -> list[tuple[str, str]]:
        lefts = [self.left_latex, *("" for _ in self.steps[1:])]
        return [
            (left, rf"{step.latex} \qquad {_reason(step.rule)}") for left, step in zip(lefts, self.steps, strict=True)
        ]

    def _repr_mimebundle_(self, **_: object) -> Mapping[str, str]:
        return mimebundle(str(self), self._pairs())


class Derivations(dict[str, Derivation]):
    """Several derivations, by what they are of, which notebooks show one below the other."""

    def _repr_mimebundle_(self, **_: object) -> Mapping[str, str]:
        pairs = [pair for each in self.values() for pair in each._pairs()]
        return mimebundle("\n\n".join(map(str, self.values())), pairs)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # else IPython prints it as any other dict
        printer.text("\n\n".join(map(str, self.values())))


def _reason(rule: str) -> str:
    """A rule in LaTeX: words, with names and δ as in formulas."""
    pieces = []
    for words in rule.split(", "):
        left, equal, right = words.partition(" = ")
        if equal:
            deltas = [rf"\delta_{{{piece[2:]}}}" for piece in right.split()] if "δ" in right else [right]
            pieces.append(f"{title_latex(left)} = {' '.join(deltas)}")
        else:
            parts = re.split(r"`([^`]*)`", words.replace("contract δ", "contract `δ`"))
            pieces.append(
                "".join(
                    name_latex(part) if place % 2 else rf"\text{{{part}}}" if part else ""
                    for place, part in enumerate(parts)
                )
            )
    return r",\ ".join(pieces)


def derivation(program: check.Program, title: str) -> Derivation:
    """The derivation of one derivative, written as in a file."""
    ((_, asked),) = check.written_out(program, check.read_query(program, title))
    hand = _Hand(program)
    scope = Lettering({index: index.letter for index in asked.axes}, frozenset(hand.taken))
    found = [("", asked.body), *hand.lines(asked.body)]
    shown = [(written(body, scope), rule) for rule, body in found]
    style = Style()
    formulas = [sides(notation.Equation("", (), body), style)[1] for body, _ in shown]
    steps = [Step(text(body), formula, rule) for (body, rule), formula in zip(shown, formulas, strict=True)]
    letters = tuple(index.letter for index in asked.axes)
    return Derivation(steps[0].text, formulas[0], letters, tuple(steps[1:]) or (steps[0],))


class _Hand:
    """Takes the derivatives of one program by hand."""

    def __init__(self, program: check.Program) -> None:
        self.program = program
        names = program.context.names
        found = check.written_out(program)
        self.bodies = {each.name: made for each, made in found if isinstance(each, syntax.Equation)}
        letters = {use.letters for argument in program.inputs.values() for use in argument.uses}
        letters |= {each.letters for each in program.definitions.values()}
        self.taken = {letter for group in letters for letter in group} | set(names.ranks) | set(names.indices)
        self.depends = lru_cache(maxsize=None)(self._depends)

    def lines(self, body: e.Explicit) -> Iterator[tuple[str, e.Explicit]]:
        """Each line with its rule."""
        for _ in range(MOST):
            found = self._next(body)
            if found is None:
                return
            rule, body = found
            if sum(1 for _ in _everything(body)) > LONGEST:
                break
            yield rule, body
        raise EinTypeError(
            "E0410",
            "this derivation is too long to be read",
            helps=["take it in parts: the derivative by a tensor in between, and of that tensor"],
        )

    def _next(self, body: e.Explicit) -> tuple[str, e.Explicit] | None:
        for rule in (
            self._apart,
            self._still,
            self._given,
            self._sum,
            self._leaf,
            self._product,
            self._function,
            self._definition,
        ):
            made: list[str] = []
            new = tidied(_everywhere(body, rule, self._is_atom, made))
            if made:
                return ", ".join(dict.fromkeys(made)), new
        for name, change in SIMPLIFICATIONS:
            new = tidied(change(body))
            if new is not body:
                return name, new
        return None

    # ------------------------------------------------------------------ rules

    def _apart(self, d: e.Differentiated) -> tuple[str, e.Explicit] | None:
        if len(d.below) == 1:
            return self._traced(d)
        return "one derivative after the other", e.Differentiated(e.Differentiated(d.top, d.below[:-1]), d.below[-1:])

    def _traced(self, d: e.Differentiated) -> tuple[str, e.Explicit] | None:
        """∂v_i/∂x_i = δ_ik ∂v_i/∂x_k, so that what is above and below differs."""
        (leaf,) = d.below
        shared = [index for index in leaf.indices if index in opened(d.top)]
        if not shared:
            return None
        new = {index: e.Index(index.letter, index.span) for index in shared}
        other = replaced(leaf, new)
        if not isinstance(other, e.Reference):
            return None
        deltas = [e.Known("δ", pair, (leaf.span, leaf.span), leaf.span) for pair in new.items()]
        return "another letter below", product(*deltas, e.Differentiated(d.top, (other,)), summed=tuple(new.values()))

    def _still(self, d: e.Differentiated) -> tuple[str, e.Explicit] | None:
        leaf = d.below[0].name
        if self._moves(d.top, leaf):
            return None
        names = dict.fromkeys(
            part.name for part in _everything(d.top) if isinstance(part, e.Reference | e.Algebraic)
        )
        shown = " and ".join(f"`{name}`" for name in names)
        if not 0 < len(names) < 3:
            return "the derivative of a constant is 0", ZERO
        return f"{shown} {'does' if len(names) == 1 else 'do'} not depend on `{leaf}`", ZERO

    def _given(self, d: e.Differentiated) -> tuple[str, e.Explicit] | None:
        if not (isinstance(d.top, e.Reference) and d.top.name in self.program.givens):
            return None
        terms = []
        given = self.program.context.names.givens[d.top.name]
        if any(self.depends(one, other) for one in given for other in given):
            raise EinTypeError(
                "E0412",
                f"several derivatives of `{d.top.name}` are given, of which one depends on another",
                notes=["in print ∂ would then mean two things: with the others held fixed, and in all"],
            )
        for name in given:
            if name == d.below[0].name or self.depends(name, d.below[0].name):
                letters = self._letters(name)
                axes = tuple(e.Index(letter, d.top.span) for letter in letters)
                middle = e.Reference(name, axes, (), d.top.span)
                outer = e.Differentiated(d.top, (middle,))
                terms.append(product(outer, e.Differentiated(middle, d.below), summed=axes))
        return "chain rule", e.Total(tuple(terms))

    def _letters(self, name: str) -> tuple[str, ...]:
        if name in self.program.definitions:
            return self.program.definitions[name].letters
        return next(each.uses[0].letters for key, each in self.program.inputs.items() if key.endswith(f"/∂{name}"))

    def _sum(self, d: e.Differentiated) -> tuple[str, e.Explicit] | None:
        if not isinstance(d.top, e.Total):
            return None
        return "sum rule", e.Total(tuple(e.Differentiated(term, d.below) for term in d.top.terms))

    def _leaf(self, d: e.Differentiated) -> tuple[str, e.Explicit] | None:
        (leaf,) = d.below
        if not (isinstance(d.top, e.Reference) and d.top.name == leaf.name):
            return None
        declared = self.program.inputs.get(leaf.name)
        if declared is not None and declared.node.symmetric:
            return f"`{leaf.name}` is symmetric", by_itself_symmetric(d.top, leaf)
        return itself(leaf.name, len(leaf.indices)), by_itself(d.top, leaf)

    def _product(self, d: e.Differentiated) -> tuple[str, e.Explicit] | None:
        (leaf,) = d.below
        return of_term(d.top, leaf, lambda part: self._moves(part, leaf.name)) if isinstance(d.top, e.Term) else None

    def _function(self, d: e.Differentiated) -> tuple[str, e.Explicit] | None:
        (leaf,) = d.below
        match d.top:
            case e.Elementwise():
                return of_call(d.top, leaf, lambda part: self._moves(part, leaf.name))
            case e.Reduced():
                return of_reduction(d.top, leaf)
            case e.Along():
                return of_axis(d.top, leaf)
            case e.Reading():
                return of_reading(d.top, leaf)
            case e.Algebraic():
                return self._algebra(d.top, leaf)
            case e.OwnCall(function=function, arguments=arguments):
                own = self.program.context.functions[function]
                body = filled(own.body, dict(zip(own.parameters, arguments, strict=True)))
                return f"definition of `{function}`", e.Differentiated(body, d.below)
            case _:
                return None

    def _algebra(self, call: e.Algebraic, leaf: e.Reference) -> tuple[str, e.Explicit]:
        """A rule of linear algebra; that of `cholesky` needs a name for the factor."""
        named = (name for name, made in self.bodies.items() if _defines(made, call))
        found = of_algebra(call, leaf, next(named, None))
        if found is None:
            raise EinTypeError(
                "E0413",
                f"the derivation needs a name for `{call.name}`",
                helps=[f"add an equation for it: `L_ij = {call.name}_ij`"],
            )
        return found

    def _definition(self, d: e.Differentiated) -> tuple[str, e.Explicit] | None:
        if not (isinstance(d.top, e.Reference) and d.top.name in self.bodies):
            return None
        made = self.bodies[d.top.name]
        body = replaced(made.body, dict(zip(made.axes, d.top.indices, strict=True)))
        return f"definition of `{d.top.name}`", e.Differentiated(body, d.below)

    # ------------------------------------------------------------ dependences

    def _moves(self, expression: e.Explicit, leaf: str) -> bool:
        """Whether an expression depends on a tensor, through definitions too."""
        match expression:
            case e.Reference(name=name):
                return name == leaf or self.depends(name, leaf)
            case e.Algebraic(matrix=matrix, right=right):
                return any(name == leaf or self.depends(name, leaf) for name in (matrix, right))
            case e.Reading(tensor=tensor):
                return self._moves(tensor, leaf)
            case e.Differentiated() if self._is_atom(expression):
                return False
            case e.Elementwise(
                function="sign" | "less" | "less_equal" | "equal" | "not_equal" | "greater" | "greater_equal"
            ):
                return False
            case _:
                return any(self._moves(part, leaf) for part in e.parts(expression))

    def _depends(self, name: str, leaf: str) -> bool:
        """Whether a definition, or what is given of a quantity, needs a tensor."""
        names = self.program.context.names
        pending, seen = [name], {name}
        while pending:
            current = pending.pop()
            for needed in (*names.givens.get(current, ()), *names.needs.get(current, ())):
                if needed == leaf:
                    return True
                if needed not in seen:
                    seen.add(needed)
                    pending.append(needed)
        return False

    def _is_atom(self, d: e.Differentiated) -> bool:
        """Whether a derivative is given."""
        given = self.program.context.names.givens
        return isinstance(d.top, e.Reference) and len(d.below) == 1 and d.below[0].name in given.get(d.top.name, ())


def _defines(made: e.ExplicitEquation, call: e.Algebraic) -> bool:
    """Whether an equation defines a tensor as this call."""
    body = made.body
    return (
        isinstance(body, e.Algebraic)
        and (body.function, body.matrix) == (call.function, call.matrix)
        and body.indices == made.axes
    )


def _everything(expression: e.Explicit) -> Iterator[e.Explicit]:
    stack = [expression]
    while stack:
        part = stack.pop()
        yield part
        stack.extend(e.parts(part))


def _everywhere(
    expression: e.Explicit, rule: Rule, atom: Callable[[e.Differentiated], bool], made: list[str]
) -> e.Explicit:
    """A rule applied to each innermost derivative."""
    if isinstance(expression, e.Differentiated):
        if atom(expression):
            return expression
        inner = [part for part in _everything(expression.top) if isinstance(part, e.Differentiated) and not atom(part)]
        if not inner:
            found = rule(expression)
            if found is None:
                return expression
            made.append(found[0])
            return found[1]
        return e.Differentiated(_everywhere(expression.top, rule, atom, made), expression.below)
    return mapped(expression, lambda part: _everywhere(part, rule, atom, made))
