"""A derivation as einsum strings that `numpy.einsum` runs as printed, and what stands between them."""

from __future__ import annotations

import string
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from einderiv.ir import ONE, Einsum, Input, LeviCivita, Node, Size, Spread, children, topological
from einderiv.render.expressions import Composer
from einderiv.render.naming import Names, fresh_names, is_leaf
from einderiv.render.notation import Equation
from einderiv.render.program import Context, Output, Part, left_letters, names_of, prepared, right_side
from einderiv.render.write import equation, number

LABELS = string.ascii_lowercase[8:] + string.ascii_lowercase[:8] + string.ascii_uppercase


@dataclass(frozen=True, slots=True)
class Contraction:
    """`target = coefficient * einsum(subscripts, *operands)`.

    The operand `δ` is the identity, `ε` the permutation symbol, and `1` a vector of ones.
    """

    target: str
    coefficient: float
    subscripts: str
    operands: tuple[str, ...]

    def __str__(self) -> str:
        scale = {1.0: "", -1.0: "-"}.get(self.coefficient, f"{number(self.coefficient)} * ")
        return f'{self.target} = {scale}einsum("{self.subscripts}", {", ".join(self.operands)})'


@dataclass(frozen=True, slots=True)
class Following:
    """What is no contraction, as an equation: `P_nk = softmax_k(A_nk)`."""

    target: str
    text: str

    def __str__(self) -> str:
        return self.text


def einsum_steps(outputs: Sequence[Output], context: Context) -> list[Contraction | Following]:
    """The parts of `outputs` in order, each a contraction of tensors or an equation without one::

    R_ij = T_ij - t_ij
    dfdU = -2 * einsum("ij,jk->ik", R, V)
    """
    names = _all_names(outputs, context)
    parts, _, composer = prepared(outputs, context, names)
    return [_contraction(part, names) or _following(part, composer) for part in parts]


def _following(part: Part, composer: Composer) -> Following:
    return Following(
        part.name, equation(Equation(part.name, left_letters(part, composer.names), right_side(part, composer)))
    )


def _all_names(outputs: Sequence[Output], context: Context) -> Names:
    """The names of `program_text`, and fresh ones for contractions inside others and for their operands."""
    names = names_of(outputs, context)
    order = topological(output.node for output in outputs)
    needed = {node for parent in order for node in _operands(parent)}
    fresh = fresh_names({*context.inputs, *context.definitions, *names.values(), *_names(order, outputs)})
    found = {node: names.get(node) or next(fresh) for node in order if node in names or node in needed}
    return Names(found, names.views)


def _names(order: Sequence[Node], outputs: Sequence[Output]) -> Iterator[str]:
    yield from (node.name for node in order if isinstance(node, Input))
    yield from (output.name for output in outputs)


def _operands(node: Node) -> Iterator[Node]:
    """The parts of `node` that must be tensors by themselves."""
    match node:
        case Einsum(operands=operands):
            yield from (operand for operand in operands if not isinstance(operand, Input | LeviCivita | Size))
        case Spread(core=core):
            if node.tied and not is_leaf(core):
                yield core
        case _:
            pass
    if not isinstance(node, Einsum | Spread):
        for child in children(node):
            inner = child.core if isinstance(child, Spread) else child
            if isinstance(inner, Einsum):
                yield inner


def _contraction(part: Part, names: Names) -> Contraction | None:
    """The part as one einsum, if it is one of at most 52 labels."""
    node, coefficient = part.node, 1.0
    labels: list[Hashable] = list(range(len(node.axes)))
    factors: list[tuple[str, list[Hashable]]] = []
    if names.get(node, part.name) != part.name:
        return None
    if isinstance(node, Spread):
        coefficient = node.coefficient
        factors = [("δ", [first, axis]) for axis, first in enumerate(node.ties) if first != axis]
        core, placing = node.core, list(node.placing)
    else:
        core, placing = node, list(range(len(node.axes)))
    if isinstance(core, Einsum) and (core is node or core not in names):
        factors += _factors(core, placing, names)
    elif isinstance(core, Size):
        factors.append(("1", ["size"]))
    elif core is not ONE:
        if core is node or not (core in names or isinstance(core, Input | LeviCivita)):
            return None
        factors.append((_name(core, names), list(names.arranged(core, placing))))
    met = {label for _, group in factors for label in group}
    factors += [("1", [label]) for label in labels if label not in met]
    return _written(part, names, coefficient, factors) if factors else None


def _factors(core: Einsum, placing: Sequence[int], names: Names) -> list[tuple[str, list[Hashable]]]:
    """The operands of a contraction; its output label k is the axis `placing[k]`."""
    axis = dict(zip(core.output, placing, strict=True))
    found: list[tuple[str, list[Hashable]]] = []
    for position, (operand, group) in enumerate(zip(core.operands, core.subscripts, strict=True)):
        if isinstance(operand, Size):
            found.append(("1", [("size", position)]))
        else:
            labels = [axis.get(label, ("label", label)) for label in group]
            found.append((_name(operand, names), list(names.arranged(operand, labels))))
    return found


def _name(node: Node, names: Names) -> str:
    match node:
        case Input(name=name):
            return name
        case LeviCivita():
            return "ε"
        case _:
            return names[node]


def _written(
    part: Part, names: Names, coefficient: float, factors: Sequence[tuple[str, list[Hashable]]]
) -> Contraction | None:
    """The einsum with the letters of the part's equation, where these are plain, and others for what is summed."""
    output = range(len(part.letters))
    result = names.arranged(part.node, output) if names.get(part.node) == part.name else tuple(output)
    plain = all(letter in LABELS for letter in part.letters)
    letters: dict[Hashable, str] = dict(enumerate(part.letters)) if plain else {}
    rest = [letter for letter in LABELS if letter not in letters.values()]
    labels = dict.fromkeys((*output, *(label for _, group in factors for label in group)))
    new = [label for label in labels if label not in letters]
    if len(new) > len(rest):
        return None
    letters.update(zip(new, rest, strict=False))
    inputs = ",".join("".join(letters[label] for label in group) for _, group in factors)
    subscripts = f"{inputs}->{''.join(letters[label] for label in result)}"
    return Contraction(part.name, coefficient, subscripts, tuple(name for name, _ in factors))
