"""Small seeded changes to a program: another operator, another constant, another return value."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from passel.core.key import Key

__all__ = ["functions", "mutant"]

_OPERATORS: tuple[tuple[type[ast.AST], ...], ...] = (
    (ast.Add, ast.Sub, ast.Mult),
    (ast.Div, ast.FloorDiv, ast.Mod, ast.Mult),
    (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq),
    (ast.Is, ast.IsNot),
    (ast.In, ast.NotIn),
    (ast.And, ast.Or),
)
Change = Callable[[Key], str]


def functions(program: str) -> list[str]:
    """The functions of a module and the methods of its classes, as `function` and `Class.method`."""
    return [name for name, _ in _functions(ast.parse(program))]


def mutant(program: str, entry_point: str, key: Key) -> tuple[str, str] | None:
    """The program with one change in its entry point, and the kind of change; None if there is nothing to change."""
    tree = ast.parse(program)
    root = next(node for name, node in _functions(tree) if name == entry_point)
    sites = [change for statement in _without_docstring(root) for change in _changes(statement)]
    if not sites:
        return None
    kind = sites[(key / "site").below(len(sites))](key / "change")
    return ast.unparse(ast.fix_missing_locations(tree)), kind


def _functions(tree: ast.Module | ast.ClassDef) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{name}", inner) for name, inner in _functions(node))


def _without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return function.body[1:] if documented else function.body


def _changes(statement: ast.stmt) -> Iterator[Change]:
    for node in ast.walk(statement):
        if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and _family(node.op):
            yield lambda key, node=node: _operator(node, key)
        elif isinstance(node, ast.Compare) and _family(node.ops[0]):
            yield lambda key, node=node: _comparison(node, key)
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str):
            yield lambda key, node=node: _constant(node, key)
        elif isinstance(node, ast.Return) and node.value is not None:
            yield lambda key, node=node: _returned(node, key)


def _family(operator: ast.AST) -> tuple[type[ast.AST], ...] | None:
    return next((family for family in _OPERATORS if type(operator) in family), None)


def _other(operator: ast.AST, key: Key) -> ast.AST:
    others = [kind for kind in _family(operator) or () if kind is not type(operator)]
    return others[key.below(len(others))]()


def _operator(node: ast.BinOp | ast.BoolOp | ast.AugAssign, key: Key) -> str:
    node.op = _other(node.op, key)
    return "operator"


def _comparison(node: ast.Compare, key: Key) -> str:
    node.ops[0] = _other(node.ops[0], key)
    return "operator"


def _constant(node: ast.Constant, key: Key) -> str:
    value = node.value
    if isinstance(value, bool):
        node.value = not value
    elif isinstance(value, str):
        node.value = value[1:] if value and key.below(2) else value + "x"
    else:
        node.value = value + (1 if key.below(2) else -1)
    return "constant"


def _returned(node: ast.Return, key: Key) -> str:
    assert node.value is not None
    changed: list[ast.expr] = [
        ast.Constant(None),
        ast.UnaryOp(ast.Not(), node.value),
        ast.Tuple([node.value], ast.Load()),
    ]
    node.value = changed[key.below(len(changed))]
    return "return value"
