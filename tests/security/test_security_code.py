"""Nothing in the package runs what it reads, and no name of a user's is code in what it writes."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import pytest

import einderiv as ed

PACKAGE = Path(ed.__file__).parent
RUNS_CODE = {"eval", "exec", "compile", "__import__", "breakpoint", "input"}
PROCESSES = {"pickle", "marshal", "shelve", "subprocess", "socket", "ctypes", "multiprocessing", "urllib", "ssl"}
GRAPHVIZ = PACKAGE / "pictures" / "dot.py"  # which runs `dot` on text of its own when a picture is asked for
SYSTEM_CALLS = {"system", "popen", "fork", "execv", "execve", "execvp", "spawnl", "spawnv", "posix_spawn", "startfile"}
NODES = (
    ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.FunctionDef, ast.arguments, ast.arg, ast.Assign,
    ast.AugAssign, ast.Delete, ast.Del, ast.Expr, ast.Return, ast.Call, ast.keyword, ast.Attribute, ast.Name, ast.Load,
    ast.Store, ast.Constant, ast.Tuple, ast.List,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.BitAnd, ast.BitOr, ast.UnaryOp,
    ast.USub, ast.Not, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Subscript, ast.Slice,
    ast.IfExp, ast.Starred, ast.ListComp, ast.GeneratorExp, ast.comprehension, ast.Lambda,
)  # fmt: skip
MODULES = {"numpy", "scipy.special", "scipy", "jax", "jax.numpy", "jax.scipy.special", "torch", "math"}
GLOBALS = {"np", "jnp", "jax", "torch", "math", "special", "evaluate", "float", "int", "range", "max", "min", "len"}
LETTERS = "abcdxyzABXYΩθπµﬁſªßœéŁ"
WORDS = (
    "lambda None True class import exec eval print open os sys np jnp torch math evaluate v0 v1 v2 self __class__ "
    "def return yield async await float range object type globals locals del dir id ﬁ ﬀ µ ª"
).split()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_runs_text_starts_processes_or_opens_sockets(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=name)):
                assert name not in RUNS_CODE, node.lineno
            case ast.Attribute(value=ast.Name(id="os"), attr=name):
                assert name not in SYSTEM_CALLS, node.lineno
            case ast.Import(names=names):
                found = PROCESSES & {each.name.partition(".")[0] for each in names}
                assert found <= ({"subprocess"} if path == GRAPHVIZ else set()), node.lineno
            case ast.ImportFrom(module=str(module), level=0):
                assert module.partition(".")[0] not in PROCESSES, node.lineno
            case ast.keyword(arg="allow_pickle", value=value):
                assert isinstance(value, ast.Constant)
                assert value.value is False
            case ast.keyword(arg="cache"):
                pytest.fail(f"line {node.lineno}: a cached grammar is unpickled from a temporary file")


def names(rng: random.Random, count: int) -> list[str]:
    """Names of a user's: words that mean something to Python, and letters at random."""
    found: list[str] = []
    while len(found) < count:
        drawn = "".join(rng.choices(LETTERS, k=rng.randint(1, 3))) + rng.choice(["", str(rng.randint(0, 99))])
        name = rng.choice(WORDS) if rng.random() < 0.3 else drawn
        try:
            ed.parse(f"y = {name} + 1")
        except ed.EinError:
            continue
        found.append(name)
    return found


def assert_harmless(code: str) -> None:
    """Only the functions of array libraries and names of einderiv's own."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        assert isinstance(node, NODES), ast.dump(node)
        match node:
            case ast.Import(names=imported):
                assert {each.name for each in imported} <= MODULES
            case ast.ImportFrom(module=module):
                assert module in MODULES
            case ast.Name(id=name) | ast.arg(arg=name):
                assert name in GLOBALS or (name[0] in "vijk" and name[1:].isdecimal()), name
            case ast.FunctionDef(name=name):
                assert name == "evaluate"
            case ast.Attribute(attr=attribute):
                assert attribute.isascii()
                assert not attribute.startswith("_")
            case ast.Constant(value=str(text)) if node is not tree.body[-1].body[0].value:
                assert all(character.isascii() for character in text), text
                assert all(character.isalpha() or character in ",.->_" for character in text), text


def test_no_name_of_a_user_is_code() -> None:
    rng = random.Random(7)
    checked = 0
    for _ in range(60):
        a, b, c, d, e, f = names(rng, 6)
        if len({a, b, c, d, e, f}) < 6:
            continue
        text = f"{a}_i = {b}_ij {c}_j + {d}_i\n{e} = sum_i exp({a}_i) {f} + logsumexp_i({d}_i) erf({f})"
        try:
            program = ed.parse(text)
        except ed.EinError:  # two of the names are one, ª and a
            continue
        derived = ed.value_and_grad(program, of=program.outputs[-1])
        for library in ("numpy", "jax", "torch"):
            assert_harmless(derived.source(library))
            checked += 1
    assert checked > 30
