"""How many small changes of the core and of the methods the law tests catch, here and in other checkouts.

    python bench/test_mutants.py [--mutants 40] [--seed 0] [--against CHECKOUT …] [--json FILE]

A mutant is a module with one seeded change. The laws are run against it in a copy of the tree, for the methods that the
change concerns: the method itself, else two of those that import the module. A mutant is caught where a test fails that
passes without it, or where the tests do not end. With `--against`, the laws of other checkouts of this repository
are run on the same mutants: tests that became fewer or faster must still catch what they caught.
"""

from __future__ import annotations

import ast
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count, islice
from pathlib import Path
from time import perf_counter

from parts.figures import arguments, machine
from parts.mutation import functions, mutant

from passel.core.key import Key

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "passel"
FILES = sorted(path for room in ("core", "methods") for path in (PACKAGE / room).rglob("*.py"))
CPU_SECONDS, WALL_SECONDS = 120, 900
METHODS = 2  # that a module's mutants are tried with


@dataclass(frozen=True)
class Mutant:
    """A module with one change, and the methods whose laws are run against it."""

    path: Path
    function: str
    kind: str
    program: str
    methods: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path.relative_to(PACKAGE)} {self.function}: {self.kind}"


@cache
def importing() -> dict[str, set[str]]:
    """The methods that import each module, by themselves or by other modules."""
    imports = {_module(path): _imports(path) for path in sorted(PACKAGE.rglob("*.py"))}
    found: dict[str, set[str]] = {}
    for path in (PACKAGE / "methods").glob("[a-z]*.py"):
        reached, new = set[str](), {_module(path)}
        while new:
            reached |= new
            new = {other for module in new for other in imports[module] if other in imports} - reached
        for module in reached:
            found.setdefault(module, set()).add(path.stem)
    return found


def _module(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path) -> set[str]:
    nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    return {name for n in nodes if n.module for name in [n.module, *(f"{n.module}.{one.name}" for one in n.names)]}


def mutants(key: Key) -> Iterator[Mutant]:
    """Mutants without end; which function is changed, and how, follows from the key."""
    places = [(path, name) for path in FILES for name in functions(path.read_text("utf-8"))]
    for index in count():
        own = key / "mutant" / index
        path, name = places[(own / "function").below(len(places))]
        concerned = sorted(importing().get(_module(path), ()))
        if path.parent.name == "methods" and path.stem in concerned:
            methods = {path.stem}
        else:
            methods = {concerned[(own / "method" / i).below(len(concerned))] for i in range(METHODS) if concerned}
        changed = mutant(path.read_text("utf-8"), name, own)
        if changed and methods:
            yield Mutant(path, name, changed[1], changed[0], tuple(sorted(methods)))


@dataclass
class Copy:
    """A copy of this tree's sources with the tests of a checkout."""

    folder: Path
    sound: dict[str, bool] = field(default_factory=dict[str, bool])  # by test: whether it passes without a mutant
    writes: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, checkout: Path, folder: Path) -> Copy:
        """A copy in an empty folder."""
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "src", folder / "src", ignore=skipped)
        shutil.copytree(checkout / "tests", folder / "tests", ignore=skipped)
        shutil.copytree(ROOT / "docs", folder / "docs", ignore=skipped)
        shutil.copy(ROOT / "pyproject.toml", folder)
        return cls(folder)

    def catches(self, case: Mutant) -> bool:
        """Whether a test fails with the mutant that passes without it."""
        ways = [way for name in case.methods for way in (f"[{name}:", f"-{name}:", f"[{name}]", f"-{name}]")]
        of_all = "(who_else_is_running and not [)"  # a law of all methods at once
        start = perf_counter()
        while failure := self._first_failure(case, " or ".join([*ways, of_all])):
            if self._is_sound(failure):
                break
        self.seconds += perf_counter() - start
        return failure is not None

    def _first_failure(self, case: Mutant, chosen: str) -> str | None:
        unsound = [f"--deselect={name}" for name, sound in self.sound.items() if not sound]
        path = self.folder / case.path.relative_to(ROOT)
        before = path.read_text("utf-8")
        self._write(path, case.program)
        try:
            code, out = self._run("tests/laws", "--exitfirst", *unsound, "-k", chosen)
        finally:
            self._write(path, before)
        assert code != 5, f"no law was run for {chosen}: {out[-500:]}"
        names = re.findall(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", out, re.MULTILINE)
        return None if code == 0 else names[0] if names else "no end"

    def _is_sound(self, test: str) -> bool:
        """Whether it passes without a mutant."""
        if "::" not in test:
            return True  # not one test failed: nothing could be imported, or it did not end
        if test not in self.sound:
            self.sound[test] = self._run(test)[0] == 0
        return self.sound[test]

    def _write(self, path: Path, program: str) -> None:
        path.write_text(program, "utf-8")
        self.writes += 1
        os.utime(path, (self.writes, self.writes))  # so that no compiled file passes for that of another mutant

    def _run(self, *chosen: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", *chosen]
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(self.folder / "src")},
                capture_output=True,
                text=True,
                timeout=WALL_SECONDS,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS)),
            )
        except subprocess.TimeoutExpired:
            return 1, ""
        return done.returncode, done.stdout


def main() -> None:
    parser = arguments(__doc__, repeats=1)
    parser.add_argument("--mutants", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--against", type=Path, nargs="*", default=[])
    args = parser.parse_args()
    cases = list(islice(mutants(Key(args.seed)), args.mutants))
    checkouts = [ROOT, *(path.resolve() for path in args.against)]
    with tempfile.TemporaryDirectory() as folder:
        copies = [Copy.of(checkout, Path(folder) / str(i)) for i, checkout in enumerate(checkouts)]
        caught: list[list[bool]] = []
        for case in cases:
            caught.append([copy.catches(case) for copy in copies])
            verdicts = " ".join("caught" if verdict else "missed" for verdict in caught[-1])
            print(f"{verdicts}  {case} ({', '.join(case.methods)})", flush=True)
    rows = [
        {"tests": str(checkout), "caught": sum(row[i] for row in caught), "of": len(cases), "seconds": copy.seconds}
        for i, (checkout, copy) in enumerate(zip(checkouts, copies, strict=True))
    ]
    print(f"mutants of core and methods ({machine()})")
    for row in rows:
        print(f"{row['tests']}: {row['caught']} of {row['of']} caught in {row['seconds']:.0f} s")
    if args.json:
        args.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
