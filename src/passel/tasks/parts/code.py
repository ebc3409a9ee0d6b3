"""Answers that are programs: read out of a text, compared, and scored by hidden tests."""

from __future__ import annotations

import ast
import hashlib
import re
import textwrap
import warnings
from collections.abc import Iterator
from typing import Any

from passel.core.problem import Answer, Reader
from passel.sandbox import default_sandbox
from passel.sandbox.programs import HiddenTests
from passel.tasks.parts.task import AnswerKind, Item

__all__ = ["CODE", "code_item", "fenced", "read_code"]

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([\w+-]*)[^\n`]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_PYTHON = ("", "python", "py", "python3", "py3")
_LONGEST = 50_000  # characters: bounds the parser's time and depth
_PARSES = 40  # attempts to cut what follows a program without a fence
_STARTS = re.compile(r"^(?:def |async def |class |from \w|import \w|@\w)", re.MULTILINE)
_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def code_item(
    name: str,
    question: str,
    gold: str,
    hidden_tests: HiddenTests,
    tests: tuple[str, ...],
    *,
    prompt: str = "",
    entry_point: str,
) -> Item:
    """An item whose answer is a program.

    Args:
        gold: a whole reference program.
        tests: the public tests, each a complete statement.
    """
    details = {"entry_point": entry_point, "tests": tests, "prompt": prompt}
    return Item(name, question, gold, CODE, (), details, fenced(gold), {"hidden_tests": hidden_tests})


def fenced(program: str) -> str:
    """The program in a fenced block, as a model is asked to write it."""
    return f"```python\n{program.strip(chr(10))}\n```"


def read_code(text: str) -> Answer | None:
    """The program in a text. Without comments, spacing and docstrings, the same program is the same answer.

    Of fenced Python blocks that can be parsed, the last one that defines something other than tests; a last block may
    be left open. Without a fence: the text from its first definition or import on, as far as it can be parsed; else the
    text as the indented body of a function, up to where the body ends. A text of expressions alone is no program.
    """
    blocks = [match[3] for match in _FENCE.finditer(text) if match[2].lower() in _PYTHON]
    if blocks:
        found = [(block, tree) for block in map(textwrap.dedent, blocks) if (tree := _parsed(block)) is not None]
        answers = [(code, tree) for code, tree in found if _defines(tree)] or [pair for pair in found if _does(pair[1])]
        bodies = [body for block in blocks if (body := _body(block)) is not None]
        return _answer(*(answers or bodies)[-1]) if answers or bodies else None
    whole = _unfenced(text) or _body(text)
    return _answer(*whole) if whole else None


def _answer(code: str, tree: ast.Module) -> Answer:
    code = code.strip("\n")
    try:
        plain = ast.unparse(_without_docstrings(tree))
    except (RecursionError, ValueError):
        plain = code
    return Answer(code, hashlib.sha256(plain.encode("utf-8", "backslashreplace")).hexdigest()[:32])


def _parsed(code: str) -> ast.Module | None:
    if len(code) > _LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _defines(tree: ast.Module) -> bool:
    """Whether it defines something that is no test."""
    named = [node.name for node in tree.body if isinstance(node, _DEFINES)]
    named += [target.id for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
              for target in node.targets if isinstance(target, ast.Name)]  # fmt: skip
    return any(not name.lower().startswith("test") for name in named)


def _does(tree: ast.Module) -> bool:
    """Whether it is more than expressions, tests and imports, and no body of a function."""
    idle = (ast.Expr, ast.Assert, ast.Import, ast.ImportFrom)
    return any(not isinstance(node, idle) for node in tree.body) and not _returns(tree.body)


def _returns(body: list[ast.stmt]) -> bool:
    """Whether it returns or yields, outside the functions defined in it."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, (*_DEFINES, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return False


def _unfenced(text: str) -> tuple[str, ast.Module] | None:
    start = _STARTS.search(text)
    if start is None:
        return None
    for code in _shorter(text[start.start() :]):
        if (tree := _parsed(code)) is not None and _defines(tree):
            return code, tree
    return None


def _shorter(code: str) -> Iterator[str]:
    """The text, and what stands before each line that is not indented, the longest first."""
    yield code
    ends = [match.start() for match in re.finditer(r"^\S", code, re.MULTILINE)][1:]
    for end in ends[::-1][:_PARSES]:
        yield code[:end]


def _body(text: str) -> tuple[str, ast.Module] | None:
    """An indented body of a function, as a completion is; the indent of its first line may be lost."""
    lines = text.strip("\n").rstrip().split("\n")
    if not lines[0].strip():
        return None
    if not lines[0].startswith((" ", "\t")):
        lines[0] = "    " + lines[0]
    end = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith((" ", "\t"))), len(lines))
    code = "\n".join(lines[:end]).rstrip() + "\n"
    tree = _parsed(f"def body():\n{code}")
    if tree is None or not isinstance(function := tree.body[0], ast.FunctionDef) or not _returns(function.body):
        return None
    return code, tree


def _without_docstrings(tree: ast.Module) -> ast.Module:
    holders = [node for node in ast.walk(tree) if isinstance(node, (*_DEFINES, ast.Module))]
    for node in holders:
        first: Any = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = node.body[1:] or ([] if isinstance(node, ast.Module) else [ast.Pass()])
    return tree


def _reader(_: tuple[str, ...]) -> Reader:
    default_sandbox()  # raises NoSandbox before a run is paid for
    return read_code


def _score(item: Item, answer: Answer | None) -> float | None:
    hidden_tests: HiddenTests = item.secret["hidden_tests"]
    return hidden_tests.score(answer.text) if answer else 0.0


CODE = AnswerKind(_reader, _score, "Answer with the whole program in one fenced Python block (```python).", costly=True)
"""For items of `code_item`."""
