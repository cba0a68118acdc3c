"""Calls of Python: `y = np.einsum("ij,j->i", W, x)`, `einops.rearrange(x, "b h w -> b w h")`."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from einderiv.conversion import einsums, patterns
from einderiv.conversion.declared import Declared, check_used
from einderiv.conversion.naming import Names
from einderiv.conversion.reading import DEPTH, not_expressible, syntax_error, too_deep
from einderiv.errors import Span

FUNCTIONS = frozenset({"einsum", "contract", "rearrange", "reduce", "repeat"})
_IGNORED = frozenset({"optimize", "precision", "dtype", "order", "casting", "backend", "memory_limit"})
_HOW = {"sum": "sum", "mean": "mean", "max": "max", "min": "min", "prod": "prod"}


@dataclass(frozen=True, slots=True)
class _Source:
    """The text, whose places Python counts in lines and bytes."""

    text: str

    def span(self, node: ast.expr | ast.stmt) -> Span:
        """Where a node stands, in characters."""
        end = self.place(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
        return Span(self.place(node.lineno, node.col_offset), end)

    def place(self, line: int, column: int) -> int:
        """The character at a byte of a line."""
        lines = self.text.split("\n")
        before = sum(len(each) + 1 for each in lines[: line - 1])
        return before + len(lines[line - 1].encode("utf-8")[:column].decode("utf-8", "ignore"))


@dataclass(frozen=True, slots=True)
class _Call:
    """`target = function(arguments, keywords)`."""

    target: str
    function: str
    node: ast.Call


def lines_of(text: str, shapes: Mapping[str, Declared], names: Names) -> list[str]:
    """The lines of the calls, one after the other."""
    source = _Source(text)
    found: list[str] = []
    calls = [_call(statement, source) for statement in _statements(source)]
    check_used(shapes, {each.id for call in calls for each in call.node.args if isinstance(each, ast.Name)})
    for call in calls:
        make = _einsum if call.function in ("einsum", "contract") else _einops
        found += make(call, source, shapes, names)
    return found


def _statements(source: _Source) -> list[ast.stmt]:
    depth = 0
    for place, character in enumerate(source.text):
        depth += (character in "([{") - (character in ")]}")
        if depth > DEPTH:
            raise too_deep(Span(place, place + 1))
    try:
        return ast.parse(source.text).body
    except SyntaxError as problem:
        line = min(max(problem.lineno or 1, 1), source.text.count("\n") + 1)
        place = source.place(line, 0) + max(problem.offset or 1, 1) - 1
        raise syntax_error(f"this is no call of Python: {problem.msg}", Span(place, place + 1)) from None
    except (ValueError, MemoryError, RecursionError):
        raise syntax_error("this is no call of Python", Span(0, 1)) from None


def _call(statement: ast.stmt, source: _Source) -> _Call:
    target = ""
    value: ast.expr | None = None
    match statement:
        case ast.Assign(targets=[ast.Name(id=target)], value=value):
            pass
        case ast.Expr(value=value):
            pass
    if not isinstance(value, ast.Call):
        raise syntax_error(
            "a line that is no call of einsum", source.span(statement),
            helps=['write `y = np.einsum("ij,j->i", W, x)`, one call a line'],
        )  # fmt: skip
    name = value.func.attr if isinstance(value.func, ast.Attribute) else ast.unparse(value.func)
    if name not in FUNCTIONS:
        raise not_expressible(
            f"`{name}` is no contraction", source.span(value.func),
            notes=[f"known are {', '.join(sorted(FUNCTIONS))}"], helps=["write it in index notation by hand"],
        )  # fmt: skip
    return _Call(target, name, value)


def _names(nodes: Sequence[ast.expr], source: _Source) -> list[str]:
    """The operands, which are bare names."""
    for node in nodes:
        if not isinstance(node, ast.Name):
            raise not_expressible(
                "an operand that is not a bare name", source.span(node),
                helps=["give it a name on a line of its own, and use the name here"],
            )  # fmt: skip
    return [node.id for node in nodes if isinstance(node, ast.Name)]


def _text(node: ast.expr, source: _Source) -> tuple[str, int]:
    """A string constant, and where its first character stands."""
    span = source.span(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        raw = source.text[span.start : span.end]
        inside = raw.lstrip("rRuUbB")
        if len(inside) >= 2 and inside[1:-1] == node.value:
            return node.value, span.end - len(inside) + 1
    raise not_expressible("the string of the contraction is not plain text", span, helps=['write `"ij,j->i"` itself'])


def _einsum(call: _Call, source: _Source, shapes: Mapping[str, Declared], names: Names) -> list[str]:
    """NumPy's call with the string first, or that of einops with the string last."""
    _refuse_keywords(call, source)
    arguments = call.node.args
    last = bool(arguments) and isinstance(arguments[-1], ast.Constant) and len(arguments) > 1
    if not arguments or not (last or isinstance(arguments[0], ast.Constant)):
        raise not_expressible(
            "a call without an einsum string", source.span(call.node), helps=['write `np.einsum("ij,j->i", W, x)`']
        )
    operands = _names(arguments[:-1] if last else arguments[1:], source)
    text, start = _text(arguments[-1 if last else 0], source)
    axes = Names()
    found = patterns.read(text, start, axes, True) if last else einsums.read(text, start)
    if len(operands) != len(found.inputs):
        raise einsums.wrong_count(found, operands)
    used = dict.fromkeys(label for group in found.inputs for label in group.labels) if last else {}
    declared = patterns.index_lines(list(used), {})
    return [*axes.remarks(), *declared, *einsums.lines_of(found, operands, shapes, call.target, names)]


def _refuse_keywords(call: _Call, source: _Source) -> None:
    for keyword in call.node.keywords:
        if keyword.arg not in _IGNORED:
            raise not_expressible(
                f"`{keyword.arg or '**'}=` has no counterpart", source.span(keyword.value), helps=["leave it out"]
            )


def _einops(call: _Call, source: _Source, shapes: Mapping[str, Declared], names: Names) -> list[str]:
    """`rearrange`, `reduce` and `repeat`."""
    wanted = 3 if call.function == "reduce" else 2
    if len(call.node.args) != wanted:
        example = 'reduce(x, "b h w -> b", "mean")' if wanted == 3 else f'{call.function}(x, "b h w -> b w h")'
        raise not_expressible(
            f"`{call.function}` takes {wanted} arguments", source.span(call.node), helps=[f"write `{example}`"]
        )
    axes = Names()
    operands = _names(call.node.args[:1], source)
    pattern = patterns.read(*_text(call.node.args[1], source), axes, False)
    sizes = _sizes(call, source, axes)
    patterns.check_axes(pattern, call.function, list(sizes))
    how = _text(call.node.args[2], source)[0] if wanted == 3 else "sum"
    if how not in _HOW:
        raise not_expressible(
            f"`{how}` is no reduction", source.span(call.node.args[2]), helps=[f"known are {', '.join(_HOW)}"]
        )
    given = [shapes.get(operands[0])]
    einsums.check_sizes(pattern, operands, given)
    own = [names[each] for each in operands]
    result = names[call.target] if call.target else names.free(["y", "z"])
    every = list(dict.fromkeys((*pattern.inputs[0].labels, *pattern.output.labels)))
    return [
        *axes.remarks(), *patterns.index_lines(every, sizes), *einsums.shape_lines(own, {own[0]: given[0]}),
        einsums.equation(pattern, own, result, how),
    ]  # fmt: skip


def _sizes(call: _Call, source: _Source, axes: Names) -> dict[str, int]:
    """`c=3` of `repeat`, and of the others, which need none."""
    sizes = {}
    for keyword in call.node.keywords:
        value = keyword.value
        if keyword.arg is None or not isinstance(value, ast.Constant) or not isinstance(value.value, int):
            raise not_expressible("the length of an axis is not a number", source.span(value), helps=["write `c=3`"])
        sizes[axes[keyword.arg]] = value.value
    return sizes
