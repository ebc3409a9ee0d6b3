"""Splits HumanEval's `check(candidate)` into single tests."""

from __future__ import annotations

import ast

__all__ = ["single_tests"]


def single_tests(source: str, entry_point: str) -> tuple[str, ...]:
    """The asserts of a `check(candidate)` as statements about the entry point; the whole function, called, where it
    holds other statements.

    >>> single_tests("def check(candidate):\\n    assert candidate(1) == 2\\n    assert True", "f")
    ('assert f(1) == 2',)
    """
    tree = ast.parse(source)
    check = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check")
    if len(tree.body) > 2 or not all(isinstance(node, ast.Assert | ast.Expr) for node in check.body):
        return (f"{source.strip()}\ncheck({entry_point})",)
    asserts = [node for node in check.body if isinstance(node, ast.Assert)]
    renamed = [_RenameCandidate(entry_point).visit(ast.Assert(node.test)) for node in asserts]
    tests = [ast.unparse(node) for node in renamed]
    return tuple(dict.fromkeys(test for test in tests if f"{entry_point}(" in test))


class _RenameCandidate(ast.NodeTransformer):
    def __init__(self, name: str) -> None:
        self.name = name

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.name, node.ctx) if node.id == "candidate" else node
