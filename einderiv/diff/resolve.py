"""Definitions in place of names, derivatives in place of `Derivative`s."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from einderiv.diff.modes import in_usual_order, jacobians, pullbacks, tangent
from einderiv.errors import EinTypeError, Label, Source, Span
from einderiv.ir import Derivative, Input, Node, Reduce, add, einsum, substitute, topological

Tidy = Callable[[Node], Node]
Take = Callable[[Node, Input], Node]


class Resolver:
    """Turns expressions that name other equations into expressions of inputs alone.

    `definitions` are in dependency order.  The derivative by a defined tensor holds that tensor fixed as a leaf of its
    own; every other one is the total derivative through all definitions.  `tidy` brings each definition into the form
    that is differentiated; `place` is where in `source` messages show what jumps in a definition.
    """

    def __init__(
        self,
        definitions: Mapping[str, Node],
        tidy: Tidy,
        source: Source | None = None,
        place: Callable[[str], Span | None] = lambda _: None,
    ) -> None:
        self._definitions = definitions
        self._source = source
        self._place = place
        self._tidy = tidy
        self._position = {name: position for position, name in enumerate(definitions)}
        self._needs: dict[str, list[str]] = {}
        self._values: dict[str, dict[str, Node]] = {}

    def depth(self, leaf: Input) -> int:
        """Where a tensor stands among the definitions, each after those it needs; -1 for an input."""
        return self._position.get(leaf.name, -1)

    def inline(self, node: Node, kept: Input | None = None) -> Node:
        """`node` in terms of inputs, and of `kept` where that is defined by an equation."""
        held = kept.name if kept is not None and kept.name in self._definitions else ""
        return self._expanded(node, held)

    def jacobians(self, top: Node, leaves: Sequence[Input]) -> dict[Input, Node]:
        """∂top/∂leaf for each leaf, with axes (top's, leaf's)."""
        return self._by_leaf(top, leaves, jacobians)

    def vjps(self, top: Node, leaves: Sequence[Input], cotangent: Node) -> dict[Input, Node]:
        """Σ cotangent ∂top/∂leaf for each leaf."""
        return self._by_leaf(top, leaves, lambda node, some: pullbacks(node, some, cotangent))

    def jvp(self, top: Node, directions: Mapping[Input, Node]) -> Node:
        """Σ ∂top/∂leaf direction over the leaves: by inputs in one sweep, by defined tensors one at a time."""
        inputs = {leaf: direction for leaf, direction in directions.items() if leaf.name not in self._definitions}
        try:
            terms = [tangent(self.inline(top), inputs, 0)] if inputs else []
            for leaf, direction in directions.items():
                if leaf not in inputs:
                    terms.append(self.inline(tangent(self.inline(top, kept=leaf), {leaf: direction}, 0)))
        except EinTypeError as error:
            raise self._placed(error, top, [*directions]) from None
        return add(terms)

    def _by_leaf(
        self, top: Node, leaves: Sequence[Input], take: Callable[[Node, list[Input]], dict[Input, Node]]
    ) -> dict[Input, Node]:
        """Derivatives by inputs in one sweep, by defined tensors one at a time."""
        inputs = [leaf for leaf in leaves if leaf.name not in self._definitions]
        try:
            found = take(self.inline(top), inputs) if inputs else {}
            for leaf in leaves:
                if leaf not in found:
                    found[leaf] = self.inline(take(self.inline(top, kept=leaf), [leaf])[leaf])
        except EinTypeError as error:
            raise self._placed(error, top, leaves) from None
        return {leaf: found[leaf] for leaf in leaves}

    def _placed(self, error: EinTypeError, top: Node, leaves: Sequence[Input]) -> EinTypeError:
        """`error`, with the path of definitions that leads from `top` through a jump to one of `leaves`."""
        if error.labels:
            return error
        wanted = {leaf.name for leaf in leaves}
        paths = [([part.name], "") for part in topological([top]) if isinstance(part, Input)]
        seen = {(path[0], False) for path, _ in paths}
        for path, jump in paths:  # grows on the way; a name is reached by a path without a jump, and by one with it
            last = path[-1]
            if last in wanted:
                if jump:
                    span = self._place(jump)
                    error.labels = (Label(span, f"on the path from {path[0]} to {last}"),) if span else ()
                    error.source = self._source if span else None
                    error.notes = (*error.notes, " → ".join(path))
                    return error
            elif last in self._definitions:
                jump = jump or (last if self._jumps(last) else "")
                below = [part.name for part in topological([self._definitions[last]]) if isinstance(part, Input)]
                new = [name for name in dict.fromkeys(below) if (name, bool(jump)) not in seen]
                paths += [([*path, name], jump) for name in new]
                seen.update((name, bool(jump)) for name in new)
        return error

    def _jumps(self, name: str) -> bool:
        """Whether the definition of `name` takes a position, which has no derivative."""
        return any(
            isinstance(part, Reduce) and part.function in ("argmax", "argmin")
            for part in topological([self._definitions[name]])
        )

    def _expanded(self, node: Node, held: str) -> Node:
        """`node` with derivatives taken and names replaced by what defines them; `held` (unless empty) stays a name."""
        parts = topological([node], stop=_Derivatives)
        values = self._defined(self._named(parts), held)
        derivatives = [part for part in parts if isinstance(part, Derivative)]
        replaced: dict[Node, Node] = {part: self.taken(part, held=held) for part in derivatives}
        replaced |= {Input(name, value.axes): value for name, value in values.items()}
        return substitute([node], replaced)[0] if replaced else node

    def _named(self, parts: Sequence[Node]) -> list[str]:
        """The definitions that are named, of the parts outside of derivatives."""
        return [part.name for part in parts if isinstance(part, Input) and part.name in self._definitions]

    def _defined(self, names: Sequence[str], held: str) -> dict[str, Node]:
        """The values of definitions, each made after those it needs, with the tensor `held` left as a name."""
        values = self._values.setdefault(held, {})
        wanted = [name for name in names if name != held]
        missing: set[str] = set()
        stack = list(wanted)
        while stack:
            name = stack.pop()
            if name not in missing and name not in values and name != held:
                missing.add(name)
                if name not in self._needs:
                    self._needs[name] = self._named(topological([self._definitions[name]], stop=_Derivatives))
                stack.extend(self._needs[name])
        for name in sorted(missing, key=self._position.__getitem__):
            values[name] = self._tidy(self._expanded(self._definitions[name], held))
        return {name: values[name] for name in wanted}

    def taken(self, derivative: Derivative, take: Take = in_usual_order, held: str = "") -> Node:
        """A derivative of order n, each time as `take` does it, the axes brought into the order written.

        By the tensor that is defined last first, by inputs last: once a definition is in place of its name, a
        derivative by that name would be zero.
        """
        below = derivative.below
        order = sorted(range(len(below)), key=lambda place: (-self.depth(below[place]), -place))
        node = derivative.top
        try:
            for place in order:
                node = take(self.inline(node, kept=below[place]), below[place])
        except EinTypeError as error:
            raise self._placed(error, derivative.top, below) from None
        axes = [("top", axis) for axis in range(len(derivative.top.axes))]
        labels = [[(place, axis) for axis in range(len(leaf.axes))] for place, leaf in enumerate(below)]
        taken = [*axes, *(label for place in order for label in labels[place])]
        wanted = [*axes, *(label for group in labels for label in group)]
        value = einsum([(self._expanded(node, held), taken)], wanted)
        if held:
            fixed = self._defined([held], "")[held]
            value = substitute([value], {fixed: Input(held, fixed.axes)})[0]
        return value


class _AnyDerivative:
    """Contains every `Derivative`: a walk stops there."""

    def __contains__(self, node: object) -> bool:
        return isinstance(node, Derivative)


_Derivatives = _AnyDerivative()
