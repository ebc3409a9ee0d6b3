"""Answers that are an arithmetic expression over given numbers (countdown, the game of 24)."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from passel.core.problem import Answer
from passel.reading.marks.stated import first_line, last_line, stated

__all__ = ["makes", "read_expression", "solve"]

_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "[": "(", "]": ")", "$": " "})
_ALLOWED = re.compile(r"[\d\s+\-*/()]+")
_LONGEST = 200  # characters; also bounds the depth of the tree


def read_expression(text: str) -> Answer | None:
    """The stated expression, or the one in the last line; "= 24" after it is dropped. The same sums and products in
    another order are the same answer.
    """
    for rest in [*stated(text), last_line(text)]:
        if answer := _answer(first_line(rest)):
            return answer
    return None


def makes(expression: str, numbers: Sequence[int], target: int) -> bool:
    """Whether the expression uses each number exactly once and has the value of the target."""
    tree = _tree(expression)
    return tree is not None and Counter(_leaves(tree)) == Counter(numbers) and _value(tree) == target


def solve(numbers: Sequence[int], target: int) -> str | None:
    """An expression that makes the target from all numbers, or None: every pair is joined in every way, in turn."""
    return _solve(tuple((Fraction(number), str(number)) for number in numbers), Fraction(target))


def _solve(terms: tuple[tuple[Fraction, str], ...], target: Fraction) -> str | None:
    if len(terms) == 1:
        return terms[0][1] if terms[0][0] == target else None
    for i, j in combinations(range(len(terms)), 2):
        rest = tuple(term for k, term in enumerate(terms) if k not in (i, j))
        for joined in _joined(terms[i], terms[j]):
            if (found := _solve((*rest, joined), target)) is not None:
                return found
    return None


def _joined(left: tuple[Fraction, str], right: tuple[Fraction, str]) -> Iterator[tuple[Fraction, str]]:
    (a, x), (b, y) = left, right
    yield a + b, f"({x}+{y})"
    yield a * b, f"({x}*{y})"
    yield a - b, f"({x}-{y})"
    yield b - a, f"({y}-{x})"
    if b:
        yield a / b, f"({x}/{y})"
    if a:
        yield b / a, f"({y}/{x})"


def _answer(line: str) -> Answer | None:
    line = line.replace("\\times", "*").replace("\\cdot", "*").replace("\\div", "/").translate(_SIGNS)
    parts = [part.strip(" *`\"'").removesuffix(".").strip(" *`\"'") for part in line.split("=")]
    for part in sorted(parts, key=len, reverse=True):  # of "78 = 93-(6+9)" the longer side
        if (tree := _tree(part)) is not None:
            return Answer(part, _normal(tree))
    return None


def _tree(text: str) -> ast.expr | None:
    if len(text) > _LONGEST or not _ALLOWED.fullmatch(text):
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return tree if _fits(tree) else None


def _fits(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div) and _fits(node.left) and _fits(node.right)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub | ast.UAdd) and _fits(node.operand)
    return isinstance(node, ast.Constant) and type(node.value) is int


def _leaves(tree: ast.expr) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            yield node.value


def _value(node: ast.expr) -> Fraction | None:
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand)
        return -inner if inner is not None and isinstance(node.op, ast.USub) else inner
    if not isinstance(node, ast.BinOp):
        return Fraction(next(_leaves(node)))
    left, right = _value(node.left), _value(node.right)
    if left is None or right is None:
        return None
    if isinstance(node.op, ast.Add | ast.Sub):
        return left + right if isinstance(node.op, ast.Add) else left - right
    if isinstance(node.op, ast.Mult):
        return left * right
    return left / right if right else None


def _normal(node: ast.expr) -> str:
    """Sums and products as sorted lists of their terms, so that order and brackets that change nothing do not count."""
    if isinstance(node, ast.BinOp):
        pair, minus = ("+", "-") if isinstance(node.op, ast.Add | ast.Sub) else ("*", "/")
        return f"({''.join(sorted(_terms(node, pair, minus, False)))})"
    if isinstance(node, ast.UnaryOp):
        sign = "-" if isinstance(node.op, ast.USub) else ""
        return f"{sign}{_normal(node.operand)}"
    return str(next(_leaves(node)))


def _terms(node: ast.expr, plus: str, minus: str, inverse: bool) -> Iterator[str]:
    kinds = (ast.Add | ast.Sub) if plus == "+" else (ast.Mult | ast.Div)
    if isinstance(node, ast.BinOp) and isinstance(node.op, kinds):
        yield from _terms(node.left, plus, minus, inverse)
        yield from _terms(node.right, plus, minus, inverse != isinstance(node.op, ast.Sub | ast.Div))
    else:
        yield f"{minus if inverse else plus}{_normal(node)}"
