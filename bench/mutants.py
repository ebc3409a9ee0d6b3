"""Verdicts of the sandbox on right and on slightly wrong programs, next to those of a bare interpreter.

    python bench/mutants.py [--mutants 500] [--seed 0] [--json FILE]

Reference solutions of HumanEval and MBPP+ must pass. Then mutants of them, one seeded change each: those that the
benchmark's own asserts catch in a bare interpreter must score 0 in the sandbox as well; for HumanEval, whose hidden
tests are the same asserts, those that survive there must score 1. Needs PASSEL_DATA. Only reference solutions and their
mutants are run bare.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from time import perf_counter
from typing import Any, TypeVar

from parts.figures import arguments, machine
from parts.mutation import mutant

from passel.core.key import Key
from passel.core.problem import Problem
from passel.tasks import Task, fenced, load

TASKS = ("humaneval", "mbpp_plus:tests=base")
SECONDS = 20.0  # of wall time for a bare run: a loop without end is caught too
_Case = TypeVar("_Case")
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Mutant:
    """One changed reference solution."""

    task: Task
    problem: Problem
    program: str
    kind: str

    def caught_bare(self) -> bool:
        """Whether the benchmark's asserts fail on it in an interpreter of its own, or do not end."""
        tests = "\n".join(_reference_tests(self.task, self.problem))
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-I", "-c", f"{self.program}\n{tests}"]
            quiet = subprocess.DEVNULL
            try:
                done = subprocess.run(command, cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet, timeout=SECONDS)
            except subprocess.TimeoutExpired:
                return True
        return done.returncode != 0

    def score(self) -> float | None:
        """What it is worth in the sandbox."""
        return self.task.score(self.problem.id, self.problem.read(fenced(self.program)))


def _reference_tests(task: Task, problem: Problem) -> Sequence[str]:
    if task.name == "humaneval":
        return task.items.find(problem.id).secret["hidden_tests"].tests
    return problem.details["tests"]


def mutants(tasks: Sequence[Task], key: Key) -> Iterator[Mutant]:
    """Mutants without end; which problem is changed, and how, follows from the key."""
    pool = [(task, problem) for task in tasks for problem in task.problems()]
    for index in count():
        own = key / "mutant" / index
        task, problem = pool[(own / "problem").below(len(pool))]
        if changed := mutant(task.gold(problem.id), problem.details["entry_point"], own):
            yield Mutant(task, problem, *changed)


def everywhere(work: Callable[[_Case], _Found], cases: Sequence[_Case]) -> tuple[list[_Found], float]:
    """What the work gives for each, done on all processors at once, and seconds."""
    start = perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(work, cases)), perf_counter() - start


def references(task: Task) -> dict[str, Any]:
    """Of all reference solutions, how many pass; runs a second."""
    problems = task.problems()
    scores, seconds = everywhere(lambda p: task.score(p.id, p.read(task.solution(p.id))), problems)
    failed = [problem.id for problem, score in zip(problems, scores, strict=True) if score != 1.0]
    return {
        "name": f"reference solutions of {task.name.partition(':')[0]}",
        "of": len(problems),
        "as expected": len(problems) - len(failed),
        "seconds": seconds,
        "differ": failed,
    }


def drawn(tasks: Sequence[Task], wanted: int, key: Key) -> tuple[list[Mutant], list[Mutant], float]:
    """`wanted` mutants that are caught bare, those that survived on the way, and the seconds of the bare runs."""
    stream = mutants(tasks, key)
    caught: list[Mutant] = []
    survived: list[Mutant] = []
    seconds = 0.0
    while len(caught) < wanted:
        some = list(islice(stream, 50))
        verdicts, took = everywhere(Mutant.caught_bare, some)
        seconds += took
        for one, bad in zip(some, verdicts, strict=True):
            (caught if bad else survived).append(one)
    return caught[:wanted], survived, seconds


def verdicts(name: str, cases: Sequence[Mutant], expected: float) -> dict[str, Any]:
    """How many get the expected score in the sandbox; the others by name."""
    scores, seconds = everywhere(Mutant.score, cases)
    differ = [(one, score) for one, score in zip(cases, scores, strict=True) if score != expected]
    return {
        "name": name,
        "of": len(cases),
        "as expected": len(cases) - len(differ),
        "seconds": seconds,
        "differ": [{"id": one.problem.id, "score": score, "program": one.program} for one, score in differ],
    }


def main() -> None:
    parser = arguments(__doc__, repeats=1)
    parser.add_argument("--mutants", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    tasks = [load(name) for name in TASKS]
    rows = [references(task) for task in tasks]
    caught, survived, bare = drawn(tasks, args.mutants, Key(args.seed))
    rows.append(verdicts("mutants caught bare: score 0", caught, 0.0))
    same = [one for one in survived if one.task.name == "humaneval"]
    rows.append(verdicts("HumanEval mutants that survive bare: score 1", same, 1.0))
    print(f"programs in the sandbox ({machine()})")
    print(f"{'':44}  {'of':>5}  {'as expected':>11}  {'seconds':>8}  {'a second':>8}")
    for row in rows:
        rate = row["of"] / row["seconds"]
        print(f"{row['name']:44}  {row['of']:>5}  {row['as expected']:>11}  {row['seconds']:>8.1f}  {rate:>8.1f}")
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(one.kind for one in caught).most_common())
    print(f"caught by what was changed: {kinds}; {len(survived)} more survived; bare runs took {bare:.1f} s")
    for row in rows:
        for different in row["differ"]:
            print(f"\n{row['name']}, but not: {different['id'] if isinstance(different, dict) else different}")
            print(different["program"] if isinstance(different, dict) else "")
    if args.json:
        args.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
