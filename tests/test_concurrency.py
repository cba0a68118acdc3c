"""One program in many threads, and nothing in the package that threads could spoil."""

from __future__ import annotations

import ast
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import einderiv as ed

PACKAGE = Path(ed.__file__).parent
THREADS = 16
SECONDS = 2.0
TEXT = "A_nk = tanh(X_nd W_dk) + b_k\nF_nk = A_nk - log(sum_c exp(A_nc))\nL = -Y_nk F_nk\n"
CHANGES = {"append", "extend", "insert", "remove", "pop", "popitem", "clear", "add", "discard", "update", "setdefault"}
LOCKED = {("ir/nodes.py", "_nodes")}  # the interned nodes, under a lock of their own


def in_threads(work: Callable[[int], None]) -> None:
    """Run it in every thread; the first exception of any comes out."""
    raised: list[BaseException] = []
    start = threading.Barrier(THREADS)

    def guarded(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


def arrays(number: int) -> dict[str, np.ndarray]:
    """Arrays whose shapes and values only this thread has."""
    rng = np.random.default_rng(number)
    n, d, k = 2 + number % 4, 3 + number % 5, 2 + number
    shapes = {"X": (n, d), "W": (d, k), "b": (k,), "Y": (n, k)}
    return {name: rng.random(shape) for name, shape in shapes.items()}


def expected(a: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The gradients by W and b, as one writes them in NumPy."""
    t = np.tanh(a["X"] @ a["W"])
    e = np.exp(t + a["b"])
    p = e / e.sum(1, keepdims=True)
    g = p * a["Y"].sum(1, keepdims=True) - a["Y"]
    return a["X"].T @ (g * (1 - t * t)), g.sum(0)


def test_one_function_serves_sixteen_threads_with_shapes_of_their_own() -> None:
    g = ed.grad(TEXT, of="L", wrt=["W", "b"])
    calls = [0] * THREADS

    def work(number: int) -> None:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end or not calls[number]:
            for own in (number, number + 100 * (calls[number] % 80)):  # more shapes than plans are kept
                a = arrays(own % 97)
                found, (W, b) = g(**a), expected(a)
                np.testing.assert_allclose(found["W"], W, rtol=1e-9, atol=1e-12)
                np.testing.assert_allclose(found["b"], b, rtol=1e-9, atol=1e-12)
                calls[number] += 1

    in_threads(work)
    assert min(calls) >= 2


def test_one_program_is_differentiated_by_sixteen_threads_at_once() -> None:
    program = ed.parse(TEXT)
    texts: list[str] = [""] * THREADS

    def work(number: int) -> None:
        J = ed.jacobian(program, of="A", wrt="W")
        H = ed.hessian(program, of="L", wrt="b")
        a = arrays(number)
        texts[number] = f"{J}\n{H}\n{J.latex()}\n{H.source('numpy')}\n{ed.grad(program, of='L', wrt='X')}"
        assert J(**a).shape == (*a["Y"].shape, *a["W"].shape)
        np.testing.assert_allclose(H(**a), H(**a).T, atol=1e-12)

    in_threads(work)
    assert len(set(texts)) == 1


def test_sixteen_threads_read_texts_at_once() -> None:
    def work(number: int) -> None:
        for each in range(20):
            program = ed.parse(f"y_i = {number + 2} x_i^{each + 2}\nz = y_i w_i")
            assert program.outputs == ("y", "z")
            value = ed.evaluate(program, x=np.full(2, 1.0), w=np.ones(2))["z"]
            assert value == 2 * (number + 2)
            try:
                ed.parse(f"a_i = b_j + {number}")
            except ed.EinError as error:
                assert f"b_j + {number}" in str(error)

    in_threads(work)


def changed_globals(tree: ast.Module) -> set[str]:
    """The names of a module that its functions rebind, or change as containers."""
    names = {
        target.id
        for node in tree.body
        for target in (node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)])
        if isinstance(target, ast.Name)
    }
    found: set[str] = set()
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]:
        local = {each.arg for each in ast.walk(function) if isinstance(each, ast.arg)}
        local |= {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        for node in ast.walk(function):
            match node:
                case ast.Global(names=rebound):
                    found |= set(rebound)
                case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                    found |= {name} & names - local
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)) if attribute in CHANGES:
                    found |= {name} & names - local
    return found


def test_no_module_has_state_but_caches_under_a_lock() -> None:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        changed = changed_globals(ast.parse(path.read_text(encoding="utf-8")))
        found |= {(str(path.relative_to(PACKAGE)), name) for name in changed}
    assert found == LOCKED


def test_every_cache_of_a_module_has_a_bound() -> None:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
                match decorator:
                    case ast.Name(id="cache" | "lru_cache") | ast.Attribute(attr="cache" | "lru_cache"):
                        assert not node.args.args, f"{path.name}: {node.name} keeps a result for every argument"
                    case ast.Call(func=ast.Name(id="lru_cache"), keywords=[ast.keyword(arg="maxsize", value=bound)]):
                        assert isinstance(ast.literal_eval(bound), int), f"{path.name}: {node.name}"
