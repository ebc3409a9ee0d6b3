"""The house is in order: imports go downwards, in no circle, and into no other room's `parts/`. The floors are those
that docs/architecture.md draws."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "passel"
PAGE = ROOT / "docs" / "architecture.md"
FILES = sorted(SOURCE.rglob("*.py"))


def floors() -> dict[str, int]:
    """The floor of each room, from the table of the page."""
    table = PAGE.read_text("utf-8").partition("<!-- floors -->")[2].partition("<!-- /floors -->")[0]
    rows = re.findall(r"^\| (\d+) \| ((?:`\w+` ?)+)\|", table, re.MULTILINE)
    return {room: int(floor) for floor, rooms in rows for room in re.findall(r"`(\w+)`", rooms)}


def room_of(module: str) -> str:
    """`passel.core.flow` is in core; `passel` itself, and `passel.__main__`, are in no room."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (SOURCE / parts[1]).is_dir() else ""


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


@cache
def imported(path: Path) -> dict[str, list[int]]:
    """Modules of passel that a file imports, wherever in it, with the lines."""
    found: dict[str, list[int]] = {}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        for name in names_in(node, path):
            found.setdefault(name, []).append(node.lineno)
    return found


def names_in(node: ast.AST, path: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "passel")
    elif isinstance(node, ast.ImportFrom):
        package = path.relative_to(SOURCE.parent).parts[: -node.level] if node.level else ()
        module = ".".join([*package, *(node.module or "").split(".")]).strip(".")
        if module.split(".")[0] == "passel":
            inside = [name for alias in node.names if (name := f"{module}.{alias.name}") in MODULES]
            yield from inside
            if len(inside) < len(node.names):
                yield module


def test_every_room_has_a_floor() -> None:
    rooms = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms <= floors().keys()
    assert len(rooms) >= 18


@pytest.mark.parametrize("room", sorted({room_of(module) for module in MODULES} - {""}))
def test_imports_go_downwards(room: str) -> None:
    floor = floors()
    wrong = [
        f"{path.relative_to(ROOT)}:{lines[0]} imports {name}"
        for module, path in MODULES.items()
        if room_of(module) == room
        for name, lines in imported(path).items()
        if (other := room_of(name)) != room and (not other or floor[other] >= floor[room])
    ]
    assert not wrong, "\n".join(wrong)


def test_nobody_imports_the_parts_of_another_room() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{lines[0]} imports {name}"
        for module, path in MODULES.items()
        for name, lines in imported(path).items()
        if "parts" in name.split(".") and room_of(name) != room_of(module)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_files_import_each_other_in_a_circle() -> None:
    """A package's own `__init__` counts as a file. That importing a module runs its packages first does not count."""
    graph = {m: {name for name in imported(path) if name in MODULES and name != m} for m, path in MODULES.items()}
    circle = first_circle(graph)
    assert circle is None, " -> ".join(circle or [])


def first_circle(graph: dict[str, set[str]]) -> list[str] | None:
    done: set[str] = set()

    def visit(node: str, path: list[str]) -> list[str] | None:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return None
        for other in sorted(graph[node]):
            if found := visit(other, [*path, node]):
                return found
        done.add(node)
        return None

    for start in sorted(graph):
        if found := visit(start, []):
            return found
    return None


def test_the_search_for_circles_finds_one() -> None:
    assert first_circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert first_circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None
