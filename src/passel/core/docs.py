"""Docstrings as data: the sections that every method's docstring has, read where they stand."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from passel.core.options import parameters

__all__ = ["About", "bounds", "describe"]

_SECTION = re.compile(r"^(Source|Symbols|Args|Returns|Cost|Guarantees|Deviations):[ \n]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class About:
    """What a docstring says: its first line, and its sections by name, each on one line where it is prose."""

    summary: str
    sections: Mapping[str, str]
    options: Mapping[str, tuple[Any, Any]]

    @property
    def source(self) -> str:
        """Where it comes from: papers, with the sections followed."""
        return self.sections.get("Source", "")

    @property
    def paper(self) -> str:
        """The first paper that the source names, up to its arXiv id."""
        first = re.match(r".*?\(\d{4}\.\d{4,5}\)", self.source)
        return first.group() if first else self.source

    @property
    def cost(self) -> str:
        """The formula of its asks."""
        return self.sections.get("Cost", "")


def describe(thing: Callable[..., Any]) -> About:
    """The docstring of a method, verifier or task, taken apart."""
    doc = inspect.getdoc(thing) or ""
    body = doc.split("\n>>> ")[0]
    marks = list(_SECTION.finditer(body))
    ends = [*(mark.start() for mark in marks), len(body)][1:]
    sections = {mark[1]: body[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)}
    joined = {name: " ".join(text.split()) for name, text in sections.items()}
    return About(doc.split("\n")[0], joined, parameters(thing))


def bounds(cost: str, arguments: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """The Cost line evaluated: kind of ask -> (at least, at most).

    A line has parts such as `generate = n` and `call <= 2 * n`; what stands in brackets or after them is prose.

    >>> bounds("generate = n, call <= 2 * n (one a sample)", {"n": 4})
    {'generate': (4, 4), 'call': (0, 8)}
    """
    found: dict[str, tuple[float, float]] = {}
    plain = re.sub(r"(?<=[\w)]) \([a-z][^)]*\)", "", cost).rstrip(".")  # brackets after a value are prose
    for part in re.split(r",(?![^(]*\))", plain):
        match = re.fullmatch(r"\s*(\w+)\s*(<?=)\s*(.+?)\s*", part)
        if match is None:
            raise ValueError(f"a Cost line has parts such as 'generate = n', not {part.strip()!r}")
        most = _value(ast.parse(match[3], mode="eval").body, arguments)
        found[match[1]] = (most if match[2] == "=" else 0, most)
    return found


def _value(node: ast.expr, names: Mapping[str, Any]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return names[name]
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _value(left, names), _value(right, names)
            results: dict[type[ast.operator], float] = {ast.Add: a + b, ast.Sub: a - b, ast.Mult: a * b}
            return results[type(op)]
        case ast.Call(func=ast.Name(id="min" | "max" as name), args=args):
            values = [_value(arg, names) for arg in args]
            return min(values) if name == "min" else max(values)
        case _:
            raise ValueError(f"a Cost line cannot hold {ast.unparse(node)!r}")
