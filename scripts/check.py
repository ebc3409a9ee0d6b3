"""Runs what a change touches, in seconds: `python scripts/check.py [FILE…]`; without files, those changed since HEAD.

Of a module: its doctests, the tests that mirror it by name (`tests/ROOM/…/test_NAME*.py`), and tests that import it,
those that import least else first. Of a method or a verifier: its laws too. Of a test: itself; of what tests share: the
tests that import it; of any other file: the tests that name it. Then ruff on all of them. Everything is found by names
and imports; `make test` is the whole.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LAWS = ROOT / "tests" / "laws"
MOST_IMPORTERS = 6


def is_test(path: Path) -> bool:
    """Whether pytest collects it."""
    return path.name.startswith("test_") and path.suffix == ".py"


def module_of(path: Path) -> str:
    """The name it is imported by: `passel.core.key`, and in tests `law_setup`."""
    if not path.is_relative_to(SOURCE):
        return path.stem
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(path: Path) -> frozenset[str]:
    """The modules, and names in modules, that a file imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return frozenset(found)


def mirrors(path: Path) -> Iterator[Path]:
    """Tests with the module's name, in its room's folder of tests."""
    room, *_, last = path.relative_to(SOURCE / "passel").with_suffix("").parts or ("",)
    name = path.parent.name if last == "__init__" else last
    yield from sorted((ROOT / "tests" / room).rglob(f"test_{name}*.py"))


def importers(path: Path) -> list[Path]:
    """Tests that import the module, by itself or by what they share, then those that import a module which imports it;
    of each, those of the same room first, and those that import least else."""
    direct = {module_of(path)}
    users = {module_of(source) for source in SOURCE.rglob("*.py") if direct & imports(source)}
    room = room_of(path)
    return list(dict.fromkeys([*_importers(direct, room), *_importers(users, room)]))


def room_of(path: Path) -> str:
    """The folder that it stands in, of `src/passel` or of `tests`."""
    base = SOURCE / "passel" if path.is_relative_to(SOURCE) else ROOT / "tests"
    return path.relative_to(base).parts[0] if path.is_relative_to(base) else ""


def _importers(modules: set[str], room: str) -> Iterator[Path]:
    wanted = set(modules)
    for test in sorted(TESTS, key=lambda test: (is_test(test), room_of(test) != room, len(imports(test)))):
        if wanted & imports(test):
            if is_test(test):
                yield test
            elif test.name != "conftest.py":
                wanted.add(test.stem)


def tests_of(path: Path) -> list[str]:
    """What to give to pytest for a file."""
    if is_test(path):
        return [str(path)]
    if path.suffix != ".py" or path.is_relative_to(ROOT / "examples"):
        return [str(test) for test in TESTS if is_test(test) and path.name in test.read_text("utf-8")]
    if not path.is_relative_to(SOURCE):
        return [str(test) for test in importers(path)]
    named, others = list(mirrors(path)), importers(path)
    more = [test for test in others if test not in named and not test.is_relative_to(LAWS)]
    if left := more[MOST_IMPORTERS:]:
        print(f"{path.relative_to(ROOT)}: {len(left)} more test files import it; `make test` runs them too")
    return [str(test) for test in [path, *named, *more[:MOST_IMPORTERS]]]


def changed() -> list[Path]:
    """Files that differ from HEAD, new ones among them."""
    said = [_git("diff", "--name-only", "--diff-filter=d", "HEAD"), _git("ls-files", "--others", "--exclude-standard")]
    return [ROOT / line for lines in said for line in lines.splitlines()]


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def laws_of(paths: list[Path]) -> list[str]:
    """The laws of the methods and verifiers among some files."""
    rooms = [SOURCE / "passel" / "methods", SOURCE / "passel" / "verifiers"]
    names = [path.stem for path in paths if path.parent in rooms and path.suffix == ".py" and path.stem != "__init__"]
    return [str(LAWS), "-k", " or ".join(names)] if names else []


def main() -> int:
    """0 if all is well."""
    paths = [Path(name).resolve() for name in sys.argv[1:]] or changed()
    if missing := [path for path in paths if not path.is_file()]:
        print(f"no such file: {missing[0]}")
        return 2
    tests = list(dict.fromkeys(test for path in paths for test in tests_of(path)))
    programs = [str(path) for path in paths if path.suffix == ".py"]
    python = [sys.executable, "-m"]
    commands = [[*python, "ruff", "check", *programs], [*python, "ruff", "format", "--check", *programs]]
    commands = commands if programs else []
    commands += [[*python, "pytest", "--quiet", *some] for some in (tests, laws_of(paths)) if some]
    if not commands:
        print("nothing to check")
    failed = 0
    for command in commands:
        shown = " ".join(word.removeprefix(f"{ROOT}/") for word in command[2:])
        print(f"== {shown}", flush=True)
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        failed |= code not in (0, 5)  # 5: pytest found no tests
    return failed


if __name__ == "__main__":
    sys.exit(main())
