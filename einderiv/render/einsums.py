"""A derivation as einsum strings that `numpy.einsum` runs as printed, and what stands between them."""

from __future__ import annotations

import string
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from einderiv.ir import ONE, Affine, Einsum, Input, LeviCivita, Node, Selection, Size, Spread, children, topological
from einderiv.render.context import Context, Output
from einderiv.render.expressions import Composer
from einderiv.render.naming import Names, fresh_names, is_leaf
from einderiv.render.notation import Equation
from einderiv.render.products import Scope
from einderiv.render.program import Part, left_letters, names_of, prepared, right_side
from einderiv.render.write import equation, number, text

LABELS = string.ascii_lowercase[8:] + string.ascii_lowercase[:8] + string.ascii_uppercase

Operand = tuple[str | Selection, list[Hashable]]
"""The name of a tensor, or a bracket, and the labels of its axes."""


@dataclass(frozen=True, slots=True)
class Contraction:
    """`target = coefficient * einsum(subscripts, *operands)`.

    The operand `δ` is the identity, `ε` the permutation symbol, and `1` a vector of ones.  An operand in square
    brackets is an array of zeros and ones with an axis for each letter of its subscript: `[k == t_n]` under `nk` is 1
    where k is t_n, and `[p == 2 i + k]` under `ikp` is 1 where p is 2 i + k.
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
    return [_contraction(part, composer) or _following(part, composer) for part in parts]


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
            shown = Input | LeviCivita | Size | Selection
            yield from (operand for operand in operands if not isinstance(operand, shown))
        case Spread(core=core):
            if node.tied and not is_leaf(core) and not isinstance(core, Selection):
                yield core
        case Selection(index=index):
            if not isinstance(index, Input | Affine):
                yield index
        case _:
            pass
    if not isinstance(node, Einsum | Spread):
        for child in children(node):
            inner = child.core if isinstance(child, Spread) else child
            if isinstance(inner, Einsum):
                yield inner


def _contraction(part: Part, composer: Composer) -> Contraction | None:
    """The part as one einsum, if it is one of at most 52 labels."""
    node, coefficient, names = part.node, 1.0, composer.names
    labels: list[Hashable] = list(range(len(node.axes)))
    factors: list[Operand] = []
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
    elif isinstance(core, Selection) and core is not node and core not in names:
        factors.append((core, [*placing]))
    elif core is not ONE:
        if core is node or not (core in names or isinstance(core, Input | LeviCivita)):
            return None
        factors.append((_name(core, names), list(names.arranged(core, placing))))
    met = {label for _, group in factors for label in group}
    factors += [("1", [label]) for label in labels if label not in met]
    return _written(part, composer, coefficient, factors) if factors else None


def _factors(core: Einsum, placing: Sequence[int], names: Names) -> list[Operand]:
    """The operands of a contraction; its output label k is the axis `placing[k]`."""
    axis = dict(zip(core.output, placing, strict=True))
    found: list[Operand] = []
    for position, (operand, group) in enumerate(zip(core.operands, core.subscripts, strict=True)):
        if isinstance(operand, Size):
            found.append(("1", [("size", position)]))
        else:
            labels: list[Hashable] = [axis.get(label, ("label", label)) for label in group]
            if isinstance(operand, Selection) and operand not in names:
                found.append((operand, labels))
            else:
                found.append((_name(operand, names), [*names.arranged(operand, labels)]))
    return found


def _name(node: Node, names: Names) -> str:
    match node:
        case Input(name=name):
            return name
        case LeviCivita():
            return "ε"
        case _:
            return names[node]


def _written(part: Part, composer: Composer, coefficient: float, factors: Sequence[Operand]) -> Contraction | None:
    """The einsum with the letters of the part's equation, where these are plain, and others for what is summed."""
    names = composer.names
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
    groups: list[Sequence[str]] = []
    operands: list[str] = []
    for operand, group in factors:
        lettered = tuple(letters[label] for label in group)
        bracket = isinstance(operand, Selection)
        groups.append(tuple(dict.fromkeys(lettered)) if bracket else lettered)
        operands.append(operand if isinstance(operand, str) else _bracket(operand, lettered, composer))
    subscripts = f"{','.join(map(''.join, groups))}->{''.join(letters[label] for label in result)}"
    return Contraction(part.name, coefficient, subscripts, tuple(operands))


def _bracket(selection: Selection, letters: tuple[str, ...], composer: Composer) -> str:
    """`[k == t_n]`."""
    return text(composer.expression(selection, letters, Scope(letters, frozenset(letters))))
