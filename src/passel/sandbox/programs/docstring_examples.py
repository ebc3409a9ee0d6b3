"""Turns the examples in the docstring of a programming problem into asserts."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

__all__ = ["docstring_examples"]

_ARROW = re.compile(
    r"\s*(?:==?>|==|[-=]>|➞|=|#\s*(?:=>|returns)|(?:should\s+)?(?:return|be\s+equal\s+to)s?)\s*", re.IGNORECASE
)
_PAIRS = (
    re.compile(r"Input\s*:(?P<input>.*?)\n\s*Output\s*:(?P<output>[^\n]*)", re.DOTALL),
    re.compile(r"\bFor (?P<input>\w+\s*=[^\n]*?),?\s+the (?:output|result) should be\s*:?(?P<output>[^\n]*)"),
)
_MAX_LINES = 8  # of a value
_WORDS = {"true": "True", "false": "False", "null": "None"}


def docstring_examples(prompt: str, entry_point: str) -> tuple[str, ...]:
    """The examples in the entry point's docstring as `assert f(x) == y`, in order, without repetitions.

    Finds doctests, `f(x) == y` with any of the usual arrows, "Input: … Output: …" and "For x = … the output should be
    …". A value must be a literal, followed by nothing or a remark: `f(x) -> 19 - 5` is no example. Arguments by name
    must be those of the signature.

    >>> prompt = 'def f(x):\\n    \"\"\"Half.\\n    >>> f(4)\\n    2\\n    f(6) ➞ 3 # half of 6\\n    \"\"\"\\n'
    >>> docstring_examples(prompt, "f")
    ('assert f(4) == 2', 'assert f(6) == 3')
    """
    text = _docstring(prompt, entry_point)
    names = _arguments(prompt, entry_point)
    examples = [*_doctests(text, entry_point), *_arrows(text, entry_point), *_pairs(text, entry_point, names)]
    examples.sort(key=lambda example: example[0])
    return tuple(dict.fromkeys(test for _, test in examples))


def _docstring(prompt: str, name: str) -> str:
    """The text below the signature."""
    start = re.search(rf"^def {re.escape(name)}\b.*?:\s*\n", prompt, re.MULTILINE | re.DOTALL)
    return prompt[start.end() :] if start else ""


def _arguments(prompt: str, name: str) -> list[str]:
    tree = _parse(prompt + "\n    pass\n")
    for node in tree.body if isinstance(tree, ast.Module) else []:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return [argument.arg for argument in node.args.args]
    return []


def _doctests(text: str, name: str) -> Iterator[tuple[int, str]]:
    for match in re.finditer(r"^[ \t]*>>> ?(.*)\n((?:[ \t]*(?!>>>|\"\"\"|''')\S.*\n)*)", text, re.MULTILINE):
        call, lines = _expression(match[1]), match[2].split("\n")
        if call is None or not _calls(call, name):
            continue
        if isinstance(call, ast.Compare):
            yield match.start(), f"assert {ast.unparse(call)}"
        elif (value := _literal(match[2])) is not None or (value := _literal(lines[0])) is not None:
            yield match.start(), f"assert {ast.unparse(call)} == {value}"


def _arrows(text: str, name: str) -> Iterator[tuple[int, str]]:
    for match in re.finditer(rf"(?<![\w.]){re.escape(name)}\(", text):
        if re.search(r">>>[^\n]*$", text[: match.start()]):
            continue
        end = _closed(text, match.end())
        call = _expression(text[match.start() : end])
        arrow = _ARROW.match(text, end)
        if call is None or arrow is None or not _plain(call):
            continue
        if (value := _first_value(text[arrow.end() :])) is not None:
            yield match.start(), f"assert {ast.unparse(call)} == {value}"


def _pairs(text: str, name: str, arguments: list[str]) -> Iterator[tuple[int, str]]:
    for pattern in _PAIRS:
        for match in pattern.finditer(text):
            inputs = " ".join(match["input"].split()).rstrip(",")
            call, value = _expression(f"{name}({inputs})"), _first_value(match["output"])
            if not isinstance(call, ast.Call) or value is None:
                continue
            if call.keywords and not call.args and [word.arg for word in call.keywords] == arguments:
                call = ast.Call(call.func, [word.value for word in call.keywords], [])
            if not call.keywords and len(call.args) == len(arguments) and _plain(call):
                yield match.start(), f"assert {ast.unparse(call)} == {value}"


def _closed(text: str, start: int) -> int:
    """The index after the bracket that closes the bracket opened before `start`; strings are skipped."""
    depth, quote = 1, ""
    for index in range(start, len(text)):
        sign = text[index]
        if quote:
            quote = "" if sign == quote and text[index - 1] != "\\" else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if depth == 0:
                return index + 1
    return len(text)


def _first_value(text: str) -> str | None:
    """The literal at the beginning of a text, if a remark or nothing follows it."""
    lines = text.strip().split("\n")[:_MAX_LINES]
    for count in range(1, len(lines) + 1):
        candidate = "\n".join(lines[:count]).removesuffix(".")  # a full stop: "20." would be a number
        if (value := _literal(candidate)) is not None:
            return value
    ending = re.match(r"(.+?)(?:\s*[.,;]|\s+(?:#|\().*)\s*$", lines[0])
    return _literal(ending[1]) if ending else None


def _literal(text: str) -> str | None:
    text = text.strip()
    tree = _expression(_WORDS.get(text, text))
    try:
        ast.literal_eval(tree if tree is not None else "")
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    assert tree is not None
    return ast.unparse(tree)


def _plain(call: ast.expr) -> bool:
    """Whether it is a call whose arguments are literals."""
    if not isinstance(call, ast.Call) or call.keywords:
        return False
    return all(_literal(ast.unparse(argument)) is not None for argument in call.args)


def _calls(tree: ast.expr, name: str) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
        for node in ast.walk(tree)
    )


def _expression(text: str) -> ast.expr | None:
    tree = _parse(text.strip(), mode="eval")
    return tree.body if isinstance(tree, ast.Expression) else None


def _parse(text: str, mode: str = "exec") -> ast.AST | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, mode=mode)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
