"""What a caller may pass: anything that is an array of real numbers, of one library at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from einderiv.errors import EinTypeError
from einderiv.run.library import ROOTS, Library, library

Array = Any

FLOAT64 = np.dtype(np.float64)
TRIED = 1000  # elements that are tried to be numbers, for a hint
KINDS = {"U": "text", "S": "bytes", "O": "objects", "V": "structured", "c": "complex", "M": "dates", "m": "durations"}


class Accepted(NamedTuple):
    """The arrays of a call, of one library and one floating-point type."""

    arrays: Mapping[str, Array]
    library: str
    dtype: str


def accept(values: Mapping[str, object], indices: Collection[str] = ()) -> Accepted:
    """`values` as arrays of one library and one floating-point type; those in `indices` stay integers if they are.

    Integers and booleans become float64; float16, float32 and float64 stay, and of several the widest is taken.  A
    Python number fits in with any.  JAX, PyTorch, Dask and CuPy arrays stay in their library, and take NumPy's along.
    """
    if all(type(value) is np.ndarray and value.dtype is FLOAT64 for value in values.values()):
        return Accepted(values, "numpy", "float64")
    home = _home(values)
    arrays = {name: _array(name, value, home, name in indices) for name, value in values.items()}
    deciding = [name for name in arrays if name not in indices and type(values[name]) not in (bool, int, float)]
    firm = [str_dtype(arrays[name]) for name in deciding]
    dtype = _common(firm or ["float64"], home)
    like = next((array for array in arrays.values() if not isinstance(array, np.ndarray)), None)
    moved = {
        name: _moved(array, str_dtype(array) if name in indices else dtype, home, like)
        for name, array in arrays.items()
    }
    return Accepted(moved, home.name, dtype)


def _home(values: Mapping[str, object]) -> Library:
    """The library that the call stays in."""
    owners: dict[str, str] = {}
    for name, value in values.items():
        root = ROOTS.get(type(value).__module__.partition(".")[0], "numpy")
        if root != "numpy":
            owners.setdefault(root, name)
    if len(owners) > 1:
        (one, first), (two, second) = list(owners.items())[:2]
        raise EinTypeError(
            "E0504",
            f"`{first}` is an array of {one} and `{second}` one of {two}",
            helps=["pass arrays of one library; NumPy arrays go with any"],
        )
    return library(next(iter(owners), "numpy"))


def _array(name: str, value: object, home: Library, index: bool) -> Array:
    """One value as an array, of NumPy or its own library, with real numbers in it, or integers for an index."""
    if home.name != "numpy" and ROOTS.get(type(value).__module__.partition(".")[0]) == home.name:
        return _foreign(name, value, home, index)
    if isinstance(value, np.ma.MaskedArray):
        raise EinTypeError(
            "E0504",
            f"`{name}` is a masked array; einderiv computes with all elements",
            helps=[f"fill the masked ones: `{name}.filled(0.0)`"],
        )
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        raise EinTypeError(
            "E0504",
            f"`{name}` is a {type(value).__name__} that is no array of numbers",
            helps=["rows of lists have one length; `numpy.asarray(...)` says what is wrong"],
        ) from None
    if isinstance(value, str | bytes):
        raise EinTypeError(
            "E0504",
            f"`{name}` is a text; expected an array of numbers",
            notes=[f"it is {value!r}"] if len(value) <= 60 else [],
            helps=[f"if it names a file, read it: `{name}=np.load(path)`"],
        )
    if array.dtype.kind == "O" and hasattr(value, "toarray"):
        raise EinTypeError(
            "E0504",
            f"`{name}` is a sparse matrix ({type(value).__name__}); einderiv computes with dense arrays",
            helps=[f"make it dense: `{name}.toarray()`"],
        )
    if array.dtype.kind == "O" and not isinstance(value, np.ndarray | list | tuple):
        raise EinTypeError(
            "E0504",
            f"`{name}` is a {type(value).__name__}; expected an array of numbers",
            helps=[f"pass a NumPy array: `{name}=np.array([...])`"],
        )
    if array.dtype.kind in "biu":
        return _integers(array) if index else array.astype(FLOAT64)
    if array.dtype.kind != "f":
        raise _refused(name, array)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _integers(array: np.ndarray[Any, Any]) -> Array:
    """Integers of 64 bits, in which those of every smaller type fit."""
    return array.astype(np.int64 if array.dtype.itemsize < 8 else array.dtype.newbyteorder("="), copy=False)


def _refused(name: str, array: np.ndarray[Any, Any]) -> EinTypeError:
    kind = KINDS.get(array.dtype.kind, "no numbers")
    return EinTypeError(
        "E0504",
        f"`{name}` has dtype {array.dtype} ({kind}); einderiv computes with real floating point",
        notes=[f"first element: {_plain_element(array)!r}"] if array.size else [],
        helps=[_conversion(name, array)],
    )


def _conversion(name: str, array: np.ndarray[Any, Any]) -> str:
    """How an array becomes one of real numbers, if it can."""
    if array.dtype.kind == "c":
        return f"convert it: `{name}.real`"
    if array.dtype.names:
        return f"take one field: `{name}[{array.dtype.names[0]!r}]`"
    try:
        array.ravel()[:TRIED].astype(float)
    except (ValueError, TypeError):
        return f"number what it holds: `np.unique({name}, return_inverse=True)[1]`"
    return f"convert it: `{name}.astype(float)`"


def _plain_element(array: np.ndarray[Any, Any]) -> object:
    """The first element as Python has it: 'a', not np.str_('a')."""
    first = array.flat[0]
    return first.item() if isinstance(first, np.generic) else first


def _foreign(name: str, value: Any, home: Library, index: bool) -> Array:
    """An array of another library; integers become the library's widest usual float, unless it is an index."""
    dtype = str_dtype(value)
    if index and dtype.startswith(("int", "uint")):
        return value
    if dtype.startswith(("int", "uint", "bool")):
        return home.cast(value, _widest(home))
    if not dtype.startswith(("float", "bfloat")):
        raise EinTypeError(
            "E0504",
            f"`{name}` has dtype {dtype}; einderiv computes with real floating point",
            helps=["pass its real part, or an array of floating-point numbers"],
        )
    return value


def str_dtype(array: Array) -> str:
    """`float32`, whatever the library."""
    return str(array.dtype).removeprefix("torch.")


def _common(dtypes: list[str], home: Library) -> str:
    """The narrowest type that holds all; JAX has no float64 unless it is told to."""
    if len(set(dtypes)) == 1 and home.name != "jax":
        return dtypes[0]
    if home.name not in ("torch", "jax"):
        return str(np.result_type(*dtypes))
    common = home.dtype(dtypes[0])
    for dtype in dtypes[1:]:
        common = home.module.promote_types(common, home.dtype(dtype))
    name = str(common).removeprefix("torch.")
    return _widest(home) if home.name == "jax" and name == "float64" else name


def _widest(home: Library) -> str:
    """What the library makes of a Python float; PyTorch can do better."""
    return str(home.module.result_type(float)) if home.name == "jax" else "float64"


def _moved(array: Array, dtype: str, home: Library, like: Array) -> Array:
    """An array in its library and type."""
    if isinstance(array, np.ndarray) and home.name != "numpy":
        array = home.made(array if home.name == "torch" else array.astype(home.dtype(dtype)), like)
    return home.cast(array, dtype)
