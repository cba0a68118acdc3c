"""A graph as a program: named parts, then the outputs, in front of them the declarations that they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from einderiv.ir import Dim, Input, Map, Node, Selection, topological
from einderiv.lettering import Letters
from einderiv.render.context import Context, Output
from einderiv.render.declarations import declarations, index_letters
from einderiv.render.expressions import RELATIONS, Composer
from einderiv.render.naming import Names, name_parts
from einderiv.render.notation import Equation, Tensor, Written
from einderiv.render.openness import Openness
from einderiv.render.sizes import Limit, Limits, Read, limits, offsets, reads_in, said
from einderiv.render.sources import Sources
from einderiv.render.write import equation


@dataclass(frozen=True, slots=True)
class Part:
    """An equation to be: a node that is printed as a tensor of its own."""

    name: str
    node: Node
    letters: tuple[str, ...]
    comment: str = ""


def program_text(outputs: Sequence[Output], context: Context) -> str:
    """The outputs as a `.ein` program, which reads as one would write it and evaluates to the same numbers::

    W ∈ R^{I×J}
    index i, k: I
    # ∂a_i/∂W_kl
    dadW_ikl = δ_ik x_l
    """
    lines, equations = program(outputs, context)
    return "\n".join([*lines, *map(equation, equations)]) + "\n"


def program(outputs: Sequence[Output], context: Context) -> tuple[list[str], list[Equation]]:
    """The declarations and the equations of `program_text`.

    An index of no array whose reads are not all in the outputs is sized by the equations that have them, in front.
    """
    inputs = {**{node.name: (node, ()) for node in _inputs(outputs)}, **context.inputs}
    reads = _reads(outputs, context)
    known = limits(reads, {dim for node, _ in inputs.values() for dim in node.axes})
    sources = Sources(reads, context, [output.name for output in outputs])
    while True:
        names = names_of(outputs, context)
        parts, letters, composer = prepared(outputs, context, names)
        equations = [
            Equation(part.name, left_letters(part, names), right_side(part, composer), part.comment) for part in parts
        ]
        named = index_letters(equations, letters, known)
        more = sources.of(_missing(equations, letters, known, named))
        if not more:
            return declarations(equations, inputs, letters, named), equations
        outputs = [*more, *outputs]


def equations(outputs: Sequence[Output], context: Context) -> list[Equation]:
    """The equations of `program_text`, the parts in front of what is made of them."""
    return program(outputs, context)[1]


def _reads(outputs: Sequence[Output], context: Context) -> list[Read]:
    """What sizes the indices of no array: what the context says, and for others what is printed."""
    roots = [*(output.node for output in outputs), *(node for node, _ in context.definitions.values())]
    known = {dim for read in context.reads for dim in read.dims}
    return [*context.reads, *(read for read in reads_in(topological(roots)) if not known.issuperset(read.dims))]


def _missing(equations: Sequence[Equation], letters: Letters, known: Limits, named: Sequence[str]) -> set[Limit]:
    """What limits the sizes that `index` lines speak of and stands in no equation."""
    needed = {limit for letter in named for limit in known.get(letters.dim(letter), ())}
    return needed.difference(said(offset, letters) for equation in equations for offset in offsets(equation))


def names_of(outputs: Sequence[Output], context: Context) -> Names:
    """The names of the parts of `outputs` and of those themselves that are more than a symbol."""
    definitions = {name: node for name, (node, _) in context.definitions.items()}
    used = {*context.inputs, *(node.name for node in _inputs(outputs))}
    return name_parts([(output.name, output.node) for output in outputs], definitions, used)


def prepared(outputs: Sequence[Output], context: Context, names: Names) -> tuple[list[Part], Letters, Composer]:
    """The equations to be in order, the letters, and what writes nodes."""
    order = topological(output.node for output in outputs)
    letters = Letters(preferences(context), _scalars(order, names))
    wishes = {name: wanted for name, (_, wanted) in context.definitions.items()}
    asked = [letters.several(output.node.axes, output.letters) for output in outputs]
    parts: list[Part] = []
    rank = {node: position for position, node in enumerate(order)}
    own = {output.name for output in outputs}
    rest = iter([node for node in order if node in names and names[node] not in own])
    waiting = next(rest, None)
    for output, axes in zip(outputs, asked, strict=True):
        while waiting is not None and rank[waiting] <= rank[output.node]:
            name = names[waiting]
            view = names.views.get(waiting, range(len(waiting.axes)))
            wish = tuple(wishes[name][axis] for axis in view) if wishes.get(name) else None
            parts.append(Part(name, waiting, letters.several(waiting.axes, wish)))
            waiting = next(rest, None)
        parts.append(Part(output.name, output.node, axes, output.comment))
    return parts, letters, Composer(names, Openness(order, names), letters)


def left_letters(part: Part, names: Names) -> tuple[str, ...]:
    """The letters on the left of a part's equation."""
    return names.arranged(part.node, part.letters) if names.get(part.node) == part.name else part.letters


def right_side(part: Part, composer: Composer) -> Written:
    """The right side of a part's equation."""
    if composer.names.get(part.node, part.name) == part.name:
        return composer.body(part.node, part.letters)
    return Tensor(composer.names[part.node], composer.names.arranged(part.node, part.letters))


def preferences(context: Context) -> dict[Dim, list[str]]:
    """The letters of each size: those of the context, then where they are used first."""
    found: dict[Dim, list[str]] = {}
    known = [(dim, letter) for dim, group in context.letters.items() for letter in group]
    known += [pair for node, wanted in context.definitions.values() for pair in zip(node.axes, wanted, strict=False)]
    known += [pair for node, wanted in context.inputs.values() for pair in zip(node.axes, wanted, strict=False)]
    for dim, letter in known:
        if letter not in found.setdefault(dim, []):
            found[dim].append(letter)
    return found


def _inputs(outputs: Sequence[Output]) -> list[Input]:
    return [node for node in topological(output.node for output in outputs) if isinstance(node, Input)]


def _scalars(order: Sequence[Node], names: Mapping[Node, str]) -> set[str]:
    """Names that no letter may have, since in a comparison a bare name that is an index is its position."""
    if not any(map(_compares, order)):
        return set()
    scalars = {node.name for node in order if isinstance(node, Input) and not node.axes}
    return scalars | {name for node, name in names.items() if not node.axes}


def _compares(node: Node) -> bool:
    """Whether the text of `node` may be a comparison."""
    return isinstance(node, Selection) or (
        isinstance(node, Map) and (node.function in RELATIONS or node.function == "where")
    )
