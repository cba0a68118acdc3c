"""The arrays of a call, each to the tensor it is for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral
from typing import TYPE_CHECKING, Any

from einderiv.check import Argument
from einderiv.errors import EinInputError, EinValueError, Label, Source, raise_all
from einderiv.ir import Node

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OPTIONS = ("check_finite", "memory_limit")  # of a call, which are no inputs
Runner = Callable[[Mapping[str, Any]], list[Any]]


def bind(
    source: Source, inputs: Mapping[str, Argument], needed: Collection[str], passed: Mapping[str, object]
) -> dict[str, object]:
    """What was passed, by the names of the tensors; a name may be given as it is written or as its keyword.

    `None` counts as not passed.

    Raises `EinInputError` for a name that the program does not have (E0502) and for a needed tensor without an array
    (E0501).
    """
    names = {argument.keyword: name for name, argument in inputs.items()} | {name: name for name in inputs}
    arrays: dict[str, object] = {}
    for key, array in passed.items():
        if key not in names:
            raise _unexpected(key, inputs, needed, passed)
        if names[key] in arrays:
            raise _twice(names[key])
        if array is not None:
            arrays[names[key]] = array
    absent = [inputs[name] for name in inputs if name in needed and name not in arrays]
    raise_all([_missing(source, argument, inputs, arrays, passed) for argument in absent])
    return arrays


@dataclass(frozen=True, slots=True)
class Usual:
    """The last call, so that another one with the same keys, types and shapes is known without a complete check.

    `kind` is the class of all arrays; `entries` has for each key the type of the elements and the shape; `renamed` the
    keys that are not the names of their tensors, with these.
    """

    kind: type[np.ndarray[Any, Any]]
    entries: tuple[tuple[str, np.dtype[Any], tuple[int, ...]], ...]
    renamed: tuple[tuple[str, str], ...]
    runner: Runner

    def matched(self, passed: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """The arrays by the names of their tensors, or None for a call that is not of this kind."""
        if type(passed) is not dict or len(passed) != len(self.entries):
            return None
        kind = self.kind
        for key, dtype, shape in self.entries:
            array = passed.get(key)
            if type(array) is not kind or array.dtype is not dtype or array.shape != shape:
                return None
        if not self.renamed:
            return passed
        arrays = passed.copy()
        for key, name in self.renamed:
            arrays[name] = passed[key]
        return arrays


def usual(
    inputs: Mapping[str, Argument],
    passed: Mapping[str, object],
    given: Mapping[str, object],
    accepted: Mapping[str, Any],
    runner: Runner,
) -> Usual | None:
    """What a call was, if its arrays were taken as they are; `given` has what was `passed` by the names of tensors."""
    import numpy as np  # here and below, since whoever derives and prints has no arrays

    if len(given) != len(passed) or any(accepted[name] is not array for name, array in given.items()):
        return None
    if not all(type(array) is np.ndarray for array in given.values()):
        return None
    keys = {name: name if name in passed else inputs[name].keyword for name in given}
    entries = tuple((keys[name], array.dtype, array.shape) for name, array in accepted.items())
    return Usual(np.ndarray, entries, tuple((key, name) for name, key in keys.items() if key != name), runner)


def written(argument: Argument) -> str:
    """A tensor as its first use writes it: `W_ij`."""
    letters = argument.uses[0].letters if argument.uses else ()
    return f"{argument.name}_{''.join(letters)}" if letters else argument.name


def _twice(name: str) -> EinInputError:
    return EinInputError("E0502", f"`{name}` is passed twice", helps=["leave one of the two out"])


def _unexpected(
    key: object, inputs: Mapping[str, Argument], needed: Collection[str], passed: Mapping[str, object]
) -> EinInputError:
    if not isinstance(key, str):
        raise EinInputError(
            "E0502",
            f"arrays are passed by name, but {key!r} is a {type(key).__name__}",
            helps=["pass each array under its name: `f({'W': W, 'x': x})`"],
        )
    missing = [inputs[name].keyword for name in needed if name not in passed and inputs[name].keyword not in passed]
    close = get_close_matches(key, [*missing, *(argument.keyword for argument in inputs.values())], 1, 0.5)
    wanted = close[0] if close else missing[0] if len(missing) == 1 else None
    known = ", ".join(written(argument) for argument in inputs.values())
    option = get_close_matches(key, OPTIONS, 1, 0.75)
    return EinInputError(
        "E0502",
        f"unexpected input `{key}`",
        notes=[f"this program's inputs are {known}" if known else "this program has no inputs"],
        helps=[f"for the option of a call write `{option[0]}=`" if option else _renaming(key, wanted, missing)],
    )


def _renaming(key: str, wanted: str | None, missing: Collection[str]) -> str:
    if not wanted:
        return "leave it out"
    return f"`{wanted}` is still missing; rename `{key}` to `{wanted}`" if wanted in missing else "leave it out"


def _missing(
    source: Source,
    argument: Argument,
    inputs: Mapping[str, Argument],
    given: Mapping[str, object],
    passed: Mapping[str, object],
) -> EinInputError:
    sizes = _sizes_of(inputs, given)
    letters = argument.uses[0].letters if argument.uses else ()
    known = [sizes.get(dim, (dim.size, "its declaration")) for dim in argument.node.axes]
    origins = [
        f"{letter} = {size} follows from {origin}"
        for letter, (size, origin) in dict(zip(letters, known, strict=False)).items()
    ]
    shape = ", ".join(str(size) for size, _ in known) + ("," if len(known) == 1 else "")
    help_text = f"pass `{argument.keyword}=` an array for {written(argument)}"
    if not argument.node.axes:
        help_text = f"pass `{argument.keyword}=` a number"
    elif all(size is not None for size, _ in known):
        help_text = f"pass `{argument.keyword}` with shape ({shape}): {', '.join(origins)}".rstrip(": ")
    same = [name for name in given if name != argument.name and name.lower() == argument.name.lower()]
    absent = [name for name in (argument.name, argument.keyword) if name in passed]
    return EinInputError(
        "E0501",
        f"missing input `{argument.name}`",
        source=source,
        labels=[Label(argument.uses[0].span, "needed here")] if argument.uses else [],
        notes=[
            f"given: {', '.join(_told(name, array) for name, array in given.items())}"
            if given
            else "no arrays were given",
            *(f"`{name}` is another input; names are case-sensitive" for name in same),
            *(f"`{name}=None` counts as not passed" for name in absent[:1]),
        ],
        helps=[help_text],
    )


def described(arguments: Sequence[Argument], results: Sequence[tuple[str, Sequence[str], Node]]) -> list[str]:
    """The documentation of a function of these arrays by position: what each is, with its letters and its sizes."""
    lines = [f"{', '.join(title for title, _, _ in results)} as a function of arrays, passed in this order.", ""]
    for place, argument in enumerate(arguments):
        letters = argument.uses[0].letters if argument.uses else ()
        lines.append(f"    v{place}: {shaped(argument.name, letters, argument.node)}")
    lines += ["", "Returns an array:" if len(results) == 1 else "Returns a tuple of arrays:", ""]
    lines += [f"    {shaped(title, () if '∂' in title else letters, node)}" for title, letters, node in results]
    if len(results) == 1 and results[0][1]:
        lines.append(f"    with the axes {', '.join(results[0][1])}")
    return lines


def shaped(name: str, letters: Sequence[str], node: Node) -> str:
    """`W_ij, of shape (H, D)`, or a name that is a number's."""
    plain = all(len(letter) == 1 or not letter[1:].isalpha() for letter in letters)
    subscript = ("_" + "".join(letters) if plain else "_{" + ",".join(letters) + "}") if letters else ""
    sizes = ", ".join(map(str, node.axes)) + ("," if len(node.axes) == 1 else "")
    return f"{name}{subscript}, of shape ({sizes})" if node.axes else f"{name}, a number"


def require_symmetric(name: str, array: NDArray[Any]) -> None:
    """Raise `EinValueError` (E0512) unless a matrix is its transpose, to eight digits of its largest element."""
    import numpy as np

    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        return
    with np.errstate(invalid="ignore"):  # ∞ - ∞
        apart = np.abs(array - array.T)
    largest = np.fmax.reduce(np.abs(array), axis=None, initial=0.0)
    if np.fmax.reduce(apart, axis=None, initial=0.0) > 1e-8 * largest:
        i, j = (int(place) for place in np.unravel_index(np.nanargmax(apart), apart.shape))
        raise EinValueError(
            "E0512",
            f"`{name}` is declared symmetric, but `{name}[{i}, {j}]` is {array[i, j]:g} and `{name}[{j}, {i}]` is "
            f"{array[j, i]:g}",
            helps=[f"pass its symmetric part, `({name} + {name}.T) / 2`, or declare `{name}` without `symmetric`"],
        )


def _told(name: str, array: object) -> str:
    """`W (3, 4) float64`."""
    dtype = str(getattr(array, "dtype", "")).removeprefix("torch.")
    if not hasattr(array, "shape"):
        return f"{name} ({type(array).__name__})"
    return f"{name} {tuple(array.shape)} {dtype}".rstrip()


def _sizes_of(inputs: Mapping[str, Argument], given: Mapping[str, object]) -> dict[object, tuple[int, str]]:
    """The sizes that arrays tell, each with the name of the first that does."""
    sizes: dict[object, tuple[int, str]] = {}
    for name, array in given.items():
        axes, shape_of = inputs[name].node.axes, tuple(getattr(array, "shape", ()))
        if len(shape_of) == len(axes):
            for dim, size in zip(axes, shape_of, strict=True):
                sizes.setdefault(dim, (size, name))
    return sizes


def merged(
    arrays: Mapping[str, Any] | None,
    keywords: Mapping[str, Any],
    more: tuple[Any, ...] = (),
    needed: Sequence[str] = ("W", "x"),
) -> dict[str, Any]:
    """The arrays of a call, passed as one mapping, as keywords, or as both; `more` is what should not be there.

    `needed` are names of inputs, for hints.
    """
    named, keyed = (", ".join(each.format(name) for name in needed) for each in ("{0}={0}", "'{0}': {0}"))
    helps = [f"pass each array under its name: `f({named})`, or `f({{{keyed}}})`"]
    if more:
        raise EinInputError("E0502", f"arrays are passed by name, but {1 + len(more)} came without", helps=helps)
    if arrays is not None and not isinstance(arrays, Mapping):
        raise EinInputError(
            "E0502",
            f"expected one mapping from names to arrays, or keywords, but got {type(arrays).__name__}",
            helps=helps,
        )
    twice = [name for name in arrays or () if name in keywords]
    if twice:
        raise _twice(twice[0])
    return {**(arrays or {}), **keywords}


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of an array, or a shape itself; a number has none."""
    if isinstance(value, tuple) and all(isinstance(size, Integral) for size in value):
        return tuple(map(int, value))
    import numpy as np

    return tuple(np.shape(value))


def plain(array: Any, library: str) -> np.ndarray[Any, Any]:
    """An array as NumPy's."""
    import numpy as np

    match library:
        case "torch":
            return np.asarray(array.detach().cpu())
        case "cupy":
            return np.asarray(array.get())
        case _:
            return np.asarray(array)


def itemsize_of(dtype: str) -> int:
    """The bytes of an element."""
    import numpy as np

    return np.dtype(dtype).itemsize
