"""Small faults put into a module: one node of its syntax tree changed at a time."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt,),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitXor: (ast.BitOr,),
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
WORTHLESS = frozenset({"strict", "stacklevel"})  # keywords that only guard against mistakes


@dataclass(frozen=True)
class Mutant:
    """Alternative number `choice` for node number `node` of a file, in the function `inside`, or in none ("")."""

    path: Path
    node: int
    choice: int
    line: int
    end: int
    inside: str
    change: str

    def tree(self) -> ast.Module:
        """The module with the fault."""
        tree = _parsed(self.path)
        target = list(ast.walk(tree))[self.node]
        wanted = list(_alternatives(target))[self.choice][1]
        _Replace(target, wanted).visit(tree)
        return ast.fix_missing_locations(tree)


def mutants(path: Path) -> list[Mutant]:
    """Every mutant of a module."""
    tree = _parsed(path)
    number = {id(node): place for place, node in enumerate(ast.walk(tree))}
    found = []
    for node, inside in _mutable(tree):
        for choice, (change, _) in enumerate(_alternatives(node)):
            place = _placed(node)
            found.append(Mutant(path, number[id(node)], choice, place.lineno, _last(place), inside, change))
    return found


def _placed(node: ast.AST) -> ast.stmt | ast.expr | ast.pattern:
    """The node itself, or a part of one that has no place of its own."""
    match node:
        case ast.comprehension(target=part) | ast.match_case(pattern=part):
            return part
        case ast.stmt() | ast.expr() | ast.pattern():
            return node
    raise TypeError(type(node).__name__)


def _last(node: ast.stmt | ast.expr | ast.pattern) -> int:
    """The last line of an expression; of a statement that holds others the line of its head."""
    if isinstance(node, ast.If | ast.While):
        return node.test.end_lineno or node.lineno
    return node.end_lineno or node.lineno


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, wanted: ast.AST) -> None:
        self._target, self._wanted = target, wanted

    def visit(self, node: ast.AST) -> ast.AST:
        return self._wanted if node is self._target else super().generic_visit(node)


def _mutable(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """The nodes that count, each with the function whose code holds it; no annotations, decorators, docstrings."""
    pending: list[tuple[ast.AST, str, str]] = [(node, "", "") for node in _without_docstring(tree.body)]
    while pending:
        node, inside, prefix = pending.pop()
        match node:
            case ast.FunctionDef(name=name, args=arguments, body=body):
                defaults = [each for each in (*arguments.defaults, *arguments.kw_defaults) if each is not None]
                pending += [(each, inside, prefix) for each in defaults]
                own = inside or prefix + name
                pending += [(each, own, prefix) for each in _without_docstring(body)]
                continue
            case ast.ClassDef(name=name, body=body):
                pending += [(each, inside, f"{prefix}{name}.") for each in _without_docstring(body)]
                continue
            case ast.AnnAssign(value=value):
                pending += [(value, inside, prefix)] if value is not None else []
                continue
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Import() | ast.ImportFrom():
                continue
            case ast.Assign(targets=[ast.Name(id="__all__" | "__match_args__")]):
                continue
            case ast.keyword(arg=str(name)) if name in WORTHLESS:
                continue
        yield node, inside
        pending += [(child, inside, prefix) for child in ast.iter_child_nodes(node)]


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
        case _:
            return body


def _alternatives(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What a node may become, each with its name."""
    match node:
        case ast.Constant(value=bool(value)):
            yield f"{value} → {not value}", _constant(node, not value)
        case ast.Constant(value=int(value)) | ast.Constant(value=float(value)):
            yield f"{value} → {value + 1}", _constant(node, value + 1)
        case ast.Constant(value=str(value)):
            yield f"{value!r} → {value + 'XX'!r}", _constant(node, value + "XX")
        case ast.Compare(ops=ops):
            for place, operator in enumerate(ops):
                for other in SWAPS[type(operator)]:
                    yield _told(operator, other), _with(node, ops=[*ops[:place], other(), *ops[place + 1 :]])
        case ast.BoolOp(op=operator) | ast.BinOp(op=operator) | ast.AugAssign(op=operator):
            for other in SWAPS.get(type(operator), ()):
                yield _told(operator, other), _with(node, op=other())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield f"{ast.unparse(node)} → {ast.unparse(operand)}", operand
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
            yield f"not ({ast.unparse(test)})", _with(node, test=_negated(test))
        case ast.comprehension(ifs=[first, *rest]):
            yield f"not ({ast.unparse(first)})", _with(node, ifs=[_negated(first), *rest])
        case ast.match_case(guard=ast.expr() as guard):
            yield f"not ({ast.unparse(guard)})", _with(node, guard=_negated(guard))
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield f"return {ast.unparse(value)} → return None", _with(node, value=ast.Constant(None))
        case ast.Continue():
            yield "continue → break", ast.copy_location(ast.Break(), node)
        case ast.Break():
            yield "break → continue", ast.copy_location(ast.Continue(), node)
        case ast.Expr(value=ast.Call()) | ast.Raise():
            yield f"without {ast.unparse(node)}", ast.copy_location(ast.Pass(), node)
        case ast.Name(id=name, ctx=ast.Load()) if name in NAMES:
            yield f"{name} → {NAMES[name]}", _with(node, id=NAMES[name])


def _constant(node: ast.Constant, value: object) -> ast.AST:
    return ast.copy_location(ast.Constant(value), node)


def _negated(test: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _told(operator: ast.AST, other: type[ast.AST]) -> str:
    return f"{type(operator).__name__} → {other.__name__}"
