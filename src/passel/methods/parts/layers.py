"""Layers of components, as in Archon: `generate(8) | critique | rank(3) | fuse`. Valid by construction."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

from passel.core.errors import UsageError, unknown

__all__ = ["Block", "Kind", "Layer", "layers_of", "max_passes", "parse", "read_toml"]

Kind = Literal["generate", "fuse", "rank", "critique", "verify", "tests", "evaluate"]

_KINDS = get_args(Kind)
_DEFAULT_COUNT: Mapping[str, int] = {"generate": 1, "fuse": 1, "rank": 5, "tests": 5, "evaluate": 5}
_BLOCK = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\(([^()]*)\))?\s*\Z")


@dataclass(frozen=True, slots=True)
class Block:
    """One component.

    Args:
        count: generate: samples; fuse: fused texts; rank, evaluate: responses kept; tests: tests written.
        role: who plays it; None: the component's usual role.
    """

    kind: Kind
    count: int = 1
    role: str | None = None

    def __str__(self) -> str:
        inside = [str(self.count)] if self.kind in _DEFAULT_COUNT else []
        inside += [f"role={self.role}"] if self.role else []
        return f"{self.kind}({', '.join(inside)})" if inside else self.kind


@dataclass(frozen=True, slots=True)
class Layer:
    """Components side by side, all of one kind. Only a layer of generators or fusers can have several."""

    blocks: tuple[Block, ...]

    @property
    def kind(self) -> Kind:
        """The kind of its components."""
        return self.blocks[0].kind

    def __str__(self) -> str:
        return " + ".join(map(str, self.blocks))


@cache
def layers_of(text: str) -> tuple[Layer, ...]:
    """Layers from an expression, or from a file whose name ends in .toml. Raises UsageError."""
    return read_toml(Path(text)) if text.endswith(".toml") else parse(text)


def parse(text: str) -> tuple[Layer, ...]:
    """Layers from an expression. Layers are separated by |, components side by side by +.

    Raises UsageError with a caret under the place of the mistake.

    >>> [str(layer) for layer in parse("generate(8, role=a) + generate(2) | critique | rank(3) | fuse")]
    ['generate(8, role=a) + generate(2)', 'critique', 'rank(3)', 'fuse(1)']
    """
    layers: list[Layer] = []
    places: list[int] = []
    at = 0
    for part in text.split("|"):
        blocks: list[Block] = []
        here = at
        for piece in part.split("+"):
            start = here + len(piece) - len(piece.lstrip())
            with _pointing(text, start):
                blocks.append(_block(piece))
            here += len(piece) + 1
        places.append(at + len(part) - len(part.lstrip()))
        layers.append(Layer(tuple(blocks)))
        at += len(part) + 1
    for number, problem in _faults(layers):
        raise UsageError(_pointed(problem, text, places[number]))
    return tuple(layers)


def read_toml(path: Path) -> tuple[Layer, ...]:
    """Layers from a TOML file: an array `layer` of tables with `kind` and optionally `count` and `role`, or with
    `blocks`, an array of such tables."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot read layers from {path}: {error}") from error
    tables = data.get("layer")
    if not isinstance(tables, list) or not tables:
        raise UsageError(f"{path} has no [[layer]]")
    layers = [_table(path, number, table) for number, table in enumerate(cast("list[Any]", tables), 1)]
    for number, problem in _faults(layers):
        raise UsageError(f"{path}, layer {number + 1}: {problem}")
    return tuple(layers)


def max_passes(layers: Sequence[Layer]) -> int:
    """The largest number of passes that layers can take."""
    total, width = 0, 0
    for layer in layers:
        count = sum(block.count for block in layer.blocks)
        match layer.kind:
            case "generate" | "fuse":
                total, width = total + count, count
            case "rank":
                total, width = total + max(1, width - 19), min(width, count)
            case "critique" | "tests":
                total += 1
            case "verify":
                total += width
            case "evaluate":
                total, width = total + width, min(width, count)
    return total


def _faults(layers: Sequence[Layer]) -> list[tuple[int, str]]:
    """The first broken rule, with the index of the layer that breaks it."""
    kinds = [layer.kind for layer in layers]
    for number, layer in enumerate(layers):
        if len({block.kind for block in layer.blocks}) > 1:
            return [(number, "components side by side must be of one kind")]
        if len(layer.blocks) > 1 and layer.kind not in ("generate", "fuse"):
            return [(number, f"only generate and fuse can stand side by side, not {layer.kind}")]
        if number == 0 and layer.kind != "generate":
            return [(number, f"the first layer must generate, not {layer.kind}")]
        if number and layer.kind == "generate":
            return [(number, "only the first layer can generate")]
        if layer.kind == "critique" and not {"rank", "fuse"} & set(kinds[number + 1 :]):
            return [(number, "a critique must come before a rank or a fuse, which use it")]
        if layer.kind == "tests" and kinds[number + 1 : number + 2] != ["evaluate"]:
            return [(number, "tests must be followed by evaluate")]
        if layer.kind == "evaluate" and kinds[number - 1] != "tests":
            return [(number, "evaluate must follow tests")]
    return []


def _block(text: str) -> Block:
    match = _BLOCK.match(text)
    if match is None:
        raise UsageError(f"expected a component such as rank(3), got {text.strip()!r}")
    return _checked(match[1], _arguments(match[2] or ""))


def _arguments(text: str) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, sign, value = (text.strip() for text in part.partition("="))
        if not sign:
            name, value = "count", part
        if name in arguments:
            raise UsageError(f"{name} is given twice")
        arguments[name] = int(value) if value.isdecimal() else value
    return arguments


def _checked(kind: str, given: Mapping[str, Any]) -> Block:
    if kind not in _KINDS:
        raise unknown("component", kind, _KINDS)
    known = ("count", "role") if kind in _DEFAULT_COUNT else ("role",)
    for name in given:
        if name not in known:
            raise unknown(f"argument of {kind}:", name, known)
    count, role = given.get("count", _DEFAULT_COUNT.get(kind, 1)), given.get("role")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise UsageError(f"{kind} takes a whole number of at least 1, got {count!r}")
    if role is not None and not (isinstance(role, str) and role.isidentifier()):
        raise UsageError(f"a role is a name, got {role!r}")
    return Block(cast(Kind, kind), count, role)


def _table(path: Path, number: int, table: Any) -> Layer:
    try:
        if not isinstance(table, dict):
            raise UsageError("a layer is a table")
        given = cast("dict[str, Any]", table)
        tables = given.get("blocks", [given])
        if ("blocks" in given and len(given) > 1) or not isinstance(tables, list) or not tables:
            raise UsageError("a layer has `kind`, or `blocks` alone, an array of tables")
        return Layer(tuple([_from_table(block) for block in cast("list[Any]", tables)]))
    except UsageError as error:
        raise UsageError(f"{path}, layer {number}: {error}") from error


def _from_table(table: Any) -> Block:
    if not isinstance(table, dict) or "kind" not in table:
        raise UsageError("a component is a table with `kind`")
    given = dict(cast("dict[str, Any]", table))
    return _checked(str(given.pop("kind")), given)


@contextmanager
def _pointing(text: str, place: int) -> Generator[None]:
    """Adds the place in the text to a usage error."""
    try:
        yield
    except UsageError as error:
        raise UsageError(_pointed(str(error), text, place)) from error


def _pointed(problem: str, text: str, place: int) -> str:
    return f"{problem}\n  {text}\n  {' ' * place}^"
