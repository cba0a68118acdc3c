"""What a user asks for, as expressions: which tensors, which letters, which name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import islice

from einderiv.check import Argument, Query, Reduction
from einderiv.errors import EinNameError, EinTypeError, EinWarning, Label, Source, Span, check_kind, raise_all, warn
from einderiv.ir import Derivative, Input, Node, Zero, topological
from einderiv.lettering import Letters
from einderiv.program import Program
from einderiv.readable import Asked

CALL = "<call>"  # what messages call a call of Python whose text they show
DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


# ------------------------------------------------------------------- tensors


def last_equation(program: Program) -> str:
    """The name that is meant where none is said."""
    names = [*program.checked.definitions, *program.checked.givens]
    if not names:
        raise EinNameError("E0401", "this program has no equation", helps=["write one: `a_i = W_ij x_j`"])
    return [*program.checked.givens, *program.checked.definitions][-1]


def tensor(program: Program, name: str) -> Input:
    """The tensor of a name, as the leaf by which equations refer to it."""
    check_kind(name, str, "the name of a tensor", 'write e.g. `of="L"`, `wrt="W"` or `wrt=["W", "b"]`')
    found = program.checked
    if name in found.definitions:
        return Input(name, found.definitions[name].node.axes)
    if name in found.givens:
        return Input(name, ())
    if name in found.inputs:
        return found.inputs[name].node
    raise unknown(program, name)


def scalar(program: Program, call: str, name: str | None, wrt: str | Sequence[str] | None = None) -> str:
    """A name that has no axes; `call` is the function that needs this, for a derivative by `wrt`."""
    name = name if name is not None else last_equation(program)
    node = tensor(program, name)
    if not node.axes:
        return name
    if wrt is not None and not isinstance(wrt, str) and len(wrt) == 1:
        wrt = wrt[0]
    letters = letters_of(program, name)
    shown = f"{name}_{''.join(letters)}"
    definition = program.checked.definitions.get(name)
    raise EinTypeError(
        "E0402",
        f"`{call}` needs a scalar, but `{shown}` has {len(letters)} {'index' if len(letters) == 1 else 'indices'}",
        source=program.checked.source,
        labels=[Label(definition.use.span, "not a scalar")] if definition else [],
        notes=_full_rank(program, name, wrt, 2 if call in ("hessian", "hvp") else 1),
        helps=[
            _whole(program, call, name, wrt),
            f"or sum it first: `L = sum_{letters[0] if len(letters) == 1 else '{' + ','.join(letters) + '}'} {shown}`",
        ],
    )


def _whole(program: Program, call: str, name: str, wrt: str | Sequence[str] | None) -> str:
    """The call that takes a derivative of something with indices."""
    if call not in ("hessian", "hvp"):
        by = "" if wrt is None else f', wrt="{wrt}"' if isinstance(wrt, str) else f", wrt={list(wrt)!r}"
        return f'use `jacobian(of="{name}"{by})` for all of it, or `vjp` for a vector times it'
    if not _known(program, wrt):
        return "use `derivative` for all of it, which takes any order"
    return f'use `derivative("{_full(program, name, str(wrt), 2)[0]}")` for all of it, or a line of the program with it'


def _full_rank(program: Program, name: str, wrt: str | Sequence[str] | None, order: int) -> list[str]:
    """What the derivative by one tensor would be."""
    if not _known(program, wrt):
        return []
    written, letters = _full(program, name, str(wrt), order)
    many = "index" if len(letters) == 1 else "indices"
    return [f"{written} would have {len(letters)} {many}: shape ({', '.join(letters)})"]


def _known(program: Program, wrt: str | Sequence[str] | None) -> bool:
    return isinstance(wrt, str) and (wrt in program.checked.inputs or wrt in program.checked.definitions)


def _full(program: Program, name: str, wrt: str, order: int) -> tuple[str, Sequence[str]]:
    """`∂²z_i/∂W_jk∂W_lm` and its letters."""
    top, below = tensor(program, name).axes, tensor(program, wrt).axes
    wishes = [*letters_of(program, name), *letters_of(program, wrt) * order]
    letters = lettering(program).several([*top, *below * order], wishes)
    starts = [len(top) + place * len(below) for place in range(order)]
    bottom = "".join(f"∂{subscripted(wrt, letters[start : start + len(below)])}" for start in starts)
    return f"{partial(order)}{subscripted(name, letters[: len(top)])}/{bottom}", letters


def leaves(
    program: Program, of: str, wrt: str | Sequence[str] | None, call: str = "jacobian", allow_unused: bool = False
) -> list[Input]:
    """The tensors to differentiate by; unless said, all inputs on which `of` depends smoothly.

    One that is said and on which `of` does not depend gets a warning, unless that is allowed.
    """
    if wrt is not None:
        check_kind(wrt, (str, Sequence), "the names of tensors in `wrt`", 'write e.g. `wrt="W"` or `wrt=["W", "b"]`')
        chosen = [wrt] if isinstance(wrt, str) else list(wrt)
        for name in (of, *chosen):
            check_kind(name, str, "the name of a tensor", 'write e.g. `of="L"`, `wrt="W"` or `wrt=["W", "b"]`')
        if "" in chosen:
            raise EinNameError(
                "E0401", "a name in `wrt` is empty",
                notes=[_dependence(program, of)] if _exists(program, of) else [],
                helps=["write e.g. `wrt=\"W\"` or `wrt=[\"W\", \"b\"]`, or leave `wrt` out for all inputs"],
            )  # fmt: skip
        raise_all([_no_leaf(program, of, name, wrt, call) for name in chosen if not _exists(program, name)])
        for place, name in enumerate(chosen):
            if name in chosen[:place]:
                raise _named_twice(of, name, chosen, call)
        tensor(program, of)  # which must exist too
        if not allow_unused:
            _warn_of_unused(program, of, chosen)
        return [tensor(program, name) for name in chosen]
    inputs = [argument.node for name, argument in program.checked.inputs.items() if not name.startswith("∂")]
    found = program.resolver.jacobians(tensor(program, of), inputs)
    smooth = [leaf for leaf, node in found.items() if not isinstance(node, Zero)]
    if not smooth:
        raise EinNameError(
            "E0401", f"`{of}` depends on no input that it could be differentiated by", helps=["say which with `wrt=`"]
        )
    return smooth


def _exists(program: Program, name: str) -> bool:
    found = program.checked
    return name in found.definitions or name in found.givens or name in found.inputs


def depended(program: Program, name: str) -> tuple[list[str], list[str]]:
    """The inputs and the intermediates that a value is made of, in the order of the program."""
    found, met = program.checked, _met(program, [name])
    inputs = [each for each in found.inputs if each in met]
    return inputs, [each for each in found.definitions if each in met and each != name]


def reductions(program: Program, asked: Sequence[Asked]) -> list[Reduction]:
    """The reductions in what results are made of, in the order of the program."""
    definitions = program.checked.definitions
    found = [part for name in made_of(program, asked) for part in definitions[name].reductions]
    return [*found, *(part for each in asked for part in each.reductions)]


def made_of(program: Program, asked: Sequence[Asked]) -> list[str]:
    """The equations that results are made of, in the order of the program."""
    names = list(dict.fromkeys(name for each in asked for name in each.of))
    met = {*names, *_met(program, names)}
    return [name for name in program.checked.definitions if name in met]


def _met(program: Program, names: Sequence[str]) -> set[str]:
    """The tensors that others are made of."""
    found = program.checked
    met: set[str] = set()
    pending = list(names)
    while pending:
        current = pending.pop()
        node = found.definitions[current].node if current in found.definitions else found.givens.get(current)
        parts = {each.name for each in topological([node]) if isinstance(each, Input)} if node is not None else set()
        pending += parts - met
        met |= parts
    return met


def _dependence(program: Program, of: str) -> str:
    inputs, between = depended(program, of)
    note = f"`{of}` depends on: {', '.join(inputs) or 'no input'}"
    return note + (f"   (intermediate: {', '.join(between)})" if between else "")


def _warn_of_unused(program: Program, of: str, wrt: Sequence[str]) -> None:
    inputs, between = depended(program, of)
    for name in wrt:
        if name not in (*inputs, *between, of):
            _warn_of_zeros(f"`{of}` does not depend on `{name}`; the derivative is all zeros", _dependence(program, of))


def warn_of_steps(program: Program, of: str, name: str) -> None:
    """Say that a derivative is zero although the value depends on the tensor: it does so in steps."""
    inputs, between = depended(program, of)
    if name in (*inputs, *between):
        _warn_of_zeros(
            f"`{of}` changes with `{name}` in steps only; the derivative is all zeros",
            "comparisons, `sign` and class labels have no slope",
        )


def _warn_of_zeros(message: str, note: str) -> None:
    help_text = "pass `allow_unused=True`, in a shell `--allow-unused`, to silence this"
    warn(EinWarning("W0403", message, notes=[note], helps=[help_text]))


def _no_leaf(program: Program, of: str, name: str, wrt: str | Sequence[str], call: str) -> EinNameError:
    """No tensor of the name in `wrt`, shown in the call."""
    written = f'"{name}"' if isinstance(wrt, str) else "[" + ", ".join(f'"{each}"' for each in wrt) + "]"
    text = f'{call}(of="{of}", wrt={written})'
    start = text.index(f'"{name}"', text.index("wrt=")) + 1
    error = unknown(program, name)
    return EinNameError(
        "E0401",
        f"there is no tensor `{name}` to differentiate with respect to",
        source=Source(text, CALL),
        labels=[Label(Span(start, start + max(len(name), 1)), "unknown")],
        notes=[_dependence(program, of)] if _exists(program, of) else error.notes,
        helps=error.helps,
    )


def _named_twice(of: str, name: str, wrt: Sequence[str], call: str) -> EinTypeError:
    """A tensor that stands twice in `wrt`, shown in the call."""
    text = f'{call}(of="{of}", wrt=[' + ", ".join(f'"{each}"' for each in wrt) + "])"
    first = text.index(f'"{name}"', text.index("wrt=")) + 1
    second = text.index(f'"{name}"', first) + 1
    return EinTypeError(
        "E0414",
        f"`{name}` is named twice in `wrt`",
        source=Source(text, "<call>"),
        labels=[Label(Span(second, second + len(name)), "again"), Label(Span(first, first + len(name)), "first here")],
        helps=[
            f'name it once: the result has one entry for each name, `wrt="{name}"`',
            f'the second derivative is `hessian(of="{of}", wrt="{name}")`; in a shell, `--wrt {name} --order 2`',
        ],
    )


def unknown(program: Program, name: str) -> EinNameError:
    """No tensor has this name."""
    names = [*program.checked.definitions, *program.checked.inputs, *program.checked.givens]
    return EinNameError(
        "E0401",
        f"there is no tensor `{name}` in this program",
        notes=[f"it has {', '.join(names)}"] if names else [],
        helps=[_meant(name, names)],
    )


def _meant(name: str, names: Sequence[str]) -> str:
    """Which tensor a name may stand for."""
    bare = name.partition("_")[0]
    if bare != name and bare in names:
        return f"write `{bare}`: a name stands without its indices"
    cased = [known for known in names if known.lower() == name.lower()]
    if cased:
        return f"write `{cased[0]}`; names are case-sensitive"
    close = get_close_matches(name, names, 1, 0.5)
    return f"write `{close[0]}`" if close else "ask for one of these"


# ------------------------------------------------------------------- letters


def letters_of(program: Program, name: str) -> tuple[str, ...]:
    """The index letters with which the program writes a tensor first."""
    found = program.checked
    if name in found.definitions:
        return found.definitions[name].letters
    if name in found.inputs and found.inputs[name].uses:
        return found.inputs[name].uses[0].letters
    return lettering(program).several(tensor(program, name).axes)


def lettering(program: Program) -> Letters:
    """Letters for the axes of results: each stands for one size, in all results of a call."""
    return Letters(program.letters)


def partial(order: int) -> str:
    """∂, ∂², ∂³, …"""
    return "∂" + (str(order).translate(SUPERSCRIPTS) if order > 1 else "")


def subscripted(name: str, letters: Sequence[str]) -> str:
    """`W_ij`; long index names in braces: `W_{batch,k}`."""
    if not letters:
        return name
    plain = all(len(letter) == 1 or not letter[1:].isalpha() for letter in letters)
    return f"{name}_{''.join(letters)}" if plain else f"{name}_{{{','.join(letters)}}}"


# ------------------------------------------------------------------- answers


def value(program: Program, name: str) -> Asked:
    """The value of an equation or a query."""
    found = program.checked
    if name in found.queries:
        return query(program, found.queries[name])
    if name in found.givens:
        raise EinTypeError(
            "E0407",
            f"`{name}` has no value: only its derivatives are given",
            helps=[f"write an equation `{name} = …`, or ask for a derivative of it"],
        )
    letters = letters_of(program, name)
    return Asked(name, "", letters, program.resolver.inline(tensor(program, name)), len(letters), (name,))


def query(program: Program, asked: Query) -> Asked:
    """An asked-for derivative, as written."""
    title, letters, node = asked.name, asked.letters, asked.node
    rows = len(letters)
    if isinstance(node, Derivative):
        rows -= len(node.below[-1].axes)
    parts = title.translate(DIGITS).replace("/", "").split("∂")
    plain = "".join("d" + part.partition("_")[0] for part in parts[1:])
    name = "".join(character for character in plain if character.isalnum())
    try:
        value = program.resolver.inline(node)
    except EinTypeError as error:
        if not error.labels:
            _place_query(program, error, title)
        raise
    of = tuple(each.name for each in topological([node]) if isinstance(each, Input))
    return Asked(free_name(program, name), title, letters, value, rows, of, asked.reductions)


def _place_query(program: Program, error: EinTypeError, title: str) -> None:
    """Let an error about a query point to all of it, in the file or in a text of its own."""
    known = program.checked.queries.get(title)
    error.source = program.checked.source if known else Source(title, "<query>")
    error.labels = (Label(known.span if known else Span(0, len(title)), "of this derivative"),)


def derivative(program: Program, of: str, below: Sequence[Input], node: Node, letters: Letters) -> Asked:
    """∂of/∂below…, whose expression is `node`; its last tensor has the columns."""
    wishes = [letter for name in (of, *(leaf.name for leaf in below)) for letter in letters_of(program, name)]
    chosen = list(letters.several(node.axes, wishes))
    rest = iter(chosen)
    top = subscripted(of, list(islice(rest, len(tensor(program, of).axes))))
    bottom = "".join("∂" + subscripted(leaf.name, list(islice(rest, len(leaf.axes)))) for leaf in below)
    order = len(below)
    name = f"d{order if order > 1 else ''}{of}" + "".join(f"d{leaf.name}" for leaf in below)
    rows = len(node.axes) - len(below[-1].axes)
    title = f"{partial(order)}{top}/{bottom}"
    return Asked(free_name(program, name), title, tuple(chosen), node, rows, (of, *(leaf.name for leaf in below)))


def product(program: Program, kind: str, title: str, of: str, name: str, node: Node) -> Asked:
    """A derivative of `of`, times a vector; it has the axes of `name`."""
    letters = letters_of(program, name)
    return Asked(free_name(program, f"{kind}{name}"), title, letters, node, len(letters), (of, name))


def vector(program: Program, leaf: Input) -> Argument:
    """The input `dW` that is a tangent, or a cotangent, of W."""
    found = program.checked
    name = f"d{leaf.name}"
    if name in found.inputs or name in found.definitions:
        raise EinNameError(
            "E0408",
            f"the program has a tensor `{name}`, which is also what the vector for `{leaf.name}` is called",
            helps=[f"give the tensor `{name}` another name"],
        )
    known = found.inputs[leaf.name].uses if leaf.name in found.inputs else ()
    definition = found.definitions.get(leaf.name)
    uses = (definition.use,) if definition else known[:1]
    node = Input(name, leaf.axes, leaf.symmetric)
    return Argument(name=name, keyword=name, node=node, uses=uses, declared=None)


def free_name(program: Program, name: str) -> str:
    """`name` as a tensor's, ∂E/∂a as dEda, with a digit behind it if the program has it already."""
    name = "".join(character for character in name.replace("∂", "d") if character.isalnum())
    taken: Mapping[str, object] = {**program.checked.inputs, **program.checked.definitions, **program.checked.givens}
    if name not in taken:
        return name
    return next(f"{name}{number}" for number in range(2, len(taken) + 3) if f"{name}{number}" not in taken)
