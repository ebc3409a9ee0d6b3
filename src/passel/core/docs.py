"""Docstrings as data: the sections that every method's docstring has."""

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
    """The parts of a docstring: its first line, its sections by name, each joined to one line, and the options."""

    summary: str
    sections: Mapping[str, str]
    options: Mapping[str, tuple[Any, Any]]

    @property
    def source(self) -> str:
        """The papers, with the sections that are followed."""
        return self.sections.get("Source", "")

    @property
    def paper(self) -> str:
        """The first paper of the source, up to its arXiv id."""
        first = re.match(r".*?\(\d{4}\.\d{4,5}\)", self.source)
        return first.group() if first else self.source

    @property
    def cost(self) -> str:
        """The number of asks as a formula of the options."""
        return self.sections.get("Cost", "")


def describe(thing: Callable[..., Any]) -> About:
    """Reads the docstring of a method, verifier or task."""
    doc = inspect.getdoc(thing) or ""
    body = doc.split("\n>>> ")[0]
    marks = list(_SECTION.finditer(body))
    ends = [*(mark.start() for mark in marks), len(body)][1:]
    sections = {mark[1]: body[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)}
    joined = {name: " ".join(text.split()) for name, text in sections.items()}
    return About(doc.split("\n")[0], joined, parameters(thing))


def bounds(cost: str, arguments: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Evaluates a Cost line: kind of ask -> (minimum, maximum).

    A line has parts such as `generate = n` and `call <= 2 * n`; text in brackets is prose.

    >>> bounds("generate = n, call <= 2 * n (one a sample)", {"n": 4})
    {'generate': (4, 4), 'call': (0, 8)}
    """
    found: dict[str, tuple[float, float]] = {}
    plain = re.sub(r"(?<=[\w)]) \([a-z][^)]*\)", "", cost).rstrip(".")  # brackets after a value are prose
    for part in re.split(r",(?![^(]*\))", plain):
        match = re.fullmatch(r"\s*(\w+)\s*(<?=)\s*(.+?)\s*", part)
        if match is None:
            raise ValueError(f"a Cost line has parts such as 'generate = n', not {part.strip()!r}")
        maximum = _value(ast.parse(match[3], mode="eval").body, arguments)
        found[match[1]] = (maximum if match[2] == "=" else 0, maximum)
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
