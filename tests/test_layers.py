"""The arrows of the house: every import of einderiv, function-local ones too, against the table of layers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "einderiv"

# Each room, and the rooms whose doors it may use. Doors (files beside the rooms) may use every room.
MAY_TOUCH: dict[str, set[str]] = {
    "drawing": set(),
    "errors": {"drawing"},
    "lettering": {"ir"},
    "syntax": {"errors"},
    "ir": {"errors"},
    "check": {"errors", "syntax", "ir"},
    "diff": {"errors", "ir"},
    "simplify": {"errors", "ir"},
    "pictures": {"errors"},
    "plan": {"errors", "ir", "pictures"},
    "run": {"errors", "ir", "plan"},
    "render": {"errors", "ir", "lettering", "plan"},
    "factored": {"errors", "guards", "pictures"},
}
DOORS = {"commands", "conversion", "language_server"}  # folders that may use every room, as the files beside the rooms
FOLDERS = {room for room in MAY_TOUCH if room not in ("drawing", "errors", "lettering")}
NUMERIC = {"numpy", "scipy", "jax", "torch", "cupy", "dask"}
MAY_IMPORT_NUMERIC = {"run", "factored"}
MAY_ASK_OPT_EINSUM = {"plan", "run", "factored"}  # `factored` multiplies its cores with a vector


def room_of(module: tuple[str, ...]) -> str:
    """The room of a module: `einderiv.diff.reverse` is in `diff`; a door is its own room."""
    return module[1] if len(module) > 1 else "__init__"


def modules() -> list[tuple[tuple[str, ...], Path]]:
    """Every module of the package, its dotted name split, and its file."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found.append((parts[:-1] if parts[-1] == "__init__" else parts, path))
    return found


def imports(module: tuple[str, ...], path: Path) -> list[tuple[ast.stmt, tuple[str, ...]]]:
    """Each import statement with the absolute module it names; `from . import x` names the x that is a module."""
    package = module if path.name == "__init__.py" else module[:-1]
    found: list[tuple[ast.stmt, tuple[str, ...]]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node, tuple(alias.name.split("."))) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            found += [(node, (*base, alias.name) if is_module(base, alias.name) else base) for alias in node.names]
    return found


def is_module(package: tuple[str, ...], name: str) -> bool:
    """Whether a name imported from a package of einderiv is a module, and not what the package's door calls so."""
    folder = PACKAGE.parent.joinpath(*package)
    if not (folder / name).is_dir() and not (folder / f"{name}.py").is_file():
        return False
    door = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    return not any(alias.name == name for node in door.body if isinstance(node, ast.ImportFrom) for alias in node.names)


def at_import_time(path: Path) -> set[str]:
    """The top-level packages that are imported when the module is: not in a function, not for type checkers only."""
    names: set[str] = set()
    pending: list[ast.stmt] = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while pending:
        node = pending.pop()
        match node:
            case ast.Import():
                names |= {alias.name.split(".")[0] for alias in node.names}
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module.split(".")[0])
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                pending += node.orelse
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                pass
            case _:
                pending += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
    return names


CASES = [pytest.param(module, path, id=".".join(module)) for module, path in modules()]


@pytest.mark.parametrize(("module", "path"), CASES)
def test_every_import_follows_an_arrow(module: tuple[str, ...], path: Path) -> None:
    room = room_of(module)
    wrong = []
    for node, target in imports(module, path):
        if target[0] != "einderiv" or room_of(target) == room or room not in MAY_TOUCH:
            continue
        if room_of(target) not in MAY_TOUCH[room]:
            wrong.append(f"{path.name}:{node.lineno} imports {'.'.join(target)}")
    assert not wrong


@pytest.mark.parametrize(("module", "path"), CASES)
def test_a_folder_is_entered_through_its_door(module: tuple[str, ...], path: Path) -> None:
    wrong = [
        f"{path.name}:{node.lineno} imports {'.'.join(target)}"
        for node, target in imports(module, path)
        if target[0] == "einderiv" and len(target) > 2 and target[1] in FOLDERS and target[1] != room_of(module)
    ]
    assert not wrong


@pytest.mark.parametrize(("module", "path"), [case for case in CASES if room_of(case.values[0]) in MAY_TOUCH])
def test_the_symbolic_half_needs_no_arrays(module: tuple[str, ...], path: Path) -> None:
    allowed = NUMERIC if room_of(module) in MAY_IMPORT_NUMERIC else set()
    assert not (at_import_time(path) & NUMERIC) - allowed


@pytest.mark.parametrize(("module", "path"), CASES)
def test_few_modules_use_opt_einsum(module: tuple[str, ...], path: Path) -> None:
    used = any(target[0] == "opt_einsum" for _, target in imports(module, path))
    assert not used or room_of(module) in MAY_ASK_OPT_EINSUM


def test_the_table_names_every_room() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/*.py")}
    assert folders == FOLDERS | DOORS


def test_what_prints_and_what_is_factored_is_imported_only_when_it_is_used() -> None:
    code = (
        "import sys, einderiv as ed; ed.grad('L = x_i A_ij x_j', wrt='x')(x=[1.0], A=[[1.0]]); "
        "late = ('render', 'typeset', 'derivation', 'formulas', 'factored', 'catalogue', 'cli'); "
        "print([name for name in late if f'einderiv.{name}' in sys.modules]); "
        "print(ed.FactoredTensor.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["[]", "FactoredTensor", ""]


@pytest.mark.parametrize("room", sorted(set(MAY_TOUCH) - MAY_IMPORT_NUMERIC))
def test_a_symbolic_room_starts_without_numpy(room: str) -> None:
    code = (  # an empty package stands in for einderiv/__init__.py, which may need NumPy
        "import sys, types; door = types.ModuleType('einderiv'); "
        f"door.__path__ = [{str(PACKAGE)!r}]; sys.modules['einderiv'] = door; "
        f"import einderiv.{room}; print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
